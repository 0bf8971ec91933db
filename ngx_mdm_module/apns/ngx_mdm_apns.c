
/*
 * Topics and their pushes: which connection takes which push, when another
 * connection is opened, and what is told to the caller.  All of it is done at
 * the end of the event loop's turn, in ngx_mdm_apns_run(), so that the pushes
 * and answers of one turn share a record of TLS.
 */


#include "ngx_mdm_apns_internal.h"


static void ngx_mdm_apns_run(ngx_event_t *ev);
static ngx_int_t ngx_mdm_apns_tell(ngx_mdm_apns_topic_t *topic);
static void ngx_mdm_apns_dispatch(ngx_mdm_apns_topic_t *topic);
static ngx_mdm_apns_connection_t *ngx_mdm_apns_choose(
    ngx_mdm_apns_topic_t *topic);
static void ngx_mdm_apns_flush_all(ngx_mdm_apns_topic_t *topic);
static void ngx_mdm_apns_topic_crowded(ngx_event_t *ev);
static void ngx_mdm_apns_topic_retry(ngx_event_t *ev);
static ngx_int_t ngx_mdm_apns_topic_pair(ngx_mdm_apns_topic_t *topic,
    mdm_str_t certificate, mdm_str_t key);
static void ngx_mdm_apns_topic_wipe(ngx_mdm_apns_topic_t *topic);
static ngx_mdm_apns_host_t *ngx_mdm_apns_topic_host(ngx_mdm_apns_t *apns,
    ngx_uint_t development);


ngx_mdm_apns_t *
ngx_mdm_apns_create(ngx_cycle_t *cycle, ngx_mdm_apns_conf_t *conf,
    const ngx_mdm_apns_handlers_t *handlers,
    ngx_mdm_apns_counters_t *counters, ngx_mdm_apns_gauges_t *gauges,
    ngx_thread_pool_t *threads, ngx_mdm_counter_t *thread_counters)
{
    ngx_mdm_apns_t  *apns;

    apns = ngx_calloc(sizeof(ngx_mdm_apns_t), cycle->log);
    if (apns == NULL) {
        return NULL;
    }

    apns->conf = conf;
    apns->handlers = *handlers;
    apns->counters = counters;
    apns->gauges = gauges;
    apns->threads = threads;
    apns->thread_counters = thread_counters;
    apns->log = cycle->log;
    apns->quiet = *cycle->log;
    apns->quiet.log_level = NGX_LOG_EMERG;

    ngx_queue_init(&apns->topics);
    ngx_queue_init(&apns->busy);
    ngx_queue_init(&apns->idle);
    ngx_queue_init(&apns->queued);
    ngx_queue_init(&apns->shaking);

    apns->max_idle = ngx_min(NGX_MDM_APNS_MAX_IDLE, cycle->connection_n / 8);

    ngx_mdm_apns_want_init(apns, cycle->connection_n);

    apns->event.handler = ngx_mdm_apns_run;
    apns->event.data = apns;
    apns->event.log = cycle->log;

    ngx_mdm_restraint_init(&apns->restraint, cycle->log);

    if (ngx_mdm_apns_http2_init(apns) != NGX_OK) {
        ngx_mdm_apns_http2_done(apns);
        ngx_free(apns);
        return NULL;
    }

    return apns;
}


void
ngx_mdm_apns_destroy(ngx_mdm_apns_t *apns)
{
    ngx_queue_t           *q;
    ngx_mdm_apns_topic_t  *topic;

    apns->handlers.done = NULL;

    while (!ngx_queue_empty(&apns->topics)) {
        q = ngx_queue_head(&apns->topics);
        topic = ngx_queue_data(q, ngx_mdm_apns_topic_t, queue);

        ngx_mdm_apns_topic_destroy(topic);
    }

    ngx_mdm_apns_handshake_done(apns);
    ngx_mdm_apns_want_done(apns);

    if (apns->event.posted) {
        ngx_delete_posted_event(&apns->event);
    }

    ngx_mdm_restraint_done(&apns->restraint);
    ngx_mdm_apns_http2_done(apns);
    ngx_free(apns);
}


