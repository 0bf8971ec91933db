
/*
 * Signing what goes to devices, and looking who signed what came.  A key is
 * held no longer than a call, and nothing is signed that the caller did not
 * hand over whole.
 */


#include <string.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/x509v3.h>

#include "mdm_cms_sign.h"
#include "mdm_key_pair.h"
#include "mdm_openssl.h"


typedef struct {
    X509                 *x509;           /* the signer's */
    STACK_OF(X509)       *others;
    EVP_PKEY             *key;
    CMS_ContentInfo      *cms;
} mdm_cms_signing_t;


static mdm_rc_e mdm_cms_signing_read(mdm_cms_signing_t *signing,
    mdm_str_t certificates, mdm_str_t key, mdm_fault_t *fault);
static mdm_rc_e mdm_cms_signing_make(mdm_cms_signing_t *signing,
    mdm_arena_t *arena, mdm_str_t content, mdm_str_t *cms,
    mdm_fault_t *fault);
static void mdm_cms_free(CMS_ContentInfo *info);
static mdm_rc_e mdm_cms_encode(mdm_arena_t *arena, CMS_ContentInfo *info,
    mdm_str_t *cms, mdm_fault_t *fault);

static size_t mdm_cms_count(mdm_str_t elements);
static mdm_rc_e mdm_cms_verify_all(CMS_ContentInfo *info, int64_t now,
    mdm_cms_signer_t *signer, mdm_fault_t *fault);
static bool mdm_cms_holds(CMS_ContentInfo *info);
static mdm_rc_e mdm_cms_signer_fill(X509 *x509, int64_t now,
    mdm_cms_signer_t *signer, mdm_fault_t *fault);


mdm_rc_e
mdm_cms_sign(mdm_arena_t *arena, mdm_str_t certificates, mdm_str_t key,
    mdm_str_t content, mdm_str_t *cms, mdm_fault_t *fault)
{
    mdm_rc_e           rc;
    mdm_cms_signing_t  signing;

    memset(&signing, 0, sizeof(mdm_cms_signing_t));
    *cms = mdm_null_str;

    (void) mdm_openssl_clear();

    rc = mdm_cms_signing_read(&signing, certificates, key, fault);

    if (rc == MDM_OK) {
        rc = mdm_cms_signing_make(&signing, arena, content, cms, fault);
    }

    mdm_cms_free(signing.cms);
    sk_X509_pop_free(signing.others, X509_free);
    X509_free(signing.x509);
    EVP_PKEY_free(signing.key);

    if (mdm_openssl_clear() && rc != MDM_OK) {
        rc = mdm_fault(fault, MDM_NO_MEMORY, "no memory for a signature");
    }

    return rc;
}


static mdm_rc_e
mdm_cms_signing_read(mdm_cms_signing_t *signing, mdm_str_t certificates,
    mdm_str_t key, mdm_fault_t *fault)
{
    X509                 *x509;
    const unsigned char  *p, *last;

    signing->key = mdm_key_pair_decode(key);
    signing->others = sk_X509_new_null();

    if (signing->key == NULL || signing->others == NULL) {
        return mdm_fault(fault, MDM_MALFORMED, "the signing key cannot be "
                         "read");
    }

    p = certificates.data;
    last = p + certificates.len;

    while (p < last) {
        x509 = d2i_X509(NULL, &p, (long) (last - p));

        if (x509 == NULL) {
            return mdm_fault(fault, MDM_MALFORMED, "a signing certificate "
                             "cannot be read");
        }

        if (signing->x509 == NULL) {
            signing->x509 = x509;
            continue;
        }

        if (sk_X509_push(signing->others, x509) == 0) {
            X509_free(x509);
            return mdm_fault(fault, MDM_NO_MEMORY,
                             "no memory for a signature");
        }
    }

    if (signing->x509 == NULL) {
        return mdm_fault(fault, MDM_MALFORMED, "there is no signing "
                         "certificate");
    }

    return MDM_OK;
}


/* CMS_final() would leave copies of the contents in its buffers. */

static mdm_rc_e
mdm_cms_signing_make(mdm_cms_signing_t *signing, mdm_arena_t *arena,
    mdm_str_t content, mdm_str_t *cms, mdm_fault_t *fault)
{
    BIO  *bio;
    bool  made;

    signing->cms = CMS_sign(NULL, NULL, signing->others, NULL,
                            CMS_PARTIAL|CMS_BINARY);

    bio = signing->cms != NULL
          && CMS_add1_signer(signing->cms, signing->x509, signing->key,
                             EVP_sha256(), CMS_BINARY|CMS_NOSMIMECAP)
             != NULL
          ? CMS_dataInit(signing->cms, NULL) : NULL;

    made = bio != NULL
           && BIO_write(bio, content.data, (int) content.len)
              == (int) content.len
           && BIO_flush(bio) == 1
           && CMS_dataFinal(signing->cms, bio) == 1;

    BIO_free_all(bio);

    if (!made) {
        return mdm_fault(fault, MDM_UNTRUSTED, "the signing certificate does "
                         "not sign");
    }

    return mdm_cms_encode(arena, signing->cms, cms, fault);
}


static mdm_rc_e
mdm_cms_encode(mdm_arena_t *arena, CMS_ContentInfo *info, mdm_str_t *cms,
    mdm_fault_t *fault)
{
    int             len;
    unsigned char  *p;

    p = NULL;
    len = i2d_CMS_ContentInfo(info, &p);

    if (len > 0) {
        *cms = mdm_arena_str(arena, p, (size_t) len);
        OPENSSL_clear_free(p, (size_t) len);
    }

    return mdm_str_is_set(*cms) ? MDM_OK
           : mdm_fault(fault, MDM_NO_MEMORY, "no memory for a signature");
}


