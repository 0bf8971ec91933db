
/*
 * ApplyRedemptionCode: the code that pays for an app, which is a secret.  Goes
 * behind the installation of that app.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  systems = {
    .ios = { "5.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "Identifier", MDM_STRING, MDM_NEEDED },
    { "RedemptionCode", MDM_STRING, MDM_NEEDED|MDM_SECRET },
    { 0 }
};


static const mdm_type_t  types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ApplyRedemptionCode",
        .title = "Apply Redemption Code",
        .on = &systems,
        .keys = keys,
        .subject = "app",
        .subject_keys = MDM_TEXTS("Identifier"),
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "ApplyRedemptionCode",
    .version = "1.0",
    .types = types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
