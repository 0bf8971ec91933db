
/*
 * Push certificates and their private keys.  No key and no part of one may
 * ever get into a fault, and no copy of one may outlive the call but the one
 * in the arena, which is wiped with it.
 */


#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "mdm_ber.h"
#include "mdm_openssl.h"
#include "mdm_push_certificate.h"


#define MDM_PUSH_TOPIC_PREFIX      "com.apple.mgmt."

/* An RSA key of 8192 bits with its frame has less. */
#define MDM_PUSH_KEY_MAX_SIZE      6144

#define MDM_PEM_BEGIN              "-----BEGIN "
#define MDM_PEM_END                "-----END "
#define MDM_PEM_DASHES             "-----"


typedef struct {
    unsigned              n;             /* which block it is, from 1 */
    mdm_str_t             label;
    mdm_str_t             body;
} mdm_pem_block_t;


typedef struct {
    mdm_arena_t          *arena;
    mdm_fault_t          *fault;
    EVP_PKEY             *key;
    unsigned              n;
    mdm_str_t             certificates[MDM_PUSH_CERTIFICATE_MAX_COUNT];
    X509                 *x509[MDM_PUSH_CERTIFICATE_MAX_COUNT];
} mdm_push_parts_t;


static mdm_rc_e mdm_push_parts_read(mdm_push_parts_t *parts, mdm_str_t pem);
static mdm_rc_e mdm_push_parts_add(mdm_push_parts_t *parts,
    const mdm_pem_block_t *block);
static mdm_rc_e mdm_push_parts_certificate(mdm_push_parts_t *parts,
    const mdm_pem_block_t *block);
static mdm_rc_e mdm_push_parts_key(mdm_push_parts_t *parts,
    const mdm_pem_block_t *block);
static mdm_rc_e mdm_push_parts_match(mdm_push_parts_t *parts,
    mdm_str_t *certificate);
static void mdm_push_parts_free(mdm_push_parts_t *parts);

static mdm_rc_e mdm_pem_next(mdm_str_t *rest, mdm_pem_block_t *block,
    mdm_fault_t *fault);
static bool mdm_pem_cut(mdm_str_t *rest, const char *mark, mdm_str_t *before);
static mdm_rc_e mdm_pem_decode(mdm_arena_t *arena,
    const mdm_pem_block_t *block, mdm_str_t *der, mdm_fault_t *fault);
static bool mdm_pem_contains(mdm_str_t text, const char *mark);
static bool mdm_pem_is_key(mdm_str_t label);

static EVP_PKEY *mdm_push_key_decode(mdm_str_t label, mdm_str_t der);
static EVP_PKEY *mdm_push_key_pkcs8(mdm_str_t der);
static bool mdm_push_key_sane(EVP_PKEY *key);
static bool mdm_push_key_fits(EVP_PKEY *key, const char *number, int bits);
static bool mdm_push_key_signs(EVP_PKEY *key, EVP_PKEY *public);
static mdm_rc_e mdm_push_key_encode(mdm_push_parts_t *parts, mdm_str_t *der);

static mdm_rc_e mdm_push_fill(mdm_push_parts_t *parts,
    const mdm_certificate_t *certificate, int64_t now,
    mdm_push_certificate_t *push);
static mdm_rc_e mdm_push_time(const mdm_certificate_t *certificate,
    int64_t now, mdm_fault_t *fault);
static mdm_rc_e mdm_push_topic(mdm_push_parts_t *parts, X509 *x509,
    mdm_str_t *topic);


