
/*
 * Push certificates: "mdmctl pushcert store" stores what the API would store,
 * with the same checks.  It needs the secret key, for private keys are sealed.
 */


#include <time.h>

#include "mdm_push_certificate.h"
#include "mdmctl.h"


#define MDMCTL_PUSHCERT_PAGE  500


typedef struct {
    mdmctl_session_t           session;
    const mdmctl_options_t    *options;
    mdm_secret_ring_t          ring;
    mdm_push_certificate_t     push;
    mdm_str_t                  sealed;    /* unset: the key that is stored
                                             stays */
} mdmctl_pushcert_t;


static int mdmctl_pushcert_run(mdmctl_pushcert_t *store);
static int mdmctl_pushcert_read(mdmctl_pushcert_t *store);
static int mdmctl_pushcert_key(mdmctl_pushcert_t *store);
static int mdmctl_pushcert_open(mdmctl_pushcert_t *store, mdm_str_t sealed);
static int mdmctl_pushcert_seal(mdmctl_pushcert_t *store);
static int mdmctl_pushcert_write(mdmctl_pushcert_t *store);
static int mdmctl_pushcert_told(mdmctl_pushcert_t *store, PGresult *res);


int
mdmctl_pushcert_store(mdmctl_options_t *options)
{
    int                rc;
    mdmctl_pushcert_t  store;

    memset(&store, 0, sizeof(mdmctl_pushcert_t));
    store.options = options;

    rc = mdmctl_keys_needed(options, &store.ring);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_session_open(&store.session, options);

        if (rc == MDMCTL_OK) {
            rc = mdmctl_key_check(store.session.db, &store.ring);
        }

        if (rc == MDMCTL_OK) {
            rc = mdmctl_pushcert_run(&store);
        }

        mdmctl_session_close(&store.session, rc);
    }

    mdm_secret_ring_wipe(&store.ring);

    return rc;
}


static int
mdmctl_pushcert_run(mdmctl_pushcert_t *store)
{
    int  rc;

    rc = mdmctl_pushcert_read(store);

    if (rc == MDMCTL_OK && !mdm_str_is_set(store->push.key)) {
        rc = mdmctl_pushcert_key(store);
    }

    if (rc == MDMCTL_OK && mdm_str_is_set(store->push.key)) {
        rc = mdmctl_pushcert_seal(store);
    }

    return rc == MDMCTL_OK ? mdmctl_pushcert_write(store) : rc;
}


/* All files as one text. */

static int
mdmctl_pushcert_read(mdmctl_pushcert_t *store)
{
    unsigned                 i;
    mdm_str_t                text;
    const char              *pem;
    mdm_arena_t             *arena;
    mdm_fault_t              fault;
    const mdmctl_options_t  *options;

    pem = "";
    arena = &store->session.arena;
    options = store->options;

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

    if (mdm_push_certificate_read(arena, text, (int64_t) time(NULL),
                                  &store->push, &fault)
        != MDM_OK)
    {
        return mdmctl_error("\"%s\"%s: %s", options->words[0],
                            options->nwords > 1 ? " and the other files" : "",
                            fault.text);
    }

    return MDMCTL_OK;
}


/* The key of a request, if one was made here. */

