
/*
 * com.apple.security.acme: an identity whose key the device makes itself, in
 * its Secure Enclave when it is told so; an ACME server signs it, and may want
 * an attestation of Apple that the key and the device are what they say.
 */


#include <stdio.h>

#include "certificates.h"
#include "../text.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool validate_key(mdm_call_t *call, const mdm_node_t *value);
static bool validate_size(mdm_call_t *call, int64_t bits, mdm_text_t type,
    bool bound);
static bool validate_purposes(mdm_call_t *call, const mdm_node_t *purposes);
static bool is_one_of(int64_t value, const int64_t *values, size_t n);


static const mdm_systems_t  systems = {
    .ios = { "16.0", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "13.1", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES },
    .tvos = { "16.0", .many = MDM_YES },
    .visionos = { "1.0", .many = MDM_YES },
    .watchos = { "9.0", .many = MDM_YES }
};


static const mdm_key_t  name_keys[] = {
    { "rfc822Name", MDM_STRING },
    { "dNSName", MDM_STRING },
    { "uniformResourceIdentifier", MDM_STRING },
    { "ntPrincipalName", MDM_STRING },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "DirectoryURL", MDM_STRING, MDM_NEEDED, .pattern = "^https://" },

    /* where nothing is attested, who knows it may have the certificate */
    { "ClientIdentifier", MDM_STRING, MDM_NEEDED|MDM_SECRET },

    /* in bits; by KeyType and HardwareBound, see validate_key() */
    { "KeySize", MDM_INTEGER, MDM_NEEDED },
    { "KeyType", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("RSA", "ECSECPrimeRandom") },
    { "HardwareBound", MDM_BOOLEAN, MDM_NEEDED },
    { "Subject", MDM_ARRAY, MDM_NEEDED, subject_keys },
    { "SubjectAltName", MDM_DICTIONARY, 0, name_keys },

    /* 1: to sign, 4: to encrypt, 5: both */
    { "UsageFlags", MDM_INTEGER },
    { "ExtendedKeyUsage", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "Attest", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.watchos = { "10.0" }) },
    { "KeyIsExtractable", MDM_BOOLEAN, .preset = "true", ONLY_MACOS() },
    { "AllowAllAppsAccess", MDM_BOOLEAN, .preset = "false", ONLY_MACOS() },
    { 0 }
};


const mdm_type_t  acme = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.security.acme",
    .title = "Identity by ACME",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    const mdm_host_t  *host;

    host = call->host;
    good = validate_key(call, value);

    if (!validate_subject(call, host->get(value, "Subject"), "Subject")) {
        good = false;
    }

    if (!validate_usage(call, host->get(value, "UsageFlags"), "UsageFlags")) {
        good = false;
    }

    return validate_purposes(call, host->get(value, "ExtendedKeyUsage"))
           && good;
}


static bool
validate_key(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good, bound;
    mdm_text_t         type;
    const mdm_host_t  *host;

    host = call->host;
    type = host->text(host->get(value, "KeyType"));
    bound = host->boolean(host->get(value, "HardwareBound"));
    good = true;

    if (host->boolean(host->get(value, "Attest")) && !bound) {
        host->fault(call, "HardwareBound", "must be true when Attest is");
        good = false;
    }

    if (bound && text_is(type, "RSA")) {
        host->fault(call, "KeyType",
                    "must be ECSECPrimeRandom when HardwareBound is true");
        return false;
    }

    if (host->type(host->get(value, "KeySize")) != MDM_INTEGER) {
        return good;
    }

    return validate_size(call, host->integer(host->get(value, "KeySize")), type,
                         bound)
           && good;
}


static bool
validate_size(mdm_call_t *call, int64_t bits, mdm_text_t type, bool bound)
{
    static const int64_t  curves[] = { 256, 384, 192, 521 };

    if (text_is(type, "RSA") && (bits < 1024 || bits > 4096 || bits % 8 != 0)) {
        call->host->fault(call, "KeySize", "must be a multiple of 8 from 1024 "
                          "to 4096 when KeyType is RSA");
        return false;
    }

    /* the first two curves are those of the Secure Enclave */

    if (text_is(type, "ECSECPrimeRandom")
        && !is_one_of(bits, curves, bound ? 2 : 4))
    {
        call->host->fault(call, "KeySize", bound
                          ? "must be 256 or 384 when HardwareBound is true"
                          : "must be 192, 256, 384 or 521 when KeyType is "
                            "ECSECPrimeRandom");
        return false;
    }

    return true;
}


static bool
validate_purposes(mdm_call_t *call, const mdm_node_t *purposes)
{
    bool               good;
    char               path[64];
    size_t             i;
    mdm_text_t         text;
    const mdm_host_t  *host;

    host = call->host;
    good = true;

    for (i = 0; i < host->count(purposes); i++) {
        text = host->text(host->item(purposes, i));

        if (text.data == NULL || is_oid(text)) {
            continue;
        }

        snprintf(path, sizeof(path), "ExtendedKeyUsage[%zu]", i);
        host->fault(call, path, "must be an object identifier in dotted form");
        good = false;
    }

    return good;
}


static bool
is_one_of(int64_t value, const int64_t *values, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (values[i] == value) {
            return true;
        }
    }

    return false;
}
