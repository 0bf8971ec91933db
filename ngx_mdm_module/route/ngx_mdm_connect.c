
/*
 * "mdm connect;": the one URL of devices, for check-ins and the command
 * cycle, told apart by media type (Apple: "MDM protocol reference",
 * CheckInURL and ServerURL).  From the request to an exchange and back.
 */


#include "../ngx_mdm.h"
#include "../message/mdm_url.h"


#define NGX_MDM_CONNECT_ARGS   4096    /* longer ones are left out */

#define NGX_MDM_CHECKIN_TYPE   "application/x-apple-aspen-mdm-checkin"
#define NGX_MDM_REPORT_TYPE    "application/x-apple-aspen-mdm"


static ngx_int_t ngx_mdm_connect_media_type(ngx_http_request_t *r,
    unsigned *report);
static ngx_uint_t ngx_mdm_connect_type_is(ngx_str_t *type, const char *name);
static ngx_int_t ngx_mdm_connect_refuse(ngx_http_request_t *r,
    ngx_uint_t status);
static void ngx_mdm_connect_body_handler(ngx_http_request_t *r);
static ngx_mdm_exchange_t *ngx_mdm_connect_exchange(ngx_http_request_t *r);
static ngx_int_t ngx_mdm_connect_params(ngx_http_request_t *r,
    ngx_mdm_exchange_t *x);
static ngx_int_t ngx_mdm_connect_identity(ngx_http_request_t *r,
    ngx_mdm_exchange_t *x);
static ngx_int_t ngx_mdm_connect_certificate(ngx_http_request_t *r,
    ngx_mdm_exchange_t *x);
static void ngx_mdm_connect_done(ngx_mdm_exchange_t *x);
static void ngx_mdm_connect_log(ngx_mdm_ctx_t *ctx, ngx_mdm_exchange_t *x);
static ngx_int_t ngx_mdm_connect_answer(ngx_http_request_t *r,
    ngx_uint_t status, ngx_mdm_body_e type, mdm_str_t body);


/* by ngx_mdm_body_e */

static const char *const  ngx_mdm_connect_types[] = {
    NULL, "application/xml", "application/json"
};


ngx_int_t
ngx_mdm_connect_handler(ngx_http_request_t *r)
{
    unsigned  report;

    if (r != r->main) {
        /* a copy that "mirror" made: the device has sent it once */
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    if (r->method != NGX_HTTP_PUT) {

        if (ngx_mdm_route_header_out(r, "Allow", "PUT") != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_mdm_connect_refuse(r, NGX_HTTP_NOT_ALLOWED);
    }

    if (ngx_mdm_connect_media_type(r, &report) != NGX_OK) {
        return ngx_mdm_connect_refuse(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE);
    }

    if (!report && r->headers_in.content_length_n > MDM_CHECKIN_LIMIT) {
        return ngx_mdm_connect_refuse(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE);
    }

    if (ngx_mdm_route_engine(r) == NULL) {
        return ngx_mdm_connect_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE);
    }

    r->request_body_in_single_buf = 1;

    return ngx_mdm_route_read(r, ngx_mdm_connect_body_handler);
}


static ngx_int_t
ngx_mdm_connect_media_type(ngx_http_request_t *r, unsigned *report)
{
    ngx_str_t  *type;

    if (r->headers_in.content_type == NULL) {
        return NGX_DECLINED;
    }

    type = &r->headers_in.content_type->value;
    *report = ngx_mdm_connect_type_is(type, NGX_MDM_REPORT_TYPE);

    return *report || ngx_mdm_connect_type_is(type, NGX_MDM_CHECKIN_TYPE)
           ? NGX_OK : NGX_DECLINED;
}


/* Parameters such as a charset do not matter. */

static ngx_uint_t
ngx_mdm_connect_type_is(ngx_str_t *type, const char *name)
{
    size_t  len;

    len = ngx_strlen(name);

    if (type->len < len
        || ngx_strncasecmp(type->data, (u_char *) name, len) != 0)
    {
        return 0;
    }

    return type->len == len || type->data[len] == ';'
           || type->data[len] == ' ' || type->data[len] == '\t';
}


/* An answer before the body was read; the rest of it is taken and dropped. */

static ngx_int_t
ngx_mdm_connect_refuse(ngx_http_request_t *r, ngx_uint_t status)
{
    ngx_int_t       rc;
    ngx_mdm_ctx_t  *ctx;

    ctx = ngx_mdm_route_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ctx->decided = status;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_mdm_connect_answer(r, status, NGX_MDM_BODY_NONE, mdm_null_str);
}


static void
ngx_mdm_connect_body_handler(ngx_http_request_t *r)
{
    unsigned             report;
    mdm_str_t            body;
    ngx_mdm_ctx_t       *ctx;
    ngx_mdm_exchange_t  *x;

    ctx = ngx_mdm_route_ctx(r);
    x = NULL;

    if (ctx != NULL && ngx_mdm_connect_media_type(r, &report) == NGX_OK) {
        x = ngx_mdm_connect_exchange(r);
    }

    if (x == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_SERVICE_UNAVAILABLE);
        return;
    }

    ctx->exchange = x;
    x->data = ctx;
    x->done = ngx_mdm_connect_done;

    if (ngx_mdm_route_body(r, x->pool, &body) != NGX_OK
        || ngx_mdm_connect_identity(r, x) != NGX_OK)
    {
        ngx_mdm_exchange_fail(x, "cannot take a request in");
        return;
    }

    ngx_mdm_exchange_start(x, body, report);
}


