
/*
 * One test vector: what a type makes of typed JSON, whom it is for, what it
 * does with a report, and how it combines.  docs/plugins.md has the format.
 */


#include "mdm_effects.h"
#include "mdm_plugin_test.h"


#define MDM_VECTOR_LIMIT  (16 * 1024 * 1024)


static bool mdm_vector_members(mdm_vector_t *vector);
static bool mdm_vector_type(mdm_vector_t *vector,
    const mdm_plugin_file_t *file);
static void mdm_vector_run(mdm_vector_t *vector);
static void mdm_vector_check(mdm_vector_t *vector);
static mdm_node_t *mdm_vector_node(mdm_vector_t *vector, const char *what,
    json_t *json);
static bool mdm_vector_contents(mdm_vector_t *vector, mdm_check_t *check,
    mdm_node_t *node);
static json_t *mdm_vector_wrap(mdm_vector_t *vector, mdm_node_t *node);
static void mdm_vector_plist(mdm_vector_t *vector, const mdm_node_t *node);
static void mdm_vector_gate(mdm_vector_t *vector, const mdm_check_t *check);
static bool mdm_vector_device(mdm_vector_t *vector, mdm_facts_t *facts);
static uint8_t mdm_vector_answer(json_t *device, const char *name);
static void mdm_vector_report(mdm_vector_t *vector);
static json_t *mdm_vector_effects(const mdm_effects_t *effects);
static void mdm_vector_lists(const mdm_effects_t *effects, json_t *rows);
static void mdm_vector_merge(mdm_vector_t *vector);
static json_t *mdm_vector_findings(const mdm_findings_t *findings,
    bool warnings);
static void mdm_vector_compare(mdm_vector_t *vector, const char *name,
    json_t *found);


/* What a payload has around its own keys, when a vector leaves it out; its
 * PayloadType is the type's name. */

static const char  mdm_vector_around[] =
    "{\"PayloadVersion\": 1, \"PayloadIdentifier\": \"com.example.test\","
    " \"PayloadUUID\": \"00000000-0000-4000-8000-000000000000\"}";


void
mdm_plugin_vector(const mdm_schema_t *schema, const mdm_plugin_file_t *file,
    const char *path, char **what, char **wrong)
{
    size_t         size;
    mdm_vector_t   vector;
    json_error_t   error;

    memset(&vector, 0, sizeof(mdm_vector_t));
    vector.schema = schema;
    mdm_arena_init(&vector.arena);

    *what = NULL;
    *wrong = NULL;
    vector.wrong = open_memstream(wrong, &size);

    if (vector.wrong == NULL) {
        return;
    }

    vector.json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

    if (!json_is_object(vector.json)) {
        fprintf(vector.wrong, "is no JSON object: line %d: %s\n", error.line,
                vector.json ? "something else" : error.text);

    } else if (mdm_vector_members(&vector) && mdm_vector_type(&vector, file)) {
        mdm_vector_run(&vector);
    }

    if (json_is_string(json_object_get(vector.json, "what"))) {
        *what = strdup(json_string_value(json_object_get(vector.json,
                                                         "what")));
    }

    fclose(vector.wrong);
    json_decref(vector.json);
    mdm_arena_free(&vector.arena);
}


/* A member that is not known would be a test that cannot fail. */

static bool
mdm_vector_members(mdm_vector_t *vector)
{
    bool         ok;
    size_t       i;
    json_t      *value;
    const char  *name;

    static const struct {
        const char  *name;
        json_type    type;
    } members[] = {
        { "what", JSON_STRING }, { "type", JSON_STRING },
        { "json", JSON_OBJECT }, { "plist", JSON_STRING },
        { "faults", JSON_ARRAY }, { "warnings", JSON_ARRAY },
        { "device", JSON_OBJECT }, { "gate", JSON_ARRAY },
        { "report", JSON_OBJECT }, { "effects", JSON_ARRAY },
        { "merge", JSON_ARRAY }, { "merged", JSON_OBJECT }
    };

    ok = true;

    json_object_foreach(vector->json, name, value) {

        for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
            if (strcmp(members[i].name, name) == 0
                && members[i].type == json_typeof(value))
            {
                break;
            }
        }

        if (i == sizeof(members) / sizeof(members[0])) {
            fprintf(vector->wrong, "\"%s\" is no member of a vector, or of "
                    "another JSON type\n", name);
            ok = false;
        }
    }

    for (i = 0; i < 2; i++) {
        if (json_object_get(vector->json, members[i].name) == NULL) {
            fprintf(vector->wrong, "has no \"%s\"\n", members[i].name);
            ok = false;
        }
    }

    return ok;
}


