
/*
 * The plugin "mac-desktop": what the users of a Mac see and what they reach.
 */


#include "mac-desktop.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "mac-desktop",
    .version = "1.0",
    .types = MDM_TYPES(&accessibility,
                       &dashboard,
                       &desktop,
                       &dictionary,
                       &disc_recording,
                       &dock,
                       &finder,
                       &media_access,
                       &menu_extras,
                       &share_kit,
                       &system_preferences)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
