
/*
 * The worker's cache of parsed certificates.  Parsing and chaining cost
 * several times what a signature costs, and a device comes back with the same
 * certificate for a year.  The cache is keyed by the hash of the DER and used
 * by the event loop alone.
 */


#include "ngx_mdm_identity.h"

#include <openssl/evp.h>


#define NGX_MDM_CERTIFICATE_REFUSED  10        /* seconds that it is kept */


struct ngx_mdm_certificates_s {
    ngx_rbtree_t               tree;
    ngx_rbtree_node_t          sentinel;
    ngx_queue_t                used;         /* most recently used first */
    ngx_uint_t                 n;
    ngx_log_t                 *log;
    ngx_mdm_engine_counters_t *counters;
    ngx_mdm_engine_gauges_t   *gauges;
};


static ngx_uint_t ngx_mdm_certificate_is_judged(
    ngx_mdm_certificate_t *certificate);
static void ngx_mdm_certificate_drop(ngx_mdm_certificates_t *certificates,
    ngx_mdm_certificate_t *certificate);


ngx_mdm_certificates_t *
ngx_mdm_certificates_create(ngx_mdm_engine_t *engine)
{
    ngx_mdm_certificates_t  *certificates;

    certificates = ngx_pcalloc(engine->cycle->pool,
                               sizeof(ngx_mdm_certificates_t));
    if (certificates == NULL) {
        return NULL;
    }

    ngx_rbtree_init(&certificates->tree, &certificates->sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_queue_init(&certificates->used);
    certificates->log = engine->log;
    certificates->counters = engine->counters;
    certificates->gauges = engine->metrics->gauges;

    return certificates;
}


void
ngx_mdm_certificates_destroy(ngx_mdm_certificates_t *certificates)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&certificates->used)) {
        q = ngx_queue_head(&certificates->used);
        ngx_mdm_certificate_drop(certificates,
                          ngx_queue_data(q, ngx_mdm_certificate_t, queue));
    }
}


mdm_rc_e
ngx_mdm_certificate_get(ngx_mdm_engine_t *engine, mdm_str_t der,
    ngx_mdm_certificate_t **found, mdm_fault_t *fault)
{
    u_char                   sha256[MDM_SHA256_SIZE];
    mdm_rc_e                 rc;
    uint32_t                 key;
    ngx_str_t                hash;
    ngx_queue_t             *q;
    ngx_mdm_certificate_t   *certificate;
    ngx_mdm_certificates_t  *certificates;

    certificates = engine->certificates;

    if (EVP_Digest(der.data, der.len, sha256, NULL, EVP_sha256(), NULL) != 1) {
        return mdm_fault(fault, MDM_NO_MEMORY, "cannot hash a certificate");
    }

    ngx_memcpy(&key, sha256, sizeof(uint32_t));
    hash.data = sha256;
    hash.len = MDM_SHA256_SIZE;

    certificate = (ngx_mdm_certificate_t *)
                  ngx_str_rbtree_lookup(&certificates->tree, &hash, key);

    if (certificate != NULL) {
        ngx_queue_remove(&certificate->queue);
        ngx_queue_insert_head(&certificates->used, &certificate->queue);
        ngx_mdm_count(&certificates->counters->certificates[0]);
        *found = certificate;
        return MDM_OK;
    }

    ngx_mdm_count(&certificates->counters->certificates[1]);

    certificate = ngx_calloc(sizeof(ngx_mdm_certificate_t), certificates->log);
    if (certificate == NULL) {
        return mdm_fault(fault, MDM_NO_MEMORY, "out of memory");
    }

    rc = mdm_certificate_parse(der, &certificate->certificate, fault);
    if (rc != MDM_OK) {
        ngx_free(certificate);
        return rc;
    }

    if (certificates->n == NGX_MDM_CERTIFICATES_MAX) {
        q = ngx_queue_last(&certificates->used);
        ngx_mdm_certificate_drop(certificates,
                          ngx_queue_data(q, ngx_mdm_certificate_t, queue));
    }

    certificate->node.node.key = key;
    certificate->node.str.data = certificate->certificate->sha256;
    certificate->node.str.len = MDM_SHA256_SIZE;
    ngx_rbtree_insert(&certificates->tree, &certificate->node.node);
    ngx_queue_insert_head(&certificates->used, &certificate->queue);
    certificates->n++;
    ngx_mdm_gauge_set(certificates->gauges,
                      &certificates->gauges->certificates, certificates->n);

    *found = certificate;

    return MDM_OK;
}


mdm_certificate_verdict_e
ngx_mdm_certificate_judge(ngx_mdm_certificate_t *certificate,
    const ngx_mdm_tenant_t *tenant)
{
    if (tenant->anchors == NULL) {
        return tenant->again ? MDM_CERTIFICATE_FAULT
                             : MDM_CERTIFICATE_UNTRUSTED;
    }

    if (!ngx_mdm_certificate_is_judged(certificate)
        || certificate->tenant_id != tenant->id
        || certificate->tenant_version != tenant->version)
    {
        certificate->verdict = mdm_certificate_judge(certificate->certificate,
                                                     tenant->anchors,
                                                     ngx_time());
        certificate->tenant_id = tenant->id;
        certificate->tenant_version = tenant->version;
        certificate->judged = ngx_time();
    }

    return mdm_certificate_at(certificate->certificate, certificate->verdict,
                              ngx_time());
}


/* OpenSSL does not always say that memory ran out, so a refusal is not kept
 * for as long as its word for a certificate. */

static ngx_uint_t
ngx_mdm_certificate_is_judged(ngx_mdm_certificate_t *certificate)
{
    switch (certificate->verdict) {

    case MDM_CERTIFICATE_FAULT:
        return 0;

    case MDM_CERTIFICATE_UNTRUSTED:
    case MDM_CERTIFICATE_NOT_CLIENT:
        return ngx_time() - certificate->judged < NGX_MDM_CERTIFICATE_REFUSED;

    default:
        return certificate->judged != 0;
    }
}


static void
ngx_mdm_certificate_drop(ngx_mdm_certificates_t *certificates,
    ngx_mdm_certificate_t *certificate)
{
    ngx_rbtree_delete(&certificates->tree, &certificate->node.node);
    ngx_queue_remove(&certificate->queue);
    certificates->n--;

    mdm_certificate_free(certificate->certificate);
    ngx_free(certificate);
}
