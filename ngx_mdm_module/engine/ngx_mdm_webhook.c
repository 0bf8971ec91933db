
/*
 * The sender of webhooks: reads the outbox behind a cursor, keeps the events
 * in their order until they are posted, and moves the cursor past those that
 * are done.  Worker 0 of each node tries; the lease lets one node send.
 *
 * An event that its receiver does not take holds back those of its enrolment,
 * and the cursor, but not the others.  When a worker dies the next one begins
 * at the cursor: an event may come twice, and none is lost.
 */


#include "ngx_mdm_webhook_internal.h"


#define NGX_MDM_WEBHOOK_TICK        250
#define NGX_MDM_WEBHOOK_LOOK        1000
#define NGX_MDM_WEBHOOK_LEASE       15          /* seconds */
#define NGX_MDM_WEBHOOK_RENEW       5000
#define NGX_MDM_WEBHOOK_RETRY       2000
#define NGX_MDM_WEBHOOK_GRACE       2000

#define NGX_MDM_WEBHOOK_AT_ONCE     16          /* posts under way */
#define NGX_MDM_WEBHOOK_ROWS        64          /* of one look */
#define NGX_MDM_WEBHOOK_ITEMS       256         /* in memory, of a stream */
#define NGX_MDM_WEBHOOK_SAVE        32          /* events for one saving */
#define NGX_MDM_WEBHOOK_BYTES       (4 * 1024 * 1024)

/* what is begun in one turn of the event loop */
#define NGX_MDM_WEBHOOK_TURN        8
#define NGX_MDM_WEBHOOK_TURN_BYTES  (64 * 1024)


struct ngx_mdm_webhooks_s {
    ngx_mdm_http_t               *http;
    ngx_mdm_webhook_t            *webhooks;
    ngx_uint_t                    n;
};


static ngx_int_t ngx_mdm_webhook_init(ngx_mdm_webhook_t *w,
    ngx_mdm_webhooks_t *webhooks, ngx_mdm_engine_t *engine,
    const ngx_mdm_webhook_conf_t *conf, ngx_thread_pool_t *threads);
static void ngx_mdm_webhook_tick(ngx_event_t *ev);
static ngx_uint_t ngx_mdm_webhook_passed(ngx_msec_t at);
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
static void ngx_mdm_webhook_drop_stream(ngx_mdm_webhook_t *w,
    ngx_mdm_webhook_stream_t *stream);
static void ngx_mdm_webhook_turn(ngx_event_t *ev);
static void ngx_mdm_webhook_send(ngx_mdm_webhook_t *w);
static ngx_mdm_webhook_item_t *ngx_mdm_webhook_choose(ngx_mdm_webhook_t *w);
static ngx_uint_t ngx_mdm_webhook_may_go(ngx_mdm_webhook_stream_t *stream,
    ngx_mdm_webhook_item_t *item);
static void ngx_mdm_webhook_look(ngx_mdm_webhook_t *w);
static ngx_uint_t ngx_mdm_webhook_wants(ngx_mdm_webhook_t *w,
    ngx_mdm_webhook_stream_t *stream);
static void ngx_mdm_webhook_read(ngx_mdm_webhook_t *w,
    ngx_mdm_webhook_stream_t *stream);
static void ngx_mdm_webhook_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_webhook_save(ngx_mdm_webhook_t *w,
    ngx_mdm_webhook_stream_t *stream, ngx_uint_t least);
