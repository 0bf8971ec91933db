
/*
 * What several types of certificates have: systems, names and usages that a
 * device asks a CA for, and digests of certificates that a policy is about.
 */


#include <stdio.h>

#include "certificates.h"
#include "../text.h"


#define SIGN     1
#define ENCRYPT  4

#define SHA256   32


static bool is_attribute(mdm_text_t text);


const mdm_systems_t  systems_of_all = {
    .ios = { "4.0", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES },
    .tvos = { "9.0", .many = MDM_YES },
    .visionos = { "1.0", .many = MDM_YES },
    .watchos = { "3.0", .many = MDM_YES }
};


static const mdm_key_t  rdn_keys[] = {
    { NULL, MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }), .least = 2, .most = 2 },
    { 0 }
};


const mdm_key_t  subject_keys[] = {
    { NULL, MDM_ARRAY, 0, rdn_keys },
    { 0 }
};


const mdm_key_t  digest_keys[] = {
    { "Algorithm", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("sha256") },

    /* of the certificate's SubjectPublicKeyInfo, not of all of it */
    { "Hash", MDM_DATA, MDM_NEEDED },
    { 0 }
};


bool
validate_subject(mdm_call_t *call, const mdm_node_t *subject, const char *name)
{
    bool               good;
    char               path[80];
    size_t             i, j;
    const mdm_host_t  *host;
    const mdm_node_t  *rdn, *pair;

    host = call->host;
    good = true;

    for (i = 0; i < host->count(subject); i++) {
        rdn = host->item(subject, i);

        for (j = 0; j < host->count(rdn); j++) {
            pair = host->item(rdn, j);

            if (is_attribute(host->text(host->item(pair, 0)))) {
                continue;
            }

            snprintf(path, sizeof(path), "%s[%zu][%zu][0]", name, i, j);
            host->fault(call, path, "must be C, L, ST, O, OU, CN or an object "
                        "identifier in dotted form");
            good = false;
        }
    }

    return good;
}


bool
validate_usage(mdm_call_t *call, const mdm_node_t *usage, const char *name)
{
    if ((call->host->integer(usage) & ~(SIGN|ENCRYPT)) == 0) {
        return true;
    }

    call->host->fault(call, name,
                      "must be 1 (to sign), 4 (to encrypt) or 5 (both)");
    return false;
}


bool
validate_digests(mdm_call_t *call, const mdm_node_t *value, const char *name)
{
    bool               good;
    char               path[80];
    size_t             i;
    mdm_text_t         digest;
    const mdm_host_t  *host;
    const mdm_node_t  *list;

    host = call->host;
    list = host->get(value, name);
    good = true;

    for (i = 0; i < host->count(list); i++) {
        digest = host->text(host->get(host->item(list, i), "Hash"));

        if (digest.data == NULL || digest.len == SHA256) {
            continue;
        }

        snprintf(path, sizeof(path), "%s[%zu].Hash", name, i);
        host->fault(call, path, "must be a SHA-256, the 32 bytes themselves "
                    "and not their digits");
        good = false;
    }

    return good;
}


bool
is_oid(mdm_text_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] != '.' && (text.data[i] < '0' || text.data[i] > '9')) {
            return false;
        }
    }

    /* at least two numbers with a dot between */

    return text.len >= 3 && text.data[0] != '.'
           && memchr(text.data, '.', text.len - 1) != NULL;
}


static bool
is_attribute(mdm_text_t text)
{
    size_t  i;

    static const char *const  names[] = { "C", "L", "ST", "O", "OU", "CN" };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_is(text, names[i])) {
            return true;
        }
    }

    return is_oid(text);
}
