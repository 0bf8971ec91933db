
/*
 * The life of one connection to APNs: its states, its one timer, and its end.
 * Whatever ends it, the pushes that it holds go back to the topic.
 */


#include "ngx_mdm_apns_internal.h"


static void ngx_mdm_apns_connection_event(ngx_event_t *ev);
static void ngx_mdm_apns_connection_step(ngx_mdm_apns_connection_t *conn,
    ngx_uint_t write);
static void ngx_mdm_apns_connection_timer(ngx_event_t *ev);
static void ngx_mdm_apns_connection_late(ngx_mdm_apns_connection_t *conn);
static void ngx_mdm_apns_connection_alone(ngx_mdm_apns_connection_t *conn);
static void ngx_mdm_apns_connection_idle(ngx_mdm_apns_connection_t *conn);
static void ngx_mdm_apns_connection_crowd(ngx_mdm_apns_t *apns);
static void ngx_mdm_apns_connection_ended(ngx_mdm_apns_connection_t *conn,
    ngx_mdm_apns_end_e cause);
static void ngx_mdm_apns_connection_give_back(
    ngx_mdm_apns_connection_t *conn);
static void ngx_mdm_apns_connection_gone(ngx_mdm_apns_topic_t *topic,
    ngx_uint_t brief);
static void ngx_mdm_apns_connection_opened(ngx_mdm_apns_connection_t *conn);
static void ngx_mdm_apns_connection_ready(ngx_mdm_apns_connection_t *conn,
    ngx_int_t n);
static void ngx_mdm_apns_connection_free(ngx_mdm_apns_connection_t *conn);


/* legal[from][to] */

static const u_char
    ngx_mdm_apns_legal_moves[NGX_MDM_APNS_NSTATES][NGX_MDM_APNS_NSTATES] =
{
                     /* RES CON PRX HSK STA RDY DRN */
    /* RESOLVING */    { 0,  1,  0,  0,  0,  0,  0 },
    /* CONNECTING */   { 0,  0,  1,  1,  0,  0,  0 },
    /* PROXY */        { 0,  0,  0,  1,  0,  0,  0 },
    /* HANDSHAKE */    { 0,  0,  0,  0,  1,  0,  0 },
    /* STARTING */     { 0,  0,  0,  0,  0,  1,  1 },
    /* READY */        { 0,  0,  0,  0,  0,  0,  1 },
    /* DRAINING */     { 0,  0,  0,  0,  0,  0,  0 }
};


static const char *const  ngx_mdm_apns_state_names[] = {
    "RESOLVING", "CONNECTING", "PROXY", "HANDSHAKE", "STARTING", "READY",
    "DRAINING"
};


void
ngx_mdm_apns_connection_open(ngx_mdm_apns_topic_t *topic)
{
    ngx_mdm_apns_connection_t  *conn;

    conn = ngx_calloc(sizeof(ngx_mdm_apns_connection_t), topic->apns->log);
    if (conn == NULL) {
        ngx_mdm_apns_topic_failed(topic, "no memory");
        return;
    }

    conn->topic = topic;
    conn->apns = topic->apns;
    conn->opened = ngx_current_msec;
    ngx_queue_init(&conn->in_flight);

    conn->timer.handler = ngx_mdm_apns_connection_timer;
    conn->timer.data = conn;
    conn->timer.log = conn->apns->log;
    conn->timer.cancelable = 1;

    ngx_queue_insert_tail(&topic->connections, &conn->queue);
    topic->nopening++;
    conn->apns->nopening++;
    conn->apns->nconnections++;

    if (topic->host == NULL) {
        ngx_mdm_apns_connection_lost(conn, "this certificate is for Apple's "
                                     "development service: mdm_apns needs "
                                     "development=");
        return;
    }

    ngx_mdm_apns_resolve(conn);
}


