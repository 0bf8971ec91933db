
/*
 * The API's frame: the table of operations, and the way of a call from its
 * path and body to its operation.
 */


#include "ngx_mdm_api.h"


static const ngx_mdm_api_operation_t *ngx_mdm_api_find(ngx_http_request_t *r,
    ngx_str_t *segments, ngx_uint_t *allowed);
static ngx_uint_t ngx_mdm_api_path_begins(ngx_str_t uri,
    const char *pattern);
static ngx_uint_t ngx_mdm_api_path_matches(ngx_str_t path,
    const char *pattern, ngx_str_t *segments);
static u_char *ngx_mdm_api_methods(u_char *buf, ngx_uint_t allowed,
    const char *between);
static ngx_int_t ngx_mdm_api_allow(ngx_http_request_t *r,
    ngx_uint_t allowed);
static ngx_mdm_api_t *ngx_mdm_api_create(ngx_http_request_t *r);
static void ngx_mdm_api_body_handler(ngx_http_request_t *r);
static void ngx_mdm_api_no_operation(ngx_mdm_api_t *api);
static ngx_int_t ngx_mdm_api_keep(ngx_mdm_api_t *api);
static ngx_int_t ngx_mdm_api_keep_header(ngx_mdm_api_t *api,
    const char *name, ngx_str_t *value);
static void ngx_mdm_api_cleanup(void *data);


