
/*
 * Saying what is wrong where, and collecting what contents demand.  Must never
 * do work for a finding that is only counted.
 */


#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mdm_check.h"


#define MDM_DEMANDS_FIRST   64           /* size of the table at first */


static void mdm_place_add(const mdm_place_t *place, char *buffer, size_t size,
    size_t *len);
static const char *mdm_walk_alike(const mdm_schema_key_t *table,
    mdm_str_t name);
static mdm_str_t mdm_walk_found(mdm_arena_t *arena, const mdm_node_t *node,
    char *buffer, size_t size);
static bool mdm_demands_grow(mdm_arena_t *arena, mdm_demands_t *demands);
static size_t mdm_demands_hash(const void *row, mdm_demand_e what);


/* "PayloadContent[2].SSID_STR"; what is too long loses its end. */

mdm_str_t
mdm_place_text(const mdm_place_t *place, char *buffer, size_t size)
{
    size_t  len;

    len = 0;

    if (place) {
        mdm_place_add(place, buffer, size, &len);
    }

    return (mdm_str_t) { len, (unsigned char *) buffer };
}


static void
mdm_place_add(const mdm_place_t *place, char *buffer, size_t size, size_t *len)
{
    char       item[24];
    mdm_str_t  piece;

    if (place->around) {
        mdm_place_add(place->around, buffer, size, len);
    }

    if (mdm_str_is_set(place->name)) {
        piece = mdm_schema_cut(place->name, MDM_CHECK_NAME);

    } else if (place->around) {
        piece.len = snprintf(item, sizeof(item), "[%zu]", place->n);
        piece.data = (unsigned char *) item;

    } else {
        return;
    }

    if (*len + 1 + piece.len > size) {
        return;
    }

    if (*len && mdm_str_is_set(place->name)) {
        buffer[(*len)++] = '.';
    }

    memcpy(buffer + *len, piece.data, piece.len);
    *len += piece.len;
}


void
mdm_walk_say(mdm_walk_t *walk, bool warning, const char *code,
    const mdm_place_t *place, const mdm_node_t *found, const char *fmt, ...)
{
    char             path[MDM_CHECK_PATH], rule[512], value[64];
    size_t          *count;
    va_list          args;
    mdm_str_t        what;
    mdm_findings_t  *findings;

    findings = walk->check->findings;
    count = warning ? &findings->warnings : &findings->faults;

    if (*count >= MDM_FINDINGS_MAX) {
        ++*count;
        return;
    }

    va_start(args, fmt);
    vsnprintf(rule, sizeof(rule), fmt, args);
    va_end(args);

    what = found ? mdm_walk_found(findings->arena, found, value, sizeof(value))
                 : mdm_null_str;

    mdm_finding(findings, warning, code,
                mdm_place_text(place, path, sizeof(path)), what, "%s", rule);

    if (findings->no_memory) {
        walk->rc = MDM_NO_MEMORY;
    }
}


/* Whoever writes allowAirdrop means the table's allowAirDrop. */

void
mdm_walk_no_key(mdm_walk_t *walk, const mdm_schema_key_t *table,
    const mdm_place_t *place)
{
    bool                      warning;
    size_t                    count;
    const char               *alike;
    const mdm_schema_type_t  *type;

    type = walk->type;
    warning = !walk->check->strict;
    count = warning ? walk->check->findings->warnings
                    : walk->check->findings->faults;

    alike = count < MDM_FINDINGS_MAX ? mdm_walk_alike(table, place->name)
                                     : NULL;

    mdm_walk_say(walk, warning, "unknown_key", place, NULL,
                 "is no key of %s%s%.40s%s%s%s", type->name,
                 type->variant ? " (" : "",
                 type->variant ? type->variant : "",
                 type->variant ? ")" : "",
                 alike ? ", which has " : "", alike ? alike : "");
}


static const char *
mdm_walk_alike(const mdm_schema_key_t *table, mdm_str_t name)
{
    size_t       i;
    const char  *known;

    for (i = 0; i < table->nsorted; i++) {
        known = table->sorted[i]->name;

        if (strlen(known) == name.len
            && strncasecmp(known, (const char *) name.data, name.len) == 0)
        {
            return known;
        }
    }

    return NULL;
}


