
/*
 * InstallMedia: installs a book, from the store or from an address.
 */


#include "ngx_mdm_plugin.h"


#define NEVER  { .introduced = MDM_NEVER_THERE }


static const mdm_systems_t  install_media_on = {
    .ios = { .introduced = "8.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { .introduced = "10.9", .access_rights = MDM_CHANGE_APPS,
               .device_channel = MDM_NO, .user_channel = MDM_YES,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  install_media_keys[] = {
    { "iTunesStoreID", MDM_INTEGER },
    { "MediaURL", MDM_STRING, MDM_ON(.macos = NEVER) },
    { "MediaType", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("Book") },
    { "PersistentID", MDM_STRING, MDM_ON(.macos = NEVER) },
    { "Kind", MDM_STRING, MDM_ONE_OF("pdf", "epub", "ibooks"),
      MDM_ON(.macos = NEVER) },
    { "Version", MDM_STRING, MDM_ON(.macos = NEVER) },
    { "Author", MDM_STRING, MDM_ON(.macos = NEVER) },
    { "Title", MDM_STRING, MDM_ON(.macos = NEVER) },
    { 0 }
};


static const mdm_key_t  install_media_answer[] = {
    { "iTunesStoreID", MDM_INTEGER },
    { "MediaURL", MDM_STRING, MDM_ON(.macos = NEVER) },
    { "PersistentID", MDM_STRING, MDM_ON(.macos = NEVER) },
    { "MediaType", MDM_STRING },

    { "State", MDM_STRING,
      MDM_ONE_OF("Queued", "PromptingForLogin", "Updating", "Installing",
                 "Managed", "ManagedButUninstalled", "Installed",
                 "Uninstalled", "Failed", "Unknown") },

    { "RejectionReason", MDM_STRING,
      MDM_ONE_OF("CouldNotVerifyITunesStoreID", "PurchaseNotFound",
                 "AppStoreDisabled", "WrongMediaType", "DownloadInvalid",
                 "EnterpriseBooksNotSupportedInMultiUser") },
    { 0 }
};


static const mdm_type_t  install_media_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "InstallMedia",
        .title = "Install Media",
        .on = &install_media_on,
        .keys = install_media_keys,
        .answer = install_media_answer,
        .subject = "media",
        .subject_keys = MDM_TEXTS("PersistentID", "iTunesStoreID",
                          "MediaURL"),
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  install_media_plugin = {
    MDM_PLUGIN,
    .name = "InstallMedia",
    .version = "1",
    .types = install_media_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &install_media_plugin;
}
