
/*
 * HTTP/2 of one connection: requests and answers as nghttp2 has them.  A push
 * costs no memory of its own here, but for an answer that has a body.
 */


#include "ngx_mdm_apns_internal.h"


/* Apple keeps a push so long for a device that is off. */
#define NGX_MDM_APNS_EXPIRATION    (7 * 24 * 3600)

/* The last streams of a connection are not worth the care. */
#define NGX_MDM_APNS_LAST_STREAM   0x7ff00000

/* A longer Retry-After is none of Apple's. */
#define NGX_MDM_APNS_MAX_RETRY     (24 * 3600)


#define ngx_mdm_apns_nv(name, value, len, flags)                              \
    { (uint8_t *) name, (uint8_t *) (value), sizeof(name) - 1, len,           \
      NGHTTP2_NV_FLAG_NO_COPY_NAME | (flags) }

#define ngx_mdm_apns_nv_const(name, value)                                    \
    ngx_mdm_apns_nv(name, value, sizeof(value) - 1,                           \
                    NGHTTP2_NV_FLAG_NO_COPY_VALUE)


static u_char *ngx_mdm_apns_expiration(ngx_mdm_apns_t *apns);
static ssize_t ngx_mdm_apns_body_read(nghttp2_session *session,
    int32_t stream, uint8_t *buf, size_t len, uint32_t *flags,
    nghttp2_data_source *source, void *data);
static int ngx_mdm_apns_on_header(nghttp2_session *session,
    const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
    const uint8_t *value, size_t value_len, uint8_t flags, void *data);
static void ngx_mdm_apns_retry_after(ngx_mdm_apns_push_t *push,
    const u_char *value, size_t len);
static int ngx_mdm_apns_on_data(nghttp2_session *session, uint8_t flags,
    int32_t stream, const uint8_t *buf, size_t len, void *data);
static int ngx_mdm_apns_on_close(nghttp2_session *session, int32_t stream,
    uint32_t error, void *data);
static void ngx_mdm_apns_answered(ngx_mdm_apns_connection_t *conn,
    ngx_mdm_apns_push_t *push);
static void ngx_mdm_apns_unwanted(ngx_mdm_apns_connection_t *conn,
    const char *why);
static int ngx_mdm_apns_on_frame(nghttp2_session *session,
    const nghttp2_frame *frame, void *data);
static void ngx_mdm_apns_on_settings(ngx_mdm_apns_connection_t *conn,
    const nghttp2_frame *frame);
static void ngx_mdm_apns_on_goaway(ngx_mdm_apns_connection_t *conn,
    const nghttp2_goaway *goaway);
static void ngx_mdm_apns_take(ngx_mdm_apns_connection_t *conn,
    ngx_mdm_apns_push_t *push);


ngx_int_t
ngx_mdm_apns_http2_init(ngx_mdm_apns_t *apns)
{
    nghttp2_session_callbacks  *callbacks;

    if (nghttp2_session_callbacks_new(&apns->callbacks) != 0
        || nghttp2_option_new(&apns->option) != 0)
    {
        return NGX_ERROR;
    }

    callbacks = apns->callbacks;

    nghttp2_session_callbacks_set_on_header_callback(callbacks,
                                                     ngx_mdm_apns_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
                                                        ngx_mdm_apns_on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
                                                       ngx_mdm_apns_on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks,
                                                       ngx_mdm_apns_on_frame);

    nghttp2_option_set_no_closed_streams(apns->option, 1);
    nghttp2_option_set_peer_max_concurrent_streams(apns->option,
                                                   NGX_MDM_APNS_MAX_STREAMS);

    return NGX_OK;
}


void
ngx_mdm_apns_http2_done(ngx_mdm_apns_t *apns)
{
    nghttp2_session_callbacks_del(apns->callbacks);
    nghttp2_option_del(apns->option);
}


