
/*
 * Apple's push service where a test tells it what to do in the midst of the
 * work: a server of HTTP/2 over TLS, in one thread, by nghttp2.  It judges no
 * push; what it does is told by lines on its standard input, and what it got
 * and did is a line each in its log.  MDM::Test::APNs::Scripted says which.
 *
 *     apns PORT CERTIFICATE KEY CLIENT_CA LOG [verify] [noalpn]
 */


#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define APNS_CONNECTIONS  512
#define APNS_RULES        64


typedef struct apns_request_s     apns_request_t;
typedef struct apns_connection_s  apns_connection_t;


struct apns_request_s {
    apns_request_t     *next;          /* of those of a connection, by age */
    apns_connection_t  *connection;
    int32_t             stream;
    char                token[256];
    char                apns_id[64];
    char                topic[256];
    char                body[8192];    /* of the answer */
    size_t              len;
    int                 status;        /* of the answer; 0: none was begun */
    char                reason[64];    /* in it */
    int                 open;          /* the answer's end is held back */
};


struct apns_connection_s {
    int                 number;
    int                 fd;
    SSL                *ssl;
    nghttp2_session    *session;       /* NULL: in handshake */
    apns_request_t     *requests;
    int                 settled;       /* SETTINGS were sent */
    int                 mute;          /* neither read nor written any more */
    int                 deaf;          /* not read */
    int                 wants_write;
};


typedef struct {
    char                prefix[256];
    int                 status;
    char                reason[64];
} apns_rule_t;


typedef struct {
    const char         *name;
    void              (*run)(int argc, char **argv);
} apns_command_t;


static void apns_streams(int argc, char **argv);
static void apns_window(int argc, char **argv);
static void apns_goaway(int argc, char **argv);
static void apns_answer(int argc, char **argv);
static void apns_forget(int argc, char **argv);
static void apns_hold(int argc, char **argv);
static void apns_release(int argc, char **argv);
static void apns_finish(int argc, char **argv);
static void apns_deaf(int argc, char **argv);
static void apns_mute(int argc, char **argv);
static void apns_drop(int argc, char **argv);
static void apns_garbage(int argc, char **argv);
static void apns_number(int argc, char **argv);


static apns_connection_t  *apns_connections[APNS_CONNECTIONS];
static apns_rule_t         apns_rules[APNS_RULES];
static int                 apns_nrules;
static SSL_CTX            *apns_tls;
static FILE               *apns_log;
static int                 apns_alpn = 1;
static int                 apns_opened;
static int                 apns_holding;

/* What "streams" and "window" said last, for connections to come. */
static uint32_t            apns_max_streams = 1000;
static uint32_t            apns_initial_window = 65535;

/* What apns_number() sets. */
static int                 apns_reset;       /* so many streams with ... */
static int                 apns_reset_code;  /* ... this code */
static int                 apns_partial;     /* so many answers lack their end */
static int                 apns_informal;    /* a 103 before each answer */
static int                 apns_long;        /* so many bytes in each error */
static int                 apns_late;        /* no SETTINGS on new connections */
static int                 apns_closed;      /* no credit is given for bodies */
static int                 apns_silent;      /* PINGs are not answered */


static apns_command_t  apns_commands[] = {
    { "streams",  apns_streams },
    { "window",   apns_window },
    { "goaway",   apns_goaway },
    { "answer",   apns_answer },
    { "forget",   apns_forget },
    { "hold",     apns_hold },
    { "release",  apns_release },
    { "finish",   apns_finish },
    { "deaf",     apns_deaf },
    { "mute",     apns_mute },
    { "drop",     apns_drop },
    { "garbage",  apns_garbage },
    { "reset",    apns_number },
    { "partial",  apns_number },
    { "informal", apns_number },
    { "long",     apns_number },
    { "late",     apns_number },
    { "closed",   apns_number },
    { "silent",   apns_number },
    { NULL,       NULL }
};


