
/*
 * Profiles, plain and signed, as they are and as the value of a command: the
 * check ends and says whole sentences, a second one says the same, bytes stay
 * as they came, and nothing secret is left when secrets are hidden.
 */


#include "fuzz_der.h"
#include "fuzz_list.h"
#include "fuzz_schema.h"


#define FUZZ_LIMIT  (16 * 1024 * 1024)


/* Whatever stands below Hidden in a payload that is described. */

static void
fuzz_hidden(const mdm_node_t *profile)
{
    const mdm_node_t  *contents, *payload, *type, *hidden;

    contents = mdm_node_get(profile, "PayloadContent");

    if (contents == NULL || contents->type != MDM_ARRAY) {
        return;
    }

    for (payload = contents->u.list.first; payload; payload = payload->next) {
        type = mdm_node_get(payload, "PayloadType");
        hidden = mdm_node_get(payload, "Hidden");

        if (hidden && type && type->type == MDM_STRING
            && mdm_str_eq_c(type->u.text, "com.example.one"))
        {
            fuzz_expect(hidden->type == MDM_DICTIONARY && hidden->count == 1);
            fuzz_expect(mdm_node_get(hidden, "$secret") != NULL);
        }
    }
}


static void
fuzz_alone(mdm_arena_t *arena, mdm_str_t body)
{
    size_t                faults, warnings;
    mdm_str_t             xml;
    mdm_node_t           *profile;
    mdm_check_t           check;
    mdm_findings_t        findings;
    mdm_profile_facts_t   facts;

    if (mdm_node_read(arena, body, FUZZ_LIMIT, &profile, NULL) != MDM_OK) {
        return;
    }

    fuzz_check_start(&check, &findings, arena);
    fuzz_expect(mdm_schema_check_profile(&check, profile, false, &facts)
                == MDM_OK);
    fuzz_check_end(&check);

    faults = findings.faults;
    warnings = findings.warnings;

    fuzz_check_start(&check, &findings, arena);
    fuzz_expect(mdm_schema_check_profile(&check, profile, false, &facts)
                == MDM_OK);

    /* a number of another kind was put right by the first, with a warning */

    fuzz_expect(findings.faults == faults && findings.warnings <= warnings);

    /* completed, nothing is missing that can be completed */

    fuzz_check_start(&check, &findings, arena);
    fuzz_expect(mdm_schema_check_profile(&check, profile, true, &facts)
                == MDM_OK);
    fuzz_check_end(&check);
    fuzz_expect(mdm_node_get(profile, "PayloadUUID") != NULL);
    fuzz_expect(mdm_node_get(profile, "PayloadIdentifier") != NULL);

    mdm_schema_hide(check.schema, arena, profile);
    fuzz_hidden(profile);

    /* a binary list may hold text that XML cannot */

    if (mdm_node_write(arena, profile, &xml) == MDM_OK) {
        fuzz_touch(xml);
    }
}


static void
fuzz_as_value(mdm_arena_t *arena, mdm_str_t body)
{
    mdm_node_t       *command, *value;
    mdm_check_t       check;
    mdm_findings_t    findings;

    command = mdm_node_new(arena, MDM_DICTIONARY);
    value = mdm_node_text(arena, MDM_DATA, body);
    fuzz_expect(command != NULL && value != NULL);
    fuzz_expect(mdm_node_set(arena, command, "Payload", value) == MDM_OK);

    fuzz_check_start(&check, &findings, arena);
    check.literal = true;

    fuzz_expect(mdm_schema_check_command(&check,
                    mdm_schema_command(check.schema, mdm_str("Do")), command)
                == MDM_OK);
    fuzz_check_end(&check);

    fuzz_expect(value->type == MDM_DATA);
    fuzz_expect(mdm_str_eq(value->u.text, body));

    fuzz_check_start(&check, &findings, arena);
    fuzz_expect(mdm_schema_check_command(&check,
                    mdm_schema_command(check.schema, mdm_str("Do")), command)
                == MDM_OK);
    fuzz_check_end(&check);

    /* a signed one has no values, and is never written anew */

    if (body.len && body.data[0] == 0x30) {
        fuzz_expect(mdm_str_eq(value->u.text, body));
        fuzz_expect(check.values.n == 0);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_str_t    body;
    mdm_arena_t  arena;

    body = fuzz_input(data, size);

    mdm_arena_init(&arena);

    fuzz_alone(&arena, body);
    fuzz_as_value(&arena, body);

    mdm_arena_free(&arena);

    return 0;
}


size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    if (size > 0 && data[0] == 0x30) {
        return fuzz_der_mutate(data, size, max, seed);
    }

    return fuzz_list_mutate(data, size, max, seed);
}
