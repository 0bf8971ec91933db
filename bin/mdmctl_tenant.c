
/* Tenants. */


#include "mdm_certificate.h"
#include "mdmctl.h"


#define MDMCTL_CA_LIMIT    (1024 * 1024)

/* all of Apple's AccessRights */
#define MDMCTL_ALL_RIGHTS  8191


static int mdmctl_tenant_set_all(PGconn *db, mdm_arena_t *arena,
    const mdmctl_options_t *options, const char *pem, const char *settings);
static int mdmctl_tenant_set_hosts(PGconn *db, mdm_arena_t *arena,
    const mdmctl_options_t *options);
static int mdmctl_tenant_set_policies(PGconn *db,
    const mdmctl_options_t *options, const char *settings);
static int mdmctl_tenant_policies(const mdmctl_options_t *options,
    mdm_arena_t *arena, const char **settings);
static const char *mdmctl_tenant_policy(mdm_arena_t *arena, const char *word);
static int mdmctl_tenant_set_cas(PGconn *db, const mdmctl_options_t *options,
    const char *pem);
static int mdmctl_tenant_changed(const char *name, PGresult *res);
static int mdmctl_tenant_anchors(const mdmctl_options_t *options,
    mdm_arena_t *arena, const char **pem, unsigned *n);
static int mdmctl_tenant_count(const char *name, mdm_str_t pem, unsigned *n);


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


/* All or nothing. */

int
mdmctl_tenant_set(mdmctl_options_t *options)
{
    int           rc;
    PGconn       *db;
    unsigned      n;
    const char   *pem, *settings;
    mdm_arena_t   arena;

    if (options->device_cas.n == 0 && options->hosts.n == 0
        && options->nwords == 1)
    {
        mdmctl_error("usage: mdmctl tenant set NAME [POLICY=VALUE]... "
                     "[--host HOST]... [--device-ca FILE]...: at least one of "
                     "these");
        return MDMCTL_USAGE;
    }

    db = NULL;
    mdm_arena_init(&arena);

    rc = mdmctl_tenant_policies(options, &arena, &settings);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_tenant_anchors(options, &arena, &pem, &n);
    }

    if (rc == MDMCTL_OK) {
        db = mdmctl_connect_prepared(options);
        rc = db != NULL ? mdmctl_tenant_set_all(db, &arena, options, pem,
                                                settings)
                        : MDMCTL_FAILED;
    }

    if (rc == MDMCTL_OK && options->nwords > 1) {
        printf("tenant \"%s\" has these policies now\n", options->words[0]);
    }

    if (rc == MDMCTL_OK && options->hosts.n > 0) {
        printf("tenant \"%s\" has these hosts now and no others\n",
               options->words[0]);
    }

    if (rc == MDMCTL_OK && options->device_cas.n > 0) {
        printf("tenant \"%s\" accepts certificates of %u CA%s now\n",
               options->words[0], n, n == 1 ? "" : "s");
    }

    mdm_arena_free(&arena);
    PQfinish(db);

    return rc;
}


static int
mdmctl_tenant_set_all(PGconn *db, mdm_arena_t *arena,
    const mdmctl_options_t *options, const char *pem, const char *settings)
{
    if (mdmctl_do(db, "BEGIN") != MDMCTL_OK
        || (options->nwords > 1
            && mdmctl_tenant_set_policies(db, options, settings) != MDMCTL_OK)
        || (options->hosts.n > 0
            && mdmctl_tenant_set_hosts(db, arena, options) != MDMCTL_OK)
        || (options->device_cas.n > 0
            && mdmctl_tenant_set_cas(db, options, pem) != MDMCTL_OK))
    {
        return MDMCTL_FAILED;
    }

    return mdmctl_do(db, "COMMIT");
}


static int
mdmctl_tenant_set_hosts(PGconn *db, mdm_arena_t *arena,
    const mdmctl_options_t *options)
{
    mdmctl_params_t  params;

    params.n = 0;
    mdmctl_add(&params, options->words[0]);
    mdmctl_add_array(arena, &params, options->hosts.words, options->hosts.n);

    return mdmctl_tenant_changed(options->words[0],
                                 mdmctl_query(db, "SELECT " MDMCTL_SCHEMA
                                              ".tenant_set_hosts($1,"
                                              " $2::text[])", &params));
}


static int
mdmctl_tenant_set_cas(PGconn *db, const mdmctl_options_t *options,
    const char *pem)
{
    mdmctl_params_t  params;

    params.n = 0;
    mdmctl_add(&params, options->words[0]);
    mdmctl_add(&params, pem);

    return mdmctl_tenant_changed(options->words[0],
                                 mdmctl_query(db, "SELECT " MDMCTL_SCHEMA
                                              ".tenant_set_device_ca($1, $2)",
                                              &params));
}


