
/*
 * libcurl on nginx's event loop: libcurl says which sockets to watch and when
 * to wake it, nginx does so.  Nothing here may call a blocking function of
 * libcurl; names are resolved in its own threads.
 *
 * libcurl owns the descriptors: it tells that a socket is to be watched no
 * more before it closes it, and then nginx's connection is freed without
 * closing anything.
 */


#include <curl/curl.h>

#include "ngx_mdm_http.h"
#include "../message/mdm_base.h"


/* Of an answer's body, which nobody reads. */
#define NGX_MDM_HTTP_MAX_ANSWER    (64 * 1024)
#define NGX_MDM_HTTP_CONNECTIONS   32           /* kept when idle */


typedef struct {
    ngx_queue_t               queue;
    ngx_mdm_http_t           *http;
    ngx_connection_t         *connection;
} ngx_mdm_http_socket_t;


struct ngx_mdm_http_s {
    CURLM                    *multi;
    ngx_log_t                *log;
    ngx_event_t               timer;
    ngx_event_t               finish;       /* collects what has ended */
    ngx_queue_t               requests;
    ngx_queue_t               sockets;
};


static ngx_int_t ngx_mdm_http_init(ngx_mdm_http_t *http);
static ngx_int_t ngx_mdm_http_prepare(ngx_mdm_http_request_t *request);
static CURLcode ngx_mdm_http_prepare_trust(ngx_mdm_http_request_t *request);
static ngx_int_t ngx_mdm_http_prepare_headers(
    ngx_mdm_http_request_t *request);
static void ngx_mdm_http_forget(ngx_mdm_http_request_t *request);
static int ngx_mdm_http_socket(CURL *easy, curl_socket_t fd, int what,
    void *data, void *socket);
static ngx_mdm_http_socket_t *ngx_mdm_http_watch(ngx_mdm_http_t *http,
    curl_socket_t fd);
static ngx_int_t ngx_mdm_http_event_set(ngx_event_t *ev, ngx_int_t event,
    ngx_uint_t on);
static void ngx_mdm_http_unwatch(ngx_mdm_http_socket_t *socket);
static void ngx_mdm_http_event_handler(ngx_event_t *ev);
static int ngx_mdm_http_timer(CURLM *multi, long ms, void *data);
static void ngx_mdm_http_timer_handler(ngx_event_t *ev);
static void ngx_mdm_http_finish(ngx_event_t *ev);
static void ngx_mdm_http_ended(CURL *easy, CURLcode code);
static size_t ngx_mdm_http_body(char *data, size_t size, size_t n,
    void *request);


ngx_uint_t
ngx_mdm_http_url_valid(const char *url)
{
    char        *scheme, *host;
    CURLU       *parts;
    ngx_uint_t   valid;

    parts = curl_url();
    scheme = NULL;
    host = NULL;

    valid = parts != NULL
            && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK
            && curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK
            && curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK
            && host[0] != '\0'
            && (ngx_strcmp(scheme, "https") == 0
                || ngx_strcmp(scheme, "http") == 0);

    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parts);

    return valid;
}


ngx_mdm_http_t *
ngx_mdm_http_create(ngx_cycle_t *cycle)
{
    ngx_mdm_http_t  *http;

    http = ngx_pcalloc(cycle->pool, sizeof(ngx_mdm_http_t));

    /* a body may be secret, and libcurl wipes nothing */

    if (http == NULL
        || curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, mdm_free,
                                mdm_realloc, strdup, calloc)
           != CURLE_OK)
    {
        return NULL;
    }

    http->log = cycle->log;
    ngx_queue_init(&http->requests);
    ngx_queue_init(&http->sockets);

    /* whoever waits for an answer keeps an exiting worker, not we */

    http->timer.handler = ngx_mdm_http_timer_handler;
    http->timer.data = http;
    http->timer.log = http->log;
    http->timer.cancelable = 1;

    http->finish.handler = ngx_mdm_http_finish;
    http->finish.data = http;
    http->finish.log = http->log;

    http->multi = curl_multi_init();

    if (http->multi == NULL || ngx_mdm_http_init(http) != NGX_OK) {
        return NULL;
    }

    return http;
}


static ngx_int_t
ngx_mdm_http_init(ngx_mdm_http_t *http)
{
    CURLM  *multi;

    multi = http->multi;

    if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, ngx_mdm_http_socket)
           != CURLM_OK
        || curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http) != CURLM_OK
        || curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION,
                             ngx_mdm_http_timer)
           != CURLM_OK
        || curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http) != CURLM_OK
        || curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                             (long) NGX_MDM_HTTP_CONNECTIONS)
           != CURLM_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_mdm_http_destroy(ngx_mdm_http_t *http)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&http->requests)) {
        q = ngx_queue_head(&http->requests);
        ngx_mdm_http_cancel(ngx_queue_data(q, ngx_mdm_http_request_t, queue));
    }

    (void) curl_multi_cleanup(http->multi);

    while (!ngx_queue_empty(&http->sockets)) {
        q = ngx_queue_head(&http->sockets);
        ngx_mdm_http_unwatch(ngx_queue_data(q, ngx_mdm_http_socket_t, queue));
    }

    if (http->timer.timer_set) {
        ngx_del_timer(&http->timer);
    }

    if (http->finish.posted) {
        ngx_delete_posted_event(&http->finish);
    }
}


