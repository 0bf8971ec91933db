
/*
 * Asking: a raw command for one or many enrolments, in the shapes of
 * NanoMDM's API, and taking a command back.
 */


#include "ngx_mdm_api.h"
#include "../message/mdm_command.h"

#include <openssl/evp.h>


#define NGX_MDM_API_MAX_TARGETS   10000


/* columns of enqueue() and command_cancel() */

enum {
    NGX_MDM_ENQUEUED_N = 0,
    NGX_MDM_ENQUEUED_OUTCOME
};

enum {
    NGX_MDM_CANCELLED_OUTCOME = 0,
    NGX_MDM_CANCELLED_CANCELLED,
    NGX_MDM_CANCELLED_DELIVERED
};


typedef struct {
    mdm_rc_e                rc;
    mdm_fault_t             fault;
    mdm_command_t           command;
    mdm_str_t               sealed;
    u_char                  digest[32];
    ngx_str_t              *ids;         /* as the client wrote them */
    ngx_mdm_pg_value_t     *devices;
    ngx_mdm_pg_value_t     *users;
    ngx_uint_t              n;
} ngx_mdm_api_enqueue_t;


typedef struct {
    const char             *outcome;
    const char             *text;        /* NULL: it is queued */
} ngx_mdm_api_target_text_t;


static void ngx_mdm_api_take_in(void *data);
static mdm_rc_e ngx_mdm_api_seal(ngx_mdm_api_t *api,
    ngx_mdm_api_enqueue_t *enqueue);
static void ngx_mdm_api_taken_in(void *data);
static ngx_int_t ngx_mdm_api_targets(ngx_mdm_api_t *api,
    ngx_mdm_api_enqueue_t *enqueue);
static ngx_int_t ngx_mdm_api_enqueue_params(ngx_mdm_api_t *api,
    ngx_mdm_api_enqueue_t *enqueue);
static void ngx_mdm_api_enqueued(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_targets_status(ngx_mdm_api_enqueue_t *enqueue,
    const ngx_mdm_pg_rows_t *rows, ngx_uint_t *queued);
static const char *ngx_mdm_api_target_text(ngx_str_t outcome);
static void ngx_mdm_api_cancelled(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);


static const ngx_mdm_api_target_text_t  ngx_mdm_api_target_texts[] = {
    { "ok",        NULL },
    { "unknown",   "no such enrolment" },
    { "closed",    "the enrolment is closed" },
    { "pending",   "the device is still enrolling" },
    { "duplicate", "a live command of this enrolment is the same" },
    { NULL,        "not queued" }
};


void
ngx_mdm_api_enqueue(ngx_mdm_api_t *api)
{
    ngx_mdm_api_enqueue_t  *enqueue;

    enqueue = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_enqueue_t));
    if (enqueue == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    api->ctx = enqueue;

    if (ngx_mdm_api_targets(api, enqueue) != NGX_OK) {
        return;
    }

    ngx_mdm_api_work(api, api->body.len, ngx_mdm_api_take_in,
                     ngx_mdm_api_taken_in);
}


/* Reads the command and seals it: in a thread when it is large. */

static void
ngx_mdm_api_take_in(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_enqueue_t  *enqueue;

    enqueue = api->ctx;

    enqueue->rc = mdm_command_read(&api->arena, api->body, &enqueue->command,
                                   &enqueue->fault);

    if (enqueue->rc == MDM_OK) {
        enqueue->rc = ngx_mdm_api_seal(api, enqueue);
    }
}


static mdm_rc_e
ngx_mdm_api_seal(ngx_mdm_api_t *api, ngx_mdm_api_enqueue_t *enqueue)
{
    if (EVP_Digest(api->body.data, api->body.len, enqueue->digest, NULL,
                   EVP_sha256(), NULL)
           != 1
        || mdm_secret_seal(&api->arena, api->engine->ring, api->tenant_id,
                           "command", enqueue->command.command_uuid,
                           api->body, &enqueue->sealed)
           != MDM_OK)
    {
        return mdm_fault(&enqueue->fault, MDM_NO_MEMORY,
                         "the command cannot be sealed");
    }

    return MDM_OK;
}


static void
ngx_mdm_api_taken_in(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_enqueue_t  *enqueue;

    enqueue = api->ctx;

    if (enqueue->rc != MDM_OK) {
        ngx_mdm_api_finish(api, enqueue->rc == MDM_NO_MEMORY
                                ? NGX_HTTP_SERVICE_UNAVAILABLE
                                : NGX_HTTP_BAD_REQUEST,
                           json_pack("{s:s}", "command_error",
                                     enqueue->fault.text));
        return;
    }

    if (ngx_mdm_api_enqueue_params(api, enqueue) != NGX_OK) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ngx_mdm_api_call(api, NGX_MDM_SQL_ENQUEUE, ngx_mdm_api_enqueued);
}


