
/* Devices and users: finding them, looking into one, ending one, and revoking
 * what it shows. */


#include "mdmctl.h"


#define MDMCTL_DEVICES_PAGE    500
#define MDMCTL_ATTRIBUTES_MAX  8
#define MDMCTL_FILTER_MAX      512
#define MDMCTL_PART_COLUMNS    8

#define MDMCTL_PAIRS  "SELECT * FROM json_each_text($1::json)"
#define MDMCTL_ROWS   "SELECT * FROM json_to_recordset($1::json) AS t "


/* One of what enrollment_show() tells in JSON. */

typedef struct {
    const char           *column;
    const char           *title;
    const char           *sql;            /* its rows, from "$1" */
    const char           *columns[MDMCTL_PART_COLUMNS];
} mdmctl_device_part_t;


static int mdmctl_devices_check(const mdmctl_options_t *options);
static int mdmctl_devices_text(const char *name, const char *value);
static int mdmctl_devices_attribute(const char *word);
static void mdmctl_devices_filters(mdmctl_session_t *s,
    const mdmctl_options_t *options);
static void mdmctl_devices_time(mdmctl_session_t *s, const char *name,
    const char *value);
static int mdmctl_device_show(mdmctl_session_t *s, const char *written);
static int mdmctl_device_part(mdmctl_session_t *s,
    const mdmctl_device_part_t *part, const char *json);
static int mdmctl_why_show(mdmctl_session_t *s, const char *written);


static const mdmctl_device_part_t  mdmctl_device_parts[] = {
    { "item", NULL,
      MDMCTL_PAIRS " WHERE key NOT IN ('device_id', 'user_id')",
      { "key=NAME", "value=VALUE" } },

    { "users", "Users",
      "SELECT * FROM json_array_elements_text($1::json)",
      { "value=ID" } },

    { "attributes", "Attributes",
      MDMCTL_PAIRS, { "key=NAME", "value=VALUE" } },

    { "push", "Push",
      MDMCTL_PAIRS, { "key=NAME", "value=VALUE" } },

    { "generations", "Generations",
      MDMCTL_ROWS "(generation text, state text, enrolled_at text,"
      " token_updates text, pending_since text, closed_at text,"
      " close_reason text)",
      { "generation=GENERATION", "state=STATE", "enrolled_at=ENROLLED",
        "token_updates=TOKEN UPDATES", "pending_since=PENDING SINCE",
        "closed_at=CLOSED", "close_reason=WHY" } },

    { "certificates", "Certificates",
      MDMCTL_ROWS "(fingerprint text, state text, subject text, serial text,"
      " not_after text, bound_at text, retired_at text)",
      { "fingerprint=FINGERPRINT", "state=STATE", "subject=SUBJECT",
        "serial=SERIAL", "not_after=VALID UNTIL", "bound_at=BOUND",
        "retired_at=RETIRED" } },

    { "commands", "Commands that wait",
      MDMCTL_PAIRS, { "key=STATE", "value=COMMANDS" } },

    { "secrets", "Secrets in escrow",
      MDMCTL_ROWS "(kind text, created_at text)",
      { "kind=KIND", "created_at=SINCE" } },

    { NULL, NULL, NULL, { NULL } }
};


int
mdmctl_devices(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_session_t  s;

    static const char *const  columns[] = {
        "id=ID", "channel=CHANNEL", "ownership=OWNER",
        "supervision=SUPERVISED", "state=STATE", "serial=SERIAL",
        "os_version=OS", "seen_at=LAST SEEN", NULL
    };

    static mdmctl_pages_t  pages = {
        "SELECT *, CASE WHEN supervised THEN 'yes'"
        " WHEN NOT supervised THEN 'no' END AS supervision"
        "  FROM " MDMCTL_SCHEMA ".enrollments($1::bigint, $2, $3::int, $4, $5,"
        " $6, $7::boolean, $8::bigint, $9::bigint, $10, $11, $12::text[],"
        " $13::text[])",
        columns, "device_id", "nothing is enrolled yet"
    };

    rc = mdmctl_devices_check(options);
    if (rc != MDMCTL_OK) {
        return rc;
    }

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        mdmctl_add_page(&s, MDMCTL_DEVICES_PAGE);
        mdmctl_devices_filters(&s, options);

        if (mdmctl_option_stray(options, "t") != NULL) {
            pages.none = "nothing fits";
        }

        rc = mdmctl_pages(&s, &pages);
    }

    return mdmctl_session_close(&s, rc);
}


