
/* A command asked in typed JSON, checked before it is queued. */


#ifndef _NGX_MDM_API_TYPED_H_INCLUDED_
#define _NGX_MDM_API_TYPED_H_INCLUDED_


#include "ngx_mdm_api.h"


/* POST /v1/commands with "request_type". */
void ngx_mdm_api_typed(ngx_mdm_api_t *api);


#endif /* _NGX_MDM_API_TYPED_H_INCLUDED_ */
