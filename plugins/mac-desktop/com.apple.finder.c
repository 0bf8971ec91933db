
/*
 * com.apple.finder: what the Finder lets users do, and what it shows them.
 */


#include "mac-desktop.h"


static const mdm_systems_t  systems = SETTINGS_OF_MAC("10.7");


static const mdm_key_t  keys[] = {
    ON_IF_ANY("ProhibitBurn"),
    { "InterfaceLevel", MDM_STRING, MDM_ONE_OF("Simple", "Full"),
      .combine = MDM_COMBINE_ENUM_FIRST,
      MDM_ON(.macos = { .removed = "10.15" }) },
    ON_IF_ANY("ProhibitConnectTo"),
    ON_IF_ANY("ProhibitEject"),
    ON_IF_ANY("ProhibitGoToFolder"),
    { "ShowExternalHardDrivesOnDesktop", MDM_BOOLEAN, .preset = "true" },
    { "ShowHardDrivesOnDesktop", MDM_BOOLEAN, .preset = "false" },
    { "ShowMountedServersOnDesktop", MDM_BOOLEAN, .preset = "false" },
    { "ShowRemovableMediaOnDesktop", MDM_BOOLEAN, .preset = "true" },
    { "WarnOnEmptyTrash", MDM_BOOLEAN, .preset = "true" },
    { 0 }
};


const mdm_type_t  finder = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.finder",
    .title = "Finder",
    .on = &systems,
    .keys = keys
};
