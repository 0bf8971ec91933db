
/*
 * What an API call asks of the engine, and what its client hears: statements,
 * work in threads, answers and errors.
 */


#include "ngx_mdm_api.h"


#define NGX_MDM_API_FAULTS_MAX   100

/* rows take as long as a body so many times as large: 16 KB are made into JSON
 * at once */
#define NGX_MDM_API_ROWS_LABOUR  4


static void ngx_mdm_api_row_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_deleted(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static ngx_int_t ngx_mdm_api_run(ngx_mdm_api_t *api, size_t size,
    ngx_mdm_thread_pt run, ngx_mdm_thread_pt done);
static void ngx_mdm_api_build_run(void *data);
static void ngx_mdm_api_build_done(void *data);
static void ngx_mdm_api_dump(ngx_mdm_api_t *api, json_t *answer);
static void ngx_mdm_api_plain(char *text);
static void ngx_mdm_api_send(ngx_mdm_api_t *api, ngx_uint_t status);


void
ngx_mdm_api_who(ngx_mdm_api_t *api, ngx_mdm_pg_value_t *params)
{
    ngx_mdm_pg_set_int8(&params[0], api->tenant_id);
    ngx_mdm_pg_set_bytes(&params[1], api->actor.data, api->actor.len);
    ngx_mdm_pg_set_bytes(&params[2], api->remote.data, api->remote.len);
}


void
ngx_mdm_api_call(ngx_mdm_api_t *api, ngx_mdm_pg_statement_e statement,
    ngx_mdm_pg_handler_pt handler)
{
    api->call.statement = statement;
    api->call.handler = handler;
    api->call.data = api;
    api->call.log = api->log;

    api->called = 1;
    api->asked = ngx_current_msec;
    ngx_mdm_pg_call(api->engine->pg, &api->call);
}


ngx_int_t
ngx_mdm_api_answered(ngx_mdm_api_t *api, ngx_mdm_pg_rc_e rc)
{
    u_char       kind[NGX_MDM_RESTRAINT_TEXT];
    const char  *text;

    if (api->request != NULL) {
        api->request_ctx->db_time += ngx_current_msec - api->asked;
        api->request_ctx->db_asked = 1;
    }

    if (rc == NGX_MDM_PG_DONE) {
        return NGX_OK;
    }

    text = ngx_mdm_pg_rc_text(rc);

    ngx_snprintf(kind, sizeof(kind), "API: %s%Z", text);

    ngx_log_error(ngx_mdm_pg_level(api->engine->pg, NGX_LOG_ERR,
                                   (char *) kind),
                  api->log, 0,
                  "mdm: API: %s, tenant \"%V\"", text, &api->tenant_key);

    ngx_mdm_api_error(api, NGX_HTTP_SERVICE_UNAVAILABLE, "unavailable", "%s",
                      text);

    return NGX_DONE;
}


void
ngx_mdm_api_call_row(ngx_mdm_api_t *api, ngx_mdm_pg_statement_e statement,
    ngx_mdm_api_pt none)
{
    api->none = none;
    ngx_mdm_api_call(api, statement, ngx_mdm_api_row_found);
}


static void
ngx_mdm_api_row_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (rows->count == 0) {
        api->none(api);
        return;
    }

    ngx_mdm_api_finish(api, NGX_HTTP_OK, ngx_mdm_api_row(rows, 0));
}


void
ngx_mdm_api_call_delete(ngx_mdm_api_t *api, ngx_mdm_pg_statement_e statement,
    ngx_mdm_api_pt none)
{
    api->none = none;
    ngx_mdm_api_call(api, statement, ngx_mdm_api_deleted);
}


static void
ngx_mdm_api_deleted(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (!ngx_mdm_api_is(ngx_mdm_pg_text(rows, 0, 0), "ok")) {
        api->none(api);
        return;
    }

    ngx_mdm_api_finish(api, NGX_HTTP_OK, json_pack("{s:b}", "deleted", 1));
}


void
ngx_mdm_api_work(ngx_mdm_api_t *api, size_t size, ngx_mdm_thread_pt run,
    ngx_mdm_thread_pt done)
{
    if (ngx_mdm_api_run(api, size, run, done) != NGX_OK) {
        ngx_mdm_api_error(api, NGX_HTTP_SERVICE_UNAVAILABLE, "unavailable",
                          "the thread pool is full");
    }
}


void
ngx_mdm_api_work_surely(ngx_mdm_api_t *api, size_t size,
    ngx_mdm_thread_pt run, ngx_mdm_thread_pt done)
{
    if (ngx_mdm_api_run(api, size, run, done) != NGX_OK) {
        run(api);
        done(api);
    }
}


static ngx_int_t
ngx_mdm_api_run(ngx_mdm_api_t *api, size_t size, ngx_mdm_thread_pt run,
    ngx_mdm_thread_pt done)
{
    api->thread.run = run;
    api->thread.done = done;
    api->thread.data = api;
    api->thread.counters = api->engine->counters->threads;
    api->called = 1;

    return ngx_mdm_thread_run(&api->thread, api->engine->threads, api->pool,
                              api->log, size);
}


