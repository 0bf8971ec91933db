
/*
 * The hubs of a worker, one for each tenant that is listened to.  A hub asks
 * the database every second while a listener is live, and ends with its last
 * listener.  It must never hold events back for anybody.
 */


#include "ngx_mdm_hub.h"


#define NGX_MDM_HUB_INTERVAL     1000
#define NGX_MDM_HUB_LIMIT        100       /* events of one question */


struct ngx_mdm_hub_s {
    ngx_queue_t                queue;      /* of the engine's hubs */
    ngx_mdm_engine_t          *engine;
    int64_t                    tenant_id;
    ngx_queue_t                listeners;
    ngx_uint_t                 n;
    ngx_event_t                timer;
    ngx_mdm_hub_cursor_t       cursor;     /* len 0: nobody was live yet */
    ngx_mdm_pg_call_t          call;
    unsigned                   asked:1;    /* the call is under way */
    unsigned                   walked:1;   /* listeners are being told */
};


typedef void (*ngx_mdm_hub_tell_pt)(ngx_mdm_hub_listener_t *listener,
    ngx_mdm_hub_batch_t *batch);


static ngx_mdm_hub_t *ngx_mdm_hub_find(ngx_mdm_engine_t *engine,
    int64_t tenant_id);
static ngx_mdm_hub_t *ngx_mdm_hub_create(ngx_mdm_engine_t *engine,
    int64_t tenant_id);
