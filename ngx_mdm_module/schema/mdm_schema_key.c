
/*
 * One row of a table of keys: what it says must make sense, so that checking
 * by it needs no doubt.  Must never look at the rows beside or below.
 */


#include <stdlib.h>
#include <string.h>

#include "mdm_schema_internal.h"


#define MDM_SCHEMA_KEY_FLAGS  (MDM_NEEDED | MDM_SECRET | MDM_LITERAL           \
                               | MDM_TELLS)


static mdm_rc_e mdm_schema_key_name(mdm_schema_compile_t *compile,
    const char *path, const mdm_schema_key_t *key);
static mdm_rc_e mdm_schema_key_range(mdm_schema_compile_t *compile,
    const char *path, mdm_schema_key_t *key);
static mdm_rc_e mdm_schema_key_bound(mdm_schema_compile_t *compile,
    const char *path, uint32_t type, const char *text,
    mdm_schema_bound_t *bound);
static mdm_rc_e mdm_schema_key_count(mdm_schema_compile_t *compile,
    const char *path, const mdm_schema_key_t *key);
static mdm_rc_e mdm_schema_key_one_of(mdm_schema_compile_t *compile,
    const char *path, const mdm_schema_key_t *key);
static mdm_rc_e mdm_schema_key_pattern(mdm_schema_compile_t *compile,
    const char *path, mdm_schema_key_t *key);
static mdm_rc_e mdm_schema_key_combine(mdm_schema_compile_t *compile,
    const char *path, const mdm_schema_key_t *key);
static mdm_rc_e mdm_schema_key_keep(mdm_schema_compile_t *compile,
    const char *path, const mdm_schema_key_t *key);
static mdm_rc_e mdm_schema_key_preset(mdm_schema_compile_t *compile,
    const char *path, const mdm_schema_key_t *key);
static bool mdm_schema_key_holds(const mdm_schema_key_t *key,
    const char *text);


mdm_rc_e
mdm_schema_key_compile(mdm_schema_compile_t *compile, const mdm_key_t *source,
    const char *path, mdm_schema_key_t *key)
{
    mdm_rc_e  rc;

    key->key = source;
    key->name = source->name ? source->name : "";
    key->type = source->type;
    key->flags = source->flags;
    key->slot = MDM_SCHEMA_NO_SLOT;

    rc = mdm_schema_key_name(compile, path, key);

    if (rc == MDM_OK) {
        rc = mdm_schema_key_range(compile, path, key);
    }

    if (rc == MDM_OK) {
        rc = mdm_schema_key_count(compile, path, key);
    }

    if (rc == MDM_OK) {
        rc = mdm_schema_key_one_of(compile, path, key);
    }

    if (rc == MDM_OK) {
        rc = mdm_schema_key_pattern(compile, path, key);
    }

    if (rc == MDM_OK) {
        rc = mdm_schema_key_combine(compile, path, key);
    }

    if (rc == MDM_OK) {
        rc = mdm_schema_key_keep(compile, path, key);
    }

    if (rc == MDM_OK) {
        rc = mdm_schema_key_preset(compile, path, key);
    }

    return rc;
}


