
/*
 * com.apple.app.lock: one app, and nothing else, until the profile is removed.
 * There is one at most on a device, and only a supervised one takes it.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .ios = { "6.0", .supervised = MDM_YES, .many = MDM_NO,
             .user_enrollment = MDM_FORBIDDEN, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { MDM_NEVER_THERE },
    .tvos = { "10.2", .supervised = MDM_YES, .many = MDM_NO },
    .visionos = { MDM_NEVER_THERE },
    .watchos = { MDM_NEVER_THERE }
};


static const mdm_key_t  fixed_keys[] = {
    { "DisableTouch", MDM_BOOLEAN, .preset = "false" },
    { "DisableDeviceRotation", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.tvos = { MDM_NEVER_THERE }) },
    { "DisableVolumeButtons", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.tvos = { MDM_NEVER_THERE }) },
    { "DisableRingerSwitch", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.tvos = { MDM_NEVER_THERE }) },
    { "DisableSleepWakeButton", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.tvos = { MDM_NEVER_THERE }) },
    { "DisableAutoLock", MDM_BOOLEAN, .preset = "false" },
    { "EnableVoiceOver", MDM_BOOLEAN, .preset = "false" },
    { "EnableZoom", MDM_BOOLEAN, .preset = "false" },
    { "EnableInvertColors", MDM_BOOLEAN, .preset = "false" },
    { "EnableAssistiveTouch", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.tvos = { MDM_NEVER_THERE }) },
    { "EnableSpeakSelection", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.tvos = { MDM_NEVER_THERE }) },
    { "EnableMonoAudio", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.tvos = { MDM_NEVER_THERE }) },
    { "EnableVoiceControl", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "13.0" }, .tvos = { MDM_NEVER_THERE }) },
    { 0 }
};


static const mdm_key_t  open_keys[] = {
    { "VoiceControl", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "13.0" }, .tvos = { MDM_NEVER_THERE }) },
    { "VoiceOver", MDM_BOOLEAN, .preset = "false" },
    { "Zoom", MDM_BOOLEAN, .preset = "false" },
    { "InvertColors", MDM_BOOLEAN, .preset = "false" },
    { "AssistiveTouch", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.tvos = { MDM_NEVER_THERE }) },
    { 0 }
};


static const mdm_key_t  app_keys[] = {
    { "Identifier", MDM_STRING, MDM_NEEDED },

    /* what is so, whatever the user wants */
    { "Options", MDM_DICTIONARY, 0, fixed_keys, MDM_ON(.ios = { "7.0" }) },

    /* what the user may switch */
    { "UserEnabledOptions", MDM_DICTIONARY, 0, open_keys,
      MDM_ON(.ios = { "7.0" }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "App", MDM_DICTIONARY, MDM_NEEDED, app_keys },
    { 0 }
};


const mdm_type_t  app_lock = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.app.lock",
    .title = "App lock",
    .on = &systems,
    .keys = keys
};
