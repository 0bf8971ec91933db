
/*
 * Signing certificates: pairs whose certificate may sign.  Nothing is signed
 * here but what proves the key.
 */


#include <string.h>

#include <openssl/x509v3.h>

#include "mdm_openssl.h"
#include "mdm_signing_certificate.h"


static mdm_rc_e mdm_signing_fill(mdm_key_pair_t *pair, mdm_str_t leaf,
    const mdm_certificate_t *certificate, int64_t now,
    mdm_signing_certificate_t *signing);
static mdm_rc_e mdm_signing_usage(const mdm_certificate_t *certificate,
    mdm_fault_t *fault);
static mdm_rc_e mdm_signing_chain(mdm_key_pair_t *pair, mdm_str_t leaf,
    mdm_str_t *certificates);


mdm_rc_e
mdm_signing_certificate_read(mdm_arena_t *arena, mdm_str_t pem, int64_t now,
    mdm_signing_certificate_t *signing, mdm_fault_t *fault)
{
    mdm_rc_e            rc;
    mdm_str_t           leaf;
    mdm_key_pair_t      pair;
    mdm_certificate_t  *certificate;

    memset(signing, 0, sizeof(mdm_signing_certificate_t));
    memset(&pair, 0, sizeof(mdm_key_pair_t));
    pair.arena = arena;
    pair.fault = fault;
    certificate = NULL;

    (void) mdm_openssl_clear();

    rc = mdm_key_pair_read(&pair, pem);

    if (rc == MDM_OK) {
        rc = mdm_key_pair_match(&pair, &leaf);
    }

    if (rc == MDM_OK) {
        rc = mdm_certificate_parse(leaf, &certificate, fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_signing_fill(&pair, leaf, certificate, now, signing);
    }

    mdm_certificate_free(certificate);
    mdm_key_pair_free(&pair);

    if (mdm_openssl_clear() && rc != MDM_OK) {
        rc = mdm_fault(fault, MDM_NO_MEMORY, "no memory for a certificate");
    }

    return rc;
}


static mdm_rc_e
mdm_signing_fill(mdm_key_pair_t *pair, mdm_str_t leaf,
    const mdm_certificate_t *certificate, int64_t now,
    mdm_signing_certificate_t *signing)
{
    mdm_rc_e  rc;

    rc = mdm_signing_usage(certificate, pair->fault);

    if (rc == MDM_OK) {
        rc = mdm_key_pair_judge(pair, certificate, now, "send a newer one");
    }

    if (rc == MDM_OK) {
        rc = mdm_signing_chain(pair, leaf, &signing->certificates);
    }

    if (rc != MDM_OK) {
        return rc;
    }

    if (!mdm_certificate_name(X509_get_issuer_name(certificate->x509),
                              signing->issuer, sizeof(signing->issuer)))
    {
        return mdm_fault(pair->fault, MDM_NO_MEMORY,
                         "no memory for a certificate");
    }

    memcpy(signing->subject, certificate->subject, sizeof(signing->subject));
    memcpy(signing->serial, certificate->serial, sizeof(signing->serial));
    memcpy(signing->sha256, certificate->sha256, MDM_SHA256_SIZE);
    signing->not_before = certificate->not_before;
    signing->not_after = certificate->not_after;

    return mdm_key_pair_key_der(pair, &signing->key);
}


/* What a TLS server's certificate may sign depends on who looks, and devices
 * take it; what may not sign at all is no use. */

static mdm_rc_e
mdm_signing_usage(const mdm_certificate_t *certificate, mdm_fault_t *fault)
{
    if (X509_get_key_usage(certificate->x509)
        & (KU_DIGITAL_SIGNATURE|KU_NON_REPUDIATION))
    {
        return MDM_OK;
    }

    return mdm_fault(fault, MDM_UNSUPPORTED, "the certificate is not fit for "
                     "signing: its key usage lacks digitalSignature");
}


/* The same one twice is one. */

static mdm_rc_e
mdm_signing_chain(mdm_key_pair_t *pair, mdm_str_t leaf,
    mdm_str_t *certificates)
{
    size_t          size;
    unsigned        i, k;
    mdm_str_t       der;
    unsigned char  *p;

    for (size = leaf.len, i = 0; i < pair->n; i++) {
        size += pair->certificates[i].len;
    }

    p = mdm_arena_alloc(pair->arena, size);
    if (p == NULL) {
        return mdm_fault(pair->fault, MDM_NO_MEMORY,
                         "no memory for a certificate");
    }

    certificates->data = p;
    memcpy(p, leaf.data, leaf.len);
    p += leaf.len;

    for (i = 0; i < pair->n; i++) {
        der = pair->certificates[i];

        for (k = 0; k < i; k++) {
            if (mdm_str_eq(pair->certificates[k], der)) {
                break;
            }
        }

        if (k == i && !mdm_str_eq(der, leaf)) {
            memcpy(p, der.data, der.len);
            p += der.len;
        }
    }

    certificates->len = (size_t) (p - certificates->data);

    return MDM_OK;
}