void
ngx_mdm_apns_connection_move(ngx_mdm_apns_connection_t *conn,
    ngx_mdm_apns_connection_e state)
{
    if (!ngx_mdm_apns_legal_moves[conn->state][state]) {
        ngx_log_error(NGX_LOG_ALERT, conn->apns->log, 0,
                      "mdm: connection to APNs cannot move from %s to %s",
                      ngx_mdm_apns_state_names[conn->state],
                      ngx_mdm_apns_state_names[state]);
        return;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, conn->apns->log, 0,
                   "mdm: connection to APNs %p moves from %s to %s", conn,
                   ngx_mdm_apns_state_names[conn->state],
                   ngx_mdm_apns_state_names[state]);

    if (conn->state < NGX_MDM_APNS_READY && state >= NGX_MDM_APNS_READY) {
        ngx_mdm_apns_connection_opened(conn);
    }

    if (state == NGX_MDM_APNS_READY) {
        conn->topic->ready_at = ngx_current_msec;
        ngx_mdm_count(&conn->apns->counters->connects);
        ngx_mdm_apns_connection_ready(conn, 1);

    } else if (conn->state == NGX_MDM_APNS_READY) {
        ngx_mdm_apns_connection_ready(conn, -1);
    }

    conn->state = state;
}


/* It is there, or is not going to be. */

static void
ngx_mdm_apns_connection_opened(ngx_mdm_apns_connection_t *conn)
{
    conn->topic->nopening--;
    conn->apns->nopening--;

    ngx_mdm_apns_want_go(conn->apns);
}


/* There is one more that takes pushes, or one less. */

static void
ngx_mdm_apns_connection_ready(ngx_mdm_apns_connection_t *conn, ngx_int_t n)
{
    conn->topic->nready += n;

    ngx_mdm_apns_gauge(conn->apns->gauges, &conn->apns->gauges->connections,
                       n);
}


/* From here to the first SETTINGS the time is counted as one. */

void
ngx_mdm_apns_connection_watch(ngx_mdm_apns_connection_t *conn)
{
    ngx_connection_t  *c;

    c = conn->connection;

    c->data = conn;
    c->log = conn->apns->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = ngx_mdm_apns_connection_event;
    c->write->handler = ngx_mdm_apns_connection_event;

    if (conn->state == NGX_MDM_APNS_RESOLVING) {
        ngx_mdm_apns_connection_move(conn, NGX_MDM_APNS_CONNECTING);
    }

    ngx_add_timer(&conn->timer, NGX_MDM_APNS_CONNECT_TIME);
}


void
ngx_mdm_apns_connection_connected(ngx_mdm_apns_connection_t *conn)
{
    ngx_add_timer(&conn->timer, NGX_MDM_APNS_START_TIME);

    if (conn->apns->conf->proxy.name.len == 0) {
        ngx_mdm_apns_connection_through(conn);
        return;
    }

    ngx_mdm_apns_connection_move(conn, NGX_MDM_APNS_PROXY);
    ngx_mdm_apns_proxy_start(conn);
}


void
ngx_mdm_apns_connection_through(ngx_mdm_apns_connection_t *conn)
{
    ngx_mdm_apns_connection_move(conn, NGX_MDM_APNS_HANDSHAKE);
    ngx_mdm_apns_handshake_start(conn);
}


void
ngx_mdm_apns_connection_secure(ngx_mdm_apns_connection_t *conn)
{
    ngx_mdm_apns_connection_move(conn, NGX_MDM_APNS_STARTING);
    ngx_mdm_apns_resolve_cancel(conn);

    if (ngx_mdm_apns_http2_start(conn) != NGX_OK) {
        ngx_mdm_apns_connection_lost(conn, "no memory");
        return;
    }

    ngx_mdm_apns_connection_step(conn, 1);
}


static void
ngx_mdm_apns_connection_event(ngx_event_t *ev)
{
    ngx_connection_t           *c;
    ngx_mdm_apns_connection_t  *conn;

    c = ev->data;
    conn = c->data;

    /* nginx wants idle connections to go, for the worker exits */

    if (c->close && conn->nin_flight == 0
        && conn->state >= NGX_MDM_APNS_STARTING)
    {
        ngx_mdm_apns_connection_close(conn);
        return;
    }

    switch (conn->state) {

    case NGX_MDM_APNS_CONNECTING:
        ngx_mdm_apns_connect_event(conn);
        return;

    case NGX_MDM_APNS_PROXY:
        ngx_mdm_apns_proxy_event(conn);
        return;

    case NGX_MDM_APNS_HANDSHAKE:
        ngx_mdm_apns_handshake_event(conn);
        return;

    default:
        ngx_mdm_apns_connection_step(conn, ev->write);
    }
}


