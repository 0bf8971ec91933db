
/*
 * Certificates of devices, judged against an anchor, and anchors themselves.
 */


#include "fuzz.h"
#include "fuzz_der.h"
#include "pki/mdm_certificate.h"


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

#define FUZZ_STACK   (64 * 1024)


/* Only time turns into each other what only time can tell. */

static void
times(const mdm_certificate_t *certificate,
    mdm_certificate_verdict_e verdict)
{
    size_t                     i;
    mdm_certificate_verdict_e  then;

    const int64_t  at[] = {
        certificate->not_before - 1, certificate->not_before, NOW,
        certificate->not_after, certificate->not_after + 1
    };

    for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        then = mdm_certificate_at(certificate, verdict, at[i]);

        fuzz_expect(mdm_certificate_verdict_text(then) != NULL);
        fuzz_expect((then > MDM_CERTIFICATE_NOT_YET_VALID)
                    == (verdict > MDM_CERTIFICATE_NOT_YET_VALID));
        fuzz_expect(then != MDM_CERTIFICATE_GOOD
                    || (at[i] >= certificate->not_before
                        && at[i] <= certificate->not_after));
    }
}


static void
judge(const mdm_certificate_t *certificate)
{
    mdm_anchors_t              *anchors;
    mdm_certificate_verdict_e   verdict;

    fuzz_expect(mdm_anchors_parse(mdm_str(CA), &anchors, NULL) == MDM_OK);

    verdict = mdm_certificate_judge(certificate, anchors, NOW);
    fuzz_expect(verdict <= MDM_CERTIFICATE_FAULT);
    fuzz_expect(mdm_certificate_at(certificate, verdict, NOW) == verdict);

    times(certificate, verdict);
    fuzz_expect(mdm_certificate_verdict_text(verdict) != NULL);

    mdm_anchors_free(anchors);
}


/* As an anchor it is read from PEM, and refused for other reasons only. */

static void
try_wrapped(mdm_str_t der)
{
    size_t          len;
    mdm_anchors_t  *anchors;

    static uint8_t  text[FUZZ_DER_MAX * 2];

    if (der.len > FUZZ_DER_MAX) {
        return;
    }

    len = (size_t) sprintf((char *) text, "-----BEGIN CERTIFICATE-----\n");
    len += fuzz_pem_encode(der.data, der.len, text + len);
    len += (size_t) sprintf((char *) text + len,
                            "-----END CERTIFICATE-----\n");

    if (mdm_anchors_parse((mdm_str_t) { len, text }, &anchors, NULL)
        == MDM_OK)
    {
        fuzz_expect(mdm_anchors_count(anchors) == 1);
        mdm_anchors_free(anchors);
    }
}


static void
try_certificate(mdm_str_t der)
{
    mdm_rc_e            rc;
    mdm_fault_t         fault;
    mdm_certificate_t  *certificate;

    static bool         loaded;

    fuzz_meter_start();
    rc = mdm_certificate_parse(der, &certificate, &fault);

    /* the first call reads OpenSSL's configuration */

    fuzz_expect(!loaded || (fuzz_meter_stack() < FUZZ_STACK
                            && fuzz_meter_peak() < 262144 + der.len * 64));
    loaded = true;

    fuzz_expect((rc == MDM_OK) == (certificate != NULL));

    if (rc == MDM_OK) {
        fuzz_expect(strlen(certificate->subject)
                    < sizeof(certificate->subject));
        fuzz_expect(strlen(certificate->serial) < sizeof(certificate->serial));

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
    fuzz_expect((rc == MDM_OK) == (anchors != NULL));

    if (rc == MDM_OK) {
        fuzz_expect(mdm_anchors_count(anchors) > 0);
        mdm_anchors_free(anchors);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_certificate((mdm_str_t) { size, data });
    try_wrapped((mdm_str_t) { size, data });
    try_anchors((mdm_str_t) { size, data });

    return 0;
}


size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    if (size > 0 && data[0] == 0x30) {
        return fuzz_der_mutate(data, size, max, seed);
    }

    return fuzz_pem_mutate(data, size, max, seed);
}
