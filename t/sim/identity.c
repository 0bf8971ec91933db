/*
 * What a device proves itself with: keys from a shared pool, a certificate
 * for each device from the given CA, and the Mdm-Signature of a body.
 */

#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>


#define SIM_DAY        86400
#define SIM_PAST_LIFE  30                /* days an expired one was valid */


static int sim_identity_issuer(sim_t *sim);
static EVP_PKEY *sim_identity_key(sim_t *sim, unsigned index);
static X509 *sim_identity_certificate(sim_t *sim, const char *name,
    EVP_PKEY *key);
static int sim_identity_name(X509 *cert, const char *name);
static int sim_identity_life(sim_t *sim, X509 *cert);
static int sim_identity_extensions(sim_t *sim, X509 *cert);


int
sim_identity_init(sim_t *sim)
{
    sim_options_t  *o;

    o = &sim->options;

    if (o->identity_ca == NULL) {
        return SIM_OK;
    }

    if (sim_identity_issuer(sim) != SIM_OK) {
        sim_error("the identity CA cannot be used: %s and %s",
                  o->identity_ca, o->identity_key);
        return SIM_ERROR;
    }

    sim->nkeys = o->key_pool;
    sim->keys = sim_alloc((sim->nkeys + 1) * sizeof(EVP_PKEY *));

    return SIM_OK;
}


static int
sim_identity_issuer(sim_t *sim)
{
    FILE  *file;

    file = fopen(sim->options.identity_ca, "re");

    if (file) {
        sim->issuer = PEM_read_X509(file, NULL, NULL, NULL);
        fclose(file);
    }

    file = fopen(sim->options.identity_key, "re");

    if (file) {
        sim->issuer_key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        fclose(file);
    }

    if (sim->issuer == NULL || sim->issuer_key == NULL
        || X509_check_private_key(sim->issuer, sim->issuer_key) != 1)
    {
        ERR_clear_error();
        return SIM_ERROR;
    }

    return SIM_OK;
}


void
sim_identity_free(sim_t *sim)
{
    unsigned  i;

    for (i = 0; i < sim->nkeys; i++) {
        EVP_PKEY_free(sim->keys[i]);
    }

    free(sim->keys);
    X509_free(sim->shared);
    EVP_PKEY_free(sim->shared_key);
    X509_free(sim->issuer);
    EVP_PKEY_free(sim->issuer_key);
}


int
sim_identity_issue(sim_device_t *d)
{
    sim_t  *sim;

    sim = d->sim;

    if (sim->issuer == NULL) {
        return SIM_OK;
    }

    X509_free(d->cert);
    EVP_PKEY_free(d->key);
    d->cert = NULL;
    d->key = NULL;

    if (sim->options.one_certificate && sim->shared) {
        X509_up_ref(sim->shared);
        EVP_PKEY_up_ref(sim->shared_key);
        d->cert = sim->shared;
        d->key = sim->shared_key;
        return SIM_OK;
    }

    d->key = sim_identity_key(sim, d->index);
    d->cert = d->key ? sim_identity_certificate(sim, d->id, d->key) : NULL;

    if (d->cert == NULL) {
        sim_error("no certificate could be issued for %s", d->id);
        return SIM_ERROR;
    }

    if (sim->options.one_certificate) {
        X509_up_ref(d->cert);
        EVP_PKEY_up_ref(d->key);
        sim->shared = d->cert;
        sim->shared_key = d->key;
    }

    return SIM_OK;
}


/* a key of the pool, made when it is first wanted; a fresh one without it */

static EVP_PKEY *
sim_identity_key(sim_t *sim, unsigned index)
{
    EVP_PKEY  **place, *fresh;

    fresh = NULL;
    place = sim->nkeys ? &sim->keys[index % sim->nkeys] : &fresh;

    if (*place == NULL) {
        *place = sim->options.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    }

    if (*place && sim->nkeys) {
        EVP_PKEY_up_ref(*place);
    }

    return *place;
}


