
/*
 * What the files of the sender share and nobody else sees.
 */


#ifndef _NGX_MDM_WEBHOOK_INTERNAL_H_INCLUDED_
#define _NGX_MDM_WEBHOOK_INTERNAL_H_INCLUDED_


#include "ngx_mdm_webhook.h"
#include "../http/ngx_mdm_http.h"
#include "../message/mdm_webhook.h"


#define NGX_MDM_WEBHOOK_XID      24     /* an xid8 as text, and a NUL */
#define NGX_MDM_WEBHOOK_AT       32     /* a time in RFC 3339, and a NUL */


typedef struct ngx_mdm_webhook_s       ngx_mdm_webhook_t;
typedef struct ngx_mdm_webhook_item_s  ngx_mdm_webhook_item_t;


/*
 *   WAITING -> BUILDING -> POSTING -> DONE
 *      ^          |           |-----> GIVEN_UP -> DONE
 *      |__________|___________|
 *
 * WAITING: for its time, or for an event of its enrolment before it.
 * GIVEN_UP: the database does not know yet.
 */

typedef enum {
    NGX_MDM_WEBHOOK_WAITING = 0,
    NGX_MDM_WEBHOOK_BUILDING,
    NGX_MDM_WEBHOOK_POSTING,
    NGX_MDM_WEBHOOK_GIVEN_UP,
    NGX_MDM_WEBHOOK_DONE
} ngx_mdm_webhook_state_e;


/* One event on its way. */

struct ngx_mdm_webhook_item_s {
    ngx_queue_t                  queue;
    ngx_mdm_webhook_t           *webhook;
    ngx_mdm_webhook_state_e      state;
    mdm_arena_t                  arena;
    size_t                       bytes;       /* counted to the webhook */

    int64_t                      replay_id;   /* 0: the main stream */
    int64_t                      tenant_id;
    int64_t                      enrollment_id;
    int64_t                      event_id;
    u_char                       xid[NGX_MDM_WEBHOOK_XID];
    u_char                       at[NGX_MDM_WEBHOOK_AT];
    mdm_webhook_event_t          event;
    mdm_str_t                    command_uuid;
    const char                  *kind;        /* of the seal; NULL: nothing */
    mdm_str_t                    sealed;

    ngx_mdm_thread_t             thread;
    ngx_pool_t                  *pool;        /* of the thread's task */
    mdm_rc_e                     rc;          /* of building */
    mdm_str_t                    body;
    char                         hmac[sizeof("X-Hmac-Signature: ")
                                      + MDM_WEBHOOK_HMAC_SIZE];
    ngx_mdm_http_request_t       request;

    ngx_uint_t                   attempts;    /* that failed */
    ngx_uint_t                   refusals;    /* of them those that the
                                                 receiver meant */
    ngx_uint_t                   successes;   /* of the webhook, when it failed
                                                 first */
    ngx_msec_t                   due;
    ngx_uint_t                   status;      /* of the last answer */
    char                         error[64];

    ngx_mdm_pg_call_t            call;
    unsigned                     built:1;
    unsigned                     delivered:1;
    unsigned                     asking:1;    /* `call` is under way */
    unsigned                     dropped:1;   /* to be freed when nobody works
                                                 on it */
};


/* Events in commit order: the main stream, or a replay. */

typedef struct {
    ngx_queue_t                  items;
    ngx_uint_t                   n;
    unsigned                     replay:1;
    unsigned                     look:1;      /* there may be more to read */
    unsigned                     saving:1;    /* `save` is under way */
    ngx_uint_t                   saved;       /* items that it is about */
    ngx_mdm_pg_call_t            save;
    u_char                       save_xid[NGX_MDM_WEBHOOK_XID];
    u_char                       save_at[NGX_MDM_WEBHOOK_AT];

    /* the last event read */
    u_char                       xid[NGX_MDM_WEBHOOK_XID];
    int64_t                      event_id;
} ngx_mdm_webhook_stream_t;


