
/*
 * RefreshCellularPlans: asks the carrier's server for plans of an eSIM.
 */


#include "cellular.h"


static const mdm_systems_t  systems = {
    .ios = { "13.0", .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { "eSIMServerURL", MDM_STRING, MDM_NEEDED },
    { 0 }
};


const mdm_type_t  refresh_cellular_plans = {
    .kind = MDM_COMMAND,
    .name = "RefreshCellularPlans",
    .title = "Refresh Cellular Plans",
    .on = &systems,
    .keys = keys,
    .subject = "cellular-plan",
    .expires = MDM_DAYS(90)
};
