
/*
 * "mdmctl migrate": brings a database to the state that the SQL files of this
 * version describe, in one transaction under one lock.  A migration that ran
 * never runs again; functions are made anew only when their text changed.
 */


#include <openssl/evp.h>
#include <unistd.h>

#include "mdmctl.h"


#define MDMCTL_SQL_LIMIT   (4 * 1024 * 1024)

/* pg_advisory_xact_lock(): "mdm" and "migr" in ASCII */
#define MDMCTL_LOCK        "SELECT pg_advisory_xact_lock(7169133, 1835624306)"


typedef struct {
    mdm_arena_t           arena;
    PGconn               *db;
    const char           *dir;
    unsigned              done;           /* things that changed */
} mdmctl_migration_t;


static const char *mdmctl_sql_dir(const mdmctl_options_t *options,
    mdm_arena_t *arena);
static int mdmctl_migrate_all(mdmctl_migration_t *m,
    const mdm_secret_ring_t *ring);
static int mdmctl_migrate_tables(mdmctl_migration_t *m);
static int mdmctl_migrate_one(mdmctl_migration_t *m, const char *file,
    int version);
static int mdmctl_migrate_record(mdmctl_migration_t *m, const char *file,
    int version, const char *text);
static int mdmctl_migrate_is_applied(mdmctl_migration_t *m, int version);
static int mdmctl_migrate_functions(mdmctl_migration_t *m);
static int mdmctl_migrate_digest(mdmctl_migration_t *m, char **files,
    unsigned n, char **digest);
static int mdmctl_migrate_has_digest(mdmctl_migration_t *m,
    const char *digest);
static int mdmctl_migrate_key(mdmctl_migration_t *m,
    const mdm_secret_ring_t *ring);
static int mdmctl_sql_text(mdmctl_migration_t *m, const char *file,
    char **text);
static int mdmctl_sql_file(mdmctl_migration_t *m, const char *file);
static void mdmctl_sql_error(mdmctl_migration_t *m, const char *file,
    const char *text, PGresult *res);
static int mdmctl_line(const char *text, int position);


int
mdmctl_migrate(mdmctl_options_t *options)
{
    int                 rc;
    mdm_secret_ring_t   ring;
    mdmctl_migration_t  m;

    memset(&m, 0, sizeof(m));
    mdm_arena_init(&m.arena);

    rc = mdmctl_keys(options, &ring);
    m.dir = mdmctl_sql_dir(options, &m.arena);
    m.db = rc == MDMCTL_OK ? mdmctl_connect(options) : NULL;

    if (m.db != NULL) {
        rc = mdmctl_migrate_all(&m, &ring);
        PQfinish(m.db);

    } else {
        rc = MDMCTL_FAILED;
    }

    if (rc == MDMCTL_OK && m.done == 0) {
        puts("nothing to do: the database is up to date");
    }

    mdm_secret_ring_wipe(&ring);
    mdm_arena_free(&m.arena);

    return rc;
}


/* --sql, or sql/ beside the build directory that we run from, or the place
 * where "make install" puts the files. */

static const char *
mdmctl_sql_dir(const mdmctl_options_t *options, mdm_arena_t *arena)
{
    char     path[4096], *slash, *dir;
    ssize_t  n;

    if (options->sql != NULL) {
        return options->sql;
    }

    n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (n > 0) {
        path[n] = '\0';
        slash = strrchr(path, '/');
        *slash = '\0';

        dir = mdmctl_printf(arena, "%s/../sql", path);

        if (access(mdmctl_printf(arena, "%s/roles.sql", dir), R_OK) == 0) {
            return dir;
        }
    }

    return MDM_SQL_DIR;
}


static int
mdmctl_migrate_all(mdmctl_migration_t *m, const mdm_secret_ring_t *ring)
{
    int  rc;

    if (mdmctl_do(m->db, "BEGIN") != MDMCTL_OK
        || mdmctl_do(m->db, MDMCTL_LOCK) != MDMCTL_OK)
    {
        return MDMCTL_FAILED;
    }

    rc = mdmctl_sql_file(m, "roles.sql");

    if (rc == MDMCTL_OK) {
        rc = mdmctl_migrate_tables(m);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_migrate_functions(m);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_migrate_key(m, ring);
    }

    if (rc != MDMCTL_OK) {
        mdmctl_error("nothing was changed");
        return rc;
    }

    return mdmctl_do(m->db, "COMMIT");
}


