
/* The connection, parameters and rows.  Knows no command. */


#include "mdm_enrollment_id.h"
#include "mdmctl.h"


static void mdmctl_notice(void *data, const char *message);
static const char *mdmctl_cell(mdm_arena_t *arena, PGresult *res, int row,
    const char *column);
static const char *mdmctl_clean(mdm_arena_t *arena, const char *text);
static size_t mdmctl_width(const char *text);


PGconn *
mdmctl_connect(const mdmctl_options_t *options)
{
    PGconn      *db;
    const char  *keywords[3], *values[3];

    if (options->database == NULL || *options->database == '\0') {
        mdmctl_error("no database given: write --database "
                     "\"host=/run/postgresql dbname=mdm\" or set "
                     "MDM_DATABASE");
        return NULL;
    }

    keywords[0] = "dbname";
    values[0] = options->database;
    keywords[1] = "fallback_application_name";
    values[1] = "mdmctl";
    keywords[2] = NULL;
    values[2] = NULL;

    db = PQconnectdbParams(keywords, values, 1);

    if (PQstatus(db) != CONNECTION_OK) {
        mdmctl_error("cannot connect to the database: %s",
                     PQerrorMessage(db));
        PQfinish(db);
        return NULL;
    }

    PQsetNoticeProcessor(db, mdmctl_notice, NULL);

    /* who has more rights than others must not call what they may have laid
     * into "public" */

    if (mdmctl_do(db, "SET search_path = pg_catalog") != MDMCTL_OK) {
        PQfinish(db);
        return NULL;
    }

    if (PQserverVersion(db) < 150000) {
        mdmctl_error("PostgreSQL %d is too old: 15 or later is needed",
                     PQserverVersion(db) / 10000);
        PQfinish(db);
        return NULL;
    }

    return db;
}


/* Notices ("already exists, skipping") are of no use to an operator. */

static void
mdmctl_notice(void *data, const char *message)
{
    if (strncmp(message, "WARNING", 7) == 0) {
        mdmctl_error("%s", message);
    }
}


PGconn *
mdmctl_connect_prepared(const mdmctl_options_t *options)
{
    PGconn    *db;
    PGresult  *res;

    db = mdmctl_connect(options);
    if (db == NULL) {
        return NULL;
    }

    res = mdmctl_query(db,
                       "SELECT to_regnamespace('" MDMCTL_SCHEMA "') IS NULL,"
                       "       to_regnamespace('mdm') IS NULL", NULL);

    if (res == NULL) {
        PQfinish(db);
        return NULL;
    }

    if (strcmp(PQgetvalue(res, 0, 0), "t") == 0) {
        mdmctl_error(strcmp(PQgetvalue(res, 0, 1), "t") == 0
                     ? "this database is not prepared: run \"mdmctl migrate\""
                     : "this database has no functions of revision "
                       MDMCTL_TEXT_OF(MDM_REVISION)
                       ": run \"mdmctl migrate\" of this version");
        PQclear(res);
        PQfinish(db);
        return NULL;
    }

    PQclear(res);

    if (mdmctl_do(db, "SET ROLE mdm_owner") != MDMCTL_OK) {
        mdmctl_error("connect as a superuser or as a member of mdm_owner");
        PQfinish(db);
        return NULL;
    }

    return db;
}


void
mdmctl_add(mdmctl_params_t *params, const char *value)
{
    params->values[params->n++] = value;
}


void
mdmctl_add_int(mdm_arena_t *arena, mdmctl_params_t *params, long long value)
{
    mdmctl_add(params, mdmctl_printf(arena, "%lld", value));
}


void
mdmctl_add_bytes(mdm_arena_t *arena, mdmctl_params_t *params, mdm_str_t value)
{
    mdmctl_add(params, mdmctl_printf(arena, "\\x%s",
                                     mdmctl_hex(arena, value)));
}


void
mdmctl_add_array(mdm_arena_t *arena, mdmctl_params_t *params,
    const char *const *words, unsigned n)
{
    char        *text, *p;
    size_t       len;
    unsigned     i;
    const char  *c;

    len = sizeof("{}");

    for (i = 0; i < n; i++) {
        len += 2 * strlen(words[i]) + sizeof("\"\",");
    }

    p = text = mdmctl_printf(arena, "%*s", (int) len, "");

    *p++ = '{';

    for (i = 0; i < n; i++) {
        if (i > 0) {
            *p++ = ',';
        }

        *p++ = '"';

        for (c = words[i]; *c != '\0'; c++) {
            if (*c == '"' || *c == '\\') {
                *p++ = '\\';
            }

            *p++ = *c;
        }

        *p++ = '"';
    }

    *p++ = '}';
    *p = '\0';

    mdmctl_add(params, text);
}


PGresult *
mdmctl_query(PGconn *db, const char *sql, const mdmctl_params_t *params)
{
    PGresult        *res;
    ExecStatusType   status;

    res = PQexecParams(db, sql, params ? params->n : 0, NULL,
                       params ? params->values : NULL, NULL, NULL, 0);

    status = PQresultStatus(res);

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        return res;
    }

    mdmctl_error("%s", PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) != NULL
                       ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY)
                       : PQerrorMessage(db));
    PQclear(res);

    return NULL;
}


