
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_AIRPLAY_H_INCLUDED_
#define _MDM_PLUGIN_AIRPLAY_H_INCLUDED_


#include "../plugins.h"


/* a device, by a number as network cards have; Apple's */
#define DEVICE_ID  "^([0-9A-Fa-f]{2}:){5}([0-9A-Fa-f]{2})$"


extern const mdm_type_t  airplay;
extern const mdm_type_t  airplay_security;
extern const mdm_type_t  airprint;
extern const mdm_type_t  conference_room_display;
extern const mdm_type_t  request_mirroring;
extern const mdm_type_t  stop_mirroring;
extern const mdm_type_t  tv_remote;


#endif /* _MDM_PLUGIN_AIRPLAY_H_INCLUDED_ */
