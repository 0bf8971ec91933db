
/*
 * What the parts of the list of metrics share: the numbers of one answer.
 */


#ifndef _NGX_MDM_METRICS_LIST_H_INCLUDED_
#define _NGX_MDM_METRICS_LIST_H_INCLUDED_


#include "ngx_mdm_metrics_text.h"


#define NGX_MDM_METRICS_LABEL   256


/* What has been read out of shared memory for one answer. */

typedef struct {
    u_char                     *name;         /* as a label's value */
    ngx_mdm_engine_counters_t   counters;
    ngx_mdm_engine_gauges_t     gauges;
    ngx_mdm_samples_t           samples;
} ngx_mdm_metrics_sum_t;

typedef struct {
    ngx_mdm_text_t             *text;
    ngx_mdm_main_conf_t        *mcf;
    ngx_uint_t                  workers;
    ngx_mdm_route_counters_t   *route;
    ngx_mdm_metrics_sum_t      *databases;
    ngx_uint_t                  n;
} ngx_mdm_metrics_all_t;


void ngx_mdm_metrics_push(ngx_mdm_metrics_all_t *all);


#endif /* _NGX_MDM_METRICS_LIST_H_INCLUDED_ */