static X509 *
sim_identity_certificate(sim_t *sim, const char *name, EVP_PKEY *key)
{
    X509     *cert;
    uint8_t   serial[16];
    BIGNUM   *number;

    cert = X509_new();

    if (cert == NULL || RAND_bytes(serial, sizeof(serial)) != 1) {
        X509_free(cert);
        return NULL;
    }

    serial[0] &= 0x7f;
    number = BN_bin2bn(serial, sizeof(serial), NULL);

    if (number == NULL
        || BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) == NULL
        || X509_set_version(cert, X509_VERSION_3) != 1
        || X509_set_pubkey(cert, key) != 1
        || X509_set_issuer_name(cert, X509_get_subject_name(sim->issuer)) != 1
        || sim_identity_name(cert, name) != SIM_OK
        || sim_identity_life(sim, cert) != SIM_OK
        || sim_identity_extensions(sim, cert) != SIM_OK
        || X509_sign(cert, sim->issuer_key, EVP_sha256()) == 0)
    {
        X509_free(cert);
        cert = NULL;
    }

    BN_free(number);

    return cert;
}


static int
sim_identity_name(X509 *cert, const char *name)
{
    X509_NAME  *subject;

    subject = X509_get_subject_name(cert);

    /* a common name holds 64 characters at most */

    if (X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
                                   (const uint8_t *) "Device Simulator",
                                   -1, -1, 0) != 1
        || X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                      (const uint8_t *) name,
                                      (int) strnlen(name, 64), -1, 0) != 1)
    {
        return SIM_ERROR;
    }

    return SIM_OK;
}


static int
sim_identity_life(sim_t *sim, X509 *cert)
{
    long  from, to;

    from = -3600;
    to = (long) sim->options.cert_days * SIM_DAY;

    if (to <= 0) {
        from = to - SIM_PAST_LIFE * SIM_DAY;
    }

    if (X509_gmtime_adj(X509_getm_notBefore(cert), from) == NULL
        || X509_gmtime_adj(X509_getm_notAfter(cert), to) == NULL)
    {
        return SIM_ERROR;
    }

    return SIM_OK;
}


static int
sim_identity_extensions(sim_t *sim, X509 *cert)
{
    int              i, rc;
    X509V3_CTX       ctx;
    X509_EXTENSION  *ext;

    struct {
        int          nid;
        const char  *value;
    } wanted[] = {
        { NID_basic_constraints, "critical,CA:FALSE" },
        { NID_key_usage, "critical,digitalSignature" },
        { NID_subject_key_identifier, "hash" },
        { NID_authority_key_identifier, "keyid" },
        { NID_ext_key_usage, "clientAuth" }
    };

    if (sim->options.rsa) {
        wanted[1].value = "critical,digitalSignature,keyEncipherment";
    }

    if (!sim->options.client_auth) {
        wanted[4].value = "emailProtection";
    }

    X509V3_set_ctx(&ctx, sim->issuer, cert, NULL, NULL, 0);

    for (i = 0; i < 5; i++) {
        ext = X509V3_EXT_conf_nid(NULL, &ctx, wanted[i].nid, wanted[i].value);

        if (ext == NULL) {
            /* a CA without a key identifier gives none to its children */
            ERR_clear_error();

            if (wanted[i].nid == NID_authority_key_identifier) {
                continue;
            }

            return SIM_ERROR;
        }

        rc = X509_add_ext(cert, ext, -1);
        X509_EXTENSION_free(ext);

        if (rc != 1) {
            return SIM_ERROR;
        }
    }

    return SIM_OK;
}


/* base64 of a detached SignedData over the body; NULL when it fails */

char *
sim_identity_sign(sim_device_t *d, const char *body, size_t len)
{
    int               size;
    BIO              *bio;
    char             *text;
    uint8_t          *der;
    CMS_ContentInfo  *cms;

    text = NULL;
    der = NULL;
    bio = BIO_new_mem_buf(body, (int) len);

    cms = bio ? CMS_sign(d->cert, d->key, NULL, bio,
                         CMS_DETACHED|CMS_BINARY|CMS_NOSMIMECAP)
              : NULL;

    size = cms ? i2d_CMS_ContentInfo(cms, &der) : 0;

    if (size > 0) {
        text = sim_alloc((size_t) (size + 2) / 3 * 4 + 1);
        EVP_EncodeBlock((uint8_t *) text, der, size);
    }

    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    BIO_free(bio);
    ERR_clear_error();

    return text;
}
