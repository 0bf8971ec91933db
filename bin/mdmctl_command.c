
/* One command and its targets; withdrawing commands, and letting stalled ones
 * go out again. */


#include "mdmctl.h"


#define MDMCTL_TARGETS_PAGE  500


static int mdmctl_command_head(mdmctl_session_t *s, const char *uuid);
static int mdmctl_cancel_everywhere(mdmctl_session_t *s,
    const mdmctl_options_t *options, const char *uuid);
static int mdmctl_cancel_at(mdmctl_session_t *s,
    const mdmctl_options_t *options, const char *uuid);
static int mdmctl_cancelled(const char *what, const char *outcome,
    const char *cancelled, const char *delivered, const char *busy);
static int mdmctl_release_everywhere(mdmctl_session_t *s, const char *uuid);
static int mdmctl_release_at(mdmctl_session_t *s, const char *uuid,
    const char *written);
static int mdmctl_released(const char *uuid, const char *outcome,
    const char *written, const char *released);


int
mdmctl_command_show(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_session_t  s;

    static const char *const  columns[] = {
        "id=ID", "state=STATE", "delivered_count=DELIVERED",
        "queued_at=ASKED", "finished_at=DONE", "reason=REASON",
        "means=MEANS", NULL
    };

    static const mdmctl_pages_t  pages = {
        "SELECT * FROM " MDMCTL_SCHEMA
        ".command_targets($1::bigint, $4, $2, $3::int)",
        columns, "device_id", "it was queued for nobody"
    };

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_command_head(&s, options->words[0]);
    }

    if (rc == MDMCTL_OK) {
        mdmctl_params_begin(&s);
        mdmctl_add_page(&s, MDMCTL_TARGETS_PAGE);
        mdmctl_add(&s.params, options->words[0]);
        rc = mdmctl_pages(&s, &pages);
    }

    return mdmctl_session_close(&s, rc);
}


/* "DeviceInformation UUID, asked 2026-... of 3: ACKNOWLEDGED 2, QUEUED 1" */

