
/*
 * What plugins' functions are given.  Whatever a plugin passes, an absent node
 * or one of another type, these answer; nothing here may trust it beyond that
 * its pointers are ours or NULL.
 */


#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mdm_host.h"
#include "mdm_effect.h"
#include "mdm_schema_internal.h"


#define MDM_HOST_MAX_ALLOC   (16 * 1024 * 1024)
#define MDM_HOST_NEAR        8     /* items from the first on */


static uint32_t mdm_host_type(const mdm_node_t *node);
static const mdm_node_t *mdm_host_get(const mdm_node_t *dict,
    const char *key);
static size_t mdm_host_count(const mdm_node_t *node);
static const mdm_node_t *mdm_host_item(const mdm_node_t *node, size_t n);
static mdm_host_place_t mdm_host_place(const mdm_node_t *node, size_t n);
static void mdm_host_forget(mdm_host_call_t *host, const mdm_node_t *list);
static mdm_text_t mdm_host_name(const mdm_node_t *member);
static bool mdm_host_boolean(const mdm_node_t *node);
static int64_t mdm_host_integer(const mdm_node_t *node);
static double mdm_host_real(const mdm_node_t *node);
static mdm_text_t mdm_host_text(const mdm_node_t *node);
static int64_t mdm_host_date(const mdm_node_t *node);
static mdm_node_t *mdm_host_new(mdm_call_t *call, uint32_t type);
static mdm_node_t *mdm_host_new_boolean(mdm_call_t *call, bool value);
static mdm_node_t *mdm_host_new_integer(mdm_call_t *call, int64_t value);
static mdm_node_t *mdm_host_new_real(mdm_call_t *call, double value);
static mdm_node_t *mdm_host_new_string(mdm_call_t *call, mdm_text_t value);
static mdm_node_t *mdm_host_new_data(mdm_call_t *call, mdm_text_t value);
static mdm_node_t *mdm_host_new_date(mdm_call_t *call, int64_t value);
static mdm_node_t *mdm_host_new_array(mdm_call_t *call);
static mdm_node_t *mdm_host_new_dictionary(mdm_call_t *call);
static mdm_node_t *mdm_host_copy(mdm_call_t *call, const mdm_node_t *node);
static bool mdm_host_set(mdm_call_t *call, mdm_node_t *dict, const char *key,
    mdm_node_t *value);
static bool mdm_host_append(mdm_call_t *call, mdm_node_t *array,
    mdm_node_t *item);
static void *mdm_host_alloc(mdm_call_t *call, size_t size);
static void mdm_host_fault(mdm_call_t *call, const char *path,
    const char *rule);
static void mdm_host_warn(mdm_call_t *call, const char *path,
    const char *rule);
static bool mdm_host_told(const mdm_findings_t *findings, mdm_str_t path);
static void mdm_host_tell(mdm_host_call_t *host, bool warning,
    const char *path, const char *rule);
static bool mdm_host_holds(const mdm_node_t *node, const mdm_node_t *what,
    unsigned depth);


const mdm_host_t  mdm_host = {
    .size = sizeof(mdm_host_t),

    .type = mdm_host_type,
    .get = mdm_host_get,
    .count = mdm_host_count,
    .item = mdm_host_item,
    .name = mdm_host_name,
    .boolean = mdm_host_boolean,
    .integer = mdm_host_integer,
    .real = mdm_host_real,
    .text = mdm_host_text,
    .date = mdm_host_date,

    .new_boolean = mdm_host_new_boolean,
    .new_integer = mdm_host_new_integer,
    .new_real = mdm_host_new_real,
    .new_string = mdm_host_new_string,
    .new_data = mdm_host_new_data,
    .new_date = mdm_host_new_date,
    .new_array = mdm_host_new_array,
    .new_dictionary = mdm_host_new_dictionary,
    .copy = mdm_host_copy,
    .set = mdm_host_set,
    .append = mdm_host_append,
    .alloc = mdm_host_alloc,

    .fault = mdm_host_fault,
    .warn = mdm_host_warn,

    .set_attribute = mdm_effect_set_attribute,
    .keep_item = mdm_effect_keep_item,
    .keep_secret = mdm_effect_keep_secret,
    .queue_command = mdm_effect_queue_command,
    .emit_event = mdm_effect_emit_event
};


/* item() has no call to keep its places in; a call belongs to one thread. */

static __thread mdm_host_call_t  *mdm_host_current;


void
mdm_host_enter(mdm_host_call_t *host, mdm_arena_t *arena, void *state)
{
    memset(host, 0, sizeof(mdm_host_call_t));

    host->call.host = &mdm_host;
    host->call.state = state;
    host->arena = arena;
    host->prefix = mdm_str("");
    host->outer = mdm_host_current;

    mdm_host_current = host;
}


void
mdm_host_leave(mdm_host_call_t *host)
{
    mdm_host_current = host->outer;
}


/* --- reading --- */

static uint32_t
mdm_host_type(const mdm_node_t *node)
{
    return node ? node->type : MDM_END;
}


static const mdm_node_t *
mdm_host_get(const mdm_node_t *dict, const char *key)
{
    return key ? mdm_node_get(dict, key) : NULL;
}


