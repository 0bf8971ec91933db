
/*
 * What a report does besides closing its command: first by the answer's table,
 * then by the plugin's function.  All effects of a report, or none: a handler
 * that tells nonsense has failed, and must never leave half of what it told.
 */


#include <math.h>
#include <string.h>

#include "mdm_effect.h"


static bool mdm_effect_add(mdm_host_call_t *host, mdm_effect_e what,
    mdm_str_t name, const mdm_node_t *value, mdm_str_t text);
static bool mdm_effect_attribute_fits(mdm_host_call_t *host, const char *name,
    const mdm_node_t *value);
static bool mdm_effect_tree(mdm_host_call_t *host, const char *function,
    const char *name, const mdm_node_t *node);
static bool mdm_effect_is_answer(const mdm_node_t *report);
static void mdm_effect_keep(mdm_host_call_t *host,
    const mdm_schema_key_t *key, const mdm_node_t *node, unsigned depth);
static mdm_rc_e mdm_effect_result(mdm_host_call_t *host,
    const mdm_schema_type_t *type, const mdm_node_t *report,
    mdm_fault_t *fault);
static mdm_text_t mdm_effect_text(const mdm_node_t *report, const char *name);


mdm_rc_e
mdm_schema_result(const mdm_schema_type_t *type, mdm_arena_t *arena,
    const mdm_node_t *report, mdm_effects_t *effects, mdm_fault_t *fault)
{
    mdm_rc_e         rc;
    mdm_host_call_t  host;

    memset(effects, 0, sizeof(mdm_effects_t));

    if (!type->handles) {
        return MDM_OK;
    }

    mdm_host_enter(&host, arena, type->plugin->state);
    host.effects = effects;

    if (type->answer && mdm_effect_is_answer(report)) {
        mdm_effect_answer(&host, type->answer, report, 0);
    }

    rc = mdm_effect_result(&host, type, report, fault);

    mdm_host_leave(&host);

    if (rc != MDM_OK) {
        memset(effects, 0, sizeof(mdm_effects_t));
    }

    return rc;
}


static mdm_rc_e
mdm_effect_result(mdm_host_call_t *host, const mdm_schema_type_t *type,
    const mdm_node_t *report, mdm_fault_t *fault)
{
    bool          done;
    mdm_result_t  result;

    done = true;

    if (type->type->result && !host->failed) {
        result.request_type.data = type->name;
        result.request_type.len = strlen(type->name);
        result.status = mdm_effect_text(report, "Status");
        result.report = report;

        done = type->type->result(&host->call, &result);
    }

    if (host->failed) {
        return mdm_fault(fault, host->why.text[0] ? MDM_MALFORMED
                                                  : MDM_NO_MEMORY,
                         "%s", host->why.text[0] ? host->why.text
                               : "no memory for the effects of a report");
    }

    if (!done || host->faults) {
        return mdm_fault(fault, MDM_MALFORMED,
                         host->why.text[0]
                             ? "the handler of %.64s failed: %.100s"
                             : "the handler of %.64s failed", type->name,
                         host->why.text);
    }

    return MDM_OK;
}


static mdm_text_t
mdm_effect_text(const mdm_node_t *report, const char *name)
{
    const mdm_node_t  *node;

    node = mdm_node_get(report, name);

    if (node == NULL || node->type != MDM_STRING) {
        return (mdm_text_t) { 0, NULL };
    }

    return (mdm_text_t) { node->u.text.len, (const char *) node->u.text.data };
}


/* --- the table of the answer --- */

/* What an Error has besides is no answer. */

static bool
mdm_effect_is_answer(const mdm_node_t *report)
{
    mdm_text_t  status;

    status = mdm_effect_text(report, "Status");

    return status.len == sizeof("Acknowledged") - 1
           && memcmp(status.data, "Acknowledged", status.len) == 0;
}


/* A device may answer with anything: what is not as the table says is passed
 * over, for it is no fault of the handler. */

void
mdm_effect_answer(mdm_host_call_t *host, const mdm_schema_key_t *table,
    const mdm_node_t *report, unsigned depth)
{
    const mdm_node_t        *member;
    const mdm_schema_key_t  *key;

    if (report == NULL || report->type != MDM_DICTIONARY || !table->keeps
        || depth > MDM_NODE_MAX_DEPTH)
    {
        return;
    }

    for (member = report->u.list.first; member; member = member->next) {
        key = mdm_schema_member(table, member->name);

        if (key && key->keeps) {
            mdm_effect_keep(host, key, member, depth);
        }
    }

    if (table->rest && table->rest->key->list) {
        mdm_effect_list_rest(host, table->rest);
    }
}