int
mdmctl_do(PGconn *db, const char *sql)
{
    PGresult  *res;

    res = mdmctl_query(db, sql, NULL);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    PQclear(res);

    return MDMCTL_OK;
}


mdm_str_t
mdmctl_bytes(mdm_arena_t *arena, PGresult *res, int row, int column)
{
    size_t          len;
    mdm_str_t       bytes;
    unsigned char  *data;

    if (PQgetisnull(res, row, column)) {
        return mdm_null_str;
    }

    data = PQunescapeBytea((unsigned char *) PQgetvalue(res, row, column),
                           &len);
    if (data == NULL) {
        return mdm_null_str;
    }

    bytes = mdm_arena_str(arena, data, len);
    PQfreemem(data);

    return bytes;
}


const char *
mdmctl_value(PGresult *res, int row, const char *column)
{
    int  n;

    n = PQfnumber(res, column);

    return n == -1 ? "" : PQgetvalue(res, row, n);
}


void
mdmctl_table(mdm_arena_t *arena, PGresult *res, const char *const *columns,
    const char *none)
{
    size_t  width[MDMCTL_MAX_PARAMS];

    if (PQntuples(res) == 0) {
        puts(none);
        return;
    }

    memset(width, 0, sizeof(width));
    mdmctl_table_part(arena, res, PQntuples(res), columns, width);
}


/* The title comes with the first part: no column had a width before. */

void
mdmctl_table_part(mdm_arena_t *arena, PGresult *res, int rows,
    const char *const *columns, size_t *width)
{
    int          row, first;
    unsigned     n, i;
    const char  *value;

    first = width[0] == 0 ? -1 : 0;

    for (n = 0; columns[n] != NULL && n < MDMCTL_MAX_PARAMS; n++) {
        for (row = first; row < rows; row++) {
            value = mdmctl_cell(arena, res, row, columns[n]);

            if (mdmctl_width(value) > width[n]) {
                width[n] = mdmctl_width(value);
            }
        }
    }

    for (row = first; row < rows; row++) {
        for (i = 0; i < n; i++) {
            value = mdmctl_cell(arena, res, row, columns[i]);

            printf("%s%*s", value,
                   i == n - 1 ? 0 : (int) (width[i] - mdmctl_width(value) + 2),
                   "");
        }

        putchar('\n');
    }
}


/* Row -1 is the title.  The column "id" is the written enrolment id. */

static const char *
mdmctl_cell(mdm_arena_t *arena, PGresult *res, int row, const char *column)
{
    char         name[64];
    mdm_str_t    device_id, user_id;
    const char  *title;

    title = strchr(column, '=');

    if (row == -1) {
        return title != NULL ? title + 1 : column;
    }

    if (title != NULL) {
        snprintf(name, sizeof(name), "%.*s", (int) (title - column), column);
        column = name;
    }

    if (strcmp(column, "id") != 0) {
        return mdmctl_clean(arena, mdmctl_value(res, row, column));
    }

    device_id.data = (unsigned char *) mdmctl_value(res, row, "device_id");
    device_id.len = strlen((const char *) device_id.data);
    user_id.data = (unsigned char *) mdmctl_value(res, row, "user_id");
    user_id.len = strlen((const char *) user_id.data);

    return (const char *) mdm_enrollment_id_write(arena, device_id,
                                                  user_id).data;
}


/* Devices choose some of these texts, and a terminal obeys control characters:
 * each is shown as "?".  Those above ASCII are two bytes, from c2 80 on. */

static const char *
mdmctl_clean(mdm_arena_t *arena, const char *text)
{
    char           *copy, *to;
    const char     *p;
    unsigned char   c, next;

    to = copy = mdmctl_printf(arena, "%s", text);

    for (p = text; *p != '\0'; p++) {
        c = (unsigned char) p[0];
        next = (unsigned char) p[1];

        if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
            *to++ = '?';
            p++;

        } else {
            *to++ = c < 0x20 || c == 0x7f ? '?' : *p;
        }
    }

    *to = '\0';

    return copy;
}


/* Characters, not bytes, of UTF-8. */

static size_t
mdmctl_width(const char *text)
{
    size_t  n;

    for (n = 0; *text != '\0'; text++) {
        n += (*text & 0xc0) != 0x80;
    }

    return n;
}


int
mdmctl_tenant_id(PGconn *db, const mdmctl_options_t *options,
    long long *tenant_id)
{
    int               n;
    PGresult         *res;
    mdmctl_params_t   params;

    params.n = 0;
    mdmctl_add(&params, options->tenant);

    res = mdmctl_query(db,
                       "SELECT tenant_id FROM mdm.tenant"
                       " WHERE $1::text IS NULL OR name = $1 LIMIT 2",
                       &params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    n = PQntuples(res);

    if (n == 1) {
        *tenant_id = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    }

    PQclear(res);

    if (n == 1) {
        return MDMCTL_OK;
    }

    if (options->tenant != NULL) {
        return mdmctl_error("there is no tenant \"%s\"; "
                            "\"mdmctl tenant list\" shows them",
                            options->tenant);
    }

    if (n == 0) {
        return mdmctl_error("there is no tenant yet: "
                            "make one with \"mdmctl tenant add NAME\"");
    }

    return mdmctl_error("there are several tenants: say which with --tenant");
}
