
/*
 * The API's frame.  The token names the tenant; the host may only agree.
 * Every refusal says what is missing.
 */


#include "ngx_mdm_api.h"

#include <openssl/evp.h>


#define NGX_MDM_API_BODY_LIMIT   (4 * 1024 * 1024)

/* columns of token_check() */

enum {
    NGX_MDM_TOKEN_TENANT = 0,
    NGX_MDM_TOKEN_ID,
    NGX_MDM_TOKEN_NAME,
    NGX_MDM_TOKEN_SCOPES
};


static const ngx_mdm_api_operation_t *ngx_mdm_api_find(ngx_http_request_t *r,
    ngx_str_t *segment, ngx_uint_t *allowed);
static ngx_uint_t ngx_mdm_api_path_begins(ngx_str_t uri,
    const char *pattern);
static ngx_uint_t ngx_mdm_api_path_matches(ngx_str_t path,
    const char *pattern, ngx_str_t *segment);
static ngx_int_t ngx_mdm_api_allow(ngx_http_request_t *r,
    ngx_uint_t allowed);
static ngx_mdm_api_t *ngx_mdm_api_create(ngx_http_request_t *r);
static void ngx_mdm_api_body_handler(ngx_http_request_t *r);
static void ngx_mdm_api_no_operation(ngx_mdm_api_t *api);
static ngx_int_t ngx_mdm_api_keep(ngx_mdm_api_t *api);
static ngx_int_t ngx_mdm_api_token(ngx_http_request_t *r, ngx_mdm_api_t *api);
static void ngx_mdm_api_token_checked(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static ngx_uint_t ngx_mdm_api_has_scope(ngx_str_t scopes, const char *scope);
static void ngx_mdm_api_tenant(ngx_mdm_tenant_wait_t *wait,
    ngx_mdm_tenant_rc_e rc, ngx_mdm_tenant_t *tenant);
static void ngx_mdm_api_refuse_token(ngx_mdm_api_t *api);
static void ngx_mdm_api_token_refused(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_send(ngx_mdm_api_t *api, ngx_uint_t status);
static void ngx_mdm_api_cleanup(void *data);
static void ngx_mdm_api_free(ngx_mdm_api_t *api);


static const ngx_mdm_api_operation_t  ngx_mdm_api_operations[] = {

    { NGX_HTTP_GET, "/version", NULL, 0, ngx_mdm_api_version },

    { NGX_HTTP_PUT|NGX_HTTP_POST, "/v1/enqueue/*", "command", 1,
      ngx_mdm_api_enqueue },
    { NGX_HTTP_DELETE, "/v1/commands/*", "command", 0, ngx_mdm_api_cancel },

    { NGX_HTTP_GET, "/v1/enrollments", "read", 0, ngx_mdm_api_enrollments },
    { NGX_HTTP_GET, "/v1/enrollments/*/queue", "read", 0, ngx_mdm_api_queue },
    { NGX_HTTP_GET, "/v1/enrollments/*/history", "read", 0,
      ngx_mdm_api_history },

    { 0, NULL, NULL, 0, NULL }
};


ngx_int_t
ngx_mdm_api_handler(ngx_http_request_t *r)
{
    ngx_int_t       rc;
    ngx_uint_t      allowed;
    ngx_mdm_api_t  *api;

    api = ngx_mdm_api_create(r);
    if (api == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    api->operation = ngx_mdm_api_find(r, &api->segment, &allowed);

    /* the body is read in any case, so that the connection stays of use */

    rc = ngx_http_read_client_request_body(r, ngx_mdm_api_body_handler);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


/*
 * Paths are compared as they stand in the request line: an id may hold
 * escaped characters that must not be taken for separators.  nginx chose the
 * location, and so who may come, by the path that it unescaped; what that path
 * begins with must be the operation's, too.
 */

static const ngx_mdm_api_operation_t *
ngx_mdm_api_find(ngx_http_request_t *r, ngx_str_t *segment,
    ngx_uint_t *allowed)
{
    u_char                         *p;
    ngx_str_t                       path;
    const ngx_mdm_api_operation_t  *operation;

    path = r->unparsed_uri;
    *allowed = 0;

    p = ngx_strlchr(path.data, path.data + path.len, '?');
    if (p != NULL) {
        path.len = p - path.data;
    }

    for (operation = ngx_mdm_api_operations; operation->path; operation++) {

        if (!ngx_mdm_api_path_begins(r->uri, operation->path)
            || !ngx_mdm_api_path_matches(path, operation->path, segment))
        {
            continue;
        }

        *allowed |= operation->methods;

        if (r->method & operation->methods) {
            return operation;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_mdm_api_path_begins(ngx_str_t uri, const char *pattern)
{
    size_t  len;

    len = strcspn(pattern, "*");

    return uri.len >= len && ngx_strncmp(uri.data, pattern, len) == 0;
}


static ngx_uint_t
ngx_mdm_api_path_matches(ngx_str_t path, const char *pattern,
    ngx_str_t *segment)
{
    u_char  *p, *last;

    p = path.data;
    last = p + path.len;

    for ( /* void */ ; *pattern != '\0'; pattern++) {

        if (*pattern != '*') {
            if (p == last || *p++ != (u_char) *pattern) {
                return 0;
            }

            continue;
        }

        segment->data = p;

        while (p < last && *p != '/') {
            p++;
        }

        segment->len = p - segment->data;

        if (segment->len == 0) {
            return 0;
        }
    }

    return p == last;
}


/* The header that belongs to 405. */

static ngx_int_t
ngx_mdm_api_allow(ngx_http_request_t *r, ngx_uint_t allowed)
{
    size_t   i;
    u_char  *value, *p;

    static const struct {
        ngx_uint_t   method;
        const char  *name;
    } methods[] = {
        { NGX_HTTP_GET, "GET" },
        { NGX_HTTP_PUT, "PUT" },
        { NGX_HTTP_POST, "POST" },
        { NGX_HTTP_DELETE, "DELETE" }
    };

    value = ngx_pnalloc(r->pool, sizeof("GET, PUT, POST, DELETE"));
    if (value == NULL) {
        return NGX_ERROR;
    }

    for (i = 0, p = value; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (allowed & methods[i].method) {
            p = ngx_sprintf(p, "%s%s", p == value ? "" : ", ",
                            methods[i].name);
        }
    }

    *p = '\0';

    return ngx_mdm_route_header_out(r, "Allow", (char *) value);
}


static ngx_mdm_api_t *
ngx_mdm_api_create(ngx_http_request_t *r)
{
    ngx_pool_t           *pool;
    ngx_mdm_api_t        *api;
    ngx_mdm_ctx_t        *ctx;
    ngx_mdm_engine_t     *engine;
    ngx_pool_cleanup_t   *cln;
    ngx_mdm_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_mdm_module);
    ctx = ngx_mdm_route_ctx(r);
    engine = ngx_mdm_route_engine(r);
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (ctx == NULL || engine == NULL || cln == NULL) {
        return NULL;
    }

    pool = ngx_create_pool(4096, engine->log);
    if (pool == NULL) {
        return NULL;
    }

    api = ngx_pcalloc(pool, sizeof(ngx_mdm_api_t));
    if (api == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    api->pool = pool;
    api->log = engine->log;
    api->engine = engine;
    api->threads = mcf->threads;
    api->request = r;
    api->request_ctx = ctx;
    mdm_arena_init(&api->arena);

    cln->handler = ngx_mdm_api_cleanup;
    cln->data = api;

    ctx->api = api;

    return api;
}


static void
ngx_mdm_api_body_handler(ngx_http_request_t *r)
{
    ngx_mdm_api_t  *api;
    ngx_mdm_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_mdm_module);
    api = ctx ? ctx->api : NULL;

    if (api == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_SERVICE_UNAVAILABLE);
        return;
    }

    if (api->operation == NULL) {
        ngx_mdm_api_no_operation(api);
        return;
    }

    if (ngx_mdm_route_body_size(r) > NGX_MDM_API_BODY_LIMIT) {
        ngx_mdm_api_error(api, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "too_large",
                          "the body passes 4 MB");
        return;
    }

    if (ngx_mdm_api_keep(api) != NGX_OK) {
        ngx_mdm_api_error(api, NGX_HTTP_SERVICE_UNAVAILABLE, "out_of_memory",
                          "out of memory");
        return;
    }

    if (api->operation->scope == NULL) {
        api->operation->handler(api);
        return;
    }

    if (ngx_mdm_api_token(r, api) != NGX_OK) {
        ngx_mdm_api_error(api, NGX_HTTP_UNAUTHORIZED, "no_token",
                          "send a token as Bearer, or as the password of "
                          "Basic authentication");
        return;
    }

    ngx_mdm_pg_set_bytes(&api->call.params[0], api->token_hash,
                         sizeof(api->token_hash));
    ngx_mdm_api_call(api, NGX_MDM_SQL_TOKEN_CHECK, ngx_mdm_api_token_checked);
}


static void
ngx_mdm_api_no_operation(ngx_mdm_api_t *api)
{
    ngx_str_t   segment;
    ngx_uint_t  allowed;

    ngx_mdm_api_find(api->request, &segment, &allowed);

    if (!allowed) {
        ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "no_such_path",
                          "there is no such operation, see docs/api.md");
        return;
    }

    if (ngx_mdm_api_allow(api->request, allowed) != NGX_OK) {
        ngx_http_finalize_request(api->request, NGX_ERROR);
        return;
    }

    ngx_mdm_api_error(api, NGX_HTTP_NOT_ALLOWED, "method_not_allowed",
                      "this path does not take that method");
}


/* Copies what points into the request, for the call may outlive it. */

static ngx_int_t
ngx_mdm_api_keep(ngx_mdm_api_t *api)
{
    ngx_str_t            segment;
    ngx_http_request_t  *r;

    r = api->request;
    segment = api->segment;

    api->segment.data = ngx_pstrdup(api->pool, &segment);
    api->args.len = r->args.len;
    api->args.data = ngx_pstrdup(api->pool, &r->args);

    if (api->segment.data == NULL || api->args.data == NULL
        || ngx_mdm_route_body(r, api->pool, &api->body) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_mdm_route_tenant(r, api->pool, &api->tenant_key);
}


/* Only the token's hash is kept, here and in the database. */

static ngx_int_t
ngx_mdm_api_token(ngx_http_request_t *r, ngx_mdm_api_t *api)
{
    ngx_str_t  token;

    if (r->headers_in.authorization == NULL) {
        return NGX_DECLINED;
    }

    token = r->headers_in.authorization->value;

    if (token.len > 7
        && ngx_strncasecmp(token.data, (u_char *) "Bearer ", 7) == 0)
    {
        token.data += 7;
        token.len -= 7;

    } else if (ngx_http_auth_basic_user(r) == NGX_OK) {
        token = r->headers_in.passwd;

    } else {
        return NGX_DECLINED;
    }

    if (token.len == 0
        || EVP_Digest(token.data, token.len, api->token_hash, NULL,
                      EVP_sha256(), NULL)
           != 1)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static void
ngx_mdm_api_token_checked(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t       name, scopes;
    const char     *scope;
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (rows->count == 0) {
        ngx_mdm_api_error(api, NGX_HTTP_UNAUTHORIZED, "bad_token",
                          "the token is unknown or revoked");
        return;
    }

    name = ngx_mdm_pg_text(rows, 0, NGX_MDM_TOKEN_NAME);
    scopes = ngx_mdm_pg_text(rows, 0, NGX_MDM_TOKEN_SCOPES);
    scope = api->operation->scope;

    api->tenant_id = ngx_mdm_pg_int(rows, 0, NGX_MDM_TOKEN_TENANT);
    api->actor.len = name.len;
    api->actor.data = ngx_pstrdup(api->pool, &name);

    if (!ngx_mdm_api_has_scope(scopes, scope)) {
        ngx_mdm_api_error(api, NGX_HTTP_FORBIDDEN, "missing_scope",
                          "the token \"%.*s\" lacks the scope \"%s\"",
                          (int) name.len, name.data, scope);
        return;
    }

    api->wait.handler = ngx_mdm_api_tenant;
    api->wait.data = api;
    ngx_mdm_tenant_get(api->engine, api->tenant_key, &api->wait);
}


/* A comma-separated list; "admin" holds every right. */

static ngx_uint_t
ngx_mdm_api_has_scope(ngx_str_t scopes, const char *scope)
{
    size_t   len;
    u_char  *p, *last, *comma;

    last = scopes.data + scopes.len;

    for (p = scopes.data; p < last; p = comma + 1) {
        comma = ngx_strlchr(p, last, ',');
        if (comma == NULL) {
            comma = last;
        }

        len = comma - p;

        if ((len == ngx_strlen(scope) && ngx_memcmp(p, scope, len) == 0)
            || (len == 5 && ngx_memcmp(p, "admin", 5) == 0))
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_mdm_api_tenant(ngx_mdm_tenant_wait_t *wait, ngx_mdm_tenant_rc_e rc,
    ngx_mdm_tenant_t *tenant)
{
    ngx_mdm_api_t  *api;

    api = wait->data;
    api->tenant = tenant;

    if (rc == NGX_MDM_TENANT_AWAY) {
        ngx_mdm_api_error(api, NGX_HTTP_SERVICE_UNAVAILABLE, "unavailable",
                          "the tenant cannot be loaded now");
        return;
    }

    if (rc == NGX_MDM_TENANT_UNKNOWN) {
        ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "unknown_tenant",
                          "mdm_tenant names no tenant: add it with \"mdmctl "
                          "tenant add\"");
        return;
    }

    if (api->request != NULL) {
        api->request_ctx->tenant = tenant->name;
    }

    if (tenant->id != api->tenant_id) {
        ngx_log_error(NGX_LOG_WARN, api->log, 0,
                      "mdm: the token \"%V\" belongs to another tenant than "
                      "\"%V\"", &api->actor, &tenant->name);
        ngx_mdm_api_refuse_token(api);
        return;
    }

    api->operation->handler(api);
}


/* The token's own tenant should know that it was used elsewhere. */

static void
ngx_mdm_api_refuse_token(ngx_mdm_api_t *api)
{
    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
    ngx_mdm_pg_set_bytes(&api->call.params[1], api->actor.data,
                         api->actor.len);
    ngx_mdm_pg_set_bytes(&api->call.params[2], api->tenant_key.data,
                         api->tenant_key.len);

    ngx_mdm_api_call(api, NGX_MDM_SQL_TOKEN_REFUSED,
                     ngx_mdm_api_token_refused);
}


static void
ngx_mdm_api_token_refused(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        ngx_mdm_api_error(api, NGX_HTTP_FORBIDDEN, "wrong_tenant",
                          "the token does not belong to this host's tenant");
    }
}


void
ngx_mdm_api_call(ngx_mdm_api_t *api, ngx_mdm_pg_statement_e statement,
    ngx_mdm_pg_handler_pt handler)
{
    api->call.statement = statement;
    api->call.handler = handler;
    api->call.data = api;
    api->call.log = api->log;

    api->asked = ngx_current_msec;
    ngx_mdm_pg_call(api->engine->pg, &api->call);
}


ngx_int_t
ngx_mdm_api_answered(ngx_mdm_api_t *api, ngx_mdm_pg_rc_e rc)
{
    if (api->request != NULL) {
        api->request_ctx->db_time += ngx_current_msec - api->asked;
        api->request_ctx->db_asked = 1;
    }

    if (rc == NGX_MDM_PG_DONE) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, api->log, 0,
                  "mdm: API: %s, tenant \"%V\"",
                  ngx_mdm_pg_rc_text(rc), &api->tenant_key);

    ngx_mdm_api_error(api, NGX_HTTP_SERVICE_UNAVAILABLE, "unavailable", "%s",
                      ngx_mdm_pg_rc_text(rc));

    return NGX_DONE;
}


void
ngx_mdm_api_finish(ngx_mdm_api_t *api, ngx_uint_t status, json_t *answer)
{
    if (answer != NULL) {
        api->answer = json_dumps(answer, JSON_COMPACT);
        json_decref(answer);
    }

    ngx_mdm_api_send(api, api->answer ? status : NGX_HTTP_SERVICE_UNAVAILABLE);
}


void
ngx_mdm_api_error(ngx_mdm_api_t *api, ngx_uint_t status, const char *code,
    const char *fmt, ...)
{
    char     message[512];
    va_list  args;

    va_start(args, fmt);
    vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);

    ngx_mdm_api_finish(api, status,
                       json_pack("{s:{s:s, s:s}}", "error", "code", code,
                                 "message", message));
}


static void
ngx_mdm_api_send(ngx_mdm_api_t *api, ngx_uint_t status)
{
    size_t               len;
    ngx_int_t            rc;
    ngx_connection_t    *c;
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
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    c = r->connection;
    len = api->answer ? ngx_strlen(api->answer) : 0;

    rc = ngx_mdm_route_send(r, status, "application/json",
                            (u_char *) api->answer, len);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static void
ngx_mdm_api_cleanup(void *data)
{
    ngx_mdm_api_t *api = data;

    /* unfinished and called: its handler will come, find no request, and
     * free */

    if (!api->finished && api->call.handler != NULL) {
        api->request = NULL;
        return;
    }

    ngx_mdm_api_free(api);
}


static void
ngx_mdm_api_free(ngx_mdm_api_t *api)
{
    if (api->tenant != NULL) {
        ngx_mdm_tenant_release(api->tenant);
    }

    free(api->answer);
    mdm_arena_free(&api->arena);
    ngx_destroy_pool(api->pool);
}
