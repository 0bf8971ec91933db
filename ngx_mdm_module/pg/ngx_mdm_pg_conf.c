
/*
 * The directive mdm_database, but for its connection string, which
 * ngx_mdm_pg_target.c reads.
 */


#include "ngx_mdm_pg_internal.h"
#include "../conf/ngx_mdm_conf.h"


#define NGX_MDM_PG_CONNECTIONS   4
#define NGX_MDM_PG_TIMEOUT       5000


static const ngx_mdm_conf_parameter_t  ngx_mdm_pg_parameters[] = {
    { ngx_string("name"), ngx_mdm_conf_set_text,
      offsetof(ngx_mdm_pg_conf_t, name), 0, 0, NULL },
    { ngx_string("connections"), ngx_mdm_conf_set_number,
      offsetof(ngx_mdm_pg_conf_t, connections), 2, 64, "a number" },
    { ngx_string("timeout"), ngx_mdm_conf_set_time,
      offsetof(ngx_mdm_pg_conf_t, timeout), 1000, 60000, NULL },
    ngx_mdm_conf_null_parameter
};


/* mdm_database CONNINFO [name=NAME] [connections=N] [timeout=TIME]; */

char *
ngx_mdm_pg_conf_add(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char               *text;
    ngx_str_t          *value;
    ngx_array_t        *databases;
    ngx_mdm_pg_conf_t   db, *added;

    databases = (ngx_array_t *) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    ngx_memzero(&db, sizeof(ngx_mdm_pg_conf_t));
    ngx_str_set(&db.name, "");
    db.conninfo = value[1];
    db.connections = NGX_MDM_PG_CONNECTIONS;
    db.timeout = NGX_MDM_PG_TIMEOUT;

    if (ngx_mdm_conf_parameters(cf, ngx_mdm_pg_parameters, &db)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (ngx_mdm_pg_conf_find(databases, &db.name) != NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "two databases are named \"%V\": give each "
                           "its own \"name=\"", &db.name);
        return NGX_CONF_ERROR;
    }

    text = ngx_mdm_pg_conf_parse(cf, &db);
    if (text != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the connection string of \"mdm_database\": %s",
                           text);
        return NGX_CONF_ERROR;
    }

    added = ngx_array_push(databases);
    if (added == NULL) {
        return NGX_CONF_ERROR;
    }

    *added = db;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_mdm_pg_conf_find(const ngx_array_t *databases, const ngx_str_t *name)
{
    ngx_uint_t          i;
    ngx_mdm_pg_conf_t  *db;

    db = databases->elts;

    for (i = 0; i < databases->nelts; i++) {
        if (db[i].name.len == name->len
            && ngx_strncmp(db[i].name.data, name->data, name->len) == 0)
        {
            return i;
        }
    }

    return NGX_ERROR;
}
