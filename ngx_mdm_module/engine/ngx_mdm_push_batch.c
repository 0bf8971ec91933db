
/*
 * The wishes in hand: from the rows of a claim to the connections, some of
 * them in each turn of the event loop, so that devices have theirs.
 */


#include "ngx_mdm_push_internal.h"
#include "ngx_mdm_uuid.h"


/* Handed over in one turn, and of one topic before the next has some. */
#define NGX_MDM_PUSH_TURN         32
#define NGX_MDM_PUSH_SHARE        8


static ngx_uint_t ngx_mdm_push_batch_submit(ngx_mdm_push_topic_t *topic,
    ngx_uint_t most);
static ngx_uint_t ngx_mdm_push_batch_credit(ngx_mdm_push_topic_t *topic,
    ngx_uint_t most);
static ngx_mdm_push_item_t *ngx_mdm_push_batch_next(
    ngx_mdm_push_topic_t *topic);
static void ngx_mdm_push_batch_accepted(ngx_mdm_push_topic_t *topic,
    ngx_mdm_push_item_t *item);
static u_char *ngx_mdm_push_batch_random(ngx_mdm_pushes_t *pushes);
static void ngx_mdm_push_batch_settled(ngx_mdm_push_topic_t *topic,
    ngx_mdm_push_batch_t *batch, ngx_uint_t n);
static void ngx_mdm_push_batch_list(ngx_mdm_push_topic_t *topic);


ngx_int_t
ngx_mdm_push_batch_take(ngx_mdm_push_topic_t *topic,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_uint_t             n;
    ngx_mdm_push_batch_t  *batch;

    n = rows->count - 1;

    batch = ngx_alloc(sizeof(ngx_mdm_push_batch_t)
                      + n * sizeof(ngx_mdm_push_item_t), topic->pushes->log);
    if (batch == NULL) {
        return NGX_ERROR;
    }

    ngx_mdm_pg_rows_keep(&batch->rows, rows);
    batch->n = n;
    batch->left = n;
    batch->next = 0;
    batch->claimed = ngx_current_msec;

    ngx_queue_insert_tail(&topic->batches, &batch->queue);
    topic->in_hand += n;

    ngx_mdm_push_have(topic->pushes, 0, n);
    (void) ngx_atomic_fetch_add(
                      &topic->pushes->engine->counters->push.claimed, n);

    return NGX_OK;
}


void
ngx_mdm_push_batch_ready(ngx_mdm_push_topic_t *topic)
{
    if (topic->listed || topic->apns == NULL
        || topic->state != NGX_MDM_PUSH_OPEN
        || topic->version != topic->wanted
        || ngx_queue_empty(&topic->batches)
        || (topic->refill && !ngx_mdm_push_passed(topic->refill_at))
        || ngx_mdm_apns_room(topic->apns) == 0)
    {
        return;
    }

    topic->refill = 0;
    ngx_mdm_push_batch_list(topic);
}


static void
ngx_mdm_push_batch_list(ngx_mdm_push_topic_t *topic)
{
    ngx_mdm_pushes_t  *pushes;

    pushes = topic->pushes;

    topic->listed = 1;
    ngx_queue_insert_tail(&pushes->ready, &topic->ready);

    if (!pushes->turn.posted) {
        ngx_post_event(&pushes->turn, &ngx_posted_next_events);
    }
}


void
ngx_mdm_push_batch_turn(ngx_event_t *ev)
{
    ngx_int_t              n;
    ngx_queue_t           *q;
    ngx_mdm_pushes_t      *pushes;
    ngx_mdm_push_topic_t  *topic;

    pushes = ev->data;

    for (n = NGX_MDM_PUSH_TURN; n > 0 && !ngx_queue_empty(&pushes->ready); ) {

        q = ngx_queue_head(&pushes->ready);
        ngx_queue_remove(q);

        topic = ngx_queue_data(q, ngx_mdm_push_topic_t, ready);
        topic->listed = 0;

        /* a topic that can have none counts, too */

        n -= 1 + ngx_mdm_push_batch_submit(topic, NGX_MDM_PUSH_SHARE);

        ngx_mdm_push_batch_ready(topic);
    }

    if (!ngx_queue_empty(&pushes->ready) && !ev->posted) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }
}


