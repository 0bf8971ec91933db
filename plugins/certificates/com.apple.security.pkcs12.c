
/*
 * com.apple.security.pkcs12: an identity, which is a certificate with its key,
 * locked with a password.  Both are secrets: who has them is the device.
 */


#include "certificates.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool is_pkcs12(mdm_text_t text);


static const mdm_key_t  keys[] = {
    { "PayloadCertificateFileName", MDM_STRING },
    { "PayloadContent", MDM_DATA, MDM_NEEDED|MDM_SECRET },
    { "Password", MDM_STRING, MDM_SECRET },
    { "AllowAllAppsAccess", MDM_BOOLEAN, .preset = "false",
      ONLY_MACOS("10.10") },
    { "KeyIsExtractable", MDM_BOOLEAN, .preset = "true", ONLY_MACOS("10.15") },
    { 0 }
};


const mdm_type_t  pkcs12 = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.security.pkcs12",
    .title = "Identity, PKCS#12",
    .on = &systems_of_all,
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
