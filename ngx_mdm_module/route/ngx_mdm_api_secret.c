
/*
 * What is kept sealed, read by those who may: reports of devices, and tokens in
 * escrow.  The audit has a row for each asking before anything is opened.
 */


#include "ngx_mdm_api.h"

#include "../message/mdm_enrollment_id.h"
#include "../pki/mdm_secret.h"


/* columns of enrollment_report() and enrollment_secret() */

enum {
    NGX_MDM_SECRET_OUTCOME = 0,
    NGX_MDM_SECRET_VALUE,
    NGX_MDM_SECRET_CREATED_AT
};


typedef struct {
    const char                 *kind;      /* of the seal */
    mdm_str_t                   row;
    mdm_str_t                   sealed;
    mdm_str_t                   plain;
    mdm_rc_e                    rc;
    ngx_str_t                   created_at;
} ngx_mdm_api_secret_t;


static ngx_mdm_api_secret_t *ngx_mdm_api_secret_create(ngx_mdm_api_t *api,
    const char *kind, ngx_str_t last);
static void ngx_mdm_api_secret_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static ngx_int_t ngx_mdm_api_secret_keep(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_secret_open(void *data);
static void ngx_mdm_api_secret_opened(void *data);
static void ngx_mdm_api_secret_answer(ngx_mdm_api_t *api);


static const char *const  ngx_mdm_api_secret_kinds[] = {
    "unlock_token", "bootstrap_token", NULL
};

static const char  ngx_mdm_api_report_kind[] = "report";


void
ngx_mdm_api_report(ngx_mdm_api_t *api)
{
    ngx_str_t              uuid;
    ngx_mdm_api_secret_t  *secret;

    if (ngx_mdm_api_command_uuid(api, api->segments[1], &uuid) != NGX_OK) {
        return;
    }

    secret = ngx_mdm_api_secret_create(api, ngx_mdm_api_report_kind, uuid);

    if (secret != NULL) {
        ngx_mdm_pg_set_bytes(&api->call.params[5], uuid.data, uuid.len);
        ngx_mdm_api_call(api, NGX_MDM_SQL_ENROLLMENT_REPORT,
                         ngx_mdm_api_secret_found);
    }
}


void
ngx_mdm_api_secret(ngx_mdm_api_t *api)
{
    ngx_str_t              none;
    const char *const     *kind;
    ngx_mdm_api_secret_t  *secret;

    for (kind = ngx_mdm_api_secret_kinds; *kind != NULL; kind++) {
        if (ngx_mdm_api_is(api->segments[1], *kind)) {
            break;
        }
    }

    if (*kind == NULL) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_secret_kind",
                          "a kind is one of: unlock_token bootstrap_token");
        return;
    }

    ngx_str_null(&none);
    secret = ngx_mdm_api_secret_create(api, *kind, none);

    if (secret != NULL) {
        ngx_mdm_pg_set_bytes(&api->call.params[5], *kind, ngx_strlen(*kind));
        ngx_mdm_api_call(api, NGX_MDM_SQL_ENROLLMENT_SECRET,
                         ngx_mdm_api_secret_found);
    }
}


/* The seal is tied to the written id, and to what comes last behind a slash.
 * NULL after the client was told. */

static ngx_mdm_api_secret_t *
ngx_mdm_api_secret_create(ngx_mdm_api_t *api, const char *kind, ngx_str_t last)
{
    u_char                *p, *row;
    mdm_str_t              device_id, user_id, id;
    ngx_mdm_api_secret_t  *secret;

    if (ngx_mdm_api_channel(api, 3, &device_id, &user_id) != NGX_OK) {
        return NULL;
    }

    id = mdm_enrollment_id_write(&api->arena, device_id, user_id);
    secret = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_secret_t));
    row = ngx_pnalloc(api->pool, id.len + 1 + last.len);

    if (!mdm_str_is_set(id) || secret == NULL || row == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return NULL;
    }

    p = ngx_cpymem(row, id.data, id.len);

    if (last.len != 0) {
        *p++ = '/';
        p = ngx_cpymem(p, last.data, last.len);
    }

    secret->kind = kind;
    secret->row.data = row;
    secret->row.len = p - row;
    api->ctx = secret;

    ngx_mdm_api_who(api, api->call.params);

    return secret;
}


