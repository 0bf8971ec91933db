
/*
 * How the workers of a node wake one another: each has a pipe, made before
 * they are forked, and in shared memory stands which of them is likely to have
 * a tenant's topics.  Both belong to one configuration: a worker that takes
 * the place of a dead one reads the same pipe, and after a reload the new ones
 * have new pipes.  Nothing depends on a message: who is not woken polls.
 */


#include "ngx_mdm_push_internal.h"


#define NGX_MDM_PUSH_HINTS        16384     /* tenants of one database */
#define NGX_MDM_PUSH_WORKERS      1023      /* fit in a hint */
#define NGX_MDM_PUSH_MESSAGES     64        /* of one read */


/* One way of a pipe to the other. */

typedef struct {
    ngx_fd_t                   read;
    ngx_fd_t                   write;
} ngx_mdm_push_pipe_t;


struct ngx_mdm_push_signals_s {
    ngx_uint_t                 nworkers;
    ngx_uint_t                 ndatabases;
    ngx_mdm_push_pipe_t       *pipes;      /* of each worker */
    ngx_shm_t                  shm;
    ngx_atomic_t              *hints;      /* of each database: tenant << 10 |
                                              worker + 1, or 0 */
    /* of the worker */
    ngx_connection_t          *connection;
    ngx_mdm_pushes_t         **pushes;
};


typedef struct {
    int64_t                    tenant_id;
    int64_t                    database;
} ngx_mdm_push_message_t;


static ngx_int_t ngx_mdm_push_signals_pipes(ngx_mdm_push_signals_t *signals,
    ngx_log_t *log);
static void ngx_mdm_push_signals_cleanup(void *data);
static ngx_atomic_t *ngx_mdm_push_signals_place(ngx_mdm_pushes_t *pushes,
    int64_t tenant_id);
static void ngx_mdm_push_signals_read(ngx_event_t *ev);
static void ngx_mdm_push_signals_closing(ngx_mdm_push_signals_t *signals);


ngx_mdm_push_signals_t *
ngx_mdm_push_signals_create(ngx_cycle_t *cycle, ngx_uint_t ndatabases)
{
    ngx_uint_t               i;
    ngx_core_conf_t         *ccf;
    ngx_pool_cleanup_t      *cln;
    ngx_mdm_push_signals_t  *signals;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    signals = ngx_pcalloc(cycle->pool, sizeof(ngx_mdm_push_signals_t));
    cln = ngx_pool_cleanup_add(cycle->pool, 0);

    if (signals == NULL || cln == NULL) {
        return NULL;
    }

    signals->nworkers = ngx_min((ngx_uint_t) ccf->worker_processes,
                                NGX_MDM_PUSH_WORKERS);
    signals->ndatabases = ndatabases;
    signals->pushes = ngx_pcalloc(cycle->pool,
                                  ndatabases * sizeof(ngx_mdm_pushes_t *));
    signals->pipes = ngx_palloc(cycle->pool, signals->nworkers
                                             * sizeof(ngx_mdm_push_pipe_t));

    if (signals->pushes == NULL || signals->pipes == NULL) {
        return NULL;
    }

    for (i = 0; i < signals->nworkers; i++) {
        signals->pipes[i].read = NGX_INVALID_FILE;
        signals->pipes[i].write = NGX_INVALID_FILE;
    }

    signals->shm.size = ndatabases * NGX_MDM_PUSH_HINTS * sizeof(ngx_atomic_t);
    signals->shm.log = cycle->log;
    ngx_str_set(&signals->shm.name, "mdm_push");

    cln->handler = ngx_mdm_push_signals_cleanup;
    cln->data = signals;

    if (ngx_shm_alloc(&signals->shm) != NGX_OK) {
        return NULL;
    }

    signals->hints = (ngx_atomic_t *) signals->shm.addr;

    if (ngx_mdm_push_signals_pipes(signals, cycle->log) != NGX_OK) {
        return NULL;
    }

    return signals;
}


static ngx_int_t
ngx_mdm_push_signals_pipes(ngx_mdm_push_signals_t *signals, ngx_log_t *log)
{
    int         fds[2];
    ngx_uint_t  i;

    for (i = 0; i < signals->nworkers; i++) {

        if (pipe2(fds, O_NONBLOCK|O_CLOEXEC) == -1) {
            ngx_log_error(NGX_LOG_EMERG, log, ngx_errno, "pipe2() failed");
            return NGX_ERROR;
        }

        signals->pipes[i].read = fds[0];
        signals->pipes[i].write = fds[1];
    }

    return NGX_OK;
}


/* In the master, when another configuration is in use. */

