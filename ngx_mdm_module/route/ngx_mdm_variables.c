
/*
 * Variables for the access log; docs/directives.md tells what each means.
 * They never hold a token, a body, or a header's value.
 */


#include "../ngx_mdm.h"


static ngx_int_t ngx_mdm_variable_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_mdm_variable_db_time(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


static ngx_http_variable_t  ngx_mdm_variables[] = {

    { ngx_string("mdm_tenant"), NULL, ngx_mdm_variable_text,
      offsetof(ngx_mdm_ctx_t, tenant), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("mdm_enrollment"), NULL, ngx_mdm_variable_text,
      offsetof(ngx_mdm_ctx_t, enrollment), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("mdm_message"), NULL, ngx_mdm_variable_text,
      offsetof(ngx_mdm_ctx_t, message), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("mdm_status"), NULL, ngx_mdm_variable_text,
      offsetof(ngx_mdm_ctx_t, status), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("mdm_command_uuid"), NULL, ngx_mdm_variable_text,
      offsetof(ngx_mdm_ctx_t, command_uuid), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("mdm_request_type"), NULL, ngx_mdm_variable_text,
      offsetof(ngx_mdm_ctx_t, request_type), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("mdm_db_time"), NULL, ngx_mdm_variable_db_time,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_mdm_variables_init(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_mdm_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_mdm_variable_text(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_str_t      *text;
    ngx_mdm_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_mdm_module);
    text = ctx ? (ngx_str_t *) ((char *) ctx + data) : NULL;

    if (text == NULL || text->len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = text->data;
    v->len = text->len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* Seconds with milliseconds, as $request_time. */

static ngx_int_t
ngx_mdm_variable_db_time(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_mdm_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_mdm_module);

    if (ctx == NULL || !ctx->db_asked) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN + 4);
    if (v->data == NULL) {
        return NGX_ERROR;
    }

    v->len = ngx_sprintf(v->data, "%T.%03M", (time_t) ctx->db_time / 1000,
                         ctx->db_time % 1000)
             - v->data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
