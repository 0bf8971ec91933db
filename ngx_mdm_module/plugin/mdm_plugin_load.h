
/*
 * Loading plugins, for nginx, mdmctl and mdm-plugin-test: plain C over
 * dlopen(), no nginx type.
 */


#ifndef _MDM_PLUGIN_LOAD_H_INCLUDED_
#define _MDM_PLUGIN_LOAD_H_INCLUDED_


#include <sys/types.h>
#include <time.h>

#include "../schema/mdm_schema.h"


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
} mdm_plugin_file_t;


/*
 * dlopen(realpath, RTLD_NOW|RTLD_LOCAL), ngx_mdm_plugin(), config(), and
 * mdm_schema_add().  Nothing stays loaded unless MDM_OK.  The fault names the
 * file, what was expected and what was found.
 */
mdm_rc_e mdm_plugin_load(mdm_schema_t *schema, const char *path,
    const mdm_parameter_t *parameters, size_t n, mdm_plugin_file_t *file,
    mdm_fault_t *fault);

/* shutdown(), dlclose(). */
void mdm_plugin_unload(mdm_plugin_file_t *file);

/* Is what lies at its path now another file?  Asks the file system, so never
 * in the event loop. */
bool mdm_plugin_replaced(const mdm_plugin_file_t *file);


#endif /* _MDM_PLUGIN_LOAD_H_INCLUDED_ */