static void ngx_mdm_hub_release(ngx_mdm_hub_t *hub);
static void ngx_mdm_hub_timer(ngx_event_t *ev);
static void ngx_mdm_hub_ask(ngx_mdm_hub_t *hub);
static void ngx_mdm_hub_answered(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_hub_walk(ngx_mdm_hub_t *hub, ngx_mdm_hub_tell_pt tell,
    ngx_mdm_hub_batch_t *batch);
static void ngx_mdm_hub_tell_events(ngx_mdm_hub_listener_t *listener,
    ngx_mdm_hub_batch_t *batch);
static void ngx_mdm_hub_tell_behind(ngx_mdm_hub_listener_t *listener,
    ngx_mdm_hub_batch_t *batch);
static void ngx_mdm_hub_tell_tick(ngx_mdm_hub_listener_t *listener,
    ngx_mdm_hub_batch_t *batch);
static void ngx_mdm_hub_tell_leave(ngx_mdm_hub_listener_t *listener,
    ngx_mdm_hub_batch_t *batch);
static off_t ngx_mdm_hub_number(ngx_str_t *text);


ngx_int_t
ngx_mdm_hub_join(ngx_mdm_engine_t *engine, int64_t tenant_id,
    ngx_mdm_hub_listener_t *listener)
{
    ngx_mdm_hub_t  *hub;

    if (ngx_exiting) {
        return NGX_ABORT;
    }

    hub = ngx_mdm_hub_find(engine, tenant_id);

    if (hub == NULL) {
        hub = ngx_mdm_hub_create(engine, tenant_id);
    }

    if (hub == NULL) {
        return NGX_ERROR;
    }

    if (hub->n == NGX_MDM_HUB_LISTENERS) {
        return NGX_DECLINED;
    }

    hub->n++;
    ngx_queue_insert_tail(&hub->listeners, &listener->queue);
    listener->hub = hub;
    listener->live = 0;

    return NGX_OK;
}


static ngx_mdm_hub_t *
ngx_mdm_hub_find(ngx_mdm_engine_t *engine, int64_t tenant_id)
{
    ngx_queue_t    *q;
    ngx_mdm_hub_t  *hub;

    for (q = ngx_queue_head(&engine->hubs);
         q != ngx_queue_sentinel(&engine->hubs);
         q = ngx_queue_next(q))
    {
        hub = ngx_queue_data(q, ngx_mdm_hub_t, queue);

        if (hub->tenant_id == tenant_id) {
            return hub;
        }
    }

    return NULL;
}


/* The timer is not cancelable: an exiting worker waits for it, so that no
 * stream is left open when the database is away and does not tell. */

static ngx_mdm_hub_t *
ngx_mdm_hub_create(ngx_mdm_engine_t *engine, int64_t tenant_id)
{
    ngx_mdm_hub_t  *hub;

    hub = ngx_calloc(sizeof(ngx_mdm_hub_t), engine->log);
    if (hub == NULL) {
        return NULL;
    }

    hub->engine = engine;
    hub->tenant_id = tenant_id;
    ngx_queue_init(&hub->listeners);
    ngx_queue_insert_tail(&engine->hubs, &hub->queue);

    hub->timer.handler = ngx_mdm_hub_timer;
    hub->timer.data = hub;
    hub->timer.log = engine->log;
    ngx_add_timer(&hub->timer, NGX_MDM_HUB_INTERVAL);

    return hub;
}


void
ngx_mdm_hub_part(ngx_mdm_hub_listener_t *listener)
{
    ngx_mdm_hub_t  *hub;

    hub = listener->hub;

    if (hub == NULL) {
        return;
    }

    ngx_queue_remove(&listener->queue);
    listener->hub = NULL;
    listener->live = 0;

    hub->n--;
    ngx_mdm_hub_release(hub);
}


static void
ngx_mdm_hub_release(ngx_mdm_hub_t *hub)
{
    if (hub->n != 0 || hub->asked || hub->walked) {
        return;
    }

    if (hub->timer.timer_set) {
        ngx_del_timer(&hub->timer);
    }

    ngx_queue_remove(&hub->queue);
    ngx_free(hub);
}


void
ngx_mdm_hub_live(ngx_mdm_hub_listener_t *listener,
    const ngx_mdm_hub_cursor_t *cursor)
{
    ngx_mdm_hub_t  *hub;

    hub = listener->hub;

    if (hub->cursor.len == 0) {
        hub->cursor = *cursor;
    }

    listener->live = ngx_mdm_hub_compare(ngx_mdm_hub_cursor(cursor),
                                         ngx_mdm_hub_cursor(&hub->cursor))
                     >= 0;
}


static void
ngx_mdm_hub_timer(ngx_event_t *ev)
{
    ngx_mdm_hub_t  *hub;

    hub = ev->data;

    if (ngx_exiting) {
        ngx_mdm_hub_walk(hub, ngx_mdm_hub_tell_leave, NULL);
        return;
    }

    ngx_add_timer(ev, NGX_MDM_HUB_INTERVAL);

    if (hub->cursor.len != 0 && !hub->asked) {
        ngx_mdm_hub_ask(hub);
    }

    ngx_mdm_hub_walk(hub, ngx_mdm_hub_tell_tick, NULL);
}


static void
ngx_mdm_hub_ask(ngx_mdm_hub_t *hub)
{
    ngx_mdm_pg_value_t  *p;

    ngx_memzero(&hub->call, sizeof(ngx_mdm_pg_call_t));
    p = hub->call.params;

    ngx_mdm_pg_set_int8(&p[0], hub->tenant_id);
    ngx_mdm_pg_set_bytes(&p[1], hub->cursor.text, hub->cursor.len);
    ngx_mdm_pg_set_int4(&p[2], NGX_MDM_HUB_LIMIT);
    ngx_mdm_pg_set_null(&p[3]);
    ngx_mdm_pg_set_null(&p[4]);
    ngx_mdm_pg_set_null(&p[5]);

    hub->call.statement = NGX_MDM_SQL_EVENTS;
    hub->call.handler = ngx_mdm_hub_answered;
    hub->call.data = hub;
    hub->asked = 1;

    ngx_mdm_pg_call(hub->engine->pg, &hub->call);
}


/* What failed is asked again in a second, from the same place. */

static void
ngx_mdm_hub_answered(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    int                  last;
    ngx_str_t            cursor;
    ngx_mdm_hub_t       *hub;
    ngx_mdm_hub_batch_t  batch;

    hub = call->data;
    hub->asked = 0;

    if (rc != NGX_MDM_PG_DONE || rows->count == 0 || hub->n == 0) {
        ngx_mdm_hub_release(hub);
        return;
    }

    batch.rows = rows;
    batch.texts = NULL;
    batch.pool = ngx_create_pool(16384, hub->engine->log);

    if (batch.pool == NULL) {
        return;
    }

    last = rows->count - 1;
    cursor = ngx_mdm_pg_text(rows, last, NGX_MDM_EVENT_CURSOR);

    if (ngx_mdm_hub_compare(cursor, ngx_mdm_hub_cursor(&hub->cursor)) < 0) {

        /* another database, or this one from a backup: each listener looks
         * where it is */

        ngx_mdm_hub_walk(hub, ngx_mdm_hub_tell_behind, NULL);
    }

    ngx_mdm_hub_cursor_set(&hub->cursor, cursor);

    if (ngx_mdm_pg_bool(rows, last, NGX_MDM_EVENT_MORE)) {
        ngx_mdm_hub_ask(hub);
    }

    ngx_mdm_hub_walk(hub, ngx_mdm_hub_tell_events, &batch);
    ngx_destroy_pool(batch.pool);
}


/* Each listener once, though any of them may part meanwhile. */

static void
ngx_mdm_hub_walk(ngx_mdm_hub_t *hub, ngx_mdm_hub_tell_pt tell,
    ngx_mdm_hub_batch_t *batch)
{
    ngx_queue_t  *q, rest;

    ngx_queue_init(&rest);

    if (!ngx_queue_empty(&hub->listeners)) {
        ngx_queue_add(&rest, &hub->listeners);
        ngx_queue_init(&hub->listeners);
    }

    hub->walked = 1;

    while (!ngx_queue_empty(&rest)) {
        q = ngx_queue_head(&rest);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&hub->listeners, q);

        tell(ngx_queue_data(q, ngx_mdm_hub_listener_t, queue), batch);
    }

    hub->walked = 0;
    ngx_mdm_hub_release(hub);
}


