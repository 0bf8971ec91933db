
/*
 * Storing a profile: typed JSON, a property list, or either side of a
 * signature, told apart by its first bytes.  All that is wrong with it is told
 * at once, and then nothing is stored.
 */


#include "ngx_mdm_api_gate.h"
#include "ngx_mdm_api_profile.h"

#include "../engine/ngx_mdm_uuid.h"
#include "../message/mdm_json.h"
#include "../pki/mdm_cms_sign.h"

#include <openssl/evp.h>


#define NGX_MDM_PROFILE_MAX_IDENTIFIER  512
#define NGX_MDM_PROFILE_MAX_TYPES       256    /* that are listed */
#define NGX_MDM_PROFILE_SORTED          (JSON_COMPACT|JSON_SORT_KEYS)


typedef enum {
    NGX_MDM_PROFILE_JSON = 0,
    NGX_MDM_PROFILE_PLIST,
    NGX_MDM_PROFILE_CMS,
    NGX_MDM_PROFILE_NONE
} ngx_mdm_profile_form_e;


/* columns of profile_store() */

enum {
    NGX_MDM_PROFILE_STORED_OUTCOME = 0,
    NGX_MDM_PROFILE_STORED_ID,
    NGX_MDM_PROFILE_STORED_CURRENT
};


typedef struct {
    ngx_mdm_profile_form_e      form;
    int64_t                     now;
    u_char                      id[NGX_MDM_UUID_LEN];
    unsigned                    dry:1;
    unsigned                    secret:1;

    mdm_rc_e                    rc;
    mdm_fault_t                 fault;
    mdm_str_t                   content;       /* to be stored */
    mdm_node_t                 *tree;
    mdm_findings_t              findings;
    mdm_check_t                 check;
    mdm_profile_facts_t         facts;
    mdm_cms_signer_t            signer;
    json_t                     *warnings;

    mdm_str_t                   sealed;
    u_char                      digests[MDM_SECRET_MAX_DIGESTS];
    size_t                      digests_len;
    size_t                      ntypes;
    mdm_str_t                   types[NGX_MDM_PROFILE_MAX_TYPES];
} ngx_mdm_api_profile_store_t;


static ngx_mdm_profile_form_e ngx_mdm_api_profile_form(mdm_str_t body);
static void ngx_mdm_api_profile_read(void *data);
static mdm_rc_e ngx_mdm_api_profile_json(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store);
static mdm_rc_e ngx_mdm_api_profile_cms(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store, mdm_str_t *plist);
static void ngx_mdm_api_profile_signer(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store);
static void ngx_mdm_api_profile_check(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store);
static void ngx_mdm_api_profile_identifier(
    ngx_mdm_api_profile_store_t *store);
static mdm_rc_e ngx_mdm_api_profile_secret(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store);
static ngx_uint_t ngx_mdm_api_profile_hidden(const mdm_node_t *node);
static void ngx_mdm_api_profile_types(ngx_mdm_api_profile_store_t *store);
static mdm_rc_e ngx_mdm_api_profile_seal(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store);
static void ngx_mdm_api_profile_checked(void *data);
static void ngx_mdm_api_profile_refuse(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store);
static json_t *ngx_mdm_api_profile_invalid(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static ngx_int_t ngx_mdm_api_profile_params(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store);
static ngx_uint_t ngx_mdm_api_profile_wants(
    ngx_mdm_api_profile_store_t *store);
static ngx_int_t ngx_mdm_api_profile_texts(ngx_mdm_api_t *api,
    ngx_mdm_pg_value_t *param, const mdm_str_t *texts, size_t n);
static void ngx_mdm_api_profile_stored(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_profile_facts(ngx_mdm_api_profile_store_t *store);
static json_t *ngx_mdm_api_profile_text(mdm_str_t text);


void
ngx_mdm_api_profile_store(ngx_mdm_api_t *api)
{
    size_t                        size;
    ngx_mdm_api_profile_store_t  *store;

    store = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_profile_store_t));

    if (store == NULL || ngx_mdm_uuid(store->id) != NGX_OK) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    api->ctx = store;
    store->now = (int64_t) ngx_time();
    store->dry = ngx_mdm_api_flag(api, "check");
    store->form = ngx_mdm_api_profile_form(api->body);

    /* a signature takes a moment, however short what it is of */

    size = api->body.len
           + (store->form == NGX_MDM_PROFILE_CMS ? NGX_MDM_THREAD_INLINE : 0);

    ngx_mdm_api_work(api, size, ngx_mdm_api_profile_read,
                     ngx_mdm_api_profile_checked);
}


