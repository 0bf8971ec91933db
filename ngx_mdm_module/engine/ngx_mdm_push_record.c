
/*
 * What became of pushes is recorded in natural batches: what is answered while
 * a record is under way goes into the next.  A record that fails is made
 * again, for as long as the worker lives.
 */


#include "ngx_mdm_push_internal.h"


#define NGX_MDM_PUSH_AGAIN        500
#define NGX_MDM_PUSH_WAIT_MAX     60        /* seconds */
#define NGX_MDM_PUSH_REFUSALS     10        /* until one is given up: more than
                                               there are halves */


/* arrays of push_record(), from its third parameter on */

enum {
    NGX_MDM_PUSH_RECORD_ENROLLMENT = 0,
    NGX_MDM_PUSH_RECORD_TOKEN,
    NGX_MDM_PUSH_RECORD_APNS_ID,
    NGX_MDM_PUSH_RECORD_OUTCOME,
    NGX_MDM_PUSH_RECORD_REASON,
    NGX_MDM_PUSH_RECORD_WAIT,
    NGX_MDM_PUSH_RECORD_TIME,
    NGX_MDM_PUSH_RECORD_NARRAYS
};


/* columns of push_record() */

enum {
    NGX_MDM_PUSH_RECORDED_OUTCOME = 0,
    NGX_MDM_PUSH_RECORDED_REASON,
    NGX_MDM_PUSH_RECORDED_TENANT
};


static const char  ngx_mdm_push_record_types[NGX_MDM_PUSH_RECORD_NARRAYS] = {
    'i', 't', 't', 't', 't', 'i', 'i'
};


static ngx_int_t ngx_mdm_push_record_params(ngx_mdm_push_call_t *c);
static ngx_int_t ngx_mdm_push_record_value(ngx_mdm_push_call_t *c,
    ngx_mdm_push_item_t *item, ngx_mdm_pg_value_t *values, ngx_int_t wait);
