
/* Types of this plugin, a file each, and what several of them share. */


#ifndef _MDM_PLUGIN_NETWORK_H_INCLUDED_
#define _MDM_PLUGIN_NETWORK_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  associated_domains;
extern const mdm_type_t  dns_proxy;
extern const mdm_type_t  dns_settings;
extern const mdm_type_t  domains;
extern const mdm_type_t  ethernet_first;
extern const mdm_type_t  ethernet_first_active;
extern const mdm_type_t  ethernet_global;
extern const mdm_type_t  ethernet_second;
extern const mdm_type_t  ethernet_second_active;
extern const mdm_type_t  ethernet_third;
extern const mdm_type_t  ethernet_third_active;
extern const mdm_type_t  global_proxy;
extern const mdm_type_t  network_usage_rules;
extern const mdm_type_t  proxies;
extern const mdm_type_t  relay;
extern const mdm_type_t  web_content_filter;
extern const mdm_type_t  wifi;
extern const mdm_type_t  wifi_managed;


/* how one logs in with 802.1X: the members of EAPClientConfiguration */
extern const mdm_key_t  network_eap[];

/* items of arrays of strings */
extern const mdm_key_t  network_strings[];

bool network_validate_eap(mdm_call_t *call, const mdm_node_t *value);
bool network_validate_proxy(mdm_call_t *call, const mdm_node_t *value,
    const char *preset);
bool network_is(mdm_call_t *call, const mdm_node_t *dict, const char *key,
    const char *wanted);


#endif /* _MDM_PLUGIN_NETWORK_H_INCLUDED_ */
