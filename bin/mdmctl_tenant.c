
/* Tenants. */


#include "mdm_certificate.h"
#include "mdmctl.h"


#define MDMCTL_CA_LIMIT  (1024 * 1024)


static int mdmctl_tenant_anchors(const mdmctl_options_t *options,
    mdm_arena_t *arena, const char **pem, unsigned *n);


int
mdmctl_tenant_add(mdmctl_options_t *options)
{
    PGconn           *db;
    PGresult         *res;
    unsigned          n;
    const char       *pem;
    mdm_arena_t       arena;
    mdmctl_params_t   params;

    res = NULL;
    db = NULL;
    mdm_arena_init(&arena);

    if (mdmctl_tenant_anchors(options, &arena, &pem, &n) == MDMCTL_OK) {
        db = mdmctl_connect_prepared(options);
    }

    if (db != NULL) {
        params.n = 0;
        mdmctl_add(&params, options->words[0]);
        mdmctl_add_array(&arena, &params, options->hosts.words,
                         options->hosts.n);
        mdmctl_add(&params, pem);

        res = mdmctl_query(db, "SELECT " MDMCTL_SCHEMA
                               ".tenant_add($1, $2::text[], $3)", &params);
    }

    if (res != NULL) {
        printf("tenant \"%s\" is made; it accepts certificates of %u CA%s\n",
               options->words[0], n, n == 1 ? "" : "s");
    }

    mdm_arena_free(&arena);
    PQclear(res);
    PQfinish(db);

    return res != NULL ? MDMCTL_OK : MDMCTL_FAILED;
}


int
mdmctl_tenant_set(mdmctl_options_t *options)
{
    int               rc;
    PGconn           *db;
    PGresult         *res;
    unsigned          n;
    const char       *pem;
    mdm_arena_t       arena;
    mdmctl_params_t   params;

    if (options->device_ca == NULL) {
        mdmctl_error("usage: mdmctl tenant set NAME --device-ca FILE");
        return MDMCTL_USAGE;
    }

    rc = MDMCTL_FAILED;
    res = NULL;
    db = NULL;
    mdm_arena_init(&arena);

    if (mdmctl_tenant_anchors(options, &arena, &pem, &n) == MDMCTL_OK) {
        db = mdmctl_connect_prepared(options);
    }

    if (db != NULL) {
        params.n = 0;
        mdmctl_add(&params, options->words[0]);
        mdmctl_add(&params, pem);

        res = mdmctl_query(db, "SELECT " MDMCTL_SCHEMA
                               ".tenant_set_device_ca($1, $2)", &params);
    }

    if (res != NULL && strcmp(PQgetvalue(res, 0, 0), "t") != 0) {
        mdmctl_error("there is no tenant \"%s\"; "
                     "\"mdmctl tenant list\" shows them", options->words[0]);

    } else if (res != NULL) {
        rc = MDMCTL_OK;
        printf("tenant \"%s\" accepts certificates of %u CA%s now\n",
               options->words[0], n, n == 1 ? "" : "s");
    }

    mdm_arena_free(&arena);
    PQclear(res);
    PQfinish(db);

    return rc;
}


/* Only what the server can read later is stored. */

static int
mdmctl_tenant_anchors(const mdmctl_options_t *options, mdm_arena_t *arena,
    const char **pem, unsigned *n)
{
    mdm_str_t       text;
    mdm_fault_t     fault;
    mdm_anchors_t  *anchors;

    *n = 0;
    *pem = "";

    if (options->device_ca == NULL) {
        return MDMCTL_OK;
    }

    if (mdmctl_read_file(arena, options->device_ca, MDMCTL_CA_LIMIT, &text)
        != MDMCTL_OK)
    {
        return MDMCTL_FAILED;
    }

    if (mdm_anchors_parse(text, &anchors, &fault) != MDM_OK) {
        return mdmctl_error("\"%s\": %s", options->device_ca, fault.text);
    }

    *n = mdm_anchors_count(anchors);
    *pem = (const char *) text.data;
    mdm_anchors_free(anchors);

    return MDMCTL_OK;
}


int
mdmctl_tenant_list(mdmctl_options_t *options)
{
    PGconn       *db;
    PGresult     *res;
    mdm_arena_t   arena;

    static const char *const  columns[] = {
        "name=TENANT", "hosts=HOSTS", "cas=DEVICE CAS", "created_at=MADE", NULL
    };

    db = mdmctl_connect_prepared(options);
    if (db == NULL) {
        return MDMCTL_FAILED;
    }

    res = mdmctl_query(db, "SELECT * FROM " MDMCTL_SCHEMA ".tenant_list()",
                       NULL);

    if (res != NULL) {
        mdm_arena_init(&arena);
        mdmctl_table(&arena, res, columns,
                     "there is no tenant yet: "
                     "make one with \"mdmctl tenant add NAME\"");
        mdm_arena_free(&arena);
    }

    PQclear(res);
    PQfinish(db);

    return res != NULL ? MDMCTL_OK : MDMCTL_FAILED;
}
