
/*
 * DeclarativeManagement: turns declarations on, or tells that there are new
 * ones.  The device asks for their contents itself.
 */


#include "device.h"


static const mdm_systems_t  systems = {
    .ios = { "15.0", .user_enrollment = MDM_ALLOWED,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = { "13.0", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { "16.0" },
    .visionos = { "1.1", .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0" }
};


static const mdm_key_t  keys[] = {
    { "Data", MDM_DATA },
    { 0 }
};


const mdm_type_t  declarative_management = {
    .kind = MDM_COMMAND,
    .name = "DeclarativeManagement",
    .title = "Declarative Management",
    .on = &systems,
    .keys = keys,
    .subject = "declarations",
    .expires = MDM_DAYS(90)
};
