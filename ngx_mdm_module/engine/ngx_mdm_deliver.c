
/*
 * Handing out a command.  Payloads are opened, and values put in, in a thread
 * when they are large.  What cannot be filled in is closed with that reason and
 * the next is taken; a device never hears of it.
 */


#include "ngx_mdm_deliver.h"
#include "ngx_mdm_request_type.h"
#include "../message/mdm_json.h"
#include "../message/mdm_values.h"


/* In one request.  The device comes again after 503, and what was closed
 * stays closed. */
#define NGX_MDM_DELIVER_FAILURES   32

/* To read a command, put in values and write it, compared with opening it. */
#define NGX_MDM_DELIVER_LABOUR     16


/* columns of delivery_failed() */

enum {
    NGX_MDM_FAILED_OUTCOME = 1,
    NGX_MDM_FAILED_ENROLLMENT,
    NGX_MDM_FAILED_COMMAND
};


/* The values of one command; in any thread. */

typedef struct {
    ngx_mdm_exchange_t        *x;
    json_t                    *wanted;
    mdm_rc_e                   rc;            /* of a secret */
} ngx_mdm_deliver_values_t;


static void ngx_mdm_deliver_open(void *data);
static mdm_rc_e ngx_mdm_deliver_fill_in(ngx_mdm_exchange_t *x,
    mdm_str_t command);
static mdm_rc_e ngx_mdm_deliver_resolve(ngx_mdm_deliver_values_t *values,
    mdm_str_t command);
static mdm_str_t ngx_mdm_deliver_value(void *data, mdm_str_t name,
    bool secret);
static mdm_str_t ngx_mdm_deliver_secret(ngx_mdm_deliver_values_t *values,
    mdm_str_t kind);
