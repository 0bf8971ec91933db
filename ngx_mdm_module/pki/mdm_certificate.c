
/*
 * Device certificates and the anchors of a tenant.  Revocation and binding to
 * an enrolment are not known here, and no certificate may ever be judged by
 * what it says about itself alone.
 */


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "mdm_ber.h"
#include "mdm_certificate.h"
#include "mdm_openssl.h"


#define MDM_CERTIFICATE_MIN_RSA_BITS       2048
#define MDM_CERTIFICATE_MAX_RSA_BITS       8192
#define MDM_CERTIFICATE_MAX_EXPONENT_BITS  64

/* 112 bits of security; see the header. */
#define MDM_CERTIFICATE_SECURITY_LEVEL     2
#define MDM_CERTIFICATE_SECURITY_BITS      112


struct mdm_anchors_s {
    X509_STORE           *store;
    unsigned              count;
};


static mdm_rc_e mdm_certificate_decode(mdm_str_t der, X509 **x509,
    mdm_fault_t *fault);
static bool mdm_certificate_is_der(X509 *x509, mdm_str_t der);
static mdm_rc_e mdm_certificate_fill(mdm_certificate_t *certificate,
    mdm_str_t der, mdm_fault_t *fault);
static mdm_rc_e mdm_certificate_check_key(EVP_PKEY *key, mdm_fault_t *fault);
static mdm_rc_e mdm_certificate_check_rsa(EVP_PKEY *key, mdm_fault_t *fault);
static mdm_rc_e mdm_certificate_check_ec(EVP_PKEY *key, mdm_fault_t *fault);
static mdm_rc_e mdm_certificate_check_signature(X509 *x509,
    mdm_fault_t *fault);
static bool mdm_certificate_time(const ASN1_TIME *time, int64_t *seconds);
static void mdm_certificate_serial(X509 *x509, char *text, size_t size);

static mdm_rc_e mdm_anchors_fill(mdm_anchors_t *anchors, mdm_str_t pem,
    mdm_fault_t *fault);
static mdm_rc_e mdm_anchors_add(mdm_anchors_t *anchors, const char *name,
    mdm_str_t der, mdm_fault_t *fault);
static mdm_rc_e mdm_anchors_check(X509 *x509, mdm_fault_t *fault);

static mdm_certificate_verdict_e mdm_certificate_chain(X509 *x509,
    X509_STORE *store);
static bool mdm_certificate_is_client(X509 *x509);


mdm_rc_e
mdm_certificate_parse(mdm_str_t der, mdm_certificate_t **certificate,
    mdm_fault_t *fault)
{
    mdm_rc_e            rc;
    mdm_certificate_t  *c;

    *certificate = NULL;

    c = calloc(1, sizeof(mdm_certificate_t));
    if (c == NULL) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a certificate");
    }

    (void) mdm_openssl_clear();

    rc = mdm_certificate_decode(der, &c->x509, fault);

    if (rc == MDM_OK) {
        rc = mdm_certificate_fill(c, der, fault);
    }

    if (mdm_openssl_clear() && rc != MDM_OK) {
        rc = mdm_fault(fault, MDM_NO_MEMORY, "no memory for a certificate");
    }

    if (rc != MDM_OK) {
        mdm_certificate_free(c);
        return rc;
    }

    *certificate = c;

    return MDM_OK;
}


void
mdm_certificate_free(mdm_certificate_t *certificate)
{
    if (certificate == NULL) {
        return;
    }

    EVP_PKEY_free(certificate->key);
    X509_free(certificate->x509);
    free(certificate);
}


/* RFC 2253 form escapes control and non-ASCII bytes: fit for a log line. */

bool
mdm_certificate_name(const X509_NAME *name, char *text, size_t size)
{
    BIO     *bio;
    char    *data;
    long     n;
    size_t   len;

    bio = BIO_new(BIO_s_mem());
    if (bio == NULL) {
        return false;
    }

    n = X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
    if (n >= 0) {
        n = BIO_get_mem_data(bio, &data);
        len = (size_t) n < size ? (size_t) n : size - 1;

        if (len > 0) {
            memcpy(text, data, len);
        }

        text[len] = '\0';
    }

    BIO_free(bio);

    return n >= 0;
}


