
/*
 * Prometheus' text format, version 0.0.4, in one piece of memory.
 */


#ifndef _NGX_MDM_METRICS_TEXT_H_INCLUDED_
#define _NGX_MDM_METRICS_TEXT_H_INCLUDED_


#include "../ngx_mdm.h"


typedef struct {
    ngx_pool_t                 *pool;
    u_char                     *start;
    u_char                     *pos;
    u_char                     *end;
    unsigned                    failed:1;     /* memory ran out */
} ngx_mdm_text_t;


/* All metrics; NGX_ERROR when memory ran out. */
ngx_int_t ngx_mdm_metrics_text(ngx_pool_t *pool, ngx_mdm_main_conf_t *mcf,
    ngx_mdm_text_t *text);


/* Adds at most 1 KB, in the format of ngx_sprintf(). */
void ngx_mdm_text(ngx_mdm_text_t *text, const char *fmt, ...);

/* The two lines before the first series of a metric; the name is without
 * "mdm_". */
void ngx_mdm_text_metric(ngx_mdm_text_t *text, const char *name,
    const char *type, const char *help);

/* A histogram's lines.  `divisor` is 1000 for milliseconds, or 1; the labels
 * are written already, and not empty. */
void ngx_mdm_text_histogram(ngx_mdm_text_t *text, const char *name,
    const u_char *labels, const ngx_mdm_counter_t *histogram,
    const ngx_mdm_bound_t *bounds, ngx_uint_t nbounds, ngx_uint_t divisor);

/* A label's value with what must be escaped; ends with '\0'. */
u_char *ngx_mdm_text_escape(ngx_mdm_text_t *text, ngx_str_t value);


#endif /* _NGX_MDM_METRICS_TEXT_H_INCLUDED_ */
