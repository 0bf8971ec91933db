
/*
 * The text of a JSON value.  json_dumps() lets its buffer grow, and where that
 * fails within a name it goes on without it; so the length is asked for first.
 */


#include "mdm_json_text.h"


mdm_str_t
mdm_json_text(mdm_arena_t *arena, const json_t *json)
{
    char    *text;
    size_t   len;

    len = json_dumpb(json, NULL, 0, JSON_COMPACT);
    if (len == 0) {
        return mdm_null_str;
    }

    text = mdm_arena_alloc(arena, len + 1);

    if (text == NULL || json_dumpb(json, text, len, JSON_COMPACT) != len) {
        return mdm_null_str;
    }

    text[len] = '\0';

    return (mdm_str_t) { len, (unsigned char *) text };
}
