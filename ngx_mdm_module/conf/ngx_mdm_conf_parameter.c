
/*
 * Parameters of directives, name=value.  Must never show a value that it does
 * not understand: it may be a password that stands in the wrong place.
 */


#include "ngx_mdm_conf.h"


static void ngx_mdm_conf_parameter_split(const ngx_str_t *word,
    ngx_str_t *name, ngx_str_t *value);
static const ngx_mdm_conf_parameter_t *ngx_mdm_conf_parameter_find(
    const ngx_mdm_conf_parameter_t *parameters, const ngx_str_t *name);
static void ngx_mdm_conf_parameter_unknown(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameters, ngx_str_t *name);


char *
ngx_mdm_conf_parameters(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameters, void *conf)
{
    ngx_str_t                       *word, name, value;
    ngx_uint_t                       i, bit, given;
    const ngx_mdm_conf_parameter_t  *parameter;

    word = cf->args->elts;

    for (i = 2, given = 0; i < cf->args->nelts; i++) {
        ngx_mdm_conf_parameter_split(&word[i], &name, &value);

        parameter = ngx_mdm_conf_parameter_find(parameters, &name);

        if (parameter == NULL) {
            ngx_mdm_conf_parameter_unknown(cf, parameters, &name);
            return NGX_CONF_ERROR;
        }

        if (value.len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "parameter \"%V\" of \"%V\" has no value",
                               &name, &word[0]);
            return NGX_CONF_ERROR;
        }

        bit = (ngx_uint_t) 1 << (parameter - parameters);

        if (given & bit) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "parameter \"%V\" of \"%V\" is given twice",
                               &name, &word[0]);
            return NGX_CONF_ERROR;
        }

        given |= bit;

        if (parameter->set(cf, parameter, &value, conf) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static void
ngx_mdm_conf_parameter_split(const ngx_str_t *word, ngx_str_t *name,
    ngx_str_t *value)
{
    u_char  *equals;

    *name = *word;
    ngx_str_null(value);

    equals = (u_char *) ngx_strchr(word->data, '=');

    if (equals != NULL) {
        name->len = equals - word->data;
        value->data = equals + 1;
        value->len = word->len - name->len - 1;
    }
}


static const ngx_mdm_conf_parameter_t *
ngx_mdm_conf_parameter_find(const ngx_mdm_conf_parameter_t *parameters,
    const ngx_str_t *name)
{
    const ngx_mdm_conf_parameter_t  *p;

    for (p = parameters; p->set != NULL; p++) {
        if (p->name.len == name->len
            && ngx_strncmp(p->name.data, name->data, name->len) == 0)
        {
            return p;
        }
    }

    return NULL;
}


static void
ngx_mdm_conf_parameter_unknown(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameters, ngx_str_t *name)
{
    u_char                           buf[256], *last;
    ngx_str_t                       *directive, names;
    const ngx_mdm_conf_parameter_t  *p;

    directive = cf->args->elts;

    for (last = buf, p = parameters; p->set != NULL; p++) {
        last = ngx_slprintf(last, buf + sizeof(buf),
                            last == buf ? "%V=" : ", %V=", &p->name);
    }

    names.data = buf;
    names.len = last - buf;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown parameter \"%V\" of \"%V\", there are: %V",
                       name, directive, &names);
}


char *
ngx_mdm_conf_set_text(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf)
{
    ngx_str_t  *place;

    place = (ngx_str_t *) ((char *) conf + parameter->offset);
    *place = *value;

    return NGX_CONF_OK;
}


char *
ngx_mdm_conf_set_number(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf)
{
    ngx_int_t    n;
    ngx_uint_t  *place;

    n = ngx_atoi(value->data, value->len);

    if (n < (ngx_int_t) parameter->min || n > (ngx_int_t) parameter->max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V=%V\": write %s from %ui to %ui",
                           &parameter->name, value, parameter->what,
                           parameter->min, parameter->max);
        return NGX_CONF_ERROR;
    }

    place = (ngx_uint_t *) ((char *) conf + parameter->offset);
    *place = n;

    return NGX_CONF_OK;
}


char *
ngx_mdm_conf_set_time(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf)
{
    ngx_int_t    n;
    ngx_msec_t  *place;

    n = ngx_parse_time(value, 0);

    if (n < (ngx_int_t) parameter->min || n > (ngx_int_t) parameter->max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V=%V\": write a time from %uis to %uis",
                           &parameter->name, value,
                           parameter->min / 1000, parameter->max / 1000);
        return NGX_CONF_ERROR;
    }

    place = (ngx_msec_t *) ((char *) conf + parameter->offset);
    *place = n;

    return NGX_CONF_OK;
}
