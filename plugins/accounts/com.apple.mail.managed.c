
/*
 * com.apple.mail.managed: a mail account over IMAP or POP, with S/MIME.  What
 * a person would be asked for while he installs a profile, nobody is asked for
 * by MDM, so passwords and names that are absent stay absent.
 */


#include "accounts.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_key_t  keys[] = {
    { "EmailAccountDescription", MDM_STRING },
    { "EmailAccountName", MDM_STRING },
    { "EmailAccountType", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("EmailTypeIMAP", "EmailTypePOP") },
    { "EmailAddress", MDM_STRING },
    { "IncomingMailServerAuthentication", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("EmailAuthNone", "EmailAuthPassword", "EmailAuthCRAMMD5",
                 "EmailAuthNTLM", "EmailAuthHTTPMD5") },
    { "IncomingMailServerHostName", MDM_STRING, MDM_NEEDED },
    { "IncomingMailServerPortNumber", MDM_INTEGER },
    { "IncomingMailServerUseSSL", MDM_BOOLEAN, .preset = "false" },
    { "IncomingMailServerUsername", MDM_STRING },
    { "IncomingPassword", MDM_STRING, MDM_SECRET },
    { "OutgoingPassword", MDM_STRING, MDM_SECRET },
    { "OutgoingPasswordSameAsIncomingPassword", MDM_BOOLEAN,
      .preset = "false" },
    { "OutgoingMailServerAuthentication", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("EmailAuthNone", "EmailAuthPassword", "EmailAuthCRAMMD5",
                 "EmailAuthNTLM", "EmailAuthHTTPMD5") },
    { "OutgoingMailServerHostName", MDM_STRING, MDM_NEEDED },
    { "OutgoingMailServerPortNumber", MDM_INTEGER },
    { "OutgoingMailServerUseSSL", MDM_BOOLEAN, .preset = "false" },
    { "OutgoingMailServerUsername", MDM_STRING },
    { "PreventMove", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "5.0" }, .macos = NEVER) },
    { "PreventAppSheet", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "5.0" }, .macos = NEVER) },

    /* what iOS 10 divided into signing and encryption */
    { "SMIMEEnabled", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "5.0" }, .macos = NEVER) },
    { "SMIMESigningEnabled", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "10.0" }, .macos = NEVER) },
    { "SMIMESigningCertificateUUID", MDM_STRING, .pattern = UUID,
      MDM_ON(.ios = { "5.0" }, .macos = NEVER) },
    { "SMIMEEncryptionEnabled", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "10.0" }, .macos = NEVER) },
    { "SMIMEEncryptionCertificateUUID", MDM_STRING, .pattern = UUID,
      MDM_ON(.ios = { "5.0" }, .macos = NEVER) },
    { "SMIMEEnablePerMessageSwitch", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "8.0", .deprecated = "10.0" },
             .macos = NEVER, .visionos = NEVER) },
    { "disableMailRecentsSyncing", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "6.0" }) },
    { "allowMailDrop", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "9.2" }, .macos = { "10.12" }) },
    { "IncomingMailServerIMAPPathPrefix", MDM_STRING },
    { "SMIMESigningUserOverrideable", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "12.0" }, .macos = NEVER) },
    { "SMIMESigningCertificateUUIDUserOverrideable", MDM_BOOLEAN,
      .preset = "false", MDM_ON(.ios = { "12.0" }, .macos = NEVER) },
    { "SMIMEEncryptByDefault", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "12.0" }, .macos = NEVER) },
    { "SMIMEEncryptByDefaultUserOverrideable", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "12.0" }, .macos = NEVER) },
    { "SMIMEEncryptionCertificateUUIDUserOverrideable", MDM_BOOLEAN,
      .preset = "false", MDM_ON(.ios = { "12.0" }, .macos = NEVER) },
    { "SMIMEEnableEncryptionPerMessageSwitch", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "12.0" }, .macos = NEVER) },
    { "VPNUUID", MDM_STRING, MDM_ON(.ios = { "14.0" }, .macos = NEVER) },
    { 0 }
};


const mdm_type_t  mail = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.mail.managed",
    .title = "Mail account",
    .on = &systems_of_all,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->boolean(host->get(value,
                                "OutgoingPasswordSameAsIncomingPassword"))
        && host->get(value, "IncomingPassword") != NULL
        && host->get(value, "OutgoingPassword") == NULL)
    {
        host->warn(call, "OutgoingPassword", "is not taken from "
                   "IncomingPassword when MDM installs the profile on iOS");
    }

    if (host->boolean(host->get(value, "SMIMESigningEnabled"))
        && host->get(value, "SMIMESigningCertificateUUID") == NULL)
    {
        host->warn(call, "SMIMESigningCertificateUUID",
                   "names no identity to sign with");
    }

    return true;
}
