
/*
 * A command for many enrolments, asked with a body of JSON.  What is wrong
 * with the body is told by path, and then nothing is queued.
 */


#include "ngx_mdm_api_option.h"
#include "ngx_mdm_api_typed.h"


static void ngx_mdm_api_command_shape(ngx_mdm_api_t *api);
static void ngx_mdm_api_command_read(void *data);
static void ngx_mdm_api_command_envelope(ngx_mdm_api_t *api,
    ngx_mdm_api_command_t *command);
static mdm_str_t ngx_mdm_api_command_text(ngx_mdm_api_t *api);
static void ngx_mdm_api_command_ready(void *data);
static void ngx_mdm_api_command_queued(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


/* These do not tell a repetition; the command in its envelope does. */

static const char *const  ngx_mdm_api_command_without[] = {
    "enrollments", "command", "command_base64", NULL
};


static const ngx_mdm_api_member_t  ngx_mdm_api_command_members[] = {
    { "enrollments",    "array",   1 },
    { "command",        "string",  0 },
    { "command_base64", "string",  0 },
    { "push",           "boolean", 0 },
    { "priority",       "integer", 0 },
    { "not_before_in",  "integer", 0 },
    { "expires_in",     "integer", 0 },
    { "dedupe_key",     "string",  0 },
    { NULL, NULL, 0 }
};


void
ngx_mdm_api_command(ngx_mdm_api_t *api)
{
    json_t                 *ids;
    ngx_mdm_api_ask_t      *ask;
    ngx_mdm_api_command_t  *command;

    command = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_command_t));
    if (command == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    api->ctx = command;
    ask = &command->ask;

    if (json_object_get(api->json, "request_type") != NULL) {
        ngx_mdm_api_typed(api);
        return;
    }

    if (ngx_mdm_api_members(api, ngx_mdm_api_command_members) != NGX_OK) {
        return;
    }

    ngx_mdm_api_option_read(api, command);
    ngx_mdm_api_command_shape(api);
    ids = json_object_get(api->json, "enrollments");

    if (ngx_mdm_api_option_room(api, ask, ids, "enrollments") != NGX_OK
        || ngx_mdm_api_option_uuid(api, command) != NGX_OK)
    {
        return;
    }

    ngx_mdm_api_work(api, api->body.len, ngx_mdm_api_command_read,
                     ngx_mdm_api_command_ready);
}


/* What the table of members cannot say. */

static void
ngx_mdm_api_command_shape(ngx_mdm_api_t *api)
{
    json_t  *plain, *encoded;

    plain = json_object_get(api->json, "command");
    encoded = json_object_get(api->json, "command_base64");

    if ((plain == NULL) == (encoded == NULL)) {
        ngx_mdm_api_fault(api, "command", "is required, or command_base64, "
                          "and not both", plain ? "both" : NULL);
    }

    if (ngx_mdm_api_flag(api, "check")) {
        ngx_mdm_api_fault(api, "request_type", "is required by ?check=1, which "
                          "cannot check a property list", NULL);
    }
}


/* In a thread when the body is large: memory comes from the arena. */

static void
ngx_mdm_api_command_read(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_ask_t      *ask;
    ngx_mdm_api_command_t  *command;

    command = api->ctx;
    ask = &command->ask;

    ngx_mdm_api_targets_of_json(api, &ask->targets,
                                json_object_get(api->json, "enrollments"),
                                "enrollments");

    if (api->faults != NULL) {
        command->rejected = 1;
        return;
    }

    ngx_mdm_api_command_envelope(api, command);

    if (command->rejected || command->two_keys || ask->rc != MDM_OK) {
        return;
    }

    ask->rc = ngx_mdm_api_option_digest(api, ask, ngx_mdm_api_command_without,
                                        ask->envelope)
              == NGX_OK
              ? ngx_mdm_api_ask_seal(api, ask)
              : mdm_fault(&ask->fault, MDM_NO_MEMORY, "no digest");
}


static void
ngx_mdm_api_command_envelope(ngx_mdm_api_t *api,
    ngx_mdm_api_command_t *command)
{
    mdm_str_t           text, uuid;
    ngx_mdm_api_ask_t  *ask;

    ask = &command->ask;
    text = ngx_mdm_api_command_text(api);

    if (!mdm_str_is_set(text)) {
        ngx_mdm_api_fault(api, "command_base64", "must be Base64 on one line",
                          NULL);
        command->rejected = 1;
        return;
    }

    uuid.data = command->uuid;
    uuid.len = NGX_MDM_UUID_LEN;

    ask->rc = mdm_command_envelope(&api->arena, text, api->engine->schema,
                                   uuid, &ask->envelope, &ask->fault);

    if (ask->rc == MDM_OK) {
        ask->rc = mdm_command_read(&api->arena, ask->envelope,
                                   api->engine->schema, &ask->command,
                                   &ask->fault);
    }

    if (ask->rc == MDM_OK && api->idempotency_key.len != 0) {
        command->two_keys = !mdm_str_eq(ask->command.command_uuid, uuid);
    }
}


static mdm_str_t
ngx_mdm_api_command_text(ngx_mdm_api_t *api)
{
    u_char     *equals;
    json_t     *value;
    ngx_str_t   encoded, plain;

    value = json_object_get(api->json, "command");

    if (value != NULL) {
        return (mdm_str_t) { json_string_length(value),
                             (u_char *) json_string_value(value) };
    }

    value = json_object_get(api->json, "command_base64");
    encoded.data = (u_char *) json_string_value(value);
    encoded.len = json_string_length(value);
    equals = ngx_strlchr(encoded.data, encoded.data + encoded.len, '=');

    plain.data = mdm_arena_alloc(&api->arena,
                                 ngx_base64_decoded_length(encoded.len) + 1);

    /* nginx's decoder ends at the first "=" and looks at nothing behind it */

    if (plain.data == NULL
        || (equals != NULL
            && (encoded.len % 4 != 0
                || (ngx_strcmp(equals, "=") != 0
                    && ngx_strcmp(equals, "==") != 0)))
        || ngx_decode_base64(&plain, &encoded) != NGX_OK)
    {
        return mdm_null_str;
    }

    return (mdm_str_t) { plain.len, plain.data };
}


static void
ngx_mdm_api_command_ready(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_ask_t      *ask;
    ngx_mdm_api_command_t  *command;

    command = api->ctx;
    ask = &command->ask;

    if (command->rejected) {
        ngx_mdm_api_option_rejected(api);
        return;
    }

    if (command->two_keys) {
        ngx_mdm_api_option_two_keys(api);
        return;
    }

    if (ask->rc == MDM_NO_MEMORY) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (ask->rc != MDM_OK) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_command", "%s",
                          ask->fault.text);
        return;
    }

    if (ngx_mdm_api_option_times(api, command) == NGX_OK) {
        ngx_mdm_api_ask(api, ask, ngx_mdm_api_command_queued);
    }
}


static void
ngx_mdm_api_command_queued(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t          *api;
    ngx_mdm_api_command_t  *command;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (ngx_mdm_api_option_conflict(api, rows) == NGX_OK) {
        command = api->ctx;
        ngx_mdm_api_ask_wake(api, &command->ask);
        ngx_mdm_api_build(api, rows, 0, ngx_mdm_api_option_answer);
    }
}