ngx_int_t
ngx_mdm_http_post(ngx_mdm_http_t *http, ngx_mdm_http_request_t *request)
{
    request->http = http;
    request->list = NULL;
    request->received = 0;
    request->status = 0;
    request->retry_after = 0;
    request->error = NULL;
    request->detail[0] = '\0';

    request->easy = curl_easy_init();
    if (request->easy == NULL) {
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(&http->requests, &request->queue);

    if (ngx_mdm_http_prepare_headers(request) != NGX_OK
        || ngx_mdm_http_prepare(request) != NGX_OK
        || curl_multi_add_handle(http->multi, request->easy) != CURLM_OK)
    {
        ngx_mdm_http_forget(request);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_mdm_http_prepare(ngx_mdm_http_request_t *request)
{
    CURL      *easy;
    CURLcode   code;

    easy = request->easy;

    code = curl_easy_setopt(easy, CURLOPT_URL, request->url);
    code |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    code |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                             (curl_off_t) request->body.len);
    code |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.data);
    code |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->list);
    code |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "ngx_mdm");
    code |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                             (long) request->timeout);
    code |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    code |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ngx_mdm_http_body);
    code |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    code |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->detail);
    code |= curl_easy_setopt(easy, CURLOPT_PRIVATE, request);

    /* no signals, and no waiting for a resolver's thread at the end */

    code |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    code |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);

    code |= ngx_mdm_http_prepare_trust(request);

    return code == CURLE_OK ? NGX_OK : NGX_ERROR;
}


/*
 * Without a directory of certificates, which Debian's libcurl has beside its
 * file: it would be trusted, too, whatever the request says, and libcurl would
 * read the file anew for each connection, 20 ms of the event loop.
 */

static CURLcode
ngx_mdm_http_prepare_trust(ngx_mdm_http_request_t *request)
{
    char              *file;
    CURL              *easy;
    CURLcode           code;
    struct curl_blob   ca;

    easy = request->easy;

    if (request->ca.len != 0) {
        ca.data = request->ca.data;
        ca.len = request->ca.len;
        ca.flags = CURL_BLOB_NOCOPY;

        code = curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &ca);

        return code | curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }

    file = NULL;
    code = curl_easy_getinfo(easy, CURLINFO_CAINFO, &file);

    return file ? code | curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) : code;
}


