
/*
 * The HTTP API's frame: a call is authenticated by its token, found in the
 * table of operations, given its body, and answered with JSON.
 */


#ifndef _NGX_MDM_API_H_INCLUDED_
#define _NGX_MDM_API_H_INCLUDED_


#include <jansson.h>

#include "../ngx_mdm.h"


typedef struct ngx_mdm_api_s  ngx_mdm_api_t;

typedef void (*ngx_mdm_api_pt)(ngx_mdm_api_t *api);


typedef struct {
    ngx_uint_t                  methods;
    const char                 *path;      /* "*" stands for one segment */
    const char                 *scope;     /* the right it needs, or NULL */
    unsigned                    body:1;
    ngx_mdm_api_pt              handler;
} ngx_mdm_api_operation_t;


/*
 * One API call.  Like an exchange it lives outside the request: a client that
 * goes away cancels nothing.
 */

struct ngx_mdm_api_s {
    ngx_pool_t                    *pool;
    ngx_log_t                     *log;
    mdm_arena_t                    arena;
    ngx_http_request_t            *request;    /* NULL when it went away, and */
    ngx_mdm_ctx_t                 *request_ctx;   /* its context with it */
    ngx_mdm_engine_t              *engine;
    ngx_thread_pool_t             *threads;    /* NULL: none configured */
    const ngx_mdm_api_operation_t *operation;
    ngx_str_t                      tenant_key;
    ngx_mdm_tenant_wait_t          wait;
    ngx_mdm_tenant_t              *tenant;
    u_char                         token_hash[32];
    int64_t                        tenant_id;
    ngx_str_t                      actor;      /* the token's name */
    ngx_str_t                      segment;    /* what "*" stood for, raw */
    ngx_str_t                      args;
    ngx_msec_t                     asked;
    mdm_str_t                      body;
    ngx_mdm_pg_call_t              call;
    void                          *ctx;        /* the operation's own */
    ngx_int_t                      limit;
    char                          *answer;     /* JSON text, jansson's */
    unsigned                       finished:1;
};


/* Calls a statement; its handler begins with ngx_mdm_api_answered(). */
void ngx_mdm_api_call(ngx_mdm_api_t *api, ngx_mdm_pg_statement_e statement,
    ngx_mdm_pg_handler_pt handler);

/* NGX_OK, or NGX_DONE when the call failed and the client was told. */
ngx_int_t ngx_mdm_api_answered(ngx_mdm_api_t *api, ngx_mdm_pg_rc_e rc);

/* Ends a call; `answer` is stolen. */
void ngx_mdm_api_finish(ngx_mdm_api_t *api, ngx_uint_t status,
    json_t *answer);

/* {"error":{"code":…,"message":…}}; the message in printf's format. */
void ngx_mdm_api_error(ngx_mdm_api_t *api, ngx_uint_t status,
    const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A query argument, decoded into the pool; len 0 when absent. */
ngx_str_t ngx_mdm_api_arg(ngx_mdm_api_t *api, const char *name);
ngx_uint_t ngx_mdm_api_flag(ngx_mdm_api_t *api, const char *name);

/* ?limit=, 1 to 500; NGX_ERROR after the client was told otherwise. */
ngx_int_t ngx_mdm_api_limit(ngx_mdm_api_t *api);

/* Percent-decodes into the pool. */
ngx_str_t ngx_mdm_api_unescape(ngx_mdm_api_t *api, ngx_str_t s);

/* One written enrolment id, still percent-encoded as it stood in the URL;
 * what it points to lives in the arena. */
ngx_int_t ngx_mdm_api_enrollment(ngx_mdm_api_t *api, ngx_str_t written,
    mdm_str_t *device_id, mdm_str_t *user_id);

/* A row as an object of its columns that are not NULL, by their SQL names:
 * integers and booleans as such, all else as strings. */
json_t *ngx_mdm_api_row(const ngx_mdm_pg_rows_t *rows, int row);

/* {"items":[…],"next":…} of rows of which one more than `limit` was asked
 * for; `cursor` writes what the next page begins after. */
typedef ngx_str_t (*ngx_mdm_api_cursor_pt)(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows, int row);
void ngx_mdm_api_page(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows,
    int limit, ngx_mdm_api_cursor_pt cursor);

/* ?after=, as ngx_mdm_api_page() wrote it; NGX_ERROR after the client was
 * told that it is none of ours. */
ngx_int_t ngx_mdm_api_after(ngx_mdm_api_t *api, ngx_str_t *after);


/* The operations. */
void ngx_mdm_api_version(ngx_mdm_api_t *api);
void ngx_mdm_api_enqueue(ngx_mdm_api_t *api);
void ngx_mdm_api_cancel(ngx_mdm_api_t *api);
void ngx_mdm_api_enrollments(ngx_mdm_api_t *api);
void ngx_mdm_api_queue(ngx_mdm_api_t *api);
void ngx_mdm_api_history(ngx_mdm_api_t *api);


#endif /* _NGX_MDM_API_H_INCLUDED_ */
