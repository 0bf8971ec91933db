
/*
 * Leases are renewed together, with which the database hears how their topics
 * are, and given back together.
 */


#include "ngx_mdm_push_internal.h"


#define NGX_MDM_PUSH_TOPICS       500       /* of one renewal or release */

/* A topic is kept after its last push, for Apple takes it ill when connections
 * come and go; not so long when there are many. */
#define NGX_MDM_PUSH_FEW          64
#define NGX_MDM_PUSH_KEEP         (30 * 60 * 1000)
#define NGX_MDM_PUSH_KEEP_MANY    (60 * 1000)

/* What no further attempt mends is told to be tried then. */
#define NGX_MDM_PUSH_MENDED       (60 * 1000)


/* A renewal or a release under way; all of it is in the pool. */

typedef struct {
    ngx_mdm_pg_call_t          call;
    ngx_pool_t                *pool;
    ngx_mdm_pushes_t          *pushes;
    ngx_mdm_push_topic_t     **topics;     /* NULL: it is gone */
    ngx_uint_t                 n;
    ngx_msec_t                 asked;
} ngx_mdm_push_lease_call_t;


/* columns of push_renew() */

enum {
    NGX_MDM_PUSH_RENEW_N = 0,
    NGX_MDM_PUSH_RENEW_HELD,
    NGX_MDM_PUSH_RENEW_VERSION,
    NGX_MDM_PUSH_RENEW_STOPPED,
    NGX_MDM_PUSH_RENEW_EXPIRED,
    NGX_MDM_PUSH_RENEW_NEWS,
    NGX_MDM_PUSH_RENEW_NAME
};


