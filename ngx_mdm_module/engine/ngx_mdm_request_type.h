
/*
 * Which request type has the command of a report?  A report rarely says, and
 * its handler is found by it.  The worker that delivers a command remembers;
 * what it remembers may be wrong or forgotten, for the database has the last
 * word.  Used by the event loop alone.
 */


#ifndef _NGX_MDM_REQUEST_TYPE_H_INCLUDED_
#define _NGX_MDM_REQUEST_TYPE_H_INCLUDED_


#include "ngx_mdm_engine.h"


/* One command may be many devices', and most answer at once. */
#define NGX_MDM_REQUEST_TYPES_MAX     16384
#define NGX_MDM_REQUEST_TYPES_BYTES   (4 * 1024 * 1024)


/* In a worker; NULL when memory ran out. */
ngx_mdm_request_types_t *ngx_mdm_request_types_create(
    ngx_mdm_engine_t *engine);
void ngx_mdm_request_types_destroy(ngx_mdm_request_types_t *types);

/* Nothing happens when memory ran out. */
void ngx_mdm_request_type_remember(ngx_mdm_engine_t *engine,
    int64_t tenant_id, mdm_str_t command_uuid, mdm_str_t request_type);

/* Absent: not known here.  Valid until something is remembered. */
mdm_str_t ngx_mdm_request_type_find(ngx_mdm_engine_t *engine,
    int64_t tenant_id, mdm_str_t command_uuid);


#endif /* _NGX_MDM_REQUEST_TYPE_H_INCLUDED_ */
