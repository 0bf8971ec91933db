
/*
 * The directive mdm_apns: its parameters, and the certificates that it names,
 * which are read here, by the master, and never again.
 */


#include "ngx_mdm_apns_internal.h"
#include "../conf/ngx_mdm_conf.h"


#define NGX_MDM_APNS_PORT   443


static char *ngx_mdm_apns_conf_development(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf);
static char *ngx_mdm_apns_conf_proxy(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf);
static char *ngx_mdm_apns_conf_trusted(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf);
static const char *ngx_mdm_apns_conf_host(ngx_conf_t *cf,
    ngx_mdm_apns_host_t *host, ngx_str_t *value, in_port_t port);
static ngx_int_t ngx_mdm_apns_conf_host_texts(ngx_conf_t *cf,
    ngx_mdm_apns_host_t *host, ngx_str_t *name);
static ngx_uint_t ngx_mdm_apns_conf_host_valid(const ngx_str_t *name);
static void ngx_mdm_apns_conf_cleanup(void *data);


static const ngx_mdm_conf_parameter_t  ngx_mdm_apns_parameters[] = {
    { ngx_string("development"), ngx_mdm_apns_conf_development,
      0, 0, 0, NULL },
    { ngx_string("proxy"), ngx_mdm_apns_conf_proxy, 0, 0, 0, NULL },
    { ngx_string("trusted_certificate"), ngx_mdm_apns_conf_trusted,
      0, 0, 0, NULL },
    { ngx_string("rate"), ngx_mdm_conf_set_number,
      offsetof(ngx_mdm_apns_conf_t, rate), 1, 1000000,
      "pushes a second of one topic," },
    ngx_mdm_conf_null_parameter
};


/* mdm_apns HOST[:PORT] [development=] [proxy=] [trusted_certificate=]
 *          [rate=]; */

char *
ngx_mdm_apns_conf_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t            *value;
    const char           *why;
    ngx_pool_cleanup_t   *cln;
    ngx_mdm_apns_conf_t  *apns, **place;

    place = (ngx_mdm_apns_conf_t **) ((char *) conf + cmd->offset);

    if (*place != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        *place = NULL;
        return NGX_CONF_OK;
    }

    apns = ngx_pcalloc(cf->pool, sizeof(ngx_mdm_apns_conf_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (apns == NULL || cln == NULL) {
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_mdm_apns_conf_cleanup;
    cln->data = apns;
    *place = apns;

    why = ngx_mdm_apns_conf_host(cf, &apns->production, &value[1],
                                 NGX_MDM_APNS_PORT);
    if (why != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"%V\" of \"mdm_apns\": write "
                           "\"api.push.apple.com\", or \"off\"",
                           why, &value[1]);
        return NGX_CONF_ERROR;
    }

    return ngx_mdm_conf_parameters(cf, ngx_mdm_apns_parameters, apns);
}


static char *
ngx_mdm_apns_conf_development(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf)
{
    ngx_mdm_apns_conf_t  *apns = conf;

    const char  *why;

    why = ngx_mdm_apns_conf_host(cf, &apns->development, value,
                                 NGX_MDM_APNS_PORT);
    if (why == NULL) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "%s in \"development=%V\": write "
                       "\"development=api.sandbox.push.apple.com\"",
                       why, value);

    return NGX_CONF_ERROR;
}


/* [http://][USER:PASSWORD@]HOST:PORT; nothing of it is shown. */

static char *
ngx_mdm_apns_conf_proxy(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf)
{
    ngx_mdm_apns_conf_t  *apns = conf;

    u_char      *at, *p;
    ngx_str_t    host, user;
    const char  *why;

    host = *value;

    if (ngx_strncmp(host.data, "http://", 7) == 0) {
        host.data += 7;
        host.len -= 7;
    }

    for (at = NULL, p = host.data; p < host.data + host.len; p++) {
        if (*p == '@') {
            at = p;
        }
    }

    if (at != NULL) {
        user.data = host.data;
        user.len = at - host.data;

        host.data = at + 1;
        host.len -= user.len + 1;

        apns->credentials.data = ngx_pnalloc(cf->pool,
                                             ngx_base64_encoded_length(
                                                 user.len));
        if (apns->credentials.data == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_encode_base64(&apns->credentials, &user);
    }

    if (host.len != 0 && host.data[host.len - 1] == '/') {
        host.len--;
    }

    why = ngx_mdm_apns_conf_host(cf, &apns->proxy, &host, 0);
    if (why == NULL) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "%s in \"proxy=\" of \"mdm_apns\": write "
                       "\"proxy=HOST:PORT\" or "
                       "\"proxy=USER:PASSWORD@HOST:PORT\"", why);

    return NGX_CONF_ERROR;
}


