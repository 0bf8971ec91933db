
/*
 * Who asks, and what he may: the token, its rights, and the tenant.  The token
 * names the tenant, and the host may only agree; a token with the right "host"
 * goes to the tenant that the request names.  Every refusal says what is
 * missing, and the audit of the token's own tenant hears of it.
 */


#include "ngx_mdm_api.h"

#include <openssl/evp.h>


/* columns of token_check() */

enum {
    NGX_MDM_TOKEN_TENANT = 0,
    NGX_MDM_TOKEN_ID,
    NGX_MDM_TOKEN_NAME,
    NGX_MDM_TOKEN_SCOPES
};


static ngx_int_t ngx_mdm_api_token(ngx_http_request_t *r, ngx_mdm_api_t *api);
static void ngx_mdm_api_token_checked(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static ngx_int_t ngx_mdm_api_token_keep(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static ngx_uint_t ngx_mdm_api_has_scope(ngx_str_t scopes, const char *scope);
static void ngx_mdm_api_tenant(ngx_mdm_tenant_wait_t *wait,
    ngx_mdm_tenant_rc_e rc, ngx_mdm_tenant_t *tenant);
static void ngx_mdm_api_run(ngx_mdm_api_t *api);
static void ngx_mdm_api_refuse(ngx_mdm_api_t *api, const char *code,
    json_t *detail, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void ngx_mdm_api_refused(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);


void
ngx_mdm_api_authorize(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_token(api->request, api) != NGX_OK) {
        ngx_mdm_api_error(api, NGX_HTTP_UNAUTHORIZED, "no_token",
                          "send a token as Bearer, or as the password of "
                          "Basic authentication");
        return;
    }

    ngx_mdm_pg_set_bytes(&api->call.params[0], api->token_hash,
                         sizeof(api->token_hash));
    ngx_mdm_api_call(api, NGX_MDM_SQL_TOKEN_CHECK, ngx_mdm_api_token_checked);
}


/* Only the token's hash is kept, here and in the database. */

static ngx_int_t
ngx_mdm_api_token(ngx_http_request_t *r, ngx_mdm_api_t *api)
{
    int         hashed;
    ngx_str_t   token;

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

    hashed = token.len != 0
             && EVP_Digest(token.data, token.len, api->token_hash, NULL,
                           EVP_sha256(), NULL)
                == 1;

    /* whoever asks nginx for the user decodes the header anew */

    ngx_mdm_wipe_password(r);

    return hashed ? NGX_OK : NGX_DECLINED;
}


static void
ngx_mdm_api_token_checked(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
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

    if (ngx_mdm_api_token_keep(api, rows) != NGX_OK) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (ngx_mdm_api_require(api, api->operation->scope) != NGX_OK) {
        return;
    }

    if (api->named_tenant.len != 0) {
        if (ngx_mdm_api_require(api, "host") != NGX_OK) {
            return;
        }

        api->tenant_key = api->named_tenant;
    }

    api->wait.handler = ngx_mdm_api_tenant;
    api->wait.data = api;
    ngx_mdm_tenant_get(api->engine, api->tenant_key, &api->wait);
}


static ngx_int_t
ngx_mdm_api_token_keep(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t  name, scopes;

    name = ngx_mdm_pg_text(rows, 0, NGX_MDM_TOKEN_NAME);
    scopes = ngx_mdm_pg_text(rows, 0, NGX_MDM_TOKEN_SCOPES);

    api->token_tenant_id = ngx_mdm_pg_int(rows, 0, NGX_MDM_TOKEN_TENANT);
    api->actor.len = name.len;
    api->actor.data = ngx_pstrdup(api->pool, &name);
    api->scopes.len = scopes.len;
    api->scopes.data = ngx_pstrdup(api->pool, &scopes);

    return api->actor.data && api->scopes.data ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_mdm_api_require(ngx_mdm_api_t *api, const char *scope)
{
    if (ngx_mdm_api_has_scope(api->scopes, scope)) {
        return NGX_OK;
    }

    ngx_mdm_api_refuse(api, "missing_scope",
                       json_pack("{s:s, s:s}", "missing_scope", scope,
                                 "operation", api->operation->path),
                       "the token \"%.*s\" lacks the scope \"%s\"",
                       (int) api->actor.len, api->actor.data, scope);

    return NGX_ERROR;
}


ngx_uint_t
ngx_mdm_api_may(ngx_mdm_api_t *api, const char *scope)
{
    return ngx_mdm_api_has_scope(api->scopes, scope);
}


/* A comma-separated list; "admin" holds every right within a tenant. */

static ngx_uint_t
ngx_mdm_api_has_scope(ngx_str_t scopes, const char *scope)
{
    u_char     *p, *last, *comma;
    ngx_str_t   held;

    last = scopes.data + scopes.len;

    for (p = scopes.data; p < last; p = comma + 1) {
        comma = ngx_strlchr(p, last, ',');
        if (comma == NULL) {
            comma = last;
        }

        held.data = p;
        held.len = comma - p;

        if (ngx_mdm_api_is(held, scope)
            || (ngx_mdm_api_is(held, "admin")
                && ngx_strcmp(scope, "host") != 0))
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
                          "%s names no tenant: add it with \"mdmctl tenant "
                          "add\"", api->named_tenant.len ? "Mdm-Tenant"
                                                         : "mdm_tenant");
        return;
    }

    if (api->request != NULL) {
        api->request_ctx->tenant = tenant->name;
    }

    if (tenant->id != api->token_tenant_id
        && !ngx_mdm_api_has_scope(api->scopes, "host"))
    {
        ngx_log_error(NGX_LOG_WARN, api->log, 0,
                      "mdm: the token \"%V\" belongs to another tenant than "
                      "\"%V\"", &api->actor, &tenant->name);

        ngx_mdm_api_refuse(api, "wrong_tenant",
                           json_pack("{s:s%, s:s}", "host",
                                     (char *) api->tenant_key.data,
                                     api->tenant_key.len,
                                     "operation", api->operation->path),
                           "the token does not belong to this host's tenant");
        return;
    }

    api->tenant_id = tenant->id;

    ngx_mdm_api_run(api);
}


static void
ngx_mdm_api_run(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_args(api) != NGX_OK) {
        return;
    }

    if (api->operation->body == NGX_MDM_API_JSON) {
        ngx_mdm_api_json_read(api, api->operation->handler);
        return;
    }

    api->operation->handler(api);
}


static void
ngx_mdm_api_refuse(ngx_mdm_api_t *api, const char *code, json_t *detail,
    const char *fmt, ...)
{
    char       *text;
    u_char      message[512];
    va_list     args;
    ngx_str_t   value;

    va_start(args, fmt);
    vsnprintf((char *) message, sizeof(message), fmt, args);
    va_end(args);

    value.data = message;
    value.len = ngx_strlen(message);
    api->refusal_code = code;
    api->refusal.len = value.len;
    api->refusal.data = ngx_pstrdup(api->pool, &value);

    text = detail ? json_dumps(detail, JSON_COMPACT) : NULL;
    json_decref(detail);

    value.data = (u_char *) (text ? text : "{}");
    value.len = ngx_strlen(value.data);
    value.data = ngx_pstrdup(api->pool, &value);
    free(text);

    if (api->refusal.data == NULL || value.data == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->token_tenant_id);
    ngx_mdm_pg_set_bytes(&api->call.params[1], api->actor.data,
                         api->actor.len);
    ngx_mdm_pg_set_bytes(&api->call.params[2], api->remote.data,
                         api->remote.len);
    ngx_mdm_pg_set_bytes(&api->call.params[3], value.data, value.len);

    ngx_mdm_api_call(api, NGX_MDM_SQL_TOKEN_REFUSED, ngx_mdm_api_refused);
}


static void
ngx_mdm_api_refused(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        ngx_mdm_api_error(api, NGX_HTTP_FORBIDDEN, api->refusal_code, "%.*s",
                          (int) api->refusal.len, api->refusal.data);
    }
}