static bool
mdm_vector_type(mdm_vector_t *vector, const mdm_plugin_file_t *file)
{
    size_t                    n;
    json_t                   *name;
    const mdm_schema_type_t  *type;

    name = json_object_get(vector->json, "type");

    for (n = 0; (type = mdm_schema_nth(vector->schema, n)) != NULL; n++) {

        if (mdm_plugin_has(file, type)
            && strcmp(type->name, json_string_value(name)) == 0)
        {
            vector->type = type;
            return true;
        }
    }

    fprintf(vector->wrong, "the plugin describes no \"%s\"\n",
            json_string_value(name));

    return false;
}


static void
mdm_vector_run(mdm_vector_t *vector)
{
    json_t  *json, *report, *merge;

    json = json_object_get(vector->json, "json");
    report = json_object_get(vector->json, "report");
    merge = json_object_get(vector->json, "merge");

    if (json == NULL && report == NULL && merge == NULL) {
        fprintf(vector->wrong, "has nothing to try: no \"json\", \"report\" "
                "or \"merge\"\n");
        return;
    }

    if (json != NULL) {
        mdm_vector_check(vector);
    }

    if (report != NULL) {
        mdm_vector_report(vector);
    }

    if (merge != NULL) {
        mdm_vector_merge(vector);
    }
}


static void
mdm_vector_check(mdm_vector_t *vector)
{
    mdm_node_t      *node;
    mdm_check_t      check;
    mdm_findings_t   findings;

    node = mdm_vector_node(vector, "json",
                           json_object_get(vector->json, "json"));
    if (node == NULL) {
        return;
    }

    memset(&check, 0, sizeof(mdm_check_t));
    memset(&findings, 0, sizeof(mdm_findings_t));
    check.findings = &findings;

    if (!mdm_vector_contents(vector, &check, node)) {
        return;
    }

    mdm_vector_compare(vector, "faults", mdm_vector_findings(&findings,
                                                             false));

    if (json_object_get(vector->json, "warnings") != NULL) {
        mdm_vector_compare(vector, "warnings", mdm_vector_findings(&findings,
                                                                   true));
    }

    if (json_object_get(vector->json, "plist") != NULL) {
        mdm_vector_plist(vector, node);
    }

    if (json_object_get(vector->json, "device") != NULL
        || json_object_get(vector->json, "gate") != NULL)
    {
        mdm_vector_gate(vector, &check);
    }
}


static mdm_node_t *
mdm_vector_node(mdm_vector_t *vector, const char *what, json_t *json)
{
    mdm_node_t   *node;
    mdm_fault_t   fault;

    if (mdm_node_from_json(&vector->arena, json, &node, &fault) == MDM_OK) {
        return node;
    }

    fprintf(vector->wrong, "%s: %s\n", what, fault.text);

    return NULL;
}


/* Checks and converts; what is put around a payload for that is taken off
 * again. */

static bool
mdm_vector_contents(mdm_vector_t *vector, mdm_check_t *check,
    mdm_node_t *node)
{
    json_t      *added, *value;
    mdm_rc_e     rc;
    const char  *name;

    check->schema = vector->schema;
    check->arena = &vector->arena;
    check->findings->arena = &vector->arena;

    if (vector->type->kind == MDM_COMMAND) {
        rc = mdm_schema_check_command(check, vector->type, node);

    } else {
        added = mdm_vector_wrap(vector, node);
        rc = mdm_schema_check_payload(check, node);

        json_object_foreach(added, name, value) {
            mdm_node_set(&vector->arena, node, name, NULL);
        }

        json_decref(added);
    }

    if (rc != MDM_OK) {
        fprintf(vector->wrong, "no memory\n");
    }

    return rc == MDM_OK;
}


/* Returns what was added. */

static json_t *
mdm_vector_wrap(mdm_vector_t *vector, mdm_node_t *node)
{
    void        *next;
    json_t      *around, *value;
    const char  *name;

    around = json_loads(mdm_vector_around, 0, NULL);
    json_object_set_new(around, "PayloadType",
                        json_string(vector->type->name));

    json_object_foreach_safe(around, next, name, value) {

        if (mdm_node_get(node, name) != NULL) {
            json_object_del(around, name);

        } else {
            mdm_node_set(&vector->arena, node, name,
                         mdm_vector_node(vector, name, value));
        }
    }

    return around;
}


