
/*
 * What both forms of POST /v1/commands have in common.  Must never look at the
 * command itself.
 */


#include "ngx_mdm_api_option.h"

#include <openssl/evp.h>


#define NGX_MDM_API_YEAR          (366 * 86400)
#define NGX_MDM_API_KEY_MAX       255
#define NGX_MDM_API_PRIORITY_MAX  100


static int64_t ngx_mdm_api_option_number(ngx_mdm_api_t *api,
    const char *name, int64_t min, int64_t max, int64_t absent);
static void ngx_mdm_api_option_dedupe(ngx_mdm_api_t *api,
    ngx_mdm_api_ask_t *ask);
static json_t *ngx_mdm_api_option_failed(ngx_mdm_api_ask_t *ask,
    const ngx_mdm_pg_rows_t *rows);


void
ngx_mdm_api_option_read(ngx_mdm_api_t *api, ngx_mdm_api_command_t *command)
{
    ngx_mdm_api_ask_t  *ask;

    ask = &command->ask;

    ask->priority = ngx_mdm_api_option_number(api, "priority",
                                              -NGX_MDM_API_PRIORITY_MAX,
                                              NGX_MDM_API_PRIORITY_MAX, 0);
    ask->not_before = ngx_mdm_api_option_number(api, "not_before_in", 0,
                                                NGX_MDM_API_YEAR, 0);
    command->expires = ngx_mdm_api_option_number(api, "expires_in", 0,
                                                 NGX_MDM_API_YEAR, -1);
    ask->push = !json_is_false(json_object_get(api->json, "push"));
    ngx_mdm_api_option_dedupe(api, ask);
}


static int64_t
ngx_mdm_api_option_number(ngx_mdm_api_t *api, const char *name, int64_t min,
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
ngx_mdm_api_option_dedupe(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask)
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


ngx_int_t
ngx_mdm_api_option_room(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask,
    const json_t *ids, const char *path)
{
    char    found[24];
    size_t  n;

    n = json_array_size(ids);

    if (n < 1 || n > NGX_MDM_API_MAX_TARGETS) {
        snprintf(found, sizeof(found), "%zu", n);
        ngx_mdm_api_fault(api, path, "must hold 1 to 10000 ids", found);
    }

    if (ngx_mdm_api_option_rejected(api) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_mdm_api_targets_room(api, &ask->targets, n);
}


/*
 * For a command that has no CommandUUID: at random, or always the same for a
 * tenant's Idempotency-Key, so that the CommandUUID tells the repetition.
 */

ngx_int_t
ngx_mdm_api_option_uuid(ngx_mdm_api_t *api, ngx_mdm_api_command_t *command)
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


ngx_int_t
ngx_mdm_api_option_digest(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask,
    const char *const *without, mdm_str_t text)
{
    int          ok;
    char        *body;
    json_t      *said;
    EVP_MD_CTX  *md;

    said = json_copy(api->json);
    md = EVP_MD_CTX_new();

    if (api->idempotency_key.len == 0) {
        for ( /* void */ ; *without != NULL; without++) {
            json_object_del(said, *without);
        }
    }

    body = json_dumps(said, JSON_COMPACT|JSON_SORT_KEYS);

    ok = body != NULL && md != NULL
         && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;

    if (ok && api->idempotency_key.len == 0) {
        ok = EVP_DigestUpdate(md, text.data, text.len) == 1;
    }

    if (ok && json_object_size(said) != 0) {
        ok = EVP_DigestUpdate(md, body, ngx_strlen(body)) == 1;
    }

    ok = ok && EVP_DigestFinal_ex(md, ask->digest, NULL) == 1;

    EVP_MD_CTX_free(md);
    json_decref(said);
    mdm_free(body);                     /* the command is in it */

    return ok ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_mdm_api_option_times(ngx_mdm_api_t *api, ngx_mdm_api_command_t *command)
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

    return ngx_mdm_api_option_rejected(api);
}


ngx_int_t
ngx_mdm_api_option_rejected(ngx_mdm_api_t *api)
{
    if (api->faults == NULL) {
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_body",
                      "nothing was queued: see \"faults\"");

    return NGX_ERROR;
}


void
ngx_mdm_api_option_two_keys(ngx_mdm_api_t *api)
{
    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "two_keys",
                      "the command has a CommandUUID, which tells "
                      "repetitions: leave out it or Idempotency-Key");
}


ngx_int_t
ngx_mdm_api_option_conflict(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    if (!ngx_mdm_api_is(ngx_mdm_pg_text(rows, 0, NGX_MDM_ENQUEUED_OUTCOME),
                        "conflict"))
    {
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_CONFLICT, "idempotency_conflict",
                      "something else was asked with this %s within 24 "
                      "hours: use a new one",
                      api->idempotency_key.len ? "Idempotency-Key"
                                               : "CommandUUID");

    return NGX_ERROR;
}


/* 200 when every target has it, 207 when some have, 404 when none has. */

json_t *
ngx_mdm_api_option_answer(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
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
                       "failed", ngx_mdm_api_option_failed(ask, rows));

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
ngx_mdm_api_option_failed(ngx_mdm_api_ask_t *ask,
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
