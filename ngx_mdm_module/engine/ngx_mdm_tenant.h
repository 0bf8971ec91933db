
/*
 * Tenants' configuration: immutable snapshots, loaded on first use, counted by
 * the requests that use them, replaced when their version changes.
 */


#ifndef _NGX_MDM_TENANT_H_INCLUDED_
#define _NGX_MDM_TENANT_H_INCLUDED_


#include "ngx_mdm_engine.h"
#include "../pki/mdm_certificate.h"


/* Memory of all snapshots of one worker; the least recently used go. */
#define NGX_MDM_TENANTS_BYTES   (64 * 1024 * 1024)

/* A longer key names no tenant. */
#define NGX_MDM_TENANT_MAX_KEY  255


/* All of Apple's AccessRights: what nearly every profile asks for. */
#define NGX_MDM_ALL_RIGHTS      0x1fff


/* What a tenant wants of commands and profiles before they are taken. */

typedef struct {
    int64_t                    access_rights;     /* that its devices granted,
                                                     all unless it says so */
    unsigned                   strict:1;          /* unknown keys and types are
                                                     faults */
    unsigned                   demand_facts:1;    /* so is what is not known of
                                                     a device */
} ngx_mdm_policies_t;


typedef struct {
    ngx_str_node_t             node;       /* by key: host or tenant name */
    ngx_queue_t                queue;      /* most recently used first */
    ngx_uint_t                 refs;
    size_t                     bytes;
    ngx_pool_t                *pool;
    unsigned                   stale:1;    /* a newer version exists */
    unsigned                   cached:1;

    int64_t                    id;
    int64_t                    version;
    ngx_str_t                  name;
    ngx_mdm_policies_t         policies;
    mdm_anchors_t             *anchors;    /* NULL: no CA, no device enrols */
    time_t                     again;      /* to read CAs that could not be
                                              read; else 0 */
} ngx_mdm_tenant_t;


typedef enum {
    NGX_MDM_TENANT_FOUND = 0,
    NGX_MDM_TENANT_UNKNOWN,
    NGX_MDM_TENANT_AWAY            /* the database could not be asked */
} ngx_mdm_tenant_rc_e;


typedef struct ngx_mdm_tenant_wait_s  ngx_mdm_tenant_wait_t;

/* With FOUND the tenant is held for the caller: ngx_mdm_tenant_release(). */
typedef void (*ngx_mdm_tenant_handler_pt)(ngx_mdm_tenant_wait_t *wait,
    ngx_mdm_tenant_rc_e rc, ngx_mdm_tenant_t *tenant);

struct ngx_mdm_tenant_wait_s {
    ngx_queue_t                queue;
    ngx_mdm_tenant_handler_pt  handler;
    void                      *data;
};


ngx_mdm_tenants_t *ngx_mdm_tenants_create(ngx_mdm_engine_t *engine);
void ngx_mdm_tenants_destroy(ngx_mdm_tenants_t *tenants);

/*
 * Finds the tenant of a key, compared without case.  The handler runs before
 * the return when the snapshot is at hand, else later; the caller keeps
 * `wait` until then.
 */
void ngx_mdm_tenant_get(ngx_mdm_engine_t *engine, ngx_str_t key,
    ngx_mdm_tenant_wait_t *wait);
void ngx_mdm_tenant_release(ngx_mdm_tenant_t *tenant);


#endif /* _NGX_MDM_TENANT_H_INCLUDED_ */
