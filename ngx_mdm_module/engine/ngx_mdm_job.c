
/*
 * The sweep: closes what has expired, sets aside what is never answered,
 * forgets what is only kept for a day, tells of push certificates that expire,
 * and creates the coming weeks' partitions.  One worker of each node tries;
 * the lease lets one node pass.
 */


#include "ngx_mdm_job.h"


#define NGX_MDM_JOB_INTERVAL      5000
#define NGX_MDM_JOB_LEASE         15        /* seconds */
#define NGX_MDM_JOB_ROWS          1000      /* of one sweep */
#define NGX_MDM_JOB_PARTITIONS    3600      /* seconds between looks */


struct ngx_mdm_job_s {
    ngx_mdm_engine_t          *engine;
    ngx_event_t                timer;
    ngx_mdm_pg_call_t          call;
    time_t                     partitions_at;
    ngx_str_t                  owner;
    u_char                     owner_text[NGX_MAXHOSTNAMELEN + 32];
};


/* columns of push_certificate_watch() */

enum {
    NGX_MDM_JOB_WATCH_TENANT = 0,
    NGX_MDM_JOB_WATCH_TOPIC,
    NGX_MDM_JOB_WATCH_DAYS
};


static void ngx_mdm_job_timer(ngx_event_t *ev);
static void ngx_mdm_job_call(ngx_mdm_job_t *job,
    ngx_mdm_pg_statement_e statement, ngx_mdm_pg_handler_pt handler);
