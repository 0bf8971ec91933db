
/*
 * What can still be learnt of a report that was refused: who sent it, and to
 * which command.  Must never trust what it finds more than a whole report: the
 * few pairs go through the same guard, and the caller checks the certificate.
 */


#include <string.h>

#include "mdm_command.h"
#include "mdm_message.h"
#include "mdm_plist.h"


#define MDM_SALVAGE_LOOK    (4 * MDM_REPORT_LIMIT)
#define MDM_SALVAGE_VALUE   2048


typedef struct {
    const char           *name;
    mdm_str_t             value;         /* as written, with references */
} mdm_salvage_pair_t;


typedef struct {
    const unsigned char  *pos;
    const unsigned char  *end;
    unsigned              depth;
    mdm_salvage_pair_t    pairs[6];
} mdm_salvage_t;


static bool mdm_salvage_look(mdm_salvage_t *s);
static bool mdm_salvage_pair(mdm_salvage_t *s);
static mdm_str_t mdm_salvage_element(mdm_salvage_t *s, const char *start,
    const char *end);
static mdm_rc_e mdm_salvage_list(mdm_arena_t *arena, const mdm_salvage_t *s,
    mdm_str_t *list);
static mdm_rc_e mdm_salvage_read(mdm_arena_t *arena, plist_t root,
    mdm_message_t *message);
static bool mdm_salvage_at(const mdm_salvage_t *s, const char *literal);
static bool mdm_salvage_tag(mdm_salvage_t *s, const char *tag);
static void mdm_salvage_space(mdm_salvage_t *s);
static bool mdm_salvage_skip(mdm_salvage_t *s, const char *literal);


static const mdm_salvage_t  mdm_salvage_wanted = {
    .pairs = {
        { .name = "UDID" },
        { .name = "UserID" },
        { .name = "UserShortName" },
        { .name = "EnrollmentID" },
        { .name = "EnrollmentUserID" },
        { .name = "CommandUUID" }
    }
};


#define MDM_SALVAGE_PAIRS                                                     \
    (sizeof(mdm_salvage_wanted.pairs) / sizeof(mdm_salvage_wanted.pairs[0]))


mdm_rc_e
mdm_report_salvage(mdm_arena_t *arena, mdm_str_t body, mdm_message_t *message)
{
    plist_t        root;
    mdm_rc_e       rc;
    mdm_str_t      list;
    mdm_salvage_t  s;

    memset(message, 0, sizeof(mdm_message_t));

    message->type = MDM_REPORT;
    message->status = MDM_STATUS_UNREADABLE;

    if (body.len == 0 || body.data[0] == 'b') {
        return MDM_MALFORMED;            /* nothing to see in a binary list */
    }

    s = mdm_salvage_wanted;
    s.pos = body.data;
    s.end = body.data + (body.len < MDM_SALVAGE_LOOK ? body.len
                                                     : MDM_SALVAGE_LOOK);

    if (!mdm_salvage_look(&s)) {
        return MDM_MALFORMED;
    }

    rc = mdm_salvage_list(arena, &s, &list);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_plist_parse(list, list.len, &root, NULL);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_salvage_read(arena, root, message);

    mdm_plist_free(root);

    return rc;
}


/*
 * Walks from '<' to '<' and keeps the pairs of the outermost dictionary.
 * False if a wanted key is there twice.
 */

static bool
mdm_salvage_look(mdm_salvage_t *s)
{
    while (s->pos < s->end) {

        s->pos = memchr(s->pos, '<', s->end - s->pos);
        if (s->pos == NULL) {
            return true;
        }

        if (mdm_salvage_at(s, "<!--")) {
            if (!mdm_salvage_skip(s, "-->")) {
                return true;
            }

        } else if (mdm_salvage_at(s, "<![CDATA[")) {
            if (!mdm_salvage_skip(s, "]]>")) {
                return true;
            }

        } else if (mdm_salvage_tag(s, "<dict") || mdm_salvage_tag(s, "<array"))
        {
            s->depth++;

        } else if (mdm_salvage_tag(s, "</dict")
                   || mdm_salvage_tag(s, "</array"))
        {
            if (s->depth <= 1) {
                return true;
            }

            s->depth--;

        } else if (s->depth == 1 && mdm_salvage_at(s, "<key")) {
            if (!mdm_salvage_pair(s)) {
                return false;
            }

        } else {
            s->pos++;
        }
    }

    return true;
}


