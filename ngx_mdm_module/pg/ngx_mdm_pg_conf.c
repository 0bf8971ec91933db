
/*
 * The directive mdm_database, but for its connection string, which
 * ngx_mdm_pg_target.c reads.
 */


#include "ngx_mdm_pg_internal.h"


#define NGX_MDM_PG_CONNECTIONS   4
#define NGX_MDM_PG_TIMEOUT       5000


static char *ngx_mdm_pg_conf_parameter(ngx_conf_t *cf, ngx_mdm_pg_conf_t *db,
    ngx_str_t *value);


/* mdm_database CONNINFO [name=NAME] [connections=N] [timeout=TIME]; */

char *
ngx_mdm_pg_conf_add(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char               *text;
    ngx_str_t          *value;
    ngx_uint_t          i;
    ngx_array_t        *databases;
    ngx_mdm_pg_conf_t   db, *added;

    databases = (ngx_array_t *) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    ngx_memzero(&db, sizeof(ngx_mdm_pg_conf_t));
    ngx_str_set(&db.name, "");
    db.conninfo = value[1];
    db.connections = NGX_MDM_PG_CONNECTIONS;
    db.timeout = NGX_MDM_PG_TIMEOUT;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_mdm_pg_conf_parameter(cf, &db, &value[i]) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }
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


static char *
ngx_mdm_pg_conf_parameter(ngx_conf_t *cf, ngx_mdm_pg_conf_t *db,
    ngx_str_t *value)
{
    ngx_int_t  n;
    ngx_str_t  s;

    if (ngx_strncmp(value->data, "name=", 5) == 0) {
        db->name.data = value->data + 5;
        db->name.len = value->len - 5;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "connections=", 12) == 0) {
        n = ngx_atoi(value->data + 12, value->len - 12);

        if (n >= 2 && n <= 64) {
            db->connections = n;
            return NGX_CONF_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\": write a number from 2 to 64", value);
        return NGX_CONF_ERROR;
    }

    if (ngx_strncmp(value->data, "timeout=", 8) == 0) {
        s.data = value->data + 8;
        s.len = value->len - 8;
        n = ngx_parse_time(&s, 0);

        if (n >= 1000 && n <= 60000) {
            db->timeout = n;
            return NGX_CONF_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\": write a time from 1s to 60s", value);
        return NGX_CONF_ERROR;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown parameter \"%V\", there are: name=, "
                       "connections=, timeout=", value);

    return NGX_CONF_ERROR;
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
