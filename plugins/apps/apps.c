
/*
 * The plugin "apps": installing, managing and listing apps, and what they may
 * do.
 */


#include "apps.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "apps",
    .version = "1.0",
    .types = MDM_TYPES(&active_ns_extensions,
                       &app_lock,
                       &app_store,
                       &apply_redemption_code,
                       &install_application,
                       &install_enterprise_application,
                       &installed_application_list,
                       &invite_to_program,
                       &managed_application_attributes,
                       &managed_application_configuration,
                       &managed_application_feedback,
                       &managed_application_list,
                       &ns_extension,
                       &ns_extension_mappings,
                       &remove_application,
                       &single_app_mode,
                       &validate_applications)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