static ngx_int_t ngx_mdm_push_record_wait(ngx_mdm_push_topic_t *topic);
static void ngx_mdm_push_record_done(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_push_record_judge(ngx_mdm_push_topic_t *topic,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_push_record_again(ngx_mdm_push_topic_t *topic,
    ngx_mdm_push_call_t *c, ngx_mdm_pg_rc_e rc);
static void ngx_mdm_push_record_settle(ngx_mdm_push_topic_t *topic,
    ngx_queue_t *items);
static void ngx_mdm_push_record_fault(ngx_mdm_push_topic_t *topic,
    const mdm_push_answer_t *answer);


void
ngx_mdm_push_record(ngx_mdm_push_topic_t *topic)
{
    ngx_uint_t            most;
    ngx_pool_t           *pool;
    ngx_queue_t          *q;
    ngx_mdm_push_call_t  *c;

    if (topic->recording || ngx_queue_empty(&topic->answered)
        || !ngx_mdm_push_passed(topic->record_at))
    {
        return;
    }

    topic->record_at = ngx_current_msec + NGX_MDM_PUSH_AGAIN;

    pool = ngx_create_pool(16384, topic->pushes->log);
    if (pool == NULL) {
        return;
    }

    c = ngx_pcalloc(pool, sizeof(ngx_mdm_push_call_t));
    if (c == NULL) {
        ngx_destroy_pool(pool);
        return;
    }

    c->pool = pool;
    c->topic = topic;
    ngx_queue_init(&c->items);

    most = ngx_max(NGX_MDM_PUSH_BATCH >> ngx_min(topic->refusals, 9), 1);

    while (c->n < most && !ngx_queue_empty(&topic->answered)) {
        q = ngx_queue_head(&topic->answered);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&c->items, q);
        c->n++;
    }

    if (ngx_mdm_push_record_params(c) != NGX_OK) {
        ngx_mdm_push_record_again(topic, c, NGX_MDM_PG_OVERLOAD);
        ngx_destroy_pool(pool);
        return;
    }

    topic->recording = 1;

    c->call.statement = NGX_MDM_SQL_PUSH_RECORD;
    c->call.handler = ngx_mdm_push_record_done;
    c->call.data = c;

    ngx_mdm_pg_call(topic->pushes->engine->pg, &c->call);
}


static ngx_int_t
ngx_mdm_push_record_params(ngx_mdm_push_call_t *c)
{
    ngx_int_t              wait;
    ngx_uint_t             i;
    ngx_queue_t           *q;
    ngx_mdm_push_item_t   *item;
    ngx_mdm_pg_value_t    *values, *params;
    ngx_mdm_push_topic_t  *topic;

    topic = c->topic;
    params = c->call.params;

    ngx_mdm_pg_set_bytes(&params[0], topic->pushes->owner.data,
                         topic->pushes->owner.len);
    ngx_mdm_pg_set_int8(&params[1], topic->tenant_id);
    ngx_mdm_pg_set_bytes(&params[2], topic->name.data, topic->name.len);

    values = ngx_palloc(c->pool, NGX_MDM_PUSH_RECORD_NARRAYS * c->n
                                 * sizeof(ngx_mdm_pg_value_t));
    if (values == NULL) {
        return NGX_ERROR;
    }

    wait = ngx_mdm_push_record_wait(topic);

    for (q = ngx_queue_head(&c->items), i = 0;
         q != ngx_queue_sentinel(&c->items);
         q = ngx_queue_next(q), i++)
    {
        item = ngx_queue_data(q, ngx_mdm_push_item_t, queue);

        if (ngx_mdm_push_record_value(c, item, &values[i], wait) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < NGX_MDM_PUSH_RECORD_NARRAYS; i++) {
        if (ngx_mdm_pg_set_array(&params[3 + i], c->pool,
                                 ngx_mdm_push_record_types[i],
                                 &values[i * c->n], c->n)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* One of each array's values; those of an array lie together. */

static ngx_int_t
ngx_mdm_push_record_value(ngx_mdm_push_call_t *c, ngx_mdm_push_item_t *item,
    ngx_mdm_pg_value_t *values, ngx_int_t wait)
{
    u_char               *hex;
    ngx_uint_t            n;
    const char           *outcome, *reason;
    ngx_mdm_apns_push_t  *push;

    n = c->n;
    push = &item->push;

    hex = ngx_pnalloc(c->pool, 2 * push->token.len + 1);
    if (hex == NULL) {
        return NGX_ERROR;
    }

    ngx_hex_dump(hex, (u_char *) push->token.data, push->token.len);

    outcome = "returned";
    reason = "";

    /* that Apple took no former certificate says nothing of this one */

    if (push->answer.status != 0
        && (push->answer.class != MDM_PUSH_MISCONFIGURED
            || item->version == c->topic->wanted))
    {
        outcome = mdm_push_class_name(push->answer.class);
        reason = push->answer.reason;
        wait = push->retry_after;

    } else if (push->instead != NULL) {

        /* whose connection lives would be pushed each second, for ever */

        outcome = mdm_push_class_name(MDM_PUSH_RECONNECT);
        reason = push->instead;
        wait = 0;
    }

    ngx_mdm_pg_set_int8(&values[NGX_MDM_PUSH_RECORD_ENROLLMENT * n],
                        ngx_mdm_push_batch_enrollment(item));
    ngx_mdm_pg_set_bytes(&values[NGX_MDM_PUSH_RECORD_TOKEN * n], hex,
                         2 * push->token.len);
    ngx_mdm_pg_set_bytes(&values[NGX_MDM_PUSH_RECORD_APNS_ID * n],
                         push->apns_id, sizeof(push->apns_id));
    ngx_mdm_pg_set_bytes(&values[NGX_MDM_PUSH_RECORD_OUTCOME * n], outcome,
                         ngx_strlen(outcome));
    ngx_mdm_pg_set_bytes(&values[NGX_MDM_PUSH_RECORD_REASON * n], reason,
                         ngx_strlen(reason));
    ngx_mdm_pg_set_int8(&values[NGX_MDM_PUSH_RECORD_WAIT * n], wait);
    ngx_mdm_pg_set_int8(&values[NGX_MDM_PUSH_RECORD_TIME * n],
                        push->answer.time);

    return NGX_OK;
}


/* How long those wait that came back unanswered. */

static ngx_int_t
ngx_mdm_push_record_wait(ngx_mdm_push_topic_t *topic)
{
    ngx_mdm_apns_state_t  state;

    if (topic->apns == NULL) {
        return 1;
    }

    ngx_mdm_apns_state(topic->apns, &state);

    return ngx_min(1 << ngx_min(state.failures, 6), NGX_MDM_PUSH_WAIT_MAX);
}


static void
ngx_mdm_push_record_done(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_pushes_t      *pushes;
    ngx_mdm_push_call_t   *c;
    ngx_mdm_push_topic_t  *topic;

    c = call->data;
    topic = c->topic;
    pushes = topic->pushes;
    topic->recording = 0;

    if (pushes->gone) {
        ngx_destroy_pool(c->pool);
        return;
    }

    if (rc != NGX_MDM_PG_DONE) {
        ngx_mdm_push_record_again(topic, c, rc);
        ngx_destroy_pool(c->pool);
        ngx_mdm_push_topic_post(topic);
        return;
    }

    topic->record_at = ngx_current_msec;
    topic->refusals = 0;
    topic->active = ngx_current_msec;

    (void) ngx_atomic_fetch_add(&pushes->engine->counters->push.recorded,
                                c->n);

    ngx_mdm_push_record_settle(topic, &c->items);
    ngx_destroy_pool(c->pool);

    if (rows->count != 0) {
        ngx_mdm_push_record_judge(topic, rows);
    }

    ngx_mdm_push_topic_post(topic);
    ngx_mdm_push_recorded(pushes, topic->tenant_id);
}


/* Does Apple still take pushes of the topic? */

static void
ngx_mdm_push_record_judge(ngx_mdm_push_topic_t *topic,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t  outcome, reason, tenant;

    outcome = ngx_mdm_pg_text(rows, 0, NGX_MDM_PUSH_RECORDED_OUTCOME);

    if (outcome.len != sizeof("stopped") - 1) {
        return;
    }

    if (!ngx_mdm_pg_is_null(rows, 0, NGX_MDM_PUSH_RECORDED_REASON)) {
        reason = ngx_mdm_pg_text(rows, 0, NGX_MDM_PUSH_RECORDED_REASON);
        tenant = ngx_mdm_pg_text(rows, 0, NGX_MDM_PUSH_RECORDED_TENANT);

        ngx_log_error(NGX_LOG_ERR, topic->pushes->log, 0,
                      "mdm: push topic %V, tenant \"%V\": stopped: %V: store "
                      "its right certificate, or resume it with \"mdmctl push "
                      "resume\"", &topic->name, &tenant, &reason);
    }

    ngx_mdm_push_topic_close(topic, NGX_MDM_LEASE_LOST, "it is stopped");
}


/*
 * They are recorded again in their order, before those that came later.  When
 * PostgreSQL goes on refusing them, in halves; what it still refuses alone is
 * forgotten, and with the lease its wish becomes due again.
 */

static void
ngx_mdm_push_record_again(ngx_mdm_push_topic_t *topic, ngx_mdm_push_call_t *c,
    ngx_mdm_pg_rc_e rc)
{
    ngx_queue_t  items;

    ngx_mdm_count(&topic->pushes->engine->counters->push.unrecorded);

    topic->record_at = ngx_current_msec + NGX_MDM_PUSH_AGAIN;

    if (topic->pushes->late) {
        ngx_mdm_push_record_settle(topic, &c->items);
        return;
    }

    if (rc == NGX_MDM_PG_FAULT
        && ++topic->refusals > NGX_MDM_PUSH_REFUSALS && c->n == 1)
    {
        ngx_mdm_push_record_settle(topic, &c->items);
        ngx_mdm_push_topic_close(topic, NGX_MDM_LEASE_RELEASED,
                                 "a push cannot be recorded");
        return;
    }

    ngx_queue_init(&items);
    ngx_queue_add(&items, &c->items);
    ngx_queue_add(&items, &topic->answered);
    ngx_queue_init(&topic->answered);
    ngx_queue_add(&topic->answered, &items);
}


static void
ngx_mdm_push_record_settle(ngx_mdm_push_topic_t *topic, ngx_queue_t *items)
{
    ngx_queue_t          *q;
    ngx_mdm_push_item_t  *item;

    while (!ngx_queue_empty(items)) {
        q = ngx_queue_head(items);
        ngx_queue_remove(q);

        item = ngx_queue_data(q, ngx_mdm_push_item_t, queue);

        ngx_mdm_push_record_fault(topic, &item->push.answer);
        ngx_mdm_push_batch_settle(topic, item);
    }
}


/* Nobody but who reads the log can mend what this server sends. */

static void
ngx_mdm_push_record_fault(ngx_mdm_push_topic_t *topic,
    const mdm_push_answer_t *answer)
{
    ngx_uint_t  level;

    if (answer->status == 0 || answer->class != MDM_PUSH_OUR_FAULT) {
        return;
    }

    level = ngx_mdm_pg_level(topic->pushes->engine->pg, NGX_LOG_ERR,
                             "pushes of a wrong form");

    ngx_log_error(level, topic->pushes->log, 0,
                  "mdm: push topic %V: Apple takes no push of this form: "
                  "%ui %s; the next attempt is in a day", &topic->name,
                  (ngx_uint_t) answer->status, answer->reason);
}
