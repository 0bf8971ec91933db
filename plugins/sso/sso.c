
/*
 * The plugin "sso": single sign-on.
 */


#include "sso.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "sso",
    .version = "1.0",
    .types = MDM_TYPES(&sso_account,
                       &sso_extension,
                       &sso_kerberos)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