/* TLS may want to read before it can write and the other way round, so an
 * event of either kind does both; what was read is written about at the end of
 * the turn. */

static void
ngx_mdm_apns_connection_step(ngx_mdm_apns_connection_t *conn,
    ngx_uint_t write)
{
    if (ngx_mdm_apns_read(conn) != NGX_OK
        || ((write || conn->rest != NULL)
            && ngx_mdm_apns_flush(conn) != NGX_OK)
        || ngx_mdm_apns_connection_settle(conn) != NGX_OK)
    {
        return;
    }

    if (ngx_mdm_apns_event_arm(conn->connection) != NGX_OK) {
        ngx_mdm_apns_connection_lost(conn, "cannot wait for the socket");
    }
}


/* Nothing with epoll, which is edge-triggered. */

ngx_int_t
ngx_mdm_apns_event_arm(ngx_connection_t *c)
{
    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_handle_write_event(c->write, 0);
}


ngx_int_t
ngx_mdm_apns_connection_settle(ngx_mdm_apns_connection_t *conn)
{
    if (conn->flush) {
        ngx_mdm_apns_topic_post(conn->topic);
    }

    if (conn->nin_flight != 0 || conn->state < NGX_MDM_APNS_READY) {
        return NGX_OK;
    }

    if (conn->unwanted) {
        ngx_mdm_apns_connection_lost(conn, "the server wants it to end");
        return NGX_DONE;
    }

    if (conn->state == NGX_MDM_APNS_DRAINING || ngx_exiting) {
        ngx_mdm_apns_connection_close(conn);
        return NGX_DONE;
    }

    if (!conn->is_idle) {
        ngx_mdm_apns_connection_idle(conn);
    }

    return NGX_OK;
}


/* A connection gets its first push; its timer looks at that one's age, or at
 * the answer to a PING when nobody knows whether the way is still there. */

void
ngx_mdm_apns_connection_busy(ngx_mdm_apns_connection_t *conn)
{
    ngx_msec_t  time;

    conn->answer_at = ngx_current_msec;
    time = NGX_MDM_APNS_ANSWER_TIME;

    if (conn->is_idle) {
        ngx_queue_remove(&conn->idle);
        conn->apns->nidle--;
        conn->is_idle = 0;
        conn->connection->idle = 0;

        if (ngx_current_msec - conn->idle_at > NGX_MDM_APNS_STALE_TIME) {
            ngx_mdm_apns_http2_ping(conn);
        }
    }

    if (conn->pinged) {
        time = NGX_MDM_APNS_PING_TIME;
    }

    ngx_add_timer(&conn->timer, time);
}


static void
ngx_mdm_apns_connection_idle(ngx_mdm_apns_connection_t *conn)
{
    ngx_mdm_apns_t  *apns;

    apns = conn->apns;

    conn->is_idle = 1;
    conn->idle_at = ngx_current_msec;
    conn->connection->idle = 1;

    apns->nidle++;

    /* not this one, which is not among them yet */

    ngx_mdm_apns_connection_crowd(apns);

    ngx_queue_insert_tail(&apns->idle, &conn->idle);
    ngx_mdm_apns_connection_allowed(conn);

    /* another topic may want its place */

    ngx_mdm_apns_want_go(apns);
}


/* It is idle, or the server allows it another number of streams: none must not
 * be for long. */

void
ngx_mdm_apns_connection_allowed(ngx_mdm_apns_connection_t *conn)
{
    ngx_msec_t  time;

    if (!conn->is_idle) {
        return;
    }

    if (conn->limit == 0) {
        time = NGX_MDM_APNS_START_TIME;

    } else {
        time = conn->answered ? NGX_MDM_APNS_SURPLUS_TIME
                              : NGX_MDM_APNS_FRESH_TIME;
    }

    ngx_add_timer(&conn->timer, time);
}


