
/*
 * One message of a device and its answer.  An exchange lives outside the
 * request that brought it: a client that goes away never cancels a write that
 * was sent.
 *
 *   tenant -> intake (decode, verify, seal) -> identity -> operation -> answer
 *
 * The intake of a large body and the opening of a large command run in a
 * thread; everything else runs in the event loop.
 */


#ifndef _NGX_MDM_EXCHANGE_H_INCLUDED_
#define _NGX_MDM_EXCHANGE_H_INCLUDED_


#include "ngx_mdm_effects.h"
#include "ngx_mdm_engine.h"
#include "ngx_mdm_identity.h"
#include "ngx_mdm_tenant.h"
#include "../common/ngx_mdm_thread.h"
#include "../message/mdm_message.h"
#include "../pki/mdm_signature.h"


typedef struct ngx_mdm_exchange_s  ngx_mdm_exchange_t;

typedef void (*ngx_mdm_exchange_pt)(ngx_mdm_exchange_t *x);


/* Decoding and what goes with it: pure functions over memory that belongs to
 * whoever runs them, loop or thread. */

typedef struct {
    mdm_arena_t               *arena;
    mdm_str_t                  body;
    unsigned                   report:1;      /* by media type */
    unsigned                   is_signed:1;
    mdm_signature_t            signature;
    EVP_PKEY                  *key;           /* up-referenced */
    const mdm_secret_ring_t   *ring;
    int64_t                    tenant_id;

    mdm_message_t              message;
    mdm_str_t                  enrollment;    /* written id */
    mdm_str_t                  sealed;        /* report, or token to keep */
    mdm_str_t                  raw;           /* the message of a check-in or
                                                 of NotNow, sealed */
    plist_t                    plist;         /* a report that is not large,
                                                 kept for its handler */
    mdm_rc_e                   rc;
    mdm_fault_t                fault;
} ngx_mdm_intake_t;


/* What the device hears. */

typedef enum {
    NGX_MDM_BODY_NONE = 0,
    NGX_MDM_BODY_PLIST,
    NGX_MDM_BODY_JSON
} ngx_mdm_body_e;

typedef struct {
    ngx_uint_t                 status;
    ngx_mdm_body_e             type;
    mdm_str_t                  body;
} ngx_mdm_answer_t;


struct ngx_mdm_exchange_s {
    /* the route sets these */
    ngx_pool_t                *pool;
    ngx_log_t                 *log;
    ngx_mdm_engine_t          *engine;
    ngx_str_t                  tenant_key;
    ngx_uint_t                 identity;      /* NGX_MDM_IDENTITY_… */
    unsigned                   accept_users:1;   /* mdm_user_authenticate */
    ngx_str_t                  signature;     /* header; data NULL: absent */
    ngx_str_t                  certificate;   /* DER of the TLS connection's */
    mdm_str_t                  url_params;    /* the URL's query arguments as a
                                                 JSON object, or absent */
    ngx_mdm_exchange_pt        done;
    void                      *data;

    /* the engine's */
    mdm_arena_t                arena;
    ngx_mdm_tenant_wait_t      wait;
    ngx_mdm_tenant_t          *tenant;
    ngx_mdm_intake_t           intake;
    ngx_mdm_thread_t           thread;
    u_char                     sha256[MDM_SHA256_SIZE];
    unsigned                   expired:1;
    unsigned                   rolled_back:1;
    ngx_mdm_exchange_pt        again;         /* after a roll-back */
    int64_t                    not_after;
    mdm_str_t                  subject;
    mdm_str_t                  serial;
    ngx_mdm_effects_t          effects;
    mdm_str_t                  assumed_type;  /* of the command of a report */
    ngx_uint_t                 mistaken;      /* how often it was another */
    ngx_mdm_exchange_pt        then;          /* after the effects */
    ngx_mdm_pg_call_t          call;
    ngx_mdm_pg_rows_t          rows;          /* kept while a thread opens the
                                                 payload */
    mdm_str_t                  payload_uuid;
    mdm_str_t                  payload;       /* sealed */
    mdm_str_t                  wanted;        /* what is put into it, JSON; or
                                                 absent */
    mdm_rc_e                   opened;
    mdm_fault_t                undeliverable; /* why it cannot go out; "" */
    mdm_str_t                  failed_uuid;
    mdm_str_t                  failed_reason;
    ngx_uint_t                 failures;
    ngx_msec_t                 asked;

    /* what the log and the route want to know */
    ngx_mdm_answer_t           answer;
    mdm_str_t                  command_uuid;
    mdm_str_t                  request_type;
    ngx_msec_t                 db_time;
};


/* NULL when memory ran out. */
ngx_mdm_exchange_t *ngx_mdm_exchange_create(ngx_mdm_engine_t *engine);
void ngx_mdm_exchange_free(ngx_mdm_exchange_t *x);

/* `report`: the command cycle's media type, otherwise a check-in.  The body
 * must last as long as the exchange.  x->done runs once, perhaps before the
 * return. */
void ngx_mdm_exchange_start(ngx_mdm_exchange_t *x, mdm_str_t body,
    unsigned report);

/* Ends an exchange.  fail: a fault of ours, which the device hears as 503. */
void ngx_mdm_exchange_finish(ngx_mdm_exchange_t *x, ngx_uint_t status);
void ngx_mdm_exchange_fail(ngx_mdm_exchange_t *x, const char *what);

/* Calls a statement whose parameters are set in x->call; the handler gets the
 * exchange in call->data, and starts with ngx_mdm_exchange_answered(). */
void ngx_mdm_exchange_call(ngx_mdm_exchange_t *x,
    ngx_mdm_pg_statement_e statement, ngx_mdm_pg_handler_pt handler);

/*
 * Looks at a call's outcome column.  NGX_OK: go on.  NGX_DONE: the exchange
 * was ended here, or is being repeated after a roll-back; leave it alone.
 * `again` is what to run once more after a certificate was rolled back.
 */
ngx_int_t ngx_mdm_exchange_answered(ngx_mdm_exchange_t *x, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows, int outcome_column,
    ngx_mdm_exchange_pt again);

/* The identity parameters that most statements begin with: tenant, device,
 * user, certificate, expired. */
void ngx_mdm_exchange_set_identity(ngx_mdm_exchange_t *x);

/* The operations. */
void ngx_mdm_checkin(ngx_mdm_exchange_t *x);
void ngx_mdm_queue_serve(ngx_mdm_exchange_t *x);

/*
 * Finds what a report changes besides, into x->assumed_type and
 * x->effects.json, before it is stored; `then` goes on, perhaps before the
 * return.  mistaken: the database says that the type was another, and nothing
 * was stored.
 */
void ngx_mdm_report_effects(ngx_mdm_exchange_t *x, ngx_mdm_exchange_pt then);
void ngx_mdm_report_mistaken(ngx_mdm_exchange_t *x, mdm_str_t request_type);

/* Runs an intake; in any thread. */
void ngx_mdm_intake_run(ngx_mdm_intake_t *intake);


#endif /* _NGX_MDM_EXCHANGE_H_INCLUDED_ */
