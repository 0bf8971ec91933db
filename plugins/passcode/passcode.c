
/*
 * The plugin "passcode": passcodes: what they must be, and taking them away.
 */


#include "passcode.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "passcode",
    .version = "1.0",
    .types = MDM_TYPES(&clear_passcode,
                       &clear_restrictions_password,
                       &passcode,
                       &request_unlock_token)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
