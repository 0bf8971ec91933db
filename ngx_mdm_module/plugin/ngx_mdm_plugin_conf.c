
/*
 * The directive "mdm_plugin", and the life of what it loads.  Must never load
 * anything but while the configuration is read.
 */


#include "ngx_mdm_plugin_conf.h"


#define NGX_MDM_PLUGIN_PARAMETERS  32


static void ngx_mdm_plugins_cleanup(void *data);
static char *ngx_mdm_plugins_parameters(ngx_conf_t *cf,
    mdm_parameter_t *parameters);
static ngx_int_t ngx_mdm_plugins_load(ngx_mdm_plugins_t *plugins,
    const char *path, const mdm_parameter_t *parameters, size_t n,
    mdm_fault_t *fault);
static ngx_uint_t ngx_mdm_plugins_has(ngx_mdm_plugins_t *plugins,
    const char *path);
static void ngx_mdm_plugins_inherit_file(mdm_plugin_file_t *file,
    const ngx_mdm_plugins_t *before, ngx_log_t *log);


ngx_int_t
ngx_mdm_plugins_init(ngx_mdm_plugins_t *plugins, ngx_pool_t *pool)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    plugins->schema = mdm_schema_create();
    if (plugins->schema == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_mdm_plugins_cleanup;
    cln->data = plugins;

    return NGX_OK;
}


/* What was made of the tables of a plugin goes before them. */

static void
ngx_mdm_plugins_cleanup(void *data)
{
    ngx_mdm_plugins_t *plugins = data;

    mdm_schema_destroy(plugins->schema);

    while (plugins->n > 0) {
        mdm_plugin_unload(plugins->files[--plugins->n]);
        free(plugins->files[plugins->n]);
    }

    free(plugins->files);
}


/* Of a pattern those files are taken that no directive before has named, so
 * that one of them may be given parameters. */

char *
ngx_mdm_plugins_add(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    size_t               i;
    ngx_int_t            rc;
    ngx_str_t           *value;
    ngx_uint_t           glob;
    mdm_fault_t          fault;
    mdm_parameter_t      parameters[NGX_MDM_PLUGIN_PARAMETERS];
    ngx_mdm_plugins_t   *plugins;
    mdm_plugin_paths_t   paths;

    plugins = (ngx_mdm_plugins_t *) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    if (ngx_conf_full_name(cf->cycle, &value[1], 0) != NGX_OK
        || ngx_mdm_plugins_parameters(cf, parameters) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    glob = strpbrk((char *) value[1].data, "*?[") != NULL;

    if (mdm_plugin_paths((char *) value[1].data, &paths, &fault) != MDM_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\": %s", &value[1], fault.text);
        mdm_plugin_paths_free(&paths);
        return NGX_CONF_ERROR;
    }

    rc = NGX_OK;

    for (i = 0; i < paths.n && rc == NGX_OK; i++) {

        if (glob && ngx_mdm_plugins_has(plugins, paths.paths[i])) {
            continue;
        }

        rc = ngx_mdm_plugins_load(plugins, paths.paths[i], parameters,
                                  cf->args->nelts - 2, &fault);

        if (rc != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%s\": %s",
                               paths.paths[i], fault.text);
        }
    }

    mdm_plugin_paths_free(&paths);

    return rc == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_mdm_plugins_parameters(ngx_conf_t *cf, mdm_parameter_t *parameters)
{
    char             *text, *equals;
    ngx_str_t        *value;
    ngx_uint_t        i;
    mdm_parameter_t  *parameter;

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {
        text = (char *) value[i].data;
        equals = strchr(text, '=');

        if (equals == NULL || equals == text
            || i - 2 == NGX_MDM_PLUGIN_PARAMETERS)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" in \"mdm_plugin\": write name=value, "
                               "at most %d of them", &value[i],
                               NGX_MDM_PLUGIN_PARAMETERS);
            return NGX_CONF_ERROR;
        }

        parameter = &parameters[i - 2];
        parameter->name.data = text;
        parameter->name.len = equals - text;
        parameter->value.data = equals + 1;
        parameter->value.len = value[i].len - (equals + 1 - text);
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_mdm_plugins_load(ngx_mdm_plugins_t *plugins, const char *path,
    const mdm_parameter_t *parameters, size_t n, mdm_fault_t *fault)
{
    mdm_plugin_file_t  *file, **files;

    files = realloc(plugins->files,
                    (plugins->n + 1) * sizeof(mdm_plugin_file_t *));
    if (files != NULL) {
        plugins->files = files;
    }

    file = malloc(sizeof(mdm_plugin_file_t));

    if (files == NULL || file == NULL) {
        free(file);
        mdm_fault(fault, MDM_NO_MEMORY, "no memory for a plugin");
        return NGX_ERROR;
    }

    if (mdm_plugin_load(plugins->schema, path, parameters, n, file, fault)
        != MDM_OK)
    {
        free(file);
        return NGX_ERROR;
    }

    plugins->files[plugins->n++] = file;

    return NGX_OK;
}


static ngx_uint_t
ngx_mdm_plugins_has(ngx_mdm_plugins_t *plugins, const char *path)
{
    char        *file;
    ngx_uint_t   i, found;

    file = realpath(path, NULL);

    for (i = 0, found = 0; file != NULL && i < plugins->n; i++) {
        found |= strcmp(plugins->files[i]->file, file) == 0;
    }

    free(file);

    return found;
}


void
ngx_mdm_plugins_inherit(ngx_mdm_plugins_t *plugins,
    const ngx_mdm_plugins_t *before, ngx_log_t *log)
{
    ngx_uint_t  i;

    for (i = 0; i < plugins->n; i++) {
        ngx_mdm_plugins_inherit_file(plugins->files[i], before, log);
    }
}


static void
ngx_mdm_plugins_inherit_file(mdm_plugin_file_t *file,
    const ngx_mdm_plugins_t *before, ngx_log_t *log)
{
    ngx_uint_t          i;
    mdm_plugin_file_t  *old;

    for (i = 0; i < before->n; i++) {
        old = before->files[i];

        if (old->handle != file->handle) {
            continue;
        }

        file->device = old->device;
        file->inode = old->inode;
        file->size = old->size;
        file->modified = old->modified;

        file->change = mdm_plugin_change(file);

        if (file->change != MDM_PLUGIN_SAME) {
            ngx_mdm_plugins_tell(file, file->change, log);
        }

        return;
    }
}


void
ngx_mdm_plugins_tell(const mdm_plugin_file_t *file, mdm_plugin_change_e change,
    ngx_log_t *log)
{
    static const char *const  lines[] = {
        "mdm: the plugin \"%s\" is as it was loaded",
        "mdm: the plugin \"%s\" was replaced, and its old code runs on: "
        "restart nginx, or upgrade it with \"kill -USR2\" of the master "
        "process",
        "mdm: the plugin \"%s\" names another file now: reload nginx to take "
        "it",
        "mdm: the plugin \"%s\" is gone, and nginx will not start again "
        "without it"
    };

    ngx_log_error(NGX_LOG_WARN, log, 0, lines[change], file->path);
}
