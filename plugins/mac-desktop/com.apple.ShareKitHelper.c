
/*
 * com.apple.ShareKitHelper: the services in the Share menu of a Mac.
 */


#include "mac-desktop.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems
    = SETTINGS_OF_MAC("10.9", .deprecated = "10.12");


static const mdm_key_t  keys[] = {
    { "SHKAllowedShareServices", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }),
      .combine = MDM_COMBINE_INTERSECTION },
    { "SHKDeniedShareServices", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }),
      .combine = MDM_COMBINE_UNION },
    { 0 }
};


const mdm_type_t  share_kit = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.ShareKitHelper",
    .title = "Share menu",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->get(value, "SHKAllowedShareServices") != NULL
        && host->get(value, "SHKDeniedShareServices") != NULL)
    {
        host->warn(call, "SHKDeniedShareServices",
                   "has no effect beside SHKAllowedShareServices");
    }

    return true;
}
