
/* The commands of one device or user: what waits, and what became of them. */


#include "mdmctl.h"


#define MDMCTL_QUEUE_PAGE    500
#define MDMCTL_DONE          100          /* shown behind what waits */


static int mdmctl_queue_done(mdmctl_session_t *s, const char *written);


static const char *const  mdmctl_queue_columns[] = {
    "command_uuid=COMMAND", "request_type=TYPE", "state=STATE",
    "delivered_count=DELIVERED", "sent_at=SENT", "notnow_at=NOT NOW",
    "reason=REASON", "means=MEANS", NULL
};


int
mdmctl_queue(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_session_t  s;

    static const mdmctl_pages_t  pages = {
        "SELECT * FROM " MDMCTL_SCHEMA
        ".enrollment_queue($1::bigint, $4, $5, $2, $3::int)",
        mdmctl_queue_columns, "command_uuid", "no command waits"
    };

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        mdmctl_add_page(&s, MDMCTL_QUEUE_PAGE);
        rc = mdmctl_add_enrollment(&s, options->words[0]);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_pages(&s, &pages);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_queue_done(&s, options->words[0]);
    }

    return mdmctl_session_close(&s, rc);
}


/* The newest of those that are done; one more tells whether there are more. */

static int
mdmctl_queue_done(mdmctl_session_t *s, const char *written)
{
    int        n;
    size_t     width[MDMCTL_MAX_PARAMS];
    PGresult  *res;

    s->params.values[1] = "";
    s->params.values[2] = mdmctl_printf(&s->arena, "%d", MDMCTL_DONE + 1);

    res = mdmctl_query(s->db, "SELECT * FROM " MDMCTL_SCHEMA
                              ".enrollment_history($1::bigint, $4, $5, $2,"
                              " $3::int)", &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    n = PQntuples(res);
    putchar('\n');

    if (n == 0) {
        puts("no command is done");

    } else {
        memset(width, 0, sizeof(width));
        mdmctl_table_part(&s->arena, res, n > MDMCTL_DONE ? MDMCTL_DONE : n,
                          mdmctl_queue_columns, width);
    }

    if (n > MDMCTL_DONE) {
        printf("\nolder ones: \"mdmctl history %s\"\n", written);
    }

    PQclear(res);

    return MDMCTL_OK;
}


int
mdmctl_history(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_session_t  s;

    static const char *const  columns[] = {
        "command_uuid=COMMAND", "request_type=TYPE", "state=STATE",
        "queued_at=ASKED", "finished_at=DONE", "delivered_count=DELIVERED",
        "has_report=REPORT", "reason=REASON", NULL
    };

    static const mdmctl_pages_t  pages = {
        "SELECT *, CASE WHEN report THEN 'yes' ELSE 'no' END AS has_report"
        "  FROM " MDMCTL_SCHEMA ".enrollment_history($1::bigint, $6, $7, $2,"
        " $3::int, $4, $5)",
        columns, "command_uuid", "no command is done"
    };

    if (mdmctl_option_word("state", options->state, "ACKNOWLEDGED ERROR "
                           "EXPIRED CANCELLED UNASKED") != MDMCTL_OK)
    {
        return MDMCTL_USAGE;
    }

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        mdmctl_add_page(&s, MDMCTL_QUEUE_PAGE);
        mdmctl_add(&s.params, options->state);
        mdmctl_add(&s.params, options->request_type);
        rc = mdmctl_add_enrollment(&s, options->words[0]);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_pages(&s, &pages);
    }

    return mdmctl_session_close(&s, rc);
}
