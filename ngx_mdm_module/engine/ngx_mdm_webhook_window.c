
/*
 * The window of a sender of webhooks: reads the outbox behind a cursor, keeps
 * the events in their order until they are posted, and moves the cursor past
 * those that are done.
 *
 * An event that its receiver does not take holds back those of its enrolment,
 * and the cursor, but not the others.  When a worker dies the next one begins
 * at the cursor: an event may come twice, and none is lost.
 */


#include "ngx_mdm_webhook_internal.h"


#define NGX_MDM_WEBHOOK_AT_ONCE     16          /* posts under way */
#define NGX_MDM_WEBHOOK_ROWS        64          /* of one look */
#define NGX_MDM_WEBHOOK_ITEMS       256         /* in memory, of a stream */
#define NGX_MDM_WEBHOOK_SAVE        32          /* events for one saving */
#define NGX_MDM_WEBHOOK_BYTES       (4 * 1024 * 1024)

/* what is begun in one turn of the event loop */
#define NGX_MDM_WEBHOOK_TURN        8
#define NGX_MDM_WEBHOOK_TURN_BYTES  (64 * 1024)


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
static void ngx_mdm_webhook_saved(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


void
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


void
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


void
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


void
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
