
/*
 * The identity keys of a body, and the written form of an enrolment id.  Must
 * never guess: a combination of keys that Apple's check-in schemas do not have
 * is refused, since a wrong channel would get another's commands.
 */


#include <string.h>

#include "mdm_enrollment_id.h"
#include "mdm_plist.h"
#include "mdm_url.h"


typedef struct {
    mdm_str_t             udid;
    mdm_str_t             user_id;
    mdm_str_t             enrollment_id;
    mdm_str_t             enrollment_user_id;
} mdm_identity_keys_t;


static mdm_rc_e mdm_identity_string(mdm_arena_t *arena, plist_t dict,
    const char *key, mdm_str_t *value, mdm_fault_t *fault);
static mdm_rc_e mdm_identity_check(mdm_str_t value, const char *key,
    const char *refused, mdm_fault_t *fault);
static mdm_rc_e mdm_identity_device(const mdm_identity_keys_t *keys,
    mdm_enrollment_id_t *id, mdm_fault_t *fault);
static mdm_rc_e mdm_identity_enrollment(const mdm_identity_keys_t *keys,
    mdm_enrollment_id_t *id, mdm_fault_t *fault);
static bool mdm_identity_unreserved(unsigned char c);
static int mdm_identity_hex(unsigned char c);
static mdm_rc_e mdm_identity_decode(mdm_arena_t *arena,
    const unsigned char *p, size_t len, mdm_str_t *user_id,
    mdm_fault_t *fault);


#define MDM_IDENTITY_REFUSED   ":,/%"


static const char *const  mdm_channel_names[] = {
    "device", "user", "shared_user", "enrollment", "enrollment_user"
};


const char *
mdm_channel_name(mdm_channel_e channel)
{
    return mdm_channel_names[channel];
}


bool
mdm_channel_is_user(mdm_channel_e channel)
{
    return channel != MDM_CHANNEL_DEVICE && channel != MDM_CHANNEL_ENROLLMENT;
}


mdm_rc_e
mdm_enrollment_id_read(mdm_arena_t *arena, plist_t dict,
    mdm_enrollment_id_t *id, mdm_fault_t *fault)
{
    size_t               i;
    mdm_rc_e             rc;
    mdm_identity_keys_t  keys;

    const struct {
        const char  *key;
        mdm_str_t   *value;
        const char  *refused;            /* NULL: no rule at all */
    } rows[] = {
        { "UDID", &keys.udid, MDM_IDENTITY_REFUSED },
        { "UserID", &keys.user_id, MDM_IDENTITY_REFUSED },
        { "EnrollmentID", &keys.enrollment_id, MDM_IDENTITY_REFUSED },
        { "EnrollmentUserID", &keys.enrollment_user_id, MDM_IDENTITY_REFUSED },
        { "UserShortName", &id->user_short_name, "" },
        { "UserLongName", &id->user_long_name, NULL }
    };

    memset(id, 0, sizeof(mdm_enrollment_id_t));

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rc = mdm_identity_string(arena, dict, rows[i].key, rows[i].value,
                                 fault);

        if (rc == MDM_OK && rows[i].refused) {
            rc = mdm_identity_check(*rows[i].value, rows[i].key,
                                    rows[i].refused, fault);
        }

        if (rc != MDM_OK) {
            return rc;
        }
    }

    id->user_id = mdm_str("");

    if (mdm_str_is_set(keys.udid) && mdm_str_is_set(keys.enrollment_id)) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "both UDID and EnrollmentID are present");
    }

    if (mdm_str_is_set(keys.udid)) {
        return mdm_identity_device(&keys, id, fault);
    }

    if (mdm_str_is_set(keys.enrollment_id)) {
        return mdm_identity_enrollment(&keys, id, fault);
    }

    return mdm_fault(fault, MDM_MALFORMED,
                     "neither UDID nor EnrollmentID is present");
}


/* An empty value counts as an absent one. */

static mdm_rc_e
mdm_identity_string(mdm_arena_t *arena, plist_t dict, const char *key,
    mdm_str_t *value, mdm_fault_t *fault)
{
    mdm_rc_e  rc;

    rc = mdm_plist_string(arena, dict, key, value, fault);

    if (value->len == 0) {
        *value = mdm_null_str;
    }

    return rc;
}


static mdm_rc_e
mdm_identity_check(mdm_str_t value, const char *key, const char *refused,
    mdm_fault_t *fault)
{
    size_t  i;

    if (value.len > MDM_ENROLLMENT_ID_MAX) {
        return mdm_fault(fault, MDM_MALFORMED, "%s is longer than %d bytes",
                         key, MDM_ENROLLMENT_ID_MAX);
    }

    if (mdm_str_has_control(value)) {
        return mdm_fault(fault, MDM_MALFORMED, "%s holds a control character",
                         key);
    }

    for (i = 0; i < value.len; i++) {
        if (strchr(refused, value.data[i])) {
            return mdm_fault(fault, MDM_MALFORMED, "%s holds a '%c'", key,
                             value.data[i]);
        }
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_identity_device(const mdm_identity_keys_t *keys, mdm_enrollment_id_t *id,
    mdm_fault_t *fault)
{
    id->device_id = keys->udid;
    id->channel = MDM_CHANNEL_DEVICE;

    if (!mdm_str_is_set(keys->user_id)) {

        if (mdm_str_is_set(keys->enrollment_user_id)) {
            return mdm_fault(fault, MDM_MALFORMED,
                             "EnrollmentUserID without EnrollmentID");
        }

        return MDM_OK;
    }

    if (!mdm_str_eq_c(keys->user_id, MDM_SHARED_IPAD_USER_ID)) {
        id->channel = MDM_CHANNEL_USER;
        id->user_id = keys->user_id;
        return MDM_OK;
    }

    if (!mdm_str_is_set(id->user_short_name)) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "a Shared iPad's user without UserShortName");
    }

    id->channel = MDM_CHANNEL_SHARED_USER;
    id->user_id = id->user_short_name;

    return MDM_OK;
}


