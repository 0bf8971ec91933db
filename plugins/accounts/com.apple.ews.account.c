
/*
 * com.apple.ews.account: an account of an Exchange server over its web
 * services, which is how Macs speak to it; others have com.apple.eas.account.
 */


#include "accounts.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_NO, .user_channel = MDM_YES,
               .many = MDM_YES }
};


static const mdm_key_t  keys[] = {
    { "EmailAddress", MDM_STRING },
    { "Host", MDM_STRING },
    { "SSL", MDM_BOOLEAN, .preset = "true" },
    { "OAuth", MDM_BOOLEAN, .preset = "false", MDM_ON(.macos = { "10.14" }) },
    { "OAuthSignInURL", MDM_STRING, MDM_ON(.macos = { "10.14" }) },
    { "UserName", MDM_STRING },
    { "Password", MDM_STRING, MDM_SECRET },

    /* the identity to sign in with; the second is of macOS 10.11 */
    { "PayloadCertificateUUID", MDM_STRING, .pattern = UUID,
      MDM_ON(.macos = { "10.12" }) },
    { "AuthenticationCertificateUUID", MDM_STRING,
      MDM_ON(.macos = { "10.11" }) },
    { "allowMailDrop", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.12" }) },
    { "Path", MDM_STRING },
    { "Port", MDM_INTEGER },

    /* the server as it is reached from outside */
    { "ExternalHost", MDM_STRING },
    { "ExternalSSL", MDM_BOOLEAN, .preset = "true" },
    { "ExternalPath", MDM_STRING },
    { "ExternalPort", MDM_INTEGER },
    { 0 }
};


const mdm_type_t  exchange_web_services = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.ews.account",
    .title = "Exchange account on a Mac",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    warn_of_user(call, value, "UserName");

    return validate_oauth(call, value);
}