static ngx_mdm_exchange_t *
ngx_mdm_connect_exchange(ngx_http_request_t *r)
{
    ngx_mdm_engine_t    *engine;
    ngx_mdm_exchange_t  *x;
    ngx_mdm_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_mdm_module);

    engine = ngx_mdm_route_engine(r);
    if (engine == NULL) {
        return NULL;
    }

    x = ngx_mdm_exchange_create(engine);
    if (x == NULL) {
        return NULL;
    }

    x->identity = mlcf->identity;
    x->accept_users = mlcf->user_authenticate;

    if (ngx_mdm_route_tenant(r, x->pool, &x->tenant_key) != NGX_OK
        || ngx_mdm_connect_params(r, x) != NGX_OK)
    {
        ngx_mdm_exchange_free(x);
        return NULL;
    }

    return x;
}


/* The arguments of ServerURL and CheckInURL, which events tell on. */

static ngx_int_t
ngx_mdm_connect_params(ngx_http_request_t *r, ngx_mdm_exchange_t *x)
{
    if (r->args.len == 0 || r->args.len > NGX_MDM_CONNECT_ARGS) {
        return NGX_OK;
    }

    return mdm_url_arguments_json(&x->arena, ngx_mdm_to_str(r->args),
                                  &x->url_params)
           == MDM_OK ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_mdm_connect_identity(ngx_http_request_t *r, ngx_mdm_exchange_t *x)
{
    ngx_table_elt_t  *header;

    if (x->identity & (NGX_MDM_IDENTITY_SIGNATURE|NGX_MDM_IDENTITY_BOTH)) {
        header = ngx_mdm_route_header_in(r, "mdm-signature");

        if (header != NULL) {
            x->signature.len = header->value.len;
            x->signature.data = ngx_pstrdup(x->pool, &header->value);

            if (x->signature.data == NULL) {
                return NGX_ERROR;
            }
        }
    }

    if (x->identity & NGX_MDM_IDENTITY_CERTIFICATE) {
        return ngx_mdm_connect_certificate(r, x);
    }

    return NGX_OK;
}


/* A resumed session keeps the leaf, and the leaf is all we look at. */

static ngx_int_t
ngx_mdm_connect_certificate(ngx_http_request_t *r, ngx_mdm_exchange_t *x)
{
    int      len;
    X509    *certificate;
    u_char  *p;

    if (r->connection->ssl == NULL) {
        return NGX_OK;
    }

    certificate = SSL_get1_peer_certificate(r->connection->ssl->connection);
    if (certificate == NULL) {
        return NGX_OK;
    }

    len = i2d_X509(certificate, NULL);
    p = (len > 0) ? ngx_pnalloc(x->pool, len) : NULL;

    if (p != NULL) {
        x->certificate.data = p;
        x->certificate.len = i2d_X509(certificate, &p);
    }

    X509_free(certificate);

    return x->certificate.data ? NGX_OK : NGX_ERROR;
}


static void
ngx_mdm_connect_done(ngx_mdm_exchange_t *x)
{
    ngx_int_t            rc;
    ngx_mdm_ctx_t       *ctx;
    ngx_http_request_t  *r;

    ctx = x->data;

    if (ctx == NULL) {
        ngx_mdm_exchange_free(x);
        return;
    }

    r = ctx->request;

    ctx->finished = 1;
    ctx->decided = x->answer.status;
    ngx_mdm_connect_log(ctx, x);

    rc = ngx_mdm_connect_answer(r, x->answer.status, x->answer.type,
                                x->answer.body);

    ngx_mdm_route_finalize(r, rc);
}


/* The exchange lives as long as the request now, so nothing is copied. */

static void
ngx_mdm_connect_log(ngx_mdm_ctx_t *ctx, ngx_mdm_exchange_t *x)
{
    const char     *name;
    mdm_message_t  *message;

    ctx->db_time = x->db_time;
    ctx->db_asked = 1;

    if (x->tenant != NULL) {
        ctx->tenant = x->tenant->name;
    }

    if (!mdm_str_is_set(x->intake.enrollment)) {
        return;
    }

    message = &x->intake.message;

    ctx->enrollment = ngx_mdm_from_str(x->intake.enrollment);
    ctx->command_uuid = ngx_mdm_from_str(x->command_uuid);
    ctx->request_type = ngx_mdm_from_str(x->request_type);

    name = mdm_message_type_name(message->type);
    ctx->message.data = (u_char *) name;
    ctx->message.len = ngx_strlen(name);

    if (message->type == MDM_REPORT) {
        name = mdm_report_status_name(message->status);
        ctx->status.data = (u_char *) name;
        ctx->status.len = ngx_strlen(name);
    }
}


static ngx_int_t
ngx_mdm_connect_answer(ngx_http_request_t *r, ngx_uint_t status,
    ngx_mdm_body_e type, mdm_str_t body)
{
    /* If-Match and the like are not for messages: what is done is done */

    r->disable_not_modified = 1;

    return ngx_mdm_route_send(r, status, ngx_mdm_connect_types[type],
                              body.data, body.len);
}
