
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_MAC_SERVICES_H_INCLUDED_
#define _MDM_PLUGIN_MAC_SERVICES_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  content_caching_information;
extern const mdm_type_t  disable_remote_desktop;
extern const mdm_type_t  enable_remote_desktop;
extern const mdm_type_t  lom_device_request;
extern const mdm_type_t  lom_setup_request;


#endif /* _MDM_PLUGIN_MAC_SERVICES_H_INCLUDED_ */
