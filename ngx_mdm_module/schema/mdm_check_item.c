
/*
 * Which kind of an array's items one is: by its type, a dictionary by the keys
 * that have one allowed value, and a scalar by its list.
 */


#include <stdio.h>
#include <string.h>

#include "mdm_check.h"


static bool mdm_kind_fits(const mdm_schema_key_t *kind,
    const mdm_node_t *item);
static void mdm_kind_types(mdm_walk_t *walk, const mdm_schema_key_t *array,
    const mdm_node_t *item, const mdm_place_t *place);
static void mdm_kind_none(mdm_walk_t *walk, const mdm_schema_key_t *array,
    const mdm_node_t *item, const mdm_place_t *place);
static const char *mdm_kind_teller(const mdm_walk_t *walk,
    const mdm_schema_key_t *array, const mdm_node_t *item);
static const char *mdm_kind_value(const mdm_schema_key_t *kind,
    const char *teller);
static void mdm_kind_add(char *text, size_t size, const char *word);


const mdm_schema_key_t *
mdm_walk_kind(mdm_walk_t *walk, const mdm_schema_key_t *array,
    mdm_node_t *item, const mdm_place_t *place)
{
    size_t                   n;
    const mdm_schema_key_t  *kind;

    kind = mdm_kind_find(array, item, walk->exact, &n);

    if (kind) {
        return kind;
    }

    if (n == 0) {
        mdm_kind_types(walk, array, item, place);

    } else {
        mdm_kind_none(walk, array, item, place);
    }

    return NULL;
}


/* The only one of its type is meant, fitting or not: its rules say what is
 * wrong.  NULL: none, and how many there are of its type. */

const mdm_schema_key_t *
mdm_kind_find(const mdm_schema_key_t *array, const mdm_node_t *item,
    bool exact, size_t *n)
{
    size_t                   i;
    const mdm_schema_key_t  *kind, *turned, *of_type;

    *n = 0;

    if (array->nmembers == 1) {
        return &array->members[0];
    }

    turned = NULL;
    of_type = NULL;

    for (i = 0; i < array->nmembers; i++) {
        kind = &array->members[i];

        if (!mdm_value_is(kind, item, exact)) {
            continue;
        }

        if (kind->type != item->type) {
            turned = turned ? turned : kind;
            continue;
        }

        if (mdm_kind_fits(kind, item)) {
            return kind;
        }

        of_type = kind;
        ++*n;
    }

    return turned ? turned : *n == 1 ? of_type : NULL;
}


static bool
mdm_kind_fits(const mdm_schema_key_t *kind, const mdm_node_t *item)
{
    size_t                   i;
    const mdm_node_t        *member;
    const mdm_schema_key_t  *teller;

    if (kind->key->one_of) {
        return mdm_value_one_of(kind->key->one_of, kind->type, item);
    }

    for (i = 0; i < kind->ntellers; i++) {
        teller = kind->tellers[i];

        member = mdm_node_get(item, teller->name);

        if (member == NULL) {

            if (teller->flags & MDM_NEEDED) {
                return false;
            }

            continue;
        }

        if (member->type != teller->type
            || !mdm_value_one_of(teller->key->one_of, teller->type, member))
        {
            return false;
        }
    }

    return true;
}


static void
mdm_kind_types(mdm_walk_t *walk, const mdm_schema_key_t *array,
    const mdm_node_t *item, const mdm_place_t *place)
{
    char         text[256];
    size_t       i, k;
    const char  *name;

    text[0] = '\0';

    for (i = 0; i < array->nmembers; i++) {

        for (k = 0; k < i; k++) {
            if (array->members[k].type == array->members[i].type) {
                break;
            }
        }

        if (k == i) {
            name = mdm_schema_type_name(array->members[i].type);
            mdm_kind_add(text, sizeof(text), name);
        }
    }

    mdm_walk_say(walk, false, "type", place, array->secret ? NULL : item,
                 strchr(text, ',') ? "must be one of: %s" : "must be %s", text);
}


/* Of the right type, yet none of those: their values, or their names. */

static void
mdm_kind_none(mdm_walk_t *walk, const mdm_schema_key_t *array,
    const mdm_node_t *item, const mdm_place_t *place)
{
    char               text[400];
    size_t             i;
    mdm_place_t        at;
    const char        *teller, *word;
    const mdm_node_t  *member;

    text[0] = '\0';

    teller = item->type == MDM_DICTIONARY
                 ? mdm_kind_teller(walk, array, item) : NULL;

    for (i = 0; i < array->nmembers; i++) {

        if (!mdm_value_is(&array->members[i], item, walk->exact)) {
            continue;
        }

        word = teller ? mdm_kind_value(&array->members[i], teller)
                      : array->members[i].key->one_of
                            ? array->members[i].key->one_of[0]
                            : array->members[i].name;

        mdm_kind_add(text, sizeof(text), word);
    }

    if (teller == NULL) {
        mdm_walk_say(walk, false, "one_of", place,
                     array->secret ? NULL : item, "must be one of: %s", text);
        return;
    }

    at.around = place;
    at.name = mdm_schema_c(teller);
    at.n = 0;

    member = mdm_node_get(item, teller);

    mdm_walk_say(walk, false, member ? "one_of" : "required", &at,
                 member && !array->secret ? member : NULL,
                 member ? "must be one of: %s"
                        : "is required, it is one of: %s", text);
}


/* The key that all kinds have one value of. */

static const char *
mdm_kind_teller(const mdm_walk_t *walk, const mdm_schema_key_t *array,
    const mdm_node_t *item)
{
    size_t                   i, t;
    const char              *name;
    const mdm_schema_key_t  *first;

    first = NULL;

    for (i = 0; first == NULL && i < array->nmembers; i++) {
        if (array->members[i].type == MDM_DICTIONARY) {
            first = &array->members[i];
        }
    }

    for (t = 0; first && t < first->ntellers; t++) {
        name = first->tellers[t]->name;

        for (i = 0; i < array->nmembers; i++) {
            if (mdm_value_is(&array->members[i], item, walk->exact)
                && mdm_kind_value(&array->members[i], name) == NULL)
            {
                break;
            }
        }

        if (i == array->nmembers) {
            return name;
        }
    }

    return NULL;
}


static const char *
mdm_kind_value(const mdm_schema_key_t *kind, const char *teller)
{
    size_t  i;

    for (i = 0; i < kind->ntellers; i++) {
        if (strcmp(kind->tellers[i]->name, teller) == 0) {
            return kind->tellers[i]->key->one_of[0];
        }
    }

    return NULL;
}


static void
mdm_kind_add(char *text, size_t size, const char *word)
{
    size_t  len;

    len = strlen(text);

    if (word == NULL || word[0] == '\0') {
        return;
    }

    if (len + strlen(word) + 8 > size) {

        if (len < 3 || strcmp(text + len - 3, "…") != 0) {
            snprintf(text + len, size - len, ", …");
        }

        return;
    }

    snprintf(text + len, size - len, "%s%s", len ? ", " : "", word);
}
