
/*
 * The directives mdm and mdm_identity, and what a location with a route cannot
 * work without.
 */


#include "../ngx_mdm.h"


static char *ngx_mdm_route_conf_database(ngx_conf_t *cf,
    ngx_mdm_main_conf_t *mcf, ngx_mdm_loc_conf_t *conf);


static const ngx_conf_bitmask_t  ngx_mdm_identities[] = {
    { ngx_string("certificate"), NGX_MDM_IDENTITY_CERTIFICATE },
    { ngx_string("signature"), NGX_MDM_IDENTITY_SIGNATURE },
    { ngx_string("certificate+signature"),
      NGX_MDM_IDENTITY_BOTH|NGX_MDM_IDENTITY_CERTIFICATE },
    { ngx_null_string, 0 }
};


char *
ngx_mdm_route_conf_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_mdm_loc_conf_t  *mlcf = conf;

    ngx_str_t                 *value, names;
    ngx_http_core_loc_conf_t  *clcf;

    if (mlcf->route != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    mlcf->route = ngx_mdm_route_find(&value[1]);

    if (mlcf->route == NULL) {
        ngx_mdm_route_names(&names);
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown route \"%V\" in \"mdm\", there are: %V",
                           &value[1], &names);
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == NULL) {
        clcf->handler = mlcf->route->handler;
    }

    return NGX_CONF_OK;
}


/* mdm_identity certificate | signature | certificate signature
 *              | certificate+signature; */

char *
ngx_mdm_route_conf_identity(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_mdm_loc_conf_t  *mlcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i, k;

    if (mlcf->identity != 0) {
        return "is duplicate";
    }

    value = cf->args->elts;
    mlcf->identity = NGX_CONF_BITMASK_SET;

    for (i = 1; i < cf->args->nelts; i++) {

        for (k = 0; ngx_mdm_identities[k].name.len != 0; k++) {
            if (ngx_mdm_identities[k].name.len == value[i].len
                && ngx_strcmp(ngx_mdm_identities[k].name.data, value[i].data)
                   == 0)
            {
                break;
            }
        }

        if (ngx_mdm_identities[k].name.len == 0
            || (mlcf->identity & NGX_MDM_IDENTITY_BOTH)
            || (i > 1
                && (ngx_mdm_identities[k].mask & NGX_MDM_IDENTITY_BOTH)))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" in \"mdm_identity\": write "
                               "\"certificate\", \"signature\", both words "
                               "for either of them, or "
                               "\"certificate+signature\" to demand both",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        mlcf->identity |= ngx_mdm_identities[k].mask;
    }

    return NGX_CONF_OK;
}


/* What a route cannot work without, said with the line to write. */

char *
ngx_mdm_route_conf_check(ngx_conf_t *cf, ngx_mdm_loc_conf_t *conf)
{
    ngx_mdm_srv_conf_t        *scf;
    ngx_mdm_main_conf_t       *mcf;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_mdm_module);
    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_mdm_module);

    if (mcf->databases.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"mdm %V\" in location \"%V\" needs a database: "
                           "write \"mdm_database "
                           "'host=/run/postgresql dbname=mdm';\" in http",
                           &conf->route->name, &clcf->name);
        return NGX_CONF_ERROR;
    }

    if (mcf->ring.nkeys == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"mdm %V\" in location \"%V\" needs a key: write "
                           "\"mdm_secret_key FILE;\" in http, and make the "
                           "file with \"openssl rand -hex 32\"",
                           &conf->route->name, &clcf->name);
        return NGX_CONF_ERROR;
    }

    if (conf->route->tenant && mcf->plugins.n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"mdm %V\" in location \"%V\" needs plugins, "
                           "which know commands and payloads: write "
                           "\"mdm_plugin /usr/lib/nginx/mdm/*.so;\" in http",
                           &conf->route->name, &clcf->name);
        return NGX_CONF_ERROR;
    }

    if (conf->route->tenant
        && (conf->tenant == NULL
            || (conf->tenant->lengths == NULL
                && conf->tenant->value.len == 0)))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"mdm %V\" in location \"%V\" needs a tenant: "
                           "write \"mdm_tenant $host;\", or the name of one "
                           "tenant",
                           &conf->route->name, &clcf->name);
        return NGX_CONF_ERROR;
    }

    if (ngx_mdm_route_conf_database(cf, mcf, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    /* set by a directive before "mdm", or overwritten by one after it */

    if (clcf->handler != conf->route->handler) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "another directive answers in location \"%V\" "
                           "instead of \"mdm %V\": remove one of the two",
                           &clcf->name, &conf->route->name);
        return NGX_CONF_ERROR;
    }

    mcf->used = 1;
    scf->tenant |= conf->route->tenant;

    if (!conf->route->device) {
        return NGX_CONF_OK;
    }

    scf->device = 1;
    mcf->device = 1;

    return ngx_mdm_guard_check(cf, conf);
}


/* A name without variables can be looked up now. */

static char *
ngx_mdm_route_conf_database(ngx_conf_t *cf, ngx_mdm_main_conf_t *mcf,
    ngx_mdm_loc_conf_t *conf)
{
    ngx_str_t  *name;

    if (conf->database == NULL || conf->database->lengths != NULL) {
        return NGX_CONF_OK;
    }

    name = &conf->database->value;

    if (ngx_mdm_pg_conf_find(&mcf->databases, name) != NGX_ERROR) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"mdm_use_database %V\" names no database: write "
                       "\"mdm_database '...' name=%V;\" in http",
                       name, name);

    return NGX_CONF_ERROR;
}
