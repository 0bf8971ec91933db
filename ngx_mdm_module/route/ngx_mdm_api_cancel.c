
/*
 * Commands that wait: taken back, or let out again after they stalled; of all
 * targets or of one.  Of many targets a command is taken back piece by piece, a
 * transaction each, so that no device waits for long.
 */


#include "ngx_mdm_api.h"

#include "../engine/ngx_mdm_push.h"
#include "../message/mdm_command.h"


#define NGX_MDM_API_MAX_COMMANDS  1000

/* one of them takes as long to answer as so many bytes of a body */
#define NGX_MDM_API_CANCEL_LABOUR  128


/* columns of command_cancel() and, but for the last, queue_cancel() */

enum {
    NGX_MDM_CANCELLED_OUTCOME = 0,
    NGX_MDM_CANCELLED_CANCELLED,
    NGX_MDM_CANCELLED_DELIVERED,
    NGX_MDM_CANCELLED_AFTER
};

/* columns of commands_cancel() */

enum {
    NGX_MDM_CANCEL_MANY_PLACE = 0,
    NGX_MDM_CANCEL_MANY_CANCELLED = 2,
    NGX_MDM_CANCEL_MANY_DELIVERED,
    NGX_MDM_CANCEL_MANY_BUSY,
    NGX_MDM_CANCEL_MANY_AFTER
};

enum {
    NGX_MDM_RELEASED_OUTCOME = 0,
    NGX_MDM_RELEASED_RELEASED
};


/* What all pieces did to one command. */

typedef struct {
    unsigned                met:1;         /* some target had it; of many:
                                              the first of its name */
    int64_t                 cancelled;
    int64_t                 delivered;
    int64_t                 busy;
} ngx_mdm_api_cancel_t;


static ngx_mdm_api_cancel_t *ngx_mdm_api_cancel_sums(ngx_mdm_api_t *api,
    size_t n);
