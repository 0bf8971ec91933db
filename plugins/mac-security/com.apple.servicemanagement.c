
/*
 * com.apple.servicemanagement: login items, agents and daemons that run without
 * a word of the user, and that he cannot switch off.
 */


#include "mac-security.h"


static const mdm_systems_t  systems = POLICY_OF_MAC("13.0", APPROVED);


static const mdm_key_t  rule_keys[] = {
    { "RuleType", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("BundleIdentifier", "BundleIdentifierPrefix", "Label",
                 "LabelPrefix", "TeamIdentifier") },
    { "RuleValue", MDM_STRING, MDM_NEEDED },
    { "Comment", MDM_STRING },
    { "TeamIdentifier", MDM_STRING },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "Rules", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, rule_keys }),
      .combine = MDM_COMBINE_UNION },
    { 0 }
};


const mdm_type_t  login_items = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.servicemanagement",
    .title = "Managed login items",
    .on = &systems,
    .keys = keys
};
