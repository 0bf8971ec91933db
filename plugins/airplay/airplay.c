
/*
 * The plugin "airplay": screens and printers nearby.
 */


#include "airplay.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "airplay",
    .version = "1.0",
    .types = MDM_TYPES(&request_mirroring,
                       &stop_mirroring)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