static mdm_rc_e
mdm_identity_enrollment(const mdm_identity_keys_t *keys,
    mdm_enrollment_id_t *id, mdm_fault_t *fault)
{
    id->device_id = keys->enrollment_id;
    id->channel = MDM_CHANNEL_ENROLLMENT;

    if (mdm_str_is_set(keys->enrollment_user_id)) {
        id->channel = MDM_CHANNEL_ENROLLMENT_USER;
        id->user_id = keys->enrollment_user_id;
        return MDM_OK;
    }

    if (mdm_str_is_set(keys->user_id)) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "EnrollmentID with UserID, without EnrollmentUserID");
    }

    return MDM_OK;
}


mdm_str_t
mdm_enrollment_id_write(mdm_arena_t *arena, mdm_str_t device_id,
    mdm_str_t user_id)
{
    size_t          i;
    unsigned char  *start, *p;

    static const char  hex[] = "0123456789ABCDEF";

    if (user_id.len == 0) {
        return mdm_arena_str(arena, device_id.data, device_id.len);
    }

    start = mdm_arena_alloc(arena, device_id.len + 1 + user_id.len * 3 + 1);
    if (start == NULL) {
        return mdm_null_str;
    }

    memcpy(start, device_id.data, device_id.len);
    p = start + device_id.len;

    *p++ = ':';

    for (i = 0; i < user_id.len; i++) {

        if (mdm_identity_unreserved(user_id.data[i])) {
            *p++ = user_id.data[i];
            continue;
        }

        *p++ = '%';
        *p++ = hex[user_id.data[i] >> 4];
        *p++ = hex[user_id.data[i] & 0x0f];
    }

    *p = '\0';

    return (mdm_str_t) { p - start, start };
}


mdm_rc_e
mdm_enrollment_id_parse(mdm_arena_t *arena, mdm_str_t written,
    mdm_str_t *device_id, mdm_str_t *user_id, mdm_fault_t *fault)
{
    size_t                len;
    mdm_rc_e              rc;
    const unsigned char  *colon;

    *device_id = mdm_null_str;
    *user_id = mdm_str("");

    colon = written.len ? memchr(written.data, ':', written.len) : NULL;
    len = colon ? (size_t) (colon - written.data) : written.len;

    if (len == 0) {
        return mdm_fault(fault, MDM_MALFORMED, "the enrolment id is empty");
    }

    *device_id = mdm_arena_str(arena, written.data, len);

    if (!mdm_str_is_set(*device_id)) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for an id");
    }

    rc = mdm_identity_check(*device_id, "the enrolment id",
                            MDM_IDENTITY_REFUSED, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (!mdm_utf8_valid(device_id->data, device_id->len)) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "the enrolment id is not valid UTF-8");
    }

    if (colon == NULL) {
        return MDM_OK;
    }

    return mdm_identity_decode(arena, colon + 1, written.len - len - 1,
                               user_id, fault);
}


mdm_rc_e
mdm_enrollment_id_of_url(mdm_arena_t *arena, mdm_str_t part,
    mdm_str_t *device_id, mdm_str_t *user_id, mdm_fault_t *fault)
{
    unsigned char  *buf;

    if (part.len != 0 && memchr(part.data, ':', part.len) == NULL) {

        buf = mdm_arena_alloc(arena, part.len);
        if (buf == NULL) {
            return mdm_fault(fault, MDM_NO_MEMORY, "no memory for an id");
        }

        part = mdm_url_decode(part, buf);
    }

    return mdm_enrollment_id_parse(arena, part, device_id, user_id, fault);
}


static mdm_rc_e
mdm_identity_decode(mdm_arena_t *arena, const unsigned char *p, size_t len,
    mdm_str_t *user_id, mdm_fault_t *fault)
{
    int             high, low;
    size_t          i, n;
    unsigned char  *user;

    user = mdm_arena_alloc(arena, len + 1);
    if (user == NULL) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for an id");
    }

    for (i = 0, n = 0; i < len; i++) {

        if (p[i] == ':' || p[i] == ',' || p[i] == '/') {
            return mdm_fault(fault, MDM_MALFORMED,
                             "the user part holds a '%c' that is not "
                             "percent-encoded", p[i]);
        }

        if (p[i] != '%') {
            user[n++] = p[i];
            continue;
        }

        high = (len - i > 2) ? mdm_identity_hex(p[i + 1]) : -1;
        low = (len - i > 2) ? mdm_identity_hex(p[i + 2]) : -1;

        if (high < 0 || low < 0) {
            return mdm_fault(fault, MDM_MALFORMED,
                             "the user part holds a '%%' without two "
                             "hexadecimal digits");
        }

        user[n++] = high << 4 | low;
        i += 2;
    }

    user[n] = '\0';

    if (n == 0 || !mdm_utf8_valid(user, n)) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "the user part is empty or not valid UTF-8");
    }

    *user_id = (mdm_str_t) { n, user };

    return mdm_identity_check(*user_id, "the user part", "", fault);
}


static bool
mdm_identity_unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
           || (c >= '0' && c <= '9')
           || c == '-' || c == '.' || c == '_' || c == '~' || c == '@';
}


static int
mdm_identity_hex(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}
