
/*
 * DisableLostMode: ends Lost Mode.  All of Lost Mode is one subject, so that
 * nothing overtakes what turns it on or off.
 */


#include "lost-mode.h"
#include "../results.h"


static bool result(mdm_call_t *call, const mdm_result_t *done);


static const mdm_systems_t  systems = {
    .ios = { "9.3", .supervised = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


const mdm_type_t  disable_lost_mode = {
    .kind = MDM_COMMAND,
    .name = "DisableLostMode",
    .title = "Disable Lost Mode",
    .on = &systems,
    .keys = keys,
    .subject = "lost-mode",
    .expires = MDM_DAYS(90),
    .result = result
};


static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    const mdm_host_t  *host;

    host = call->host;

    if (!acknowledged(done)) {
        return true;
    }

    return host->set_attribute(call, "IsMDMLostModeEnabled",
                               host->new_boolean(call, false));
}
