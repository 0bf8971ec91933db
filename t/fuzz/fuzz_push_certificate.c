
/*
 * Push certificates: the input as the text that an operator hands over.
 */


#include "fuzz.h"
#include "fuzz_der.h"
#include "pki/mdm_push_certificate.h"


/* The seeds are valid then. */

#define NOW  INT64_C(1800000000)


static void
try_read(mdm_arena_t *arena, mdm_str_t pem)
{
    mdm_rc_e                rc;
    mdm_fault_t             fault;
    mdm_push_certificate_t  push;

    fault.text[0] = '\0';
    rc = mdm_push_certificate_read(arena, pem, NOW, &push, &fault);

    if (rc != MDM_OK) {
        fuzz_expect(fault.text[0] != '\0');
        return;
    }

    fuzz_expect(mdm_push_topic_valid(push.topic));
    fuzz_expect(push.key.len > 0 && push.certificate.len > 0);
    fuzz_expect(push.not_before <= NOW && push.not_after >= NOW);
    fuzz_expect(strlen(push.subject) < sizeof(push.subject));
    fuzz_expect(strlen(push.issuer) < sizeof(push.issuer));
    fuzz_expect(strlen(push.serial) < sizeof(push.serial));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_arena_t  arena;

    mdm_arena_init(&arena);

    try_read(&arena, size ? (mdm_str_t) { size, data } : mdm_str(""));
    (void) mdm_push_topic_valid((mdm_str_t) { size, data });

    mdm_arena_free(&arena);

    return 0;
}


size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return fuzz_pem_mutate(data, size, max, seed);
}