static const ngx_mdm_api_operation_t  ngx_mdm_api_operations[] = {

    { NGX_HTTP_GET, "/version", NULL, NULL, NGX_MDM_API_NO_BODY,
      ngx_mdm_api_version },

    /* commands */
    { NGX_HTTP_PUT|NGX_HTTP_POST, "/v1/enqueue/*", "command", NULL,
      NGX_MDM_API_RAW, ngx_mdm_api_enqueue },
    { NGX_HTTP_POST, "/v1/commands", "command", "check", NGX_MDM_API_JSON,
      ngx_mdm_api_command },
    { NGX_HTTP_POST, "/v1/commands/cancel", "command", "", NGX_MDM_API_JSON,
      ngx_mdm_api_cancel_many },
    { NGX_HTTP_GET, "/v1/commands/*", "read", "limit after",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_command_get },
    { NGX_HTTP_DELETE, "/v1/commands/*", "command", "force",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_cancel },
    { NGX_HTTP_GET, "/v1/commands/*/payload", "secrets", "",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_command_payload },
    { NGX_HTTP_POST, "/v1/commands/*/release", "command", "",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_release },
    { NGX_HTTP_DELETE, "/v1/enrollments/*/queue", "command", "force",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_queue_clear },
    { NGX_HTTP_DELETE, "/v1/enrollments/*/queue/*", "command", "force",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_queue_cancel },
    { NGX_HTTP_POST, "/v1/enrollments/*/queue/*/release", "command", "",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_queue_release },

    /* enrolments */
    { NGX_HTTP_GET, "/v1/enrollments", "read",
      "limit after kind ownership state supervised seen_after seen_before "
      "serial user attribute.*",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_enrollments },
    { NGX_HTTP_GET, "/v1/enrollments/*", "read", "",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_enrollment_show },
    { NGX_HTTP_DELETE, "/v1/enrollments/*", "destructive", "",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_enrollment_end },
    { NGX_HTTP_PATCH, "/v1/enrollments/*/attributes", "command", "",
      NGX_MDM_API_JSON, ngx_mdm_api_attributes },
    { NGX_HTTP_GET, "/v1/enrollments/*/queue", "read", "limit after",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_queue },
    { NGX_HTTP_GET, "/v1/enrollments/*/history", "read",
      "limit after state request_type",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_history },
    { NGX_HTTP_GET, "/v1/enrollments/*/history/*/report", "secrets", "format",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_report },
    { NGX_HTTP_POST, "/v1/enrollments/*/history/*/effects", "command", "",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_effects },
    { NGX_HTTP_GET, "/v1/enrollments/*/why", "read", "",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_why },
    { NGX_HTTP_GET, "/v1/enrollments/*/secrets", "read", "",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_secrets },
    { NGX_HTTP_GET, "/v1/enrollments/*/secrets/*", "secrets", "history",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_secret },
    { NGX_HTTP_GET, "/v1/enrollments/*/inventory", "read", "limit after",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_inventory_lists },
    { NGX_HTTP_GET, "/v1/enrollments/*/inventory/*", "read",
      "limit after gone", NGX_MDM_API_NO_BODY, ngx_mdm_api_inventory_items },
    { NGX_HTTP_GET, "/v1/inventory/*", "read", "limit after item",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_inventory_search },
    { NGX_HTTP_DELETE, "/v1/identities/*", "destructive", "",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_identity_revoke },

    /* events and audit */
    { NGX_HTTP_GET, "/v1/events", "read", "after limit type enrollment",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_events },
    { NGX_HTTP_GET, "/v1/events/stream", "read", "after type enrollment",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_stream },
    { NGX_HTTP_GET, "/v1/audit", "admin",
      "after limit enrollment actor action", NGX_MDM_API_NO_BODY,
      ngx_mdm_api_audit },

    /* push certificates */
    { NGX_HTTP_PUT, "/v1/pushcert", "admin",
      "development apple_account note new_topic older",
      NGX_MDM_API_RAW, ngx_mdm_api_pushcert_store },
    { NGX_HTTP_POST, "/v1/pushcert/request", "admin", "", NGX_MDM_API_JSON,
      ngx_mdm_api_pushcert_request },
    { NGX_HTTP_GET, "/v1/pushcert/requests", "admin", "", NGX_MDM_API_NO_BODY,
      ngx_mdm_api_pushcert_requests },
    { NGX_HTTP_DELETE, "/v1/pushcert/requests/*", "admin", "",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_pushcert_request_delete },
    { NGX_HTTP_GET, "/v1/pushcert", "read", NULL, NGX_MDM_API_NO_BODY,
      ngx_mdm_api_pushcert_get },
    { NGX_HTTP_GET, "/v1/push-certificates", "read", "limit after",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_pushcert_list },

    /* pushes */
    { NGX_HTTP_GET, "/v1/push", "read", "limit after", NGX_MDM_API_NO_BODY,
      ngx_mdm_api_push_topics },
    { NGX_HTTP_GET|NGX_HTTP_PUT|NGX_HTTP_POST, "/v1/push/*", "command", NULL,
      NGX_MDM_API_NO_BODY, ngx_mdm_api_push },
    { NGX_HTTP_GET, "/v1/push-topics/*/stops", "read", "limit after",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_push_stops },
    { NGX_HTTP_POST, "/v1/push-topics/*/resume", "command", "",
      NGX_MDM_API_JSON, ngx_mdm_api_push_resume },

    /* profiles */
    { NGX_HTTP_POST, "/v1/profiles", "command", "check", NGX_MDM_API_RAW,
      ngx_mdm_api_profile_store },
    { NGX_HTTP_GET, "/v1/profiles", "read", "limit after identifier",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_profiles },
    { NGX_HTTP_GET, "/v1/profiles/*", "read", "format", NGX_MDM_API_NO_BODY,
      ngx_mdm_api_profile_get },
    { NGX_HTTP_DELETE, "/v1/profiles/*", "command", "", NGX_MDM_API_NO_BODY,
      ngx_mdm_api_profile_delete },
    { NGX_HTTP_PUT, "/v1/signing-certificate", "admin", "", NGX_MDM_API_RAW,
      ngx_mdm_api_signing_store },
    { NGX_HTTP_GET, "/v1/signing-certificate", "read", "",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_signing_get },
    { NGX_HTTP_DELETE, "/v1/signing-certificate", "admin", "",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_signing_delete },

    /* webhooks */
    { NGX_HTTP_GET, "/v1/webhooks", "admin", "", NGX_MDM_API_NO_BODY,
      ngx_mdm_api_webhooks },
    { NGX_HTTP_GET, "/v1/webhooks/*/failures", "admin", "limit after",
      NGX_MDM_API_NO_BODY, ngx_mdm_api_webhook_failures },
    { NGX_HTTP_POST, "/v1/webhooks/*/replay", "admin", "", NGX_MDM_API_JSON,
      ngx_mdm_api_webhook_replay },

    /* plugins */
    { NGX_HTTP_GET, "/v1/schema", "read", "", NGX_MDM_API_NO_BODY,
      ngx_mdm_api_schema },
    { NGX_HTTP_GET, "/v1/schema/*", "read", "kind", NGX_MDM_API_NO_BODY,
      ngx_mdm_api_schema_type },

    { 0, NULL, NULL, NULL, 0, NULL }
};


/* Each operation has a counter of its own. */

typedef char  ngx_mdm_api_operations_are_counted
    [(sizeof(ngx_mdm_api_operations) / sizeof(ngx_mdm_api_operations[0]) - 1
      <= NGX_MDM_METRICS_OPERATIONS) ? 1 : -1];


ngx_int_t
ngx_mdm_api_handler(ngx_http_request_t *r)
{
    ngx_uint_t      allowed;
    ngx_mdm_api_t  *api;

    api = ngx_mdm_api_create(r);
    if (api == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    api->operation = ngx_mdm_api_find(r, api->segments, &allowed);

    /* the body is read in any case, so that the connection stays of use */

    return ngx_mdm_route_read(r, ngx_mdm_api_body_handler);
}


/*
 * Paths are compared as they stand in the request line: an id may hold
 * escaped characters that must not be taken for separators.  nginx chose the
 * location, and so who may come, by the path that it unescaped; what that path
 * begins with must be the operation's, too.  Of two operations the one that
 * stands first in the table counts.
 */

static const ngx_mdm_api_operation_t *
ngx_mdm_api_find(ngx_http_request_t *r, ngx_str_t *segments,
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
            || !ngx_mdm_api_path_matches(path, operation->path, segments))
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
    ngx_str_t *segments)
{
    u_char     *p, *last;
    ngx_str_t  *segment;

    p = path.data;
    last = p + path.len;
    segment = segments;

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

        segment++;
    }

    return p == last;
}


