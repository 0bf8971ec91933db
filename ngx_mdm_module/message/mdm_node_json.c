
/*
 * JSON to a tree and back.  The guard of mdm_json.h has bound what comes here;
 * depth is looked at all the same, since the trees are also built by others.
 */


#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mdm_base64.h"
#include "mdm_node.h"
#include "mdm_time.h"


#define MDM_NODE_PATH_SIZE   96          /* leaves room for the sentence */


/* Where in the JSON; one for each level, on the stack. */

typedef struct mdm_node_place_s  mdm_node_place_t;

struct mdm_node_place_s {
    const mdm_node_place_t  *around;
    const char              *name;       /* NULL: an item */
    size_t                   n;
    unsigned                 depth;
};


typedef struct {
    mdm_arena_t             *arena;
    mdm_fault_t             *fault;
} mdm_node_json_t;


static mdm_rc_e mdm_node_json_value(mdm_node_json_t *j, json_t *json,
    const mdm_node_place_t *place, mdm_node_t **node);
static mdm_rc_e mdm_node_json_text(mdm_node_json_t *j, json_t *json,
    const mdm_node_place_t *place, mdm_node_t **node);
static mdm_rc_e mdm_node_json_array(mdm_node_json_t *j, json_t *json,
    const mdm_node_place_t *place, mdm_node_t **node);
static mdm_rc_e mdm_node_json_object(mdm_node_json_t *j, json_t *json,
    const mdm_node_place_t *place, mdm_node_t **node);
static mdm_rc_e mdm_node_json_stand_in(mdm_node_json_t *j, json_t *json,
    const mdm_node_place_t *place, mdm_node_t **node);
static mdm_str_t mdm_node_json_str(json_t *json);
static mdm_rc_e mdm_node_json_bad(mdm_node_json_t *j, mdm_rc_e rc,
    const mdm_node_place_t *place, const char *what);
static size_t mdm_node_path(const mdm_node_place_t *place, char *path,
    size_t size);
static mdm_rc_e mdm_node_json_no_memory(mdm_node_json_t *j);
static json_t *mdm_node_to_json_at(const mdm_node_t *node, bool plain,
    unsigned depth);
static json_t *mdm_node_to_list(const mdm_node_t *node, bool plain,
    unsigned depth);
static json_t *mdm_node_to_stand_in(const mdm_node_t *node, bool plain);


mdm_rc_e
mdm_node_from_json(mdm_arena_t *arena, json_t *json, mdm_node_t **node,
    mdm_fault_t *fault)
{
    mdm_rc_e          rc;
    mdm_node_json_t   j;
    mdm_node_place_t  place;

    j.arena = arena;
    j.fault = fault;
    memset(&place, 0, sizeof(mdm_node_place_t));

    rc = mdm_node_json_value(&j, json, &place, node);

    if (rc != MDM_OK) {
        *node = NULL;
    }

    return rc;
}


static mdm_rc_e
mdm_node_json_value(mdm_node_json_t *j, json_t *json,
    const mdm_node_place_t *place, mdm_node_t **node)
{
    mdm_node_t  *value;

    switch (json_typeof(json)) {

    case JSON_STRING:
        return mdm_node_json_text(j, json, place, node);

    case JSON_ARRAY:
        return mdm_node_json_array(j, json, place, node);

    case JSON_OBJECT:
        return mdm_node_json_object(j, json, place, node);

    case JSON_NULL:
        return mdm_node_json_bad(j, MDM_MALFORMED, place,
                                 "is null, which a property list has not: "
                                 "leave it out");

    default:
        value = mdm_node_new(j->arena, MDM_BOOLEAN);
        if (value == NULL) {
            return mdm_node_json_no_memory(j);
        }
    }

    if (json_is_integer(json)) {
        value->type = MDM_INTEGER;
        value->u.integer = json_integer_value(json);

    } else if (json_is_real(json)) {
        value->type = MDM_REAL;
        value->u.real = json_real_value(json);

    } else {
        value->u.boolean = json_is_true(json);
    }

    *node = value;

    return MDM_OK;
}


static mdm_rc_e
mdm_node_json_text(mdm_node_json_t *j, json_t *json,
    const mdm_node_place_t *place, mdm_node_t **node)
{
    mdm_str_t  text;

    text = mdm_node_json_str(json);

    if (!mdm_node_is_text(text)) {
        return mdm_node_json_bad(j, MDM_MALFORMED, place,
                                 "has a character that a property list "
                                 "cannot hold");
    }

    *node = mdm_node_text(j->arena, MDM_STRING, text);

    return *node ? MDM_OK : mdm_node_json_no_memory(j);
}