/* There may be secrets in the contents, of which it has a copy. */

static void
mdm_cms_free(CMS_ContentInfo *info)
{
    ASN1_OCTET_STRING  **content;

    content = info ? CMS_get0_content(info) : NULL;

    if (content != NULL && *content != NULL) {
        OPENSSL_cleanse((unsigned char *) ASN1_STRING_get0_data(*content),
                        (size_t) ASN1_STRING_length(*content));
    }

    CMS_ContentInfo_free(info);
}


mdm_rc_e
mdm_cms_verify(mdm_arena_t *arena, mdm_str_t cms, int64_t now,
    mdm_cms_signer_t *signer, mdm_fault_t *fault)
{
    mdm_rc_e              rc;
    mdm_str_t             der;
    mdm_cms_t             parts;
    CMS_ContentInfo      *info;
    const unsigned char  *p;

    memset(signer, 0, sizeof(mdm_cms_signer_t));

    rc = mdm_ber_definite(arena, cms, MDM_BER_MAX_DEPTH, &der, fault);

    if (rc == MDM_OK) {
        rc = mdm_cms_read(arena, der, &parts, fault);
    }

    if (rc != MDM_OK) {
        return rc;
    }

    if (parts.signers.len == 0) {
        return mdm_fault(fault, MDM_UNTRUSTED, "nobody has signed it");
    }

    if (mdm_cms_count(parts.signers) > MDM_CMS_MAX_SIGNERS
        || mdm_cms_count(parts.certificates) > MDM_CMS_MAX_CERTIFICATES)
    {
        return mdm_fault(fault, MDM_UNSUPPORTED, "it has more than %d "
                         "signers or %d certificates", MDM_CMS_MAX_SIGNERS,
                         MDM_CMS_MAX_CERTIFICATES);
    }

    (void) mdm_openssl_clear();

    p = der.data;
    info = d2i_CMS_ContentInfo(NULL, &p, (long) der.len);

    rc = info != NULL
         ? mdm_cms_verify_all(info, now, signer, fault)
         : mdm_fault(fault, MDM_MALFORMED, "its signature cannot be read");

    mdm_cms_free(info);

    if (mdm_openssl_clear() && rc != MDM_OK) {
        rc = mdm_fault(fault, MDM_NO_MEMORY, "no memory for a signature");
    }

    return rc;
}


static size_t
mdm_cms_count(mdm_str_t elements)
{
    size_t     n;
    mdm_ber_t  item;

    for (n = 0; mdm_ber_next(&elements, &item); n++) {
        /* void */
    }

    return n;
}


static mdm_rc_e
mdm_cms_verify_all(CMS_ContentInfo *info, int64_t now,
    mdm_cms_signer_t *signer, mdm_fault_t *fault)
{
    int              n;
    mdm_rc_e         rc;
    STACK_OF(X509)  *signers;

    n = sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(info));

    signers = CMS_set1_signers_certs(info, NULL, 0) == n
              ? CMS_get0_signers(info) : NULL;

    if (sk_X509_num(signers) < 1) {
        sk_X509_free(signers);
        return mdm_fault(fault, MDM_UNTRUSTED, "the certificate of who signed "
                         "it is not in it");
    }

    rc = mdm_cms_signer_fill(sk_X509_value(signers, 0), now, signer, fault);
    sk_X509_free(signers);

    if (rc == MDM_OK && !mdm_cms_holds(info)) {
        rc = mdm_fault(fault, MDM_UNTRUSTED, "its signature does not verify: "
                       "it was altered after it was signed");
    }

    return rc;
}


/* CMS_verify() would leave the contents in its buffer. */

static bool
mdm_cms_holds(CMS_ContentInfo *info)
{
    int                         i;
    BIO                        *bio;
    bool                        holds;
    CMS_SignerInfo             *one;
    unsigned char               buf[4096];
    STACK_OF(CMS_SignerInfo)   *all;

    bio = CMS_dataInit(info, NULL);
    if (bio == NULL) {
        return false;
    }

    /* its digests are made as it is read */

    while (BIO_read(bio, buf, sizeof(buf)) > 0) {
        /* void */
    }

    OPENSSL_cleanse(buf, sizeof(buf));

    all = CMS_get0_SignerInfos(info);
    holds = true;

    for (i = 0; holds && i < sk_CMS_SignerInfo_num(all); i++) {
        one = sk_CMS_SignerInfo_value(all, i);

        holds = (CMS_signed_get_attr_count(one) < 0
                 || CMS_SignerInfo_verify(one) == 1)
                && CMS_SignerInfo_verify_content(one, bio) == 1;
    }

    BIO_free_all(bio);

    return holds;
}


static mdm_rc_e
mdm_cms_signer_fill(X509 *x509, int64_t now, mdm_cms_signer_t *signer,
    mdm_fault_t *fault)
{
    time_t  at;

    if (!mdm_certificate_name(X509_get_subject_name(x509), signer->subject,
                              sizeof(signer->subject)))
    {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a certificate");
    }

    at = (time_t) now;

    signer->self_signed = X509_NAME_cmp(X509_get_subject_name(x509),
                                        X509_get_issuer_name(x509))
                          == 0;
    signer->expired = X509_cmp_time(X509_get0_notAfter(x509), &at) < 0
                      || X509_cmp_time(X509_get0_notBefore(x509), &at) > 0;

    return MDM_OK;
}
