
/*
 * Numbers, names and versions as tables and devices write them.  Must never
 * depend on the locale.
 */


#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mdm_schema_internal.h"


/* The parts of a version: 12, 10 and 10 bits. */
#define MDM_VERSION_PARTS   3


static bool mdm_schema_number_shape(const char *text, bool real);


/* A NULL text is absent. */

mdm_str_t
mdm_schema_c(const char *text)
{
    return (mdm_str_t) { text ? strlen(text) : 0,
                         (const unsigned char *) text };
}


bool
mdm_schema_read_integer(const char *text, int64_t *value)
{
    if (!mdm_schema_number_shape(text, false)) {
        return false;
    }

    errno = 0;
    *value = strtoll(text, NULL, 10);

    return errno == 0;
}


bool
mdm_schema_read_real(const char *text, double *value)
{
    if (!mdm_schema_number_shape(text, true)) {
        return false;
    }

    *value = strtod(text, NULL);

    return isfinite(*value);
}


/* The library's functions take more than a number: white space, "0x", "inf". */

static bool
mdm_schema_number_shape(const char *text, bool real)
{
    size_t  n;

    text += (*text == '-');

    n = strspn(text, "0123456789");
    if (n == 0) {
        return false;
    }

    text += n;

    if (real && *text == '.') {
        n = strspn(text + 1, "0123456789");
        if (n == 0) {
            return false;
        }

        text += 1 + n;
    }

    return *text == '\0';
}


/* Of an attribute, a kind of secret: as a per-device value is named. */

bool
mdm_schema_name_valid(mdm_str_t name)
{
    size_t         i;
    unsigned char  c;

    if (name.len == 0 || name.len > MDM_EFFECTS_MAX_NAME) {
        return false;
    }

    for (i = 0; i < name.len; i++) {
        c = name.data[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            continue;
        }

        if (i == 0 || !((c >= '0' && c <= '9') || c == '.' || c == '_'
                        || c == '-'))
        {
            return false;
        }
    }

    return true;
}


/* With its article, for sentences. */

const char *
mdm_schema_type_name(uint32_t type)
{
    static const char *const  names[] = {
        "nothing", "a boolean", "an integer", "a real number", "a string",
        "data", "a date", "an array", "a dictionary", "anything", "a profile"
    };

    return type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown";
}


uint32_t
mdm_version(mdm_str_t text)
{
    size_t    i;
    uint32_t  part, parts[MDM_VERSION_PARTS] = { 0 };
    unsigned  n;
    bool      digits;

    for (i = 0, n = 0, part = 0, digits = false; i <= text.len; i++) {

        if (i < text.len && text.data[i] >= '0' && text.data[i] <= '9') {
            part = part * 10 + (text.data[i] - '0');
            digits = true;

            if (part > (n == 0 ? 4094u : 1023u)) {
                return 0;
            }

            continue;
        }

        if (!digits || (i < text.len && text.data[i] != '.')) {
            return 0;
        }

        if (n < MDM_VERSION_PARTS) {
            parts[n++] = part;
        }

        part = 0;
        digits = false;
    }

    return parts[0] << 20 | parts[1] << 10 | parts[2];
}


mdm_platform_e
mdm_platform(mdm_str_t product)
{
    size_t    i, len;

    static const struct {
        const char      *prefix;
        mdm_platform_e   platform;
    } products[] = {
        { "iPhone", MDM_IOS },
        { "iPad", MDM_IOS },              /* "iPadOS", too */
        { "iPod", MDM_IOS },
        { "iOS", MDM_IOS },
        { "iMac", MDM_MACOS },
        { "Mac", MDM_MACOS },             /* MacBook, Macmini, "Mac OS X" */
        { "macOS", MDM_MACOS },
        { "OS X", MDM_MACOS },
        { "VirtualMac", MDM_MACOS },
        { "Xserve", MDM_MACOS },
        { "AppleTV", MDM_TVOS },
        { "tvOS", MDM_TVOS },
        { "RealityDevice", MDM_VISIONOS },
        { "visionOS", MDM_VISIONOS },
        { "Watch", MDM_WATCHOS },
        { "watchOS", MDM_WATCHOS }
    };

    for (i = 0; i < sizeof(products) / sizeof(products[0]); i++) {
        len = strlen(products[i].prefix);

        if (product.len >= len
            && memcmp(product.data, products[i].prefix, len) == 0)
        {
            return products[i].platform;
        }
    }

    return MDM_PLATFORM_UNKNOWN;
}


const char *
mdm_schema_platform_name(mdm_platform_e platform)
{
    static const char *const  names[MDM_SCHEMA_PLATFORMS] = {
        "an unknown system", "iOS", "macOS", "tvOS", "visionOS", "watchOS"
    };

    return names[platform];
}
