
/*
 * A schema with every kind of rule, and what must hold after any check by it.
 */


#ifndef _FUZZ_SCHEMA_H_INCLUDED_
#define _FUZZ_SCHEMA_H_INCLUDED_


#include "fuzz.h"
#include "schema/mdm_schema.h"


static const mdm_key_t  fuzz_kinds[] = {
    { .name = "Roaming", .type = MDM_DICTIONARY,
      MDM_KEYS({ .name = "Item", .type = MDM_STRING, .flags = MDM_NEEDED,
                 MDM_ONE_OF("Roaming") },
               { .name = "Enabled", .type = MDM_BOOLEAN,
                 .flags = MDM_NEEDED }) },
    { .name = "Paper", .type = MDM_DICTIONARY,
      MDM_KEYS({ .name = "Item", .type = MDM_STRING, .flags = MDM_NEEDED,
                 MDM_ONE_OF("Paper") },
               { .name = "Image", .type = MDM_DATA }) },
    { .type = MDM_STRING, MDM_ONE_OF("One") },
    { .type = MDM_INTEGER, .min = "0", .max = "9" },
    { 0 }
};

static const mdm_key_t  fuzz_keys[] = {
    { .name = "Flag", .type = MDM_BOOLEAN, .combine = MDM_COMBINE_OR },
    { .name = "Count", .type = MDM_INTEGER, .min = "1", .max = "10",
      .combine = MDM_COMBINE_MIN },
    { .name = "Real", .type = MDM_REAL, .min = "0.5" },
    { .name = "Word", .type = MDM_STRING, MDM_ONE_OF("a", "b"),
      MDM_ON(.ios = { .introduced = "11.3", .supervised = MDM_YES }) },
    { .name = "Digits", .type = MDM_STRING, .pattern = "^[0-9]+$" },
    { .name = "Raw", .type = MDM_STRING, .flags = MDM_LITERAL },
    { .name = "Data", .type = MDM_DATA },
    { .name = "Date", .type = MDM_DATE },
    { .name = "Any", .type = MDM_ANY },
    { .name = "Items", .type = MDM_ARRAY, .most = 5, .keys = fuzz_kinds,
      .combine = MDM_COMBINE_UNION },
    { .name = "Hidden", .type = MDM_DICTIONARY, .flags = MDM_SECRET,
      MDM_KEYS({ .name = "N", .type = MDM_INTEGER },
               { .name = "A", .type = MDM_ARRAY,
                 MDM_KEYS({ .type = MDM_STRING, .pattern = "^x$" }) }) },
    { .name = "Map", .type = MDM_DICTIONARY,
      MDM_KEYS({ .name = "*", .type = MDM_INTEGER },
               { .name = "Must", .type = MDM_STRING,
                 .flags = MDM_NEEDED }) },
    { 0 }
};

static const mdm_key_t  fuzz_command_keys[] = {
    { .name = "Payload", .type = MDM_PROFILE },
    { .name = "Token", .type = MDM_DATA, .flags = MDM_NEEDED,
      .escrow = "token" },
    { .name = "Mac", .type = MDM_STRING, .flags = MDM_NEEDED,
      MDM_ON(.ios = { .introduced = MDM_NEVER_THERE }) },
    { .name = "Keys", .type = MDM_DICTIONARY, .keys = fuzz_keys },
    { 0 }
};

#define FUZZ_ON                                                               \
    MDM_ON(.ios = { .introduced = "4.0", .access_rights = MDM_ERASE,          \
                    .user_enrollment = MDM_FORBIDDEN, .many = MDM_NO },       \
           .macos = { .introduced = "10.7", .user_channel = MDM_NO })

/* rows of a table of types */

#define COMMAND(...)                                                          \
    &(const mdm_type_t) { .kind = MDM_COMMAND, __VA_ARGS__ }

#define PAYLOAD(...)                                                          \
    &(const mdm_type_t) { .kind = MDM_PAYLOAD, __VA_ARGS__ }

