
/*
 * com.apple.carddav.account: an account of a CardDAV server, for contacts.
 */


#include "accounts.h"


static const mdm_key_t  keys[] = {
    { "CardDAVAccountDescription", MDM_STRING },
    { "CardDAVHostName", MDM_STRING, MDM_NEEDED },
    { "CardDAVUsername", MDM_STRING },
    { "CardDAVPassword", MDM_STRING, MDM_SECRET },

    /* unlike that of CalDAV, not on a Mac */
    { "CardDAVPrincipalURL", MDM_STRING, MDM_ON(.macos = NEVER) },
    { "CardDAVUseSSL", MDM_BOOLEAN, .preset = "true" },
    { "CardDAVPort", MDM_INTEGER },
    { "CommunicationServiceRules", MDM_DICTIONARY, 0, communication_keys,
      MDM_ON(.ios = { "10.0" }, .macos = NEVER) },
    { "VPNUUID", MDM_STRING, MDM_ON(.ios = { "14.0" }, .macos = NEVER) },
    { 0 }
};


const mdm_type_t  carddav = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.carddav.account",
    .title = "Contacts account, CardDAV",
    .on = &systems_of_all,
    .keys = keys
};
