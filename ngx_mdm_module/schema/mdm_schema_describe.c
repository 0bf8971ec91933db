
/*
 * Types as JSON, with every fact that their tables have, for the API, the
 * documents and forms.  Keys stand in the order of the tables; what is unsaid
 * is left out.
 */


#include <string.h>

#include "mdm_schema_internal.h"


static bool mdm_describe_around(json_t *object, const char *name,
    const mdm_schema_type_t *type);
static json_t *mdm_describe_short(const mdm_schema_type_t *type);
static json_t *mdm_describe_all(const mdm_schema_t *schema);
static bool mdm_describe_type(json_t *object, const mdm_schema_type_t *type);
static bool mdm_describe_functions(json_t *object, const mdm_type_t *type);
static json_t *mdm_describe_keys(const mdm_schema_key_t *table);
static json_t *mdm_describe_key(const mdm_schema_key_t *key);
static bool mdm_describe_rules(json_t *object, const mdm_schema_key_t *key);
static json_t *mdm_describe_systems(const mdm_schema_systems_t *systems);
static json_t *mdm_describe_on(const mdm_on_t *on, const mdm_on_t *around);
static bool mdm_describe_answer(json_t *object, const char *name, uint8_t a,
    uint8_t around);
static bool mdm_describe_mode(json_t *object, const char *name, uint8_t mode,
    uint8_t around);
static json_t *mdm_describe_texts(const char *const *texts);
static bool mdm_put(json_t *object, const char *name, json_t *value);
static bool mdm_put_text(json_t *object, const char *name, const char *text);
static bool mdm_put_flag(json_t *object, const char *name, bool set);
static bool mdm_put_number(json_t *object, const char *name, uint32_t n);


static const mdm_on_t  mdm_describe_nothing;


json_t *
mdm_schema_describe(const mdm_schema_t *schema, const mdm_schema_type_t *type)
{
    json_t  *object;

    if (type == NULL) {
        return mdm_describe_all(schema);
    }

    object = mdm_describe_short(type);

    if (object && !mdm_describe_type(object, type)) {
        json_decref(object);
        return NULL;
    }

    return object;
}


json_t *
mdm_schema_describe_common(const mdm_schema_t *schema)
{
    json_t  *object;

    object = json_object();

    if (object
        && mdm_describe_around(object, "profile", schema->profile)
        && mdm_describe_around(object, "payload", schema->payload))
    {
        return object;
    }

    json_decref(object);

    return NULL;
}


/* These are no types: nobody asks for them by a name. */

static bool
mdm_describe_around(json_t *object, const char *name,
    const mdm_schema_type_t *type)
{
    json_t  *common;

    common = json_object();

    return mdm_put(object, name, common)
           && mdm_put(common, "systems",
                      mdm_describe_systems(mdm_schema_entry(type)->on))
           && mdm_put(common, "keys", mdm_describe_keys(type->keys));
}


static json_t *
mdm_describe_all(const mdm_schema_t *schema)
{
    size_t   i;
    json_t  *array;

    array = json_array();

    for (i = 0; array && i < schema->n; i++) {

        if (json_array_append_new(array, mdm_describe_short(schema->types[i]))
            != 0)
        {
            json_decref(array);
            return NULL;
        }
    }

    return array;
}


static json_t *
mdm_describe_short(const mdm_schema_type_t *type)
{
    json_t  *object;

    object = json_object();

    if (object
        && mdm_put_text(object, "kind", type->kind == MDM_COMMAND ? "command"
                                                                  : "payload")
        && mdm_put_text(object, "name", type->name)
        && mdm_put_text(object, "variant", type->variant)
        && mdm_put_text(object, "title", type->title)
        && mdm_put_text(object, "plugin", type->plugin
                                          ? type->plugin->plugin->name : NULL)
        && mdm_put_text(object, "version",
                        type->plugin ? type->plugin->plugin->version : NULL)
        && mdm_put_text(object, "file", type->plugin ? type->plugin->file
                                                     : NULL))
    {
        return object;
    }

    json_decref(object);

    return NULL;
}


