
/*
 * A command for many enrolments, asked with a body of JSON.  What is wrong
 * with the body is told by path, and then nothing is queued.
 */


#include "ngx_mdm_api_ask.h"
#include "../engine/ngx_mdm_uuid.h"

#include <openssl/evp.h>


#define NGX_MDM_API_YEAR          (366 * 86400)
#define NGX_MDM_API_KEY_MAX       255
#define NGX_MDM_API_PRIORITY_MAX  100


typedef struct {
    ngx_mdm_api_ask_t       ask;
    u_char                  uuid[NGX_MDM_UUID_LEN];   /* for a command that
                                                         has none */
    int64_t                 expires;     /* -1: as its type has it */
    unsigned                rejected:1;  /* see api->faults */
    unsigned                two_keys:1;
} ngx_mdm_api_command_t;


static ngx_int_t ngx_mdm_api_command_shape(ngx_mdm_api_t *api);
static int64_t ngx_mdm_api_command_number(ngx_mdm_api_t *api,
    const char *name, int64_t min, int64_t max, int64_t absent);
static void ngx_mdm_api_command_dedupe(ngx_mdm_api_t *api,
    ngx_mdm_api_ask_t *ask);
static ngx_int_t ngx_mdm_api_command_uuid_make(ngx_mdm_api_t *api,
    ngx_mdm_api_command_t *command);
static void ngx_mdm_api_command_read(void *data);
static void ngx_mdm_api_command_targets(ngx_mdm_api_t *api,
    ngx_mdm_api_ask_t *ask);
static void ngx_mdm_api_command_envelope(ngx_mdm_api_t *api,
    ngx_mdm_api_command_t *command);
static mdm_str_t ngx_mdm_api_command_text(ngx_mdm_api_t *api);
static ngx_int_t ngx_mdm_api_command_digest(ngx_mdm_api_t *api,
    ngx_mdm_api_ask_t *ask);
static void ngx_mdm_api_command_ready(void *data);
static ngx_int_t ngx_mdm_api_command_times(ngx_mdm_api_t *api,
    ngx_mdm_api_command_t *command);
static ngx_int_t ngx_mdm_api_command_rejected(ngx_mdm_api_t *api);
static void ngx_mdm_api_command_queued(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_command_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_command_failed(ngx_mdm_api_ask_t *ask,
    const ngx_mdm_pg_rows_t *rows);


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

    if (ngx_mdm_api_members(api, ngx_mdm_api_command_members) != NGX_OK) {
        return;
    }

    ask->priority = ngx_mdm_api_command_number(api, "priority",
                                               -NGX_MDM_API_PRIORITY_MAX,
                                               NGX_MDM_API_PRIORITY_MAX, 0);
    ask->not_before = ngx_mdm_api_command_number(api, "not_before_in", 0,
                                                 NGX_MDM_API_YEAR, 0);
    command->expires = ngx_mdm_api_command_number(api, "expires_in", 0,
                                                  NGX_MDM_API_YEAR, -1);
    ask->push = !json_is_false(json_object_get(api->json, "push"));
    ngx_mdm_api_command_dedupe(api, ask);
    ids = json_object_get(api->json, "enrollments");

    if (ngx_mdm_api_command_shape(api) != NGX_OK
        || ngx_mdm_api_command_uuid_make(api, command) != NGX_OK
        || ngx_mdm_api_targets_room(api, &ask->targets,
                                    json_array_size(ids))
           != NGX_OK)
    {
        return;
    }

    ngx_mdm_api_work(api, api->body.len, ngx_mdm_api_command_read,
                     ngx_mdm_api_command_ready);
}


/* What the table of members cannot say. */

static ngx_int_t
ngx_mdm_api_command_shape(ngx_mdm_api_t *api)
{
    char     found[24];
    size_t   n;
    json_t  *plain, *encoded;

    n = json_array_size(json_object_get(api->json, "enrollments"));
    plain = json_object_get(api->json, "command");
    encoded = json_object_get(api->json, "command_base64");

    if (n < 1 || n > NGX_MDM_API_MAX_TARGETS) {
        snprintf(found, sizeof(found), "%zu", n);
        ngx_mdm_api_fault(api, "enrollments", "must hold 1 to 10000 ids",
                          found);
    }

    if ((plain == NULL) == (encoded == NULL)) {
        ngx_mdm_api_fault(api, "command", "is required, or command_base64, "
                          "and not both", plain ? "both" : NULL);
    }

    return ngx_mdm_api_command_rejected(api);
}


