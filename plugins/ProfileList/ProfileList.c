
/*
 * ProfileList: the profiles on a device.
 */


#include "ngx_mdm_plugin.h"


#define NEVER  { .introduced = MDM_NEVER_THERE }


static const mdm_systems_t  profile_list_on = {
    .ios = { .introduced = "4.0", .access_rights = MDM_INSPECT_PROFILES,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = { .introduced = "10.7", .access_rights = MDM_INSPECT_PROFILES,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { .introduced = "9.0", .access_rights = MDM_INSPECT_PROFILES },
    .visionos = { .introduced = "1.1",
                  .access_rights = MDM_INSPECT_PROFILES,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { .introduced = "10.0", .access_rights = MDM_INSPECT_PROFILES }
};


static const mdm_key_t  profile_list_payload[] = {
    { "PayloadType", MDM_STRING, MDM_NEEDED },
    { "PayloadVersion", MDM_INTEGER, MDM_NEEDED },
    { "PayloadIdentifier", MDM_STRING, MDM_NEEDED },

    { "PayloadUUID", MDM_STRING, MDM_NEEDED,
      MDM_ON(.ios = { .introduced = "17.0" },
             .macos = { .introduced = "14.0" },
             .tvos = { .introduced = "17.0" }) },

    { "PayloadDisplayName", MDM_STRING },
    { "PayloadDescription", MDM_STRING },
    { "PayloadOrganization", MDM_STRING },
    { 0 }
};


static const mdm_key_t  profile_list_profile[] = {
    { "PayloadUUID", MDM_STRING, MDM_NEEDED },
    { "PayloadIdentifier", MDM_STRING, MDM_NEEDED },
    { "PayloadVersion", MDM_INTEGER },
    { "PayloadDisplayName", MDM_STRING },
    { "PayloadOrganization", MDM_STRING },
    { "PayloadDescription", MDM_STRING },
    { "PayloadRemovalDisallowed", MDM_BOOLEAN, .preset = "false" },
    { "HasRemovalPasscode", MDM_BOOLEAN, .preset = "false" },
    { "IsEncrypted", MDM_BOOLEAN, .preset = "false" },
    { "SignerCertificates", MDM_ARRAY, MDM_KEYS({ NULL, MDM_DATA }) },
    { "IsManaged", MDM_BOOLEAN, .preset = "false", MDM_ON(.macos = NEVER) },

    { "Source", MDM_STRING,
      MDM_ON(.ios = { .introduced = "18.0" },
             .macos = { .introduced = "15.0" },
             .tvos = { .introduced = "18.0" },
             .visionos = { .introduced = "2.0" },
             .watchos = { .introduced = "11.0" }) },

    { "PayloadContent", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = profile_list_payload }) },
    { 0 }
};


static const mdm_key_t  profile_list_keys[] = {
    { "ManagedOnly", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { .introduced = "13.0" },
             .macos = { .introduced = "10.15" },
             .tvos = { .introduced = "13.0" }) },
    { 0 }
};


static const mdm_key_t  profile_list_answer[] = {
    { "ProfileList", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = profile_list_profile }) },
    { 0 }
};


static const mdm_type_t  profile_list_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ProfileList",
        .title = "Profile List",
        .on = &profile_list_on,
        .keys = profile_list_keys,
        .answer = profile_list_answer,
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  profile_list_plugin = {
    MDM_PLUGIN,
    .name = "ProfileList",
    .version = "1",
    .types = profile_list_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &profile_list_plugin;
}
