
/*
 * "mdmctl send": one command for many enrolments, as the API would queue it.
 * It needs the secret key, for payloads are sealed before they are stored.
 */


#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "mdm_command.h"
#include "mdm_enrollment_id.h"
#include "mdmctl_plugin.h"


#define MDMCTL_YEAR          (366 * 86400)
#define MDMCTL_KEY_MAX       255
#define MDMCTL_PRIORITY_MAX  100


typedef struct {
    mdm_arena_t           arena;
    PGconn               *db;
    mdm_secret_ring_t     ring;
    mdmctl_plugins_t      plugins;
    long long             tenant_id;
    unsigned              ntargets;
    char                **targets;        /* as written */
    const char           *device_ids[MDMCTL_MAX_WORDS];
    const char           *user_ids[MDMCTL_MAX_WORDS];
    mdm_str_t             envelope;
    mdm_command_t         command;

    const mdmctl_options_t  *options;
    long long             priority;
    long long             not_before;     /* seconds */
    long long             expires;        /* -1: as its type has it */
} mdmctl_send_t;


static int mdmctl_send_options(mdmctl_send_t *send);
static int mdmctl_send_read(mdmctl_send_t *send, const char *file);
static int mdmctl_send_targets(mdmctl_send_t *send);
static int mdmctl_send_enqueue(mdmctl_send_t *send);
static int mdmctl_send_params(mdmctl_send_t *send, mdmctl_params_t *params);
static int mdmctl_send_digest(mdmctl_send_t *send, unsigned char *digest);
static char *mdmctl_send_said(const mdmctl_send_t *send);
static int mdmctl_send_answer(mdmctl_send_t *send, PGresult *res);
static const char *mdmctl_send_outcome(const char *outcome, int *rc);
static int mdmctl_send_uuid(mdm_arena_t *arena, mdm_str_t *uuid);


int
mdmctl_send(mdmctl_options_t *options)
{
    int              rc;
    mdmctl_send_t   *send;

    static mdmctl_send_t  zeroed;

    send = &zeroed;
    mdm_arena_init(&send->arena);
    send->ntargets = options->nwords - 1;
    send->targets = options->words;
    send->options = options;

    if (mdmctl_send_options(send) != MDMCTL_OK) {
        return MDMCTL_USAGE;
    }

    rc = mdmctl_keys_needed(options, &send->ring);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_plugins_load(options, &send->plugins);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_send_targets(send);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_send_read(send, options->words[options->nwords - 1]);
    }

    if (rc == MDMCTL_OK) {
        send->db = mdmctl_connect_prepared(options);
        rc = send->db != NULL ? MDMCTL_OK : MDMCTL_FAILED;
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_key_check(send->db, &send->ring);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_tenant_id(send->db, options, &send->tenant_id);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_send_enqueue(send);
    }

    PQfinish(send->db);
    mdmctl_plugins_unload(&send->plugins);
    mdm_secret_ring_wipe(&send->ring);
    mdm_arena_free(&send->arena);

    return rc;
}


static int
mdmctl_send_options(mdmctl_send_t *send)
{
    mdm_str_t                key;
    const mdmctl_options_t  *options;

    options = send->options;
    send->expires = -1;

    if (mdmctl_option_number("priority", options->priority,
                             -MDMCTL_PRIORITY_MAX, MDMCTL_PRIORITY_MAX,
                             &send->priority) != MDMCTL_OK
        || mdmctl_option_number("not-before-in", options->not_before_in, 0,
                                MDMCTL_YEAR, &send->not_before) != MDMCTL_OK
        || mdmctl_option_number("expires-in", options->expires_in, 0,
                                MDMCTL_YEAR, &send->expires) != MDMCTL_OK)
    {
        return MDMCTL_USAGE;
    }

    if (options->dedupe_key != NULL) {
        key.data = (const unsigned char *) options->dedupe_key;
        key.len = strlen(options->dedupe_key);

        if (key.len == 0 || key.len > MDMCTL_KEY_MAX
            || mdm_str_has_control(key))
        {
            mdmctl_error("--dedupe-key is text of 1 to %d bytes without "
                         "control characters", MDMCTL_KEY_MAX);
            return MDMCTL_USAGE;
        }
    }

    return MDMCTL_OK;
}


