
/*
 * The outcomes that SQL functions say of an identity, and what a device hears
 * for each.  This table is the one place that maps them to an HTTP status; a
 * device is told to leave only where an operator decided so.
 */


#ifndef _NGX_MDM_OUTCOME_H_INCLUDED_
#define _NGX_MDM_OUTCOME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_mdm_metrics.h"


typedef enum {
    NGX_MDM_OUTCOME_GO_ON = 0,
    NGX_MDM_OUTCOME_EMPTY,         /* 200 with nothing in it */
    NGX_MDM_OUTCOME_REFUSE,        /* 403 without a code in the body */
    NGX_MDM_OUTCOME_REFUSE_LOUD,   /* the same, and an event */
    NGX_MDM_OUTCOME_ROLL_BACK,     /* take the former certificate back */
    NGX_MDM_OUTCOME_ENDED,         /* 403 that makes the device leave */
    NGX_MDM_OUTCOME_FAULT          /* 503 */
} ngx_mdm_outcome_action_e;


typedef struct {
    const char                *name;
    ngx_mdm_outcome_action_e   action;
    const char                *text;
    ngx_mdm_refusal_e          refusal;        /* how it is counted */
} ngx_mdm_outcome_t;


/* Never NULL: an unknown name is a fault of ours. */
const ngx_mdm_outcome_t *ngx_mdm_outcome_find(ngx_str_t name);


#endif /* _NGX_MDM_OUTCOME_H_INCLUDED_ */