#define apns_each(c)                                                         \
    for (int i_ = 0; i_ < APNS_CONNECTIONS; i_++)                            \
        if ((c = apns_connections[i_]) != NULL && c->session != NULL)


static void __attribute__((format(printf, 1, 2)))
apns_write(const char *fmt, ...)
{
    va_list          args;
    struct timespec  now;

    (void) clock_gettime(CLOCK_REALTIME, &now);
    fprintf(apns_log, "%ld.%03ld\t", (long) now.tv_sec, now.tv_nsec / 1000000);

    va_start(args, fmt);
    vfprintf(apns_log, fmt, args);
    va_end(args);

    fputc('\n', apns_log);
    fflush(apns_log);
}


static void
apns_write_request(const char *what, apns_request_t *r, int number)
{
    apns_write("%s\t%d\t%d\t%s\t%s\t%s\t%d\t%s", what, r->connection->number,
               r->stream, r->token, r->apns_id, r->topic, number,
               r->reason);
}


static void
apns_close(apns_connection_t *c, const char *why)
{
    int              i;
    apns_request_t  *r;

    apns_write("close\t%d\t%s", c->number, why);

    nghttp2_session_del(c->session);

    while (c->requests != NULL) {
        r = c->requests;
        c->requests = r->next;
        free(r);
    }

    SSL_free(c->ssl);
    close(c->fd);

    for (i = 0; i < APNS_CONNECTIONS; i++) {
        if (apns_connections[i] == c) {
            apns_connections[i] = NULL;
        }
    }

    free(c);
}


/* Requests and answers. */


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

    for (i = apns_nrules - 1; i >= 0; i--) {
        if (strncmp(r->token, apns_rules[i].prefix,
                    strlen(apns_rules[i].prefix)) == 0)
        {
            return &apns_rules[i];
        }
    }

    return NULL;
}


