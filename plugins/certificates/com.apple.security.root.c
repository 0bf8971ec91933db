
/*
 * com.apple.security.root, com.apple.security.pem, com.apple.security.pkcs1: a
 * certificate without a key.  Root ones are trusted; of the two others one is
 * named for its form, but devices take DER and PEM from all three.
 */



#include "certificates.h"
#include "../text.h"


#define PEM              "-----BEGIN "
#define PEM_CERTIFICATE  "-----BEGIN CERTIFICATE-----"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool is_sequence(mdm_text_t der);


static const mdm_key_t  keys[] = {
    { "PayloadCertificateFileName", MDM_STRING },
    { "PayloadContent", MDM_DATA, MDM_NEEDED },
    { 0 }
};


const mdm_type_t  root = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.security.root",
    .title = "Root certificate",
    .on = &systems_of_all,
    .keys = keys,
    .validate = validate
};


const mdm_type_t  pem = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.security.pem",
    .title = "Certificate, PEM",
    .on = &systems_of_all,
    .keys = keys,
    .validate = validate
};


const mdm_type_t  pkcs1 = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.security.pkcs1",
    .title = "Certificate, DER",
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
    text = host->text(host->get(value, "PayloadContent"));

    if (text.data == NULL) {
        return true;
    }

    /* Above all no private key, which any user of the device could read. */

    if (text_begins(text, PEM)) {

        if (text_begins(text, PEM_CERTIFICATE)) {
            return true;
        }

        host->fault(call, "PayloadContent", "must be a certificate; this PEM "
                    "text begins with something else");
        return false;
    }

    if (is_sequence(text)) {
        return true;
    }

    host->fault(call, "PayloadContent",
                "must be one certificate, in DER or in PEM");
    return false;
}



/* One SEQUENCE of DER that ends where the data end, and begins with another:
 * what is signed is the first of the three parts of a certificate. */

static bool
is_sequence(mdm_text_t der)
{
    size_t                i, n, len;
    const unsigned char  *p;

    p = (const unsigned char *) der.data;

    /* the length is at least 128 bytes, so it has 1 to 4 bytes of its own */

    if (der.len < 128 || p[0] != 0x30 || p[1] < 0x81 || p[1] > 0x84) {
        return false;
    }

    n = p[1] & 0x7f;
    len = 0;

    for (i = 0; i < n; i++) {
        len = len << 8 | p[2 + i];
    }

    return len == der.len - 2 - n && p[2 + n] == 0x30;
}
