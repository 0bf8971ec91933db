
/*
 * What the keys of a VPN demand of each other, for all traffic and for apps
 * alike.
 */


#include <stdio.h>
#include <string.h>

#include "vpn.h"
#include "../text.h"


typedef struct {
    const char  *type;
    const char  *dictionary;
} vpn_type_t;


static bool validate_type(mdm_call_t *call, const mdm_node_t *value);
static bool validate_credentials(mdm_call_t *call, const mdm_node_t *value,
    const char *dictionary);
static bool validate_ikev2(mdm_call_t *call, const mdm_node_t *ikev2);
static bool validate_ikev2_security(mdm_call_t *call,
    const mdm_node_t *ikev2);
static bool validate_dns(mdm_call_t *call, const mdm_node_t *dns);
static bool validate_proxies(mdm_call_t *call, const mdm_node_t *value);
static void validate_rules(mdm_call_t *call, const mdm_node_t *value,
    const char *dictionary);
static bool missing(mdm_call_t *call, const mdm_node_t *value,
    const char *dictionary, const char *key, const char *rule);
static bool is(mdm_call_t *call, const mdm_node_t *dict, const char *key,
    const char *wanted);


/* Where the settings of each type are. */

static const vpn_type_t  vpn_types[] = {
    { "VPN", "VPN" },
    { "L2TP", "PPP" },
    { "IPSec", "IPSec" },
    { "IKEv2", "IKEv2" },
    { "AlwaysOn", "AlwaysOn" },
    { "TransparentProxy", "TransparentProxy" },
    { NULL, NULL }
};


bool
vpn_validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    size_t             i;
    const char        *dictionary;
    const mdm_host_t  *host;

    host = call->host;
    good = validate_type(call, value);

    for (i = 0; vpn_types[i].type != NULL; i++) {
        dictionary = vpn_types[i].dictionary;

        if (host->get(value, dictionary) == NULL) {
            continue;
        }

        if (!validate_credentials(call, value, dictionary)) {
            good = false;
        }

        validate_rules(call, value, dictionary);
    }

    if (!validate_ikev2(call, host->get(value, "IKEv2"))) {
        good = false;
    }

    if (!validate_dns(call, host->get(value, "DNS"))) {
        good = false;
    }

    return validate_proxies(call, value) && good;
}


static bool
validate_type(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    size_t             i;
    const mdm_host_t  *host;
    const vpn_type_t  *type;

    host = call->host;
    good = true;

    for (i = 0; vpn_types[i].type != NULL; i++) {
        type = &vpn_types[i];

        if (is(call, value, "VPNType", type->type)
            && host->get(value, type->dictionary) == NULL)
        {
            host->fault(call, type->dictionary,
                        "must be there for this VPNType");
            good = false;
        }
    }

    if ((is(call, value, "VPNType", "VPN")
         || is(call, value, "VPNType", "TransparentProxy"))
        && host->text(host->get(value, "VPNSubType")).len == 0)
    {
        host->fault(call, "VPNSubType",
                    "must name the app or the maker for this VPNType");
        good = false;
    }

    if (is(call, value, "VPNType", "IKEv2")
        && host->text(host->get(value, "VPNSubType")).len != 0)
    {
        host->fault(call, "VPNSubType",
                    "must be absent or empty when VPNType is IKEv2");
        good = false;
    }

    if (host->get(value, "VendorConfig") != NULL
        && host->get(value, "VPNSubType") == NULL)
    {
        host->warn(call, "VendorConfig", "is not read without VPNSubType");
    }

    return good;
}


static bool
validate_credentials(mdm_call_t *call, const mdm_node_t *value,
    const char *dictionary)
{
    const mdm_node_t  *vpn;

    vpn = call->host->get(value, dictionary);

    if ((is(call, vpn, "AuthenticationMethod", "Certificate")
         || is(call, vpn, "AuthenticationMethod", "Password+Certificate"))
        && missing(call, value, dictionary, "PayloadCertificateUUID",
                   "must be there for this AuthenticationMethod"))
    {
        return false;
    }

    if (!is(call, vpn, "AuthenticationMethod", "SharedSecret")) {
        return true;
    }

    /* for L2TP and Cisco's, whoever connects may know it */

    if (strcmp(dictionary, "IPSec") == 0) {

        if (call->host->get(vpn, "SharedSecret") == NULL) {
            call->host->warn(call, "IPSec.SharedSecret",
                             "is absent, so whoever connects has to know it");
        }

        return true;
    }

    return !missing(call, value, dictionary, "SharedSecret",
                    "must be there for this AuthenticationMethod");
}


