
/*
 * The plugin "users": users of a Mac and of a Shared iPad.
 */


#include "users.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "users",
    .version = "1.0",
    .types = MDM_TYPES(&account_configuration,
                       &delete_user,
                       &log_out_user,
                       &set_auto_admin_password,
                       &unlock_user_account,
                       &user_configured,
                       &user_list)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