ngx_mdm_apns_topic_t *
ngx_mdm_apns_topic_create(ngx_mdm_apns_t *apns, ngx_str_t name,
    mdm_str_t certificate, mdm_str_t key, ngx_uint_t development, void *data)
{
    ngx_mdm_apns_topic_t  *topic;

    topic = ngx_calloc(sizeof(ngx_mdm_apns_topic_t) + name.len, apns->log);
    if (topic == NULL) {
        return NULL;
    }

    topic->apns = apns;

    if (ngx_mdm_apns_topic_pair(topic, certificate, key) != NGX_OK) {
        ngx_free(topic);
        return NULL;
    }

    topic->data = data;
    topic->host = ngx_mdm_apns_topic_host(apns, development);

    topic->name.data = (u_char *) (topic + 1);
    topic->name.len = name.len;
    ngx_memcpy(topic->name.data, name.data, name.len);

    ngx_queue_init(&topic->connections);
    ngx_queue_init(&topic->waiting);
    ngx_queue_init(&topic->done);

    topic->retry.handler = ngx_mdm_apns_topic_retry;
    topic->retry.data = topic;
    topic->retry.log = apns->log;
    topic->retry.cancelable = 1;

    topic->crowded.handler = ngx_mdm_apns_topic_crowded;
    topic->crowded.data = topic;
    topic->crowded.log = apns->log;
    topic->crowded.cancelable = 1;

    ngx_queue_insert_tail(&apns->topics, &topic->queue);

    return topic;
}


void *
ngx_mdm_apns_topic_data(ngx_mdm_apns_topic_t *topic)
{
    return topic->data;
}


static ngx_mdm_apns_host_t *
ngx_mdm_apns_topic_host(ngx_mdm_apns_t *apns, ngx_uint_t development)
{
    if (!development) {
        return &apns->conf->production;
    }

    return apns->conf->development.name.len ? &apns->conf->development : NULL;
}


/* Kept as they are: they are read when a connection is made, in a thread. */

static ngx_int_t
ngx_mdm_apns_topic_pair(ngx_mdm_apns_topic_t *topic, mdm_str_t certificate,
    mdm_str_t key)
{
    u_char  *p;

    p = ngx_alloc(certificate.len + key.len, topic->apns->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_mdm_apns_topic_wipe(topic);

    topic->certificate.data = p;
    topic->certificate.len = certificate.len;
    topic->key.data = ngx_cpymem(p, certificate.data, certificate.len);
    topic->key.len = key.len;

    ngx_memcpy(p + certificate.len, key.data, key.len);

    return NGX_OK;
}


static void
ngx_mdm_apns_topic_wipe(ngx_mdm_apns_topic_t *topic)
{
    if (topic->certificate.data != NULL) {
        ngx_explicit_memzero((void *) topic->key.data, topic->key.len);
        ngx_free((void *) topic->certificate.data);
    }
}


ngx_int_t
ngx_mdm_apns_topic_renew(ngx_mdm_apns_topic_t *topic, mdm_str_t certificate,
    mdm_str_t key, ngx_uint_t development)
{
    ngx_queue_t                *q, *next;
    ngx_mdm_apns_connection_t  *conn;

    if (ngx_mdm_apns_topic_pair(topic, certificate, key) != NGX_OK) {
        return NGX_ERROR;
    }

    /* one that drains keeps its host */

    for (q = ngx_queue_head(&topic->connections);
         q != ngx_queue_sentinel(&topic->connections);
         q = next)
    {
        next = ngx_queue_next(q);
        conn = ngx_queue_data(q, ngx_mdm_apns_connection_t, queue);

        if (conn->nin_flight == 0) {
            ngx_mdm_apns_connection_close(conn);

        } else {
            ngx_mdm_apns_connection_drain(conn);
        }
    }

    topic->host = ngx_mdm_apns_topic_host(topic->apns, development);

    if (topic->retry.timer_set) {
        ngx_del_timer(&topic->retry);
    }

    topic->failures = 0;
    topic->attempts = 0;
    topic->error[0] = '\0';
    topic->changed = 1;

    ngx_mdm_apns_topic_post(topic);

    return NGX_OK;
}


void
ngx_mdm_apns_topic_recall(ngx_mdm_apns_topic_t *topic)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&topic->waiting)) {
        q = ngx_queue_head(&topic->waiting);
        ngx_queue_remove(q);

        ngx_mdm_apns_push_done(topic, ngx_queue_data(q, ngx_mdm_apns_push_t,
                                                     queue));
    }

    topic->nwaiting = 0;
}


