
/*
 * com.apple.security.smartcard: how users of a Mac sign in with smart cards,
 * and whether they have to.
 */


#include "certificates.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .macos = { "10.12.4", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "UserPairing", MDM_BOOLEAN, .preset = "true" },
    { "allowSmartCard", MDM_BOOLEAN, .preset = "true" },

    /*
     * 0: no; 1: validity; 2: revocation, too, where the CA can be asked; 3:
     * and when it cannot, the card is refused
     */
    { "checkCertificateTrust", MDM_INTEGER, MDM_ONE_OF("0", "1", "2", "3"),
      .preset = "0" },
    { "oneCardPerUser", MDM_BOOLEAN, .preset = "false" },

    /* 1: the screen is locked */
    { "tokenRemovalAction", MDM_INTEGER, MDM_ONE_OF("0", "1"), .preset = "0",
      MDM_ON(.macos = { "10.13.4" }) },
    { "enforceSmartCard", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.13.2" }) },
    { 0 }
};


const mdm_type_t  smart_card = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.security.smartcard",
    .title = "Smart cards",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;
    const mdm_node_t  *allow;

    host = call->host;
    allow = host->get(value, "allowSmartCard");

    if (allow != NULL && !host->boolean(allow)
        && host->boolean(host->get(value, "enforceSmartCard")))
    {
        host->warn(call, "enforceSmartCard", "must not be true when "
                   "allowSmartCard is false, or nobody can sign in");
    }

    return true;
}
