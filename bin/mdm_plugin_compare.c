
/*
 * What was expected against what was found, in the words of a person who must
 * correct one of them.
 */


#include "mdm_plugin_test.h"


#define MDM_COMPARE_PATH  512


static bool mdm_compare_value(mdm_vector_t *vector, const char *what,
    const char *path, json_t *expected, json_t *found);
static bool mdm_compare_object(mdm_vector_t *vector, const char *what,
    const char *path, json_t *expected, json_t *found);
static bool mdm_compare_array(mdm_vector_t *vector, const char *what,
    const char *path, json_t *expected, json_t *found);
static void mdm_compare_say(mdm_vector_t *vector, const char *what,
    const char *path, json_t *expected, json_t *found);
static bool mdm_compare_fits(json_t *expected, json_t *found);
static char *mdm_compare_text(json_t *json);


void
mdm_plugin_compare(mdm_vector_t *vector, const char *what, json_t *expected,
    json_t *found)
{
    mdm_compare_value(vector, what, "", expected, found);
}


static bool
mdm_compare_value(mdm_vector_t *vector, const char *what, const char *path,
    json_t *expected, json_t *found)
{
    if (json_equal(expected, found)) {
        return true;
    }

    if (json_is_object(expected) && json_is_object(found)) {
        return mdm_compare_object(vector, what, path, expected, found);
    }

    if (json_is_array(expected) && json_is_array(found)) {
        return mdm_compare_array(vector, what, path, expected, found);
    }

    mdm_compare_say(vector, what, path, expected, found);

    return false;
}


static bool
mdm_compare_object(mdm_vector_t *vector, const char *what, const char *path,
    json_t *expected, json_t *found)
{
    char         inner[MDM_COMPARE_PATH];
    json_t      *value;
    const char  *name;

    json_object_foreach(expected, name, value) {
        snprintf(inner, sizeof(inner), "%s%s%s", path, *path ? "." : "", name);

        if (!mdm_compare_value(vector, what, inner, value,
                               json_object_get(found, name)))
        {
            return false;
        }
    }

    json_object_foreach(found, name, value) {
        snprintf(inner, sizeof(inner), "%s%s%s", path, *path ? "." : "", name);

        if (!mdm_compare_value(vector, what, inner,
                               json_object_get(expected, name), value))
        {
            return false;
        }
    }

    return true;
}


static bool
mdm_compare_array(mdm_vector_t *vector, const char *what, const char *path,
    json_t *expected, json_t *found)
{
    char    inner[MDM_COMPARE_PATH];
    size_t  i;

    for (i = 0; i < json_array_size(expected) || i < json_array_size(found);
         i++)
    {
        snprintf(inner, sizeof(inner), "%s[%zu]", path, i);

        if (!mdm_compare_value(vector, what, inner,
                               json_array_get(expected, i),
                               json_array_get(found, i)))
        {
            return false;
        }
    }

    return true;
}


static void
mdm_compare_say(mdm_vector_t *vector, const char *what, const char *path,
    json_t *expected, json_t *found)
{
    char  *a, *b;

    a = mdm_compare_text(expected);
    b = mdm_compare_text(found);

    fprintf(vector->wrong, "%s%s%s\n  expected: %s\n  found:    %s\n", what,
            *path ? " at " : "", path, a, b);

    free(a);
    free(b);
}


void
mdm_plugin_compare_list(mdm_vector_t *vector, const char *what,
    json_t *expected, json_t *found)
{
    char    *text;
    size_t   i, k;
    json_t  *row;

    found = json_copy(found);

    for (i = 0; i < json_array_size(expected); i++) {
        row = json_array_get(expected, i);

        for (k = 0; k < json_array_size(found); k++) {
            if (mdm_compare_fits(row, json_array_get(found, k))) {
                break;
            }
        }

        if (k < json_array_size(found)) {
            json_array_remove(found, k);
            continue;
        }

        text = mdm_compare_text(row);
        fprintf(vector->wrong, "%s: expected, and not found: %s\n", what,
                text);
        free(text);
    }

    json_array_foreach(found, i, row) {
        text = mdm_compare_text(row);
        fprintf(vector->wrong, "%s: found, and not expected: %s\n", what,
                text);
        free(text);
    }

    json_decref(found);
}


static bool
mdm_compare_fits(json_t *expected, json_t *found)
{
    json_t      *value;
    const char  *name;

    json_object_foreach(expected, name, value) {
        if (!json_equal(value, json_object_get(found, name))) {
            return false;
        }
    }

    return json_is_object(expected);
}


static char *
mdm_compare_text(json_t *json)
{
    return json ? json_dumps(json, JSON_COMPACT|JSON_ENCODE_ANY)
                : strdup("nothing");
}