static size_t
mdm_host_count(const mdm_node_t *node)
{
    return node && (node->type == MDM_ARRAY || node->type == MDM_DICTIONARY)
               ? node->count : 0;
}


static const mdm_node_t *
mdm_host_item(const mdm_node_t *node, size_t n)
{
    mdm_host_place_t  place;

    if (n >= mdm_host_count(node)) {
        return NULL;
    }

    place = mdm_host_place(node, n);

    for ( /* void */ ; place.n < n; place.n++) {
        place.item = place.item->next;
    }

    /* what is near the beginning is found as fast without */

    if (mdm_host_current && n >= MDM_HOST_NEAR) {
        mdm_host_current->places[0] = place;
    }

    return place.item;
}


/* The latest place in a list from which its nth item can be reached.  One that
 * is far moves to the front, for its successor. */

static mdm_host_place_t
mdm_host_place(const mdm_node_t *node, size_t n)
{
    size_t             i;
    mdm_host_place_t   place, *places;

    place = (mdm_host_place_t) { node, node->u.list.first, 0 };

    if (mdm_host_current == NULL || n < MDM_HOST_NEAR) {
        return place;
    }

    places = mdm_host_current->places;

    for (i = 0; i < MDM_HOST_PLACES - 1; i++) {
        if (places[i].list == node) {
            break;
        }
    }

    if (places[i].list == node && places[i].n <= n) {
        place = places[i];
    }

    memmove(&places[1], &places[0], i * sizeof(mdm_host_place_t));

    return place;
}


/* A member that is replaced is no way to the next. */

static void
mdm_host_forget(mdm_host_call_t *host, const mdm_node_t *list)
{
    size_t  i;

    for (i = 0; i < MDM_HOST_PLACES; i++) {
        if (host->places[i].list == list) {
            host->places[i].list = NULL;
        }
    }
}


static mdm_text_t
mdm_host_name(const mdm_node_t *member)
{
    if (member == NULL) {
        return (mdm_text_t) { 0, NULL };
    }

    return (mdm_text_t) { member->name.len, (const char *) member->name.data };
}


static bool
mdm_host_boolean(const mdm_node_t *node)
{
    return node && node->type == MDM_BOOLEAN && node->u.boolean;
}


static int64_t
mdm_host_integer(const mdm_node_t *node)
{
    return node && node->type == MDM_INTEGER ? node->u.integer : 0;
}


static double
mdm_host_real(const mdm_node_t *node)
{
    if (node && node->type == MDM_INTEGER) {
        return (double) node->u.integer;
    }

    return node && node->type == MDM_REAL ? node->u.real : 0;
}


static mdm_text_t
mdm_host_text(const mdm_node_t *node)
{
    if (node == NULL || (node->type != MDM_STRING && node->type != MDM_DATA)) {
        return (mdm_text_t) { 0, NULL };
    }

    return (mdm_text_t) { node->u.text.len, (const char *) node->u.text.data };
}


static int64_t
mdm_host_date(const mdm_node_t *node)
{
    return node && node->type == MDM_DATE ? node->u.date : 0;
}


/* --- making --- */

static mdm_node_t *
mdm_host_new(mdm_call_t *call, uint32_t type)
{
    if (call == NULL) {
        return NULL;
    }

    return mdm_node_new(((mdm_host_call_t *) call)->arena, type);
}


static mdm_node_t *
mdm_host_new_boolean(mdm_call_t *call, bool value)
{
    mdm_node_t  *node;

    node = mdm_host_new(call, MDM_BOOLEAN);

    if (node) {
        node->u.boolean = value;
    }

    return node;
}


static mdm_node_t *
mdm_host_new_integer(mdm_call_t *call, int64_t value)
{
    mdm_node_t  *node;

    node = mdm_host_new(call, MDM_INTEGER);

    if (node) {
        node->u.integer = value;
    }

    return node;
}


/* A property list has no infinity, and nothing that is no number. */

static mdm_node_t *
mdm_host_new_real(mdm_call_t *call, double value)
{
    mdm_node_t  *node;

    node = isfinite(value) ? mdm_host_new(call, MDM_REAL) : NULL;

    if (node) {
        node->u.real = value;
    }

    return node;
}


static mdm_node_t *
mdm_host_new_string(mdm_call_t *call, mdm_text_t value)
{
    mdm_str_t  text;

    text.len = value.len;
    text.data = (const unsigned char *) value.data;

    if (call == NULL || text.data == NULL || !mdm_node_is_text(text)) {
        return NULL;
    }

    return mdm_node_text(((mdm_host_call_t *) call)->arena, MDM_STRING, text);
}


static mdm_node_t *
mdm_host_new_data(mdm_call_t *call, mdm_text_t value)
{
    mdm_str_t  text;

    text.len = value.len;
    text.data = (const unsigned char *) value.data;

    if (call == NULL || text.data == NULL) {
        return NULL;
    }

    return mdm_node_text(((mdm_host_call_t *) call)->arena, MDM_DATA, text);
}