/* JSON must be an object, and CMS is a sequence: no two begin alike. */

static ngx_mdm_profile_form_e
ngx_mdm_api_profile_form(mdm_str_t body)
{
    size_t  i;

    if (body.len >= 8 && ngx_memcmp(body.data, "bplist", 6) == 0) {
        return NGX_MDM_PROFILE_PLIST;
    }

    i = (body.len >= 3 && ngx_memcmp(body.data, "\xef\xbb\xbf", 3) == 0)
        ? 3 : 0;

    while (i < body.len && strchr(" \t\r\n", body.data[i]) != NULL
           && body.data[i] != '\0')
    {
        i++;
    }

    if (i == body.len) {
        return NGX_MDM_PROFILE_NONE;
    }

    switch (body.data[i]) {

    case '{':
        return NGX_MDM_PROFILE_JSON;

    case '<':
        return NGX_MDM_PROFILE_PLIST;

    default:
        return body.data[0] == 0x30 ? NGX_MDM_PROFILE_CMS
                                    : NGX_MDM_PROFILE_NONE;
    }
}


/* In a thread when the body is large: memory comes from the arena. */

static void
ngx_mdm_api_profile_read(void *data)
{
    ngx_mdm_api_t *api = data;

    mdm_str_t                     plist;
    ngx_mdm_api_profile_store_t  *store;

    store = api->ctx;
    store->findings.arena = &api->arena;
    store->content = api->body;
    plist = api->body;

    switch (store->form) {

    case NGX_MDM_PROFILE_JSON:
        store->rc = ngx_mdm_api_profile_json(api, store);
        break;

    case NGX_MDM_PROFILE_CMS:
        store->rc = ngx_mdm_api_profile_cms(api, store, &plist);
        /* fall through */

    case NGX_MDM_PROFILE_PLIST:
        if (store->rc == MDM_OK) {
            store->rc = mdm_node_read(&api->arena, plist,
                                      NGX_MDM_API_BODY_LIMIT, &store->tree,
                                      &store->fault);
        }

        break;

    default:
        store->rc = mdm_fault(&store->fault, MDM_MALFORMED, "the body is no "
                              "JSON object, no property list, and no CMS "
                              "message around one");
    }

    if (store->rc == MDM_OK) {
        ngx_mdm_api_profile_check(api, store);
    }
}


/* Members are sorted, so that the same JSON becomes the same profile whatever
 * their order. */

static mdm_rc_e
ngx_mdm_api_profile_json(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store)
{
    char          *text;
    size_t         len;
    json_t        *sorted;
    mdm_rc_e       rc;
    json_error_t   error;

    rc = mdm_json_read(api->body, &api->json, &store->fault);
    if (rc != MDM_OK) {
        return rc;
    }

    /* without memory json_dumps() leaves out what it had no room for */

    len = json_dumpb(api->json, NULL, 0, NGX_MDM_PROFILE_SORTED);
    text = len ? mdm_arena_alloc(&api->arena, len) : NULL;

    if (text == NULL
        || json_dumpb(api->json, text, len, NGX_MDM_PROFILE_SORTED) != len)
    {
        return MDM_NO_MEMORY;
    }

    sorted = mdm_json_load((mdm_str_t) { len, (u_char *) text }, 0, &error);

    if (sorted == NULL) {
        return MDM_NO_MEMORY;
    }

    rc = mdm_node_from_json(&api->arena, sorted, &store->tree, &store->fault);
    json_decref(sorted);

    if (rc == MDM_OK || rc == MDM_NO_MEMORY) {
        return rc;
    }

    /* it is JSON, and what does not fit a property list is a fault of it */

    store->form = NGX_MDM_PROFILE_PLIST;

    return rc;
}


