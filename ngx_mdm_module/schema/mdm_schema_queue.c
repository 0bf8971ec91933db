
/*
 * What the queue asks of the schema, besides a type's flags: how a command's
 * subject is written, and what a profile in it does.  Must never judge
 * contents.
 */


#include "mdm_schema_internal.h"


uint32_t
mdm_schema_key_type(const mdm_schema_type_t *type, const char *name)
{
    const mdm_schema_key_t  *key;

    if (type->keys == NULL) {
        return MDM_END;
    }

    key = mdm_schema_member(type->keys, mdm_schema_c(name));

    return key ? key->type : MDM_END;
}


const char *
mdm_schema_profile_key(const mdm_schema_type_t *type)
{
    if (type->subject_keys != NULL && type->subject_keys[0] != NULL
        && mdm_schema_key_type(type, type->subject_keys[0]) == MDM_PROFILE)
    {
        return type->subject_keys[0];
    }

    return NULL;
}


const mdm_schema_type_t *
mdm_schema_carrier(const mdm_schema_t *schema)
{
    size_t                    n;
    const mdm_schema_type_t  *type;

    for (n = 0; (type = mdm_schema_nth(schema, n)) != NULL; n++) {
        if (type->kind == MDM_COMMAND && mdm_schema_profile_key(type)) {
            return type;
        }
    }

    return NULL;
}


bool
mdm_schema_manages(const mdm_schema_t *schema, mdm_str_t payload_type)
{
    const mdm_schema_type_t  *type;

    type = mdm_schema_find(schema, MDM_PAYLOAD, payload_type);

    while (type != NULL && !(type->flags & MDM_MANAGES)) {
        type = type->next;
    }

    return type != NULL;
}
