
/*
 * Certificates with their private keys.  No key and no part of one may ever
 * get into a fault, and no copy of one may outlive the call but the one in the
 * arena, which is wiped with it.
 */


#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/objects.h>

#include "mdm_ber.h"
#include "mdm_key_pair.h"


/* An RSA key of 8192 bits with its frame has less. */
#define MDM_KEY_MAX_SIZE           6144

#define MDM_PEM_BEGIN              "-----BEGIN "
#define MDM_PEM_END                "-----END "
#define MDM_PEM_DASHES             "-----"


typedef struct {
    unsigned              n;             /* which block it is, from 1 */
    mdm_str_t             label;
    mdm_str_t             body;
} mdm_pem_block_t;


static mdm_rc_e mdm_key_pair_add(mdm_key_pair_t *pair,
    const mdm_pem_block_t *block);
static mdm_rc_e mdm_key_pair_certificate(mdm_key_pair_t *pair,
    const mdm_pem_block_t *block);
static mdm_rc_e mdm_key_pair_key(mdm_key_pair_t *pair,
    const mdm_pem_block_t *block);
static mdm_rc_e mdm_key_pair_time(const mdm_certificate_t *certificate,
    int64_t now, const char *renew, mdm_fault_t *fault);

static mdm_rc_e mdm_pem_next(mdm_str_t *rest, mdm_pem_block_t *block,
    mdm_fault_t *fault);
static bool mdm_pem_cut(mdm_str_t *rest, const char *mark, mdm_str_t *before);
static mdm_rc_e mdm_pem_decode(mdm_arena_t *arena,
    const mdm_pem_block_t *block, mdm_str_t *der, mdm_fault_t *fault);
static bool mdm_pem_contains(mdm_str_t text, const char *mark);
static bool mdm_pem_is_key(mdm_str_t label);
static bool mdm_pem_is_request(mdm_str_t label);

static EVP_PKEY *mdm_key_decode(mdm_str_t label, mdm_str_t der);
static bool mdm_key_sane(EVP_PKEY *key);
static bool mdm_key_fits(EVP_PKEY *key, const char *number, int bits);
static bool mdm_key_signs(EVP_PKEY *key, EVP_PKEY *public);


