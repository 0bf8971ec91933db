
/*
 * What schema/ does, for the test of lacking memory, which has the functions
 * that are used here: a descriptor taken and told, contents checked, judged,
 * hidden and combined, a report's effects.
 */


#ifndef _SCHEMA_ATTEMPTS_H_INCLUDED_
#define _SCHEMA_ATTEMPTS_H_INCLUDED_


#include "../fuzz/fuzz_schema.h"
#include "message/mdm_json_text.h"
#include "schema/mdm_effects.h"


static bool
attempt_result(mdm_call_t *call, const mdm_result_t *result)
{
    const mdm_host_t  *h = call->host;
    mdm_node_t        *dict;
    mdm_text_t         secret = { 3, "abc" };

    dict = h->new_dictionary(call);

    return dict
           && h->set(call, dict, "N", h->new_integer(call, 1))
           && h->set_attribute(call, "Name", h->get(dict, "N"))
           && h->keep_secret(call, "token", secret)
           && h->keep_item(call, "items", secret, dict)
           && h->queue_command(call, "Next", dict)
           && h->emit_event(call, "seen", h->copy(call, dict));
}


static bool
attempt_validate(mdm_call_t *call, const mdm_node_t *value)
{
    call->host->warn(call, "Key", "looks odd");

    return true;
}


static const mdm_key_t  attempt_answer[] = {
    { .name = "Status", .type = MDM_STRING, .attribute = "Status" },
    { .name = "Token", .type = MDM_DATA, .escrow = "token" },
    { .name = "List", .type = MDM_ARRAY, .list = "list",
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ .name = "A", .type = MDM_DATA, .flags = MDM_TELLS },
                          { .name = "B", .type = MDM_INTEGER,
                            .flags = MDM_TELLS }) }) },
    { 0 }
};

static const mdm_type_t *const  attempt_types[] = {
    COMMAND(.name = "Result", .answer = attempt_answer,
      .result = attempt_result, FUZZ_ON),
    COMMAND(.name = "Validate", .validate = attempt_validate,
      FUZZ_ON),
    NULL
};

static const mdm_plugin_t  attempt_plugin = {
    MDM_PLUGIN, .name = "attempt", .version = "1", .types = attempt_types
};


static mdm_schema_t  *attempt_schema;


static void
say_findings(const mdm_findings_t *findings)
{
    const mdm_finding_t  *finding;

    say_number(findings->faults);
    say_number(findings->warnings);

    for (finding = findings->first; finding; finding = finding->next) {
        say(finding->path);
        say(finding->rule);
        say(finding->found);
    }
}


static void
attempt_start(mdm_check_t *check, mdm_findings_t *findings,
    mdm_arena_t *arena)
{
    memset(check, 0, sizeof(mdm_check_t));
    memset(findings, 0, sizeof(mdm_findings_t));

    findings->arena = arena;
    check->schema = attempt_schema;
    check->arena = arena;
    check->findings = findings;
}


static mdm_rc_e
attempt_end(mdm_rc_e rc, mdm_check_t *check)
{
    size_t       i;
    mdm_facts_t  facts = { .platform = MDM_IOS, .access_rights = 0 };

    if (rc != MDM_OK) {
        return rc;
    }

    mdm_schema_gate(check->demands, &facts, true, check->findings);

    for (i = 0; i < check->nwants; i++) {
        say(check->wants[i]);
    }

    say_findings(check->findings);

    return check->findings->no_memory ? MDM_NO_MEMORY : MDM_OK;
}


static mdm_rc_e
descriptor(mdm_arena_t *arena, mdm_str_t seed)
{
    json_t         *json;
    mdm_rc_e        rc;
    mdm_str_t       text;
    mdm_schema_t   *made;

    made = mdm_schema_create();
    if (made == NULL) {
        return MDM_NO_MEMORY;
    }

    rc = mdm_schema_add(made, &fuzz_plugin, "fuzz.so", NULL, NULL);

    if (rc == MDM_OK) {
        json = mdm_str_eq_c(seed, "common")
               ? mdm_schema_describe_common(made)
               : mdm_schema_describe(made, mdm_schema_find(made, MDM_PAYLOAD,
                                                           seed));
        text = json ? mdm_json_text(arena, json) : mdm_null_str;
        rc = mdm_str_is_set(text) ? MDM_OK : MDM_NO_MEMORY;

        say(text);
        json_decref(json);
    }

    mdm_schema_destroy(made);

    return rc;
}