static void ngx_mdm_push_lease_renew_some(ngx_mdm_pushes_t *pushes);
static ngx_int_t ngx_mdm_push_lease_health(ngx_mdm_push_lease_call_t *c);
static void ngx_mdm_push_lease_renewed(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_push_lease_judge(ngx_mdm_push_topic_t *topic,
    ngx_msec_t asked, const ngx_mdm_pg_rows_t *rows, int row);
static void ngx_mdm_push_lease_keep(ngx_mdm_push_topic_t *topic);
static void ngx_mdm_push_lease_released(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static ngx_mdm_push_lease_call_t *ngx_mdm_push_lease_call(
    ngx_mdm_pushes_t *pushes, ngx_queue_t *topics, ngx_uint_t most);
static ngx_int_t ngx_mdm_push_lease_names(ngx_mdm_push_lease_call_t *c,
    ngx_uint_t param);


void
ngx_mdm_push_lease_renew(ngx_event_t *ev)
{
    ngx_mdm_pushes_t  *pushes;

    pushes = ev->data;

    if (pushes->leaving || ngx_exiting) {
        return;
    }

    ngx_add_timer(ev, NGX_MDM_PUSH_RENEW);

    if (!pushes->renewing) {
        pushes->to_renew = pushes->ntopics;
        ngx_mdm_push_lease_renew_some(pushes);
    }
}


void
ngx_mdm_push_lease_tell(ngx_mdm_push_topic_t *topic)
{
    ngx_mdm_pushes_t  *pushes;

    pushes = topic->pushes;

    if (pushes->leaving) {
        return;
    }

    ngx_queue_remove(&topic->queue);
    ngx_queue_insert_head(&pushes->topics, &topic->queue);
    pushes->to_renew++;

    if (!pushes->tell.posted) {
        ngx_post_event(&pushes->tell, &ngx_posted_next_events);
    }
}


void
ngx_mdm_push_lease_told(ngx_event_t *ev)
{
    ngx_mdm_pushes_t  *pushes;

    pushes = ev->data;

    if (!pushes->renewing && !pushes->leaving) {
        ngx_mdm_push_lease_renew_some(pushes);
    }
}


/* Those that were renewed go behind the others. */

static void
ngx_mdm_push_lease_renew_some(ngx_mdm_pushes_t *pushes)
{
    ngx_uint_t                  i;
    ngx_queue_t                *q;
    ngx_mdm_push_lease_call_t  *c;

    if (pushes->to_renew == 0 || ngx_queue_empty(&pushes->topics)) {
        pushes->to_renew = 0;
        return;
    }

    c = ngx_mdm_push_lease_call(pushes, &pushes->topics, pushes->to_renew);

    if (c == NULL) {
        return;
    }

    ngx_mdm_pg_set_int4(&c->call.params[1], NGX_MDM_PUSH_LEASE);

    if (ngx_mdm_push_lease_names(c, 2) != NGX_OK
        || ngx_mdm_push_lease_health(c) != NGX_OK)
    {
        ngx_destroy_pool(c->pool);
        return;
    }

    for (i = 0; i < c->n; i++) {
        q = &c->topics[i]->queue;
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&pushes->topics, q);
        c->topics[i]->place = &c->topics[i];
    }

    pushes->to_renew -= c->n;
    pushes->renewing = 1;

    c->call.statement = NGX_MDM_SQL_PUSH_RENEW;
    c->call.handler = ngx_mdm_push_lease_renewed;

    ngx_mdm_pg_call(pushes->engine->pg, &c->call);
}


/* What the database is told of each of them: its connections, why there are
 * none, and when that is tried again. */

static ngx_int_t
ngx_mdm_push_lease_health(ngx_mdm_push_lease_call_t *c)
{
    u_char                *copy;
    size_t                 len;
    ngx_uint_t             i;
    const char            *error;
    ngx_mdm_pg_value_t    *connections, *errors, *retries;
    ngx_mdm_push_topic_t  *topic;
    ngx_mdm_apns_state_t   state;

    connections = ngx_palloc(c->pool, 3 * c->n * sizeof(ngx_mdm_pg_value_t));
    if (connections == NULL) {
        return NGX_ERROR;
    }

    errors = connections + c->n;
    retries = errors + c->n;

    for (i = 0; i < c->n; i++) {
        topic = c->topics[i];
        state.connections = 0;
        state.retry = 0;
        error = topic->error ? topic->error : "";

        if (topic->apns != NULL) {
            ngx_mdm_apns_state(topic->apns, &state);

            if (topic->error == NULL && state.connections == 0) {
                error = state.error;
            }
        }

        len = ngx_strlen(error);
        copy = ngx_pnalloc(c->pool, len + 1);
        if (copy == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(copy, error, len);

        ngx_mdm_pg_set_int8(&connections[i], state.connections);
        ngx_mdm_pg_set_bytes(&errors[i], copy, len);
        ngx_mdm_pg_set_int8(&retries[i], topic->error ? NGX_MDM_PUSH_MENDED
                                                      : state.retry);
    }

    if (ngx_mdm_pg_set_array(&c->call.params[4], c->pool, 'i', connections,
                             c->n)
        != NGX_OK
        || ngx_mdm_pg_set_array(&c->call.params[5], c->pool, 't', errors,
                                c->n)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_mdm_pg_set_array(&c->call.params[6], c->pool, 'i', retries,
                                c->n);
}


static void
ngx_mdm_push_lease_renewed(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    int                         i;
    int64_t                     n;
    ngx_uint_t                  k;
    ngx_mdm_pushes_t           *pushes;
    ngx_mdm_push_lease_call_t  *c;

    c = call->data;
    pushes = c->pushes;
    pushes->renewing = 0;

    for (k = 0; k < c->n; k++) {
        if (c->topics[k] != NULL) {
            c->topics[k]->place = NULL;
        }
    }

    if (rc == NGX_MDM_PG_DONE && !pushes->gone) {

        for (i = 0; i < rows->count; i++) {
            n = ngx_mdm_pg_int(rows, i, NGX_MDM_PUSH_RENEW_N);

            if (n >= 1 && n <= (int64_t) c->n && c->topics[n - 1] != NULL) {
                ngx_mdm_push_lease_judge(c->topics[n - 1], c->asked, rows, i);
            }
        }
    }

    ngx_destroy_pool(c->pool);

    if (rc == NGX_MDM_PG_DONE && !pushes->leaving) {
        ngx_mdm_push_lease_renew_some(pushes);
    }
}


static void
ngx_mdm_push_lease_judge(ngx_mdm_push_topic_t *topic, ngx_msec_t asked,
    const ngx_mdm_pg_rows_t *rows, int row)
{
    if (!ngx_mdm_pg_bool(rows, row, NGX_MDM_PUSH_RENEW_HELD)) {
        ngx_mdm_push_topic_close(topic, NGX_MDM_LEASE_LOST,
                                 "its lease was lost");
        return;
    }

    topic->lease_until = asked + (NGX_MDM_PUSH_LEASE - 1) * 1000;

    ngx_mdm_push_lease_news(topic->pushes, topic->name,
                            ngx_mdm_pg_text(rows, row, NGX_MDM_PUSH_RENEW_NEWS),
                            ngx_mdm_pg_text(rows, row,
                                            NGX_MDM_PUSH_RENEW_NAME));

    if (ngx_mdm_pg_bool(rows, row, NGX_MDM_PUSH_RENEW_STOPPED)) {
        ngx_mdm_push_topic_close(topic, NGX_MDM_LEASE_LOST,
                                 "it is stopped");

    } else if (ngx_mdm_pg_bool(rows, row, NGX_MDM_PUSH_RENEW_EXPIRED)) {
        ngx_mdm_push_topic_close(topic, NGX_MDM_LEASE_LOST,
                                 "its certificate has expired");

    } else {
        ngx_mdm_push_topic_version(topic, ngx_mdm_pg_int(rows, row,
                                                NGX_MDM_PUSH_RENEW_VERSION));
        ngx_mdm_push_lease_keep(topic);
    }
}


void
ngx_mdm_push_lease_news(ngx_mdm_pushes_t *pushes, ngx_str_t topic,
    ngx_str_t news, ngx_str_t tenant)
{
    if (news.len == 0) {
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, pushes->log, 0,
                  "mdm: push topic %V, tenant \"%V\": pushes go on: it was %V",
                  &topic, &tenant, &news);
}


static void
ngx_mdm_push_lease_keep(ngx_mdm_push_topic_t *topic)
{
    ngx_msec_t  keep;

    keep = (topic->pushes->ntopics > NGX_MDM_PUSH_FEW)
           ? NGX_MDM_PUSH_KEEP_MANY : NGX_MDM_PUSH_KEEP;

    if (topic->in_hand == 0 && !topic->claiming
        && ngx_mdm_push_passed(topic->active + keep))
    {
        ngx_mdm_push_topic_close(topic, NGX_MDM_LEASE_RELEASED,
                                 "nothing is to be pushed");
    }
}


/* One call at a time; those that come meanwhile go together with the next. */

void
ngx_mdm_push_lease_release(ngx_mdm_pushes_t *pushes)
{
    ngx_mdm_push_lease_call_t  *c;

    if (pushes->gone || pushes->giving_back
        || ngx_queue_empty(&pushes->releasing))
    {
        return;
    }

    c = ngx_mdm_push_lease_call(pushes, &pushes->releasing,
                                NGX_MDM_PUSH_TOPICS);
    if (c == NULL) {
        return;
    }

    if (ngx_mdm_push_lease_names(c, 1) != NGX_OK) {
        ngx_destroy_pool(c->pool);
        return;
    }

    pushes->giving_back = 1;

    c->call.statement = NGX_MDM_SQL_PUSH_RELEASE;
    c->call.handler = ngx_mdm_push_lease_released;

    ngx_mdm_pg_call(pushes->engine->pg, &c->call);
}


/* What could not be given back is tried again with the next look; in a worker
 * that exits the leases run out. */

static void
ngx_mdm_push_lease_released(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_uint_t                  i;
    ngx_mdm_pushes_t           *pushes;
    ngx_mdm_push_lease_call_t  *c;

    c = call->data;
    pushes = c->pushes;
    pushes->giving_back = 0;

    if (!pushes->gone && (rc == NGX_MDM_PG_DONE || pushes->leaving)) {

        for (i = 0; i < c->n; i++) {
            ngx_mdm_push_topic_free(c->topics[i]);
        }
    }

    ngx_destroy_pool(c->pool);

    if (rc == NGX_MDM_PG_DONE || pushes->leaving) {
        ngx_mdm_push_lease_release(pushes);
    }
}


/* A call about the first of the topics. */

static ngx_mdm_push_lease_call_t *
ngx_mdm_push_lease_call(ngx_mdm_pushes_t *pushes, ngx_queue_t *topics,
    ngx_uint_t most)
{
    ngx_pool_t                 *pool;
    ngx_queue_t                *q;
    ngx_mdm_push_lease_call_t  *c;

    pool = ngx_create_pool(16384, pushes->log);
    if (pool == NULL) {
        return NULL;
    }

    most = ngx_min(most, NGX_MDM_PUSH_TOPICS);

    c = ngx_pcalloc(pool, sizeof(ngx_mdm_push_lease_call_t));

    if (c == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    c->topics = ngx_palloc(pool, most * sizeof(ngx_mdm_push_topic_t *));

    if (c->topics == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    for (q = ngx_queue_head(topics);
         q != ngx_queue_sentinel(topics) && c->n < most;
         q = ngx_queue_next(q))
    {
        c->topics[c->n++] = ngx_queue_data(q, ngx_mdm_push_topic_t, queue);
    }

    c->pool = pool;
    c->pushes = pushes;
    c->asked = ngx_current_msec;
    c->call.data = c;

    ngx_mdm_pg_set_bytes(&c->call.params[0], pushes->owner.data,
                         pushes->owner.len);

    return c;
}


/* Their tenants and names, as this parameter and the next. */

static ngx_int_t
ngx_mdm_push_lease_names(ngx_mdm_push_lease_call_t *c, ngx_uint_t param)
{
    ngx_uint_t           i;
    ngx_mdm_pg_value_t  *tenants, *names;

    tenants = ngx_palloc(c->pool, 2 * c->n * sizeof(ngx_mdm_pg_value_t));
    if (tenants == NULL) {
        return NGX_ERROR;
    }

    names = tenants + c->n;

    for (i = 0; i < c->n; i++) {
        ngx_mdm_pg_set_int8(&tenants[i], c->topics[i]->tenant_id);
        ngx_mdm_pg_set_bytes(&names[i], c->topics[i]->name.data,
                             c->topics[i]->name.len);
    }

    if (ngx_mdm_pg_set_array(&c->call.params[param], c->pool, 'i', tenants,
                             c->n)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_mdm_pg_set_array(&c->call.params[param + 1], c->pool, 't',
                                names, c->n);
}