ngx_int_t
ngx_mdm_apns_http2_start(ngx_mdm_apns_connection_t *conn)
{
    nghttp2_settings_entry  settings[] = {
        { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0 }
    };

    if (nghttp2_session_client_new2(&conn->session, conn->apns->callbacks,
                                    conn, conn->apns->option)
        != 0)
    {
        return NGX_ERROR;
    }

    if (nghttp2_submit_settings(conn->session, NGHTTP2_FLAG_NONE, settings, 2)
        != 0)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * The path, the id and the length differ from push to push: the path and the
 * id are kept out of the HPACK table, where the rest stays; the first id goes
 * in, so that the name is there.
 */

ngx_int_t
ngx_mdm_apns_http2_submit(ngx_mdm_apns_connection_t *conn,
    ngx_mdm_apns_push_t *push)
{
    char                    path[MDM_PUSH_MAX_PATH];
    char                    body[MDM_PUSH_MAX_BODY];
    u_char                  length[NGX_SIZE_T_LEN], *end;
    size_t                  path_len, body_len;
    int32_t                 stream;
    ngx_str_t              *topic, *authority;
    nghttp2_data_provider   provider;

    path_len = mdm_push_path(push->token, path);
    body_len = mdm_push_body(push->magic, body, sizeof(body));
    end = ngx_sprintf(length, "%uz", body_len);

    if (path_len == 0 || body_len == 0) {
        mdm_push_answer_read(&push->answer, path_len ? 413 : 400,
                             path_len
                             ? mdm_str("{\"reason\":\"PayloadTooLarge\"}")
                             : mdm_str("{\"reason\":\"MissingDeviceToken\"}"));
        return NGX_DECLINED;
    }

    topic = &conn->topic->name;
    authority = &conn->topic->host->authority;

    const nghttp2_nv  headers[] = {
        ngx_mdm_apns_nv_const(":method", "POST"),
        ngx_mdm_apns_nv_const(":scheme", "https"),
        ngx_mdm_apns_nv(":authority", authority->data, authority->len,
                        NGHTTP2_NV_FLAG_NO_COPY_VALUE),
        ngx_mdm_apns_nv(":path", path, path_len, NGHTTP2_NV_FLAG_NO_INDEX),
        ngx_mdm_apns_nv("apns-topic", topic->data, topic->len,
                        NGHTTP2_NV_FLAG_NO_COPY_VALUE),
        ngx_mdm_apns_nv_const("apns-push-type", "mdm"),
        ngx_mdm_apns_nv_const("apns-priority", "10"),
        ngx_mdm_apns_nv("apns-expiration", ngx_mdm_apns_expiration(conn->apns),
                        ngx_strlen(conn->apns->expiration),
                        NGHTTP2_NV_FLAG_NO_COPY_VALUE),
        ngx_mdm_apns_nv("apns-id", push->apns_id, sizeof(push->apns_id),
                        conn->named ? NGHTTP2_NV_FLAG_NO_INDEX : 0),
        ngx_mdm_apns_nv_const("content-type", "application/json"),
        ngx_mdm_apns_nv("content-length", length, end - length, 0)
    };

    provider.source.ptr = NULL;
    provider.read_callback = ngx_mdm_apns_body_read;

    stream = nghttp2_submit_request(conn->session, NULL, headers,
                                    sizeof(headers) / sizeof(headers[0]),
                                    &provider, push);
    if (stream < 0) {
        return NGX_ERROR;
    }

    if (conn->nin_flight == 0) {
        ngx_mdm_apns_connection_busy(conn);
    }

    conn->named = 1;
    conn->flush = 1;
    conn->nin_flight++;
    conn->topic->in_flight++;

    ngx_mdm_count(&conn->apns->counters->sent);
    ngx_mdm_apns_gauge(conn->apns->gauges, &conn->apns->gauges->in_flight, 1);

    push->stream = stream;
    push->at = ngx_current_msec;
    ngx_queue_insert_tail(&conn->in_flight, &push->queue);

    if (stream > NGX_MDM_APNS_LAST_STREAM) {
        ngx_mdm_apns_connection_drain(conn);
    }

    return NGX_OK;
}


/* To the hour, so that it seldom changes. */

static u_char *
ngx_mdm_apns_expiration(ngx_mdm_apns_t *apns)
{
    time_t   expires;
    u_char  *p;

    expires = ngx_time() + NGX_MDM_APNS_EXPIRATION;
    expires -= expires % 3600;

    if (expires != apns->expires) {
        apns->expires = expires;
        p = ngx_sprintf(apns->expiration, "%T", expires);
        *p = '\0';
    }

    return apns->expiration;
}


static ssize_t
ngx_mdm_apns_body_read(nghttp2_session *session, int32_t stream, uint8_t *buf,
    size_t len, uint32_t *flags, nghttp2_data_source *source, void *data)
{
    size_t                n, have;
    char                  body[MDM_PUSH_MAX_BODY];
    ngx_mdm_apns_push_t  *push;

    push = nghttp2_session_get_stream_user_data(session, stream);

    if (push == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }

    have = source->ptr ? (size_t) (uintptr_t) source->ptr : 0;

    n = mdm_push_body(push->magic, body, sizeof(body)) - have;

    if (n > len) {
        ngx_memcpy(buf, body + have, len);
        source->ptr = (void *) (uintptr_t) (have + len);
        return len;
    }

    ngx_memcpy(buf, body + have, n);
    *flags |= NGHTTP2_DATA_FLAG_EOF;

    return n;
}


static int
ngx_mdm_apns_on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_len, const uint8_t *value,
    size_t value_len, uint8_t flags, void *data)
{
    ngx_int_t             n;
    ngx_mdm_apns_push_t  *push;

    if (name_len == 7 && ngx_memcmp(name, ":status", 7) == 0) {
        push = nghttp2_session_get_stream_user_data(session,
                                                    frame->hd.stream_id);
        n = ngx_atoi((u_char *) value, value_len);

        if (push != NULL && n != NGX_ERROR) {
            push->answer.status = n;
        }

    } else if (name_len == 11 && ngx_memcmp(name, "retry-after", 11) == 0) {
        push = nghttp2_session_get_stream_user_data(session,
                                                    frame->hd.stream_id);
        if (push != NULL) {
            ngx_mdm_apns_retry_after(push, value, value_len);
        }
    }

    return 0;
}