mdm_rc_e
mdm_key_pair_read(mdm_key_pair_t *pair, mdm_str_t pem)
{
    bool             request;
    mdm_rc_e         rc;
    mdm_pem_block_t  block;

    if (pem.len > MDM_KEY_PAIR_MAX_SIZE) {
        return mdm_fault(pair->fault, MDM_TOO_LARGE, "the text is larger "
                         "than %d bytes: it needs the certificate and its "
                         "private key, no more",
                         MDM_KEY_PAIR_MAX_SIZE);
    }

    block.n = 0;
    request = false;

    do {
        rc = mdm_pem_next(&pem, &block, pair->fault);

        if (rc == MDM_OK && block.label.len > 0) {
            request |= mdm_pem_is_request(block.label);
            rc = mdm_key_pair_add(pair, &block);
        }

    } while (rc == MDM_OK && block.label.len > 0);

    if (rc != MDM_OK) {
        return rc;
    }

    if (pair->n == 0) {
        return mdm_fault(pair->fault, MDM_MALFORMED, "no certificate found%s: "
                         "send the certificate and its private key in PEM, "
                         "one after the other",
                         request ? ", but the request for one" : "");
    }

    if (pair->key == NULL && !pair->keyless) {
        return mdm_fault(pair->fault, MDM_MALFORMED, "no private key found: "
                         "send the certificate and its private key in PEM, "
                         "one after the other");
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_key_pair_add(mdm_key_pair_t *pair, const mdm_pem_block_t *block)
{
    if (mdm_str_eq_c(block->label, "CERTIFICATE")
        || mdm_str_eq_c(block->label, "X509 CERTIFICATE"))
    {
        return mdm_key_pair_certificate(pair, block);
    }

    if (mdm_pem_is_key(block->label)) {
        return mdm_key_pair_key(pair, block);
    }

    /* EC PARAMETERS, a request, ... */

    return MDM_OK;
}


static mdm_rc_e
mdm_key_pair_certificate(mdm_key_pair_t *pair,
    const mdm_pem_block_t *block)
{
    X509                 *x509;
    mdm_rc_e              rc;
    mdm_str_t             der;
    const unsigned char  *p;

    if (pair->n == MDM_KEY_PAIR_MAX_COUNT) {
        return mdm_fault(pair->fault, MDM_TOO_LARGE,
                         "there are more than %d certificates",
                         MDM_KEY_PAIR_MAX_COUNT);
    }

    rc = mdm_pem_decode(pair->arena, block, &der, pair->fault);
    if (rc != MDM_OK) {
        return rc;
    }

    p = der.data;
    x509 = mdm_ber_guard(der, MDM_BER_MAX_DEPTH, NULL) == MDM_OK
           ? d2i_X509(NULL, &p, (long) der.len) : NULL;

    if (x509 == NULL) {
        return mdm_fault(pair->fault, MDM_MALFORMED, "PEM block %u says that "
                         "it is a certificate, and is none", block->n);
    }

    pair->certificates[pair->n] = der;
    pair->x509[pair->n++] = x509;

    return MDM_OK;
}


static mdm_rc_e
mdm_key_pair_key(mdm_key_pair_t *pair, const mdm_pem_block_t *block)
{
    mdm_rc_e   rc;
    mdm_str_t  der;

    if (pair->key != NULL) {
        return mdm_fault(pair->fault, MDM_MALFORMED, "there is more than one "
                         "private key: send the one of the certificate");
    }

    if (mdm_str_eq_c(block->label, "ENCRYPTED PRIVATE KEY")
        || mdm_pem_contains(block->body, "4,ENCRYPTED"))
    {
        return mdm_fault(pair->fault, MDM_UNSUPPORTED, "the private key is "
                         "encrypted: remove the passphrase with \"openssl "
                         "pkey -in sealed.key -out plain.key\"");
    }

    rc = mdm_pem_decode(pair->arena, block, &der, pair->fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (der.len > MDM_KEY_MAX_SIZE) {
        return mdm_fault(pair->fault, MDM_TOO_LARGE, "the private key is "
                         "larger than %d bytes", MDM_KEY_MAX_SIZE);
    }

    if (mdm_ber_guard(der, MDM_BER_MAX_DEPTH, NULL) == MDM_OK) {
        pair->key = mdm_key_decode(block->label, der);
    }

    if (pair->key == NULL) {
        return mdm_fault(pair->fault, MDM_MALFORMED, "the private key cannot "
                         "be read: it must be an RSA or EC key in PEM");
    }

    return MDM_OK;
}


mdm_rc_e
mdm_key_pair_match(mdm_key_pair_t *pair, mdm_str_t *certificate)
{
    unsigned   i;
    EVP_PKEY  *public;

    *certificate = mdm_null_str;

    for (i = 0; i < pair->n; i++) {
        public = X509_get0_pubkey(pair->x509[i]);

        if (public == NULL || EVP_PKEY_eq(public, pair->key) != 1) {
            continue;
        }

        if (mdm_str_is_set(*certificate)
            && !mdm_str_eq(*certificate, pair->certificates[i]))
        {
            return mdm_fault(pair->fault, MDM_MALFORMED, "two certificates "
                             "have this private key: send the newer one "
                             "alone");
        }

        *certificate = pair->certificates[i];
    }

    if (!mdm_str_is_set(*certificate)) {
        return mdm_fault(pair->fault, MDM_UNTRUSTED, "the private key does "
                         "not belong to the certificate: send the key that "
                         "its request was made with");
    }

    return MDM_OK;
}


void
mdm_key_pair_free(mdm_key_pair_t *pair)
{
    unsigned  i;

    for (i = 0; i < pair->n; i++) {
        X509_free(pair->x509[i]);
    }

    EVP_PKEY_free(pair->key);
}


mdm_rc_e
mdm_key_pair_judge(mdm_key_pair_t *pair, const mdm_certificate_t *certificate,
    int64_t now, const char *renew)
{
    mdm_rc_e  rc;

    rc = mdm_key_pair_time(certificate, now, renew, pair->fault);

    return rc == MDM_OK && pair->key ? mdm_key_pair_prove(pair, certificate)
                                     : rc;
}


mdm_rc_e
mdm_key_pair_prove(mdm_key_pair_t *pair, const mdm_certificate_t *certificate)
{
    if (!mdm_key_sane(pair->key)
        || !mdm_key_signs(pair->key, certificate->key))
    {
        return mdm_fault(pair->fault, MDM_UNTRUSTED, "the private key is "
                         "damaged: what it signs does not verify with its "
                         "certificate");
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_key_pair_time(const mdm_certificate_t *certificate, int64_t now,
    const char *renew, mdm_fault_t *fault)
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
                         "%s: %s", text, renew);
    }

    return mdm_fault(fault, MDM_UNTRUSTED, "the certificate is not valid "
                     "before %s: is this server's clock right?", text);
}


mdm_rc_e
mdm_key_pair_key_der(mdm_key_pair_t *pair, mdm_str_t *der)
{
    int                   len;
    unsigned char        *p;
    PKCS8_PRIV_KEY_INFO  *info;

    p = NULL;
    info = EVP_PKEY2PKCS8(pair->key);
    len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &p) : 0;

    if (len > 0) {
        *der = mdm_arena_str(pair->arena, p, (size_t) len);
        OPENSSL_clear_free(p, (size_t) len);
    }

    PKCS8_PRIV_KEY_INFO_free(info);

    return mdm_str_is_set(*der) ? MDM_OK
           : mdm_fault(pair->fault, MDM_NO_MEMORY, "no memory for a key");
}


bool
mdm_key_pair_sha256(X509_PUBKEY *public,
    unsigned char sha256[MDM_SHA256_SIZE])
{
    int             len;
    bool            ok;
    unsigned char  *p;

    p = NULL;
    len = i2d_X509_PUBKEY(public, &p);
    ok = len > 0
         && EVP_Digest(p, (size_t) len, sha256, NULL, EVP_sha256(), NULL) == 1;

    OPENSSL_free(p);

    return ok;
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


static bool
mdm_pem_is_request(mdm_str_t label)
{
    return mdm_str_eq_c(label, "CERTIFICATE REQUEST")
           || mdm_str_eq_c(label, "NEW CERTIFICATE REQUEST");
}


/* Other kinds of keys are never decoded: some of them compute first. */

static EVP_PKEY *
mdm_key_decode(mdm_str_t label, mdm_str_t der)
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
        return mdm_key_pair_decode(der);
    }

    return NULL;
}


EVP_PKEY *
mdm_key_pair_decode(mdm_str_t der)
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
mdm_key_sane(EVP_PKEY *key)
{
    int  bits;

    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        return true;
    }

    bits = EVP_PKEY_get_bits(key);

    return mdm_key_fits(key, OSSL_PKEY_PARAM_RSA_D, bits)
           && mdm_key_fits(key, OSSL_PKEY_PARAM_RSA_FACTOR1, bits)
           && mdm_key_fits(key, OSSL_PKEY_PARAM_RSA_FACTOR2, bits)
           && mdm_key_fits(key, OSSL_PKEY_PARAM_RSA_EXPONENT1, bits)
           && mdm_key_fits(key, OSSL_PKEY_PARAM_RSA_EXPONENT2, bits)
           && mdm_key_fits(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, bits);
}


static bool
mdm_key_fits(EVP_PKEY *key, const char *number, int bits)
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
mdm_key_signs(EVP_PKEY *key, EVP_PKEY *public)
{
    bool            ok;
    size_t          len;
    EVP_MD_CTX     *ctx;
    unsigned char   signature[MDM_KEY_MAX_SIZE];

    static const unsigned char  text[] = "mdm key pair";

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