/* Hands over what the topic takes; how many that were. */

static ngx_uint_t
ngx_mdm_push_batch_submit(ngx_mdm_push_topic_t *topic, ngx_uint_t most)
{
    ngx_uint_t            n;
    ngx_mdm_push_item_t  *item;

    if (topic->state != NGX_MDM_PUSH_OPEN
        || topic->version != topic->wanted
        || ngx_mdm_push_passed(topic->lease_until))
    {
        ngx_mdm_push_topic_post(topic);
        return 0;
    }

    most = ngx_min(most, ngx_mdm_apns_room(topic->apns));
    most = ngx_mdm_push_batch_credit(topic, most);

    for (n = 0; n < most; n++) {
        item = ngx_mdm_push_batch_next(topic);

        if (item == NULL) {
            break;
        }

        topic->in_flight++;

        ngx_mdm_apns_send(topic->apns, &item->push);
    }

    if (n == 0) {
        ngx_mdm_push_topic_post(topic);
    }

    if (topic->pushes->rate != 0) {
        topic->credit -= n * 1000;
    }

    return n;
}


/* A bucket of tokens that fills itself at `rate` a second and holds those of
 * a twentieth, so that the topic's pushes come evenly. */

static ngx_uint_t
ngx_mdm_push_batch_credit(ngx_mdm_push_topic_t *topic, ngx_uint_t most)
{
    ngx_uint_t  rate;
    ngx_msec_t  passed;

    rate = topic->pushes->rate;

    if (rate == 0) {
        return most;
    }

    passed = ngx_min(ngx_current_msec - topic->credited, 1000);
    topic->credited = ngx_current_msec;
    topic->credit = ngx_min(topic->credit + passed * rate,
                            ngx_max(rate / 20, 1) * 1000);

    if (topic->credit < 1000) {
        topic->refill = 1;
        topic->refill_at = ngx_current_msec
                           + (1000 - topic->credit + rate - 1) / rate;
    }

    return ngx_min(most, topic->credit / 1000);
}


/* The next item that is to be handed over, written from its row.  One that
 * is not sent has an id, too: each record needs another. */

static ngx_mdm_push_item_t *
ngx_mdm_push_batch_next(ngx_mdm_push_topic_t *topic)
{
    int                    row;
    u_char                *random;
    ngx_mdm_push_item_t   *item;
    ngx_mdm_push_batch_t  *batch;

    if (ngx_queue_empty(&topic->batches)) {
        return NULL;
    }

    random = ngx_mdm_push_batch_random(topic->pushes);

    if (random == NULL) {
        return NULL;
    }

    batch = ngx_queue_data(ngx_queue_head(&topic->batches),
                           ngx_mdm_push_batch_t, queue);

    item = &batch->items[batch->next++];
    row = (int) batch->next;

    if (batch->next == batch->n) {
        ngx_queue_remove(&batch->queue);
    }

    ngx_memzero(item, sizeof(ngx_mdm_push_item_t));
    item->batch = batch;
    item->version = topic->version;
    item->push.data = item;
    item->push.token = ngx_mdm_to_str(ngx_mdm_pg_text(&batch->rows, row,
                                                  NGX_MDM_PUSH_CLAIM_TOKEN));
    item->push.magic = ngx_mdm_to_str(ngx_mdm_pg_text(&batch->rows, row,
                                                  NGX_MDM_PUSH_CLAIM_MAGIC));
    ngx_mdm_uuid_lower(random, item->push.apns_id);

    return item;
}


/* Random bytes are got for many ids at once: that costs little more than for
 * one. */

