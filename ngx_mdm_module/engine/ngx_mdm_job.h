
/*
 * Background work that any node may do and any node may drop: a lease row
 * decides who does it now.
 */


#ifndef _NGX_MDM_JOB_H_INCLUDED_
#define _NGX_MDM_JOB_H_INCLUDED_


#include "ngx_mdm_engine.h"


ngx_mdm_job_t *ngx_mdm_job_create(ngx_mdm_engine_t *engine);


#endif /* _NGX_MDM_JOB_H_INCLUDED_ */