void
ngx_mdm_apns_topic_destroy(ngx_mdm_apns_topic_t *topic)
{
    ngx_queue_t     *q;
    ngx_mdm_apns_t  *apns;

    apns = topic->apns;

    while (!ngx_queue_empty(&topic->connections)) {
        q = ngx_queue_head(&topic->connections);

        ngx_mdm_apns_connection_close(ngx_queue_data(q,
                                          ngx_mdm_apns_connection_t, queue));
    }

    ngx_mdm_apns_topic_recall(topic);

    while (!ngx_queue_empty(&topic->done)) {
        q = ngx_queue_head(&topic->done);
        ngx_queue_remove(q);

        if (apns->handlers.done != NULL) {
            apns->handlers.done(topic, ngx_queue_data(q, ngx_mdm_apns_push_t,
                                                      queue));
        }
    }

    if (topic->retry.timer_set) {
        ngx_del_timer(&topic->retry);
    }

    if (topic->crowded.timer_set) {
        ngx_del_timer(&topic->crowded);
    }

    if (topic->is_busy) {
        ngx_queue_remove(&topic->busy);
    }

    ngx_mdm_apns_want_not(topic);

    if (apns->running == topic) {
        apns->running = NULL;
    }

    ngx_queue_remove(&topic->queue);

    ngx_mdm_apns_topic_wipe(topic);
    ngx_free(topic);
}


ngx_uint_t
ngx_mdm_apns_room(ngx_mdm_apns_topic_t *topic)
{
    ngx_uint_t    room;
    ngx_queue_t  *q;

    room = 0;

    if (topic->nready != 0
        || (topic->failures == 0 && !topic->retry.timer_set))
    {
        room = NGX_MDM_APNS_RESERVE;
    }

    for (q = ngx_queue_head(&topic->connections);
         q != ngx_queue_sentinel(&topic->connections);
         q = ngx_queue_next(q))
    {
        room += ngx_mdm_apns_connection_free_streams(
                    ngx_queue_data(q, ngx_mdm_apns_connection_t, queue));
    }

    topic->full = (room <= topic->nwaiting);

    return topic->full ? 0 : room - topic->nwaiting;
}


void
ngx_mdm_apns_send(ngx_mdm_apns_topic_t *topic, ngx_mdm_apns_push_t *push)
{
    ngx_memzero(&push->answer, sizeof(mdm_push_answer_t));

    push->retry_after = 0;
    push->sent = 0;
    push->instead = NULL;
    push->at = ngx_current_msec;
    push->body = NULL;
    push->body_len = 0;
    push->refused = 0;

    ngx_queue_insert_tail(&topic->waiting, &push->queue);
    topic->nwaiting++;

    ngx_mdm_apns_topic_post(topic);
}


void
ngx_mdm_apns_state(ngx_mdm_apns_topic_t *topic, ngx_mdm_apns_state_t *state)
{
    ngx_msec_int_t  left;

    state->connections = topic->nready;
    state->waiting = topic->nwaiting;
    state->in_flight = topic->in_flight;
    state->failures = topic->failures;
    state->retry = 0;

    if (topic->retry.timer_set) {
        left = (ngx_msec_int_t) (topic->retry.timer.key - ngx_current_msec);
        state->retry = ngx_max(left, 0);
    }

    ngx_memcpy(state->error, topic->error, sizeof(topic->error));
}


void
ngx_mdm_apns_topic_post(ngx_mdm_apns_topic_t *topic)
{
    if (!topic->is_busy) {
        topic->is_busy = 1;
        ngx_queue_insert_tail(&topic->apns->busy, &topic->busy);

        ngx_post_event(&topic->apns->event, &ngx_posted_events);
    }
}


