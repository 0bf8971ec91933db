
/*
 * Keys and certificates for the tests of pki/, made anew in each run.  Times
 * are fixed, so that no test depends on the day it runs.
 */


#ifndef _PKI_FIXTURE_H_INCLUDED_
#define _PKI_FIXTURE_H_INCLUDED_


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "../../ngx_mdm_module/message/mdm_base.h"
#include "../../ngx_mdm_module/pki/mdm_ber.h"


#define FIXTURE_BEFORE    INT64_C(1700000000)
#define FIXTURE_NOW       INT64_C(1750000000)
#define FIXTURE_AFTER     INT64_C(1800000000)

#define FIXTURE_CA        "critical,CA:TRUE"


/* nginx logs whatever a function leaves there as an error of its own */

#define assert_no_openssl_error()                                             \
    assert_int_equal(ERR_peek_error(), 0)


typedef struct {
    const char           *subject;
    EVP_PKEY             *key;
    X509                 *issuer;         /* NULL: signs itself */
    EVP_PKEY             *issuer_key;
    const EVP_MD         *md;             /* NULL: SHA-256 */
    const char           *constraints;    /* extensions; NULL: absent */
    const char           *usage;
    const char           *extended_usage;
    bool                  key_id;
    int                   version;        /* 0: v3 */
} fixture_request_t;


static inline EVP_PKEY *
fixture_rsa(size_t bits)
{
    EVP_PKEY  *key;

    key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits);
    assert_non_null(key);

    return key;
}


static inline EVP_PKEY *
fixture_ec(const char *curve)
{
    EVP_PKEY  *key;

    key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve);
    assert_non_null(key);

    return key;
}


static inline void
fixture_extend(X509 *x509, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX       ctx;
    X509_EXTENSION  *extension;

    if (value == NULL) {
        return;
    }

    X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);

    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);

    X509_EXTENSION_free(extension);
}


static inline X509 *
fixture_certificate(const fixture_request_t *request)
{
    X509         *x509, *issuer;
    X509_NAME    *name;
    static long   serial = 0x1000;

    x509 = X509_new();
    assert_non_null(x509);

    issuer = request->issuer ? request->issuer : x509;

    X509_set_version(x509, request->version ? request->version - 1 : 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
    ASN1_TIME_set(X509_getm_notBefore(x509), FIXTURE_BEFORE);
    ASN1_TIME_set(X509_getm_notAfter(x509), FIXTURE_AFTER);

    name = X509_get_subject_name(x509);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                         (const unsigned char *) request->subject, -1, -1, 0),
                     1);

    X509_set_issuer_name(x509, X509_get_subject_name(issuer));
    X509_set_pubkey(x509, request->key);

    fixture_extend(x509, issuer, NID_basic_constraints, request->constraints);
    fixture_extend(x509, issuer, NID_key_usage, request->usage);
    fixture_extend(x509, issuer, NID_ext_key_usage, request->extended_usage);
    fixture_extend(x509, issuer, NID_subject_key_identifier,
                   request->key_id ? "hash" : NULL);

    assert_int_not_equal(X509_sign(x509,
                             request->issuer_key ? request->issuer_key
                                                 : request->key,
                             request->md ? request->md : EVP_sha256()),
                         0);

    return x509;
}


static inline X509 *
fixture_ca(const char *subject, EVP_PKEY *key)
{
    fixture_request_t  request;

    memset(&request, 0, sizeof(fixture_request_t));
    request.subject = subject;
    request.key = key;
    request.constraints = FIXTURE_CA;
    request.usage = "critical,keyCertSign,cRLSign";
    request.key_id = true;

    return fixture_certificate(&request);
}


static inline X509 *
fixture_device(const char *subject, EVP_PKEY *key, X509 *issuer,
    EVP_PKEY *issuer_key)
{
    fixture_request_t  request;

    memset(&request, 0, sizeof(fixture_request_t));
    request.subject = subject;
    request.key = key;
    request.issuer = issuer;
    request.issuer_key = issuer_key;
    request.usage = "critical,digitalSignature";
    request.extended_usage = "clientAuth";
    request.key_id = true;

    return fixture_certificate(&request);
}