mdm_rc_e
mdm_push_certificate_read(mdm_arena_t *arena, mdm_str_t pem, int64_t now,
    mdm_push_certificate_t *push, mdm_fault_t *fault)
{
    mdm_rc_e            rc;
    mdm_push_parts_t    parts;
    mdm_certificate_t  *certificate;

    memset(push, 0, sizeof(mdm_push_certificate_t));
    memset(&parts, 0, sizeof(mdm_push_parts_t));
    parts.arena = arena;
    parts.fault = fault;
    certificate = NULL;

    (void) mdm_openssl_clear();

    rc = mdm_push_parts_read(&parts, pem);

    if (rc == MDM_OK) {
        rc = mdm_push_parts_match(&parts, &push->certificate);
    }

    if (rc == MDM_OK) {
        rc = mdm_certificate_parse(push->certificate, &certificate, fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_push_fill(&parts, certificate, now, push);
    }

    mdm_certificate_free(certificate);
    mdm_push_parts_free(&parts);

    if (mdm_openssl_clear() && rc != MDM_OK) {
        rc = mdm_fault(fault, MDM_NO_MEMORY, "no memory for a certificate");
    }

    return rc;
}


bool
mdm_push_topic_valid(mdm_str_t topic)
{
    size_t         i, prefix;
    unsigned char  c;

    prefix = sizeof(MDM_PUSH_TOPIC_PREFIX) - 1;

    if (topic.len <= prefix || topic.len > MDM_PUSH_TOPIC_MAX
        || memcmp(topic.data, MDM_PUSH_TOPIC_PREFIX, prefix) != 0)
    {
        return false;
    }

    for (i = prefix; i < topic.len; i++) {
        c = topic.data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')
            && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_')
        {
            return false;
        }
    }

    return true;
}


static mdm_rc_e
mdm_push_parts_read(mdm_push_parts_t *parts, mdm_str_t pem)
{
    mdm_rc_e         rc;
    mdm_pem_block_t  block;

    if (pem.len > MDM_PUSH_CERTIFICATE_MAX_SIZE) {
        return mdm_fault(parts->fault, MDM_TOO_LARGE, "the text is larger "
                         "than %d bytes: it needs the certificate and its "
                         "private key, no more",
                         MDM_PUSH_CERTIFICATE_MAX_SIZE);
    }

    block.n = 0;

    do {
        rc = mdm_pem_next(&pem, &block, parts->fault);

        if (rc == MDM_OK && block.label.len > 0) {
            rc = mdm_push_parts_add(parts, &block);
        }

    } while (rc == MDM_OK && block.label.len > 0);

    if (rc != MDM_OK) {
        return rc;
    }

    if (parts->n == 0) {
        return mdm_fault(parts->fault, MDM_MALFORMED, "no certificate found: "
                         "send the certificate and its private key in PEM, "
                         "one after the other");
    }

    if (parts->key == NULL) {
        return mdm_fault(parts->fault, MDM_MALFORMED, "no private key found: "
                         "send the certificate and its private key in PEM, "
                         "one after the other");
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_push_parts_add(mdm_push_parts_t *parts, const mdm_pem_block_t *block)
{
    if (mdm_str_eq_c(block->label, "CERTIFICATE")
        || mdm_str_eq_c(block->label, "X509 CERTIFICATE"))
    {
        return mdm_push_parts_certificate(parts, block);
    }

    if (mdm_pem_is_key(block->label)) {
        return mdm_push_parts_key(parts, block);
    }

    /* EC PARAMETERS, a request, ... */

    return MDM_OK;
}


static mdm_rc_e
mdm_push_parts_certificate(mdm_push_parts_t *parts,
    const mdm_pem_block_t *block)
{
    X509                 *x509;
    mdm_rc_e              rc;
    mdm_str_t             der;
    const unsigned char  *p;

    if (parts->n == MDM_PUSH_CERTIFICATE_MAX_COUNT) {
        return mdm_fault(parts->fault, MDM_TOO_LARGE,
                         "there are more than %d certificates",
                         MDM_PUSH_CERTIFICATE_MAX_COUNT);
    }

    rc = mdm_pem_decode(parts->arena, block, &der, parts->fault);
    if (rc != MDM_OK) {
        return rc;
    }

    p = der.data;
    x509 = mdm_ber_guard(der, MDM_BER_MAX_DEPTH, NULL) == MDM_OK
           ? d2i_X509(NULL, &p, (long) der.len) : NULL;

    if (x509 == NULL) {
        return mdm_fault(parts->fault, MDM_MALFORMED, "PEM block %u says that "
                         "it is a certificate, and is none", block->n);
    }

    parts->certificates[parts->n] = der;
    parts->x509[parts->n++] = x509;

    return MDM_OK;
}


static mdm_rc_e
mdm_push_parts_key(mdm_push_parts_t *parts, const mdm_pem_block_t *block)
{
    mdm_rc_e   rc;
    mdm_str_t  der;

    if (parts->key != NULL) {
        return mdm_fault(parts->fault, MDM_MALFORMED, "there is more than one "
                         "private key: send the one of the certificate");
    }

    if (mdm_str_eq_c(block->label, "ENCRYPTED PRIVATE KEY")
        || mdm_pem_contains(block->body, "4,ENCRYPTED"))
    {
        return mdm_fault(parts->fault, MDM_UNSUPPORTED, "the private key is "
                         "encrypted: remove the passphrase with \"openssl "
                         "pkey -in push.key -out plain.key\"");
    }

    rc = mdm_pem_decode(parts->arena, block, &der, parts->fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (der.len > MDM_PUSH_KEY_MAX_SIZE) {
        return mdm_fault(parts->fault, MDM_TOO_LARGE, "the private key is "
                         "larger than %d bytes", MDM_PUSH_KEY_MAX_SIZE);
    }

    if (mdm_ber_guard(der, MDM_BER_MAX_DEPTH, NULL) == MDM_OK) {
        parts->key = mdm_push_key_decode(block->label, der);
    }

    if (parts->key == NULL) {
        return mdm_fault(parts->fault, MDM_MALFORMED, "the private key cannot "
                         "be read: it must be an RSA or EC key in PEM");
    }

    return MDM_OK;
}


/* The one certificate that has the key.  The same one twice is one. */

static mdm_rc_e
mdm_push_parts_match(mdm_push_parts_t *parts, mdm_str_t *certificate)
{
    unsigned   i;
    EVP_PKEY  *public;

    *certificate = mdm_null_str;

    for (i = 0; i < parts->n; i++) {
        public = X509_get0_pubkey(parts->x509[i]);

        if (public == NULL || EVP_PKEY_eq(public, parts->key) != 1) {
            continue;
        }

        if (mdm_str_is_set(*certificate)
            && !mdm_str_eq(*certificate, parts->certificates[i]))
        {
            return mdm_fault(parts->fault, MDM_MALFORMED, "two certificates "
                             "have this private key: send the newer one "
                             "alone");
        }

        *certificate = parts->certificates[i];
    }

    if (!mdm_str_is_set(*certificate)) {
        return mdm_fault(parts->fault, MDM_UNTRUSTED, "the private key does "
                         "not belong to the certificate: send the key that "
                         "its request was made with");
    }

    return MDM_OK;
}


static void
mdm_push_parts_free(mdm_push_parts_t *parts)
{
    unsigned  i;

    for (i = 0; i < parts->n; i++) {
        X509_free(parts->x509[i]);
    }

    EVP_PKEY_free(parts->key);
}


/* The next block, or one without a label when there is none.  A line's end is
 * not looked for: END and BEGIN may stand on one. */

static mdm_rc_e
mdm_pem_next(mdm_str_t *rest, mdm_pem_block_t *block, mdm_fault_t *fault)
{
    mdm_str_t  before, again;

    block->n++;

    if (!mdm_pem_cut(rest, MDM_PEM_BEGIN, &before)) {
        block->label = mdm_null_str;
        return MDM_OK;
    }

    if (mdm_pem_cut(rest, MDM_PEM_DASHES, &block->label)
        && block->label.len > 0
        && !mdm_str_has_control(block->label)
        && mdm_pem_cut(rest, MDM_PEM_END, &block->body)
        && mdm_pem_cut(rest, MDM_PEM_DASHES, &again)
        && mdm_str_eq(block->label, again))
    {
        return MDM_OK;
    }

    return mdm_fault(fault, MDM_MALFORMED, "PEM block %u has no END line that "
                     "fits its BEGIN line", block->n);
}


/* Takes away all up to the mark, and the mark. */

static bool
mdm_pem_cut(mdm_str_t *rest, const char *mark, mdm_str_t *before)
{
    size_t  i, len;

    len = strlen(mark);

    for (i = 0; i + len <= rest->len; i++) {
        if (memcmp(rest->data + i, mark, len) == 0) {
            *before = (mdm_str_t) { i, rest->data };
            rest->data += i + len;
            rest->len -= i + len;
            return true;
        }
    }

    return false;
}


static mdm_rc_e
mdm_pem_decode(mdm_arena_t *arena, const mdm_pem_block_t *block,
    mdm_str_t *der, mdm_fault_t *fault)
{
    int              n, last;
    bool             ok;
    unsigned char   *p;
    EVP_ENCODE_CTX  *ctx;

    p = mdm_arena_alloc(arena, block->body.len + 1);
    ctx = EVP_ENCODE_CTX_new();

    if (p == NULL || ctx == NULL) {
        EVP_ENCODE_CTX_free(ctx);
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a certificate");
    }

    EVP_DecodeInit(ctx);
    ok = EVP_DecodeUpdate(ctx, p, &n, block->body.data, (int) block->body.len)
         >= 0
         && EVP_DecodeFinal(ctx, p + n, &last) == 1
         && n + last > 0;

    EVP_ENCODE_CTX_free(ctx);

    if (!ok) {
        return mdm_fault(fault, MDM_MALFORMED, "PEM block %u is not Base64",
                         block->n);
    }

    der->data = p;
    der->len = (size_t) (n + last);

    return MDM_OK;
}


static bool
mdm_pem_contains(mdm_str_t text, const char *mark)
{
    mdm_str_t  before;

    return mdm_pem_cut(&text, mark, &before);
}


static bool
mdm_pem_is_key(mdm_str_t label)
{
    size_t  len;

    len = sizeof("PRIVATE KEY") - 1;

    return label.len >= len
           && memcmp(label.data + label.len - len, "PRIVATE KEY", len) == 0;
}


/* Other kinds of keys are never decoded: some of them compute first. */

static EVP_PKEY *
mdm_push_key_decode(mdm_str_t label, mdm_str_t der)
{
    const unsigned char  *p;

    p = der.data;

    if (mdm_str_eq_c(label, "RSA PRIVATE KEY")) {
        return d2i_PrivateKey(EVP_PKEY_RSA, NULL, &p, (long) der.len);
    }

    if (mdm_str_eq_c(label, "EC PRIVATE KEY")) {
        return d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, (long) der.len);
    }

    if (mdm_str_eq_c(label, "PRIVATE KEY")) {
        return mdm_push_key_pkcs8(der);
    }

    return NULL;
}


static EVP_PKEY *
mdm_push_key_pkcs8(mdm_str_t der)
{
    int                   nid;
    EVP_PKEY             *key;
    const ASN1_OBJECT    *algorithm;
    const unsigned char  *p;
    PKCS8_PRIV_KEY_INFO  *info;

    p = der.data;
    key = NULL;

    info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long) der.len);

    if (info != NULL
        && PKCS8_pkey_get0(&algorithm, NULL, NULL, NULL, info) == 1)
    {
        nid = OBJ_obj2nid(algorithm);

        if (nid == NID_rsaEncryption || nid == NID_X9_62_id_ecPublicKey) {
            key = EVP_PKCS82PKEY(info);
        }
    }

    PKCS8_PRIV_KEY_INFO_free(info);

    return key;
}


/* Numbers longer than they can be would make the first signature last as long
 * as their sender likes. */

static bool
mdm_push_key_sane(EVP_PKEY *key)
{
    int  bits;

    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        return true;
    }

    bits = EVP_PKEY_get_bits(key);

    return mdm_push_key_fits(key, OSSL_PKEY_PARAM_RSA_D, bits)
           && mdm_push_key_fits(key, OSSL_PKEY_PARAM_RSA_FACTOR1, bits)
           && mdm_push_key_fits(key, OSSL_PKEY_PARAM_RSA_FACTOR2, bits)
           && mdm_push_key_fits(key, OSSL_PKEY_PARAM_RSA_EXPONENT1, bits)
           && mdm_push_key_fits(key, OSSL_PKEY_PARAM_RSA_EXPONENT2, bits)
           && mdm_push_key_fits(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, bits);
}


