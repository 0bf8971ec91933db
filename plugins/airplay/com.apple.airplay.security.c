
/*
 * com.apple.airplay.security: what an Apple TV asks of those who show something
 * on it, and which networks they may come from.
 */


#include "airplay.h"
#include "../text.h"


#define BY_PASSWORD  "PASSWORD"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = NEVER,
    .macos = NEVER,
    .tvos = { "11.0", .many = MDM_NO },
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  keys[] = {
    { "SecurityType", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("PASSCODE_ONCE", "PASSCODE_ALWAYS", BY_PASSWORD) },

    /* WIFI_ONLY: Ethernet, too, but not from device to device */
    { "AccessType", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("ANY", "WIFI_ONLY") },
    { "Password", MDM_STRING, MDM_SECRET },
    { 0 }
};


const mdm_type_t  airplay_security = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.airplay.security",
    .title = "AirPlay to an Apple TV",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               by_password, there;
    mdm_text_t         type;
    const mdm_host_t  *host;

    host = call->host;
    type = host->text(host->get(value, "SecurityType"));
    there = host->get(value, "Password") != NULL;
    by_password = text_is(type, BY_PASSWORD);

    if (by_password && !there) {
        host->fault(call, "Password",
                    "must be there when SecurityType is " BY_PASSWORD);
        return false;
    }

    if (!by_password && there && type.data != NULL) {
        host->warn(call, "Password",
                   "has no effect unless SecurityType is " BY_PASSWORD);
    }

    return true;
}
