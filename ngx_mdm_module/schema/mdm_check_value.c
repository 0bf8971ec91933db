
/*
 * Values that have no parts: type, list, range, pattern.  Must never spend more
 * on a text than its length, whatever a pattern asks.
 */


#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mdm_check.h"


static bool mdm_value_turn(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node);
static bool mdm_value_number(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, const mdm_place_t *place);
static void mdm_value_type(mdm_walk_t *walk, const mdm_schema_key_t *key,
    const mdm_node_t *node, const mdm_place_t *place);
static void mdm_value_range(mdm_walk_t *walk, const mdm_schema_key_t *key,
    const mdm_node_t *node, const mdm_place_t *place);
static bool mdm_value_below(const mdm_node_t *node,
    const mdm_schema_bound_t *a);
static bool mdm_value_above(const mdm_node_t *node,
    const mdm_schema_bound_t *a);
static void mdm_value_pattern(mdm_walk_t *walk, const mdm_schema_key_t *key,
    const mdm_node_t *node, const mdm_place_t *place);


void
mdm_walk_scalar(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, const mdm_place_t *place)
{
    char  list[320];

    if (!mdm_value_turn(walk, key, node)
        && !mdm_value_number(walk, key, node, place))
    {
        mdm_value_type(walk, key, node, place);
        return;
    }

    /* what a text with values in it becomes is not known */

    if (node->type == MDM_STRING
        && mdm_walk_text(walk, node, key->flags & MDM_LITERAL, place))
    {
        return;
    }

    if (key->key->one_of
        && !mdm_value_one_of(key->key->one_of, key->type, node))
    {
        mdm_value_list(key->key->one_of, list, sizeof(list));
        mdm_walk_say(walk, false, "one_of", place, key->secret ? NULL : node,
                     "must be %s%s",
                     key->key->one_of[1] ? "one of " : "", list);
        return;
    }

    if (key->min.set || key->max.set) {
        mdm_value_range(walk, key, node, place);
    }

    if (key->pattern) {
        mdm_value_pattern(walk, key, node, place);
    }
}


/* Does a value fit, or can it be turned?  Arrays and dictionaries, too. */

bool
mdm_value_is(const mdm_schema_key_t *key, const mdm_node_t *node, bool exact)
{
    switch (key->type) {

    case MDM_REAL:
        return node->type == MDM_REAL || node->type == MDM_INTEGER;

    case MDM_DATA:
    case MDM_DATE:
        return node->type == key->type
               || (node->type == MDM_STRING && !exact);

    case MDM_ANY:
        return true;

    case MDM_PROFILE:
        return node->type == MDM_DATA
               || (!exact && (node->type == MDM_STRING
                              || node->type == MDM_DICTIONARY));

    default:
        return node->type == key->type;
    }
}


/* JSON has neither data nor dates. */

static bool
mdm_value_turn(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node)
{
    int64_t    date;
    mdm_str_t  data;

    if (!mdm_value_is(key, node, walk->exact)) {
        return false;
    }

    if (node->type != MDM_STRING || key->type == MDM_STRING) {
        return true;
    }

    if (key->type == MDM_DATE) {

        if (!mdm_node_decode_date(node->u.text, &date)) {
            return false;
        }

        node->type = MDM_DATE;
        node->u.date = date;

        return true;
    }

    if (!mdm_node_decode_data(walk->check->arena, node->u.text, &data)) {
        return false;
    }

    if (!mdm_str_is_set(data)) {
        walk->rc = MDM_NO_MEMORY;
        return true;
    }

    node->type = MDM_DATA;
    node->u.text = data;

    return true;
}


/*
 * In property lists that people keep, numbers stand in each other's places: 0
 * and 1 for booleans, the other way round, and integers as reals.  To a device
 * all are numbers.  From here on it is what it should have been.
 */

static bool
mdm_value_number(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, const mdm_place_t *place)
{
    int64_t  n;

    if (!walk->exact || walk->check->strict
        || (key->type != MDM_BOOLEAN && key->type != MDM_INTEGER))
    {
        return false;
    }

    if (node->type == MDM_BOOLEAN) {
        n = node->u.boolean;

    } else if (node->type == MDM_INTEGER) {
        n = node->u.integer;

    } else if (node->type == MDM_REAL && fabs(node->u.real) < 1e15
               && node->u.real == trunc(node->u.real))
    {
        n = (int64_t) node->u.real;

    } else {
        return false;
    }

    if (key->type == MDM_BOOLEAN && n != 0 && n != 1) {
        return false;
    }

    mdm_walk_say(walk, true, "type", place, key->secret ? NULL : node,
                 "should be %s, not %s", mdm_schema_type_name(key->type),
                 mdm_schema_type_name(node->type));

    node->type = key->type;

    if (key->type == MDM_BOOLEAN) {
        node->u.boolean = n;

    } else {
        node->u.integer = n;
    }

    return true;
}


