
/*
 * Per-device values in a stored command.  A value is put where its name stood
 * and is not read again, whatever it looks like; no value and no text of the
 * command ever stands in a fault, for they may be secret.
 */


#include <ctype.h>
#include <string.h>

#include "mdm_command.h"
#include "mdm_values.h"


#define MDM_VALUES_NAME_MAX  128
#define MDM_VALUES_DER       0x30        /* the first byte of CMS */


typedef enum {
    MDM_PIECE_TEXT = 0,
    MDM_PIECE_NAME,
    MDM_PIECE_PERCENT                    /* "%%" */
} mdm_piece_e;


typedef struct {
    mdm_arena_t          *arena;
    const mdm_str_t      *wants;
    mdm_str_t            *found;         /* of each want, once asked for */
    size_t                n;
    mdm_values_pt         value;
    void                 *data;
    size_t                size;          /* of all resolved texts */
    mdm_fault_t          *fault;
} mdm_values_run_t;


static mdm_piece_e mdm_values_piece(mdm_str_t *rest, mdm_str_t *piece);
static size_t mdm_values_name(mdm_str_t text);
static mdm_rc_e mdm_values_command(mdm_values_run_t *run,
    mdm_node_t *command);
static mdm_rc_e mdm_values_member(mdm_values_run_t *run, mdm_node_t *command,
    mdm_str_t want);
static mdm_rc_e mdm_values_secret(mdm_values_run_t *run, mdm_node_t *command,
    mdm_str_t member, mdm_str_t kind);
static mdm_rc_e mdm_values_profile(mdm_values_run_t *run,
    mdm_node_t *command, mdm_str_t member);
static mdm_rc_e mdm_values_node(mdm_values_run_t *run, mdm_node_t *node);
static mdm_rc_e mdm_values_text(mdm_values_run_t *run, mdm_str_t *text);
static mdm_rc_e mdm_values_measure(mdm_values_run_t *run, mdm_str_t text,
    size_t *size);
static mdm_rc_e mdm_values_look_up(mdm_values_run_t *run, mdm_str_t name,
    mdm_str_t *value);
static mdm_rc_e mdm_values_written(mdm_values_run_t *run,
    const mdm_node_t *node, mdm_str_t *xml);
static mdm_rc_e mdm_values_no_memory(mdm_values_run_t *run);


mdm_rc_e
mdm_values_find(mdm_str_t text, mdm_values_t *values, mdm_fault_t *fault)
{
    size_t       i;
    mdm_str_t    piece;
    mdm_piece_e  kind;

    while (text.len) {
        kind = mdm_values_piece(&text, &piece);

        if (kind == MDM_PIECE_PERCENT) {
            values->escaped = true;
        }

        if (kind != MDM_PIECE_NAME) {
            continue;
        }

        for (i = 0; i < values->n; i++) {
            if (mdm_str_eq(values->names[i], piece)) {
                break;
            }
        }

        if (i < values->n) {
            continue;
        }

        if (values->n == MDM_VALUES_MAX_NAMES) {
            return mdm_fault(fault, MDM_TOO_LARGE,
                             "there are more than %d different per-device "
                             "values", MDM_VALUES_MAX_NAMES);
        }

        values->names[values->n++] = piece;
    }

    return MDM_OK;
}


mdm_str_t
mdm_values_literal(mdm_arena_t *arena, mdm_str_t text)
{
    size_t          i, len;
    unsigned char  *p;

    len = text.len;

    for (i = 0; i < text.len; i++) {
        len += (text.data[i] == '%');
    }

    p = mdm_arena_alloc(arena, len + 1);
    if (p == NULL) {
        return mdm_null_str;
    }

    for (i = 0, len = 0; i < text.len; i++) {
        p[len++] = text.data[i];

        if (text.data[i] == '%') {
            p[len++] = '%';
        }
    }

    p[len] = '\0';

    return (mdm_str_t) { len, p };
}


/* Takes the next piece off a text that is not empty; of a name, what stands
 * between the signs. */

static mdm_piece_e
mdm_values_piece(mdm_str_t *rest, mdm_str_t *piece)
{
    size_t                len, taken;
    mdm_piece_e           kind;
    const unsigned char  *p;

    *piece = *rest;
    kind = MDM_PIECE_TEXT;

    if (rest->data[0] != '%') {
        p = memchr(rest->data, '%', rest->len);
        taken = p ? (size_t) (p - rest->data) : rest->len;
        piece->len = taken;

    } else if (rest->len > 1 && rest->data[1] == '%') {
        kind = MDM_PIECE_PERCENT;
        taken = 2;
        piece->len = 1;

    } else {
        piece->data++;
        piece->len--;
        len = mdm_values_name(*piece);

        if (len) {
            kind = MDM_PIECE_NAME;
            taken = len + 2;
            piece->len = len;

        } else {
            taken = 1;
            *piece = (mdm_str_t) { 1, rest->data };
        }
    }

    rest->data += taken;
    rest->len -= taken;

    return kind;
}


