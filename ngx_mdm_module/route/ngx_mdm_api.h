
/*
 * The HTTP API's frame: a call is authenticated by its token, found in the
 * table of operations, given its body, and answered with JSON.
 */


#ifndef _NGX_MDM_API_H_INCLUDED_
#define _NGX_MDM_API_H_INCLUDED_


#include <jansson.h>

#include "../ngx_mdm.h"
#include "../message/mdm_cursor.h"


#define NGX_MDM_API_BODY_LIMIT   (4 * 1024 * 1024)
#define NGX_MDM_API_MAX_SEGMENTS 2


typedef struct ngx_mdm_api_s  ngx_mdm_api_t;

typedef void (*ngx_mdm_api_pt)(ngx_mdm_api_t *api);

/* Makes an answer of rows, perhaps in a thread, so memory comes from the arena;
 * api->status is 200 unless it says otherwise. */
typedef json_t *(*ngx_mdm_api_build_pt)(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);


typedef enum {
    NGX_MDM_API_NO_BODY = 0,     /* one that comes is passed over */
    NGX_MDM_API_RAW,             /* as it is: api->body */
    NGX_MDM_API_JSON             /* an object: api->json */
} ngx_mdm_api_body_e;


typedef struct {
    ngx_uint_t                  methods;
    const char                 *path;      /* "*" stands for one segment */
    const char                 *scope;     /* the right it needs, or NULL */
    const char                 *args;      /* the query arguments it takes,
                                              between spaces, "x.*" for all
                                              that begin so; NULL: any */
    ngx_mdm_api_body_e          body;
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
    const ngx_mdm_api_operation_t *operation;

    /* what the client sent */
    ngx_str_t                      remote;     /* its address */
    ngx_str_t                      segments[NGX_MDM_API_MAX_SEGMENTS];
                                               /* what "*" stood for, raw */
    ngx_str_t                      args;
    ngx_str_t                      idempotency_key;   /* len 0: absent */
    ngx_str_t                      last_event_id;
    ngx_str_t                      named_tenant;      /* Mdm-Tenant */
    ngx_str_t                      accept;
    mdm_str_t                      body;
    json_t                        *json;

    /* who it is */
    u_char                         token_hash[32];
    ngx_str_t                      actor;      /* the token's name */
    ngx_str_t                      scopes;
    int64_t                        token_tenant_id;
    ngx_str_t                      tenant_key;
    ngx_mdm_tenant_wait_t          wait;
    ngx_mdm_tenant_t              *tenant;
    int64_t                        tenant_id;

    ngx_mdm_thread_t               thread;
    ngx_mdm_pg_call_t              call;
    ngx_msec_t                     asked;
    ngx_str_t                      refusal;
    const char                    *refusal_code;
    json_t                        *faults;     /* of an error to come */
    void                          *ctx;        /* the operation's own */
    ngx_int_t                      limit;

    ngx_mdm_pg_rows_t              rows;       /* kept for build */
    ngx_mdm_api_build_pt           build;
    ngx_mdm_api_pt                 none;       /* when there are no rows */
    const mdm_cursor_list_t       *list;       /* of a page */
    json_t                        *head;

    ngx_uint_t                     status;
    const char                    *answer_type;
    mdm_str_t                      answer;
    unsigned                       called:1;      /* a handler will come */
    unsigned                       finished:1;
};


/* --- ngx_mdm_api_token.c: who asks, and what may he --- */

/* Finds token, right and tenant, then runs the operation or refuses. */
void ngx_mdm_api_authorize(ngx_mdm_api_t *api);

/* A right that only the contents of a call show to be needed.  NGX_ERROR: the
 * client was told that it is missing, and the audit, too. */
ngx_int_t ngx_mdm_api_require(ngx_mdm_api_t *api, const char *scope);

/* Has the token this right? */
ngx_uint_t ngx_mdm_api_may(ngx_mdm_api_t *api, const char *scope);


