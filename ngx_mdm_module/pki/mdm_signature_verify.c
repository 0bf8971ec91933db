
/*
 * The Mdm-Signature header: verifying.  A signature must never be taken for
 * good here that has not been verified over the exact body.
 */


#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "mdm_openssl.h"
#include "mdm_signature.h"


static const EVP_MD *mdm_signature_md(int nid);
static mdm_rc_e mdm_signature_digest(const mdm_signature_t *signature,
    const EVP_MD *md, mdm_str_t body, mdm_fault_t *fault);
static mdm_rc_e mdm_signature_check(const mdm_signature_t *signature,
    const EVP_MD *md, EVP_PKEY *key, mdm_str_t covered, mdm_fault_t *fault);


/*
 * What verifies without attributes could be the attributes of another message
 * of the same signer (RFC 5652 does not tell them apart).  A body of that
 * form is DER, never a property list, and is refused by who decodes it.
 */

mdm_rc_e
mdm_signature_verify(const mdm_signature_t *signature, EVP_PKEY *key,
    mdm_str_t body, mdm_fault_t *fault)
{
    mdm_rc_e       rc;
    mdm_str_t      covered;
    const EVP_MD  *md;

    md = mdm_signature_md(signature->digest_nid);

    if (md == NULL) {
        return mdm_fault(fault, MDM_UNSUPPORTED,
                         "signature has no digest algorithm that is taken");
    }

    if (EVP_PKEY_get_base_id(key) != signature->key_nid) {
        return mdm_fault(fault, MDM_UNTRUSTED, "signature algorithm and key "
                         "of the signer are of different kinds");
    }

    (void) mdm_openssl_clear();

    covered = mdm_str_is_set(body) ? body : mdm_str("");
    rc = MDM_OK;

    if (mdm_str_is_set(signature->signed_attrs_der)) {
        rc = mdm_signature_digest(signature, md, covered, fault);
        covered = signature->signed_attrs_der;
    }

    if (rc == MDM_OK) {
        rc = mdm_signature_check(signature, md, key, covered, fault);
    }

    if (mdm_openssl_clear() && rc != MDM_OK) {
        rc = mdm_fault(fault, MDM_NO_MEMORY, "no memory for a signature");
    }

    return rc;
}


static const EVP_MD *
mdm_signature_md(int nid)
{
    switch (nid) {

    case NID_sha256:
        return EVP_sha256();

    case NID_sha384:
        return EVP_sha384();

    case NID_sha512:
        return EVP_sha512();

    default:
        return NULL;
    }
}


static mdm_rc_e
mdm_signature_digest(const mdm_signature_t *signature, const EVP_MD *md,
    mdm_str_t body, mdm_fault_t *fault)
{
    unsigned       len;
    unsigned char  digest[EVP_MAX_MD_SIZE];

    if (EVP_Digest(body.data, body.len, digest, &len, md, NULL) != 1) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a digest");
    }

    if (signature->message_digest.len != len
        || CRYPTO_memcmp(signature->message_digest.data, digest, len) != 0)
    {
        return mdm_fault(fault, MDM_UNTRUSTED,
                         "signature is over another body");
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_signature_check(const mdm_signature_t *signature, const EVP_MD *md,
    EVP_PKEY *key, mdm_str_t covered, mdm_fault_t *fault)
{
    int          rc;
    EVP_MD_CTX  *ctx;

    ctx = EVP_MD_CTX_new();

    if (ctx == NULL || EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) != 1) {
        EVP_MD_CTX_free(ctx);
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a signature");
    }

    rc = EVP_DigestVerify(ctx, signature->signature.data,
                          signature->signature.len, covered.data,
                          covered.len);

    EVP_MD_CTX_free(ctx);

    if (rc != 1) {
        return mdm_fault(fault, MDM_UNTRUSTED,
                         "signature does not hold under the signer's key");
    }

    return MDM_OK;
}