/* Data are told by their size alone. */

static mdm_str_t
mdm_walk_found(mdm_arena_t *arena, const mdm_node_t *node, char *buffer,
    size_t size)
{
    char  real[MDM_NODE_REAL_SIZE];
    int   len;

    switch (node->type) {

    case MDM_STRING:
        return node->u.text;

    case MDM_BOOLEAN:
        return node->u.boolean ? mdm_str("true") : mdm_str("false");

    case MDM_INTEGER:
        len = snprintf(buffer, size, "%lld", (long long) node->u.integer);
        break;

    case MDM_REAL:
        mdm_node_real_text(node->u.real, real);
        len = snprintf(buffer, size, "%s", real);
        break;

    case MDM_DATE:
        return mdm_node_encode_date(arena, node->u.date);

    case MDM_DATA:
        len = snprintf(buffer, size, "%zu bytes", node->u.text.len);
        break;

    case MDM_ARRAY:
        len = snprintf(buffer, size, "an array of %u",
                       (unsigned) node->count);
        break;

    default:
        len = snprintf(buffer, size, "a dictionary of %u",
                       (unsigned) node->count);
        break;
    }

    return (mdm_str_t) { len, (unsigned char *) buffer };
}


/* --- demands --- */

mdm_demands_t *
mdm_demands_create(mdm_arena_t *arena)
{
    return mdm_arena_zalloc(arena, sizeof(mdm_demands_t));
}


/* Of each row once, with the place that came first. */

void
mdm_walk_demand(mdm_walk_t *walk, mdm_demand_e what,
    const mdm_schema_type_t *type, const mdm_schema_key_t *key,
    const mdm_place_t *place)
{
    char            path[MDM_CHECK_PATH];
    size_t          i;
    const void     *row;
    mdm_demand_t   *demand;
    mdm_arena_t    *arena;
    mdm_demands_t  *demands;

    arena = walk->check->arena;
    demands = walk->check->demands;

    row = what == MDM_DEMAND_KEY ? (const void *) key
        : what == MDM_DEMAND_ONE ? (const void *) type
        : key ? (const void *) key->on
        : (const void *) mdm_schema_entry(type)->on;

    if (2 * (demands->n + 1) > demands->size
        && !mdm_demands_grow(arena, demands))
    {
        walk->rc = MDM_NO_MEMORY;
        return;
    }

    for (i = mdm_demands_hash(row, what) & (demands->size - 1);
         demands->table[i];
         i = (i + 1) & (demands->size - 1))
    {
        if (demands->table[i]->row == row && demands->table[i]->what == what) {
            return;
        }
    }

    demand = mdm_arena_zalloc(arena, sizeof(mdm_demand_t));

    if (demand) {
        demand->path = mdm_place_text(place, path, sizeof(path));
        demand->path = mdm_arena_str(arena, path, demand->path.len);
    }

    if (demand == NULL || !mdm_str_is_set(demand->path)) {
        walk->rc = MDM_NO_MEMORY;
        return;
    }

    demand->what = what;
    demand->row = row;
    demand->on = key ? key->on : mdm_schema_entry(type)->on;
    demand->type = type;
    demand->key = key;

    demands->table[i] = demand;
    demands->n++;

    *(demands->last ? &demands->last->next : &demands->first) = demand;
    demands->last = demand;
}


static bool
mdm_demands_grow(mdm_arena_t *arena, mdm_demands_t *demands)
{
    size_t          size, i;
    mdm_demand_t   *demand, **table;

    size = demands->size ? 2 * demands->size : MDM_DEMANDS_FIRST;

    table = mdm_arena_zalloc(arena, size * sizeof(table[0]));
    if (table == NULL) {
        return false;
    }

    for (demand = demands->first; demand; demand = demand->next) {
        i = mdm_demands_hash(demand->row, demand->what) & (size - 1);

        while (table[i]) {
            i = (i + 1) & (size - 1);
        }

        table[i] = demand;
    }

    demands->table = table;
    demands->size = size;

    return true;
}


static size_t
mdm_demands_hash(const void *row, mdm_demand_e what)
{
    uint64_t  hash;

    hash = ((uint64_t) (uintptr_t) row + what) * UINT64_C(0x9e3779b97f4a7c15);

    return hash >> 32;
}
