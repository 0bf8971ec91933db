
/*
 * com.apple.TCC.configuration-profile-policy: which apps may reach what belongs
 * to a person, without asking him.  An app is known by its code requirement;
 * where payloads contradict each other, a Mac refuses.
 *
 * Camera and microphone, what is typed and what is on the screen can only be
 * refused here: these a person grants himself.
 */


#include <stdio.h>

#include "mac-security.h"
#include "../text.h"


#define SERVICE(name, ...)                                                    \
    { name, MDM_ARRAY, MDM_KEYS({ NULL, MDM_DICTIONARY, 0, identity_keys }),  \
      .combine = MDM_COMBINE_UNION, __VA_ARGS__ }

#define SINCE(version)  MDM_ON(.macos = { version })


/* What may be said of a service, and with which keys. */

typedef struct {
    const char  *name;
    bool         granted;      /* may be */
    bool         to_users;     /* standard users may be let decide */
    bool         sends;        /* to another process, which is named */
} service_t;


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool validate_identity(mdm_call_t *call, const service_t *service,
    const mdm_node_t *identity, const char *path);
static bool validate_answer(mdm_call_t *call, const service_t *service,
    const mdm_node_t *identity, const char *path);
static bool validate_receiver(mdm_call_t *call, const service_t *service,
    const mdm_node_t *identity, const char *path);
static const service_t *find(mdm_text_t name);
static bool fault(mdm_call_t *call, const char *path, const char *key,
    const char *rule);


static const mdm_systems_t  systems = POLICY_OF_MAC("10.14", APPROVED);


static const mdm_key_t  identity_keys[] = {
    { "Identifier", MDM_STRING, MDM_NEEDED },
    { "IdentifierType", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("bundleID", "path") },
    { "CodeRequirement", MDM_STRING, MDM_NEEDED },
    { "StaticCode", MDM_BOOLEAN, .preset = "false" },

    /* one of the two */
    { "Allowed", MDM_BOOLEAN },
    { "Authorization", MDM_STRING,
      MDM_ONE_OF("Allow", "Deny", "AllowStandardUserToSetSystemService"),
      SINCE("11.0") },

    { "Comment", MDM_STRING },
    { "AEReceiverIdentifier", MDM_STRING },
    { "AEReceiverIdentifierType", MDM_STRING, MDM_ONE_OF("bundleID", "path") },
    { "AEReceiverCodeRequirement", MDM_STRING },
    { 0 }
};


static const mdm_key_t  service_keys[] = {
    SERVICE("AddressBook"),
    SERVICE("Calendar"),
    SERVICE("Reminders"),
    SERVICE("Photos"),
    SERVICE("Camera"),
    SERVICE("Microphone"),
    SERVICE("Accessibility"),
    SERVICE("PostEvent"),
    SERVICE("SystemPolicyAllFiles"),
    SERVICE("SystemPolicySysAdminFiles"),
    SERVICE("AppleEvents"),
    SERVICE("MediaLibrary", SINCE("10.15")),
    SERVICE("FileProviderPresence", SINCE("10.15")),
    SERVICE("ListenEvent", SINCE("10.15")),
    SERVICE("ScreenCapture", SINCE("10.15")),
    SERVICE("SpeechRecognition", SINCE("10.15")),
    SERVICE("SystemPolicyDesktopFolder", SINCE("10.15")),
    SERVICE("SystemPolicyDocumentsFolder", SINCE("10.15")),
    SERVICE("SystemPolicyDownloadsFolder", SINCE("10.15")),
    SERVICE("SystemPolicyNetworkVolumes", SINCE("10.15")),
    SERVICE("SystemPolicyRemovableVolumes", SINCE("10.15")),
    SERVICE("SystemPolicyAppBundles", SINCE("13.0")),
    SERVICE("SystemPolicyAppData", SINCE("14.0")),
    SERVICE("BluetoothAlways", SINCE("11.0")),
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "Services", MDM_DICTIONARY, MDM_NEEDED, service_keys },
    { 0 }
};


