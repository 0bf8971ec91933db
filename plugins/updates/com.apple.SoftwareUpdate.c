
/*
 * com.apple.SoftwareUpdate: where a Mac looks for updates, and which of them it
 * takes by itself.  What is set here, either way, users cannot change; so no
 * value of these is the stricter, and two that differ are a conflict.
 */


#include "updates.h"


#define AUTOMATIC(key)                                                        \
    { key, MDM_BOOLEAN, .preset = "true", MDM_ON(.macos = { "10.15" }) }


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "CatalogURL", MDM_STRING, MDM_ON(.macos = { .deprecated = "11.0" }) },
    { "AllowPreReleaseInstallation", MDM_BOOLEAN, .preset = "true",
      .combine = MDM_COMBINE_AND, MDM_ON(.macos = { "10.9" }) },
    { "restrict-software-update-require-admin-to-install", MDM_BOOLEAN,
      .preset = "false", .combine = MDM_COMBINE_OR,
      MDM_ON(.macos = { "10.14" }) },
    AUTOMATIC("AutomaticallyInstallMacOSUpdates"),
    AUTOMATIC("AutomaticallyInstallAppUpdates"),
    AUTOMATIC("AutomaticCheckEnabled"),
    AUTOMATIC("AutomaticDownload"),
    AUTOMATIC("CriticalUpdateInstall"),
    AUTOMATIC("ConfigDataInstall"),
    { 0 }
};


const mdm_type_t  software_update = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.SoftwareUpdate",
    .title = "Software updates of a Mac",
    .on = &systems,
    .keys = keys
};
