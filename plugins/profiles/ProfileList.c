
/*
 * ProfileList: the profiles on a device.
 */


#include "profiles.h"


static const mdm_systems_t  systems = {
    .ios = { "4.0", .access_rights = MDM_INSPECT_PROFILES,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = { "10.7", .access_rights = MDM_INSPECT_PROFILES,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { "9.0", .access_rights = MDM_INSPECT_PROFILES },
    .visionos = { "1.1", .access_rights = MDM_INSPECT_PROFILES,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_INSPECT_PROFILES }
};


static const mdm_key_t  payload_keys[] = {
    { "PayloadType", MDM_STRING, MDM_NEEDED },
    { "PayloadVersion", MDM_INTEGER, MDM_NEEDED },
    { "PayloadIdentifier", MDM_STRING, MDM_NEEDED },
    { "PayloadUUID", MDM_STRING, MDM_NEEDED,
      MDM_ON(.ios = { "17.0" }, .macos = { "14.0" }, .tvos = { "17.0" }) },
    { "PayloadDisplayName", MDM_STRING },
    { "PayloadDescription", MDM_STRING },
    { "PayloadOrganization", MDM_STRING },
    { 0 }
};


static const mdm_key_t  profile_keys[] = {
    { "PayloadUUID", MDM_STRING, MDM_NEEDED },
    { "PayloadIdentifier", MDM_STRING, MDM_NEEDED|MDM_TELLS },
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
      MDM_ON(.ios = { "18.0" }, .macos = { "15.0" }, .tvos = { "18.0" },
             .visionos = { "2.0" }, .watchos = { "11.0" }) },
    { "PayloadContent", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = payload_keys }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "ManagedOnly", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "13.0" }, .macos = { "10.15" }, .tvos = { "13.0" }) },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "ProfileList", MDM_ARRAY, MDM_NEEDED, .list = "profiles",
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = profile_keys }) },
    { 0 }
};


const mdm_type_t  profile_list = {
    .kind = MDM_COMMAND,
    .name = "ProfileList",
    .title = "Profile List",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .part_keys = MDM_TEXTS("ManagedOnly"),
    .expires = MDM_DAYS(30)
};