static int
mdmctl_pushcert_key(mdmctl_pushcert_t *store)
{
    int                rc;
    PGresult          *res;
    mdmctl_session_t  *s;

    s = &store->session;

    mdmctl_params_begin(s);
    mdmctl_add(&s->params, (const char *) store->push.topic.data);
    mdmctl_add_bytes(&s->arena, &s->params,
                     (mdm_str_t) { MDM_SHA256_SIZE, store->push.public_key });

    res = mdmctl_query(s->db, "SELECT * FROM " MDMCTL_SCHEMA
                              ".push_certificate_key($1::bigint, $2,"
                              " $3::bytea)", &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rc = PQgetisnull(res, 0, 0) ? MDMCTL_OK
         : mdmctl_pushcert_open(store, mdmctl_bytes(&s->arena, res, 0, 0));

    PQclear(res);

    return rc;
}


static int
mdmctl_pushcert_open(mdmctl_pushcert_t *store, mdm_str_t sealed)
{
    char         *row;
    mdm_arena_t  *arena;
    mdm_fault_t   fault;

    arena = &store->session.arena;
    row = mdmctl_hex(arena, (mdm_str_t) { MDM_SHA256_SIZE,
                                          store->push.public_key });

    if (mdmctl_unseal(arena, &store->ring, store->session.tenant_id,
                      "push_request",
                      (mdm_str_t) { strlen(row), (unsigned char *) row },
                      sealed, &store->push.key)
        != MDMCTL_OK)
    {
        return MDMCTL_FAILED;
    }

    if (mdm_push_certificate_key(&store->push, store->push.key, &fault)
        != MDM_OK)
    {
        return mdmctl_error("%s", fault.text);
    }

    return MDMCTL_OK;
}


static int
mdmctl_pushcert_seal(mdmctl_pushcert_t *store)
{
    if (mdm_secret_seal(&store->session.arena, &store->ring,
                        store->session.tenant_id, "push_key",
                        store->push.topic, store->push.key, &store->sealed)
        != MDM_OK)
    {
        return mdmctl_error("the private key cannot be sealed");
    }

    return MDMCTL_OK;
}


static int
mdmctl_pushcert_write(mdmctl_pushcert_t *store)
{
    int                      rc;
    PGresult                *res;
    mdm_arena_t             *arena;
    mdmctl_params_t         *params;
    mdmctl_session_t        *s;
    mdm_push_certificate_t  *push;
    const mdmctl_options_t  *options;

    s = &store->session;
    arena = &s->arena;
    params = &s->params;
    push = &store->push;
    options = store->options;

    mdmctl_params_begin(s);
    mdmctl_add(params, (const char *) push->topic.data);
    mdmctl_add_bytes(arena, params, push->certificate);

    if (mdm_str_is_set(store->sealed)) {
        mdmctl_add_bytes(arena, params, store->sealed);

    } else {
        mdmctl_add(params, NULL);
    }

    mdmctl_add_int(arena, params, push->not_before);
    mdmctl_add_int(arena, params, push->not_after);
    mdmctl_add(params, push->subject);
    mdmctl_add(params, push->issuer);
    mdmctl_add(params, push->serial);
    mdmctl_add_bytes(arena, params,
                     (mdm_str_t) { MDM_SHA256_SIZE, push->sha256 });
    mdmctl_add_bytes(arena, params,
                     (mdm_str_t) { MDM_SHA256_SIZE, push->public_key });
    mdmctl_add(params, options->development ? "true" : NULL);
    mdmctl_add(params, options->account);
    mdmctl_add(params, options->note);
    mdmctl_add(params, options->new_topic ? "true" : "false");
    mdmctl_add(params, options->older ? "true" : "false");

    res = mdmctl_query(s->db,
                       "SELECT * FROM " MDMCTL_SCHEMA
                       ".push_certificate_store($1::bigint, 'mdmctl', '', $2,"
                       " $3::bytea, $4::bytea, $5::bigint, $6::bigint, $7, $8,"
                       " $9, $10::bytea, $11::bytea, $12::boolean, $13, $14,"
                       " $15::boolean, $16::boolean)", params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rc = mdmctl_pushcert_told(store, res);
    PQclear(res);

    return rc;
}


static int
mdmctl_pushcert_told(mdmctl_pushcert_t *store, PGresult *res)
{
    const char  *outcome, *topic, *not_after;

    outcome = mdmctl_value(res, 0, "outcome");
    not_after = mdmctl_value(res, 0, "not_after");
    topic = (const char *) store->push.topic.data;

    if (strcmp(outcome, "no_key") == 0) {
        return mdmctl_error("no private key came with the certificate, and no "
                            "open request has its key: name the file of the "
                            "key, too, or renew with a request of \"mdmctl "
                            "pushcert request\"");
    }

    if (strcmp(outcome, "another_topic") == 0) {
        return mdmctl_error("the topic of this certificate is %s, but live "
                            "devices (%s of them) have %s, and this "
                            "certificate can wake none of them: renew the "
                            "certificate of that topic at "
                            "identity.apple.com/pushcert instead of making a "
                            "new one; --new-topic stores this one all the "
                            "same", topic, mdmctl_value(res, 0, "devices"),
                            mdmctl_value(res, 0, "other_topic"));
    }

    if (strcmp(outcome, "older") == 0) {
        return mdmctl_error("the certificate that this topic has is valid "
                            "longer than this one, until %s, and its key "
                            "would be lost: --older stores this one all the "
                            "same", not_after);
    }

    printf("the push certificate of the topic %s is %s; it is valid until "
           "%s\n", topic, strcmp(outcome, "new") == 0 ? "stored" : "replaced",
           not_after);

    return MDMCTL_OK;
}


int
mdmctl_pushcert_list(mdmctl_options_t *options)
{
    int               rc;
    PGresult         *res;
    mdmctl_session_t  s;

    static const char *const  columns[] = {
        "topic=TOPIC", "not_after=VALID UNTIL", "days_left=DAYS LEFT",
        "serial=SERIAL", "stored_at=STORED", "apple_account=ACCOUNT",
        "note=NOTE", NULL
    };

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        mdmctl_add_int(&s.arena, &s.params, MDMCTL_PUSHCERT_PAGE);

        res = mdmctl_query(s.db, "SELECT * FROM " MDMCTL_SCHEMA
                                 ".push_certificate_list($1::bigint, '',"
                                 " $2::int)", &s.params);
        rc = res != NULL ? MDMCTL_OK : MDMCTL_FAILED;

        if (res != NULL) {
            mdmctl_table(&s.arena, res, columns,
                         "there is no push certificate yet: begin with "
                         "\"mdmctl pushcert request\"");
        }

        PQclear(res);
    }

    return mdmctl_session_close(&s, rc);
}
