
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_STARTUP_SECURITY_H_INCLUDED_
#define _MDM_PLUGIN_STARTUP_SECURITY_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  filevault;
extern const mdm_type_t  filevault_options;
extern const mdm_type_t  recovery_key_escrow;
extern const mdm_type_t  recovery_key_redirect;
extern const mdm_type_t  rotate_filevault_key;
extern const mdm_type_t  set_firmware_password;
extern const mdm_type_t  set_recovery_lock;
extern const mdm_type_t  verify_firmware_password;
extern const mdm_type_t  verify_recovery_lock;


#endif /* _MDM_PLUGIN_STARTUP_SECURITY_H_INCLUDED_ */
