
/*
 * Topics that have wishes are looked for: those that nobody has are leased,
 * of ours those that others queued for are woken.  A lease counts from when it
 * was asked for, and a second less than the database has it.
 */


#include "ngx_mdm_push_internal.h"


#define NGX_MDM_PUSH_LOOK         1000
#define NGX_MDM_PUSH_LEASES       128       /* of one look */


/* columns of push_lease(), of which push_due() has the first */

enum {
    NGX_MDM_PUSH_LEASE_TENANT = 0,
    NGX_MDM_PUSH_LEASE_TOPIC,
    NGX_MDM_PUSH_LEASE_VERSION,
    NGX_MDM_PUSH_LEASE_OWNER,
    NGX_MDM_PUSH_LEASE_NEWS,
    NGX_MDM_PUSH_LEASE_NAME
};


static void ngx_mdm_push_lease_due(ngx_mdm_pushes_t *pushes);
static void ngx_mdm_push_lease_looked(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_push_lease_ask(ngx_mdm_pushes_t *pushes);
static void ngx_mdm_push_lease_taken(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static ngx_uint_t ngx_mdm_push_lease_take(ngx_mdm_pushes_t *pushes,
    const ngx_mdm_pg_rows_t *rows, int row);


void
ngx_mdm_push_lease_look(ngx_event_t *ev)
{
    ngx_mdm_pushes_t  *pushes;

    pushes = ev->data;

    if (pushes->leaving || ngx_exiting) {
        return;
    }

    ngx_add_timer(ev, NGX_MDM_PUSH_LOOK);

    pushes->look_now = 1;
    ngx_mdm_push_lease_ask(pushes);
    ngx_mdm_push_lease_due(pushes);
    ngx_mdm_push_lease_release(pushes);
}


/* Nobody tells what is queued for our topics on other nodes. */

static void
ngx_mdm_push_lease_due(ngx_mdm_pushes_t *pushes)
{
    ngx_mdm_pg_call_t  *call;

    if (pushes->looking || pushes->ntopics == 0) {
        return;
    }

    call = &pushes->due;
    ngx_memzero(call, sizeof(ngx_mdm_pg_call_t));

    ngx_mdm_pg_set_bytes(&call->params[0], pushes->owner.data,
                         pushes->owner.len);

    call->statement = NGX_MDM_SQL_PUSH_DUE;
    call->handler = ngx_mdm_push_lease_looked;
    call->data = pushes;

    pushes->looking = 1;

    ngx_mdm_pg_call(pushes->engine->pg, call);
}


static void
ngx_mdm_push_lease_looked(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    int                    i;
    ngx_mdm_pushes_t      *pushes;
    ngx_mdm_push_topic_t  *topic;

    pushes = call->data;
    pushes->looking = 0;

    if (rc != NGX_MDM_PG_DONE || pushes->leaving) {
        return;
    }

    for (i = 0; i < rows->count; i++) {
        topic = ngx_mdm_push_topic_find(pushes,
                          ngx_mdm_pg_int(rows, i, NGX_MDM_PUSH_LEASE_TENANT),
                          ngx_mdm_pg_text(rows, i, NGX_MDM_PUSH_LEASE_TOPIC));

        if (topic != NULL && topic->state < NGX_MDM_PUSH_CLOSING) {
            ngx_mdm_push_topic_wake(topic);
        }
    }
}


/* A tenant's topics that are ours are claimed at once; if none is, they are
 * another worker's of this node, whom `tell` allows to tell, or perhaps
 * nobody's. */

void
ngx_mdm_push_lease_wake(ngx_mdm_pushes_t *pushes, int64_t tenant_id,
    ngx_uint_t tell)
{
    ngx_uint_t             i, ours;
    ngx_queue_t           *q, *bucket;
    ngx_mdm_push_other_t  *other;
    ngx_mdm_push_topic_t  *topic;

    ours = 0;
    bucket = ngx_mdm_push_topic_bucket(pushes, tenant_id);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        topic = ngx_queue_data(q, ngx_mdm_push_topic_t, bucket);

        if (topic->tenant_id == tenant_id
            && topic->state < NGX_MDM_PUSH_CLOSING)
        {
            ours = 1;
            ngx_mdm_push_topic_wake(topic);
        }
    }

    if (ours
        || (tell && ngx_mdm_push_signals_send(pushes, tenant_id) == NGX_OK))
    {
        return;
    }

    /* who has them looks himself as often */

    other = &pushes->others[(uint64_t) tenant_id % NGX_MDM_PUSH_OTHERS];

    if (other->tenant_id == tenant_id && !ngx_mdm_push_passed(other->until)) {
        return;
    }

    for (i = 0; i < pushes->ntenants; i++) {
        if (pushes->tenants[i] == tenant_id) {
            return;
        }
    }

    if (pushes->ntenants < NGX_MDM_PUSH_TENANTS) {
        pushes->tenants[pushes->ntenants++] = tenant_id;

    } else {
        pushes->look_now = 1;
    }

    ngx_mdm_push_lease_ask(pushes);
}


static void
ngx_mdm_push_lease_ask(ngx_mdm_pushes_t *pushes)
{
    ngx_mdm_pg_call_t  *call;

    if (pushes->leasing || pushes->leaving
        || pushes->nclaims >= NGX_MDM_PUSH_CLAIMS
        || (pushes->ntenants == 0 && !pushes->look_now))
    {
        return;
    }

    call = &pushes->lease;
    ngx_memzero(call, sizeof(ngx_mdm_pg_call_t));

    ngx_mdm_pg_set_bytes(&call->params[0], pushes->owner.data,
                         pushes->owner.len);
    ngx_mdm_pg_set_int4(&call->params[1], NGX_MDM_PUSH_LEASE);
    ngx_mdm_pg_set_int4(&call->params[3], NGX_MDM_PUSH_LEASES);

    /* tenants may come without end, and so come second */

    if (pushes->look_now) {
        pushes->look_now = 0;

    } else {
        ngx_mdm_pg_set_int8(&call->params[2],
                            pushes->tenants[--pushes->ntenants]);
    }

    call->statement = NGX_MDM_SQL_PUSH_LEASE;
    call->handler = ngx_mdm_push_lease_taken;
    call->data = pushes;

    pushes->leasing = 1;
    pushes->asked = ngx_current_msec;

    ngx_mdm_pg_call(pushes->engine->pg, call);
}


static void
ngx_mdm_push_lease_taken(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    int                i;
    ngx_uint_t         taken;
    ngx_mdm_pushes_t  *pushes;

    pushes = call->data;
    pushes->leasing = 0;

    if (pushes->gone) {
        return;
    }

    if (rc != NGX_MDM_PG_DONE) {
        pushes->ntenants = 0;
        return;
    }

    for (i = 0, taken = 0; i < rows->count; i++) {
        taken += ngx_mdm_push_lease_take(pushes, rows, i);
    }

    /* there may be more */

    if (taken != 0 && rows->count >= NGX_MDM_PUSH_LEASES) {
        pushes->look_now = 1;
    }

    ngx_mdm_push_lease_ask(pushes);
    ngx_mdm_push_lease_release(pushes);
}


/* Is the topic a new one of ours? */

static ngx_uint_t
ngx_mdm_push_lease_take(ngx_mdm_pushes_t *pushes,
    const ngx_mdm_pg_rows_t *rows, int row)
{
    int64_t                tenant_id, version;
    ngx_str_t              name, owner;
    ngx_mdm_push_other_t  *other;
    ngx_mdm_push_topic_t  *topic;

    tenant_id = ngx_mdm_pg_int(rows, row, NGX_MDM_PUSH_LEASE_TENANT);
    name = ngx_mdm_pg_text(rows, row, NGX_MDM_PUSH_LEASE_TOPIC);
    version = ngx_mdm_pg_int(rows, row, NGX_MDM_PUSH_LEASE_VERSION);
    owner = ngx_mdm_pg_text(rows, row, NGX_MDM_PUSH_LEASE_OWNER);

    if (owner.len != pushes->owner.len
        || ngx_memcmp(owner.data, pushes->owner.data, owner.len) != 0)
    {
        other = &pushes->others[(uint64_t) tenant_id % NGX_MDM_PUSH_OTHERS];
        other->tenant_id = tenant_id;
        other->until = ngx_current_msec + NGX_MDM_PUSH_LOOK;
        return 0;
    }

    /* also of one that still drains: the database tells it once */

    ngx_mdm_push_lease_news(pushes, name,
                            ngx_mdm_pg_text(rows, row, NGX_MDM_PUSH_LEASE_NEWS),
                            ngx_mdm_pg_text(rows, row,
                                            NGX_MDM_PUSH_LEASE_NAME));

    topic = ngx_mdm_push_topic_find(pushes, tenant_id, name);

    if (topic != NULL) {

        if (topic->state < NGX_MDM_PUSH_CLOSING) {
            topic->lease_until = pushes->asked
                                 + (NGX_MDM_PUSH_LEASE - 1) * 1000;
            ngx_mdm_push_topic_version(topic, version);
            ngx_mdm_push_topic_wake(topic);
        }

        return 0;
    }

    topic = ngx_mdm_push_topic_create(pushes, tenant_id, name, version);

    if (topic == NULL) {
        return 0;
    }

    ngx_mdm_count(&pushes->engine->counters->push.leases[
                                                    NGX_MDM_LEASE_TAKEN]);

    topic->lease_until = pushes->asked + (NGX_MDM_PUSH_LEASE - 1) * 1000;

    /* taken by an answer that came while the worker began to exit */

    if (pushes->leaving) {
        ngx_mdm_push_topic_close(topic, NGX_MDM_LEASE_RELEASED,
                                 "the worker exits");
        return 1;
    }

    ngx_mdm_push_topic_go(topic);

    return 1;
}
