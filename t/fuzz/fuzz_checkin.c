
/*
 * Check-ins: whatever is decoded keeps what the header promises.
 */


#include <stdlib.h>

#include "message/mdm_message.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_str_t      written, device, user;
    mdm_arena_t    arena;
    mdm_fault_t    fault;
    mdm_message_t  m;

    mdm_arena_init(&arena);

    if (mdm_checkin_decode(&arena, (mdm_str_t) { size, data }, &m, &fault)
        == MDM_OK)
    {
        if (m.id.device_id.len == 0
            || m.id.device_id.len > MDM_ENROLLMENT_ID_MAX
            || m.id.user_id.data == NULL
            || (m.id.user_id.len > 0) != mdm_channel_is_user(m.id.channel)
            || (m.type == MDM_TOKEN_UPDATE
                && (m.token.len == 0 || m.push_magic.len == 0))
            || mdm_message_type_name(m.type) == NULL)
        {
            abort();
        }

        written = mdm_enrollment_id_write(&arena, m.id.device_id,
                                          m.id.user_id);

        if (mdm_enrollment_id_parse(&arena, written, &device, &user, NULL)
            != MDM_OK
            || !mdm_str_eq(device, m.id.device_id)
            || !mdm_str_eq(user, m.id.user_id))
        {
            abort();
        }
    }

    mdm_arena_free(&arena);

    return 0;
}
