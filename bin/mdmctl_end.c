
/* Ending the management of a device, and revoking a certificate. */


#include "mdm_certificate.h"
#include "mdmctl.h"


static int mdmctl_end_device(mdmctl_session_t *s, const char *written);
static int mdmctl_revoke_identity(mdmctl_session_t *s, const char *hex);


int
mdmctl_end(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_session_t  s;

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_end_device(&s, options->words[0]);
    }

    return mdmctl_session_close(&s, rc);
}


static int
mdmctl_end_device(mdmctl_session_t *s, const char *written)
{
    int          rc;
    PGresult    *res;
    const char  *outcome, *device_id;

    mdmctl_add_who(s);

    if (mdmctl_add_channel(s, written) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    device_id = s->params.values[3];

    if (*s->params.values[4] != '\0') {
        return mdmctl_error("\"%s\" is a user of the device \"%s\": end the "
                            "device, and its users end with it", written,
                            device_id);
    }

    s->params.n--;
    res = mdmctl_query(s->db, "SELECT " MDMCTL_SCHEMA
                              ".enrollment_end($1::bigint, $2, $3, $4)",
                       &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rc = MDMCTL_OK;
    outcome = PQgetvalue(res, 0, 0);

    if (strcmp(outcome, "unknown") == 0) {
        rc = mdmctl_unknown_enrollment(written);

    } else if (strcmp(outcome, "ok") != 0) {
        rc = mdmctl_error("only a live enrolment can be ended; \"%s\" is %s",
                          written, outcome);

    } else {
        printf("%s is ended: it is told to leave when it comes next\n",
               written);
    }

    PQclear(res);

    return rc;
}


int
mdmctl_revoke(mdmctl_options_t *options)
{
    int                rc;
    const char        *hex;
    mdmctl_session_t   s;

    hex = options->words[0];

    if (strlen(hex) != 2 * MDM_SHA256_SIZE
        || strspn(hex, "0123456789abcdefABCDEF") != 2 * MDM_SHA256_SIZE)
    {
        mdmctl_error("\"%s\" is no fingerprint: write the SHA-256 of the "
                     "certificate in 64 hexadecimal digits, as \"mdmctl "
                     "device ID\" shows it", hex);
        return MDMCTL_USAGE;
    }

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_revoke_identity(&s, hex);
    }

    return mdmctl_session_close(&s, rc);
}


static int
mdmctl_revoke_identity(mdmctl_session_t *s, const char *hex)
{
    int          rc;
    PGresult    *res;
    const char  *outcome;

    mdmctl_add_who(s);
    mdmctl_add(&s->params, hex);

    res = mdmctl_query(s->db, "SELECT " MDMCTL_SCHEMA
                              ".identity_revoke($1::bigint, $2, $3,"
                              " decode($4, 'hex'))", &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rc = MDMCTL_OK;
    outcome = PQgetvalue(res, 0, 0);

    if (strcmp(outcome, "unknown") == 0) {
        rc = mdmctl_error("no device of this tenant has shown a certificate "
                          "with this fingerprint");
    } else {
        puts(strcmp(outcome, "repeated") == 0
             ? "this certificate is revoked already"
             : "the certificate is revoked: its device must enrol again");
    }

    PQclear(res);

    return rc;
}
