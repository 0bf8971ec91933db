
/*
 * com.apple.education: the classes of a school: for the Classroom app of a
 * teacher or a student, whom UserIdentifier names, or for the login screen of a
 * Shared iPad, where nobody is named and each user has a Managed Apple Account.
 *
 * Users, groups and groups of devices are named by identifiers of their own;
 * what names one that is not there does nothing.
 */


#include <stdio.h>

#include "../texts.h"
#include "education.h"


/* a number of 16 bits, which tells groups apart over the air */
#define BEACON   .min = "0", .max = "65535"
#define BEACONS  65536


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool validate_login(mdm_call_t *call, const mdm_node_t *users);
static bool validate_classroom(mdm_call_t *call, const mdm_node_t *value,
    const texts_t *users);
static bool is_leader(mdm_call_t *call, const mdm_node_t *groups,
    mdm_text_t user);
static bool validate_unique(mdm_call_t *call, const texts_t *texts,
    const char *name, const char *key);
static bool validate_beacons(mdm_call_t *call, const mdm_node_t *value);
static void validate_departments(mdm_call_t *call,
    const mdm_node_t *departments, bool *beacons);
static bool *find_beacon(mdm_call_t *call, bool *beacons,
    const mdm_node_t *node);
static void validate_group(mdm_call_t *call, const mdm_node_t *group, size_t n,
    const char *key, const texts_t *texts);


static const mdm_systems_t  systems = {
    .ios = { "9.3", .many = MDM_NO, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.14", .device_channel = MDM_NO, .user_channel = MDM_YES,
               .many = MDM_NO },
    .tvos = NEVER,
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  strings[] = {
    { NULL, MDM_STRING },
    { 0 }
};


static const mdm_key_t  department_keys[] = {
    { "Name", MDM_STRING, MDM_NEEDED },
    { "GroupBeaconIDs", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_INTEGER, BEACON }) },
    { 0 }
};


static const mdm_key_t  group_keys[] = {
    { "BeaconID", MDM_INTEGER, MDM_NEEDED, BEACON },
    { "Name", MDM_STRING, MDM_NEEDED },
    { "Description", MDM_STRING },
    { "ImageURL", MDM_STRING,
      MDM_ON(.ios = { .deprecated = "9.3.1" }, .macos = NEVER) },
    { "ConfigurationSource", MDM_STRING },
    { "LeaderIdentifiers", MDM_ARRAY, 0, strings },
    { "MemberIdentifiers", MDM_ARRAY, MDM_NEEDED, strings },
    { "DeviceGroupIdentifiers", MDM_ARRAY, 0, strings },
    { 0 }
};


static const mdm_key_t  user_keys[] = {
    { "Identifier", MDM_STRING, MDM_NEEDED },
    { "Name", MDM_STRING, MDM_NEEDED },
    { "GivenName", MDM_STRING },
    { "FamilyName", MDM_STRING },
    { "PhoneticGivenName", MDM_STRING },
    { "PhoneticFamilyName", MDM_STRING },
    { "ImageURL", MDM_STRING },
    { "FullScreenImageURL", MDM_STRING,
      MDM_ON(.ios = { .deprecated = "9.3.1" }, .macos = NEVER) },
    { "AppleID", MDM_STRING },
    { "PasscodeType", MDM_STRING, MDM_ONE_OF("complex", "four", "six") },
    { 0 }
};


static const mdm_key_t  device_group_keys[] = {
    { "Identifier", MDM_STRING, MDM_NEEDED },
    { "Name", MDM_STRING, MDM_NEEDED },
    { "SerialNumbers", MDM_ARRAY, MDM_NEEDED, strings },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "OrganizationUUID", MDM_STRING, MDM_NEEDED },
    { "OrganizationName", MDM_STRING, MDM_NEEDED },

    /* payloads of the same profile: the identity, and who is trusted */
    { "PayloadCertificateUUID", MDM_STRING },
    { "LeaderPayloadCertificateAnchorUUID", MDM_ARRAY, 0, strings },
    { "MemberPayloadCertificateAnchorUUID", MDM_ARRAY, 0, strings },
    { "ResourcePayloadCertificateUUID", MDM_STRING },

    /* not for the login screen */
    { "UserIdentifier", MDM_STRING },
    { "Departments", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, department_keys }) },
    { "Groups", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, group_keys }) },
    { "Users", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, user_keys }) },
    { "DeviceGroups", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, device_group_keys }) },
    { "ScreenObservationPermissionModificationAllowed", MDM_BOOLEAN,
      .preset = "false", MDM_ON(.ios = { "10.3" }) },
    { 0 }
};


const mdm_type_t  education = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.education",
    .title = "Classes of a school",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    size_t             i;
    texts_t            users, device_groups;
    const mdm_host_t  *host;
    const mdm_node_t  *groups, *group;

    host = call->host;
    groups = host->get(value, "Groups");

    if (!texts_of(call, host->get(value, "Users"), "Identifier", &users)
        || !texts_of(call, host->get(value, "DeviceGroups"), "Identifier",
                     &device_groups))
    {
        return false;
    }

    good = validate_unique(call, &users, "Users", "Identifier");
    good = validate_unique(call, &device_groups, "DeviceGroups", "Identifier")
           && good;

    good = validate_beacons(call, value) && good;

    if (host->get(value, "UserIdentifier") != NULL) {
        good = validate_classroom(call, value, &users) && good;

    } else {
        good = validate_login(call, host->get(value, "Users")) && good;
    }

    for (i = 0; i < host->count(groups); i++) {
        group = host->item(groups, i);

        validate_group(call, group, i, "MemberIdentifiers", &users);
        validate_group(call, group, i, "DeviceGroupIdentifiers",
                       &device_groups);
    }

    return good;
}


