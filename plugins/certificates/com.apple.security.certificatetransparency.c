
/*
 * com.apple.security.certificatetransparency: for which CAs and domains a
 * device does without Certificate Transparency, as those of an organization
 * have to, whose certificates are in no public log.
 */


#include <stdio.h>
#include <string.h>

#include "certificates.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static const char *domain_rule(mdm_text_t domain);


static const mdm_systems_t  systems = {
    .ios = { "12.1.1", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.14.2", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_YES },
    .tvos = { "12.1.1", .many = MDM_YES },
    .visionos = { "1.0", .many = MDM_YES },
    .watchos = { "5.1.1", .many = MDM_YES }
};


static const mdm_key_t  keys[] = {
    { "DisabledForCerts", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, digest_keys }),
      .combine = MDM_COMBINE_UNION },
    { "DisabledForDomains", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }),
      .combine = MDM_COMBINE_UNION },
    { 0 }
};


const mdm_type_t  certificate_transparency = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.security.certificatetransparency",
    .title = "Certificate Transparency",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    char               path[64];
    size_t             i;
    const char        *rule;
    const mdm_host_t  *host;
    const mdm_node_t  *domains;

    host = call->host;
    domains = host->get(value, "DisabledForDomains");
    good = validate_digests(call, value, "DisabledForCerts");

    for (i = 0; i < host->count(domains); i++) {
        rule = domain_rule(host->text(host->item(domains, i)));

        if (rule == NULL) {
            continue;
        }

        snprintf(path, sizeof(path), "DisabledForDomains[%zu]", i);
        host->fault(call, path, rule);
        good = false;
    }

    return good;
}


/* NULL: a good one.  Top level domains of two words are not known here. */

static const char *
domain_rule(mdm_text_t domain)
{
    if (domain.data == NULL) {
        return NULL;
    }

    if (memchr(domain.data, '*', domain.len) != NULL) {
        return "must have no wildcard; a period at its beginning means all "
               "subdomains";
    }

    if (domain.len > 1 && domain.data[0] == '.'
        && memchr(domain.data + 1, '.', domain.len - 1) == NULL
        && memchr(domain.data, '%', domain.len) == NULL)
    {
        return "must not be all of a top level domain";
    }

    return NULL;
}
