
/*
 * How ends of connections are called in metrics.
 */


#include "ngx_mdm_apns_counter.h"


static const char *const  ngx_mdm_apns_fails[NGX_MDM_APNS_NFAILS] = {
    "address", "connect", "proxy", "tls", "http2"
};

static const char *const  ngx_mdm_apns_ends[NGX_MDM_APNS_NENDS] = {
    "closed", "unwanted", "lost"
};


const char *
ngx_mdm_apns_fail_name(ngx_mdm_apns_fail_e where)
{
    return ngx_mdm_apns_fails[where];
}


const char *
ngx_mdm_apns_end_name(ngx_mdm_apns_end_e cause)
{
    return ngx_mdm_apns_ends[cause];
}
