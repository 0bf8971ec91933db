
/*
 * Asking a command of enrolments: what both operations that do it share.
 */


#ifndef _NGX_MDM_API_ASK_H_INCLUDED_
#define _NGX_MDM_API_ASK_H_INCLUDED_


#include "ngx_mdm_api_targets.h"
#include "../message/mdm_command.h"


/* columns of enqueue() */

enum {
    NGX_MDM_ENQUEUED_N = 0,
    NGX_MDM_ENQUEUED_OUTCOME,
    NGX_MDM_ENQUEUED_QUEUED,
    NGX_MDM_ENQUEUED_AT,
    NGX_MDM_ENQUEUED_PUSHING
};


/* Starts zeroed. */

typedef struct {
    mdm_rc_e                rc;
    mdm_fault_t             fault;
    mdm_str_t               envelope;
    mdm_command_t           command;
    mdm_str_t               sealed;
    u_char                  digest[MDM_SECRET_DIGEST_SIZE];    /* SHA-256 */
    u_char                  digests[MDM_SECRET_MAX_DIGESTS];   /* to store */
    size_t                  digests_len;

    int64_t                 expires;     /* seconds; 0: never */
    int64_t                 not_before;
    int16_t                 priority;
    mdm_str_t               dedupe_key;  /* absent: none */
    unsigned                push:1;
    unsigned                wanting:1;   /* what `wants` says is put in at each
                                            delivery; else the command goes out
                                            as it is */
    const mdm_str_t        *wants;
    ngx_uint_t              nwants;

    ngx_mdm_api_targets_t   targets;
} ngx_mdm_api_ask_t;


/* Why a target does not have the command. */

typedef struct {
    const char             *outcome;     /* of enqueue() */
    const char             *code;
    const char             *text;
} ngx_mdm_api_ask_failure_t;


/* Ends with one that has no outcome, for all others. */
extern const ngx_mdm_api_ask_failure_t  ngx_mdm_api_ask_failures[];

const ngx_mdm_api_ask_failure_t *ngx_mdm_api_ask_failure(ngx_str_t outcome);


/* Seals ask->envelope and ask->digest; fit for a thread. */
mdm_rc_e ngx_mdm_api_ask_seal(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask);

/* Calls enqueue(), or tells the client which right is missing. */
void ngx_mdm_api_ask(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask,
    ngx_mdm_pg_handler_pt handler);

/* It was queued: its targets are to be pushed. */
void ngx_mdm_api_ask_wake(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask);

/* The target of a row from the second on, from 0, and why it failed; NGX_ERROR
 * for a row that is none. */
ngx_int_t ngx_mdm_api_ask_failed(ngx_mdm_api_ask_t *ask,
    const ngx_mdm_pg_rows_t *rows, int row, ngx_uint_t *target,
    const ngx_mdm_api_ask_failure_t **failure);


#endif /* _NGX_MDM_API_ASK_H_INCLUDED_ */
