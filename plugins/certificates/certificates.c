
/*
 * The plugin "certificates": certificates and identities.
 */


#include "certificates.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "certificates",
    .version = "1.0",
    .types = MDM_TYPES(&acme,
                       &ad_certificate,
                       &certificate_list,
                       &certificate_preference,
                       &certificate_revocation,
                       &certificate_transparency,
                       &identity_preference,
                       &pem,
                       &pkcs1,
                       &pkcs12,
                       &root,
                       &scep,
                       &smart_card,
                       &wapi_identity)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