/* When there are too many. */

static void
ngx_mdm_apns_connection_crowd(ngx_mdm_apns_t *apns)
{
    if (apns->nidle > apns->max_idle) {
        (void) ngx_mdm_apns_connection_spare(apns);
    }
}


ngx_uint_t
ngx_mdm_apns_connection_spare(ngx_mdm_apns_t *apns)
{
    ngx_queue_t                *q;
    ngx_mdm_apns_connection_t  *conn;

    for (q = ngx_queue_head(&apns->idle);
         q != ngx_queue_sentinel(&apns->idle);
         q = ngx_queue_next(q))
    {
        conn = ngx_queue_data(q, ngx_mdm_apns_connection_t, idle);

        if (conn->answered != 0
            || ngx_current_msec - conn->idle_at >= NGX_MDM_APNS_FRESH_TIME)
        {
            ngx_mdm_apns_connection_close(conn);
            return 1;
        }
    }

    return 0;
}


static void
ngx_mdm_apns_connection_timer(ngx_event_t *ev)
{
    ngx_mdm_apns_connection_t  *conn;

    conn = ev->data;

    switch (conn->state) {

    case NGX_MDM_APNS_CONNECTING:
        ngx_mdm_apns_connect_next(conn, "it does not answer");
        return;

    case NGX_MDM_APNS_PROXY:
        ngx_mdm_apns_connection_lost(conn, "the proxy %s does not answer",
                                     conn->text);
        return;

    case NGX_MDM_APNS_HANDSHAKE:

        if (ngx_mdm_apns_handshake_is_ours(conn)) {
            ngx_mdm_apns_connection_lost(conn, "the thread pool \"mdm\" has "
                                         "no time for TLS");
            return;
        }

        /* fall through */

    case NGX_MDM_APNS_STARTING:

        if (conn->settled) {
            ngx_mdm_apns_connection_lost(conn, "the server allows no "
                                         "streams");
            return;
        }

        ngx_mdm_apns_connection_lost(conn, "%s does not answer", conn->text);
        return;

    default:
        break;
    }

    if (conn->pinged) {
        ngx_mdm_apns_connection_lost(conn, "no answer to a PING within %d "
                                     "seconds",
                                     NGX_MDM_APNS_PING_TIME / 1000);
        return;
    }

    if (conn->nin_flight != 0) {
        ngx_mdm_apns_connection_late(conn);
        return;
    }

    ngx_mdm_apns_connection_alone(conn);
}


/* The oldest push has no answer in time.  Where others had theirs, only it is
 * given up. */

static void
ngx_mdm_apns_connection_late(ngx_mdm_apns_connection_t *conn)
{
    ngx_msec_t            age;
    ngx_queue_t          *q;
    ngx_mdm_apns_push_t  *push;

    while (conn->nin_flight != 0) {
        q = ngx_queue_head(&conn->in_flight);
        push = ngx_queue_data(q, ngx_mdm_apns_push_t, queue);
        age = ngx_current_msec - push->at;

        if (age < NGX_MDM_APNS_ANSWER_TIME) {
            ngx_add_timer(&conn->timer, NGX_MDM_APNS_ANSWER_TIME - age);
            break;
        }

        if ((ngx_msec_int_t) (conn->answer_at - push->at) <= 0) {
            ngx_mdm_apns_connection_lost(conn, "no answer within %d seconds",
                                         NGX_MDM_APNS_ANSWER_TIME / 1000);
            return;
        }

        ngx_mdm_apns_http2_cancel(conn, push);
    }

    if (ngx_mdm_apns_flush(conn) == NGX_OK) {
        (void) ngx_mdm_apns_connection_settle(conn);
    }
}


/* Idle: one that was new can be spared now, one that is not needed goes, one
 * that nobody heard of for long is tried. */

