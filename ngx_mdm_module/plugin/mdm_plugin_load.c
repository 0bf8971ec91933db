
/*
 * Loads plugins and gives them back.  Must never call a function of a plugin
 * whose ABI is not ours, nor wait for anything but the file system.
 */


#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mdm_plugin_load.h"
#include "../schema/mdm_host.h"


typedef const mdm_plugin_t *(*mdm_plugin_pt)(void);


static mdm_rc_e mdm_plugin_path_add(mdm_plugin_paths_t *paths,
    const char *path);
static mdm_rc_e mdm_plugin_open(const char *path, mdm_plugin_file_t *file,
    mdm_fault_t *fault);
static mdm_rc_e mdm_plugin_describe(mdm_plugin_file_t *file,
    mdm_fault_t *fault);
static mdm_rc_e mdm_plugin_parameters(const mdm_plugin_t *plugin,
    const mdm_parameter_t *parameters, size_t n, mdm_fault_t *fault);
static mdm_rc_e mdm_plugin_config(mdm_plugin_file_t *file,
    const mdm_parameter_t *parameters, size_t n, mdm_fault_t *fault);
static mdm_rc_e mdm_plugin_refused(const mdm_findings_t *findings,
    mdm_fault_t *fault);
static bool mdm_plugin_takes(const mdm_plugin_t *plugin, mdm_text_t name);
static mdm_rc_e mdm_plugin_unknown(const mdm_plugin_t *plugin,
    mdm_text_t name, mdm_fault_t *fault);


