
/*
 * com.apple.font: one font.  What tells fonts apart is the PostScript name in
 * the file, so two payloads with one such name are the same font to a device.
 */


#include <string.h>

#include "home-screen.h"


/* How a file begins: TrueType, TrueType of Apple, OpenType; a collection. */

#define BEGINNING   4

#define TRUETYPE    "\x00\x01\x00\x00"
#define TRUE_APPLE  "true"
#define OPENTYPE    "OTTO"
#define COLLECTION  "ttcf"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool begins(mdm_text_t text, const char *beginning);


/* On the channel of a Shared iPad's user since iPadOS 18; what is before does
 * not take it there. */

static const mdm_systems_t  systems = {
    .ios = { "7.0", .many = MDM_YES, .shared_device_channel = MDM_NO,
             .shared_user_channel = MDM_YES },
    .macos = { "10.9", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES },
    .tvos = NEVER,
    .visionos = { "2.0", .many = MDM_YES },
    .watchos = NEVER
};


static const mdm_key_t  keys[] = {
    { "Name", MDM_STRING, .preset = "" },
    { "Font", MDM_DATA, MDM_NEEDED },
    { 0 }
};


const mdm_type_t  font = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.font",
    .title = "Font",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    mdm_text_t         text;
    const mdm_host_t  *host;

    host = call->host;
    text = host->text(host->get(value, "Font"));

    if (text.data == NULL || begins(text, TRUETYPE) || begins(text, TRUE_APPLE)
        || begins(text, OPENTYPE))
    {
        return true;
    }

    host->fault(call, "Font",
                begins(text, COLLECTION)
                    ? "must be one font: devices take no collection"
                    : "must be a font in TrueType or OpenType");

    return false;
}


static bool
begins(mdm_text_t text, const char *beginning)
{
    return text.len > BEGINNING
           && memcmp(text.data, beginning, BEGINNING) == 0;
}