static void
ngx_mdm_push_signals_cleanup(void *data)
{
    ngx_mdm_push_signals_t *signals = data;

    ngx_uint_t  i;

    for (i = 0; i < signals->nworkers; i++) {
        if (signals->pipes[i].read != NGX_INVALID_FILE) {
            (void) ngx_close_file(signals->pipes[i].read);
            (void) ngx_close_file(signals->pipes[i].write);
        }
    }

    if (signals->hints != NULL) {
        ngx_shm_free(&signals->shm);
    }
}


ngx_int_t
ngx_mdm_push_signals_join(ngx_mdm_pushes_t *pushes)
{
    ngx_connection_t        *c;
    ngx_mdm_push_signals_t  *signals;

    signals = pushes->signals;

    if (signals == NULL || ngx_worker >= signals->nworkers) {
        pushes->signals = NULL;
        return NGX_OK;
    }

    signals->pushes[pushes->database] = pushes;

    if (signals->connection != NULL) {
        return NGX_OK;
    }

    c = ngx_get_connection(signals->pipes[ngx_worker].read, pushes->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    /* idle: nginx tells it when the worker begins to exit */

    c->idle = 1;
    c->data = signals;
    c->read->log = pushes->log;
    c->write->log = pushes->log;
    c->read->handler = ngx_mdm_push_signals_read;

    signals->connection = c;
    signals->pipes[ngx_worker].read = NGX_INVALID_FILE;

    return ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT);
}


void
ngx_mdm_push_signals_part(ngx_mdm_pushes_t *pushes)
{
    ngx_mdm_push_signals_t  *signals;

    signals = pushes->signals;

    if (signals == NULL) {
        return;
    }

    signals->pushes[pushes->database] = NULL;

    if (signals->connection != NULL) {
        ngx_close_connection(signals->connection);
        signals->connection = NULL;
    }
}


static ngx_atomic_t *
ngx_mdm_push_signals_place(ngx_mdm_pushes_t *pushes, int64_t tenant_id)
{
    return &pushes->signals->hints[pushes->database * NGX_MDM_PUSH_HINTS
                                   + (uint64_t) tenant_id
                                     % NGX_MDM_PUSH_HINTS];
}


void
ngx_mdm_push_signals_have(ngx_mdm_pushes_t *pushes, int64_t tenant_id)
{
    if (pushes->signals != NULL) {
        *ngx_mdm_push_signals_place(pushes, tenant_id) =
                     (ngx_atomic_uint_t) tenant_id << 10 | (ngx_worker + 1);
    }
}


ngx_int_t
ngx_mdm_push_signals_send(ngx_mdm_pushes_t *pushes, int64_t tenant_id)
{
    ngx_uint_t               worker;
    ngx_atomic_uint_t        hint;
    ngx_mdm_push_signals_t  *signals;
    ngx_mdm_push_message_t   message;

    signals = pushes->signals;

    if (signals == NULL) {
        return NGX_DECLINED;
    }

    hint = *ngx_mdm_push_signals_place(pushes, tenant_id);
    worker = hint & NGX_MDM_PUSH_WORKERS;

    if (worker == 0 || worker > signals->nworkers || worker == ngx_worker + 1
        || hint >> 10 != ((ngx_atomic_uint_t) tenant_id << 10) >> 10)
    {
        return NGX_DECLINED;
    }

    message.tenant_id = tenant_id;
    message.database = pushes->database;

    if (ngx_write_fd(signals->pipes[worker - 1].write, &message,
                     sizeof(message))
        != sizeof(message))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static void
ngx_mdm_push_signals_read(ngx_event_t *ev)
{
    ssize_t                  n;
    ngx_uint_t               i;
    ngx_connection_t        *c;
    ngx_mdm_pushes_t        *pushes;
    ngx_mdm_push_signals_t  *signals;
    ngx_mdm_push_message_t   messages[NGX_MDM_PUSH_MESSAGES];

    c = ev->data;
    signals = c->data;

    if (c->close) {
        c->close = 0;
        ngx_mdm_push_signals_closing(signals);
        return;
    }

    n = ngx_read_fd(c->fd, messages, sizeof(messages));

    if (n <= 0) {
        return;
    }

    for (i = 0; i < n / sizeof(ngx_mdm_push_message_t); i++) {

        if ((uint64_t) messages[i].database >= signals->ndatabases) {
            continue;
        }

        pushes = signals->pushes[messages[i].database];

        if (pushes != NULL && !pushes->leaving) {
            ngx_mdm_push_lease_wake(pushes, messages[i].tenant_id, 0);
        }
    }
}


static void
ngx_mdm_push_signals_closing(ngx_mdm_push_signals_t *signals)
{
    ngx_uint_t  i;

    for (i = 0; i < signals->ndatabases; i++) {
        if (signals->pushes[i] != NULL) {
            ngx_mdm_pushes_leave(signals->pushes[i]->engine);
        }
    }
}