static bool
validate_ikev2(mdm_call_t *call, const mdm_node_t *ikev2)
{
    bool               good;
    const mdm_host_t  *host;

    host = call->host;
    good = true;

    if (is(call, ikev2, "AuthenticationMethod", "None")
        && host->integer(host->get(ikev2, "ExtendedAuthEnabled")) != 1)
    {
        host->warn(call, "IKEv2.AuthenticationMethod",
                   "is None, which means SharedSecret unless "
                   "ExtendedAuthEnabled is 1");
    }

    if (host->get(ikev2, "CertificateType") != NULL
        && host->integer(host->get(ikev2, "ExtendedAuthEnabled")) == 1
        && host->get(ikev2, "ServerCertificateIssuerCommonName") == NULL)
    {
        host->fault(call, "IKEv2.ServerCertificateIssuerCommonName",
                    "must be there with CertificateType when "
                    "ExtendedAuthEnabled is 1");
        good = false;
    }

    return validate_ikev2_security(call, ikev2) && good;
}


static bool
validate_ikev2_security(mdm_call_t *call, const mdm_node_t *ikev2)
{
    bool               good;
    mdm_text_t         min, max;
    const mdm_host_t  *host;

    host = call->host;
    good = true;

    if ((host->get(ikev2, "PPK") == NULL)
        != (host->get(ikev2, "PPKIdentifier") == NULL))
    {
        host->fault(call, "IKEv2.PPKIdentifier",
                    "must be there with PPK, and PPK with it");
        good = false;
    }

    /* all that are allowed are of one length, "1.0" to "1.2" */

    min = host->text(host->get(ikev2, "TLSMinimumVersion"));
    max = host->text(host->get(ikev2, "TLSMaximumVersion"));

    if (min.len == 3 && max.len == 3 && memcmp(min.data, max.data, 3) > 0) {
        host->fault(call, "IKEv2.TLSMinimumVersion",
                    "must not be above TLSMaximumVersion");
        good = false;
    }

    return good;
}


static bool
validate_dns(mdm_call_t *call, const mdm_node_t *dns)
{
    const mdm_host_t  *host;

    host = call->host;

    if (is(call, dns, "DNSProtocol", "HTTPS")
        && host->get(dns, "ServerURL") == NULL)
    {
        host->fault(call, "DNS.ServerURL",
                    "must be there when DNSProtocol is HTTPS");
        return false;
    }

    if (is(call, dns, "DNSProtocol", "TLS")
        && host->get(dns, "ServerName") == NULL)
    {
        host->fault(call, "DNS.ServerName",
                    "must be there when DNSProtocol is TLS");
        return false;
    }

    return true;
}


static bool
validate_proxies(mdm_call_t *call, const mdm_node_t *value)
{
    bool               bad;
    const char        *rule;
    const mdm_host_t  *host;
    const mdm_node_t  *proxies;

    host = call->host;
    proxies = host->get(value, "Proxies");
    bad = false;
    rule = "must be there when the proxy is named";

    if (host->get(proxies, "HTTPProxy") != NULL) {
        bad = missing(call, value, "Proxies", "HTTPPort", rule);
    }

    if (host->get(proxies, "HTTPSProxy") != NULL) {
        bad = missing(call, value, "Proxies", "HTTPSPort", rule) || bad;
    }

    return !bad;
}


static void
validate_rules(mdm_call_t *call, const mdm_node_t *value,
    const char *dictionary)
{
    char               path[80];
    size_t             i, n;
    const mdm_host_t  *host;
    const mdm_node_t  *list, *rule;

    host = call->host;
    list = host->get(host->get(value, dictionary), "OnDemandRules");
    n = host->count(list);

    for (i = 0; i < n; i++) {
        rule = host->item(list, i);

        if (is(call, rule, "Action", "EvaluateConnection")
            && host->get(rule, "ActionParameters") == NULL)
        {
            snprintf(path, sizeof(path), "%s.OnDemandRules[%zu]."
                     "ActionParameters", dictionary, i);
            host->warn(call, path, "is absent, so that EvaluateConnection has "
                       "nothing to go by");
        }
    }
}


static bool
missing(mdm_call_t *call, const mdm_node_t *value, const char *dictionary,
    const char *key, const char *rule)
{
    char  path[80];

    if (call->host->get(call->host->get(value, dictionary), key) != NULL) {
        return false;
    }

    snprintf(path, sizeof(path), "%s.%s", dictionary, key);
    call->host->fault(call, path, rule);
    return true;
}


static bool
is(mdm_call_t *call, const mdm_node_t *dict, const char *key,
    const char *wanted)
{
    return text_is(call->host->text(call->host->get(dict, key)), wanted);
}
