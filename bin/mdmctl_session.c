
/* What the commands about one tenant share: the connection, who is meant, and
 * lists that are shown page by page. */


#include "mdm_enrollment_id.h"
#include "mdmctl.h"


static int mdmctl_page(mdmctl_session_t *s, mdm_arena_t *arena,
    const mdmctl_pages_t *pages, size_t *width, bool *more);


int
mdmctl_session_open(mdmctl_session_t *s, const mdmctl_options_t *options)
{
    memset(s, 0, sizeof(mdmctl_session_t));
    mdm_arena_init(&s->arena);

    s->db = mdmctl_connect_prepared(options);

    if (s->db == NULL
        || mdmctl_tenant_id(s->db, options, &s->tenant_id) != MDMCTL_OK)
    {
        return MDMCTL_FAILED;
    }

    mdmctl_params_begin(s);

    return MDMCTL_OK;
}


int
mdmctl_session_close(mdmctl_session_t *s, int rc)
{
    PQfinish(s->db);
    mdm_arena_free(&s->arena);

    return rc;
}


void
mdmctl_params_begin(mdmctl_session_t *s)
{
    s->params.n = 0;
    mdmctl_add_int(&s->arena, &s->params, s->tenant_id);
}


void
mdmctl_add_who(mdmctl_session_t *s)
{
    mdmctl_add(&s->params, "mdmctl");
    mdmctl_add(&s->params, "");
}


int
mdmctl_add_channel(mdmctl_session_t *s, const char *written)
{
    mdm_str_t    text, device_id, user_id;
    mdm_fault_t  fault;

    text.data = (const unsigned char *) written;
    text.len = strlen(written);

    if (mdm_enrollment_id_parse(&s->arena, text, &device_id, &user_id, &fault)
        != MDM_OK)
    {
        return mdmctl_error("\"%s\": %s", written, fault.text);
    }

    mdmctl_add(&s->params, (const char *) device_id.data);
    mdmctl_add(&s->params, (const char *) user_id.data);

    return MDMCTL_OK;
}


int
mdmctl_add_enrollment(mdmctl_session_t *s, const char *written)
{
    int               known;
    PGresult         *res;
    mdmctl_params_t   params;

    if (mdmctl_add_channel(s, written) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    params.n = 0;
    mdmctl_add(&params, s->params.values[0]);
    mdmctl_add(&params, s->params.values[s->params.n - 2]);
    mdmctl_add(&params, s->params.values[s->params.n - 1]);

    res = mdmctl_query(s->db, "SELECT " MDMCTL_SCHEMA
                              ".enrollment_known($1::bigint, $2, $3)",
                       &params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    known = strcmp(PQgetvalue(res, 0, 0), "t") == 0;
    PQclear(res);

    return known ? MDMCTL_OK : mdmctl_unknown_enrollment(written);
}


int
mdmctl_unknown_enrollment(const char *written)
{
    return mdmctl_error("there is no enrolment \"%s\"; \"mdmctl devices\" "
                        "shows them", written);
}


int
mdmctl_unknown_command(const char *command_uuid)
{
    return mdmctl_error("there is no command \"%s\"; \"mdmctl queue ID\" "
                        "shows those of a device", command_uuid);
}


void
mdmctl_add_page(mdmctl_session_t *s, int limit)
{
    mdmctl_add(&s->params, "");
    mdmctl_add_int(&s->arena, &s->params, limit);
}


int
mdmctl_pages(mdmctl_session_t *s, const mdmctl_pages_t *pages)
{
    int           rc;
    bool          more;
    size_t        width[MDMCTL_MAX_PARAMS];
    mdm_arena_t   arena;

    memset(width, 0, sizeof(width));

    do {
        mdm_arena_init(&arena);
        rc = mdmctl_page(s, &arena, pages, width, &more);
        mdm_arena_free(&arena);

    } while (rc == MDMCTL_OK && more);

    if (rc == MDMCTL_OK && width[0] == 0) {
        puts(pages->none);
    }

    return rc;
}


/* A full page has more behind it, and so has one whose last row is none. */

static int
mdmctl_page(mdmctl_session_t *s, mdm_arena_t *arena,
    const mdmctl_pages_t *pages, size_t *width, bool *more)
{
    int        n, rows;
    PGresult  *res;

    res = mdmctl_query(s->db, pages->sql, &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    n = rows = PQntuples(res);

    if (n > 0 && PQgetisnull(res, n - 1, PQfnumber(res, pages->key))) {
        rows--;
    }

    if (rows > 0) {
        mdmctl_table_part(arena, res, rows, pages->columns, width);
    }

    *more = n > 0 && (rows < n || n == atoi(s->params.values[2]));

    if (*more) {
        s->params.values[1] = mdmctl_printf(&s->arena, "%s",
                                            mdmctl_value(res, n - 1,
                                                         "cursor"));
    }

    PQclear(res);

    return MDMCTL_OK;
}