static u_char *
ngx_mdm_push_batch_random(ngx_mdm_pushes_t *pushes)
{
    if (pushes->nrandom == 0) {

        if (ngx_mdm_uuid_random(pushes->random[0], sizeof(pushes->random))
            != NGX_OK)
        {
            return NULL;
        }

        pushes->nrandom = NGX_MDM_PUSH_RANDOM;
    }

    return pushes->random[--pushes->nrandom];
}


void
ngx_mdm_push_batch_return(ngx_mdm_push_topic_t *topic)
{
    ngx_mdm_push_item_t  *item;

    while ((item = ngx_mdm_push_batch_next(topic)) != NULL) {
        ngx_queue_insert_tail(&topic->answered, &item->queue);
    }
}


void
ngx_mdm_push_batch_drop(ngx_mdm_push_topic_t *topic)
{
    ngx_queue_t           *q;
    ngx_mdm_push_batch_t  *batch;

    if (topic->listed) {
        ngx_queue_remove(&topic->ready);
        topic->listed = 0;
    }

    while (!ngx_queue_empty(&topic->batches)) {
        q = ngx_queue_head(&topic->batches);
        ngx_queue_remove(q);

        batch = ngx_queue_data(q, ngx_mdm_push_batch_t, queue);
        ngx_mdm_push_batch_settled(topic, batch, batch->n - batch->next);
    }
}


int64_t
ngx_mdm_push_batch_enrollment(ngx_mdm_push_item_t *item)
{
    return ngx_mdm_pg_int(&item->batch->rows,
                          (int) (item - item->batch->items) + 1,
                          NGX_MDM_PUSH_CLAIM_ENROLLMENT);
}


void
ngx_mdm_push_batch_settle(ngx_mdm_push_topic_t *topic,
    ngx_mdm_push_item_t *item)
{
    ngx_mdm_push_batch_settled(topic, item->batch, 1);
}


static void
ngx_mdm_push_batch_settled(ngx_mdm_push_topic_t *topic,
    ngx_mdm_push_batch_t *batch, ngx_uint_t n)
{
    topic->in_hand -= n;
    batch->left -= n;
    ngx_mdm_push_have(topic->pushes, 0, - (ngx_int_t) n);

    if (batch->left == 0) {
        ngx_mdm_pg_rows_let_go(&batch->rows);
        ngx_free(batch);
    }
}


/* A push came back.  What has no answer is not recorded of a topic that is
 * given back: with the lease the wish becomes due. */

void
ngx_mdm_push_batch_done(ngx_mdm_apns_topic_t *apns, ngx_mdm_apns_push_t *push)
{
    ngx_mdm_push_item_t   *item;
    ngx_mdm_push_topic_t  *topic;

    topic = ngx_mdm_apns_topic_data(apns);
    item = push->data;

    topic->in_flight--;

    if (push->answer.status == 200) {
        ngx_mdm_push_batch_accepted(topic, item);
    }

    if (push->answer.status == 0 && topic->state >= NGX_MDM_PUSH_CLOSING) {
        ngx_mdm_push_batch_settle(topic, item);

    } else {
        ngx_queue_insert_tail(&topic->answered, &item->queue);
    }

    ngx_mdm_push_topic_post(topic);
}


/* How long after it was due: by the database's clock until it was claimed, by
 * ours since then. */

static void
ngx_mdm_push_batch_accepted(ngx_mdm_push_topic_t *topic,
    ngx_mdm_push_item_t *item)
{
    int64_t  late;

    late = ngx_mdm_pg_int(&item->batch->rows,
                          (int) (item - item->batch->items) + 1,
                          NGX_MDM_PUSH_CLAIM_LATE)
           + (ngx_msec_int_t) (ngx_current_msec - item->batch->claimed);

    ngx_mdm_histogram_add(topic->pushes->engine->counters->push.delays,
                          ngx_mdm_time_bounds, NGX_MDM_TIME_BOUNDS,
                          ngx_max(late, 0));
}
