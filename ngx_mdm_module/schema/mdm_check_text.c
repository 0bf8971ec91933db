
/*
 * Per-device values in contents: which there are, which texts only look as if,
 * and what the command wants at its delivery.  Must never resolve one; that is
 * mdm_values.c.
 */


#include <string.h>

#include "mdm_check.h"


static void mdm_walk_too_many(mdm_walk_t *walk, const mdm_place_t *place);
static void mdm_walk_add_want(mdm_walk_t *walk, mdm_str_t want);


/* Whether a text holds a value, so that what it becomes is not known. */

bool
mdm_walk_text(mdm_walk_t *walk, mdm_node_t *node, bool literal,
    const mdm_place_t *place)
{
    mdm_values_t    values;
    mdm_literal_t  *mark;

    if (memchr(node->u.text.data, '%', node->u.text.len) == NULL) {
        return false;
    }

    if (literal || walk->literal) {
        mark = mdm_arena_alloc(walk->check->arena, sizeof(mdm_literal_t));

        if (mark) {
            mark->node = node;
            mark->next = walk->literals;
            walk->literals = mark;

        } else {
            walk->rc = MDM_NO_MEMORY;
        }

        return false;
    }

    values.n = 0;
    values.escaped = false;

    if (mdm_values_find(node->u.text, &values, NULL) != MDM_OK) {
        mdm_walk_too_many(walk, place);
        return true;
    }

    mdm_walk_merge(walk, &values, place);

    return values.n > 0;
}


void
mdm_walk_merge(mdm_walk_t *walk, const mdm_values_t *values,
    const mdm_place_t *place)
{
    size_t         i, n;
    mdm_values_t  *all;

    all = walk->values;
    all->escaped |= values->escaped;

    for (i = 0; i < values->n; i++) {

        for (n = 0; n < all->n; n++) {
            if (mdm_str_eq(all->names[n], values->names[i])) {
                break;
            }
        }

        if (n == MDM_VALUES_MAX_NAMES) {
            mdm_walk_too_many(walk, place);
            return;
        }

        if (n == all->n) {
            all->names[all->n++] = values->names[i];
        }
    }
}


/* Once is enough to be told. */

static void
mdm_walk_too_many(mdm_walk_t *walk, const mdm_place_t *place)
{
    if (!walk->too_many) {
        walk->too_many = true;
        mdm_walk_say(walk, false, "value", place, NULL,
                     "there are more than %d different per-device values",
                     MDM_VALUES_MAX_NAMES);
    }
}


/* What stands for itself, in contents that will be resolved. */

void
mdm_walk_literals(mdm_walk_t *walk)
{
    mdm_str_t       text;
    mdm_literal_t  *mark;

    for (mark = walk->literals; mark; mark = mark->next) {

        /* a plugin's build() may have made something else of it */

        if (mark->node->type != MDM_STRING) {
            continue;
        }

        text = mdm_values_literal(walk->check->arena, mark->node->u.text);

        if (!mdm_str_is_set(text)) {
            walk->rc = MDM_NO_MEMORY;
            return;
        }

        mark->node->u.text = text;
    }

    walk->literals = NULL;
}


/* "Name<kind", "Name:profile"; the names of values come behind them. */

void
mdm_walk_want(mdm_walk_t *walk, mdm_str_t name, char sign, const char *what,
    const mdm_place_t *place)
{
    size_t          len;
    mdm_str_t       want;
    mdm_check_t    *check;
    unsigned char  *p;

    check = walk->check;

    if (check->nwants == sizeof(check->wants) / sizeof(check->wants[0])
                         - MDM_VALUES_MAX_NAMES)
    {
        mdm_walk_say(walk, false, "value", place, NULL,
                     "more is wanted at delivery than a command can have");
        return;
    }

    len = strlen(what);

    p = mdm_arena_alloc(check->arena, name.len + 1 + len);
    if (p == NULL) {
        walk->rc = MDM_NO_MEMORY;
        return;
    }

    want.data = p;
    want.len = name.len + 1 + len;

    memcpy(p, name.data, name.len);
    p[name.len] = sign;
    memcpy(p + name.len + 1, what, len);

    mdm_walk_add_want(walk, want);
}


static void
mdm_walk_add_want(mdm_walk_t *walk, mdm_str_t want)
{
    walk->check->wants[walk->check->nwants++] = want;
}


void
mdm_walk_wants(mdm_walk_t *walk)
{
    size_t        i;
    mdm_check_t  *check;

    check = walk->check;

    for (i = 0; i < check->values.n; i++) {
        mdm_walk_add_want(walk, check->values.names[i]);
    }
}
