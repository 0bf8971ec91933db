
/*
 * com.apple.domains: which domains belong to the organization, in Mail and in
 * Safari.  Lists of several profiles add up.
 */


#include "network.h"


static const mdm_systems_t  systems = {
    .ios = { "8.0", .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN,
             .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = { "10.10", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN },
    .visionos = { "2.0", .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "EmailDomains", MDM_ARRAY, 0, network_strings,
      .combine = MDM_COMBINE_UNION, MDM_ON(.visionos = NEVER) },
    { "WebDomains", MDM_ARRAY, 0, network_strings,
      .combine = MDM_COMBINE_UNION, MDM_ON(.macos = NEVER) },
    { "SafariPasswordAutoFillDomains", MDM_ARRAY, 0, network_strings,
      .combine = MDM_COMBINE_UNION,
      MDM_ON(.ios = { "9.3", .supervised = MDM_YES,
                      .user_enrollment = MDM_FORBIDDEN },
             .macos = NEVER) },
    { "CrossSiteTrackingPreventionRelaxedDomains", MDM_ARRAY, 0,
      network_strings, .most = 10, .combine = MDM_COMBINE_UNION,
      MDM_ON(.ios = { "16.2", .supervised = MDM_YES, .by_hand = MDM_NO,
                      .user_enrollment = MDM_FORBIDDEN },
             .macos = { "13.1", .by_hand = MDM_NO }) },
    { 0 }
};


const mdm_type_t  domains = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.domains",
    .title = "Managed domains",
    .on = &systems,
    .keys = keys
};
