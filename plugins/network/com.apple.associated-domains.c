
/*
 * com.apple.associated-domains: which apps of a Mac speak for which domains.
 * What is in force is the union of the payloads of device and user.
 */


#include "network.h"


static const mdm_systems_t  systems = {
    .macos = { "10.15", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_approved = MDM_YES, .many = MDM_YES }
};


static const mdm_key_t  app_keys[] = {
    { "ApplicationIdentifier", MDM_STRING, MDM_NEEDED },

    /* service:domain */
    { "AssociatedDomains", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_STRING, .pattern = "^[^:]+:[^:/]" }) },

    /* where the app asks for it with ?mode=managed */
    { "EnableDirectDownloads", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "11.0" }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "Configuration", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, app_keys }),
      .combine = MDM_COMBINE_UNION },
    { 0 }
};


const mdm_type_t  associated_domains = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.associated-domains",
    .title = "Domains of apps",
    .on = &systems,
    .keys = keys
};
