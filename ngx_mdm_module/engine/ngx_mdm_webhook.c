
/*
 * The life of a sender of webhooks.  Worker 0 of each node tries; the lease
 * lets one node send.  While it has the lease the window takes its turns.  A
 * worker that exits waits a little for what is under way, saves the cursors,
 * and gives the lease back.
 */


#include "ngx_mdm_webhook_internal.h"


#define NGX_MDM_WEBHOOK_TICK        250
#define NGX_MDM_WEBHOOK_LOOK        1000
#define NGX_MDM_WEBHOOK_LEASE       15          /* seconds */
#define NGX_MDM_WEBHOOK_RENEW       5000
#define NGX_MDM_WEBHOOK_RETRY       2000
#define NGX_MDM_WEBHOOK_GRACE       2000


struct ngx_mdm_webhooks_s {
    ngx_mdm_http_t               *http;
    ngx_mdm_webhook_t            *webhooks;
    ngx_uint_t                    n;
};


static ngx_int_t ngx_mdm_webhook_init(ngx_mdm_webhook_t *w,
    ngx_mdm_webhooks_t *webhooks, ngx_mdm_engine_t *engine,
    const ngx_mdm_webhook_conf_t *conf);
static void ngx_mdm_webhook_tick(ngx_event_t *ev);
static void ngx_mdm_webhook_call(ngx_mdm_webhook_t *w,
    ngx_mdm_pg_statement_e statement, ngx_mdm_pg_handler_pt handler);
static void ngx_mdm_webhook_ask(ngx_mdm_webhook_t *w, int32_t seconds,
    ngx_mdm_pg_handler_pt handler);