/* --- ngx_mdm_api_answer.c --- */

/* The first three parameters of what changes or reveals something: tenant,
 * actor and address. */
void ngx_mdm_api_who(ngx_mdm_api_t *api, ngx_mdm_pg_value_t *params);

/* Calls a statement; its handler begins with ngx_mdm_api_answered(). */
void ngx_mdm_api_call(ngx_mdm_api_t *api, ngx_mdm_pg_statement_e statement,
    ngx_mdm_pg_handler_pt handler);

/* NGX_OK, or NGX_DONE when the call failed and the client was told. */
ngx_int_t ngx_mdm_api_answered(ngx_mdm_api_t *api, ngx_mdm_pg_rc_e rc);

/* Calls a statement and ends the call with the row that comes; when none does,
 * `none` tells the client so. */
void ngx_mdm_api_call_row(ngx_mdm_api_t *api, ngx_mdm_pg_statement_e statement,
    ngx_mdm_api_pt none);

/* Calls a statement that deletes something, whose outcome is "ok", and ends the
 * call; at another outcome `none` tells the client. */
void ngx_mdm_api_call_delete(ngx_mdm_api_t *api,
    ngx_mdm_pg_statement_e statement, ngx_mdm_api_pt none);

/* Runs work in a thread when `size` bytes are much, else at once; api->ctx is
 * theirs.  The client is told when that cannot be. */
void ngx_mdm_api_work(ngx_mdm_api_t *api, size_t size, ngx_mdm_thread_pt run,
    ngx_mdm_thread_pt done);

/* The same, but at once when there is no room in the thread pool. */
void ngx_mdm_api_work_surely(ngx_mdm_api_t *api, size_t size,
    ngx_mdm_thread_pt run, ngx_mdm_thread_pt done);

/* Ends a call with what `build` makes of the rows (which may be NULL), and of
 * `size` bytes besides: in a thread when that is much. */
void ngx_mdm_api_build(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows,
    size_t size, ngx_mdm_api_build_pt build);

/* Ends a call; `answer` is stolen. */
void ngx_mdm_api_finish(ngx_mdm_api_t *api, ngx_uint_t status,
    json_t *answer);

/* Ends a call with a body that is no JSON; it lives in pool or arena. */
void ngx_mdm_api_finish_raw(ngx_mdm_api_t *api, const char *type,
    mdm_str_t body);

/* {"error":{"code":…,"message":…,"faults":…}}; the message in printf's
 * format. */
