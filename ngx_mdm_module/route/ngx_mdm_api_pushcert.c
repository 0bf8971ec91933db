
/*
 * Push certificates: storing and showing them, the first in the shapes of
 * NanoMDM's API.  A private key is never shown, logged, or told of.
 */


#include "ngx_mdm_api.h"
#include "../pki/mdm_push_certificate.h"


/* of apple_account and note, in bytes */
#define NGX_MDM_PUSHCERT_TEXT_MAX    255


/* columns of push_certificate_store() and push_certificate_key() */

enum {
    NGX_MDM_PUSHCERT_OUTCOME = 0,
    NGX_MDM_PUSHCERT_VERSION,
    NGX_MDM_PUSHCERT_NOT_AFTER,
    NGX_MDM_PUSHCERT_OTHER_TOPIC,
    NGX_MDM_PUSHCERT_DEVICES
};

enum {
    NGX_MDM_PUSHCERT_REQUESTED = 0,
    NGX_MDM_PUSHCERT_HERE
};


typedef struct {
    mdm_rc_e                  rc;
    mdm_fault_t               fault;
    int64_t                   now;
    mdm_push_certificate_t    push;
    mdm_str_t                 requested;  /* the sealed key of a request */
    mdm_str_t                 sealed;     /* for the certificate; unset: the
                                             one that it has stays */
    unsigned                  unopened:1;
} ngx_mdm_api_pushcert_t;


