
/*
 * Events as they come: server-sent events over a request that stays open.  A
 * stream that is at the end is fed by the tenant's hub; one that is behind
 * reads on from its own cursor as fast as its client takes what it is given,
 * and what the client cannot take now waits in the database.  A stream holds
 * no connection to PostgreSQL, and one page of events at most.
 */


#include "ngx_mdm_api.h"
#include "../engine/ngx_mdm_hub.h"


#define NGX_MDM_STREAM_PAGE      100       /* events read at once */
#define NGX_MDM_STREAM_ROOM      4096
#define NGX_MDM_STREAM_ALIVE     15000     /* silence before a comment */
#define NGX_MDM_STREAM_CHECK     30000     /* between looks at the token */


typedef struct {
    ngx_mdm_hub_listener_t       listener;   /* must be first */
    ngx_mdm_api_t               *api;
    ngx_mdm_api_events_t         query;
    ngx_mdm_hub_cursor_t         cursor;     /* it has all until here */

    u_char                      *data;       /* what is being sent */
    size_t                       size;
    ngx_buf_t                    buf;
    ngx_msec_t                   said;
    ngx_msec_t                   checked;
} ngx_mdm_api_stream_t;


static ngx_int_t ngx_mdm_api_stream_join(ngx_mdm_api_t *api,
    ngx_mdm_api_stream_t *stream);
