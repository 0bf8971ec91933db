
/*
 * Whether a topic needs another connection, and which opens one next.  After
 * a restart thousands want one: some are opened at a time, and half of what
 * nginx and the system give a worker is left to devices.  Those that are idle
 * go for those that are wanted.
 */


#include <sys/resource.h>

#include "ngx_mdm_apns_internal.h"


/* Opened in one turn of the event loop, and on their way at once. */
#define NGX_MDM_APNS_WANT_TURN     8
#define NGX_MDM_APNS_WANT_OPENING  256

/* Without any left it is looked again after so long. */
#define NGX_MDM_APNS_WANT_AGAIN    1000


static ngx_uint_t ngx_mdm_apns_want_paused(ngx_mdm_apns_topic_t *topic);
static void ngx_mdm_apns_want_turn(ngx_event_t *ev);
static ngx_uint_t ngx_mdm_apns_want_may(ngx_mdm_apns_t *apns);
static void ngx_mdm_apns_want_short(ngx_mdm_apns_topic_t *topic);
static void ngx_mdm_apns_want_tell(ngx_mdm_apns_t *apns, const char *why);


void
ngx_mdm_apns_want_init(ngx_mdm_apns_t *apns, ngx_uint_t connections)
{
    ngx_uint_t     most;
    struct rlimit  files;

    most = connections;
    apns->scarce = NGX_MDM_APNS_NO_CONNECTIONS;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < most) {
        most = files.rlim_cur;
        apns->scarce = NGX_MDM_APNS_NO_FILES;
    }

    ngx_queue_init(&apns->wanting);

    apns->max_connections = ngx_max(most / 2, 1);
    apns->max_opening = ngx_max(ngx_min(most / 8, NGX_MDM_APNS_WANT_OPENING),
                                1);

    apns->want.handler = ngx_mdm_apns_want_turn;
    apns->want.data = apns;
    apns->want.log = apns->log;
    apns->want.cancelable = 1;
}


void
ngx_mdm_apns_want_done(ngx_mdm_apns_t *apns)
{
    if (apns->want.posted) {
        ngx_delete_posted_event(&apns->want);
    }

    if (apns->want.timer_set) {
        ngx_del_timer(&apns->want);
    }
}


ngx_uint_t
ngx_mdm_apns_want_one(ngx_mdm_apns_topic_t *topic)
{
    ngx_msec_t            waited;
    ngx_queue_t          *q;
    ngx_mdm_apns_push_t  *push;

    if (topic->nwaiting == 0 || topic->nopening != 0 || topic->wants
        || topic->retry.timer_set || ngx_exiting)
    {
        return 0;
    }

    if (topic->nready == 0) {
        return 1;
    }

    q = ngx_queue_head(&topic->waiting);
    push = ngx_queue_data(q, ngx_mdm_apns_push_t, queue);

    /* the last one that was opened has had its time to help */

    waited = ngx_min(ngx_current_msec - push->at,
                     ngx_current_msec - topic->ready_at);

    return topic->nready < NGX_MDM_APNS_MAX_CONNECTIONS
           && waited > NGX_MDM_APNS_CROWDED
           && !ngx_mdm_apns_want_paused(topic);
}


/* Does the server allow one of its connections no streams?  Then it would have
 * no more of them. */

static ngx_uint_t
ngx_mdm_apns_want_paused(ngx_mdm_apns_topic_t *topic)
{
    ngx_queue_t                *q;
    ngx_mdm_apns_connection_t  *conn;

    for (q = ngx_queue_head(&topic->connections);
         q != ngx_queue_sentinel(&topic->connections);
         q = ngx_queue_next(q))
    {
        conn = ngx_queue_data(q, ngx_mdm_apns_connection_t, queue);

        if (conn->state == NGX_MDM_APNS_READY && conn->limit == 0) {
            return 1;
        }
    }

    return 0;
}