void ngx_mdm_api_error(ngx_mdm_api_t *api, ngx_uint_t status,
    const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds a row to the faults of the error to come: where, which rule, and what
 * was found there instead, or NULL. */
void ngx_mdm_api_fault(ngx_mdm_api_t *api, const char *path, const char *rule,
    const char *found);

void ngx_mdm_api_out_of_memory(ngx_mdm_api_t *api);

void ngx_mdm_api_free(ngx_mdm_api_t *api);


/* --- ngx_mdm_api_value.c: arguments, ids, rows, pages --- */

/* A query argument, decoded; len 0 when absent. */
ngx_str_t ngx_mdm_api_arg(ngx_mdm_api_t *api, const char *name);
ngx_uint_t ngx_mdm_api_flag(ngx_mdm_api_t *api, const char *name);

/* Are all query arguments such as the operation takes?  NGX_ERROR after the
 * client was told which is not. */
ngx_int_t ngx_mdm_api_args(ngx_mdm_api_t *api);

/* ?limit=, 1 to 500; NGX_ERROR after the client was told otherwise. */
ngx_int_t ngx_mdm_api_limit(ngx_mdm_api_t *api);

/* Percent-decodes into the arena. */
ngx_str_t ngx_mdm_api_unescape(ngx_mdm_api_t *api, ngx_str_t s);

/* One written enrolment id, still percent-encoded as it stood in the URL;
 * what it points to lives in the arena. */
ngx_int_t ngx_mdm_api_enrollment(ngx_mdm_api_t *api, ngx_str_t written,
    mdm_str_t *device_id, mdm_str_t *user_id);

/* A CommandUUID in the path, decoded; NGX_ERROR after the client was told. */
ngx_int_t ngx_mdm_api_command_uuid(ngx_mdm_api_t *api, ngx_str_t segment,
    ngx_str_t *uuid);

/* A SHA-256 in hexadecimal digits; NGX_ERROR: it is none. */
ngx_int_t ngx_mdm_api_fingerprint(ngx_str_t hex, u_char *fingerprint);

ngx_uint_t ngx_mdm_api_is(ngx_str_t s, const char *text);

/* A row as an object of its columns that are not NULL, by their SQL names:
 * integers and booleans as such, json and jsonb as what they hold, all else
 * as strings. */
json_t *ngx_mdm_api_row(const ngx_mdm_pg_rows_t *rows, int row);

/* One column of it; NULL when it is. */
json_t *ngx_mdm_api_column(const ngx_mdm_pg_rows_t *rows, int row,
    int column);


/* SQL gives and takes a cursor's fields joined by line feeds, in a column
 * "cursor", which is not shown. */

typedef mdm_cursor_list_t  ngx_mdm_api_list_t;

/* {"items":[…],"next":…} of rows of which one more than api->limit was asked
 * for; a column "item" is all of one.  A last row whose first column is null is
 * no item: SQL stopped there and goes on from its cursor, however short the
 * page is. */
void ngx_mdm_api_page(ngx_mdm_api_t *api, const ngx_mdm_api_list_t *list,
    const ngx_mdm_pg_rows_t *rows);

/* The same, with the members of `head` beside them, which is not stolen and
 * stays until the call ends. */
void ngx_mdm_api_page_with(ngx_mdm_api_t *api, const ngx_mdm_api_list_t *list,
    const ngx_mdm_pg_rows_t *rows, json_t *head);

/* Calls a statement and ends the call with a page of the rows that come. */
void ngx_mdm_api_call_page(ngx_mdm_api_t *api,
    ngx_mdm_pg_statement_e statement, const ngx_mdm_api_list_t *list);

/* ?after=, as the "next" of a page; NGX_ERROR after the client was told that it
 * is none of this list. */
ngx_int_t ngx_mdm_api_after(ngx_mdm_api_t *api, const ngx_mdm_api_list_t *list,
    ngx_str_t *after);

/* ?limit= and ?after= of a list, for SQL: after and limit + 1 into two
 * parameters from the given one on; NGX_ERROR after the client was told. */
ngx_int_t ngx_mdm_api_paging(ngx_mdm_api_t *api,
    const ngx_mdm_api_list_t *list, ngx_uint_t param);

/* As ngx_mdm_api_after(), for a cursor that came another way. */
ngx_int_t ngx_mdm_api_cursor_decode(ngx_mdm_api_t *api,
    const ngx_mdm_api_list_t *list, ngx_str_t encoded, ngx_str_t *after);
json_t *ngx_mdm_api_cursor_encode(const ngx_mdm_api_list_t *list,
    ngx_str_t cursor);


/* --- ngx_mdm_api_filter.c: filters of lists --- */

typedef enum {
    NGX_MDM_API_WORD = 0,        /* text: one of words */
    NGX_MDM_API_BOOLEAN,
    NGX_MDM_API_TIME,            /* int8: microseconds since 1970 */
    NGX_MDM_API_TEXT,
    NGX_MDM_API_ATTRIBUTE        /* two text[]: what follows the name, and the
                                    values; and int8[]: the values that are
                                    times, null for others */
} ngx_mdm_api_filter_e;

typedef struct {
    const char                 *name;
    ngx_mdm_api_filter_e        type;
    ngx_uint_t                  param;
    const char                 *words;
} ngx_mdm_api_filter_t;

/* Puts the query arguments of the table, which ends with a NULL name, into the
 * parameters of the call; those that are absent are null.  NGX_ERROR after the
 * client was told which cannot be read. */
ngx_int_t ngx_mdm_api_filters(ngx_mdm_api_t *api,
    const ngx_mdm_api_filter_t *filters);


/* --- ngx_mdm_api_json.c: bodies --- */

/* Reads api->body into api->json, in a thread when it is large, and runs
 * `next`; the client is told when it is no JSON object. */
void ngx_mdm_api_json_read(ngx_mdm_api_t *api, ngx_mdm_api_pt next);

typedef struct {
    const char                 *name;
    const char                 *type;      /* "string", "array", "object",
                                              "integer", "boolean" */
    unsigned                    required:1;
} ngx_mdm_api_member_t;

/* Are the members of api->json those of the table, which ends with a NULL
 * name?  Adds a fault for each that is unknown, missing, or of another type,
 * then tells the client: NGX_ERROR. */
ngx_int_t ngx_mdm_api_members(ngx_mdm_api_t *api,
    const ngx_mdm_api_member_t *members);


/* --- ngx_mdm_api_finding.c: what a check found --- */

/* Its warnings, as rows {"code","path","rule","found"}; in a thread, too. */
json_t *ngx_mdm_api_warnings(const mdm_findings_t *findings);


/* --- the operations --- */

void ngx_mdm_api_version(ngx_mdm_api_t *api);

/* commands */
void ngx_mdm_api_enqueue(ngx_mdm_api_t *api);
void ngx_mdm_api_command(ngx_mdm_api_t *api);
void ngx_mdm_api_command_get(ngx_mdm_api_t *api);
void ngx_mdm_api_command_payload(ngx_mdm_api_t *api);
void ngx_mdm_api_cancel(ngx_mdm_api_t *api);
void ngx_mdm_api_cancel_many(ngx_mdm_api_t *api);
void ngx_mdm_api_queue_cancel(ngx_mdm_api_t *api);
void ngx_mdm_api_queue_clear(ngx_mdm_api_t *api);
void ngx_mdm_api_release(ngx_mdm_api_t *api);
void ngx_mdm_api_queue_release(ngx_mdm_api_t *api);

/* enrolments */
void ngx_mdm_api_enrollments(ngx_mdm_api_t *api);
void ngx_mdm_api_queue(ngx_mdm_api_t *api);
void ngx_mdm_api_history(ngx_mdm_api_t *api);
void ngx_mdm_api_enrollment_show(ngx_mdm_api_t *api);
void ngx_mdm_api_why(ngx_mdm_api_t *api);
void ngx_mdm_api_enrollment_end(ngx_mdm_api_t *api);
void ngx_mdm_api_attributes(ngx_mdm_api_t *api);
void ngx_mdm_api_identity_revoke(ngx_mdm_api_t *api);
void ngx_mdm_api_report(ngx_mdm_api_t *api);
void ngx_mdm_api_effects(ngx_mdm_api_t *api);
void ngx_mdm_api_secrets(ngx_mdm_api_t *api);
void ngx_mdm_api_secret(ngx_mdm_api_t *api);

/* tenant, device and user of the channel in the path, after and limit + 1 into
 * the first five parameters; NGX_ERROR after the client was told. */
ngx_int_t ngx_mdm_api_channel_page(ngx_mdm_api_t *api,
    const ngx_mdm_api_list_t *list);

/* Ends a call with that page; an empty one may have no enrolment. */
void ngx_mdm_api_channel_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);

