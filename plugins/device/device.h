
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_DEVICE_H_INCLUDED_
#define _MDM_PLUGIN_DEVICE_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  declarative_management;
extern const mdm_type_t  device_configured;
extern const mdm_type_t  device_information;
extern const mdm_type_t  device_lock;
extern const mdm_type_t  erase_device;
extern const mdm_type_t  restart_device;
extern const mdm_type_t  security_info;
extern const mdm_type_t  settings;
extern const mdm_type_t  shut_down_device;


#endif /* _MDM_PLUGIN_DEVICE_H_INCLUDED_ */
