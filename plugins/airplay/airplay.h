
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_AIRPLAY_H_INCLUDED_
#define _MDM_PLUGIN_AIRPLAY_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  request_mirroring;
extern const mdm_type_t  stop_mirroring;


#endif /* _MDM_PLUGIN_AIRPLAY_H_INCLUDED_ */
