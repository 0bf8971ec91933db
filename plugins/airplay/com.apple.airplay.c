
/*
 * com.apple.airplay: the screens that a device may show its own on, and the
 * passwords that they ask for.  Screens were told apart by a number like that
 * of a network card until tvOS 18, and are by name since.
 *
 * It is for the owner of a device, too, except for the list of what is allowed.
 */


#include <stdio.h>

#include "../texts.h"
#include "airplay.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool validate_list(mdm_call_t *call, const mdm_node_t *value,
    const char *name);
static bool find_twice(mdm_call_t *call, const mdm_node_t *value,
    const char *name, const char *key, bool fault);


static const mdm_systems_t  systems = {
    .ios = { "7.0", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.10", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES },
    .tvos = NEVER,
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  screen_keys[] = {
    { "DeviceID", MDM_STRING, .pattern = DEVICE_ID,
      MDM_ON(.ios = { .deprecated = "18.0" },
             .macos = { .deprecated = "15.0" }) },
    { "DeviceName", MDM_STRING,
      MDM_ON(.ios = { "18.0" }, .macos = { "15.0" }) },
    { 0 }
};


/* The list is younger under one of its names, not what is in it. */

static const mdm_key_t  screens[] = {
    { NULL, MDM_DICTIONARY, 0, screen_keys,
      MDM_ON(.ios = { "7.0", .supervised = MDM_YES,
                      .user_enrollment = MDM_FORBIDDEN },
             .macos = { "10.10", .user_enrollment = MDM_IGNORED }) },
    { 0 }
};


static const mdm_key_t  password_keys[] = {
    { "DeviceName", MDM_STRING, MDM_NEEDED, MDM_ON(.macos = { "15.0" }) },
    { "Password", MDM_STRING, MDM_NEEDED|MDM_SECRET },
    { "DeviceID", MDM_STRING,
      MDM_ON(.ios = NEVER, .macos = { .deprecated = "15.0" }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "AllowList", MDM_ARRAY, 0, screens,
      MDM_ON(.ios = { "14.5", .supervised = MDM_YES,
                      .user_enrollment = MDM_FORBIDDEN },
             .macos = { "11.3", .user_enrollment = MDM_IGNORED }) },
    { "Passwords", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, password_keys }),
      .combine = MDM_COMBINE_APPEND },

    /* what AllowList was called before */
    { "Whitelist", MDM_ARRAY, 0, screens,
      MDM_ON(.ios = { .deprecated = "14.5", .supervised = MDM_YES,
                      .user_enrollment = MDM_FORBIDDEN },
             .macos = { .deprecated = "11.3",
                        .user_enrollment = MDM_IGNORED }) },
    { 0 }
};


const mdm_type_t  airplay = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.airplay",
    .title = "AirPlay",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool  good;

    good = validate_list(call, value, "AllowList");
    good = validate_list(call, value, "Whitelist") && good;

    good = find_twice(call, value, "Passwords", "DeviceName", true) && good;

    return find_twice(call, value, "Passwords", "DeviceID", true) && good;
}


static bool
validate_list(mdm_call_t *call, const mdm_node_t *value, const char *name)
{
    char               path[80];
    size_t             i;
    const mdm_host_t  *host;
    const mdm_node_t  *list, *item;

    host = call->host;
    list = host->get(value, name);

    for (i = 0; i < host->count(list); i++) {
        item = host->item(list, i);

        if (host->type(item) == MDM_DICTIONARY && host->count(item) == 0) {
            snprintf(path, sizeof(path), "%s[%zu]", name, i);
            host->warn(call, path, "names no screen: DeviceName or DeviceID "
                       "does");
        }
    }

    return find_twice(call, value, name, "DeviceID", false);
}


/* What a device makes of a screen that is there twice is not said; of two
 * passwords for one it is called an error. */

static bool
find_twice(mdm_call_t *call, const mdm_node_t *value, const char *name,
    const char *key, bool fault)
{
    bool               good;
    char               path[80];
    size_t             i;
    texts_t            texts;
    const mdm_host_t  *host;

    host = call->host;

    if (!texts_of(call, host->get(value, name), key, &texts)) {
        return false;
    }

    good = true;

    for (i = 1; i < texts.n; i++) {

        if (!texts_again(&texts, i)) {
            continue;
        }

        snprintf(path, sizeof(path), "%s[%zu].%s", name, texts.first[i].n, key);

        if (fault) {
            host->fault(call, path, "must be its own, another item has it");
            good = false;

        } else {
            host->warn(call, path, "is that of another item, too");
        }
    }

    return good;
}
