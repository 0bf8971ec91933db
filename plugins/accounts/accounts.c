
/*
 * The plugin "accounts": accounts of mail, calendars, contacts and the like.
 */


#include "accounts.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "accounts",
    .version = "1.0",
    .types = MDM_TYPES(&exchange,
                       &mail)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