static void ngx_mdm_webhook_saved(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_webhook_given_up(ngx_mdm_webhook_stream_t *stream);
static void ngx_mdm_webhook_tell(ngx_mdm_webhook_t *w);
static void ngx_mdm_webhook_told(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_webhook_leave(ngx_mdm_webhook_t *w);
static void ngx_mdm_webhook_grace(ngx_event_t *ev);
static void ngx_mdm_webhook_give_back(ngx_mdm_webhook_t *w);
static void ngx_mdm_webhook_given_back(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


ngx_int_t
ngx_mdm_webhooks_create(ngx_mdm_engine_t *engine, const ngx_str_t *database,
    const ngx_array_t *confs, ngx_thread_pool_t *threads)
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
                                 engine, &conf[i], threads)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_mdm_webhook_init(ngx_mdm_webhook_t *w, ngx_mdm_webhooks_t *webhooks,
    ngx_mdm_engine_t *engine, const ngx_mdm_webhook_conf_t *conf,
    ngx_thread_pool_t *threads)
{
    size_t       len;
    ngx_uint_t   i;
    ngx_cycle_t  *cycle;

    cycle = engine->cycle;

    w->conf = conf;
    w->engine = engine;
    w->http = webhooks->http;
    w->threads = threads;
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


static ngx_uint_t
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


static void
ngx_mdm_webhook_drop_stream(ngx_mdm_webhook_t *w,
    ngx_mdm_webhook_stream_t *stream)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&stream->items)) {
        q = ngx_queue_head(&stream->items);
        ngx_queue_remove(q);
        ngx_mdm_webhook_item_drop(ngx_queue_data(q, ngx_mdm_webhook_item_t,
                                                 queue));
    }

    stream->n = 0;
    stream->saved = 0;
    stream->look = 0;
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


static void
ngx_mdm_webhook_turn(ngx_event_t *ev)
{
    ngx_uint_t          i;
    ngx_mdm_webhook_t  *w;

    w = ev->data;

    if (w->leaving || !w->opened || ngx_mdm_webhook_passed(w->lease_until)) {
        return;
    }

    for (i = 0; i < NGX_MDM_WEBHOOK_NSTREAMS; i++) {
        ngx_mdm_webhook_save(w, &w->streams[i], NGX_MDM_WEBHOOK_SAVE);
    }

    ngx_mdm_webhook_send(w);
    ngx_mdm_webhook_look(w);
}


/* While the receiver fails it is asked one event at a time. */

static void
ngx_mdm_webhook_send(ngx_mdm_webhook_t *w)
{
    size_t                   bytes;
    ngx_uint_t               n, most;
    ngx_mdm_webhook_item_t  *item;

    if (w->failures != 0 && !ngx_mdm_webhook_passed(w->resume_at)) {
        return;
    }

    most = w->failures ? 1 : NGX_MDM_WEBHOOK_AT_ONCE;
    bytes = 0;

    for (n = 0; w->in_flight < most; n++) {

        item = ngx_mdm_webhook_choose(w);
        if (item == NULL) {
            return;
        }

        if (n == NGX_MDM_WEBHOOK_TURN || bytes > NGX_MDM_WEBHOOK_TURN_BYTES) {
            ngx_mdm_webhook_go_on(w);
            return;
        }

        bytes += item->bytes;
        ngx_mdm_webhook_item_start(item);
    }
}


/* The one that was tried least, so that a bad one does not stand in the way;
 * of those the oldest. */

static ngx_mdm_webhook_item_t *
ngx_mdm_webhook_choose(ngx_mdm_webhook_t *w)
{
    ngx_uint_t                 i;
    ngx_queue_t               *q;
    ngx_mdm_webhook_item_t    *item, *best;
    ngx_mdm_webhook_stream_t  *stream;

    best = NULL;

    for (i = 0; i < NGX_MDM_WEBHOOK_NSTREAMS; i++) {
        stream = &w->streams[i];

        for (q = ngx_queue_head(&stream->items);
             q != ngx_queue_sentinel(&stream->items);
             q = ngx_queue_next(q))
        {
            item = ngx_queue_data(q, ngx_mdm_webhook_item_t, queue);

            if (item->state != NGX_MDM_WEBHOOK_WAITING
                || (item->due != 0 && !ngx_mdm_webhook_passed(item->due))
                || (best != NULL && best->attempts <= item->attempts)
                || !ngx_mdm_webhook_may_go(stream, item))
            {
                continue;
            }

            best = item;

            if (best->attempts == 0) {
                return best;
            }
        }
    }

    return best;
}


/* Is nothing of the same enrolment before it? */

static ngx_uint_t
ngx_mdm_webhook_may_go(ngx_mdm_webhook_stream_t *stream,
    ngx_mdm_webhook_item_t *item)
{
    ngx_queue_t             *q;
    ngx_mdm_webhook_item_t  *older;

    if (item->enrollment_id == 0) {
        return 1;
    }

    for (q = ngx_queue_prev(&item->queue);
         q != ngx_queue_sentinel(&stream->items);
         q = ngx_queue_prev(q))
    {
        older = ngx_queue_data(q, ngx_mdm_webhook_item_t, queue);

        if (older->state != NGX_MDM_WEBHOOK_DONE
            && older->enrollment_id == item->enrollment_id
            && older->tenant_id == item->tenant_id)
        {
            return 0;
        }
    }

    return 1;
}


/* The streams take turns, so that a replay does not wait for a quiet hour. */

static void
ngx_mdm_webhook_look(ngx_mdm_webhook_t *w)
{
    ngx_uint_t                 first;
    ngx_mdm_webhook_stream_t  *stream;

    if (w->reading != NULL) {
        return;
    }

    first = w->looks++ % NGX_MDM_WEBHOOK_NSTREAMS;
    stream = &w->streams[first];

    if (!ngx_mdm_webhook_wants(w, stream)) {
        stream = &w->streams[!first];
    }

    if (ngx_mdm_webhook_wants(w, stream)) {
        ngx_mdm_webhook_read(w, stream);
    }
}


/* A replay's next part begins at its cursor in the database. */

static ngx_uint_t
ngx_mdm_webhook_wants(ngx_mdm_webhook_t *w, ngx_mdm_webhook_stream_t *stream)
{
    if (!stream->look || w->bytes >= NGX_MDM_WEBHOOK_BYTES) {
        return 0;
    }

    return stream->replay ? stream->n == 0 && !stream->saving
                          : stream->n <= NGX_MDM_WEBHOOK_ITEMS
                                         - NGX_MDM_WEBHOOK_ROWS;
}


static void
ngx_mdm_webhook_read(ngx_mdm_webhook_t *w, ngx_mdm_webhook_stream_t *stream)
{
    ngx_mdm_pg_value_t  *p;

    ngx_memzero(&w->read, sizeof(ngx_mdm_pg_call_t));
    p = w->read.params;

    ngx_mdm_pg_set_bytes(&p[0], w->conf->name.data, w->conf->name.len);
    ngx_mdm_pg_set_bool(&p[1], stream->replay);

    if (stream->replay || stream->n == 0) {
        ngx_mdm_pg_set_null(&p[2]);
        ngx_mdm_pg_set_null(&p[3]);

    } else {
        ngx_mdm_pg_set_bytes(&p[2], stream->xid, ngx_strlen(stream->xid));
        ngx_mdm_pg_set_int8(&p[3], stream->event_id);
    }

    ngx_mdm_pg_set_bool(&p[4], w->conf->format == NGX_MDM_WEBHOOK_NANOMDM);
    ngx_mdm_pg_set_int4(&p[5], NGX_MDM_WEBHOOK_ROWS);
    ngx_mdm_pg_set_int4(&p[6], NGX_MDM_WEBHOOK_BYTES / 2);

    w->read.statement = NGX_MDM_SQL_WEBHOOK_NEXT;
    w->read.handler = ngx_mdm_webhook_found;
    w->read.data = w;
    w->read_round = w->round;
    w->reading = stream;
    stream->look = 0;

    ngx_mdm_pg_call(w->engine->pg, &w->read);
}


static void
ngx_mdm_webhook_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    int                        i;
    ngx_mdm_webhook_t         *w;
    ngx_mdm_webhook_item_t    *item;
    ngx_mdm_webhook_stream_t  *stream;

    w = call->data;
    stream = w->reading;
    w->reading = NULL;

    if (rc != NGX_MDM_PG_DONE || !w->opened || w->leaving
        || w->read_round != w->round)
    {
        return;
    }

    for (i = 0; i < rows->count; i++) {

        item = ngx_mdm_webhook_item_create(w, rows, i);
        if (item == NULL) {
            break;
        }

        ngx_queue_insert_tail(&stream->items, &item->queue);
        stream->n++;
        ngx_memcpy(stream->xid, item->xid, NGX_MDM_WEBHOOK_XID);
        stream->event_id = item->event_id;
    }

    if (rows->count != 0) {
        stream->look = 1;
        ngx_mdm_webhook_go_on(w);
    }
}


