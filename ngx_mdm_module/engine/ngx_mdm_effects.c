
/*
 * The effects of one report as JSON.  schema/ has held them to their bounds;
 * what cannot be done fails all of them, with words that hold nothing of the
 * report.
 */


#include "ngx_mdm_effects_internal.h"
#include "../message/mdm_json_text.h"
#include "../message/mdm_message.h"
#include "../message/mdm_webhook.h"

#include <openssl/evp.h>
#include <string.h>


static mdm_rc_e ngx_mdm_effects_keep(ngx_mdm_effects_t *e, mdm_str_t *text);
static mdm_rc_e ngx_mdm_effects_handle(ngx_mdm_effects_t *e,
    mdm_effects_t *effects);
static mdm_rc_e ngx_mdm_effects_write(ngx_mdm_effects_t *e,
    const mdm_effects_t *effects);
static mdm_rc_e ngx_mdm_effects_lists(ngx_mdm_effects_t *e,
    const mdm_effects_t *effects);
static bool ngx_mdm_effects_items(json_t *all, const mdm_effect_list_t *list);
static mdm_rc_e ngx_mdm_effects_add(ngx_mdm_effects_t *e, json_t *all,
    const mdm_effect_t *effect);
static mdm_rc_e ngx_mdm_effects_attribute(ngx_mdm_effects_t *e, json_t *all,
    const mdm_effect_t *effect);
static json_t *ngx_mdm_effects_value(ngx_mdm_effects_t *e,
    const mdm_node_t *value);
static mdm_rc_e ngx_mdm_effects_secret(ngx_mdm_effects_t *e, json_t *all,
    const mdm_effect_t *effect);
static mdm_rc_e ngx_mdm_effects_event(ngx_mdm_effects_t *e, json_t *all,
    const mdm_effect_t *effect);


/* Kinds that seals of other things have; see mdm_secret.h. */

static const char *const  ngx_mdm_effects_reserved[] = {
    "command", "report", "message", "check", "push_key", "push_request",
    "signing_key", "profile", NULL
};


void
ngx_mdm_effects_run(ngx_mdm_effects_t *e)
{
    mdm_rc_e       rc;
    mdm_arena_t   *arena, own;
    mdm_effects_t  effects;

    memset(&effects, 0, sizeof(mdm_effects_t));

    e->json = mdm_null_str;
    e->lists = mdm_null_str;
    e->failed = false;
    e->n = 0;
    memset(e->counts, 0, sizeof(e->counts));

    /* what is not handed on is wiped here, in the thread, and not in the event
     * loop with all that belongs to the request */

    mdm_arena_init(&own);
    arena = e->arena;
    e->arena = &own;

    rc = ngx_mdm_effects_handle(e, &effects);

    if (rc == MDM_OK) {
        rc = ngx_mdm_effects_write(e, &effects);
    }

    if (rc == MDM_OK) {
        rc = ngx_mdm_effects_lists(e, &effects);
    }

    e->arena = arena;

    if (rc == MDM_OK) {
        rc = ngx_mdm_effects_keep(e, &e->json);
    }

    if (rc == MDM_OK) {
        rc = ngx_mdm_effects_keep(e, &e->lists);
    }

    if (rc != MDM_OK) {
        ngx_mdm_effects_fail(e, e->fault.text);
    }

    mdm_arena_free(&own);
}


static mdm_rc_e
ngx_mdm_effects_keep(ngx_mdm_effects_t *e, mdm_str_t *text)
{
    if (!mdm_str_is_set(*text)) {
        return MDM_OK;
    }

    *text = mdm_arena_str(e->arena, text->data, text->len);

    return mdm_str_is_set(*text) ? MDM_OK : ngx_mdm_effects_no_memory(e);
}


void
ngx_mdm_effects_fail(ngx_mdm_effects_t *e, const char *reason)
{
    json_t  *all;

    all = json_pack("{s:s}", "failed", reason);

    e->failed = true;
    e->lists = mdm_null_str;
    e->json = all ? mdm_json_text(e->arena, all) : mdm_null_str;
    json_decref(all);

    /* no memory, or a reason that was cut inside of a character */

    if (!mdm_str_is_set(e->json)) {
        e->json = mdm_str("{\"failed\":\"the handler failed\"}");
    }

    if (reason != e->fault.text) {
        mdm_fault(&e->fault, MDM_MALFORMED, "%s", reason);
    }
}


static mdm_rc_e
ngx_mdm_effects_handle(ngx_mdm_effects_t *e, mdm_effects_t *effects)
{
    plist_t      root;
    mdm_rc_e     rc;
    mdm_node_t  *report;

    root = e->plist;

    if (root == NULL) {
        rc = mdm_plist_parse(e->body, MDM_REPORT_LIMIT, &root, &e->fault);
        if (rc != MDM_OK) {
            return rc;
        }
    }

    rc = mdm_node_from_plist(e->arena, root, &report, &e->fault);

    if (e->plist == NULL) {
        mdm_plist_free(root);
    }

    if (rc != MDM_OK) {
        return rc;
    }

    return mdm_schema_result(e->type, e->arena, report, effects, &e->fault);
}