/* those that are unlike the last, which stands for all others */

static const service_t  services[] = {
    { "AppleEvents", true, false, true },
    { "Camera", false, false, false },
    { "ListenEvent", false, true, false },
    { "Microphone", false, false, false },
    { "ScreenCapture", false, true, false },
    { NULL, true, false, false }
};


const mdm_type_t  privacy = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.TCC.configuration-profile-policy",
    .title = "Privacy: what apps may reach",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    char               path[128];
    size_t             i, j;
    mdm_text_t         name;
    const service_t   *service;
    const mdm_host_t  *host;
    const mdm_node_t  *all, *one;

    host = call->host;
    all = host->get(value, "Services");
    good = true;

    for (i = 0; i < host->count(all); i++) {
        one = host->item(all, i);
        name = host->name(one);
        service = find(name);

        if (host->type(one) != MDM_ARRAY) {
            continue;
        }

        for (j = 0; j < host->count(one); j++) {
            snprintf(path, sizeof(path), "Services.%.*s[%zu]",
                     name.len < 64 ? (int) name.len : 64, name.data, j);

            if (host->type(host->item(one, j)) == MDM_DICTIONARY
                && !validate_identity(call, service, host->item(one, j), path))
            {
                good = false;
            }
        }
    }

    return good;
}


static bool
validate_identity(mdm_call_t *call, const service_t *service,
    const mdm_node_t *identity, const char *path)
{
    bool  answer, receiver;

    answer = validate_answer(call, service, identity, path);
    receiver = validate_receiver(call, service, identity, path);

    return answer && receiver;
}


static bool
validate_answer(mdm_call_t *call, const service_t *service,
    const mdm_node_t *identity, const char *path)
{
    mdm_text_t         text;
    const mdm_host_t  *host;
    const mdm_node_t  *allowed, *authorization;

    host = call->host;
    allowed = host->get(identity, "Allowed");
    authorization = host->get(identity, "Authorization");
    text = host->text(authorization);

    if (allowed == NULL && authorization == NULL) {
        return fault(call, path, "Allowed",
                     "must be there when there is no Authorization");
    }

    if (allowed != NULL && authorization != NULL) {
        return fault(call, path, "Authorization",
                     "must not be there beside Allowed");
    }

    if (!service->granted
        && (host->boolean(allowed) || text_is(text, "Allow")))
    {
        return fault(call, path, allowed ? "Allowed" : "Authorization",
                     "must not grant this service: no profile can, only the "
                     "user");
    }

    if (!service->to_users
        && text_is(text, "AllowStandardUserToSetSystemService"))
    {
        return fault(call, path, "Authorization",
                     "must be Allow or Deny, but for the services ListenEvent "
                     "and ScreenCapture");
    }

    return true;
}


static bool
validate_receiver(mdm_call_t *call, const service_t *service,
    const mdm_node_t *identity, const char *path)
{
    bool         good, there;
    size_t       i;

    static const char *const  names[] = {
        "AEReceiverIdentifier", "AEReceiverIdentifierType",
        "AEReceiverCodeRequirement"
    };

    good = true;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        there = call->host->get(identity, names[i]) != NULL;

        if (there != service->sends) {
            good = fault(call, path, names[i],
                         service->sends
                             ? "must be there: it says who gets the events"
                             : "must not be there: it is of AppleEvents only");
        }
    }

    return good;
}


static const service_t *
find(mdm_text_t name)
{
    const service_t  *service;

    for (service = services; service->name; service++) {
        if (text_is(name, service->name)) {
            break;
        }
    }

    return service;
}



static bool
fault(mdm_call_t *call, const char *path, const char *key, const char *rule)
{
    char  at[192];

    snprintf(at, sizeof(at), "%s.%s", path, key);
    call->host->fault(call, at, rule);

    return false;
}
