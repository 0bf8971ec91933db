
/*
 * ManagedApplicationAttributes: the attributes set on managed apps.
 */


#include "apps.h"
#include "../app_attributes.h"


static const mdm_systems_t  systems = {
    .ios = { "7.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .tvos = { "10.2", .access_rights = MDM_CHANGE_APPS },
    .visionos = { "1.1", .access_rights = MDM_CHANGE_APPS,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_CHANGE_APPS }
};


static const mdm_key_t  item_keys[] = {
    { "Identifier", MDM_STRING, MDM_NEEDED|MDM_TELLS },
    { "Attributes", MDM_DICTIONARY, .keys = app_attributes },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "Identifiers", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "ApplicationAttributes", MDM_ARRAY, MDM_NEEDED,
      .list = "managed_application_attributes",
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = item_keys }) },
    { 0 }
};


const mdm_type_t  managed_application_attributes = {
    .kind = MDM_COMMAND,
    .name = "ManagedApplicationAttributes",
    .title = "Managed Application Attributes",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .part_keys = MDM_TEXTS("Identifiers"),
    .expires = MDM_DAYS(30)
};
