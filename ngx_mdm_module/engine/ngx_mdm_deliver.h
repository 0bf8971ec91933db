
/*
 * The way of a command out of the queue: opened, filled in with the values of
 * the device, given as the answer.
 */


#ifndef _NGX_MDM_DELIVER_H_INCLUDED_
#define _NGX_MDM_DELIVER_H_INCLUDED_


#include "ngx_mdm_exchange.h"


/* Columns of a command in a row, from the first of them on. */

enum {
    NGX_MDM_COMMAND_UUID = 0,            /* NULL: there is none */
    NGX_MDM_COMMAND_REQUEST_TYPE,
    NGX_MDM_COMMAND_PAYLOAD,
    NGX_MDM_COMMAND_WANTED
};


/* Ends the exchange: with the command of the row, with nothing when there is
 * none, with the one after it when it cannot be filled in. */
void ngx_mdm_deliver(ngx_mdm_exchange_t *x, const ngx_mdm_pg_rows_t *rows,
    int first);

/* In the exchange's memory; absent when it was, or memory ran out. */
mdm_str_t ngx_mdm_deliver_copy(ngx_mdm_exchange_t *x, ngx_str_t s);


#endif /* _NGX_MDM_DELIVER_H_INCLUDED_ */
