
/*
 * Push certificates: the input as the text that an operator hands over.
 */


#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "../../ngx_mdm_module/pki/mdm_push_certificate.h"


/* The seeds are valid then. */

#define NOW  INT64_C(1800000000)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
expect(bool ok)
{
    if (!ok || ERR_peek_error() != 0) {
        abort();
    }
}


static void
try_read(mdm_arena_t *arena, mdm_str_t pem)
{
    mdm_rc_e                rc;
    mdm_fault_t             fault;
    mdm_push_certificate_t  push;

    fault.text[0] = '\0';
    rc = mdm_push_certificate_read(arena, pem, NOW, &push, &fault);

    if (rc != MDM_OK) {
        expect(fault.text[0] != '\0');
        return;
    }

    expect(mdm_push_topic_valid(push.topic));
    expect(push.key.len > 0 && push.certificate.len > 0);
    expect(push.not_before <= NOW && push.not_after >= NOW);
    expect(strlen(push.subject) < sizeof(push.subject));
    expect(strlen(push.issuer) < sizeof(push.issuer));
    expect(strlen(push.serial) < sizeof(push.serial));
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
