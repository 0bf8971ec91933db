
/*
 * com.apple.xsan.preferences: which volumes of a storage network are mounted
 * at startup, and of StorNext over which network (DLC) or Fibre Channel.
 */


#include <stdio.h>

#include "mac-services.h"
#include "../texts.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .macos = { "10.11", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


/* lists of names of volumes */

static const mdm_key_t  keys[] = {
    { "onlyMount", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "denyMount", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "denyDLC", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "preferDLC", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "useDLC", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


const mdm_type_t  xsan_preferences = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.xsan.preferences",
    .title = "Volumes of Xsan",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    char               path[40];
    size_t             i;
    texts_t            denied;
    const mdm_host_t  *host;
    const mdm_node_t  *prefer;

    host = call->host;
    prefer = host->get(value, "preferDLC");
    good = true;

    if (!texts_of(call, host->get(value, "denyDLC"), NULL, &denied)) {
        return false;
    }

    for (i = 0; i < host->count(prefer); i++) {
        if (texts_have(&denied, host->text(host->item(prefer, i)))) {
            snprintf(path, sizeof(path), "preferDLC[%zu]", i);
            host->fault(call, path, "must not be in denyDLC as well");
            good = false;
        }
    }

    if (host->get(value, "onlyMount") != NULL
        && host->get(value, "denyMount") != NULL)
    {
        host->warn(call, "denyMount", "is not used when onlyMount is there");
    }

    return good;
}
