
/*
 * What directives share: parameters of the form name=value, files that are read
 * with the configuration, and the complaints about them.  Knows no directive.
 */


#ifndef _NGX_MDM_CONF_H_INCLUDED_
#define _NGX_MDM_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_mdm_conf_parameter_s  ngx_mdm_conf_parameter_t;

/* The value is not empty and ends with a NUL, which is not counted. */

typedef char *(*ngx_mdm_conf_parameter_pt)(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf);


/* A table of them ends with ngx_mdm_conf_null_parameter. */

struct ngx_mdm_conf_parameter_s {
    ngx_str_t                   name;
    ngx_mdm_conf_parameter_pt   set;

    /* for the setters below: where in conf, and what is allowed */
    size_t                      offset;
    ngx_uint_t                  min;
    ngx_uint_t                  max;
    const char                 *what;      /* "a number" */
};


#define ngx_mdm_conf_null_parameter  { ngx_null_string, NULL, 0, 0, 0, NULL }


/* Sets what the directive's words say from the third on, each once at most. */
char *ngx_mdm_conf_parameters(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameters, void *conf);

/* An ngx_str_t, an ngx_uint_t, and an ngx_msec_t of whole seconds. */
char *ngx_mdm_conf_set_text(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf);
char *ngx_mdm_conf_set_number(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf);
char *ngx_mdm_conf_set_time(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf);


/* Reads a whole file, which must not be everybody's if it is secret: the number
 * of bytes, or NGX_ERROR.  The path becomes absolute. */
ssize_t ngx_mdm_conf_read(ngx_conf_t *cf, ngx_str_t *path, ngx_uint_t secret,
    u_char *buf, size_t size);


#endif /* _NGX_MDM_CONF_H_INCLUDED_ */
