
/*
 * What is kept sealed, opened with the secret key and written to standard
 * output as it is: payloads of commands, reports, tokens in escrow.  The audit
 * has a row for each asking.
 */


#include "mdm_effects.h"
#include "mdm_enrollment_id.h"
#include "mdmctl.h"


static int mdmctl_sealed(mdmctl_options_t *options,
    int (*show)(mdmctl_session_t *s, const mdm_secret_ring_t *ring,
    mdmctl_options_t *options));
static int mdmctl_payload_show(mdmctl_session_t *s,
    const mdm_secret_ring_t *ring, mdmctl_options_t *options);
static int mdmctl_report_show(mdmctl_session_t *s,
    const mdm_secret_ring_t *ring, mdmctl_options_t *options);
static int mdmctl_secret_show(mdmctl_session_t *s,
    const mdm_secret_ring_t *ring, mdmctl_options_t *options);
static int mdmctl_escrow(mdmctl_session_t *s, const mdm_secret_ring_t *ring,
    const char *kind, const char *sql, mdmctl_options_t *options,
    const char *none);
static mdm_str_t mdmctl_escrow_row(mdmctl_session_t *s, const char *last);
static int mdmctl_sealed_write(mdmctl_session_t *s,
    const mdm_secret_ring_t *ring, const char *kind, mdm_str_t row,
    mdm_str_t sealed);


int
mdmctl_payload(mdmctl_options_t *options)
{
    return mdmctl_sealed(options, mdmctl_payload_show);
}


int
mdmctl_report(mdmctl_options_t *options)
{
    return mdmctl_sealed(options, mdmctl_report_show);
}


int
mdmctl_secret(mdmctl_options_t *options)
{
    mdm_str_t  kind;

    kind.data = (const unsigned char *) options->words[1];
    kind.len = strlen(options->words[1]);

    if (!mdm_schema_name_valid(kind)) {
        mdmctl_error("\"%s\" is no kind of secret: write unlock_token, "
                     "bootstrap_token, or one that \"mdmctl show\" has",
                     options->words[1]);
        return MDMCTL_USAGE;
    }

    return mdmctl_sealed(options, mdmctl_secret_show);
}


/* The key is there before anything is asked for. */

static int
mdmctl_sealed(mdmctl_options_t *options,
    int (*show)(mdmctl_session_t *s, const mdm_secret_ring_t *ring,
    mdmctl_options_t *options))
{
    int                rc;
    mdmctl_session_t   s;
    mdm_secret_ring_t  ring;

    rc = mdmctl_keys_needed(options, &ring);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_session_open(&s, options);

        if (rc == MDMCTL_OK) {
            rc = mdmctl_key_check(s.db, &ring);
        }

        if (rc == MDMCTL_OK) {
            mdmctl_add_who(&s);
            rc = show(&s, &ring, options);
        }

        mdmctl_session_close(&s, rc);
    }

    mdm_secret_ring_wipe(&ring);

    return rc;
}


static int
mdmctl_payload_show(mdmctl_session_t *s, const mdm_secret_ring_t *ring,
    mdmctl_options_t *options)
{
    PGresult   *res;
    mdm_str_t   uuid, sealed;

    uuid.data = (const unsigned char *) options->words[0];
    uuid.len = strlen(options->words[0]);
    mdmctl_add(&s->params, options->words[0]);

    res = mdmctl_query(s->db, "SELECT " MDMCTL_SCHEMA
                              ".command_payload($1::bigint, $2, $3, $4)",
                       &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    sealed = mdmctl_bytes(&s->arena, res, 0, 0);
    PQclear(res);

    return mdm_str_is_set(sealed)
           ? mdmctl_sealed_write(s, ring, "command", uuid, sealed)
           : mdmctl_unknown_command(options->words[0]);
}


static int
mdmctl_report_show(mdmctl_session_t *s, const mdm_secret_ring_t *ring,
    mdmctl_options_t *options)
{
    return mdmctl_escrow(s, ring, "report",
                         "SELECT outcome, report FROM " MDMCTL_SCHEMA
                         ".enrollment_report($1::bigint, $2, $3, $4, $5, $6)",
                         options, "no report of this enrolment on this command "
                         "is kept");
}


static int
mdmctl_secret_show(mdmctl_session_t *s, const mdm_secret_ring_t *ring,
    mdmctl_options_t *options)
{
    return mdmctl_escrow(s, ring, options->words[1],
                         "SELECT outcome, value FROM " MDMCTL_SCHEMA
                         ".enrollment_secret($1::bigint, $2, $3, $4, $5, $6,"
                         " false)",
                         options, "the device has given no such secret, or "
                         "has taken it back");
}


/* Of one enrolment: a report, whose seal names the command, too, or a token. */

static int
mdmctl_escrow(mdmctl_session_t *s, const mdm_secret_ring_t *ring,
    const char *kind, const char *sql, mdmctl_options_t *options,
    const char *none)
{
    PGresult    *res;
    mdm_str_t    row, sealed;
    const char  *outcome;

    if (mdmctl_add_channel(s, options->words[0]) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    row = mdmctl_escrow_row(s, strcmp(kind, "report") == 0 ? options->words[1]
                                                           : NULL);
    mdmctl_add(&s->params, options->words[1]);

    res = mdmctl_query(s->db, sql, &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    outcome = mdmctl_printf(&s->arena, "%s", PQgetvalue(res, 0, 0));
    sealed = mdmctl_bytes(&s->arena, res, 0, 1);
    PQclear(res);

    if (strcmp(outcome, "unknown") == 0) {
        return mdmctl_unknown_enrollment(options->words[0]);
    }

    if (!mdm_str_is_set(sealed)) {
        return mdmctl_error("%s", none);
    }

    return mdmctl_sealed_write(s, ring, kind, row, sealed);
}


/* The id as it is always written, from the parameters that were added. */

static mdm_str_t
mdmctl_escrow_row(mdmctl_session_t *s, const char *last)
{
    mdm_str_t    device_id, user_id, row;
    const char  *text;

    device_id.data = (const unsigned char *) s->params.values[3];
    device_id.len = strlen(s->params.values[3]);
    user_id.data = (const unsigned char *) s->params.values[4];
    user_id.len = strlen(s->params.values[4]);

    row = mdm_enrollment_id_write(&s->arena, device_id, user_id);
    text = mdmctl_printf(&s->arena, "%.*s%s%s", (int) row.len, row.data,
                         last != NULL ? "/" : "", last != NULL ? last : "");

    return (mdm_str_t) { strlen(text), (const unsigned char *) text };
}


static int
mdmctl_sealed_write(mdmctl_session_t *s, const mdm_secret_ring_t *ring,
    const char *kind, mdm_str_t row, mdm_str_t sealed)
{
    mdm_str_t  plain;

    if (mdmctl_unseal(&s->arena, ring, s->tenant_id, kind, row, sealed, &plain)
        != MDMCTL_OK)
    {
        return MDMCTL_FAILED;
    }

    if (fwrite(plain.data, 1, plain.len, stdout) != plain.len) {
        return mdmctl_error("cannot write standard output");
    }

    return MDMCTL_OK;
}
