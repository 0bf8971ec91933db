
/*
 * Requests for push certificates: "mdmctl pushcert request" makes what the API
 * would make.  A vendor's key is read, used once, and not kept.
 */


#include "mdm_push_request.h"
#include "mdmctl.h"


static int mdmctl_push_request_make(mdmctl_session_t *s,
    const mdm_secret_ring_t *ring, mdmctl_options_t *options);
static int mdmctl_push_request_keep(mdmctl_session_t *s,
    const mdm_secret_ring_t *ring, mdmctl_options_t *options,
    const mdm_push_request_t *request);
static mdm_str_t mdmctl_push_request_word(const char *word);


int
mdmctl_pushcert_request(mdmctl_options_t *options)
{
    int                rc;
    mdmctl_session_t   s;
    mdm_secret_ring_t  ring;

    rc = mdmctl_keys_needed(options, &ring);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_session_open(&s, options);

        if (rc == MDMCTL_OK) {
            rc = mdmctl_key_check(s.db, &ring);
        }

        if (rc == MDMCTL_OK) {
            rc = mdmctl_push_request_make(&s, &ring, options);
        }

        mdmctl_session_close(&s, rc);
    }

    mdm_secret_ring_wipe(&ring);

    return rc;
}


static int
mdmctl_push_request_make(mdmctl_session_t *s, const mdm_secret_ring_t *ring,
    mdmctl_options_t *options)
{
    mdm_fault_t          fault;
    const char          *wrong;
    mdm_push_subject_t   subject;
    mdm_push_request_t   request;

    subject.common_name = mdmctl_push_request_word(options->common_name);
    subject.email = mdmctl_push_request_word(options->email);
    subject.country = mdmctl_push_request_word(options->country);

    wrong = mdm_push_subject_check(&subject, &fault);

    if (wrong != NULL) {
        mdmctl_error("--%s: %s", strcmp(wrong, "common_name") == 0
                                 ? "common-name" : wrong, fault.text);
        return MDMCTL_USAGE;
    }

    if (mdm_push_request_make(&s->arena, &subject, &request, &fault)
        != MDM_OK)
    {
        return mdmctl_error("%s", fault.text);
    }

    if (mdmctl_push_request_keep(s, ring, options, &request) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    return mdmctl_write_file(options->output, request.pem);
}


static int
mdmctl_push_request_keep(mdmctl_session_t *s, const mdm_secret_ring_t *ring,
    mdmctl_options_t *options, const mdm_push_request_t *request)
{
    int         rc;
    char       *row;
    PGresult   *res;
    mdm_str_t   sealed, public_key;

    public_key = (mdm_str_t) { MDM_SHA256_SIZE, request->public_key };
    row = mdmctl_hex(&s->arena, public_key);

    if (mdm_secret_seal(&s->arena, ring, s->tenant_id, "push_request",
                        mdmctl_push_request_word(row), request->key, &sealed)
        != MDM_OK)
    {
        return mdmctl_error("the private key cannot be sealed");
    }

    mdmctl_params_begin(s);
    mdmctl_add_who(s);
    mdmctl_add_bytes(&s->arena, &s->params, public_key);
    mdmctl_add_bytes(&s->arena, &s->params, sealed);
    mdmctl_add(&s->params, (const char *) request->pem.data);
    mdmctl_add(&s->params, request->subject);
    mdmctl_add(&s->params, options->account);
    mdmctl_add(&s->params, options->note);

    res = mdmctl_query(s->db, "SELECT * FROM " MDMCTL_SCHEMA
                              ".push_request_create($1::bigint, $2, $3,"
                              " $4::bytea, $5::bytea, $6, $7, $8, $9)",
                       &s->params);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    rc = MDMCTL_OK;

    if (strcmp(mdmctl_value(res, 0, "outcome"), "ok") != 0) {
        rc = mdmctl_error("there are 16 open requests: see \"mdmctl pushcert "
                          "requests\", and \"mdmctl pushcert forget\" those "
                          "that no certificate will come of");
    }

    PQclear(res);

    return rc;
}


static mdm_str_t
mdmctl_push_request_word(const char *word)
{
    if (word == NULL) {
        return mdm_null_str;
    }

    return (mdm_str_t) { strlen(word), (const unsigned char *) word };
}


int
mdmctl_pushcert_requests(mdmctl_options_t *options)
{
    int                rc;
    PGresult          *res;
    mdmctl_session_t   s;

    static const char *const  columns[] = {
        "public_key_sha256=KEY", "created_at=CREATED", "actor=BY",
        "subject=SUBJECT", "apple_account=ACCOUNT", "note=NOTE", NULL
    };

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        res = mdmctl_query(s.db, "SELECT * FROM " MDMCTL_SCHEMA
                                 ".push_request_list($1::bigint)", &s.params);
        rc = res != NULL ? MDMCTL_OK : MDMCTL_FAILED;

        if (res != NULL) {
            mdmctl_table(&s.arena, res, columns,
                         "no request waits for its certificate");
        }

        PQclear(res);
    }

    return mdmctl_session_close(&s, rc);
}


int
mdmctl_pushcert_forget(mdmctl_options_t *options)
{
    int                rc;
    const char        *key;
    PGresult          *res;
    mdmctl_session_t   s;

    key = options->words[0];

    if (strlen(key) != 2 * MDM_SHA256_SIZE
        || strspn(key, "0123456789abcdefABCDEF") != strlen(key))
    {
        mdmctl_error("a key is 64 hexadecimal digits, as \"mdmctl pushcert "
                     "requests\" shows it");
        return MDMCTL_USAGE;
    }

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        mdmctl_add_who(&s);
        mdmctl_add(&s.params, key);

        res = mdmctl_query(s.db, "SELECT " MDMCTL_SCHEMA
                                 ".push_request_delete($1::bigint, $2, $3,"
                                 " decode($4, 'hex'))", &s.params);
        rc = res != NULL ? MDMCTL_OK : MDMCTL_FAILED;

        if (res != NULL && strcmp(PQgetvalue(res, 0, 0), "ok") != 0) {
            rc = mdmctl_error("there is no open request of the key %s",
                              key);
        }

        PQclear(res);
    }

    if (rc == MDMCTL_OK) {
        printf("the request is given up, and its key with it\n");
    }

    return mdmctl_session_close(&s, rc);
}