mdm_rc_e
mdm_plugin_paths(const char *pattern, mdm_plugin_paths_t *paths,
    mdm_fault_t *fault)
{
    int       rc;
    glob_t    found;
    size_t    i;
    mdm_rc_e  added;

    memset(paths, 0, sizeof(mdm_plugin_paths_t));
    added = MDM_OK;

    rc = glob(pattern, 0, NULL, &found);

    if (rc == GLOB_NOSPACE) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for names of files");
    }

    if (rc != 0) {
        return mdm_fault(fault, MDM_MALFORMED,
                         strpbrk(pattern, "*?[") ? "no file has such a name"
                                                 : "there is no such file");
    }

    for (i = 0; i < found.gl_pathc && added == MDM_OK; i++) {
        added = mdm_plugin_path_add(paths, found.gl_pathv[i]);
    }

    globfree(&found);

    if (added != MDM_OK) {
        return mdm_fault(fault, added, "no memory for names of files");
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_plugin_path_add(mdm_plugin_paths_t *paths, const char *path)
{
    char  **grown;

    grown = realloc(paths->paths, (paths->n + 1) * sizeof(char *));
    if (grown == NULL) {
        return MDM_NO_MEMORY;
    }

    paths->paths = grown;
    paths->paths[paths->n] = strdup(path);

    return paths->paths[paths->n] ? (paths->n++, MDM_OK) : MDM_NO_MEMORY;
}


void
mdm_plugin_paths_free(mdm_plugin_paths_t *paths)
{
    while (paths->n > 0) {
        free(paths->paths[--paths->n]);
    }

    free(paths->paths);
    paths->paths = NULL;
}


mdm_rc_e
mdm_plugin_load(mdm_schema_t *schema, const char *path,
    const mdm_parameter_t *parameters, size_t n, mdm_plugin_file_t *file,
    mdm_fault_t *fault)
{
    mdm_rc_e  rc;

    memset(file, 0, sizeof(mdm_plugin_file_t));

    rc = mdm_plugin_open(path, file, fault);

    if (rc == MDM_OK) {
        rc = mdm_plugin_describe(file, fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_plugin_parameters(file->plugin, parameters, n, fault);
    }

    if (rc == MDM_OK && file->plugin->config != NULL) {
        rc = mdm_plugin_config(file, parameters, n, fault);
    }

    if (rc == MDM_OK) {
        file->configured = true;
        rc = mdm_schema_add(schema, file->plugin, file->file, file->state,
                            fault);
    }

    if (rc != MDM_OK) {
        mdm_plugin_unload(file);
    }

    return rc;
}


/* By its real path, for to the linker a name that it knows is the file that it
 * has, whatever lies there now. */

static mdm_rc_e
mdm_plugin_open(const char *path, mdm_plugin_file_t *file, mdm_fault_t *fault)
{
    size_t        len;
    const char   *words;
    struct stat   info;

    file->path = strdup(path);
    file->file = realpath(path, NULL);

    if (file->path == NULL || (file->file == NULL && errno == ENOMEM)) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a plugin");
    }

    if (file->file == NULL || stat(file->file, &info) != 0) {
        return mdm_fault(fault, MDM_MALFORMED, "%s",
                         errno == ENOENT ? "there is no such file"
                                         : strerror(errno));
    }

    if (!S_ISREG(info.st_mode)) {
        return mdm_fault(fault, MDM_MALFORMED, "this is no file");
    }

    file->device = info.st_dev;
    file->inode = info.st_ino;
    file->size = info.st_size;
    file->modified = info.st_mtim;

    file->handle = dlopen(file->file, RTLD_NOW|RTLD_LOCAL);

    if (file->handle == NULL) {
        words = dlerror();
        len = strlen(file->file);

        if (strncmp(words, file->file, len) == 0 && words[len] == ':') {
            words += len + 1 + strspn(words + len + 1, " ");
        }

        return mdm_fault(fault, MDM_MALFORMED, "cannot be loaded: %s", words);
    }

    return MDM_OK;
}


/* A descriptor of another ABI is read no further than what says so. */

static mdm_rc_e
mdm_plugin_describe(mdm_plugin_file_t *file, mdm_fault_t *fault)
{
    mdm_plugin_pt        describe;
    const mdm_plugin_t  *plugin;

    *(void **) &describe = dlsym(file->handle, "ngx_mdm_plugin");

    if (describe == NULL) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "is no plugin: it has no function ngx_mdm_plugin()");
    }

    plugin = describe();

    if (plugin == NULL
        || plugin->size < offsetof(mdm_plugin_t, abi) + sizeof(uint32_t))
    {
        return mdm_fault(fault, MDM_MALFORMED,
                         "ngx_mdm_plugin() returns no description");
    }

    if (plugin->abi != MDM_PLUGIN_ABI) {
        return mdm_fault(fault, MDM_UNSUPPORTED,
                         "is a plugin of ABI %u, expected ABI %u: build it "
                         "anew with the ngx_mdm_plugin.h of this version",
                         plugin->abi, MDM_PLUGIN_ABI);
    }

    if (plugin->size < sizeof(mdm_plugin_t)) {
        return mdm_fault(fault, MDM_UNSUPPORTED,
                         "describes itself in %zu bytes, expected %zu at "
                         "least: begin the description with MDM_PLUGIN",
                         plugin->size, sizeof(mdm_plugin_t));
    }

    file->plugin = plugin;

    return MDM_OK;
}


static mdm_rc_e
mdm_plugin_parameters(const mdm_plugin_t *plugin,
    const mdm_parameter_t *parameters, size_t n, mdm_fault_t *fault)
{
    size_t  i, k;

    for (i = 0; i < n; i++) {

        if (!mdm_plugin_takes(plugin, parameters[i].name)) {
            return mdm_plugin_unknown(plugin, parameters[i].name, fault);
        }

        for (k = 0; k < i; k++) {
            if (parameters[k].name.len == parameters[i].name.len
                && memcmp(parameters[k].name.data, parameters[i].name.data,
                          parameters[i].name.len) == 0)
            {
                return mdm_fault(fault, MDM_MALFORMED,
                                 "parameter \"%.*s\" is given twice",
                                 (int) parameters[i].name.len,
                                 parameters[i].name.data);
            }
        }
    }

    return MDM_OK;
}


static bool
mdm_plugin_takes(const mdm_plugin_t *plugin, mdm_text_t name)
{
    const char *const  *p;

    if (plugin->config == NULL || plugin->parameters == NULL) {
        return false;
    }

    for (p = plugin->parameters; *p != NULL; p++) {
        if (strlen(*p) == name.len && memcmp(*p, name.data, name.len) == 0) {
            return true;
        }
    }

    return false;
}