mdm_rc_e
mdm_anchors_parse(mdm_str_t pem, mdm_anchors_t **anchors, mdm_fault_t *fault)
{
    mdm_rc_e        rc;
    mdm_anchors_t  *a;

    *anchors = NULL;

    if (pem.len > MDM_ANCHORS_MAX_SIZE) {
        return mdm_fault(fault, MDM_TOO_LARGE,
                         "CA certificates are larger than %d bytes",
                         MDM_ANCHORS_MAX_SIZE);
    }

    a = calloc(1, sizeof(mdm_anchors_t));
    if (a == NULL) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for anchors");
    }

    (void) mdm_openssl_clear();

    a->store = X509_STORE_new();
    rc = a->store ? mdm_anchors_fill(a, pem, fault) : MDM_NO_MEMORY;

    if ((mdm_openssl_clear() && rc != MDM_OK) || a->store == NULL) {
        rc = mdm_fault(fault, MDM_NO_MEMORY, "no memory for anchors");
    }

    if (rc != MDM_OK) {
        mdm_anchors_free(a);
        return rc;
    }

    *anchors = a;

    return MDM_OK;
}


void
mdm_anchors_free(mdm_anchors_t *anchors)
{
    if (anchors == NULL) {
        return;
    }

    X509_STORE_free(anchors->store);
    free(anchors);
}


unsigned
mdm_anchors_count(const mdm_anchors_t *anchors)
{
    return anchors->count;
}


mdm_certificate_verdict_e
mdm_certificate_judge(const mdm_certificate_t *certificate,
    const mdm_anchors_t *anchors, int64_t now)
{
    mdm_certificate_verdict_e  verdict;

    (void) mdm_openssl_clear();

    verdict = mdm_certificate_chain(certificate->x509, anchors->store);

    if (mdm_openssl_clear() && verdict != MDM_CERTIFICATE_GOOD) {
        return MDM_CERTIFICATE_FAULT;
    }

    if (verdict == MDM_CERTIFICATE_GOOD
        && !mdm_certificate_is_client(certificate->x509))
    {
        verdict = MDM_CERTIFICATE_NOT_CLIENT;
    }

    return mdm_certificate_at(certificate, verdict, now);
}


mdm_certificate_verdict_e
mdm_certificate_at(const mdm_certificate_t *certificate,
    mdm_certificate_verdict_e verdict, int64_t now)
{
    switch (verdict) {

    case MDM_CERTIFICATE_GOOD:
    case MDM_CERTIFICATE_EXPIRED:
    case MDM_CERTIFICATE_NOT_YET_VALID:

        if (now > certificate->not_after) {
            return MDM_CERTIFICATE_EXPIRED;
        }

        if (now < certificate->not_before) {
            return MDM_CERTIFICATE_NOT_YET_VALID;
        }

        return MDM_CERTIFICATE_GOOD;

    default:
        return verdict;
    }
}


const char *
mdm_certificate_verdict_text(mdm_certificate_verdict_e verdict)
{
    switch (verdict) {

    case MDM_CERTIFICATE_GOOD:
        return "good";

    case MDM_CERTIFICATE_EXPIRED:
        return "expired";

    case MDM_CERTIFICATE_NOT_YET_VALID:
        return "not yet valid";

    case MDM_CERTIFICATE_UNTRUSTED:
        return "does not chain to a CA of this tenant";

    case MDM_CERTIFICATE_NOT_CLIENT:
        return "is not a client certificate";

    case MDM_CERTIFICATE_FAULT:
        return "could not be checked";
    }

    return "unknown";
}