void
ngx_mdm_api_build(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows,
    size_t size, ngx_mdm_api_build_pt build)
{
    if (rows != NULL) {
        ngx_mdm_pg_rows_keep(&api->rows, rows);
        size += PQresultMemorySize(rows->result) * NGX_MDM_API_ROWS_LABOUR;
    }

    api->build = build;
    api->status = NGX_HTTP_OK;

    /* what was asked may have been done, and must not be asked again */

    ngx_mdm_api_work_surely(api, size, ngx_mdm_api_build_run,
                            ngx_mdm_api_build_done);
}


static void
ngx_mdm_api_build_run(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_dump(api, api->build(api, &api->rows));
}


static void
ngx_mdm_api_build_done(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_pg_rows_let_go(&api->rows);

    api->answer_type = "application/json";
    ngx_mdm_api_send(api, api->status);
}


void
ngx_mdm_api_finish(ngx_mdm_api_t *api, ngx_uint_t status, json_t *answer)
{
    api->status = status;
    ngx_mdm_api_dump(api, answer);

    api->answer_type = "application/json";
    ngx_mdm_api_send(api, api->status);
}


/* The text is freed last and here, for the first large piece that is freed
 * after many small ones, wherever it is, makes malloc tidy up after them
 * all. */

static void
ngx_mdm_api_dump(ngx_mdm_api_t *api, json_t *answer)
{
    char  *text;

    text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    json_decref(answer);

    api->answer = text ? mdm_arena_str(&api->arena, text, ngx_strlen(text))
                       : mdm_null_str;
    mdm_free(text);

    if (!mdm_str_is_set(api->answer)) {
        api->status = NGX_HTTP_SERVICE_UNAVAILABLE;
    }
}


void
ngx_mdm_api_finish_raw(ngx_mdm_api_t *api, const char *type, mdm_str_t body)
{
    api->answer = body;
    api->answer_type = type;

    ngx_mdm_api_send(api, NGX_HTTP_OK);
}


void
ngx_mdm_api_error(ngx_mdm_api_t *api, ngx_uint_t status, const char *code,
    const char *fmt, ...)
{
    char     message[1024];
    json_t  *error;
    va_list  args;

    va_start(args, fmt);
    vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);

    ngx_mdm_api_plain(message);

    error = json_pack("{s:s, s:s}", "code", code, "message", message);

    if (error != NULL && api->faults != NULL) {
        json_object_set(error, "faults", api->faults);
    }

    ngx_mdm_api_finish(api, status, json_pack("{s:o}", "error", error));
}


/* What a client wrote may be no UTF-8, or was cut within a character; JSON
 * takes neither. */

static void
ngx_mdm_api_plain(char *text)
{
    if (mdm_utf8_valid((u_char *) text, ngx_strlen(text))) {
        return;
    }

    for ( /* void */ ; *text != '\0'; text++) {
        if ((u_char) *text >= 0x80) {
            *text = '?';
        }
    }
}


void
ngx_mdm_api_fault(ngx_mdm_api_t *api, const char *path, const char *rule,
    const char *found)
{
    if (api->faults == NULL) {
        api->faults = json_array();
    }

    if (json_array_size(api->faults) == NGX_MDM_API_FAULTS_MAX) {
        return;
    }

    json_array_append_new(api->faults,
                          json_pack("{s:s, s:s, s:s*}", "path", path,
                                    "rule", rule, "found", found));
}


void
ngx_mdm_api_out_of_memory(ngx_mdm_api_t *api)
{
    ngx_mdm_api_error(api, NGX_HTTP_SERVICE_UNAVAILABLE, "out_of_memory",
                      "out of memory");
}


static void
ngx_mdm_api_send(ngx_mdm_api_t *api, ngx_uint_t status)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = api->request;
    api->finished = 1;

    if (r == NULL) {
        ngx_mdm_api_free(api);
        return;
    }

    if (status == NGX_HTTP_UNAUTHORIZED
        && ngx_mdm_route_header_out(r, "WWW-Authenticate",
                                    "Basic realm=\"mdm\"")
           != NGX_OK)
    {
        ngx_mdm_route_finalize(r, NGX_ERROR);
        return;
    }

    rc = ngx_mdm_route_send(r, status, api->answer_type, api->answer.data,
                            api->answer.len);

    ngx_mdm_route_finalize(r, rc);
}


void
ngx_mdm_api_free(ngx_mdm_api_t *api)
{
    if (api->tenant != NULL) {
        ngx_mdm_tenant_release(api->tenant);
    }

    ngx_mdm_pg_rows_let_go(&api->rows);
    json_decref(api->json);
    json_decref(api->faults);
    mdm_arena_free(&api->arena);
    ngx_destroy_pool(api->pool);
}