/* The ids of the path, between commas. */

static ngx_int_t
ngx_mdm_api_targets(ngx_mdm_api_t *api, ngx_mdm_api_enqueue_t *enqueue)
{
    u_char      *p, *last, *comma;
    mdm_str_t    device, user;
    ngx_str_t    id;
    ngx_uint_t   n;

    last = api->segments[0].data + api->segments[0].len;

    for (p = api->segments[0].data, n = 1; p < last; p++) {
        n += (*p == ',');
    }

    if (n > NGX_MDM_API_MAX_TARGETS) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "too_many_targets",
                          "at most %d enrolments in one call",
                          NGX_MDM_API_MAX_TARGETS);
        return NGX_ERROR;
    }

    enqueue->ids = ngx_pcalloc(api->pool, n * sizeof(ngx_str_t));
    enqueue->devices = ngx_pcalloc(api->pool, n * sizeof(ngx_mdm_pg_value_t));
    enqueue->users = ngx_pcalloc(api->pool, n * sizeof(ngx_mdm_pg_value_t));

    if (enqueue->ids == NULL || enqueue->devices == NULL
        || enqueue->users == NULL)
    {
        ngx_mdm_api_out_of_memory(api);
        return NGX_ERROR;
    }

    for (p = api->segments[0].data, n = 0; p <= last; p = comma + 1, n++) {
        comma = ngx_strlchr(p, last, ',');
        if (comma == NULL) {
            comma = last;
        }

        id.data = p;
        id.len = comma - p;

        if (ngx_mdm_api_enrollment(api, id, &device, &user) != NGX_OK) {
            return NGX_ERROR;
        }

        enqueue->ids[n] = id;
        ngx_mdm_set_str(&enqueue->devices[n], device);
        ngx_mdm_set_str(&enqueue->users[n], user);
    }

    enqueue->n = n;

    return NGX_OK;
}


