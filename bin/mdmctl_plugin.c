
/*
 * Plugins as mdmctl loads them: for what it must know of a command, and
 * "mdmctl plugins", which shows what there is.
 */


#include "mdmctl_plugin.h"


#define MDMCTL_PLUGINS  MDM_PLUGIN_DIR "/*.so"


static int mdmctl_plugins_pattern(mdmctl_plugins_t *plugins,
    const char *pattern);
static int mdmctl_plugins_file(mdmctl_plugins_t *plugins, const char *path);
static json_t *mdmctl_plugins_json(const mdmctl_plugins_t *plugins);
static json_t *mdmctl_plugin_types(const mdm_schema_t *schema,
    const mdm_plugin_file_t *file);
static void mdmctl_plugins_table(const mdmctl_plugins_t *plugins);


/* All that there are, or as many as there are before one that is none. */

int
mdmctl_plugins_load(const mdmctl_options_t *options,
    mdmctl_plugins_t *plugins)
{
    int       rc;
    unsigned  i;

    memset(plugins, 0, sizeof(mdmctl_plugins_t));

    plugins->schema = mdm_schema_create();
    if (plugins->schema == NULL) {
        return mdmctl_error("no memory for plugins");
    }

    if (options->plugins.n == 0) {
        return mdmctl_plugins_pattern(plugins, MDMCTL_PLUGINS);
    }

    rc = MDMCTL_OK;

    for (i = 0; i < options->plugins.n && rc == MDMCTL_OK; i++) {
        rc = mdmctl_plugins_pattern(plugins, options->plugins.words[i]);
    }

    return rc;
}


static int
mdmctl_plugins_pattern(mdmctl_plugins_t *plugins, const char *pattern)
{
    int                 rc;
    size_t              i;
    mdm_fault_t         fault;
    mdm_plugin_paths_t  paths;

    if (mdm_plugin_paths(pattern, &paths, &fault) != MDM_OK) {
        mdm_plugin_paths_free(&paths);
        return mdmctl_error("plugins \"%s\": %s; --plugins says where they "
                            "are", pattern, fault.text);
    }

    rc = MDMCTL_OK;

    for (i = 0; i < paths.n && rc == MDMCTL_OK; i++) {
        rc = mdmctl_plugins_file(plugins, paths.paths[i]);
    }

    mdm_plugin_paths_free(&paths);

    return rc;
}


/* Without the parameters that nginx.conf may have: they are no concern of
 * what a command is. */

static int
mdmctl_plugins_file(mdmctl_plugins_t *plugins, const char *path)
{
    mdm_fault_t         fault;
    mdm_plugin_file_t  *files;

    files = realloc(plugins->files,
                    (plugins->n + 1) * sizeof(mdm_plugin_file_t));
    if (files == NULL) {
        return mdmctl_error("no memory for plugins");
    }

    plugins->files = files;

    if (mdm_plugin_load(plugins->schema, path, NULL, 0, &files[plugins->n],
                        &fault)
        != MDM_OK)
    {
        return mdmctl_error("\"%s\": %s", path, fault.text);
    }

    plugins->n++;

    return MDMCTL_OK;
}


void
mdmctl_plugins_unload(mdmctl_plugins_t *plugins)
{
    mdm_schema_destroy(plugins->schema);

    while (plugins->n > 0) {
        mdm_plugin_unload(&plugins->files[--plugins->n]);
    }

    free(plugins->files);
}


int
mdmctl_plugins(mdmctl_options_t *options)
{
    int               rc;
    json_t           *json;
    unsigned          i;
    mdmctl_plugins_t  plugins;

    if (options->nwords > MDMCTL_MAX_LIST) {
        return mdmctl_error("more than %d plugins", MDMCTL_MAX_LIST);
    }

    if (options->nwords > 0) {
        options->plugins.n = options->nwords;

        for (i = 0; i < options->nwords; i++) {
            options->plugins.words[i] = options->words[i];
        }
    }

    rc = mdmctl_plugins_load(options, &plugins);

    if (rc == MDMCTL_OK && options->json) {
        json = mdmctl_plugins_json(&plugins);
        json_dumpf(json, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(json);

    } else if (rc == MDMCTL_OK) {
        mdmctl_plugins_table(&plugins);
    }

    mdmctl_plugins_unload(&plugins);

    return rc;
}


static json_t *
mdmctl_plugins_json(const mdmctl_plugins_t *plugins)
{
    size_t                    i;
    json_t                   *list;
    const mdm_plugin_file_t  *file;

    list = json_array();

    for (i = 0; i < plugins->n; i++) {
        file = &plugins->files[i];

        json_array_append_new(list,
            json_pack("{s:s,s:s,s:s,s:i,s:o}", "file", file->file,
                      "name", file->plugin->name,
                      "version", file->plugin->version,
                      "abi", (int) file->plugin->abi,
                      "types", mdmctl_plugin_types(plugins->schema, file)));
    }

    return json_pack("{s:o}", "plugins", list);
}


static json_t *
mdmctl_plugin_types(const mdm_schema_t *schema, const mdm_plugin_file_t *file)
{
    size_t                    n;
    json_t                   *list;
    const mdm_schema_type_t  *type;

    list = json_array();

    for (n = 0; (type = mdm_schema_nth(schema, n)) != NULL; n++) {

        if (!mdm_plugin_has(file, type)) {
            continue;
        }

        json_array_append_new(list,
            json_pack("{s:s,s:s,s:s*}",
                      "kind", type->kind == MDM_COMMAND ? "command"
                                                        : "payload",
                      "type", type->name, "variant", type->variant));
    }

    return list;
}


static void
mdmctl_plugins_table(const mdmctl_plugins_t *plugins)
{
    size_t                    i, n;
    const mdm_plugin_file_t  *file;
    const mdm_schema_type_t  *type;

    for (i = 0; i < plugins->n; i++) {
        file = &plugins->files[i];

        printf("%s %s (ABI %u): %s\n", file->plugin->name,
               file->plugin->version, file->plugin->abi, file->file);

        for (n = 0; (type = mdm_schema_nth(plugins->schema, n)) != NULL; n++) {

            if (mdm_plugin_has(file, type)) {
                printf("    %s %s%s%s\n",
                       type->kind == MDM_COMMAND ? "command" : "payload",
                       type->name, type->variant ? ", " : "",
                       type->variant ? type->variant : "");
            }
        }
    }
}
