
/*
 * com.apple.security.firewall: the firewall for apps.  Of several payloads a
 * Mac takes the strictest of each setting, and of each app.
 */


#include <stdlib.h>

#include "mac-security.h"
#include "../text.h"


typedef struct {
    mdm_text_t         bundle_id;
    bool               allowed;
    const mdm_node_t  *item;
} application_t;


static bool merge(mdm_call_t *call, const mdm_node_t *const *values, size_t n,
    mdm_node_t *into);
static application_t *sorted(mdm_call_t *call, const mdm_node_t *applications);
static int compare(const void *one, const void *other);


static const mdm_systems_t  systems = POLICY_OF_MAC("10.12");


static const mdm_key_t  application_keys[] = {
    { "BundleID", MDM_STRING, MDM_NEEDED },
    { "Allowed", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "EnableFirewall", MDM_BOOLEAN, MDM_NEEDED, .combine = MDM_COMBINE_OR },
    { "BlockAllIncoming", MDM_BOOLEAN, .combine = MDM_COMBINE_OR },
    { "EnableStealthMode", MDM_BOOLEAN, .combine = MDM_COMBINE_OR },
    { "Applications", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, application_keys }),
      .combine = MDM_COMBINE_APPEND },
    { "EnableLogging", MDM_BOOLEAN, .combine = MDM_COMBINE_OR,
      MDM_ON(.macos = { "12.0", .deprecated = "15.0", .removed = "15.0" }) },
    { "LoggingOption", MDM_STRING, MDM_ONE_OF("throttled", "brief", "detail"),
      .combine = MDM_COMBINE_ENUM_LAST,
      MDM_ON(.macos = { "12.0", .deprecated = "15.0", .removed = "15.0" }) },
    { "AllowSigned", MDM_BOOLEAN, .preset = "true", .combine = MDM_COMBINE_AND,
      MDM_ON(.macos = { "12.3" }) },
    { "AllowSignedApp", MDM_BOOLEAN, .preset = "true",
      .combine = MDM_COMBINE_AND, MDM_ON(.macos = { "12.3" }) },
    { 0 }
};


const mdm_type_t  firewall = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.security.firewall",
    .title = "Firewall",
    .on = &systems,
    .keys = keys,
    .merge = merge
};


/* Apps of all payloads are in one list: of each the strictest remains. */

static bool
merge(mdm_call_t *call, const mdm_node_t *const *values, size_t n,
    mdm_node_t *into)
{
    size_t             i, count;
    mdm_node_t        *kept;
    application_t     *all;
    const mdm_host_t  *host;
    const mdm_node_t  *applications;

    host = call->host;
    applications = host->get(into, "Applications");

    if (host->type(applications) != MDM_ARRAY) {
        return true;
    }

    count = host->count(applications);
    all = sorted(call, applications);
    kept = host->new_array(call);

    if (all == NULL || kept == NULL) {
        return false;
    }

    for (i = 0; i < count; i++) {

        if (i > 0 && text_compare(all[i].bundle_id, all[i - 1].bundle_id) == 0)
        {
            continue;
        }

        if (!host->append(call, kept, host->copy(call, all[i].item))) {
            return false;
        }
    }

    return host->set(call, into, "Applications", kept);
}


/* By their identifiers, of each those first that are not allowed. */

static application_t *
sorted(mdm_call_t *call, const mdm_node_t *applications)
{
    size_t             i, n;
    application_t     *all;
    const mdm_host_t  *host;

    host = call->host;
    n = host->count(applications);

    all = host->alloc(call, (n + 1) * sizeof(application_t));
    if (all == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        all[i].item = host->item(applications, i);
        all[i].bundle_id = host->text(host->get(all[i].item, "BundleID"));
        all[i].allowed = host->boolean(host->get(all[i].item, "Allowed"));
    }

    qsort(all, n, sizeof(application_t), compare);

    return all;
}


static int
compare(const void *one, const void *other)
{
    int                   order;
    const application_t  *a, *b;

    a = one;
    b = other;
    order = text_compare(a->bundle_id, b->bundle_id);

    return order ? order : (int) a->allowed - (int) b->allowed;
}