static void ngx_mdm_job_leased(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_job_sweep(ngx_mdm_job_t *job);
static void ngx_mdm_job_swept(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_job_watch(ngx_mdm_job_t *job);
static void ngx_mdm_job_watched(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_job_tell(ngx_mdm_job_t *job,
    const ngx_mdm_pg_rows_t *rows, int row);
static void ngx_mdm_job_done(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_job_rest(ngx_mdm_job_t *job);


ngx_mdm_job_t *
ngx_mdm_job_create(ngx_mdm_engine_t *engine)
{
    ngx_mdm_job_t  *job;

    job = ngx_pcalloc(engine->cycle->pool, sizeof(ngx_mdm_job_t));
    if (job == NULL) {
        return NULL;
    }

    job->engine = engine;
    job->owner.data = job->owner_text;
    job->owner.len = ngx_snprintf(job->owner_text, sizeof(job->owner_text),
                                  "%V/%P", &engine->cycle->hostname, ngx_pid)
                     - job->owner_text;

    job->timer.handler = ngx_mdm_job_timer;
    job->timer.data = job;
    job->timer.log = engine->log;
    job->timer.cancelable = 1;

    if (ngx_worker == 0) {
        ngx_add_timer(&job->timer, 1000);
    }

    return job;
}


static void
ngx_mdm_job_timer(ngx_event_t *ev)
{
    ngx_mdm_job_t  *job;

    job = ev->data;

    if (ngx_exiting) {
        return;
    }

    ngx_memzero(&job->call, sizeof(ngx_mdm_pg_call_t));
    ngx_mdm_pg_set_bytes(&job->call.params[0], "sweep", 5);
    ngx_mdm_pg_set_bytes(&job->call.params[1], job->owner.data,
                         job->owner.len);
    ngx_mdm_pg_set_int4(&job->call.params[2], NGX_MDM_JOB_LEASE);

    ngx_mdm_job_call(job, NGX_MDM_SQL_LEASE_TAKE, ngx_mdm_job_leased);
}


static void
ngx_mdm_job_call(ngx_mdm_job_t *job, ngx_mdm_pg_statement_e statement,
    ngx_mdm_pg_handler_pt handler)
{
    job->call.statement = statement;
    job->call.handler = handler;
    job->call.data = job;

    ngx_mdm_pg_call(job->engine->pg, &job->call);
}


static void
ngx_mdm_job_leased(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_job_t  *job;

    job = call->data;

    if (rc != NGX_MDM_PG_DONE || rows->count == 0
        || !ngx_mdm_pg_bool(rows, 0, 0))
    {
        ngx_mdm_job_rest(job);
        return;
    }

    ngx_mdm_job_sweep(job);
}


static void
ngx_mdm_job_sweep(ngx_mdm_job_t *job)
{
    ngx_memzero(&job->call, sizeof(ngx_mdm_pg_call_t));
    ngx_mdm_pg_set_int4(&job->call.params[0], NGX_MDM_JOB_ROWS);

    ngx_mdm_job_call(job, NGX_MDM_SQL_SWEEP, ngx_mdm_job_swept);
}


static void
ngx_mdm_job_swept(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_job_t  *job;

    job = call->data;

    if (rc != NGX_MDM_PG_DONE || ngx_exiting) {
        ngx_mdm_job_rest(job);
        return;
    }

    /* a full sweep says that more is due */

    if (rows->count != 0
        && ngx_mdm_pg_int(rows, 0, 0) >= NGX_MDM_JOB_ROWS)
    {
        ngx_mdm_job_sweep(job);
        return;
    }

    ngx_mdm_job_watch(job);
}


static void
ngx_mdm_job_watch(ngx_mdm_job_t *job)
{
    ngx_memzero(&job->call, sizeof(ngx_mdm_pg_call_t));
    ngx_mdm_pg_set_int4(&job->call.params[0], NGX_MDM_JOB_ROWS);

    ngx_mdm_job_call(job, NGX_MDM_SQL_PUSH_CERTIFICATE_WATCH,
                     ngx_mdm_job_watched);
}


static void
ngx_mdm_job_watched(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    int             i;
    ngx_mdm_job_t  *job;

    job = call->data;

    if (rc == NGX_MDM_PG_DONE) {

        for (i = 0; i < rows->count; i++) {
            ngx_mdm_job_tell(job, rows, i);
        }

        if (rows->count >= NGX_MDM_JOB_ROWS && !ngx_exiting) {
            ngx_mdm_job_watch(job);
            return;
        }
    }

    if (rc != NGX_MDM_PG_DONE || ngx_exiting
        || ngx_time() < job->partitions_at)
    {
        ngx_mdm_job_rest(job);
        return;
    }

    job->partitions_at = ngx_time() + NGX_MDM_JOB_PARTITIONS;

    ngx_memzero(&job->call, sizeof(ngx_mdm_pg_call_t));
    ngx_mdm_job_call(job, NGX_MDM_SQL_PARTITION_AHEAD, ngx_mdm_job_done);
}


/* A push certificate ends soon, or has ended. */

static void
ngx_mdm_job_tell(ngx_mdm_job_t *job, const ngx_mdm_pg_rows_t *rows, int row)
{
    ngx_str_t  tenant, topic;

    tenant = ngx_mdm_pg_text(rows, row, NGX_MDM_JOB_WATCH_TENANT);
    topic = ngx_mdm_pg_text(rows, row, NGX_MDM_JOB_WATCH_TOPIC);

    if (ngx_mdm_pg_is_null(rows, row, NGX_MDM_JOB_WATCH_DAYS)) {
        ngx_log_error(NGX_LOG_ERR, job->engine->log, 0,
                      "mdm: push topic %V, tenant \"%V\": its certificate has "
                      "expired, and nothing is pushed: renew it, and store it "
                      "with \"mdmctl pushcert store\"", &topic, &tenant);
        return;
    }

    ngx_log_error(NGX_LOG_WARN, job->engine->log, 0,
                  "mdm: push topic %V, tenant \"%V\": its certificate expires "
                  "in %L days: renew it, and store it with \"mdmctl pushcert "
                  "store\"", &topic, &tenant,
                  ngx_mdm_pg_int(rows, row, NGX_MDM_JOB_WATCH_DAYS));
}


static void
ngx_mdm_job_done(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_job_rest(call->data);
}


static void
ngx_mdm_job_rest(ngx_mdm_job_t *job)
{
    if (!ngx_exiting) {
        ngx_add_timer(&job->timer, NGX_MDM_JOB_INTERVAL
                                   + ngx_random() % 1000);
    }
}
