
/*
 * The plugin "certificates": certificates and identities.
 */


#include "certificates.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "certificates",
    .version = "1.0",
    .types = MDM_TYPES(&certificate_list,
                       &pem,
                       &pkcs1,
                       &pkcs12,
                       &root,
                       &scep)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
