
/*
 * ManagedApplicationAttributes: the attributes set on managed apps.
 */


#include "ngx_mdm_plugin.h"


#define NEVER  { .introduced = MDM_NEVER_THERE }

#define ONLY_IOS(...)                                                         \
    MDM_ON(.ios = { __VA_ARGS__ }, .tvos = NEVER, .visionos = NEVER,          \
           .watchos = NEVER)


static const mdm_systems_t  managed_application_attributes_on = {
    .ios = { .introduced = "7.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .tvos = { .introduced = "10.2", .access_rights = MDM_CHANGE_APPS },
    .visionos = { .introduced = "1.1", .access_rights = MDM_CHANGE_APPS,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { .introduced = "10.0", .access_rights = MDM_CHANGE_APPS }
};


static const mdm_key_t  managed_application_attributes_app[] = {
    { "VPNUUID", MDM_STRING, MDM_ON(.tvos = NEVER) },
    { "ContentFilterUUID", MDM_STRING,
      MDM_ON(.ios = { .introduced = "16.0" }, .tvos = NEVER,
             .watchos = NEVER) },
    { "DNSProxyUUID", MDM_STRING,
      MDM_ON(.ios = { .introduced = "16.0" }, .tvos = NEVER,
             .watchos = NEVER) },
    { "RelayUUID", MDM_STRING,
      MDM_ON(.ios = { .introduced = "17.0" }, .tvos = NEVER,
             .watchos = NEVER) },
    { "AssociatedDomains", MDM_ARRAY,
      MDM_ON(.ios = { .introduced = "13.0" }, .tvos = NEVER),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "AssociatedDomainsEnableDirectDownloads", MDM_BOOLEAN,
      .preset = "false",
      MDM_ON(.ios = { .introduced = "14.0" }, .tvos = NEVER) },
    { "Removable", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { .introduced = "14.0" },
             .tvos = { .introduced = "14.0" }) },
    { "TapToPayScreenLock", MDM_BOOLEAN, .preset = "false",
      ONLY_IOS(.introduced = "16.4") },
    { "CellularSliceUUID", MDM_STRING, ONLY_IOS(.introduced = "17.0") },
    { "Hideable", MDM_BOOLEAN, .preset = "true",
      ONLY_IOS(.introduced = "18.1") },
    { "Lockable", MDM_BOOLEAN, .preset = "true",
      ONLY_IOS(.introduced = "18.1") },
    { 0 }
};


static const mdm_key_t  managed_application_attributes_keys[] = {
    { "Identifiers", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


static const mdm_key_t  managed_application_attributes_answer[] = {
    { "ApplicationAttributes", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "Identifier", MDM_STRING, MDM_NEEDED },
                          { "Attributes", MDM_DICTIONARY,
                            .keys = managed_application_attributes_app }) }) },
    { 0 }
};


static const mdm_type_t  managed_application_attributes_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ManagedApplicationAttributes",
        .title = "Managed Application Attributes",
        .on = &managed_application_attributes_on,
        .keys = managed_application_attributes_keys,
        .answer = managed_application_attributes_answer,
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  managed_application_attributes_plugin = {
    MDM_PLUGIN,
    .name = "ManagedApplicationAttributes",
    .version = "1",
    .types = managed_application_attributes_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &managed_application_attributes_plugin;
}