static ngx_int_t
ngx_mdm_http_prepare_headers(ngx_mdm_http_request_t *request)
{
    size_t              i;
    struct curl_slist  *list;

    /* libcurl would wait for "100 Continue" before a long body */

    request->list = curl_slist_append(NULL, "Expect:");
    if (request->list == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < 4 && request->headers[i] != NULL; i++) {
        list = curl_slist_append(request->list, request->headers[i]);
        if (list == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_mdm_http_cancel(ngx_mdm_http_request_t *request)
{
    (void) curl_multi_remove_handle(request->http->multi, request->easy);
    ngx_mdm_http_forget(request);
}


static void
ngx_mdm_http_forget(ngx_mdm_http_request_t *request)
{
    ngx_queue_remove(&request->queue);

    curl_easy_cleanup(request->easy);
    curl_slist_free_all(request->list);

    request->easy = NULL;
    request->list = NULL;
}


/* libcurl's wish to have a socket watched.  What cannot be, for want of
 * connections, ends by its timeout; to say so would end all that libcurl does,
 * for ever. */

static int
ngx_mdm_http_socket(CURL *easy, curl_socket_t fd, int what, void *data,
    void *watched)
{
    ngx_connection_t       *c;
    ngx_mdm_http_t         *http;
    ngx_mdm_http_socket_t  *socket;

    http = data;
    socket = watched;

    if (what == CURL_POLL_REMOVE) {
        if (socket != NULL) {
            curl_multi_assign(http->multi, fd, NULL);
            ngx_mdm_http_unwatch(socket);
        }

        return 0;
    }

    if (socket == NULL) {
        socket = ngx_mdm_http_watch(http, fd);
        if (socket == NULL) {
            return 0;
        }

        curl_multi_assign(http->multi, fd, socket);
    }

    c = socket->connection;

    (void) ngx_mdm_http_event_set(c->read, NGX_READ_EVENT,
                                  (what & CURL_POLL_IN) != 0);
    (void) ngx_mdm_http_event_set(c->write, NGX_WRITE_EVENT,
                                  (what & CURL_POLL_OUT) != 0);

    return 0;
}


static ngx_mdm_http_socket_t *
ngx_mdm_http_watch(ngx_mdm_http_t *http, curl_socket_t fd)
{
    ngx_connection_t       *c;
    ngx_mdm_http_socket_t  *socket;

    socket = ngx_alloc(sizeof(ngx_mdm_http_socket_t), http->log);
    if (socket == NULL) {
        return NULL;
    }

    c = ngx_get_connection(fd, http->log);
    if (c == NULL) {
        ngx_free(socket);
        return NULL;
    }

    c->data = socket;
    c->log = http->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = ngx_mdm_http_event_handler;
    c->write->handler = ngx_mdm_http_event_handler;

    socket->http = http;
    socket->connection = c;
    ngx_queue_insert_tail(&http->sockets, &socket->queue);

    return socket;
}


static ngx_int_t
ngx_mdm_http_event_set(ngx_event_t *ev, ngx_int_t event, ngx_uint_t on)
{
    if (on && !ev->active) {
        return ngx_add_event(ev, event, NGX_LEVEL_EVENT);
    }

    if (!on && ev->active) {
        return ngx_del_event(ev, event, 0);
    }

    return NGX_OK;
}


/* The descriptor is libcurl's and still open. */

static void
ngx_mdm_http_unwatch(ngx_mdm_http_socket_t *socket)
{
    ngx_connection_t  *c;

    c = socket->connection;

    if (ngx_del_conn && (c->read->active || c->write->active)) {
        ngx_del_conn(c, 0);
    }

    (void) ngx_mdm_http_event_set(c->read, NGX_READ_EVENT, 0);
    (void) ngx_mdm_http_event_set(c->write, NGX_WRITE_EVENT, 0);

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    ngx_queue_remove(&socket->queue);
    ngx_free(socket);
}


static void
ngx_mdm_http_event_handler(ngx_event_t *ev)
{
    int                     running;
    ngx_connection_t       *c;
    ngx_mdm_http_t         *http;
    ngx_mdm_http_socket_t  *socket;

    c = ev->data;
    socket = c->data;
    http = socket->http;

    (void) curl_multi_socket_action(http->multi, c->fd,
                                    ev->write ? CURL_CSELECT_OUT
                                              : CURL_CSELECT_IN,
                                    &running);

    ngx_mdm_http_finish(&http->finish);
}


/* libcurl may ask for this inside any of its functions and must not be called
 * back there, so 0 waits for the next turn, too. */

static int
ngx_mdm_http_timer(CURLM *multi, long ms, void *data)
{
    ngx_mdm_http_t  *http;

    http = data;

    if (http->timer.timer_set) {
        ngx_del_timer(&http->timer);
    }

    if (ms >= 0) {
        ngx_add_timer(&http->timer, (ngx_msec_t) ms);
    }

    return 0;
}


static void
ngx_mdm_http_timer_handler(ngx_event_t *ev)
{
    int              running;
    ngx_mdm_http_t  *http;

    http = ev->data;

    (void) curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0,
                                    &running);

    ngx_mdm_http_finish(&http->finish);
}


/* One request for a call: its handler may cancel others. */

static void
ngx_mdm_http_finish(ngx_event_t *ev)
{
    int              left;
    CURL            *easy;
    CURLMsg         *message;
    CURLcode         code;
    ngx_mdm_http_t  *http;

    http = ev->data;

    message = curl_multi_info_read(http->multi, &left);
    if (message == NULL) {
        return;
    }

    if (left != 0 && !ev->posted) {
        ngx_post_event(ev, &ngx_posted_events);
    }

    if (message->msg == CURLMSG_DONE) {
        easy = message->easy_handle;
        code = message->data.result;
        (void) curl_multi_remove_handle(http->multi, easy);
        ngx_mdm_http_ended(easy, code);
    }
}


static void
ngx_mdm_http_ended(CURL *easy, CURLcode code)
{
    long                     status;
    curl_off_t               after;
    ngx_mdm_http_request_t  *request;

    status = 0;
    after = 0;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &request);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &after);

    /* a body that is too long was broken off by us, and its status counts */

    if (code == CURLE_OK
        || (code == CURLE_WRITE_ERROR
            && request->received > NGX_MDM_HTTP_MAX_ANSWER))
    {
        request->status = status;
        request->retry_after = (time_t) ngx_min(after, 86400);

    } else {
        request->error = curl_easy_strerror(code);

        if (request->detail[0] == '\0') {
            ngx_cpystrn((u_char *) request->detail, (u_char *) request->error,
                        sizeof(request->detail));
        }
    }

    ngx_mdm_http_forget(request);

    request->handler(request);
}


static size_t
ngx_mdm_http_body(char *data, size_t size, size_t n, void *request)
{
    ngx_mdm_http_request_t  *r;

    r = request;
    r->received += size * n;

    return r->received > NGX_MDM_HTTP_MAX_ANSWER ? 0 : size * n;
}