static int64_t
ngx_mdm_api_command_number(ngx_mdm_api_t *api, const char *name, int64_t min,
    int64_t max, int64_t absent)
{
    char      rule[64], found[24];
    json_t   *value;
    int64_t   n;

    value = json_object_get(api->json, name);

    if (value == NULL) {
        return absent;
    }

    n = json_integer_value(value);

    if (n < min || n > max) {
        snprintf(rule, sizeof(rule), "must be from %lld to %lld",
                 (long long) min, (long long) max);
        snprintf(found, sizeof(found), "%lld", (long long) n);
        ngx_mdm_api_fault(api, name, rule, found);
    }

    return n;
}


static void
ngx_mdm_api_command_dedupe(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask)
{
    json_t  *value;

    value = json_object_get(api->json, "dedupe_key");

    if (value == NULL) {
        return;
    }

    ask->dedupe_key.data = (u_char *) json_string_value(value);
    ask->dedupe_key.len = json_string_length(value);

    if (ask->dedupe_key.len == 0 || ask->dedupe_key.len > NGX_MDM_API_KEY_MAX
        || mdm_str_has_control(ask->dedupe_key))
    {
        ngx_mdm_api_fault(api, "dedupe_key",
                          "must be 1 to 255 bytes without control characters",
                          NULL);
    }
}


/*
 * For a command that has no CommandUUID: at random, or always the same for a
 * tenant's Idempotency-Key, so that the CommandUUID tells the repetition.
 */

static ngx_int_t
ngx_mdm_api_command_uuid_make(ngx_mdm_api_t *api,
    ngx_mdm_api_command_t *command)
{
    u_char       hash[32];
    u_char      *p, *text;
    ngx_str_t    key;
    ngx_uint_t   i;

    key = api->idempotency_key;

    if (key.len == 0) {
        if (ngx_mdm_uuid(command->uuid) == NGX_OK) {
            return NGX_OK;
        }

        ngx_mdm_api_out_of_memory(api);
        return NGX_ERROR;
    }

    if (key.len > NGX_MDM_API_KEY_MAX) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_idempotency_key",
                          "an Idempotency-Key has 1 to %d bytes",
                          NGX_MDM_API_KEY_MAX);
        return NGX_ERROR;
    }

    text = ngx_pnalloc(api->pool, sizeof("idempotency 9223372036854775807 ")
                                  + key.len);
    if (text == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return NGX_ERROR;
    }

    p = ngx_sprintf(text, "idempotency %L %V", api->tenant_id, &key);

    if (EVP_Digest(text, p - text, hash, NULL, EVP_sha256(), NULL) != 1) {
        ngx_mdm_api_out_of_memory(api);
        return NGX_ERROR;
    }

    hash[6] = (hash[6] & 0x0f) | 0x80;      /* version 8: of our own making */
    hash[8] = (hash[8] & 0x3f) | 0x80;

    for (p = command->uuid, i = 0; i < 16; i++) {
        p = ngx_sprintf(p, i == 4 || i == 6 || i == 8 || i == 10
                           ? "-%02Xd" : "%02Xd", hash[i]);
    }

    return NGX_OK;
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

    ngx_mdm_api_command_targets(api, ask);

    if (api->faults != NULL) {
        command->rejected = 1;
        return;
    }

    ngx_mdm_api_command_envelope(api, command);

    if (command->rejected || command->two_keys || ask->rc != MDM_OK) {
        return;
    }

    ask->rc = ngx_mdm_api_command_digest(api, ask) == NGX_OK
              ? ngx_mdm_api_ask_seal(api, ask)
              : mdm_fault(&ask->fault, MDM_NO_MEMORY, "no digest");
}


static void
ngx_mdm_api_command_targets(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask)
{
    char          path[40];
    size_t        i;
    json_t       *value;
    mdm_str_t     written, device, user;
    ngx_str_t     id;
    mdm_fault_t   fault;

    json_array_foreach(json_object_get(api->json, "enrollments"), i, value) {

        snprintf(path, sizeof(path), "enrollments[%zu]", i);

        if (!json_is_string(value)) {
            ngx_mdm_api_fault(api, path, "must be of type string", NULL);
            continue;
        }

        written.data = (u_char *) json_string_value(value);
        written.len = json_string_length(value);

        if (mdm_enrollment_id_parse(&api->arena, written, &device, &user,
                                    &fault)
            != MDM_OK)
        {
            ngx_mdm_api_fault(api, path, fault.text, NULL);
            continue;
        }

        id.data = (u_char *) written.data;
        id.len = written.len;

        ngx_mdm_api_targets_add(&ask->targets, id, device, user);
    }
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


/*
 * What tells a repetition.  With an Idempotency-Key all of the body does;
 * without, the command, as on the other route and so that it may be asked of
 * more enrolments, and with it what differs from there.
 */

static ngx_int_t
ngx_mdm_api_command_digest(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask)
{
    int          ok;
    char        *text;
    json_t      *said;
    EVP_MD_CTX  *md;

    said = json_copy(api->json);
    md = EVP_MD_CTX_new();

    if (api->idempotency_key.len == 0) {
        json_object_del(said, "enrollments");
        json_object_del(said, "command");
        json_object_del(said, "command_base64");
    }

    text = json_dumps(said, JSON_COMPACT|JSON_SORT_KEYS);

    ok = text != NULL && md != NULL
         && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;

    if (ok && api->idempotency_key.len == 0) {
        ok = EVP_DigestUpdate(md, ask->envelope.data, ask->envelope.len) == 1;
    }

    if (ok && json_object_size(said) != 0) {
        ok = EVP_DigestUpdate(md, text, ngx_strlen(text)) == 1;
    }

    ok = ok && EVP_DigestFinal_ex(md, ask->digest, NULL) == 1;

    EVP_MD_CTX_free(md);
    json_decref(said);
    mdm_free(text);                     /* the command is in it */

    return ok ? NGX_OK : NGX_ERROR;
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
        ngx_mdm_api_command_rejected(api);
        return;
    }

    if (command->two_keys) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "two_keys",
                          "the command has a CommandUUID, which tells "
                          "repetitions: leave out it or Idempotency-Key");
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

    if (ngx_mdm_api_command_times(api, command) == NGX_OK) {
        ngx_mdm_api_ask(api, ask, ngx_mdm_api_command_queued);
    }
}


