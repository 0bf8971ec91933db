
/*
 * The life of a leased topic: its certificate is opened, its wishes are
 * claimed while there are any, and in the end it is drained and given back.
 * Whenever something happens to it, ngx_mdm_push_topic_go() looks at what it
 * is to do.
 */


#include "ngx_mdm_push_internal.h"


#define NGX_MDM_PUSH_POLL         250
#define NGX_MDM_PUSH_ACTIVE       2000      /* it is polled after a wish */
#define NGX_MDM_PUSH_FAR          60000     /* nothing is to be timed exactly */
#define NGX_MDM_PUSH_NEVER        (24 * 3600 * 1000)
#define NGX_MDM_PUSH_RETRY        1000
#define NGX_MDM_PUSH_REOPEN       2000


/* columns of push_open() */

enum {
    NGX_MDM_PUSH_OPEN_VERSION = 0,
    NGX_MDM_PUSH_OPEN_CERTIFICATE,
    NGX_MDM_PUSH_OPEN_KEY,
    NGX_MDM_PUSH_OPEN_DEVELOPMENT
};


static void ngx_mdm_push_topic_event(ngx_event_t *ev);
static void ngx_mdm_push_topic_arm(ngx_mdm_push_topic_t *topic);
static void ngx_mdm_push_topic_sooner(ngx_msec_t *at, ngx_msec_t other);
static void ngx_mdm_push_topic_open(ngx_mdm_push_topic_t *topic);
static void ngx_mdm_push_topic_opened(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static const char *ngx_mdm_push_topic_use(ngx_mdm_push_topic_t *topic,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_push_topic_look(ngx_mdm_push_topic_t *topic);
static ngx_uint_t ngx_mdm_push_topic_failing(ngx_mdm_push_topic_t *topic);
static void ngx_mdm_push_topic_claim(ngx_mdm_push_topic_t *topic);
static void ngx_mdm_push_topic_claimed(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_push_topic_judge(ngx_mdm_push_topic_t *topic,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_push_topic_next(ngx_mdm_push_topic_t *topic,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_push_topic_drained(ngx_mdm_push_topic_t *topic);


ngx_mdm_push_topic_t *
ngx_mdm_push_topic_create(ngx_mdm_pushes_t *pushes, int64_t tenant_id,
    ngx_str_t name, int64_t version)
{
    ngx_mdm_push_topic_t  *topic;

    topic = ngx_calloc(sizeof(ngx_mdm_push_topic_t) + name.len, pushes->log);
    if (topic == NULL) {
        return NULL;
    }

    topic->name.data = (u_char *) &topic[1];
    topic->name.len = name.len;
    ngx_memcpy(topic->name.data, name.data, name.len);

    topic->pushes = pushes;
    topic->tenant_id = tenant_id;
    topic->wanted = version;

    ngx_queue_init(&topic->batches);
    ngx_queue_init(&topic->answered);

    topic->event.handler = ngx_mdm_push_topic_event;
    topic->event.data = topic;
    topic->event.log = pushes->log;
    topic->timer = topic->event;
    topic->timer.cancelable = 1;

    topic->credited = ngx_current_msec;
    topic->claim_at = ngx_current_msec;
    topic->open_at = ngx_current_msec;
    topic->record_at = ngx_current_msec;
    topic->active = ngx_current_msec;

    ngx_queue_insert_tail(&pushes->topics, &topic->queue);
    ngx_queue_insert_tail(ngx_mdm_push_topic_bucket(pushes, tenant_id),
                          &topic->bucket);
    ngx_mdm_push_have(pushes, 1, 0);
    ngx_mdm_push_signals_have(pushes, tenant_id);

    return topic;
}


void
ngx_mdm_push_topic_free(ngx_mdm_push_topic_t *topic)
{
    ngx_mdm_pushes_t  *pushes;

    pushes = topic->pushes;

    ngx_queue_remove(&topic->queue);
    ngx_queue_remove(&topic->bucket);
    ngx_mdm_push_have(pushes, -1, 0);

    if (topic->place != NULL) {
        *topic->place = NULL;
    }

    if (topic->timer.timer_set) {
        ngx_del_timer(&topic->timer);
    }

    if (topic->event.posted) {
        ngx_delete_posted_event(&topic->event);
    }

    ngx_free(topic);

    if (pushes->ntopics == 0 && pushes->grace.timer_set) {
        ngx_del_timer(&pushes->grace);
    }
}


ngx_queue_t *
ngx_mdm_push_topic_bucket(ngx_mdm_pushes_t *pushes, int64_t tenant_id)
{
    return &pushes->buckets[(uint64_t) tenant_id % NGX_MDM_PUSH_BUCKETS];
}


ngx_mdm_push_topic_t *
ngx_mdm_push_topic_find(ngx_mdm_pushes_t *pushes, int64_t tenant_id,
    ngx_str_t name)
{
    ngx_queue_t           *q, *bucket;
    ngx_mdm_push_topic_t  *topic;

    bucket = ngx_mdm_push_topic_bucket(pushes, tenant_id);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        topic = ngx_queue_data(q, ngx_mdm_push_topic_t, bucket);

        if (topic->tenant_id == tenant_id && topic->name.len == name.len
            && ngx_memcmp(topic->name.data, name.data, name.len) == 0)
        {
            return topic;
        }
    }

    return NULL;
}


void
ngx_mdm_push_topic_post(ngx_mdm_push_topic_t *topic)
{
    if (!topic->event.posted) {
        ngx_post_event(&topic->event, &ngx_posted_events);
    }
}


static void
ngx_mdm_push_topic_event(ngx_event_t *ev)
{
    ngx_mdm_push_topic_go(ev->data);
}


/* Wishes of it were committed. */

void
ngx_mdm_push_topic_wake(ngx_mdm_push_topic_t *topic)
{
    topic->active = ngx_current_msec;
    topic->again = 1;
    topic->claim_at = ngx_current_msec;

    ngx_mdm_push_topic_post(topic);
}


void
ngx_mdm_push_topic_version(ngx_mdm_push_topic_t *topic, int64_t version)
{
    if (version > topic->wanted) {
        topic->wanted = version;
        topic->open_at = ngx_current_msec;
        ngx_mdm_push_topic_post(topic);
    }
}


void
ngx_mdm_push_topic_go(ngx_mdm_push_topic_t *topic)
{
    if (topic->state < NGX_MDM_PUSH_CLOSING
        && ngx_mdm_push_passed(topic->lease_until))
    {
        ngx_mdm_push_topic_close(topic, NGX_MDM_LEASE_LOST,
                                 "its lease ran out");
        return;
    }

    ngx_mdm_push_record(topic);

    if (topic->state >= NGX_MDM_PUSH_CLOSING) {
        ngx_mdm_push_topic_drained(topic);
        ngx_mdm_push_topic_arm(topic);
        return;
    }

    ngx_mdm_push_topic_open(topic);
    ngx_mdm_push_topic_look(topic);
    ngx_mdm_push_topic_claim(topic);
    ngx_mdm_push_batch_ready(topic);
    ngx_mdm_push_topic_arm(topic);
}


/* One timer for all that has its time. */

static void
ngx_mdm_push_topic_arm(ngx_mdm_push_topic_t *topic)
{
    ngx_msec_t  at;

    if (topic->state == NGX_MDM_PUSH_RELEASING) {
        return;
    }

    at = ngx_current_msec + NGX_MDM_PUSH_FAR;

    if (!ngx_queue_empty(&topic->answered) && !topic->recording) {
        ngx_mdm_push_topic_sooner(&at, topic->record_at);
    }

    if (topic->state < NGX_MDM_PUSH_CLOSING) {
        ngx_mdm_push_topic_sooner(&at, topic->lease_until);

        if (topic->refill) {
            ngx_mdm_push_topic_sooner(&at, topic->refill_at);
        }

        if (topic->version != topic->wanted && !topic->opening) {
            ngx_mdm_push_topic_sooner(&at, topic->open_at);
        }

        if (!topic->failing && !topic->claiming
            && topic->in_hand < NGX_MDM_PUSH_IN_HAND)
        {
            ngx_mdm_push_topic_sooner(&at, topic->claim_at);
        }
    }

    /* one that comes too early arms it anew */

    if (topic->timer.timer_set) {

        if ((ngx_msec_int_t) (at - topic->timer.timer.key) >= 0) {
            return;
        }

        ngx_del_timer(&topic->timer);
    }

    ngx_add_timer(&topic->timer,
                  ngx_max((ngx_msec_int_t) (at - ngx_current_msec), 1));
}


static void
ngx_mdm_push_topic_sooner(ngx_msec_t *at, ngx_msec_t other)
{
    if ((ngx_msec_int_t) (other - *at) < 0) {
        *at = other;
    }
}


ngx_mdm_push_call_t *
ngx_mdm_push_topic_call(ngx_mdm_push_topic_t *topic,
    ngx_mdm_pg_statement_e statement, ngx_mdm_pg_handler_pt handler)
{
    ngx_mdm_push_call_t  *c;

    c = ngx_calloc(sizeof(ngx_mdm_push_call_t), topic->pushes->log);
    if (c == NULL) {
        return NULL;
    }

    c->topic = topic;
    c->call.statement = statement;
    c->call.handler = handler;
    c->call.data = c;

    return c;
}


static void
ngx_mdm_push_topic_open(ngx_mdm_push_topic_t *topic)
{
    ngx_mdm_push_call_t  *c;

    if (topic->version == topic->wanted || topic->opening
        || !ngx_mdm_push_passed(topic->open_at))
    {
        return;
    }

    topic->open_at = ngx_current_msec + NGX_MDM_PUSH_RETRY;

    c = ngx_mdm_push_topic_call(topic, NGX_MDM_SQL_PUSH_OPEN,
                                ngx_mdm_push_topic_opened);
    if (c == NULL) {
        return;
    }

    topic->opening = 1;

    ngx_mdm_pg_set_int8(&c->call.params[0], topic->tenant_id);
    ngx_mdm_pg_set_bytes(&c->call.params[1], topic->name.data,
                         topic->name.len);

    ngx_mdm_pg_call(topic->pushes->engine->pg, &c->call);
}


static void
ngx_mdm_push_topic_opened(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_uint_t             level;
    const char            *error;
    ngx_mdm_push_call_t   *c;
    ngx_mdm_push_topic_t  *topic;

    c = call->data;
    topic = c->topic;
    topic->opening = 0;
    ngx_free(c);

    if (topic->pushes->gone) {
        return;
    }

    if (rc == NGX_MDM_PG_DONE && topic->state < NGX_MDM_PUSH_CLOSING) {

        error = ngx_mdm_push_topic_use(topic, rows);

        if (error != NULL) {
            topic->open_at = ngx_current_msec + NGX_MDM_PUSH_REOPEN;

            level = (error == topic->error) ? NGX_LOG_INFO : NGX_LOG_ERR;

            ngx_log_error(level, topic->pushes->log, 0,
                          "mdm: topic \"%V\" cannot be pushed: %s",
                          &topic->name, error);
        }

        topic->error = error;
    }

    ngx_mdm_push_topic_post(topic);
}


/* Takes the certificate into use; NULL, or why it cannot be. */

static const char *
ngx_mdm_push_topic_use(ngx_mdm_push_topic_t *topic,
    const ngx_mdm_pg_rows_t *rows)
{
    mdm_rc_e           rc;
    mdm_str_t          certificate, key;
    ngx_int_t          taken;
    ngx_uint_t         development;
    mdm_arena_t        arena;
    ngx_mdm_pushes_t  *pushes;

    pushes = topic->pushes;

    if (rows->count == 0) {
        return "it has no push certificate";
    }

    certificate = ngx_mdm_to_str(ngx_mdm_pg_text(rows, 0,
                                              NGX_MDM_PUSH_OPEN_CERTIFICATE));
    development = ngx_mdm_pg_bool(rows, 0, NGX_MDM_PUSH_OPEN_DEVELOPMENT);

    mdm_arena_init(&arena);

    rc = mdm_secret_open(&arena, pushes->engine->ring, topic->tenant_id,
                         "push_key", ngx_mdm_to_str(topic->name),
                         ngx_mdm_to_str(ngx_mdm_pg_text(rows, 0,
                                                      NGX_MDM_PUSH_OPEN_KEY)),
                         &key);
    if (rc != MDM_OK) {
        mdm_arena_free(&arena);
        return "no mdm_secret_key opens the private key of its push "
               "certificate: add that key file, or store certificate and "
               "key anew";
    }

    taken = NGX_OK;

    if (topic->apns != NULL) {
        taken = ngx_mdm_apns_topic_renew(topic->apns, certificate, key,
                                         development);
    } else {
        topic->apns = ngx_mdm_apns_topic_create(pushes->apns, topic->name,
                                                certificate, key, development,
                                                topic);
    }

    mdm_arena_free(&arena);

    if (topic->apns == NULL || taken != NGX_OK) {
        return "memory ran out";
    }

    topic->version = ngx_mdm_pg_int(rows, 0, NGX_MDM_PUSH_OPEN_VERSION);
    topic->wanted = topic->version;
    topic->state = NGX_MDM_PUSH_OPEN;

    return NULL;
}


/* While no connection can be made nothing is held in memory, nor claimed. */

static void
ngx_mdm_push_topic_look(ngx_mdm_push_topic_t *topic)
{
    ngx_uint_t  failing;

    failing = ngx_mdm_push_topic_failing(topic);

    if (failing != topic->failing) {
        topic->failing = failing;
        topic->claim_at = ngx_current_msec;
        ngx_mdm_push_lease_tell(topic);
    }

    if (!failing) {
        return;
    }

    if (topic->apns != NULL) {
        ngx_mdm_apns_topic_recall(topic->apns);
    }

    ngx_mdm_push_batch_return(topic);
    ngx_mdm_push_record(topic);
}


static ngx_uint_t
ngx_mdm_push_topic_failing(ngx_mdm_push_topic_t *topic)
{
    ngx_mdm_apns_state_t  state;

    if (topic->apns == NULL || topic->error != NULL) {
        return topic->error != NULL;
    }

    if (ngx_mdm_apns_room(topic->apns) != 0) {
        return 0;
    }

    ngx_mdm_apns_state(topic->apns, &state);

    return state.connections == 0 ? state.failures : 0;
}


static void
ngx_mdm_push_topic_claim(ngx_mdm_push_topic_t *topic)
{
    ngx_mdm_pushes_t     *pushes;
    ngx_mdm_push_call_t  *c;

    if (topic->failing || topic->claiming
        || topic->in_hand >= NGX_MDM_PUSH_IN_HAND
        || !ngx_mdm_push_passed(topic->claim_at))
    {
        return;
    }

    pushes = topic->pushes;

    if (pushes->nclaims >= NGX_MDM_PUSH_CLAIMS) {
        topic->claim_at = ngx_current_msec + 1
                          + ngx_random() % NGX_MDM_PUSH_RETRY;
        return;
    }

    topic->claim_at = ngx_current_msec + NGX_MDM_PUSH_RETRY;

    c = ngx_mdm_push_topic_call(topic, NGX_MDM_SQL_PUSH_CLAIM,
                                ngx_mdm_push_topic_claimed);
    if (c == NULL) {
        return;
    }

    ngx_mdm_pg_set_bytes(&c->call.params[0], pushes->owner.data,
                         pushes->owner.len);
    ngx_mdm_pg_set_int8(&c->call.params[1], topic->tenant_id);
    ngx_mdm_pg_set_bytes(&c->call.params[2], topic->name.data,
                         topic->name.len);
    ngx_mdm_pg_set_int4(&c->call.params[3], NGX_MDM_PUSH_BATCH);

    pushes->nclaims++;
    topic->claiming = 1;
    topic->again = 0;

    ngx_mdm_pg_call(pushes->engine->pg, &c->call);
}


static void
ngx_mdm_push_topic_claimed(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_push_call_t   *c;
    ngx_mdm_push_topic_t  *topic;

    c = call->data;
    topic = c->topic;
    topic->claiming = 0;
    topic->pushes->nclaims--;
    ngx_free(c);

    if (topic->pushes->gone) {
        return;
    }

    /* wishes that arrive when it is too late go back with the lease */

    if (topic->state < NGX_MDM_PUSH_CLOSING) {

        if (rc == NGX_MDM_PG_LATE || rc == NGX_MDM_PG_LOST) {
            ngx_mdm_push_topic_close(topic, NGX_MDM_LEASE_RELEASED,
                                     "it is not known what was claimed");
            return;
        }

        if (rc == NGX_MDM_PG_DONE && rows->count != 0) {
            ngx_mdm_push_topic_judge(topic, rows);
        }
    }

    ngx_mdm_push_topic_post(topic);
}


static void
ngx_mdm_push_topic_judge(ngx_mdm_push_topic_t *topic,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t  outcome;

    outcome = ngx_mdm_pg_text(rows, 0, NGX_MDM_PUSH_CLAIM_OUTCOME);

    if (outcome.len != 2) {
        ngx_mdm_push_topic_close(topic, NGX_MDM_LEASE_LOST,
                                 "it is another's, stopped, or its "
                                 "certificate has expired");
        return;
    }

    ngx_mdm_push_topic_version(topic,
                               ngx_mdm_pg_int(rows, 0,
                                              NGX_MDM_PUSH_CLAIM_VERSION));

    if (rows->count > 1) {
        topic->active = ngx_current_msec;

        if (ngx_mdm_push_batch_take(topic, rows) != NGX_OK) {
            ngx_mdm_push_topic_close(topic, NGX_MDM_LEASE_RELEASED,
                                     "memory ran out");
            return;
        }
    }

    ngx_mdm_push_topic_next(topic, rows);
}


/* When it is claimed again.  What another node queues nobody tells: it is
 * looked for more often while there is something to do, and otherwise by
 * push_due() once a second, for all topics together. */

static void
ngx_mdm_push_topic_next(ngx_mdm_push_topic_t *topic,
    const ngx_mdm_pg_rows_t *rows)
{
    int64_t  ms;

    ms = NGX_MDM_PUSH_NEVER;

    if (!ngx_mdm_push_passed(topic->active + NGX_MDM_PUSH_ACTIVE)) {
        ms = NGX_MDM_PUSH_POLL;
    }

    if (!ngx_mdm_pg_is_null(rows, 0, NGX_MDM_PUSH_CLAIM_NEXT)) {
        ms = ngx_min(ms, ngx_mdm_pg_int(rows, 0, NGX_MDM_PUSH_CLAIM_NEXT));
    }

    if (topic->again) {
        ms = 0;
    }

    topic->claim_at = ngx_current_msec + ngx_max(ms, 0);
}


void
ngx_mdm_push_topic_close(ngx_mdm_push_topic_t *topic, ngx_mdm_lease_e what,
    const char *why)
{
    if (topic->state >= NGX_MDM_PUSH_CLOSING) {
        return;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, topic->pushes->log, 0,
                   "mdm: topic \"%V\" is given back: %s", &topic->name, why);

    ngx_mdm_count(&topic->pushes->engine->counters->push.leases[what]);

    topic->state = NGX_MDM_PUSH_CLOSING;

    ngx_mdm_push_batch_drop(topic);

    if (topic->apns != NULL) {
        ngx_mdm_apns_topic_recall(topic->apns);
    }

    ngx_mdm_push_topic_post(topic);
}


void
ngx_mdm_push_topic_hang_up(ngx_mdm_push_topic_t *topic)
{
    if (topic->apns != NULL) {
        ngx_mdm_apns_topic_destroy(topic->apns);
        topic->apns = NULL;
    }
}


/* Everything that came of it is recorded: the lease can go. */

static void
ngx_mdm_push_topic_drained(ngx_mdm_push_topic_t *topic)
{
    ngx_mdm_pushes_t  *pushes;

    if (topic->state == NGX_MDM_PUSH_RELEASING) {
        return;
    }

    /* what the server refused meanwhile needs no other connection: there may
     * never be one */

    if (topic->apns != NULL) {
        ngx_mdm_apns_topic_recall(topic->apns);
    }

    if (topic->in_flight != 0
        || topic->claiming || topic->opening || topic->recording
        || !ngx_queue_empty(&topic->answered))
    {
        return;
    }

    pushes = topic->pushes;
    topic->state = NGX_MDM_PUSH_RELEASING;

    ngx_mdm_push_topic_hang_up(topic);

    if (topic->timer.timer_set) {
        ngx_del_timer(&topic->timer);
    }

    ngx_queue_remove(&topic->queue);
    ngx_queue_insert_tail(&pushes->releasing, &topic->queue);

    ngx_mdm_push_lease_release(pushes);
}
