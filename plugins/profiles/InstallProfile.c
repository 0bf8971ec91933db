
/*
 * InstallProfile: installs a configuration profile, or replaces the one with
 * its identifier.  Only the newest of an identifier is wanted: it supersedes
 * what was not delivered yet.
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
    { "Payload", MDM_PROFILE, MDM_NEEDED },
    { 0 }
};


const mdm_type_t  install_profile = {
    .kind = MDM_COMMAND,
    .flags = MDM_SUPERSEDES,
    .name = "InstallProfile",
    .title = "Install Profile",
    .on = &systems,
    .keys = keys,
    .subject = "profile",
    .subject_keys = MDM_TEXTS("Payload"),
    .expires = MDM_DAYS(90)
};
