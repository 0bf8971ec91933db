
/*
 * The secret keys: their files, the check values that tie them to a database,
 * and re-encrypting what another key sealed.  No key and no plain text leaves
 * this process.
 */


#include "mdmctl.h"


#define MDMCTL_KEY_LIMIT     4096
#define MDMCTL_REKEY_BATCH   200
#define MDMCTL_CHECK_PLAIN   "ngx_mdm"


typedef struct {
    mdm_arena_t           arena;          /* of one batch */
    PGconn               *db;
    mdm_secret_ring_t     ring;
    const char           *kind;
    char                  after[1024];
    unsigned long         done;
    bool                  retire;
} mdmctl_rekey_t;


static int mdmctl_rekey_all(mdmctl_rekey_t *rekey, mdm_arena_t *arena);
static int mdmctl_rekey_escrow(mdmctl_rekey_t *rekey, mdm_arena_t *arena);
static int mdmctl_rekey_kind(mdmctl_rekey_t *rekey);
static PGresult *mdmctl_rekey_read(mdmctl_rekey_t *rekey);
static int mdmctl_rekey_batch(mdmctl_rekey_t *rekey, PGresult *res);
static int mdmctl_rekey_row(mdmctl_rekey_t *rekey, PGresult *res, int row);
static int mdmctl_rekey_store(mdmctl_rekey_t *rekey, const char *position,
    mdm_str_t value, mdm_str_t sealed);
static int mdmctl_rekey_retire(mdmctl_rekey_t *rekey, mdm_arena_t *arena);
static int mdmctl_rekey_retire_key(mdmctl_rekey_t *rekey, const char *id,
    const char *left);
static char *mdmctl_key_id(mdm_arena_t *arena, const unsigned char *id);


static const char  *mdmctl_kinds[] = {
    "command", "report", "message", "push_key", "push_request",
    "profile", "signing_key", NULL
};


int
mdmctl_keys(const mdmctl_options_t *options, mdm_secret_ring_t *ring)
{
    int           rc;
    unsigned      i;
    mdm_str_t     text;
    mdm_arena_t   arena;
    mdm_fault_t   fault;

    rc = MDMCTL_OK;
    memset(ring, 0, sizeof(mdm_secret_ring_t));
    mdm_arena_init(&arena);

    for (i = 0; rc == MDMCTL_OK && i < options->secret_keys.n; i++) {

        rc = mdmctl_read_file(&arena, options->secret_keys.words[i],
                              MDMCTL_KEY_LIMIT, &text);

        if (rc == MDMCTL_OK
            && mdm_secret_ring_add(ring, text, &fault) != MDM_OK)
        {
            rc = mdmctl_error("secret key \"%s\": %s",
                              options->secret_keys.words[i], fault.text);
        }
    }

    mdm_arena_free(&arena);

    return rc;
}


int
mdmctl_keys_needed(const mdmctl_options_t *options, mdm_secret_ring_t *ring)
{
    if (options->secret_keys.n == 0) {
        memset(ring, 0, sizeof(mdm_secret_ring_t));

        return mdmctl_error("no secret key given: write --secret-key FILE or "
                            "set MDM_SECRET_KEY to the file that nginx's "
                            "mdm_secret_key names");
    }

    return mdmctl_keys(options, ring);
}