static mdm_node_t *
mdm_host_new_date(mdm_call_t *call, int64_t value)
{
    mdm_node_t  *node;

    node = mdm_host_new(call, MDM_DATE);

    if (node) {
        node->u.date = value;
    }

    return node;
}


static mdm_node_t *
mdm_host_new_array(mdm_call_t *call)
{
    return mdm_host_new(call, MDM_ARRAY);
}


static mdm_node_t *
mdm_host_new_dictionary(mdm_call_t *call)
{
    return mdm_host_new(call, MDM_DICTIONARY);
}


static mdm_node_t *
mdm_host_copy(mdm_call_t *call, const mdm_node_t *node)
{
    if (call == NULL || node == NULL) {
        return NULL;
    }

    return mdm_node_copy(((mdm_host_call_t *) call)->arena, node);
}


static bool
mdm_host_set(mdm_call_t *call, mdm_node_t *dict, const char *key,
    mdm_node_t *value)
{
    mdm_host_call_t *host = (mdm_host_call_t *) call;

    if (host == NULL || dict == NULL || key == NULL || key[0] == '\0'
        || !mdm_node_is_text(mdm_schema_c(key))
        || (value && mdm_host_holds(value, dict, 0)))
    {
        return false;
    }

    mdm_host_forget(host, dict);

    return mdm_node_set(host->arena, dict, key, value) == MDM_OK;
}


static bool
mdm_host_append(mdm_call_t *call, mdm_node_t *array, mdm_node_t *item)
{
    mdm_host_call_t *host = (mdm_host_call_t *) call;

    if (host == NULL || array == NULL || item == NULL
        || mdm_host_holds(item, array, 0))
    {
        return false;
    }

    return mdm_node_append(array, item) == MDM_OK;
}


/* A ring is no tree: what is held stands in one container only, so only the
 * outermost around `what` could be put into it. */

static bool
mdm_host_holds(const mdm_node_t *node, const mdm_node_t *what, unsigned depth)
{
    const mdm_node_t  *item;

    if (node == what || depth > MDM_NODE_MAX_DEPTH) {
        return true;
    }

    if ((node->type != MDM_ARRAY && node->type != MDM_DICTIONARY)
        || !what->held)
    {
        return false;
    }

    for (item = node->u.list.first; item; item = item->next) {
        if ((item->type == MDM_ARRAY || item->type == MDM_DICTIONARY)
            && mdm_host_holds(item, what, depth + 1))
        {
            return true;
        }
    }

    return false;
}


static void *
mdm_host_alloc(mdm_call_t *call, size_t size)
{
    if (call == NULL || size > MDM_HOST_MAX_ALLOC) {
        return NULL;
    }

    return mdm_arena_zalloc(((mdm_host_call_t *) call)->arena, size);
}


/* --- telling --- */

static void
mdm_host_fault(mdm_call_t *call, const char *path, const char *rule)
{
    mdm_host_call_t *host = (mdm_host_call_t *) call;

    if (host) {
        host->faults++;
        mdm_host_tell(host, false, path, rule);
    }
}


static void
mdm_host_warn(mdm_call_t *call, const char *path, const char *rule)
{
    mdm_host_call_t *host = (mdm_host_call_t *) call;

    if (host) {
        mdm_host_tell(host, true, path, rule);
    }
}


/* What the tables said of a key says enough: a plugin reads a value of the wrong
 * type as absent. */

static bool
mdm_host_told(const mdm_findings_t *findings, mdm_str_t path)
{
    const mdm_finding_t  *finding;

    for (finding = findings->first; finding; finding = finding->next) {
        if (!finding->warning && strcmp(finding->code, "plugin") != 0
            && mdm_str_eq(finding->path, path))
        {
            return true;
        }
    }

    return false;
}


/* Without findings the first fault is kept: config() has no contents. */

static void
mdm_host_tell(mdm_host_call_t *host, bool warning, const char *path,
    const char *rule)
{
    char       text[1024];
    mdm_str_t  whole;

    path = path ? path : "";
    rule = rule ? rule : "is not as it must be";

    if (!mdm_utf8_valid((const unsigned char *) rule, strlen(rule))) {
        rule = "is not as it must be";
    }

    if (!mdm_utf8_valid((const unsigned char *) path, strlen(path))) {
        path = "";
    }

    if (host->findings == NULL) {

        if (!warning && host->why.text[0] == '\0') {
            snprintf(host->why.text, sizeof(host->why.text), "%.80s%s%.100s",
                     path, *path ? ": " : "", rule);
        }

        return;
    }

    whole.data = (unsigned char *) text;
    whole.len = snprintf(text, sizeof(text), "%.*s%s%.*s",
                         (int) (host->prefix.len < 600 ? host->prefix.len
                                                       : 600),
                         host->prefix.data,
                         host->prefix.len && *path && *path != '[' ? "." : "",
                         400, path);

    /* past the bound nothing is kept, so nothing needs to be looked for */

    if (!warning && host->findings->faults < MDM_FINDINGS_MAX
        && mdm_host_told(host->findings, whole))
    {
        return;
    }

    mdm_finding(host->findings, warning, "plugin", whole, mdm_null_str, "%s",
                rule);
}