static mdm_rc_e
ngx_mdm_effects_write(ngx_mdm_effects_t *e, const mdm_effects_t *effects)
{
    json_t              *all;
    mdm_rc_e             rc;
    const mdm_effect_t  *effect;

    if (effects->first == NULL && effects->lists == NULL) {
        return MDM_OK;
    }

    all = json_object();
    if (all == NULL) {
        return ngx_mdm_effects_no_memory(e);
    }

    rc = MDM_OK;

    for (effect = effects->first; effect && rc == MDM_OK; effect = effect->next)
    {
        e->n++;
        e->counts[effect->what]++;
        rc = ngx_mdm_effects_add(e, all, effect);
    }

    if (rc == MDM_OK) {
        e->json = mdm_json_text(e->arena, all);

        if (!mdm_str_is_set(e->json)) {
            rc = ngx_mdm_effects_no_memory(e);
        }
    }

    json_decref(all);

    return rc;
}


/* Apart from the others, of which SQL looks into the text. */

static mdm_rc_e
ngx_mdm_effects_lists(ngx_mdm_effects_t *e, const mdm_effects_t *effects)
{
    json_t                   *all;
    const mdm_effect_list_t  *list;

    e->items = effects->items;

    if (effects->lists == NULL) {
        return MDM_OK;
    }

    all = json_object();

    for (list = effects->lists; list && all; list = list->next) {
        if (!ngx_mdm_effects_items(all, list)) {
            json_decref(all);
            all = NULL;
        }
    }

    if (all) {
        e->lists = mdm_json_text(e->arena, all);
        json_decref(all);
    }

    return mdm_str_is_set(e->lists) ? MDM_OK : ngx_mdm_effects_no_memory(e);
}


static bool
ngx_mdm_effects_items(json_t *all, const mdm_effect_list_t *list)
{
    json_t                   *items;
    const mdm_effect_item_t  *item;

    items = json_object();

    if (json_object_setn_new(all, (const char *) list->name.data,
                             list->name.len, items)
        != 0)
    {
        return false;
    }

    for (item = list->first; item; item = item->next) {
        if (json_object_setn_new(items, (const char *) item->key.data,
                                 item->key.len,
                                 mdm_node_to_json(item->value, true))
            != 0)
        {
            return false;
        }
    }

    return true;
}


static mdm_rc_e
ngx_mdm_effects_add(ngx_mdm_effects_t *e, json_t *all,
    const mdm_effect_t *effect)
{
    switch (effect->what) {

    case MDM_EFFECT_ATTRIBUTE:
        return ngx_mdm_effects_attribute(e, all, effect);

    case MDM_EFFECT_SECRET:
        return ngx_mdm_effects_secret(e, all, effect);

    case MDM_EFFECT_COMMAND:
        return ngx_mdm_effects_command(e, all, effect);

    default: /* MDM_EFFECT_EVENT */
        return ngx_mdm_effects_event(e, all, effect);
    }
}


static mdm_rc_e
ngx_mdm_effects_attribute(ngx_mdm_effects_t *e, json_t *all,
    const mdm_effect_t *effect)
{
    json_t  *value, *list;

    value = ngx_mdm_effects_value(e, effect->value);
    if (value == NULL) {
        return ngx_mdm_effects_no_memory(e);
    }

    list = json_object_get(all, "attributes");

    if (list == NULL) {
        list = json_object();

        if (json_object_set_new(all, "attributes", list) != 0) {
            json_decref(value);
            return ngx_mdm_effects_no_memory(e);
        }
    }

    if (json_object_setn_new(list, (const char *) effect->name.data,
                             effect->name.len, value)
        != 0)
    {
        return ngx_mdm_effects_no_memory(e);
    }

    return MDM_OK;
}


static json_t *
ngx_mdm_effects_value(ngx_mdm_effects_t *e, const mdm_node_t *value)
{
    mdm_str_t  text;

    if (value == NULL) {
        return json_null();
    }

    switch (value->type) {

    case MDM_BOOLEAN:
        return json_boolean(value->u.boolean);

    case MDM_INTEGER:
        return json_integer(value->u.integer);

    case MDM_REAL:
        return json_real(value->u.real);

    case MDM_STRING:
        text = value->u.text;
        return json_stringn((const char *) text.data, text.len);

    default: /* MDM_DATE */
        text = mdm_node_encode_date(e->arena, value->u.date);

        return mdm_str_is_set(text)
               ? json_pack("{s:s%}", "time", text.data, text.len) : NULL;
    }
}


