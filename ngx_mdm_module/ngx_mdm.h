
/*
 * The module's configuration and the request context, shared by the module
 * file and the routes.
 */


#ifndef _NGX_MDM_H_INCLUDED_
#define _NGX_MDM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "apns/ngx_mdm_apns.h"
#include "engine/ngx_mdm_engine.h"
#include "engine/ngx_mdm_exchange.h"
#include "engine/ngx_mdm_push.h"
#include "engine/ngx_mdm_webhook.h"
#include "plugin/ngx_mdm_plugin_conf.h"


#define NGX_MDM_VERSION   "0.1.0"


typedef struct {
    ngx_str_t                   name;      /* "mdm NAME;" */
    ngx_http_handler_pt         handler;
    unsigned                    device:1;  /* devices come here: statuses are
                                              guarded, identities judged */
    unsigned                    tenant:1;  /* mdm_tenant is wanted */
} ngx_mdm_route_t;


typedef struct {
    ngx_array_t                 databases; /* of ngx_mdm_pg_conf_t */
    ngx_array_t                 webhooks;  /* of ngx_mdm_webhook_conf_t */
    ngx_mdm_apns_conf_t        *apns;      /* NULL: pushes go nowhere */
    mdm_secret_ring_t           ring;
    ngx_mdm_plugins_t           plugins;
    ngx_uint_t                  used;      /* some location has a route */
    ngx_uint_t                  device;    /* ... for devices */
    ngx_mdm_metrics_t          *metrics;
    ngx_mdm_push_signals_t     *signals;   /* NULL: pushes go nowhere */

    /* of the worker */
    ngx_mdm_engine_t          **engines;   /* one for each database */
    ngx_thread_pool_t          *threads;
    ngx_mdm_route_counters_t   *counters;  /* NULL: nobody counts here */
} ngx_mdm_main_conf_t;


typedef struct {
    ngx_uint_t                  device;    /* some location is a device route */
    ngx_uint_t                  tenant;    /* some location's route has to do
                                              with tenants, so with secrets */
} ngx_mdm_srv_conf_t;


typedef struct {
    const ngx_mdm_route_t      *route;     /* not inherited */
    ngx_http_complex_value_t   *tenant;
    ngx_http_complex_value_t   *database;
    ngx_uint_t                  identity;
    ngx_flag_t                  user_authenticate;
} ngx_mdm_loc_conf_t;


/* What a request leaves for the access log, and its unfinished business. */

typedef struct {
    ngx_http_request_t         *request;
    ngx_mdm_exchange_t         *exchange;
    void                       *api;        /* the API call, of its route */
    ngx_uint_t                  decided;    /* the status the engine chose */
    unsigned                    finished:1;

    ngx_str_t                   tenant;
    ngx_str_t                   enrollment;
    ngx_str_t                   message;
    ngx_str_t                   status;
    ngx_str_t                   command_uuid;
    ngx_str_t                   request_type;
    ngx_msec_t                  db_time;
    unsigned                    db_asked:1;
    unsigned                    inside:1;       /* of the handler's call */
} ngx_mdm_ctx_t;


extern ngx_module_t  ngx_mdm_module;


/* route/ngx_mdm_route.c */
const ngx_mdm_route_t *ngx_mdm_route_find(ngx_str_t *name);
void ngx_mdm_route_names(ngx_str_t *names);
ngx_mdm_ctx_t *ngx_mdm_route_ctx(ngx_http_request_t *r);
ngx_mdm_engine_t *ngx_mdm_route_engine(ngx_http_request_t *r);
ngx_int_t ngx_mdm_route_tenant(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_str_t *key);
off_t ngx_mdm_route_body_size(ngx_http_request_t *r);
ngx_int_t ngx_mdm_route_body(ngx_http_request_t *r, ngx_pool_t *pool,
    mdm_str_t *body);
ngx_int_t ngx_mdm_route_send(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, const u_char *body, size_t len);
ngx_int_t ngx_mdm_route_read(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler);
void ngx_mdm_route_finalize(ngx_http_request_t *r, ngx_int_t rc);
/* the name in lower case */
ngx_table_elt_t *ngx_mdm_route_header_in(ngx_http_request_t *r,
    const char *name);
ngx_int_t ngx_mdm_route_header_out(ngx_http_request_t *r, const char *name,
    const char *value);

/* route/ngx_mdm_route_conf.c: the directives mdm and mdm_identity; and at the
 * end of a location with a route. */
char *ngx_mdm_route_conf_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_mdm_route_conf_identity(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_mdm_route_conf_check(ngx_conf_t *cf, ngx_mdm_loc_conf_t *conf);

/* route/ngx_mdm_wipe.c: wipes what others keep of secrets. */
void ngx_mdm_wipe_init(void);                  /* in a worker */
void ngx_mdm_wipe_tls(ngx_http_ssl_srv_conf_t *sscf);
/* Of a pool, and wiped with it. */
u_char *ngx_mdm_wipe_alloc(ngx_pool_t *pool, size_t size);
void ngx_mdm_wipe_body(ngx_http_request_t *r);
void ngx_mdm_wipe_token(ngx_http_request_t *r);
void ngx_mdm_wipe_password(ngx_http_request_t *r);
void ngx_mdm_wipe_answer(ngx_http_request_t *r);

/* route/ngx_mdm_connect.c, route/ngx_mdm_api.c */
ngx_int_t ngx_mdm_connect_handler(ngx_http_request_t *r);
ngx_int_t ngx_mdm_api_handler(ngx_http_request_t *r);

/* The place of a call's operation in the table, and its methods and path as
 * text; a call that led to none has a place, too. */
ngx_uint_t ngx_mdm_api_operation(void *api);
void ngx_mdm_api_operation_name(ngx_uint_t place, u_char *buf, size_t size);

/* route/ngx_mdm_metrics.c */
ngx_int_t ngx_mdm_metrics_handler(ngx_http_request_t *r);
ngx_int_t ngx_mdm_metrics_init(ngx_conf_t *cf);

/* route/ngx_mdm_guard.c */
ngx_int_t ngx_mdm_guard_init(ngx_conf_t *cf);
char *ngx_mdm_guard_check(ngx_conf_t *cf, ngx_mdm_loc_conf_t *conf);
ngx_uint_t ngx_mdm_guard_is_device(ngx_http_request_t *r);
ngx_uint_t ngx_mdm_guard_is_order(ngx_uint_t status);
void ngx_mdm_guard_tls(ngx_http_ssl_srv_conf_t *sscf);

/* route/ngx_mdm_variables.c */
ngx_int_t ngx_mdm_variables_init(ngx_conf_t *cf);


#endif /* _NGX_MDM_H_INCLUDED_ */
