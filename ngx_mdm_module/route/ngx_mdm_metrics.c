
/*
 * The "mdm metrics" route, and the counting of requests when they end.  The
 * answer is made of shared memory alone: no database is asked, so it comes
 * when the database is away, too.
 */


#include "ngx_mdm_metrics_text.h"


#define NGX_MDM_METRICS_TYPE  "text/plain; version=0.0.4; charset=utf-8"


static ngx_int_t ngx_mdm_metrics_log(ngx_http_request_t *r);
static void ngx_mdm_metrics_log_device(ngx_http_request_t *r,
    ngx_mdm_ctx_t *ctx, ngx_mdm_route_counters_t *counters);
static ngx_msec_t ngx_mdm_metrics_time(ngx_http_request_t *r);
static ngx_uint_t ngx_mdm_metrics_status_sent(ngx_http_request_t *r);


ngx_int_t
ngx_mdm_metrics_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_mdm_metrics_log;

    return NGX_OK;
}


ngx_int_t
ngx_mdm_metrics_handler(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_mdm_text_t        text;
    ngx_mdm_main_conf_t  *mcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {

        if (ngx_mdm_route_header_out(r, "Allow", "GET, HEAD") != NGX_OK) {
            return NGX_ERROR;
        }

        return NGX_HTTP_NOT_ALLOWED;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_mdm_module);

    if (mcf->counters == NULL) {

        /* see ngx_mdm_route_engine() */

        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_mdm_metrics_text(r->pool, mcf, &text) != NGX_OK) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return ngx_mdm_route_send(r, NGX_HTTP_OK, NGX_MDM_METRICS_TYPE,
                              text.start, text.pos - text.start);
}


/* At the end of every request of nginx, whoever answered it. */

static ngx_int_t
ngx_mdm_metrics_log(ngx_http_request_t *r)
{
    ngx_uint_t                 operation;
    ngx_mdm_ctx_t             *ctx;
    ngx_mdm_main_conf_t       *mcf;
    ngx_mdm_route_counters_t  *counters;

    mcf = ngx_http_get_module_main_conf(r, ngx_mdm_module);
    ctx = ngx_http_get_module_ctx(r, ngx_mdm_module);

    counters = mcf->counters;

    if (counters == NULL || r != r->main) {
        return NGX_OK;
    }

    if (ctx != NULL && ctx->api != NULL) {
        operation = ngx_mdm_api_operation(ctx->api);

        ngx_mdm_count(&counters->api[operation]
                                    [ngx_mdm_metrics_status_sent(r)]);

    } else if (ngx_mdm_guard_is_device(r)) {
        ngx_mdm_metrics_log_device(r, ctx, counters);
    }

    return NGX_OK;
}


static void
ngx_mdm_metrics_log_device(ngx_http_request_t *r, ngx_mdm_ctx_t *ctx,
    ngx_mdm_route_counters_t *counters)
{
    ngx_uint_t            message;
    ngx_mdm_kind_e        kind;
    const mdm_message_t  *decoded;

    message = NGX_MDM_METRICS_UNKNOWN;
    kind = NGX_MDM_KIND_UNKNOWN;

    if (ctx != NULL && ctx->message.len != 0) {
        decoded = &ctx->exchange->intake.message;
        message = decoded->type;

        kind = decoded->type != MDM_REPORT ? NGX_MDM_KIND_CHECKIN
               : decoded->status == MDM_STATUS_IDLE ? NGX_MDM_KIND_IDLE
               : NGX_MDM_KIND_REPORT;
    }

    ngx_mdm_count(&counters->requests[message]
                                     [ngx_mdm_metrics_status_sent(r)]);
    ngx_mdm_histogram_add(counters->times[kind], ngx_mdm_time_bounds,
                          NGX_MDM_TIME_BOUNDS, ngx_mdm_metrics_time(r));
}


/* As $request_time. */

static ngx_msec_t
ngx_mdm_metrics_time(ngx_http_request_t *r)
{
    ngx_time_t      *tp;
    ngx_msec_int_t   ms;

    tp = ngx_timeofday();

    ms = (ngx_msec_int_t) ((tp->sec - r->start_sec) * 1000
                           + (tp->msec - r->start_msec));

    return ngx_max(ms, 0);
}


/* As $status. */

static ngx_uint_t
ngx_mdm_metrics_status_sent(ngx_http_request_t *r)
{
    return ngx_mdm_metrics_status(r->err_status ? r->err_status
                                                : r->headers_out.status);
}
