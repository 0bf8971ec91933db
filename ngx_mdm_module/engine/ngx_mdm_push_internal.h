
/*
 * What the files of pushing share and nobody else sees.
 */


#ifndef _NGX_MDM_PUSH_INTERNAL_H_INCLUDED_
#define _NGX_MDM_PUSH_INTERNAL_H_INCLUDED_


#include "ngx_mdm_push.h"


#define NGX_MDM_PUSH_BUCKETS      1024
#define NGX_MDM_PUSH_TENANTS      64
#define NGX_MDM_PUSH_RANDOM       64
#define NGX_MDM_PUSH_OTHERS       256
#define NGX_MDM_PUSH_LEASE        15        /* seconds */
#define NGX_MDM_PUSH_RENEW        5000

/* Wishes of one claim, answers of one record. */
#define NGX_MDM_PUSH_BATCH        500

/* Claims under way of all topics: more would keep those of leases waiting. */
#define NGX_MDM_PUSH_CLAIMS       256

/* Claimed and not recorded, of one topic: no claim above it. */
#define NGX_MDM_PUSH_IN_HAND      1000


typedef struct ngx_mdm_push_topic_s  ngx_mdm_push_topic_t;
typedef struct ngx_mdm_push_batch_s  ngx_mdm_push_batch_t;


/* One wish in hand, the row of its number in the batch. */

typedef struct {
    ngx_queue_t                queue;      /* of those answered */
    ngx_mdm_push_batch_t      *batch;
    int64_t                    version;    /* of the certificate */
    ngx_mdm_apns_push_t        push;
} ngx_mdm_push_item_t;


/* The wishes of one claim.  An item is written when its turn comes, from the
 * rows, which hold what it points to. */

struct ngx_mdm_push_batch_s {
    ngx_queue_t                queue;      /* of those not handed over whole */
    ngx_mdm_pg_rows_t          rows;
    ngx_uint_t                 n;
    ngx_uint_t                 next;       /* to be handed over */
    ngx_uint_t                 left;       /* that are not settled */
    ngx_msec_t                 claimed;    /* when it came */
    ngx_mdm_push_item_t        items[];
};


/* A call of a topic under way. */

typedef struct {
    ngx_mdm_pg_call_t          call;
    ngx_mdm_push_topic_t      *topic;
    ngx_pool_t                *pool;       /* of a record; it owns this, too */
    ngx_queue_t                items;      /* of a record */
    ngx_uint_t                 n;
} ngx_mdm_push_call_t;


/*
 *   OPENING -> OPEN -> CLOSING -> RELEASING
 *      |________________^
 *
 * OPENING: its certificate is not there.  CLOSING: nothing is claimed any
 * more, what Apple has is waited for and recorded.  RELEASING: the lease is
 * given back.
 */

typedef enum {
    NGX_MDM_PUSH_OPENING = 0,
    NGX_MDM_PUSH_OPEN,
    NGX_MDM_PUSH_CLOSING,
    NGX_MDM_PUSH_RELEASING
} ngx_mdm_push_state_e;


/* A topic that this worker has leased. */

struct ngx_mdm_push_topic_s {
    ngx_queue_t                queue;      /* of all, or of those RELEASING */
    ngx_queue_t                bucket;     /* by its tenant */
    ngx_queue_t                ready;      /* of those with pushes to hand
                                              over, if `listed` */
    ngx_mdm_pushes_t          *pushes;
    ngx_mdm_apns_topic_t      *apns;
    ngx_mdm_push_state_e       state;
    ngx_mdm_push_topic_t     **place;      /* in the renewal under way */

    int64_t                    tenant_id;
    int64_t                    version;    /* of the certificate in use */
    int64_t                    wanted;     /* of the newest known */
    const char                *error;      /* why there is none, or NULL */

    ngx_queue_t                batches;
    ngx_queue_t                answered;
    ngx_uint_t                 in_hand;
    ngx_uint_t                 in_flight;
    ngx_uint_t                 refusals;   /* of records, one after another */
    ngx_uint_t                 failing;    /* attempts to connect, of which the
                                              database is told */
    ngx_uint_t                 credit;     /* thousandths of a push */
    ngx_msec_t                 credited;

