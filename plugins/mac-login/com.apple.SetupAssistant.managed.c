
/*
 * com.apple.SetupAssistant.managed: which panes of the Setup Assistant are
 * skipped; of a Mac for all of it, or for one user.  A list of panes took the
 * place of a key for each, on a Mac with macOS 15.
 */


#include "mac-login.h"


/* a pane of a Mac, which now goes into SkipSetupItems */
#define PANE(name, version)                                                   \
    { name, MDM_BOOLEAN, .preset = "false",                                   \
      MDM_ON(.ios = NEVER, .macos = { version, .deprecated = "15.0" }) }


static const mdm_systems_t  systems = {
    .ios = { "14.0", .supervised = MDM_YES, .many = MDM_NO,
             .user_enrollment = MDM_FORBIDDEN,
             .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.12", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    PANE("SkipCloudSetup", "10.12"),
    PANE("SkipSiriSetup", "10.12"),
    PANE("SkipPrivacySetup", "10.13.4"),
    PANE("SkipiCloudStorageSetup", "10.13.4"),
    PANE("SkipTrueTone", "10.13.6"),
    PANE("SkipAppearance", "10.14"),
    PANE("SkipTouchIDSetup", "10.15"),
    PANE("SkipScreenTime", "10.15"),
    PANE("SkipAccessibility", "11.0"),
    { "SkipSetupItems", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }),
      MDM_ON(.macos = { "15.0" }) },
    PANE("SkipUnlockWithWatch", "12.0"),
    PANE("SkipWallpaper", "14.1"),
    { 0 }
};


const mdm_type_t  setup_assistant = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.SetupAssistant.managed",
    .title = "Setup Assistant",
    .on = &systems,
    .keys = keys
};
