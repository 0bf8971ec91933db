
/* Webhooks: how they do, what their receivers would not take, and having a
 * time sent once more. */


#include "mdmctl.h"


#define MDMCTL_FAILURES_PAGE  500


static int mdmctl_webhook_replay_ask(mdmctl_session_t *s, const char *name,
    const char *since, int64_t micros);
static int mdmctl_webhook_known(mdmctl_session_t *s, const char *name);
static int mdmctl_webhook_unknown(const char *name);


int
mdmctl_webhook_list(mdmctl_options_t *options)
{
    int               rc;
    PGresult         *res;
    mdmctl_session_t  s;

    static const char *const  columns[] = {
        "name=NAME", "delivered=DELIVERED", "lag=LAG IN SECONDS",
        "attempts=FAILED ATTEMPTS", "failing_since=FAILING SINCE",
        "replay=REPLAY", "last_error=LAST ERROR", NULL
    };

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        res = mdmctl_query(s.db,
                           "SELECT *, CASE WHEN replaying THEN 'yes' ELSE 'no'"
                           " END AS replay"
                           "  FROM " MDMCTL_SCHEMA ".webhooks($1::bigint,"
                           " true)",
                           &s.params);

        if (res != NULL) {
            mdmctl_table(&s.arena, res, columns,
                         "there is no webhook: \"mdm_webhook\" in nginx.conf "
                         "makes one");
        }

        rc = res != NULL ? MDMCTL_OK : MDMCTL_FAILED;
        PQclear(res);
    }

    return mdmctl_session_close(&s, rc);
}


int
mdmctl_webhook_failures(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_session_t  s;

    static const char *const  columns[] = {
        "event_id=EVENT", "type=TYPE", "at=SET ASIDE", "status=STATUS",
        "error=ERROR", NULL
    };

    static const mdmctl_pages_t  pages = {
        "SELECT * FROM " MDMCTL_SCHEMA
        ".webhook_failures($1::bigint, $4, $2, $3::int)",
        columns, "event_id", "its receiver has taken everything"
    };

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_webhook_known(&s, options->words[0]);
    }

    if (rc == MDMCTL_OK) {
        mdmctl_params_begin(&s);
        mdmctl_add_page(&s, MDMCTL_FAILURES_PAGE);
        mdmctl_add(&s.params, options->words[0]);
        rc = mdmctl_pages(&s, &pages);
    }

    return mdmctl_session_close(&s, rc);
}


/* A row of nulls stands for a webhook that there is not. */

static int
mdmctl_webhook_known(mdmctl_session_t *s, const char *name)
{
    bool       known;
    PGresult  *res;

    mdmctl_add(&s->params, name);

    res = mdmctl_query(s->db, "SELECT event_id FROM " MDMCTL_SCHEMA
                              ".webhook_failures($1::bigint, $2, '', 1)",
                       &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    known = PQntuples(res) == 0 || !PQgetisnull(res, 0, 0);
    PQclear(res);

    return known ? MDMCTL_OK : mdmctl_webhook_unknown(name);
}


static int
mdmctl_webhook_unknown(const char *name)
{
    return mdmctl_error("there is no webhook \"%s\" that gets events of this "
                        "tenant; \"mdmctl webhook list\" shows them", name);
}


int
mdmctl_webhook_replay(mdmctl_options_t *options)
{
    int               rc;
    int64_t           micros;
    mdmctl_session_t  s;

    if (options->since == NULL) {
        mdmctl_error("usage: mdmctl webhook replay NAME --since TIME");
        return MDMCTL_USAGE;
    }

    if (mdmctl_option_time("since", options->since, &micros) != MDMCTL_OK) {
        return MDMCTL_USAGE;
    }

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_webhook_replay_ask(&s, options->words[0], options->since,
                                       micros);
    }

    return mdmctl_session_close(&s, rc);
}


static int
mdmctl_webhook_replay_ask(mdmctl_session_t *s, const char *name,
    const char *since, int64_t micros)
{
    int        rc;
    PGresult  *res;

    mdmctl_add_who(s);
    mdmctl_add(&s->params, name);
    mdmctl_add_int(&s->arena, &s->params, micros);

    res = mdmctl_query(s->db, "SELECT " MDMCTL_SCHEMA
                              ".webhook_replay($1::bigint, $2, $3, $4,"
                              " $5::bigint)",
                       &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rc = MDMCTL_OK;

    if (strcmp(PQgetvalue(res, 0, 0), "unknown") == 0) {
        rc = mdmctl_webhook_unknown(name);

    } else {
        printf("events from %s on are sent once more, beside the new ones\n",
               since);
    }

    PQclear(res);

    return rc;
}
