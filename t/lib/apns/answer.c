
/*
 * What is said over a connection: requests are noted, answered by the script,
 * and noted again.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apns.h"


static void
apns_write_request(const char *what, apns_request_t *r, int number)
{
    apns_write("%s\t%d\t%d\t%s\t%s\t%s\t%d\t%s", what, r->connection->number,
               r->stream, r->token, r->apns_id, r->topic, number,
               r->reason);
}


static ssize_t
apns_read_body(nghttp2_session *session, int32_t stream, uint8_t *buf,
    size_t size, uint32_t *flags, nghttp2_data_source *source, void *data)
{
    size_t           n;
    apns_request_t  *r;

    r = source->ptr;
    n = r->len < size ? r->len : size;

    if (n == 0 && r->open) {
        return NGHTTP2_ERR_DEFERRED;
    }

    memcpy(buf, r->body, n);
    memmove(r->body, r->body + n, r->len - n);
    r->len -= n;

    if (r->len == 0 && !r->open) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }

    return n;
}


static apns_rule_t *
apns_rule_of(apns_request_t *r)
{
    int  i;

    for (i = apns_script.nrules - 1; i >= 0; i--) {
        if (strncmp(r->token, apns_script.rules[i].prefix,
                    strlen(apns_script.rules[i].prefix)) == 0)
        {
            return &apns_script.rules[i];
        }
    }

    return NULL;
}


static void
apns_make_body(apns_request_t *r)
{
    r->len = snprintf(r->body, sizeof(r->body), "{\"reason\":\"%s\"}",
                      r->reason);

    while (r->len < (size_t) apns_script.length && r->len < sizeof(r->body)) {
        r->body[r->len++] = ' ';
    }
}


static nghttp2_nv
apns_header(const char *name, const char *value)
{
    nghttp2_nv  nv;

    nv.name = (uint8_t *) name;
    nv.namelen = strlen(name);
    nv.value = (uint8_t *) value;
    nv.valuelen = strlen(value);
    nv.flags = NGHTTP2_NV_FLAG_NONE;

    return nv;
}


void
apns_respond(apns_request_t *r)
{
    char                   status[16];
    nghttp2_nv             headers[2], early;
    apns_rule_t           *rule;
    nghttp2_session       *session;
    nghttp2_data_provider  body;

    rule = apns_rule_of(r);
    session = r->connection->session;
    r->status = rule ? rule->status : 200;
    r->open = apns_script.partial > 0;
    apns_script.partial -= r->open;

    if (r->status != 200) {
        (void) strcpy(r->reason, rule->reason);
        apns_make_body(r);
    }

    (void) snprintf(status, sizeof(status), "%d", r->status);
    headers[0] = apns_header(":status", status);
    headers[1] = apns_header("apns-id", r->apns_id);

    if (apns_script.informal) {
        early = apns_header(":status", "103");
        (void) nghttp2_submit_headers(session, 0, r->stream, NULL, &early, 1,
                                      NULL);
    }

    body.source.ptr = r;
    body.read_callback = apns_read_body;

    (void) nghttp2_submit_response(session, r->stream, headers, 2,
                                   r->len || r->open ? &body : NULL);
}


static void
apns_requested(apns_request_t *r)
{
    apns_write_request("got", r, 0);

    if (apns_script.reset > 0) {
        apns_script.reset--;
        (void) nghttp2_submit_rst_stream(r->connection->session, 0, r->stream,
                                         apns_script.reset_code);
        return;
    }

    if (!apns_script.holding) {
        apns_respond(r);
    }
}


static int
apns_on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    apns_request_t     *r, **last;
    apns_connection_t  *c;

    c = data;
    r = calloc(1, sizeof(*r));

    if (r == NULL) {
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }

    r->connection = c;
    r->stream = frame->hd.stream_id;

    for (last = &c->requests; *last != NULL; last = &(*last)->next) {
        /* void */
    }

    *last = r;

    return nghttp2_session_set_stream_user_data(session, r->stream, r);
}


