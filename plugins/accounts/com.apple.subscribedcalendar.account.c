
/*
 * com.apple.subscribedcalendar.account: a calendar that is only read.  What is
 * called its host name is the whole URL of it.
 */


#include "accounts.h"


static const mdm_key_t  keys[] = {
    { "SubCalAccountDescription", MDM_STRING },
    { "SubCalAccountHostName", MDM_STRING, MDM_NEEDED },
    { "SubCalAccountUsername", MDM_STRING },
    { "SubCalAccountPassword", MDM_STRING, MDM_SECRET },
    { "SubCalAccountUseSSL", MDM_BOOLEAN, .preset = "false" },
    { "VPNUUID", MDM_STRING, MDM_ON(.ios = { "14.0" }) },
    { 0 }
};


const mdm_type_t  subscribed_calendar = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.subscribedcalendar.account",
    .title = "Subscribed calendar",
    .on = &systems_of_ios,
    .keys = keys
};
