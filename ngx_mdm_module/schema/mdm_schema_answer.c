
/*
 * Which attributes devices will have, by the tables of answers: what a plugin's
 * result() sets besides is not known before it did.
 */


#include "mdm_schema_internal.h"


static bool mdm_schema_answers_key(const mdm_schema_key_t *key,
    mdm_str_t attribute);


bool
mdm_schema_answers(const mdm_schema_t *schema, mdm_str_t attribute)
{
    size_t                    i;
    const mdm_schema_type_t  *type;

    for (i = 0; (type = mdm_schema_nth(schema, i)) != NULL; i++) {
        if (type->answer != NULL
            && mdm_schema_answers_key(type->answer, attribute))
        {
            return true;
        }
    }

    return false;
}


/* Tables that contain themselves are none: they were compiled. */

static bool
mdm_schema_answers_key(const mdm_schema_key_t *key, mdm_str_t attribute)
{
    size_t  i;

    if (!key->keeps) {
        return false;
    }

    if (key->key != NULL && key->key->attribute != NULL
        && mdm_str_eq_c(attribute, key->key->attribute))
    {
        return true;
    }

    for (i = 0; i < key->nmembers; i++) {
        if (mdm_schema_answers_key(&key->members[i], attribute)) {
            return true;
        }
    }

    return false;
}
