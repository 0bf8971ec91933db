
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_NETWORK_H_INCLUDED_
#define _MDM_PLUGIN_NETWORK_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  wifi;


#endif /* _MDM_PLUGIN_NETWORK_H_INCLUDED_ */
