
/*
 * The plugin "restrictions": restrictions, and parental controls of a Mac.
 */


#include "restrictions.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "restrictions",
    .version = "1.0",
    .types = MDM_TYPES(&application_access,
                       &content_filter,
                       &game_center,
                       &restrictions,
                       &restrictions_list,
                       &time_limits)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
