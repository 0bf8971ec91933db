
/*
 * Written enrolment ids: what is read, written again, is read as the same.
 */


#include <stdlib.h>

#include "message/mdm_enrollment_id.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


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
        if (device.len == 0 || device.len > MDM_ENROLLMENT_ID_MAX
            || user.data == NULL || user.len > MDM_ENROLLMENT_ID_MAX
            || mdm_str_has_control(user)
            || !mdm_utf8_valid(user.data, user.len))
        {
            abort();
        }

        written = mdm_enrollment_id_write(&arena, device, user);

        if (mdm_enrollment_id_parse(&arena, written, &again_device,
                                    &again_user, &fault)
            != MDM_OK
            || !mdm_str_eq(device, again_device)
            || !mdm_str_eq(user, again_user))
        {
            abort();
        }
    }

    mdm_arena_free(&arena);

    return 0;
}