/* Moves the cursor past the first `least` events or more that are done, or to
 * the end when all are. */

static void
ngx_mdm_webhook_save(ngx_mdm_webhook_t *w, ngx_mdm_webhook_stream_t *stream,
    ngx_uint_t least)
{
    int64_t                  delivered;
    ngx_uint_t               n;
    ngx_queue_t             *q;
    ngx_mdm_pg_value_t      *p;
    ngx_mdm_webhook_item_t  *item, *last;

    if (stream->saving) {
        return;
    }

    last = NULL;
    delivered = 0;
    n = 0;

    for (q = ngx_queue_head(&stream->items);
         q != ngx_queue_sentinel(&stream->items);
         q = ngx_queue_next(q))
    {
        item = ngx_queue_data(q, ngx_mdm_webhook_item_t, queue);

        if (item->state != NGX_MDM_WEBHOOK_DONE) {
            break;
        }

        last = item;
        delivered += item->delivered;
        n++;
    }

    if (n == 0 || (n < least && n < stream->n)) {
        return;
    }

    ngx_memcpy(stream->save_xid, last->xid, NGX_MDM_WEBHOOK_XID);
    ngx_memcpy(stream->save_at, last->at, NGX_MDM_WEBHOOK_AT);

    ngx_memzero(&stream->save, sizeof(ngx_mdm_pg_call_t));
    p = stream->save.params;

    ngx_mdm_pg_set_bytes(&p[0], w->conf->name.data, w->conf->name.len);
    ngx_mdm_pg_set_int8(&p[1], last->tenant_id);
    ngx_mdm_pg_set_int8(&p[2], last->replay_id);
    ngx_mdm_pg_set_bytes(&p[3], stream->save_xid,
                         ngx_strlen(stream->save_xid));
    ngx_mdm_pg_set_int8(&p[4], last->event_id);
    ngx_mdm_pg_set_bytes(&p[5], stream->save_at, ngx_strlen(stream->save_at));
    ngx_mdm_pg_set_int8(&p[6], delivered);

    stream->save.statement = NGX_MDM_SQL_WEBHOOK_DONE;
    stream->save.handler = ngx_mdm_webhook_saved;
    stream->save.data = w;
    stream->saving = 1;
    stream->saved = n;

    ngx_mdm_pg_call(w->engine->pg, &stream->save);
}


