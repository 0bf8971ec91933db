
/*
 * Push certificates: "mdmctl pushcert" stores what the API would store, with
 * the same checks.  It needs the secret key, for private keys are sealed.
 */


#include <time.h>

#include "mdm_push_certificate.h"
#include "mdmctl.h"


#define MDMCTL_PUSHCERT_PAGE  500


static int mdmctl_pushcert_read(const mdmctl_options_t *options,
    mdm_arena_t *arena, mdm_push_certificate_t *push);
static int mdmctl_pushcert_store(PGconn *db, const mdm_secret_ring_t *ring,
    mdm_arena_t *arena, long long tenant_id,
    const mdm_push_certificate_t *push);


int
mdmctl_pushcert_set(mdmctl_options_t *options)
{
    int                      rc;
    PGconn                  *db;
    long long                tenant_id;
    mdm_arena_t              arena;
    mdm_secret_ring_t        ring;
    mdm_push_certificate_t   push;

    db = NULL;
    mdm_arena_init(&arena);

    rc = mdmctl_keys_needed(options, &ring);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_pushcert_read(options, &arena, &push);
    }

    if (rc == MDMCTL_OK) {
        db = mdmctl_connect_prepared(options);
        rc = db != NULL ? MDMCTL_OK : MDMCTL_FAILED;
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_key_check(db, &ring);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_tenant_id(db, options, &tenant_id);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_pushcert_store(db, &ring, &arena, tenant_id, &push);
    }

    PQfinish(db);
    mdm_secret_ring_wipe(&ring);
    mdm_arena_free(&arena);

    return rc;
}


/* All files as one text. */

static int
mdmctl_pushcert_read(const mdmctl_options_t *options, mdm_arena_t *arena,
    mdm_push_certificate_t *push)
{
    unsigned      i;
    mdm_str_t     text;
    const char   *pem;
    mdm_fault_t   fault;

    pem = "";

    for (i = 0; i < options->nwords; i++) {

        if (mdmctl_read_file(arena, options->words[i],
                             MDM_KEY_PAIR_MAX_SIZE, &text)
            != MDMCTL_OK)
        {
            return MDMCTL_FAILED;
        }

        pem = mdmctl_printf(arena, "%s%s\n", pem, (const char *) text.data);
    }

    text.data = (const unsigned char *) pem;
    text.len = strlen(pem);

    if (mdm_push_certificate_read(arena, text, (int64_t) time(NULL), push,
                                  &fault)
        != MDM_OK)
    {
        return mdmctl_error("\"%s\"%s: %s", options->words[0],
                            options->nwords > 1 ? " and the other files" : "",
                            fault.text);
    }

    return MDMCTL_OK;
}


static int
mdmctl_pushcert_store(PGconn *db, const mdm_secret_ring_t *ring,
    mdm_arena_t *arena, long long tenant_id,
    const mdm_push_certificate_t *push)
{
    PGresult         *res;
    mdm_str_t         sealed;
    mdmctl_params_t   params;

    if (mdm_secret_seal(arena, ring, tenant_id, "push_key", push->topic,
                        push->key, &sealed)
        != MDM_OK)
    {
        return mdmctl_error("the private key cannot be sealed");
    }

    params.n = 0;
    mdmctl_add_int(arena, &params, tenant_id);
    mdmctl_add(&params, (const char *) push->topic.data);
    mdmctl_add_bytes(arena, &params, push->certificate);
    mdmctl_add_bytes(arena, &params, sealed);
    mdmctl_add_int(arena, &params, push->not_before);
    mdmctl_add_int(arena, &params, push->not_after);
    mdmctl_add(&params, push->subject);
    mdmctl_add(&params, push->issuer);
    mdmctl_add(&params, push->serial);
    mdmctl_add_bytes(arena, &params,
                     (mdm_str_t) { MDM_SHA256_SIZE, push->sha256 });

    res = mdmctl_query(db,
                       "SELECT * FROM " MDMCTL_SCHEMA
                       ".push_certificate_store($1::bigint, 'mdmctl', '', $2,"
                       " $3::bytea, $4::bytea, $5::bigint, $6::bigint, $7, $8,"
                       " $9, $10::bytea)", &params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    printf("the push certificate of the topic %s is %s; it is valid until "
           "%s\n", (const char *) push->topic.data,
           strcmp(mdmctl_value(res, 0, "outcome"), "new") == 0
           ? "stored" : "replaced", mdmctl_value(res, 0, "not_after"));

    PQclear(res);

    return MDMCTL_OK;
}


int
mdmctl_pushcert_list(mdmctl_options_t *options)
{
    PGconn           *db;
    PGresult         *res;
    long long         tenant_id;
    mdm_arena_t       arena;
    mdmctl_params_t   params;

    static const char *const  columns[] = {
        "topic=TOPIC", "not_after=VALID UNTIL", "days_left=DAYS LEFT",
        "serial=SERIAL", "stored_at=STORED", NULL
    };

    db = mdmctl_connect_prepared(options);
    if (db == NULL) {
        return MDMCTL_FAILED;
    }

    res = NULL;
    mdm_arena_init(&arena);

    if (mdmctl_tenant_id(db, options, &tenant_id) == MDMCTL_OK) {
        params.n = 0;
        mdmctl_add_int(&arena, &params, tenant_id);
        mdmctl_add_int(&arena, &params, MDMCTL_PUSHCERT_PAGE);

        res = mdmctl_query(db, "SELECT * FROM " MDMCTL_SCHEMA
                               ".push_certificate_list($1::bigint, '',"
                               " $2::int)", &params);
    }

    if (res != NULL) {
        mdmctl_table(&arena, res, columns,
                     "there is no push certificate yet: "
                     "store one with \"mdmctl pushcert set FILE...\"");
    }

    mdm_arena_free(&arena);
    PQclear(res);
    PQfinish(db);

    return res != NULL ? MDMCTL_OK : MDMCTL_FAILED;
}
