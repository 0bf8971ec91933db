
/*
 * Which of several variants of a payload type one is, told by its keys.
 */


#include <string.h>

#include "mdm_check.h"


static bool mdm_variant_told(const mdm_node_t *payload, const char *word);


/* One without told_by is what no other is. */

const mdm_schema_type_t *
mdm_payload_type(const mdm_schema_t *schema, const mdm_node_t *payload,
    bool *several)
{
    size_t                     i;
    const mdm_node_t          *name;
    const char *const         *told_by;
    const mdm_schema_type_t   *type, *other;

    *several = false;

    name = mdm_node_get(payload, "PayloadType");

    if (name == NULL || name->type != MDM_STRING) {
        return NULL;
    }

    type = mdm_schema_find(schema, MDM_PAYLOAD, name->u.text);
    other = NULL;

    for ( /* void */ ; type; type = type->next) {
        told_by = type->type->told_by;

        if (told_by == NULL) {
            other = other ? other : type;
            continue;
        }

        *several = true;

        for (i = 0; told_by[i]; i++) {
            if (mdm_variant_told(payload, told_by[i])) {
                return type;
            }
        }
    }

    return other;
}


/* "Key" or "Key=value", of a string, an integer or a boolean. */

static bool
mdm_variant_told(const mdm_node_t *payload, const char *word)
{
    int64_t            integer;
    mdm_str_t          name;
    const char        *sign;
    const mdm_node_t  *member;

    sign = strchr(word, '=');

    name.data = (const unsigned char *) word;
    name.len = sign ? (size_t) (sign - word) : strlen(word);

    member = mdm_node_get_str(payload, name);

    if (member == NULL || sign == NULL) {
        return member != NULL;
    }

    switch (member->type) {

    case MDM_STRING:
        return mdm_str_eq_c(member->u.text, sign + 1);

    case MDM_INTEGER:
        return mdm_schema_read_integer(sign + 1, &integer)
               && integer == member->u.integer;

    case MDM_BOOLEAN:
        return strcmp(sign + 1, member->u.boolean ? "true" : "false") == 0;

    default:
        return false;
    }
}
