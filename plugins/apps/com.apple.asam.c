
/*
 * com.apple.asam: apps that may, of their own accord, become the only one that
 * a Mac shows, as in an exam.  A device refuses one app of two teams.
 */


#include <stdio.h>

#include "../texts.h"
#include "apps.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = NEVER,
    .macos = { "10.13.4", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_approved = MDM_YES, .by_hand = MDM_NO, .many = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN },
    .tvos = NEVER,
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  app_keys[] = {
    { "BundleIdentifier", MDM_STRING, MDM_NEEDED },
    { "TeamIdentifier", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "AllowedApplications", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, app_keys }) },
    { 0 }
};


const mdm_type_t  single_app_mode = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.asam",
    .title = "Autonomous single app mode",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    char               path[80];
    size_t             i;
    texts_t            apps;
    mdm_text_t         team, other;
    const mdm_host_t  *host;

    host = call->host;

    if (!texts_of(call, host->get(value, "AllowedApplications"),
                  "BundleIdentifier", &apps))
    {
        return false;
    }

    good = true;

    for (i = 1; i < apps.n; i++) {

        if (!texts_again(&apps, i)) {
            continue;
        }

        team = host->text(host->get(apps.first[i].item, "TeamIdentifier"));
        other = host->text(host->get(apps.first[i - 1].item,
                                     "TeamIdentifier"));

        if (team.data == NULL || other.data == NULL
            || text_compare(team, other) == 0)
        {
            continue;
        }

        snprintf(path, sizeof(path), "AllowedApplications[%zu].TeamIdentifier",
                 apps.first[i].n);
        host->fault(call, path, "must be the one that this app has in the "
                    "other item for it");
        good = false;
    }

    return good;
}