static ngx_int_t
ngx_mdm_api_enqueue_params(ngx_mdm_api_t *api, ngx_mdm_api_enqueue_t *enqueue)
{
    const char                *repeat;
    mdm_command_t             *command;
    ngx_mdm_pg_value_t        *p;
    const mdm_command_type_t  *type;

    p = api->call.params;
    command = &enqueue->command;
    type = command->type;

    repeat = (type->repeat == MDM_REPEAT_ONCE) ? "once" : "safe";

    ngx_mdm_pg_set_int8(&p[0], api->tenant_id);
    ngx_mdm_pg_set_bytes(&p[1], api->actor.data, api->actor.len);
    ngx_mdm_pg_set_bytes(&p[2], api->remote.data, api->remote.len);
    ngx_mdm_set_str(&p[3], command->command_uuid);
    ngx_mdm_set_str(&p[4], command->request_type);
    ngx_mdm_set_str(&p[5], command->subject);
    ngx_mdm_set_str(&p[6], enqueue->sealed);
    ngx_mdm_pg_set_bytes(&p[7], enqueue->digest, sizeof(enqueue->digest));
    ngx_mdm_pg_set_bytes(&p[8], repeat, ngx_strlen(repeat));
    ngx_mdm_pg_set_bool(&p[9], command->urgent);
    ngx_mdm_pg_set_bool(&p[10], command->renewal);
    ngx_mdm_pg_set_bool(&p[11], type->supersedes);
    ngx_mdm_pg_set_int8(&p[12], type->expires);
    ngx_mdm_pg_set_int2(&p[13], 0);
    ngx_mdm_pg_set_int8(&p[14], 0);
    ngx_mdm_pg_set_null(&p[15]);
    ngx_mdm_pg_set_bool(&p[18], !ngx_mdm_api_flag(api, "nopush"));

    if (ngx_mdm_pg_set_array(&p[16], api->pool, 't', enqueue->devices,
                             enqueue->n)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_mdm_pg_set_array(&p[17], api->pool, 't', enqueue->users,
                                enqueue->n);
}


/* 200 when every target has it, 207 when some have. */

static void
ngx_mdm_api_enqueued(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    json_t                 *answer;
    ngx_str_t               outcome;
    ngx_uint_t              queued;
    mdm_command_t          *command;
    ngx_mdm_api_t          *api;
    ngx_mdm_api_enqueue_t  *enqueue;

    api = call->data;
    enqueue = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    outcome = ngx_mdm_pg_text(rows, 0, NGX_MDM_ENQUEUED_OUTCOME);

    if (ngx_mdm_api_is(outcome, "conflict")) {
        ngx_mdm_api_finish(api, NGX_HTTP_CONFLICT,
                           json_pack("{s:s}", "command_error",
                                     "another command with this CommandUUID "
                                     "was queued within a day: use a new "
                                     "one"));
        return;
    }

    command = &enqueue->command;

    answer = json_pack("{s:o, s:o, s:o}",
                       "status",
                       ngx_mdm_api_targets_status(enqueue, rows, &queued),
                       "command_uuid",
                       json_stringn((char *) command->command_uuid.data,
                                    command->command_uuid.len),
                       "request_type",
                       json_stringn((char *) command->request_type.data,
                                    command->request_type.len));

    if (ngx_mdm_api_flag(api, "nopush")) {
        json_object_set_new(answer, "no_push", json_true());
    }

    ngx_mdm_api_finish(api, queued == enqueue->n ? NGX_HTTP_OK
                            : queued != 0 ? 207 : NGX_HTTP_NOT_FOUND,
                       answer);
}


/* {"ID":{}} of a target that has the command, else with what is wrong; the
 * rows from the second on are targets. */

static json_t *
ngx_mdm_api_targets_status(ngx_mdm_api_enqueue_t *enqueue,
    const ngx_mdm_pg_rows_t *rows, ngx_uint_t *queued)
{
    int          i;
    json_t      *status, *target;
    int64_t      n;
    ngx_str_t    id;
    const char  *text;

    status = json_object();
    *queued = 0;

    for (i = 1; i < rows->count; i++) {
        n = ngx_mdm_pg_int(rows, i, NGX_MDM_ENQUEUED_N);

        if (n < 1 || n > (int64_t) enqueue->n) {
            continue;
        }

        id = enqueue->ids[n - 1];
        text = ngx_mdm_api_target_text(ngx_mdm_pg_text(rows, i,
                                                NGX_MDM_ENQUEUED_OUTCOME));
        target = json_object();

        if (text != NULL) {
            json_object_set_new(target, "command_error", json_string(text));

        } else {
            (*queued)++;
        }

        json_object_setn_new(status, (char *) id.data, id.len, target);
    }

    return status;
}


static const char *
ngx_mdm_api_target_text(ngx_str_t outcome)
{
    const ngx_mdm_api_target_text_t  *t;

    for (t = ngx_mdm_api_target_texts; t->outcome != NULL; t++) {
        if (ngx_mdm_api_is(outcome, t->outcome)) {
            break;
        }
    }

    return t->text;
}


void
ngx_mdm_api_cancel(ngx_mdm_api_t *api)
{
    ngx_str_t  uuid;

    if (ngx_mdm_api_command_uuid(api, api->segments[0], &uuid) != NGX_OK) {
        return;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
    ngx_mdm_pg_set_bytes(&api->call.params[1], api->actor.data,
                         api->actor.len);
    ngx_mdm_pg_set_bytes(&api->call.params[2], api->remote.data,
                         api->remote.len);
    ngx_mdm_pg_set_bytes(&api->call.params[3], uuid.data, uuid.len);
    ngx_mdm_pg_set_bool(&api->call.params[4], ngx_mdm_api_flag(api, "force"));

    ngx_mdm_api_call(api, NGX_MDM_SQL_COMMAND_CANCEL, ngx_mdm_api_cancelled);
}


static void
ngx_mdm_api_cancelled(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    int             cancelled, delivered;
    ngx_str_t       outcome;
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    outcome = ngx_mdm_pg_text(rows, 0, NGX_MDM_CANCELLED_OUTCOME);

    if (ngx_mdm_api_is(outcome, "unknown")) {
        ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "unknown_command",
                          "no device waits for this command");
        return;
    }

    cancelled = (int) ngx_mdm_pg_int(rows, 0, NGX_MDM_CANCELLED_CANCELLED);
    delivered = (int) ngx_mdm_pg_int(rows, 0, NGX_MDM_CANCELLED_DELIVERED);

    if (ngx_mdm_api_is(outcome, "delivered")) {
        ngx_mdm_api_error(api, NGX_HTTP_CONFLICT, "delivered",
                          "%d cancelled, but %d devices have the command and "
                          "have not answered: add ?force=1 to give them up",
                          cancelled, delivered);
        return;
    }

    ngx_mdm_api_finish(api, NGX_HTTP_OK,
                       json_pack("{s:i}", "cancelled", cancelled));
}