enum {
    NGX_MDM_WEBHOOK_MAIN = 0,
    NGX_MDM_WEBHOOK_REPLAY,
    NGX_MDM_WEBHOOK_NSTREAMS
};


struct ngx_mdm_webhook_s {
    const ngx_mdm_webhook_conf_t *conf;
    ngx_mdm_engine_t             *engine;
    ngx_mdm_http_t               *http;
    ngx_log_t                    *log;
    ngx_str_t                     lease;
    ngx_str_t                     owner;

    ngx_event_t                   timer;
    ngx_event_t                   go_on;       /* in the next turn */
    ngx_event_t                   grace;       /* for what is under way while
                                                  the worker exits */

    ngx_mdm_pg_call_t             call;        /* lease, open */
    ngx_mdm_pg_call_t             read;
    ngx_mdm_pg_call_t             state;
    ngx_uint_t                    round;       /* of leases; tells late answers
                                                  from those of this one */
    ngx_uint_t                    read_round;
    ngx_mdm_webhook_stream_t     *reading;
    unsigned                      calling:1;
    unsigned                      stating:1;
    unsigned                      leased:1;
    unsigned                      opened:1;
    unsigned                      leaving:1;
    unsigned                      left:1;
    unsigned                      warned:1;    /* that it fails */
    unsigned                      told:1;      /* that the tenant is unknown */
    unsigned                      changed:1;   /* the database does not know
                                                  `failures` yet */

    ngx_msec_t                    asked;       /* for the lease */
    ngx_msec_t                    lease_until;
    ngx_msec_t                    renew_at;
    ngx_msec_t                    look_at;
    ngx_uint_t                    looks;

    ngx_mdm_webhook_stream_t      streams[NGX_MDM_WEBHOOK_NSTREAMS];
    size_t                        bytes;       /* of messages in memory */
    ngx_uint_t                    in_flight;

    ngx_uint_t                    failures;    /* rounds since a success */
    ngx_uint_t                    successes;
    ngx_msec_t                    resume_at;
    time_t                        failing_at;
    char                          error[64];
};


/* ngx_mdm_webhook.c */
/* A turn follows; or, in a worker that exits, an attempt to leave. */
void ngx_mdm_webhook_go_on(ngx_mdm_webhook_t *w);
ngx_uint_t ngx_mdm_webhook_passed(ngx_msec_t at);
/* Gives the lease back when no cursor is being saved any more. */
void ngx_mdm_webhook_give_back(ngx_mdm_webhook_t *w);

/* ngx_mdm_webhook_window.c */
/* Saves, sends and reads what is due. */
void ngx_mdm_webhook_turn(ngx_event_t *ev);
/* Moves the cursor past the first `least` events or more that are done, or to
 * the end when all are. */
void ngx_mdm_webhook_save(ngx_mdm_webhook_t *w,
    ngx_mdm_webhook_stream_t *stream, ngx_uint_t least);
/* Those that the database could not be told of are told again. */
void ngx_mdm_webhook_given_up(ngx_mdm_webhook_stream_t *stream);
void ngx_mdm_webhook_drop_stream(ngx_mdm_webhook_t *w,
    ngx_mdm_webhook_stream_t *stream);

/* ngx_mdm_webhook_item.c */
ngx_mdm_webhook_item_t *ngx_mdm_webhook_item_create(ngx_mdm_webhook_t *w,
    const ngx_mdm_pg_rows_t *rows, int row);
void ngx_mdm_webhook_item_start(ngx_mdm_webhook_item_t *item);
void ngx_mdm_webhook_item_set_aside(ngx_mdm_webhook_item_t *item);
/* Ends what is under way and frees it. */
void ngx_mdm_webhook_item_drop(ngx_mdm_webhook_item_t *item);


#endif /* _NGX_MDM_WEBHOOK_INTERNAL_H_INCLUDED_ */
