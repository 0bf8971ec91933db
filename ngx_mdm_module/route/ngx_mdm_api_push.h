
/*
 * Waiting for what Apple answers to the pushes of an operation.
 */


#ifndef _NGX_MDM_API_PUSH_H_INCLUDED_
#define _NGX_MDM_API_PUSH_H_INCLUDED_


#include "ngx_mdm_api_targets.h"
#include "../engine/ngx_mdm_push.h"


#define NGX_MDM_API_NO_NODE_PUSHES                                            \
    "no node pushes: \"mdm_apns\" is configured nowhere, or its nginx does "   \
    "not run; devices come when they decide to"


typedef enum {
    NGX_MDM_API_PUSH_WAITING = 0,   /* not answered when the time was over */
    NGX_MDM_API_PUSH_ACCEPTED,      /* text: the apns-id */
    NGX_MDM_API_PUSH_CAME,          /* needs none: the device came */
    NGX_MDM_API_PUSH_LATER,         /* text: why not now, though it goes on */
    NGX_MDM_API_PUSH_FAILED         /* text: why */
} ngx_mdm_api_push_state_e;


typedef struct {
    ngx_mdm_api_push_state_e    state;
    mdm_str_t                   text;
} ngx_mdm_api_push_result_t;


/* The first member of what api->ctx points to, zeroed. */

typedef struct {
    ngx_mdm_push_watch_t        watch;      /* must be first */
    ngx_event_t                 timer;
    ngx_mdm_api_t              *api;
    ngx_mdm_api_targets_t      *targets;
    ngx_str_t                   at;         /* as SQL gave it */
    ngx_mdm_api_push_result_t  *results;    /* of each target */
    ngx_mdm_api_pt              done;

    ngx_uint_t                  nwaiting;
    ngx_uint_t                  looks;
    ngx_msec_t                  until;
    ngx_msec_t                  looked;     /* when, and how long it took */
    ngx_msec_t                  took;
    int64_t                     left;       /* milliseconds, then */
    ngx_pool_t                 *pool;       /* of one look */
    ngx_uint_t                 *asked;      /* the targets it is about */
    ngx_uint_t                  nasked;
    ngx_mdm_pg_rows_t           rows;       /* what it found */
    size_t                      trouble_len;
    u_char                      trouble[256];   /* why Apple is not reached */
    unsigned                    looking:1;
    unsigned                    told:1;     /* answers were recorded */
    unsigned                    unknown:1;  /* the last look failed */
} ngx_mdm_api_push_wait_t;


/*
 * Calls `done` when the pushes of all targets since `at` are answered, or the
 * time for that is over; what became of them is in wait->results then.  Begins
 * after the wish to push was committed, in the event loop; the client never
 * hears of anything that goes wrong here.  A client that goes away ends the
 * waiting, and nothing else.
 */
void ngx_mdm_api_push_wait(ngx_mdm_api_t *api, ngx_mdm_api_targets_t *targets,
    ngx_str_t at, ngx_mdm_api_pt done);

/* Adds "push_result" or "push_error" of one target to its object; in a
 * thread, too.  NGX_OK: pushed, or it needs no push; NGX_AGAIN: not known yet;
 * NGX_DECLINED: not pushed. */
ngx_int_t ngx_mdm_api_push_told(ngx_mdm_api_push_wait_t *wait,
    ngx_uint_t target, json_t *object);

/* As NanoMDM does: 200 when no target of {"ID":{...}} has an error, 500 when
 * all have one, else 207; but so many of the errors, `open`, only say that
 * something is not known, and a client is not to take that for a failure. */
ngx_uint_t ngx_mdm_api_push_code(json_t *status, ngx_uint_t open);


#endif /* _NGX_MDM_API_PUSH_H_INCLUDED_ */
