
/* UUIDs (RFC 9562). */


#include "ngx_mdm_uuid.h"

#include <openssl/err.h>
#include <openssl/rand.h>


static void ngx_mdm_uuid_write(u_char *r, u_char version, u_char *text);


ngx_int_t
ngx_mdm_uuid(u_char *text)
{
    u_char  r[16];

    if (ngx_mdm_uuid_random(r, sizeof(r)) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_mdm_uuid_write(r, 0x40, text);

    return NGX_OK;
}


ngx_int_t
ngx_mdm_uuid_random(u_char *r, size_t size)
{
    if (RAND_bytes(r, (int) size) != 1) {
        ERR_clear_error();
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_mdm_uuid_lower(u_char *r, u_char *text)
{
    u_char  *p;

    r[6] = (r[6] & 0x0f) | 0x40;
    r[8] = (r[8] & 0x3f) | 0x80;

    p = ngx_hex_dump(text, r, 4);
    *p++ = '-';
    p = ngx_hex_dump(p, &r[4], 2);
    *p++ = '-';
    p = ngx_hex_dump(p, &r[6], 2);
    *p++ = '-';
    p = ngx_hex_dump(p, &r[8], 2);
    *p++ = '-';
    ngx_hex_dump(p, &r[10], 6);
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