static int
mdmctl_migrate_tables(mdmctl_migration_t *m)
{
    int        version;
    char     **files;
    unsigned   i, n;

    if (mdmctl_do(m->db, "SET LOCAL ROLE mdm_owner") != MDMCTL_OK
        || mdmctl_do(m->db, "SET LOCAL search_path = mdm, pg_catalog")
           != MDMCTL_OK
        || mdmctl_list_dir(&m->arena,
                           mdmctl_printf(&m->arena, "%s/migrations", m->dir),
                           "[0-9][0-9][0-9][0-9]_*.sql", &files, &n)
           != MDMCTL_OK)
    {
        return MDMCTL_FAILED;
    }

    if (n == 0) {
        return mdmctl_error("there are no migrations in \"%s/migrations\"",
                            m->dir);
    }

    for (i = 0; i < n; i++) {
        version = atoi(files[i]);

        if (i > 0 && version == atoi(files[i - 1])) {
            return mdmctl_error("two migrations have the number %04d", version);
        }

        switch (mdmctl_migrate_is_applied(m, version)) {

        case 0:
            if (mdmctl_migrate_one(m, files[i], version) != MDMCTL_OK) {
                return MDMCTL_FAILED;
            }
            break;

        case -1:
            return MDMCTL_FAILED;
        }
    }

    return MDMCTL_OK;
}


/* 1: applied, 0: not yet, -1: said why that is not known. */

static int
mdmctl_migrate_is_applied(mdmctl_migration_t *m, int version)
{
    int               applied;
    PGresult         *res;
    mdmctl_params_t   params;

    res = mdmctl_query(m->db,
                       "SELECT to_regclass('mdm.schema_version') IS NULL",
                       NULL);
    if (res == NULL) {
        return -1;
    }

    applied = strcmp(PQgetvalue(res, 0, 0), "t") != 0;
    PQclear(res);

    if (!applied) {
        return 0;
    }

    params.n = 0;
    mdmctl_add_int(&m->arena, &params, version);

    res = mdmctl_query(m->db,
                       "SELECT 1 FROM mdm.schema_version"
                       " WHERE version = $1::int", &params);
    if (res == NULL) {
        return -1;
    }

    applied = PQntuples(res);
    PQclear(res);

    return applied;
}


static int
mdmctl_migrate_one(mdmctl_migration_t *m, const char *file, int version)
{
    char  *text, *path;

    path = mdmctl_printf(&m->arena, "migrations/%s", file);

    if (mdmctl_sql_text(m, path, &text) != MDMCTL_OK
        || mdmctl_sql_file(m, path) != MDMCTL_OK
        || mdmctl_migrate_record(m, file, version, text) != MDMCTL_OK)
    {
        return MDMCTL_FAILED;
    }

    printf("applied migration %s\n", file);
    m->done++;

    return MDMCTL_OK;
}


/* A migration that older modules cannot serve says "-- oldest revision: N". */

