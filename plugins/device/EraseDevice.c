
/*
 * EraseDevice: erases a device, at once.  Never repeated by itself: what
 * erased the device may not have been able to answer.
 */


#include "device.h"


static const mdm_systems_t  systems = {
    .ios = { "4.0", .access_rights = MDM_ERASE,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.7", .access_rights = MDM_ERASE,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "10.2", .access_rights = MDM_ERASE },
    .visionos = { "1.1", .access_rights = MDM_ERASE,
                  .user_enrollment = MDM_FORBIDDEN },
    .watchos = { "10.0", .access_rights = MDM_ERASE }
};


static const mdm_key_t  keys[] = {
    { "PreserveDataPlan", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "11.0" }, .macos = NEVER, .tvos = NEVER,
             .visionos = NEVER) },
    { "DisallowProximitySetup", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "11.3", .shared_ipad = MDM_FORBIDDEN }, .macos = NEVER,
             .tvos = NEVER, .visionos = NEVER, .watchos = NEVER) },

    /* six digits are all that the screen of a locked Mac takes */
    { "PIN", MDM_STRING, MDM_SECRET, .pattern = "^[0-9]{6}$",
      ONLY_MACOS("10.8") },

    { "ObliterationBehavior", MDM_STRING,
      MDM_ONE_OF("Default", "DoNotObliterate", "ObliterateWithWarning",
                 "Always"), ONLY_MACOS("12.0") },

    { "ReturnToService", MDM_DICTIONARY,
      MDM_ON(.ios = { "17.0" }, .macos = NEVER, .tvos = { "18.0" },
             .visionos = NEVER, .watchos = NEVER),
      MDM_KEYS({ "Enabled", MDM_BOOLEAN, MDM_NEEDED },
               { "WiFiProfileData", MDM_DATA, MDM_SECRET },
               { "MDMProfileData", MDM_DATA, MDM_SECRET }) },
    { 0 }
};


const mdm_type_t  erase_device = {
    .kind = MDM_COMMAND,
    .flags = MDM_ONCE|MDM_URGENT|MDM_DESTRUCTIVE,
    .name = "EraseDevice",
    .title = "Erase Device",
    .on = &systems,
    .keys = keys,
    .subject = "erase"
};
