
/*
 * The content of a CMS SignedData, the BER rewriter below it, and who signed:
 * what the rewriter gives is definite, passes the guard again and is not
 * rewritten again.
 */


#include <openssl/err.h>

#include "fuzz.h"
#include "fuzz_der.h"
#include "pki/mdm_cms_sign.h"


static void
rewrite(mdm_arena_t *arena, mdm_str_t ber)
{
    mdm_rc_e   rc;
    mdm_str_t  der, again;

    rc = mdm_ber_definite(arena, ber, MDM_BER_MAX_DEPTH, &der, NULL);
    fuzz_expect(rc == mdm_ber_guard(ber, MDM_BER_MAX_DEPTH, NULL));
    fuzz_expect((rc == MDM_OK) == mdm_str_is_set(der));

    if (rc != MDM_OK) {
        return;
    }

    fuzz_expect(mdm_ber_guard(der, MDM_BER_MAX_DEPTH, NULL) == MDM_OK);
    fuzz_expect(mdm_ber_definite(arena, der, MDM_BER_MAX_DEPTH, &again, NULL)
                == MDM_OK);
    fuzz_expect(again.data == der.data && again.len == der.len);
}


/* All parts together are no more than the message. */

static void
parts(mdm_arena_t *arena, mdm_str_t ber)
{
    mdm_cms_t  cms;

    if (mdm_cms_read(arena, ber, &cms, NULL) != MDM_OK) {
        return;
    }

    fuzz_touch(cms.content_type);
    fuzz_touch(cms.content);
    fuzz_touch(cms.certificates);
    fuzz_touch(cms.signers);

    fuzz_expect(cms.content_type.len + cms.content.len + cms.certificates.len
                + cms.signers.len
                <= ber.len + ber.len / 256 + 512);
}


/* Why it does not hold is said, and OpenSSL's errors do not stay. */

static void
verify(mdm_arena_t *arena, mdm_str_t ber)
{
    mdm_rc_e          rc;
    mdm_fault_t       fault;
    mdm_cms_signer_t  signer;

    fault.text[0] = '\0';
    rc = mdm_cms_verify(arena, ber, INT64_C(1800000000), &signer, &fault);

    fuzz_expect((rc == MDM_OK) == (fault.text[0] == '\0'));
    fuzz_expect(strlen(signer.subject) < sizeof(signer.subject));
    fuzz_expect(ERR_peek_error() == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_rc_e           rc;
    mdm_str_t          content;
    mdm_arena_t        arena;
    mdm_fault_t        fault;

    mdm_arena_init(&arena);

    rewrite(&arena, (mdm_str_t) { size, data });

    rc = mdm_cms_content(&arena, (mdm_str_t) { size, data }, &content, &fault);
    fuzz_expect((rc == MDM_OK) == mdm_str_is_set(content));

    fuzz_touch(content);
    fuzz_expect(content.len <= size);

    parts(&arena, (mdm_str_t) { size, data });
    verify(&arena, (mdm_str_t) { size, data });

    mdm_arena_free(&arena);

    return 0;
}


size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return fuzz_der_mutate(data, size, max, seed);
}
