
/*
 * com.apple.ldap.account: an LDAP directory to look up addresses in, with
 * places where a search begins.
 */


#include "accounts.h"


static const mdm_key_t  search_keys[] = {
    { "LDAPSearchSettingDescription", MDM_STRING },
    { "LDAPSearchSettingSearchBase", MDM_STRING, MDM_NEEDED },
    { "LDAPSearchSettingScope", MDM_STRING,
      MDM_ONE_OF("LDAPSearchSettingScopeBase", "LDAPSearchSettingScopeOneLevel",
                 "LDAPSearchSettingScopeSubtree"),
      .preset = "LDAPSearchSettingScopeSubtree" },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "LDAPAccountDescription", MDM_STRING },
    { "LDAPAccountHostName", MDM_STRING, MDM_NEEDED },
    { "LDAPAccountUserName", MDM_STRING },
    { "LDAPAccountPassword", MDM_STRING, MDM_SECRET },
    { "LDAPAccountUseSSL", MDM_BOOLEAN, .preset = "true" },
    { "LDAPSearchSettings", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, search_keys }) },
    { "VPNUUID", MDM_STRING, MDM_ON(.ios = { "14.0" }, .macos = NEVER) },
    { 0 }
};


const mdm_type_t  ldap = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.ldap.account",
    .title = "Directory account, LDAP",
    .on = &systems_of_all,
    .keys = keys
};
