
/*
 * Keeps nginx from telling a device to leave.  A device removes its profile
 * on 401 and on a 403 with a code in its body, 404 and 410 have meanings of
 * their own, a 2xx is a promise that its message was taken, and a redirect
 * leads who knows where.  What the engine did not decide becomes an empty 503,
 * and every 503 says when to come back.  Here, too, the TLS side is made to
 * accept any client certificate, for the engine judges it, and nginx would
 * answer 400 before any handler ran.
 */


#include "../ngx_mdm.h"


#define NGX_MDM_MEDIA_PREFIX   "application/x-apple-aspen-mdm"

/* Retry-After: a fleet that was refused at once must not come back at once. */
#define NGX_MDM_RETRY_MIN      10
#define NGX_MDM_RETRY_SPREAD   50

/* ngx_http_ssl_module's number for ssl_verify_client */
#define NGX_MDM_VERIFY_OPTIONAL_NO_CA   3


/* How near a request came to a device location. */

typedef enum {
    NGX_MDM_GUARD_FAR = 0,       /* nothing says that a device sent it */
    NGX_MDM_GUARD_ASTRAY,        /* a device may have, on another server */
    NGX_MDM_GUARD_NEAR,          /* ... on a server where devices come */
    NGX_MDM_GUARD_HERE           /* it was in a device location */
} ngx_mdm_guard_place_e;


static ngx_int_t ngx_mdm_guard_mark(ngx_http_request_t *r);
static void ngx_mdm_guard_marked(void *data);
static ngx_int_t ngx_mdm_guard_filter(ngx_http_request_t *r);
static ngx_mdm_guard_place_e ngx_mdm_guard_place(ngx_http_request_t *r);
static ngx_uint_t ngx_mdm_guard_is_here(ngx_http_request_t *r);
static ngx_uint_t ngx_mdm_guard_is_unread(ngx_http_request_t *r);
static ngx_uint_t ngx_mdm_guard_has_media_type(ngx_http_request_t *r);
static const char *ngx_mdm_guard_wrong(ngx_http_request_t *r,
    ngx_mdm_guard_place_e place);
static ngx_uint_t ngx_mdm_guard_is_fault(ngx_uint_t status);
static ngx_uint_t ngx_mdm_guard_is_ours(ngx_http_request_t *r);
static void ngx_mdm_guard_replace(ngx_http_request_t *r, const char *wrong);
static void ngx_mdm_guard_empty(ngx_http_request_t *r);
static ngx_int_t ngx_mdm_guard_retry(ngx_http_request_t *r);
static void ngx_mdm_guard_drop(ngx_http_request_t *r, const char *name);
static int ngx_mdm_guard_verify(X509_STORE_CTX *store, void *arg);
static void *ngx_mdm_guard_foreign_conf(ngx_conf_t *cf, const char *name);


static ngx_http_output_header_filter_pt  ngx_mdm_next_header_filter;


ngx_int_t
ngx_mdm_guard_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_REWRITE_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_mdm_guard_mark;

    ngx_mdm_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_mdm_guard_filter;

    return NGX_OK;
}


/* Refuses at nginx -t what would make devices leave or keep them out. */

