
/*
 * InstallMedia: installs a book, from the store or from an address.
 */


#include "media.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = { "8.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.9", .access_rights = MDM_CHANGE_APPS,
               .device_channel = MDM_NO, .user_channel = MDM_YES,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
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


static const mdm_key_t  answer[] = {
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


const mdm_type_t  install_media = {
    .kind = MDM_COMMAND,
    .name = "InstallMedia",
    .title = "Install Media",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "media",
    .subject_keys = MDM_TEXTS("PersistentID", "iTunesStoreID",
                      "MediaURL"),
    .expires = MDM_DAYS(90),
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->get(value, "iTunesStoreID") != NULL
        || host->get(value, "MediaURL") != NULL)
    {
        return true;
    }

    host->fault(call, "iTunesStoreID",
                "must be there when there is no MediaURL");

    return false;
}
