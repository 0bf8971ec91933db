
/*
 * What several payloads of this plugin have in common: the rules of a proxy,
 * and comparing text.
 */


#include <string.h>

#include "network.h"
#include "../text.h"


const mdm_key_t  network_strings[] = {
    { NULL, MDM_STRING },
    { 0 }
};


/* preset: which ProxyType it is when the payload does not say */

bool
network_validate_proxy(mdm_call_t *call, const mdm_node_t *value,
    const char *preset)
{
    bool               good, manual;
    const mdm_host_t  *host;

    host = call->host;
    good = true;
    manual = network_is(call, value, "ProxyType", "Manual")
             || (strcmp(preset, "Manual") == 0
                 && host->get(value, "ProxyType") == NULL);

    if (!manual) {

        if (host->get(value, "ProxyServer") != NULL) {
            host->warn(call, "ProxyServer",
                       "is used only when ProxyType is Manual");
        }

        return true;
    }

    if (host->get(value, "ProxyServer") == NULL) {
        host->fault(call, "ProxyServer",
                    "must be there when ProxyType is Manual");
        good = false;
    }

    if (host->get(value, "ProxyServerPort") == NULL) {
        host->fault(call, "ProxyServerPort",
                    "must be there when ProxyType is Manual");
        good = false;
    }

    return good;
}


bool
network_is(mdm_call_t *call, const mdm_node_t *dict, const char *key,
    const char *wanted)
{
    return text_is(call->host->text(call->host->get(dict, key)), wanted);
}
