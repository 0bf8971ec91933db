
/*
 * com.apple.webClip.managed: a bookmark with an icon on the Home screen, or in
 * the Dock of a Mac.  It belongs to users: a Shared iPad and a Mac take it on
 * the channel of a user.
 */


#include "home-screen.h"
#include "../text.h"


/* as in RFC 3986 a scheme, then anything */
#define URL  "^[A-Za-z][A-Za-z0-9+.-]*:."

#define PNG  "\x89PNG\r\n\x1a\n"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = { "4.0", .many = MDM_YES, .shared_device_channel = MDM_NO,
             .shared_user_channel = MDM_YES },
    .macos = { "10.7", .device_channel = MDM_NO, .user_channel = MDM_YES,
               .many = MDM_YES },
    .tvos = { MDM_NEVER_THERE },
    .visionos = { MDM_NEVER_THERE },
    .watchos = { MDM_NEVER_THERE }
};


static const mdm_key_t  keys[] = {
    { "Precomposed", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { MDM_NEVER_THERE }) },
    { "FullScreen", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { MDM_NEVER_THERE }) },
    { "URL", MDM_STRING, MDM_NEEDED, .pattern = URL },
    { "Icon", MDM_DATA },
    { "IsRemovable", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.macos = { MDM_NEVER_THERE }) },
    { "Label", MDM_STRING, MDM_NEEDED },
    { "IgnoreManifestScope", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "14.0" }, .macos = { MDM_NEVER_THERE }) },
    { "TargetApplicationBundleIdentifier", MDM_STRING,
      MDM_ON(.ios = { "14.0" }, .macos = { MDM_NEVER_THERE }) },
    { 0 }
};


const mdm_type_t  web_clip = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.webClip.managed",
    .title = "Web clip",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    mdm_text_t         icon;
    const mdm_host_t  *host;

    host = call->host;
    icon = host->text(host->get(value, "Icon"));

    if (icon.data != NULL && !text_begins(icon, PNG)) {
        host->warn(call, "Icon", "is no PNG image, which is what it should be");
    }

    if (host->boolean(host->get(value, "IgnoreManifestScope"))
        && !host->boolean(host->get(value, "FullScreen")))
    {
        host->warn(call, "IgnoreManifestScope",
                   "has no effect unless FullScreen is true");
    }

    return true;
}
