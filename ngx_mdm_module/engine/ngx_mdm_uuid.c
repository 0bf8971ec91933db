
/* UUIDs (RFC 9562). */


#include "ngx_mdm_uuid.h"

#include <openssl/err.h>
#include <openssl/rand.h>


static void ngx_mdm_uuid_write(u_char *r, u_char version, u_char *text);


ngx_int_t
ngx_mdm_uuid(u_char *text)
{
    u_char  r[16];

    if (RAND_bytes(r, sizeof(r)) != 1) {
        ERR_clear_error();
        return NGX_ERROR;
    }

    ngx_mdm_uuid_write(r, 0x40, text);

    return NGX_OK;
}


void
ngx_mdm_uuid_of(const u_char *hash, u_char *text)
{
    u_char  r[16];

    ngx_memcpy(r, hash, sizeof(r));
    ngx_mdm_uuid_write(r, 0x80, text);
}


static void
ngx_mdm_uuid_write(u_char *r, u_char version, u_char *text)
{
    r[6] = (r[6] & 0x0f) | version;
    r[8] = (r[8] & 0x3f) | 0x80;

    ngx_sprintf(text, "%02Xd%02Xd%02Xd%02Xd-%02Xd%02Xd-%02Xd%02Xd-"
                      "%02Xd%02Xd-%02Xd%02Xd%02Xd%02Xd%02Xd%02Xd",
                r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7],
                r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
}
