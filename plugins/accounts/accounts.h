
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_ACCOUNTS_H_INCLUDED_
#define _MDM_PLUGIN_ACCOUNTS_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  exchange;
extern const mdm_type_t  mail;


#endif /* _MDM_PLUGIN_ACCOUNTS_H_INCLUDED_ */
