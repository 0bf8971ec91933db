
/*
 * The directive mdm_secret_key: reads a key's file, in the master, and never
 * again.  Must never show what stands in it.
 */


#include "ngx_mdm_engine.h"


#define NGX_MDM_SECRET_CONF_MAX   4096


static char *ngx_mdm_secret_conf_read(ngx_conf_t *cf, ngx_str_t *path,
    mdm_secret_ring_t *ring);


char *
ngx_mdm_secret_conf_add(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t          *value;
    mdm_secret_ring_t  *ring;

    ring = (mdm_secret_ring_t *) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    if (ngx_conf_full_name(cf->cycle, &value[1], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_mdm_secret_conf_read(cf, &value[1], ring);
}


static char *
ngx_mdm_secret_conf_read(ngx_conf_t *cf, ngx_str_t *path,
    mdm_secret_ring_t *ring)
{
    u_char            text[NGX_MDM_SECRET_CONF_MAX];
    ssize_t           n;
    mdm_rc_e          rc;
    ngx_fd_t          fd;
    mdm_fault_t       fault;
    ngx_file_info_t   info;

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot open \"%V\": make it with \"openssl rand "
                           "-hex 32\"", path);
        return NGX_CONF_ERROR;
    }

    n = ngx_read_fd(fd, text, sizeof(text));

    if (ngx_fd_info(fd, &info) == 0 && (info.st_mode & 0007)) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "everyone may read \"%V\": run \"chmod 600\" on "
                           "it", path);
    }

    (void) ngx_close_file(fd);

    if (n < 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot read \"%V\"", path);
        return NGX_CONF_ERROR;
    }

    rc = mdm_secret_ring_add(ring, (mdm_str_t) { n, text }, &fault);
    ngx_explicit_memzero(text, sizeof(text));

    if (rc != MDM_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\": %s", path,
                           fault.text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
