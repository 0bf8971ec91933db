
/*
 * What is kept sealed, read by those who may: reports of devices, and tokens in
 * escrow.  The audit has a row for each asking before anything is opened.
 */


#include "ngx_mdm_api.h"

#include "../message/mdm_enrollment_id.h"
#include "../message/mdm_json_text.h"
#include "../message/mdm_message.h"
#include "../message/mdm_node.h"
#include "../message/mdm_plist.h"
#include "../pki/mdm_secret.h"
#include "../schema/mdm_effects.h"


/* To decode a report and write it anew, compared with opening it. */
#define NGX_MDM_API_JSON_LABOUR  16


/* columns of enrollment_report() and enrollment_secret() */

enum {
    NGX_MDM_SECRET_OUTCOME = 0,
    NGX_MDM_SECRET_VALUE,
    NGX_MDM_SECRET_CREATED_AT,
    NGX_MDM_SECRET_GENERATION
};


typedef struct {
    mdm_str_t                   sealed;
    mdm_str_t                   plain;
    ngx_str_t                   created_at;
    int64_t                     generation;
} ngx_mdm_api_secret_value_t;


typedef struct {
    const char                 *kind;      /* of the seal */
    mdm_str_t                   row;
    ngx_mdm_api_secret_value_t *values;    /* the newest first; a report is
                                              one */
    ngx_uint_t                  n;
    size_t                      size;      /* of all of them, sealed */
    mdm_rc_e                    rc;
    unsigned                    history:1;
    unsigned                    json:1;    /* a report as JSON ... */
    mdm_str_t                   text;      /* ... which is this */
} ngx_mdm_api_secret_t;


static ngx_int_t ngx_mdm_api_report_format(ngx_mdm_api_t *api,
    unsigned *json);
static ngx_mdm_api_secret_t *ngx_mdm_api_secret_create(ngx_mdm_api_t *api,
    const char *kind, ngx_str_t last);
static void ngx_mdm_api_secret_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static ngx_int_t ngx_mdm_api_secret_keep(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_secret_open(void *data);
static void ngx_mdm_api_report_json(ngx_mdm_api_t *api,
    ngx_mdm_api_secret_t *secret);
static void ngx_mdm_api_secret_opened(void *data);
static void ngx_mdm_api_secret_answer(ngx_mdm_api_t *api);
static u_char *ngx_mdm_api_secret_write(u_char *p,
    const ngx_mdm_api_secret_value_t *value);


static const char  ngx_mdm_api_report_kind[] = "report";


void
ngx_mdm_api_report(ngx_mdm_api_t *api)
{
    unsigned               json;
    ngx_str_t              uuid;
    ngx_mdm_api_secret_t  *secret;

    if (ngx_mdm_api_report_format(api, &json) != NGX_OK
        || ngx_mdm_api_command_uuid(api, api->segments[1], &uuid) != NGX_OK)
    {
        return;
    }

    secret = ngx_mdm_api_secret_create(api, ngx_mdm_api_report_kind, uuid);

    if (secret != NULL) {
        secret->json = json;

        ngx_mdm_pg_set_bytes(&api->call.params[5], uuid.data, uuid.len);
        ngx_mdm_api_call(api, NGX_MDM_SQL_ENROLLMENT_REPORT,
                         ngx_mdm_api_secret_found);
    }
}


/* ?format= goes before Accept. */

static ngx_int_t
ngx_mdm_api_report_format(ngx_mdm_api_t *api, unsigned *json)
{
    ngx_str_t  format;

    format = ngx_mdm_api_arg(api, "format");

    if (format.len == 0) {
        *json = ngx_strnstr(api->accept.data, "application/json",
                            api->accept.len)
                != NULL;
        return NGX_OK;
    }

    *json = ngx_mdm_api_is(format, "json");

    if (!*json && !ngx_mdm_api_is(format, "plist")) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_format",
                          "format is one of: plist json");
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_mdm_api_secrets(ngx_mdm_api_t *api)
{
    mdm_str_t  device_id, user_id;

    if (ngx_mdm_api_channel(api, 1, &device_id, &user_id) == NGX_OK) {
        ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
        ngx_mdm_api_call_row(api, NGX_MDM_SQL_ENROLLMENT_SECRETS,
                             ngx_mdm_api_unknown_enrollment);
    }
}


void
ngx_mdm_api_secret(ngx_mdm_api_t *api)
{
    ngx_str_t              kind, none;
    mdm_str_t              name;
    ngx_mdm_api_secret_t  *secret;

    kind = ngx_mdm_api_unescape(api, api->segments[1]);
    name = mdm_arena_str(&api->arena, kind.data, kind.len);

    if (!mdm_str_is_set(name) || !mdm_schema_name_valid(name)) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_secret_kind",
                          "a kind is a letter, and 127 more letters, digits, "
                          "\".\", \"_\" and \"-\" at most; GET "
                          "/v1/enrollments/{id}/secrets shows them");
        return;
    }

    ngx_str_null(&none);
    secret = ngx_mdm_api_secret_create(api, (const char *) name.data, none);

    if (secret != NULL) {
        secret->history = ngx_mdm_api_flag(api, "history");

        ngx_mdm_set_str(&api->call.params[5], name);
        ngx_mdm_pg_set_bool(&api->call.params[6], secret->history);
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

    ngx_mdm_api_work(api, secret->json ? secret->size
                                         * NGX_MDM_API_JSON_LABOUR
                                       : secret->size,
                     ngx_mdm_api_secret_open, ngx_mdm_api_secret_opened);
}