    ngx_event_t                event;      /* go() at the turn's end */
    ngx_event_t                timer;      /* go() at the next of these */
    ngx_msec_t                 lease_until;
    ngx_msec_t                 claim_at;
    ngx_msec_t                 open_at;
    ngx_msec_t                 record_at;
    ngx_msec_t                 refill_at;
    ngx_msec_t                 active;     /* when a wish was last in hand */

    unsigned                   listed:1;
    unsigned                   claiming:1;
    unsigned                   opening:1;
    unsigned                   recording:1;
    unsigned                   again:1;    /* wishes were committed since the
                                              claim under way was asked */
    unsigned                   refill:1;   /* waits for refill_at */

    ngx_str_t                  name;
};


/* A tenant whose topics another node has. */

typedef struct {
    int64_t                    tenant_id;
    ngx_msec_t                 until;
} ngx_mdm_push_other_t;


struct ngx_mdm_pushes_s {
    ngx_mdm_engine_t          *engine;
    ngx_mdm_apns_t            *apns;
    ngx_log_t                 *log;
    ngx_mdm_push_signals_t    *signals;    /* NULL: there are no others */
    ngx_uint_t                 database;
    ngx_uint_t                 rate;
    ngx_str_t                  owner;

    ngx_queue_t                topics;
    ngx_uint_t                 ntopics;    /* of both queues */
    ngx_uint_t                 in_hand;
    ngx_uint_t                 nclaims;    /* under way */
    ngx_uint_t                 to_renew;   /* of the first */
    ngx_queue_t                releasing;
    ngx_queue_t                ready;
    ngx_queue_t                watches;
    ngx_queue_t                buckets[NGX_MDM_PUSH_BUCKETS];

    ngx_event_t                turn;       /* hands pushes over */
    ngx_event_t                look;       /* for topics with wishes */
    ngx_event_t                renew;
    ngx_event_t                tell;       /* of those that fail, or do so no
                                              more */
    ngx_event_t                grace;      /* for answers while the worker
                                              exits */

    int64_t                    tenants[NGX_MDM_PUSH_TENANTS];
    ngx_uint_t                 ntenants;   /* to be looked at at once */
    ngx_mdm_push_other_t       others[NGX_MDM_PUSH_OTHERS];
    u_char                     random[NGX_MDM_PUSH_RANDOM][16];
    ngx_uint_t                 nrandom;    /* for ids */
    ngx_msec_t                 asked;      /* for leases */
    ngx_mdm_pg_call_t          lease;
    ngx_mdm_pg_call_t          due;

    unsigned                   leasing:1;
    unsigned                   looking:1;  /* `due` is under way */
    unsigned                   look_now:1;
    unsigned                   renewing:1;
    unsigned                   giving_back:1;
    unsigned                   leaving:1;
    unsigned                   late:1;     /* the grace is over */
    unsigned                   gone:1;     /* nothing is done any more */
};


static ngx_inline ngx_uint_t
ngx_mdm_push_passed(ngx_msec_t at)
{
    return (ngx_msec_int_t) (ngx_current_msec - at) >= 0;
}


/* ngx_mdm_push.c */
/* So many more topics, or wishes, are in hand, or less. */
void ngx_mdm_push_have(ngx_mdm_pushes_t *pushes, ngx_int_t topics,
    ngx_int_t wishes);
void ngx_mdm_push_recorded(ngx_mdm_pushes_t *pushes, int64_t tenant_id);

/* ngx_mdm_push_lease.c */
void ngx_mdm_push_lease_look(ngx_event_t *ev);
void ngx_mdm_push_lease_wake(ngx_mdm_pushes_t *pushes, int64_t tenant_id,
    ngx_uint_t tell);

/* ngx_mdm_push_keep.c */
void ngx_mdm_push_lease_renew(ngx_event_t *ev);
/* The database is told at once how the topic is. */
void ngx_mdm_push_lease_tell(ngx_mdm_push_topic_t *topic);
void ngx_mdm_push_lease_told(ngx_event_t *ev);
/* Says in the log that pushes go on, if `news` of the database tells why. */
void ngx_mdm_push_lease_news(ngx_mdm_pushes_t *pushes, ngx_str_t topic,
    ngx_str_t news, ngx_str_t tenant);
/* Gives back the leases of the topics RELEASING and frees these. */
void ngx_mdm_push_lease_release(ngx_mdm_pushes_t *pushes);

