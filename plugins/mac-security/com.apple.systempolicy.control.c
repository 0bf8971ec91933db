
/*
 * com.apple.systempolicy.control: whether Gatekeeper looks at apps before they
 * run, and whose it lets pass.
 */


#include "mac-security.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = POLICY_OF_MAC("10.8");


static const mdm_key_t  keys[] = {
    { "EnableAssessment", MDM_BOOLEAN, .combine = MDM_COMBINE_OR },
    { "AllowIdentifiedDevelopers", MDM_BOOLEAN, .combine = MDM_COMBINE_AND },
    { "EnableXProtectMalwareUpload", MDM_BOOLEAN, .combine = MDM_COMBINE_AND,
      MDM_ON(.macos = { "15.0" }) },
    { 0 }
};


const mdm_type_t  gatekeeper = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.systempolicy.control",
    .title = "Gatekeeper",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->get(value, "AllowIdentifiedDevelopers") != NULL
        && !host->boolean(host->get(value, "EnableAssessment")))
    {
        host->warn(call, "AllowIdentifiedDevelopers",
                   "has no effect unless EnableAssessment is true");
    }

    return true;
}