void
ngx_mdm_apns_push_done(ngx_mdm_apns_topic_t *topic, ngx_mdm_apns_push_t *push)
{
    if (push->answer.status == 0) {
        ngx_mdm_count(&topic->apns->counters->returned[push->sent]);
    }

    if (push->body != NULL) {
        ngx_free(push->body);
        push->body = NULL;
    }

    ngx_queue_insert_tail(&topic->done, &push->queue);

    ngx_mdm_apns_topic_post(topic);
}


ngx_int_t
ngx_mdm_apns_push_again(ngx_mdm_apns_topic_t *topic,
    ngx_mdm_apns_push_t *push)
{
    if (push->refused == NGX_MDM_APNS_MAX_REFUSED) {
        push->instead = "REFUSED_STREAM";
        ngx_mdm_apns_push_done(topic, push);
        return NGX_DECLINED;
    }

    push->at = ngx_current_msec;

    ngx_queue_insert_head(&topic->waiting, &push->queue);
    topic->nwaiting++;

    ngx_mdm_apns_topic_post(topic);

    return NGX_OK;
}


/* What came is told first, for the caller may have more to send, and that goes
 * out with the rest. */

static void
ngx_mdm_apns_run(ngx_event_t *ev)
{
    ngx_queue_t           *q;
    ngx_mdm_apns_t        *apns;
    ngx_mdm_apns_topic_t  *topic;

    apns = ev->data;

    while (!ngx_queue_empty(&apns->busy)) {
        q = ngx_queue_head(&apns->busy);
        topic = ngx_queue_data(q, ngx_mdm_apns_topic_t, busy);

        ngx_queue_remove(q);
        topic->is_busy = 0;
        apns->running = topic;

        if (ngx_mdm_apns_tell(topic) == NGX_OK) {
            ngx_mdm_apns_dispatch(topic);
            ngx_mdm_apns_flush_all(topic);
        }
    }

    apns->running = NULL;
}


/* NGX_DONE: the caller has destroyed the topic. */

static ngx_int_t
ngx_mdm_apns_tell(ngx_mdm_apns_topic_t *topic)
{
    ngx_queue_t     *q;
    ngx_mdm_apns_t  *apns;

    apns = topic->apns;

    while (!ngx_queue_empty(&topic->done)) {
        q = ngx_queue_head(&topic->done);
        ngx_queue_remove(q);

        apns->handlers.done(topic, ngx_queue_data(q, ngx_mdm_apns_push_t,
                                                  queue));
        if (apns->running != topic) {
            return NGX_DONE;
        }
    }

    if (topic->changed || (topic->full && ngx_mdm_apns_room(topic) != 0)) {
        topic->changed = 0;

        apns->handlers.changed(topic);

        if (apns->running != topic) {
            return NGX_DONE;
        }
    }

    return NGX_OK;
}


static void
ngx_mdm_apns_dispatch(ngx_mdm_apns_topic_t *topic)
{
    ngx_int_t                   rc;
    ngx_queue_t                *q;
    ngx_mdm_apns_push_t        *push;
    ngx_mdm_apns_connection_t  *conn;

    while (topic->nwaiting != 0) {
        conn = ngx_mdm_apns_choose(topic);

        if (conn == NULL) {
            break;
        }

        q = ngx_queue_head(&topic->waiting);
        push = ngx_queue_data(q, ngx_mdm_apns_push_t, queue);

        ngx_queue_remove(q);
        topic->nwaiting--;

        rc = ngx_mdm_apns_http2_submit(conn, push);

        if (rc == NGX_DECLINED) {
            ngx_mdm_apns_push_done(topic, push);

        } else if (rc == NGX_ERROR) {
            ngx_queue_insert_head(&topic->waiting, &push->queue);
            topic->nwaiting++;
            ngx_mdm_apns_connection_drain(conn);
            (void) ngx_mdm_apns_connection_settle(conn);
        }
    }

    if (ngx_mdm_apns_want_one(topic)) {
        ngx_mdm_apns_want(topic);
    }

    if (topic->nwaiting != 0 && !topic->crowded.timer_set) {
        ngx_add_timer(&topic->crowded, NGX_MDM_APNS_CROWDED + 1);
    }
}


