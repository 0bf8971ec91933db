
/*
 * com.apple.dnsSettings.managed: encrypted DNS, and on which networks.  Its
 * rules are like those of a VPN, but may say less.
 */


#include <stdio.h>

#include "network.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static void validate_rules(mdm_call_t *call, const mdm_node_t *rules);


static const mdm_systems_t  systems = {
    .ios = { "14.0", .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "11.0", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN },
    .visionos = { "1.0", .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  server_keys[] = {
    { "DNSProtocol", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("HTTPS", "TLS") },
    { "ServerURL", MDM_STRING, .pattern = "^https://" },
    { "ServerName", MDM_STRING },
    { "ServerAddresses", MDM_ARRAY, 0, network_strings },
    { "SupplementalMatchDomains", MDM_ARRAY, 0, network_strings },
    { 0 }
};


static const mdm_key_t  parameter_keys[] = {
    { "Domains", MDM_ARRAY, MDM_NEEDED, network_strings },
    { "DomainAction", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("NeverConnect", "ConnectIfNeeded") },
    { 0 }
};


static const mdm_key_t  rule_keys[] = {
    { "Action", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("Connect", "Disconnect", "EvaluateConnection") },
    { "ActionParameters", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, parameter_keys }) },
    { "DNSDomainMatch", MDM_ARRAY, 0, network_strings },
    { "DNSServerAddressMatch", MDM_ARRAY, 0, network_strings },
    { "InterfaceTypeMatch", MDM_STRING,
      MDM_ONE_OF("Ethernet", "WiFi", "Cellular") },
    { "SSIDMatch", MDM_ARRAY, 0, network_strings },
    { "URLStringProbe", MDM_STRING },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "DNSSettings", MDM_DICTIONARY, MDM_NEEDED, server_keys },
    { "OnDemandRules", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, rule_keys }) },
    { "ProhibitDisablement", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { .supervised = MDM_YES },
             .macos = { .supervised = MDM_YES },
             .visionos = { .supervised = MDM_YES }) },
    { "PayloadCertificateUUID", MDM_STRING, .pattern = UUID,
      MDM_ON(.ios = { "16.0" }, .macos = { "13.0" }) },
    { 0 }
};


const mdm_type_t  dns_settings = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.dnsSettings.managed",
    .title = "Encrypted DNS",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    const mdm_host_t  *host;
    const mdm_node_t  *server;

    host = call->host;
    good = true;
    server = host->get(value, "DNSSettings");

    if (network_is(call, server, "DNSProtocol", "HTTPS")
        && host->get(server, "ServerURL") == NULL)
    {
        host->fault(call, "DNSSettings.ServerURL",
                    "must be there when DNSProtocol is HTTPS");
        good = false;
    }

    if (network_is(call, server, "DNSProtocol", "TLS")
        && host->get(server, "ServerName") == NULL)
    {
        host->fault(call, "DNSSettings.ServerName",
                    "must be there when DNSProtocol is TLS");
        good = false;
    }

    if (network_is(call, server, "DNSProtocol", "HTTPS")
        && host->get(server, "ServerName") != NULL)
    {
        host->warn(call, "DNSSettings.ServerName",
                   "is used only when DNSProtocol is TLS");
    }

    validate_rules(call, host->get(value, "OnDemandRules"));

    return good;
}


static void
validate_rules(mdm_call_t *call, const mdm_node_t *rules)
{
    char               path[64];
    size_t             i, n;
    const mdm_host_t  *host;
    const mdm_node_t  *rule;

    host = call->host;
    n = host->count(rules);

    for (i = 0; i < n; i++) {
        rule = host->item(rules, i);

        if (network_is(call, rule, "Action", "EvaluateConnection")
            && host->get(rule, "ActionParameters") == NULL)
        {
            snprintf(path, sizeof(path), "OnDemandRules[%zu].ActionParameters",
                     i);
            host->warn(call, path, "is absent, so that EvaluateConnection has "
                       "nothing to go by");
        }
    }
}