static void
apns_make_body(apns_request_t *r)
{
    r->len = snprintf(r->body, sizeof(r->body), "{\"reason\":\"%s\"}",
                      r->reason);

    while (r->len < (size_t) apns_long && r->len < sizeof(r->body)) {
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


static void
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
    r->open = apns_partial > 0;
    apns_partial -= r->open;

    if (r->status != 200) {
        (void) strcpy(r->reason, rule->reason);
        apns_make_body(r);
    }

    (void) snprintf(status, sizeof(status), "%d", r->status);
    headers[0] = apns_header(":status", status);
    headers[1] = apns_header("apns-id", r->apns_id);

    if (apns_informal) {
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

    if (apns_reset > 0) {
        apns_reset--;
        (void) nghttp2_submit_rst_stream(r->connection->session, 0, r->stream,
                                         apns_reset_code);
        return;
    }

    if (!apns_holding) {
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
    if (apns_closed) {
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

        if (!(frame->hd.flags & NGHTTP2_FLAG_ACK) && !apns_silent) {
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


/* Connections. */


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


static void
apns_settle(apns_connection_t *c)
{
    nghttp2_settings_entry  settings[2];

    settings[0].settings_id = NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS;
    settings[0].value = apns_max_streams;
    settings[1].settings_id = NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE;
    settings[1].value = apns_initial_window;

    (void) nghttp2_submit_settings(c->session, 0, settings, 2);
    c->settled = 1;
}


static int
apns_begin(apns_connection_t *c)
{
    char                        subject[512] = "", serial[128] = "";
    X509                       *certificate;
    BIGNUM                     *number;
    nghttp2_option             *option;
    nghttp2_session_callbacks  *callbacks;

    certificate = SSL_get0_peer_certificate(c->ssl);

    if (certificate != NULL) {
        (void) X509_NAME_oneline(X509_get_subject_name(certificate), subject,
                                 sizeof(subject));
        number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
        (void) snprintf(serial, sizeof(serial), "%s", BN_bn2hex(number));
        BN_free(number);
    }

    apns_write("open\t%d\t%s\t%s\t%s", c->number, serial, subject,
               SSL_get_version(c->ssl));

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

    c->deaf = apns_late;

    if (!apns_late) {
        apns_settle(c);
    }

    return 0;
}


/* Returns 0 when the connection is over. */

static int
apns_shake_hands(apns_connection_t *c)
{
    int  rc;

    ERR_clear_error();
    rc = SSL_accept(c->ssl);

    if (rc == 1) {
        return apns_begin(c) == 0;
    }

    rc = SSL_get_error(c->ssl, rc);
    c->wants_write = rc == SSL_ERROR_WANT_WRITE;

    return rc == SSL_ERROR_WANT_READ || rc == SSL_ERROR_WANT_WRITE;
}


static int
apns_receive(apns_connection_t *c)
{
    int      n;
    uint8_t  buf[16384];

    while (!c->deaf && !c->mute) {
        ERR_clear_error();
        n = SSL_read(c->ssl, buf, sizeof(buf));

        if (n <= 0) {
            return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ;
        }

        if (nghttp2_session_mem_recv(c->session, buf, n) != n) {
            return 0;
        }
    }

    return 1;
}


static void
apns_process(apns_connection_t *c, int readable)
{
    if (c->session == NULL) {
        if (!apns_shake_hands(c)) {
            apns_close(c, "handshake");
            return;
        }

        if (c->session == NULL) {
            return;
        }
    }

    if (readable && !apns_receive(c)) {
        apns_close(c, "client");
        return;
    }

    c->wants_write = 0;

    if (nghttp2_session_send(c->session) != 0) {
        apns_close(c, "write");
        return;
    }

    if (!nghttp2_session_want_read(c->session)
        && !nghttp2_session_want_write(c->session))
    {
        (void) SSL_shutdown(c->ssl);
        apns_close(c, "done");
    }
}


static void
apns_accept(int listening)
{
    int                 i, fd, on;
    apns_connection_t  *c;

    fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC);

    if (fd == -1) {
        return;
    }

    for (i = 0; i < APNS_CONNECTIONS; i++) {
        if (apns_connections[i] == NULL) {
            break;
        }
    }

    c = i < APNS_CONNECTIONS ? calloc(1, sizeof(*c)) : NULL;

    if (c == NULL) {
        close(fd);
        return;
    }

    on = 1;
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

    c->fd = fd;
    c->number = ++apns_opened;
    c->ssl = SSL_new(apns_tls);
    SSL_set_fd(c->ssl, fd);
    apns_connections[i] = c;

    apns_process(c, 1);
}


/* Commands. */


static void
apns_streams(int argc, char **argv)
{
    apns_connection_t  *c;

    apns_max_streams = atoi(argv[1]);

    apns_each(c) {
        apns_settle(c);
    }
}


static void
apns_window(int argc, char **argv)
{
    apns_connection_t  *c;

    apns_initial_window = atoi(argv[1]);

    apns_each(c) {
        apns_settle(c);
    }
}


static void
apns_goaway(int argc, char **argv)
{
    int                 keep, len;
    char                debug[256];
    int32_t             last;
    apns_request_t     *r;
    apns_connection_t  *c;

    keep = argc > 1 ? atoi(argv[1]) : 0;
    len = snprintf(debug, sizeof(debug), "{\"reason\":\"%s\"}",
                   argc > 2 ? argv[2] : "Shutdown");

    apns_each(c) {
        r = c->requests;
        last = r != NULL ? r->stream - 2
                         : nghttp2_session_get_last_proc_stream_id(c->session);

        for (int n = 0; r != NULL && n < keep; n++, r = r->next) {
            last = r->stream;
        }

        (void) nghttp2_submit_goaway(c->session, 0, last > 0 ? last : 0,
                                     NGHTTP2_NO_ERROR, (uint8_t *) debug, len);
    }
}


static void
apns_answer(int argc, char **argv)
{
    apns_rule_t  *rule;

    if (apns_nrules == APNS_RULES) {
        abort();
    }

    rule = &apns_rules[apns_nrules++];
    (void) snprintf(rule->prefix, sizeof(rule->prefix), "%s",
                    strcmp(argv[1], "*") == 0 ? "" : argv[1]);
    rule->status = atoi(argv[2]);
    (void) snprintf(rule->reason, sizeof(rule->reason), "%s",
                    argc > 3 ? argv[3] : "");
}


static void
apns_forget(int argc, char **argv)
{
    apns_nrules = 0;
}


static void
apns_hold(int argc, char **argv)
{
    apns_holding = 1;
}


/* "backwards": the newest first. */

static void
apns_release(int argc, char **argv)
{
    int                 n, i;
    apns_request_t     *r, *held[10000];
    apns_connection_t  *c;

    apns_holding = 0;

    apns_each(c) {
        n = 0;

        for (r = c->requests; r != NULL && n < 10000; r = r->next) {
            if (r->status == 0) {
                held[n++] = r;
            }
        }

        for (i = 0; i < n; i++) {
            apns_respond(argc > 1 ? held[n - 1 - i] : held[i]);

            if (argc > 1) {
                (void) nghttp2_session_send(c->session);
            }
        }
    }
}


static void
apns_finish(int argc, char **argv)
{
    apns_request_t     *r;
    apns_connection_t  *c;

    apns_partial = 0;

    apns_each(c) {
        for (r = c->requests; r != NULL; r = r->next) {
            if (r->open) {
                r->open = 0;
                (void) nghttp2_session_resume_data(c->session, r->stream);
            }
        }
    }
}


static void
apns_deaf(int argc, char **argv)
{
    apns_connection_t  *c;

    apns_each(c) {
        c->deaf = atoi(argv[1]);
    }
}


static void
apns_mute(int argc, char **argv)
{
    apns_connection_t  *c;

    apns_each(c) {
        c->mute = 1;
    }
}


static void
apns_drop(int argc, char **argv)
{
    struct linger       linger = { 1, 0 };
    apns_connection_t  *c;

    apns_each(c) {
        (void) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger,
                          sizeof(linger));
        apns_close(c, "dropped");
    }
}


static void
apns_garbage(int argc, char **argv)
{
    apns_connection_t  *c;

    apns_each(c) {
        (void) SSL_write(c->ssl, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
    }
}


static void
apns_number(int argc, char **argv)
{
    int                 i;
    apns_connection_t  *c;
    struct {
        const char     *name;
        int            *number;
    } numbers[] = {
        { "reset", &apns_reset }, { "partial", &apns_partial },
        { "informal", &apns_informal }, { "long", &apns_long },
        { "late", &apns_late }, { "closed", &apns_closed },
        { "silent", &apns_silent }
    };

    for (i = 0; strcmp(numbers[i].name, argv[0]) != 0; i++) {
        /* void */
    }

    *numbers[i].number = atoi(argv[1]);
    apns_reset_code = argc > 2 ? atoi(argv[2]) : NGHTTP2_REFUSED_STREAM;

    apns_each(c) {
        if (!apns_late && !c->settled) {
            c->deaf = 0;
            apns_settle(c);
        }
    }
}


static void
apns_command(char *line)
{
    int                 argc;
    char               *argv[8], *word, copy[4096];
    apns_command_t     *command;
    apns_connection_t  *c;

    (void) snprintf(copy, sizeof(copy), "%s", line);
    argc = 0;

    for (word = strtok(copy, " "); word && argc < 8; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }

    for (command = apns_commands; command->name != NULL; command++) {
        if (argc && strcmp(command->name, argv[0]) == 0) {
            break;
        }
    }

    if (command->name == NULL) {
        apns_write("unknown\t%s", line);
        return;
    }

    command->run(argc, argv);

    apns_each(c) {
        apns_process(c, 1);
    }

    apns_write("did\t%s", line);
}


/* Returns 0 when nobody commands any more. */

static int
apns_listen_to_commands(void)
{
    char           *end;
    ssize_t         n;
    static char     line[4096];
    static size_t   len;

    n = read(0, line + len, sizeof(line) - 1 - len);

    if (n <= 0) {
        return 0;
    }

    len += n;
    line[len] = '\0';

    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        apns_command(line);
        len -= end + 1 - line;
        memmove(line, end + 1, len + 1);
    }

    return 1;
}


static int
apns_choose(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned int inlen, void *data)
{
    if (!apns_alpn || nghttp2_select_next_protocol((unsigned char **) out,
                                                   outlen, in, inlen) != 1)
    {
        return SSL_TLSEXT_ERR_NOACK;
    }

    return SSL_TLSEXT_ERR_OK;
}


static int
apns_any_certificate(int ok, X509_STORE_CTX *store)
{
    return 1;
}


static void
apns_configure(char **argv)
{
    int  verify;

    verify = 0;

    for (char **word = argv + 6; *word != NULL; word++) {
        verify |= strcmp(*word, "verify") == 0;
        apns_alpn &= strcmp(*word, "noalpn") != 0;
    }

    apns_tls = SSL_CTX_new(TLS_server_method());

    if (SSL_CTX_use_certificate_chain_file(apns_tls, argv[2]) != 1
        || SSL_CTX_use_PrivateKey_file(apns_tls, argv[3],
                                       SSL_FILETYPE_PEM) != 1
        || SSL_CTX_load_verify_locations(apns_tls, argv[4], NULL) != 1)
    {
        ERR_print_errors_fp(stderr);
        exit(1);
    }

    SSL_CTX_set_client_CA_list(apns_tls, SSL_load_client_CA_file(argv[4]));
    SSL_CTX_set_verify(apns_tls,
                       SSL_VERIFY_PEER|SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       verify ? NULL : apns_any_certificate);
    SSL_CTX_set_session_id_context(apns_tls, (unsigned char *) "apns", 4);
    SSL_CTX_set_mode(apns_tls, SSL_MODE_ENABLE_PARTIAL_WRITE
                               |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_alpn_select_cb(apns_tls, apns_choose, NULL);
}


static int
apns_listen(int port)
{
    int                 fd, on;
    struct sockaddr_in  address;

    fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    on = 1;
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    if (bind(fd, (struct sockaddr *) &address, sizeof(address)) == -1
        || listen(fd, 512) == -1)
    {
        perror("listen");
        exit(1);
    }

    return fd;
}


static void
apns_loop(int listening)
{
    int                 i, n;
    struct pollfd       fds[APNS_CONNECTIONS + 2];
    apns_connection_t  *c, *polled[APNS_CONNECTIONS + 2];

    for ( ;; ) {
        fds[0] = (struct pollfd) { .fd = 0, .events = POLLIN };
        fds[1] = (struct pollfd) { .fd = listening, .events = POLLIN };
        n = 2;

        for (i = 0; i < APNS_CONNECTIONS; i++) {
            c = apns_connections[i];

            if (c == NULL || c->mute || (c->deaf && !c->wants_write)) {
                continue;
            }

            fds[n] = (struct pollfd) { .fd = c->fd,
                .events = (c->deaf ? 0 : POLLIN)
                          | (c->wants_write ? POLLOUT : 0) };
            polled[n++] = c;
        }

        if (poll(fds, n, -1) == -1) {
            continue;
        }

        for (i = 2; i < n; i++) {
            if (fds[i].revents) {
                apns_process(polled[i], fds[i].revents & ~POLLOUT);
            }
        }

        if (fds[1].revents) {
            apns_accept(listening);
        }

        if (fds[0].revents && !apns_listen_to_commands()) {
            return;
        }
    }
}


int
main(int argc, char **argv)
{
    int  listening;

    if (argc < 6 || (apns_log = fopen(argv[5], "a")) == NULL) {
        fprintf(stderr, "usage: apns PORT CERTIFICATE KEY CLIENT_CA LOG\n");
        return 1;
    }

    apns_configure(argv);
    listening = apns_listen(atoi(argv[1]));
    apns_write("ready");
    apns_loop(listening);

    return 0;
}