static mdm_rc_e
checked_profile(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e              rc;
    mdm_str_t             xml;
    mdm_node_t           *profile;
    mdm_check_t           check;
    mdm_findings_t        findings;
    mdm_profile_facts_t   facts;

    rc = mdm_node_read(arena, seed, SEED_MAX, &profile, NULL);
    if (rc != MDM_OK) {
        return rc;
    }

    attempt_start(&check, &findings, arena);

    rc = attempt_end(mdm_schema_check_profile(&check, profile, true, &facts),
                     &check);

    if (rc == MDM_OK) {
        mdm_schema_hide(attempt_schema, arena, profile);
        rc = mdm_node_write(arena, profile, &xml);
        say(xml);
    }

    return rc;
}


static mdm_rc_e
checked_command(mdm_arena_t *arena, mdm_str_t seed)
{
    json_t          *json;
    mdm_rc_e         rc;
    mdm_str_t        xml;
    mdm_node_t      *node;
    mdm_check_t      check;
    mdm_findings_t   findings;

    rc = read_json(seed, &json);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_node_from_json(arena, json, &node, NULL);
    json_decref(json);

    if (rc != MDM_OK) {
        return rc;
    }

    attempt_start(&check, &findings, arena);

    rc = mdm_schema_check_command(&check,
             mdm_schema_command(attempt_schema, mdm_str("Validate")), node);

    if (rc == MDM_OK) {
        rc = mdm_schema_check_command(&check,
                 mdm_schema_command(attempt_schema, mdm_str("Do")), node);
    }

    rc = attempt_end(rc, &check);

    if (rc == MDM_OK) {
        rc = mdm_node_write(arena, node, &xml);
        say(xml);
    }

    return rc;
}


/* A handler that has no memory may only say that it failed. */

static mdm_rc_e
handled(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e                  rc;
    mdm_node_t               *report, *status, *array, *app, *data, *number;
    mdm_effects_t             effects;
    const mdm_effect_t       *effect;
    const mdm_effect_item_t  *item;
    const mdm_effect_list_t  *list;

    report = mdm_node_new(arena, MDM_DICTIONARY);
    status = mdm_node_text(arena, MDM_STRING, seed);
    array = mdm_node_new(arena, MDM_ARRAY);
    app = mdm_node_new(arena, MDM_DICTIONARY);
    data = mdm_node_text(arena, MDM_DATA, seed);
    number = mdm_node_new(arena, MDM_INTEGER);

    if (report == NULL || status == NULL || array == NULL || app == NULL
        || data == NULL || number == NULL
        || mdm_node_set(arena, app, "A", data) != MDM_OK
        || mdm_node_set(arena, app, "B", number) != MDM_OK
        || mdm_node_append(array, app) != MDM_OK
        || mdm_node_set(arena, report, "Status", status) != MDM_OK
        || mdm_node_set(arena, report, "List", array) != MDM_OK)
    {
        return MDM_NO_MEMORY;
    }

    rc = mdm_schema_result(mdm_schema_command(attempt_schema,
                                              mdm_str("Result")),
                           arena, report, &effects, NULL);

    if (rc != MDM_OK) {
        assert_int_equal(effects.n, 0);
        return rc;
    }

    for (effect = effects.first; effect; effect = effect->next) {
        say_number(effect->what);
        say(effect->name);
    }

    for (list = effects.lists; list; list = list->next) {
        say(list->name);

        for (item = list->first; item; item = item->next) {
            say(item->key);
        }
    }

    return rc;
}


static mdm_rc_e
combined(mdm_arena_t *arena, mdm_str_t seed)
{
    json_t              *json;
    mdm_rc_e             rc;
    mdm_str_t            xml;
    mdm_node_t          *node, *merged;
    mdm_findings_t       findings;
    const mdm_node_t    *both[2];

    rc = read_json(seed, &json);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_node_from_json(arena, json, &node, NULL);
    json_decref(json);

    if (rc != MDM_OK) {
        return rc;
    }

    memset(&findings, 0, sizeof(mdm_findings_t));
    findings.arena = arena;
    both[0] = node;
    both[1] = node;

    rc = mdm_schema_merge(mdm_schema_find(attempt_schema, MDM_PAYLOAD,
                                          mdm_str("com.example.one")),
                          arena, both, 2, &merged, &findings);

    if (rc == MDM_OK) {
        rc = mdm_node_write(arena, merged, &xml);
        say(xml);
    }

    return rc;
}


#endif /* _SCHEMA_ATTEMPTS_H_INCLUDED_ */
