
/*
 * Push certificates: pairs whose certificate names a topic.
 */


#include <string.h>

#include <openssl/objects.h>
#include <openssl/x509.h>

#include "mdm_key_pair.h"
#include "mdm_openssl.h"
#include "mdm_push_certificate.h"


#define MDM_PUSH_TOPIC_PREFIX      "com.apple.mgmt."


static mdm_rc_e mdm_push_leaf(mdm_key_pair_t *pair, mdm_str_t *certificate);
static mdm_rc_e mdm_push_fill(mdm_key_pair_t *pair,
    const mdm_certificate_t *certificate, int64_t now,
    mdm_push_certificate_t *push);
static mdm_rc_e mdm_push_topic(mdm_key_pair_t *pair, X509 *x509,
    mdm_str_t *topic);


mdm_rc_e
mdm_push_certificate_read(mdm_arena_t *arena, mdm_str_t pem, int64_t now,
    mdm_push_certificate_t *push, mdm_fault_t *fault)
{
    mdm_rc_e            rc;
    mdm_key_pair_t      pair;
    mdm_certificate_t  *certificate;

    memset(push, 0, sizeof(mdm_push_certificate_t));
    memset(&pair, 0, sizeof(mdm_key_pair_t));
    pair.arena = arena;
    pair.fault = fault;
    pair.keyless = true;
    certificate = NULL;

    (void) mdm_openssl_clear();

    rc = mdm_key_pair_read(&pair, pem);

    if (rc == MDM_OK) {
        rc = pair.key ? mdm_key_pair_match(&pair, &push->certificate)
                      : mdm_push_leaf(&pair, &push->certificate);
    }

    if (rc == MDM_OK) {
        rc = mdm_certificate_parse(push->certificate, &certificate, fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_push_fill(&pair, certificate, now, push);
    }

    mdm_certificate_free(certificate);
    mdm_key_pair_free(&pair);

    if (mdm_openssl_clear() && rc != MDM_OK) {
        rc = mdm_fault(fault, MDM_NO_MEMORY, "no memory for a certificate");
    }

    return rc;
}


mdm_rc_e
mdm_push_certificate_key(const mdm_push_certificate_t *push, mdm_str_t key,
    mdm_fault_t *fault)
{
    mdm_rc_e            rc;
    mdm_key_pair_t      pair;
    mdm_certificate_t  *certificate;

    memset(&pair, 0, sizeof(mdm_key_pair_t));
    pair.fault = fault;
    certificate = NULL;

    (void) mdm_openssl_clear();

    rc = mdm_certificate_parse(push->certificate, &certificate, fault);

    if (rc == MDM_OK) {
        pair.key = mdm_key_pair_decode(key);

        if (pair.key == NULL
            || EVP_PKEY_eq(certificate->key, pair.key) != 1)
        {
            rc = mdm_fault(fault, MDM_UNTRUSTED, "the private key that is "
                           "kept does not belong to the certificate");
        }
    }

    if (rc == MDM_OK) {
        rc = mdm_key_pair_prove(&pair, certificate);
    }

    mdm_certificate_free(certificate);
    mdm_key_pair_free(&pair);

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


/* Of certificates without a key.  When none names a topic, the first one shall
 * say why. */

static mdm_rc_e
mdm_push_leaf(mdm_key_pair_t *pair, mdm_str_t *certificate)
{
    unsigned      i;
    mdm_str_t     topic;
    mdm_fault_t  *fault;

    fault = pair->fault;
    *certificate = mdm_null_str;

    for (i = 0; i < pair->n; i++) {
        pair->fault = NULL;

        if (mdm_push_topic(pair, pair->x509[i], &topic) == MDM_OK) {
            pair->fault = fault;

            if (mdm_str_is_set(*certificate)
                && !mdm_str_eq(*certificate, pair->certificates[i]))
            {
                return mdm_fault(fault, MDM_MALFORMED, "there are two push "
                                 "certificates: send the newer one alone");
            }

            *certificate = pair->certificates[i];
        }
    }

    pair->fault = fault;

    if (!mdm_str_is_set(*certificate)) {
        *certificate = pair->certificates[0];
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_push_fill(mdm_key_pair_t *pair, const mdm_certificate_t *certificate,
    int64_t now, mdm_push_certificate_t *push)
{
    mdm_rc_e  rc;

    rc = mdm_push_topic(pair, certificate->x509, &push->topic);

    if (rc == MDM_OK) {
        rc = mdm_key_pair_judge(pair, certificate, now,
                                "renew it at identity.apple.com/pushcert");
    }

    if (rc != MDM_OK) {
        return rc;
    }

    if (!mdm_certificate_name(X509_get_issuer_name(certificate->x509),
                              push->issuer, sizeof(push->issuer))
        || !mdm_key_pair_sha256(X509_get_X509_PUBKEY(certificate->x509),
                                push->public_key))
    {
        return mdm_fault(pair->fault, MDM_NO_MEMORY,
                         "no memory for a certificate");
    }

    memcpy(push->subject, certificate->subject, sizeof(push->subject));
    memcpy(push->serial, certificate->serial, sizeof(push->serial));
    memcpy(push->sha256, certificate->sha256, MDM_SHA256_SIZE);
    push->not_before = certificate->not_before;
    push->not_after = certificate->not_after;

    return pair->key ? mdm_key_pair_key_der(pair, &push->key) : MDM_OK;
}


/* The subject's first UID that is a topic. */

static mdm_rc_e
mdm_push_topic(mdm_key_pair_t *pair, X509 *x509, mdm_str_t *topic)
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
            *topic = mdm_arena_str(pair->arena, p, (size_t) len);
            OPENSSL_free(p);

            return mdm_str_is_set(*topic) ? MDM_OK
                   : mdm_fault(pair->fault, MDM_NO_MEMORY,
                               "no memory for a certificate");
        }

        OPENSSL_free(p);
    }

    if (n == 0) {
        return mdm_fault(pair->fault, MDM_UNSUPPORTED, "the certificate is "
                         "no push certificate: there is no UID in its "
                         "subject");
    }

    return mdm_fault(pair->fault, MDM_UNSUPPORTED, "the certificate is no "
                     "push certificate of MDM: the UID in its subject does "
                     "not begin with " MDM_PUSH_TOPIC_PREFIX);
}
