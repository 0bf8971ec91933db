
/*
 * Loading plugins, for nginx, mdmctl and mdm-plugin-test: plain C over
 * dlopen(), no nginx type.
 */


#ifndef _MDM_PLUGIN_LOAD_H_INCLUDED_
#define _MDM_PLUGIN_LOAD_H_INCLUDED_


#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "../schema/mdm_schema.h"


typedef enum {
    MDM_PLUGIN_SAME = 0,
    MDM_PLUGIN_REPLACED,      /* another file has its name: only a new process
                                 can load it */
    MDM_PLUGIN_ELSEWHERE,     /* its path leads to another file, as a symbolic
                                 link does: a reload takes it */
    MDM_PLUGIN_MISSING
} mdm_plugin_change_e;


/* What a file was when it was loaded, to notice that it was replaced. */

typedef struct {
    void                 *handle;
    char                 *path;          /* as it was named */
    char                 *file;          /* its real path */
    dev_t                 device;
    ino_t                 inode;
    off_t                 size;
    struct timespec       modified;
    const mdm_plugin_t   *plugin;
    void                 *state;
    bool                  configured;    /* so shutdown() is due */
    mdm_plugin_change_e   change;        /* known when it was loaded */
} mdm_plugin_file_t;


/* The files that a path or a glob names, sorted. */

typedef struct {
    size_t                n;
    char                **paths;
} mdm_plugin_paths_t;


/* MDM_MALFORMED when it names none; free them in any case. */
mdm_rc_e mdm_plugin_paths(const char *pattern, mdm_plugin_paths_t *paths,
    mdm_fault_t *fault);
void mdm_plugin_paths_free(mdm_plugin_paths_t *paths);

/*
 * dlopen(realpath, RTLD_NOW|RTLD_LOCAL), ngx_mdm_plugin(), config(), and
 * mdm_schema_add().  Nothing stays loaded unless MDM_OK.  The fault says what
 * was expected and what was found; who calls names the file.
 */
mdm_rc_e mdm_plugin_load(mdm_schema_t *schema, const char *path,
    const mdm_parameter_t *parameters, size_t n, mdm_plugin_file_t *file,
    mdm_fault_t *fault);

/* shutdown(), dlclose(). */
void mdm_plugin_unload(mdm_plugin_file_t *file);

/* Is a type what this plugin describes? */
bool mdm_plugin_has(const mdm_plugin_file_t *file,
    const mdm_schema_type_t *type);

/* What became of the file of a loaded plugin.  Asks the file system, so never
 * in the event loop. */
mdm_plugin_change_e mdm_plugin_change(const mdm_plugin_file_t *file);


#endif /* _MDM_PLUGIN_LOAD_H_INCLUDED_ */