static void ngx_mdm_webhook_leased(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_webhook_open(ngx_mdm_webhook_t *w);
static void ngx_mdm_webhook_opened(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_webhook_drop(ngx_mdm_webhook_t *w);
static void ngx_mdm_webhook_tell(ngx_mdm_webhook_t *w);
static void ngx_mdm_webhook_told(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_webhook_leave(ngx_mdm_webhook_t *w);
static void ngx_mdm_webhook_grace(ngx_event_t *ev);
static void ngx_mdm_webhook_given_back(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


ngx_int_t
ngx_mdm_webhooks_create(ngx_mdm_engine_t *engine, const ngx_str_t *database,
    const ngx_array_t *confs)
{
    ngx_uint_t               i;
    ngx_mdm_webhooks_t      *webhooks;
    ngx_mdm_webhook_conf_t  *conf;

    if (confs->nelts == 0 || ngx_worker != 0) {
        return NGX_OK;
    }

    webhooks = ngx_pcalloc(engine->cycle->pool,
                           sizeof(ngx_mdm_webhooks_t)
                           + confs->nelts * sizeof(ngx_mdm_webhook_t));
    if (webhooks == NULL) {
        return NGX_ERROR;
    }

    webhooks->webhooks = (ngx_mdm_webhook_t *) &webhooks[1];
    webhooks->http = ngx_mdm_http_create(engine->cycle);

    if (webhooks->http == NULL) {
        return NGX_ERROR;
    }

    engine->webhooks = webhooks;
    conf = confs->elts;

    for (i = 0; i < confs->nelts; i++) {

        if (conf[i].database.len != database->len
            || ngx_strncmp(conf[i].database.data, database->data,
                           database->len)
               != 0)
        {
            continue;
        }

        if (ngx_mdm_webhook_init(&webhooks->webhooks[webhooks->n++], webhooks,
                                 engine, &conf[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_mdm_webhook_init(ngx_mdm_webhook_t *w, ngx_mdm_webhooks_t *webhooks,
    ngx_mdm_engine_t *engine, const ngx_mdm_webhook_conf_t *conf)
{
    size_t       len;
    ngx_uint_t   i;
    ngx_cycle_t  *cycle;

    cycle = engine->cycle;

    w->conf = conf;
    w->engine = engine;
    w->http = webhooks->http;
    w->log = engine->log;

    len = sizeof("webhook:") + conf->name.len;
    w->lease.data = ngx_pnalloc(cycle->pool, len);
    w->owner.data = ngx_pnalloc(cycle->pool,
                                cycle->hostname.len + 1 + NGX_INT64_LEN);

    if (w->lease.data == NULL || w->owner.data == NULL) {
        return NGX_ERROR;
    }

    w->lease.len = ngx_sprintf(w->lease.data, "webhook:%V", &conf->name)
                   - w->lease.data;
    w->owner.len = ngx_sprintf(w->owner.data, "%V/%P", &cycle->hostname,
                               ngx_pid)
                   - w->owner.data;

    for (i = 0; i < NGX_MDM_WEBHOOK_NSTREAMS; i++) {
        ngx_queue_init(&w->streams[i].items);
        w->streams[i].replay = (i == NGX_MDM_WEBHOOK_REPLAY);
    }

    w->timer.handler = ngx_mdm_webhook_tick;
    w->timer.data = w;
    w->timer.log = w->log;
    w->timer.cancelable = 1;

    w->go_on.handler = ngx_mdm_webhook_turn;
    w->go_on.data = w;
    w->go_on.log = w->log;

    w->grace.handler = ngx_mdm_webhook_grace;
    w->grace.data = w;
    w->grace.log = w->log;

    w->renew_at = ngx_current_msec;
    w->look_at = ngx_current_msec;
    ngx_add_timer(&w->timer, NGX_MDM_WEBHOOK_TICK);

    return NGX_OK;
}


void
ngx_mdm_webhooks_destroy(ngx_mdm_engine_t *engine)
{
    ngx_uint_t           i;
    ngx_mdm_webhook_t   *w;
    ngx_mdm_webhooks_t  *webhooks;

    webhooks = engine->webhooks;

    if (webhooks == NULL) {
        return;
    }

    for (i = 0; i < webhooks->n; i++) {
        w = &webhooks->webhooks[i];
        w->leaving = 1;
        w->left = 1;

        ngx_mdm_webhook_drop(w);

        if (w->timer.timer_set) {
            ngx_del_timer(&w->timer);
        }

        if (w->grace.timer_set) {
            ngx_del_timer(&w->grace);
        }

        if (w->go_on.posted) {
            ngx_delete_posted_event(&w->go_on);
        }
    }

    ngx_mdm_http_destroy(webhooks->http);
}


static void
ngx_mdm_webhook_tick(ngx_event_t *ev)
{
    ngx_uint_t          i;
    ngx_mdm_webhook_t  *w;

    w = ev->data;

    if (w->leaving || ngx_exiting) {
        return;
    }

    ngx_add_timer(ev, NGX_MDM_WEBHOOK_TICK);

    if (w->leased && ngx_mdm_webhook_passed(w->lease_until)) {
        ngx_mdm_webhook_drop(w);
    }

    if (!w->calling && ngx_mdm_webhook_passed(w->renew_at)) {
        w->asked = ngx_current_msec;
        ngx_mdm_webhook_ask(w, NGX_MDM_WEBHOOK_LEASE, ngx_mdm_webhook_leased);
    }

    if (!w->opened) {
        return;
    }

    if (ngx_mdm_webhook_passed(w->look_at)) {
        w->look_at = ngx_current_msec + NGX_MDM_WEBHOOK_LOOK;
        w->streams[NGX_MDM_WEBHOOK_MAIN].look = 1;
        w->streams[NGX_MDM_WEBHOOK_REPLAY].look |= (w->looks++ % 2 == 0);
    }

    for (i = 0; i < NGX_MDM_WEBHOOK_NSTREAMS; i++) {
        ngx_mdm_webhook_given_up(&w->streams[i]);
        ngx_mdm_webhook_save(w, &w->streams[i], 1);
    }

    ngx_mdm_webhook_tell(w);
    ngx_mdm_webhook_go_on(w);
}


ngx_uint_t
ngx_mdm_webhook_passed(ngx_msec_t at)
{
    return (ngx_msec_int_t) (ngx_current_msec - at) >= 0;
}


static void
ngx_mdm_webhook_call(ngx_mdm_webhook_t *w, ngx_mdm_pg_statement_e statement,
    ngx_mdm_pg_handler_pt handler)
{
    w->call.statement = statement;
    w->call.handler = handler;
    w->call.data = w;
    w->calling = 1;

    ngx_mdm_pg_call(w->engine->pg, &w->call);
}


static void
ngx_mdm_webhook_ask(ngx_mdm_webhook_t *w, int32_t seconds,
    ngx_mdm_pg_handler_pt handler)
{
    ngx_memzero(&w->call, sizeof(ngx_mdm_pg_call_t));
    ngx_mdm_pg_set_bytes(&w->call.params[0], w->lease.data, w->lease.len);
    ngx_mdm_pg_set_bytes(&w->call.params[1], w->owner.data, w->owner.len);
    ngx_mdm_pg_set_int4(&w->call.params[2], seconds);

    ngx_mdm_webhook_call(w, NGX_MDM_SQL_LEASE_TAKE, handler);
}


/* The lease counts from when it was asked for, and a second less than the
 * database has it. */

static void
ngx_mdm_webhook_leased(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_webhook_t  *w;

    w = call->data;
    w->calling = 0;

    if (rc != NGX_MDM_PG_DONE || rows->count == 0
        || !ngx_mdm_pg_bool(rows, 0, 0))
    {
        w->renew_at = ngx_current_msec + NGX_MDM_WEBHOOK_RETRY
                      + ngx_random() % 1000;

        if (rc == NGX_MDM_PG_DONE) {
            ngx_mdm_webhook_drop(w);
        }

    } else {
        w->leased = 1;
        w->lease_until = w->asked + (NGX_MDM_WEBHOOK_LEASE - 1) * 1000;
        w->renew_at = ngx_current_msec + NGX_MDM_WEBHOOK_RENEW;
    }

    if (w->leaving) {
        ngx_mdm_webhook_leave(w);
        return;
    }

    if (w->leased && !w->opened) {
        ngx_mdm_webhook_open(w);
    }
}


static void
ngx_mdm_webhook_open(ngx_mdm_webhook_t *w)
{
    ngx_str_t  tenant;

    tenant = w->conf->tenant;

    ngx_memzero(&w->call, sizeof(ngx_mdm_pg_call_t));
    ngx_mdm_pg_set_bytes(&w->call.params[0], w->conf->name.data,
                         w->conf->name.len);
    ngx_mdm_pg_set_bytes(&w->call.params[1],
                         tenant.len ? tenant.data : (u_char *) "", tenant.len);

    ngx_mdm_webhook_call(w, NGX_MDM_SQL_WEBHOOK_OPEN, ngx_mdm_webhook_opened);
}


static void
ngx_mdm_webhook_opened(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t           outcome;
    ngx_mdm_webhook_t  *w;

    w = call->data;
    w->calling = 0;

    if (w->leaving) {
        ngx_mdm_webhook_leave(w);
        return;
    }

    /* otherwise the next renewal of the lease tries again */

    if (rc != NGX_MDM_PG_DONE || rows->count == 0 || !w->leased) {
        return;
    }

    outcome = ngx_mdm_pg_text(rows, 0, 0);

    if (outcome.len == 2) {
        w->opened = 1;
        ngx_mdm_webhook_go_on(w);
        return;
    }

    if (!w->told) {
        w->told = 1;
        ngx_log_error(NGX_LOG_ERR, w->log, 0,
                      "mdm: webhook \"%V\" is for the tenant \"%V\", which "
                      "the database does not have: correct \"tenant=\", or "
                      "run \"mdmctl tenant add\"",
                      &w->conf->name, &w->conf->tenant);
    }
}


/* The lease is another's, or may be: nothing more is sent, and what is not
 * saved is the next sender's. */

static void
ngx_mdm_webhook_drop(ngx_mdm_webhook_t *w)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_MDM_WEBHOOK_NSTREAMS; i++) {
        ngx_mdm_webhook_drop_stream(w, &w->streams[i]);
    }

    w->leased = 0;
    w->opened = 0;
    w->round++;
}


void
ngx_mdm_webhook_go_on(ngx_mdm_webhook_t *w)
{
    if (w->leaving) {
        ngx_mdm_webhook_leave(w);
        return;
    }

    if (!w->go_on.posted) {
        ngx_post_event(&w->go_on, &ngx_posted_next_events);
    }
}


/* Writes for the API how it goes. */

static void
ngx_mdm_webhook_tell(ngx_mdm_webhook_t *w)
{
    if (!w->changed || w->stating) {
        return;
    }

    ngx_memzero(&w->state, sizeof(ngx_mdm_pg_call_t));
    ngx_mdm_pg_set_bytes(&w->state.params[0], w->conf->name.data,
                         w->conf->name.len);
    ngx_mdm_pg_set_int4(&w->state.params[1], (int32_t) w->failures);

    if (w->failures != 0) {
        ngx_mdm_pg_set_bytes(&w->state.params[2], w->error,
                             ngx_strlen(w->error));
    }

    w->state.statement = NGX_MDM_SQL_WEBHOOK_STATE;
    w->state.handler = ngx_mdm_webhook_told;
    w->state.data = w;
    w->stating = 1;
    w->changed = 0;

    ngx_mdm_pg_call(w->engine->pg, &w->state);
}


static void
ngx_mdm_webhook_told(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_webhook_t  *w;

    w = call->data;
    w->stating = 0;

    if (rc != NGX_MDM_PG_DONE) {
        w->changed = 1;
    }
}


void
ngx_mdm_webhooks_leave(ngx_mdm_engine_t *engine)
{
    ngx_uint_t           i;
    ngx_mdm_webhook_t   *w;
    ngx_mdm_webhooks_t  *webhooks;

    webhooks = engine->webhooks;

    if (webhooks == NULL) {
        return;
    }

    for (i = 0; i < webhooks->n; i++) {
        w = &webhooks->webhooks[i];

        if (w->leaving) {
            continue;
        }

        w->leaving = 1;

        if (w->in_flight != 0) {
            ngx_add_timer(&w->grace, NGX_MDM_WEBHOOK_GRACE);
            continue;
        }

        ngx_mdm_webhook_leave(w);
    }
}


/* Called whenever something has ended that it must wait for: posts under way,
 * a question for the lease, the saving of cursors.  Their deadlines keep the
 * worker. */

static void
ngx_mdm_webhook_leave(ngx_mdm_webhook_t *w)
{
    ngx_uint_t  i;

    if (w->left || w->calling || w->in_flight != 0) {
        return;
    }

    if (w->grace.timer_set) {
        ngx_del_timer(&w->grace);
    }

    for (i = 0; i < NGX_MDM_WEBHOOK_NSTREAMS; i++) {
        ngx_mdm_webhook_save(w, &w->streams[i], 1);
    }

    ngx_mdm_webhook_give_back(w);
}


/* What is still under way is given up and is the next sender's. */

static void
ngx_mdm_webhook_grace(ngx_event_t *ev)
{
    ngx_uint_t                 i;
    ngx_queue_t               *q, *next;
    ngx_mdm_webhook_t         *w;
    ngx_mdm_webhook_item_t    *item;
    ngx_mdm_webhook_stream_t  *stream;

    w = ev->data;

    for (i = 0; i < NGX_MDM_WEBHOOK_NSTREAMS; i++) {
        stream = &w->streams[i];

        for (q = ngx_queue_head(&stream->items);
             q != ngx_queue_sentinel(&stream->items);
             q = next)
        {
            next = ngx_queue_next(q);
            item = ngx_queue_data(q, ngx_mdm_webhook_item_t, queue);

            if (item->state == NGX_MDM_WEBHOOK_POSTING) {
                ngx_mdm_http_cancel(&item->request);
                item->state = NGX_MDM_WEBHOOK_WAITING;
                w->in_flight--;
            }
        }
    }

    ngx_mdm_webhook_leave(w);
}


void
ngx_mdm_webhook_give_back(ngx_mdm_webhook_t *w)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_MDM_WEBHOOK_NSTREAMS; i++) {
        if (w->streams[i].saving) {
            return;
        }
    }

    if (w->left || w->calling) {
        return;
    }

    w->left = 1;

    if (w->leased) {
        ngx_mdm_webhook_ask(w, 0, ngx_mdm_webhook_given_back);
    }
}


static void
ngx_mdm_webhook_given_back(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_webhook_t  *w;

    w = call->data;
    w->calling = 0;

    ngx_mdm_webhook_drop(w);
}