/* "GET, PUT" and the like; the buffer has room for all. */

static u_char *
ngx_mdm_api_methods(u_char *buf, ngx_uint_t allowed, const char *between)
{
    size_t   i;
    u_char  *p;

    static const struct {
        ngx_uint_t   method;
        const char  *name;
    } methods[] = {
        { NGX_HTTP_GET, "GET" },
        { NGX_HTTP_PUT, "PUT" },
        { NGX_HTTP_POST, "POST" },
        { NGX_HTTP_PATCH, "PATCH" },
        { NGX_HTTP_DELETE, "DELETE" }
    };

    for (i = 0, p = buf; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (allowed & methods[i].method) {
            p = ngx_sprintf(p, "%s%s", p == buf ? "" : between,
                            methods[i].name);
        }
    }

    *p = '\0';

    return p;
}


/* The header that belongs to 405. */

static ngx_int_t
ngx_mdm_api_allow(ngx_http_request_t *r, ngx_uint_t allowed)
{
    u_char  *value;

    value = ngx_pnalloc(r->pool, sizeof("GET, PUT, POST, PATCH, DELETE"));
    if (value == NULL) {
        return NGX_ERROR;
    }

    ngx_mdm_api_methods(value, allowed, ", ");

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
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (api->operation->scope == NULL) {
        api->operation->handler(api);
        return;
    }

    ngx_mdm_api_authorize(api);
}


static void
ngx_mdm_api_no_operation(ngx_mdm_api_t *api)
{
    ngx_str_t   segments[NGX_MDM_API_MAX_SEGMENTS];
    ngx_uint_t  allowed;

    ngx_mdm_api_find(api->request, segments, &allowed);

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
    ngx_str_t            value;
    ngx_uint_t           i;
    ngx_http_request_t  *r;

    r = api->request;

    for (i = 0; i < NGX_MDM_API_MAX_SEGMENTS; i++) {
        value = api->segments[i];
        api->segments[i].data = ngx_pstrdup(api->pool, &value);

        if (api->segments[i].data == NULL) {
            return NGX_ERROR;
        }
    }

    value = r->connection->addr_text;
    api->remote.len = value.len;
    api->remote.data = ngx_pstrdup(api->pool, &value);
    api->args.len = r->args.len;
    api->args.data = ngx_pstrdup(api->pool, &r->args);

    if (api->args.data == NULL || api->remote.data == NULL
        || ngx_mdm_api_keep_header(api, "idempotency-key",
                                   &api->idempotency_key) != NGX_OK
        || ngx_mdm_api_keep_header(api, "last-event-id",
                                   &api->last_event_id) != NGX_OK
        || ngx_mdm_api_keep_header(api, "accept", &api->accept) != NGX_OK
        || ngx_mdm_api_keep_header(api, "mdm-tenant",
                                   &api->named_tenant) != NGX_OK
        || ngx_mdm_route_body(r, api->pool, &api->body) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_mdm_route_tenant(r, api->pool, &api->tenant_key);
}


static ngx_int_t
ngx_mdm_api_keep_header(ngx_mdm_api_t *api, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *header;

    header = ngx_mdm_route_header_in(api->request, name);
    if (header == NULL) {
        return NGX_OK;
    }

    value->len = header->value.len;
    value->data = ngx_pstrdup(api->pool, &header->value);

    return value->data ? NGX_OK : NGX_ERROR;
}


static void
ngx_mdm_api_cleanup(void *data)
{
    ngx_mdm_api_t *api = data;

    /* unfinished and called: its handler will come, find no request, and
     * free */

    if (!api->finished && api->called) {
        api->request = NULL;
        return;
    }

    ngx_mdm_api_free(api);
}


/* How a call is counted: by its place in the table, after the last one when
 * it is none of them. */

ngx_uint_t
ngx_mdm_api_operation(void *data)
{
    ngx_mdm_api_t *api = data;

    return api->operation ? (ngx_uint_t) (api->operation
                                          - ngx_mdm_api_operations)
                          : NGX_MDM_METRICS_OPERATIONS;
}


void
ngx_mdm_api_operation_name(ngx_uint_t place, u_char *buf, size_t size)
{
    u_char                         *p;
    const ngx_mdm_api_operation_t  *operation;

    if (place == NGX_MDM_METRICS_OPERATIONS) {
        ngx_snprintf(buf, size, "none%Z");
        return;
    }

    operation = &ngx_mdm_api_operations[place];

    p = ngx_mdm_api_methods(buf, operation->methods, "|");
    ngx_slprintf(p, buf + size, " %s%Z", operation->path);
}
