
/*
 * Numbers that only the database knows, such as the length of the queue.
 */


#ifndef _NGX_MDM_SAMPLE_H_INCLUDED_
#define _NGX_MDM_SAMPLE_H_INCLUDED_


#include "ngx_mdm_engine.h"


ngx_mdm_sample_t *ngx_mdm_sample_create(ngx_mdm_engine_t *engine);


#endif /* _NGX_MDM_SAMPLE_H_INCLUDED_ */