static int
mdmctl_migrate_record(mdmctl_migration_t *m, const char *file, int version,
    const char *text)
{
    PGresult         *res;
    const char       *mark;
    mdmctl_params_t   params;

    mark = strstr(text, "-- oldest revision: ");

    params.n = 0;
    mdmctl_add_int(&m->arena, &params, version);
    mdmctl_add(&params, mdmctl_printf(&m->arena, "%.*s",
                                      (int) (strlen(file) - 5 - 4), file + 5));
    mdmctl_add_int(&m->arena, &params,
                   mark != NULL ? atoi(mark + strlen("-- oldest revision: "))
                                : 0);

    res = mdmctl_query(m->db,
                       "INSERT INTO mdm.schema_version"
                       "       (version, name, oldest_revision)"
                       " SELECT $1::int, $2, coalesce(nullif($3::int, 0),"
                       "        (SELECT max(oldest_revision)"
                       "           FROM mdm.schema_version), 1)"
                       " ON CONFLICT DO NOTHING", &params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    PQclear(res);

    return MDMCTL_OK;
}


/*
 * The functions of this revision live in a schema of their own, which is made
 * whole from the files: a module of another revision keeps its own.
 */

static int
mdmctl_migrate_functions(mdmctl_migration_t *m)
{
    char      **files, *digest;
    unsigned    i, n;

    digest = NULL;

    if (mdmctl_list_dir(&m->arena,
                        mdmctl_printf(&m->arena, "%s/functions", m->dir),
                        "*.sql", &files, &n)
        != MDMCTL_OK)
    {
        return MDMCTL_FAILED;
    }

    for (i = 0; i < n; i++) {
        files[i] = mdmctl_printf(&m->arena, "functions/%s", files[i]);
    }

    files[n++] = mdmctl_printf(&m->arena, "grants.sql");

    if (mdmctl_migrate_digest(m, files, n, &digest) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    if (m->done == 0 && mdmctl_migrate_has_digest(m, digest)) {
        return mdmctl_do(m->db, "SELECT mdm.partition_ahead()");
    }

    if (mdmctl_do(m->db, "DROP SCHEMA IF EXISTS " MDMCTL_SCHEMA " CASCADE")
        != MDMCTL_OK
        || mdmctl_do(m->db, "CREATE SCHEMA " MDMCTL_SCHEMA) != MDMCTL_OK
        || mdmctl_do(m->db, "SET LOCAL search_path = " MDMCTL_SCHEMA
                            ", mdm, pg_catalog")
           != MDMCTL_OK)
    {
        return MDMCTL_FAILED;
    }

    for (i = 0; i < n; i++) {
        if (mdmctl_sql_file(m, files[i]) != MDMCTL_OK) {
            return MDMCTL_FAILED;
        }
    }

    if (mdmctl_do(m->db, mdmctl_printf(&m->arena,
                             "COMMENT ON SCHEMA " MDMCTL_SCHEMA
                             " IS 'functions of revision "
                             MDMCTL_TEXT_OF(MDM_REVISION) ", sha256 %s'",
                             digest))
        != MDMCTL_OK
        || mdmctl_do(m->db, "SELECT mdm.partition_ahead()") != MDMCTL_OK)
    {
        return MDMCTL_FAILED;
    }

    printf("made the functions of revision %d\n", MDM_REVISION);
    m->done++;

    return MDMCTL_OK;
}


static int
mdmctl_migrate_digest(mdmctl_migration_t *m, char **files, unsigned n,
    char **digest)
{
    char           *text;
    unsigned        i, len;
    EVP_MD_CTX     *ctx;
    unsigned char   hash[EVP_MAX_MD_SIZE];

    ctx = EVP_MD_CTX_new();

    if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        return mdmctl_error("cannot compute a digest");
    }

    for (i = 0; i < n; i++) {
        if (mdmctl_sql_text(m, files[i], &text) != MDMCTL_OK) {
            EVP_MD_CTX_free(ctx);
            return MDMCTL_FAILED;
        }

        EVP_DigestUpdate(ctx, files[i], strlen(files[i]) + 1);
        EVP_DigestUpdate(ctx, text, strlen(text) + 1);
    }

    EVP_DigestFinal_ex(ctx, hash, &len);
    EVP_MD_CTX_free(ctx);

    *digest = mdmctl_hex(&m->arena, (mdm_str_t) { len, hash });

    return MDMCTL_OK;
}


static int
mdmctl_migrate_has_digest(mdmctl_migration_t *m, const char *digest)
{
    int        same;
    PGresult  *res;

    res = mdmctl_query(m->db,
                       "SELECT obj_description(oid, 'pg_namespace')"
                       "  FROM pg_namespace"
                       " WHERE nspname = '" MDMCTL_SCHEMA "'", NULL);
    if (res == NULL) {
        return 0;
    }

    same = PQntuples(res) == 1
           && strstr(PQgetvalue(res, 0, 0), digest) != NULL;

    PQclear(res);

    return same;
}


/* The check value lets a server with a wrong key see that it is wrong. */

static int
mdmctl_migrate_key(mdmctl_migration_t *m, const mdm_secret_ring_t *ring)
{
    int        registered;
    PGresult  *res;

    res = mdmctl_query(m->db,
                       "SELECT 1 FROM mdm.secret_key WHERE retired_at IS NULL",
                       NULL);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    registered = PQntuples(res) > 0;
    PQclear(res);

    if (ring->nkeys == 0) {
        if (!registered) {
            puts("no secret key is registered yet: "
                 "run migrate again with --secret-key FILE");
            m->done++;
        }

    } else if (registered) {
        if (mdmctl_key_check(m->db, ring) != MDMCTL_OK) {
            return MDMCTL_FAILED;
        }

    } else {
        if (mdmctl_key_register(m->db, &m->arena, ring) != MDMCTL_OK) {
            return MDMCTL_FAILED;
        }

        printf("registered the secret key %s\n",
               mdmctl_hex(&m->arena, (mdm_str_t) { MDM_SECRET_KEY_ID_SIZE,
                                                   ring->keys[0].id }));
        m->done++;
    }

    return MDMCTL_OK;
}


/* The text of a file with @revision@ replaced. */

static int
mdmctl_sql_text(mdmctl_migration_t *m, const char *file, char **text)
{
    char        *from, *to, *mark;
    mdm_str_t    raw;

    static const char  token[] = "@revision@";

    if (mdmctl_read_file(&m->arena,
                         mdmctl_printf(&m->arena, "%s/%s", m->dir, file),
                         MDMCTL_SQL_LIMIT, &raw)
        != MDMCTL_OK)
    {
        return mdmctl_error("--sql DIR says where the SQL files are");
    }

    /* The schema's name is shorter than the token: the text only shrinks. */

    *text = mdmctl_printf(&m->arena, "%s", (const char *) raw.data);
    from = to = *text;

    while ((mark = strstr(from, token)) != NULL) {
        memmove(to, from, (size_t) (mark - from));
        to += mark - from;
        memcpy(to, MDMCTL_SCHEMA, strlen(MDMCTL_SCHEMA));
        to += strlen(MDMCTL_SCHEMA);
        from = mark + strlen(token);
    }

    memmove(to, from, strlen(from) + 1);

    return MDMCTL_OK;
}


static int
mdmctl_sql_file(mdmctl_migration_t *m, const char *file)
{
    char            *text;
    PGresult        *res;
    ExecStatusType   status;

    if (mdmctl_sql_text(m, file, &text) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    res = PQexec(m->db, text);
    status = PQresultStatus(res);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK
        && status != PGRES_EMPTY_QUERY)
    {
        mdmctl_sql_error(m, file, text, res);
        PQclear(res);
        return MDMCTL_FAILED;
    }

    PQclear(res);

    if (PQtransactionStatus(m->db) != PQTRANS_INTRANS) {
        return mdmctl_error("\"%s\" ends the transaction: "
                            "it must hold no COMMIT or ROLLBACK", file);
    }

    return MDMCTL_OK;
}


static void
mdmctl_sql_error(mdmctl_migration_t *m, const char *file, const char *text,
    PGresult *res)
{
    const char  *position, *message, *detail;

    position = PQresultErrorField(res, PG_DIAG_STATEMENT_POSITION);
    message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    detail = PQresultErrorField(res, PG_DIAG_CONTEXT);

    if (position != NULL) {
        file = mdmctl_printf(&m->arena, "%s:%d", file,
                             mdmctl_line(text, atoi(position)));
    }

    mdmctl_error("%s/%s: %s%s%s", m->dir, file,
                 message != NULL ? message : PQerrorMessage(m->db),
                 detail != NULL ? "\n" : "", detail != NULL ? detail : "");
}


/* The line of a position that counts characters of UTF-8 from 1. */

static int
mdmctl_line(const char *text, int position)
{
    int  line;

    line = 1;

    for ( ; *text != '\0'; text++) {
        if ((*text & 0xc0) != 0x80 && --position == 0) {
            break;
        }

        if (*text == '\n') {
            line++;
        }
    }

    return line;
}
