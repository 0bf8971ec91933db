
/*
 * com.apple.declarations: declarations for a device that nobody manages, each
 * as JSON in data.  People install such a profile themselves; from a server a
 * device does not take it.
 */


#include <stdio.h>

#include "profiles.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool is_object(mdm_text_t json);


static const mdm_systems_t  systems = {
    .ios = { "17.0", .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_FORBIDDEN },
    .macos = { "14.0", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "17.0", .many = MDM_YES },
    .visionos = { "1.0", .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN },
    .watchos = { "10.0", .many = MDM_YES }
};


static const mdm_key_t  keys[] = {
    { "Declarations", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_DATA }) },
    { 0 }
};


const mdm_type_t  declarations = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.declarations",
    .title = "Declarations",
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
    mdm_text_t         json;
    const mdm_host_t  *host;
    const mdm_node_t  *list;

    host = call->host;
    list = host->get(value, "Declarations");
    good = true;

    for (i = 0; i < host->count(list); i++) {
        json = host->text(host->item(list, i));

        if (json.data != NULL && !is_object(json)) {
            snprintf(path, sizeof(path), "Declarations[%zu]", i);
            host->fault(call, path, "must be a declaration: data in which a "
                        "JSON object is");
            good = false;
        }
    }

    host->warn(call, "", "is for profiles that people install themselves: "
               "devices refuse it from a server");

    return good;
}


/* By its first character: what is in it is the device's to judge. */

static bool
is_object(mdm_text_t json)
{
    size_t  i;

    for (i = 0; i < json.len; i++) {

        switch (json.data[i]) {

        case ' ':
        case '\t':
        case '\r':
        case '\n':
            continue;

        default:
            return json.data[i] == '{';
        }
    }

    return false;
}