static void
mdm_effect_keep(mdm_host_call_t *host, const mdm_schema_key_t *key,
    const mdm_node_t *node, unsigned depth)
{
    mdm_text_t  text;

    if (key->key->list) {
        if (strcmp(key->name, "*") == 0) {
            mdm_effect_list_member(host, key, node, depth);
        } else {
            mdm_effect_list_array(host, key, node, depth);
        }

        return;
    }

    if (key->members && key->type == MDM_DICTIONARY) {
        mdm_effect_answer(host, key, node, depth + 1);
        return;
    }

    if (node->type != key->type
        && !(key->type == MDM_REAL && node->type == MDM_INTEGER)
        && key->type != MDM_ANY)
    {
        return;
    }

    if (key->key->escrow) {
        text.len = node->u.text.len;
        text.data = (const char *) node->u.text.data;

        if (text.len > 0 && text.len <= MDM_EFFECTS_MAX_SECRET) {
            mdm_effect_keep_secret(&host->call, key->key->escrow, text);
        }
    }

    if (key->key->attribute && node->type <= MDM_DATE
        && node->type != MDM_DATA
        && (node->type != MDM_STRING
            || (node->u.text.len <= MDM_EFFECTS_MAX_TEXT
                && mdm_node_is_text(node->u.text))))
    {
        mdm_effect_set_attribute(&host->call, key->key->attribute, node);
    }
}


/* --- what handlers call --- */

bool
mdm_effect_set_attribute(mdm_call_t *call, const char *name,
    const mdm_node_t *value)
{
    mdm_str_t         text;
    mdm_node_t       *copy;
    mdm_host_call_t  *host;

    host = (mdm_host_call_t *) call;
    text = mdm_schema_c(name);

    if (host == NULL || host->effects == NULL || host->failed) {
        return false;
    }

    if (!mdm_schema_name_valid(text)) {
        return mdm_effect_refuse(host, "set_attribute", name,
                                 "is no name for an attribute");
    }

    if (value == NULL) {
        return mdm_effect_add(host, MDM_EFFECT_ATTRIBUTE, text, NULL,
                              mdm_null_str);
    }

    if (!mdm_effect_attribute_fits(host, name, value)) {
        return false;
    }

    copy = mdm_node_copy(host->arena, value);
    if (copy == NULL) {
        host->failed = true;
        return false;
    }

    return mdm_effect_add(host, MDM_EFFECT_ATTRIBUTE, text, copy,
                          mdm_null_str);
}


static bool
mdm_effect_attribute_fits(mdm_host_call_t *host, const char *name,
    const mdm_node_t *value)
{
    switch (value->type) {

    case MDM_BOOLEAN:
    case MDM_INTEGER:
    case MDM_DATE:
        return true;

    case MDM_REAL:
        if (!isfinite(value->u.real)) {
            return mdm_effect_refuse(host, "set_attribute", name,
                                     "is given a value that is no number");
        }

        return true;

    case MDM_STRING:
        if (value->u.text.len > MDM_EFFECTS_MAX_TEXT) {
            return mdm_effect_refuse(host, "set_attribute", name,
                                     "is given a text of more than 4096 "
                                     "bytes");
        }

        if (!mdm_node_is_text(value->u.text)) {
            return mdm_effect_refuse(host, "set_attribute", name,
                                     "is given a text that is none");
        }

        return true;

    default:
        return mdm_effect_refuse(host, "set_attribute", name,
                                 "is given neither a boolean, a number, a "
                                 "string nor a date");
    }
}


bool
mdm_effect_keep_secret(mdm_call_t *call, const char *kind, mdm_text_t value)
{
    mdm_str_t         text, copy;
    mdm_host_call_t  *host;

    host = (mdm_host_call_t *) call;
    text = mdm_schema_c(kind);

    if (host == NULL || host->effects == NULL || host->failed) {
        return false;
    }

    if (!mdm_schema_name_valid(text)) {
        return mdm_effect_refuse(host, "keep_secret", kind,
                                 "is no name for a kind of secret");
    }

    if (value.data == NULL || value.len == 0) {
        return mdm_effect_refuse(host, "keep_secret", kind,
                                 "is given nothing to keep");
    }

    if (value.len > MDM_EFFECTS_MAX_SECRET) {
        return mdm_effect_refuse(host, "keep_secret", kind,
                                 "is given more than 65536 bytes");
    }

    copy = mdm_arena_str(host->arena, value.data, value.len);
    if (!mdm_str_is_set(copy)) {
        host->failed = true;
        return false;
    }

    return mdm_effect_add(host, MDM_EFFECT_SECRET, text, NULL, copy);
}


bool
mdm_effect_queue_command(mdm_call_t *call, const char *request_type,
    const mdm_node_t *command)
{
    mdm_str_t         text;
    mdm_node_t       *copy;
    mdm_host_call_t  *host;

    host = (mdm_host_call_t *) call;
    text = mdm_schema_c(request_type);

    if (host == NULL || host->effects == NULL || host->failed) {
        return false;
    }

    if (!mdm_schema_name_valid(text)) {
        return mdm_effect_refuse(host, "queue_command", request_type,
                                 "is no request type");
    }

    if (!mdm_effect_tree(host, "queue_command", request_type, command)) {
        return false;
    }

    copy = command ? mdm_node_copy(host->arena, command)
                   : mdm_node_new(host->arena, MDM_DICTIONARY);
    if (copy == NULL) {
        host->failed = true;
        return false;
    }

    return mdm_effect_add(host, MDM_EFFECT_COMMAND, text, copy, mdm_null_str);
}


