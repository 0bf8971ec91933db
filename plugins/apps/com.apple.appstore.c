
/*
 * com.apple.appstore: what the App Store of a Mac does not do.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .ios = NEVER,
    .macos = { "10.9", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN },
    .tvos = NEVER,
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  keys[] = {
    /* since then a key of com.apple.SoftwareUpdate */
    { "restrict-store-require-admin-to-install", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.9", .deprecated = "10.14" }) },

    /* since macOS 10.14 not even updates: the app does not open */
    { "restrict-store-softwareupdate-only", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.10" }) },
    { "restrict-store-disable-app-adoption", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.10" }) },
    { "DisableSoftwareUpdateNotifications", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.10" }) },
    { 0 }
};


const mdm_type_t  app_store = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.appstore",
    .title = "App Store",
    .on = &systems,
    .keys = keys
};
