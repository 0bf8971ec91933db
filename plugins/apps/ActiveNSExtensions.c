
/*
 * ActiveNSExtensions: the extensions a user of a Mac has, and whether he uses
 * them.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .macos = { "10.13", .access_rights = MDM_INSPECT_APPS,
               .device_channel = MDM_NO, .user_channel = MDM_YES,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "FilterExtensionPoints", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "Extensions", MDM_ARRAY, MDM_NEEDED, .list = "extensions",
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "Identifier", MDM_STRING, MDM_NEEDED|MDM_TELLS },
                          { "ExtensionPoint", MDM_STRING, MDM_NEEDED },
                          { "DisplayName", MDM_STRING, MDM_NEEDED },
                          { "ContainerDisplayName", MDM_STRING },
                          { "ContainerIdentifier", MDM_STRING },
                          { "Path", MDM_STRING, MDM_NEEDED },
                          { "Version", MDM_STRING, MDM_NEEDED },
                          { "UserElection", MDM_STRING, MDM_NEEDED,
                            MDM_ONE_OF("Default", "Use", "Ignore") }) }) },
    { 0 }
};


const mdm_type_t  active_ns_extensions = {
    .kind = MDM_COMMAND,
    .name = "ActiveNSExtensions",
    .title = "Active NSExtensions",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .part_keys = MDM_TEXTS("FilterExtensionPoints"),
    .expires = MDM_DAYS(30)
};
