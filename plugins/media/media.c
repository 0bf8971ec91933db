
/*
 * The plugin "media": books and documents.
 */


#include "media.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "media",
    .version = "1.0",
    .types = MDM_TYPES(&install_media,
                       &managed_media_list,
                       &remove_media)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