static void
mdm_value_type(mdm_walk_t *walk, const mdm_schema_key_t *key,
    const mdm_node_t *node, const mdm_place_t *place)
{
    const mdm_node_t  *found;

    found = key->secret ? NULL : node;

    if (node->type == MDM_STRING && !walk->exact
        && (key->type == MDM_DATA || key->type == MDM_DATE))
    {
        mdm_walk_say(walk, false, "type", place, found,
                     key->type == MDM_DATA
                         ? "must be data, in JSON as Base64"
                         : "must be a date, in JSON like "
                           "2026-05-04T08:15:00Z");
        return;
    }

    mdm_walk_say(walk, false, "type", place, found, "must be %s, not %s",
                 mdm_schema_type_name(key->type),
                 mdm_schema_type_name(node->type));
}


/* Numbers are compared as numbers. */

bool
mdm_value_one_of(const char *const *one_of, uint32_t type,
    const mdm_node_t *node)
{
    size_t   i;
    double   real;
    int64_t  integer;

    for (i = 0; one_of[i]; i++) {

        if (type == MDM_STRING) {
            if (mdm_str_eq_c(node->u.text, one_of[i])) {
                return true;
            }

        } else if (node->type == MDM_INTEGER
                   && mdm_schema_read_integer(one_of[i], &integer))
        {
            if (node->u.integer == integer) {
                return true;
            }

        } else if (mdm_schema_read_real(one_of[i], &real)
                   && real == (node->type == MDM_INTEGER
                               ? (double) node->u.integer : node->u.real))
        {
            return true;
        }
    }

    return false;
}


/* "WEP, WPA, WPA2"; a long list ends with how many there are. */

void
mdm_value_list(const char *const *one_of, char *text, size_t size)
{
    size_t  i, n, len, more;

    for (n = 0; one_of[n]; n++) { /* void */ }

    len = 0;
    text[0] = '\0';

    for (i = 0; i < n; i++) {
        more = strlen(one_of[i]);

        if (len + more + 32 > size) {
            snprintf(text + len, size - len, "%s… (%zu in all)",
                     i ? ", " : "", n);
            return;
        }

        len += snprintf(text + len, size - len, "%s%s", i ? ", " : "",
                        one_of[i]);
    }
}


static void
mdm_value_range(mdm_walk_t *walk, const mdm_schema_key_t *key,
    const mdm_node_t *node, const mdm_place_t *place)
{
    const mdm_node_t  *found;

    if (!mdm_value_below(node, &key->min)
        && !mdm_value_above(node, &key->max))
    {
        return;
    }

    found = key->secret ? NULL : node;

    if (key->min.set && key->max.set) {
        mdm_walk_say(walk, false, "range", place, found,
                     "must be from %.24s to %.24s", key->key->min,
                     key->key->max);

    } else if (key->min.set) {
        mdm_walk_say(walk, false, "range", place, found,
                     "must be %.24s or more", key->key->min);

    } else {
        mdm_walk_say(walk, false, "range", place, found,
                     "must be %.24s or less", key->key->max);
    }
}


/* What is no number is below any. */

static bool
mdm_value_below(const mdm_node_t *node, const mdm_schema_bound_t *a)
{
    if (!a->set) {
        return false;
    }

    return node->type == MDM_INTEGER && a->integer == a->real
               ? node->u.integer < a->integer
               : node->type == MDM_INTEGER
                     ? (double) node->u.integer < a->real
                     : !(node->u.real >= a->real);
}


static bool
mdm_value_above(const mdm_node_t *node, const mdm_schema_bound_t *a)
{
    if (!a->set) {
        return false;
    }

    return node->type == MDM_INTEGER && a->integer == a->real
               ? node->u.integer > a->integer
               : node->type == MDM_INTEGER
                     ? (double) node->u.integer > a->real
                     : !(node->u.real <= a->real);
}


/* The library wants a NUL behind it, and its time is the pattern's. */

static void
mdm_value_pattern(mdm_walk_t *walk, const mdm_schema_key_t *key,
    const mdm_node_t *node, const mdm_place_t *place)
{
    int                rc;
    char               text[MDM_SCHEMA_MAX_PATTERN + 1];
    const mdm_node_t  *found;

    found = key->secret ? NULL : node;

    if (node->u.text.len > MDM_SCHEMA_MAX_PATTERN) {
        mdm_walk_say(walk, false, "pattern", place, found,
                     "must match %.200s, and have %d bytes or less",
                     key->key->pattern, MDM_SCHEMA_MAX_PATTERN);
        return;
    }

    memcpy(text, node->u.text.data, node->u.text.len);
    text[node->u.text.len] = '\0';

    rc = strlen(text) == node->u.text.len
             ? regexec(key->pattern, text, 0, NULL, 0) : REG_NOMATCH;

    if (rc == REG_ESPACE) {
        walk->rc = MDM_NO_MEMORY;

    } else if (rc != 0) {
        mdm_walk_say(walk, false, "pattern", place, found,
                     "must match %.400s", key->key->pattern);
    }
}