/* The rows are gone when a thread opens the values. */

static ngx_int_t
ngx_mdm_api_secret_keep(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    ngx_int_t                    i;
    ngx_str_t                    sealed, created_at;
    ngx_mdm_api_secret_t        *secret;
    ngx_mdm_api_secret_value_t  *value;

    secret = api->ctx;
    secret->n = rows->count;

    value = ngx_pcalloc(api->pool,
                        secret->n * sizeof(ngx_mdm_api_secret_value_t));
    if (value == NULL) {
        return NGX_ERROR;
    }

    secret->values = value;

    for (i = 0; i < rows->count; i++, value++) {
        sealed = ngx_mdm_pg_text(rows, i, NGX_MDM_SECRET_VALUE);
        value->sealed = mdm_arena_str(&api->arena, sealed.data, sealed.len);
        secret->size += sealed.len;

        if (!mdm_str_is_set(value->sealed)) {
            return NGX_ERROR;
        }

        if (secret->kind == ngx_mdm_api_report_kind) {
            continue;
        }

        created_at = ngx_mdm_pg_text(rows, i, NGX_MDM_SECRET_CREATED_AT);
        value->created_at.len = created_at.len;
        value->created_at.data = ngx_pstrdup(api->pool, &created_at);
        value->generation = ngx_mdm_pg_int(rows, i, NGX_MDM_SECRET_GENERATION);

        if (value->created_at.data == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* In a thread. */

static void
ngx_mdm_api_secret_open(void *data)
{
    ngx_uint_t                   i;
    ngx_mdm_api_t               *api;
    ngx_mdm_api_secret_t        *secret;
    ngx_mdm_api_secret_value_t  *value;

    api = data;
    secret = api->ctx;
    secret->rc = MDM_OK;

    for (i = 0; i < secret->n && secret->rc == MDM_OK; i++) {
        value = &secret->values[i];
        secret->rc = mdm_secret_open(&api->arena, api->engine->ring,
                                     api->tenant_id, secret->kind, secret->row,
                                     value->sealed, &value->plain);
    }

    if (secret->rc == MDM_OK && secret->json) {
        ngx_mdm_api_report_json(api, secret);
    }
}


/* Absent when it is no property list: a report that could not be read is kept
 * all the same. */

static void
ngx_mdm_api_report_json(ngx_mdm_api_t *api, ngx_mdm_api_secret_t *secret)
{
    json_t       *json;
    plist_t       plist;
    mdm_node_t   *node;
    mdm_fault_t   fault;

    if (mdm_plist_parse(secret->values[0].plain, MDM_REPORT_LIMIT, &plist,
                        &fault)
        != MDM_OK)
    {
        return;
    }

    json = NULL;

    if (mdm_node_from_plist(&api->arena, plist, &node, &fault) == MDM_OK) {
        json = mdm_node_to_json(node, true);
    }

    mdm_plist_free(plist);

    if (json != NULL) {
        secret->text = mdm_json_text(&api->arena, json);
        json_decref(json);
    }
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

    if (secret->kind != ngx_mdm_api_report_kind) {
        ngx_mdm_api_secret_answer(api);
        return;
    }

    if (!secret->json) {
        ngx_mdm_api_finish_raw(api, "application/xml",
                               secret->values[0].plain);
        return;
    }

    if (!mdm_str_is_set(secret->text)) {
        ngx_mdm_api_error(api, NGX_HTTP_CONFLICT, "unreadable_report",
                          "the report is no property list that JSON could "
                          "show; ask for format=plist");
        return;
    }

    ngx_mdm_api_finish_raw(api, "application/json", secret->text);
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
    size_t                 size;
    u_char                *p;
    mdm_str_t              body;
    ngx_uint_t             i;
    ngx_mdm_api_secret_t  *secret;

    secret = api->ctx;
    size = sizeof("{\"kind\":\"\",\"items\":[]}") + ngx_strlen(secret->kind);

    for (i = 0; i < secret->n; i++) {
        size += sizeof("{\"value\":\"\",\"created_at\":\"\","
                       "\"generation\":},")
                + ngx_base64_encoded_length(secret->values[i].plain.len)
                + secret->values[i].created_at.len + NGX_INT64_LEN;
    }

    p = mdm_arena_alloc(&api->arena, size);
    if (p == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    body.data = p;
    p = ngx_sprintf(p, "{\"kind\":\"%s\",", secret->kind);

    if (secret->history) {
        p = ngx_sprintf(p, "\"items\":[");

        for (i = 0; i < secret->n; i++) {
            p = ngx_sprintf(p, i ? ",{" : "{");
            p = ngx_mdm_api_secret_write(p, &secret->values[i]);
            p = ngx_sprintf(p, ",\"generation\":%L}",
                            secret->values[i].generation);
        }

        *p++ = ']';

    } else {
        p = ngx_mdm_api_secret_write(p, &secret->values[0]);
    }

    *p++ = '}';
    body.len = p - body.data;

    ngx_mdm_api_finish_raw(api, "application/json", body);
}


static u_char *
ngx_mdm_api_secret_write(u_char *p, const ngx_mdm_api_secret_value_t *value)
{
    ngx_str_t  plain, encoded;

    p = ngx_sprintf(p, "\"value\":\"");

    plain = ngx_mdm_from_str(value->plain);
    encoded.data = p;
    ngx_encode_base64(&encoded, &plain);

    return ngx_sprintf(p + encoded.len, "\",\"created_at\":\"%V\"",
                       &value->created_at);
}
