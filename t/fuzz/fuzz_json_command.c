
/*
 * Typed JSON of a command: the check ends, says whole sentences, and what it
 * takes can be written as a property list, which read again is as good.
 */


#include "fuzz_schema.h"
#include "message/mdm_json.h"


#define FUZZ_LIMIT  (64 * 1024 * 1024)


static void
fuzz_written(mdm_arena_t *arena, const mdm_node_t *command)
{
    mdm_rc_e         rc;
    mdm_str_t        xml;
    mdm_node_t      *again;
    mdm_check_t      check;
    mdm_findings_t   findings;

    rc = mdm_node_write(arena, command, &xml);
    fuzz_expect(rc == MDM_OK || rc == MDM_TOO_LARGE);

    if (rc != MDM_OK) {
        return;
    }

    rc = mdm_node_read(arena, xml, FUZZ_LIMIT, &again, NULL);
    fuzz_expect(rc == MDM_OK || rc == MDM_TOO_LARGE);

    if (rc != MDM_OK) {
        return;
    }

    fuzz_check_start(&check, &findings, arena);
    check.literal = true;

    fuzz_expect(mdm_schema_check_command(&check,
                    mdm_schema_command(check.schema, mdm_str("Do")), again)
                == MDM_OK);
    fuzz_check_end(&check);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool             good;
    json_t          *json;
    mdm_node_t      *command;
    mdm_arena_t      arena;
    mdm_check_t      check;
    mdm_findings_t   findings;

    if (mdm_json_read(fuzz_input(data, size), &json, NULL) != MDM_OK) {
        return 0;
    }

    mdm_arena_init(&arena);

    if (mdm_node_from_json(&arena, json, &command, NULL) == MDM_OK) {
        fuzz_check_start(&check, &findings, &arena);

        fuzz_expect(mdm_schema_check_command(&check,
                        mdm_schema_command(check.schema, mdm_str("Do")),
                        command)
                    == MDM_OK);
        fuzz_check_end(&check);

        good = findings.faults == 0;

        if (good) {
            fuzz_written(&arena, command);
        }
    }

    json_decref(json);
    mdm_arena_free(&arena);

    return 0;
}
