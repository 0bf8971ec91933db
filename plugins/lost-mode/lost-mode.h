
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_LOST_MODE_H_INCLUDED_
#define _MDM_PLUGIN_LOST_MODE_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  activation_lock_bypass_code;
extern const mdm_type_t  clear_activation_lock_bypass_code;
extern const mdm_type_t  device_location;
extern const mdm_type_t  disable_lost_mode;
extern const mdm_type_t  enable_lost_mode;
extern const mdm_type_t  play_lost_mode_sound;


#endif /* _MDM_PLUGIN_LOST_MODE_H_INCLUDED_ */