static int
mdmctl_send_targets(mdmctl_send_t *send)
{
    unsigned     i;
    mdm_str_t    written, device_id, user_id;
    mdm_fault_t  fault;

    for (i = 0; i < send->ntargets; i++) {
        written.data = (unsigned char *) send->targets[i];
        written.len = strlen(send->targets[i]);

        if (mdm_enrollment_id_parse(&send->arena, written, &device_id,
                                    &user_id, &fault)
            != MDM_OK)
        {
            return mdmctl_error("\"%s\": %s", send->targets[i], fault.text);
        }

        send->device_ids[i] = (const char *) device_id.data;
        send->user_ids[i] = (const char *) user_id.data;
    }

    return MDMCTL_OK;
}


static int
mdmctl_send_read(mdmctl_send_t *send, const char *file)
{
    mdm_str_t    body, uuid;
    mdm_fault_t  fault;

    if (mdmctl_read_file(&send->arena, file, MDM_COMMAND_LIMIT, &body)
        != MDMCTL_OK
        || mdmctl_send_uuid(&send->arena, &uuid) != MDMCTL_OK)
    {
        return MDMCTL_FAILED;
    }

    if (mdm_command_envelope(&send->arena, body, send->plugins.schema, uuid,
                             &send->envelope, &fault)
        != MDM_OK
        || mdm_command_read(&send->arena, send->envelope, send->plugins.schema,
                            &send->command, &fault)
           != MDM_OK)
    {
        return mdmctl_error("\"%s\": %s", file, fault.text);
    }

    if (send->expires < 0) {
        send->expires = send->command.type->expires;
    }

    if (send->expires != 0 && send->expires <= send->not_before) {
        return mdmctl_error("the command would expire after %lld seconds, "
                            "before it may go out after %lld", send->expires,
                            send->not_before);
    }

    return MDMCTL_OK;
}


static int
mdmctl_send_uuid(mdm_arena_t *arena, mdm_str_t *uuid)
{
    char           *text;
    unsigned char   r[16];

    if (RAND_bytes(r, sizeof(r)) != 1) {
        return mdmctl_error("no random bytes");
    }

    r[6] = (r[6] & 0x0f) | 0x40;
    r[8] = (r[8] & 0x3f) | 0x80;

    text = mdmctl_printf(arena,
                         "%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-"
                         "%02X%02X%02X%02X%02X%02X",
                         r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7],
                         r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]);

    uuid->data = (unsigned char *) text;
    uuid->len = strlen(text);

    return MDMCTL_OK;
}


