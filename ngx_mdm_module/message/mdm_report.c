
/*
 * The command cycle's report (Apple: "Implementing device management", the
 * response every command has in common).  Must never look into the answer to
 * one command type.
 */


#include <stdio.h>
#include <string.h>

#include "mdm_command.h"
#include "mdm_message_fields.h"
#include "mdm_plist.h"


/* An error domain is a name; more of it serves nobody. */
#define MDM_REPORT_DOMAIN_MAX   255


static mdm_rc_e mdm_report_read(mdm_arena_t *arena, plist_t root,
    mdm_message_t *message, mdm_fault_t *fault);
static mdm_rc_e mdm_report_status(mdm_arena_t *arena, plist_t root,
    mdm_report_status_e *status, mdm_fault_t *fault);
static mdm_rc_e mdm_report_command(mdm_arena_t *arena, plist_t root,
    mdm_message_t *message, mdm_fault_t *fault);
static mdm_rc_e mdm_report_error(mdm_arena_t *arena, plist_t root,
    mdm_str_t *error, mdm_fault_t *fault);
static size_t mdm_report_domain(plist_t item, char *domain, size_t size);


/* In the order of mdm_report_status_e; the last is never sent. */

static const char *const  mdm_report_statuses[] = {
    "Idle", "Acknowledged", "Error", "CommandFormatError", "NotNow",
    "Unreadable"
};


static const mdm_message_field_t  mdm_report_fields[] = {
    { "NotOnConsole", MDM_FIELD_BOOL, false, 0,
      offsetof(mdm_message_t, not_on_console) },
    { NULL, 0, false, 0, 0 }
};


const char *
mdm_report_status_name(mdm_report_status_e status)
{
    return mdm_report_statuses[status];
}


mdm_rc_e
mdm_report_decode(mdm_arena_t *arena, mdm_str_t body, mdm_message_t *message,
    plist_t *kept, mdm_fault_t *fault)
{
    plist_t   root;
    mdm_rc_e  rc;

    memset(message, 0, sizeof(mdm_message_t));
    message->type = MDM_REPORT;

    if (kept != NULL) {
        *kept = NULL;
    }

    rc = mdm_plist_parse(body, MDM_REPORT_LIMIT, &root, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_report_read(arena, root, message, fault);

    if (rc == MDM_OK && kept != NULL) {
        *kept = root;
        return rc;
    }

    mdm_plist_free(root);

    return rc;
}


static mdm_rc_e
mdm_report_read(mdm_arena_t *arena, plist_t root, mdm_message_t *message,
    mdm_fault_t *fault)
{
    mdm_rc_e  rc;

    rc = mdm_report_status(arena, root, &message->status, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_enrollment_id_read(arena, root, &message->id, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_message_fields(arena, root, mdm_report_fields, message, fault);
    if (rc != MDM_OK || message->status == MDM_STATUS_IDLE) {
        return rc;
    }

    rc = mdm_report_command(arena, root, message, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    return mdm_report_error(arena, root, &message->error, fault);
}


static mdm_rc_e
mdm_report_status(mdm_arena_t *arena, plist_t root,
    mdm_report_status_e *status, mdm_fault_t *fault)
{
    size_t     i;
    mdm_rc_e   rc;
    mdm_str_t  name;

    rc = mdm_plist_string(arena, root, "Status", &name, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (name.len == 0) {
        return mdm_fault(fault, MDM_MALFORMED, "Status is missing or empty");
    }

    for (i = 0; i < MDM_STATUS_UNREADABLE; i++) {
        if (mdm_str_eq_c(name, mdm_report_statuses[i])) {
            *status = i;
            return MDM_OK;
        }
    }

    return mdm_fault(fault, MDM_MALFORMED, "Status is not a known one");
}


static mdm_rc_e
mdm_report_command(mdm_arena_t *arena, plist_t root, mdm_message_t *message,
    mdm_fault_t *fault)
{
    static const mdm_message_field_t  fields[] = {
        { "CommandUUID", MDM_FIELD_STRING, true, MDM_COMMAND_UUID_MAX,
          offsetof(mdm_message_t, command_uuid) },
        { NULL, 0, false, 0, 0 }
    };

    return mdm_message_fields(arena, root, fields, message, fault);
}


/*
 * "<domain> <code>" of the outermost error.  An ErrorChain of another shape is
 * no reason to refuse the report: its bytes are kept.
 */

static mdm_rc_e
mdm_report_error(mdm_arena_t *arena, plist_t root, mdm_str_t *error,
    mdm_fault_t *fault)
{
    char      text[MDM_REPORT_DOMAIN_MAX + 32];
    size_t    len;
    plist_t   item, code;
    uint64_t  number;

    item = plist_array_get_item(plist_dict_get_item(root, "ErrorChain"), 0);

    if (item == NULL || plist_get_node_type(item) != PLIST_DICT) {
        return MDM_OK;
    }

    len = mdm_report_domain(item, text, MDM_REPORT_DOMAIN_MAX);
    code = plist_dict_get_item(item, "ErrorCode");

    if (code && plist_get_node_type(code) == PLIST_UINT) {
        number = 0;
        plist_get_uint_val(code, &number);

        len += snprintf(text + len, sizeof(text) - len, "%s%lld",
                        len ? " " : "", (long long) number);
    }

    if (len == 0) {
        return MDM_OK;
    }

    *error = mdm_arena_str(arena, text, len);

    if (!mdm_str_is_set(*error)) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for ErrorChain");
    }

    return MDM_OK;
}


static size_t
mdm_report_domain(plist_t item, char *domain, size_t size)
{
    plist_t      node;
    uint64_t     len;
    const char  *text;

    node = plist_dict_get_item(item, "ErrorDomain");

    len = 0;
    text = plist_get_string_ptr(node, &len);

    if (text == NULL
        || mdm_str_has_control((mdm_str_t) { len,
                                             (const unsigned char *) text }))
    {
        return 0;
    }

    /* cut before a character, not inside of one */

    if (len > size) {
        for (len = size; len > 0 && ((unsigned char) text[len] & 0xc0) == 0x80;
             len--)
        {
            /* void */
        }
    }

    memcpy(domain, text, len);

    return len;
}
