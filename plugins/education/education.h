
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_EDUCATION_H_INCLUDED_
#define _MDM_PLUGIN_EDUCATION_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  education;


#endif /* _MDM_PLUGIN_EDUCATION_H_INCLUDED_ */
