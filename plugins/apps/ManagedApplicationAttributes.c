
/*
 * ManagedApplicationAttributes: the attributes set on managed apps.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .ios = { "7.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .tvos = { "10.2", .access_rights = MDM_CHANGE_APPS },
    .visionos = { "1.1", .access_rights = MDM_CHANGE_APPS,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_CHANGE_APPS }
};


static const mdm_key_t  app_keys[] = {
    { "VPNUUID", MDM_STRING, MDM_ON(.tvos = NEVER) },
    { "ContentFilterUUID", MDM_STRING,
      MDM_ON(.ios = { "16.0" }, .tvos = NEVER, .watchos = NEVER) },
    { "DNSProxyUUID", MDM_STRING,
      MDM_ON(.ios = { "16.0" }, .tvos = NEVER, .watchos = NEVER) },
    { "RelayUUID", MDM_STRING,
      MDM_ON(.ios = { "17.0" }, .tvos = NEVER, .watchos = NEVER) },
    { "AssociatedDomains", MDM_ARRAY,
      MDM_ON(.ios = { "13.0" }, .tvos = NEVER),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "AssociatedDomainsEnableDirectDownloads", MDM_BOOLEAN,
      .preset = "false", MDM_ON(.ios = { "14.0" }, .tvos = NEVER) },
    { "Removable", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { "14.0" }, .tvos = { "14.0" }) },
    { "TapToPayScreenLock", MDM_BOOLEAN, .preset = "false",
      ONLY_IOS("16.4") },
    { "CellularSliceUUID", MDM_STRING, ONLY_IOS("17.0") },
    { "Hideable", MDM_BOOLEAN, .preset = "true", ONLY_IOS("18.1") },
    { "Lockable", MDM_BOOLEAN, .preset = "true", ONLY_IOS("18.1") },
    { 0 }
};


static const mdm_key_t  item_keys[] = {
    { "Identifier", MDM_STRING, MDM_NEEDED|MDM_TELLS },
    { "Attributes", MDM_DICTIONARY, .keys = app_keys },
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
