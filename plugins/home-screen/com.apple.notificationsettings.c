
/*
 * com.apple.notificationsettings: how apps may notify, each by its bundle
 * identifier, whether it is installed yet or not.  The user cannot change what
 * is set for an app here.
 */


#include "home-screen.h"


static const mdm_systems_t  systems = {
    .ios = { "9.3", .supervised = MDM_YES, .many = MDM_NO,
             .user_enrollment = MDM_FORBIDDEN, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = { "10.15", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN },
    .tvos = NEVER,
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  app_keys[] = {
    { "BundleIdentifier", MDM_STRING, MDM_NEEDED },
    { "NotificationsEnabled", MDM_BOOLEAN, .preset = "true" },
    { "ShowInNotificationCenter", MDM_BOOLEAN, .preset = "true" },
    { "ShowInLockScreen", MDM_BOOLEAN, .preset = "true" },

    /* none, a banner that goes, one that stays */
    { "AlertType", MDM_INTEGER, MDM_ONE_OF("0", "1", "2"), .preset = "1" },
    { "BadgesEnabled", MDM_BOOLEAN, .preset = "true" },
    { "SoundsEnabled", MDM_BOOLEAN, .preset = "true" },
    { "ShowInCarPlay", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { "12.0" }, .macos = NEVER) },
    { "CriticalAlertEnabled", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "12.0" }) },

    /* as the app says, by app, not at all */
    { "GroupingType", MDM_INTEGER, MDM_ONE_OF("0", "1", "2"), .preset = "0",
      MDM_ON(.ios = { "12.0" }, .macos = NEVER) },

    /* always, while unlocked, never */
    { "PreviewType", MDM_INTEGER, MDM_ONE_OF("0", "1", "2"),
      MDM_ON(.ios = { "14.0" }, .macos = NEVER) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "NotificationSettings", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, app_keys }),
      .combine = MDM_COMBINE_APPEND },
    { 0 }
};


const mdm_type_t  notification_settings = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.notificationsettings",
    .title = "Notifications",
    .on = &systems,
    .keys = keys
};
