
/*
 * The plugin "airplay": screens and printers nearby, and remote controls.
 */


#include "airplay.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "airplay",
    .version = "1.0",
    .types = MDM_TYPES(&airplay,
                       &airplay_security,
                       &airprint,
                       &conference_room_display,
                       &request_mirroring,
                       &stop_mirroring,
                       &tv_remote)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
