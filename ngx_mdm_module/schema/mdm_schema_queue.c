
/*
 * What the queue asks of the schema, besides a type's flags: how a command's
 * subject is written, what a profile in it does, which command takes stock.
 * Must never judge contents.
 */


#include "mdm_host.h"
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


mdm_rc_e
mdm_schema_inventory(const mdm_schema_t *schema, mdm_arena_t *arena,
    const mdm_schema_type_t **type, mdm_node_t **members)
{
    bool             good;
    size_t           n;
    mdm_host_call_t  host;

    for (n = 0; (*type = mdm_schema_nth(schema, n)) != NULL; n++) {
        if ((*type)->flags & MDM_INVENTORY) {
            break;
        }
    }

    *members = mdm_node_new(arena, MDM_DICTIONARY);

    if (*members == NULL) {
        return MDM_NO_MEMORY;
    }

    if (*type == NULL || (*type)->type->build == NULL) {
        return MDM_OK;
    }

    mdm_host_enter(&host, arena, (*type)->plugin->state);

    good = (*type)->type->build(&host.call, *members);

    mdm_host_leave(&host);

    return good ? MDM_OK : MDM_MALFORMED;
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
