
/*
 * NSExtensionMappings: which extension points a user of a Mac has extensions
 * for.  Less is told of each than by ActiveNSExtensions, and of more of them,
 * so their list is another one.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .macos = { "10.13", .access_rights = MDM_INSPECT_APPS,
               .device_channel = MDM_NO, .user_channel = MDM_YES,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "Extensions", MDM_ARRAY, MDM_NEEDED, .list = "extension_mappings",
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "Identifier", MDM_STRING, MDM_NEEDED|MDM_TELLS },
                          { "ExtensionPoint", MDM_STRING, MDM_NEEDED },
                          { "DisplayName", MDM_STRING, MDM_NEEDED }) }) },
    { 0 }
};


const mdm_type_t  ns_extension_mappings = {
    .kind = MDM_COMMAND,
    .name = "NSExtensionMappings",
    .title = "NSExtension Mappings",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .expires = MDM_DAYS(30)
};
