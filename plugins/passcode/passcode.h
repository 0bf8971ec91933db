
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_PASSCODE_H_INCLUDED_
#define _MDM_PLUGIN_PASSCODE_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  clear_passcode;
extern const mdm_type_t  clear_restrictions_password;
extern const mdm_type_t  passcode;
extern const mdm_type_t  request_unlock_token;


#endif /* _MDM_PLUGIN_PASSCODE_H_INCLUDED_ */
