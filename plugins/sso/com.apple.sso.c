
/*
 * com.apple.sso: the Kerberos account with which a user of iOS signs in at
 * websites and in apps; com.apple.extensiblesso is what came after it.
 */


#include "sso.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = { "7.0", .many = MDM_NO, .shared_ipad = MDM_FORBIDDEN }
};


static const mdm_key_t  kerberos_keys[] = {
    { "PrincipalName", MDM_STRING },

    /* the identity by which it is renewed without asking */
    { "PayloadCertificateUUID", MDM_STRING, MDM_ON(.ios = { "8.0" }) },
    { "Realm", MDM_STRING, MDM_NEEDED },

    /* absent: any website */
    { "URLPrefixMatches", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING, .pattern = "^https?://" }) },

    /* absent: any app; a star stands for all behind the last period */
    { "AppIdentifierMatches", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING, .pattern = "^[^*]*(\\.\\*)?$" }),
      .least = 1 },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "Name", MDM_STRING, MDM_NEEDED },
    { "Kerberos", MDM_DICTIONARY, 0, kerberos_keys },
    { 0 }
};


const mdm_type_t  sso_account = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.sso",
    .title = "Single sign-on account",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;
    const mdm_node_t  *kerberos;

    host = call->host;
    kerberos = host->get(value, "Kerberos");

    if (kerberos != NULL && host->get(kerberos, "PrincipalName") == NULL) {
        host->warn(call, "Kerberos.PrincipalName", "is absent, and nobody is "
                   "asked for it when MDM installs the profile");
    }

    return true;
}
