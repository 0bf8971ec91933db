
/*
 * The writing of lines: metrics' heads, histograms, labels.  What there is to
 * be told is in ngx_mdm_metrics_list.c.
 */


#include "ngx_mdm_metrics_text.h"


#define NGX_MDM_TEXT_LINE    1024
#define NGX_MDM_TEXT_FIRST   (64 * 1024)


static ngx_int_t ngx_mdm_text_room(ngx_mdm_text_t *text);


void
ngx_mdm_text(ngx_mdm_text_t *text, const char *fmt, ...)
{
    va_list  args;

    if (text->failed || ngx_mdm_text_room(text) != NGX_OK) {
        text->failed = 1;
        return;
    }

    va_start(args, fmt);
    text->pos = ngx_vslprintf(text->pos, text->pos + NGX_MDM_TEXT_LINE, fmt,
                              args);
    va_end(args);
}


static ngx_int_t
ngx_mdm_text_room(ngx_mdm_text_t *text)
{
    size_t   size;
    u_char  *grown;

    if (text->end - text->pos >= NGX_MDM_TEXT_LINE) {
        return NGX_OK;
    }

    size = ngx_max(2 * (text->end - text->start), NGX_MDM_TEXT_FIRST);

    grown = ngx_palloc(text->pool, size);
    if (grown == NULL) {
        return NGX_ERROR;
    }

    if (text->start != NULL) {
        ngx_memcpy(grown, text->start, text->pos - text->start);
    }

    text->pos = grown + (text->pos - text->start);
    text->end = grown + size;

    ngx_pfree(text->pool, text->start);
    text->start = grown;

    return NGX_OK;
}


void
ngx_mdm_text_metric(ngx_mdm_text_t *text, const char *name, const char *type,
    const char *help)
{
    ngx_mdm_text(text, "# HELP mdm_%s %s\n# TYPE mdm_%s %s\n", name, help,
                 name, type);
}


void
ngx_mdm_text_histogram(ngx_mdm_text_t *text, const char *name,
    const u_char *labels, const ngx_mdm_counter_t *histogram,
    const ngx_mdm_bound_t *bounds, ngx_uint_t nbounds, ngx_uint_t divisor)
{
    ngx_uint_t         i;
    ngx_atomic_uint_t  n, sum;

    for (i = 0, n = 0; i < nbounds; i++) {
        n += histogram[i];
        ngx_mdm_text(text, "mdm_%s_bucket{%s,le=\"%s\"} %uA\n", name, labels,
                     bounds[i].text, n);
    }

    n += histogram[nbounds];
    sum = histogram[nbounds + 1];

    ngx_mdm_text(text, "mdm_%s_bucket{%s,le=\"+Inf\"} %uA\n", name, labels, n);

    if (divisor == 1) {
        ngx_mdm_text(text, "mdm_%s_sum{%s} %uA\n", name, labels, sum);

    } else {
        ngx_mdm_text(text, "mdm_%s_sum{%s} %uA.%03uA\n", name, labels,
                     sum / divisor, sum % divisor);
    }

    ngx_mdm_text(text, "mdm_%s_count{%s} %uA\n", name, labels, n);
}


u_char *
ngx_mdm_text_escape(ngx_mdm_text_t *text, ngx_str_t value)
{
    size_t   i;
    u_char  *escaped, *p;

    escaped = ngx_pnalloc(text->pool, 2 * value.len + 1);
    if (escaped == NULL) {
        text->failed = 1;
        return (u_char *) "";
    }

    for (i = 0, p = escaped; i < value.len; i++) {

        switch (value.data[i]) {

        case '\n':
            *p++ = '\\';
            *p++ = 'n';
            break;

        case '"':
        case '\\':
            *p++ = '\\';
            /* fall through */

        default:
            *p++ = value.data[i];
        }
    }

    *p = '\0';

    return escaped;
}