static bool
mdm_salvage_pair(mdm_salvage_t *s)
{
    size_t     i;
    mdm_str_t  key, value;

    key = mdm_salvage_element(s, "<key", "</key");
    if (!mdm_str_is_set(key)) {
        s->pos++;
        return true;
    }

    for (i = 0; i < MDM_SALVAGE_PAIRS; i++) {
        if (mdm_str_eq_c(key, s->pairs[i].name)) {
            break;
        }
    }

    if (i == MDM_SALVAGE_PAIRS) {
        return true;
    }

    mdm_salvage_space(s);

    value = mdm_salvage_element(s, "<string", "</string");

    if (!mdm_str_is_set(value) || mdm_str_is_set(s->pairs[i].value)) {
        return false;
    }

    s->pairs[i].value = value;

    return true;
}


/* The text of an element that starts here and holds no other. */

static mdm_str_t
mdm_salvage_element(mdm_salvage_t *s, const char *start, const char *end)
{
    size_t                len;
    mdm_salvage_t         look;
    const unsigned char  *text;

    look = *s;

    if (!mdm_salvage_tag(&look, start)) {
        return mdm_null_str;
    }

    text = look.pos;
    len = look.end - text;

    look.pos = memchr(text, '<', len < MDM_SALVAGE_VALUE ? len
                                                         : MDM_SALVAGE_VALUE);
    if (look.pos == NULL) {
        return mdm_null_str;
    }

    len = look.pos - text;

    if (!mdm_salvage_tag(&look, end)) {
        return mdm_null_str;
    }

    s->pos = look.pos;

    return (mdm_str_t) { len, text };
}


/* A small property list of what was found. */

static mdm_rc_e
mdm_salvage_list(mdm_arena_t *arena, const mdm_salvage_t *s, mdm_str_t *list)
{
    size_t                     i, j, len;
    unsigned char             *start, *p;
    const mdm_salvage_pair_t  *pair;

    static const char  frame[] = "<dict><key></key><string></string></dict>";

    len = 0;

    for (i = 0; i < MDM_SALVAGE_PAIRS; i++) {
        len += sizeof(frame) + strlen(s->pairs[i].name)
               + s->pairs[i].value.len;
    }

    start = mdm_arena_alloc(arena, len);
    if (start == NULL) {
        return MDM_NO_MEMORY;
    }

    p = (unsigned char *) stpcpy((char *) start, "<dict>");

    for (i = 0; i < MDM_SALVAGE_PAIRS; i++) {
        pair = &s->pairs[i];

        if (!mdm_str_is_set(pair->value)) {
            continue;
        }

        p = (unsigned char *) stpcpy((char *) p, "<key>");
        p = (unsigned char *) stpcpy((char *) p, pair->name);
        p = (unsigned char *) stpcpy((char *) p, "</key><string>");

        for (j = 0; j < pair->value.len; j++) {
            *p++ = pair->value.data[j];
        }

        p = (unsigned char *) stpcpy((char *) p, "</string>");
    }

    p = (unsigned char *) stpcpy((char *) p, "</dict>");

    *list = (mdm_str_t) { p - start, start };

    return MDM_OK;
}


static mdm_rc_e
mdm_salvage_read(mdm_arena_t *arena, plist_t root, mdm_message_t *message)
{
    mdm_rc_e   rc;
    mdm_str_t  uuid;

    rc = mdm_enrollment_id_read(arena, root, &message->id, NULL);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_plist_string(arena, root, "CommandUUID", &uuid, NULL);
    if (rc != MDM_OK) {
        return rc;
    }

    if (uuid.len == 0 || uuid.len > MDM_COMMAND_UUID_MAX
        || mdm_str_has_control(uuid))
    {
        return MDM_MALFORMED;
    }

    message->command_uuid = uuid;

    return MDM_OK;
}


static bool
mdm_salvage_at(const mdm_salvage_t *s, const char *literal)
{
    size_t  len;

    len = strlen(literal);

    return (size_t) (s->end - s->pos) >= len
           && memcmp(s->pos, literal, len) == 0;
}


/* Passes a tag that is given without its '>', before which space may stand. */

static bool
mdm_salvage_tag(mdm_salvage_t *s, const char *tag)
{
    mdm_salvage_t  look;

    if (!mdm_salvage_at(s, tag)) {
        return false;
    }

    look = *s;
    look.pos += strlen(tag);
    mdm_salvage_space(&look);

    if (!mdm_salvage_at(&look, ">")) {
        return false;
    }

    s->pos = look.pos + 1;

    return true;
}


static void
mdm_salvage_space(mdm_salvage_t *s)
{
    while (s->pos < s->end && memchr(" \t\r\n", *s->pos, 4)) {
        s->pos++;
    }
}


static bool
mdm_salvage_skip(mdm_salvage_t *s, const char *literal)
{
    while (!mdm_salvage_at(s, literal)) {

        s->pos = (s->end - s->pos > 1)
                 ? memchr(s->pos + 1, literal[0], s->end - s->pos - 1) : NULL;

        if (s->pos == NULL) {
            return false;
        }
    }

    s->pos += strlen(literal);

    return true;
}
