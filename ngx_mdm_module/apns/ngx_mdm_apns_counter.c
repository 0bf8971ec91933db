
/*
 * How causes are called in metrics.
 */


#include "ngx_mdm_apns_counter.h"


static const char *const  ngx_mdm_apns_fails[NGX_MDM_APNS_NFAILS] = {
    "resolve", "connect", "proxy", "tls", "http2", "timeout"
};

static const char *const  ngx_mdm_apns_closes[NGX_MDM_APNS_NCLOSES] = {
    "idle", "goaway", "renewed", "lost", "silent", "protocol", "answer", "left"
};


const char *
ngx_mdm_apns_fail_name(ngx_mdm_apns_fail_e cause)
{
    return ngx_mdm_apns_fails[cause];
}


const char *
ngx_mdm_apns_close_name(ngx_mdm_apns_close_e cause)
{
    return ngx_mdm_apns_closes[cause];
}
