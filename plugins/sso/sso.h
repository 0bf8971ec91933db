
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_SSO_H_INCLUDED_
#define _MDM_PLUGIN_SSO_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  sso_account;
extern const mdm_type_t  sso_extension;
extern const mdm_type_t  sso_kerberos;


#endif /* _MDM_PLUGIN_SSO_H_INCLUDED_ */
