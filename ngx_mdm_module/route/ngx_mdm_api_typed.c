
/*
 * A command asked in typed JSON: checked by what a plugin says of its type,
 * then for each target by what is known of it, and queued for those who may
 * have it.
 * Must never know a command by name.
 */


#include "ngx_mdm_api_gate.h"
#include "ngx_mdm_api_option.h"
#include "ngx_mdm_api_profile.h"
#include "ngx_mdm_api_typed.h"


typedef struct {
    ngx_mdm_api_command_t       command;     /* first: both are api->ctx */
    const mdm_schema_t         *schema;
    const mdm_schema_type_t    *type;
    mdm_findings_t              findings;
    mdm_check_t                 check;
    ngx_mdm_api_gate_t          gate;
    ngx_mdm_api_profile_t      *profile;     /* stored, to be put in */
    mdm_rc_e                    profile_rc;
    unsigned                    strict:1;
    unsigned                    dry:1;       /* ?check=1 */
} ngx_mdm_api_typed_t;


static void ngx_mdm_api_typed_shape(ngx_mdm_api_t *api);
static void ngx_mdm_api_typed_profile(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_typed_read(void *data);
static void ngx_mdm_api_typed_check(ngx_mdm_api_t *api,
    ngx_mdm_api_typed_t *typed);
static mdm_rc_e ngx_mdm_api_typed_members(ngx_mdm_api_t *api,
    ngx_mdm_api_typed_t *typed, mdm_node_t **members);
static mdm_rc_e ngx_mdm_api_typed_put(ngx_mdm_api_t *api,
    ngx_mdm_api_typed_t *typed, mdm_node_t *members);
static const char *ngx_mdm_api_typed_place(ngx_mdm_api_typed_t *typed,
    mdm_node_t *members);
static void ngx_mdm_api_typed_write(ngx_mdm_api_t *api,
    ngx_mdm_api_typed_t *typed, mdm_node_t *members);
static mdm_rc_e ngx_mdm_api_typed_envelope(ngx_mdm_api_t *api,
    ngx_mdm_api_typed_t *typed, mdm_node_t *members);
static void ngx_mdm_api_typed_wants(ngx_mdm_api_typed_t *typed);
static mdm_str_t ngx_mdm_api_typed_text(ngx_mdm_api_t *api,
    const char *name);
static void ngx_mdm_api_typed_ready(void *data);
static json_t *ngx_mdm_api_typed_invalid(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_typed_known(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_typed_judge(void *data);
static void ngx_mdm_api_typed_judged(void *data);
static json_t *ngx_mdm_api_typed_unavailable(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_typed_checked(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_typed_queued(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_typed_answer(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);


/* This does not tell a repetition: the command may be asked of others, too. */

static const char *const  ngx_mdm_api_typed_without[] = { "to", NULL };


static const ngx_mdm_api_member_t  ngx_mdm_api_typed_names[] = {
    { "request_type",   "string",  1 },
    { "to",             "object",  1 },
    { "command",        "object",  0 },
    { "profile",        "string",  0 },
    { "command_uuid",   "string",  0 },
    { "push",           "boolean", 0 },
    { "priority",       "integer", 0 },
    { "not_before_in",  "integer", 0 },
    { "expires_in",     "integer", 0 },
    { "dedupe_key",     "string",  0 },
    { NULL, NULL, 0 }
};


void
ngx_mdm_api_typed(ngx_mdm_api_t *api)
{
    json_t                 *ids;
    ngx_str_t               id;
    ngx_mdm_api_typed_t    *typed;
    ngx_mdm_api_command_t  *command;

    typed = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_typed_t));
    if (typed == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    api->ctx = typed;
    command = &typed->command;
    typed->schema = api->engine->schema;
    typed->strict = api->tenant->policies.strict;
    typed->dry = ngx_mdm_api_flag(api, "check");

    if (ngx_mdm_api_members(api, ngx_mdm_api_typed_names) != NGX_OK) {
        return;
    }

    ngx_mdm_api_option_read(api, command);
    ngx_mdm_api_typed_shape(api);
    ids = json_object_get(json_object_get(api->json, "to"), "enrollments");

    if (ngx_mdm_api_option_room(api, &command->ask, ids, "to.enrollments")
           != NGX_OK
        || ngx_mdm_api_option_uuid(api, command) != NGX_OK)
    {
        return;
    }

    if (api->idempotency_key.len != 0
        && json_object_get(api->json, "command_uuid") != NULL)
    {
        ngx_mdm_api_option_two_keys(api);
        return;
    }

    id = ngx_mdm_from_str(ngx_mdm_api_typed_text(api, "profile"));

    if (id.data != NULL) {
        ngx_mdm_api_profile_ask(api, id, 0, ngx_mdm_api_typed_profile);
        return;
    }

    ngx_mdm_api_work(api, api->body.len, ngx_mdm_api_typed_read,
                     ngx_mdm_api_typed_ready);
}


/* That there is none is a fault, told with all others. */

static void
ngx_mdm_api_typed_profile(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    size_t                  size;
    ngx_mdm_api_t          *api;
    ngx_mdm_api_typed_t    *typed;
    ngx_mdm_api_profile_t  *profile;

    api = call->data;
    typed = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    size = api->body.len;

    if (rows->count != 0) {
        profile = ngx_mdm_api_profile_keep(api, rows);

        if (profile == NULL) {
            return;                     /* the call has ended */
        }

        typed->profile = profile;

        /* signing takes a moment, whatever the size */

        size += profile->sealed.len + NGX_MDM_THREAD_INLINE;
    }

    ngx_mdm_api_work(api, size, ngx_mdm_api_typed_read,
                     ngx_mdm_api_typed_ready);
}


/* What the table of members cannot say. */

static void
ngx_mdm_api_typed_shape(ngx_mdm_api_t *api)
{
    char         path[80];
    json_t      *to, *value;
    mdm_str_t    uuid;
    const char  *name;

    to = json_object_get(api->json, "to");

    json_object_foreach(to, name, value) {
        if (ngx_strcmp(name, "enrollments") != 0) {
            snprintf(path, sizeof(path), "to.%.64s", name);
            ngx_mdm_api_fault(api, mdm_utf8_valid((u_char *) path,
                                                  ngx_strlen(path))
                                   ? path : "to",
                              "there is no such member", NULL);
        }
    }

    if (!json_is_array(json_object_get(to, "enrollments"))) {
        ngx_mdm_api_fault(api, "to.enrollments", "must be of type array",
                          NULL);
    }

    uuid = ngx_mdm_api_typed_text(api, "command_uuid");

    if (mdm_str_is_set(uuid)
        && (uuid.len == 0 || uuid.len > MDM_COMMAND_UUID_MAX
            || mdm_str_has_control(uuid)))
    {
        ngx_mdm_api_fault(api, "command_uuid", "must be 1 to 255 bytes "
                          "without control characters", NULL);
    }
}


/* In a thread when the body is large: memory comes from the arena. */

static void
ngx_mdm_api_typed_read(void *data)
{
    ngx_mdm_api_t *api = data;

    json_t               *to;
    ngx_mdm_api_typed_t  *typed;

    typed = api->ctx;
    to = json_object_get(api->json, "to");

    ngx_mdm_api_targets_of_json(api, &typed->command.ask.targets,
                               json_object_get(to, "enrollments"),
                               "to.enrollments");

    if (api->faults != NULL) {
        typed->command.rejected = 1;
        return;
    }

    ngx_mdm_api_typed_check(api, typed);
}


static void
ngx_mdm_api_typed_check(ngx_mdm_api_t *api, ngx_mdm_api_typed_t *typed)
{
    mdm_str_t     name;
    mdm_node_t   *members;
    mdm_check_t  *check;

    check = &typed->check;
    check->schema = typed->schema;
    check->arena = &api->arena;
    check->findings = &typed->findings;
    check->strict = typed->strict;
    typed->findings.arena = &api->arena;

    name = ngx_mdm_api_typed_text(api, "request_type");
    typed->type = mdm_schema_find(typed->schema, MDM_COMMAND, name);

    if (typed->type == NULL) {
        mdm_finding(&typed->findings, false, "unknown_type",
                    mdm_str("request_type"), mdm_null_str,
                    "no plugin describes \"%.*s\", GET /v1/schema shows what "
                    "there is: load the one that does, or send the command "
                    "as a property list",
                    (int) (name.len < 255 ? name.len : 255), name.data);
        return;
    }

    typed->command.ask.rc = ngx_mdm_api_typed_members(api, typed, &members);

    if (typed->command.ask.rc == MDM_OK && members != NULL
        && json_object_get(api->json, "profile") != NULL)
    {
        typed->profile_rc = ngx_mdm_api_typed_put(api, typed, members);

        if (typed->profile_rc != MDM_OK || typed->findings.faults != 0) {
            return;
        }
    }

    if (typed->command.ask.rc == MDM_OK && members != NULL) {
        typed->command.ask.rc = mdm_schema_check_command(check, typed->type,
                                                         members);
    }

    if (typed->findings.no_memory) {
        typed->command.ask.rc = MDM_NO_MEMORY;
    }

    if (typed->command.ask.rc == MDM_OK && typed->findings.faults == 0) {
        ngx_mdm_api_typed_write(api, typed, members);
    }
}


/* NULL when they are none, which is a fault. */

static mdm_rc_e
ngx_mdm_api_typed_members(ngx_mdm_api_t *api, ngx_mdm_api_typed_t *typed,
    mdm_node_t **members)
{
    json_t       *json;
    mdm_rc_e      rc;
    mdm_fault_t   fault;

    json = json_object_get(api->json, "command");

    if (json == NULL) {
        *members = mdm_node_new(&api->arena, MDM_DICTIONARY);
        return *members != NULL ? MDM_OK : MDM_NO_MEMORY;
    }

    *members = NULL;
    rc = mdm_node_from_json(&api->arena, json, members, &fault);

    if (rc == MDM_NO_MEMORY) {
        return rc;
    }

    if (rc != MDM_OK) {
        *members = NULL;
        mdm_finding(&typed->findings, false, "type", mdm_str(""),
                    mdm_null_str, "%s", fault.text);

    } else if ((*members)->type != MDM_DICTIONARY) {
        *members = NULL;
        mdm_finding(&typed->findings, false, "type", mdm_str(""),
                    mdm_null_str, "must be an object of the command's keys");

    } else if (mdm_node_get(*members, "RequestType") != NULL) {
        mdm_finding(&typed->findings, false, "unknown_key",
                    mdm_str("RequestType"), mdm_null_str,
                    "is said by request_type, beside command");
    }

    return MDM_OK;
}


/* The stored profile into the key of the command that takes one. */

static mdm_rc_e
ngx_mdm_api_typed_put(ngx_mdm_api_t *api, ngx_mdm_api_typed_t *typed,
    mdm_node_t *members)
{
    mdm_rc_e     rc;
    mdm_node_t  *node;
    const char  *key;

    key = ngx_mdm_api_typed_place(typed, members);
    if (key == NULL) {
        return MDM_OK;
    }

    rc = ngx_mdm_api_profile_open(api, typed->profile, 1);
    if (rc != MDM_OK) {
        return rc;
    }

    node = mdm_node_text(&api->arena, MDM_DATA, typed->profile->content);

    return node ? mdm_node_set(&api->arena, members, key, node)
                : MDM_NO_MEMORY;
}


/* NULL when there is none, which is a fault. */

static const char *
ngx_mdm_api_typed_place(ngx_mdm_api_typed_t *typed, mdm_node_t *members)
{
    mdm_str_t    path;
    const char  *key;

    path = mdm_str("profile");
    key = mdm_schema_profile_key(typed->type);

    if (key == NULL) {
        mdm_finding(&typed->findings, false, "profile", path, mdm_null_str,
                    "is for commands that carry a profile, and %s carries "
                    "none", typed->type->name);
        return NULL;
    }

    if (mdm_node_get(members, key) != NULL) {
        mdm_finding(&typed->findings, false, "profile", path, mdm_null_str,
                    "takes the place of %s in \"command\": leave out one of "
                    "both", key);
        return NULL;
    }

    if (typed->profile == NULL) {
        mdm_finding(&typed->findings, false, "profile", path, mdm_null_str,
                    "must be the id of a stored profile: GET /v1/profiles "
                    "shows them");
        return NULL;
    }

    return key;
}


/* The command as devices will get it, and what the queue must know of it. */

static void
ngx_mdm_api_typed_write(ngx_mdm_api_t *api, ngx_mdm_api_typed_t *typed,
    mdm_node_t *members)
{
    ngx_mdm_api_ask_t  *ask;

    ask = &typed->command.ask;
    ask->rc = ngx_mdm_api_typed_envelope(api, typed, members);

    if (ask->rc == MDM_OK) {
        ask->rc = mdm_command_read(&api->arena, ask->envelope, typed->schema,
                                   &ask->command, &ask->fault);
    }

    if (ask->rc == MDM_MALFORMED || ask->rc == MDM_TOO_LARGE
        || ask->rc == MDM_UNSUPPORTED)
    {
        mdm_finding(&typed->findings, false, "plugin", mdm_str(""),
                    mdm_null_str, "%s", ask->fault.text);
        ask->rc = MDM_OK;
        return;
    }

    if (ask->rc == MDM_OK) {
        ngx_mdm_api_typed_wants(typed);

        ask->rc = ngx_mdm_api_option_digest(api, ask,
                                            ngx_mdm_api_typed_without,
                                            mdm_str(""))
                  == NGX_OK
                  ? ngx_mdm_api_ask_seal(api, ask)
                  : mdm_fault(&ask->fault, MDM_NO_MEMORY, "no digest");
    }
}


static mdm_rc_e
ngx_mdm_api_typed_envelope(ngx_mdm_api_t *api, ngx_mdm_api_typed_t *typed,
    mdm_node_t *members)
{
    mdm_str_t  uuid;

    uuid = ngx_mdm_api_typed_text(api, "command_uuid");

    if (!mdm_str_is_set(uuid)) {
        uuid.data = typed->command.uuid;
        uuid.len = NGX_MDM_UUID_LEN;
    }

    return mdm_command_write(&api->arena,
                             ngx_mdm_api_typed_text(api, "request_type"),
                             uuid, members, &typed->command.ask.envelope);
}


/* "%%" is turned at each delivery, even when nothing else is put in. */

static void
ngx_mdm_api_typed_wants(ngx_mdm_api_typed_t *typed)
{
    mdm_check_t        *check;
    ngx_mdm_api_ask_t  *ask;

    ask = &typed->command.ask;
    check = &typed->check;

    ask->wants = check->wants;
    ask->nwants = check->nwants;
    ask->wanting = check->nwants != 0 || check->values.escaped;
}


static mdm_str_t
ngx_mdm_api_typed_text(ngx_mdm_api_t *api, const char *name)
{
    json_t  *value;

    value = json_object_get(api->json, name);

    return (mdm_str_t) { json_string_length(value),
                         (u_char *) json_string_value(value) };
}


/* Faults wait for what is known of the targets when values are to be looked up
 * there: then all are told at once. */

static void
ngx_mdm_api_typed_ready(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_ask_t    *ask;
    ngx_mdm_api_typed_t  *typed;

    typed = api->ctx;
    ask = &typed->command.ask;

    if (typed->command.rejected) {
        ngx_mdm_api_option_rejected(api);
        return;
    }

    if (typed->profile_rc != MDM_OK) {
        ngx_mdm_api_profile_failed(api, typed->profile, typed->profile_rc);
        return;
    }

    if (ask->rc != MDM_OK) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (typed->type != NULL && (typed->type->flags & MDM_DESTRUCTIVE)
        && ngx_mdm_api_require(api, "destructive") != NGX_OK)
    {
        return;
    }

    if (typed->findings.faults != 0 && typed->check.values.n == 0) {
        ngx_mdm_api_build(api, NULL, 0, ngx_mdm_api_typed_invalid);
        return;
    }

    if (typed->findings.faults == 0
        && ngx_mdm_api_option_times(api, &typed->command) != NGX_OK)
    {
        return;
    }

    ngx_mdm_api_gate_ask(api, &typed->gate, &typed->check, &ask->targets,
                         ngx_mdm_api_typed_known);
}


static json_t *
ngx_mdm_api_typed_invalid(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_typed_t  *typed;

    typed = api->ctx;
    api->status = 422;

    return ngx_mdm_api_gate_invalid(&typed->findings, "invalid_command");
}


static void
ngx_mdm_api_typed_known(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    size_t                size;
    ngx_mdm_api_t        *api;
    ngx_mdm_api_typed_t  *typed;

    api = call->data;
    typed = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    size = ngx_mdm_api_gate_keep(&typed->gate, rows);

    ngx_mdm_api_work(api, size, ngx_mdm_api_typed_judge,
                     ngx_mdm_api_typed_judged);
}


static void
ngx_mdm_api_typed_judge(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_typed_t  *typed;

    typed = api->ctx;
    ngx_mdm_api_gate_judge(&typed->gate);
}


static void
ngx_mdm_api_typed_judged(void *data)
{
    ngx_mdm_api_t *api = data;

    size_t                size;
    ngx_mdm_api_gate_t   *gate;
    ngx_mdm_api_typed_t  *typed;

    typed = api->ctx;
    gate = &typed->gate;
    size = gate->n * NGX_MDM_API_TARGET_LABOUR;

    if (gate->no_memory || typed->findings.no_memory) {
        ngx_mdm_api_out_of_memory(api);

    } else if (typed->findings.faults != 0) {
        ngx_mdm_api_build(api, NULL, 0, ngx_mdm_api_typed_invalid);

    } else if (typed->dry) {
        ngx_mdm_api_build(api, NULL, size, ngx_mdm_api_typed_checked);

    } else if (gate->targets->n == 0) {
        ngx_mdm_api_build(api, NULL, size, ngx_mdm_api_typed_unavailable);

    } else {
        ngx_mdm_api_ask(api, &typed->command.ask, ngx_mdm_api_typed_queued);
    }
}


static json_t *
ngx_mdm_api_typed_unavailable(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_typed_t  *typed;

    typed = api->ctx;
    api->status = 422;

    return ngx_mdm_api_gate_unavailable(&typed->gate);
}


static json_t *
ngx_mdm_api_typed_checked(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    mdm_command_t        *command;
    ngx_mdm_api_gate_t   *gate;
    ngx_mdm_api_typed_t  *typed;

    typed = api->ctx;
    gate = &typed->gate;
    command = &typed->command.ask.command;

    return json_pack("{s:b, s:s%, s:I, s:o, s:o, s:o}", "check", 1,
                     "request_type", command->request_type.data,
                     command->request_type.len,
                     "would_queue", (json_int_t) gate->allowed,
                     "warnings", ngx_mdm_api_gate_warnings(gate),
                     "refused", ngx_mdm_api_gate_refused(gate),
                     "failed", ngx_mdm_api_gate_failed(gate));
}


static void
ngx_mdm_api_typed_queued(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t        *api;
    ngx_mdm_api_typed_t  *typed;

    api = call->data;
    typed = api->ctx;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK
        && ngx_mdm_api_option_conflict(api, rows) == NGX_OK)
    {
        ngx_mdm_api_ask_wake(api, &typed->command.ask);
        ngx_mdm_api_build(api, rows,
                          typed->gate.n * NGX_MDM_API_TARGET_LABOUR,
                          ngx_mdm_api_typed_answer);
    }
}


static json_t *
ngx_mdm_api_typed_answer(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    json_t               *answer;
    ngx_mdm_api_typed_t  *typed;

    typed = api->ctx;
    answer = ngx_mdm_api_option_answer(api, rows);

    if (typed->gate.refused != 0) {
        api->status = 207;
    }

    json_object_set_new(answer, "warnings",
                        ngx_mdm_api_gate_warnings(&typed->gate));
    json_object_set_new(answer, "refused",
                        ngx_mdm_api_gate_refused(&typed->gate));

    return answer;
}
