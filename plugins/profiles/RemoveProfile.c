
/*
 * RemoveProfile: removes a profile.  Counts as destructive whatever it
 * removes, since the profile may be the one that manages the device.
 * Supersedes an InstallProfile of that identifier, and is superseded by it.
 */


#include "profiles.h"


static const mdm_systems_t  systems = {
    .ios = { "4.0", .access_rights = MDM_CHANGE_PROFILES,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = { "10.7", .access_rights = MDM_CHANGE_PROFILES,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { "9.0", .access_rights = MDM_CHANGE_PROFILES },
    .visionos = { "1.1", .access_rights = MDM_CHANGE_PROFILES,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_CHANGE_PROFILES }
};


static const mdm_key_t  keys[] = {
    { "Identifier", MDM_STRING, MDM_NEEDED },
    { 0 }
};


const mdm_type_t  remove_profile = {
    .kind = MDM_COMMAND,
    .flags = MDM_DESTRUCTIVE|MDM_SUPERSEDES,
    .name = "RemoveProfile",
    .title = "Remove Profile",
    .on = &systems,
    .keys = keys,
    .subject = "profile",
    .subject_keys = MDM_TEXTS("Identifier")
};
