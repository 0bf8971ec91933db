
/*
 * Push certificates of many topics, of one key: much faster than to call
 * openssl for each.
 *
 *     certificates CA_CERTIFICATE CA_KEY NUMBER TOPIC_PREFIX
 *
 * The key and the certificates go to the standard output, in PEM.
 */


#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>


static X509 *
certificate(X509 *ca, EVP_PKEY *ca_key, EVP_PKEY *key, const char *prefix,
    long n)
{
    char             topic[256];
    X509            *x509;
    X509_NAME       *name;
    X509_EXTENSION  *usage;

    (void) snprintf(topic, sizeof(topic), "%s%ld", prefix, n);

    x509 = X509_new();
    name = X509_get_subject_name(x509);
    usage = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, "clientAuth");

    if (X509_set_version(x509, 2) != 1
        || ASN1_INTEGER_set(X509_get_serialNumber(x509), 1000000 + n) != 1
        || X509_NAME_add_entry_by_NID(name, NID_userId, MBSTRING_ASC,
                                      (unsigned char *) topic, -1, -1, 0)
           != 1
        || X509_set_issuer_name(x509, X509_get_subject_name(ca)) != 1
        || X509_gmtime_adj(X509_getm_notBefore(x509), -3600) == NULL
        || X509_gmtime_adj(X509_getm_notAfter(x509), 300 * 86400) == NULL
        || X509_set_pubkey(x509, key) != 1
        || X509_add_ext(x509, usage, -1) != 1
        || X509_sign(x509, ca_key, EVP_sha256()) == 0)
    {
        return NULL;
    }

    X509_EXTENSION_free(usage);

    return x509;
}


int
main(int argc, char **argv)
{
    long       n;
    FILE      *in;
    X509      *ca, *x509;
    EVP_PKEY  *ca_key, *key;

    if (argc != 5 || (in = fopen(argv[1], "r")) == NULL) {
        return 1;
    }

    ca = PEM_read_X509(in, NULL, NULL, NULL);
    fclose(in);

    if ((in = fopen(argv[2], "r")) == NULL) {
        return 1;
    }

    ca_key = PEM_read_PrivateKey(in, NULL, NULL, NULL);
    fclose(in);

    key = EVP_RSA_gen(2048);

    if (ca == NULL || ca_key == NULL || key == NULL
        || PEM_write_PKCS8PrivateKey(stdout, key, NULL, NULL, 0, NULL, NULL)
           != 1)
    {
        return 1;
    }

    for (n = 1; n <= atol(argv[3]); n++) {
        x509 = certificate(ca, ca_key, key, argv[4], n);

        if (x509 == NULL || PEM_write_X509(stdout, x509) != 1) {
            return 1;
        }

        X509_free(x509);
    }

    return 0;
}
