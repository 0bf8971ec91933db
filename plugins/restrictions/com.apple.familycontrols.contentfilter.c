
/*
 * com.apple.familycontrols.contentfilter: the web for children, on a Mac.
 */


#include "restrictions.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = PARENTAL_CONTROLS("10.7");


static const mdm_key_t  site_keys[] = {
    { "address", MDM_STRING, MDM_NEEDED },  /* it, and what begins with it */
    { "pageTitle", MDM_STRING },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "restrictWeb", MDM_BOOLEAN, MDM_NEEDED, .combine = MDM_COMBINE_OR },
    { "useContentFilter", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_OR },
    { "whitelistEnabled", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_OR },
    { "siteWhitelist", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, site_keys }),
      .combine = MDM_COMBINE_INTERSECTION },
    { "filterWhitelist", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }),
      .combine = MDM_COMBINE_INTERSECTION },
    { "filterBlacklist", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }),
      .combine = MDM_COMBINE_UNION },
    { 0 }
};


const mdm_type_t  content_filter = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.familycontrols.contentfilter",
    .title = "Web for children",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (!host->boolean(host->get(value, "whitelistEnabled"))
        || host->get(value, "siteWhitelist") != NULL)
    {
        return true;
    }

    host->fault(call, "siteWhitelist",
                "must be there when whitelistEnabled is true");

    return false;
}