static void
mdm_vector_plist(mdm_vector_t *vector, const mdm_node_t *node)
{
    char         *text;
    json_t       *found, *json;
    mdm_rc_e      rc;
    mdm_node_t   *expected;
    mdm_fault_t   fault;

    if (asprintf(&text, "<plist version=\"1.0\">%s</plist>",
                 json_string_value(json_object_get(vector->json, "plist")))
        < 0)
    {
        return;
    }

    rc = mdm_node_read(&vector->arena,
                       (mdm_str_t) { strlen(text), (unsigned char *) text },
                       MDM_VECTOR_LIMIT, &expected, &fault);
    free(text);

    if (rc != MDM_OK) {
        fprintf(vector->wrong, "the vector's plist: %s\n", fault.text);
        return;
    }

    json = mdm_node_to_json(expected, false);
    found = mdm_node_to_json(node, false);

    mdm_plugin_compare(vector, "plist", json, found);

    json_decref(json);
    json_decref(found);
}


static void
mdm_vector_gate(mdm_vector_t *vector, const mdm_check_t *check)
{
    size_t           i;
    json_t          *found, *warnings, *row;
    mdm_facts_t      facts;
    mdm_findings_t   findings;

    if (!mdm_vector_device(vector, &facts)) {
        return;
    }

    memset(&findings, 0, sizeof(mdm_findings_t));
    findings.arena = &vector->arena;

    mdm_schema_gate(check->demands, &facts, false, &findings);

    found = mdm_vector_findings(&findings, false);
    warnings = mdm_vector_findings(&findings, true);
    json_array_extend(found, warnings);
    json_decref(warnings);

    json_array_foreach(found, i, row) {
        json_object_set(row, "sentence", json_object_get(row, "rule"));
        json_object_del(row, "rule");
    }

    mdm_vector_compare(vector, "gate", found);
}


/* What a vector leaves out is not known of the device. */

static bool
mdm_vector_device(mdm_vector_t *vector, mdm_facts_t *facts)
{
    size_t       i;
    json_t      *device, *value;
    const char  *name, *text;

    static const char *const  names[] = {
        "platform", "version", "channel", "user_enrollment", "shared_ipad",
        "supervised", "automated", "user_approved", "access_rights", NULL
    };

    device = json_object_get(vector->json, "device");

    json_object_foreach(device, name, value) {
        for (i = 0; names[i] != NULL && strcmp(names[i], name) != 0; i++) {
            /* void */
        }

        if (names[i] == NULL) {
            fprintf(vector->wrong, "\"%s\" is no member of \"device\"\n",
                    name);
            return false;
        }
    }

    memset(facts, 0, sizeof(mdm_facts_t));

    text = json_string_value(json_object_get(device, "platform"));

    if (text != NULL) {
        facts->platform = mdm_platform((mdm_str_t) { strlen(text),
                                                     (unsigned char *) text });
    }

    if (text != NULL && facts->platform == MDM_PLATFORM_UNKNOWN) {
        fprintf(vector->wrong, "\"%s\" is no platform\n", text);
        return false;
    }

    text = json_string_value(json_object_get(device, "version"));

    if (text != NULL) {
        facts->version = mdm_version((mdm_str_t) { strlen(text),
                                                   (unsigned char *) text });
    }

    text = json_string_value(json_object_get(device, "channel"));
    facts->user_channel = text != NULL && strcmp(text, "user") == 0;
    facts->user_enrollment = json_is_true(json_object_get(device,
                                                          "user_enrollment"));
    facts->shared_ipad = mdm_vector_answer(device, "shared_ipad");
    facts->supervised = mdm_vector_answer(device, "supervised");
    facts->automated = mdm_vector_answer(device, "automated");
    facts->user_approved = mdm_vector_answer(device, "user_approved");

    value = json_object_get(device, "access_rights");
    facts->access_rights = value ? json_integer_value(value) : -1;

    return true;
}


static uint8_t
mdm_vector_answer(json_t *device, const char *name)
{
    json_t  *value;

    value = json_object_get(device, name);

    if (!json_is_boolean(value)) {
        return MDM_UNSAID;
    }

    return json_is_true(value) ? MDM_YES : MDM_NO;
}


/* A report says that it was acknowledged unless its vector says otherwise. */

static void
mdm_vector_report(mdm_vector_t *vector)
{
    json_t         *report, *found;
    mdm_node_t     *node;
    mdm_fault_t     fault;
    mdm_effects_t   effects;

    report = json_copy(json_object_get(vector->json, "report"));

    if (json_object_get(report, "Status") == NULL) {
        json_object_set_new(report, "Status", json_string("Acknowledged"));
    }

    node = mdm_vector_node(vector, "report", report);
    json_decref(report);

    if (node == NULL) {
        return;
    }

    memset(&effects, 0, sizeof(mdm_effects_t));

    if (mdm_schema_result(vector->type, &vector->arena, node, &effects, &fault)
        != MDM_OK)
    {
        fprintf(vector->wrong, "report: %s\n", fault.text);
        return;
    }

    found = mdm_vector_effects(&effects);
    mdm_vector_compare(vector, "effects", found);
}