static void
ngx_mdm_apns_connection_alone(ngx_mdm_apns_connection_t *conn)
{
    ngx_msec_t  idle;

    if (conn->limit == 0 && conn->topic->nwaiting != 0) {
        ngx_mdm_apns_connection_lost(conn, "the server allows no streams");
        return;
    }

    idle = ngx_current_msec - conn->idle_at;

    if (idle < NGX_MDM_APNS_SURPLUS_TIME && conn->limit != 0) {
        ngx_add_timer(&conn->timer, NGX_MDM_APNS_SURPLUS_TIME - idle);
        ngx_mdm_apns_want_go(conn->apns);
        ngx_mdm_apns_connection_crowd(conn->apns);
        return;
    }

    if (conn->topic->nready > 1 || conn->limit == 0) {
        ngx_mdm_apns_connection_close(conn);
        return;
    }

    if (idle < NGX_MDM_APNS_IDLE_TIME) {
        ngx_add_timer(&conn->timer, NGX_MDM_APNS_IDLE_TIME - idle);
        return;
    }

    ngx_mdm_apns_http2_ping(conn);
    ngx_add_timer(&conn->timer, NGX_MDM_APNS_PING_TIME);

    (void) ngx_mdm_apns_flush(conn);
}


/* No more pushes: those that it has are waited for. */

void
ngx_mdm_apns_connection_drain(ngx_mdm_apns_connection_t *conn)
{
    if (conn->state == NGX_MDM_APNS_DRAINING) {
        return;
    }

    ngx_mdm_apns_connection_move(conn, NGX_MDM_APNS_DRAINING);
    conn->topic->changed = 1;

    ngx_mdm_apns_topic_post(conn->topic);
}


ngx_uint_t
ngx_mdm_apns_connection_free_streams(ngx_mdm_apns_connection_t *conn)
{
    if (conn->state != NGX_MDM_APNS_READY || conn->nin_flight >= conn->limit) {
        return 0;
    }

    return conn->limit - conn->nin_flight;
}


/*
 * A connection that never gave an answer is a failed attempt, and the next
 * waits longer; but one that nobody used may go as it likes.  After one that
 * gave few, the next waits a second, in case it is all the server ever gives.
 */

void
ngx_mdm_apns_connection_lost(ngx_mdm_apns_connection_t *conn,
    const char *fmt, ...)
{
    int                    n;
    char                   text[256];
    va_list                args;
    ngx_uint_t             failed, brief, unanswered;
    ngx_mdm_apns_topic_t  *topic;

    va_start(args, fmt);
    n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    if (conn->reason[0] != '\0' && n >= 0 && n < (int) sizeof(text)) {
        (void) snprintf(text + n, sizeof(text) - n, " (%s)", conn->reason);
    }

    topic = conn->topic;
    unanswered = conn->nin_flight;

    failed = conn->state < NGX_MDM_APNS_READY
             || (conn->answered == 0
                 && (unanswered != 0 || topic->nwaiting != 0))
             || (conn->limit == 0 && topic->nwaiting != 0);

    brief = conn->answered < NGX_MDM_APNS_FEW_ANSWERS
            && ngx_current_msec - conn->opened < NGX_MDM_APNS_RETRY_FIRST;

    if (unanswered != 0 && conn->answered != 0) {
        ngx_log_error(NGX_LOG_WARN, topic->apns->log, 0,
                      "mdm: push topic %V: connection lost with %ui pushes "
                      "unanswered: %s", &topic->name, unanswered, text);

    } else if (!failed) {
        ngx_log_error(NGX_LOG_INFO, topic->apns->log, 0,
                      "mdm: push topic %V: connection closed: %s",
                      &topic->name, text);
    }

    ngx_mdm_apns_connection_ended(conn, conn->unwanted
                                        ? NGX_MDM_APNS_END_UNWANTED
                                        : NGX_MDM_APNS_END_LOST);
    ngx_mdm_apns_connection_give_back(conn);
    ngx_mdm_apns_connection_free(conn);

    if (failed) {
        ngx_mdm_apns_topic_failed(topic, text);
        return;
    }

    ngx_mdm_apns_connection_gone(topic, brief);
}


