
/*
 * Vendors of push certificates: the input as the texts that a caller hands
 * over, certificates and key in one.
 */


#include <openssl/x509v3.h>

#include "fuzz.h"
#include "fuzz_der.h"
#include "pki/mdm_push_vendor.h"


/* The seeds are valid then. */

#define NOW  INT64_C(1800000000)


/* From the one of the key up to a root, each signed by the next. */

static void
look(const mdm_push_vendor_t *vendor)
{
    X509                 *x509, *above;
    unsigned              i;
    const unsigned char  *p;

    for (i = vendor->n, above = NULL; i-- > 0; above = x509) {
        p = vendor->chain[i].data;
        x509 = d2i_X509(NULL, &p, (long) vendor->chain[i].len);
        fuzz_expect(x509 != NULL);

        fuzz_expect(above == NULL
                    ? X509_check_issued(x509, x509) == X509_V_OK
                    : X509_verify(x509, X509_get0_pubkey(above)) == 1);

        X509_free(above);
    }

    fuzz_expect(EVP_PKEY_eq(X509_get0_pubkey(above), vendor->pair.key) == 1);
    X509_free(above);
    ERR_clear_error();
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_rc_e           rc;
    mdm_str_t          pem, text;
    mdm_arena_t        arena;
    mdm_fault_t        fault;
    mdm_push_vendor_t  vendor;

    mdm_arena_init(&arena);
    fault.text[0] = '\0';
    pem = size ? (mdm_str_t) { size, data } : mdm_str("");

    rc = mdm_push_vendor_read(&arena, pem, mdm_str(""), NOW, &vendor, &fault);
    fuzz_expect(ERR_peek_error() == 0);

    if (rc == MDM_OK) {
        look(&vendor);

        fuzz_expect(mdm_push_vendor_sign(&vendor, mdm_str("a request"), &text)
                    == MDM_OK);
        fuzz_expect(strlen((const char *) text.data) == text.len);

    } else {
        fuzz_expect(fault.text[0] != '\0');
    }

    mdm_push_vendor_free(&vendor);
    mdm_arena_free(&arena);

    return 0;
}


size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return fuzz_pem_mutate(data, size, max, seed);
}