static mdm_rc_e
ngx_mdm_api_profile_cms(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store, mdm_str_t *plist)
{
    mdm_rc_e  rc;

    rc = mdm_cms_content(&api->arena, api->body, plist, &store->fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (plist->len != 0 && plist->data[0] == 0x30) {
        return mdm_fault(&store->fault, MDM_UNSUPPORTED, "the signature is "
                         "around another CMS message, not around a profile");
    }

    ngx_mdm_api_profile_signer(api, store);

    return MDM_OK;
}


/* Who signed is for people to judge, as devices do. */

static void
ngx_mdm_api_profile_signer(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store)
{
    mdm_rc_e          rc;
    mdm_str_t         found;
    mdm_fault_t       fault;
    mdm_cms_signer_t *signer;

    signer = &store->signer;
    rc = mdm_cms_verify(&api->arena, api->body, store->now, signer, &fault);

    found.data = (u_char *) signer->subject;
    found.len = ngx_strlen(signer->subject);

    if (rc == MDM_NO_MEMORY) {
        store->findings.no_memory = 1;
        return;
    }

    if (rc != MDM_OK) {
        mdm_finding(&store->findings, 1, "signature", mdm_str(""), found,
                    "the profile is signed, and %s", fault.text);
        return;
    }

    if (signer->self_signed) {
        mdm_finding(&store->findings, 1, "signature", mdm_str(""), found,
                    "who signed the profile vouches for himself alone: "
                    "devices show it as not verified");
    }

    if (signer->expired) {
        mdm_finding(&store->findings, 1, "signature", mdm_str(""), found,
                    "the certificate that the profile is signed with is not "
                    "valid now");
    }
}


static void
ngx_mdm_api_profile_check(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store)
{
    mdm_check_t     *check;
    mdm_findings_t  *findings;

    check = &store->check;
    findings = &store->findings;

    check->schema = api->engine->schema;
    check->arena = &api->arena;
    check->findings = findings;
    check->strict = api->tenant->policies.strict;
    check->literal = store->form == NGX_MDM_PROFILE_CMS;

    store->rc = mdm_schema_check_profile(check, store->tree,
                                         store->form == NGX_MDM_PROFILE_JSON,
                                         &store->facts);

    if (store->rc == MDM_OK && findings->faults == 0) {
        ngx_mdm_api_profile_identifier(store);
    }

    if (store->rc == MDM_OK && findings->faults == 0
        && store->form == NGX_MDM_PROFILE_JSON)
    {
        store->rc = mdm_node_write(&api->arena, store->tree, &store->content);
    }

    if (store->rc == MDM_OK && findings->faults == 0) {
        ngx_mdm_api_profile_types(store);
        store->rc = ngx_mdm_api_profile_secret(api, store);
    }

    if (store->rc == MDM_OK && findings->faults == 0 && !store->dry) {
        store->rc = ngx_mdm_api_profile_seal(api, store);
    }

    if (findings->no_memory) {
        store->rc = MDM_NO_MEMORY;
    }

    if (store->rc == MDM_OK && findings->faults == 0) {
        store->warnings = ngx_mdm_api_warnings(findings);
    }
}


/* It is a key of tables, part of subjects, and stands in lists. */

static void
ngx_mdm_api_profile_identifier(ngx_mdm_api_profile_store_t *store)
{
    mdm_str_t  identifier;

    identifier = store->facts.identifier;

    if (identifier.len == 0 || identifier.len > NGX_MDM_PROFILE_MAX_IDENTIFIER
        || mdm_str_has_control(identifier))
    {
        mdm_finding(&store->findings, 0, "value", mdm_str("PayloadIdentifier"),
                    mdm_null_str, "must be 1 to %d bytes without control "
                    "characters", NGX_MDM_PROFILE_MAX_IDENTIFIER);
    }
}


/* What would be hidden from some is secret. */

static mdm_rc_e
ngx_mdm_api_profile_secret(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store)
{
    mdm_schema_hide(api->engine->schema, &api->arena, store->tree);

    store->secret = ngx_mdm_api_profile_hidden(store->tree);

    return MDM_OK;
}


static ngx_uint_t
ngx_mdm_api_profile_hidden(const mdm_node_t *node)
{
    const mdm_node_t  *child;

    if (node->type != MDM_DICTIONARY && node->type != MDM_ARRAY) {
        return 0;
    }

    if (node->type == MDM_DICTIONARY && node->count == 1
        && mdm_str_eq_c(node->u.list.first->name, "$secret"))
    {
        return 1;
    }

    for (child = node->u.list.first; child != NULL; child = child->next) {
        if (ngx_mdm_api_profile_hidden(child)) {
            return 1;
        }
    }

    return 0;
}


/* Each once, in order. */

static void
ngx_mdm_api_profile_types(ngx_mdm_api_profile_store_t *store)
{
    size_t             i;
    const mdm_node_t  *payload, *type;

    payload = mdm_node_get(store->tree, "PayloadContent");

    if (payload == NULL || payload->type != MDM_ARRAY) {
        return;
    }

    for (payload = payload->u.list.first; payload; payload = payload->next) {

        type = mdm_node_get(payload, "PayloadType");

        if (type == NULL || type->type != MDM_STRING) {
            continue;
        }

        for (i = 0; i < store->ntypes; i++) {
            if (mdm_str_eq(store->types[i], type->u.text)) {
                break;
            }
        }

        if (i == store->ntypes && i < NGX_MDM_PROFILE_MAX_TYPES) {
            store->types[store->ntypes++] = type->u.text;
        }
    }
}


static mdm_rc_e
ngx_mdm_api_profile_seal(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store)
{
    u_char     hash[MDM_SECRET_DIGEST_SIZE];
    mdm_rc_e   rc;
    mdm_str_t  row;

    if (EVP_Digest(store->content.data, store->content.len, hash, NULL,
                   EVP_sha256(), NULL)
        != 1)
    {
        return MDM_NO_MEMORY;
    }

    row = (mdm_str_t) { NGX_MDM_UUID_LEN, store->id };

    rc = mdm_secret_seal(&api->arena, api->engine->ring, api->tenant_id,
                         NGX_MDM_PROFILE_KIND, row, store->content,
                         &store->sealed);

    if (rc == MDM_OK) {
        rc = mdm_secret_digest(api->engine->ring, api->tenant_id, hash,
                               store->digests, &store->digests_len);
    }

    return rc == MDM_OK ? MDM_OK : MDM_NO_MEMORY;
}


static void
ngx_mdm_api_profile_checked(void *data)
{
    ngx_mdm_api_t *api = data;

    json_t                       *answer;
    ngx_mdm_api_profile_store_t  *store;

    store = api->ctx;

    if (store->rc == MDM_NO_MEMORY) {
        json_decref(store->warnings);
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (store->rc != MDM_OK || store->findings.faults != 0) {
        ngx_mdm_api_profile_refuse(api, store);
        return;
    }

    if (store->dry) {
        answer = ngx_mdm_api_profile_facts(store);
        json_object_set_new(answer, "check", json_true());
        ngx_mdm_api_finish(api, NGX_HTTP_OK, answer);
        return;
    }

    if (ngx_mdm_api_profile_params(api, store) != NGX_OK) {
        json_decref(store->warnings);
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ngx_mdm_api_call(api, NGX_MDM_SQL_PROFILE_STORE,
                     ngx_mdm_api_profile_stored);
}


static void
ngx_mdm_api_profile_refuse(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store)
{
    if (store->rc == MDM_OK) {
        ngx_mdm_api_build(api, NULL, 0, ngx_mdm_api_profile_invalid);
        return;
    }

    if (store->form == NGX_MDM_PROFILE_JSON) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_json", "%s",
                          store->fault.text);
        return;
    }

    ngx_mdm_api_error(api, 422, "invalid_profile", "%s", store->fault.text);
}


static json_t *
ngx_mdm_api_profile_invalid(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_profile_store_t  *store;

    store = api->ctx;
    api->status = 422;

    return ngx_mdm_api_gate_invalid(&store->findings, "invalid_profile");
}


static ngx_int_t
ngx_mdm_api_profile_params(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_store_t *store)
{
    ngx_mdm_pg_value_t   *p;
    mdm_profile_facts_t  *facts;

    p = api->call.params;
    facts = &store->facts;

    ngx_mdm_api_who(api, p);
    ngx_mdm_pg_set_bytes(&p[3], store->id, NGX_MDM_UUID_LEN);
    ngx_mdm_set_str(&p[4], facts->identifier);
    ngx_mdm_set_str(&p[5], facts->uuid);
    ngx_mdm_set_str(&p[6], facts->display_name);
    ngx_mdm_pg_set_int4(&p[7], (int32_t) facts->payloads);
    ngx_mdm_pg_set_bool(&p[9], facts->manages);
    ngx_mdm_pg_set_bool(&p[10], store->secret);
    ngx_mdm_pg_set_bool(&p[11], store->form == NGX_MDM_PROFILE_CMS);
    ngx_mdm_pg_set_null(&p[12]);
    ngx_mdm_pg_set_null(&p[13]);
    ngx_mdm_set_str(&p[14], store->sealed);
    ngx_mdm_pg_set_bytes(&p[15], store->digests, store->digests_len);

    if (store->signer.subject[0] != '\0') {
        ngx_mdm_pg_set_bytes(&p[12], store->signer.subject,
                             ngx_strlen(store->signer.subject));
    }

    if (ngx_mdm_api_profile_wants(store)
        && ngx_mdm_api_profile_texts(api, &p[13], store->check.wants,
                                     store->check.nwants)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_mdm_api_profile_texts(api, &p[8], store->types, store->ntypes);
}


/* "%%" is turned at delivery, too, even when nothing else is. */

static ngx_uint_t
ngx_mdm_api_profile_wants(ngx_mdm_api_profile_store_t *store)
{
    return store->check.nwants != 0 || store->check.values.escaped;
}


static ngx_int_t
ngx_mdm_api_profile_texts(ngx_mdm_api_t *api, ngx_mdm_pg_value_t *param,
    const mdm_str_t *texts, size_t n)
{
    size_t               i;
    ngx_mdm_pg_value_t  *values;

    values = ngx_palloc(api->pool, (n + 1) * sizeof(ngx_mdm_pg_value_t));
    if (values == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        ngx_mdm_set_str(&values[i], texts[i]);
    }

    return ngx_mdm_pg_set_array(param, api->pool, 't', values, n);
}


static void
ngx_mdm_api_profile_stored(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    json_t                       *answer;
    ngx_str_t                     id;
    ngx_uint_t                    is_new;
    ngx_mdm_api_t                *api;
    ngx_mdm_api_profile_store_t  *store;

    api = call->data;
    store = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        json_decref(store->warnings);
        return;
    }

    id = ngx_mdm_pg_text(rows, 0, NGX_MDM_PROFILE_STORED_ID);
    is_new = ngx_mdm_api_is(ngx_mdm_pg_text(rows, 0,
                                            NGX_MDM_PROFILE_STORED_OUTCOME),
                            "new");

    answer = ngx_mdm_api_profile_facts(store);

    json_object_set_new(answer, "id", json_stringn((char *) id.data, id.len));
    json_object_set_new(answer, "current",
                        json_boolean(ngx_mdm_pg_bool(rows, 0,
                                             NGX_MDM_PROFILE_STORED_CURRENT)));

    ngx_mdm_api_finish(api, is_new ? NGX_HTTP_CREATED : NGX_HTTP_OK, answer);
}


/* What an answer says of a profile that was taken. */

static json_t *
ngx_mdm_api_profile_facts(ngx_mdm_api_profile_store_t *store)
{
    size_t                i;
    json_t               *answer, *wants;
    mdm_profile_facts_t  *facts;

    facts = &store->facts;

    answer = json_pack("{s:o, s:o, s:I, s:b, s:o}",
                       "identifier",
                       ngx_mdm_api_profile_text(facts->identifier),
                       "uuid", ngx_mdm_api_profile_text(facts->uuid),
                       "payloads", (json_int_t) facts->payloads,
                       "signed", store->form == NGX_MDM_PROFILE_CMS,
                       "warnings", store->warnings);

    if (store->signer.subject[0] != '\0') {
        json_object_set_new(answer, "signer",
                            json_string(store->signer.subject));
    }

    if (ngx_mdm_api_profile_wants(store)) {
        wants = json_array();

        for (i = 0; i < store->check.nwants; i++) {
            json_array_append_new(wants, ngx_mdm_api_profile_text(
                                             store->check.wants[i]));
        }

        json_object_set_new(answer, "wants", wants);
    }

    return answer;
}


static json_t *
ngx_mdm_api_profile_text(mdm_str_t text)
{
    return json_stringn((char *) text.data, text.len);
}
