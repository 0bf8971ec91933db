
/*
 * com.apple.security.pkcs12: an identity, which is a certificate with its key,
 * locked with a password.  Both are secrets: who has them is the device.
 */


#include "certificates.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool is_pkcs12(mdm_text_t text);


static const mdm_systems_t  systems = {
    .ios = { "4.0", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES },
    .tvos = { "9.0", .many = MDM_YES },
    .visionos = { "1.0", .many = MDM_YES },
    .watchos = { "3.0", .many = MDM_YES }
};


static const mdm_key_t  keys[] = {
    { "PayloadCertificateFileName", MDM_STRING },
    { "PayloadContent", MDM_DATA, MDM_NEEDED|MDM_SECRET },
    { "Password", MDM_STRING, MDM_SECRET },
    { "AllowAllAppsAccess", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { MDM_NEVER_THERE }, .macos = { "10.10" },
             .tvos = { MDM_NEVER_THERE }, .visionos = { MDM_NEVER_THERE },
             .watchos = { MDM_NEVER_THERE }) },
    { "KeyIsExtractable", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { MDM_NEVER_THERE }, .macos = { "10.15" },
             .tvos = { MDM_NEVER_THERE }, .visionos = { MDM_NEVER_THERE },
             .watchos = { MDM_NEVER_THERE }) },
    { 0 }
};


const mdm_type_t  pkcs12 = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.security.pkcs12",
    .title = "Identity, PKCS#12",
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

    if (host->get(value, "Password") == NULL) {
        host->warn(call, "Password",
                   "is absent, and nobody is asked for it when MDM installs "
                   "the profile");
    }

    text = host->text(host->get(value, "PayloadContent"));

    if (text.data != NULL && !is_pkcs12(text)) {
        host->fault(call, "PayloadContent", "must be a PKCS#12 file");
        return false;
    }

    return true;
}


/* A SEQUENCE, often of indefinite length, that begins with its version, 3. */

static bool
is_pkcs12(mdm_text_t text)
{
    size_t                n;
    const unsigned char  *p;

    p = (const unsigned char *) text.data;

    if (text.len < 16 || p[0] != 0x30 || p[1] > 0x84) {
        return false;
    }

    n = p[1] < 0x80 ? 2 : 2 + (p[1] & 0x7f);

    return p[n] == 2 && p[n + 1] == 1 && p[n + 2] == 3;
}
