
/*
 * Requests for push certificates: their keys are made here and never leave.
 * A vendor's key is used for the one call that brings it, and never kept.
 */


#include "ngx_mdm_api.h"
#include "../pki/mdm_push_request.h"
#include "../pki/mdm_push_vendor.h"


#define NGX_MDM_PUSH_REQUEST_TEXT_MAX  255
#define NGX_MDM_PUSH_REQUEST_HEX       (MDM_SHA256_SIZE * 2)


/* columns of push_request_create() */

enum {
    NGX_MDM_PUSH_REQUEST_OUTCOME = 0,
    NGX_MDM_PUSH_REQUEST_CREATED_AT
};


typedef struct {
    mdm_rc_e                  rc;
    mdm_fault_t               fault;
    mdm_push_subject_t        subject;
    mdm_str_t                 apple_account;
    mdm_str_t                 note;
    mdm_str_t                 certificates;  /* of the vendor, PEM */
    mdm_str_t                 key;           /* his, PEM: secret */
    int64_t                   now;
    mdm_push_request_t        request;
    mdm_str_t                 signed_request;
    mdm_str_t                 sealed;
    u_char                    public_key[NGX_MDM_PUSH_REQUEST_HEX];
} ngx_mdm_api_push_request_t;


static ngx_int_t ngx_mdm_api_push_request_members(ngx_mdm_api_t *api,
    ngx_mdm_api_push_request_t *ask);
static void ngx_mdm_api_push_request_vendor(ngx_mdm_api_t *api,
    ngx_mdm_api_push_request_t *ask);
static mdm_str_t ngx_mdm_api_push_request_text(const json_t *object,
    const char *name);
static void ngx_mdm_api_push_request_check(ngx_mdm_api_t *api,
    const char *name, mdm_str_t text);
static void ngx_mdm_api_push_request_make(void *data);
static mdm_rc_e ngx_mdm_api_push_request_sign(ngx_mdm_api_t *api,
    ngx_mdm_api_push_request_t *ask);
