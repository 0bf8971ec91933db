
/*
 * A stored profile, found, opened and signed.  What it holds is never logged.
 */


#include "ngx_mdm_api_profile.h"
#include "../pki/mdm_cms_sign.h"


static mdm_str_t ngx_mdm_api_profile_column(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows, int column);
static mdm_rc_e ngx_mdm_api_profile_sign(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_t *profile);


void
ngx_mdm_api_profile_ask(ngx_mdm_api_t *api, ngx_str_t id, ngx_uint_t reveal,
    ngx_mdm_pg_handler_pt handler)
{
    ngx_mdm_pg_value_t  *p;

    p = api->call.params;

    ngx_mdm_api_who(api, p);
    ngx_mdm_pg_set_bytes(&p[3], id.data, id.len);
    ngx_mdm_pg_set_bool(&p[4], reveal);

    ngx_mdm_api_call(api, NGX_MDM_SQL_PROFILE_GET, handler);
}


void
ngx_mdm_api_profile_unknown(ngx_mdm_api_t *api)
{
    ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "unknown_profile",
                      "there is no profile with this id; GET /v1/profiles "
                      "shows them");
}


ngx_mdm_api_profile_t *
ngx_mdm_api_profile_keep(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_profile_t  *profile;

    if (rows->count == 0) {
        ngx_mdm_api_profile_unknown(api);
        return NULL;
    }

    profile = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_profile_t));
    if (profile == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return NULL;
    }

    profile->is_signed = ngx_mdm_pg_bool(rows, 0, NGX_MDM_PROFILE_SIGNED);
    profile->secret = ngx_mdm_pg_bool(rows, 0, NGX_MDM_PROFILE_SECRET);
    profile->wants = !ngx_mdm_pg_is_null(rows, 0, NGX_MDM_PROFILE_WANTS);

    profile->id = ngx_mdm_api_profile_column(api, rows, NGX_MDM_PROFILE_ID);
    profile->sealed = ngx_mdm_api_profile_column(api, rows,
                                                 NGX_MDM_PROFILE_CONTENT);
    profile->certificates = ngx_mdm_api_profile_column(api, rows,
                                                 NGX_MDM_PROFILE_CERTIFICATES);
    profile->sealed_key = ngx_mdm_api_profile_column(api, rows,
                                                  NGX_MDM_PROFILE_PRIVATE_KEY);
    profile->fingerprint = ngx_mdm_api_profile_column(api, rows,
                                                  NGX_MDM_PROFILE_FINGERPRINT);

    if (!mdm_str_is_set(profile->id) || !mdm_str_is_set(profile->sealed)) {
        ngx_mdm_api_out_of_memory(api);
        return NULL;
    }

    return profile;
}


static mdm_str_t
ngx_mdm_api_profile_column(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows,
    int column)
{
    ngx_str_t  value;

    value = ngx_mdm_pg_text(rows, 0, column);

    return mdm_arena_str(&api->arena, value.data, value.len);
}


mdm_rc_e
ngx_mdm_api_profile_open(ngx_mdm_api_t *api, ngx_mdm_api_profile_t *profile,
    ngx_uint_t sign)
{
    mdm_rc_e  rc;

    rc = mdm_secret_open(&api->arena, api->engine->ring, api->tenant_id,
                         NGX_MDM_PROFILE_KIND, profile->id, profile->sealed,
                         &profile->content);
    if (rc != MDM_OK) {
        profile->unopened = NGX_MDM_PROFILE_KIND;
        return rc;
    }

    if (!sign || profile->is_signed || profile->wants
        || !mdm_str_is_set(profile->certificates))
    {
        return MDM_OK;
    }

    return ngx_mdm_api_profile_sign(api, profile);
}


static mdm_rc_e
ngx_mdm_api_profile_sign(ngx_mdm_api_t *api, ngx_mdm_api_profile_t *profile)
{
    mdm_rc_e   rc;
    mdm_str_t  key, cms;

    rc = mdm_secret_open(&api->arena, api->engine->ring, api->tenant_id,
                         "signing_key", profile->fingerprint,
                         profile->sealed_key, &key);
    if (rc != MDM_OK) {
        profile->unopened = "signing_key";
        return rc;
    }

    rc = mdm_cms_sign(&api->arena, profile->certificates, key,
                      profile->content, &cms, &profile->fault);
    if (rc == MDM_OK) {
        profile->content = cms;
    }

    return rc;
}


void
ngx_mdm_api_profile_failed(ngx_mdm_api_t *api, ngx_mdm_api_profile_t *profile,
    mdm_rc_e rc)
{
    if (rc == MDM_NO_MEMORY) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (profile->unopened != NULL) {
        ngx_mdm_api_cannot_open(api, profile->unopened);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, api->log, 0,
                  "mdm: API: cannot sign a profile: %s, tenant \"%V\"",
                  profile->fault.text, &api->tenant_key);

    ngx_mdm_api_error(api, NGX_HTTP_SERVICE_UNAVAILABLE, "cannot_sign",
                      "the profile cannot be signed: %s",
                      profile->fault.text);
}
