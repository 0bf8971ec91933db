
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_UPDATES_H_INCLUDED_
#define _MDM_PLUGIN_UPDATES_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  available_os_updates;
extern const mdm_type_t  os_update_status;
extern const mdm_type_t  schedule_os_update;
extern const mdm_type_t  schedule_os_update_scan;
extern const mdm_type_t  software_update;


#endif /* _MDM_PLUGIN_UPDATES_H_INCLUDED_ */
