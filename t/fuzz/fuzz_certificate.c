
/*
 * Certificates of devices, judged against an anchor, and anchors themselves.
 */


#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "../../ngx_mdm_module/pki/mdm_certificate.h"


/* The CA that issued the seeds. */

#define CA                                                                    \
    "-----BEGIN CERTIFICATE-----\n"                                           \
    "MIIBaTCCARCgAwIBAgIUM52oqAmNvz3qi4abGZ8cJ6O4k3YwCgYIKoZIzj0EAwIw\n"      \
    "EjEQMA4GA1UEAwwHRnV6eiBDQTAgFw0yNjExMjIxMjI2MjhaGA8yMTI2MTAyOTEy\n"      \
    "MjYyOFowEjEQMA4GA1UEAwwHRnV6eiBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH\n"      \
    "A0IABMwgdzX1B2WfhqIn2anaVWy653Re0A2+/LihwWlfE3hYuKprcAt6RLbforHa\n"      \
    "+9F97SJRuQCkfT09pMaRkRQ6H02jQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0P\n"      \
    "AQH/BAQDAgEGMB0GA1UdDgQWBBQhRC0R31eyog6RVIsryYlta+MH3DAKBggqhkjO\n"      \
    "PQQDAgNHADBEAiBYmc3dSJGrejOfzdjNe5N7sugrP4axPomvEtwx078bwQIgEK11\n"      \
    "M/KVAymuOrw6ry7aKlmK4gUF/aynJd+kfIsMbg8=\n"                              \
    "-----END CERTIFICATE-----\n"

#define NOW  INT64_C(1800000000)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
expect(bool ok)
{
    if (!ok || ERR_peek_error() != 0) {
        abort();
    }
}


static void
judge(const mdm_certificate_t *certificate)
{
    mdm_anchors_t              *anchors;
    mdm_certificate_verdict_e   verdict;

    expect(mdm_anchors_parse(mdm_str(CA), &anchors, NULL) == MDM_OK);

    verdict = mdm_certificate_judge(certificate, anchors, NOW);
    expect(verdict <= MDM_CERTIFICATE_FAULT);
    expect(mdm_certificate_at(certificate, verdict, NOW) == verdict);
    expect(mdm_certificate_verdict_text(verdict) != NULL);

    mdm_anchors_free(anchors);
}


static void
try_certificate(mdm_str_t der)
{
    mdm_rc_e            rc;
    mdm_fault_t         fault;
    mdm_certificate_t  *certificate;

    rc = mdm_certificate_parse(der, &certificate, &fault);
    expect((rc == MDM_OK) == (certificate != NULL));

    if (rc == MDM_OK) {
        expect(strlen(certificate->subject) < sizeof(certificate->subject));
        expect(strlen(certificate->serial) < sizeof(certificate->serial));

        judge(certificate);
        mdm_certificate_free(certificate);
    }
}


static void
try_anchors(mdm_str_t pem)
{
    mdm_rc_e        rc;
    mdm_fault_t     fault;
    mdm_anchors_t  *anchors;

    rc = mdm_anchors_parse(pem, &anchors, &fault);
    expect((rc == MDM_OK) == (anchors != NULL));

    if (rc == MDM_OK) {
        expect(mdm_anchors_count(anchors) > 0);
        mdm_anchors_free(anchors);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_certificate((mdm_str_t) { size, data });
    try_anchors((mdm_str_t) { size, data });

    return 0;
}