static bool
mdm_describe_type(json_t *object, const mdm_schema_type_t *type)
{
    if (!mdm_put_flag(object, "exclusive", type->flags & MDM_EXCLUSIVE)
        || !mdm_put_flag(object, "manages", type->flags & MDM_MANAGES)
        || !mdm_put_flag(object, "once", type->flags & MDM_ONCE)
        || !mdm_put_flag(object, "urgent", type->flags & MDM_URGENT)
        || !mdm_put_flag(object, "destructive",
                         type->flags & MDM_DESTRUCTIVE)
        || !mdm_put_flag(object, "supersedes", type->flags & MDM_SUPERSEDES)
        || !mdm_put_flag(object, "inventory", type->flags & MDM_INVENTORY)
        || !mdm_put_text(object, "subject", type->subject)
        || !mdm_put_number(object, "expires", type->expires))
    {
        return false;
    }

    if (type->subject_keys
        && !mdm_put(object, "subject_keys",
                    mdm_describe_texts(type->subject_keys)))
    {
        return false;
    }

    if (type->type->part_keys
        && !mdm_put(object, "part_keys",
                    mdm_describe_texts(type->type->part_keys)))
    {
        return false;
    }

    if (type->type->told_by
        && !mdm_put(object, "told_by",
                    mdm_describe_texts(type->type->told_by)))
    {
        return false;
    }

    if (type->plugin
        && !mdm_put(object, "systems",
                    mdm_describe_systems(mdm_schema_entry(type)->on)))
    {
        return false;
    }

    if (!mdm_describe_functions(object, type->type)) {
        return false;
    }

    if (type->keys
        && !mdm_put(object, "keys", mdm_describe_keys(type->keys)))
    {
        return false;
    }

    return type->answer == NULL
           || mdm_put(object, "answer", mdm_describe_keys(type->answer));
}


/* What a plugin does beyond its tables. */

static bool
mdm_describe_functions(json_t *object, const mdm_type_t *type)
{
    json_t  *array;

    if (!type->validate && !type->build && !type->result && !type->merge) {
        return true;
    }

    array = json_array();

    if (array == NULL
        || (type->validate
            && json_array_append_new(array, json_string("validate")) != 0)
        || (type->build
            && json_array_append_new(array, json_string("build")) != 0)
        || (type->result
            && json_array_append_new(array, json_string("result")) != 0)
        || (type->merge
            && json_array_append_new(array, json_string("merge")) != 0))
    {
        json_decref(array);
        return false;
    }

    return mdm_put(object, "functions", array);
}


static json_t *
mdm_describe_keys(const mdm_schema_key_t *table)
{
    size_t   i;
    json_t  *array;

    array = json_array();

    for (i = 0; array && i < table->nmembers; i++) {

        if (json_array_append_new(array, mdm_describe_key(&table->members[i]))
            != 0)
        {
            json_decref(array);
            return NULL;
        }
    }

    return array;
}


static json_t *
mdm_describe_key(const mdm_schema_key_t *key)
{
    json_t  *object;

    static const char *const  types[] = {
        "", "boolean", "integer", "real", "string", "data", "date", "array",
        "dictionary", "any", "profile"
    };

    object = json_object();

    if (object == NULL
        || (key->name[0] && !mdm_put_text(object, "key", key->name))
        || !mdm_put_text(object, "type", types[key->type])
        || !mdm_describe_rules(object, key)
        || (key->on->around && key->key->on
            && !mdm_put(object, "systems", mdm_describe_systems(key->on)))
        || (key->members
            && !mdm_put(object, key->type == MDM_ARRAY ? "items" : "keys",
                        mdm_describe_keys(key))))
    {
        json_decref(object);
        return NULL;
    }

    return object;
}


static bool
mdm_describe_rules(json_t *object, const mdm_schema_key_t *key)
{
    const mdm_key_t  *k;

    static const char *const  ways[] = {
        NULL, "or", "and", "min", "max", "enum_first", "enum_last", "first",
        "append", "union", "intersection"
    };

    k = key->key;

    return mdm_put_flag(object, "required", key->flags & MDM_NEEDED)
           && mdm_put_flag(object, "secret", key->secret)
           && mdm_put_flag(object, "literal", key->flags & MDM_LITERAL)
           && mdm_put_flag(object, "tells", key->flags & MDM_TELLS)
           && (k->one_of == NULL
               || mdm_put(object, "one_of", mdm_describe_texts(k->one_of)))
           && mdm_put_text(object, "pattern", k->pattern)
           && mdm_put_text(object, "min", k->min)
           && mdm_put_text(object, "max", k->max)
           && mdm_put_number(object, "least", k->least)
           && mdm_put_number(object, "most", k->most)
           && mdm_put_text(object, "default", k->preset)
           && mdm_put_text(object, "combine", ways[k->combine])
           && mdm_put_text(object, "attribute", k->attribute)
           && mdm_put_text(object, "list", k->list)
           && mdm_put_text(object, "escrow", k->escrow);
}


