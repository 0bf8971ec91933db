
/*
 * com.apple.jabber.account: an account of a Jabber (XMPP) server, on Macs
 * before macOS 10.14.
 */


#include "accounts.h"


static const mdm_systems_t  systems = {
    .macos = { "10.7", .deprecated = "10.14", .removed = "10.14",
               .device_channel = MDM_NO, .user_channel = MDM_YES,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "JabberAccountDescription", MDM_STRING },
    { "JabberHostName", MDM_STRING, MDM_NEEDED },
    { "JabberUserName", MDM_STRING },
    { "JabberPassword", MDM_STRING, MDM_SECRET },
    { "JabberUseSSL", MDM_BOOLEAN, .preset = "false" },
    { "JabberPort", MDM_INTEGER, .min = "0", .max = "65535", .preset = "5222" },
    { "JabberAuthentication", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("JabberAuthPassword") },
    { 0 }
};


const mdm_type_t  jabber = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.jabber.account",
    .title = "Jabber account",
    .on = &systems,
    .keys = keys
};