static ngx_int_t ngx_mdm_api_pushcert_args(ngx_mdm_api_t *api);
static void ngx_mdm_api_pushcert_read(void *data);
static void ngx_mdm_api_pushcert_done(void *data);
static void ngx_mdm_api_pushcert_seal(ngx_mdm_api_t *api, mdm_str_t key);
static void ngx_mdm_api_pushcert_key(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_pushcert_open(void *data);
static void ngx_mdm_api_pushcert_opened(void *data);
static void ngx_mdm_api_pushcert_failed(ngx_mdm_api_t *api);
static void ngx_mdm_api_pushcert_send(ngx_mdm_api_t *api);
static void ngx_mdm_api_pushcert_stored(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_pushcert_refused(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_pushcert_none(ngx_mdm_api_t *api);
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

    if (ngx_mdm_api_pushcert_args(api) != NGX_OK) {
        return;
    }

    store->now = (int64_t) ngx_time();
    api->ctx = store;

    /* a signature of RSA takes milliseconds, however short its key's text */

    ngx_mdm_api_work(api, NGX_MDM_THREAD_INLINE + 1,
                     ngx_mdm_api_pushcert_read, ngx_mdm_api_pushcert_done);
}


/* Are the texts among the arguments such as can be kept? */

static ngx_int_t
ngx_mdm_api_pushcert_args(ngx_mdm_api_t *api)
{
    char         text[128];
    mdm_str_t    value;
    ngx_uint_t   i;

    static const char *const  names[] = { "apple_account", "note" };

    for (i = 0; i < 2; i++) {
        value = ngx_mdm_to_str(ngx_mdm_api_arg(api, names[i]));

        if (value.len > NGX_MDM_PUSHCERT_TEXT_MAX
            || mdm_str_has_control(value)
            || !mdm_utf8_valid(value.data, value.len))
        {
            snprintf(text, sizeof(text), "\"%s\" is a text of at most %d "
                     "bytes, without control characters", names[i],
                     NGX_MDM_PUSHCERT_TEXT_MAX);
            ngx_mdm_api_pushcert_error(api, NGX_HTTP_BAD_REQUEST, text);

            return NGX_ERROR;
        }
    }

    return NGX_OK;
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

    if (store->rc == MDM_OK && mdm_str_is_set(store->push.key)) {
        ngx_mdm_api_pushcert_seal(api, store->push.key);
    }
}


static void
ngx_mdm_api_pushcert_seal(ngx_mdm_api_t *api, mdm_str_t key)
{
    ngx_mdm_api_pushcert_t  *store;

    store = api->ctx;

    if (mdm_secret_seal(&api->arena, api->engine->ring, api->tenant_id,
                        "push_key", store->push.topic, key, &store->sealed)
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
    ngx_mdm_api_pushcert_t  *store;

    store = api->ctx;

    if (store->rc != MDM_OK) {
        ngx_mdm_api_pushcert_failed(api);
        return;
    }

    if (mdm_str_is_set(store->sealed)) {
        ngx_mdm_api_pushcert_send(api);
        return;
    }

    p = api->call.params;

    ngx_mdm_pg_set_int8(&p[0], api->tenant_id);
    ngx_mdm_set_str(&p[1], store->push.topic);
    ngx_mdm_pg_set_bytes(&p[2], store->push.public_key, MDM_SHA256_SIZE);

    ngx_mdm_api_call(api, NGX_MDM_SQL_PUSH_CERTIFICATE_KEY,
                     ngx_mdm_api_pushcert_key);
}


/* The certificate came without its key. */

static void
ngx_mdm_api_pushcert_key(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t                sealed;
    ngx_mdm_api_t           *api;
    ngx_mdm_api_pushcert_t  *store;

    api = call->data;
    store = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (ngx_mdm_pg_is_null(rows, 0, NGX_MDM_PUSHCERT_REQUESTED)) {
        ngx_mdm_api_pushcert_send(api);
        return;
    }

    sealed = ngx_mdm_pg_text(rows, 0, NGX_MDM_PUSHCERT_REQUESTED);
    store->requested = mdm_arena_str(&api->arena, sealed.data, sealed.len);

    if (!mdm_str_is_set(store->requested)) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ngx_mdm_api_work(api, NGX_MDM_THREAD_INLINE + 1,
                     ngx_mdm_api_pushcert_open, ngx_mdm_api_pushcert_opened);
}


/* In a thread: the request's key becomes the certificate's. */

static void
ngx_mdm_api_pushcert_open(void *data)
{
    ngx_mdm_api_t *api = data;

    u_char                   row[MDM_SHA256_SIZE * 2];
    mdm_str_t                key;
    ngx_mdm_api_pushcert_t  *store;

    store = api->ctx;
    ngx_hex_dump(row, store->push.public_key, MDM_SHA256_SIZE);

    store->rc = mdm_secret_open(&api->arena, api->engine->ring,
                                api->tenant_id, "push_request",
                                (mdm_str_t) { sizeof(row), row },
                                store->requested, &key);
    if (store->rc != MDM_OK) {
        store->unopened = store->rc != MDM_NO_MEMORY;
        return;
    }

    store->rc = mdm_push_certificate_key(&store->push, key, &store->fault);

    if (store->rc == MDM_OK) {
        ngx_mdm_api_pushcert_seal(api, key);
    }
}


static void
ngx_mdm_api_pushcert_opened(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_pushcert_t  *store;

    store = api->ctx;

    if (store->rc != MDM_OK) {
        ngx_mdm_api_pushcert_failed(api);
        return;
    }

    ngx_mdm_api_pushcert_send(api);
}


static void
ngx_mdm_api_pushcert_failed(ngx_mdm_api_t *api)
{
    ngx_mdm_api_pushcert_t  *store;

    store = api->ctx;

    if (store->rc == MDM_NO_MEMORY) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (store->unopened) {
        ngx_mdm_api_cannot_open(api, "push_request");
        return;
    }

    ngx_mdm_api_pushcert_error(api, NGX_HTTP_BAD_REQUEST, store->fault.text);
}


static void
ngx_mdm_api_pushcert_send(ngx_mdm_api_t *api)
{
    ngx_str_t                account, note;
    ngx_mdm_pg_value_t      *p;
    mdm_push_certificate_t  *push;
    ngx_mdm_api_pushcert_t  *store;

    store = api->ctx;
    push = &store->push;
    p = api->call.params;

    account = ngx_mdm_api_arg(api, "apple_account");
    note = ngx_mdm_api_arg(api, "note");

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
    ngx_mdm_pg_set_bytes(&p[12], push->public_key, sizeof(push->public_key));

    if (ngx_mdm_api_arg(api, "development").len > 0) {
        ngx_mdm_pg_set_bool(&p[13], ngx_mdm_api_flag(api, "development"));

    } else {
        ngx_mdm_pg_set_null(&p[13]);
    }

    ngx_mdm_pg_set_bytes(&p[14], account.len ? account.data : NULL,
                         account.len);
    ngx_mdm_pg_set_bytes(&p[15], note.len ? note.data : NULL, note.len);
    ngx_mdm_pg_set_bool(&p[16], ngx_mdm_api_flag(api, "new_topic"));
    ngx_mdm_pg_set_bool(&p[17], ngx_mdm_api_flag(api, "older"));

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

    if (ngx_mdm_pg_is_null(rows, 0, NGX_MDM_PUSHCERT_VERSION)) {
        ngx_mdm_api_pushcert_refused(api, rows);
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


static void
ngx_mdm_api_pushcert_refused(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows)
{
    u_char                   text[1024];
    ngx_str_t                outcome, other, not_after;
    ngx_mdm_api_pushcert_t  *store;

    store = api->ctx;
    outcome = ngx_mdm_pg_text(rows, 0, NGX_MDM_PUSHCERT_OUTCOME);

    if (ngx_mdm_api_is(outcome, "no_key")) {
        ngx_mdm_api_pushcert_error(api, NGX_HTTP_BAD_REQUEST,
                                   "no private key came with the certificate, "
                                   "and no open request has its key: send the "
                                   "key, too, or renew with a request of "
                                   "POST /v1/pushcert/request");
        return;
    }

    if (ngx_mdm_api_is(outcome, "another_topic")) {
        other = ngx_mdm_pg_text(rows, 0, NGX_MDM_PUSHCERT_OTHER_TOPIC);

        ngx_snprintf(text, sizeof(text), "the topic of this certificate is "
                     "%*s, but live devices (%L of them) have %V, and this "
                     "certificate can wake none of them: renew the "
                     "certificate of that topic at "
                     "identity.apple.com/pushcert instead of making a new "
                     "one; new_topic=1 stores this one all the same%Z",
                     store->push.topic.len, store->push.topic.data,
                     ngx_mdm_pg_int(rows, 0, NGX_MDM_PUSHCERT_DEVICES),
                     &other);

    } else {
        not_after = ngx_mdm_pg_text(rows, 0, NGX_MDM_PUSHCERT_NOT_AFTER);

        ngx_snprintf(text, sizeof(text), "the certificate that this topic has "
                     "is valid longer than this one, until %V, and its key "
                     "would be lost: older=1 stores this one all the same%Z",
                     &not_after);
    }

    ngx_mdm_api_pushcert_error(api, NGX_HTTP_CONFLICT, (char *) text);
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

    ngx_mdm_api_call_row(api, NGX_MDM_SQL_PUSH_CERTIFICATE_GET,
                         ngx_mdm_api_pushcert_none);
}


static void
ngx_mdm_api_pushcert_none(ngx_mdm_api_t *api)
{
    ngx_mdm_api_pushcert_error(api, NGX_HTTP_NOT_FOUND,
                               "there is no push certificate for this topic");
}


void
ngx_mdm_api_pushcert_list(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_paging(api, &ngx_mdm_api_pushcert_list_of, 1) != NGX_OK) {
        return;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);

    ngx_mdm_api_call_page(api, NGX_MDM_SQL_PUSH_CERTIFICATE_LIST,
                          &ngx_mdm_api_pushcert_list_of);
}


/* NanoMDM's shape */

static void
ngx_mdm_api_pushcert_error(ngx_mdm_api_t *api, ngx_uint_t status,
    const char *text)
{
    ngx_mdm_api_finish(api, status, json_pack("{s:s}", "error", text));
}
