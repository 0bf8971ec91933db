
/*
 * A stored profile: what the operations on profiles, and commands that carry
 * one, share.
 */


#ifndef _NGX_MDM_API_PROFILE_H_INCLUDED_
#define _NGX_MDM_API_PROFILE_H_INCLUDED_


#include "ngx_mdm_api.h"


#define NGX_MDM_PROFILE_KIND  "profile"        /* of the seal */
#define NGX_MDM_PROFILE_TYPE  "application/x-apple-aspen-config"


/* columns of profile_get() */

enum {
    NGX_MDM_PROFILE_CONTENT = 0,
    NGX_MDM_PROFILE_ID,
    NGX_MDM_PROFILE_IDENTIFIER,
    NGX_MDM_PROFILE_UUID,
    NGX_MDM_PROFILE_DISPLAY_NAME,
    NGX_MDM_PROFILE_PAYLOADS,
    NGX_MDM_PROFILE_PAYLOAD_TYPES,
    NGX_MDM_PROFILE_SIGNED,
    NGX_MDM_PROFILE_SIGNER,
    NGX_MDM_PROFILE_MANAGES,
    NGX_MDM_PROFILE_SECRET,
    NGX_MDM_PROFILE_WANTS,
    NGX_MDM_PROFILE_CURRENT,
    NGX_MDM_PROFILE_ACTOR,
    NGX_MDM_PROFILE_CREATED_AT,
    NGX_MDM_PROFILE_FACTS,                     /* so many are facts of it */
    NGX_MDM_PROFILE_CERTIFICATES = NGX_MDM_PROFILE_FACTS,
    NGX_MDM_PROFILE_PRIVATE_KEY,
    NGX_MDM_PROFILE_FINGERPRINT
};


/* One row of it, out of the rows; all strings are the arena's. */

typedef struct {
    mdm_str_t                   id;
    mdm_str_t                   sealed;
    mdm_str_t                   certificates;  /* absent: the tenant has none */
    mdm_str_t                   sealed_key;
    mdm_str_t                   fingerprint;
    unsigned                    is_signed:1;   /* it came so */
    unsigned                    secret:1;
    unsigned                    wants:1;       /* per-device values */

    mdm_str_t                   content;       /* opened */
    const char                 *unopened;      /* the kind that was not */
    mdm_fault_t                 fault;
} ngx_mdm_api_profile_t;


/* Asks for the profile with this id; `reveal`: its secrets will be shown. */
void ngx_mdm_api_profile_ask(ngx_mdm_api_t *api, ngx_str_t id,
    ngx_uint_t reveal, ngx_mdm_pg_handler_pt handler);

void ngx_mdm_api_profile_unknown(ngx_mdm_api_t *api);

/* NULL after the client was told. */
ngx_mdm_api_profile_t *ngx_mdm_api_profile_keep(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);

/* Opens the contents and, with `sign`, signs them unless they are signed, want
 * per-device values, or the tenant has no certificate.  For a thread.
 * MDM_NO_MEMORY, or another with profile->unopened, or with the fault set. */
mdm_rc_e ngx_mdm_api_profile_open(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_t *profile, ngx_uint_t sign);

/* Tells the client why it was not opened. */
void ngx_mdm_api_profile_failed(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_t *profile, mdm_rc_e rc);


#endif /* _NGX_MDM_API_PROFILE_H_INCLUDED_ */
