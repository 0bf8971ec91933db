
/*
 * Written enrolment ids: what is read, written again, is read as the same.
 */


#include "fuzz.h"
#include "message/mdm_enrollment_id.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_str_t    device, user, again_device, again_user, written;
    mdm_arena_t  arena;
    mdm_fault_t  fault;

    mdm_arena_init(&arena);

    if (mdm_enrollment_id_parse(&arena, (mdm_str_t) { size, data }, &device,
                                &user, &fault)
        == MDM_OK)
    {
        fuzz_expect(device.len > 0 && device.len <= MDM_ENROLLMENT_ID_MAX);
        fuzz_expect(user.data != NULL && user.len <= MDM_ENROLLMENT_ID_MAX);
        fuzz_expect(!mdm_str_has_control(device));
        fuzz_expect(!mdm_str_has_control(user));
        fuzz_expect(mdm_utf8_valid(device.data, device.len));
        fuzz_expect(mdm_utf8_valid(user.data, user.len));

        written = mdm_enrollment_id_write(&arena, device, user);

        fuzz_expect(mdm_enrollment_id_parse(&arena, written, &again_device,
                                            &again_user, &fault)
                    == MDM_OK);
        fuzz_expect(mdm_str_eq(device, again_device));
        fuzz_expect(mdm_str_eq(user, again_user));

        /* a list of ids is cut at commas, a path at slashes */

        fuzz_expect(!memchr(written.data, ',', written.len));
        fuzz_expect(!memchr(written.data, '/', written.len));
    }

    mdm_arena_free(&arena);

    return 0;
}