void
ngx_mdm_apns_connection_later(ngx_mdm_apns_connection_t *conn,
    const char *why)
{
    ngx_mdm_apns_topic_t  *topic;

    topic = conn->topic;

    ngx_mdm_apns_connection_free(conn);
    ngx_mdm_apns_want_later(topic, why);
}


/* Counted by its cause, or by the place where it did not come further: those
 * are in the order of the states. */

static void
ngx_mdm_apns_connection_ended(ngx_mdm_apns_connection_t *conn,
    ngx_mdm_apns_end_e cause)
{
    ngx_mdm_apns_counters_t  *counters;

    counters = conn->apns->counters;

    ngx_mdm_count(conn->state < NGX_MDM_APNS_READY
                  ? &counters->failures[conn->state] : &counters->ends[cause]);
}


/* Nobody knows whether the server has them. */

static void
ngx_mdm_apns_connection_give_back(ngx_mdm_apns_connection_t *conn)
{
    ngx_queue_t          *q;
    ngx_mdm_apns_push_t  *push;

    while (!ngx_queue_empty(&conn->in_flight)) {
        q = ngx_queue_head(&conn->in_flight);
        push = ngx_queue_data(q, ngx_mdm_apns_push_t, queue);

        ngx_queue_remove(q);

        ngx_memzero(&push->answer, sizeof(mdm_push_answer_t));
        push->sent = 1;

        ngx_mdm_apns_push_done(conn->topic, push);
    }

    ngx_mdm_apns_gauge(conn->apns->gauges, &conn->apns->gauges->in_flight,
                       - (ngx_int_t) conn->nin_flight);

    conn->topic->in_flight -= conn->nin_flight;
    conn->nin_flight = 0;
}


void
ngx_mdm_apns_connection_close(ngx_mdm_apns_connection_t *conn)
{
    ngx_mdm_apns_topic_t  *topic;

    topic = conn->topic;

    if (conn->state >= NGX_MDM_APNS_STARTING) {
        ngx_mdm_apns_leave(conn);
    }

    if (conn->state >= NGX_MDM_APNS_READY) {
        ngx_mdm_apns_connection_ended(conn, NGX_MDM_APNS_END_CLOSED);
    }

    ngx_mdm_apns_connection_give_back(conn);
    ngx_mdm_apns_connection_free(conn);

    ngx_mdm_apns_connection_gone(topic, 0);
}


/* While a topic fails nothing waits that would want another connection, and
 * this one may not have come as far as to end that. */

static void
ngx_mdm_apns_connection_gone(ngx_mdm_apns_topic_t *topic, ngx_uint_t brief)
{
    if ((brief || topic->failures != 0) && !topic->retry.timer_set) {
        ngx_add_timer(&topic->retry, NGX_MDM_APNS_RETRY_FIRST);
    }

    topic->changed = 1;
    ngx_mdm_apns_topic_post(topic);
}


static void
ngx_mdm_apns_connection_free(ngx_mdm_apns_connection_t *conn)
{
    ngx_queue_remove(&conn->queue);

    if (conn->state < NGX_MDM_APNS_READY) {
        ngx_mdm_apns_connection_opened(conn);
    }

    conn->apns->nconnections--;
    ngx_mdm_apns_want_go(conn->apns);

    if (conn->state == NGX_MDM_APNS_READY) {
        ngx_mdm_apns_connection_ready(conn, -1);
    }

    if (conn->is_idle) {
        ngx_queue_remove(&conn->idle);
        conn->apns->nidle--;
    }

    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    ngx_mdm_apns_resolve_cancel(conn);
    ngx_mdm_apns_proxy_free(conn);
    ngx_mdm_apns_handshake_leave(conn);
    ngx_mdm_apns_tls_close(conn);
    nghttp2_session_del(conn->session);

    if (conn->connection != NULL) {
        ngx_close_connection(conn->connection);
    }

    ngx_free(conn->rest);
    ngx_free(conn);
}