static json_t *
mdm_vector_effects(const mdm_effects_t *effects)
{
    json_t              *list, *row, *value;
    const mdm_effect_t  *effect;

    static const char *const  what[] = {
        "attribute", "secret", "command", "event"
    };

    list = json_array();

    for (effect = effects->first; effect != NULL; effect = effect->next) {
        row = json_object();
        json_object_set_new(row, what[effect->what],
                            json_stringn((const char *) effect->name.data,
                                         effect->name.len));

        if (effect->what == MDM_EFFECT_SECRET) {
            value = json_stringn((const char *) effect->text.data,
                                 effect->text.len);
        } else {
            value = effect->value ? mdm_node_to_json(effect->value, true)
                                  : json_null();
        }

        json_object_set_new(row, "value", value);
        json_array_append_new(list, row);
    }

    mdm_vector_lists(effects, list);

    return list;
}


/* An empty list is a row whose key is null. */

static void
mdm_vector_lists(const mdm_effects_t *effects, json_t *rows)
{
    json_t                   *row;
    const mdm_effect_item_t  *item;
    const mdm_effect_list_t  *list;

    for (list = effects->lists; list != NULL; list = list->next) {
        item = list->first;

        do {
            row = json_pack("{s:s%,s:n}", "list", list->name.data,
                            list->name.len, "key");

            if (item != NULL) {
                json_object_set_new(row, "key",
                                    json_stringn((const char *) item->key.data,
                                                 item->key.len));
                json_object_set_new(row, "value",
                                    mdm_node_to_json(item->value, true));
                item = item->next;
            }

            json_array_append_new(rows, row);

        } while (item != NULL);
    }
}


static void
mdm_vector_merge(mdm_vector_t *vector)
{
    size_t               i, n;
    json_t              *found, *payload;
    mdm_rc_e             rc;
    mdm_node_t          *merged;
    const mdm_node_t   **payloads;
    mdm_check_t          check;
    mdm_findings_t       findings;

    n = json_array_size(json_object_get(vector->json, "merge"));
    payloads = mdm_arena_alloc(&vector->arena, (n + 1) * sizeof(mdm_node_t *));
    memset(&findings, 0, sizeof(mdm_findings_t));

    json_array_foreach(json_object_get(vector->json, "merge"), i, payload) {
        payloads[i] = mdm_vector_node(vector, "merge", payload);
        memset(&check, 0, sizeof(mdm_check_t));
        check.findings = &findings;

        if (payloads[i] == NULL
            || !mdm_vector_contents(vector, &check,
                                    (mdm_node_t *) payloads[i]))
        {
            return;
        }
    }

    rc = mdm_schema_merge(vector->type, &vector->arena, payloads, n, &merged,
                          &findings);
    if (rc != MDM_OK) {
        fprintf(vector->wrong, "merge: no memory\n");
        return;
    }

    mdm_vector_compare(vector, "faults", mdm_vector_findings(&findings,
                                                             false));

    if (json_object_get(vector->json, "merged") != NULL) {
        found = merged ? mdm_node_to_json(merged, true) : NULL;
        mdm_plugin_compare(vector, "merged",
                           json_object_get(vector->json, "merged"), found);
        json_decref(found);
    }
}


static json_t *
mdm_vector_findings(const mdm_findings_t *findings, bool warnings)
{
    json_t               *list, *row;
    const mdm_finding_t  *finding;

    list = json_array();

    for (finding = findings->first; finding; finding = finding->next) {

        if (finding->warning != warnings) {
            continue;
        }

        row = json_pack("{s:s%,s:s,s:s%}",
                        "path", finding->path.data, finding->path.len,
                        "code", finding->code,
                        "rule", finding->rule.data, finding->rule.len);

        if (mdm_str_is_set(finding->found)) {
            json_object_set_new(row, "found",
                                json_stringn((const char *)
                                             finding->found.data,
                                             finding->found.len));
        }

        json_array_append_new(list, row);
    }

    return list;
}


/* `found` is stolen; a list that the vector leaves out is expected to be
 * empty. */

static void
mdm_vector_compare(mdm_vector_t *vector, const char *name, json_t *found)
{
    mdm_plugin_compare_list(vector, name,
                            json_object_get(vector->json, name), found);
    json_decref(found);
}
