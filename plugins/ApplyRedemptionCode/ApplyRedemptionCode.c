
/*
 * ApplyRedemptionCode: the code that pays for an app, which is a secret.  Goes
 * behind the installation of that app.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  apply_redemption_code_on = {
    .ios = { .introduced = "5.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_FORBIDDEN }
};


static const mdm_key_t  apply_redemption_code_keys[] = {
    { "Identifier", MDM_STRING, MDM_NEEDED },
    { "RedemptionCode", MDM_STRING, MDM_NEEDED|MDM_SECRET },
    { 0 }
};


static const mdm_type_t  apply_redemption_code_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ApplyRedemptionCode",
        .title = "Apply Redemption Code",
        .on = &apply_redemption_code_on,
        .keys = apply_redemption_code_keys,
        .subject = "app",
        .subject_keys = MDM_TEXTS("Identifier"),
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  apply_redemption_code_plugin = {
    MDM_PLUGIN,
    .name = "ApplyRedemptionCode",
    .version = "1",
    .types = apply_redemption_code_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &apply_redemption_code_plugin;
}
