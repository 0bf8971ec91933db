
/*
 * Files that directives name and whose content is read with the configuration.
 * Must never show what stands in them.
 */


#include "ngx_mdm_conf.h"


ssize_t
ngx_mdm_conf_read(ngx_conf_t *cf, ngx_str_t *path, ngx_uint_t secret,
    u_char *buf, size_t size)
{
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_str_t        *directive;
    ngx_file_info_t   info;

    directive = cf->args->elts;

    if (ngx_conf_full_name(cf->cycle, path, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           secret ? "cannot open \"%V\" of \"%V\": make it "
                                    "with \"openssl rand -hex 32\""
                                  : "cannot open \"%V\" of \"%V\"",
                           path, directive);
        return NGX_ERROR;
    }

    n = NGX_ERROR;

    if (ngx_fd_info(fd, &info) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot read \"%V\" of \"%V\"", path, directive);
        goto done;
    }

    if (secret && (info.st_mode & 0007)) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "everyone may read \"%V\": run \"chmod 600\" on "
                           "it", path);
    }

    if (ngx_file_size(&info) > (off_t) size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"%V\" passes %uz bytes",
                           path, directive, size);
        goto done;
    }

    n = ngx_read_fd(fd, buf, size);

    if (n == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot read \"%V\" of \"%V\"", path, directive);
    }

done:

    (void) ngx_close_file(fd);

    return n;
}
