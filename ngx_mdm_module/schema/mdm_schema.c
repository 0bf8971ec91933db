
/*
 * The registry of types: who has them, and who finds them.  Must never know
 * one of them by name.
 */


#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mdm_schema_internal.h"


static const mdm_type_t  mdm_schema_no_type;

static const mdm_schema_type_t  mdm_schema_default = {
    .kind = MDM_COMMAND,
    .name = "",
    .title = "",
    .expires = MDM_DAYS(90),
    .type = &mdm_schema_no_type
};


mdm_schema_t *
mdm_schema_create(void)
{
    mdm_schema_t  *schema;

    schema = calloc(1, sizeof(mdm_schema_t));

    if (schema && mdm_schema_common(schema) != MDM_OK) {
        mdm_schema_destroy(schema);
        return NULL;
    }

    return schema;
}


void
mdm_schema_destroy(mdm_schema_t *schema)
{
    mdm_schema_unit_t  *unit, *next;

    if (schema == NULL) {
        return;
    }

    for (unit = schema->first; unit; unit = next) {
        next = unit->next;
        mdm_schema_unit_free(unit);
    }

    if (schema->own) {
        mdm_schema_unit_free(schema->own);
    }

    free(schema->types);
    free(schema);
}


const mdm_schema_type_t *
mdm_schema_find(const mdm_schema_t *schema, uint32_t kind, mdm_str_t name)
{
    int                       rc;
    size_t                    low, high, middle, len;
    const mdm_schema_type_t  *type;

    if (schema == NULL || !mdm_str_is_set(name)) {
        return NULL;
    }

    low = 0;
    high = schema->n;

    /* the first that is not below it */

    while (low < high) {
        middle = low + (high - low) / 2;
        type = schema->types[middle];

        rc = (type->kind > kind) - (type->kind < kind);

        if (rc == 0) {
            len = strlen(type->name);
            rc = memcmp(type->name, name.data,
                        name.len < len ? name.len : len);

            if (rc == 0) {
                rc = (len > name.len) - (len < name.len);
            }
        }

        if (rc < 0) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    if (low == schema->n) {
        return NULL;
    }

    type = schema->types[low];

    return type->kind == kind && mdm_str_eq_c(name, type->name) ? type : NULL;
}


const char *
mdm_schema_alike(const mdm_schema_t *schema, uint32_t kind, mdm_str_t name)
{
    size_t                    i;
    const mdm_schema_type_t  *type;

    for (i = 0; schema && i < schema->n; i++) {
        type = schema->types[i];

        if (type->kind == kind && strlen(type->name) == name.len
            && strncasecmp(type->name, (const char *) name.data, name.len) == 0)
        {
            return type->name;
        }
    }

    return NULL;
}


const mdm_schema_type_t *
mdm_schema_command(const mdm_schema_t *schema, mdm_str_t request_type)
{
    const mdm_schema_type_t  *type;

    type = mdm_schema_find(schema, MDM_COMMAND, request_type);

    return type ? type : &mdm_schema_default;
}


const mdm_schema_type_t *
mdm_schema_nth(const mdm_schema_t *schema, size_t n)
{
    return schema && n < schema->n ? schema->types[n] : NULL;
}


const mdm_schema_plugin_t *
mdm_schema_plugin(const mdm_schema_t *schema, size_t n)
{
    const mdm_schema_unit_t  *unit;

    for (unit = schema ? schema->first : NULL; unit && n; unit = unit->next) {
        n--;
    }

    return unit ? &unit->plugin : NULL;
}
