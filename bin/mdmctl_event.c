
/*
 * What happened: events as lines of JSON, in the order in which they were
 * committed, with the ids that the API gives them; and the audit.
 */


#include <unistd.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "mdmctl.h"


#define MDMCTL_EVENTS_PAGE  500
#define MDMCTL_AUDIT_PAGE   500
#define MDMCTL_EVENTS_NAME  "events\n"
#define MDMCTL_ID_MAX       255
#define MDMCTL_ID_DIGITS    18        /* all that int8 surely takes */


static int mdmctl_events_types(const mdmctl_list_t *types);
static int mdmctl_events_begin(mdmctl_session_t *s,
    const mdmctl_options_t *options, const char *after);
static int mdmctl_events_page(mdmctl_session_t *s, const char *tenant,
    bool *more);
static int mdmctl_event_write(PGresult *res, int row, const char *tenant);
static const char *mdmctl_tenant_name(mdmctl_session_t *s);
static const char *mdmctl_event_id(mdm_arena_t *arena, const char *cursor);
static const char *mdmctl_event_cursor(mdm_arena_t *arena, const char *id);
static bool mdmctl_event_numbers(const char *text);


int
mdmctl_events(mdmctl_options_t *options)
{
    int                rc;
    bool               more;
    const char        *after, *tenant;
    mdm_arena_t        arena;
    mdmctl_session_t   s;

    if (mdmctl_events_types(&options->types) != MDMCTL_OK) {
        return MDMCTL_USAGE;
    }

    mdm_arena_init(&arena);
    after = mdmctl_event_cursor(&arena, options->after);

    if (after == NULL) {
        mdmctl_error("--after is the id of an event, as \"mdmctl events\" and "
                     "the API write it, or \"now\"");
        mdm_arena_free(&arena);
        return MDMCTL_USAGE;
    }

    rc = mdmctl_session_open(&s, options);
    tenant = NULL;

    if (rc == MDMCTL_OK) {
        tenant = mdmctl_tenant_name(&s);
        rc = tenant != NULL ? mdmctl_events_begin(&s, options, after)
                            : MDMCTL_FAILED;
    }

    while (rc == MDMCTL_OK) {
        rc = mdmctl_events_page(&s, tenant, &more);

        if (rc == MDMCTL_OK && !more) {
            if (!options->follow) {
                break;
            }

            sleep(1);
        }
    }

    mdm_arena_free(&arena);

    return mdmctl_session_close(&s, rc);
}


static int
mdmctl_events_types(const mdmctl_list_t *types)
{
    size_t       len;
    unsigned     i;
    const char  *type;

    for (i = 0; i < types->n; i++) {
        type = types->words[i];
        len = strspn(type, "abcdefghijklmnopqrstuvwxyz_");

        if (len == 0 || type[len] != '\0') {
            mdmctl_error("--type is the type of an event: small letters and "
                         "\"_\"");
            return MDMCTL_USAGE;
        }
    }

    return MDMCTL_OK;
}


/* tenant, after, limit, types, device, user */

static int
mdmctl_events_begin(mdmctl_session_t *s, const mdmctl_options_t *options,
    const char *after)
{
    mdmctl_add(&s->params, mdmctl_printf(&s->arena, "%s", after));
    mdmctl_add_int(&s->arena, &s->params, MDMCTL_EVENTS_PAGE);

    if (options->types.n > 0) {
        mdmctl_add_array(&s->arena, &s->params, options->types.words,
                         options->types.n);
    } else {
        mdmctl_add(&s->params, NULL);
    }

    if (options->device != NULL) {
        return mdmctl_add_enrollment(s, options->device);
    }

    mdmctl_add(&s->params, NULL);
    mdmctl_add(&s->params, NULL);

    return MDMCTL_OK;
}


/* The last row is no event and says where to go on. */

