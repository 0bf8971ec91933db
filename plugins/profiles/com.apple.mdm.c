
/*
 * com.apple.mdm: what enrols a device: the server, the push topic, the
 * identity, and what the server may do.
 */


#include "profiles.h"
#include "../texts.h"


#define TOPIC       "com.apple.mgmt."
#define ALL_RIGHTS  8191


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool validate_rights(mdm_call_t *call, const mdm_node_t *value);
static bool is_unique(mdm_call_t *call, const mdm_node_t *array);


static const mdm_systems_t  systems = {
    .ios = { "4.0", .many = MDM_NO, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO },
    .tvos = { "9.0", .many = MDM_NO },
    .visionos = { "1.1", .many = MDM_NO },
    .watchos = { "10.0", .supervised = MDM_YES, .by_hand = MDM_NO,
                 .many = MDM_NO }
};


static const mdm_key_t  strings[] = {
    { NULL, MDM_STRING },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "IdentityCertificateUUID", MDM_STRING, MDM_NEEDED, .pattern = UUID },
    { "Topic", MDM_STRING, MDM_NEEDED },
    { "ServerURL", MDM_STRING, MDM_NEEDED, .pattern = "^https://.*$" },
    { "CheckInURL", MDM_STRING, .pattern = "^https://.*$" },
    { "SignMessage", MDM_BOOLEAN, .preset = "false" },

    /*
     * the bits of MDM_INSPECT_PROFILES and so on; of no meaning for a device
     * of its user
     */
    { "AccessRights", MDM_INTEGER,
      MDM_ON(.ios = { .user_enrollment = MDM_IGNORED },
             .macos = { .user_enrollment = MDM_IGNORED },
             .visionos = { .user_enrollment = MDM_IGNORED }) },
    { "UseDevelopmentAPNS", MDM_BOOLEAN, .preset = "false" },

    /* how user enrolment began before there were accounts */
    { "ManagedAppleID", MDM_STRING,
      MDM_ON(.ios = { "13.1", .deprecated = "17.0", .removed = "18.0",
                      .user_enrollment = MDM_REQUIRED },
             .macos = { "10.15", .deprecated = "14.0", .removed = "15.0",
                        .user_enrollment = MDM_REQUIRED },
             .tvos = { MDM_NEVER_THERE }, .visionos = { MDM_NEVER_THERE },
             .watchos = { MDM_NEVER_THERE }) },
    { "AssignedManagedAppleID", MDM_STRING,
      MDM_ON(.ios = { "15.0" }, .macos = { "14.0" },
             .tvos = { MDM_NEVER_THERE }, .watchos = { MDM_NEVER_THERE }) },

    /* of enrolment by a Managed Apple Account */
    { "EnrollmentMode", MDM_STRING, MDM_ONE_OF("BYOD", "ADDE"),
      MDM_ON(.ios = { "15.0" }, .macos = { "14.0" },
             .tvos = { MDM_NEVER_THERE }, .watchos = { MDM_NEVER_THERE }) },
    { "ServerURLPinningCertificateUUIDs", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { "13.4" }, .macos = { "10.13" }, .tvos = { "13.4" }) },
    { "CheckInURLPinningCertificateUUIDs", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { "13.4" }, .macos = { "10.13" }, .tvos = { "13.4" }) },
    { "PinningRevocationCheckRequired", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "13.4" }, .macos = { "10.13" }, .tvos = { "13.4" }) },
    { "ServerCapabilities", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING,
                 MDM_ONE_OF("com.apple.mdm.per-user-connections",
                 "com.apple.mdm.bootstraptoken", "com.apple.mdm.token") }) },
    { "CheckOutWhenRemoved", MDM_BOOLEAN, .preset = "false" },

    /* the App Store number of an app */
    { "RequiredAppIDForMDM", MDM_INTEGER,
      MDM_ON(.ios = { "15.1" }, .macos = { MDM_NEVER_THERE },
             .tvos = { MDM_NEVER_THERE }, .watchos = { MDM_NEVER_THERE }) },
    { "PromptUserToAllowBootstrapTokenForAuthentication", MDM_BOOLEAN,
      .preset = "false",
      MDM_ON(.ios = { MDM_NEVER_THERE }, .macos = { "11.0" },
             .tvos = { MDM_NEVER_THERE }, .visionos = { MDM_NEVER_THERE },
             .watchos = { MDM_NEVER_THERE }) },
    { 0 }
};


const mdm_type_t  mdm = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE|MDM_MANAGES,
    .name = "com.apple.mdm",
    .title = "Management",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    mdm_text_t         topic;
    const mdm_host_t  *host;

    host = call->host;
    good = validate_rights(call, value);

    topic = host->text(host->get(value, "Topic"));

    if (topic.data != NULL
        && (!text_begins(topic, TOPIC) || text_is(topic, TOPIC)))
    {
        host->fault(call, "Topic", "must begin with " TOPIC);
        good = false;
    }

    if (host->get(value, "AssignedManagedAppleID") != NULL
        && host->get(value, "EnrollmentMode") == NULL)
    {
        host->fault(call, "EnrollmentMode",
                    "must be there with AssignedManagedAppleID");
        good = false;
    }

    if (!is_unique(call, host->get(value, "ServerCapabilities"))) {
        host->fault(call, "ServerCapabilities",
                    "must not have an item twice");
        good = false;
    }

    return good;
}


static bool
validate_rights(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    int64_t            rights;
    const mdm_host_t  *host;
    const mdm_node_t  *node;

    host = call->host;
    node = host->get(value, "AccessRights");

    if (node == NULL) {

        if (host->get(value, "ManagedAppleID") == NULL
            && host->get(value, "EnrollmentMode") == NULL)
        {
            host->fault(call, "AccessRights",
                        "must be there unless the enrolment is by account");
            return false;
        }

        return true;
    }

    rights = host->integer(node);
    good = true;

    if (rights < 1 || rights > ALL_RIGHTS) {
        host->fault(call, "AccessRights", "must be from 1 to 8191");
        return false;
    }

    if ((rights & MDM_CHANGE_PROFILES) && !(rights & MDM_INSPECT_PROFILES)) {
        host->fault(call, "AccessRights", "must have 1 (inspect profiles) "
                    "with 2 (install and remove them)");
        good = false;
    }

    if ((rights & MDM_CHANGE_PROVISIONING)
        && !(rights & MDM_INSPECT_PROVISIONING))
    {
        host->fault(call, "AccessRights", "must have 64 (inspect provisioning "
                    "profiles) with 128 (install and remove them)");
        good = false;
    }

    return good;
}


static bool
is_unique(mdm_call_t *call, const mdm_node_t *array)
{
    size_t   i;
    texts_t  texts;

    if (!texts_of(call, array, NULL, &texts)) {
        return false;
    }

    for (i = 1; i < texts.n; i++) {
        if (texts_again(&texts, i)) {
            return false;
        }
    }

    return true;
}
