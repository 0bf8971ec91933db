
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_MAC_LOGIN_H_INCLUDED_
#define _MDM_PLUGIN_MAC_LOGIN_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  global_preferences;
extern const mdm_type_t  login_items;
extern const mdm_type_t  login_items_suppression;
extern const mdm_type_t  login_scripts;
extern const mdm_type_t  login_window;
extern const mdm_type_t  mcx_accounts;
extern const mdm_type_t  mcx_mobility;
extern const mdm_type_t  screen_saver;
extern const mdm_type_t  screen_saver_user;
extern const mdm_type_t  setup_assistant;
extern const mdm_type_t  users_preferences;


#endif /* _MDM_PLUGIN_MAC_LOGIN_H_INCLUDED_ */
