
/*
 * The plugin "mac-login": how a Mac's users log in, and what they find then.
 */


#include "mac-login.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "mac-login",
    .version = "1.0",
    .types = MDM_TYPES(&global_preferences,
                       &login_items,
                       &login_items_suppression,
                       &login_scripts,
                       &login_window,
                       &mcx_accounts,
                       &mcx_mobility,
                       &screen_saver,
                       &screen_saver_user,
                       &setup_assistant,
                       &users_preferences)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
