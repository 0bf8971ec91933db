
/*
 * The Mdm-Signature header: reading.  The certificate found here is a claim
 * and the signature is not verified; this file must never judge either.
 */


#include <string.h>

#include <openssl/evp.h>
#include <openssl/objects.h>

#include "mdm_openssl.h"
#include "mdm_signature.h"
#include "../message/mdm_base64.h"


#define mdm_oid(text)                                                         \
    { sizeof(text) - 1, (const unsigned char *) (text) }

#define MDM_OID_MAX_SIZE          32

#define MDM_ID_DATA                                                           \
    "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"      /* 1.2.840.113549.1.7.1 */
#define MDM_ID_CONTENT_TYPE                                                   \
    "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"      /* 1.2.840.113549.1.9.3 */
#define MDM_ID_MESSAGE_DIGEST                                                 \
    "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"      /* 1.2.840.113549.1.9.4 */
#define MDM_ID_SUBJECT_KEY_IDENTIFIER                                         \
    "\x55\x1d\x0e"                              /* 2.5.29.14 */


typedef struct {
    mdm_str_t             oid;
    int                   digest_nid;     /* NID_undef: names none */
    int                   key_nid;
} mdm_signature_algorithm_t;


/* SignerInfo (RFC 5652, section 5.3). */

typedef struct {
    mdm_ber_t             sid;
    mdm_ber_t             digest;         /* AlgorithmIdentifiers */
    mdm_ber_t             algorithm;
    mdm_ber_t             attrs;
    bool                  has_attrs;
    mdm_ber_t             signature;
} mdm_signer_t;


/* TBSCertificate (RFC 5280, section 4.1), as far as a signer is found by. */

typedef struct {
    mdm_ber_t             serial;
    mdm_ber_t             issuer;
    mdm_str_t             extensions;
} mdm_signature_tbs_t;


static mdm_rc_e mdm_signature_decode(mdm_arena_t *arena, mdm_str_t header,
    mdm_str_t *der, mdm_fault_t *fault);
static mdm_rc_e mdm_signature_detached(const mdm_cms_t *cms,
    mdm_fault_t *fault);
static mdm_rc_e mdm_signature_signer(mdm_str_t signers, mdm_signer_t *signer,
    mdm_fault_t *fault);
static bool mdm_signature_cut_signer(mdm_str_t info, mdm_signer_t *signer);
static mdm_rc_e mdm_signature_algorithms(const mdm_signer_t *signer,
    mdm_signature_t *signature, mdm_fault_t *fault);
static const mdm_signature_algorithm_t *mdm_signature_algorithm(
    const mdm_signature_algorithm_t *table, mdm_str_t identifier,
    const char *what, mdm_fault_t *fault);
static void mdm_signature_oid_name(mdm_str_t oid, char *name, size_t size);
static mdm_rc_e mdm_signature_attrs(mdm_arena_t *arena, mdm_str_t attrs,
    mdm_signature_t *signature, mdm_fault_t *fault);
static mdm_rc_e mdm_signature_attr(mdm_str_t attrs, mdm_str_t oid,
    unsigned char tag, const char *what, mdm_str_t *value,
    mdm_fault_t *fault);
static mdm_rc_e mdm_signature_certificate(mdm_str_t certificates,
    const mdm_ber_t *sid, mdm_str_t *certificate, mdm_fault_t *fault);
static bool mdm_signature_is_signer(mdm_str_t certificate,
    const mdm_ber_t *sid);
static bool mdm_signature_cut_tbs(mdm_str_t certificate,
    mdm_signature_tbs_t *tbs);
static bool mdm_signature_key_id(mdm_str_t extensions, mdm_str_t *key_id);


/* RFC 5754, section 2 */

static const mdm_signature_algorithm_t  mdm_signature_digests[] = {

    { mdm_oid("\x60\x86\x48\x01\x65\x03\x04\x02\x01"),
      NID_sha256, NID_undef },

    { mdm_oid("\x60\x86\x48\x01\x65\x03\x04\x02\x02"),
      NID_sha384, NID_undef },

    { mdm_oid("\x60\x86\x48\x01\x65\x03\x04\x02\x03"),
      NID_sha512, NID_undef },

    { mdm_null_str, NID_undef, NID_undef }
};


/* RFC 5754, section 3; rsaEncryption leaves the digest to digestAlgorithm
 * (RFC 3370, section 3.2). */

