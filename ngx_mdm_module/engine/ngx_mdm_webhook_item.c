
/*
 * One event on its way to a receiver: opening what is sealed, building the
 * body, posting it, and judging the answer.  Bodies and secrets never come
 * into a log line.
 */


#include "ngx_mdm_webhook_internal.h"
#include "../message/mdm_enrollment_id.h"


#define NGX_MDM_WEBHOOK_REFUSALS      5
#define NGX_MDM_WEBHOOK_ATTEMPTS      20
#define NGX_MDM_WEBHOOK_ITEM_PAUSE    5000
#define NGX_MDM_WEBHOOK_PAUSE         300000
#define NGX_MDM_WEBHOOK_WARN          2
#define NGX_MDM_WEBHOOK_TASK          512

/* an event takes as long to build as a body so many times as large, and several
 * of them begin at once: 2 KB are built in the event loop */
#define NGX_MDM_WEBHOOK_LABOUR        32


/* columns of webhook_next() */

enum {
    NGX_MDM_NEXT_REPLAY_ID = 0,
    NGX_MDM_NEXT_TENANT_ID,
    NGX_MDM_NEXT_TENANT,
    NGX_MDM_NEXT_XID,
    NGX_MDM_NEXT_EVENT_ID,
    NGX_MDM_NEXT_TYPE,
    NGX_MDM_NEXT_AT,
    NGX_MDM_NEXT_DATA,
    NGX_MDM_NEXT_ENROLLMENT_ID,
    NGX_MDM_NEXT_DEVICE_ID,
    NGX_MDM_NEXT_USER_ID,
    NGX_MDM_NEXT_CHANNEL,
    NGX_MDM_NEXT_COMMAND_UUID,
    NGX_MDM_NEXT_KIND,
    NGX_MDM_NEXT_SEALED,
    NGX_MDM_NEXT_CURSOR
};


typedef enum {
    NGX_MDM_WEBHOOK_TAKEN = 0,
    NGX_MDM_WEBHOOK_REFUSED,     /* a few more times, then it is given up */
    NGX_MDM_WEBHOOK_FAILED       /* again and again */
} ngx_mdm_webhook_verdict_e;


static ngx_int_t ngx_mdm_webhook_item_fill(ngx_mdm_webhook_item_t *item,
    const ngx_mdm_pg_rows_t *rows, int row);
static mdm_str_t ngx_mdm_webhook_item_keep(ngx_mdm_webhook_item_t *item,
    const ngx_mdm_pg_rows_t *rows, int row, int column);
static void ngx_mdm_webhook_item_text(u_char *text, size_t size,
    const ngx_mdm_pg_rows_t *rows, int row, int column);
static void ngx_mdm_webhook_item_build(void *data);
static mdm_rc_e ngx_mdm_webhook_item_open(ngx_mdm_webhook_item_t *item,
    mdm_str_t *raw);
static void ngx_mdm_webhook_item_built(void *data);
static void ngx_mdm_webhook_item_task_free(ngx_mdm_webhook_item_t *item);
static void ngx_mdm_webhook_item_post(ngx_mdm_webhook_item_t *item);
static void ngx_mdm_webhook_item_answered(ngx_mdm_http_request_t *request);
static ngx_mdm_webhook_verdict_e ngx_mdm_webhook_item_judge(
    const ngx_mdm_http_request_t *request);
static void ngx_mdm_webhook_item_taken(ngx_mdm_webhook_item_t *item);
static void ngx_mdm_webhook_item_failed(ngx_mdm_webhook_item_t *item,
    ngx_uint_t refused);
