
/*
 * 802.1X, as Wi-Fi and Ethernet log in with it: the members of
 * EAPClientConfiguration, and what they demand of each other.
 */


#include <string.h>

#include "network.h"


#define EAP_TLS   13
#define EAP_TTLS  21
#define EAP_PEAP  25
#define EAP_FAST  43


static bool validate_versions(mdm_call_t *call, const mdm_node_t *eap);
static bool accepts(mdm_call_t *call, const mdm_node_t *eap, int64_t type);


const mdm_key_t  network_eap[] = {
    { "AcceptEAPTypes", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_INTEGER, MDM_ONE_OF("13", "17", "18", "21", "23",
                                            "25", "43") }) },
    { "UserName", MDM_STRING },
    { "UserPassword", MDM_STRING, MDM_SECRET },
    { "PayloadCertificateAnchorUUID", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING, .pattern = UUID }) },
    { "TLSTrustedCertificates", MDM_ARRAY, 0, network_strings },
    { "TLSTrustedServerNames", MDM_ARRAY, 0, network_strings },
    { "TLSAllowTrustExceptions", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { .removed = "8.0" }, .visionos = { MDM_NEVER_THERE }) },
    { "TLSCertificateIsRequired", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "7.0" }) },
    { "TTLSInnerAuthentication", MDM_STRING,
      MDM_ONE_OF("PAP", "EAP", "CHAP", "MSCHAP", "MSCHAPv2"),
      .preset = "MSCHAPv2" },
    { "TLSMinimumVersion", MDM_STRING, MDM_ONE_OF("1.0", "1.1", "1.2", "1.3"),
      .preset = "1.0",
      MDM_ON(.ios = { "11.0" }, .macos = { "10.13" }, .tvos = { "11.0" }) },
    { "TLSMaximumVersion", MDM_STRING, MDM_ONE_OF("1.0", "1.1", "1.2", "1.3"),
      .preset = "1.2",
      MDM_ON(.ios = { "11.0" }, .macos = { "10.13" }, .tvos = { "11.0" }) },
    { "OuterIdentity", MDM_STRING },
    { "EAPFASTUsePAC", MDM_BOOLEAN, .preset = "false" },
    { "EAPFASTProvisionPAC", MDM_BOOLEAN, .preset = "false" },
    { "EAPFASTProvisionPACAnonymously", MDM_BOOLEAN, .preset = "false" },

    /* of EAP-SIM alone */
    { "EAPSIMNumberOfRANDs", MDM_INTEGER, MDM_ONE_OF("2", "3"), .preset = "3",
      MDM_ON(.ios = { "8.0" }) },
    { "SystemModeCredentialsSource", MDM_STRING },
    { "SystemModeUseOpenDirectoryCredentials", MDM_BOOLEAN, .preset = "false" },
    { "OneTimeUserPassword", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "8.0" }, .macos = { "10.8" }, .tvos = { "9.0" }) },
    { 0 }
};


bool
network_validate_eap(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    const mdm_host_t  *host;
    const mdm_node_t  *eap;

    host = call->host;
    good = true;
    eap = host->get(value, "EAPClientConfiguration");

    if (host->count(host->get(eap, "AcceptEAPTypes")) == 1
        && accepts(call, eap, EAP_TLS)
        && host->get(value, "PayloadCertificateUUID") == NULL)
    {
        host->warn(call, "PayloadCertificateUUID", "names no identity, and "
                   "EAP-TLS is the only type that is accepted");
    }

    if (host->get(eap, "SystemModeCredentialsSource") != NULL
        && host->boolean(host->get(eap,
                                   "SystemModeUseOpenDirectoryCredentials")))
    {
        host->fault(call, "EAPClientConfiguration.SystemModeCredentialsSource",
                    "must be absent when SystemModeUseOpenDirectoryCredentials "
                    "is true");
        good = false;
    }

    if (host->boolean(host->get(eap, "EAPFASTProvisionPAC"))
        && !host->boolean(host->get(eap, "EAPFASTUsePAC")))
    {
        host->warn(call, "EAPClientConfiguration.EAPFASTProvisionPAC",
                   "has no effect unless EAPFASTUsePAC is true");
    }

    return validate_versions(call, eap) && good;
}


static bool
validate_versions(mdm_call_t *call, const mdm_node_t *eap)
{
    bool               good;
    mdm_text_t         min, max;
    const mdm_host_t  *host;

    host = call->host;
    good = true;

    /* all that are allowed are of one length, "1.0" to "1.3" */

    min = host->text(host->get(eap, "TLSMinimumVersion"));
    max = host->text(host->get(eap, "TLSMaximumVersion"));

    if (min.len == 3 && max.len == 3 && memcmp(min.data, max.data, 3) > 0) {
        host->fault(call, "EAPClientConfiguration.TLSMinimumVersion",
                    "must not be above TLSMaximumVersion");
        good = false;
    }

    /* it has a meaning for these types only */

    if (network_is(call, eap, "TLSMinimumVersion", "1.3")
        && host->get(eap, "OuterIdentity") == NULL
        && (accepts(call, eap, EAP_TTLS) || accepts(call, eap, EAP_PEAP)
            || accepts(call, eap, EAP_FAST)))
    {
        host->fault(call, "EAPClientConfiguration.OuterIdentity",
                    "must be there when TLSMinimumVersion is 1.3");
        good = false;
    }

    return good;
}


static bool
accepts(mdm_call_t *call, const mdm_node_t *eap, int64_t type)
{
    size_t             i, n;
    const mdm_host_t  *host;
    const mdm_node_t  *types;

    host = call->host;
    types = host->get(eap, "AcceptEAPTypes");
    n = host->count(types);

    for (i = 0; i < n; i++) {
        if (host->integer(host->item(types, i)) == type) {
            return true;
        }
    }

    return false;
}