static int
mdmctl_send_enqueue(mdmctl_send_t *send)
{
    int               rc;
    PGresult         *res;
    mdmctl_params_t   params;

    if (mdmctl_send_params(send, &params) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    res = mdmctl_query(send->db,
                       "SELECT n, outcome FROM " MDMCTL_SCHEMA ".enqueue("
                       "$1::bigint, $2, '', $3, $4, $5, $6::bytea, $7::bytea,"
                       "$8, $9::boolean, $10::boolean, $11::boolean,"
                       "$12::bigint, $13::smallint, $14::bigint, $15,"
                       "$16::text[], $17::text[], $18::boolean, NULL,"
                       "$19::boolean) ORDER BY n",
                       &params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rc = mdmctl_send_answer(send, res);
    PQclear(res);

    return rc;
}


static int
mdmctl_send_params(mdmctl_send_t *send, mdmctl_params_t *params)
{
    mdm_str_t                 sealed, digest;
    unsigned char             hash[MDM_SECRET_DIGEST_SIZE];
    unsigned char             digests[MDM_SECRET_MAX_DIGESTS];
    const mdm_command_t      *command;
    const mdm_schema_type_t  *type;

    command = &send->command;
    type = command->type;

    if (mdm_secret_seal(&send->arena, &send->ring, send->tenant_id, "command",
                        command->command_uuid, send->envelope, &sealed)
        != MDM_OK
        || mdmctl_send_digest(send, hash) != MDMCTL_OK
        || mdm_secret_digest(&send->ring, send->tenant_id, hash, digests,
                             &digest.len)
           != MDM_OK)
    {
        return mdmctl_error("cannot seal the command");
    }

    digest.data = digests;

    params->n = 0;
    mdmctl_add_int(&send->arena, params, send->tenant_id);
    mdmctl_add(params, "mdmctl");
    mdmctl_add(params, (const char *) command->command_uuid.data);
    mdmctl_add(params, (const char *) command->request_type.data);
    mdmctl_add(params, (const char *) command->subject.data);
    mdmctl_add_bytes(&send->arena, params, sealed);
    mdmctl_add_bytes(&send->arena, params, digest);
    mdmctl_add(params, type->flags & MDM_ONCE ? "once" : "safe");
    mdmctl_add(params, command->urgent ? "t" : "f");
    mdmctl_add(params, command->renewal ? "t" : "f");
    mdmctl_add(params, type->flags & MDM_SUPERSEDES ? "t" : "f");
    mdmctl_add_int(&send->arena, params, send->expires);
    mdmctl_add_int(&send->arena, params, send->priority);
    mdmctl_add_int(&send->arena, params, send->not_before);
    mdmctl_add(params, send->options->dedupe_key);
    mdmctl_add_array(&send->arena, params, send->device_ids, send->ntargets);
    mdmctl_add_array(&send->arena, params, send->user_ids, send->ntargets);
    mdmctl_add(params, send->options->no_push ? "f" : "t");
    mdmctl_add(params, command->part ? "t" : "f");

    return MDMCTL_OK;
}


/* As the API computes it, so that a repetition is known whichever way it comes:
 * of the envelope and, when there are any, the options that were given. */

static int
mdmctl_send_digest(mdmctl_send_t *send, unsigned char *digest)
{
    int          ok;
    char        *said;
    EVP_MD_CTX  *md;

    said = mdmctl_send_said(send);
    md = EVP_MD_CTX_new();

    ok = said != NULL && md != NULL
         && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1
         && EVP_DigestUpdate(md, send->envelope.data, send->envelope.len) == 1
         && (strcmp(said, "{}") == 0
             || EVP_DigestUpdate(md, said, strlen(said)) == 1)
         && EVP_DigestFinal_ex(md, digest, NULL) == 1;

    EVP_MD_CTX_free(md);
    free(said);

    return ok ? MDMCTL_OK : MDMCTL_FAILED;
}


/* The options as members of POST /v1/commands. */

static char *
mdmctl_send_said(const mdmctl_send_t *send)
{
    char                    *text;
    json_t                  *said;
    const mdmctl_options_t  *options;

    options = send->options;
    said = json_object();

    if (options->no_push) {
        json_object_set_new(said, "push", json_false());
    }

    if (options->priority != NULL) {
        json_object_set_new(said, "priority", json_integer(send->priority));
    }

    if (options->not_before_in != NULL) {
        json_object_set_new(said, "not_before_in",
                            json_integer(send->not_before));
    }

    if (options->expires_in != NULL) {
        json_object_set_new(said, "expires_in", json_integer(send->expires));
    }

    if (options->dedupe_key != NULL) {
        json_object_set_new(said, "dedupe_key",
                            json_string(options->dedupe_key));
    }

    text = json_dumps(said, JSON_COMPACT|JSON_SORT_KEYS);
    json_decref(said);

    return text;
}


/* The first row is the command, the others are targets that do not have it. */

static int
mdmctl_send_answer(mdmctl_send_t *send, PGresult *res)
{
    int          rc, row, repeated;
    unsigned     n;
    const char  *outcome;

    outcome = PQgetvalue(res, 0, 1);
    repeated = strcmp(outcome, "repeated") == 0;

    if (strcmp(outcome, "conflict") == 0) {
        return mdmctl_error("another command, or this one with other options, "
                            "was sent as %s within the last 24 hours: give it "
                            "a new CommandUUID",
                            send->command.command_uuid.data);
    }

    printf("%s %s%s\n", send->command.request_type.data,
           send->command.command_uuid.data,
           repeated ? ": was sent before, nothing is queued twice" : "");

    rc = MDMCTL_OK;

    for (n = 1, row = 1; n <= send->ntargets; n++) {
        outcome = "ok";

        if (row < PQntuples(res)
            && atoi(PQgetvalue(res, row, 0)) == (int) n)
        {
            outcome = PQgetvalue(res, row++, 1);
        }

        printf("%s: %s\n", send->targets[n - 1],
               mdmctl_send_outcome(outcome, &rc));
    }

    return rc;
}


static const char *
mdmctl_send_outcome(const char *outcome, int *rc)
{
    unsigned  i;

    static const struct {
        const char  *outcome;
        const char  *words;
        int          rc;
    } table[] = {
        { "ok", "queued", MDMCTL_OK },
        { "duplicate", "one with the same key waits already", MDMCTL_OK },
        { "unknown", "is not enrolled", MDMCTL_FAILED },
        { "pending", "has not finished its enrolment", MDMCTL_FAILED },
        { "closed", "is no longer enrolled", MDMCTL_FAILED },
    };

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i].outcome, outcome) == 0) {
            if (table[i].rc != MDMCTL_OK) {
                *rc = table[i].rc;
            }

            return table[i].words;
        }
    }

    *rc = MDMCTL_FAILED;

    return outcome;
}