static void ngx_mdm_webhook_pause(ngx_mdm_webhook_item_t *item);
static void ngx_mdm_webhook_item_done(ngx_mdm_webhook_item_t *item);
static void ngx_mdm_webhook_item_noted(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


ngx_mdm_webhook_item_t *
ngx_mdm_webhook_item_create(ngx_mdm_webhook_t *w,
    const ngx_mdm_pg_rows_t *rows, int row)
{
    ngx_mdm_webhook_item_t  *item;

    item = ngx_calloc(sizeof(ngx_mdm_webhook_item_t), w->log);
    if (item == NULL) {
        return NULL;
    }

    item->webhook = w;
    mdm_arena_init(&item->arena);

    if (ngx_mdm_webhook_item_fill(item, rows, row) != NGX_OK) {
        mdm_arena_free(&item->arena);
        ngx_free(item);
        return NULL;
    }

    w->bytes += item->bytes;

    /* what NanoMDM has no form for is not for its receivers */

    if (w->conf->format == NGX_MDM_WEBHOOK_NANOMDM
        && (!mdm_webhook_has_topic(item->event.type)
            || !mdm_str_is_set(item->event.channel)))
    {
        ngx_mdm_webhook_item_done(item);
    }

    return item;
}


static ngx_int_t
ngx_mdm_webhook_item_fill(ngx_mdm_webhook_item_t *item,
    const ngx_mdm_pg_rows_t *rows, int row)
{
    mdm_str_t             kind;
    mdm_webhook_event_t  *event;

    event = &item->event;

    item->replay_id = ngx_mdm_pg_int(rows, row, NGX_MDM_NEXT_REPLAY_ID);
    item->tenant_id = ngx_mdm_pg_int(rows, row, NGX_MDM_NEXT_TENANT_ID);
    item->event_id = ngx_mdm_pg_int(rows, row, NGX_MDM_NEXT_EVENT_ID);
    item->enrollment_id = ngx_mdm_pg_int(rows, row,
                                         NGX_MDM_NEXT_ENROLLMENT_ID);

    ngx_mdm_webhook_item_text(item->xid, sizeof(item->xid), rows, row,
                              NGX_MDM_NEXT_XID);
    ngx_mdm_webhook_item_text(item->at, sizeof(item->at), rows, row,
                              NGX_MDM_NEXT_AT);

    event->at.data = item->at;
    event->at.len = ngx_strlen(item->at);
    event->tenant = ngx_mdm_webhook_item_keep(item, rows, row,
                                              NGX_MDM_NEXT_TENANT);
    event->type = ngx_mdm_webhook_item_keep(item, rows, row,
                                            NGX_MDM_NEXT_TYPE);
    event->data = ngx_mdm_webhook_item_keep(item, rows, row,
                                            NGX_MDM_NEXT_DATA);
    event->device_id = ngx_mdm_webhook_item_keep(item, rows, row,
                                                 NGX_MDM_NEXT_DEVICE_ID);
    event->user_id = ngx_mdm_webhook_item_keep(item, rows, row,
                                               NGX_MDM_NEXT_USER_ID);
    event->channel = ngx_mdm_webhook_item_keep(item, rows, row,
                                               NGX_MDM_NEXT_CHANNEL);
    event->cursor = ngx_mdm_webhook_item_keep(item, rows, row,
                                              NGX_MDM_NEXT_CURSOR);
    item->command_uuid = ngx_mdm_webhook_item_keep(item, rows, row,
                                                   NGX_MDM_NEXT_COMMAND_UUID);
    item->sealed = ngx_mdm_webhook_item_keep(item, rows, row,
                                             NGX_MDM_NEXT_SEALED);

    kind = ngx_mdm_to_str(ngx_mdm_pg_text(rows, row, NGX_MDM_NEXT_KIND));

    if (mdm_str_is_set(kind)) {
        item->kind = mdm_str_eq_c(kind, "report") ? "report" : "message";
    }

    event->event_id.data = mdm_arena_alloc(&item->arena, NGX_INT64_LEN);
    item->bytes = item->sealed.len + event->data.len;

    if (!mdm_str_is_set(event->tenant) || !mdm_str_is_set(event->data)
        || !mdm_str_is_set(event->cursor) || event->event_id.data == NULL)
    {
        return NGX_ERROR;
    }

    event->event_id.len = ngx_sprintf((u_char *) event->event_id.data, "%L",
                                      item->event_id)
                          - event->event_id.data;

    return NGX_OK;
}


static mdm_str_t
ngx_mdm_webhook_item_keep(ngx_mdm_webhook_item_t *item,
    const ngx_mdm_pg_rows_t *rows, int row, int column)
{
    ngx_str_t  text;

    text = ngx_mdm_pg_text(rows, row, column);

    return text.data ? mdm_arena_str(&item->arena, text.data, text.len)
                     : mdm_null_str;
}


/* What outlives the arena: the event's place in the order. */

static void
ngx_mdm_webhook_item_text(u_char *text, size_t size,
    const ngx_mdm_pg_rows_t *rows, int row, int column)
{
    ngx_str_t  s;

    s = ngx_mdm_pg_text(rows, row, column);

    *ngx_snprintf(text, size - 1, "%V", &s) = '\0';
}


void
ngx_mdm_webhook_item_start(ngx_mdm_webhook_item_t *item)
{
    ngx_mdm_webhook_t  *w;

    w = item->webhook;
    w->in_flight++;

    if (item->built) {
        ngx_mdm_webhook_item_post(item);
        return;
    }

    item->state = NGX_MDM_WEBHOOK_BUILDING;
    item->thread.run = ngx_mdm_webhook_item_build;
    item->thread.done = ngx_mdm_webhook_item_built;
    item->thread.data = item;

    /* of its own, because a worker sends for months */

    item->pool = ngx_create_pool(NGX_MDM_WEBHOOK_TASK, w->log);

    if (item->pool == NULL
        || ngx_mdm_thread_run(&item->thread, w->engine->threads, item->pool,
                              w->log, item->bytes * NGX_MDM_WEBHOOK_LABOUR)
           != NGX_OK)
    {
        /* the thread pool is full */
        ngx_mdm_webhook_item_task_free(item);
        w->in_flight--;
        item->state = NGX_MDM_WEBHOOK_WAITING;
        item->due = ngx_current_msec + 1000;
    }
}


/* In a thread when the event is large: touches nothing but the item. */

static void
ngx_mdm_webhook_item_build(void *data)
{
    u_char                        *p;
    mdm_str_t                      raw;
    ngx_mdm_webhook_item_t        *item;
    const ngx_mdm_webhook_conf_t  *conf;

    item = data;
    conf = item->webhook->conf;

    if (conf->format == NGX_MDM_WEBHOOK_EVENT) {
        item->rc = mdm_webhook_plain(&item->arena, &item->event, &item->body);

    } else {
        item->rc = ngx_mdm_webhook_item_open(item, &raw);

        if (item->rc == MDM_OK) {
            item->rc = mdm_webhook_nanomdm(&item->arena, &item->event, raw,
                                           &item->body);
        }
    }

    if (item->rc != MDM_OK || conf->secret.len == 0) {
        return;
    }

    p = ngx_cpymem(item->hmac, "X-Hmac-Signature: ",
                   sizeof("X-Hmac-Signature: ") - 1);
    item->rc = mdm_webhook_hmac(ngx_mdm_to_str(conf->secret), item->body,
                                (char *) p);
}


static mdm_rc_e
ngx_mdm_webhook_item_open(ngx_mdm_webhook_item_t *item, mdm_str_t *raw)
{
    size_t      len;
    u_char     *p;
    mdm_str_t   row, written;

    if (item->kind == NULL) {
        *raw = mdm_str("");
        return MDM_OK;
    }

    written = mdm_enrollment_id_write(&item->arena, item->event.device_id,
                                      item->event.user_id);
    row = written;

    if (item->kind[0] == 'r') {
        len = written.len + 1 + item->command_uuid.len;

        p = mdm_arena_alloc(&item->arena, len);
        if (p == NULL) {
            return MDM_NO_MEMORY;
        }

        row.data = p;
        row.len = len;

        p = ngx_cpymem(p, written.data, written.len);
        *p++ = '/';
        ngx_memcpy(p, item->command_uuid.data, item->command_uuid.len);
    }

    return mdm_secret_open(&item->arena, item->webhook->engine->ring,
                           item->tenant_id, item->kind, row, item->sealed,
                           raw);
}


static void
ngx_mdm_webhook_item_built(void *data)
{
    ngx_mdm_webhook_t       *w;
    ngx_mdm_webhook_item_t  *item;

    item = data;
    w = item->webhook;

    ngx_mdm_webhook_item_task_free(item);

    if (item->dropped) {
        mdm_arena_free(&item->arena);
        ngx_free(item);
        return;
    }

    item->built = (item->rc == MDM_OK);

    if (item->built && !w->leaving) {
        ngx_mdm_webhook_item_post(item);
        return;
    }

    w->in_flight--;

    if (item->built || item->rc == MDM_NO_MEMORY) {
        item->state = NGX_MDM_WEBHOOK_WAITING;
        item->due = ngx_current_msec + 1000;
        ngx_mdm_webhook_go_on(w);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, w->log, 0,
                  "mdm: webhook \"%V\": the stored message of event %L cannot "
                  "be opened: it is set aside",
                  &w->conf->name, item->event_id);

    ngx_cpystrn((u_char *) item->error,
                (u_char *) "the stored message cannot be opened",
                sizeof(item->error));
    ngx_mdm_webhook_item_set_aside(item);
}


static void
ngx_mdm_webhook_item_task_free(ngx_mdm_webhook_item_t *item)
{
    if (item->pool != NULL) {
        ngx_destroy_pool(item->pool);
        item->pool = NULL;
    }
}


static void
ngx_mdm_webhook_item_post(ngx_mdm_webhook_item_t *item)
{
    ngx_uint_t               n;
    ngx_mdm_webhook_t       *w;
    ngx_mdm_http_request_t  *request;

    w = item->webhook;
    request = &item->request;

    ngx_memzero(request, sizeof(ngx_mdm_http_request_t));

    request->url = (char *) w->conf->url.data;
    request->ca = w->conf->ca;
    request->body = ngx_mdm_from_str(item->body);
    request->timeout = w->conf->timeout;
    request->handler = ngx_mdm_webhook_item_answered;
    request->data = item;

    n = 0;
    request->headers[n++] = "Content-Type: application/json; charset=utf-8";

    if (item->hmac[0] != '\0') {
        request->headers[n++] = item->hmac;
    }

    item->state = NGX_MDM_WEBHOOK_POSTING;

    if (ngx_mdm_http_post(w->http, request) != NGX_OK) {
        request->error = "out of memory";
        ngx_mdm_webhook_item_answered(request);
    }
}


static void
ngx_mdm_webhook_item_answered(ngx_mdm_http_request_t *request)
{
    ngx_mdm_webhook_t          *w;
    ngx_mdm_webhook_item_t     *item;
    ngx_mdm_webhook_verdict_e   verdict;

    item = request->data;
    w = item->webhook;

    w->in_flight--;
    item->state = NGX_MDM_WEBHOOK_WAITING;
    item->status = request->status;

    verdict = ngx_mdm_webhook_item_judge(request);

    if (verdict == NGX_MDM_WEBHOOK_TAKEN) {
        ngx_mdm_webhook_item_taken(item);

    } else {
        if (request->status != 0) {
            *ngx_snprintf((u_char *) item->error, sizeof(item->error) - 1,
                          "HTTP %ui", request->status)
                = '\0';
        } else {
            ngx_cpystrn((u_char *) item->error, (u_char *) request->error,
                        sizeof(item->error));
        }

        ngx_mdm_webhook_item_failed(item, verdict == NGX_MDM_WEBHOOK_REFUSED);
    }

    ngx_mdm_webhook_go_on(w);
}


/* Redirects are not followed: the receiver is who nginx.conf names. */

static ngx_mdm_webhook_verdict_e
ngx_mdm_webhook_item_judge(const ngx_mdm_http_request_t *request)
{
    switch (request->status) {

    case 0:
    case 408:
    case 425:
    case 429:
        return NGX_MDM_WEBHOOK_FAILED;
    }

    if (request->status >= 200 && request->status < 300) {
        return NGX_MDM_WEBHOOK_TAKEN;
    }

    return request->status >= 500 ? NGX_MDM_WEBHOOK_FAILED
                                  : NGX_MDM_WEBHOOK_REFUSED;
}


static void
ngx_mdm_webhook_item_taken(ngx_mdm_webhook_item_t *item)
{
    ngx_mdm_webhook_t  *w;

    w = item->webhook;

    item->delivered = 1;
    ngx_mdm_webhook_item_done(item);

    /* the first success of a worker clears what an earlier one wrote */

    if (w->failures != 0 || w->successes == 0) {
        w->changed = 1;
    }

    if (w->warned) {
        ngx_log_error(NGX_LOG_NOTICE, w->log, 0,
                      "mdm: webhook \"%V\" works again after %T seconds",
                      &w->conf->name, ngx_time() - w->failing_at);
    }

    w->warned = 0;
    w->failures = 0;
    w->successes++;
}


static void
ngx_mdm_webhook_item_failed(ngx_mdm_webhook_item_t *item, ngx_uint_t refused)
{
    ngx_msec_t          pause;
    ngx_mdm_webhook_t  *w;

    w = item->webhook;

    if (item->attempts++ == 0) {
        item->successes = w->successes;
    }

    /* who answered this event so and took others meanwhile is not down */

    if (item->status == 0 || item->successes == w->successes) {
        ngx_mdm_webhook_pause(item);
    }

    item->refusals += refused;

    /* one event must not hold the others for ever */

    if (item->refusals >= NGX_MDM_WEBHOOK_REFUSALS
        || (item->attempts >= NGX_MDM_WEBHOOK_ATTEMPTS
            && item->successes != w->successes))
    {
        ngx_mdm_webhook_item_set_aside(item);
        return;
    }

    pause = (ngx_msec_t) 1000 << ngx_min(item->attempts - 1, 8);
    item->due = ngx_current_msec + ngx_min(pause, NGX_MDM_WEBHOOK_ITEM_PAUSE);
}


/* The webhook as a whole waits: its receiver may be down.  What was under way
 * when it began to wait fails, too, and counts once. */

static void
ngx_mdm_webhook_pause(ngx_mdm_webhook_item_t *item)
{
    ngx_msec_t          pause, after;
    ngx_mdm_webhook_t  *w;

    w = item->webhook;

    if (w->failures != 0
        && (ngx_msec_int_t) (w->resume_at - ngx_current_msec) > 0)
    {
        return;
    }

    if (w->failures++ == 0) {
        w->failing_at = ngx_time();
    }

    pause = (ngx_msec_t) 1000 << ngx_min(w->failures - 1, 9);
    after = (ngx_msec_t) item->request.retry_after * 1000;
    pause = ngx_min(ngx_max(pause, after), NGX_MDM_WEBHOOK_PAUSE);
    pause += ngx_random() % (pause / 4);

    w->resume_at = ngx_current_msec + pause;
    w->changed = 1;
    ngx_memcpy(w->error, item->error, sizeof(w->error));

    if (w->failures == NGX_MDM_WEBHOOK_WARN) {
        w->warned = 1;
        ngx_log_error(NGX_LOG_WARN, w->log, 0,
                      "mdm: webhook \"%V\" fails and is tried again: %s",
                      &w->conf->name, item->request.status != 0
                                      ? item->error : item->request.detail);
    }
}


/* Nothing but its place in the order stays until the cursor has passed it. */

static void
ngx_mdm_webhook_item_done(ngx_mdm_webhook_item_t *item)
{
    item->state = NGX_MDM_WEBHOOK_DONE;
    item->webhook->bytes -= item->bytes;
    item->bytes = 0;

    mdm_arena_free(&item->arena);
    mdm_arena_init(&item->arena);
}


void
ngx_mdm_webhook_item_set_aside(ngx_mdm_webhook_item_t *item)
{
    ngx_str_t           name;
    ngx_mdm_webhook_t  *w;

    w = item->webhook;
    name = w->conf->name;

    item->state = NGX_MDM_WEBHOOK_GIVEN_UP;

    if (item->asking) {
        return;
    }

    ngx_memzero(&item->call, sizeof(ngx_mdm_pg_call_t));
    ngx_mdm_pg_set_bytes(&item->call.params[0], name.data, name.len);
    ngx_mdm_pg_set_int8(&item->call.params[1], item->tenant_id);
    ngx_mdm_pg_set_bytes(&item->call.params[2], item->xid,
                         ngx_strlen(item->xid));
    ngx_mdm_pg_set_int8(&item->call.params[3], item->event_id);
    ngx_mdm_set_str(&item->call.params[4], item->event.type);
    ngx_mdm_pg_set_int4(&item->call.params[5], (int32_t) item->status);
    ngx_mdm_pg_set_bytes(&item->call.params[6], item->error,
                         ngx_strlen(item->error));

    item->call.statement = NGX_MDM_SQL_WEBHOOK_SET_ASIDE;
    item->call.handler = ngx_mdm_webhook_item_noted;
    item->call.data = item;
    item->asking = 1;

    ngx_mdm_pg_call(w->engine->pg, &item->call);
}


static void
ngx_mdm_webhook_item_noted(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_webhook_item_t  *item;

    item = call->data;
    item->asking = 0;

    if (item->dropped) {
        mdm_arena_free(&item->arena);
        ngx_free(item);
        return;
    }

    if (rc == NGX_MDM_PG_DONE) {
        ngx_mdm_webhook_item_done(item);
        ngx_mdm_webhook_go_on(item->webhook);
    }
}


void
ngx_mdm_webhook_item_drop(ngx_mdm_webhook_item_t *item)
{
    ngx_mdm_webhook_t  *w;

    w = item->webhook;
    w->bytes -= item->bytes;
    item->dropped = 1;

    if (item->state == NGX_MDM_WEBHOOK_BUILDING) {
        w->in_flight--;
        return;
    }

    if (item->state == NGX_MDM_WEBHOOK_POSTING) {
        w->in_flight--;
        ngx_mdm_http_cancel(&item->request);
    }

    if (!item->asking) {
        mdm_arena_free(&item->arena);
        ngx_free(item);
    }
}