static const mdm_signature_algorithm_t  mdm_signature_algorithms_known[] = {

    { mdm_oid("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"),
      NID_undef, EVP_PKEY_RSA },

    { mdm_oid("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"),
      NID_sha256, EVP_PKEY_RSA },

    { mdm_oid("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"),
      NID_sha384, EVP_PKEY_RSA },

    { mdm_oid("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"),
      NID_sha512, EVP_PKEY_RSA },

    { mdm_oid("\x2a\x86\x48\xce\x3d\x04\x03\x02"),
      NID_sha256, EVP_PKEY_EC },

    { mdm_oid("\x2a\x86\x48\xce\x3d\x04\x03\x03"),
      NID_sha384, EVP_PKEY_EC },

    { mdm_oid("\x2a\x86\x48\xce\x3d\x04\x03\x04"),
      NID_sha512, EVP_PKEY_EC },

    { mdm_null_str, NID_undef, NID_undef }
};


mdm_rc_e
mdm_signature_read(mdm_arena_t *arena, mdm_str_t header,
    mdm_signature_t *signature, mdm_fault_t *fault)
{
    mdm_rc_e      rc;
    mdm_str_t     der;
    mdm_cms_t     cms;
    mdm_signer_t  signer;

    memset(signature, 0, sizeof(mdm_signature_t));

    rc = mdm_signature_decode(arena, header, &der, fault);

    if (rc == MDM_OK) {
        rc = mdm_cms_read(arena, der, &cms, fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_signature_detached(&cms, fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_signature_signer(cms.signers, &signer, fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_signature_algorithms(&signer, signature, fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_signature_certificate(cms.certificates, &signer.sid,
                                       &signature->certificate, fault);
    }

    if (rc == MDM_OK && signer.has_attrs) {
        rc = mdm_signature_attrs(arena, signer.attrs.content, signature,
                                 fault);
    }

    if (rc != MDM_OK) {
        memset(signature, 0, sizeof(mdm_signature_t));
        return rc;
    }

    signature->signature = signer.signature.content;

    return MDM_OK;
}


static mdm_rc_e
mdm_signature_decode(mdm_arena_t *arena, mdm_str_t header, mdm_str_t *der,
    mdm_fault_t *fault)
{
    size_t          len;
    mdm_str_t       text;
    unsigned char  *out;

    if (header.len > MDM_SIGNATURE_HEADER_MAX) {
        return mdm_fault(fault, MDM_TOO_LARGE,
                         "signature is longer than %d bytes",
                         MDM_SIGNATURE_HEADER_MAX);
    }

    text = mdm_str_trim(header);

    if (text.len == 0) {
        return mdm_fault(fault, MDM_MALFORMED, "signature is empty");
    }

    out = mdm_arena_alloc(arena, mdm_base64_size(text.len));
    if (out == NULL) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a signature");
    }

    if (!mdm_base64_decode(text, false, out, &len)) {
        return mdm_fault(fault, MDM_MALFORMED, "signature is not Base64");
    }

    der->data = out;
    der->len = len;

    return MDM_OK;
}


static mdm_rc_e
mdm_signature_detached(const mdm_cms_t *cms, mdm_fault_t *fault)
{
    if (mdm_str_is_set(cms->content)) {
        return mdm_fault(fault, MDM_UNSUPPORTED,
                         "signature brings its own content, it must be "
                         "detached");
    }

    if (!mdm_str_eq(cms->content_type, mdm_str(MDM_ID_DATA))) {
        return mdm_fault(fault, MDM_UNSUPPORTED,
                         "signature is over a content type other than data");
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_signature_signer(mdm_str_t signers, mdm_signer_t *signer,
    mdm_fault_t *fault)
{
    mdm_ber_t  info;

    if (signers.len == 0) {
        return mdm_fault(fault, MDM_UNSUPPORTED, "signature has no signer");
    }

    if (!mdm_ber_take(&signers, MDM_BER_SEQUENCE, &info)) {
        return mdm_fault(fault, MDM_MALFORMED, "signer cannot be read");
    }

    if (signers.len != 0) {
        return mdm_fault(fault, MDM_UNSUPPORTED,
                         "signature has more than one signer");
    }

    if (!mdm_signature_cut_signer(info.content, signer)) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "signer does not have its parts in order");
    }

    return MDM_OK;
}


static bool
mdm_signature_cut_signer(mdm_str_t info, mdm_signer_t *signer)
{
    mdm_ber_t  version, unsigned_attrs;

    if (!mdm_ber_take(&info, MDM_BER_INTEGER, &version)) {
        return false;
    }

    if (!mdm_ber_take(&info, MDM_BER_SEQUENCE, &signer->sid)
        && !mdm_ber_take(&info, MDM_BER_PRIMITIVE(0), &signer->sid))
    {
        return false;
    }

    if (!mdm_ber_take(&info, MDM_BER_SEQUENCE, &signer->digest)) {
        return false;
    }

    signer->has_attrs = mdm_ber_take(&info, MDM_BER_CONTEXT(0),
                                     &signer->attrs);

    if (!mdm_ber_take(&info, MDM_BER_SEQUENCE, &signer->algorithm)
        || !mdm_ber_take(&info, MDM_BER_OCTET_STRING, &signer->signature))
    {
        return false;
    }

    (void) mdm_ber_take(&info, MDM_BER_CONTEXT(1), &unsigned_attrs);

    return info.len == 0;
}


static mdm_rc_e
mdm_signature_algorithms(const mdm_signer_t *signer,
    mdm_signature_t *signature, mdm_fault_t *fault)
{
    const mdm_signature_algorithm_t  *digest, *algorithm;

    digest = mdm_signature_algorithm(mdm_signature_digests,
                                     signer->digest.content, "digest", fault);
    if (digest == NULL) {
        return MDM_UNSUPPORTED;
    }

    algorithm = mdm_signature_algorithm(mdm_signature_algorithms_known,
                                        signer->algorithm.content,
                                        "signature", fault);
    if (algorithm == NULL) {
        return MDM_UNSUPPORTED;
    }

    if (algorithm->digest_nid != NID_undef
        && algorithm->digest_nid != digest->digest_nid)
    {
        return mdm_fault(fault, MDM_MALFORMED, "signer names one digest for "
                         "the message and another for the signature");
    }

    signature->digest_nid = digest->digest_nid;
    signature->key_nid = algorithm->key_nid;

    return MDM_OK;
}


/* Parameters are NULL or absent in all of these and change nothing. */

static const mdm_signature_algorithm_t *
mdm_signature_algorithm(const mdm_signature_algorithm_t *table,
    mdm_str_t identifier, const char *what, mdm_fault_t *fault)
{
    char       name[80];
    mdm_ber_t  oid;

    if (!mdm_ber_take(&identifier, MDM_BER_OID, &oid)) {
        (void) mdm_fault(fault, MDM_UNSUPPORTED,
                         "%s algorithm has no identifier", what);
        return NULL;
    }

    for ( /* void */ ; mdm_str_is_set(table->oid); table++) {
        if (mdm_str_eq(table->oid, oid.content)) {
            return table;
        }
    }

    mdm_signature_oid_name(oid.whole, name, sizeof(name));

    (void) mdm_fault(fault, MDM_UNSUPPORTED,
                     "%s algorithm %s is not taken", what, name);

    return NULL;
}


/* OpenSSL's own name or digits: what a stranger sent never gets out as is. */

static void
mdm_signature_oid_name(mdm_str_t oid, char *name, size_t size)
{
    ASN1_OBJECT          *object;
    const unsigned char  *p;

    strcpy(name, "unknown");

    if (oid.len > MDM_OID_MAX_SIZE) {
        return;
    }

    p = oid.data;

    object = d2i_ASN1_OBJECT(NULL, &p, (long) oid.len);

    if (object != NULL) {
        (void) OBJ_obj2txt(name, (int) size, object, 0);
    }

    ASN1_OBJECT_free(object);
    (void) mdm_openssl_clear();
}


/* RFC 5652, section 5.3: contentType and messageDigest must be there, once,
 * with one value; section 5.4: the digest is over them as a SET OF. */

static mdm_rc_e
mdm_signature_attrs(mdm_arena_t *arena, mdm_str_t attrs,
    mdm_signature_t *signature, mdm_fault_t *fault)
{
    mdm_rc_e   rc;
    mdm_str_t  type;

    rc = mdm_signature_attr(attrs, mdm_str(MDM_ID_CONTENT_TYPE), MDM_BER_OID,
                            "contentType", &type, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (!mdm_str_eq(type, mdm_str(MDM_ID_DATA))) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "signed attribute contentType is not data");
    }

    rc = mdm_signature_attr(attrs, mdm_str(MDM_ID_MESSAGE_DIGEST),
                            MDM_BER_OCTET_STRING, "messageDigest",
                            &signature->message_digest, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    signature->signed_attrs = attrs;
    signature->signed_attrs_der = mdm_ber_wrap(arena, MDM_BER_SET, attrs);

    if (!mdm_str_is_set(signature->signed_attrs_der)) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a signature");
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_signature_attr(mdm_str_t attrs, mdm_str_t oid, unsigned char tag,
    const char *what, mdm_str_t *value, mdm_fault_t *fault)
{
    mdm_ber_t  attr, type, values, item;

    *value = mdm_null_str;

    while (attrs.len > 0) {

        if (!mdm_ber_take(&attrs, MDM_BER_SEQUENCE, &attr)
            || !mdm_ber_take(&attr.content, MDM_BER_OID, &type)
            || !mdm_ber_take(&attr.content, MDM_BER_SET, &values)
            || attr.content.len != 0)
        {
            return mdm_fault(fault, MDM_MALFORMED,
                             "signed attributes cannot be read");
        }

        if (!mdm_str_eq(type.content, oid)) {
            continue;
        }

        if (mdm_str_is_set(*value)) {
            return mdm_fault(fault, MDM_MALFORMED,
                             "signed attribute %s is given twice", what);
        }

        if (!mdm_ber_take(&values.content, tag, &item)
            || values.content.len != 0)
        {
            return mdm_fault(fault, MDM_MALFORMED,
                             "signed attribute %s has not one value", what);
        }

        *value = item.content;
    }

    if (!mdm_str_is_set(*value)) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "signed attribute %s is missing", what);
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_signature_certificate(mdm_str_t certificates, const mdm_ber_t *sid,
    mdm_str_t *certificate, mdm_fault_t *fault)
{
    mdm_ber_t  item;

    while (certificates.len > 0) {

        if (!mdm_ber_next(&certificates, &item)) {
            return mdm_fault(fault, MDM_MALFORMED,
                             "certificates of the signature cannot be read");
        }

        /* other CertificateChoices (RFC 5652, section 10.2.2) are tagged */

        if (item.tag == MDM_BER_SEQUENCE
            && mdm_signature_is_signer(item.content, sid))
        {
            *certificate = item.whole;
            return MDM_OK;
        }
    }

    return mdm_fault(fault, MDM_UNSUPPORTED,
                     "signature does not bring the signer's certificate");
}


static bool
mdm_signature_is_signer(mdm_str_t certificate, const mdm_ber_t *sid)
{
    mdm_str_t            key_id, rest;
    mdm_ber_t            issuer, serial;
    mdm_signature_tbs_t  tbs;

    if (!mdm_signature_cut_tbs(certificate, &tbs)) {
        return false;
    }

    if (sid->tag == MDM_BER_PRIMITIVE(0)) {
        return mdm_signature_key_id(tbs.extensions, &key_id)
               && mdm_str_eq(key_id, sid->content);
    }

    rest = sid->content;

    return mdm_ber_take(&rest, MDM_BER_SEQUENCE, &issuer)
           && mdm_ber_take(&rest, MDM_BER_INTEGER, &serial)
           && rest.len == 0
           && mdm_str_eq(serial.content, tbs.serial.content)
           && mdm_str_eq(issuer.content, tbs.issuer.content);
}


static bool
mdm_signature_cut_tbs(mdm_str_t certificate, mdm_signature_tbs_t *tbs)
{
    mdm_str_t  rest;
    mdm_ber_t  item;

    if (!mdm_ber_take(&certificate, MDM_BER_SEQUENCE, &item)) {
        return false;
    }

    rest = item.content;
    tbs->extensions = mdm_null_str;

    (void) mdm_ber_take(&rest, MDM_BER_CONTEXT(0), &item);     /* version */

    if (!mdm_ber_take(&rest, MDM_BER_INTEGER, &tbs->serial)
        || !mdm_ber_take(&rest, MDM_BER_SEQUENCE, &item)       /* signature */
        || !mdm_ber_take(&rest, MDM_BER_SEQUENCE, &tbs->issuer)
        || !mdm_ber_take(&rest, MDM_BER_SEQUENCE, &item)       /* validity */
        || !mdm_ber_take(&rest, MDM_BER_SEQUENCE, &item)       /* subject */
        || !mdm_ber_take(&rest, MDM_BER_SEQUENCE, &item))      /* key */
    {
        return false;
    }

    while (mdm_ber_next(&rest, &item)) {

        if (item.tag == MDM_BER_CONTEXT(3)
            && mdm_ber_take(&item.content, MDM_BER_SEQUENCE, &item))
        {
            tbs->extensions = item.content;
        }
    }

    return rest.len == 0;
}


/* RFC 5280, section 4.2.1.2: an OCTET STRING within that of the extension. */

static bool
mdm_signature_key_id(mdm_str_t extensions, mdm_str_t *key_id)
{
    mdm_str_t  rest;
    mdm_ber_t  extension, oid, value;

    while (mdm_ber_take(&extensions, MDM_BER_SEQUENCE, &extension)) {
        rest = extension.content;

        if (!mdm_ber_take(&rest, MDM_BER_OID, &oid)) {
            return false;
        }

        if (!mdm_str_eq(oid.content, mdm_str(MDM_ID_SUBJECT_KEY_IDENTIFIER))) {
            continue;
        }

        if (!mdm_ber_take(&rest, MDM_BER_OCTET_STRING, &value)
            || !mdm_ber_take(&value.content, MDM_BER_OCTET_STRING, &value))
        {
            return false;
        }

        *key_id = value.content;
        return true;
    }

    return false;
}