static bool
mdm_push_key_fits(EVP_PKEY *key, const char *number, int bits)
{
    bool     fits;
    BIGNUM  *n;

    n = NULL;
    fits = EVP_PKEY_get_bn_param(key, number, &n) == 1
           && BN_num_bits(n) <= bits;

    BN_clear_free(n);

    return fits;
}


/* That both have the same public half says nothing of the private one. */

static bool
mdm_push_key_signs(EVP_PKEY *key, EVP_PKEY *public)
{
    bool            ok;
    size_t          len;
    EVP_MD_CTX     *ctx;
    unsigned char   signature[MDM_PUSH_KEY_MAX_SIZE];

    static const unsigned char  text[] = "mdm push certificate";

    ctx = EVP_MD_CTX_new();
    len = sizeof(signature);

    ok = ctx != NULL
         && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1
         && EVP_DigestSign(ctx, signature, &len, text, sizeof(text)) == 1
         && EVP_MD_CTX_reset(ctx) == 1
         && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, public) == 1
         && EVP_DigestVerify(ctx, signature, len, text, sizeof(text)) == 1;

    EVP_MD_CTX_free(ctx);

    return ok;
}


static mdm_rc_e
mdm_push_key_encode(mdm_push_parts_t *parts, mdm_str_t *der)
{
    int                   len;
    unsigned char        *p;
    PKCS8_PRIV_KEY_INFO  *info;

    p = NULL;
    info = EVP_PKEY2PKCS8(parts->key);
    len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &p) : 0;

    if (len > 0) {
        *der = mdm_arena_str(parts->arena, p, (size_t) len);
        OPENSSL_clear_free(p, (size_t) len);
    }

    PKCS8_PRIV_KEY_INFO_free(info);

    return mdm_str_is_set(*der) ? MDM_OK
           : mdm_fault(parts->fault, MDM_NO_MEMORY, "no memory for a key");
}