static mdm_str_t ngx_mdm_deliver_text(const json_t *object, mdm_str_t name);
static void ngx_mdm_deliver_opened(void *data);
static void ngx_mdm_deliver_give_up(ngx_mdm_exchange_t *x);
static void ngx_mdm_deliver_fail(ngx_mdm_exchange_t *x);
static void ngx_mdm_deliver_failed(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


void
ngx_mdm_deliver(ngx_mdm_exchange_t *x, const ngx_mdm_pg_rows_t *rows,
    int first)
{
    size_t     labour;
    ngx_str_t  uuid, payload, wanted;

    uuid = ngx_mdm_pg_text(rows, 0, first + NGX_MDM_COMMAND_UUID);
    payload = ngx_mdm_pg_text(rows, 0, first + NGX_MDM_COMMAND_PAYLOAD);
    wanted = ngx_mdm_pg_text(rows, 0, first + NGX_MDM_COMMAND_WANTED);

    /* a report's log line names what was reported */

    if (x->intake.message.status == MDM_STATUS_IDLE) {
        x->command_uuid = ngx_mdm_deliver_copy(x, uuid);
        x->request_type = ngx_mdm_deliver_copy(x,
              ngx_mdm_pg_text(rows, 0, first + NGX_MDM_COMMAND_REQUEST_TYPE));
    }

    if (uuid.data == NULL) {
        ngx_mdm_exchange_finish(x, 200);
        return;
    }

    /* the report on it will not say what it is */

    ngx_mdm_request_type_remember(x->engine, x->tenant->id,
                                  ngx_mdm_to_str(uuid), ngx_mdm_to_str(
             ngx_mdm_pg_text(rows, 0, first + NGX_MDM_COMMAND_REQUEST_TYPE)));

    ngx_mdm_pg_rows_keep(&x->rows, rows);

    x->payload_uuid = ngx_mdm_to_str(uuid);
    x->payload = ngx_mdm_to_str(payload);
    x->wanted = ngx_mdm_to_str(wanted);
    labour = payload.len * (wanted.data ? NGX_MDM_DELIVER_LABOUR : 1);

    x->thread.run = ngx_mdm_deliver_open;
    x->thread.done = ngx_mdm_deliver_opened;

    if (ngx_mdm_thread_run(&x->thread, x->engine->threads, x->pool, x->log,
                           labour)
        != NGX_OK)
    {
        ngx_mdm_exchange_fail(x, "the thread pool is full");
    }
}


static void
ngx_mdm_deliver_open(void *data)
{
    ngx_mdm_exchange_t *x = data;

    mdm_str_t  command;

    x->undeliverable.text[0] = '\0';

    x->opened = mdm_secret_open(&x->arena, x->engine->ring, x->tenant->id,
                                "command", x->payload_uuid, x->payload,
                                &command);

    if (x->opened != MDM_OK || !mdm_str_is_set(x->wanted)) {
        x->answer.body = command;
        return;
    }

    x->opened = ngx_mdm_deliver_fill_in(x, command);
}


static mdm_rc_e
ngx_mdm_deliver_fill_in(ngx_mdm_exchange_t *x, mdm_str_t command)
{
    mdm_rc_e                  rc;
    mdm_fault_t               fault;
    ngx_mdm_deliver_values_t  values;

    values.x = x;
    values.rc = MDM_OK;

    if (mdm_json_read(x->wanted, &values.wanted, &fault) != MDM_OK) {
        return MDM_NO_MEMORY;
    }

    rc = ngx_mdm_deliver_resolve(&values, command);
    json_decref(values.wanted);

    if (values.rc != MDM_OK) {
        x->undeliverable.text[0] = '\0';
        return values.rc;
    }

    return rc;
}


static mdm_rc_e
ngx_mdm_deliver_resolve(ngx_mdm_deliver_values_t *values, mdm_str_t command)
{
    size_t               i, n;
    json_t              *list, *item;
    mdm_rc_e             rc;
    mdm_str_t           *wants;
    ngx_mdm_exchange_t  *x;

    x = values->x;
    list = json_object_get(values->wanted, "wants");
    n = json_array_size(list);

    wants = mdm_arena_alloc(&x->arena, n * sizeof(mdm_str_t));
    if (wants == NULL) {
        return MDM_NO_MEMORY;
    }

    json_array_foreach(list, i, item) {
        wants[i].len = json_string_length(item);
        wants[i].data = (const unsigned char *) json_string_value(item);
    }

    rc = mdm_values_resolve(&x->arena, command, wants, n,
                            ngx_mdm_deliver_value, values, &x->answer.body,
                            &x->undeliverable);

    if (rc == MDM_OK || rc == MDM_NO_MEMORY) {
        x->undeliverable.text[0] = '\0';
    }

    return rc;
}


static mdm_str_t
ngx_mdm_deliver_value(void *data, mdm_str_t name, bool secret)
{
    ngx_mdm_deliver_values_t *values = data;

    return secret ? ngx_mdm_deliver_secret(values, name)
                  : ngx_mdm_deliver_text(json_object_get(values->wanted,
                                                         "values"), name);
}


/* One that is there and cannot be opened is a fault of ours. */

static mdm_str_t
ngx_mdm_deliver_secret(ngx_mdm_deliver_values_t *values, mdm_str_t kind)
{
    mdm_str_t            name, row, text, sealed, plain;
    const json_t        *secret;
    ngx_mdm_exchange_t  *x;

    x = values->x;
    plain = mdm_null_str;
    name = mdm_arena_str(&x->arena, kind.data, kind.len);

    if (!mdm_str_is_set(name)) {
        values->rc = MDM_NO_MEMORY;
        return plain;
    }

    secret = json_object_get(json_object_get(values->wanted, "secrets"),
                             (const char *) name.data);
    text = ngx_mdm_deliver_text(secret, mdm_str("value"));
    row = ngx_mdm_deliver_text(secret, mdm_str("row"));

    if (!mdm_str_is_set(text)) {
        return plain;
    }

    values->rc = mdm_node_decode_data(&x->arena, text, &sealed)
                 ? mdm_secret_open(&x->arena, x->engine->ring, x->tenant->id,
                                   (const char *) name.data, row, sealed,
                                   &plain)
                 : MDM_MALFORMED;

    return plain;
}


static mdm_str_t
ngx_mdm_deliver_text(const json_t *object, mdm_str_t name)
{
    json_t  *text;

    text = json_object_getn(object, (const char *) name.data, name.len);

    if (!json_is_string(text)) {
        return mdm_null_str;
    }

    return (mdm_str_t) { json_string_length(text),
                         (const unsigned char *) json_string_value(text) };
}


static void
ngx_mdm_deliver_opened(void *data)
{
    ngx_mdm_exchange_t *x = data;

    if (x->undeliverable.text[0] != '\0') {
        ngx_mdm_deliver_give_up(x);
        return;
    }

    ngx_mdm_pg_rows_let_go(&x->rows);

    if (x->opened != MDM_OK) {
        ngx_mdm_exchange_fail(x, "cannot open a stored command");
        return;
    }

    x->answer.type = NGX_MDM_BODY_PLIST;
    ngx_mdm_exchange_finish(x, 200);
}


static void
ngx_mdm_deliver_give_up(ngx_mdm_exchange_t *x)
{
    x->failed_uuid = mdm_arena_str(&x->arena, x->payload_uuid.data,
                                   x->payload_uuid.len);
    x->failed_reason = mdm_arena_str(&x->arena, x->undeliverable.text,
                                     ngx_strlen(x->undeliverable.text));

    ngx_mdm_pg_rows_let_go(&x->rows);

    if (!mdm_str_is_set(x->failed_uuid) || !mdm_str_is_set(x->failed_reason)) {
        ngx_mdm_exchange_fail(x, "out of memory");
        return;
    }

    if (++x->failures > NGX_MDM_DELIVER_FAILURES) {
        ngx_mdm_exchange_fail(x, "too many commands that cannot be filled in");
        return;
    }

    ngx_mdm_deliver_fail(x);
}


/* A second writing call of this request; see delivery_failed() in SQL. */

static void
ngx_mdm_deliver_fail(ngx_mdm_exchange_t *x)
{
    ngx_mdm_pg_value_t  *p;

    p = x->call.params;

    ngx_mdm_exchange_set_identity(x);
    ngx_mdm_set_str(&p[5], x->failed_uuid);
    ngx_mdm_set_str(&p[6], x->failed_reason);
    ngx_mdm_pg_set_bool(&p[7], x->intake.message.status == MDM_STATUS_IDLE);

    ngx_mdm_exchange_call(x, NGX_MDM_SQL_DELIVERY_FAILED,
                          ngx_mdm_deliver_failed);
}


static void
ngx_mdm_deliver_failed(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_exchange_t  *x;

    x = call->data;

    if (ngx_mdm_exchange_answered(x, rc, rows, NGX_MDM_FAILED_OUTCOME,
                                  ngx_mdm_deliver_fail)
        == NGX_OK)
    {
        ngx_mdm_deliver(x, rows, NGX_MDM_FAILED_COMMAND);
    }
}


mdm_str_t
ngx_mdm_deliver_copy(ngx_mdm_exchange_t *x, ngx_str_t s)
{
    return s.data ? mdm_arena_str(&x->arena, s.data, s.len) : mdm_null_str;
}
