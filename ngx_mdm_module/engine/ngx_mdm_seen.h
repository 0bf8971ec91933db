
/*
 * Last contact.  An empty poll writes nothing, so the times gather here and
 * leave every ten seconds in a few calls, and when the worker begins to exit;
 * one that is killed loses ten seconds of them, which nobody misses.
 */


#ifndef _NGX_MDM_SEEN_H_INCLUDED_
#define _NGX_MDM_SEEN_H_INCLUDED_


#include "ngx_mdm_engine.h"


ngx_mdm_seen_t *ngx_mdm_seen_create(ngx_mdm_engine_t *engine);
void ngx_mdm_seen_destroy(ngx_mdm_seen_t *seen);

/* The worker begins to exit: from now on times leave at once, and the worker
 * stays until they have. */
void ngx_mdm_seen_leave(ngx_mdm_seen_t *seen);

/* This enrolment spoke just now. */
void ngx_mdm_seen_touch(ngx_mdm_engine_t *engine, int64_t tenant_id,
    int64_t enrollment_id);


#endif /* _NGX_MDM_SEEN_H_INCLUDED_ */
