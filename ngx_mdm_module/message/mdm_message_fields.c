
/*
 * From the keys of a dictionary to the fields of a message, and to the JSON
 * text of a device's attributes.  Must never know which message it reads.
 */


#include <math.h>

#include "mdm_json_text.h"
#include "mdm_message_fields.h"
#include "mdm_plist.h"


static mdm_rc_e mdm_message_string(mdm_arena_t *arena, plist_t dict,
    const mdm_message_field_t *field, mdm_message_t *message,
    mdm_fault_t *fault);
static bool mdm_message_attribute_fits(plist_t node);
static json_t *mdm_message_attribute(plist_t node);


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
    json_t   *object;
    plist_t   node;

    *attributes = mdm_null_str;

    object = json_object();
    if (object == NULL) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for attributes");
    }

    for ( /* void */ ; *keys; keys++) {
        node = plist_dict_get_item(dict, *keys);

        if (!mdm_message_attribute_fits(node)) {
            continue;
        }

        /* a value that could not be made is an error here */

        if (json_object_set_new(object, *keys, mdm_message_attribute(node))
            != 0)
        {
            json_decref(object);
            return mdm_fault(fault, MDM_NO_MEMORY, "no memory for attributes");
        }
    }

    if (json_object_size(object) == 0) {
        json_decref(object);
        return MDM_OK;
    }

    *attributes = mdm_json_text(arena, object);
    json_decref(object);

    if (!mdm_str_is_set(*attributes)) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for attributes");
    }

    return MDM_OK;
}


static bool
mdm_message_attribute_fits(plist_t node)
{
    double       real;
    uint64_t     len;
    const char  *text;

    if (node == NULL) {
        return false;
    }

    switch (plist_get_node_type(node)) {

    case PLIST_STRING:
        len = 0;
        text = plist_get_string_ptr(node, &len);

        return text != NULL && len <= MDM_ATTRIBUTE_MAX
               && mdm_utf8_valid((const unsigned char *) text, len);

    case PLIST_REAL:
        real = 0;
        plist_get_real_val(node, &real);

        return isfinite(real);

    case PLIST_BOOLEAN:
    case PLIST_UINT:
        return true;

    default:
        return false;
    }
}


/* Of a node that fits; NULL: no memory. */

static json_t *
mdm_message_attribute(plist_t node)
{
    double       real;
    uint8_t      flag;
    uint64_t     number;
    const char  *text;

    switch (plist_get_node_type(node)) {

    case PLIST_STRING:
        number = 0;
        text = plist_get_string_ptr(node, &number);
        return json_stringn_nocheck(text, number);

    case PLIST_BOOLEAN:
        flag = 0;
        plist_get_bool_val(node, &flag);
        return json_boolean(flag);

    case PLIST_UINT:
        number = 0;
        plist_get_uint_val(node, &number);
        return json_integer((json_int_t) number);

    default:
        real = 0;
        plist_get_real_val(node, &real);
        return json_real(real);
    }
}