static char *
ngx_mdm_apns_conf_trusted(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf)
{
    ngx_mdm_apns_conf_t  *apns = conf;

    apns->trusted = *value;

    if (ngx_conf_full_name(cf->cycle, &apns->trusted, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* NULL, or what is wrong; port 0: it must be said. */

static const char *
ngx_mdm_apns_conf_host(ngx_conf_t *cf, ngx_mdm_apns_host_t *host,
    ngx_str_t *value, in_port_t port)
{
    ngx_url_t  u;

    ngx_memzero(&u, sizeof(ngx_url_t));
    u.url = *value;
    u.default_port = port;
    u.no_resolve = 1;

    if (ngx_strncmp(value->data, "unix:", 5) == 0) {
        return "no TCP address";
    }

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        return u.err ? u.err : "no memory";
    }

    if (u.no_port && port == 0) {
        return "no port";
    }

    host->port = u.port;

    if (u.naddrs != 0) {
        host->address = &u.addrs[0];

        if (u.wildcard) {
            return "invalid address";
        }

        if (u.host.data[0] == '[') {
            u.host.data++;
            u.host.len -= 2;
        }

    } else if (!ngx_mdm_apns_conf_host_valid(&u.host)) {
        return "invalid host";
    }

    return ngx_mdm_apns_conf_host_texts(cf, host, &u.host) == NGX_OK
           ? NULL : "no memory";
}


static ngx_int_t
ngx_mdm_apns_conf_host_texts(ngx_conf_t *cf, ngx_mdm_apns_host_t *host,
    ngx_str_t *name)
{
    u_char      *p;
    size_t       len;
    const char  *open, *close;

    len = name->len + sizeof("[]:65535");

    host->name.data = ngx_pnalloc(cf->pool, name->len + 1);
    host->target.data = ngx_pnalloc(cf->pool, len);

    if (host->name.data == NULL || host->target.data == NULL) {
        return NGX_ERROR;
    }

    ngx_strlow(host->name.data, name->data, name->len);
    host->name.data[name->len] = '\0';
    host->name.len = name->len;

    open = ngx_strchr(host->name.data, ':') ? "[" : "";
    close = open[0] ? "]" : "";

    p = ngx_sprintf(host->target.data, "%s%V%s", open, &host->name, close);

    host->authority.data = host->target.data;
    host->authority.len = p - host->target.data;

    p = ngx_sprintf(p, ":%ui", (ngx_uint_t) host->port);
    *p = '\0';

    host->target.len = p - host->target.data;

    if (host->port != NGX_MDM_APNS_PORT) {
        host->authority = host->target;
    }

    return NGX_OK;
}


/* It goes into DNS, TLS and HTTP; a switch is not meant as a name. */

static ngx_uint_t
ngx_mdm_apns_conf_host_valid(const ngx_str_t *name)
{
    size_t  i;

    if ((name->len == 2 && ngx_strncasecmp(name->data, (u_char *) "on", 2) == 0)
        || (name->len == 3
            && ngx_strncasecmp(name->data, (u_char *) "off", 3) == 0))
    {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        if (!isalnum(name->data[i]) && name->data[i] != '-'
            && name->data[i] != '.' && name->data[i] != '_')
        {
            return 0;
        }
    }

    return name->len < 254;
}


char *
ngx_mdm_apns_conf_check(ngx_conf_t *cf, ngx_mdm_apns_conf_t *conf)
{
    ngx_uint_t                 i;
    ngx_mdm_apns_host_t       *hosts[2], *hop;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    conf->resolver = clcf->resolver;
    conf->resolver_timeout = clcf->resolver_timeout;

    if (conf->resolver_timeout == NGX_CONF_UNSET_MSEC) {
        conf->resolver_timeout = 30000;
    }

    hosts[0] = &conf->production;
    hosts[1] = &conf->development;

    for (i = 0; i < 2; i++) {
        hop = ngx_mdm_apns_conf_next_hop(conf, hosts[i]);

        if (hosts[i]->name.len != 0 && hop->address == NULL
            && (conf->resolver == NULL
                || conf->resolver->connections.nelts == 0))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"mdm_apns\" needs DNS for \"%V\": write "
                               "\"resolver ADDRESS;\" with that of a DNS "
                               "server in http", &hop->name);
            return NGX_CONF_ERROR;
        }
    }

    conf->ctx = ngx_mdm_apns_tls_create(cf, conf->trusted.len
                                            ? (char *) conf->trusted.data
                                            : NULL);

    return conf->ctx ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* Whom we connect to, to reach a host. */

ngx_mdm_apns_host_t *
ngx_mdm_apns_conf_next_hop(ngx_mdm_apns_conf_t *conf,
    ngx_mdm_apns_host_t *host)
{
    return conf->proxy.name.len ? &conf->proxy : host;
}


ngx_uint_t
ngx_mdm_apns_conf_rate(const ngx_mdm_apns_conf_t *conf)
{
    return conf->rate;
}


static void
ngx_mdm_apns_conf_cleanup(void *data)
{
    ngx_mdm_apns_conf_t *conf = data;

    if (conf->credentials.len != 0) {
        ngx_explicit_memzero(conf->credentials.data, conf->credentials.len);
    }

    SSL_CTX_free(conf->ctx);
}
