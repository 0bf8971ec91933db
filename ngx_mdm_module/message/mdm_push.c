
/*
 * What is sent to Apple's push service, and what its answers mean: the table
 * of reasons.  Whatever an answer holds, it is never taken for more than its
 * status says.
 */


#include <string.h>

#include "mdm_json.h"
#include "mdm_push.h"


#define MDM_PUSH_HEAD   "{\"mdm\":\""
#define MDM_PUSH_TAIL   "\"}"

/* The last row of the table, whose word is none of Apple's. */
#define MDM_PUSH_UNKNOWN                                                      \
    (sizeof(mdm_push_reasons) / sizeof(mdm_push_reasons[0]) - 1)


typedef struct {
    unsigned              status;
    mdm_push_class_e      class;
    const char           *reason;
} mdm_push_reason_t;


static size_t mdm_push_escape(unsigned char c, char escaped[6]);
static mdm_push_class_e mdm_push_class(unsigned status);
static void mdm_push_answer_body(mdm_push_answer_t *answer, json_t *json);


static const mdm_push_reason_t  mdm_push_reasons[] = {
    { 400, MDM_PUSH_REFUSED,       "BadDeviceToken" },
    { 400, MDM_PUSH_REFUSED,       "DeviceTokenNotForTopic" },
    { 400, MDM_PUSH_MISCONFIGURED, "BadTopic" },
    { 400, MDM_PUSH_MISCONFIGURED, "MissingTopic" },
    { 400, MDM_PUSH_MISCONFIGURED, "TopicDisallowed" },
    { 400, MDM_PUSH_OUR_FAULT,     "BadCollapseId" },
    { 400, MDM_PUSH_OUR_FAULT,     "BadExpirationDate" },
    { 400, MDM_PUSH_OUR_FAULT,     "BadMessageId" },
    { 400, MDM_PUSH_OUR_FAULT,     "BadPriority" },
    { 400, MDM_PUSH_OUR_FAULT,     "InvalidPushType" },
    { 400, MDM_PUSH_OUR_FAULT,     "DuplicateHeaders" },
    { 400, MDM_PUSH_OUR_FAULT,     "MissingDeviceToken" },
    { 400, MDM_PUSH_OUR_FAULT,     "PayloadEmpty" },
    { 400, MDM_PUSH_RECONNECT,     "IdleTimeout" },
    { 403, MDM_PUSH_MISCONFIGURED, "BadCertificate" },
    { 403, MDM_PUSH_MISCONFIGURED, "BadCertificateEnvironment" },
    { 403, MDM_PUSH_REFUSED,       "Forbidden" },
    { 403, MDM_PUSH_MISCONFIGURED, "MissingProviderToken" },
    { 403, MDM_PUSH_MISCONFIGURED, "InvalidProviderToken" },
    { 403, MDM_PUSH_MISCONFIGURED, "ExpiredProviderToken" },
    { 403, MDM_PUSH_MISCONFIGURED, "UnrelatedKeyIdInToken" },
    { 403, MDM_PUSH_MISCONFIGURED, "BadEnvironmentKeyIdInToken" },
    { 404, MDM_PUSH_OUR_FAULT,     "BadPath" },
    { 405, MDM_PUSH_OUR_FAULT,     "MethodNotAllowed" },
    { 410, MDM_PUSH_DEAD,          "Unregistered" },
    { 410, MDM_PUSH_DEAD,          "ExpiredToken" },
    { 413, MDM_PUSH_OUR_FAULT,     "PayloadTooLarge" },
    { 429, MDM_PUSH_THROTTLED,     "TooManyRequests" },
    { 429, MDM_PUSH_THROTTLED,     "TooManyProviderTokenUpdates" },
    { 500, MDM_PUSH_AGAIN,         "InternalServerError" },
    { 503, MDM_PUSH_RECONNECT,     "ServiceUnavailable" },
    { 503, MDM_PUSH_RECONNECT,     "Shutdown" },
    { 0,   MDM_PUSH_OUR_FAULT,     "Unknown" }
};


static const char *const  mdm_push_class_names[] = {
    "accepted", "dead", "refused", "misconfigured", "throttled", "again",
    "reconnect", "our_fault"
};


size_t
mdm_push_path(mdm_str_t token, char path[MDM_PUSH_MAX_PATH])
{
    char    *p;
    size_t   i;

    static const char  hex[] = "0123456789abcdef";

    if (token.len == 0 || token.len > MDM_PUSH_MAX_TOKEN) {
        return 0;
    }

    memcpy(path, MDM_PUSH_PATH, sizeof(MDM_PUSH_PATH) - 1);
    p = path + sizeof(MDM_PUSH_PATH) - 1;

    for (i = 0; i < token.len; i++) {
        *p++ = hex[token.data[i] >> 4];
        *p++ = hex[token.data[i] & 0xf];
    }

    return (size_t) (p - path);
}