/* device and user of the channel in the path, into two parameters from the
 * given one on; NGX_ERROR after the client was told. */
ngx_int_t ngx_mdm_api_channel(ngx_mdm_api_t *api, ngx_uint_t param,
    mdm_str_t *device_id, mdm_str_t *user_id);

void ngx_mdm_api_unknown_enrollment(ngx_mdm_api_t *api);

/* Tells the client and the log that a stored value of this kind is not
 * opened by any key. */
void ngx_mdm_api_cannot_open(ngx_mdm_api_t *api, const char *kind);

/* inventory */
void ngx_mdm_api_inventory_lists(ngx_mdm_api_t *api);
void ngx_mdm_api_inventory_items(ngx_mdm_api_t *api);
void ngx_mdm_api_inventory_search(ngx_mdm_api_t *api);

/* events and audit */
void ngx_mdm_api_events(ngx_mdm_api_t *api);
void ngx_mdm_api_stream(ngx_mdm_api_t *api);
void ngx_mdm_api_audit(ngx_mdm_api_t *api);


/* --- ngx_mdm_api_event.c: what both ways of reading events share --- */

typedef struct {
    ngx_str_t                   after;     /* for SQL */
    ngx_uint_t                  n;
    ngx_mdm_pg_value_t         *types;     /* n of them; 0: all */
    ngx_mdm_pg_value_t          array;     /* the same for SQL */
    mdm_str_t                   device_id; /* unset: all */
    mdm_str_t                   user_id;
    mdm_str_t                   written;   /* their written id */
} ngx_mdm_api_events_t;