static void
ngx_mdm_hub_tell_events(ngx_mdm_hub_listener_t *listener,
    ngx_mdm_hub_batch_t *batch)
{
    if (listener->live) {
        listener->events(listener, batch);
    }
}


static void
ngx_mdm_hub_tell_behind(ngx_mdm_hub_listener_t *listener,
    ngx_mdm_hub_batch_t *batch)
{
    listener->live = 0;
}


static void
ngx_mdm_hub_tell_tick(ngx_mdm_hub_listener_t *listener,
    ngx_mdm_hub_batch_t *batch)
{
    listener->tick(listener);
}


static void
ngx_mdm_hub_tell_leave(ngx_mdm_hub_listener_t *listener,
    ngx_mdm_hub_batch_t *batch)
{
    listener->leave(listener);
}


void
ngx_mdm_hubs_leave(ngx_mdm_engine_t *engine)
{
    ngx_queue_t  *q, *next;

    for (q = ngx_queue_head(&engine->hubs);
         q != ngx_queue_sentinel(&engine->hubs);
         q = next)
    {
        next = ngx_queue_next(q);
        ngx_mdm_hub_walk(ngx_queue_data(q, ngx_mdm_hub_t, queue),
                         ngx_mdm_hub_tell_leave, NULL);
    }
}


void
ngx_mdm_hub_cursor_set(ngx_mdm_hub_cursor_t *cursor, ngx_str_t text)
{
    cursor->len = ngx_min(text.len, NGX_MDM_HUB_CURSOR);
    ngx_memcpy(cursor->text, text.data, cursor->len);
}


ngx_str_t
ngx_mdm_hub_cursor(const ngx_mdm_hub_cursor_t *cursor)
{
    return (ngx_str_t) { cursor->len, (u_char *) cursor->text };
}


int
ngx_mdm_hub_compare(ngx_str_t a, ngx_str_t b)
{
    off_t       x, y;
    ngx_uint_t  i;

    for (i = 0; i < 2; i++) {
        x = ngx_mdm_hub_number(&a);
        y = ngx_mdm_hub_number(&b);

        if (x != y) {
            return x < y ? -1 : 1;
        }
    }

    return 0;
}


/* Takes a line away; no number counts as 0, which is before all events. */

static off_t
ngx_mdm_hub_number(ngx_str_t *text)
{
    u_char  *p, *last, c;
    off_t    n;

    last = text->data + text->len;

    for (n = 0, p = text->data; p < last; p++) {
        c = *p;

        if (c < '0' || c > '9') {
            p++;
            break;
        }

        n = n * 10 + (c - '0');
    }

    text->len = last - p;
    text->data = p;

    return n;
}