size_t
mdm_push_body(mdm_str_t magic, char *body, size_t size)
{
    char    *p, *last, escaped[6];
    size_t   i, n;

    if (size < sizeof(MDM_PUSH_HEAD) - 1 + sizeof(MDM_PUSH_TAIL) - 1
        || !mdm_utf8_valid(magic.data, magic.len))
    {
        return 0;
    }

    memcpy(body, MDM_PUSH_HEAD, sizeof(MDM_PUSH_HEAD) - 1);
    p = body + sizeof(MDM_PUSH_HEAD) - 1;
    last = body + size - (sizeof(MDM_PUSH_TAIL) - 1);

    for (i = 0; i < magic.len; i++) {
        n = mdm_push_escape(magic.data[i], escaped);

        if (n > (size_t) (last - p)) {
            return 0;
        }

        memcpy(p, escaped, n);
        p += n;
    }

    memcpy(p, MDM_PUSH_TAIL, sizeof(MDM_PUSH_TAIL) - 1);
    p += sizeof(MDM_PUSH_TAIL) - 1;

    return (size_t) (p - body);
}


/* One byte as it stands in a string of JSON. */

static size_t
mdm_push_escape(unsigned char c, char escaped[6])
{
    static const char  hex[] = "0123456789abcdef";

    if (c == '"' || c == '\\') {
        escaped[0] = '\\';
        escaped[1] = (char) c;
        return 2;
    }

    if (c >= 0x20) {
        escaped[0] = (char) c;
        return 1;
    }

    memcpy(escaped, "\\u00", 4);
    escaped[4] = hex[c >> 4];
    escaped[5] = hex[c & 0xf];

    return 6;
}


void
mdm_push_answer_read(mdm_push_answer_t *answer, unsigned status,
    mdm_str_t body)
{
    json_t  *json;

    answer->status = status;
    answer->class = mdm_push_class(status);
    answer->reason = status == 200 ? ""
                                   : mdm_push_reasons[MDM_PUSH_UNKNOWN].reason;
    answer->time = 0;

    if (status == 200 || body.len == 0 || body.len > MDM_PUSH_MAX_ANSWER
        || mdm_json_read(body, &json, NULL) != MDM_OK)
    {
        return;
    }

    mdm_push_answer_body(answer, json);

    json_decref(json);
}


/* A status without a word that is known with it. */

static mdm_push_class_e
mdm_push_class(unsigned status)
{
    switch (status) {

    case 200:
        return MDM_PUSH_ACCEPTED;

    case 403:
        return MDM_PUSH_MISCONFIGURED;

    case 410:
        return MDM_PUSH_DEAD;

    case 429:
        return MDM_PUSH_THROTTLED;

    case 408:
    case 421:
    case 503:
        return MDM_PUSH_RECONNECT;

    default:
        return status >= 400 && status < 500 ? MDM_PUSH_OUR_FAULT
                                             : MDM_PUSH_AGAIN;
    }
}


/* The word is kept in any case; what it means is known beside its own status
 * only. */

static void
mdm_push_answer_body(mdm_push_answer_t *answer, json_t *json)
{
    size_t                    i;
    json_t                   *time;
    const char               *word;
    const mdm_push_reason_t  *reason;

    word = json_string_value(json_object_get(json, "reason"));

    for (i = 0; word && i < MDM_PUSH_UNKNOWN; i++) {
        reason = &mdm_push_reasons[i];

        if (strcmp(reason->reason, word) == 0) {
            answer->reason = reason->reason;

            if (reason->status == answer->status) {
                answer->class = reason->class;
            }
        }
    }

    time = json_object_get(json, "timestamp");

    if (answer->status == 410 && json_integer_value(time) > 0) {
        answer->time = json_integer_value(time);
    }
}


const char *
mdm_push_reason(unsigned place)
{
    return place <= MDM_PUSH_UNKNOWN ? mdm_push_reasons[place].reason : NULL;
}


unsigned
mdm_push_reason_place(const char *reason)
{
    unsigned  i;

    for (i = 0; i < MDM_PUSH_UNKNOWN; i++) {
        if (mdm_push_reasons[i].reason == reason) {
            break;
        }
    }

    return i;
}


const char *
mdm_push_class_name(mdm_push_class_e class)
{
    return mdm_push_class_names[class];
}