int
mdmctl_key_check(PGconn *db, const mdm_secret_ring_t *ring)
{
    int               rc;
    char             *id;
    mdm_str_t         plain;
    PGresult         *res;
    mdm_arena_t       arena;
    mdmctl_params_t   params;

    mdm_arena_init(&arena);

    id = mdmctl_key_id(&arena, ring->keys[0].id);
    params.n = 0;
    mdmctl_add(&params, id);

    rc = MDMCTL_FAILED;
    res = mdmctl_query(db,
                       "SELECT check_value FROM mdm.secret_key"
                       " WHERE key_id = decode($1, 'hex')"
                       "   AND retired_at IS NULL", &params);

    if (res != NULL && PQntuples(res) == 0) {
        mdmctl_error("the secret key %s is not this database's: give the key "
                     "that nginx's mdm_secret_key names, or, if it is to "
                     "become the new one, run \"mdmctl rekey\" with it first "
                     "and the old ones after it", id);

    } else if (res != NULL
               && mdm_secret_open(&arena, ring, 0, "check",
                                  (mdm_str_t) { strlen(id),
                                                (unsigned char *) id },
                                  mdmctl_bytes(&arena, res, 0, 0), &plain)
                  != MDM_OK)
    {
        mdmctl_error("the check value of the secret key %s does not open: "
                     "the row in mdm.secret_key was altered", id);

    } else if (res != NULL) {
        rc = MDMCTL_OK;
    }

    PQclear(res);
    mdm_arena_free(&arena);

    return rc;
}