static int
mdmctl_command_head(mdmctl_session_t *s, const char *uuid)
{
    PGresult  *res;

    mdmctl_add(&s->params, uuid);

    res = mdmctl_query(s->db,
                       "SELECT *, (SELECT string_agg(j.key || ' ' || j.value,"
                       " ', ' ORDER BY j.key) FROM json_each_text(c.states)"
                       " AS j) AS summary"
                       "  FROM " MDMCTL_SCHEMA
                       ".command_show($1::bigint, $2, true) AS c",
                       &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    if (PQntuples(res) == 0) {
        PQclear(res);
        return mdmctl_unknown_command(uuid);
    }

    printf("%s %s, asked at %s, of %s%s%s\n\n",
           mdmctl_value(res, 0, "request_type"), uuid,
           mdmctl_value(res, 0, "created_at"), mdmctl_value(res, 0, "targets"),
           *mdmctl_value(res, 0, "summary") != '\0' ? ": " : "",
           mdmctl_value(res, 0, "summary"));
    PQclear(res);

    return MDMCTL_OK;
}


int
mdmctl_cancel(mdmctl_options_t *options)
{
    int               rc, one;
    unsigned          i;
    mdmctl_session_t  s;

    if (options->device == NULL && options->nwords == 0) {
        mdmctl_error("say what to cancel: a CommandUUID, or --device ID for "
                     "all that waits there");
        return MDMCTL_USAGE;
    }

    rc = mdmctl_session_open(&s, options);

    if (rc != MDMCTL_OK) {
        return mdmctl_session_close(&s, rc);
    }

    if (options->nwords == 0) {
        rc = mdmctl_cancel_at(&s, options, NULL);
    }

    for (i = 0; i < options->nwords; i++) {
        one = options->device != NULL
              ? mdmctl_cancel_at(&s, options, options->words[i])
              : mdmctl_cancel_everywhere(&s, options, options->words[i]);
        rc = one != MDMCTL_OK ? one : rc;
    }

    return mdmctl_session_close(&s, rc);
}


/* Piece by piece, a transaction each, so that no device waits for long. */

static int
mdmctl_cancel_everywhere(mdmctl_session_t *s, const mdmctl_options_t *options,
    const char *uuid)
{
    char         counts[3][24];
    long long    cancelled, delivered, busy, after;
    PGresult    *res;
    const char  *outcome;

    cancelled = 0;
    delivered = 0;
    busy = 0;
    after = 0;

    do {
        mdmctl_params_begin(s);
        mdmctl_add_who(s);
        mdmctl_add_array(&s->arena, &s->params, &uuid, 1);
        mdmctl_add(&s->params, options->force ? "t" : "f");
        mdmctl_add_int(&s->arena, &s->params, after);

        res = mdmctl_query(s->db, "SELECT * FROM " MDMCTL_SCHEMA
                                  ".commands_cancel($1::bigint, $2, $3,"
                                  " $4::text[], $5::boolean, 1, $6::bigint)",
                           &s->params);
        if (res == NULL) {
            return MDMCTL_FAILED;
        }

        cancelled += atoll(mdmctl_value(res, 0, "cancelled"));
        delivered += atoll(mdmctl_value(res, 0, "delivered"));
        busy += atoll(mdmctl_value(res, 0, "busy"));

        after = atoll(mdmctl_value(res, 0, "after"));
        PQclear(res);

    } while (after != 0);

    outcome = cancelled + delivered + busy == 0 ? "unknown"
              : busy != 0 ? "busy"
              : delivered != 0 && !options->force ? "delivered" : "ok";

    snprintf(counts[0], sizeof(counts[0]), "%lld", cancelled);
    snprintf(counts[1], sizeof(counts[1]), "%lld", delivered);
    snprintf(counts[2], sizeof(counts[2]), "%lld", busy);

    return mdmctl_cancelled(uuid, outcome, counts[0], counts[1], counts[2]);
}


static int
mdmctl_cancel_at(mdmctl_session_t *s, const mdmctl_options_t *options,
    const char *uuid)
{
    int          rc;
    PGresult    *res;
    const char  *outcome;

    mdmctl_params_begin(s);
    mdmctl_add_who(s);

    if (mdmctl_add_channel(s, options->device) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    mdmctl_add(&s->params, uuid);
    mdmctl_add(&s->params, options->force ? "t" : "f");

    res = mdmctl_query(s->db, "SELECT * FROM " MDMCTL_SCHEMA
                              ".queue_cancel($1::bigint, $2, $3, $4, $5, $6,"
                              " $7::boolean)", &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    outcome = mdmctl_value(res, 0, "outcome");

    if (strcmp(outcome, "unknown_enrollment") == 0) {
        rc = mdmctl_unknown_enrollment(options->device);

    } else {
        rc = mdmctl_cancelled(uuid != NULL ? uuid : options->device, outcome,
                              mdmctl_value(res, 0, "cancelled"),
                              mdmctl_value(res, 0, "delivered"), "0");
    }

    PQclear(res);

    return rc;
}


/* What was withdrawn, and on standard error what was left and why. */

static int
mdmctl_cancelled(const char *what, const char *outcome, const char *cancelled,
    const char *delivered, const char *busy)
{
    if (strcmp(outcome, "unknown") == 0) {
        return mdmctl_error("%s: nobody waits for this command", what);
    }

    printf("%s: %s withdrawn\n", what, cancelled);

    if (strcmp(outcome, "busy") == 0) {
        return mdmctl_error("%s: %s being served at this moment and left: "
                            "ask again", what, busy);
    }

    if (strcmp(outcome, "delivered") == 0) {
        return mdmctl_error("%s: %s delivered and not answered, and left: "
                            "--force gives those up, too", what, delivered);
    }

    return MDMCTL_OK;
}


int
mdmctl_release(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_session_t  s;

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        mdmctl_add_who(&s);

        rc = options->device != NULL
             ? mdmctl_release_at(&s, options->words[0], options->device)
             : mdmctl_release_everywhere(&s, options->words[0]);
    }

    return mdmctl_session_close(&s, rc);
}


static int
mdmctl_release_everywhere(mdmctl_session_t *s, const char *uuid)
{
    int        rc;
    PGresult  *res;

    mdmctl_add(&s->params, uuid);

    res = mdmctl_query(s->db, "SELECT * FROM " MDMCTL_SCHEMA
                              ".command_release_all($1::bigint, $2, $3, $4,"
                              " '{}')", &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rc = mdmctl_released(uuid, mdmctl_value(res, 0, "outcome"), NULL,
                         mdmctl_value(res, 0, "released"));
    PQclear(res);

    return rc;
}


static int
mdmctl_release_at(mdmctl_session_t *s, const char *uuid, const char *written)
{
    int        rc;
    PGresult  *res;

    if (mdmctl_add_channel(s, written) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    mdmctl_add(&s->params, uuid);

    res = mdmctl_query(s->db, "SELECT " MDMCTL_SCHEMA
                              ".command_release($1::bigint, $2, $3, $4, $5,"
                              " $6) AS outcome", &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rc = mdmctl_released(uuid, mdmctl_value(res, 0, "outcome"), written, "1");
    PQclear(res);

    return rc;
}


static int
mdmctl_released(const char *uuid, const char *outcome, const char *written,
    const char *released)
{
    if (strcmp(outcome, "unknown_enrollment") == 0) {
        return mdmctl_unknown_enrollment(written);
    }

    if (strcmp(outcome, "unknown") == 0) {
        return mdmctl_error("%s: nobody waits for this command", uuid);
    }

    if (strcmp(outcome, "not_stalled") == 0) {
        return mdmctl_error("%s: is not stalled: it goes out by itself", uuid);
    }

    printf("%s: %s released\n", uuid, released);

    return MDMCTL_OK;
}