void
ngx_mdm_apns_want(ngx_mdm_apns_topic_t *topic)
{
    ngx_mdm_apns_t  *apns;

    if (topic->wants) {
        return;
    }

    apns = topic->apns;

    /* what was short then may not be now */

    if (ngx_queue_empty(&apns->wanting)) {
        apns->why = NULL;
    }

    topic->wants = 1;
    ngx_queue_insert_tail(&apns->wanting, &topic->wanting);

    if (apns->why != NULL) {
        ngx_mdm_apns_want_short(topic);
    }

    ngx_mdm_apns_want_go(apns);
}


void
ngx_mdm_apns_want_not(ngx_mdm_apns_topic_t *topic)
{
    if (topic->wants) {
        topic->wants = 0;
        ngx_queue_remove(&topic->wanting);
    }
}


void
ngx_mdm_apns_want_go(ngx_mdm_apns_t *apns)
{
    if (!ngx_queue_empty(&apns->wanting) && !apns->want.posted
        && !apns->want.timer_set)
    {
        ngx_post_event(&apns->want, &ngx_posted_next_events);
    }
}


static void
ngx_mdm_apns_want_turn(ngx_event_t *ev)
{
    ngx_uint_t             n;
    ngx_mdm_apns_t        *apns;
    ngx_mdm_apns_topic_t  *topic;

    apns = ev->data;

    for (n = 0; n < NGX_MDM_APNS_WANT_TURN; n++) {

        if (ngx_queue_empty(&apns->wanting)) {
            apns->why = NULL;
            return;
        }

        if (ngx_exiting || ev->timer_set || !ngx_mdm_apns_want_may(apns)) {
            return;
        }

        topic = ngx_queue_data(ngx_queue_head(&apns->wanting),
                               ngx_mdm_apns_topic_t, wanting);

        ngx_mdm_apns_want_not(topic);
        ngx_mdm_apns_connection_open(topic);
    }

    ngx_mdm_apns_want_go(apns);
}


/* If not now, then when another one is opened, or closed. */

static ngx_uint_t
ngx_mdm_apns_want_may(ngx_mdm_apns_t *apns)
{
    if (apns->nopening >= apns->max_opening) {
        return 0;
    }

    if (apns->nconnections < apns->max_connections
        || ngx_mdm_apns_connection_spare(apns))
    {
        return 1;
    }

    ngx_mdm_apns_want_tell(apns, apns->scarce);

    return 0;
}


void
ngx_mdm_apns_want_later(ngx_mdm_apns_topic_t *topic, const char *why)
{
    ngx_mdm_apns_t  *apns;

    apns = topic->apns;

    if (!topic->wants) {
        topic->wants = 1;
        ngx_queue_insert_head(&apns->wanting, &topic->wanting);
    }

    ngx_mdm_apns_want_tell(apns, why);

    if (apns->want.posted) {
        ngx_delete_posted_event(&apns->want);
    }

    ngx_add_timer(&apns->want, NGX_MDM_APNS_WANT_AGAIN);
}


/* Until all have had their turn. */

static void
ngx_mdm_apns_want_tell(ngx_mdm_apns_t *apns, const char *why)
{
    ngx_uint_t    n;
    ngx_queue_t  *q;

    if (apns->why != NULL) {
        return;
    }

    apns->why = why;
    n = 0;

    for (q = ngx_queue_head(&apns->wanting);
         q != ngx_queue_sentinel(&apns->wanting);
         q = ngx_queue_next(q))
    {
        ngx_mdm_apns_want_short(ngx_queue_data(q, ngx_mdm_apns_topic_t,
                                               wanting));
        n++;
    }

    ngx_log_error(ngx_mdm_restraint_level(&apns->restraint, NGX_LOG_ERR, why),
                  apns->log, 0, "mdm: %ui push topics wait for a connection "
                  "to APNs, of which this worker has %ui: %s", n,
                  apns->nconnections, why);
}


/* One that has a connection can go on. */

static void
ngx_mdm_apns_want_short(ngx_mdm_apns_topic_t *topic)
{
    if (topic->nready == 0) {
        ngx_mdm_apns_topic_short(topic, topic->apns->why);
    }
}
