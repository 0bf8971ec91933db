
/*
 * Mdm-Signature: the input as the message (put into Base64 here, so that one
 * altered byte stays one altered byte), then as the header itself.  What is
 * read is verified over the body of the seeds.
 */


#include <openssl/evp.h>

#include "fuzz.h"
#include "fuzz_der.h"
#include "pki/mdm_signature.h"


#define BODY  "<plist><dict><key>Status</key></dict></plist>"


static void
verify(const mdm_signature_t *signature)
{
    mdm_rc_e            rc;
    mdm_fault_t         fault;
    mdm_certificate_t  *certificate;

    rc = mdm_certificate_parse(signature->certificate, &certificate, &fault);
    fuzz_expect((rc == MDM_OK) == (certificate != NULL));

    if (rc != MDM_OK) {
        return;
    }

    (void) mdm_signature_verify(signature, certificate->key, mdm_str(BODY),
                                &fault);
    fuzz_expect(true);

    /* no signature is good for two bodies */

    rc = mdm_signature_verify(signature, certificate->key, mdm_str("another"),
                              NULL);
    fuzz_expect(rc != MDM_OK);

    mdm_certificate_free(certificate);
}


static void
read_header(mdm_str_t header)
{
    mdm_rc_e         rc;
    mdm_arena_t      arena;
    mdm_fault_t      fault;
    mdm_signature_t  signature;

    mdm_arena_init(&arena);

    rc = mdm_signature_read(&arena, header, &signature, &fault);
    fuzz_expect((rc == MDM_OK) == mdm_str_is_set(signature.certificate));

    if (rc == MDM_OK) {
        verify(&signature);
    }

    mdm_arena_free(&arena);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int             len;
    unsigned char  *text;

    if (size > MDM_SIGNATURE_HEADER_MAX) {
        return 0;
    }

    read_header((mdm_str_t) { size, data });

    text = malloc(size / 3 * 4 + 5);
    if (text == NULL) {
        return 0;
    }

    len = EVP_EncodeBlock(text, data, (int) size);
    read_header((mdm_str_t) { len, text });

    free(text);

    return 0;
}


size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return fuzz_der_mutate(data, size, max, seed);
}