static void ngx_mdm_api_push_request_made(void *data);
static void ngx_mdm_api_push_request_kept(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_push_request_listed(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_push_request_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_push_request_none(ngx_mdm_api_t *api);


static const ngx_mdm_api_member_t  ngx_mdm_api_push_request_table[] = {
    { "common_name",   "string", 0 },
    { "email",         "string", 0 },
    { "country",       "string", 0 },
    { "apple_account", "string", 0 },
    { "note",          "string", 0 },
    { "vendor",        "object", 0 },
    { NULL, NULL, 0 }
};


void
ngx_mdm_api_pushcert_request(ngx_mdm_api_t *api)
{
    ngx_mdm_api_push_request_t  *ask;

    ask = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_push_request_t));
    if (ask == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ask->now = (int64_t) ngx_time();
    api->ctx = ask;

    if (ngx_mdm_api_push_request_members(api, ask) != NGX_OK) {
        return;
    }

    /* a key is made, which takes long however little was asked */

    ngx_mdm_api_work(api, NGX_MDM_THREAD_INLINE + 1,
                     ngx_mdm_api_push_request_make,
                     ngx_mdm_api_push_request_made);
}


static ngx_int_t
ngx_mdm_api_push_request_members(ngx_mdm_api_t *api,
    ngx_mdm_api_push_request_t *ask)
{
    const char          *wrong;
    mdm_fault_t          fault;
    mdm_push_subject_t  *subject;

    if (ngx_mdm_api_members(api, ngx_mdm_api_push_request_table) != NGX_OK) {
        return NGX_ERROR;
    }

    subject = &ask->subject;

    subject->common_name = ngx_mdm_api_push_request_text(api->json,
                                                         "common_name");
    subject->email = ngx_mdm_api_push_request_text(api->json, "email");
    subject->country = ngx_mdm_api_push_request_text(api->json, "country");
    ask->apple_account = ngx_mdm_api_push_request_text(api->json,
                                                       "apple_account");
    ask->note = ngx_mdm_api_push_request_text(api->json, "note");

    wrong = mdm_push_subject_check(subject, &fault);

    if (wrong != NULL) {
        ngx_mdm_api_fault(api, wrong, fault.text, NULL);
    }

    ngx_mdm_api_push_request_check(api, "apple_account", ask->apple_account);
    ngx_mdm_api_push_request_check(api, "note", ask->note);
    ngx_mdm_api_push_request_vendor(api, ask);

    if (api->faults == NULL) {
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_body",
                      "no request can be made of this: see \"faults\"");

    return NGX_ERROR;
}


static void
ngx_mdm_api_push_request_vendor(ngx_mdm_api_t *api,
    ngx_mdm_api_push_request_t *ask)
{
    json_t  *vendor;

    vendor = json_object_get(api->json, "vendor");

    if (vendor == NULL) {
        return;
    }

    ask->certificates = ngx_mdm_api_push_request_text(vendor, "certificates");
    ask->key = ngx_mdm_api_push_request_text(vendor, "private_key");

    if (json_object_size(vendor) != 2 || ask->certificates.len == 0
        || ask->key.len == 0)
    {
        ngx_mdm_api_fault(api, "vendor", "has the members \"certificates\" "
                          "and \"private_key\", both PEM, and no other",
                          NULL);
    }
}


/* Of the body, whose memory stays as long as the call; an empty one is none. */

static mdm_str_t
ngx_mdm_api_push_request_text(const json_t *object, const char *name)
{
    json_t  *value;

    value = json_object_get(object, name);

    if (!json_is_string(value) || json_string_length(value) == 0) {
        return mdm_null_str;
    }

    return (mdm_str_t) { json_string_length(value),
                         (u_char *) json_string_value(value) };
}


static void
ngx_mdm_api_push_request_check(ngx_mdm_api_t *api, const char *name,
    mdm_str_t text)
{
    char  rule[80];

    if (text.len <= NGX_MDM_PUSH_REQUEST_TEXT_MAX
        && !mdm_str_has_control(text))
    {
        return;
    }

    snprintf(rule, sizeof(rule), "at most %d bytes, without control "
             "characters", NGX_MDM_PUSH_REQUEST_TEXT_MAX);
    ngx_mdm_api_fault(api, name, rule, NULL);
}


/* In a thread. */

static void
ngx_mdm_api_push_request_make(void *data)
{
    ngx_mdm_api_t *api = data;

    mdm_str_t                    row;
    ngx_mdm_api_push_request_t  *ask;

    ask = api->ctx;

    ask->rc = ask->key.len > 0
              ? ngx_mdm_api_push_request_sign(api, ask)
              : mdm_push_request_make(&api->arena, &ask->subject,
                                      &ask->request, &ask->fault);
    if (ask->rc != MDM_OK) {
        return;
    }

    ngx_hex_dump(ask->public_key, ask->request.public_key, MDM_SHA256_SIZE);
    row = (mdm_str_t) { NGX_MDM_PUSH_REQUEST_HEX, ask->public_key };

    if (mdm_secret_seal(&api->arena, api->engine->ring, api->tenant_id,
                        "push_request", row, ask->request.key, &ask->sealed)
        != MDM_OK)
    {
        ask->rc = MDM_NO_MEMORY;
    }
}


/* The vendor is judged first, for that is quick. */

static mdm_rc_e
ngx_mdm_api_push_request_sign(ngx_mdm_api_t *api,
    ngx_mdm_api_push_request_t *ask)
{
    mdm_rc_e           rc;
    mdm_push_vendor_t  vendor;

    rc = mdm_push_vendor_read(&api->arena, ask->certificates, ask->key,
                              ask->now, &vendor, &ask->fault);

    if (rc == MDM_OK) {
        rc = mdm_push_request_make(&api->arena, &ask->subject, &ask->request,
                                   &ask->fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_push_vendor_sign(&vendor, ask->request.der,
                                  &ask->signed_request);
    }

    mdm_push_vendor_free(&vendor);

    return rc;
}


static void
ngx_mdm_api_push_request_made(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_pg_value_t          *p;
    ngx_mdm_api_push_request_t  *ask;

    ask = api->ctx;

    if (ask->rc == MDM_NO_MEMORY) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (ask->rc != MDM_OK) {
        ngx_mdm_api_error(api, 422, "bad_vendor_certificate", "vendor: %s",
                          ask->fault.text);
        return;
    }

    p = api->call.params;

    ngx_mdm_api_who(api, p);
    ngx_mdm_pg_set_bytes(&p[3], ask->request.public_key, MDM_SHA256_SIZE);
    ngx_mdm_set_str(&p[4], ask->sealed);
    ngx_mdm_set_str(&p[5], ask->request.pem);
    ngx_mdm_pg_set_bytes(&p[6], ask->request.subject,
                         ngx_strlen(ask->request.subject));
    ngx_mdm_set_str(&p[7], ask->apple_account);
    ngx_mdm_set_str(&p[8], ask->note);

    ngx_mdm_api_call(api, NGX_MDM_SQL_PUSH_REQUEST_CREATE,
                     ngx_mdm_api_push_request_kept);
}


static void
ngx_mdm_api_push_request_kept(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t                    at;
    ngx_mdm_api_t               *api;
    ngx_mdm_api_push_request_t  *ask;

    api = call->data;
    ask = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (!ngx_mdm_api_is(ngx_mdm_pg_text(rows, 0,
                                        NGX_MDM_PUSH_REQUEST_OUTCOME), "ok"))
    {
        ngx_mdm_api_error(api, NGX_HTTP_CONFLICT, "too_many_push_requests",
                          "there are 16 open requests, see GET "
                          "/v1/pushcert/requests: delete those that no "
                          "certificate will come of");
        return;
    }

    at = ngx_mdm_pg_text(rows, 0, NGX_MDM_PUSH_REQUEST_CREATED_AT);

    ngx_mdm_api_finish(api, NGX_HTTP_CREATED,
                       json_pack("{s:s%, s:s*, s:s%, s:s%}",
                                 "request", (char *) ask->request.pem.data,
                                 ask->request.pem.len,
                                 "push_cert_request",
                                 (char *) ask->signed_request.data,
                                 "public_key_sha256",
                                 (char *) ask->public_key,
                                 (size_t) NGX_MDM_PUSH_REQUEST_HEX,
                                 "created_at", (char *) at.data, at.len));
}


void
ngx_mdm_api_pushcert_requests(ngx_mdm_api_t *api)
{
    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);

    ngx_mdm_api_call(api, NGX_MDM_SQL_PUSH_REQUEST_LIST,
                     ngx_mdm_api_push_request_listed);
}


static void
ngx_mdm_api_push_request_listed(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        ngx_mdm_api_build(api, rows, 0, ngx_mdm_api_push_request_build);
    }
}


