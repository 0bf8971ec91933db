
/*
 * com.apple.ADCertificate.managed: an identity that a Mac asks of the CA of
 * its Active Directory, as itself or as its user.
 */


#include "certificates.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES }
};


static const mdm_key_t  keys[] = {
    { "CertServer", MDM_STRING, MDM_NEEDED },

    /* "Machine" and "User" are those that a directory begins with */
    { "CertTemplate", MDM_STRING, MDM_NEEDED },
    { "Description", MDM_STRING },

    /* in days before it expires */
    { "CertificateRenewalTimeInterval", MDM_INTEGER },
    { "CertificateAuthority", MDM_STRING, MDM_ON(.macos = { "10.8" }) },

    /* "RPC" or "HTTP" */
    { "CertificateAcquisitionMechanism", MDM_STRING,
      MDM_ON(.macos = { "10.8" }) },
    { "AllowAllAppsAccess", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.10" }) },

    /* of who installs it by hand */
    { "PromptForCredentials", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.8" }) },
    { "KeyIsExtractable", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.10" }) },

    /* in bits */
    { "Keysize", MDM_INTEGER, .preset = "2048", MDM_ON(.macos = { "10.11" }) },

    /* of the device's own certificates only */
    { "EnableAutoRenewal", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.13.4", .user_channel = MDM_NO }) },
    { 0 }
};


const mdm_type_t  ad_certificate = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.ADCertificate.managed",
    .title = "Identity from Active Directory",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->boolean(host->get(value, "PromptForCredentials"))) {
        host->warn(call, "PromptForCredentials",
                   "asks nobody when MDM installs the profile");
    }

    return true;
}
