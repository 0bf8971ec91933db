
/*
 * com.apple.systempolicy.rule: one rule of Gatekeeper, as spctl makes them.
 */


#include "mac-security.h"


static const mdm_systems_t  systems = POLICY_OF_MAC("10.8");


static const mdm_key_t  keys[] = {
    { "Requirement", MDM_STRING },
    { "Comment", MDM_STRING },
    { "Priority", MDM_REAL },
    { "Expiration", MDM_DATE },
    { "OperationType", MDM_STRING,
      MDM_ONE_OF("operation:execute", "operation:install", "operation:lsopen"),
      .preset = "operation:execute" },
    { "LeafCertificate", MDM_DATA },
    { 0 }
};


const mdm_type_t  gatekeeper_rule = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.systempolicy.rule",
    .title = "Rule of Gatekeeper",
    .on = &systems,
    .keys = keys
};
