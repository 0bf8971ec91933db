
/*
 * com.apple.relay.managed: relays through which connections go, one behind the
 * other.  An iPhone of its user takes it only with RelayUUID, by which managed
 * apps name it.
 */


#include <stdio.h>

#include "network.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = { "17.0", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "14.0", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "17.0", .many = MDM_YES },
    .visionos = { "1.0", .many = MDM_YES }
};


static const mdm_key_t  relay_keys[] = {

    /* templates as in RFC 9298 */
    { "HTTP3RelayURL", MDM_STRING },
    { "HTTP2RelayURL", MDM_STRING },

    /* one of them may be Authorization */
    { "AdditionalHTTPHeaderFields", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_STRING, MDM_NEEDED|MDM_SECRET }) },
    { "PayloadCertificateUUID", MDM_STRING, .pattern = UUID },
    { "RawPublicKeys", MDM_ARRAY, MDM_KEYS({ NULL, MDM_DATA }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "Relays", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, relay_keys }) },
    { "MatchDomains", MDM_ARRAY, 0, network_strings },
    { "ExcludedDomains", MDM_ARRAY, 0, network_strings },
    { "RelayUUID", MDM_STRING },
    { 0 }
};


const mdm_type_t  relay = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.relay.managed",
    .title = "Relay",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    char               path[32];
    size_t             i, n;
    const mdm_host_t  *host;
    const mdm_node_t  *relays, *one;

    host = call->host;
    relays = host->get(value, "Relays");
    n = host->count(relays);
    good = true;

    for (i = 0; i < n; i++) {
        one = host->item(relays, i);

        if (host->get(one, "HTTP3RelayURL") == NULL
            && host->get(one, "HTTP2RelayURL") == NULL)
        {
            snprintf(path, sizeof(path), "Relays[%zu]", i);
            host->fault(call, path,
                        "must have HTTP3RelayURL, HTTP2RelayURL, or both");
            good = false;
        }
    }

    return good;
}
