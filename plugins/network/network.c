
/*
 * The plugin "network": networks: Wi-Fi, Ethernet, names, proxies.
 */


#include "network.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "network",
    .version = "1.0",
    .types = MDM_TYPES(&associated_domains,
                       &dns_proxy,
                       &dns_settings,
                       &domains,
                       &ethernet_first,
                       &ethernet_first_active,
                       &ethernet_global,
                       &ethernet_second,
                       &ethernet_second_active,
                       &ethernet_third,
                       &ethernet_third_active,
                       &global_proxy,
                       &network_usage_rules,
                       &proxies,
                       &relay,
                       &web_content_filter,
                       &wifi,
                       &wifi_managed)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