static int
mdmctl_events_page(mdmctl_session_t *s, const char *tenant, bool *more)
{
    int          rc, row, last;
    PGresult    *res;
    static char  after[MDMCTL_ID_MAX + 1];

    res = mdmctl_query(s->db, "SELECT * FROM " MDMCTL_SCHEMA
                              ".events($1::bigint, $2, $3::int, $4::text[],"
                              " $5, $6)", &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rc = MDMCTL_OK;
    last = PQntuples(res) - 1;

    for (row = 0; rc == MDMCTL_OK && row < last; row++) {
        rc = mdmctl_event_write(res, row, tenant);
    }

    snprintf(after, sizeof(after), "%s", mdmctl_value(res, last, "cursor"));
    s->params.values[1] = after;
    *more = strcmp(mdmctl_value(res, last, "more"), "t") == 0;
    PQclear(res);

    if (rc == MDMCTL_OK && fflush(stdout) != 0) {
        rc = mdmctl_error("cannot write standard output");
    }

    return rc;
}


static int
mdmctl_event_write(PGresult *res, int row, const char *tenant)
{
    char         *text;
    json_t       *event;
    mdm_arena_t   arena;

    mdm_arena_init(&arena);

    event = json_pack("{s:s, s:s, s:s, s:s, s:o*}",
                      "id", mdmctl_event_id(&arena,
                                            mdmctl_value(res, row, "cursor")),
                      "type", mdmctl_value(res, row, "type"),
                      "tenant", tenant,
                      "at", mdmctl_value(res, row, "at"),
                      "data", json_loads(mdmctl_value(res, row, "data"),
                                         JSON_DECODE_ANY, NULL));

    if (*mdmctl_value(res, row, "enrollment") != '\0') {
        json_object_set_new(event, "enrollment",
                            json_string(mdmctl_value(res, row,
                                                     "enrollment")));
    }

    text = json_dumps(event, JSON_COMPACT);

    if (text != NULL) {
        puts(text);
    }

    free(text);
    json_decref(event);
    mdm_arena_free(&arena);

    return text != NULL ? MDMCTL_OK : mdmctl_error("an event cannot be written"
                                                   " as JSON");
}


static const char *
mdmctl_tenant_name(mdmctl_session_t *s)
{
    PGresult    *res;
    const char  *name;

    res = mdmctl_query(s->db,
                       "SELECT name FROM mdm.tenant WHERE tenant_id ="
                       " $1::bigint", &s->params);
    if (res == NULL) {
        return NULL;
    }

    name = mdmctl_printf(&s->arena, "%s", mdmctl_value(res, 0, "name"));
    PQclear(res);

    return name;
}


/* A cursor of the database as the API writes it: its list's name before it,
 * in base64url. */

static const char *
mdmctl_event_id(mdm_arena_t *arena, const char *cursor)
{
    int     n;
    char   *plain, *id, *p;
    size_t  len;

    plain = mdmctl_printf(arena, MDMCTL_EVENTS_NAME "%s", cursor);
    len = strlen(plain);
    id = mdmctl_printf(arena, "%*s", (int) (len * 2 + 4), "");

    n = EVP_EncodeBlock((unsigned char *) id, (unsigned char *) plain,
                        (int) len);

    for (p = id; p < id + n; p++) {
        switch (*p) {
        case '+': *p = '-'; break;
        case '/': *p = '_'; break;
        case '=': *p = '\0'; break;
        }
    }

    return id;
}


/* The reverse; "" for none, and NULL when it is no such id. */

static const char *
mdmctl_event_cursor(mdm_arena_t *arena, const char *id)
{
    int     n;
    char   *text, *p;
    size_t  len;

    static unsigned char  plain[MDMCTL_ID_MAX + 1];

    if (id == NULL || strcmp(id, "now") == 0) {
        return id != NULL ? id : "";
    }

    len = strlen(id);

    if (len == 0 || len > MDMCTL_ID_MAX) {
        return NULL;
    }

    text = mdmctl_printf(arena, "%s%.*s", id, (int) (3 - (len + 3) % 4),
                         "===");

    for (p = text; *p != '\0'; p++) {
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    }

    n = EVP_DecodeBlock(plain, (unsigned char *) text, (int) strlen(text));

    /* the padding was decoded as zeros */

    if (n < (int) sizeof(MDMCTL_EVENTS_NAME)
        || memcmp(plain, MDMCTL_EVENTS_NAME, sizeof(MDMCTL_EVENTS_NAME) - 1)
           != 0)
    {
        return NULL;
    }

    plain[n] = '\0';
    p = (char *) plain + sizeof(MDMCTL_EVENTS_NAME) - 1;

    return mdmctl_event_numbers(p) ? p : NULL;
}


/* Three numbers, a line each */

static bool
mdmctl_event_numbers(const char *text)
{
    size_t    len;
    unsigned  i;

    for (i = 0; i < 3; i++) {
        len = strspn(text, "0123456789");

        if (len == 0 || len > MDMCTL_ID_DIGITS
            || text[len] != (i < 2 ? '\n' : '\0'))
        {
            return false;
        }

        text += len + 1;
    }

    return true;
}


int
mdmctl_audit(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_session_t  s;

    static const char *const  columns[] = {
        "at=AT", "actor=WHO", "remote=FROM", "action=ACTION",
        "enrollment=ON", "detail=DETAIL", NULL
    };

    static const mdmctl_pages_t  pages = {
        "SELECT * FROM " MDMCTL_SCHEMA
        ".audit_list($1::bigint, $2, $3::int, $6, $7, $4, $5)",
        columns, "at", "the audit has nothing of this kind"
    };

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        mdmctl_add_page(&s, MDMCTL_AUDIT_PAGE);
        mdmctl_add(&s.params, options->actor);
        mdmctl_add(&s.params, options->action);

        if (options->device != NULL) {
            rc = mdmctl_add_enrollment(&s, options->device);

        } else {
            mdmctl_add(&s.params, NULL);
            mdmctl_add(&s.params, NULL);
        }
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_pages(&s, &pages);
    }

    return mdmctl_session_close(&s, rc);
}
