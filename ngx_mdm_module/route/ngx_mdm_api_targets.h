
/*
 * The enrolments that an operation is about, when it takes many.
 */


#ifndef _NGX_MDM_API_TARGETS_H_INCLUDED_
#define _NGX_MDM_API_TARGETS_H_INCLUDED_


#include "ngx_mdm_api.h"


#define NGX_MDM_API_MAX_TARGETS    10000

/* a target in an answer takes as long as so many bytes of a body */
#define NGX_MDM_API_TARGET_LABOUR  64


typedef struct {
    ngx_uint_t              n;
    ngx_str_t              *ids;         /* as the client wrote them */
    ngx_mdm_pg_value_t     *devices;
    ngx_mdm_pg_value_t     *users;
} ngx_mdm_api_targets_t;


/* Those that return ngx_int_t give NGX_ERROR after the client was told. */

/* Room for `n` targets; targets->n is left alone. */
ngx_int_t ngx_mdm_api_targets_room(ngx_mdm_api_t *api,
    ngx_mdm_api_targets_t *targets, ngx_uint_t n);

/* Room for those of the path, between commas. */
ngx_int_t ngx_mdm_api_targets_of_path(ngx_mdm_api_t *api,
    ngx_mdm_api_targets_t *targets);

/* The ids of the path one by one: the one behind `id`, which starts zeroed;
 * NGX_DONE behind the last. */
ngx_int_t ngx_mdm_api_targets_next(ngx_mdm_api_t *api, ngx_str_t *id);

/* Those of an array of ids, for which there is room; what is wrong becomes
 * faults.  Fit for a thread. */
void ngx_mdm_api_targets_of_json(ngx_mdm_api_t *api,
    ngx_mdm_api_targets_t *targets, const json_t *ids, const char *path);

void ngx_mdm_api_targets_add(ngx_mdm_api_targets_t *targets, ngx_str_t id,
    mdm_str_t device, mdm_str_t user);

/* {"ID": {KEY: ERROR}} into `status`, or {"ID": {}} when `error` is NULL; the id
 * as it was written, which need not be UTF-8.  Fit for a thread. */
void ngx_mdm_api_target_told(ngx_mdm_api_t *api, json_t *status, ngx_str_t id,
    const char *key, const char *error);

/* Devices and users, into two parameters from the given one on. */
ngx_int_t ngx_mdm_api_targets_params(ngx_mdm_api_t *api,
    ngx_mdm_api_targets_t *targets, ngx_uint_t param);


#endif /* _NGX_MDM_API_TARGETS_H_INCLUDED_ */
