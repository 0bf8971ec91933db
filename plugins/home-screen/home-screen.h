
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_HOME_SCREEN_H_INCLUDED_
#define _MDM_PLUGIN_HOME_SCREEN_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  dictation;
extern const mdm_type_t  font;
extern const mdm_type_t  home_screen_layout;
extern const mdm_type_t  lock_screen_message;
extern const mdm_type_t  notification_settings;
extern const mdm_type_t  web_clip;


#endif /* _MDM_PLUGIN_HOME_SCREEN_H_INCLUDED_ */