static mdm_rc_e
mdm_plugin_unknown(const mdm_plugin_t *plugin, mdm_text_t name,
    mdm_fault_t *fault)
{
    char               names[128];
    size_t             len;
    const char *const  *p;

    len = 0;
    names[0] = '\0';

    if (plugin->config != NULL && plugin->parameters != NULL) {
        for (p = plugin->parameters; *p != NULL && len < sizeof(names); p++) {
            len += snprintf(names + len, sizeof(names) - len, "%s%s",
                            len ? ", " : "", *p);
        }
    }

    if (len == 0) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "takes no parameter \"%.*s\", nor any other",
                         (int) name.len, name.data);
    }

    return mdm_fault(fault, MDM_MALFORMED,
                     "takes no parameter \"%.*s\", there are: %s",
                     (int) name.len, name.data, names);
}


/* The first thing that a plugin says against its parameters is the fault. */

static mdm_rc_e
mdm_plugin_config(mdm_plugin_file_t *file, const mdm_parameter_t *parameters,
    size_t n, mdm_fault_t *fault)
{
    bool             ok;
    mdm_rc_e         rc;
    mdm_arena_t      arena;
    mdm_findings_t   findings;
    mdm_host_call_t  host;

    memset(&findings, 0, sizeof(mdm_findings_t));
    mdm_arena_init(&arena);
    findings.arena = &arena;

    mdm_host_enter(&host, &arena, NULL);
    host.findings = &findings;
    ok = file->plugin->config(&host.call, parameters, n, &file->state);
    mdm_host_leave(&host);

    rc = MDM_OK;

    if (!ok || findings.faults != 0) {
        rc = mdm_plugin_refused(&findings, fault);
    }

    mdm_arena_free(&arena);

    return rc;
}


static mdm_rc_e
mdm_plugin_refused(const mdm_findings_t *findings, mdm_fault_t *fault)
{
    const mdm_finding_t  *finding;

    if (findings->no_memory) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for parameters");
    }

    finding = findings->first;

    while (finding != NULL && finding->warning) {
        finding = finding->next;
    }

    if (finding == NULL) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "config() failed and does not say why");
    }

    return mdm_fault(fault, MDM_MALFORMED, "%.*s%s%.*s",
                     (int) finding->path.len, finding->path.data,
                     finding->path.len ? " " : "", (int) finding->rule.len,
                     finding->rule.data);
}


void
mdm_plugin_unload(mdm_plugin_file_t *file)
{
    if (file->configured && file->plugin->shutdown != NULL) {
        file->plugin->shutdown(file->state);
    }

    if (file->handle != NULL) {
        dlclose(file->handle);
    }

    free(file->path);
    free(file->file);
    memset(file, 0, sizeof(mdm_plugin_file_t));
}


bool
mdm_plugin_has(const mdm_plugin_file_t *file, const mdm_schema_type_t *type)
{
    return strcmp(type->plugin->file, file->file) == 0;
}


mdm_plugin_change_e
mdm_plugin_change(const mdm_plugin_file_t *file)
{
    char         *now;
    bool          elsewhere;
    struct stat   info;

    now = realpath(file->path, NULL);

    if (now == NULL) {
        return MDM_PLUGIN_MISSING;
    }

    elsewhere = strcmp(now, file->file) != 0;
    free(now);

    if (elsewhere) {
        return MDM_PLUGIN_ELSEWHERE;
    }

    if (stat(file->file, &info) != 0) {
        return MDM_PLUGIN_MISSING;
    }

    return info.st_dev == file->device && info.st_ino == file->inode
           && info.st_size == file->size
           && info.st_mtim.tv_sec == file->modified.tv_sec
           && info.st_mtim.tv_nsec == file->modified.tv_nsec
           ? MDM_PLUGIN_SAME : MDM_PLUGIN_REPLACED;
}
