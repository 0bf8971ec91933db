
/* Random UUIDs (RFC 4122, version 4) in upper case, as Apple writes them. */


#ifndef _NGX_MDM_UUID_H_INCLUDED_
#define _NGX_MDM_UUID_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_MDM_UUID_LEN   36


/* Writes NGX_MDM_UUID_LEN characters. */
ngx_int_t ngx_mdm_uuid(u_char *text);


#endif /* _NGX_MDM_UUID_H_INCLUDED_ */
