
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_APPS_H_INCLUDED_
#define _MDM_PLUGIN_APPS_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  active_ns_extensions;
extern const mdm_type_t  app_lock;
extern const mdm_type_t  app_store;
extern const mdm_type_t  apply_redemption_code;
extern const mdm_type_t  install_application;
extern const mdm_type_t  install_enterprise_application;
extern const mdm_type_t  installed_application_list;
extern const mdm_type_t  invite_to_program;
extern const mdm_type_t  managed_application_attributes;
extern const mdm_type_t  managed_application_configuration;
extern const mdm_type_t  managed_application_feedback;
extern const mdm_type_t  managed_application_list;
extern const mdm_type_t  ns_extension;
extern const mdm_type_t  ns_extension_mappings;
extern const mdm_type_t  remove_application;
extern const mdm_type_t  single_app_mode;
extern const mdm_type_t  validate_applications;


#endif /* _MDM_PLUGIN_APPS_H_INCLUDED_ */