/* Who logs in to a Shared iPad does it with an account. */

static bool
validate_login(mdm_call_t *call, const mdm_node_t *users)
{
    bool               good;
    char               path[80];
    size_t             i;
    const mdm_host_t  *host;
    const mdm_node_t  *user;

    host = call->host;
    good = true;

    for (i = 0; i < host->count(users); i++) {
        user = host->item(users, i);

        if (host->type(user) != MDM_DICTIONARY
            || host->get(user, "AppleID") != NULL)
        {
            continue;
        }

        snprintf(path, sizeof(path), "Users[%zu].AppleID", i);
        host->fault(call, path, "must be there unless UserIdentifier is: this "
                    "is for the login screen of a Shared iPad");
        good = false;
    }

    return good;
}


static bool
validate_classroom(mdm_call_t *call, const mdm_node_t *value,
    const texts_t *users)
{
    mdm_text_t         user;
    const mdm_host_t  *host;

    host = call->host;
    user = host->text(host->get(value, "UserIdentifier"));

    if (user.data == NULL) {
        return true;
    }

    if (host->get(value, "PayloadCertificateUUID") == NULL) {
        host->warn(call, "PayloadCertificateUUID",
                   "is absent: Classroom does not work without an identity");
    }

    if (is_leader(call, host->get(value, "Groups"), user)) {
        return true;
    }

    if (host->get(value, "LeaderPayloadCertificateAnchorUUID") == NULL) {
        host->warn(call, "LeaderPayloadCertificateAnchorUUID",
                   "is absent: the device of a student trusts no teacher");
    }

    /* a value of each device is not known yet */

    if (memchr(user.data, '%', user.len) == NULL && !texts_have(users, user)) {
        host->fault(call, "UserIdentifier", "must be the Identifier of one of "
                    "Users, or of the leader of a group");
        return false;
    }

    return true;
}


static bool
is_leader(mdm_call_t *call, const mdm_node_t *groups, mdm_text_t user)
{
    size_t             i, j;
    mdm_text_t         leader;
    const mdm_host_t  *host;
    const mdm_node_t  *leaders;

    host = call->host;

    for (i = 0; i < host->count(groups); i++) {
        leaders = host->get(host->item(groups, i), "LeaderIdentifiers");

        for (j = 0; j < host->count(leaders); j++) {
            leader = host->text(host->item(leaders, j));

            if (leader.data != NULL && text_compare(leader, user) == 0) {
                return true;
            }
        }
    }

    return false;
}


static bool
validate_unique(mdm_call_t *call, const texts_t *texts, const char *name,
    const char *key)
{
    bool    good;
    char    path[80];
    size_t  i;

    good = true;

    for (i = 1; i < texts->n; i++) {

        if (texts_again(texts, i)) {
            snprintf(path, sizeof(path), "%s[%zu].%s", name,
                     texts->first[i].n, key);
            call->host->fault(call, path,
                              "must be its own, another item has it");
            good = false;
        }
    }

    return good;
}


static bool
validate_beacons(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good, *beacons, *beacon;
    char               path[80];
    size_t             i;
    const mdm_host_t  *host;
    const mdm_node_t  *groups;

    host = call->host;
    groups = host->get(value, "Groups");
    good = true;

    beacons = host->alloc(call, BEACONS * sizeof(bool));
    if (beacons == NULL) {
        return false;
    }

    for (i = 0; i < host->count(groups); i++) {
        beacon = find_beacon(call, beacons,
                             host->get(host->item(groups, i), "BeaconID"));

        if (beacon && *beacon) {
            snprintf(path, sizeof(path), "Groups[%zu].BeaconID", i);
            host->fault(call, path, "must be its own, another group has it");
            good = false;

        } else if (beacon) {
            *beacon = true;
        }
    }

    validate_departments(call, host->get(value, "Departments"), beacons);

    return good;
}


static void
validate_departments(mdm_call_t *call, const mdm_node_t *departments,
    bool *beacons)
{
    bool              *beacon;
    char               path[80];
    size_t             i, j;
    const mdm_host_t  *host;
    const mdm_node_t  *ids;

    host = call->host;

    for (i = 0; i < host->count(departments); i++) {
        ids = host->get(host->item(departments, i), "GroupBeaconIDs");

        for (j = 0; j < host->count(ids); j++) {
            beacon = find_beacon(call, beacons, host->item(ids, j));

            if (beacon && !*beacon) {
                snprintf(path, sizeof(path),
                         "Departments[%zu].GroupBeaconIDs[%zu]", i, j);
                host->warn(call, path, "names no group of the payload");
            }
        }
    }
}


/* NULL: it is none, which the tables have told. */

static bool *
find_beacon(mdm_call_t *call, bool *beacons, const mdm_node_t *node)
{
    int64_t  n;

    n = call->host->integer(node);

    return call->host->type(node) == MDM_INTEGER && n >= 0 && n < BEACONS
               ? &beacons[n] : NULL;
}


/* Identifiers in "key" of a group name items that the payload has, too. */

static void
validate_group(mdm_call_t *call, const mdm_node_t *group, size_t n,
    const char *key, const texts_t *texts)
{
    char               path[80];
    size_t             i;
    mdm_text_t         text;
    const mdm_host_t  *host;
    const mdm_node_t  *list;

    host = call->host;
    list = host->get(group, key);

    for (i = 0; i < host->count(list); i++) {
        text = host->text(host->item(list, i));

        if (text.data != NULL && !texts_have(texts, text)) {
            snprintf(path, sizeof(path), "Groups[%zu].%s[%zu]", n, key, i);
            host->warn(call, path, "names nothing that the payload has");
        }
    }
}
