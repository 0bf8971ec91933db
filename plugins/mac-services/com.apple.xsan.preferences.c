
/*
 * com.apple.xsan.preferences: which volumes of a storage network are mounted
 * at startup, and of StorNext over which network (DLC) or Fibre Channel.
 */


#include <stdio.h>
#include <string.h>

#include "mac-services.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool has(mdm_call_t *call, const mdm_node_t *list, mdm_text_t name);


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
    const mdm_host_t  *host;
    const mdm_node_t  *prefer, *deny;

    host = call->host;
    prefer = host->get(value, "preferDLC");
    deny = host->get(value, "denyDLC");
    good = true;

    for (i = 0; i < host->count(prefer); i++) {
        if (has(call, deny, host->text(host->item(prefer, i)))) {
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


static bool
has(mdm_call_t *call, const mdm_node_t *list, mdm_text_t name)
{
    size_t      i;
    mdm_text_t  text;

    for (i = 0; name.data != NULL && i < call->host->count(list); i++) {
        text = call->host->text(call->host->item(list, i));

        if (text.data != NULL && text.len == name.len
            && memcmp(text.data, name.data, name.len) == 0)
        {
            return true;
        }
    }

    return false;
}
