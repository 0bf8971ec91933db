
/* Pushes: how each topic does, who is not pushed any more, and having
 * somebody pushed. */


#include <time.h>

#include "mdm_enrollment_id.h"
#include "mdmctl.h"


#define MDMCTL_PUSH_PAGE   500
#define MDMCTL_PUSH_LOOKS  50             /* for Apple's answers, so many */
#define MDMCTL_PUSH_GAP    200            /* milliseconds apart */


/* Whom a command is about. */

typedef struct {
    unsigned              n;
    char                **written;
    const char           *device_ids[MDMCTL_MAX_WORDS];
    const char           *user_ids[MDMCTL_MAX_WORDS];
    bool                  told[MDMCTL_MAX_WORDS];
} mdmctl_push_t;


static int mdmctl_push_topic(mdmctl_session_t *s, const char *topic);
static int mdmctl_push_stops(mdmctl_session_t *s, const char *topic);
static int mdmctl_push_read(mdmctl_session_t *s, mdmctl_push_t *push,
    char **written, unsigned n);
static void mdmctl_push_add(mdmctl_session_t *s, const mdmctl_push_t *push);
static int mdmctl_push_resumed(mdmctl_session_t *s, const char *topic);
static int mdmctl_push_ask(mdmctl_session_t *s, mdmctl_push_t *push,
    char **at);
static int mdmctl_push_wait(mdmctl_session_t *s, mdmctl_push_t *push,
    const char *at);
static int mdmctl_push_look(mdmctl_session_t *s, mdmctl_push_t *push,
    bool last, bool *more);
static int mdmctl_push_tell(mdmctl_push_t *push, PGresult *res, int row,
    bool last);
static const char *mdmctl_push_lacks(const char *outcome);
static void mdmctl_push_pause(void);


int
mdmctl_push(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_session_t  s;

    static const char *const  columns[] = {
        "topic=TOPIC", "state=STATE", "days_left=DAYS LEFT",
        "accepted=ACCEPTED", "refusals=REFUSED", "waiting=WAITING",
        "stopped_devices=STOPPED", "followed=FOLLOWED", NULL
    };

    static const mdmctl_pages_t  pages = {
        "SELECT i.*, i.certificate ->> 'days_left' AS days_left,"
        "       (SELECT coalesce(sum(r.value::bigint), 0)"
        "          FROM json_each_text(i.refused) r) AS refusals,"
        "       round(i.health * 100) || ' %' AS followed, t.cursor"
        "  FROM " MDMCTL_SCHEMA ".push_topics($1::bigint, $2, $3::int) t,"
        "       json_to_record(t.item) AS i (topic text, state text,"
        "       certificate json, accepted text, refused json, waiting text,"
        "       stopped_devices text, health numeric)",
        columns, "topic",
        "there is no push certificate yet: "
        "store one with \"mdmctl pushcert store FILE...\""
    };

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        mdmctl_add_page(&s, MDMCTL_PUSH_PAGE);
        rc = mdmctl_pages(&s, &pages);
    }

    return mdmctl_session_close(&s, rc);
}


int
mdmctl_push_show(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_session_t  s;

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_push_topic(&s, options->words[0]);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_push_stops(&s, options->words[0]);
    }

    return mdmctl_session_close(&s, rc);
}


/* All that is known of it; a member that is an object has a line for each of
 * its own. */