static mdm_rc_e
mdm_schema_key_name(mdm_schema_compile_t *compile, const char *path,
    const mdm_schema_key_t *key)
{
    mdm_str_t  name;

    name = mdm_schema_c(key->name);

    if (name.len > 255 || mdm_str_has_control(name)
        || !mdm_utf8_valid(name.data, name.len))
    {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: the name of a key is longer than 255 bytes, "
                         "or no text", path);
    }

    if (key->type > MDM_PROFILE) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: there is no type %u", path,
                         (unsigned) key->type);
    }

    if (key->flags & ~(uint32_t) MDM_SCHEMA_KEY_FLAGS) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: there are no flags 0x%x for keys", path,
                         (unsigned) key->flags
                         & ~(unsigned) MDM_SCHEMA_KEY_FLAGS);
    }

    if (key->key->keys && key->type != MDM_ARRAY
        && key->type != MDM_DICTIONARY)
    {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: keys are for arrays and dictionaries, this "
                         "is %s", path, mdm_schema_type_name(key->type));
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_key_range(mdm_schema_compile_t *compile, const char *path,
    mdm_schema_key_t *key)
{
    mdm_rc_e          rc;
    const mdm_key_t  *k;

    k = key->key;

    if ((k->min || k->max) && key->type != MDM_INTEGER
        && key->type != MDM_REAL)
    {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: min and max are for numbers, this is %s",
                         path, mdm_schema_type_name(key->type));
    }

    rc = mdm_schema_key_bound(compile, path, key->type, k->min, &key->min);

    if (rc == MDM_OK) {
        rc = mdm_schema_key_bound(compile, path, key->type, k->max,
                                  &key->max);
    }

    if (rc != MDM_OK) {
        return rc;
    }

    if (key->min.set && key->max.set && key->min.real > key->max.real) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: min %.24s is above max %.24s", path, k->min,
                         k->max);
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_key_bound(mdm_schema_compile_t *compile, const char *path,
    uint32_t type, const char *text, mdm_schema_bound_t *bound)
{
    if (text == NULL) {
        return MDM_OK;
    }

    bound->set = true;

    if (!mdm_schema_read_real(text, &bound->real)
        || (type == MDM_INTEGER
            && !mdm_schema_read_integer(text, &bound->integer)))
    {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: \"%.32s\" is not %s", path, text,
                         mdm_schema_type_name(type));
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_key_count(mdm_schema_compile_t *compile, const char *path,
    const mdm_schema_key_t *key)
{
    const mdm_key_t  *k;

    k = key->key;

    if ((k->least || k->most) && key->type != MDM_ARRAY) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: least and most are for arrays, this is %s",
                         path, mdm_schema_type_name(key->type));
    }

    if (k->most && k->least > k->most) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: least %u is above most %u", path, k->least,
                         k->most);
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_key_one_of(mdm_schema_compile_t *compile, const char *path,
    const mdm_schema_key_t *key)
{
    size_t              i;
    double              real;
    int64_t             integer;
    const char *const  *one_of;

    one_of = key->key->one_of;

    if (one_of == NULL) {
        return MDM_OK;
    }

    if (key->type != MDM_STRING && key->type != MDM_INTEGER
        && key->type != MDM_REAL)
    {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: one_of is for strings and numbers, this is "
                         "%s", path, mdm_schema_type_name(key->type));
    }

    if (one_of[0] == NULL) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: one_of is empty", path);
    }

    for (i = 0; one_of[i]; i++) {

        if (i == MDM_SCHEMA_MAX_KEYS) {
            return mdm_fault(compile->fault, MDM_MALFORMED,
                             "%.96s: one_of has more than %u values", path,
                             MDM_SCHEMA_MAX_KEYS);
        }

        if (!mdm_node_is_text(mdm_schema_c(one_of[i]))) {
            return mdm_fault(compile->fault, MDM_MALFORMED,
                             "%.96s: value %zu of one_of is no text", path,
                             i + 1);
        }

        if ((key->type == MDM_INTEGER
             && !mdm_schema_read_integer(one_of[i], &integer))
            || (key->type == MDM_REAL
                && !mdm_schema_read_real(one_of[i], &real)))
        {
            return mdm_fault(compile->fault, MDM_MALFORMED,
                             "%.96s: one_of has \"%.32s\", which is not %s",
                             path, one_of[i], mdm_schema_type_name(key->type));
        }
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_key_pattern(mdm_schema_compile_t *compile, const char *path,
    mdm_schema_key_t *key)
{
    int                  rc;
    char                 why[80];
    mdm_schema_regex_t  *regex;

    if (key->key->pattern == NULL) {
        return MDM_OK;
    }

    if (key->type != MDM_STRING) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: a pattern is for strings, this is %s", path,
                         mdm_schema_type_name(key->type));
    }

    if (!mdm_node_is_text(mdm_schema_c(key->key->pattern))) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: its pattern is no text", path);
    }

    regex = mdm_arena_alloc(&compile->unit->arena, sizeof(mdm_schema_regex_t));
    if (regex == NULL) {
        return MDM_NO_MEMORY;
    }

    rc = regcomp(&regex->regex, key->key->pattern, REG_EXTENDED | REG_NOSUB);

    if (rc == REG_ESPACE) {
        return MDM_NO_MEMORY;
    }

    if (rc != 0) {
        regerror(rc, NULL, why, sizeof(why));
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: its pattern cannot be used: %s", path, why);
    }

    regex->next = compile->unit->regexes;
    compile->unit->regexes = regex;
    key->pattern = &regex->regex;

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_key_combine(mdm_schema_compile_t *compile, const char *path,
    const mdm_schema_key_t *key)
{
    bool         fits;
    const char  *wanted;

    switch (key->key->combine) {

    case MDM_COMBINE_UNSAID:
    case MDM_COMBINE_FIRST:
        return MDM_OK;

    case MDM_COMBINE_OR:
    case MDM_COMBINE_AND:
        wanted = "a boolean";
        fits = key->type == MDM_BOOLEAN;
        break;

    case MDM_COMBINE_MIN:
    case MDM_COMBINE_MAX:
        wanted = "a number";
        fits = key->type == MDM_INTEGER || key->type == MDM_REAL;
        break;

    case MDM_COMBINE_ENUM_FIRST:
    case MDM_COMBINE_ENUM_LAST:
        wanted = "a value with one_of";
        fits = key->key->one_of != NULL;
        break;

    case MDM_COMBINE_APPEND:
    case MDM_COMBINE_UNION:
    case MDM_COMBINE_INTERSECTION:
        wanted = "an array";
        fits = key->type == MDM_ARRAY;
        break;

    default:
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: there is no way %u to combine", path,
                         (unsigned) key->key->combine);
    }

    if (!fits) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: its way to combine is for %s, this is %s",
                         path, wanted, mdm_schema_type_name(key->type));
    }

    return MDM_OK;
}


