
/*
 * From the keys of a dictionary to the fields of a message, and to the JSON
 * text of a device's attributes.  Must never know which message it reads.
 */


#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mdm_message_fields.h"
#include "mdm_plist.h"


static mdm_rc_e mdm_message_string(mdm_arena_t *arena, plist_t dict,
    const mdm_message_field_t *field, mdm_message_t *message,
    mdm_fault_t *fault);
static json_t *mdm_message_attribute(plist_t node);
static json_t *mdm_message_attribute_string(plist_t node);
static json_t *mdm_message_attribute_real(plist_t node);


mdm_rc_e
mdm_message_fields(mdm_arena_t *arena, plist_t dict,
    const mdm_message_field_t *fields, mdm_message_t *message,
    mdm_fault_t *fault)
{
    bool      *flag;
    mdm_rc_e   rc;

    for ( /* void */ ; fields->key; fields++) {

        if (fields->kind == MDM_FIELD_BOOL) {
            flag = (bool *) ((char *) message + fields->offset);
            rc = mdm_plist_bool(dict, fields->key, flag, fault);

        } else {
            rc = mdm_message_string(arena, dict, fields, message, fault);
        }

        if (rc != MDM_OK) {
            return rc;
        }
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_message_string(mdm_arena_t *arena, plist_t dict,
    const mdm_message_field_t *field, mdm_message_t *message,
    mdm_fault_t *fault)
{
    mdm_rc_e    rc;
    mdm_str_t  *value;

    value = (mdm_str_t *) ((char *) message + field->offset);

    rc = (field->kind == MDM_FIELD_DATA)
         ? mdm_plist_data(arena, dict, field->key, value, fault)
         : mdm_plist_string(arena, dict, field->key, value, fault);

    if (rc != MDM_OK) {
        return rc;
    }

    if (field->required && value->len == 0) {
        return mdm_fault(fault, MDM_MALFORMED, "%s is missing or empty",
                         field->key);
    }

    if (field->max && value->len > field->max) {
        return mdm_fault(fault, MDM_MALFORMED, "%s is longer than %zu bytes",
                         field->key, field->max);
    }

    if (field->kind == MDM_FIELD_STRING && mdm_str_has_control(*value)) {
        return mdm_fault(fault, MDM_MALFORMED, "%s holds a control character",
                         field->key);
    }

    return MDM_OK;
}


mdm_rc_e
mdm_message_attributes(mdm_arena_t *arena, plist_t dict,
    const char *const *keys, mdm_str_t *attributes, mdm_fault_t *fault)
{
    char    *text;
    json_t  *object, *value;

    *attributes = mdm_null_str;

    object = json_object();
    if (object == NULL) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for attributes");
    }

    for ( /* void */ ; *keys; keys++) {
        value = mdm_message_attribute(plist_dict_get_item(dict, *keys));

        if (value && json_object_set_new(object, *keys, value) != 0) {
            json_decref(object);
            return mdm_fault(fault, MDM_NO_MEMORY, "no memory for attributes");
        }
    }

    if (json_object_size(object) == 0) {
        json_decref(object);
        return MDM_OK;
    }

    text = json_dumps(object, JSON_COMPACT);
    json_decref(object);

    if (text) {
        *attributes = mdm_arena_str(arena, text, strlen(text));
        free(text);
    }

    if (!mdm_str_is_set(*attributes)) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for attributes");
    }

    return MDM_OK;
}


static json_t *
mdm_message_attribute(plist_t node)
{
    uint8_t   flag;
    uint64_t  number;

    if (node == NULL) {
        return NULL;
    }

    switch (plist_get_node_type(node)) {

    case PLIST_STRING:
        return mdm_message_attribute_string(node);

    case PLIST_BOOLEAN:
        flag = 0;
        plist_get_bool_val(node, &flag);
        return json_boolean(flag);

    case PLIST_UINT:
        number = 0;
        plist_get_uint_val(node, &number);
        return json_integer((json_int_t) number);

    case PLIST_REAL:
        return mdm_message_attribute_real(node);

    default:
        return NULL;
    }
}


static json_t *
mdm_message_attribute_string(plist_t node)
{
    uint64_t     len;
    const char  *text;

    len = 0;
    text = plist_get_string_ptr(node, &len);

    if (text == NULL || len > MDM_ATTRIBUTE_MAX) {
        return NULL;
    }

    return json_stringn(text, len);
}


static json_t *
mdm_message_attribute_real(plist_t node)
{
    double  real;

    real = 0;
    plist_get_real_val(node, &real);

    return isfinite(real) ? json_real(real) : NULL;
}
