
/*
 * The directive mdm_secret_key: reads a key's file, in the master, and never
 * again.  Must never show what stands in it.
 */


#include "ngx_mdm_engine.h"
#include "../conf/ngx_mdm_conf.h"


#define NGX_MDM_SECRET_CONF_MAX   4096


char *
ngx_mdm_secret_conf_add(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char              text[NGX_MDM_SECRET_CONF_MAX];
    ssize_t             n;
    mdm_rc_e            rc;
    ngx_str_t          *value;
    mdm_fault_t         fault;
    mdm_secret_ring_t  *ring;

    ring = (mdm_secret_ring_t *) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    n = ngx_mdm_conf_read(cf, &value[1], 1, text, sizeof(text));
    if (n == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    rc = mdm_secret_ring_add(ring, (mdm_str_t) { n, text }, &fault);
    ngx_explicit_memzero(text, sizeof(text));

    if (rc != MDM_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\": %s", &value[1],
                           fault.text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
