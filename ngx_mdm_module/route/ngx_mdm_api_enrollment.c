
/*
 * One enrolment: looked into, asked why it does nothing, and ended; and the
 * certificates that devices show, revoked.
 */


#include "ngx_mdm_api.h"

#include "../pki/mdm_certificate.h"


static void ngx_mdm_api_enrollment_shown(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_enrollment_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_enrollment_ended(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_identity_revoked(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


ngx_int_t
ngx_mdm_api_channel(ngx_mdm_api_t *api, ngx_uint_t param,
    mdm_str_t *device_id, mdm_str_t *user_id)
{
    if (ngx_mdm_api_enrollment(api, api->segments[0], device_id, user_id)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_mdm_set_str(&api->call.params[param], *device_id);
    ngx_mdm_set_str(&api->call.params[param + 1], *user_id);

    return NGX_OK;
}


void
ngx_mdm_api_unknown_enrollment(ngx_mdm_api_t *api)
{
    ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "unknown_enrollment",
                      "there is no such enrolment; GET /v1/enrollments shows "
                      "them");
}


void
ngx_mdm_api_enrollment_show(ngx_mdm_api_t *api)
{
    mdm_str_t  device_id, user_id;

    if (ngx_mdm_api_channel(api, 1, &device_id, &user_id) == NGX_OK) {
        ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
        ngx_mdm_api_call(api, NGX_MDM_SQL_ENROLLMENT_SHOW,
                         ngx_mdm_api_enrollment_shown);
    }
}


static void
ngx_mdm_api_enrollment_shown(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (rows->count == 0) {
        ngx_mdm_api_unknown_enrollment(api);
        return;
    }

    ngx_mdm_api_build(api, rows, 0, ngx_mdm_api_enrollment_build);
}


/* The columns behind the item are members of it. */

static json_t *
ngx_mdm_api_enrollment_build(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    json_t  *row, *answer;

    row = ngx_mdm_api_row(rows, 0);
    answer = json_incref(json_object_get(row, "item"));
    json_object_del(row, "item");
    json_object_update(answer, row);
    json_decref(row);

    return answer;
}


void
ngx_mdm_api_why(ngx_mdm_api_t *api)
{
    mdm_str_t  device_id, user_id;

    if (ngx_mdm_api_channel(api, 1, &device_id, &user_id) == NGX_OK) {
        ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
        ngx_mdm_api_call_row(api, NGX_MDM_SQL_ENROLLMENT_WHY,
                             ngx_mdm_api_unknown_enrollment);
    }
}


void
ngx_mdm_api_enrollment_end(ngx_mdm_api_t *api)
{
    mdm_str_t  device_id, user_id;

    if (ngx_mdm_api_channel(api, 3, &device_id, &user_id) != NGX_OK) {
        return;
    }

    if (user_id.len != 0) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "not_a_device",
                          "this is a user of the device \"%.*s\": end the "
                          "device, and its users end with it",
                          (int) device_id.len, device_id.data);
        return;
    }

    ngx_mdm_api_who(api, api->call.params);
    ngx_mdm_api_call(api, NGX_MDM_SQL_ENROLLMENT_END,
                     ngx_mdm_api_enrollment_ended);
}


static void
ngx_mdm_api_enrollment_ended(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t       outcome;
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    outcome = ngx_mdm_pg_text(rows, 0, 0);

    if (ngx_mdm_api_is(outcome, "unknown")) {
        ngx_mdm_api_unknown_enrollment(api);
        return;
    }

    if (!ngx_mdm_api_is(outcome, "ok")) {
        ngx_mdm_api_error(api, NGX_HTTP_CONFLICT, "not_live",
                          "only a live enrolment can be ended; this one is "
                          "%.*s", (int) outcome.len, outcome.data);
        return;
    }

    ngx_mdm_api_finish(api, NGX_HTTP_OK,
                       json_pack("{s:s}", "outcome", "ended"));
}


void
ngx_mdm_api_identity_revoke(ngx_mdm_api_t *api)
{
    u_char  *fingerprint;

    fingerprint = ngx_pnalloc(api->pool, MDM_SHA256_SIZE);
    if (fingerprint == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (ngx_mdm_api_fingerprint(api->segments[0], fingerprint) != NGX_OK) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_fingerprint",
                          "a fingerprint is the SHA-256 of a certificate in "
                          "64 hexadecimal digits");
        return;
    }

    ngx_mdm_api_who(api, api->call.params);
    ngx_mdm_pg_set_bytes(&api->call.params[3], fingerprint, MDM_SHA256_SIZE);
    ngx_mdm_api_call(api, NGX_MDM_SQL_IDENTITY_REVOKE,
                     ngx_mdm_api_identity_revoked);
}


static void
ngx_mdm_api_identity_revoked(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t       outcome;
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    outcome = ngx_mdm_pg_text(rows, 0, 0);

    if (ngx_mdm_api_is(outcome, "unknown")) {
        ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "unknown_identity",
                          "no device of this tenant has shown a certificate "
                          "with this fingerprint");
        return;
    }

    ngx_mdm_api_finish(api, NGX_HTTP_OK,
                       json_pack("{s:s}", "outcome",
                                 ngx_mdm_api_is(outcome, "repeated")
                                 ? "repeated" : "revoked"));
}
