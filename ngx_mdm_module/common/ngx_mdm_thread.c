
/*
 * Posting to nginx's thread pool, and waiting for what was posted: a worker
 * that exits must not leave a thread with memory that is gone.
 */


#include "ngx_mdm_thread.h"


/* A thread that has not come back after this long has hung: the worker may
 * exit without it. */
#define NGX_MDM_THREAD_GUARD   60000


static void ngx_mdm_thread_count(ngx_mdm_thread_t *work,
    ngx_mdm_thread_where_e where);

#if (NGX_THREADS)

static ngx_int_t ngx_mdm_thread_post(ngx_mdm_thread_t *work,
    ngx_thread_pool_t *threads, ngx_pool_t *pool, ngx_log_t *log);
static void ngx_mdm_thread_handler(void *data, ngx_log_t *log);
static void ngx_mdm_thread_done(ngx_event_t *ev);
static void ngx_mdm_thread_guard(ngx_event_t *ev);
static ngx_uint_t ngx_mdm_thread_alone(ngx_log_t *log);

#endif


ngx_int_t
ngx_mdm_thread_run(ngx_mdm_thread_t *work, ngx_thread_pool_t *threads,
    ngx_pool_t *pool, ngx_log_t *log, size_t body)
{
#if (NGX_THREADS)
    if (threads != NULL && body > NGX_MDM_THREAD_INLINE) {
        return ngx_mdm_thread_post(work, threads, pool, log);
    }
#endif

    ngx_mdm_thread_count(work, NGX_MDM_THREAD_AT_ONCE);

    work->run(work->data);
    work->done(work->data);

    return NGX_OK;
}


static void
ngx_mdm_thread_count(ngx_mdm_thread_t *work, ngx_mdm_thread_where_e where)
{
    if (work->counters != NULL) {
        ngx_mdm_count(&work->counters[where]);
    }
}


#if (NGX_THREADS)

static ngx_int_t
ngx_mdm_thread_post(ngx_mdm_thread_t *work, ngx_thread_pool_t *threads,
    ngx_pool_t *pool, ngx_log_t *log)
{
    ngx_thread_task_t  *task;

    task = ngx_thread_task_alloc(pool, sizeof(ngx_mdm_thread_t *));
    if (task == NULL) {
        return NGX_ERROR;
    }

    *(ngx_mdm_thread_t **) task->ctx = work;

    task->handler = ngx_mdm_thread_handler;
    task->event.handler = ngx_mdm_thread_done;
    task->event.data = work;

    if (ngx_thread_task_post(threads, task) != NGX_OK) {
        ngx_mdm_thread_count(work, NGX_MDM_THREAD_FULL);
        return NGX_ERROR;
    }

    ngx_mdm_thread_count(work, NGX_MDM_THREAD_POOL);

    work->guard.handler = ngx_mdm_thread_guard;
    work->guard.data = work;
    work->guard.log = log;
    ngx_add_timer(&work->guard, NGX_MDM_THREAD_GUARD);

    return NGX_OK;
}


static void
ngx_mdm_thread_handler(void *data, ngx_log_t *log)
{
    ngx_mdm_thread_t  *work;

    work = *(ngx_mdm_thread_t **) data;

    work->run(work->data);
}


static void
ngx_mdm_thread_done(ngx_event_t *ev)
{
    ngx_mdm_thread_t  *work;

    work = ev->data;

    if (work->guard.timer_set) {
        ngx_del_timer(&work->guard);
    }

    work->done(work->data);
}


static void
ngx_mdm_thread_guard(ngx_event_t *ev)
{
    ngx_log_error(NGX_LOG_ALERT, ev->log, 0,
                  "mdm: a thread has not done its work within a minute");
}


void
ngx_mdm_thread_leave(ngx_log_t *log)
{
    ngx_uint_t  ms;

    for (ms = 0; ms < NGX_MDM_THREAD_LEAVE; ms++) {

        if (ngx_mdm_thread_alone(log)) {
            return;
        }

        ngx_msleep(1);
    }

    ngx_log_error(NGX_LOG_WARN, log, 0,
                  "mdm: the worker exits before its threads have");
}


/* A directory whose name is the thread's id for each thread of the process. */

static ngx_uint_t
ngx_mdm_thread_alone(ngx_log_t *log)
{
    ngx_dir_t   dir;
    ngx_uint_t  n;

    static ngx_str_t  tasks = ngx_string("/proc/self/task");

    if (ngx_open_dir(&tasks, &dir) != NGX_OK) {
        ngx_log_error(NGX_LOG_INFO, log, ngx_errno,
                      "mdm: the threads of a worker that exits cannot be "
                      "counted");
        return 1;
    }

    n = 0;

    while (n < 2 && ngx_read_dir(&dir) == NGX_OK) {
        if (ngx_de_name(&dir)[0] != '.') {
            n++;
        }
    }

    ngx_close_dir(&dir);

    return n < 2;
}

#else

void
ngx_mdm_thread_leave(ngx_log_t *log)
{
}

#endif
