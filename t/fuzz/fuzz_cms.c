
/*
 * The content of a CMS SignedData, and the BER rewriter below it: what it
 * gives is definite, passes the guard again and is not rewritten again.
 */


#include <stdlib.h>

#include <openssl/err.h>

#include "../../ngx_mdm_module/pki/mdm_cms.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
expect(bool ok)
{
    if (!ok || ERR_peek_error() != 0) {
        abort();
    }
}


/* Each byte of what was found is there to be read. */

static unsigned
sum(mdm_str_t s)
{
    size_t    i;
    unsigned  n;

    for (i = 0, n = 0; i < s.len; i++) {
        n += s.data[i];
    }

    return n;
}


static void
rewrite(mdm_arena_t *arena, mdm_str_t ber)
{
    mdm_rc_e   rc;
    mdm_str_t  der, again;

    rc = mdm_ber_definite(arena, ber, MDM_BER_MAX_DEPTH, &der, NULL);
    expect(rc == mdm_ber_guard(ber, MDM_BER_MAX_DEPTH, NULL));
    expect((rc == MDM_OK) == mdm_str_is_set(der));

    if (rc != MDM_OK) {
        return;
    }

    expect(mdm_ber_guard(der, MDM_BER_MAX_DEPTH, NULL) == MDM_OK);
    expect(mdm_ber_definite(arena, der, MDM_BER_MAX_DEPTH, &again, NULL)
           == MDM_OK);
    expect(again.data == der.data && again.len == der.len);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_rc_e           rc;
    mdm_str_t          content;
    mdm_arena_t        arena;
    mdm_fault_t        fault;
    volatile unsigned  seen;

    mdm_arena_init(&arena);

    rewrite(&arena, (mdm_str_t) { size, data });

    rc = mdm_cms_content(&arena, (mdm_str_t) { size, data }, &content, &fault);
    expect((rc == MDM_OK) == mdm_str_is_set(content));

    seen = sum(content);
    (void) seen;

    mdm_arena_free(&arena);

    return 0;
}