char *
ngx_mdm_guard_check(ngx_conf_t *cf, ngx_mdm_loc_conf_t *conf)
{
    ngx_str_t                  *uri;
    ngx_http_ssl_srv_conf_t    *sscf;
    ngx_http_complex_value_t  **realm;
    ngx_http_core_loc_conf_t   *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    sscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_ssl_module);

    /* both modules keep their configuration to themselves; what is looked at
     * is the first field of each, which says whether it is on */

    realm = ngx_mdm_guard_foreign_conf(cf, "ngx_http_auth_basic_module");

    if (realm != NULL && *realm != NULL
        && !((*realm)->value.len == 3
             && ngx_strncmp((*realm)->value.data, "off", 3) == 0))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"auth_basic\" applies to the device location "
                           "\"%V\": its 401 makes devices remove their "
                           "enrolment, write \"auth_basic off;\" there",
                           &clcf->name);
        return NGX_CONF_ERROR;
    }

    uri = ngx_mdm_guard_foreign_conf(cf, "ngx_http_auth_request_module");

    if (uri != NULL && uri->len != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"auth_request\" applies to the device location "
                           "\"%V\": its 401 makes devices remove their "
                           "enrolment, write \"auth_request off;\" there",
                           &clcf->name);
        return NGX_CONF_ERROR;
    }

    if ((conf->identity & NGX_MDM_IDENTITY_CERTIFICATE)
        && sscf->ssl.ctx != NULL && sscf->verify == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the device location \"%V\" takes client "
                           "certificates, but its server asks for none: write "
                           "\"ssl_verify_client optional_no_ca;\" in the "
                           "server, or \"mdm_identity signature;\"",
                           &clcf->name);
        return NGX_CONF_ERROR;
    }

    if (!(conf->identity & NGX_MDM_IDENTITY_SIGNATURE)
        && sscf->ssl.ctx == NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the device location \"%V\" demands client "
                           "certificates, but its server has no TLS: write "
                           "\"listen ... ssl;\" and \"ssl_certificate\" in "
                           "the server, or \"mdm_identity signature;\"",
                           &clcf->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* The location configuration of a module that may not be there, or NULL. */

static void *
ngx_mdm_guard_foreign_conf(ngx_conf_t *cf, const char *name)
{
    ngx_uint_t            i;
    ngx_module_t         *module;
    ngx_http_conf_ctx_t  *ctx;

    ctx = cf->ctx;

    for (i = 0; cf->cycle->modules[i]; i++) {
        module = cf->cycle->modules[i];

        if (module->type == NGX_HTTP_MODULE
            && ngx_strcmp(module->name, name) == 0)
        {
            return ctx->loc_conf[module->ctx_index];
        }
    }

    return NULL;
}


void
ngx_mdm_guard_tls(ngx_http_ssl_srv_conf_t *sscf)
{
    SSL_CTX_set_cert_verify_callback(sscf->ssl.ctx, ngx_mdm_guard_verify,
                                     sscf);
}


/*
 * Possession of the key is proved by the handshake; whom it belongs to is for
 * the engine to say.  Under "optional_no_ca" nginx goes on with a certificate
 * of an unknown issuer, so $ssl_client_verify need not say SUCCESS of what
 * nobody has verified; any other mode would answer 400.
 */

static int
ngx_mdm_guard_verify(X509_STORE_CTX *store, void *arg)
{
    ngx_http_ssl_srv_conf_t *sscf = arg;

    X509_STORE_CTX_set_error(store,
                       sscf->verify == NGX_MDM_VERIFY_OPTIONAL_NO_CA
                       ? X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
                       : X509_V_OK);

    return 1;
}


/*
 * Remembers that a request reached a device location.  Runs before "return"
 * and "rewrite", and in the pool, for internal redirects wipe contexts.  A
 * subrequest's location is not that of the client.
 */

static ngx_int_t
ngx_mdm_guard_mark(ngx_http_request_t *r)
{
    ngx_mdm_loc_conf_t  *mlcf;
    ngx_pool_cleanup_t  *cln;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_mdm_module);

    if (mlcf->route == NULL || !mlcf->route->device || r != r->main) {
        return NGX_DECLINED;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    cln->handler = ngx_mdm_guard_marked;

    return NGX_DECLINED;
}


static void
ngx_mdm_guard_marked(void *data)
{
    /* a mark, found by its address */
}


/* The last filter before the header is written, so nothing changes behind its
 * back. */

static ngx_int_t
ngx_mdm_guard_filter(ngx_http_request_t *r)
{
    const char             *wrong;
    ngx_mdm_ctx_t          *ctx;
    ngx_mdm_guard_place_e   place;

    place = (r == r->main) ? ngx_mdm_guard_place(r) : NGX_MDM_GUARD_FAR;

    if (place == NGX_MDM_GUARD_FAR) {
        return ngx_mdm_next_header_filter(r);
    }

    /* after error_page nginx sends the status of the error, whatever the
     * engine chose */

    ctx = ngx_http_get_module_ctx(r, ngx_mdm_module);

    if (ctx == NULL || ctx->decided != r->headers_out.status) {
        wrong = ngx_mdm_guard_wrong(r, place);

        if (wrong != NULL) {
            ngx_mdm_guard_replace(r, wrong);

        } else if (place == NGX_MDM_GUARD_ASTRAY) {
            return ngx_mdm_next_header_filter(r);
        }

        if (wrong != NULL || place == NGX_MDM_GUARD_HERE
            || (r->headers_out.status == NGX_HTTP_FORBIDDEN
                && !ngx_mdm_guard_is_ours(r)))
        {
            ngx_mdm_guard_empty(r);
        }
    }

    ngx_mdm_guard_drop(r, "WWW-Authenticate");

    if (r->header_only) {

        /* a filter that adds to bodies may have promised one */

        r->headers_out.content_length_n = 0;
    }

    if (r->headers_out.status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_mdm_guard_retry(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_mdm_next_header_filter(r);
}


/* By the mark, or, where no location was reached, by the media type that only
 * devices send.  Of what nginx could not read nobody knows who sent it. */

static ngx_mdm_guard_place_e
ngx_mdm_guard_place(ngx_http_request_t *r)
{
    ngx_mdm_srv_conf_t   *scf;
    ngx_mdm_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_mdm_module);

    if (!mcf->device) {
        return NGX_MDM_GUARD_FAR;
    }

    if (ngx_mdm_guard_is_here(r)) {
        return NGX_MDM_GUARD_HERE;
    }

    if (!ngx_mdm_guard_is_unread(r) && !ngx_mdm_guard_has_media_type(r)) {
        return NGX_MDM_GUARD_FAR;
    }

    scf = ngx_http_get_module_srv_conf(r, ngx_mdm_module);

    return scf->device ? NGX_MDM_GUARD_NEAR : NGX_MDM_GUARD_ASTRAY;
}


/* For the metrics. */

ngx_uint_t
ngx_mdm_guard_is_device(ngx_http_request_t *r)
{
    return ngx_mdm_guard_place(r) >= NGX_MDM_GUARD_NEAR
           && (ngx_mdm_guard_is_here(r) || ngx_mdm_guard_has_media_type(r));
}


/* Too large a body is refused where its location is known, before the mark. */

static ngx_uint_t
ngx_mdm_guard_is_here(ngx_http_request_t *r)
{
    ngx_mdm_loc_conf_t  *mlcf;
    ngx_pool_cleanup_t  *cln;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_mdm_module);

    if (mlcf->route != NULL && mlcf->route->device) {
        return 1;
    }

    for (cln = r->pool->cleanup; cln != NULL; cln = cln->next) {
        if (cln->handler == ngx_mdm_guard_marked) {
            return 1;
        }
    }

    return 0;
}


/* Refused before its headers were read to their end.  HTTP/0.9 has none. */

static ngx_uint_t
ngx_mdm_guard_is_unread(ngx_http_request_t *r)
{
    return r->http_state < NGX_HTTP_PROCESS_REQUEST_STATE
           && r->http_version != NGX_HTTP_VERSION_9;
}


static ngx_uint_t
ngx_mdm_guard_has_media_type(ngx_http_request_t *r)
{
    ngx_table_elt_t  *type;

    type = r->headers_in.content_type;

    return type != NULL
           && type->value.len >= sizeof(NGX_MDM_MEDIA_PREFIX) - 1
           && ngx_strncasecmp(type->value.data,
                              (u_char *) NGX_MDM_MEDIA_PREFIX,
                              sizeof(NGX_MDM_MEDIA_PREFIX) - 1)
              == 0;
}


/*
 * NULL, or what a device would do.  Outside of device locations another MDM
 * server may answer behind a proxy, an operator may redirect on purpose, and
 * the API has its own 2xx.
 */

static const char *
ngx_mdm_guard_wrong(ngx_http_request_t *r, ngx_mdm_guard_place_e place)
{
    ngx_uint_t  status;

    status = r->headers_out.status;

    if (ngx_mdm_guard_is_order(status)) {
        return place == NGX_MDM_GUARD_ASTRAY && r->upstream != NULL
               ? NULL : "take it as an order";
    }

    if (place == NGX_MDM_GUARD_HERE && ngx_mdm_guard_is_fault(status)) {
        return "not be told when to come again";
    }

    if (status >= NGX_HTTP_BAD_REQUEST || place == NGX_MDM_GUARD_ASTRAY) {
        return NULL;
    }

    if (status >= NGX_HTTP_SPECIAL_RESPONSE) {
        return place == NGX_MDM_GUARD_HERE ? "follow it elsewhere" : NULL;
    }

    return place == NGX_MDM_GUARD_HERE
           || (r->upstream == NULL && !ngx_mdm_guard_is_ours(r))
           ? "believe that its message was taken" : NULL;
}


/* A device leaves on 401, and takes 404 and 410 for an answer of MDM. */

ngx_uint_t
ngx_mdm_guard_is_order(ngx_uint_t status)
{
    return status == NGX_HTTP_UNAUTHORIZED || status == NGX_HTTP_NOT_FOUND
           || status == 410;
}


/* What nginx says of itself, as when it cannot write a body to a file, or of a
 * proxy. */

static ngx_uint_t
ngx_mdm_guard_is_fault(ngx_uint_t status)
{
    return status == NGX_HTTP_INTERNAL_SERVER_ERROR
           || status == NGX_HTTP_BAD_GATEWAY
           || status == NGX_HTTP_GATEWAY_TIME_OUT;
}


/* In a location of the API or of metrics. */

static ngx_uint_t
ngx_mdm_guard_is_ours(ngx_http_request_t *r)
{
    ngx_mdm_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_mdm_module);

    return mlcf->route != NULL && !mlcf->route->device;
}


