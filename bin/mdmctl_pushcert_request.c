
/*
 * Requests for push certificates: "mdmctl pushcert request" makes what the API
 * would make.  A vendor's key is read, used once, and not kept.
 */


#include <time.h>

#include "mdm_push_request.h"
#include "mdm_push_vendor.h"
#include "mdmctl.h"


static int mdmctl_push_request_make(mdmctl_session_t *s,
    const mdm_secret_ring_t *ring, mdmctl_options_t *options);
static int mdmctl_push_request_keep(mdmctl_session_t *s,
    const mdm_secret_ring_t *ring, mdmctl_options_t *options,
    const mdm_push_request_t *request);
static int mdmctl_push_request_write(mdmctl_session_t *s,
    mdmctl_options_t *options, const mdm_push_request_t *request,
    mdm_str_t text);
static PGresult *mdmctl_push_request_delete(mdmctl_session_t *s,
    const char *key);
static int mdmctl_push_request_vendor(mdmctl_session_t *s,
    mdmctl_options_t *options, mdm_push_vendor_t *vendor);
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
    int                  rc;
    mdm_str_t            text;
    const char          *wrong;
    mdm_fault_t          fault;
    mdm_push_vendor_t    vendor;
    mdm_push_subject_t   subject;
    mdm_push_request_t   request;

    memset(&request, 0, sizeof(mdm_push_request_t));

    subject.common_name = mdmctl_push_request_word(options->common_name);
    subject.email = mdmctl_push_request_word(options->email);
    subject.country = mdmctl_push_request_word(options->country);

    wrong = mdm_push_subject_check(&subject, &fault);

    if (wrong != NULL) {
        mdmctl_error("--%s: %s", strcmp(wrong, "common_name") == 0
                                 ? "common-name" : wrong, fault.text);
        return MDMCTL_USAGE;
    }

    rc = mdmctl_push_request_vendor(s, options, &vendor);

    if (rc == MDMCTL_OK
        && mdm_push_request_make(&s->arena, &subject, &request, &fault)
           != MDM_OK)
    {
        rc = mdmctl_error("%s", fault.text);
    }

    text = request.pem;

    if (rc == MDMCTL_OK && vendor.n > 0
        && mdm_push_vendor_sign(&vendor, request.der, &text) != MDM_OK)
    {
        rc = mdmctl_error("out of memory");
    }

    mdm_push_vendor_free(&vendor);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_push_request_keep(s, ring, options, &request);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_push_request_write(s, options, &request, text);
    }

    if (rc == MDMCTL_OK && options->output != NULL) {
        fprintf(stderr, "%s\n", vendor.n > 0
                ? "the request is signed: upload it at "
                  "identity.apple.com/pushcert, then \"mdmctl pushcert "
                  "store\" the certificate"
                : "the request is for your vendor to sign; what he gives "
                  "back is uploaded at identity.apple.com/pushcert, and the "
                  "certificate then stored with \"mdmctl pushcert store\"");
    }

    return rc;
}


/* No vendor: vendor->n is 0. */

static int
mdmctl_push_request_vendor(mdmctl_session_t *s, mdmctl_options_t *options,
    mdm_push_vendor_t *vendor)
{
    unsigned      i;
    mdm_str_t     text, key;
    const char   *pem;
    mdm_fault_t   fault;

    memset(vendor, 0, sizeof(mdm_push_vendor_t));

    if (options->vendor_certificates.n == 0 && options->vendor_key == NULL) {
        return MDMCTL_OK;
    }

    if (options->vendor_certificates.n == 0 || options->vendor_key == NULL) {
        mdmctl_error("--vendor-certificate and --vendor-key belong together");
        return MDMCTL_USAGE;
    }

    pem = "";

    for (i = 0; i < options->vendor_certificates.n; i++) {
        if (mdmctl_read_file(&s->arena, options->vendor_certificates.words[i],
                             MDM_KEY_PAIR_MAX_SIZE, &text)
            != MDMCTL_OK)
        {
            return MDMCTL_FAILED;
        }

        /* DER, as Apple gives its own */

        if (text.len > 0 && text.data[0] == 0x30) {
            text = mdm_pem_write(&s->arena, "CERTIFICATE", text);
        }

        pem = mdmctl_printf(&s->arena, "%s%s\n", pem,
                            (const char *) text.data);
    }

    if (mdmctl_read_file(&s->arena, options->vendor_key,
                         MDM_KEY_PAIR_MAX_SIZE, &key)
        != MDMCTL_OK)
    {
        return MDMCTL_FAILED;
    }

    if (mdm_push_vendor_read(&s->arena, mdmctl_push_request_word(pem), key,
                             (int64_t) time(NULL), vendor, &fault)
        != MDM_OK)
    {
        return mdmctl_error("vendor: %s", fault.text);
    }

    return MDMCTL_OK;
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


/* What nobody could read is no open request. */

static int
mdmctl_push_request_write(mdmctl_session_t *s, mdmctl_options_t *options,
    const mdm_push_request_t *request, mdm_str_t text)
{
    int        rc;
    mdm_str_t  public_key;

    rc = mdmctl_write_file(options->output, text);

    if (rc != MDMCTL_OK) {
        public_key = (mdm_str_t) { MDM_SHA256_SIZE, request->public_key };

        mdmctl_params_begin(s);
        PQclear(mdmctl_push_request_delete(s, mdmctl_hex(&s->arena,
                                                         public_key)));
    }

    return rc;
}


/* After the tenant's parameter; key is hexadecimal. */

static PGresult *
mdmctl_push_request_delete(mdmctl_session_t *s, const char *key)
{
    mdmctl_add_who(s);
    mdmctl_add(&s->params, key);

    return mdmctl_query(s->db, "SELECT " MDMCTL_SCHEMA
                               ".push_request_delete($1::bigint, $2, $3,"
                               " decode($4, 'hex'))", &s->params);
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
        res = mdmctl_push_request_delete(&s, key);
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
