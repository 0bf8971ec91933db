
/*
 * Which certificate speaks, and whether this tenant's anchors vouch for it.
 * Whether it is the one bound to an enrolment is PostgreSQL's to say, inside
 * the same call that does the work.
 */


#ifndef _NGX_MDM_IDENTITY_H_INCLUDED_
#define _NGX_MDM_IDENTITY_H_INCLUDED_


#include "ngx_mdm_engine.h"
#include "ngx_mdm_tenant.h"
#include "../pki/mdm_certificate.h"


#define NGX_MDM_IDENTITY_CERTIFICATE  0x0002   /* of this TLS connection */
#define NGX_MDM_IDENTITY_SIGNATURE    0x0004   /* Mdm-Signature */
#define NGX_MDM_IDENTITY_BOTH         0x0008   /* and the same one */

/* Parsed certificates a worker keeps, about 4 KB each. */
#define NGX_MDM_CERTIFICATES_MAX      8192


/* A parsed certificate with the last verdict on it.  It belongs to the cache:
 * use it within the turn of the event loop that got it. */

typedef struct {
    ngx_str_node_t              node;         /* by SHA-256 */
    ngx_queue_t                 queue;
    mdm_certificate_t          *certificate;
    int64_t                     tenant_id;
    int64_t                     tenant_version;
    mdm_certificate_verdict_e   verdict;
    time_t                      judged;       /* 0: not yet */
} ngx_mdm_certificate_t;


ngx_mdm_certificates_t *ngx_mdm_certificates_create(ngx_mdm_engine_t *engine);
void ngx_mdm_certificates_destroy(ngx_mdm_certificates_t *certificates);

/* Parses, or finds the one parsed before. */
mdm_rc_e ngx_mdm_certificate_get(ngx_mdm_engine_t *engine, mdm_str_t der,
    ngx_mdm_certificate_t **certificate, mdm_fault_t *fault);

mdm_certificate_verdict_e ngx_mdm_certificate_judge(
    ngx_mdm_certificate_t *certificate, const ngx_mdm_tenant_t *tenant);


#endif /* _NGX_MDM_IDENTITY_H_INCLUDED_ */
