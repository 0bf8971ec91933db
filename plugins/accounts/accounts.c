
/*
 * The plugin "accounts": accounts of mail, calendars, contacts and the like.
 */


#include "accounts.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "accounts",
    .version = "1.0",
    .types = MDM_TYPES(&aim,
                       &caldav,
                       &carddav,
                       &exchange,
                       &exchange_web_services,
                       &google,
                       &jabber,
                       &ldap,
                       &macos_server,
                       &mail,
                       &subscribed_calendar)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
