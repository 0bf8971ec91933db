
/*
 * ApplyRedemptionCode: the code that pays for an app, which is a secret.  Goes
 * behind the installation of that app.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .ios = { "5.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "Identifier", MDM_STRING, MDM_NEEDED },
    { "RedemptionCode", MDM_STRING, MDM_NEEDED|MDM_SECRET },
    { 0 }
};


const mdm_type_t  apply_redemption_code = {
    .kind = MDM_COMMAND,
    .name = "ApplyRedemptionCode",
    .title = "Apply Redemption Code",
    .on = &systems,
    .keys = keys,
    .subject = "app",
    .subject_keys = MDM_TEXTS("Identifier"),
    .expires = MDM_DAYS(90)
};