/* What answers keep, and what commands take from escrow at their delivery,
 * which is data and stands beside RequestType. */

static mdm_rc_e
mdm_schema_key_keep(mdm_schema_compile_t *compile, const char *path,
    const mdm_schema_key_t *key)
{
    const mdm_key_t  *k;

    k = key->key;

    if (k->attribute && !compile->answer) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: attributes are kept of answers only", path);
    }

    if (k->attribute && !mdm_schema_name_valid(mdm_schema_c(k->attribute))) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: \"%.32s\" is no name for an attribute: "
                         "letters, digits and ._- after a letter", path,
                         k->attribute);
    }

    if (k->attribute
        && (key->type == MDM_ARRAY || key->type == MDM_DICTIONARY
            || key->type == MDM_DATA || key->type == MDM_PROFILE))
    {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: %s cannot be an attribute", path,
                         mdm_schema_type_name(key->type));
    }

    if (k->escrow && !mdm_schema_name_valid(mdm_schema_c(k->escrow))) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: \"%.32s\" is no name for a kind of secret: "
                         "letters, digits and ._- after a letter", path,
                         k->escrow);
    }

    if (k->escrow && key->type != MDM_DATA
        && !(compile->answer && key->type == MDM_STRING))
    {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: escrow is for data%s, this is %s", path,
                         compile->answer ? " and strings" : "",
                         mdm_schema_type_name(key->type));
    }

    if (k->escrow && !compile->answer && compile->kind != MDM_COMMAND) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: escrow is for commands and their answers",
                         path);
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_key_preset(mdm_schema_compile_t *compile, const char *path,
    const mdm_schema_key_t *key)
{
    const char  *preset;

    preset = key->key->preset;

    if (preset && !mdm_node_is_text(mdm_schema_c(preset))) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: its preset is no text", path);
    }

    if (preset && !mdm_schema_key_holds(key, preset)) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: its preset \"%.32s\" is not what it may be",
                         path, preset);
    }

    return MDM_OK;
}


static bool
mdm_schema_key_holds(const mdm_schema_key_t *key, const char *text)
{
    size_t              i;
    double              real;
    int64_t             integer;
    const char *const  *one_of;

    real = 0;

    switch (key->type) {

    case MDM_BOOLEAN:
        return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;

    case MDM_INTEGER:
        if (!mdm_schema_read_integer(text, &integer)) {
            return false;
        }

        real = (double) integer;
        break;

    case MDM_REAL:
        if (!mdm_schema_read_real(text, &real)) {
            return false;
        }

        break;

    case MDM_STRING:
        if (key->pattern
            && regexec(key->pattern, text, 0, NULL, 0) == REG_NOMATCH)
        {
            return false;
        }

        break;

    case MDM_DATA:
    case MDM_DATE:
    case MDM_ANY:
        return true;

    default:
        return false;
    }

    if ((key->min.set && real < key->min.real)
        || (key->max.set && real > key->max.real))
    {
        return false;
    }

    one_of = key->key->one_of;

    for (i = 0; one_of && one_of[i]; i++) {
        if (strcmp(one_of[i], text) == 0) {
            return true;
        }
    }

    return one_of == NULL;
}