/* The arguments; NGX_ERROR after the client was told what is wrong. */
ngx_int_t ngx_mdm_api_events_query(ngx_mdm_api_t *api,
    ngx_mdm_api_events_t *query);

/* Asks for at most `limit` events behind a cursor. */
void ngx_mdm_api_events_call(ngx_mdm_api_t *api,
    ngx_mdm_api_events_t *query, ngx_str_t after, ngx_int_t limit,
    ngx_mdm_pg_handler_pt handler);

/* {"id":…,"type":…,"tenant":…,"enrollment":…,"at":…}; "data" is its reader's
 * to add. */
json_t *ngx_mdm_api_event(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows,
    int row);

/* push certificates */
void ngx_mdm_api_pushcert_store(ngx_mdm_api_t *api);
void ngx_mdm_api_pushcert_get(ngx_mdm_api_t *api);
void ngx_mdm_api_pushcert_list(ngx_mdm_api_t *api);
void ngx_mdm_api_pushcert_request(ngx_mdm_api_t *api);
void ngx_mdm_api_pushcert_requests(ngx_mdm_api_t *api);
void ngx_mdm_api_pushcert_request_delete(ngx_mdm_api_t *api);

/* pushes */
void ngx_mdm_api_push(ngx_mdm_api_t *api);
void ngx_mdm_api_push_topics(ngx_mdm_api_t *api);
void ngx_mdm_api_push_stops(ngx_mdm_api_t *api);
void ngx_mdm_api_push_resume(ngx_mdm_api_t *api);

/* plugins */
void ngx_mdm_api_schema(ngx_mdm_api_t *api);
void ngx_mdm_api_schema_type(ngx_mdm_api_t *api);

/* profiles */
void ngx_mdm_api_profile_store(ngx_mdm_api_t *api);
void ngx_mdm_api_profiles(ngx_mdm_api_t *api);
void ngx_mdm_api_profile_get(ngx_mdm_api_t *api);
void ngx_mdm_api_profile_delete(ngx_mdm_api_t *api);
void ngx_mdm_api_signing_store(ngx_mdm_api_t *api);
void ngx_mdm_api_signing_get(ngx_mdm_api_t *api);
void ngx_mdm_api_signing_delete(ngx_mdm_api_t *api);

/* webhooks */
void ngx_mdm_api_webhooks(ngx_mdm_api_t *api);
void ngx_mdm_api_webhook_failures(ngx_mdm_api_t *api);
void ngx_mdm_api_webhook_replay(ngx_mdm_api_t *api);


#endif /* _NGX_MDM_API_H_INCLUDED_ */