static int
mdmctl_tenant_set_policies(PGconn *db, const mdmctl_options_t *options,
    const char *settings)
{
    mdmctl_params_t  params;

    params.n = 0;
    mdmctl_add(&params, options->words[0]);
    mdmctl_add(&params, settings);

    return mdmctl_tenant_changed(options->words[0],
                                 mdmctl_query(db, "SELECT " MDMCTL_SCHEMA
                                              ".tenant_set_settings($1, $2)",
                                              &params));
}


/* The words behind the name, as a JSON object. */

static int
mdmctl_tenant_policies(const mdmctl_options_t *options, mdm_arena_t *arena,
    const char **settings)
{
    unsigned     i;
    const char  *member;

    *settings = "";

    for (i = 1; i < options->nwords; i++) {
        member = mdmctl_tenant_policy(arena, options->words[i]);

        if (member == NULL) {
            mdmctl_error("\"%s\" is no policy; write strict=on, strict=off, "
                         "unknown_facts=warn, unknown_facts=refuse, "
                         "access_rights=unknown, or access_rights= and a "
                         "number from 0 to 8191", options->words[i]);
            return MDMCTL_USAGE;
        }

        *settings = mdmctl_printf(arena, "%s%s%s", *settings,
                                  **settings ? ", " : "", member);
    }

    *settings = mdmctl_printf(arena, "{%s}", *settings);

    return MDMCTL_OK;
}


/* A member of the settings, where null means that the policy is as it is by
 * itself; NULL: it is none. */

static const char *
mdmctl_tenant_policy(mdm_arena_t *arena, const char *word)
{
    size_t       i;
    const char  *digits;

    static const struct {
        const char  *word;
        const char  *member;
    } policies[] = {
        { "strict=on",             "\"strict\": true" },
        { "strict=off",            "\"strict\": null" },
        { "unknown_facts=warn",    "\"unknown_facts\": null" },
        { "unknown_facts=refuse",  "\"unknown_facts\": \"refuse\"" },
        { "access_rights=unknown", "\"access_rights\": null" }
    };

    for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        if (strcmp(word, policies[i].word) == 0) {
            return policies[i].member;
        }
    }

    if (strncmp(word, "access_rights=", 14) != 0) {
        return NULL;
    }

    digits = word + 14;

    if (digits[0] == '\0' || strlen(digits) > 4
        || strspn(digits, "0123456789") != strlen(digits)
        || atoi(digits) > MDMCTL_ALL_RIGHTS)
    {
        return NULL;
    }

    return mdmctl_printf(arena, "\"access_rights\": %d", atoi(digits));
}


/* The answer of a function that is false when there is no such tenant. */

static int
mdmctl_tenant_changed(const char *name, PGresult *res)
{
    bool  there;

    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    there = strcmp(PQgetvalue(res, 0, 0), "t") == 0;
    PQclear(res);

    return there ? MDMCTL_OK
                 : mdmctl_error("there is no tenant \"%s\"; "
                                "\"mdmctl tenant list\" shows them", name);
}


/* All files as one text: only what the server can read later is stored. */

static int
mdmctl_tenant_anchors(const mdmctl_options_t *options, mdm_arena_t *arena,
    const char **pem, unsigned *n)
{
    unsigned     i;
    mdm_str_t    text;
    const char  *file;

    *n = 0;
    *pem = "";

    for (i = 0; i < options->device_cas.n; i++) {
        file = options->device_cas.words[i];

        if (mdmctl_read_file(arena, file, MDMCTL_CA_LIMIT, &text) != MDMCTL_OK
            || mdmctl_tenant_count(file, text, n) != MDMCTL_OK)
        {
            return MDMCTL_FAILED;
        }

        *pem = mdmctl_printf(arena, "%s%s%s", *pem, **pem ? "\n" : "",
                             (const char *) text.data);
    }

    if (i < 2) {
        return MDMCTL_OK;
    }

    text.data = (const unsigned char *) *pem;
    text.len = strlen(*pem);

    return mdmctl_tenant_count("all these CAs", text, n);
}


static int
mdmctl_tenant_count(const char *name, mdm_str_t pem, unsigned *n)
{
    mdm_fault_t     fault;
    mdm_anchors_t  *anchors;

    if (mdm_anchors_parse(pem, &anchors, &fault) != MDM_OK) {
        return mdmctl_error("\"%s\": %s", name, fault.text);
    }

    *n = mdm_anchors_count(anchors);
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
        "name=TENANT", "hosts=HOSTS", "cas=DEVICE CAS", "policies=POLICIES",
        "created_at=MADE", NULL
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
