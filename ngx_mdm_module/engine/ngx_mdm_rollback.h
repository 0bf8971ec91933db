
/*
 * What the engine writes about identities beside the message itself: a
 * certificate taken back after a restore from backup, and a refusal that
 * somebody should see.
 */


#ifndef _NGX_MDM_ROLLBACK_H_INCLUDED_
#define _NGX_MDM_ROLLBACK_H_INCLUDED_


#include "ngx_mdm_exchange.h"


/* Binds the former certificate again, queues a fresh inventory, and runs
 * `again`. */
void ngx_mdm_roll_back(ngx_mdm_exchange_t *x, ngx_mdm_exchange_pt again);

/* Leaves an event for this refusal; the exchange does not wait for it. */
void ngx_mdm_refusal_record(ngx_mdm_exchange_t *x, ngx_str_t outcome);


#endif /* _NGX_MDM_ROLLBACK_H_INCLUDED_ */
