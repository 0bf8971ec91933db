
/*
 * RemoveApplication: removes a managed app.  Wanted however long the device
 * was away.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .ios = { "5.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "11.0", .access_rights = MDM_CHANGE_APPS,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "10.2", .access_rights = MDM_CHANGE_APPS },
    .visionos = { "1.1", .access_rights = MDM_CHANGE_APPS,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_CHANGE_APPS }
};


static const mdm_key_t  keys[] = {
    { "Identifier", MDM_STRING, MDM_NEEDED },
    { 0 }
};


const mdm_type_t  remove_application = {
    .kind = MDM_COMMAND,
    .name = "RemoveApplication",
    .title = "Remove Application",
    .on = &systems,
    .keys = keys,
    .subject = "app",
    .subject_keys = MDM_TEXTS("Identifier")
};
