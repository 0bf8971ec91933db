
/*
 * Making a whole envelope of what an operator has at hand.  XML is wrapped as
 * text, byte for byte: a real, a date or a comment would not survive a parser
 * and a writer.  Must never let out what mdm_command_read() refuses.
 */


#include <string.h>

#include "mdm_command.h"
#include "mdm_plist.h"


typedef enum {
    MDM_ENVELOPE_WHOLE = 0,
    MDM_ENVELOPE_UNNAMED,                /* without CommandUUID */
    MDM_ENVELOPE_COMMAND,                /* the Command dictionary alone */
    MDM_ENVELOPE_PROFILE
} mdm_envelope_kind_e;


/* Pieces to be joined. */

typedef struct {
    mdm_str_t             pieces[8];
    size_t                n;
} mdm_envelope_text_t;


static mdm_rc_e mdm_envelope_kind(plist_t root, mdm_envelope_kind_e *kind,
    mdm_fault_t *fault);
static mdm_rc_e mdm_envelope_wrap(mdm_arena_t *arena, mdm_str_t body,
    plist_t root, mdm_envelope_kind_e kind, const mdm_schema_t *schema,
    mdm_str_t uuid, mdm_str_t *envelope, mdm_fault_t *fault);
static mdm_rc_e mdm_envelope_splice(mdm_arena_t *arena, mdm_str_t body,
    const mdm_plist_outline_t *outline, mdm_envelope_kind_e kind,
    mdm_str_t written, mdm_str_t *envelope);
static mdm_rc_e mdm_envelope_profile(mdm_arena_t *arena, mdm_str_t body,
    const mdm_schema_type_t *type, mdm_str_t uuid, mdm_str_t *envelope);
static mdm_rc_e mdm_envelope_uuid(mdm_arena_t *arena, mdm_str_t uuid,
    mdm_str_t *xml, mdm_fault_t *fault);
static void mdm_envelope_add(mdm_envelope_text_t *text, mdm_str_t piece);
static mdm_rc_e mdm_envelope_join(mdm_arena_t *arena,
    const mdm_envelope_text_t *text, mdm_str_t *joined);


#define MDM_ENVELOPE_HEAD                                                     \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                            \
    "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\""                  \
    " \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"                  \
    "<plist version=\"1.0\">\n<dict>\n<key>Command</key>\n"

#define MDM_ENVELOPE_UUID  "\n<key>CommandUUID</key>\n<string>"
#define MDM_ENVELOPE_TAIL  "</string>\n"
#define MDM_ENVELOPE_END   "</dict>\n</plist>\n"


mdm_rc_e
mdm_command_envelope(mdm_arena_t *arena, mdm_str_t body,
    const mdm_schema_t *schema, mdm_str_t command_uuid, mdm_str_t *envelope,
    mdm_fault_t *fault)
{
    plist_t              root;
    mdm_rc_e             rc;
    mdm_str_t            made;
    mdm_command_t        command;
    mdm_envelope_kind_e  kind;

    *envelope = mdm_null_str;
    made = mdm_null_str;
    root = NULL;
    kind = MDM_ENVELOPE_PROFILE;
    rc = MDM_OK;

    if (body.len == 0 || body.data[0] != 0x30) {     /* no signed profile */
        rc = mdm_plist_parse(body, MDM_COMMAND_LIMIT, &root, fault);

        if (rc == MDM_OK) {
            rc = mdm_envelope_kind(root, &kind, fault);
        }
    }

    if (rc == MDM_OK) {
        rc = mdm_envelope_wrap(arena, body, root, kind, schema, command_uuid,
                               &made, fault);
    }

    mdm_plist_free(root);

    if (rc == MDM_OK) {
        rc = mdm_command_read(arena, made, schema, &command, fault);
    }

    if (rc == MDM_OK) {
        *envelope = made;
    }

    return rc;
}


