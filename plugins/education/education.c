
/*
 * The plugin "education": schools.
 */


#include "education.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "education",
    .version = "1.0",
    .types = MDM_TYPES(&education)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