static mdm_rc_e
mdm_certificate_decode(mdm_str_t der, X509 **x509, mdm_fault_t *fault)
{
    mdm_rc_e              rc;
    const unsigned char  *p;

    if (der.len > MDM_CERTIFICATE_MAX_SIZE) {
        return mdm_fault(fault, MDM_TOO_LARGE,
                         "certificate is larger than %d bytes",
                         MDM_CERTIFICATE_MAX_SIZE);
    }

    rc = mdm_ber_guard(der, MDM_BER_MAX_DEPTH, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    p = der.data;

    *x509 = d2i_X509(NULL, &p, (long) der.len);
    if (*x509 == NULL) {
        return mdm_fault(fault, MDM_MALFORMED, "certificate cannot be read");
    }

    if (!mdm_certificate_is_der(*x509, der)) {
        return mdm_fault(fault, MDM_MALFORMED, "certificate is not DER");
    }

    if (X509_get_extension_flags(*x509) & EXFLAG_INVALID) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "certificate has an extension that cannot be read");
    }

    return MDM_OK;
}


/* Two encodings of one certificate would be two devices to a cache and to a
 * binding that go by the hash. */

static bool
mdm_certificate_is_der(X509 *x509, mdm_str_t der)
{
    int             len;
    bool            same;
    unsigned char  *again;

    again = NULL;
    len = i2d_X509(x509, &again);

    same = len > 0
           && (size_t) len == der.len
           && memcmp(again, der.data, der.len) == 0;

    OPENSSL_free(again);

    return same;
}


