
/*
 * The keys that are no plugin's: those of a profile around its payloads, and
 * those that every payload has (Apple: "TopLevel", "CommonPayloadKeys").  Must
 * never name a type of payload.
 */


#include <string.h>

#include "mdm_schema_internal.h"


#define MDM_OF_PROFILES                                                       \
    MDM_ON(.ios = { .introduced = "4.0" }, .macos = { .introduced = "10.7" }, \
           .tvos = { .introduced = "9.0" },                                   \
           .visionos = { .introduced = "1.0" },                               \
           .watchos = { .introduced = "1.0" })


static const mdm_key_t  mdm_schema_payload_keys[] = {
    { .name = "PayloadType", .type = MDM_STRING, .flags = MDM_NEEDED },
    { .name = "PayloadVersion", .type = MDM_INTEGER, .flags = MDM_NEEDED,
      MDM_ONE_OF("1") },
    { .name = "PayloadIdentifier", .type = MDM_STRING, .flags = MDM_NEEDED },
    { .name = "PayloadUUID", .type = MDM_STRING, .flags = MDM_NEEDED },
    { .name = "PayloadDisplayName", .type = MDM_STRING },
    { .name = "PayloadDescription", .type = MDM_STRING },
    { .name = "PayloadOrganization", .type = MDM_STRING },

    /* in no table of Apple's, and in what its own server wrote */
    { .name = "PayloadEnabled", .type = MDM_BOOLEAN, .preset = "true" },
    { 0 }
};


static const mdm_key_t  mdm_schema_profile_keys[] = {
    { .name = "PayloadType", .type = MDM_STRING, .flags = MDM_NEEDED,
      MDM_ONE_OF("Configuration") },
    { .name = "PayloadVersion", .type = MDM_INTEGER, .flags = MDM_NEEDED,
      MDM_ONE_OF("1") },
    { .name = "PayloadIdentifier", .type = MDM_STRING, .flags = MDM_NEEDED },
    { .name = "PayloadUUID", .type = MDM_STRING, .flags = MDM_NEEDED },

    /* one of them is needed: mdm_check_profile.c */
    { .name = "PayloadContent", .type = MDM_ARRAY },
    { .name = "EncryptedPayloadContent", .type = MDM_DATA },
    { .name = "IsEncrypted", .type = MDM_BOOLEAN, .preset = "false" },

    { .name = "PayloadDisplayName", .type = MDM_STRING },
    { .name = "PayloadDescription", .type = MDM_STRING },
    { .name = "PayloadOrganization", .type = MDM_STRING },
    { .name = "PayloadScope", .type = MDM_STRING,
      MDM_ONE_OF("System", "User"),
      MDM_ON(.macos = { .introduced = "10.8" }) },
    { .name = "HasRemovalPasscode", .type = MDM_BOOLEAN, .preset = "false" },
    { .name = "PayloadRemovalDisallowed", .type = MDM_BOOLEAN,
      .preset = "false",
      MDM_ON(.ios = { .supervised = MDM_YES,
                      .user_enrollment = MDM_FORBIDDEN },
             .tvos = { .supervised = MDM_YES },
             .visionos = { .introduced = MDM_NEVER_THERE },
             .watchos = { .introduced = MDM_NEVER_THERE }) },
    { .name = "RemovalDate", .type = MDM_DATE },
    { .name = "DurationUntilRemoval", .type = MDM_REAL },
    { .name = "PayloadExpirationDate", .type = MDM_DATE,
      MDM_ON(.watchos = { .introduced = MDM_NEVER_THERE }) },
    { .name = "TargetDeviceType", .type = MDM_INTEGER,
      MDM_ONE_OF("0", "1", "2", "3", "4", "5", "6"), .preset = "0",
      MDM_ON(.ios = { .introduced = "12.2" },
             .macos = { .introduced = "10.15" },
             .tvos = { .introduced = "12.2" },
             .visionos = { .introduced = "1.1" },
             .watchos = { .introduced = "5.2" }) },
    { .name = "ConsentText", .type = MDM_DICTIONARY,
      MDM_KEYS({ .name = "*", .type = MDM_STRING }) },
    { .name = "PayloadEnabled", .type = MDM_BOOLEAN, .preset = "true" },
    { 0 }
};


/* Their names are those of sentences: "RemovalDate of a profile". */

static const mdm_type_t  mdm_schema_own_profile = {
    .kind = MDM_PAYLOAD, .name = "profile", .keys = mdm_schema_profile_keys,
    MDM_OF_PROFILES
};

static const mdm_type_t  mdm_schema_own_payload = {
    .kind = MDM_PAYLOAD, .name = "payload", .keys = mdm_schema_payload_keys,
    MDM_OF_PROFILES
};

static const mdm_plugin_t  mdm_schema_own = {
    MDM_PLUGIN, .name = "profile", .version = "1",
    .types = MDM_TYPES(&mdm_schema_own_profile, &mdm_schema_own_payload)
};


mdm_rc_e
mdm_schema_common(mdm_schema_t *schema)
{
    mdm_rc_e  rc;

    rc = mdm_schema_unit(&schema->own, &mdm_schema_own, "", NULL, NULL);
    if (rc != MDM_OK) {
        return rc;
    }

    schema->own->entries[0]->type.name = "a profile";
    schema->own->entries[1]->type.name = "a payload";

    schema->profile = &schema->own->entries[0]->type;
    schema->payload = &schema->own->entries[1]->type;
    schema->contents = mdm_schema_named(schema->profile->keys,
                                        mdm_str("PayloadContent"));

    return MDM_OK;
}


bool
mdm_schema_is_common(mdm_str_t name)
{
    size_t  i;

    for (i = 0; mdm_schema_payload_keys[i].name; i++) {
        if (mdm_str_eq_c(name, mdm_schema_payload_keys[i].name)) {
            return true;
        }
    }

    return false;
}