/* Seconds or a date. */

static void
ngx_mdm_apns_retry_after(ngx_mdm_apns_push_t *push, const u_char *value,
    size_t len)
{
    time_t  n;

    n = ngx_atotm((u_char *) value, len);

    if (n == NGX_ERROR) {
        n = ngx_parse_http_time((u_char *) value, len);
        n = n == NGX_ERROR ? 0 : n - ngx_time();
    }

    push->retry_after = ngx_max(0, ngx_min(n, NGX_MDM_APNS_MAX_RETRY));
}


static int
ngx_mdm_apns_on_data(nghttp2_session *session, uint8_t flags, int32_t stream,
    const uint8_t *buf, size_t len, void *data)
{
    ngx_mdm_apns_push_t        *push;
    ngx_mdm_apns_connection_t  *conn = data;

    push = nghttp2_session_get_stream_user_data(session, stream);

    if (push == NULL || push->answer.status == 200) {
        return 0;
    }

    if (push->body == NULL) {
        push->body = ngx_alloc(MDM_PUSH_MAX_ANSWER, conn->apns->log);
        if (push->body == NULL) {
            return 0;
        }
    }

    len = ngx_min(len, (size_t) MDM_PUSH_MAX_ANSWER - push->body_len);

    ngx_memcpy(push->body + push->body_len, buf, len);
    push->body_len += len;

    return 0;
}


static int
ngx_mdm_apns_on_close(nghttp2_session *session, int32_t stream,
    uint32_t error, void *data)
{
    ngx_mdm_apns_push_t        *push;
    ngx_mdm_apns_connection_t  *conn = data;

    push = nghttp2_session_get_stream_user_data(session, stream);

    if (push == NULL) {
        return 0;
    }

    ngx_mdm_apns_take(conn, push);

    /* a refusal that was cut short may lack what mitigates it */

    if (push->answer.status == 200
        || (push->answer.status > 200 && error == NGHTTP2_NO_ERROR))
    {
        ngx_mdm_apns_answered(conn, push);
        return 0;
    }

    ngx_memzero(&push->answer, sizeof(mdm_push_answer_t));

    if (error == NGHTTP2_REFUSED_STREAM) {

        /* beyond a GOAWAY it is nobody's fault */

        push->refused += !conn->unwanted;

        if (ngx_mdm_apns_push_again(conn->topic, push) != NGX_OK) {
            ngx_mdm_apns_unwanted(conn, "it refuses streams");
        }

        return 0;
    }

    push->sent = 1;
    push->instead = error != NGHTTP2_NO_ERROR ? "RST_STREAM" : "nothing";

    ngx_mdm_apns_push_done(conn->topic, push);

    return 0;
}


static void
ngx_mdm_apns_answered(ngx_mdm_apns_connection_t *conn,
    ngx_mdm_apns_push_t *push)
{
    mdm_str_t  body;

    body.data = push->body;
    body.len = push->body_len;

    mdm_push_answer_read(&push->answer, push->answer.status, body);

    ngx_mdm_apns_count_answer(conn->apns->counters, &push->answer,
                              ngx_current_msec - push->at);

    push->sent = 1;
    conn->answer_at = ngx_current_msec;

    if (conn->answered++ == 0) {
        conn->topic->attempts = 0;
        ngx_mdm_apns_topic_works(conn->topic);
    }

    ngx_mdm_apns_push_done(conn->topic, push);

    if (push->answer.class == MDM_PUSH_RECONNECT) {
        ngx_mdm_apns_unwanted(conn, push->answer.reason);
    }
}