static mdm_rc_e
mdm_certificate_fill(mdm_certificate_t *certificate, mdm_str_t der,
    mdm_fault_t *fault)
{
    X509      *x509;
    mdm_rc_e   rc;

    x509 = certificate->x509;

    certificate->key = X509_get_pubkey(x509);
    if (certificate->key == NULL) {
        return mdm_fault(fault, MDM_UNSUPPORTED,
                         "certificate has a key of an unknown kind");
    }

    rc = mdm_certificate_check_key(certificate->key, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_certificate_check_signature(x509, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (!mdm_certificate_time(X509_get0_notBefore(x509),
                              &certificate->not_before)
        || !mdm_certificate_time(X509_get0_notAfter(x509),
                                 &certificate->not_after))
    {
        return mdm_fault(fault, MDM_MALFORMED,
                         "certificate has a time that cannot be read");
    }

    mdm_certificate_serial(x509, certificate->serial,
                           sizeof(certificate->serial));

    if (!mdm_certificate_name(X509_get_subject_name(x509),
                              certificate->subject,
                              sizeof(certificate->subject))
        || EVP_Digest(der.data, der.len, certificate->sha256, NULL,
                      EVP_sha256(), NULL)
           != 1)
    {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a certificate");
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_certificate_check_key(EVP_PKEY *key, mdm_fault_t *fault)
{
    switch (EVP_PKEY_get_base_id(key)) {

    case EVP_PKEY_RSA:
        return mdm_certificate_check_rsa(key, fault);

    case EVP_PKEY_EC:
        return mdm_certificate_check_ec(key, fault);

    default:
        return mdm_fault(fault, MDM_UNSUPPORTED,
                         "certificate has a key that is neither RSA nor EC");
    }
}


/* A long public exponent makes each verification as slow as a signature. */

static mdm_rc_e
mdm_certificate_check_rsa(EVP_PKEY *key, mdm_fault_t *fault)
{
    int      bits, exponent;
    BIGNUM  *e;

    bits = EVP_PKEY_get_bits(key);

    if (bits < MDM_CERTIFICATE_MIN_RSA_BITS
        || bits > MDM_CERTIFICATE_MAX_RSA_BITS)
    {
        return mdm_fault(fault, MDM_UNSUPPORTED, "certificate has an RSA key "
                         "of %d bits; %d to %d are taken", bits,
                         MDM_CERTIFICATE_MIN_RSA_BITS,
                         MDM_CERTIFICATE_MAX_RSA_BITS);
    }

    e = NULL;

    if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e)) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a certificate");
    }

    exponent = BN_is_odd(e) ? BN_num_bits(e) : 0;
    BN_free(e);

    if (exponent < 2 || exponent > MDM_CERTIFICATE_MAX_EXPONENT_BITS) {
        return mdm_fault(fault, MDM_UNSUPPORTED,
                         "certificate has an RSA key with an odd exponent of "
                         "less than 3 or more than %d bits, or an even one",
                         MDM_CERTIFICATE_MAX_EXPONENT_BITS);
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_certificate_check_ec(EVP_PKEY *key, mdm_fault_t *fault)
{
    int   nid;
    char  group[64];

    nid = NID_undef;

    if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1) {
        nid = OBJ_txt2nid(group);
    }

    switch (nid) {

    case NID_X9_62_prime256v1:
    case NID_secp384r1:
    case NID_secp521r1:
        return MDM_OK;

    default:
        return mdm_fault(fault, MDM_UNSUPPORTED, "certificate has an EC key "
                         "that is not on P-256, P-384 or P-521");
    }
}


/* The chain would not hold either; here it can be said in words.  Unknown
 * algorithms are left to the chain. */

static mdm_rc_e
mdm_certificate_check_signature(X509 *x509, mdm_fault_t *fault)
{
    int  digest, bits;

    if (X509_get_signature_info(x509, &digest, NULL, &bits, NULL) == 1
        && bits < MDM_CERTIFICATE_SECURITY_BITS)
    {
        return mdm_fault(fault, MDM_UNSUPPORTED,
                         "certificate is signed with %s, which is too weak",
                         digest == NID_undef ? "a digest" : OBJ_nid2ln(digest));
    }

    return MDM_OK;
}


static bool
mdm_certificate_time(const ASN1_TIME *time, int64_t *seconds)
{
    struct tm  tm;

    if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1) {
        return false;
    }

    *seconds = (int64_t) timegm(&tm);

    return true;
}


static void
mdm_certificate_serial(X509 *x509, char *text, size_t size)
{
    int                   i, len;
    char                 *p, *last;
    const unsigned char  *data;
    const ASN1_INTEGER   *serial;

    static const char     digits[] = "0123456789ABCDEF";

    serial = X509_get0_serialNumber(x509);
    data = ASN1_STRING_get0_data(serial);
    len = ASN1_STRING_length(serial);

    p = text;
    last = text + size - 1;

    if (ASN1_STRING_type(serial) & V_ASN1_NEG) {
        *p++ = '-';
    }

    for (i = 0; i < len && last - p >= 2; i++) {
        *p++ = digits[data[i] >> 4];
        *p++ = digits[data[i] & 0x0f];
    }

    *p = '\0';
}


static mdm_rc_e
mdm_anchors_fill(mdm_anchors_t *anchors, mdm_str_t pem, mdm_fault_t *fault)
{
    BIO            *bio;
    long            len;
    char           *name, *header;
    mdm_rc_e        rc;
    unsigned char  *data;

    bio = BIO_new_mem_buf(pem.len ? (const void *) pem.data : "",
                          (int) pem.len);
    if (bio == NULL) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for anchors");
    }

    rc = MDM_OK;

    while (rc == MDM_OK
           && PEM_read_bio(bio, &name, &header, &data, &len) == 1)
    {
        rc = mdm_anchors_add(anchors, name, (mdm_str_t) { len, data }, fault);

        OPENSSL_free(name);
        OPENSSL_free(header);
        /* a private key may have been put here by mistake */
        OPENSSL_clear_free(data, len);
    }

    BIO_free(bio);

    if (rc != MDM_OK) {
        return rc;
    }

    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "PEM block %u cannot be read", anchors->count + 1);
    }

    if (anchors->count == 0) {
        return mdm_fault(fault, MDM_MALFORMED, "no PEM certificate found");
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_anchors_add(mdm_anchors_t *anchors, const char *name, mdm_str_t der,
    mdm_fault_t *fault)
{
    X509         *x509;
    mdm_rc_e      rc;
    mdm_fault_t   inner;

    if (anchors->count == MDM_ANCHORS_MAX_COUNT) {
        return mdm_fault(fault, MDM_TOO_LARGE, "more than %d CA certificates",
                         MDM_ANCHORS_MAX_COUNT);
    }

    if (strcmp(name, PEM_STRING_X509) != 0
        && strcmp(name, PEM_STRING_X509_OLD) != 0)
    {
        return mdm_fault(fault, MDM_MALFORMED,
                         "PEM block %u is not a CERTIFICATE",
                         anchors->count + 1);
    }

    x509 = NULL;
    rc = mdm_certificate_decode(der, &x509, &inner);

    if (rc == MDM_OK) {
        rc = mdm_anchors_check(x509, &inner);
    }

    if (rc == MDM_OK && X509_STORE_add_cert(anchors->store, x509) != 1) {
        rc = mdm_fault(&inner, MDM_NO_MEMORY, "no memory for anchors");
    }

    X509_free(x509);

    if (rc != MDM_OK) {
        return mdm_fault(fault, rc, "PEM block %u: %.150s",
                         anchors->count + 1, inner.text);
    }

    anchors->count++;

    return MDM_OK;
}


/* What is no CA would, as an anchor, vouch for itself. */

static mdm_rc_e
mdm_anchors_check(X509 *x509, mdm_fault_t *fault)
{
    EVP_PKEY  *key;

    key = X509_get0_pubkey(x509);
    if (key == NULL) {
        return mdm_fault(fault, MDM_UNSUPPORTED,
                         "certificate has a key of an unknown kind");
    }

    if (X509_check_ca(x509) == 0) {
        return mdm_fault(fault, MDM_UNSUPPORTED, "certificate is not a CA");
    }

    return mdm_certificate_check_key(key, fault);
}


/*
 * Time is looked at elsewhere, for an expired certificate that chains is
 * still told apart from a stranger's.  Purpose is looked at elsewhere too:
 * OpenSSL's purposes ask more of a CA than its being one.
 */

static mdm_certificate_verdict_e
mdm_certificate_chain(X509 *x509, X509_STORE *store)
{
    int                         rc;
    X509_STORE_CTX             *ctx;
    X509_VERIFY_PARAM          *param;
    mdm_certificate_verdict_e   verdict;

    ctx = X509_STORE_CTX_new();

    if (ctx == NULL || X509_STORE_CTX_init(ctx, store, x509, NULL) != 1) {
        X509_STORE_CTX_free(ctx);
        return MDM_CERTIFICATE_FAULT;
    }

    param = X509_STORE_CTX_get0_param(ctx);

    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN
                                       |X509_V_FLAG_NO_CHECK_TIME);
    X509_VERIFY_PARAM_clear_flags(param, X509_V_FLAG_ALLOW_PROXY_CERTS);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY);
    X509_VERIFY_PARAM_set_auth_level(param, MDM_CERTIFICATE_SECURITY_LEVEL);

    rc = X509_verify_cert(ctx);

    if (rc == 1) {
        verdict = MDM_CERTIFICATE_GOOD;

    } else if (rc < 0
               || X509_STORE_CTX_get_error(ctx) == X509_V_ERR_OUT_OF_MEM)
    {
        verdict = MDM_CERTIFICATE_FAULT;

    } else {
        verdict = MDM_CERTIFICATE_UNTRUSTED;
    }

    X509_STORE_CTX_free(ctx);

    return verdict;
}


/* RFC 5280, sections 4.2.1.3, 4.2.1.9 and 4.2.1.12: an absent extension does
 * not restrict. */

static bool
mdm_certificate_is_client(X509 *x509)
{
    /* both usages are all ones when the extension is absent */

    return !(X509_get_extension_flags(x509) & (EXFLAG_CA|EXFLAG_PROXY))
           && (X509_get_key_usage(x509) & KU_DIGITAL_SIGNATURE)
           && (X509_get_extended_key_usage(x509) & (XKU_SSL_CLIENT|XKU_ANYEKU));
}
