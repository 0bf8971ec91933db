
/*
 * Push certificates: storing and showing them, the first in the shapes of
 * NanoMDM's API.  A private key is never shown, logged, or told of.
 */


#include "ngx_mdm_api.h"
#include "../pki/mdm_push_certificate.h"


/* columns of push_certificate_store() */

enum {
    NGX_MDM_PUSHCERT_OUTCOME = 0,
    NGX_MDM_PUSHCERT_VERSION,
    NGX_MDM_PUSHCERT_NOT_AFTER
};


typedef struct {
    mdm_rc_e                  rc;
    mdm_fault_t               fault;
    int64_t                   now;
    mdm_push_certificate_t    push;
    mdm_str_t                 sealed;
} ngx_mdm_api_pushcert_t;


static void ngx_mdm_api_pushcert_read(void *data);
static void ngx_mdm_api_pushcert_done(void *data);
static void ngx_mdm_api_pushcert_stored(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_pushcert_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_pushcert_listed(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_pushcert_error(ngx_mdm_api_t *api, ngx_uint_t status,
    const char *text);


/* a topic */

static const ngx_mdm_api_list_t  ngx_mdm_api_pushcert_list_of = {
    "push-certificates", "t"
};


void
ngx_mdm_api_pushcert_store(ngx_mdm_api_t *api)
{
    ngx_mdm_api_pushcert_t  *store;

    store = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_pushcert_t));
    if (store == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    store->now = (int64_t) ngx_time();
    api->ctx = store;

    /* a signature of RSA takes milliseconds, however short its key's text */

    ngx_mdm_api_work(api, NGX_MDM_THREAD_INLINE + 1,
                     ngx_mdm_api_pushcert_read, ngx_mdm_api_pushcert_done);
}


/* In a thread: reads and judges the text, and seals the key. */

static void
ngx_mdm_api_pushcert_read(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_pushcert_t  *store;

    store = api->ctx;

    store->rc = mdm_push_certificate_read(&api->arena, api->body, store->now,
                                          &store->push, &store->fault);

    if (store->rc == MDM_OK
        && mdm_secret_seal(&api->arena, api->engine->ring, api->tenant_id,
                           "push_key", store->push.topic, store->push.key,
                           &store->sealed)
           != MDM_OK)
    {
        store->rc = MDM_NO_MEMORY;
    }
}


static void
ngx_mdm_api_pushcert_done(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_pg_value_t      *p;
    mdm_push_certificate_t  *push;
    ngx_mdm_api_pushcert_t  *store;

    store = api->ctx;
    push = &store->push;

    if (store->rc == MDM_NO_MEMORY) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (store->rc != MDM_OK) {
        ngx_mdm_api_pushcert_error(api, NGX_HTTP_BAD_REQUEST,
                                   store->fault.text);
        return;
    }

    p = api->call.params;

    ngx_mdm_api_who(api, p);
    ngx_mdm_set_str(&p[3], push->topic);
    ngx_mdm_set_str(&p[4], push->certificate);
    ngx_mdm_set_str(&p[5], store->sealed);
    ngx_mdm_pg_set_int8(&p[6], push->not_before);
    ngx_mdm_pg_set_int8(&p[7], push->not_after);
    ngx_mdm_pg_set_bytes(&p[8], push->subject, ngx_strlen(push->subject));
    ngx_mdm_pg_set_bytes(&p[9], push->issuer, ngx_strlen(push->issuer));
    ngx_mdm_pg_set_bytes(&p[10], push->serial, ngx_strlen(push->serial));
    ngx_mdm_pg_set_bytes(&p[11], push->sha256, sizeof(push->sha256));

    ngx_mdm_api_call(api, NGX_MDM_SQL_PUSH_CERTIFICATE_STORE,
                     ngx_mdm_api_pushcert_stored);
}


static void
ngx_mdm_api_pushcert_stored(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t                not_after;
    ngx_mdm_api_t           *api;
    ngx_mdm_api_pushcert_t  *store;

    api = call->data;
    store = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    not_after = ngx_mdm_pg_text(rows, 0, NGX_MDM_PUSHCERT_NOT_AFTER);

    ngx_mdm_api_finish(api, NGX_HTTP_OK,
                       json_pack("{s:s%, s:s%}",
                                 "topic", (char *) store->push.topic.data,
                                 store->push.topic.len,
                                 "not_after", (char *) not_after.data,
                                 not_after.len));
}


void
ngx_mdm_api_pushcert_get(ngx_mdm_api_t *api)
{
    ngx_str_t  topic;

    topic = ngx_mdm_api_arg(api, "topic");

    if (topic.len == 0) {
        ngx_mdm_api_pushcert_error(api, NGX_HTTP_BAD_REQUEST,
                                   "the argument \"topic\" is missing");
        return;
    }

    if (!mdm_push_topic_valid(ngx_mdm_to_str(topic))) {
        ngx_mdm_api_pushcert_error(api, NGX_HTTP_BAD_REQUEST,
                                   "\"topic\" is no push topic of MDM: those "
                                   "begin with com.apple.mgmt.");
        return;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
    ngx_mdm_pg_set_bytes(&api->call.params[1], topic.data, topic.len);

    ngx_mdm_api_call(api, NGX_MDM_SQL_PUSH_CERTIFICATE_GET,
                     ngx_mdm_api_pushcert_found);
}


static void
ngx_mdm_api_pushcert_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (rows->count == 0) {
        ngx_mdm_api_pushcert_error(api, NGX_HTTP_NOT_FOUND,
                                   "there is no push certificate for this "
                                   "topic");
        return;
    }

    ngx_mdm_api_finish(api, NGX_HTTP_OK, ngx_mdm_api_row(rows, 0));
}


void
ngx_mdm_api_pushcert_list(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_paging(api, &ngx_mdm_api_pushcert_list_of, 1) != NGX_OK) {
        return;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);

    ngx_mdm_api_call(api, NGX_MDM_SQL_PUSH_CERTIFICATE_LIST,
                     ngx_mdm_api_pushcert_listed);
}


static void
ngx_mdm_api_pushcert_listed(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        ngx_mdm_api_page(api, &ngx_mdm_api_pushcert_list_of, rows);
    }
}


/* NanoMDM's shape */

static void
ngx_mdm_api_pushcert_error(ngx_mdm_api_t *api, ngx_uint_t status,
    const char *text)
{
    ngx_mdm_api_finish(api, status, json_pack("{s:s}", "error", text));
}
