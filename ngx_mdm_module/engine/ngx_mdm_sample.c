
/*
 * Reads the numbers of mdm.metric into shared memory, in one worker of each
 * node.  The reading has them measured anew when that is due: whichever node
 * comes first does it.  Nobody waits for these numbers, and while the database
 * is away the last ones stay, with their age.
 */


#include "ngx_mdm_sample.h"


#define NGX_MDM_SAMPLE_FIRST      1500
#define NGX_MDM_SAMPLE_INTERVAL   10000     /* between two readings */
#define NGX_MDM_SAMPLE_EVERY      60        /* seconds between measurements */
#define NGX_MDM_SAMPLE_PAGES      500       /* of each table, about 4 MB */


/* columns of metric_read() */

enum {
    NGX_MDM_SAMPLE_NAME = 0,
    NGX_MDM_SAMPLE_LABEL,
    NGX_MDM_SAMPLE_VALUE,
    NGX_MDM_SAMPLE_AGE
};


struct ngx_mdm_sample_s {
    ngx_mdm_engine_t          *engine;
    ngx_event_t                timer;
    ngx_mdm_pg_call_t          call;
    u_char                     owner[NGX_MAXHOSTNAMELEN + 32];
};


static void ngx_mdm_sample_timer(ngx_event_t *ev);
static void ngx_mdm_sample_read(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static ngx_uint_t ngx_mdm_sample_row(ngx_mdm_sample_row_t *row,
    const ngx_mdm_pg_rows_t *rows, int i);
static ngx_uint_t ngx_mdm_sample_text(u_char *to, size_t size, ngx_str_t from);


ngx_mdm_sample_t *
ngx_mdm_sample_create(ngx_mdm_engine_t *engine)
{
    ngx_mdm_sample_t  *sample;

    sample = ngx_pcalloc(engine->cycle->pool, sizeof(ngx_mdm_sample_t));
    if (sample == NULL) {
        return NULL;
    }

    sample->engine = engine;
    ngx_snprintf(sample->owner, sizeof(sample->owner) - 1, "%V/%P",
                 &engine->cycle->hostname, ngx_pid);

    sample->timer.handler = ngx_mdm_sample_timer;
    sample->timer.data = sample;
    sample->timer.log = engine->log;
    sample->timer.cancelable = 1;

    if (ngx_worker == 0) {
        ngx_add_timer(&sample->timer, NGX_MDM_SAMPLE_FIRST);
    }

    return sample;
}


static void
ngx_mdm_sample_timer(ngx_event_t *ev)
{
    ngx_mdm_sample_t  *sample;

    sample = ev->data;

    if (ngx_exiting) {
        return;
    }

    ngx_memzero(&sample->call, sizeof(ngx_mdm_pg_call_t));
    ngx_mdm_pg_set_bytes(&sample->call.params[0], sample->owner,
                         ngx_strlen(sample->owner));
    ngx_mdm_pg_set_int4(&sample->call.params[1], NGX_MDM_SAMPLE_EVERY);
    ngx_mdm_pg_set_int4(&sample->call.params[2], NGX_MDM_SAMPLE_PAGES);

    sample->call.statement = NGX_MDM_SQL_METRIC_READ;
    sample->call.handler = ngx_mdm_sample_read;
    sample->call.data = sample;

    ngx_mdm_pg_call(sample->engine->pg, &sample->call);
}


static void
ngx_mdm_sample_read(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    int                          i;
    ngx_mdm_sample_t            *sample;
    ngx_mdm_samples_t           *samples;
    ngx_mdm_metrics_database_t  *metrics;

    sample = call->data;
    metrics = sample->engine->metrics;
    samples = metrics->samples;

    if (rc == NGX_MDM_PG_DONE && rows->count != 0) {
        ngx_shmtx_lock(metrics->mutex);

        samples->n = 0;
        samples->measured = ngx_time()
                            - ngx_mdm_pg_int(rows, 0, NGX_MDM_SAMPLE_AGE);

        for (i = 0; i < rows->count; i++) {
            if (samples->n < NGX_MDM_METRICS_SAMPLES) {
                samples->n += ngx_mdm_sample_row(&samples->rows[samples->n],
                                                 rows, i);
            }
        }

        ngx_shmtx_unlock(metrics->mutex);
    }

    if (!ngx_exiting) {
        ngx_add_timer(&sample->timer, NGX_MDM_SAMPLE_INTERVAL);
    }
}


/* What does not fit is left out. */

static ngx_uint_t
ngx_mdm_sample_row(ngx_mdm_sample_row_t *row, const ngx_mdm_pg_rows_t *rows,
    int i)
{
    return ngx_mdm_sample_text(row->name, sizeof(row->name),
                               ngx_mdm_pg_text(rows, i, NGX_MDM_SAMPLE_NAME))
           && ngx_mdm_sample_text(row->label, sizeof(row->label),
                               ngx_mdm_pg_text(rows, i, NGX_MDM_SAMPLE_LABEL))
           && ngx_mdm_sample_text(row->value, sizeof(row->value),
                               ngx_mdm_pg_text(rows, i, NGX_MDM_SAMPLE_VALUE));
}


static ngx_uint_t
ngx_mdm_sample_text(u_char *to, size_t size, ngx_str_t from)
{
    if (from.len >= size) {
        return 0;
    }

    ngx_cpystrn(to, from.data, from.len + 1);

    return 1;
}
