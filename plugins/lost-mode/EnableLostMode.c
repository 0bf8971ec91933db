
/*
 * EnableLostMode: a device shows how to reach its owner, and nothing else.
 */


#include "lost-mode.h"
#include "../results.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool result(mdm_call_t *call, const mdm_result_t *done);


static const mdm_systems_t  systems = {
    .ios = { "9.3", .supervised = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { "Message", MDM_STRING },
    { "PhoneNumber", MDM_STRING },
    { "Footnote", MDM_STRING },
    { 0 }
};


const mdm_type_t  enable_lost_mode = {
    .kind = MDM_COMMAND,
    .flags = MDM_URGENT|MDM_DESTRUCTIVE,
    .name = "EnableLostMode",
    .title = "Enable Lost Mode",
    .on = &systems,
    .keys = keys,
    .subject = "lost-mode",
    .validate = validate,
    .result = result
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->text(host->get(value, "Message")).len > 0
        || host->text(host->get(value, "PhoneNumber")).len > 0)
    {
        return true;
    }

    host->fault(call, "Message", "must be there when there is no PhoneNumber");

    return false;
}


static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    const mdm_host_t  *host;

    host = call->host;

    if (!acknowledged(done)) {
        return true;
    }

    return host->set_attribute(call, "IsMDMLostModeEnabled",
                               host->new_boolean(call, true));
}
