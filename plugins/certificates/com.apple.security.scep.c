
/*
 * com.apple.security.scep: an identity whose key the device makes itself; a
 * SCEP server signs it.
 */


#include <stdio.h>

#include "certificates.h"
#include "../text.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool validate_key(mdm_call_t *call, const mdm_node_t *scep);
static bool validate_names(mdm_call_t *call, const mdm_node_t *names);
static bool is_strings(mdm_call_t *call, const mdm_node_t *node);


static const mdm_key_t  name_keys[] = {
    /* a string, or an array of strings; validate() looks */
    { "rfc822Name", MDM_ANY },
    { "dNSName", MDM_ANY },
    { "uniformResourceIdentifier", MDM_ANY },
    { "ntPrincipalName", MDM_ANY },
    { 0 }
};


static const mdm_key_t  scep_keys[] = {
    { "URL", MDM_STRING, MDM_NEEDED, MDM_ON(.macos = { "10.7" }) },
    { "Name", MDM_STRING },
    { "Subject", MDM_ARRAY, 0, subject_keys },
    { "Challenge", MDM_STRING, MDM_SECRET },

    /* in bits */
    { "Keysize", MDM_INTEGER, MDM_ONE_OF("1024", "2048", "4096"),
      .preset = "1024" },
    { "Key Type", MDM_STRING, .preset = "RSA" },

    /* 1: to sign, 4: to encrypt, 5: both */
    { "Key Usage", MDM_INTEGER, .preset = "0", MDM_ON(.macos = { "10.11" }) },
    { "CAFingerprint", MDM_DATA },
    { "Retries", MDM_INTEGER, .preset = "3", MDM_ON(.macos = { "10.10" }) },

    /* in seconds */
    { "RetryDelay", MDM_INTEGER, .preset = "10", MDM_ON(.macos = { "10.10" }) },
    { "SubjectAltName", MDM_DICTIONARY, 0, name_keys },
    { "KeyIsExtractable", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.macos = { "10.13.4" }) },
    { "AllowAllAppsAccess", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.10" }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "PayloadContent", MDM_DICTIONARY, MDM_NEEDED, scep_keys },
    { 0 }
};


const mdm_type_t  scep = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.security.scep",
    .title = "Identity by SCEP",
    .on = &systems_of_all,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    mdm_text_t         url;
    const mdm_host_t  *host;
    const mdm_node_t  *scep;

    host = call->host;
    scep = host->get(value, "PayloadContent");
    good = true;

    url = host->text(host->get(scep, "URL"));

    /* a URL may begin with a per-device value */

    if (url.data != NULL && !text_begins(url, "http://")
        && !text_begins(url, "https://") && !text_begins(url, "%"))
    {
        host->fault(call, "PayloadContent.URL",
                    "must begin with http:// or https://");
        good = false;
    }

    if (!validate_key(call, scep)) {
        good = false;
    }

    if (!validate_subject(call, host->get(scep, "Subject"),
                          "PayloadContent.Subject"))
    {
        good = false;
    }

    return validate_names(call, host->get(scep, "SubjectAltName")) && good;
}


static bool
validate_key(mdm_call_t *call, const mdm_node_t *scep)
{
    bool               good;
    mdm_text_t         text;
    const mdm_host_t  *host;

    host = call->host;
    good = true;

    text = host->text(host->get(scep, "Key Type"));

    if (text.data != NULL && !text_is(text, "RSA")) {
        host->fault(call, "PayloadContent.Key Type", "must be RSA");
        good = false;
    }

    if (!validate_usage(call, host->get(scep, "Key Usage"),
                        "PayloadContent.Key Usage"))
    {
        good = false;
    }

    text = host->text(host->get(scep, "CAFingerprint"));

    /* MD5, SHA-1, SHA-256, SHA-384, SHA-512 */

    if (text.data != NULL && text.len != 16 && text.len != 20
        && text.len != 32 && text.len != 48 && text.len != 64)
    {
        host->fault(call, "PayloadContent.CAFingerprint",
                    "must be a digest of the CA's certificate, as bytes");
        good = false;
    }

    if (host->get(scep, "Challenge") == NULL) {
        host->warn(call, "PayloadContent.Challenge",
                   "is absent: the server has to know by other means who may "
                   "have a certificate");
    }

    return good;
}


static bool
validate_names(mdm_call_t *call, const mdm_node_t *names)
{
    bool               good;
    char               path[80];
    size_t             i;
    const mdm_host_t  *host;
    const mdm_key_t   *key;

    host = call->host;
    good = true;

    for (i = 0; name_keys[i].type != MDM_END; i++) {
        key = &name_keys[i];

        if (!is_strings(call, host->get(names, key->name))) {
            snprintf(path, sizeof(path), "PayloadContent.SubjectAltName.%s",
                     key->name);
            host->fault(call, path, "must be a string or an array of strings");
            good = false;
        }
    }

    return good;
}


static bool
is_strings(mdm_call_t *call, const mdm_node_t *node)
{
    size_t             i;
    const mdm_host_t  *host;

    host = call->host;

    if (node == NULL || host->type(node) == MDM_STRING) {
        return true;
    }

    if (host->type(node) != MDM_ARRAY) {
        return false;
    }

    for (i = 0; i < host->count(node); i++) {
        if (host->type(host->item(node, i)) != MDM_STRING) {
            return false;
        }
    }

    return true;
}
