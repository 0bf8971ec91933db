
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_VPN_H_INCLUDED_
#define _MDM_PLUGIN_VPN_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  vpn;


#endif /* _MDM_PLUGIN_VPN_H_INCLUDED_ */