/* A filter that cannot be read is refused, for to pass it over would show more
 * than was asked for. */

static int
mdmctl_devices_check(const mdmctl_options_t *options)
{
    int64_t   micros;
    unsigned  i;

    if (mdmctl_option_word("kind", options->kind, "device user shared_user "
                           "enrollment enrollment_user") != MDMCTL_OK
        || mdmctl_option_word("ownership", options->ownership,
                              "organization shared user") != MDMCTL_OK
        || mdmctl_option_word("state", options->state,
                              "pending live closed ended") != MDMCTL_OK
        || mdmctl_option_word("supervised", options->supervised, "true false")
           != MDMCTL_OK
        || mdmctl_devices_text("user", options->user) != MDMCTL_OK
        || mdmctl_devices_text("serial", options->serial) != MDMCTL_OK
        || mdmctl_option_time("seen-after", options->seen_after, &micros)
           != MDMCTL_OK
        || mdmctl_option_time("seen-before", options->seen_before, &micros)
           != MDMCTL_OK)
    {
        return MDMCTL_USAGE;
    }

    if (options->attributes.n > MDMCTL_ATTRIBUTES_MAX) {
        mdmctl_error("--attribute is given more than %d times",
                     MDMCTL_ATTRIBUTES_MAX);
        return MDMCTL_USAGE;
    }

    for (i = 0; i < options->attributes.n; i++) {
        if (mdmctl_devices_attribute(options->attributes.words[i])
            != MDMCTL_OK)
        {
            return MDMCTL_USAGE;
        }
    }

    return MDMCTL_OK;
}


static int
mdmctl_devices_text(const char *name, const char *value)
{
    if (value == NULL
        || (*value != '\0' && strlen(value) <= MDMCTL_FILTER_MAX))
    {
        return MDMCTL_OK;
    }

    mdmctl_error("--%s is text of 1 to %d bytes", name, MDMCTL_FILTER_MAX);

    return MDMCTL_USAGE;
}


/* NAME=VALUE */

static int
mdmctl_devices_attribute(const char *word)
{
    size_t  len;

    len = strcspn(word, "=");

    if (len > 0 && len <= MDMCTL_FILTER_MAX && word[len] == '='
        && word[len + 1] != '\0'
        && strlen(word + len + 1) <= MDMCTL_FILTER_MAX)
    {
        return MDMCTL_OK;
    }

    mdmctl_error("--attribute is NAME=VALUE, 1 to %d bytes each",
                 MDMCTL_FILTER_MAX);

    return MDMCTL_USAGE;
}


static void
mdmctl_devices_filters(mdmctl_session_t *s, const mdmctl_options_t *options)
{
    unsigned     i;
    const char  *word, *equals;
    const char  *names[MDMCTL_ATTRIBUTES_MAX], *values[MDMCTL_ATTRIBUTES_MAX];

    mdmctl_add(&s->params, options->kind);
    mdmctl_add(&s->params, options->ownership);
    mdmctl_add(&s->params, options->state);
    mdmctl_add(&s->params, options->supervised);
    mdmctl_devices_time(s, "seen-after", options->seen_after);
    mdmctl_devices_time(s, "seen-before", options->seen_before);
    mdmctl_add(&s->params, options->user);
    mdmctl_add(&s->params, options->serial);

    for (i = 0; i < options->attributes.n; i++) {
        word = options->attributes.words[i];
        equals = strchr(word, '=');
        names[i] = mdmctl_printf(&s->arena, "%.*s", (int) (equals - word),
                                 word);
        values[i] = equals + 1;
    }

    mdmctl_add_array(&s->arena, &s->params, names, i);
    mdmctl_add_array(&s->arena, &s->params, values, i);
}


