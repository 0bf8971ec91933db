
/*
 * com.apple.eas.account: an account of an Exchange server over ActiveSync.
 */


#include "accounts.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool serves_nothing(mdm_call_t *call, const mdm_node_t *value);


static const mdm_key_t  keys[] = {
    { "EmailAddress", MDM_STRING },
    { "Host", MDM_STRING },
    { "SSL", MDM_BOOLEAN, .preset = "false" },
    { "OAuth", MDM_BOOLEAN, .preset = "false", MDM_ON(.ios = { "12.0" }) },
    { "UserName", MDM_STRING },
    { "Password", MDM_STRING, MDM_SECRET },

    /*
     * an identity of its own, as PKCS#12; not used beside
     * PayloadCertificateUUID
     */
    { "Certificate", MDM_DATA, MDM_SECRET, MDM_ON(.ios = { "7.0" }) },
    { "CertificateName", MDM_STRING, MDM_ON(.ios = { "7.0" }) },
    { "CertificatePassword", MDM_STRING, MDM_SECRET },
    { "PreventMove", MDM_BOOLEAN, .preset = "false", MDM_ON(.ios = { "5.0" }) },
    { "PreventAppSheet", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "5.0" }) },
    { "PayloadCertificateUUID", MDM_STRING, .pattern = UUID },
    { "SMIMEEnabled", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "5.0", .deprecated = "10.0" }, .visionos = NEVER) },
    { "SMIMESigningEnabled", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "10.3" }) },
    { "SMIMESigningCertificateUUID", MDM_STRING, .pattern = UUID,
      MDM_ON(.ios = { "5.0" }) },
    { "SMIMEEncryptionEnabled", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "10.3", .deprecated = "12.0" }, .visionos = NEVER) },
    { "SMIMEEncryptionCertificateUUID", MDM_STRING, .pattern = UUID,
      MDM_ON(.ios = { "5.0" }) },
    { "SMIMEEnablePerMessageSwitch", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "8.0", .deprecated = "12.0" }, .visionos = NEVER) },
    { "disableMailRecentsSyncing", MDM_BOOLEAN, .preset = "false" },
    { "MailNumberOfPastDaysToSync", MDM_INTEGER,
      MDM_ONE_OF("0", "1", "3", "7", "14", "31"), .preset = "7" },
    { "HeaderMagic", MDM_STRING,
      MDM_ON(.ios = { .deprecated = "7.0" }, .visionos = NEVER) },
    { "CommunicationServiceRules", MDM_DICTIONARY, 0, communication_keys,
      MDM_ON(.ios = { "10.0" }) },
    { "allowMailDrop", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "9.2" }) },
    { "SMIMESigningUserOverrideable", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "12.0" }) },
    { "SMIMESigningCertificateUUIDUserOverrideable", MDM_BOOLEAN,
      .preset = "false", MDM_ON(.ios = { "12.0" }) },
    { "SMIMEEncryptByDefault", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "12.0" }) },
    { "SMIMEEncryptByDefaultUserOverrideable", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "12.0" }) },
    { "SMIMEEncryptionCertificateUUIDUserOverrideable", MDM_BOOLEAN,
      .preset = "false", MDM_ON(.ios = { "12.0" }) },
    { "SMIMEEnableEncryptionPerMessageSwitch", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "12.0" }) },

    /*
     * services that a person may switch on again, unless the keys after them
     * say no
     */
    { "EnableMail", MDM_BOOLEAN, .preset = "true", MDM_ON(.ios = { "13.0" }) },
    { "EnableContacts", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { "13.0" }) },
    { "EnableCalendars", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { "13.0" }) },
    { "EnableReminders", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { "13.0" }) },
    { "EnableNotes", MDM_BOOLEAN, .preset = "true", MDM_ON(.ios = { "13.0" }) },
    { "EnableMailUserOverridable", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { "13.0" }) },
    { "EnableContactsUserOverridable", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { "13.0" }) },
    { "EnableCalendarsUserOverridable", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { "13.0" }) },
    { "EnableRemindersUserOverridable", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { "13.0" }) },
    { "EnableNotesUserOverridable", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { "13.0" }) },
    { "OAuthSignInURL", MDM_STRING, MDM_ON(.ios = { "13.0" }) },
    { "OAuthTokenRequestURL", MDM_STRING, MDM_ON(.ios = { "13.0" }) },
    { "OverridePreviousPassword", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "14.0" }) },
    { "VPNUUID", MDM_STRING, MDM_ON(.ios = { "14.0" }) },
    { 0 }
};


const mdm_type_t  exchange = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.eas.account",
    .title = "Exchange account",
    .on = &systems_of_ios,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    const mdm_host_t  *host;

    host = call->host;
    good = validate_oauth(call, value);

    if (host->get(value, "Certificate") != NULL
        && host->get(value, "PayloadCertificateUUID") != NULL)
    {
        host->warn(call, "Certificate",
                   "is not used beside PayloadCertificateUUID");
    }

    if (serves_nothing(call, value)) {
        host->fault(call, "EnableMail", "must be true, or one of "
                    "EnableContacts, EnableCalendars, EnableReminders and "
                    "EnableNotes");
        good = false;
    }

    return good;
}


static bool
serves_nothing(mdm_call_t *call, const mdm_node_t *value)
{
    size_t             i;
    const mdm_node_t  *service;

    static const char *const  services[] = {
        "EnableMail", "EnableContacts", "EnableCalendars", "EnableReminders",
        "EnableNotes"
    };

    for (i = 0; i < sizeof(services) / sizeof(services[0]); i++) {

        service = call->host->get(value, services[i]);

        if (service == NULL || call->host->boolean(service)) {
            return false;
        }
    }

    return true;
}
