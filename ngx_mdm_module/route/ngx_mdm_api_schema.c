
/*
 * What the loaded plugins describe: GET /v1/schema and /v1/schema/{type}.  The
 * answers are made in a thread, which may ask the file system, too.
 */


#include "ngx_mdm_api.h"


/* as much as the thread pool takes, if there is one */
#define NGX_MDM_API_SCHEMA_LABOUR  (NGX_MDM_THREAD_INLINE + 1)

#define NGX_MDM_API_SCHEMA_KIND    0         /* the parameter of ?kind= */


typedef struct {
    const ngx_mdm_plugins_t   *plugins;
    ngx_uint_t                 look;         /* at the files: in a thread */
    mdm_str_t                  name;
    ngx_uint_t                 kinds;        /* that are asked for, as bits */
    char                      *text;
} ngx_mdm_api_schema_t;


static ngx_mdm_api_schema_t *ngx_mdm_api_schema_begin(ngx_mdm_api_t *api);
static void ngx_mdm_api_schema_list(void *data);
static json_t *ngx_mdm_api_schema_plugin(ngx_mdm_api_schema_t *schema,
    const mdm_plugin_file_t *file);
static void ngx_mdm_api_schema_describe(void *data);
static void ngx_mdm_api_schema_dump(ngx_mdm_api_schema_t *schema,
    json_t *answer);
static void ngx_mdm_api_schema_done(void *data);


static const ngx_mdm_api_filter_t  ngx_mdm_api_schema_filters[] = {
    { "kind", NGX_MDM_API_WORD, NGX_MDM_API_SCHEMA_KIND, "command payload" },
    { NULL, 0, 0, NULL }
};


void
ngx_mdm_api_schema(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_schema_begin(api) != NULL) {
        ngx_mdm_api_work(api, NGX_MDM_API_SCHEMA_LABOUR,
                         ngx_mdm_api_schema_list, ngx_mdm_api_schema_done);
    }
}


void
ngx_mdm_api_schema_type(ngx_mdm_api_t *api)
{
    ngx_str_t              name;
    ngx_mdm_pg_value_t    *kind;
    ngx_mdm_api_schema_t  *schema;

    if (ngx_mdm_api_filters(api, ngx_mdm_api_schema_filters) != NGX_OK) {
        return;
    }

    schema = ngx_mdm_api_schema_begin(api);

    if (schema == NULL) {
        return;
    }

    name = ngx_mdm_api_unescape(api, api->segments[0]);
    schema->name = ngx_mdm_to_str(name);

    kind = &api->call.params[NGX_MDM_API_SCHEMA_KIND];

    schema->kinds = kind->data == NULL ? 1 << MDM_COMMAND | 1 << MDM_PAYLOAD
                    : 1 << (*(u_char *) kind->data == 'c' ? MDM_COMMAND
                                                          : MDM_PAYLOAD);

    if (!((schema->kinds & 1 << MDM_COMMAND)
          && mdm_schema_find(api->engine->schema, MDM_COMMAND, schema->name))
        && !((schema->kinds & 1 << MDM_PAYLOAD)
             && mdm_schema_find(api->engine->schema, MDM_PAYLOAD,
                                schema->name)))
    {
        ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "unknown_type",
                          "no plugin describes a type of this name; "
                          "GET /v1/schema shows those there are");
        return;
    }

    ngx_mdm_api_work(api, NGX_MDM_API_SCHEMA_LABOUR,
                     ngx_mdm_api_schema_describe, ngx_mdm_api_schema_done);
}


static ngx_mdm_api_schema_t *
ngx_mdm_api_schema_begin(ngx_mdm_api_t *api)
{
    ngx_mdm_main_conf_t   *mcf;
    ngx_mdm_api_schema_t  *schema;

    schema = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_schema_t));

    if (schema == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return NULL;
    }

    mcf = ngx_http_cycle_get_module_main_conf(api->engine->cycle,
                                              ngx_mdm_module);
    schema->plugins = &mcf->plugins;
    schema->look = api->engine->threads != NULL;
    api->ctx = schema;

    return schema;
}


static void
ngx_mdm_api_schema_list(void *data)
{
    ngx_mdm_api_t *api = data;

    json_t                *list;
    ngx_uint_t             i;
    ngx_mdm_api_schema_t  *schema;

    schema = api->ctx;
    list = json_array();

    for (i = 0; i < schema->plugins->n; i++) {
        json_array_append_new(list,
            ngx_mdm_api_schema_plugin(schema, schema->plugins->files[i]));
    }

    ngx_mdm_api_schema_dump(schema,
        json_pack("{s:o,s:o,s:o}", "plugins", list, "common",
                  mdm_schema_describe_common(schema->plugins->schema),
                  "items",
                  mdm_schema_describe(schema->plugins->schema, NULL)));
}


static json_t *
ngx_mdm_api_schema_plugin(ngx_mdm_api_schema_t *schema,
    const mdm_plugin_file_t *file)
{
    size_t                    n;
    json_int_t                types;
    mdm_plugin_change_e       change;
    const mdm_schema_type_t  *type;

    change = schema->look ? mdm_plugin_change(file) : file->change;
    types = 0;

    for (n = 0; (type = mdm_schema_nth(schema->plugins->schema, n)); n++) {
        types += mdm_plugin_has(file, type);
    }

    return json_pack("{s:s,s:s,s:s,s:i,s:b,s:I}", "file", file->file,
                     "name", file->plugin->name,
                     "version", file->plugin->version,
                     "abi", (int) file->plugin->abi,
                     "replaced", change != MDM_PLUGIN_SAME, "types", types);
}


/* A name is that of a command or of a payload, or of both, and each may have
 * variants. */

static void
ngx_mdm_api_schema_describe(void *data)
{
    ngx_mdm_api_t *api = data;

    json_t                   *list;
    uint32_t                  kind;
    ngx_mdm_api_schema_t     *schema;
    const mdm_schema_type_t  *type;

    schema = api->ctx;
    list = json_array();

    for (kind = MDM_COMMAND; kind <= MDM_PAYLOAD; kind++) {

        if (!(schema->kinds & 1 << kind)) {
            continue;
        }

        for (type = mdm_schema_find(schema->plugins->schema, kind,
                                    schema->name);
             type != NULL;
             type = type->next)
        {
            if (json_array_append_new(list,
                    mdm_schema_describe(schema->plugins->schema, type))
                != 0)
            {
                json_decref(list);
                return;
            }
        }
    }

    ngx_mdm_api_schema_dump(schema, json_pack("{s:o}", "items", list));
}


static void
ngx_mdm_api_schema_dump(ngx_mdm_api_schema_t *schema, json_t *answer)
{
    schema->text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    json_decref(answer);
}


static void
ngx_mdm_api_schema_done(void *data)
{
    ngx_mdm_api_t *api = data;

    mdm_str_t              body;
    ngx_mdm_api_schema_t  *schema;

    schema = api->ctx;

    if (schema->text == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    body = mdm_arena_str(&api->arena, schema->text,
                         ngx_strlen(schema->text));
    free(schema->text);

    if (!mdm_str_is_set(body)) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ngx_mdm_api_finish_raw(api, "application/json", body);
}
