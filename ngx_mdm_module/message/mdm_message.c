
/*
 * The check-in messages (Apple: "Check-in", one page per MessageType): one row
 * of a table each.  Must never decide what a message means for an enrolment,
 * only whether it is whole.
 */


#include <string.h>

#include "mdm_message_fields.h"
#include "mdm_plist.h"


typedef struct {
    const char                 *name;
    bool                        device;      /* the channels that send it */
    bool                        user;
    const mdm_message_field_t  *fields;
    const char *const          *attributes;
} mdm_checkin_type_t;


static mdm_rc_e mdm_checkin_read(mdm_arena_t *arena, plist_t root,
    mdm_message_t *message, mdm_fault_t *fault);
static mdm_rc_e mdm_checkin_find(mdm_arena_t *arena, plist_t root,
    mdm_message_type_e *type, mdm_fault_t *fault);
static mdm_rc_e mdm_checkin_channel(const mdm_checkin_type_t *type,
    const mdm_enrollment_id_t *id, mdm_fault_t *fault);


#define mdm_field(field)  offsetof(mdm_message_t, field)


static const mdm_message_field_t  mdm_topic_fields[] = {
    { "Topic", MDM_FIELD_STRING, true, 255, mdm_field(topic) },
    { NULL, 0, false, 0, 0 }
};


static const mdm_message_field_t  mdm_token_update_fields[] = {
    { "Topic", MDM_FIELD_STRING, true, 255, mdm_field(topic) },
    { "Token", MDM_FIELD_DATA, true, 1024, mdm_field(token) },
    { "PushMagic", MDM_FIELD_STRING, true, 255, mdm_field(push_magic) },
    { "UnlockToken", MDM_FIELD_DATA, false, 0, mdm_field(unlock_token) },
    { "AwaitingConfiguration", MDM_FIELD_BOOL, false, 0,
      mdm_field(awaiting_configuration) },
    { "NotOnConsole", MDM_FIELD_BOOL, false, 0, mdm_field(not_on_console) },
    { NULL, 0, false, 0, 0 }
};


static const mdm_message_field_t  mdm_user_authenticate_fields[] = {
    { "DigestResponse", MDM_FIELD_STRING, false, 4096,
      mdm_field(digest_response) },
    { NULL, 0, false, 0, 0 }
};


static const mdm_message_field_t  mdm_set_bootstrap_token_fields[] = {
    { "BootstrapToken", MDM_FIELD_DATA, false, 0, mdm_field(bootstrap_token) },
    { "AwaitingConfiguration", MDM_FIELD_BOOL, false, 0,
      mdm_field(awaiting_configuration) },
    { NULL, 0, false, 0, 0 }
};


static const mdm_message_field_t  mdm_declarative_management_fields[] = {
    { "Endpoint", MDM_FIELD_STRING, true, 1024, mdm_field(endpoint) },
    { "Data", MDM_FIELD_DATA, false, 0, mdm_field(data) },
    { NULL, 0, false, 0, 0 }
};


static const mdm_message_field_t  mdm_get_token_fields[] = {
    { "TokenServiceType", MDM_FIELD_STRING, true, 255,
      mdm_field(token_service_type) },
    { NULL, 0, false, 0, 0 }
};


static const mdm_message_field_t  mdm_no_fields[] = {
    { NULL, 0, false, 0, 0 }
};


static const char *const  mdm_authenticate_attributes[] = {
    "OSVersion", "BuildVersion", "ProductName", "SerialNumber", "IMEI",
    "MEID", "DeviceName", "Model", "ModelName", NULL
};


/* In the order of mdm_message_type_e. */

static const mdm_checkin_type_t  mdm_checkin_types[] = {
    { "Authenticate", true, false, mdm_topic_fields,
      mdm_authenticate_attributes },
    { "TokenUpdate", true, true, mdm_token_update_fields, NULL },
    { "CheckOut", true, false, mdm_topic_fields, NULL },
    { "UserAuthenticate", false, true, mdm_user_authenticate_fields, NULL },
    { "SetBootstrapToken", true, false, mdm_set_bootstrap_token_fields, NULL },
    { "GetBootstrapToken", true, false, mdm_no_fields, NULL },
    { "DeclarativeManagement", true, true, mdm_declarative_management_fields,
      NULL },
    { "GetToken", true, true, mdm_get_token_fields, NULL },
    { "ReturnToService", true, false, mdm_no_fields, NULL }
};


const char *
mdm_message_type_name(mdm_message_type_e type)
{
    return (type == MDM_REPORT) ? "Report" : mdm_checkin_types[type].name;
}


mdm_rc_e
mdm_checkin_decode(mdm_arena_t *arena, mdm_str_t body, mdm_message_t *message,
    mdm_fault_t *fault)
{
    plist_t   root;
    mdm_rc_e  rc;

    memset(message, 0, sizeof(mdm_message_t));

    rc = mdm_plist_parse(body, MDM_CHECKIN_LIMIT, &root, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_checkin_read(arena, root, message, fault);

    mdm_plist_free(root);

    return rc;
}


static mdm_rc_e
mdm_checkin_read(mdm_arena_t *arena, plist_t root, mdm_message_t *message,
    mdm_fault_t *fault)
{
    mdm_rc_e                   rc;
    const mdm_checkin_type_t  *type;

    rc = mdm_checkin_find(arena, root, &message->type, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    type = &mdm_checkin_types[message->type];

    rc = mdm_enrollment_id_read(arena, root, &message->id, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_checkin_channel(type, &message->id, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_message_fields(arena, root, type->fields, message, fault);
    if (rc != MDM_OK || type->attributes == NULL) {
        return rc;
    }

    return mdm_message_attributes(arena, root, type->attributes,
                                  &message->attributes, fault);
}


static mdm_rc_e
mdm_checkin_find(mdm_arena_t *arena, plist_t root, mdm_message_type_e *type,
    mdm_fault_t *fault)
{
    size_t     i;
    mdm_rc_e   rc;
    mdm_str_t  name;

    rc = mdm_plist_string(arena, root, "MessageType", &name, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (name.len == 0) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "MessageType is missing or empty");
    }

    for (i = 0; i < sizeof(mdm_checkin_types) / sizeof(mdm_checkin_types[0]);
         i++)
    {
        if (mdm_str_eq_c(name, mdm_checkin_types[i].name)) {
            *type = i;
            return MDM_OK;
        }
    }

    return mdm_fault(fault, MDM_MALFORMED, "MessageType is not a known one");
}


/*
 * An Authenticate that named a user would bind a device's certificate to a
 * user; UserAuthenticate belongs to a Mac's directory users alone.
 */

static mdm_rc_e
mdm_checkin_channel(const mdm_checkin_type_t *type,
    const mdm_enrollment_id_t *id, mdm_fault_t *fault)
{
    if (mdm_channel_is_user(id->channel) ? !type->user : !type->device) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "%s does not come from a channel of kind %s",
                         type->name, mdm_channel_name(id->channel));
    }

    if (!type->device && id->channel != MDM_CHANNEL_USER) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "%s does not come from a channel of kind %s",
                         type->name, mdm_channel_name(id->channel));
    }

    return MDM_OK;
}