/* When the outcome is unknown the same is saved again. */

static void
ngx_mdm_webhook_saved(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_queue_t               *q;
    ngx_mdm_webhook_t         *w;
    ngx_mdm_webhook_stream_t  *stream;

    w = call->data;
    stream = ngx_queue_data(call, ngx_mdm_webhook_stream_t, save);
    stream->saving = 0;

    for ( /* void */ ; rc == NGX_MDM_PG_DONE && stream->saved; stream->saved--)
    {
        q = ngx_queue_head(&stream->items);
        ngx_queue_remove(q);
        stream->n--;
        ngx_mdm_webhook_item_drop(ngx_queue_data(q, ngx_mdm_webhook_item_t,
                                                 queue));
    }

    if (w->leaving) {
        ngx_mdm_webhook_give_back(w);
        return;
    }

    ngx_mdm_webhook_go_on(w);
}


/* Those that the database could not be told of are told again. */

static void
ngx_mdm_webhook_given_up(ngx_mdm_webhook_stream_t *stream)
{
    ngx_queue_t             *q;
    ngx_mdm_webhook_item_t  *item;

    for (q = ngx_queue_head(&stream->items);
         q != ngx_queue_sentinel(&stream->items);
         q = ngx_queue_next(q))
    {
        item = ngx_queue_data(q, ngx_mdm_webhook_item_t, queue);

        if (item->state == NGX_MDM_WEBHOOK_GIVEN_UP) {
            ngx_mdm_webhook_item_set_aside(item);
        }
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


static void
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
