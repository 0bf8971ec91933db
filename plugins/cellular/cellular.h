
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_CELLULAR_H_INCLUDED_
#define _MDM_PLUGIN_CELLULAR_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  apn;
extern const mdm_type_t  cellular;
extern const mdm_type_t  private_network;
extern const mdm_type_t  refresh_cellular_plans;


#endif /* _MDM_PLUGIN_CELLULAR_H_INCLUDED_ */
