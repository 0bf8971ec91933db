
/*
 * com.apple.mobiledevice.passwordpolicy: what a passcode must be like.  A
 * device makes one policy of all payloads, in which the stricter value of each
 * key wins; a device owned by its user heeds none of the keys and asks for six
 * digits.
 */


#include "passcode.h"


/* Accepted from a user's own device, and without effect there. */
#define NOT_FOR_USERS                                                         \
    .ios = { .user_enrollment = MDM_IGNORED },                                \
    .visionos = { .user_enrollment = MDM_IGNORED }

/* characters, not bytes */
#define MAX_REGEX  2048


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static size_t characters(mdm_text_t text);


static const mdm_systems_t  systems = {
    .ios = { "4.0", .many = MDM_YES, .shared_ipad = MDM_FORBIDDEN },
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN },
    .tvos = { MDM_NEVER_THERE },
    .visionos = { "2.0", .many = MDM_YES },
    .watchos = { "10.0", .many = MDM_YES }
};


static const mdm_key_t  regex_keys[] = {
    { "passwordContentRegex", MDM_STRING, MDM_NEEDED|MDM_LITERAL },
    { "passwordContentDescription", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_STRING }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "allowSimple", MDM_BOOLEAN, .preset = "true", .combine = MDM_COMBINE_AND,
      MDM_ON(NOT_FOR_USERS) },
    { "forcePIN", MDM_BOOLEAN, .preset = "false", .combine = MDM_COMBINE_OR,
      MDM_ON(NOT_FOR_USERS) },
    { "maxFailedAttempts", MDM_INTEGER, .min = "2", .max = "11", .preset = "11",
      .combine = MDM_COMBINE_MIN, MDM_ON(NOT_FOR_USERS) },
    { "maxInactivity", MDM_INTEGER, .min = "0", .max = "15",
      .combine = MDM_COMBINE_MIN, MDM_ON(NOT_FOR_USERS) },
    { "maxPINAgeInDays", MDM_INTEGER, .min = "0", .max = "730",
      .combine = MDM_COMBINE_MIN, MDM_ON(NOT_FOR_USERS) },
    { "minComplexChars", MDM_INTEGER, .min = "0", .max = "4", .preset = "0",
      .combine = MDM_COMBINE_MAX,
      MDM_ON(NOT_FOR_USERS, .watchos = { MDM_NEVER_THERE }) },
    { "minLength", MDM_INTEGER, .min = "0", .max = "16", .preset = "0",
      .combine = MDM_COMBINE_MAX, MDM_ON(NOT_FOR_USERS) },
    { "requireAlphanumeric", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_OR,
      MDM_ON(NOT_FOR_USERS, .watchos = { MDM_NEVER_THERE }) },
    { "pinHistory", MDM_INTEGER, .min = "1", .max = "50",
      .combine = MDM_COMBINE_MAX, MDM_ON(NOT_FOR_USERS) },
    { "maxGracePeriod", MDM_INTEGER, .preset = "0", .combine = MDM_COMBINE_MIN,
      MDM_ON(NOT_FOR_USERS) },

    /* of a Mac alone */
    { "minutesUntilFailedLoginReset", MDM_INTEGER, .combine = MDM_COMBINE_MAX,
      MDM_ON(.ios = { MDM_NEVER_THERE },
             .macos = { "10.10", .user_enrollment = MDM_IGNORED },
             .visionos = { MDM_NEVER_THERE }, .watchos = { MDM_NEVER_THERE }) },
    { "changeAtNextAuth", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_OR,
      MDM_ON(.ios = { MDM_NEVER_THERE },
             .macos = { "10.13", .user_enrollment = MDM_IGNORED },
             .visionos = { MDM_NEVER_THERE }, .watchos = { MDM_NEVER_THERE }) },

    /* two expressions cannot become one: they have no rule */
    { "customRegex", MDM_DICTIONARY, 0, regex_keys,
      MDM_ON(.ios = { MDM_NEVER_THERE }, .macos = { "14.0" },
             .visionos = { MDM_NEVER_THERE }, .watchos = { MDM_NEVER_THERE }) },
    { 0 }
};


const mdm_type_t  passcode = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.mobiledevice.passwordpolicy",
    .title = "Passcode",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    const mdm_host_t  *host;
    const mdm_node_t  *regex;

    host = call->host;
    good = true;

    /* another payload may have it */

    if (host->get(value, "minutesUntilFailedLoginReset") != NULL
        && host->get(value, "maxFailedAttempts") == NULL)
    {
        host->warn(call, "minutesUntilFailedLoginReset",
                   "has no effect unless a profile sets maxFailedAttempts");
    }

    regex = host->get(host->get(value, "customRegex"), "passwordContentRegex");

    if (characters(host->text(regex)) > MAX_REGEX) {
        host->fault(call, "customRegex.passwordContentRegex",
                    "must have at most 2048 characters");
        good = false;
    }

    return good;
}


static size_t
characters(mdm_text_t text)
{
    size_t  i, n;

    n = 0;

    /* each but the bytes 10xxxxxx begins one */

    for (i = 0; i < text.len; i++) {
        n += (text.data[i] & 0xc0) != 0x80;
    }

    return n;
}
