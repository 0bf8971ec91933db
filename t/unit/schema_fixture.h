
/*
 * A small schema for the tests of schema/: one plugin with what the rules need,
 * typed JSON as contents, and findings as lines of text.
 */


#ifndef _SCHEMA_FIXTURE_H_INCLUDED_
#define _SCHEMA_FIXTURE_H_INCLUDED_


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/mdm_effects.h"
#include "schema/mdm_schema.h"


/* rows of a table of types */

#define COMMAND(...)                                                          \
    &(const mdm_type_t) { .kind = MDM_COMMAND, __VA_ARGS__ }

#define PAYLOAD(...)                                                          \
    &(const mdm_type_t) { .kind = MDM_PAYLOAD, __VA_ARGS__ }

#define EVERYWHERE                                                            \
    MDM_ON(.ios = { .introduced = "4.0" }, .macos = { .introduced = "10.7" }, \
           .tvos = { .introduced = "9.0" },                                   \
           .visionos = { .introduced = "1.1" },                               \
           .watchos = { .introduced = "10.0" })


typedef struct {
    mdm_arena_t        arena;
    mdm_schema_t      *schema;
    mdm_findings_t     findings;
    mdm_check_t        check;
    char               lines[65536];
} fixture_t;


static inline mdm_str_t
str(const char *text)
{
    return (mdm_str_t) { strlen(text), (const unsigned char *) text };
}


static inline void
fixture_start(fixture_t *f, const mdm_type_t *const *types)
{
    mdm_fault_t   fault;
    mdm_plugin_t  plugin = {
        MDM_PLUGIN, .name = "test", .version = "1", .types = types
    };

    memset(f, 0, sizeof(fixture_t));
    mdm_arena_init(&f->arena);

    f->schema = mdm_schema_create();
    assert_non_null(f->schema);

    if (mdm_schema_add(f->schema, &plugin, "test.so", NULL, &fault)
        != MDM_OK)
    {
        fail_msg("%s", fault.text);
    }

    f->findings.arena = &f->arena;
    f->check.schema = f->schema;
    f->check.arena = &f->arena;
    f->check.findings = &f->findings;
}


static inline void
fixture_end(fixture_t *f)
{
    mdm_schema_destroy(f->schema);
    mdm_arena_free(&f->arena);
}


static inline void
fixture_forget(fixture_t *f)
{
    memset(&f->findings, 0, sizeof(mdm_findings_t));
    f->findings.arena = &f->arena;
}


/* 'like' quotes are JSON's */

static inline mdm_node_t *
fixture_json(fixture_t *f, const char *text)
{
    char         *copy, *p;
    json_t       *json;
    mdm_node_t   *node;
    mdm_fault_t   fault;

    copy = strdup(text);
    assert_non_null(copy);

    for (p = copy; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }

    json = json_loads(copy, 0, NULL);
    free(copy);

    if (json == NULL) {
        fail_msg("no JSON: %s", text);
    }

    if (mdm_node_from_json(&f->arena, json, &node, &fault) != MDM_OK) {
        fail_msg("%s", fault.text);
    }

    json_decref(json);

    return node;
}


/* "! path: rule [found] (code)"; warnings begin with a question mark. */

static inline const char *
fixture_lines(fixture_t *f)
{
    size_t                len;
    const mdm_finding_t  *finding;

    len = 0;
    f->lines[0] = '\0';

    for (finding = f->findings.first; finding; finding = finding->next) {
        len += snprintf(f->lines + len, sizeof(f->lines) - len,
                        "%s%.*s: %.*s%s%.*s%s (%s)\n",
                        finding->warning ? "?" : "!",
                        (int) finding->path.len, finding->path.data,
                        (int) finding->rule.len, finding->rule.data,
                        mdm_str_is_set(finding->found) ? " [" : "",
                        (int) finding->found.len, finding->found.data,
                        mdm_str_is_set(finding->found) ? "]" : "",
                        finding->code);

        assert_true(len < sizeof(f->lines));
    }

    return f->lines;
}


/* Checks a command and wants exactly these lines. */

static inline mdm_node_t *
fixture_command(fixture_t *f, const char *type, const char *json,
    const char *lines)
{
    mdm_node_t  *node;

    fixture_forget(f);
    node = fixture_json(f, json);

    assert_int_equal(mdm_schema_check_command(&f->check,
                                              mdm_schema_command(f->schema,
                                                                 str(type)),
                                              node),
                     MDM_OK);
    assert_string_equal(fixture_lines(f), lines);

    return node;
}


static inline mdm_node_t *
fixture_profile(fixture_t *f, const char *json, bool complete,
    const char *lines)
{
    mdm_node_t           *node;
    mdm_profile_facts_t   facts;

    fixture_forget(f);
    node = fixture_json(f, json);

    assert_int_equal(mdm_schema_check_profile(&f->check, node, complete,
                                              &facts),
                     MDM_OK);
    assert_string_equal(fixture_lines(f), lines);

    return node;
}


#endif /* _SCHEMA_FIXTURE_H_INCLUDED_ */