static mdm_rc_e
mdm_node_json_array(mdm_node_json_t *j, json_t *json,
    const mdm_node_place_t *place, mdm_node_t **node)
{
    size_t            i;
    json_t           *value;
    mdm_rc_e          rc;
    mdm_node_t       *item;
    mdm_node_place_t  inner;

    if (place->depth == MDM_NODE_MAX_DEPTH) {
        return mdm_node_json_bad(j, MDM_TOO_LARGE, place,
                                 "is nested too deep");
    }

    *node = mdm_node_new(j->arena, MDM_ARRAY);
    if (*node == NULL) {
        return mdm_node_json_no_memory(j);
    }

    inner = (mdm_node_place_t) { place, NULL, 0, place->depth + 1 };

    json_array_foreach(json, i, value) {
        inner.n = i;

        rc = mdm_node_json_value(j, value, &inner, &item);
        if (rc != MDM_OK) {
            return rc;
        }

        (void) mdm_node_append(*node, item);
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_node_json_object(mdm_node_json_t *j, json_t *json,
    const mdm_node_place_t *place, mdm_node_t **node)
{
    json_t           *value;
    mdm_rc_e          rc;
    mdm_str_t         name;
    const char       *key;
    mdm_node_t       *member;
    mdm_node_place_t  inner;

    rc = mdm_node_json_stand_in(j, json, place, node);
    if (rc != MDM_UNSUPPORTED) {
        return rc;
    }

    if (place->depth == MDM_NODE_MAX_DEPTH) {
        return mdm_node_json_bad(j, MDM_TOO_LARGE, place,
                                 "is nested too deep");
    }

    if (json_object_size(json) > MDM_NODE_MAX_MEMBERS) {
        return mdm_node_json_bad(j, MDM_TOO_LARGE, place,
                                 "has too many members");
    }

    *node = mdm_node_new(j->arena, MDM_DICTIONARY);
    if (*node == NULL) {
        return mdm_node_json_no_memory(j);
    }

    json_object_foreach(json, key, value) {
        inner = (mdm_node_place_t) { place, key, 0, place->depth + 1 };
        name = (mdm_str_t) { strlen(key), (const unsigned char *) key };

        if (!mdm_node_is_text(name)) {
            return mdm_node_json_bad(j, MDM_MALFORMED, place,
                                     "has a member whose name has a character "
                                     "that a property list cannot hold");
        }

        rc = mdm_node_json_value(j, value, &inner, &member);
        if (rc != MDM_OK) {
            return rc;
        }

        if (mdm_node_add(j->arena, *node, name, member) != MDM_OK) {
            return mdm_node_json_no_memory(j);
        }
    }

    return MDM_OK;
}


/* {"$data": …} or {"$date": …}; MDM_UNSUPPORTED: it is neither. */

static mdm_rc_e
mdm_node_json_stand_in(mdm_node_json_t *j, json_t *json,
    const mdm_node_place_t *place, mdm_node_t **node)
{
    json_t      *data, *date;
    int64_t      seconds;
    mdm_str_t    bytes;
    mdm_node_t  *value;

    if (json_object_size(json) != 1) {
        return MDM_UNSUPPORTED;
    }

    data = json_object_get(json, "$data");
    date = json_object_get(json, "$date");

    if (data == NULL && date == NULL) {
        return MDM_UNSUPPORTED;
    }

    value = mdm_node_new(j->arena, data ? MDM_DATA : MDM_DATE);
    if (value == NULL) {
        return mdm_node_json_no_memory(j);
    }

    *node = value;

    if (date) {
        if (!json_is_string(date)
            || !mdm_node_decode_date(mdm_node_json_str(date), &seconds))
        {
            return mdm_node_json_bad(j, MDM_MALFORMED, place,
                                     "has a $date that is no time of RFC "
                                     "3339, like 2026-05-04T08:15:00Z");
        }

        value->u.date = seconds;
        return MDM_OK;
    }

    if (!json_is_string(data)
        || !mdm_node_decode_data(j->arena, mdm_node_json_str(data), &bytes))
    {
        return mdm_node_json_bad(j, MDM_MALFORMED, place,
                                 "has a $data that is no Base64");
    }

    value->u.text = bytes;

    return mdm_str_is_set(bytes) ? MDM_OK : mdm_node_json_no_memory(j);
}


static mdm_str_t
mdm_node_json_str(json_t *json)
{
    return (mdm_str_t) { json_string_length(json),
                         (const unsigned char *) json_string_value(json) };
}


static mdm_rc_e
mdm_node_json_bad(mdm_node_json_t *j, mdm_rc_e rc,
    const mdm_node_place_t *place, const char *what)
{
    char  path[MDM_NODE_PATH_SIZE];

    path[0] = '\0';
    (void) mdm_node_path(place, path, sizeof(path));

    return mdm_fault(j->fault, rc, "%s %s",
                     path[0] ? path : "the value", what);
}


/* "Key.Key[2]", as far as it fits; returns how long it is. */

static size_t
mdm_node_path(const mdm_node_place_t *place, char *path, size_t size)
{
    int     n;
    size_t  len;

    if (place->around == NULL) {
        return 0;
    }

    len = mdm_node_path(place->around, path, size);

    if (len + 1 >= size) {
        return len;
    }

    n = place->name
        ? snprintf(path + len, size - len, "%s%s", len ? "." : "",
                   place->name)
        : snprintf(path + len, size - len, "[%zu]", place->n);

    return len + (n > 0 ? (size_t) n : 0);
}


static mdm_rc_e
mdm_node_json_no_memory(mdm_node_json_t *j)
{
    return mdm_fault(j->fault, MDM_NO_MEMORY, "no memory for JSON");
}


json_t *
mdm_node_to_json(const mdm_node_t *node, bool plain)
{
    return mdm_node_to_json_at(node, plain, 0);
}


static json_t *
mdm_node_to_json_at(const mdm_node_t *node, bool plain, unsigned depth)
{
    switch (node->type) {

    case MDM_BOOLEAN:
        return json_boolean(node->u.boolean);

    case MDM_INTEGER:
        return json_integer(node->u.integer);

    case MDM_REAL:
        return isfinite(node->u.real) ? json_real(node->u.real) : json_null();

    case MDM_STRING:
        return json_stringn((const char *) node->u.text.data,
                            node->u.text.len);

    case MDM_DATA:
    case MDM_DATE:
        return mdm_node_to_stand_in(node, plain);

    case MDM_ARRAY:
    case MDM_DICTIONARY:
        return depth < MDM_NODE_MAX_DEPTH
               ? mdm_node_to_list(node, plain, depth) : NULL;

    default:
        return NULL;
    }
}


static json_t *
mdm_node_to_list(const mdm_node_t *node, bool plain, unsigned depth)
{
    int                rc;
    json_t            *list, *value;
    const mdm_node_t  *item;

    list = (node->type == MDM_ARRAY) ? json_array() : json_object();
    if (list == NULL) {
        return NULL;
    }

    for (item = node->u.list.first; item; item = item->next) {

        value = mdm_node_to_json_at(item, plain, depth + 1);

        rc = (node->type == MDM_ARRAY)
             ? json_array_append_new(list, value)
             : json_object_set_new(list, (const char *) item->name.data,
                                   value);

        if (rc != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


static json_t *
mdm_node_to_stand_in(const mdm_node_t *node, bool plain)
{
    json_t       *text, *object;
    mdm_str_t     encoded;
    mdm_arena_t   arena;

    mdm_arena_init(&arena);

    encoded = (node->type == MDM_DATA)
              ? mdm_node_encode_data(&arena, node->u.text)
              : mdm_node_encode_date(&arena, node->u.date);

    text = mdm_str_is_set(encoded)
           ? json_stringn((const char *) encoded.data, encoded.len) : NULL;

    mdm_arena_free(&arena);

    if (plain || text == NULL) {
        return text;
    }

    object = json_object();

    if (json_object_set_new(object, node->type == MDM_DATA ? "$data" : "$date",
                            text) != 0)
    {
        json_decref(object);
        return NULL;
    }

    return object;
}


bool
mdm_node_decode_data(mdm_arena_t *arena, mdm_str_t text, mdm_str_t *data)
{
    size_t          len;
    unsigned char  *bytes;

    *data = mdm_null_str;

    bytes = mdm_arena_alloc(arena, mdm_base64_size(text.len) + 1);
    if (bytes == NULL) {
        return true;
    }

    if (!mdm_base64_decode(text, true, bytes, &len)) {
        return false;
    }

    bytes[len] = '\0';
    *data = (mdm_str_t) { len, bytes };

    return true;
}


bool
mdm_node_decode_date(mdm_str_t text, int64_t *date)
{
    int64_t  micros;

    if (!mdm_str_is_set(text) || mdm_time_read(text, &micros) != MDM_OK) {
        return false;
    }

    *date = micros / 1000000 - (micros % 1000000 < 0);

    /* a zone may lead out of the years that can be written */

    return *date >= MDM_TIME_FIRST && *date <= MDM_TIME_LAST;
}


void
mdm_node_real_text(double real, char *text)
{
    int  digits;

    for (digits = 15; digits < 17; digits++) {
        snprintf(text, MDM_NODE_REAL_SIZE, "%.*g", digits, real);

        if (strtod(text, NULL) == real) {
            return;
        }
    }

    snprintf(text, MDM_NODE_REAL_SIZE, "%.17g", real);
}
