
/*
 * Reading a command's envelope for what the queue must know.  Must never
 * change a byte of a command: devices get what the operator handed over.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../pki/mdm_signature.h"
#include "mdm_command.h"
#include "mdm_plist.h"


static mdm_rc_e mdm_command_fields(mdm_arena_t *arena, plist_t root,
    const mdm_schema_t *schema, mdm_command_t *command, mdm_fault_t *fault);
static bool mdm_command_part(plist_t dict, const mdm_schema_type_t *type);
static mdm_rc_e mdm_command_name(mdm_arena_t *arena, plist_t dict,
    const char *key, size_t max, mdm_str_t *value, mdm_fault_t *fault);
static mdm_rc_e mdm_command_subject(mdm_arena_t *arena, plist_t dict,
    const mdm_schema_t *schema, mdm_command_t *command, mdm_fault_t *fault);
static mdm_rc_e mdm_command_subject_key(mdm_arena_t *arena, plist_t dict,
    mdm_command_t *command, mdm_fault_t *fault);
static mdm_rc_e mdm_command_subject_node(mdm_arena_t *arena, plist_t dict,
    const char *key, mdm_command_t *command, mdm_fault_t *fault);
static mdm_rc_e mdm_command_subject_url(mdm_arena_t *arena, mdm_str_t *name,
    mdm_fault_t *fault);
static mdm_rc_e mdm_command_subject_set(mdm_arena_t *arena, mdm_str_t name,
    mdm_command_t *command, mdm_fault_t *fault);
static mdm_rc_e mdm_command_profile(mdm_arena_t *arena, plist_t dict,
    const char *key, const mdm_schema_t *schema, mdm_command_t *command,
    mdm_fault_t *fault);
static bool mdm_command_profile_manages(const mdm_schema_t *schema,
    plist_t profile);


mdm_rc_e
mdm_command_read(mdm_arena_t *arena, mdm_str_t body,
    const mdm_schema_t *schema, mdm_command_t *command, mdm_fault_t *fault)
{
    plist_t   root;
    mdm_rc_e  rc;

    memset(command, 0, sizeof(mdm_command_t));
    command->type = mdm_schema_command(schema, mdm_null_str);

    /* what is judged here is carried out by another parser */

    rc = mdm_plist_parse_strict(body, MDM_COMMAND_LIMIT, &root, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_command_fields(arena, root, schema, command, fault);

    mdm_plist_free(root);

    return rc;
}


static mdm_rc_e
mdm_command_fields(mdm_arena_t *arena, plist_t root,
    const mdm_schema_t *schema, mdm_command_t *command, mdm_fault_t *fault)
{
    plist_t   dict;
    mdm_rc_e  rc;

    rc = mdm_command_name(arena, root, "CommandUUID", MDM_COMMAND_UUID_MAX,
                          &command->command_uuid, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    dict = plist_dict_get_item(root, "Command");

    if (dict == NULL || plist_get_node_type(dict) != PLIST_DICT) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "Command is missing or not a dictionary");
    }

    rc = mdm_command_name(arena, dict, "RequestType", MDM_COMMAND_TYPE_MAX,
                          &command->request_type, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    command->type = mdm_schema_command(schema, command->request_type);
    command->urgent = (command->type->flags & MDM_URGENT) != 0;
    command->part = mdm_command_part(dict, command->type);

    return mdm_command_subject(arena, dict, schema, command, fault);
}


/* What is false asks for nothing. */

static bool
mdm_command_part(plist_t dict, const mdm_schema_type_t *type)
{
    plist_t             node;
    uint8_t             value;
    const char *const  *key;

    for (key = type->type->part_keys; key && *key; key++) {
        node = plist_dict_get_item(dict, *key);
        value = 1;

        if (node && plist_get_node_type(node) == PLIST_BOOLEAN) {
            plist_get_bool_val(node, &value);
        }

        if (node && value) {
            return true;
        }
    }

    return false;
}