static ngx_int_t
ngx_mdm_api_command_times(ngx_mdm_api_t *api, ngx_mdm_api_command_t *command)
{
    char                found[64];
    ngx_mdm_api_ask_t  *ask;

    ask = &command->ask;
    ask->expires = command->expires < 0 ? ask->command.type->expires
                                        : command->expires;

    if (ask->expires != 0 && ask->expires <= ask->not_before) {
        snprintf(found, sizeof(found), "%lld, and it expires after %lld",
                 (long long) ask->not_before, (long long) ask->expires);
        ngx_mdm_api_fault(api, "not_before_in", "must be less than the "
                          "seconds after which the command expires", found);
    }

    return ngx_mdm_api_command_rejected(api);
}


static ngx_int_t
ngx_mdm_api_command_rejected(ngx_mdm_api_t *api)
{
    if (api->faults == NULL) {
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_body",
                      "nothing was queued: see \"faults\"");

    return NGX_ERROR;
}


static void
ngx_mdm_api_command_queued(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (ngx_mdm_api_is(ngx_mdm_pg_text(rows, 0, NGX_MDM_ENQUEUED_OUTCOME),
                       "conflict"))
    {
        ngx_mdm_api_error(api, NGX_HTTP_CONFLICT, "idempotency_conflict",
                          "something else was asked with this %s within 24 "
                          "hours: use a new one",
                          api->idempotency_key.len ? "Idempotency-Key"
                                                   : "CommandUUID");
        return;
    }

    ngx_mdm_api_build(api, rows, 0, ngx_mdm_api_command_build);
}


/* 200 when every target has it, 207 when some have, 404 when none has. */

static json_t *
ngx_mdm_api_command_build(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    json_t             *answer;
    int64_t             queued;
    mdm_command_t      *command;
    ngx_mdm_api_ask_t  *ask;

    ask = api->ctx;
    command = &ask->command;
    queued = ngx_mdm_pg_int(rows, 0, NGX_MDM_ENQUEUED_QUEUED);

    answer = json_pack("{s:s%, s:s%, s:I, s:o}",
                       "command_uuid", command->command_uuid.data,
                       command->command_uuid.len,
                       "request_type", command->request_type.data,
                       command->request_type.len,
                       "queued", (json_int_t) queued,
                       "failed", ngx_mdm_api_command_failed(ask, rows));

    if (mdm_str_is_set(command->subject)) {
        json_object_set_new(answer, "subject",
                            json_stringn((char *) command->subject.data,
                                         command->subject.len));
    }

    api->status = rows->count == 1 ? NGX_HTTP_OK
                  : queued != 0 ? 207 : NGX_HTTP_NOT_FOUND;

    return answer;
}


static json_t *
ngx_mdm_api_command_failed(ngx_mdm_api_ask_t *ask,
    const ngx_mdm_pg_rows_t *rows)
{
    int                               i;
    json_t                           *failed;
    ngx_uint_t                        target;
    const ngx_mdm_api_ask_failure_t  *failure;

    failed = json_array();

    for (i = 1; i < rows->count; i++) {
        if (ngx_mdm_api_ask_failed(ask, rows, i, &target, &failure)
            != NGX_OK)
        {
            continue;
        }

        json_array_append_new(failed,
                              json_pack("{s:s%, s:s, s:s}", "enrollment",
                                        ask->targets.ids[target].data,
                                        ask->targets.ids[target].len,
                                        "code", failure->code,
                                        "message", failure->text));
    }

    return failed;
}