static inline mdm_str_t
fixture_der(mdm_arena_t *arena, X509 *x509)
{
    int             len;
    mdm_str_t       der;
    unsigned char  *p;

    p = NULL;
    len = i2d_X509(x509, &p);
    assert_true(len > 0);

    der = mdm_arena_str(arena, p, len);
    OPENSSL_free(p);

    return der;
}


/* Adds to what is there: start with mdm_str(""). */

static inline mdm_str_t
fixture_pem(mdm_arena_t *arena, mdm_str_t before, X509 *x509)
{
    BIO        *bio;
    char       *data;
    long        len;
    mdm_str_t   pem;

    bio = BIO_new(BIO_s_mem());
    assert_non_null(bio);

    BIO_write(bio, before.data, (int) before.len);
    assert_int_equal(PEM_write_bio_X509(bio, x509), 1);

    len = BIO_get_mem_data(bio, &data);
    pem = mdm_arena_str(arena, data, len);
    BIO_free(bio);

    return pem;
}


/* A copy of exactly its size, so that a sanitizer sees a read past its end. */

static inline mdm_str_t
fixture_exact(mdm_arena_t *arena, mdm_str_t s, size_t len)
{
    unsigned char  *p;

    p = mdm_arena_alloc(arena, len);
    assert_non_null(p);

    if (len > 0) {
        memcpy(p, s.data, len);
    }

    return (mdm_str_t) { len, p };
}


/* The last place of some bytes, to be altered there. */

static inline unsigned char *
fixture_find(mdm_str_t s, const void *bytes, size_t len)
{
    size_t  i;

    for (i = s.len; i >= len; i--) {
        if (memcmp(s.data + i - len, bytes, len) == 0) {
            return (unsigned char *) s.data + i - len;
        }
    }

    fail();

    return NULL;
}


/* The same value with every length indefinite and every short OCTET STRING in
 * two parts.  `out` has room for four times as much. */

static inline unsigned char *
fixture_loosen(unsigned char *out, mdm_str_t der)
{
    size_t     half;
    mdm_ber_t  item;

    while (mdm_ber_next(&der, &item)) {

        if (item.tag == MDM_BER_OCTET_STRING && item.content.len < 0x80) {
            half = item.content.len / 2;
            *out++ = 0x24;
            *out++ = 0x80;
            *out++ = 0x04;
            *out++ = (unsigned char) half;
            memcpy(out, item.content.data, half);
            out += half;
            memcpy(out, "\x24\x80\x04", 3);
            out[3] = (unsigned char) (item.content.len - half);
            memcpy(out + 4, item.content.data + half, item.content.len - half);
            out += 4 + item.content.len - half;
            memcpy(out, "\0\0\0\0", 4);
            out += 4;

        } else if (item.tag & 0x20) {
            *out++ = item.tag;
            *out++ = 0x80;
            out = fixture_loosen(out, item.content);
            *out++ = 0;
            *out++ = 0;

        } else {
            memcpy(out, item.whole.data, item.whole.len);
            out += item.whole.len;
        }
    }

    assert_int_equal(der.len, 0);

    return out;
}


/* As the content of a CMS SignedData, or, with CMS_DETACHED, one without
 * content. */

static inline mdm_str_t
fixture_signed(mdm_arena_t *arena, mdm_str_t content, unsigned flags)
{
    int               len;
    BIO              *bio;
    X509             *ca;
    EVP_PKEY         *key;
    mdm_str_t         der;
    unsigned char    *p;
    CMS_ContentInfo  *cms;

    key = fixture_ec("P-256");
    ca = fixture_ca("CA", key);
    bio = BIO_new_mem_buf(content.data, (int) content.len);
    cms = CMS_sign(ca, key, NULL, bio, flags | CMS_BINARY);
    assert_non_null(cms);

    p = NULL;
    len = i2d_CMS_ContentInfo(cms, &p);
    assert_true(len > 0);
    der = mdm_arena_str(arena, p, len);

    OPENSSL_free(p);
    CMS_ContentInfo_free(cms);
    BIO_free(bio);
    X509_free(ca);
    EVP_PKEY_free(key);

    return der;
}


#endif /* _PKI_FIXTURE_H_INCLUDED_ */