static void ngx_mdm_api_cancelled_piece(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_cancelled(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_cancel_answer(ngx_mdm_api_t *api, int64_t cancelled,
    int64_t delivered);
static ngx_int_t ngx_mdm_api_cancel_uuids(ngx_mdm_api_t *api, json_t *uuids,
    ngx_mdm_pg_value_t *value);
static void ngx_mdm_api_cancelled_many(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_cancel_many_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static const char *ngx_mdm_api_cancel_outcome(ngx_mdm_api_t *api,
    const ngx_mdm_api_cancel_t *sum);
static void ngx_mdm_api_release_call(ngx_mdm_api_t *api,
    ngx_mdm_pg_statement_e statement, ngx_mdm_pg_value_t *withheld);
static void ngx_mdm_api_released(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static ngx_uint_t ngx_mdm_api_no_target(ngx_mdm_api_t *api,
    ngx_str_t outcome);


static const ngx_mdm_api_member_t  ngx_mdm_api_cancel_members[] = {
    { "command_uuids", "array",   1 },
    { "force",         "boolean", 0 },
    { NULL, NULL, 0 }
};


void
ngx_mdm_api_cancel(ngx_mdm_api_t *api)
{
    ngx_str_t            uuid;
    ngx_mdm_pg_value_t  *p;

    if (ngx_mdm_api_command_uuid(api, api->segments[0], &uuid) != NGX_OK
        || ngx_mdm_api_cancel_sums(api, 1) == NULL)
    {
        return;
    }

    p = api->call.params;

    ngx_mdm_api_who(api, p);
    ngx_mdm_pg_set_bytes(&p[3], uuid.data, uuid.len);
    ngx_mdm_pg_set_bool(&p[4], ngx_mdm_api_flag(api, "force"));
    ngx_mdm_pg_set_int8(&p[5], 0);

    ngx_mdm_api_call(api, NGX_MDM_SQL_COMMAND_CANCEL,
                     ngx_mdm_api_cancelled_piece);
}


/* Zeroed; NULL after the client was told. */

static ngx_mdm_api_cancel_t *
ngx_mdm_api_cancel_sums(ngx_mdm_api_t *api, size_t n)
{
    api->ctx = ngx_pcalloc(api->pool, n * sizeof(ngx_mdm_api_cancel_t));

    if (api->ctx == NULL) {
        ngx_mdm_api_out_of_memory(api);
    }

    return api->ctx;
}


static void
ngx_mdm_api_cancelled_piece(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t              outcome;
    ngx_mdm_api_t         *api;
    ngx_mdm_api_cancel_t  *sum;

    api = call->data;
    sum = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    outcome = ngx_mdm_pg_text(rows, 0, NGX_MDM_CANCELLED_OUTCOME);

    sum->met |= !ngx_mdm_api_is(outcome, "unknown");
    sum->cancelled += ngx_mdm_pg_int(rows, 0, NGX_MDM_CANCELLED_CANCELLED);
    sum->delivered += ngx_mdm_pg_int(rows, 0, NGX_MDM_CANCELLED_DELIVERED);

    /* also behind a piece that somebody else took meanwhile */

    if (!ngx_mdm_pg_is_null(rows, 0, NGX_MDM_CANCELLED_AFTER)) {
        ngx_mdm_pg_set_int8(&call->params[5],
                            ngx_mdm_pg_int(rows, 0, NGX_MDM_CANCELLED_AFTER));
        ngx_mdm_api_call(api, NGX_MDM_SQL_COMMAND_CANCEL,
                         ngx_mdm_api_cancelled_piece);
        return;
    }

    if (!sum->met && ngx_mdm_api_no_target(api, outcome)) {
        return;
    }

    ngx_mdm_api_cancel_answer(api, sum->cancelled,
                              ngx_mdm_api_flag(api, "force")
                              ? 0 : sum->delivered);
}


/* All that waits for one enrolment. */

void
ngx_mdm_api_queue_clear(ngx_mdm_api_t *api)
{
    mdm_str_t            device, user;
    ngx_mdm_pg_value_t  *p;

    if (ngx_mdm_api_channel(api, 3, &device, &user) != NGX_OK) {
        return;
    }

    p = api->call.params;

    ngx_mdm_api_who(api, p);
    ngx_mdm_pg_set_null(&p[5]);
    ngx_mdm_pg_set_bool(&p[6], ngx_mdm_api_flag(api, "force"));

    ngx_mdm_api_call(api, NGX_MDM_SQL_QUEUE_CANCEL, ngx_mdm_api_cancelled);
}


void
ngx_mdm_api_queue_cancel(ngx_mdm_api_t *api)
{
    mdm_str_t            device, user;
    ngx_str_t            uuid;
    ngx_mdm_pg_value_t  *p;

    if (ngx_mdm_api_channel(api, 3, &device, &user) != NGX_OK
        || ngx_mdm_api_command_uuid(api, api->segments[1], &uuid) != NGX_OK)
    {
        return;
    }

    p = api->call.params;

    ngx_mdm_api_who(api, p);
    ngx_mdm_pg_set_bytes(&p[5], uuid.data, uuid.len);
    ngx_mdm_pg_set_bool(&p[6], ngx_mdm_api_flag(api, "force"));

    ngx_mdm_api_call(api, NGX_MDM_SQL_QUEUE_CANCEL, ngx_mdm_api_cancelled);
}


static void
ngx_mdm_api_cancelled(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    int64_t         cancelled, delivered;
    ngx_str_t       outcome;
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    outcome = ngx_mdm_pg_text(rows, 0, NGX_MDM_CANCELLED_OUTCOME);

    if (ngx_mdm_api_no_target(api, outcome)) {
        return;
    }

    cancelled = ngx_mdm_pg_int(rows, 0, NGX_MDM_CANCELLED_CANCELLED);
    delivered = ngx_mdm_pg_int(rows, 0, NGX_MDM_CANCELLED_DELIVERED);

    ngx_mdm_api_cancel_answer(api, cancelled,
                              ngx_mdm_api_is(outcome, "delivered")
                              ? delivered : 0);
}


/* delivered: how many were left for that. */

static void
ngx_mdm_api_cancel_answer(ngx_mdm_api_t *api, int64_t cancelled,
    int64_t delivered)
{
    if (delivered != 0) {
        ngx_mdm_api_error(api, NGX_HTTP_CONFLICT, "delivered",
                          "cancelled: %lld; delivered and not answered, so "
                          "left: %lld; add ?force=1 to give those up",
                          (long long) cancelled, (long long) delivered);
        return;
    }

    ngx_mdm_api_finish(api, NGX_HTTP_OK,
                       json_pack("{s:I}", "cancelled",
                                 (json_int_t) cancelled));
}


void
ngx_mdm_api_cancel_many(ngx_mdm_api_t *api)
{
    json_t              *uuids;
    ngx_mdm_pg_value_t  *p;

    if (ngx_mdm_api_members(api, ngx_mdm_api_cancel_members) != NGX_OK) {
        return;
    }

    p = api->call.params;
    uuids = json_object_get(api->json, "command_uuids");

    if (ngx_mdm_api_cancel_uuids(api, uuids, &p[3]) != NGX_OK
        || ngx_mdm_api_cancel_sums(api, json_array_size(uuids)) == NULL)
    {
        return;
    }

    ngx_mdm_api_who(api, p);
    ngx_mdm_pg_set_bool(&p[4], json_is_true(json_object_get(api->json,
                                                            "force")));
    ngx_mdm_pg_set_int4(&p[5], 1);
    ngx_mdm_pg_set_int8(&p[6], 0);

    ngx_mdm_api_call(api, NGX_MDM_SQL_COMMANDS_CANCEL,
                     ngx_mdm_api_cancelled_many);
}


static ngx_int_t
ngx_mdm_api_cancel_uuids(ngx_mdm_api_t *api, json_t *uuids,
    ngx_mdm_pg_value_t *value)
{
    char                 path[40], found[24];
    size_t               i, n;
    json_t              *uuid;
    ngx_mdm_pg_value_t  *values;

    n = json_array_size(uuids);
    values = NULL;

    if (n < 1 || n > NGX_MDM_API_MAX_COMMANDS) {
        snprintf(found, sizeof(found), "%zu", n);
        ngx_mdm_api_fault(api, "command_uuids",
                          "must hold 1 to 1000 CommandUUIDs", found);

    } else {
        values = ngx_pcalloc(api->pool, n * sizeof(ngx_mdm_pg_value_t));
        if (values == NULL) {
            ngx_mdm_api_out_of_memory(api);
            return NGX_ERROR;
        }

        json_array_foreach(uuids, i, uuid) {
            if (json_string_length(uuid) == 0
                || json_string_length(uuid) > MDM_COMMAND_UUID_MAX)
            {
                snprintf(path, sizeof(path), "command_uuids[%zu]", i);
                ngx_mdm_api_fault(api, path, "must be text of 1 to 255 bytes",
                                  NULL);
                continue;
            }

            ngx_mdm_pg_set_bytes(&values[i], json_string_value(uuid),
                                 json_string_length(uuid));
        }
    }

    if (api->faults != NULL) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_body",
                          "nothing was cancelled: see \"faults\"");
        return NGX_ERROR;
    }

    if (ngx_mdm_pg_set_array(value, api->pool, 't', values, n) != NGX_OK) {
        ngx_mdm_api_out_of_memory(api);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_mdm_api_cancelled_many(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    int                    i, last;
    int64_t                place;
    ngx_mdm_api_t         *api;
    ngx_mdm_api_cancel_t  *sums;

    api = call->data;
    sums = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    place = 0;
    last = rows->count - 1;

    for (i = 0; i <= last; i++) {
        place = ngx_mdm_pg_int(rows, i, NGX_MDM_CANCEL_MANY_PLACE);

        sums[place - 1].met = 1;
        sums[place - 1].cancelled += ngx_mdm_pg_int(rows, i,
                                               NGX_MDM_CANCEL_MANY_CANCELLED);
        sums[place - 1].delivered += ngx_mdm_pg_int(rows, i,
                                               NGX_MDM_CANCEL_MANY_DELIVERED);
        sums[place - 1].busy += ngx_mdm_pg_int(rows, i,
                                               NGX_MDM_CANCEL_MANY_BUSY);
    }

    if (ngx_mdm_pg_is_null(rows, last, NGX_MDM_CANCEL_MANY_AFTER)) {
        ngx_mdm_api_build(api, rows,
                          json_array_size(json_object_get(api->json,
                                                          "command_uuids"))
                          * NGX_MDM_API_CANCEL_LABOUR,
                          ngx_mdm_api_cancel_many_build);
        return;
    }

    ngx_mdm_pg_set_int4(&call->params[5], (int32_t) place);
    ngx_mdm_pg_set_int8(&call->params[6],
                        ngx_mdm_pg_int(rows, last, NGX_MDM_CANCEL_MANY_AFTER));

    ngx_mdm_api_call(api, NGX_MDM_SQL_COMMANDS_CANCEL,
                     ngx_mdm_api_cancelled_many);
}


/* 200 when all went well, else 207: each says for itself. */

static json_t *
ngx_mdm_api_cancel_many_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows)
{
    size_t                 i;
    json_t                *items, *uuid;
    const char            *outcome;
    ngx_mdm_api_cancel_t  *sum;

    items = json_array();

    json_array_foreach(json_object_get(api->json, "command_uuids"), i, uuid) {
        sum = (ngx_mdm_api_cancel_t *) api->ctx + i;

        if (!sum->met) {
            continue;
        }

        outcome = ngx_mdm_api_cancel_outcome(api, sum);

        if (ngx_strcmp(outcome, "ok") != 0) {
            api->status = 207;
        }

        json_array_append_new(items,
                              json_pack("{s:O, s:s, s:I, s:I, s:I}",
                                        "command_uuid", uuid,
                                        "outcome", outcome,
                                        "cancelled",
                                        (json_int_t) sum->cancelled,
                                        "delivered",
                                        (json_int_t) sum->delivered,
                                        "busy", (json_int_t) sum->busy));
    }

    return json_pack("{s:o}", "items", items);
}


static const char *
ngx_mdm_api_cancel_outcome(ngx_mdm_api_t *api, const ngx_mdm_api_cancel_t *sum)
{
    if (sum->cancelled + sum->delivered + sum->busy == 0) {
        return "unknown";
    }

    if (sum->busy != 0) {
        return "busy";
    }

    if (sum->delivered != 0
        && !json_is_true(json_object_get(api->json, "force")))
    {
        return "delivered";
    }

    return "ok";
}


void
ngx_mdm_api_release(ngx_mdm_api_t *api)
{
    ngx_str_t            uuid;
    ngx_mdm_pg_value_t  *p;

    if (ngx_mdm_api_command_uuid(api, api->segments[0], &uuid) != NGX_OK) {
        return;
    }

    p = api->call.params;
    ngx_mdm_pg_set_bytes(&p[3], uuid.data, uuid.len);

    ngx_mdm_api_release_call(api, NGX_MDM_SQL_COMMAND_RELEASE_ALL, &p[4]);
}


void
ngx_mdm_api_queue_release(ngx_mdm_api_t *api)
{
    mdm_str_t            device, user;
    ngx_str_t            uuid;
    ngx_mdm_pg_value_t  *p;

    if (ngx_mdm_api_channel(api, 3, &device, &user) != NGX_OK
        || ngx_mdm_api_command_uuid(api, api->segments[1], &uuid) != NGX_OK)
    {
        return;
    }

    p = api->call.params;
    ngx_mdm_pg_set_bytes(&p[5], uuid.data, uuid.len);

    ngx_mdm_api_release_call(api, NGX_MDM_SQL_COMMAND_RELEASE, &p[6]);
}


/* To let a command out again is to send it: of the destructive ones only a
 * token may that has the right. */

static void
ngx_mdm_api_release_call(ngx_mdm_api_t *api, ngx_mdm_pg_statement_e statement,
    ngx_mdm_pg_value_t *withheld)
{
    ngx_uint_t                n, all;
    ngx_mdm_pg_value_t       *names;
    const mdm_schema_type_t  *type;

    names = NULL;
    n = 0;

    if (!ngx_mdm_api_may(api, "destructive")) {

        for (all = 0; mdm_schema_nth(api->engine->schema, all); all++) {
            /* void */
        }

        names = ngx_pcalloc(api->pool, all * sizeof(ngx_mdm_pg_value_t));
        if (names == NULL) {
            ngx_mdm_api_out_of_memory(api);
            return;
        }

        while (all > 0) {
            type = mdm_schema_nth(api->engine->schema, --all);

            if (type->flags & MDM_DESTRUCTIVE) {
                ngx_mdm_pg_set_bytes(&names[n++], type->name,
                                     ngx_strlen(type->name));
            }
        }
    }

    if (ngx_mdm_pg_set_array(withheld, api->pool, 't', names, n) != NGX_OK) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ngx_mdm_api_who(api, api->call.params);
    ngx_mdm_api_call(api, statement, ngx_mdm_api_released);
}


static void
ngx_mdm_api_released(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    int             released;
    ngx_str_t       outcome;
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    ngx_mdm_push_wake(api->engine, api->tenant_id);

    outcome = ngx_mdm_pg_text(rows, 0, NGX_MDM_RELEASED_OUTCOME);

    if (ngx_mdm_api_no_target(api, outcome)) {
        return;
    }

    if (ngx_mdm_api_is(outcome, "withheld")) {
        ngx_mdm_api_require(api, "destructive");
        return;
    }

    if (ngx_mdm_api_is(outcome, "not_stalled")) {
        ngx_mdm_api_error(api, NGX_HTTP_CONFLICT, "not_stalled",
                          "the command waits, but is not stalled: it goes "
                          "out by itself");
        return;
    }

    released = 1;

    if (api->operation->handler == ngx_mdm_api_release) {
        released = (int) ngx_mdm_pg_int(rows, 0, NGX_MDM_RELEASED_RELEASED);
    }

    ngx_mdm_api_finish(api, NGX_HTTP_OK,
                       json_pack("{s:i}", "released", released));
}


/* Tells the client when there is no such enrolment, or no such command that
 * waits. */

static ngx_uint_t
ngx_mdm_api_no_target(ngx_mdm_api_t *api, ngx_str_t outcome)
{
    if (ngx_mdm_api_is(outcome, "unknown")) {
        ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "unknown_command",
                          "no device waits for this command");
        return 1;
    }

    if (ngx_mdm_api_is(outcome, "unknown_enrollment")) {
        ngx_mdm_api_unknown_enrollment(api);
        return 1;
    }

    return 0;
}