static void
ngx_mdm_apns_unwanted(ngx_mdm_apns_connection_t *conn, const char *why)
{
    ngx_cpystrn((u_char *) conn->reason, (u_char *) why,
                sizeof(conn->reason));

    conn->unwanted = 1;
    ngx_mdm_apns_connection_drain(conn);
}


static int
ngx_mdm_apns_on_frame(nghttp2_session *session, const nghttp2_frame *frame,
    void *data)
{
    ngx_mdm_apns_connection_t *conn = data;

    switch (frame->hd.type) {

    case NGHTTP2_SETTINGS:
        ngx_mdm_apns_on_settings(conn, frame);
        break;

    case NGHTTP2_PING:

        if (frame->hd.flags & NGHTTP2_FLAG_ACK) {
            conn->pinged = 0;
            conn->idle_at = ngx_current_msec;
        }

        break;

    case NGHTTP2_GOAWAY:
        ngx_mdm_apns_on_goaway(conn, &frame->goaway);
        break;

    default:
        break;
    }

    return 0;
}


/* One that allows no streams at first may do so later. */

static void
ngx_mdm_apns_on_settings(ngx_mdm_apns_connection_t *conn,
    const nghttp2_frame *frame)
{
    uint32_t  limit;

    if (frame->hd.flags & NGHTTP2_FLAG_ACK) {
        conn->accepted = 1;

    } else {
        limit = nghttp2_session_get_remote_settings(conn->session,
                                     NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

        conn->limit = ngx_min(limit, NGX_MDM_APNS_MAX_STREAMS);
        conn->settled = 1;

        ngx_mdm_apns_connection_allowed(conn);
    }

    if (conn->state == NGX_MDM_APNS_STARTING && conn->limit != 0) {
        ngx_mdm_apns_connection_move(conn, NGX_MDM_APNS_READY);
        ngx_del_timer(&conn->timer);
        conn->topic->changed = 1;
    }

    if (conn->state == NGX_MDM_APNS_READY && conn->accepted) {
        ngx_mdm_apns_topic_works(conn->topic);
    }

    ngx_mdm_apns_topic_post(conn->topic);
}


/* Streams that the server will not look at are closed by nghttp2 as refused;
 * what it has to say stands in the frame as the same JSON as in an answer. */

static void
ngx_mdm_apns_on_goaway(ngx_mdm_apns_connection_t *conn,
    const nghttp2_goaway *goaway)
{
    mdm_str_t          text;
    const char        *said;
    mdm_push_answer_t  answer;

    text.data = goaway->opaque_data;
    text.len = goaway->opaque_data_len;

    mdm_push_answer_read(&answer, 400, text);

    said = answer.reason;

    if (ngx_strcmp(said, "Unknown") == 0) {
        said = nghttp2_http2_strerror(goaway->error_code);
    }

    ngx_mdm_apns_unwanted(conn, said);
}


/* From those in flight. */

static void
ngx_mdm_apns_take(ngx_mdm_apns_connection_t *conn, ngx_mdm_apns_push_t *push)
{
    ngx_queue_remove(&push->queue);

    conn->nin_flight--;
    conn->topic->in_flight--;

    ngx_mdm_apns_gauge(conn->apns->gauges, &conn->apns->gauges->in_flight,
                       -1);
}


void
ngx_mdm_apns_http2_ping(ngx_mdm_apns_connection_t *conn)
{
    if (nghttp2_submit_ping(conn->session, NGHTTP2_FLAG_NONE, NULL) == 0) {
        conn->pinged = 1;
        conn->flush = 1;
    }
}


void
ngx_mdm_apns_http2_cancel(ngx_mdm_apns_connection_t *conn,
    ngx_mdm_apns_push_t *push)
{
    (void) nghttp2_session_set_stream_user_data(conn->session, push->stream,
                                                NULL);
    (void) nghttp2_submit_rst_stream(conn->session, NGHTTP2_FLAG_NONE,
                                     push->stream, NGHTTP2_CANCEL);

    ngx_mdm_apns_take(conn, push);

    conn->flush = 1;

    /* only the end of it did not come */

    if (push->answer.status == 200) {
        ngx_mdm_apns_answered(conn, push);
        return;
    }

    ngx_memzero(&push->answer, sizeof(mdm_push_answer_t));
    push->sent = 1;
    push->instead = "nothing";

    ngx_mdm_apns_push_done(conn->topic, push);
}