static void
ngx_mdm_api_secret_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t              outcome;
    ngx_mdm_api_t         *api;
    ngx_mdm_api_secret_t  *secret;

    api = call->data;
    secret = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    outcome = ngx_mdm_pg_text(rows, 0, NGX_MDM_SECRET_OUTCOME);

    if (ngx_mdm_api_is(outcome, "unknown")) {
        ngx_mdm_api_unknown_enrollment(api);
        return;
    }

    if (!ngx_mdm_api_is(outcome, "ok")) {

        if (secret->kind == ngx_mdm_api_report_kind) {
            ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "no_report",
                              "no report of this enrolment on this command is "
                              "kept");
            return;
        }

        ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "no_secret",
                          "the device has given no such secret");
        return;
    }

    if (ngx_mdm_api_secret_keep(api, rows) != NGX_OK) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ngx_mdm_api_work(api, secret->sealed.len, ngx_mdm_api_secret_open,
                     ngx_mdm_api_secret_opened);
}


/* The rows are gone when a thread opens the value. */

static ngx_int_t
ngx_mdm_api_secret_keep(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t              value, created_at;
    ngx_mdm_api_secret_t  *secret;

    secret = api->ctx;
    value = ngx_mdm_pg_text(rows, 0, NGX_MDM_SECRET_VALUE);
    secret->sealed = mdm_arena_str(&api->arena, value.data, value.len);

    if (secret->kind == ngx_mdm_api_report_kind) {
        return mdm_str_is_set(secret->sealed) ? NGX_OK : NGX_ERROR;
    }

    created_at = ngx_mdm_pg_text(rows, 0, NGX_MDM_SECRET_CREATED_AT);
    secret->created_at.len = created_at.len;
    secret->created_at.data = ngx_pstrdup(api->pool, &created_at);

    return mdm_str_is_set(secret->sealed) && secret->created_at.data
           ? NGX_OK : NGX_ERROR;
}


/* In a thread. */

static void
ngx_mdm_api_secret_open(void *data)
{
    ngx_mdm_api_t         *api;
    ngx_mdm_api_secret_t  *secret;

    api = data;
    secret = api->ctx;

    secret->rc = mdm_secret_open(&api->arena, api->engine->ring,
                                 api->tenant_id, secret->kind, secret->row,
                                 secret->sealed, &secret->plain);
}


static void
ngx_mdm_api_secret_opened(void *data)
{
    ngx_mdm_api_t         *api;
    ngx_mdm_api_secret_t  *secret;

    api = data;
    secret = api->ctx;

    if (secret->rc != MDM_OK) {
        ngx_mdm_api_cannot_open(api, secret->kind);
        return;
    }

    if (secret->kind == ngx_mdm_api_report_kind) {
        ngx_mdm_api_finish_raw(api, "application/xml", secret->plain);
        return;
    }

    ngx_mdm_api_secret_answer(api);
}


void
ngx_mdm_api_cannot_open(ngx_mdm_api_t *api, const char *kind)
{
    ngx_log_error(NGX_LOG_ERR, api->log, 0,
                  "mdm: API: cannot open a stored %s, tenant \"%V\"",
                  kind, &api->tenant_key);

    ngx_mdm_api_error(api, NGX_HTTP_SERVICE_UNAVAILABLE, "cannot_open",
                      "the stored value was sealed with a key that this "
                      "server does not have, or was altered");
}


/* Written without jansson, whose memory is not wiped; nothing in it needs an
 * escape. */

static void
ngx_mdm_api_secret_answer(ngx_mdm_api_t *api)
{
    u_char                *p;
    size_t                 size;
    mdm_str_t              body;
    ngx_str_t              plain, encoded;
    ngx_mdm_api_secret_t  *secret;

    secret = api->ctx;
    plain = ngx_mdm_from_str(secret->plain);

    size = ngx_base64_encoded_length(plain.len);
    encoded.data = mdm_arena_alloc(&api->arena, size);

    size += sizeof("{\"kind\":\"\",\"value\":\"\",\"created_at\":\"\"}")
            + ngx_strlen(secret->kind) + secret->created_at.len;
    p = mdm_arena_alloc(&api->arena, size);

    if (encoded.data == NULL || p == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ngx_encode_base64(&encoded, &plain);

    body.data = p;
    body.len = ngx_snprintf(p, size, "{\"kind\":\"%s\",\"value\":\"%V\","
                            "\"created_at\":\"%V\"}", secret->kind, &encoded,
                            &secret->created_at)
               - p;

    ngx_mdm_api_finish_raw(api, "application/json", body);
}