/* Something waits, and perhaps no event will come that lets it go on. */

static void
ngx_mdm_apns_topic_crowded(ngx_event_t *ev)
{
    ngx_mdm_apns_topic_post(ev->data);
}


/* The first that has a stream free and is not waiting for the server to read,
 * so that those that are not needed become idle. */

static ngx_mdm_apns_connection_t *
ngx_mdm_apns_choose(ngx_mdm_apns_topic_t *topic)
{
    ngx_queue_t                *q;
    ngx_mdm_apns_connection_t  *conn;

    for (q = ngx_queue_head(&topic->connections);
         q != ngx_queue_sentinel(&topic->connections);
         q = ngx_queue_next(q))
    {
        conn = ngx_queue_data(q, ngx_mdm_apns_connection_t, queue);

        if (conn->rest == NULL
            && ngx_mdm_apns_connection_free_streams(conn) != 0)
        {
            return conn;
        }
    }

    return NULL;
}


static void
ngx_mdm_apns_flush_all(ngx_mdm_apns_topic_t *topic)
{
    ngx_queue_t                *q, *next;
    ngx_mdm_apns_connection_t  *conn;

    for (q = ngx_queue_head(&topic->connections);
         q != ngx_queue_sentinel(&topic->connections);
         q = next)
    {
        next = ngx_queue_next(q);
        conn = ngx_queue_data(q, ngx_mdm_apns_connection_t, queue);

        if (conn->flush) {
            (void) ngx_mdm_apns_flush(conn);
        }
    }
}


void
ngx_mdm_apns_topic_failed(ngx_mdm_apns_topic_t *topic, const char *text)
{
    ngx_uint_t  level;
    ngx_msec_t  wait;

    wait = NGX_MDM_APNS_RETRY_FIRST << ngx_min(topic->attempts, 16);
    wait = ngx_min(wait, NGX_MDM_APNS_RETRY_LAST);
    wait = wait * (80 + ngx_random() % 41) / 100;

    level = NGX_LOG_INFO;

    if (ngx_strcmp(topic->error, text) != 0) {
        level = ngx_mdm_restraint_level(&topic->apns->restraint, NGX_LOG_ERR,
                                        "no connection to APNs");
    }

    ngx_log_error(level, topic->apns->log, 0,
                  "mdm: push topic %V: no connection to APNs: %s; the next "
                  "attempt is in %M ms", &topic->name, text, wait);

    ngx_mdm_apns_topic_short(topic, text);

    topic->attempts++;

    ngx_add_timer(&topic->retry, wait);
}


void
ngx_mdm_apns_topic_short(ngx_mdm_apns_topic_t *topic, const char *text)
{
    ngx_cpystrn((u_char *) topic->error, (u_char *) text,
                sizeof(topic->error));

    topic->failures++;
    topic->changed = 1;

    ngx_mdm_apns_topic_post(topic);
}


void
ngx_mdm_apns_topic_works(ngx_mdm_apns_topic_t *topic)
{
    if (topic->failures == 0) {
        return;
    }

    ngx_log_error(ngx_mdm_restraint_level(&topic->apns->restraint,
                                          NGX_LOG_NOTICE,
                                          "connected to APNs again"),
                  topic->apns->log, 0,
                  "mdm: push topic %V: connected to APNs after %ui failures",
                  &topic->name, topic->failures);

    topic->failures = 0;
    topic->error[0] = '\0';
    topic->changed = 1;

    ngx_mdm_apns_topic_post(topic);
}


/* While no connection can be made there is no room, so nothing waits: then it
 * is tried without. */

static void
ngx_mdm_apns_topic_retry(ngx_event_t *ev)
{
    ngx_mdm_apns_topic_t  *topic;

    topic = ev->data;

    if (topic->failures != 0 && topic->nready == 0 && topic->nopening == 0
        && !ngx_exiting)
    {
        ngx_mdm_apns_want(topic);
    }

    ngx_mdm_apns_topic_post(topic);
}
