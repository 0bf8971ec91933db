
/*
 * Vendors of push certificates.  The vendor's key belongs to one call: no copy
 * of it may outlive the arena, and no part of it may get into a fault.
 */


#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/x509v3.h>

#include "mdm_openssl.h"
#include "mdm_push_request.h"
#include "mdm_push_vendor.h"


#define MDM_PUSH_VENDOR_SIGNATURE  1024    /* RSA of 8192 bits */

#define MDM_PUSH_VENDOR_HEAD                                                  \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                            \
    "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "                 \
    "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"                   \
    "<plist version=\"1.0\">\n<dict>\n"
#define MDM_PUSH_VENDOR_TAIL       "</dict>\n</plist>\n"


static mdm_rc_e mdm_push_vendor_leaf(mdm_push_vendor_t *vendor, int64_t now,
    mdm_fault_t *fault);
static mdm_rc_e mdm_push_vendor_chain(mdm_push_vendor_t *vendor, int64_t now,
    mdm_fault_t *fault);
static int mdm_push_vendor_find(mdm_push_vendor_t *vendor, mdm_str_t der);
static int mdm_push_vendor_issuer(mdm_push_vendor_t *vendor, X509 *x509,
    int64_t now);
static bool mdm_push_vendor_at(X509 *x509, int64_t now);
static mdm_rc_e mdm_push_vendor_broken(X509 *x509, bool expired,
    mdm_fault_t *fault);
static mdm_rc_e mdm_push_vendor_signature(EVP_PKEY *key, mdm_str_t der,
    unsigned char *signature, size_t *len);
static mdm_str_t mdm_push_vendor_pem(mdm_push_vendor_t *vendor);
static mdm_str_t mdm_push_vendor_join(mdm_arena_t *arena, mdm_str_t a,
    mdm_str_t b);
static mdm_str_t mdm_push_vendor_base64(mdm_arena_t *arena, mdm_str_t s);


mdm_rc_e
mdm_push_vendor_read(mdm_arena_t *arena, mdm_str_t certificates,
    mdm_str_t key, int64_t now, mdm_push_vendor_t *vendor, mdm_fault_t *fault)
{
    mdm_rc_e   rc;
    mdm_str_t  pem;

    memset(vendor, 0, sizeof(mdm_push_vendor_t));
    vendor->pair.arena = arena;
    vendor->pair.fault = fault;

    (void) mdm_openssl_clear();

    pem = mdm_push_vendor_join(arena, certificates, key);
    if (!mdm_str_is_set(pem)) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a certificate");
    }

    rc = mdm_key_pair_read(&vendor->pair, pem);

    if (rc == MDM_OK) {
        rc = mdm_push_vendor_leaf(vendor, now, fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_push_vendor_chain(vendor, now, fault);
    }

    if (mdm_openssl_clear() && rc != MDM_OK) {
        rc = mdm_fault(fault, MDM_NO_MEMORY, "no memory for a certificate");
    }

    return rc;
}


void
mdm_push_vendor_free(mdm_push_vendor_t *vendor)
{
    mdm_key_pair_free(&vendor->pair);
}


static mdm_rc_e
mdm_push_vendor_leaf(mdm_push_vendor_t *vendor, int64_t now,
    mdm_fault_t *fault)
{
    mdm_rc_e            rc;
    mdm_str_t           der;
    mdm_key_pair_t     *pair;
    mdm_certificate_t  *certificate;

    pair = &vendor->pair;

    rc = mdm_key_pair_match(pair, &der);
    if (rc != MDM_OK) {
        return rc;
    }

    if (EVP_PKEY_get_base_id(pair->key) != EVP_PKEY_RSA) {
        return mdm_fault(fault, MDM_UNSUPPORTED, "the key is not RSA: Apple "
                         "takes requests that an RSA key signed");
    }

    rc = mdm_certificate_parse(der, &certificate, fault);

    if (rc == MDM_OK) {
        rc = mdm_key_pair_judge(pair, certificate, now, "the vendor gets "
                                "another at developer.apple.com");
        mdm_certificate_free(certificate);
    }

    vendor->chain[0] = der;
    vendor->n = 1;

    return rc;
}


/* From the vendor's certificate up, whatever the order they came in. */

static mdm_rc_e
mdm_push_vendor_chain(mdm_push_vendor_t *vendor, int64_t now,
    mdm_fault_t *fault)
{
    int              i;
    X509            *x509;
    mdm_key_pair_t  *pair;

    pair = &vendor->pair;
    i = mdm_push_vendor_find(vendor, vendor->chain[0]);

    for ( ;; ) {
        x509 = pair->x509[i];

        if (X509_check_issued(x509, x509) == X509_V_OK) {
            break;
        }

        i = mdm_push_vendor_issuer(vendor, x509, now);

        if (i < 0 || !mdm_push_vendor_at(pair->x509[i], now)) {
            return mdm_push_vendor_broken(x509, i >= 0, fault);
        }

        if (vendor->n == MDM_KEY_PAIR_MAX_COUNT) {
            return mdm_fault(fault, MDM_UNTRUSTED, "the chain has no end");
        }

        vendor->chain[vendor->n++] = pair->certificates[i];
    }

    if (vendor->n == 1) {
        return mdm_fault(fault, MDM_UNTRUSTED, "the certificate is signed by "
                         "itself: it must be the one that Apple gave the "
                         "vendor");
    }

    return MDM_OK;
}


static int
mdm_push_vendor_find(mdm_push_vendor_t *vendor, mdm_str_t der)
{
    int  i;

    for (i = 0; i < (int) vendor->pair.n; i++) {
        if (mdm_str_eq(vendor->pair.certificates[i], der)) {
            return i;
        }
    }

    return -1;
}


