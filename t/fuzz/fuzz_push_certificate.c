
/*
 * Push certificates: the input as the text that an operator hands over.
 */


#include "fuzz.h"
#include "fuzz_der.h"
#include "pki/mdm_push_certificate.h"


/* The seeds are valid then. */

#define NOW  INT64_C(1800000000)


/* What was taken, handed over again, is the same; at another time it is not
 * taken. */

static void
again(mdm_arena_t *arena, const mdm_push_certificate_t *push)
{
    size_t                  len;
    mdm_str_t               pem;
    mdm_push_certificate_t  read;

    static uint8_t          text[FUZZ_DER_MAX * 4];

    len = (size_t) sprintf((char *) text, "-----BEGIN CERTIFICATE-----\n");
    len += fuzz_pem_encode(push->certificate.data, push->certificate.len,
                           text + len);
    len += (size_t) sprintf((char *) text + len,
                            "-----END CERTIFICATE-----\n");

    if (push->key.len > 0) {
        fuzz_expect(mdm_push_certificate_key(push, push->key, NULL)
                    == MDM_OK);

        len += (size_t) sprintf((char *) text + len,
                                "-----BEGIN PRIVATE KEY-----\n");
        len += fuzz_pem_encode(push->key.data, push->key.len, text + len);
        len += (size_t) sprintf((char *) text + len,
                                "-----END PRIVATE KEY-----\n");
    }

    pem = (mdm_str_t) { len, text };

    fuzz_expect(mdm_push_certificate_read(arena, pem, NOW, &read, NULL)
                == MDM_OK);
    fuzz_expect(mdm_str_eq(push->topic, read.topic));
    fuzz_expect(mdm_str_eq(push->key, read.key));
    fuzz_expect(memcmp(push->sha256, read.sha256, MDM_SHA256_SIZE) == 0);

    fuzz_expect(mdm_push_certificate_read(arena, pem, push->not_after + 1,
                                          &read, NULL)
                == MDM_UNTRUSTED);
    fuzz_expect(mdm_push_certificate_read(arena, pem, push->not_before - 1,
                                          &read, NULL)
                == MDM_UNTRUSTED);
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
        fuzz_expect(fault.text[0] != '\0');
        return;
    }

    fuzz_expect(mdm_push_topic_valid(push.topic));
    fuzz_expect(push.certificate.len > 0);
    fuzz_expect(push.not_before <= NOW && push.not_after >= NOW);
    fuzz_expect(strlen(push.subject) < sizeof(push.subject));
    fuzz_expect(strlen(push.issuer) < sizeof(push.issuer));
    fuzz_expect(strlen(push.serial) < sizeof(push.serial));

    again(arena, &push);
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
