
/*
 * Commands: reading an envelope, and making one, which must then be readable.
 */


#include <stdlib.h>

#include "message/mdm_command.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_rc_e       rc;
    mdm_str_t      body, made;
    mdm_arena_t    arena;
    mdm_fault_t    fault;
    mdm_command_t  command;

    body = (mdm_str_t) { size, data };

    mdm_arena_init(&arena);

    rc = mdm_command_read(&arena, body, &command, &fault);

    if (command.type == NULL
        || (rc == MDM_OK && (command.command_uuid.len == 0
                             || command.request_type.len == 0
                             || command.subject.len
                                > MDM_COMMAND_SUBJECT_MAX)))
    {
        abort();
    }

    if (mdm_command_envelope(&arena, body, mdm_str("fuzz"), &made, &fault)
        == MDM_OK)
    {
        if (mdm_command_read(&arena, made, &command, &fault) != MDM_OK
            || (rc == MDM_OK && made.data != data))
        {
            abort();
        }

    } else if (rc == MDM_OK) {
        abort();
    }

    mdm_arena_free(&arena);

    return 0;
}