/* ngx_mdm_push_signal.c */
ngx_int_t ngx_mdm_push_signals_join(ngx_mdm_pushes_t *pushes);
void ngx_mdm_push_signals_part(ngx_mdm_pushes_t *pushes);
/* This worker has topics of the tenant. */
void ngx_mdm_push_signals_have(ngx_mdm_pushes_t *pushes, int64_t tenant_id);
/* Wakes who has them; NGX_DECLINED: nobody else of this node does. */
ngx_int_t ngx_mdm_push_signals_send(ngx_mdm_pushes_t *pushes,
    int64_t tenant_id);

/* ngx_mdm_push_topic.c */
ngx_mdm_push_topic_t *ngx_mdm_push_topic_create(ngx_mdm_pushes_t *pushes,
    int64_t tenant_id, ngx_str_t name, int64_t version);
ngx_mdm_push_topic_t *ngx_mdm_push_topic_find(ngx_mdm_pushes_t *pushes,
    int64_t tenant_id, ngx_str_t name);
ngx_queue_t *ngx_mdm_push_topic_bucket(ngx_mdm_pushes_t *pushes,
    int64_t tenant_id);
void ngx_mdm_push_topic_free(ngx_mdm_push_topic_t *topic);
/* Does what is to be done now, and sets the timer for what is next. */
void ngx_mdm_push_topic_go(ngx_mdm_push_topic_t *topic);
/* The same at the end of the event loop's turn. */
void ngx_mdm_push_topic_post(ngx_mdm_push_topic_t *topic);
void ngx_mdm_push_topic_wake(ngx_mdm_push_topic_t *topic);
/* There is a certificate of this version. */
void ngx_mdm_push_topic_version(ngx_mdm_push_topic_t *topic, int64_t version);
void ngx_mdm_push_topic_close(ngx_mdm_push_topic_t *topic,
    ngx_mdm_lease_e what, const char *why);
/* Ends its connections; what is unanswered comes back. */
void ngx_mdm_push_topic_hang_up(ngx_mdm_push_topic_t *topic);
/* A call of it, with what all have in common; NULL when memory ran out. */
ngx_mdm_push_call_t *ngx_mdm_push_topic_call(ngx_mdm_push_topic_t *topic,
    ngx_mdm_pg_statement_e statement, ngx_mdm_pg_handler_pt handler);

/* ngx_mdm_push_batch.c */
/* Takes the wishes of a claim's rows. */
ngx_int_t ngx_mdm_push_batch_take(ngx_mdm_push_topic_t *topic,
    const ngx_mdm_pg_rows_t *rows);
void ngx_mdm_push_batch_turn(ngx_event_t *ev);
/* Has the topic its pushes handed over, if there are any and it can. */
void ngx_mdm_push_batch_ready(ngx_mdm_push_topic_t *topic);
/* Those not handed over: to be recorded as such, or forgotten. */
void ngx_mdm_push_batch_return(ngx_mdm_push_topic_t *topic);
void ngx_mdm_push_batch_drop(ngx_mdm_push_topic_t *topic);
int64_t ngx_mdm_push_batch_enrollment(ngx_mdm_push_item_t *item);
/* A push is done with. */
void ngx_mdm_push_batch_settle(ngx_mdm_push_topic_t *topic,
    ngx_mdm_push_item_t *item);
void ngx_mdm_push_batch_done(ngx_mdm_apns_topic_t *apns,
    ngx_mdm_apns_push_t *push);

/* ngx_mdm_push_record.c */
/* Records what was answered, unless a record is under way. */
void ngx_mdm_push_record(ngx_mdm_push_topic_t *topic);


/* columns of push_claim() */

enum {
    NGX_MDM_PUSH_CLAIM_N = 0,
    NGX_MDM_PUSH_CLAIM_OUTCOME,
    NGX_MDM_PUSH_CLAIM_VERSION,
    NGX_MDM_PUSH_CLAIM_NEXT,
    NGX_MDM_PUSH_CLAIM_ENROLLMENT,
    NGX_MDM_PUSH_CLAIM_TOKEN,
    NGX_MDM_PUSH_CLAIM_MAGIC,
    NGX_MDM_PUSH_CLAIM_LATE
};


#endif /* _NGX_MDM_PUSH_INTERNAL_H_INCLUDED_ */
