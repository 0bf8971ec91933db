
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_MAC_SERVICES_H_INCLUDED_
#define _MDM_PLUGIN_MAC_SERVICES_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  content_caching;
extern const mdm_type_t  content_caching_information;
extern const mdm_type_t  directory_service;
extern const mdm_type_t  disable_remote_desktop;
extern const mdm_type_t  enable_remote_desktop;
extern const mdm_type_t  file_providers;
extern const mdm_type_t  lights_out;
extern const mdm_type_t  lom_device_request;
extern const mdm_type_t  lom_setup_request;
extern const mdm_type_t  managed_preferences;
extern const mdm_type_t  mcx_energy_saver;
extern const mdm_type_t  mcx_time_server;
extern const mdm_type_t  printing;
extern const mdm_type_t  system_logging;
extern const mdm_type_t  system_migration;
extern const mdm_type_t  time_machine;
extern const mdm_type_t  xsan;
extern const mdm_type_t  xsan_preferences;


#endif /* _MDM_PLUGIN_MAC_SERVICES_H_INCLUDED_ */