static mdm_rc_e
mdm_envelope_kind(plist_t root, mdm_envelope_kind_e *kind,
    mdm_fault_t *fault)
{
    if (plist_dict_get_item(root, "Command")) {
        *kind = plist_dict_get_item(root, "CommandUUID")
                ? MDM_ENVELOPE_WHOLE : MDM_ENVELOPE_UNNAMED;

    } else if (plist_dict_get_item(root, "RequestType")) {
        *kind = MDM_ENVELOPE_COMMAND;

    } else if (plist_dict_get_item(root, "PayloadIdentifier")) {
        *kind = MDM_ENVELOPE_PROFILE;

    } else {
        return mdm_fault(fault, MDM_MALFORMED,
                         "this is no command (Command or RequestType) and no "
                         "profile (PayloadIdentifier)");
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_envelope_wrap(mdm_arena_t *arena, mdm_str_t body, plist_t root,
    mdm_envelope_kind_e kind, const mdm_schema_t *schema, mdm_str_t uuid,
    mdm_str_t *envelope, mdm_fault_t *fault)
{
    mdm_rc_e                  rc;
    mdm_str_t                 written;
    mdm_plist_outline_t       outline;
    const mdm_schema_type_t  *carrier;

    if (kind == MDM_ENVELOPE_WHOLE) {
        *envelope = body;
        return MDM_OK;
    }

    written = mdm_null_str;

    rc = mdm_envelope_uuid(arena, uuid, &written, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (kind == MDM_ENVELOPE_PROFILE) {
        carrier = mdm_schema_carrier(schema);

        if (carrier == NULL) {
            return mdm_fault(fault, MDM_UNSUPPORTED,
                             "no plugin describes a command that brings "
                             "profiles");
        }

        return mdm_envelope_profile(arena, body, carrier, uuid, envelope);
    }

    if (plist_is_binary((const char *) body.data, body.len)) {
        rc = mdm_plist_write(arena, root, &body);
        if (rc != MDM_OK) {
            return mdm_fault(fault, rc, "no memory for an envelope");
        }
    }

    /* what a binary list unfolds to in XML may be far longer than it was */

    rc = mdm_plist_outline(body, MDM_COMMAND_LIMIT, &outline, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_envelope_splice(arena, body, &outline, kind, written, envelope);

    return (rc == MDM_OK) ? MDM_OK
                          : mdm_fault(fault, rc, "no memory for an envelope");
}


static mdm_rc_e
mdm_envelope_splice(mdm_arena_t *arena, mdm_str_t body,
    const mdm_plist_outline_t *outline, mdm_envelope_kind_e kind,
    mdm_str_t written, mdm_str_t *envelope)
{
    mdm_envelope_text_t  text;

    text.n = 0;

    if (kind == MDM_ENVELOPE_COMMAND) {
        mdm_envelope_add(&text, mdm_str(MDM_ENVELOPE_HEAD));
        mdm_envelope_add(&text, (mdm_str_t) { outline->end - outline->root,
                                              body.data + outline->root });
        mdm_envelope_add(&text, mdm_str(MDM_ENVELOPE_UUID));
        mdm_envelope_add(&text, written);
        mdm_envelope_add(&text, mdm_str(MDM_ENVELOPE_TAIL MDM_ENVELOPE_END));

    } else {
        mdm_envelope_add(&text, (mdm_str_t) { outline->inside, body.data });
        mdm_envelope_add(&text, mdm_str(MDM_ENVELOPE_UUID));
        mdm_envelope_add(&text, written);
        mdm_envelope_add(&text, mdm_str(MDM_ENVELOPE_TAIL));
        mdm_envelope_add(&text, (mdm_str_t) { body.len - outline->inside,
                                              body.data + outline->inside });
    }

    return mdm_envelope_join(arena, &text, envelope);
}


static mdm_rc_e
mdm_envelope_profile(mdm_arena_t *arena, mdm_str_t body,
    const mdm_schema_type_t *type, mdm_str_t uuid, mdm_str_t *envelope)
{
    plist_t    root, command;
    mdm_rc_e   rc;
    mdm_str_t  text;

    text = mdm_arena_str(arena, uuid.data, uuid.len);

    if (!mdm_str_is_set(text)) {
        return MDM_NO_MEMORY;
    }

    root = plist_new_dict();
    command = plist_new_dict();

    plist_dict_set_item(command, "RequestType", plist_new_string(type->name));
    plist_dict_set_item(command, mdm_schema_profile_key(type),
                        plist_new_data((const char *) body.data, body.len));

    plist_dict_set_item(root, "Command", command);
    plist_dict_set_item(root, "CommandUUID",
                        plist_new_string((const char *) text.data));

    rc = mdm_plist_write(arena, root, envelope);

    mdm_plist_free(root);

    return rc;
}


/* Checks a UUID that comes from outside of the body, and writes it as XML. */

static mdm_rc_e
mdm_envelope_uuid(mdm_arena_t *arena, mdm_str_t uuid, mdm_str_t *xml,
    mdm_fault_t *fault)
{
    size_t          i;
    unsigned char  *start, *p;

    if (uuid.len == 0 || uuid.len > MDM_COMMAND_UUID_MAX
        || mdm_str_has_control(uuid) || !mdm_utf8_valid(uuid.data, uuid.len))
    {
        return mdm_fault(fault, MDM_MALFORMED,
                         "the CommandUUID must be 1 to %d bytes of UTF-8 "
                         "without control characters", MDM_COMMAND_UUID_MAX);
    }

    start = mdm_arena_alloc(arena, uuid.len * (sizeof("&amp;") - 1) + 1);
    if (start == NULL) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for an envelope");
    }

    p = start;

    for (i = 0; i < uuid.len; i++) {

        switch (uuid.data[i]) {

        case '&':
            p = (unsigned char *) stpcpy((char *) p, "&amp;");
            break;

        case '<':
            p = (unsigned char *) stpcpy((char *) p, "&lt;");
            break;

        case '>':
            p = (unsigned char *) stpcpy((char *) p, "&gt;");
            break;

        default:
            *p++ = uuid.data[i];
        }
    }

    *xml = (mdm_str_t) { p - start, start };

    return MDM_OK;
}


static void
mdm_envelope_add(mdm_envelope_text_t *text, mdm_str_t piece)
{
    text->pieces[text->n++] = piece;
}


static mdm_rc_e
mdm_envelope_join(mdm_arena_t *arena, const mdm_envelope_text_t *text,
    mdm_str_t *joined)
{
    size_t          i, len;
    unsigned char  *start, *p;

    len = 0;

    for (i = 0; i < text->n; i++) {
        len += text->pieces[i].len;
    }

    start = mdm_arena_alloc(arena, len + 1);
    if (start == NULL) {
        return MDM_NO_MEMORY;
    }

    p = start;

    for (i = 0; i < text->n; i++) {
        memcpy(p, text->pieces[i].data, text->pieces[i].len);
        p += text->pieces[i].len;
    }

    *p = '\0';
    *joined = (mdm_str_t) { len, start };

    return MDM_OK;
}


mdm_rc_e
mdm_command_write(mdm_arena_t *arena, mdm_str_t request_type,
    mdm_str_t command_uuid, mdm_node_t *members, mdm_str_t *envelope)
{
    mdm_node_t  *root, *type, *uuid;

    root = mdm_node_new(arena, MDM_DICTIONARY);
    type = mdm_node_text(arena, MDM_STRING, request_type);
    uuid = mdm_node_text(arena, MDM_STRING, command_uuid);

    if (root == NULL || type == NULL || uuid == NULL
        || mdm_node_set(arena, members, "RequestType", type) != MDM_OK
        || mdm_node_set(arena, root, "Command", members) != MDM_OK
        || mdm_node_set(arena, root, "CommandUUID", uuid) != MDM_OK)
    {
        return MDM_NO_MEMORY;
    }

    return mdm_node_write(arena, root, envelope);
}
