
/*
 * Pushes of one worker and database: their start, their end, and who is told
 * of what was recorded.  What is done about a topic is ngx_mdm_push_topic.c's
 * affair.
 */


#include "ngx_mdm_push_internal.h"


#define NGX_MDM_PUSH_GRACE        2000


static ngx_int_t ngx_mdm_pushes_owner(ngx_mdm_pushes_t *pushes);
static void ngx_mdm_pushes_timer(ngx_mdm_pushes_t *pushes, ngx_event_t *ev,
    ngx_event_handler_pt handler);
static void ngx_mdm_pushes_grace(ngx_event_t *ev);
static void ngx_mdm_pushes_changed(ngx_mdm_apns_topic_t *apns);
static void ngx_mdm_pushes_let_go(ngx_mdm_pushes_t *pushes);
static void ngx_mdm_pushes_silence(ngx_queue_t *topics);


static const ngx_mdm_apns_handlers_t  ngx_mdm_pushes_handlers = {
    ngx_mdm_push_batch_done,
    ngx_mdm_pushes_changed
};


ngx_int_t
ngx_mdm_pushes_create(ngx_mdm_engine_t *engine, ngx_mdm_apns_conf_t *conf,
    ngx_mdm_push_signals_t *signals, ngx_uint_t database)
{
    ngx_uint_t         i;
    ngx_mdm_pushes_t  *pushes;

    if (conf == NULL) {
        return NGX_OK;
    }

    pushes = ngx_pcalloc(engine->cycle->pool, sizeof(ngx_mdm_pushes_t));
    if (pushes == NULL) {
        return NGX_ERROR;
    }

    pushes->engine = engine;
    pushes->log = engine->log;
    pushes->signals = signals;
    pushes->database = database;
    pushes->rate = ngx_mdm_apns_conf_rate(conf);

    ngx_queue_init(&pushes->topics);
    ngx_queue_init(&pushes->releasing);
    ngx_queue_init(&pushes->ready);
    ngx_queue_init(&pushes->watches);

    for (i = 0; i < NGX_MDM_PUSH_BUCKETS; i++) {
        ngx_queue_init(&pushes->buckets[i]);
    }

    pushes->apns = ngx_mdm_apns_create(engine->cycle, conf,
                                       &ngx_mdm_pushes_handlers,
                                       &engine->counters->apns,
                                       &engine->metrics->gauges->apns,
                                       engine->threads,
                                       engine->counters->threads);

    if (pushes->apns == NULL || ngx_mdm_pushes_owner(pushes) != NGX_OK
        || ngx_mdm_push_signals_join(pushes) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_mdm_pushes_timer(pushes, &pushes->turn, ngx_mdm_push_batch_turn);
    ngx_mdm_pushes_timer(pushes, &pushes->look, ngx_mdm_push_lease_look);
    ngx_mdm_pushes_timer(pushes, &pushes->renew, ngx_mdm_push_lease_renew);
    ngx_mdm_pushes_timer(pushes, &pushes->tell, ngx_mdm_push_lease_told);
    ngx_mdm_pushes_timer(pushes, &pushes->grace, ngx_mdm_pushes_grace);

    pushes->look.cancelable = 1;
    pushes->renew.cancelable = 1;

    /* workers that start together do not look together */

    ngx_add_timer(&pushes->look, 1 + ngx_random() % 1000);
    ngx_add_timer(&pushes->renew, NGX_MDM_PUSH_RENEW);

    engine->pushes = pushes;

    return NGX_OK;
}


static ngx_int_t
ngx_mdm_pushes_owner(ngx_mdm_pushes_t *pushes)
{
    ngx_cycle_t  *cycle;

    cycle = pushes->engine->cycle;

    pushes->owner.data = ngx_pnalloc(cycle->pool, cycle->hostname.len
                                                  + sizeof("-/")
                                                  + NGX_INT64_LEN + 8);
    if (pushes->owner.data == NULL) {
        return NGX_ERROR;
    }

    /* containers share names and process ids */

    pushes->owner.len = ngx_sprintf(pushes->owner.data, "%V-%08xD/%P",
                                    &cycle->hostname,
                                    (uint32_t) ngx_random(), ngx_pid)
                        - pushes->owner.data;

    return NGX_OK;
}


static void
ngx_mdm_pushes_timer(ngx_mdm_pushes_t *pushes, ngx_event_t *ev,
    ngx_event_handler_pt handler)
{
    ev->handler = handler;
    ev->data = pushes;
    ev->log = pushes->log;
}


/* Calls that are under way are answered later, by nobody who would still do
 * something about it. */

void
ngx_mdm_pushes_destroy(ngx_mdm_engine_t *engine)
{
    ngx_mdm_pushes_t  *pushes;

    pushes = engine->pushes;

    if (pushes == NULL) {
        return;
    }

    pushes->leaving = 1;
    pushes->gone = 1;

    ngx_mdm_pushes_let_go(pushes);
    ngx_mdm_push_signals_part(pushes);
    ngx_mdm_apns_destroy(pushes->apns);

    ngx_mdm_pushes_silence(&pushes->topics);
    ngx_mdm_pushes_silence(&pushes->releasing);

    if (pushes->look.timer_set) {
        ngx_del_timer(&pushes->look);
    }

    if (pushes->renew.timer_set) {
        ngx_del_timer(&pushes->renew);
    }

    if (pushes->grace.timer_set) {
        ngx_del_timer(&pushes->grace);
    }

    if (pushes->turn.posted) {
        ngx_delete_posted_event(&pushes->turn);
    }

    if (pushes->tell.posted) {
        ngx_delete_posted_event(&pushes->tell);
    }
}


/* A worker that ends at once waits for no answer of Apple; but the leases that
 * it still has need not run out. */

static void
ngx_mdm_pushes_let_go(ngx_mdm_pushes_t *pushes)
{
    ngx_mdm_pg_call_t  call;

    if (pushes->ntopics == 0 && !pushes->leasing) {
        return;
    }

    ngx_memzero(&call, sizeof(ngx_mdm_pg_call_t));
    ngx_mdm_pg_set_bytes(&call.params[0], pushes->owner.data,
                         pushes->owner.len);
    call.statement = NGX_MDM_SQL_PUSH_LEAVE;

    ngx_mdm_pg_last_call(pushes->engine->pg, &call);
}


static void
ngx_mdm_pushes_silence(ngx_queue_t *topics)
{
    ngx_queue_t           *q;
    ngx_mdm_push_topic_t  *topic;

    for (q = ngx_queue_head(topics);
         q != ngx_queue_sentinel(topics);
         q = ngx_queue_next(q))
    {
        topic = ngx_queue_data(q, ngx_mdm_push_topic_t, queue);

        if (topic->timer.timer_set) {
            ngx_del_timer(&topic->timer);
        }

        if (topic->event.posted) {
            ngx_delete_posted_event(&topic->event);
        }
    }
}


void
ngx_mdm_pushes_leave(ngx_mdm_engine_t *engine)
{
    ngx_queue_t           *q, *next;
    ngx_mdm_pushes_t      *pushes;
    ngx_mdm_push_topic_t  *topic;

    pushes = engine->pushes;

    if (pushes == NULL || pushes->leaving) {
        return;
    }

    pushes->leaving = 1;

    if (pushes->ntopics == 0) {
        return;
    }

    /* keeps the worker until the last of them is given back */

    ngx_add_timer(&pushes->grace, NGX_MDM_PUSH_GRACE);

    for (q = ngx_queue_head(&pushes->topics);
         q != ngx_queue_sentinel(&pushes->topics);
         q = next)
    {
        next = ngx_queue_next(q);
        topic = ngx_queue_data(q, ngx_mdm_push_topic_t, queue);

        ngx_mdm_push_topic_close(topic, NGX_MDM_LEASE_RELEASED,
                                 "the worker exits");
    }
}


/* What Apple has not answered by now the next owner pushes again. */

static void
ngx_mdm_pushes_grace(ngx_event_t *ev)
{
    ngx_queue_t           *q, *next;
    ngx_mdm_pushes_t      *pushes;
    ngx_mdm_push_topic_t  *topic;

    pushes = ev->data;
    pushes->late = 1;

    for (q = ngx_queue_head(&pushes->topics);
         q != ngx_queue_sentinel(&pushes->topics);
         q = next)
    {
        next = ngx_queue_next(q);
        topic = ngx_queue_data(q, ngx_mdm_push_topic_t, queue);

        ngx_mdm_push_topic_hang_up(topic);
        topic->record_at = ngx_current_msec;
        ngx_mdm_push_topic_go(topic);
    }

    ngx_mdm_push_lease_release(pushes);
}


static void
ngx_mdm_pushes_changed(ngx_mdm_apns_topic_t *apns)
{
    ngx_mdm_push_topic_post(ngx_mdm_apns_topic_data(apns));
}


void
ngx_mdm_push_wake(ngx_mdm_engine_t *engine, int64_t tenant_id)
{
    if (engine->pushes != NULL && !engine->pushes->leaving) {
        ngx_mdm_push_lease_wake(engine->pushes, tenant_id, 1);
    }
}


ngx_uint_t
ngx_mdm_push_configured(ngx_mdm_engine_t *engine)
{
    return engine->pushes != NULL;
}


void
ngx_mdm_push_watch(ngx_mdm_engine_t *engine, ngx_mdm_push_watch_t *watch)
{
    if (engine->pushes == NULL) {
        ngx_queue_init(&watch->queue);
        return;
    }

    ngx_queue_insert_tail(&engine->pushes->watches, &watch->queue);
}


void
ngx_mdm_push_unwatch(ngx_mdm_push_watch_t *watch)
{
    ngx_queue_remove(&watch->queue);
    ngx_queue_init(&watch->queue);
}


void
ngx_mdm_push_have(ngx_mdm_pushes_t *pushes, ngx_int_t topics, ngx_int_t wishes)
{
    ngx_mdm_engine_gauges_t  *gauges;

    pushes->ntopics += topics;
    pushes->in_hand += wishes;

    gauges = pushes->engine->metrics->gauges;

    ngx_mdm_gauge_set(gauges, &gauges->push_topics, pushes->ntopics);
    ngx_mdm_gauge_set(gauges, &gauges->pushes, pushes->in_hand);
}


/* Handlers may part, join, and have others part. */

void
ngx_mdm_push_recorded(ngx_mdm_pushes_t *pushes, int64_t tenant_id)
{
    ngx_queue_t           *q, told;
    ngx_mdm_push_watch_t  *watch;

    if (ngx_queue_empty(&pushes->watches)) {
        return;
    }

    ngx_queue_init(&told);
    ngx_queue_add(&told, &pushes->watches);
    ngx_queue_init(&pushes->watches);

    while (!ngx_queue_empty(&told)) {
        q = ngx_queue_head(&told);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&pushes->watches, q);

        watch = ngx_queue_data(q, ngx_mdm_push_watch_t, queue);

        if (watch->tenant_id == tenant_id) {
            watch->recorded(watch);
        }
    }
}