static int
apns_on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t nlen, const uint8_t *value, size_t vlen,
    uint8_t flags, void *data)
{
    apns_request_t  *r;

    r = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    if (r == NULL) {
        return 0;
    }

    if (strcmp((char *) name, ":path") == 0) {
        (void) snprintf(r->token, sizeof(r->token), "%s",
                        strrchr((char *) value, '/') + 1);

    } else if (strcmp((char *) name, "apns-id") == 0) {
        (void) snprintf(r->apns_id, sizeof(r->apns_id), "%s", value);

    } else if (strcmp((char *) name, "apns-topic") == 0) {
        (void) snprintf(r->topic, sizeof(r->topic), "%s", value);
    }

    return 0;
}


static int
apns_on_data(nghttp2_session *session, uint8_t flags, int32_t stream,
    const uint8_t *bytes, size_t len, void *data)
{
    if (apns_script.closed) {
        return 0;
    }

    return nghttp2_session_consume(session, stream, len);
}


static int
apns_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    apns_request_t     *r;
    apns_connection_t  *c;

    c = data;

    if (frame->hd.type == NGHTTP2_PING) {
        apns_write("ping\t%d", c->number);

        if (!(frame->hd.flags & NGHTTP2_FLAG_ACK) && !apns_script.silent) {
            (void) nghttp2_submit_ping(session, NGHTTP2_FLAG_ACK,
                                       frame->ping.opaque_data);
        }
    }

    if (frame->hd.type == NGHTTP2_GOAWAY) {
        apns_write("left\t%d\t%u", c->number, frame->goaway.error_code);
    }

    r = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    if (r != NULL && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        && (frame->hd.type == NGHTTP2_DATA
            || frame->hd.type == NGHTTP2_HEADERS))
    {
        apns_requested(r);
    }

    return 0;
}


static int
apns_on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    apns_request_t  *r;

    r = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    if (r != NULL && r->status && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
        apns_write_request("answered", r, r->status);
    }

    return 0;
}


static int
apns_on_close(nghttp2_session *session, int32_t stream, uint32_t code,
    void *data)
{
    apns_request_t      *r, **p;
    apns_connection_t  *c;

    c = data;

    for (p = &c->requests; (r = *p) != NULL; p = &r->next) {
        if (r->stream == stream) {
            break;
        }
    }

    if (r == NULL) {
        return 0;
    }

    if (code != NGHTTP2_NO_ERROR) {
        apns_write_request("reset", r, code);
    }

    *p = r->next;
    free(r);

    return 0;
}


static ssize_t
apns_send(nghttp2_session *session, const uint8_t *bytes, size_t len,
    int flags, void *data)
{
    int                 n;
    apns_connection_t  *c;

    c = data;

    if (c->mute) {
        return NGHTTP2_ERR_WOULDBLOCK;
    }

    n = SSL_write(c->ssl, bytes, len);

    if (n > 0) {
        return n;
    }

    n = SSL_get_error(c->ssl, n);
    c->wants_write = n == SSL_ERROR_WANT_WRITE;

    return n == SSL_ERROR_WANT_WRITE || n == SSL_ERROR_WANT_READ
           ? NGHTTP2_ERR_WOULDBLOCK : NGHTTP2_ERR_CALLBACK_FAILURE;
}


void
apns_settle(apns_connection_t *c)
{
    nghttp2_settings_entry  settings[2];

    settings[0].settings_id = NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS;
    settings[0].value = apns_script.max_streams;
    settings[1].settings_id = NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE;
    settings[1].value = apns_script.initial_window;

    (void) nghttp2_submit_settings(c->session, 0, settings, 2);
    c->settled = 1;
}


int
apns_session(apns_connection_t *c)
{
    nghttp2_option             *option;
    nghttp2_session_callbacks  *callbacks;

    (void) nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(callbacks, apns_send);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks,
                                                            apns_on_begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks,
                                                     apns_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
                                                              apns_on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks,
                                                         apns_on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks,
                                                         apns_on_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
                                                           apns_on_close);

    (void) nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_auto_ping_ack(option, 1);

    if (nghttp2_session_server_new2(&c->session, callbacks, c, option) != 0) {
        return -1;
    }

    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);

    c->deaf = apns_script.late;

    if (!apns_script.late) {
        apns_settle(c);
    }

    return 0;
}