static void
mdmctl_devices_time(mdmctl_session_t *s, const char *name, const char *value)
{
    int64_t  micros;

    if (value == NULL
        || mdmctl_option_time(name, value, &micros) != MDMCTL_OK)
    {
        mdmctl_add(&s->params, NULL);
        return;
    }

    mdmctl_add_int(&s->arena, &s->params, micros);
}


int
mdmctl_device(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_session_t  s;

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_device_show(&s, options->words[0]);
    }

    return mdmctl_session_close(&s, rc);
}


static int
mdmctl_device_show(mdmctl_session_t *s, const char *written)
{
    int                          rc;
    PGresult                    *res;
    const mdmctl_device_part_t  *part;

    if (mdmctl_add_channel(s, written) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    res = mdmctl_query(s->db, "SELECT * FROM " MDMCTL_SCHEMA
                              ".enrollment_show($1::bigint, $2, $3)",
                       &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    if (PQntuples(res) == 0) {
        PQclear(res);
        return mdmctl_unknown_enrollment(written);
    }

    rc = MDMCTL_OK;

    for (part = mdmctl_device_parts; rc == MDMCTL_OK && part->column; part++) {
        rc = mdmctl_device_part(s, part, mdmctl_value(res, 0, part->column));
    }

    PQclear(res);

    return rc;
}


/* A part as a table under its title; nothing when it is empty. */

static int
mdmctl_device_part(mdmctl_session_t *s, const mdmctl_device_part_t *part,
    const char *json)
{
    PGresult         *res;
    mdmctl_params_t   params;

    if (*json == '\0') {
        return MDMCTL_OK;
    }

    params.n = 0;
    mdmctl_add(&params, json);

    res = mdmctl_query(s->db, part->sql, &params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    if (PQntuples(res) > 0) {
        if (part->title != NULL) {
            printf("\n%s:\n", part->title);
        }

        mdmctl_table(&s->arena, res, part->columns, "");
    }

    PQclear(res);

    return MDMCTL_OK;
}


int
mdmctl_why(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_session_t  s;

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_why_show(&s, options->words[0]);
    }

    return mdmctl_session_close(&s, rc);
}


static int
mdmctl_why_show(mdmctl_session_t *s, const char *written)
{
    int        row;
    PGresult  *res;

    if (mdmctl_add_channel(s, written) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    res = mdmctl_query(s->db,
                       "SELECT a.*, w.state"
                       "  FROM " MDMCTL_SCHEMA
                       ".enrollment_why($1::bigint, $2, $3) AS w,"
                       " json_to_recordset(w.answers) AS a (code text,"
                       " since text, command_uuid text, means text, next text)",
                       &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    if (PQntuples(res) == 0) {
        PQclear(res);
        return mdmctl_unknown_enrollment(written);
    }

    printf("%s is %s\n", written, mdmctl_value(res, 0, "state"));

    for (row = 0; row < PQntuples(res); row++) {
        printf("\n%s", mdmctl_value(res, row, "code"));

        if (*mdmctl_value(res, row, "since") != '\0') {
            printf(", since %s", mdmctl_value(res, row, "since"));
        }

        if (*mdmctl_value(res, row, "command_uuid") != '\0') {
            printf(", command %s", mdmctl_value(res, row, "command_uuid"));
        }

        printf("\n  %s\n  %s\n", mdmctl_value(res, row, "means"),
               mdmctl_value(res, row, "next"));
    }

    PQclear(res);

    return MDMCTL_OK;
}