/* The length of a name that a percent sign follows, or 0.  Two hexadecimal
 * digits are none: they stand so in every escaped URL. */

static size_t
mdm_values_name(mdm_str_t text)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < text.len && i <= MDM_VALUES_NAME_MAX; i++) {
        c = text.data[i];

        if (c == '%') {
            return i == 2 && isxdigit(text.data[0]) && isxdigit(text.data[1])
                   ? 0 : i;
        }

        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
            continue;
        }

        if (i == 0 || !((c >= '0' && c <= '9')
                        || c == '.' || c == '_' || c == '-'))
        {
            break;
        }
    }

    return 0;
}


mdm_rc_e
mdm_values_resolve(mdm_arena_t *arena, mdm_str_t command,
    const mdm_str_t *wants, size_t n, mdm_values_pt value, void *data,
    mdm_str_t *resolved, mdm_fault_t *fault)
{
    mdm_rc_e           rc;
    mdm_node_t        *root, *body;
    mdm_values_run_t   run;

    *resolved = mdm_null_str;

    run.arena = arena;
    run.wants = wants;
    run.n = n;
    run.value = value;
    run.data = data;
    run.size = 0;
    run.fault = fault;

    run.found = mdm_arena_zalloc(arena, n * sizeof(mdm_str_t));
    if (run.found == NULL) {
        return mdm_values_no_memory(&run);
    }

    rc = mdm_node_read(arena, command, MDM_COMMAND_LIMIT, &root, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    body = mdm_node_get(root, "Command");

    if (body == NULL || body->type != MDM_DICTIONARY) {
        return mdm_fault(fault, MDM_MALFORMED, "there is no Command in it");
    }

    rc = mdm_values_command(&run, body);

    return (rc == MDM_OK) ? mdm_values_written(&run, root, resolved) : rc;
}


static mdm_rc_e
mdm_values_command(mdm_values_run_t *run, mdm_node_t *command)
{
    size_t       i;
    mdm_rc_e     rc;
    mdm_node_t  *member;

    for (member = command->u.list.first; member; member = member->next) {

        if (mdm_str_eq_c(member->name, "RequestType")) {
            continue;
        }

        rc = mdm_values_node(run, member);
        if (rc != MDM_OK) {
            return rc;
        }
    }

    for (i = 0; i < run->n; i++) {
        rc = mdm_values_member(run, command, run->wants[i]);
        if (rc != MDM_OK) {
            return rc;
        }
    }

    return MDM_OK;
}


/* No attribute's name has '<' or ':'. */

static mdm_rc_e
mdm_values_member(mdm_values_run_t *run, mdm_node_t *command, mdm_str_t want)
{
    mdm_str_t             member, kind;
    const unsigned char  *sign;

    sign = memchr(want.data, '<', want.len);

    if (sign == NULL) {
        sign = memchr(want.data, ':', want.len);
    }

    if (sign == NULL) {
        return MDM_OK;
    }

    member = (mdm_str_t) { sign - want.data, want.data };
    kind = (mdm_str_t) { want.len - member.len - 1, sign + 1 };

    return (*sign == '<') ? mdm_values_secret(run, command, member, kind)
                          : mdm_values_profile(run, command, member);
}


static mdm_rc_e
mdm_values_secret(mdm_values_run_t *run, mdm_node_t *command,
    mdm_str_t member, mdm_str_t kind)
{
    mdm_rc_e     rc;
    mdm_str_t    name, value;
    mdm_node_t  *node;

    value = run->value(run->data, kind, true);

    if (!mdm_str_is_set(value)) {
        return mdm_fault(run->fault, MDM_MALFORMED,
                         "no %.*s of the device is in escrow",
                         (int) (kind.len < 128 ? kind.len : 128), kind.data);
    }

    name = mdm_arena_str(run->arena, member.data, member.len);
    node = mdm_node_text(run->arena, MDM_DATA, value);

    if (!mdm_str_is_set(name) || node == NULL) {
        return mdm_values_no_memory(run);
    }

    rc = mdm_node_set(run->arena, command, (const char *) name.data, node);

    return (rc == MDM_OK) ? MDM_OK : mdm_values_no_memory(run);
}


static mdm_rc_e
mdm_values_profile(mdm_values_run_t *run, mdm_node_t *command,
    mdm_str_t member)
{
    mdm_rc_e     rc;
    mdm_node_t  *data, *profile;

    data = mdm_node_get_str(command, member);

    if (data == NULL || data->type != MDM_DATA) {
        return mdm_fault(run->fault, MDM_MALFORMED,
                         "%.*s of the command is no data",
                         (int) (member.len < 128 ? member.len : 128),
                         member.data);
    }

    if (data->u.text.len && data->u.text.data[0] == MDM_VALUES_DER) {
        return MDM_OK;
    }

    rc = mdm_node_read(run->arena, data->u.text, MDM_COMMAND_LIMIT, &profile,
                       run->fault);

    if (rc == MDM_OK) {
        rc = mdm_values_node(run, profile);
    }

    return (rc == MDM_OK) ? mdm_values_written(run, profile, &data->u.text)
                          : rc;
}


/* What was read is not nested deeper than the scan permits. */

static mdm_rc_e
mdm_values_node(mdm_values_run_t *run, mdm_node_t *node)
{
    mdm_rc_e     rc;
    mdm_node_t  *item;

    if (node->type == MDM_STRING) {
        return mdm_values_text(run, &node->u.text);
    }

    if (node->type != MDM_ARRAY && node->type != MDM_DICTIONARY) {
        return MDM_OK;
    }

    for (item = node->u.list.first; item; item = item->next) {
        rc = mdm_values_node(run, item);
        if (rc != MDM_OK) {
            return rc;
        }
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_values_text(mdm_values_run_t *run, mdm_str_t *text)
{
    size_t          size;
    mdm_rc_e        rc;
    mdm_str_t       rest, piece, value;
    mdm_piece_e     kind;
    unsigned char  *p, *start;

    if (text->len == 0 || memchr(text->data, '%', text->len) == NULL) {
        return MDM_OK;
    }

    rc = mdm_values_measure(run, *text, &size);
    if (rc != MDM_OK) {
        return rc;
    }

    start = mdm_arena_alloc(run->arena, size + 1);
    if (start == NULL) {
        return mdm_values_no_memory(run);
    }

    p = start;
    rest = *text;

    while (rest.len) {
        kind = mdm_values_piece(&rest, &piece);
        value = piece;

        if (kind == MDM_PIECE_NAME) {
            (void) mdm_values_look_up(run, piece, &value);
        }

        memcpy(p, value.data, value.len);
        p += value.len;
    }

    *p = '\0';
    *text = (mdm_str_t) { size, start };

    return MDM_OK;
}


/* All that can go wrong does so here. */

static mdm_rc_e
mdm_values_measure(mdm_values_run_t *run, mdm_str_t text, size_t *size)
{
    mdm_rc_e   rc;
    mdm_str_t  piece, value;

    *size = 0;

    while (text.len) {

        if (mdm_values_piece(&text, &piece) != MDM_PIECE_NAME) {
            *size += piece.len;
            run->size += piece.len;
            continue;
        }

        rc = mdm_values_look_up(run, piece, &value);
        if (rc != MDM_OK) {
            return rc;
        }

        *size += value.len;
        run->size += value.len;

        if (run->size > MDM_VALUES_MAX_SIZE) {
            return mdm_fault(run->fault, MDM_TOO_LARGE,
                             "the command is too large with its values");
        }
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_values_look_up(mdm_values_run_t *run, mdm_str_t name, mdm_str_t *value)
{
    size_t  i;

    for (i = 0; i < run->n; i++) {
        if (mdm_str_eq(run->wants[i], name)) {
            break;
        }
    }

    if (i == run->n) {

        /* with its signs */

        *value = (mdm_str_t) { name.len + 2, name.data - 1 };
        return MDM_OK;
    }

    if (!mdm_str_is_set(run->found[i])) {
        run->found[i] = run->value(run->data, name, false);

        if (!mdm_str_is_set(run->found[i])) {
            return mdm_fault(run->fault, MDM_MALFORMED, "no value for %%%.*s%%",
                             (int) name.len, name.data);
        }

        if (!mdm_node_is_text(run->found[i])) {
            return mdm_fault(run->fault, MDM_MALFORMED,
                             "the value for %%%.*s%% has a character that a "
                             "property list cannot hold",
                             (int) name.len, name.data);
        }
    }

    *value = run->found[i];

    return MDM_OK;
}


static mdm_rc_e
mdm_values_written(mdm_values_run_t *run, const mdm_node_t *node,
    mdm_str_t *xml)
{
    mdm_rc_e  rc;

    rc = mdm_node_write(run->arena, node, xml);

    if (rc == MDM_NO_MEMORY) {
        return mdm_values_no_memory(run);
    }

    return (rc == MDM_OK) ? MDM_OK
           : mdm_fault(run->fault, rc,
                       "the command has a character that a property list "
                       "cannot hold");
}


static mdm_rc_e
mdm_values_no_memory(mdm_values_run_t *run)
{
    return mdm_fault(run->fault, MDM_NO_MEMORY,
                     "no memory for per-device values");
}