static mdm_rc_e
mdm_command_name(mdm_arena_t *arena, plist_t dict, const char *key, size_t max,
    mdm_str_t *value, mdm_fault_t *fault)
{
    mdm_rc_e  rc;

    rc = mdm_plist_string(arena, dict, key, value, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (value->len == 0) {
        return mdm_fault(fault, MDM_MALFORMED, "%s is missing or empty", key);
    }

    if (value->len > max) {
        return mdm_fault(fault, MDM_MALFORMED, "%s is longer than %zu bytes",
                         key, max);
    }

    if (mdm_str_has_control(*value)) {
        return mdm_fault(fault, MDM_MALFORMED, "%s holds a control character",
                         key);
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_command_subject(mdm_arena_t *arena, plist_t dict,
    const mdm_schema_t *schema, mdm_command_t *command, mdm_fault_t *fault)
{
    const char               *key;
    const mdm_schema_type_t  *type;

    type = command->type;

    if (type->subject == NULL) {
        return MDM_OK;
    }

    key = mdm_schema_profile_key(type);

    if (key != NULL) {
        return mdm_command_profile(arena, dict, key, schema, command, fault);
    }

    if (type->subject_keys != NULL) {
        return mdm_command_subject_key(arena, dict, command, fault);
    }

    command->subject = mdm_arena_str(arena, type->subject,
                                     strlen(type->subject));

    if (!mdm_str_is_set(command->subject)) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a subject");
    }

    return MDM_OK;
}


/* A command with none of its keys has no subject: the device will refuse it,
 * or it concerns all, as DeleteUser with DeleteAllUsers does. */

static mdm_rc_e
mdm_command_subject_key(mdm_arena_t *arena, plist_t dict,
    mdm_command_t *command, mdm_fault_t *fault)
{
    const char *const  *key;

    for (key = command->type->subject_keys; *key != NULL; key++) {
        if (plist_dict_get_item(dict, *key)) {
            return mdm_command_subject_node(arena, dict, *key, command, fault);
        }
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_command_subject_node(mdm_arena_t *arena, plist_t dict, const char *key,
    mdm_command_t *command, mdm_fault_t *fault)
{
    char       number[24];
    plist_t    node;
    mdm_rc_e   rc;
    uint64_t   value;
    mdm_str_t  name;

    node = plist_dict_get_item(dict, key);

    if (plist_get_node_type(node) == PLIST_UINT) {
        value = 0;
        plist_get_uint_val(node, &value);

        name.len = snprintf(number, sizeof(number), "%llu",
                            (unsigned long long) value);
        name.data = (unsigned char *) number;

    } else {
        rc = mdm_command_name(arena, dict, key, MDM_COMMAND_SUBJECT_MAX, &name,
                              fault);

        if (rc == MDM_OK) {
            rc = mdm_command_subject_url(arena, &name, fault);
        }

        if (rc != MDM_OK) {
            return rc;
        }
    }

    return mdm_command_subject_set(arena, name, command, fault);
}


/* A subject is stored in clear: of an URL it has neither the arguments, which
 * may be a signature, nor name and password. */

static mdm_rc_e
mdm_command_subject_url(mdm_arena_t *arena, mdm_str_t *name,
    mdm_fault_t *fault)
{
    char    *text, *host, *at;
    size_t   n;

    text = (char *) name->data;         /* the arena's, so it ends with NUL */
    host = strstr(text, "://");

    if (host == NULL) {
        return MDM_OK;
    }

    host += 3;
    n = host - text;
    *name = mdm_arena_str(arena, text, strcspn(host, "?#") + n);

    if (!mdm_str_is_set(*name)) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a subject");
    }

    host = (char *) name->data + n;

    while (*(at = host + strcspn(host, "@/")) == '@') {
        name->len -= at + 1 - host;
        memmove(host, at + 1, strlen(at));
    }

    return MDM_OK;
}


/* "<prefix>:<name>" */

static mdm_rc_e
mdm_command_subject_set(mdm_arena_t *arena, mdm_str_t name,
    mdm_command_t *command, mdm_fault_t *fault)
{
    size_t          len;
    const char     *prefix;
    unsigned char  *p;

    prefix = command->type->subject;
    len = strlen(prefix);

    if (len + 1 + name.len > MDM_COMMAND_SUBJECT_MAX) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "what the command is about is named by more than %d "
                         "bytes", MDM_COMMAND_SUBJECT_MAX);
    }

    p = mdm_arena_alloc(arena, len + 1 + name.len + 1);
    if (p == NULL) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a subject");
    }

    memcpy(p, prefix, len);
    p[len] = ':';
    memcpy(p + len + 1, name.data, name.len);
    p[len + 1 + name.len] = '\0';

    command->subject = (mdm_str_t) { len + 1 + name.len, p };

    return MDM_OK;
}


/* The profile that a command brings: plain, or signed (CMS). */

static mdm_rc_e
mdm_command_profile(mdm_arena_t *arena, plist_t dict, const char *key,
    const mdm_schema_t *schema, mdm_command_t *command, mdm_fault_t *fault)
{
    plist_t      profile;
    mdm_rc_e     rc;
    mdm_str_t    payload, name;
    mdm_fault_t  inner;

    rc = mdm_plist_data(arena, dict, key, &payload, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (payload.len == 0) {
        return mdm_fault(fault, MDM_MALFORMED, "%s is missing or empty", key);
    }

    inner.text[0] = '\0';
    profile = NULL;

    if (payload.data[0] == 0x30) {       /* DER or BER: a SEQUENCE */
        rc = mdm_cms_content(arena, payload, &payload, &inner);
    }

    if (rc == MDM_OK) {
        rc = mdm_plist_parse(payload, MDM_COMMAND_LIMIT, &profile, &inner);
    }

    if (rc == MDM_OK) {
        rc = mdm_command_name(arena, profile, "PayloadIdentifier",
                              MDM_COMMAND_SUBJECT_MAX, &name, &inner);
    }

    if (rc == MDM_OK) {
        command->renewal = mdm_command_profile_manages(schema, profile);
        rc = mdm_command_subject_set(arena, name, command, &inner);
    }

    mdm_plist_free(profile);

    if (rc == MDM_OK) {
        return MDM_OK;
    }

    if (rc == MDM_NO_MEMORY) {
        return mdm_fault(fault, rc, "no memory for a profile");
    }

    return mdm_fault(fault, MDM_MALFORMED,
                     "%s cannot be read as a profile: %.140s", key,
                     inner.text);
}


static bool
mdm_command_profile_manages(const mdm_schema_t *schema, plist_t profile)
{
    bool              found;
    plist_t           content, item;
    uint64_t          len;
    mdm_str_t         type;
    plist_array_iter  iter;

    content = plist_dict_get_item(profile, "PayloadContent");

    if (content == NULL || plist_get_node_type(content) != PLIST_ARRAY) {
        return false;
    }

    iter = NULL;
    found = false;
    plist_array_new_iter(content, &iter);

    while (!found) {
        plist_array_next_item(content, iter, &item);

        if (item == NULL) {
            break;
        }

        len = 0;
        type.data = (const unsigned char *)
                    plist_get_string_ptr(plist_dict_get_item(item,
                                                             "PayloadType"),
                                         &len);
        type.len = len;

        found = mdm_str_is_set(type) && mdm_schema_manages(schema, type);
    }

    free(iter);

    return found;
}
