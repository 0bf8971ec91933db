
/*
 * Histograms and their bounds.
 */


#include "ngx_mdm_counter.h"


const ngx_mdm_bound_t  ngx_mdm_time_bounds[NGX_MDM_TIME_BOUNDS] = {
    { 1, "0.001" }, { 2, "0.002" }, { 5, "0.005" }, { 10, "0.01" },
    { 25, "0.025" }, { 50, "0.05" }, { 100, "0.1" }, { 250, "0.25" },
    { 500, "0.5" }, { 1000, "1" }, { 2500, "2.5" }, { 5000, "5" },
    { 10000, "10" }
};

const ngx_mdm_bound_t  ngx_mdm_batch_bounds[NGX_MDM_BATCH_BOUNDS] = {
    { 1, "1" }, { 2, "2" }, { 4, "4" }, { 8, "8" }, { 16, "16" }, { 32, "32" }
};

const ngx_mdm_bound_t  ngx_mdm_flush_bounds[NGX_MDM_FLUSH_BOUNDS] = {
    { 1, "1" }, { 10, "10" }, { 100, "100" }, { 500, "500" }, { 1000, "1000" }
};


void
ngx_mdm_histogram_add(ngx_mdm_counter_t *histogram,
    const ngx_mdm_bound_t *bounds, ngx_uint_t nbounds, ngx_uint_t value)
{
    ngx_uint_t  i;

    for (i = 0; i < nbounds && value > bounds[i].value; i++) {
        /* few, and most values are small */
    }

    ngx_mdm_count(&histogram[i]);
    (void) ngx_atomic_fetch_add(&histogram[nbounds + 1], value);
}