/* Only what a key says otherwise than what is around it. */

static json_t *
mdm_describe_systems(const mdm_schema_systems_t *systems)
{
    json_t                  *object, *row;
    unsigned                 i;
    const mdm_schema_on_t   *around;

    object = json_object();

    for (i = MDM_IOS; object && i < MDM_SCHEMA_PLATFORMS; i++) {
        around = systems->around ? &systems->around->on[i] : NULL;

        if (around == NULL && systems->on[i].introduced == MDM_SCHEMA_NEVER) {
            continue;
        }

        row = mdm_describe_on(&systems->on[i].on,
                              around ? &around->on : &mdm_describe_nothing);

        if (row && json_object_size(row) == 0) {
            json_decref(row);
            continue;
        }

        if (!mdm_put(object, mdm_schema_platform_name(i), row)) {
            json_decref(object);
            return NULL;
        }
    }

    return object;
}


static json_t *
mdm_describe_on(const mdm_on_t *on, const mdm_on_t *around)
{
    json_t  *row;

    row = json_object();

    if (row
        && mdm_put_text(row, "introduced", on->introduced == around->introduced
                                           ? NULL : on->introduced)
        && mdm_put_text(row, "deprecated", on->deprecated == around->deprecated
                                           ? NULL : on->deprecated)
        && mdm_put_text(row, "removed", on->removed == around->removed
                                        ? NULL : on->removed)
        && mdm_put_number(row, "access_rights",
                          on->access_rights & ~around->access_rights)
        && mdm_describe_answer(row, "supervised", on->supervised,
                               around->supervised)
        && mdm_describe_answer(row, "device_channel", on->device_channel,
                               around->device_channel)
        && mdm_describe_answer(row, "user_channel", on->user_channel,
                               around->user_channel)
        && mdm_describe_answer(row, "automated", on->automated,
                               around->automated)
        && mdm_describe_answer(row, "user_approved", on->user_approved,
                               around->user_approved)
        && mdm_describe_answer(row, "by_hand", on->by_hand, around->by_hand)
        && mdm_describe_answer(row, "many", on->many, around->many)
        && mdm_describe_mode(row, "user_enrollment", on->user_enrollment,
                             around->user_enrollment)
        && mdm_describe_mode(row, "shared_ipad", on->shared_ipad,
                             around->shared_ipad)
        && mdm_describe_answer(row, "shared_device_channel",
                               on->shared_device_channel,
                               around->shared_device_channel)
        && mdm_describe_answer(row, "shared_user_channel",
                               on->shared_user_channel,
                               around->shared_user_channel))
    {
        return row;
    }

    json_decref(row);

    return NULL;
}


static bool
mdm_describe_answer(json_t *object, const char *name, uint8_t a,
    uint8_t around)
{
    return a == MDM_UNSAID || a == around
           || mdm_put(object, name, json_boolean(a == MDM_YES));
}


static bool
mdm_describe_mode(json_t *object, const char *name, uint8_t mode,
    uint8_t around)
{
    static const char *const  modes[] = {
        NULL, "allowed", "required", "forbidden", "ignored"
    };

    return mode == around || mdm_put_text(object, name, modes[mode]);
}


static json_t *
mdm_describe_texts(const char *const *texts)
{
    size_t   i;
    json_t  *array;

    array = json_array();

    for (i = 0; array && texts[i]; i++) {

        if (json_array_append_new(array, json_string(texts[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }

    return array;
}


/* A NULL value: no memory. */

static bool
mdm_put(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}


static bool
mdm_put_text(json_t *object, const char *name, const char *text)
{
    return text == NULL || mdm_put(object, name, json_string(text));
}


static bool
mdm_put_flag(json_t *object, const char *name, bool set)
{
    return !set || mdm_put(object, name, json_true());
}


static bool
mdm_put_number(json_t *object, const char *name, uint32_t n)
{
    return n == 0 || mdm_put(object, name, json_integer(n));
}
