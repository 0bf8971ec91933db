
/*
 * The certificate that a tenant signs profiles with: storing, showing and
 * forgetting it.  Its private key is never shown, logged, or told of.
 */


#include "ngx_mdm_api.h"
#include "../pki/mdm_signing_certificate.h"


typedef struct {
    mdm_rc_e                    rc;
    mdm_fault_t                 fault;
    int64_t                     now;
    mdm_signing_certificate_t   signing;
    mdm_str_t                   sealed;
} ngx_mdm_api_signing_t;


static void ngx_mdm_api_signing_read(void *data);
static void ngx_mdm_api_signing_done(void *data);
static void ngx_mdm_api_signing_stored(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_signing_none(ngx_mdm_api_t *api);


void
ngx_mdm_api_signing_store(ngx_mdm_api_t *api)
{
    ngx_mdm_api_signing_t  *store;

    store = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_signing_t));
    if (store == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    store->now = (int64_t) ngx_time();
    api->ctx = store;

    /* it signs, however short the text is */

    ngx_mdm_api_work(api, NGX_MDM_THREAD_INLINE + 1, ngx_mdm_api_signing_read,
                     ngx_mdm_api_signing_done);
}


/* In a thread: reads and judges the text, and seals the key. */

static void
ngx_mdm_api_signing_read(void *data)
{
    ngx_mdm_api_t *api = data;

    mdm_str_t               row;
    u_char                 *p;
    ngx_mdm_api_signing_t  *store;

    store = api->ctx;

    store->rc = mdm_signing_certificate_read(&api->arena, api->body,
                                             store->now, &store->signing,
                                             &store->fault);
    if (store->rc != MDM_OK) {
        return;
    }

    p = mdm_arena_alloc(&api->arena, MDM_SHA256_SIZE * 2);

    if (p != NULL) {
        ngx_hex_dump(p, store->signing.sha256, MDM_SHA256_SIZE);
        row = (mdm_str_t) { MDM_SHA256_SIZE * 2, p };
    }

    if (p == NULL
        || mdm_secret_seal(&api->arena, api->engine->ring, api->tenant_id,
                           "signing_key", row, store->signing.key,
                           &store->sealed)
           != MDM_OK)
    {
        store->rc = MDM_NO_MEMORY;
    }
}


static void
ngx_mdm_api_signing_done(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_pg_value_t         *p;
    ngx_mdm_api_signing_t      *store;
    mdm_signing_certificate_t  *signing;

    store = api->ctx;
    signing = &store->signing;

    if (store->rc == MDM_NO_MEMORY) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (store->rc != MDM_OK) {
        ngx_mdm_api_error(api, 422, "bad_certificate", "%s",
                          store->fault.text);
        return;
    }

    p = api->call.params;

    ngx_mdm_api_who(api, p);
    ngx_mdm_set_str(&p[3], signing->certificates);
    ngx_mdm_set_str(&p[4], store->sealed);
    ngx_mdm_pg_set_int8(&p[5], signing->not_before);
    ngx_mdm_pg_set_int8(&p[6], signing->not_after);
    ngx_mdm_pg_set_bytes(&p[7], signing->subject,
                         ngx_strlen(signing->subject));
    ngx_mdm_pg_set_bytes(&p[8], signing->issuer, ngx_strlen(signing->issuer));
    ngx_mdm_pg_set_bytes(&p[9], signing->serial, ngx_strlen(signing->serial));
    ngx_mdm_pg_set_bytes(&p[10], signing->sha256, sizeof(signing->sha256));

    ngx_mdm_api_call(api, NGX_MDM_SQL_SIGNING_CERTIFICATE_STORE,
                     ngx_mdm_api_signing_stored);
}


/* What was stored is shown as it is from now on. */

static void
ngx_mdm_api_signing_stored(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        ngx_mdm_api_signing_get(api);
    }
}


void
ngx_mdm_api_signing_get(ngx_mdm_api_t *api)
{
    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);

    ngx_mdm_api_call_row(api, NGX_MDM_SQL_SIGNING_CERTIFICATE_GET,
                         ngx_mdm_api_signing_none);
}


void
ngx_mdm_api_signing_delete(ngx_mdm_api_t *api)
{
    ngx_mdm_api_who(api, api->call.params);

    ngx_mdm_api_call_delete(api, NGX_MDM_SQL_SIGNING_CERTIFICATE_DELETE,
                            ngx_mdm_api_signing_none);
}


static void
ngx_mdm_api_signing_none(ngx_mdm_api_t *api)
{
    ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "no_signing_certificate",
                      "the tenant has no signing certificate: its profiles "
                      "go out unsigned");
}