static mdm_rc_e
mdm_push_fill(mdm_push_parts_t *parts, const mdm_certificate_t *certificate,
    int64_t now, mdm_push_certificate_t *push)
{
    mdm_rc_e  rc;

    rc = mdm_push_topic(parts, certificate->x509, &push->topic);

    if (rc == MDM_OK) {
        rc = mdm_push_time(certificate, now, parts->fault);
    }

    if (rc != MDM_OK) {
        return rc;
    }

    if (!mdm_push_key_sane(parts->key)
        || !mdm_push_key_signs(parts->key, certificate->key))
    {
        return mdm_fault(parts->fault, MDM_UNTRUSTED, "the private key is "
                         "damaged: what it signs does not verify with its "
                         "certificate");
    }

    if (!mdm_certificate_name(X509_get_issuer_name(certificate->x509),
                              push->issuer, sizeof(push->issuer)))
    {
        return mdm_fault(parts->fault, MDM_NO_MEMORY,
                         "no memory for a certificate");
    }

    memcpy(push->subject, certificate->subject, sizeof(push->subject));
    memcpy(push->serial, certificate->serial, sizeof(push->serial));
    memcpy(push->sha256, certificate->sha256, MDM_SHA256_SIZE);
    push->not_before = certificate->not_before;
    push->not_after = certificate->not_after;

    return mdm_push_key_encode(parts, &push->key);
}


