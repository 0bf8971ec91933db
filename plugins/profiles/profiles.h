
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_PROFILES_H_INCLUDED_
#define _MDM_PLUGIN_PROFILES_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  declarations;
extern const mdm_type_t  identification;
extern const mdm_type_t  install_profile;
extern const mdm_type_t  install_provisioning_profile;
extern const mdm_type_t  mdm;
extern const mdm_type_t  profile_list;
extern const mdm_type_t  provisioning_profile_list;
extern const mdm_type_t  removal_password;
extern const mdm_type_t  remove_profile;
extern const mdm_type_t  remove_provisioning_profile;


#endif /* _MDM_PLUGIN_PROFILES_H_INCLUDED_ */