static int
mdmctl_push_topic(mdmctl_session_t *s, const char *topic)
{
    int        known;
    PGresult  *res;

    static const char *const  columns[] = {
        "name=NAME", "value=VALUE", NULL
    };

    mdmctl_params_begin(s);
    mdmctl_add(&s->params, topic);

    res = mdmctl_query(s->db,
                       "SELECT concat_ws(' ', v.key, o.key) AS name,"
                       "       coalesce(o.value, v.value #>> '{}') AS value"
                       "  FROM " MDMCTL_SCHEMA ".push_topics($1::bigint,"
                       "       left($2, -1), 1000) t"
                       " CROSS JOIN json_each(t.item) v"
                       "  LEFT JOIN json_each_text("
                       "       CASE json_typeof(v.value) WHEN 'object'"
                       "       THEN v.value END) o ON true"
                       " WHERE t.cursor = $2"
                       "   AND (o.key IS NOT NULL"
                       "        OR json_typeof(v.value) <> 'object')",
                       &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    known = PQntuples(res) > 0;

    if (known) {
        mdmctl_table(&s->arena, res, columns, "");
    }

    PQclear(res);

    return known ? MDMCTL_OK
                 : mdmctl_error("there is no topic \"%s\"; \"mdmctl push\" "
                                "shows them", topic);
}


static int
mdmctl_push_stops(mdmctl_session_t *s, const char *topic)
{
    static const char *const  columns[] = {
        "channel=STOPPED", "reason=REASON", "at=SINCE", "probe_at=PROBED", NULL
    };

    static const mdmctl_pages_t  pages = {
        "SELECT i.*, i.id AS channel, t.cursor"
        "  FROM " MDMCTL_SCHEMA ".push_stops($1::bigint, $4, $2, $3::int) t,"
        "       json_to_record(t.item) AS i (id text, reason text, at text,"
        "       probe_at text)"
        " WHERE t.n > 0",
        columns, "channel", "none of its devices is stopped"
    };

    putchar('\n');

    mdmctl_params_begin(s);
    mdmctl_add_page(s, MDMCTL_PUSH_PAGE);
    mdmctl_add(&s->params, topic);

    return mdmctl_pages(s, &pages);
}


/* A topic with all that is stopped of it, or some channels. */

int
mdmctl_push_resume(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_push_t     push;
    mdmctl_session_t  s;

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_push_read(&s, &push, options->words + 1,
                              options->nwords - 1);
    }

    if (rc == MDMCTL_OK) {
        mdmctl_add_who(&s);
        mdmctl_add(&s.params, options->words[0]);
        mdmctl_push_add(&s, &push);
        rc = mdmctl_push_resumed(&s, options->words[0]);
    }

    return mdmctl_session_close(&s, rc);
}


static int
mdmctl_push_read(mdmctl_session_t *s, mdmctl_push_t *push, char **written,
    unsigned n)
{
    unsigned     i;
    mdm_str_t    text, device_id, user_id;
    mdm_fault_t  fault;

    push->n = n;
    push->written = written;

    for (i = 0; i < n; i++) {
        text.data = (const unsigned char *) written[i];
        text.len = strlen(written[i]);

        if (mdm_enrollment_id_parse(&s->arena, text, &device_id, &user_id,
                                    &fault)
            != MDM_OK)
        {
            return mdmctl_error("\"%s\": %s", written[i], fault.text);
        }

        push->device_ids[i] = (const char *) device_id.data;
        push->user_ids[i] = (const char *) user_id.data;
        push->told[i] = false;
    }

    return MDMCTL_OK;
}


/* Two arrays, or twice NULL for none. */

static void
mdmctl_push_add(mdmctl_session_t *s, const mdmctl_push_t *push)
{
    if (push->n == 0) {
        mdmctl_add(&s->params, NULL);
        mdmctl_add(&s->params, NULL);
        return;
    }

    mdmctl_add_array(&s->arena, &s->params, push->device_ids, push->n);
    mdmctl_add_array(&s->arena, &s->params, push->user_ids, push->n);
}


static int
mdmctl_push_resumed(mdmctl_session_t *s, const char *topic)
{
    int        rc;
    PGresult  *res;

    res = mdmctl_query(s->db, "SELECT * FROM " MDMCTL_SCHEMA
                              ".push_resume($1::bigint, $2, $3, $4,"
                              " $5::text[], $6::text[])", &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rc = MDMCTL_OK;

    if (strcmp(mdmctl_value(res, 0, "outcome"), "unknown") == 0) {
        rc = mdmctl_error("there is no topic \"%s\"; \"mdmctl push\" shows "
                          "them", topic);
    } else {
        printf("the push is resumed of %s that had been stopped\n",
               mdmctl_value(res, 0, "resumed"));
    }

    PQclear(res);

    return rc;
}


int
mdmctl_push_send(mdmctl_options_t *options)
{
    int               rc;
    char             *at;
    mdmctl_push_t     push;
    mdmctl_session_t  s;

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_push_read(&s, &push, options->words, options->nwords);
    }

    if (rc == MDMCTL_OK) {
        mdmctl_add_who(&s);
        mdmctl_push_add(&s, &push);
        rc = mdmctl_push_ask(&s, &push, &at);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_push_wait(&s, &push, at);
    }

    return mdmctl_session_close(&s, rc);
}


/* Tells what those lack that are not pushed. */

