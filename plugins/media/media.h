
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_MEDIA_H_INCLUDED_
#define _MDM_PLUGIN_MEDIA_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  install_media;
extern const mdm_type_t  managed_media_list;
extern const mdm_type_t  remove_media;


#endif /* _MDM_PLUGIN_MEDIA_H_INCLUDED_ */