bool
mdm_effect_emit_event(mdm_call_t *call, const char *type,
    const mdm_node_t *data)
{
    mdm_str_t         text;
    mdm_node_t       *copy;
    mdm_host_call_t  *host;

    host = (mdm_host_call_t *) call;
    text = mdm_schema_c(type);

    if (host == NULL || host->effects == NULL || host->failed) {
        return false;
    }

    if (!mdm_schema_name_valid(text)) {
        return mdm_effect_refuse(host, "emit_event", type,
                                 "is no type of event");
    }

    if (!mdm_effect_tree(host, "emit_event", type, data)) {
        return false;
    }

    copy = data ? mdm_node_copy(host->arena, data)
                : mdm_node_new(host->arena, MDM_DICTIONARY);
    if (copy == NULL) {
        host->failed = true;
        return false;
    }

    return mdm_effect_add(host, MDM_EFFECT_EVENT, text, copy, mdm_null_str);
}


/* What will be written: a dictionary, or nothing for an empty one. */

static bool
mdm_effect_tree(mdm_host_call_t *host, const char *function,
    const char *name, const mdm_node_t *node)
{
    size_t  size;

    if (node == NULL) {
        return true;
    }

    if (node->type != MDM_DICTIONARY) {
        return mdm_effect_refuse(host, function, name,
                                 "is given what is no dictionary");
    }

    size = 0;

    if (!mdm_effect_size(node, 1, &size)) {
        return mdm_effect_refuse(host, function, name,
                                 "is given what is too large or too deep, or "
                                 "text that is none");
    }

    return true;
}


bool
mdm_effect_size(const mdm_node_t *node, unsigned depth, size_t *size)
{
    const mdm_node_t  *item;

    *size += 16 + node->name.len;

    switch (node->type) {

    case MDM_STRING:
    case MDM_DATA:
        *size += node->u.text.len;

        return *size <= MDM_EFFECTS_MAX_BYTES
               && (node->type == MDM_DATA || mdm_node_is_text(node->u.text));

    case MDM_BOOLEAN:
    case MDM_INTEGER:
    case MDM_DATE:
        return *size <= MDM_EFFECTS_MAX_BYTES;

    case MDM_REAL:
        return *size <= MDM_EFFECTS_MAX_BYTES && isfinite(node->u.real);

    case MDM_ARRAY:
    case MDM_DICTIONARY:
        break;

    default:
        return false;
    }

    if (depth >= MDM_NODE_MAX_DEPTH
        || (node->type == MDM_DICTIONARY
            && node->count > MDM_NODE_MAX_MEMBERS))
    {
        return false;
    }

    for (item = node->u.list.first; item; item = item->next) {
        if (!mdm_effect_size(item, depth + 1, size)) {
            return false;
        }
    }

    return *size <= MDM_EFFECTS_MAX_BYTES;
}


static bool
mdm_effect_add(mdm_host_call_t *host, mdm_effect_e what, mdm_str_t name,
    const mdm_node_t *value, mdm_str_t text)
{
    size_t          size;
    mdm_effect_t   *effect;
    mdm_effects_t  *effects;

    effects = host->effects;
    size = name.len + text.len;

    if (effects->n == MDM_EFFECTS_MAX) {
        return mdm_effect_refuse(host, NULL, NULL,
                                 "a report has more than 1000 effects");
    }

    if ((value && !mdm_effect_size(value, 1, &size))
        || size > MDM_EFFECTS_MAX_BYTES - effects->bytes)
    {
        return mdm_effect_refuse(host, NULL, NULL,
                                 "the effects of a report are larger than "
                                 "1048576 bytes");
    }

    effect = mdm_arena_zalloc(host->arena, sizeof(mdm_effect_t));

    if (effect) {
        effect->name = mdm_arena_str(host->arena, name.data, name.len);
    }

    if (effect == NULL || !mdm_str_is_set(effect->name)) {
        host->failed = true;
        return false;
    }

    effect->what = what;
    effect->value = value;
    effect->text = text;

    effects->n++;
    effects->bytes += size;

    *(effects->last ? &effects->last->next : &effects->first) = effect;
    effects->last = effect;

    return true;
}


/* A name may be anything. */

bool
mdm_effect_refuse(mdm_host_call_t *host, const char *function,
    const char *name, const char *why)
{
    mdm_str_t  text;

    host->failed = true;

    if (function == NULL) {
        mdm_fault(&host->why, MDM_MALFORMED, "%s", why);
        return false;
    }

    text = mdm_schema_cut(mdm_schema_c(name), 60);

    if (!mdm_str_is_set(text) || !mdm_utf8_valid(text.data, text.len)
        || mdm_str_has_control(text))
    {
        text = name ? mdm_str("what") : mdm_str("no name");
    }

    mdm_fault(&host->why, MDM_MALFORMED, "%s(): \"%.*s\" %s", function,
              (int) text.len, text.data, why);

    return false;
}
