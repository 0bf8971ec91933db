
/*
 * Hooks: who answers a check-in message that asks something of a feature.
 * Until a feature takes its row, the answer is that of a server with nothing
 * to offer.
 */


#ifndef _NGX_MDM_HOOK_H_INCLUDED_
#define _NGX_MDM_HOOK_H_INCLUDED_


#include "ngx_mdm_exchange.h"


/* The sender is identified; the hook ends the exchange, now or later. */
void ngx_mdm_hook_run(ngx_mdm_exchange_t *x);


#endif /* _NGX_MDM_HOOK_H_INCLUDED_ */