static mdm_rc_e
ngx_mdm_effects_secret(ngx_mdm_effects_t *e, json_t *all,
    const mdm_effect_t *effect)
{
    size_t              len;
    json_t             *item;
    mdm_rc_e            rc;
    mdm_str_t           kind;
    unsigned char       sha256[MDM_SECRET_DIGEST_SIZE];
    unsigned char       digests[MDM_SECRET_MAX_DIGESTS];
    const char *const  *reserved;

    kind = mdm_arena_str(e->arena, effect->name.data, effect->name.len);

    if (!mdm_str_is_set(kind)) {
        return ngx_mdm_effects_no_memory(e);
    }

    for (reserved = ngx_mdm_effects_reserved; *reserved; reserved++) {
        if (mdm_str_eq_c(kind, *reserved)) {
            return mdm_fault(&e->fault, MDM_MALFORMED,
                             "a secret may not be of the kind \"%s\"",
                             *reserved);
        }
    }

    if (EVP_Digest(effect->text.data, effect->text.len, sha256, NULL,
                   EVP_sha256(), NULL)
        != 1
        || mdm_secret_digest(e->ring, e->tenant_id, sha256, digests, &len)
           != MDM_OK)
    {
        return mdm_fault(&e->fault, MDM_NO_MEMORY, "cannot seal a secret");
    }

    item = json_pack("{s:s}", "kind", kind.data);
    if (item == NULL) {
        return ngx_mdm_effects_no_memory(e);
    }

    rc = ngx_mdm_effects_seal(e, (const char *) kind.data, e->enrollment,
                              effect->text, "value", item);

    if (rc == MDM_OK) {
        rc = ngx_mdm_effects_data(e, item, "digest",
                                  (mdm_str_t) { len, digests });
    }

    if (rc != MDM_OK) {
        json_decref(item);
        return rc;
    }

    return ngx_mdm_effects_append(e, all, "secrets", item);
}


static mdm_rc_e
ngx_mdm_effects_event(ngx_mdm_effects_t *e, json_t *all,
    const mdm_effect_t *effect)
{
    json_t  *data, *item;

    /* who listens takes those for messages of devices */

    if (mdm_webhook_has_topic(effect->name)) {
        return mdm_fault(&e->fault, MDM_MALFORMED,
                         "an event may not be of the type \"%.*s\"",
                         (int) effect->name.len, effect->name.data);
    }

    data = mdm_node_to_json(effect->value, true);
    if (data == NULL) {
        return mdm_fault(&e->fault, MDM_MALFORMED,
                         "the data of an event cannot be written");
    }

    item = json_pack("{s:s%,s:o}", "type", effect->name.data,
                     effect->name.len, "data", data);
    if (item == NULL) {
        return ngx_mdm_effects_no_memory(e);
    }

    return ngx_mdm_effects_append(e, all, "events", item);
}


mdm_rc_e
ngx_mdm_effects_seal(ngx_mdm_effects_t *e, const char *kind, mdm_str_t row,
    mdm_str_t plain, const char *name, json_t *object)
{
    mdm_str_t  sealed;

    if (mdm_secret_seal(e->arena, e->ring, e->tenant_id, kind, row, plain,
                        &sealed)
        != MDM_OK)
    {
        return mdm_fault(&e->fault, MDM_NO_MEMORY, "cannot seal a secret");
    }

    return ngx_mdm_effects_data(e, object, name, sealed);
}


mdm_rc_e
ngx_mdm_effects_data(ngx_mdm_effects_t *e, json_t *object, const char *name,
    mdm_str_t data)
{
    mdm_str_t  text;

    text = mdm_node_encode_data(e->arena, data);

    if (!mdm_str_is_set(text)
        || json_object_set_new(object, name,
                               json_stringn((const char *) text.data,
                                            text.len))
           != 0)
    {
        return ngx_mdm_effects_no_memory(e);
    }

    return MDM_OK;
}


/* Takes the item over. */

mdm_rc_e
ngx_mdm_effects_append(ngx_mdm_effects_t *e, json_t *all, const char *name,
    json_t *item)
{
    json_t  *list;

    list = json_object_get(all, name);

    if (list == NULL) {
        list = json_array();

        if (json_object_set_new(all, name, list) != 0) {
            json_decref(item);
            return ngx_mdm_effects_no_memory(e);
        }
    }

    if (json_array_append_new(list, item) != 0) {
        return ngx_mdm_effects_no_memory(e);
    }

    return MDM_OK;
}


mdm_rc_e
ngx_mdm_effects_no_memory(ngx_mdm_effects_t *e)
{
    return mdm_fault(&e->fault, MDM_NO_MEMORY, "out of memory");
}
