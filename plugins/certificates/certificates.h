
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_CERTIFICATES_H_INCLUDED_
#define _MDM_PLUGIN_CERTIFICATES_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  certificate_list;
extern const mdm_type_t  pem;
extern const mdm_type_t  pkcs1;
extern const mdm_type_t  pkcs12;
extern const mdm_type_t  root;
extern const mdm_type_t  scep;


#endif /* _MDM_PLUGIN_CERTIFICATES_H_INCLUDED_ */