static int
mdmctl_push_ask(mdmctl_session_t *s, mdmctl_push_t *push, char **at)
{
    int          rc, row, n;
    PGresult    *res;
    const char  *outcome;

    res = mdmctl_query(s->db, "SELECT * FROM " MDMCTL_SCHEMA
                              ".push_ask($1::bigint, $2, $3, $4::text[],"
                              " $5::text[])", &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rc = MDMCTL_OK;
    *at = mdmctl_printf(&s->arena, "%s", mdmctl_value(res, 0, "at"));

    for (row = 1; row < PQntuples(res); row++) {
        n = atoi(mdmctl_value(res, row, "n"));
        outcome = mdmctl_value(res, row, "outcome");

        if (strcmp(outcome, "ok") != 0) {
            printf("%s: %s\n", push->written[n - 1],
                   mdmctl_push_lacks(outcome));
            push->told[n - 1] = true;
        }
    }

    if (strcmp(mdmctl_value(res, 0, "pushing"), "t") != 0) {
        rc = mdmctl_error("no node pushes: \"mdm_apns\" is configured "
                          "nowhere, or its nginx does not run");
    }

    PQclear(res);

    return rc;
}


static const char *
mdmctl_push_lacks(const char *outcome)
{
    if (strcmp(outcome, "unknown") == 0) {
        return "no such enrolment";
    }

    if (strcmp(outcome, "pending") == 0) {
        return "the device is still enrolling";
    }

    return strcmp(outcome, "closed") == 0
           ? "the enrolment is closed"
           : "there is no push certificate for its topic";
}


/* Fails when anybody was not pushed. */

static int
mdmctl_push_wait(mdmctl_session_t *s, mdmctl_push_t *push, const char *at)
{
    int       rc, found;
    bool      more;
    unsigned  i;

    rc = MDMCTL_OK;
    more = false;

    for (i = 0; i < push->n; i++) {
        more = more || !push->told[i];
        rc = push->told[i] ? MDMCTL_FAILED : rc;
    }

    mdmctl_params_begin(s);
    mdmctl_push_add(s, push);
    mdmctl_add(&s->params, at);

    for (i = 1; more && i <= MDMCTL_PUSH_LOOKS; i++) {
        mdmctl_push_pause();
        found = mdmctl_push_look(s, push, i == MDMCTL_PUSH_LOOKS, &more);
        rc = found != MDMCTL_OK ? found : rc;
    }

    return rc;
}


static void
mdmctl_push_pause(void)
{
    struct timespec  gap;

    gap.tv_sec = 0;
    gap.tv_nsec = MDMCTL_PUSH_GAP * 1000000L;

    nanosleep(&gap, NULL);
}


static int
mdmctl_push_look(mdmctl_session_t *s, mdmctl_push_t *push, bool last,
    bool *more)
{
    int        rc, row;
    PGresult  *res;
    unsigned   i;

    res = mdmctl_query(s->db, "SELECT * FROM " MDMCTL_SCHEMA
                              ".push_results($1::bigint, $2::text[],"
                              " $3::text[], $4)", &s->params);
    if (res == NULL) {
        *more = false;
        return MDMCTL_FAILED;
    }

    rc = MDMCTL_OK;

    for (row = 0; row < PQntuples(res); row++) {
        if (mdmctl_push_tell(push, res, row, last) != MDMCTL_OK) {
            rc = MDMCTL_FAILED;
        }
    }

    PQclear(res);

    for (i = 0, *more = false; i < push->n; i++) {
        *more = *more || !push->told[i];
    }

    return rc;
}


/* Each one once: when it is known, or at last. */

static int
mdmctl_push_tell(mdmctl_push_t *push, PGresult *res, int row, bool last)
{
    int          n;
    const char  *state, *error;

    n = atoi(mdmctl_value(res, row, "n")) - 1;
    state = mdmctl_value(res, row, "state");
    error = mdmctl_value(res, row, "error");

    if (push->told[n] || (strcmp(state, "waiting") == 0 && !last)) {
        return MDMCTL_OK;
    }

    push->told[n] = true;

    if (strcmp(state, "accepted") == 0) {
        printf("%s: accepted by Apple as %s\n", push->written[n],
               mdmctl_value(res, row, "apns_id"));
        return MDMCTL_OK;
    }

    if (strcmp(state, "came") == 0) {
        printf("%s: came before it was pushed\n", push->written[n]);
        return MDMCTL_OK;
    }

    printf("%s: %s\n", push->written[n],
           *error != '\0' ? error : "Apple has not answered yet; the push "
                                    "goes on by itself");

    return MDMCTL_FAILED;
}
