
/*
 * The plugin "home-screen": what is seen on a device, as its home screen,
 * notifications and fonts.
 */


#include "home-screen.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "home-screen",
    .version = "1.0",
    .types = MDM_TYPES(&dictation,
                       &font,
                       &home_screen_layout,
                       &lock_screen_message,
                       &notification_settings,
                       &web_clip)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
