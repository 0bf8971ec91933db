
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_USERS_H_INCLUDED_
#define _MDM_PLUGIN_USERS_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  account_configuration;
extern const mdm_type_t  delete_user;
extern const mdm_type_t  log_out_user;
extern const mdm_type_t  set_auto_admin_password;
extern const mdm_type_t  unlock_user_account;
extern const mdm_type_t  user_configured;
extern const mdm_type_t  user_list;


#endif /* _MDM_PLUGIN_USERS_H_INCLUDED_ */