static ngx_int_t ngx_mdm_api_stream_headers(ngx_http_request_t *r);
static void ngx_mdm_api_stream_cleanup(void *data);
static void ngx_mdm_api_stream_step(ngx_mdm_api_stream_t *stream);
static ngx_mdm_api_stream_t *ngx_mdm_api_stream_of(ngx_mdm_pg_call_t *call);
static void ngx_mdm_api_stream_checked(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_stream_read(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_stream_events(ngx_mdm_hub_listener_t *listener,
    ngx_mdm_hub_batch_t *batch);
static ngx_int_t ngx_mdm_api_stream_texts(ngx_mdm_api_t *api,
    ngx_mdm_hub_batch_t *batch);
static ngx_int_t ngx_mdm_api_stream_text(ngx_mdm_api_t *api,
    ngx_mdm_hub_batch_t *batch, int row, ngx_str_t *text);
static ngx_uint_t ngx_mdm_api_stream_wants(ngx_mdm_api_stream_t *stream,
    const ngx_mdm_pg_rows_t *rows, int row);
static ngx_int_t ngx_mdm_api_stream_batch(ngx_mdm_api_stream_t *stream,
    ngx_mdm_hub_batch_t *batch);
static void ngx_mdm_api_stream_tick(ngx_mdm_hub_listener_t *listener);
static ngx_int_t ngx_mdm_api_stream_alive(ngx_mdm_api_stream_t *stream);
static void ngx_mdm_api_stream_leave(ngx_mdm_hub_listener_t *listener);
static u_char *ngx_mdm_api_stream_room(ngx_mdm_api_stream_t *stream,
    size_t len);
static ngx_uint_t ngx_mdm_api_stream_drained(ngx_mdm_api_stream_t *stream);
static ngx_int_t ngx_mdm_api_stream_send(ngx_mdm_api_stream_t *stream,
    u_char *last);
static void ngx_mdm_api_stream_writer(ngx_http_request_t *r);
static ngx_int_t ngx_mdm_api_stream_wait(ngx_http_request_t *r);
static void ngx_mdm_api_stream_end(ngx_mdm_api_stream_t *stream,
    ngx_int_t rc);


void
ngx_mdm_api_stream(ngx_mdm_api_t *api)
{
    ngx_connection_t      *c;
    ngx_http_request_t    *r;
    ngx_mdm_api_stream_t  *stream;

    stream = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_stream_t));
    if (stream == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    stream->api = api;
    api->ctx = stream;

    if (ngx_mdm_api_events_query(api, &stream->query) != NGX_OK) {
        return;
    }

    api->called = 0;
    r = api->request;

    if (r == NULL) {
        ngx_mdm_api_free(api);
        return;
    }

    if (ngx_mdm_api_stream_join(api, stream) != NGX_OK) {
        return;
    }

    ngx_mdm_hub_cursor_set(&stream->cursor, stream->query.after);
    stream->checked = ngx_current_msec;
    c = r->connection;

    if (ngx_mdm_api_stream_headers(r) != NGX_OK
        || ngx_mdm_api_stream_alive(stream) != NGX_OK)
    {
        ngx_mdm_api_stream_end(stream, NGX_ERROR);
        return;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_mdm_api_stream_writer;

    ngx_mdm_api_stream_step(stream);
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_mdm_api_stream_join(ngx_mdm_api_t *api, ngx_mdm_api_stream_t *stream)
{
    ngx_int_t            rc;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(api->request->pool, 0);
    if (cln == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return NGX_ERROR;
    }

    stream->listener.events = ngx_mdm_api_stream_events;
    stream->listener.tick = ngx_mdm_api_stream_tick;
    stream->listener.leave = ngx_mdm_api_stream_leave;

    rc = ngx_mdm_hub_join(api->engine, api->tenant_id, &stream->listener);

    switch (rc) {

    case NGX_OK:
        cln->handler = ngx_mdm_api_stream_cleanup;
        cln->data = stream;
        break;

    case NGX_DECLINED:
        ngx_mdm_api_error(api, NGX_HTTP_TOO_MANY_REQUESTS,
                          "too_many_streams",
                          "this tenant has %d streams open here: close one, "
                          "or read /v1/events", NGX_MDM_HUB_LISTENERS);
        break;

    case NGX_ABORT:
        ngx_mdm_api_error(api, NGX_HTTP_SERVICE_UNAVAILABLE, "unavailable",
                          "this worker process is about to end: connect "
                          "again");
        break;

    default:
        ngx_mdm_api_out_of_memory(api);
    }

    return rc;
}


static ngx_int_t
ngx_mdm_api_stream_headers(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_set(&r->headers_out.content_type, "text/event-stream");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    if (ngx_mdm_route_header_out(r, "Cache-Control", "no-store") != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_send_header(r);

    return rc == NGX_ERROR || rc > NGX_OK || r->header_only ? NGX_ERROR
                                                            : NGX_OK;
}


/* Runs before the one of the call, which may free the stream. */

static void
ngx_mdm_api_stream_cleanup(void *data)
{
    ngx_mdm_api_stream_t *stream = data;

    ngx_mdm_hub_part(&stream->listener);
    ngx_free(stream->data);
    stream->data = NULL;
}


/* Does what is due, if anything: one question at a time, and none while the
 * client has not taken what it was sent. */

static void
ngx_mdm_api_stream_step(ngx_mdm_api_stream_t *stream)
{
    ngx_mdm_api_t  *api;

    api = stream->api;

    if (api->called || !ngx_mdm_api_stream_drained(stream)) {
        return;
    }

    if (ngx_current_msec - stream->checked >= NGX_MDM_STREAM_CHECK) {
        ngx_mdm_pg_set_bytes(&api->call.params[0], api->token_hash,
                             sizeof(api->token_hash));
        ngx_mdm_api_call(api, NGX_MDM_SQL_TOKEN_CHECK,
                         ngx_mdm_api_stream_checked);
        return;
    }

    if (stream->listener.live) {
        return;
    }

    ngx_mdm_api_events_call(api, &stream->query,
                            ngx_mdm_hub_cursor(&stream->cursor),
                            NGX_MDM_STREAM_PAGE, ngx_mdm_api_stream_read);
}


/* The stream of a call that was answered; NULL when its client has gone, or the
 * stream was ended meanwhile and nginx still sends what came before. */

static ngx_mdm_api_stream_t *
ngx_mdm_api_stream_of(ngx_mdm_pg_call_t *call)
{
    ngx_mdm_api_t         *api;
    ngx_mdm_api_stream_t  *stream;

    api = call->data;
    api->called = 0;

    if (api->request == NULL) {
        ngx_mdm_api_free(api);
        return NULL;
    }

    stream = api->ctx;

    return stream->listener.hub ? stream : NULL;
}


/* While the database is away nothing is sent, so that no harm is done by a
 * look that comes later. */

static void
ngx_mdm_api_stream_checked(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_stream_t  *stream;

    stream = ngx_mdm_api_stream_of(call);

    if (stream == NULL || rc != NGX_MDM_PG_DONE) {
        return;
    }

    if (rows->count == 0) {
        ngx_mdm_api_stream_end(stream, NGX_OK);
        return;
    }

    stream->checked = ngx_current_msec;
    ngx_mdm_api_stream_step(stream);
}


static void
ngx_mdm_api_stream_read(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    int                    last;
    ngx_int_t              sent;
    ngx_connection_t      *c;
    ngx_mdm_hub_batch_t    batch;
    ngx_mdm_api_stream_t  *stream;

    stream = ngx_mdm_api_stream_of(call);

    /* a comment may have been sent meanwhile and still be on its way */

    if (stream == NULL || rc != NGX_MDM_PG_DONE || rows->count == 0
        || !ngx_mdm_api_stream_drained(stream))
    {
        return;
    }

    c = stream->api->request->connection;

    batch.rows = rows;
    batch.texts = NULL;
    batch.pool = ngx_create_pool(16384, stream->api->log);

    sent = batch.pool ? ngx_mdm_api_stream_batch(stream, &batch) : NGX_ERROR;

    if (batch.pool != NULL) {
        ngx_destroy_pool(batch.pool);
    }

    if (sent != NGX_OK) {
        ngx_mdm_api_stream_end(stream, NGX_ERROR);
        return;
    }

    last = rows->count - 1;
    ngx_mdm_hub_cursor_set(&stream->cursor,
                           ngx_mdm_pg_text(rows, last, NGX_MDM_EVENT_CURSOR));

    if (ngx_mdm_pg_bool(rows, last, NGX_MDM_EVENT_MORE)) {
        ngx_mdm_api_stream_step(stream);

    } else {
        ngx_mdm_hub_live(&stream->listener, &stream->cursor);
    }

    ngx_http_run_posted_requests(c);
}


/* From the hub, to a stream that is at the end. */

static void
ngx_mdm_api_stream_events(ngx_mdm_hub_listener_t *listener,
    ngx_mdm_hub_batch_t *batch)
{
    ngx_str_t              last;
    ngx_connection_t      *c;
    ngx_mdm_api_stream_t  *stream;

    stream = (ngx_mdm_api_stream_t *) listener;

    if (!ngx_mdm_api_stream_drained(stream)) {
        listener->live = 0;
        return;
    }

    c = stream->api->request->connection;

    if (ngx_mdm_api_stream_batch(stream, batch) != NGX_OK) {
        ngx_mdm_api_stream_end(stream, NGX_ERROR);
        return;
    }

    last = ngx_mdm_pg_text(batch->rows, batch->rows->count - 1,
                           NGX_MDM_EVENT_CURSOR);

    if (ngx_mdm_hub_compare(last, ngx_mdm_hub_cursor(&stream->cursor)) > 0) {
        ngx_mdm_hub_cursor_set(&stream->cursor, last);
    }

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_mdm_api_stream_texts(ngx_mdm_api_t *api, ngx_mdm_hub_batch_t *batch)
{
    int  i, n;

    n = batch->rows->count - 1;

    batch->texts = ngx_pcalloc(batch->pool, (n + 1) * sizeof(ngx_str_t));
    if (batch->texts == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (ngx_mdm_api_stream_text(api, batch, i, &batch->texts[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_mdm_api_stream_text(ngx_mdm_api_t *api, ngx_mdm_hub_batch_t *batch,
    int row, ngx_str_t *text)
{
    char       *head;
    json_t     *event;
    size_t      len;
    ngx_str_t   type, data;

    type = ngx_mdm_pg_text(batch->rows, row, NGX_MDM_EVENT_TYPE);
    data = ngx_mdm_pg_text(batch->rows, row, NGX_MDM_EVENT_DATA);

    event = ngx_mdm_api_event(api, batch->rows, row);
    head = event ? json_dumps(event, JSON_COMPACT) : NULL;

    if (head == NULL) {
        json_decref(event);
        return NGX_ERROR;
    }

    /* PostgreSQL's text of a jsonb, behind its version, is JSON on one line */

    data.data++;
    data.len--;

    len = ngx_strlen(head) - 1;
    text->len = sizeof("id: \nevent: \ndata: ,\"data\":}\n\n") - 1
                + json_string_length(json_object_get(event, "id")) + type.len
                + len + data.len;
    text->data = ngx_pnalloc(batch->pool, text->len);

    if (text->data != NULL) {
        (void) ngx_snprintf(text->data, text->len,
                            "id: %s\nevent: %V\ndata: %*s,\"data\":%V}\n\n",
                            json_string_value(json_object_get(event, "id")),
                            &type, len, head, &data);
    }

    json_decref(event);
    free(head);

    return text->data ? NGX_OK : NGX_ERROR;
}


/* What comes from the hub is not filtered, and may begin before the stream's
 * own place. */

static ngx_uint_t
ngx_mdm_api_stream_wants(ngx_mdm_api_stream_t *stream,
    const ngx_mdm_pg_rows_t *rows, int row)
{
    ngx_str_t              text;
    ngx_uint_t             i;
    ngx_mdm_api_events_t  *query;

    query = &stream->query;
    text = ngx_mdm_pg_text(rows, row, NGX_MDM_EVENT_CURSOR);

    if (ngx_mdm_hub_compare(text, ngx_mdm_hub_cursor(&stream->cursor)) <= 0) {
        return 0;
    }

    if (mdm_str_is_set(query->device_id)
        && !mdm_str_eq(ngx_mdm_to_str(ngx_mdm_pg_text(rows, row,
                                               NGX_MDM_EVENT_ENROLLMENT)),
                       query->written))
    {
        return 0;
    }

    if (query->n == 0) {
        return 1;
    }

    text = ngx_mdm_pg_text(rows, row, NGX_MDM_EVENT_TYPE);

    for (i = 0; i < query->n; i++) {
        if (query->types[i].len == text.len
            && ngx_memcmp(query->types[i].data, text.data, text.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_mdm_api_stream_batch(ngx_mdm_api_stream_t *stream,
    ngx_mdm_hub_batch_t *batch)
{
    int      i, last;
    size_t   len;
    u_char  *p;

    last = batch->rows->count - 1;

    if (batch->texts == NULL
        && ngx_mdm_api_stream_texts(stream->api, batch) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0, len = 0; i < last; i++) {
        if (ngx_mdm_api_stream_wants(stream, batch->rows, i)) {
            len += batch->texts[i].len;
        }
    }

    p = ngx_mdm_api_stream_room(stream, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < last; i++) {
        if (ngx_mdm_api_stream_wants(stream, batch->rows, i)) {
            p = ngx_cpymem(p, batch->texts[i].data, batch->texts[i].len);
        }
    }

    return ngx_mdm_api_stream_send(stream, p);
}


/* Every second. */

static void
ngx_mdm_api_stream_tick(ngx_mdm_hub_listener_t *listener)
{
    ngx_connection_t      *c;
    ngx_mdm_api_stream_t  *stream;

    stream = (ngx_mdm_api_stream_t *) listener;

    if (!ngx_mdm_api_stream_drained(stream)) {
        return;
    }

    c = stream->api->request->connection;

    if (ngx_current_msec - stream->said >= NGX_MDM_STREAM_ALIVE
        && ngx_mdm_api_stream_alive(stream) != NGX_OK)
    {
        ngx_mdm_api_stream_end(stream, NGX_ERROR);

    } else {
        ngx_mdm_api_stream_step(stream);
    }

    ngx_http_run_posted_requests(c);
}


/* A comment, and the place where the stream is, so that a client whom no event
 * concerned for long does not come back with an old one. */

static ngx_int_t
ngx_mdm_api_stream_alive(ngx_mdm_api_stream_t *stream)
{
    u_char     *p;
    json_t     *id;
    ngx_str_t   cursor;

    id = NULL;
    cursor = ngx_mdm_hub_cursor(&stream->cursor);

    if (ngx_strlchr(cursor.data, cursor.data + cursor.len, '\n') != NULL) {
        id = ngx_mdm_api_cursor_encode(&mdm_cursor_events, cursor);
    }

    p = ngx_mdm_api_stream_room(stream, sizeof(":\nid: \n\n")
                                        + json_string_length(id));

    if (p != NULL) {
        p = id ? ngx_sprintf(p, ":\nid: %s\n\n", json_string_value(id))
               : ngx_sprintf(p, ":\n\n");
    }

    json_decref(id);

    return p ? ngx_mdm_api_stream_send(stream, p) : NGX_ERROR;
}


static void
ngx_mdm_api_stream_leave(ngx_mdm_hub_listener_t *listener)
{
    ngx_mdm_api_stream_end((ngx_mdm_api_stream_t *) listener, NGX_OK);
}


/* The buffer is the stream's own and used again, for a request's pool only
 * grows; it is free when all was sent.  A large one is not kept for little. */

static u_char *
ngx_mdm_api_stream_room(ngx_mdm_api_stream_t *stream, size_t len)
{
    if (stream->data == NULL || len > stream->size
        || stream->size > NGX_MDM_STREAM_ROOM)
    {
        ngx_free(stream->data);
        stream->size = ngx_max(len, NGX_MDM_STREAM_ROOM);
        stream->data = ngx_alloc(stream->size, stream->api->log);
        stream->buf.pos = stream->data;
        stream->buf.last = stream->data;
    }

    return stream->data;
}


static ngx_uint_t
ngx_mdm_api_stream_drained(ngx_mdm_api_stream_t *stream)
{
    ngx_http_request_t  *r;

    r = stream->api->request;

    return stream->buf.pos == stream->buf.last && !r->buffered
           && !r->connection->buffered && !r->postponed;
}


static ngx_int_t
ngx_mdm_api_stream_send(ngx_mdm_api_stream_t *stream, u_char *last)
{
    ngx_chain_t          out;
    ngx_http_request_t  *r;

    if (last == stream->data) {
        return NGX_OK;
    }

    r = stream->api->request;
    stream->said = ngx_current_msec;

    ngx_memzero(&stream->buf, sizeof(ngx_buf_t));
    stream->buf.start = stream->data;
    stream->buf.end = stream->data + stream->size;
    stream->buf.pos = stream->data;
    stream->buf.last = last;
    stream->buf.memory = 1;
    stream->buf.flush = 1;
    stream->buf.tag = (ngx_buf_tag_t) &ngx_mdm_module;

    out.buf = &stream->buf;
    out.next = NULL;

    if (ngx_http_output_filter(r, &out) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_mdm_api_stream_wait(r);
}


/* The client takes more. */

static void
ngx_mdm_api_stream_writer(ngx_http_request_t *r)
{
    ngx_mdm_ctx_t         *ctx;
    ngx_mdm_api_t         *api;
    ngx_mdm_api_stream_t  *stream;

    ctx = ngx_http_get_module_ctx(r, ngx_mdm_module);
    api = ctx->api;
    stream = api->ctx;

    if (r->connection->write->timedout) {
        ngx_mdm_api_stream_end(stream, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (r->connection->error
        || ngx_http_output_filter(r, NULL) == NGX_ERROR
        || ngx_mdm_api_stream_wait(r) != NGX_OK)
    {
        ngx_mdm_api_stream_end(stream, NGX_ERROR);
        return;
    }

    ngx_mdm_api_stream_step(stream);
}


/* While something is unsent the client has send_timeout to take of it, as
 * with any other answer. */

static ngx_int_t
ngx_mdm_api_stream_wait(ngx_http_request_t *r)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!r->buffered && !r->connection->buffered) {
        if (wev->timer_set && !wev->delayed) {
            ngx_del_timer(wev);
        }

        return NGX_OK;
    }

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    /* the events of a stream of HTTP/2 are made by nginx */

#if (NGX_HTTP_V2)
    if (r->stream) {
        return NGX_OK;
    }
#endif

    return ngx_handle_write_event(wev, clcf->send_lowat);
}


/* NGX_OK: the client hears that this is the end, unless it still has to take
 * what came before; else the connection ends. */

static void
ngx_mdm_api_stream_end(ngx_mdm_api_stream_t *stream, ngx_int_t rc)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = stream->api->request;
    c = r->connection;

    ngx_mdm_hub_part(&stream->listener);

    if (rc == NGX_OK) {
        rc = ngx_mdm_api_stream_drained(stream)
             ? ngx_http_send_special(r, NGX_HTTP_LAST) : NGX_ERROR;
    }

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}