static mdm_rc_e
mdm_push_time(const mdm_certificate_t *certificate, int64_t now,
    mdm_fault_t *fault)
{
    bool       expired;
    char       text[32];
    time_t     at;
    struct tm  tm;

    if (now >= certificate->not_before && now <= certificate->not_after) {
        return MDM_OK;
    }

    expired = now > certificate->not_after;
    at = (time_t) (expired ? certificate->not_after : certificate->not_before);

    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));

    if (expired) {
        return mdm_fault(fault, MDM_UNTRUSTED, "the certificate expired at "
                         "%s: renew it at identity.apple.com/pushcert", text);
    }

    return mdm_fault(fault, MDM_UNTRUSTED, "the certificate is not valid "
                     "before %s: is this server's clock right?", text);
}


/* The subject's first UID that is a topic. */

static mdm_rc_e
mdm_push_topic(mdm_push_parts_t *parts, X509 *x509, mdm_str_t *topic)
{
    int                 i, n, len;
    X509_NAME          *name;
    unsigned char      *p;
    const ASN1_STRING  *value;

    name = X509_get_subject_name(x509);

    for (i = -1, n = 0; /* void */ ; n++) {
        i = X509_NAME_get_index_by_NID(name, NID_userId, i);
        if (i < 0) {
            break;
        }

        value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i));
        len = ASN1_STRING_to_UTF8(&p, value);

        if (len < 0) {
            continue;
        }

        if (mdm_push_topic_valid((mdm_str_t) { (size_t) len, p })) {
            *topic = mdm_arena_str(parts->arena, p, (size_t) len);
            OPENSSL_free(p);

            return mdm_str_is_set(*topic) ? MDM_OK
                   : mdm_fault(parts->fault, MDM_NO_MEMORY,
                               "no memory for a certificate");
        }

        OPENSSL_free(p);
    }

    if (n == 0) {
        return mdm_fault(parts->fault, MDM_UNSUPPORTED, "the certificate is "
                         "no push certificate: there is no UID in its "
                         "subject");
    }

    return mdm_fault(parts->fault, MDM_UNSUPPORTED, "the certificate is no "
                     "push certificate of MDM: the UID in its subject does "
                     "not begin with " MDM_PUSH_TOPIC_PREFIX);
}