int
mdmctl_key_register(PGconn *db, mdm_arena_t *arena,
    const mdm_secret_ring_t *ring)
{
    char             *id;
    PGresult         *res;
    mdm_str_t         sealed;
    mdmctl_params_t   params;

    id = mdmctl_key_id(arena, ring->keys[0].id);

    if (mdm_secret_seal(arena, ring, 0, "check",
                        (mdm_str_t) { strlen(id), (unsigned char *) id },
                        mdm_str(MDMCTL_CHECK_PLAIN), &sealed)
        != MDM_OK)
    {
        return mdmctl_error("cannot seal the check value");
    }

    params.n = 0;
    mdmctl_add_bytes(arena, &params,
                     (mdm_str_t) { MDM_SECRET_KEY_ID_SIZE, ring->keys[0].id });
    mdmctl_add_bytes(arena, &params, sealed);

    res = mdmctl_query(db, "SELECT " MDMCTL_SCHEMA
                           ".secret_key_register($1::bytea, $2::bytea)",
                       &params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    PQclear(res);

    return MDMCTL_OK;
}


int
mdmctl_unseal(mdm_arena_t *arena, const mdm_secret_ring_t *ring,
    long long tenant_id, const char *kind, mdm_str_t row, mdm_str_t sealed,
    mdm_str_t *plain)
{
    mdm_rc_e  rc;

    rc = mdm_secret_open(arena, ring, tenant_id, kind, row, sealed, plain);

    if (rc == MDM_UNSUPPORTED && sealed.len >= MDM_SECRET_KEY_ID_SIZE) {
        return mdmctl_error("the %s \"%.*s\" is sealed with the key %s: give "
                            "that key too, with a further --secret-key",
                            kind, (int) row.len, row.data,
                            mdmctl_key_id(arena, sealed.data));
    }

    if (rc != MDM_OK) {
        return mdmctl_error("the %s \"%.*s\" of tenant %lld does not open: it "
                            "was altered in the database", kind,
                            (int) row.len, row.data, tenant_id);
    }

    return MDMCTL_OK;
}


static char *
mdmctl_key_id(mdm_arena_t *arena, const unsigned char *id)
{
    return mdmctl_hex(arena, (mdm_str_t) { MDM_SECRET_KEY_ID_SIZE, id });
}


/*
 * May be broken off and begun again at any time, for each value is readable
 * with one of the keys before and after.  Servers must have both keys when it
 * begins, in whatever order; only retiring the old one asks for the new one
 * first, for a server may not seal with a key that is given up.
 */

int
mdmctl_rekey(mdmctl_options_t *options)
{
    int              rc;
    mdm_arena_t      arena;
    mdmctl_rekey_t   rekey;

    memset(&rekey, 0, sizeof(rekey));
    mdm_arena_init(&arena);

    rekey.retire = options->retire;
    rc = mdmctl_keys_needed(options, &rekey.ring);

    if (rc == MDMCTL_OK) {
        rekey.db = mdmctl_connect_prepared(options);
        rc = rekey.db != NULL ? MDMCTL_OK : MDMCTL_FAILED;
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_rekey_all(&rekey, &arena);
    }

    PQfinish(rekey.db);
    mdm_secret_ring_wipe(&rekey.ring);
    mdm_arena_free(&arena);

    return rc;
}


static int
mdmctl_rekey_all(mdmctl_rekey_t *rekey, mdm_arena_t *arena)
{
    unsigned  i;

    if (mdmctl_key_register(rekey->db, arena, &rekey->ring) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    for (i = 0; mdmctl_kinds[i] != NULL; i++) {
        rekey->kind = mdmctl_kinds[i];

        if (mdmctl_rekey_kind(rekey) != MDMCTL_OK) {
            return MDMCTL_FAILED;
        }
    }

    if (mdmctl_rekey_escrow(rekey, arena) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    printf("%lu sealed values were re-encrypted with the key %s\n",
           rekey->done, mdmctl_key_id(arena, rekey->ring.keys[0].id));

    return mdmctl_rekey_retire(rekey, arena);
}


/* Of kinds that plugins made. */

static int
mdmctl_rekey_escrow(mdmctl_rekey_t *rekey, mdm_arena_t *arena)
{
    int               rc, row;
    PGresult         *res;
    mdmctl_params_t   params;

    memset(&params, 0, sizeof(mdmctl_params_t));
    rc = MDMCTL_OK;

    res = mdmctl_query(rekey->db, "SELECT " MDMCTL_SCHEMA ".secret_kinds()",
                       &params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    for (row = 0; rc == MDMCTL_OK && row < PQntuples(res); row++) {
        rekey->kind = mdmctl_printf(arena, "%s", PQgetvalue(res, row, 0));
        rc = mdmctl_rekey_kind(rekey);
    }

    PQclear(res);

    return rc;
}


static int
mdmctl_rekey_kind(mdmctl_rekey_t *rekey)
{
    int        rc, n;
    PGresult  *res;

    rekey->after[0] = '\0';

    do {
        rc = MDMCTL_FAILED;
        n = 0;

        mdm_arena_init(&rekey->arena);
        res = mdmctl_rekey_read(rekey);

        if (res != NULL) {
            n = PQntuples(res);
            rc = mdmctl_rekey_batch(rekey, res);
        }

        if (n > 0) {
            snprintf(rekey->after, sizeof(rekey->after), "%s",
                     mdmctl_value(res, n - 1, "position"));
        }

        PQclear(res);
        mdm_arena_free(&rekey->arena);

    } while (rc == MDMCTL_OK && n > 0);

    return rc;
}


static PGresult *
mdmctl_rekey_read(mdmctl_rekey_t *rekey)
{
    mdmctl_params_t  params;

    params.n = 0;
    mdmctl_add(&params, rekey->kind);
    mdmctl_add_bytes(&rekey->arena, &params,
                     (mdm_str_t) { MDM_SECRET_KEY_ID_SIZE,
                                   rekey->ring.keys[0].id });
    mdmctl_add(&params, rekey->after);
    mdmctl_add_int(&rekey->arena, &params, MDMCTL_REKEY_BATCH);

    return mdmctl_query(rekey->db,
                        "SELECT * FROM " MDMCTL_SCHEMA ".rekey_batch("
                        "$1, $2::bytea, $3, $4::int)", &params);
}


static int
mdmctl_rekey_batch(mdmctl_rekey_t *rekey, PGresult *res)
{
    int  row;

    if (mdmctl_do(rekey->db, "BEGIN") != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    for (row = 0; row < PQntuples(res); row++) {
        if (mdmctl_rekey_row(rekey, res, row) != MDMCTL_OK) {
            PQclear(PQexec(rekey->db, "ROLLBACK"));
            return MDMCTL_FAILED;
        }
    }

    return mdmctl_do(rekey->db, "COMMIT");
}


static int
mdmctl_rekey_row(mdmctl_rekey_t *rekey, PGresult *res, int row)
{
    mdm_str_t     id, value, plain, sealed;
    long long     tenant_id;
    mdm_arena_t  *arena;

    arena = &rekey->arena;
    tenant_id = strtoll(mdmctl_value(res, row, "tenant_id"), NULL, 10);
    value = mdmctl_bytes(arena, res, row, PQfnumber(res, "value"));
    id.data = (const unsigned char *) mdmctl_value(res, row, "row");
    id.len = strlen((const char *) id.data);

    if (mdmctl_unseal(arena, &rekey->ring, tenant_id, rekey->kind, id, value,
                      &plain)
        != MDMCTL_OK)
    {
        return MDMCTL_FAILED;
    }

    if (mdm_secret_seal(arena, &rekey->ring, tenant_id, rekey->kind, id, plain,
                        &sealed)
        != MDM_OK)
    {
        return mdmctl_error("the %s \"%s\" cannot be sealed", rekey->kind,
                            id.data);
    }

    return mdmctl_rekey_store(rekey, mdmctl_value(res, row, "position"), value,
                              sealed);
}


/* A value that changed meanwhile was sealed anew by a server; whether with an
 * old key, rekey_left() tells in the end. */

static int
mdmctl_rekey_store(mdmctl_rekey_t *rekey, const char *position,
    mdm_str_t value, mdm_str_t sealed)
{
    PGresult         *res;
    mdmctl_params_t   params;

    params.n = 0;
    mdmctl_add(&params, rekey->kind);
    mdmctl_add(&params, position);
    mdmctl_add_bytes(&rekey->arena, &params, value);
    mdmctl_add_bytes(&rekey->arena, &params, sealed);

    res = mdmctl_query(rekey->db,
                       "SELECT " MDMCTL_SCHEMA ".rekey_store($1, $2,"
                       " $3::bytea, $4::bytea)", &params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rekey->done += strcmp(PQgetvalue(res, 0, 0), "t") == 0;
    PQclear(res);

    return MDMCTL_OK;
}


/* What becomes of the other keys: each is told of, and retired when that was
 * asked and it seals nothing any more. */

static int
mdmctl_rekey_retire(mdmctl_rekey_t *rekey, mdm_arena_t *arena)
{
    int               rc, row;
    PGresult         *res;
    mdmctl_params_t   params;

    params.n = 0;
    mdmctl_add_bytes(arena, &params,
                     (mdm_str_t) { MDM_SECRET_KEY_ID_SIZE,
                                   rekey->ring.keys[0].id });

    res = mdmctl_query(rekey->db,
                       "SELECT encode(key_id, 'hex') AS id, "
                       MDMCTL_SCHEMA ".rekey_left(key_id) AS n"
                       "  FROM mdm.secret_key"
                       " WHERE retired_at IS NULL AND key_id <> $1::bytea",
                       &params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rc = MDMCTL_OK;

    for (row = 0; rc == MDMCTL_OK && row < PQntuples(res); row++) {
        rc = mdmctl_rekey_retire_key(rekey, mdmctl_value(res, row, "id"),
                                     mdmctl_value(res, row, "n"));
    }

    PQclear(res);

    return rc;
}


static int
mdmctl_rekey_retire_key(mdmctl_rekey_t *rekey, const char *id,
    const char *left)
{
    PGresult         *res;
    mdmctl_params_t   params;

    if (strcmp(left, "0") != 0) {
        printf("the key %s still seals %s values, which servers wrote "
               "meanwhile: run \"mdmctl rekey\" again when all servers have "
               "the new key first\n", id, left);
        return MDMCTL_OK;
    }

    if (!rekey->retire) {
        printf("the key %s seals nothing now: name the new key first in "
               "nginx.conf on all nodes, reload, and run \"mdmctl rekey "
               "--retire\" before the old one leaves nginx.conf\n", id);
        return MDMCTL_OK;
    }

    params.n = 0;
    mdmctl_add(&params, id);

    res = mdmctl_query(rekey->db,
                       "SELECT " MDMCTL_SCHEMA
                       ".secret_key_retire(decode($1, 'hex'))", &params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    PQclear(res);
    printf("the key %s is retired: it may leave nginx.conf\n", id);

    return MDMCTL_OK;
}
