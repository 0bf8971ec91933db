
/*
 * The plugin "profiles": profiles themselves, provisioning profiles, and
 * enrolment.
 */


#include "profiles.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "profiles",
    .version = "1.0",
    .types = MDM_TYPES(&declarations,
                       &identification,
                       &install_profile,
                       &install_provisioning_profile,
                       &mdm,
                       &profile_list,
                       &provisioning_profile_list,
                       &removal_password,
                       &remove_profile,
                       &remove_provisioning_profile)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
