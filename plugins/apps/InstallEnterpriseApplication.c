
/*
 * InstallEnterpriseApplication: installs an app of one's own on a Mac, by its
 * manifest or by where that lies.
 */


#include "apps.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .macos = { "10.13.6", .access_rights = MDM_CHANGE_APPS,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_ALLOWED }
};


static const mdm_key_t  keys[] = {
    { "Manifest", MDM_DICTIONARY, MDM_KEYS({ "*", MDM_ANY }) },
    { "ManifestURL", MDM_STRING, .pattern = "^https:" },
    { "ManifestURLPinningCerts", MDM_ARRAY, MDM_KEYS({ NULL, MDM_DATA }) },
    { "PinningRevocationCheckRequired", MDM_BOOLEAN, .preset = "false" },
    { "InstallAsManaged", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "11.0", .user_enrollment = MDM_FORBIDDEN }) },
    { "ManagementFlags", MDM_INTEGER, MDM_ONE_OF("1"),
      MDM_ON(.macos = { "11.0", .user_enrollment = MDM_FORBIDDEN }) },
    { "Configuration", MDM_DICTIONARY, MDM_SECRET,
      MDM_ON(.macos = { "11.0" }),
      MDM_KEYS({ "*", MDM_ANY }) },
    { "ChangeManagementState", MDM_STRING, MDM_ONE_OF("Managed"),
      MDM_ON(.macos = { "11.0", .user_enrollment = MDM_FORBIDDEN }) },
    { "iOSApp", MDM_BOOLEAN, .preset = "false", MDM_ON(.macos = { "11.0" }) },
    { 0 }
};


const mdm_type_t  install_enterprise_application = {
    .kind = MDM_COMMAND,
    .name = "InstallEnterpriseApplication",
    .title = "Install Enterprise Application",
    .on = &systems,
    .keys = keys,
    .subject = "app",
    .subject_keys = MDM_TEXTS("ManifestURL"),
    .expires = MDM_DAYS(90),
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->get(value, "ManifestURL") != NULL
        || host->get(value, "Manifest") != NULL)
    {
        return true;
    }

    host->fault(call, "ManifestURL",
                "must be there when there is no Manifest");

    return false;
}