/* The one that signed it: of two of a name the one that is valid. */

static int
mdm_push_vendor_issuer(mdm_push_vendor_t *vendor, X509 *x509, int64_t now)
{
    int        i, found;
    X509      *issuer;
    EVP_PKEY  *key;

    for (i = 0, found = -1; i < (int) vendor->pair.n; i++) {
        issuer = vendor->pair.x509[i];
        key = X509_get0_pubkey(issuer);

        if (issuer == x509 || key == NULL
            || X509_check_issued(issuer, x509) != X509_V_OK
            || X509_verify(x509, key) != 1)
        {
            continue;
        }

        if (mdm_push_vendor_at(issuer, now)) {
            return i;
        }

        found = i;
    }

    return found;
}


static bool
mdm_push_vendor_at(X509 *x509, int64_t now)
{
    time_t  at;

    at = (time_t) now;

    return X509_cmp_time(X509_get0_notBefore(x509), &at) < 0
           && X509_cmp_time(X509_get0_notAfter(x509), &at) > 0;
}


/* Above x509. */

static mdm_rc_e
mdm_push_vendor_broken(X509 *x509, bool expired, mdm_fault_t *fault)
{
    char  issuer[100];

    if (!mdm_certificate_name(X509_get_issuer_name(x509), issuer,
                              sizeof(issuer)))
    {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a certificate");
    }

    if (expired) {
        return mdm_fault(fault, MDM_UNTRUSTED, "in the chain the certificate "
                         "of \"%s\" has expired: take its newer one", issuer);
    }

    return mdm_fault(fault, MDM_UNTRUSTED, "the chain is incomplete: add the "
                     "certificate of \"%s\", and those above it", issuer);
}


mdm_rc_e
mdm_push_vendor_sign(mdm_push_vendor_t *vendor, mdm_str_t der,
    mdm_str_t *text)
{
    int            len;
    size_t         size;
    char          *plist;
    mdm_str_t      request, chain, signature;
    mdm_arena_t   *arena;
    unsigned char  bytes[MDM_PUSH_VENDOR_SIGNATURE];

    static const char  format[] =
        MDM_PUSH_VENDOR_HEAD
        "<key>PushCertRequestCSR</key>\n<string>%s</string>\n"
        "<key>PushCertCertificateChain</key>\n<string>%s</string>\n"
        "<key>PushCertSignature</key>\n<string>%s</string>\n"
        MDM_PUSH_VENDOR_TAIL;

    arena = vendor->pair.arena;
    size = sizeof(bytes);

    if (mdm_push_vendor_signature(vendor->pair.key, der, bytes, &size)
        != MDM_OK)
    {
        return MDM_NO_MEMORY;
    }

    request = mdm_push_vendor_base64(arena, der);
    signature = mdm_push_vendor_base64(arena, (mdm_str_t) { size, bytes });
    chain = mdm_push_vendor_pem(vendor);

    size = sizeof(format) + request.len + signature.len + chain.len;
    plist = mdm_arena_alloc(arena, size);

    if (!mdm_str_is_set(request) || !mdm_str_is_set(signature)
        || !mdm_str_is_set(chain) || plist == NULL)
    {
        return MDM_NO_MEMORY;
    }

    len = snprintf(plist, size, format, (const char *) request.data,
                   (const char *) chain.data, (const char *) signature.data);

    *text = mdm_push_vendor_base64(arena, (mdm_str_t) {
                                   (size_t) len, (unsigned char *) plist });

    return mdm_str_is_set(*text) ? MDM_OK : MDM_NO_MEMORY;
}


/* RSA with PKCS #1 v1.5 and SHA-256. */

static mdm_rc_e
mdm_push_vendor_signature(EVP_PKEY *key, mdm_str_t der,
    unsigned char *signature, size_t *len)
{
    bool         ok;
    EVP_MD_CTX  *ctx;

    ctx = EVP_MD_CTX_new();

    ok = ctx != NULL
         && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1
         && EVP_DigestSign(ctx, signature, len, der.data, der.len) == 1;

    EVP_MD_CTX_free(ctx);
    (void) mdm_openssl_clear();

    return ok ? MDM_OK : MDM_NO_MEMORY;
}


static mdm_str_t
mdm_push_vendor_pem(mdm_push_vendor_t *vendor)
{
    unsigned   i;
    mdm_str_t  all, one;

    all = mdm_str("");

    for (i = 0; i < vendor->n && mdm_str_is_set(all); i++) {
        one = mdm_pem_write(vendor->pair.arena, "CERTIFICATE",
                            vendor->chain[i]);
        all = mdm_str_is_set(one)
              ? mdm_push_vendor_join(vendor->pair.arena, all, one) : one;
    }

    return all;
}


static mdm_str_t
mdm_push_vendor_join(mdm_arena_t *arena, mdm_str_t a, mdm_str_t b)
{
    unsigned char  *p;

    p = mdm_arena_alloc(arena, a.len + b.len + 1);
    if (p == NULL) {
        return mdm_null_str;
    }

    memcpy(p, a.data, a.len);
    memcpy(p + a.len, b.data, b.len);
    p[a.len + b.len] = '\0';

    return (mdm_str_t) { a.len + b.len, p };
}


static mdm_str_t
mdm_push_vendor_base64(mdm_arena_t *arena, mdm_str_t s)
{
    int             n;
    unsigned char  *p;

    p = mdm_arena_alloc(arena, (s.len + 2) / 3 * 4 + 1);
    if (p == NULL) {
        return mdm_null_str;
    }

    n = EVP_EncodeBlock(p, s.data, (int) s.len);

    return (mdm_str_t) { (size_t) n, p };
}