static const mdm_key_t  fuzz_answer[] = {
    { .name = "List", .type = MDM_ARRAY, .list = "list",
      MDM_KEYS({ .type = MDM_STRING },
               { .type = MDM_DICTIONARY,
                 MDM_KEYS({ .name = "A", .type = MDM_STRING,
                            .flags = MDM_TELLS },
                          { .name = "B", .type = MDM_INTEGER,
                            .flags = MDM_TELLS },
                          { .name = "Any", .type = MDM_ANY },
                          { .name = "Hidden", .type = MDM_STRING,
                            .flags = MDM_SECRET }) }) },
    { .name = "InstalledApplicationList", .type = MDM_ARRAY, .list = "apps",
      MDM_KEYS({ .type = MDM_DICTIONARY,
                 MDM_KEYS({ .name = "Identifier", .type = MDM_STRING,
                            .flags = MDM_TELLS },
                          { .name = "*", .type = MDM_ANY }) }) },
    { .name = "QueryResponses", .type = MDM_DICTIONARY,
      MDM_KEYS({ .name = "*", .type = MDM_ANY, .list = "map" }) },
    { 0 }
};

static const mdm_type_t *const  fuzz_types[] = {
    COMMAND(.name = "Do", .keys = fuzz_command_keys, .answer = fuzz_answer,
      FUZZ_ON),
    PAYLOAD(.name = "com.example.one", .keys = fuzz_keys,
      .flags = MDM_EXCLUSIVE, FUZZ_ON),
    PAYLOAD(.name = "com.example.v", .variant = "a",
      .told_by = MDM_TEXTS("Flag"), .keys = fuzz_keys, FUZZ_ON),
    PAYLOAD(.name = "com.example.v", .variant = "b",
      .told_by = MDM_TEXTS("Word=b"), FUZZ_ON),
    NULL
};

static const mdm_plugin_t  fuzz_plugin = {
    MDM_PLUGIN, .name = "fuzz", .version = "1", .types = fuzz_types
};


static inline mdm_schema_t *
fuzz_schema(void)
{
    static mdm_schema_t  *schema;

    if (schema == NULL) {
        schema = mdm_schema_create();
        fuzz_expect(schema != NULL);
        fuzz_expect(mdm_schema_add(schema, &fuzz_plugin, "", NULL, NULL)
                    == MDM_OK);
    }

    return schema;
}


static inline void
fuzz_check_start(mdm_check_t *check, mdm_findings_t *findings,
    mdm_arena_t *arena)
{
    memset(check, 0, sizeof(mdm_check_t));
    memset(findings, 0, sizeof(mdm_findings_t));

    findings->arena = arena;
    check->schema = fuzz_schema();
    check->arena = arena;
    check->findings = findings;
}


/* Whole sentences and bounded quotations, in well-formed text. */

static inline void
fuzz_findings(const mdm_findings_t *findings)
{
    size_t                n;
    const mdm_finding_t  *finding;

    n = 0;

    for (finding = findings->first; finding; finding = finding->next) {
        fuzz_expect(finding->rule.len > 0);
        fuzz_expect(finding->found.len <= 100);
        fuzz_expect(finding->code != NULL);
        fuzz_expect(mdm_utf8_valid(finding->rule.data, finding->rule.len));
        fuzz_expect(mdm_utf8_valid(finding->path.data, finding->path.len));
        fuzz_expect(mdm_utf8_valid(finding->found.data, finding->found.len));
        n++;
    }

    fuzz_expect(n <= 2 * MDM_FINDINGS_MAX);
    fuzz_expect(n <= findings->faults + findings->warnings);
    fuzz_expect(!findings->no_memory);
}


static inline void
fuzz_check_end(const mdm_check_t *check)
{
    size_t          i, kept;
    unsigned        platform;
    mdm_facts_t     facts;
    mdm_findings_t  said;

    fuzz_expect(check->demands != NULL);
    fuzz_expect(check->values.n <= MDM_VALUES_MAX_NAMES);
    fuzz_expect(check->nwants >= check->values.n);

    for (i = 0; i < check->nwants; i++) {
        fuzz_expect(check->wants[i].len > 0);
        fuzz_touch(check->wants[i]);
    }

    fuzz_findings(check->findings);

    for (platform = 0; platform <= MDM_WATCHOS; platform++) {
        memset(&said, 0, sizeof(mdm_findings_t));
        said.arena = check->arena;

        memset(&facts, 0, sizeof(mdm_facts_t));
        facts.platform = platform;
        facts.access_rights = -1;

        mdm_schema_gate(check->demands, &facts, true, &said);
        fuzz_findings(&said);
        kept = said.faults;

        /* who knows more is told no more of what is not known */

        memset(&said, 0, sizeof(mdm_findings_t));
        said.arena = check->arena;

        mdm_schema_gate(check->demands, &facts, false, &said);
        fuzz_expect(said.faults <= kept);
    }
}


#endif /* _FUZZ_SCHEMA_H_INCLUDED_ */
