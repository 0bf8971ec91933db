
/*
 * Commands: reading an envelope, and making one, which must then be readable
 * and is not made again; and the same command in the other form of a list.
 */


#include "fuzz_der.h"
#include "fuzz_list.h"
#include "message/mdm_command.h"
#include "../unit/command_types.h"


static const mdm_schema_t  *schema;


static void
fuzz_read(mdm_arena_t *arena, mdm_str_t body, const mdm_command_t *command)
{
    mdm_rc_e       rc;
    mdm_str_t      other;
    mdm_command_t  again;

    fuzz_expect(command->command_uuid.len > 0
                && command->command_uuid.len <= MDM_COMMAND_UUID_MAX);
    fuzz_expect(command->request_type.len > 0
                && command->request_type.len <= MDM_COMMAND_TYPE_MAX);
    fuzz_expect(command->subject.len <= MDM_COMMAND_SUBJECT_MAX);
    fuzz_expect(!mdm_str_has_control(command->command_uuid));
    fuzz_expect(!mdm_str_has_control(command->subject));

    other = fuzz_list_other(arena, body, MDM_COMMAND_LIMIT);
    rc = mdm_command_read(arena, other, schema, &again, NULL);

    fuzz_expect(rc == MDM_OK || rc == MDM_TOO_LARGE);

    if (rc == MDM_OK) {
        fuzz_expect(mdm_str_eq(command->command_uuid, again.command_uuid));
        fuzz_expect(mdm_str_eq(command->request_type, again.request_type));
        fuzz_expect(mdm_str_eq(command->subject, again.subject));
        fuzz_expect(command->type == again.type);
        fuzz_expect(command->renewal == again.renewal);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_rc_e       rc;
    mdm_str_t      body, made, again;
    mdm_arena_t    arena;
    mdm_fault_t    fault;
    mdm_command_t  command;

    if (schema == NULL) {
        schema = command_types_schema();
    }

    body = fuzz_input(data, size);
    fault.text[0] = '\0';

    mdm_arena_init(&arena);

    rc = mdm_command_read(&arena, body, schema, &command, &fault);

    fuzz_expect(command.type != NULL);
    fuzz_expect((rc == MDM_OK) == (fault.text[0] == '\0'));

    if (rc == MDM_OK) {
        fuzz_read(&arena, body, &command);
    }

    if (mdm_command_envelope(&arena, body, schema, mdm_str("fuzz & <co>"),
                             &made, NULL)
        == MDM_OK)
    {
        fuzz_expect(mdm_command_read(&arena, made, schema, &command, NULL)
                    == MDM_OK);
        fuzz_expect(rc != MDM_OK || made.data == body.data);
        fuzz_expect(rc == MDM_OK
                    || mdm_str_eq_c(command.command_uuid, "fuzz & <co>"));

        fuzz_expect(mdm_command_envelope(&arena, made, schema, mdm_str("x"),
                                         &again, NULL)
                    == MDM_OK);
        fuzz_expect(again.data == made.data && again.len == made.len);

    } else {
        fuzz_expect(rc != MDM_OK);
    }

    mdm_arena_free(&arena);

    return 0;
}


/* A signed profile is CMS. */

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    if (size > 0 && data[0] == 0x30) {
        return fuzz_der_mutate(data, size, max, seed);
    }

    return fuzz_list_mutate(data, size, max, seed);
}
