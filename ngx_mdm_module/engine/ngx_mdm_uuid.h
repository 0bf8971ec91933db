
/* UUIDs: in upper case, as devices write them, or in lower, as the push
 * service does. */


#ifndef _NGX_MDM_UUID_H_INCLUDED_
#define _NGX_MDM_UUID_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_MDM_UUID_LEN   36


/* A random one (RFC 9562, version 4).  Writes NGX_MDM_UUID_LEN characters. */
ngx_int_t ngx_mdm_uuid(u_char *text);

/* The same in two steps, for many at once: random bytes, and the one that 16
 * of them make, in lower case. */
ngx_int_t ngx_mdm_uuid_random(u_char *r, size_t size);
void ngx_mdm_uuid_lower(u_char *r, u_char *text);

/* One that is made from 16 bytes of a hash (version 8). */
void ngx_mdm_uuid_of(const u_char *hash, u_char *text);


#endif /* _NGX_MDM_UUID_H_INCLUDED_ */