static void
ngx_mdm_guard_replace(ngx_http_request_t *r, const char *wrong)
{
    ngx_mdm_main_conf_t  *mcf;

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "mdm: nginx was about to answer %ui to a device, which "
                  "would %s: it hears 503; look for what answers in this "
                  "location",
                  r->headers_out.status, wrong);

    mcf = ngx_http_get_module_main_conf(r, ngx_mdm_module);

    if (mcf->counters != NULL) {
        ngx_mdm_count(&mcf->counters->guarded[
                          ngx_mdm_metrics_status(r->headers_out.status)]);
    }

    r->headers_out.status = NGX_HTTP_SERVICE_UNAVAILABLE;
    r->headers_out.status_line.len = 0;

    if (r->err_status) {
        r->err_status = NGX_HTTP_SERVICE_UNAVAILABLE;   /* for the log */
    }
}


/* A page that tells of another status, or holds a code. */

static void
ngx_mdm_guard_empty(ngx_http_request_t *r)
{
    ngx_http_clear_content_length(r);
    ngx_http_clear_location(r);
    ngx_mdm_guard_drop(r, "Location");
    ngx_mdm_guard_drop(r, "Content-Encoding");

    r->headers_out.content_type.len = 0;
    r->header_only = 1;
}


static ngx_int_t
ngx_mdm_guard_retry(ngx_http_request_t *r)
{
    u_char  *seconds;

    seconds = ngx_pnalloc(r->pool, NGX_INT_T_LEN + 1);
    if (seconds == NULL) {
        return NGX_ERROR;
    }

    *ngx_sprintf(seconds, "%d", (int) (NGX_MDM_RETRY_MIN + ngx_random()
                                       % NGX_MDM_RETRY_SPREAD)) = '\0';

    ngx_mdm_guard_drop(r, "Retry-After");

    return ngx_mdm_route_header_out(r, "Retry-After", (char *) seconds);
}


/* Also one that "add_header" made. */

static void
ngx_mdm_guard_drop(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    len = ngx_strlen(name);

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (header[i].key.len == len
                && ngx_strncasecmp(header[i].key.data, (u_char *) name, len)
                   == 0)
            {
                header[i].hash = 0;
            }
        }
    }
}