static json_t *
ngx_mdm_api_push_request_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows)
{
    int      row;
    json_t  *items;

    items = json_array();

    for (row = 0; row < rows->count; row++) {
        if (json_array_append_new(items, ngx_mdm_api_row(rows, row)) != 0) {
            json_decref(items);
            return NULL;
        }
    }

    return json_pack("{s:o}", "items", items);
}


void
ngx_mdm_api_pushcert_request_delete(ngx_mdm_api_t *api)
{
    u_char  *public_key;

    public_key = ngx_pnalloc(api->pool, MDM_SHA256_SIZE);
    if (public_key == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (ngx_mdm_api_fingerprint(api->segments[0], public_key) != NGX_OK) {
        ngx_mdm_api_push_request_none(api);
        return;
    }

    ngx_mdm_api_who(api, api->call.params);
    ngx_mdm_pg_set_bytes(&api->call.params[3], public_key, MDM_SHA256_SIZE);

    ngx_mdm_api_call_delete(api, NGX_MDM_SQL_PUSH_REQUEST_DELETE,
                            ngx_mdm_api_push_request_none);
}


static void
ngx_mdm_api_push_request_none(ngx_mdm_api_t *api)
{
    ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "unknown_push_request",
                      "there is no open request with this "
                      "public_key_sha256: its certificate was stored, or it "
                      "was deleted, or more than 90 days have passed");
}
