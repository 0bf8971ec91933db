
/* API tokens.  A token's text exists once, on the screen of who made it; the
 * database has its SHA-256. */


#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "mdmctl.h"


#define MDMCTL_TOKEN_BYTES   32
#define MDMCTL_TOKEN_MAX     256


static int mdmctl_token_make(char *token);
static int mdmctl_token_read(const char *file, char *token);


int
mdmctl_token_add(mdmctl_options_t *options)
{
    int               rc;
    char              token[MDMCTL_TOKEN_MAX + 1];
    PGconn           *db;
    PGresult         *res;
    const char       *all;
    mdm_arena_t       arena;
    unsigned char     hash[EVP_MAX_MD_SIZE];
    mdmctl_params_t   params;

    rc = options->token_file != NULL
         ? mdmctl_token_read(options->token_file, token)
         : mdmctl_token_make(token);

    if (rc != MDMCTL_OK) {
        return rc;
    }

    if (EVP_Digest(token, strlen(token), hash, NULL, EVP_sha256(), NULL) != 1)
    {
        return mdmctl_error("cannot compute a digest");
    }

    db = mdmctl_connect_prepared(options);
    if (db == NULL) {
        return MDMCTL_FAILED;
    }

    rc = MDMCTL_FAILED;
    all = "admin";
    mdm_arena_init(&arena);

    params.n = 0;
    mdmctl_add(&params, options->words[0]);
    mdmctl_add(&params, options->words[1]);
    mdmctl_add_bytes(&arena, &params, (mdm_str_t) { 32, hash });
    mdmctl_add_array(&arena, &params,
                     options->scopes.n ? options->scopes.words : &all,
                     options->scopes.n ? options->scopes.n : 1);

    res = mdmctl_query(db, "SELECT " MDMCTL_SCHEMA
                           ".token_add($1, $2, $3::bytea, $4::text[])",
                       &params);

    if (res != NULL && PQgetisnull(res, 0, 0)) {
        mdmctl_error("there is no tenant \"%s\"; "
                     "\"mdmctl tenant list\" shows them", options->words[0]);

    } else if (res != NULL) {
        puts(options->token_file != NULL ? "the token is registered" : token);
        rc = MDMCTL_OK;
    }

    OPENSSL_cleanse(token, sizeof(token));
    mdm_arena_free(&arena);
    PQclear(res);
    PQfinish(db);

    return rc;
}


/* base64url without padding */

static int
mdmctl_token_make(char *token)
{
    char           *p;
    unsigned char   random[MDMCTL_TOKEN_BYTES];

    if (RAND_bytes(random, sizeof(random)) != 1) {
        return mdmctl_error("no random bytes");
    }

    EVP_EncodeBlock((unsigned char *) token, random, sizeof(random));
    OPENSSL_cleanse(random, sizeof(random));

    for (p = token; *p != '\0'; p++) {
        switch (*p) {
        case '+': *p = '-'; break;
        case '/': *p = '_'; break;
        case '=': *p = '\0'; break;
        }

        if (*p == '\0') {
            break;
        }
    }

    return MDMCTL_OK;
}


/* The file's only word. */

static int
mdmctl_token_read(const char *file, char *token)
{
    size_t        len;
    mdm_str_t     text;
    mdm_arena_t   arena;

    mdm_arena_init(&arena);

    if (mdmctl_read_file(&arena, file, MDMCTL_TOKEN_MAX, &text) != MDMCTL_OK) {
        mdm_arena_free(&arena);
        return MDMCTL_FAILED;
    }

    len = strcspn((const char *) text.data, " \t\r\n");
    memcpy(token, text.data, len);
    token[len] = '\0';

    if (len == 0
        || text.data[len + strspn((const char *) text.data + len, " \t\r\n")]
           != '\0')
    {
        mdmctl_error("\"%s\" must hold one token and nothing else", file);
        mdm_arena_free(&arena);
        return MDMCTL_FAILED;
    }

    mdm_arena_free(&arena);

    return MDMCTL_OK;
}


int
mdmctl_token_list(mdmctl_options_t *options)
{
    PGconn           *db;
    PGresult         *res;
    mdm_arena_t       arena;
    mdmctl_params_t   params;

    static const char *const  columns[] = {
        "token_id=TOKEN", "tenant=TENANT", "name=NAME", "scopes=SCOPES",
        "created_at=MADE", "revoked_at=REVOKED", NULL
    };

    db = mdmctl_connect_prepared(options);
    if (db == NULL) {
        return MDMCTL_FAILED;
    }

    params.n = 0;
    mdmctl_add(&params, options->tenant);

    res = mdmctl_query(db, "SELECT * FROM " MDMCTL_SCHEMA ".token_list($1)",
                       &params);

    if (res != NULL) {
        mdm_arena_init(&arena);
        mdmctl_table(&arena, res, columns,
                     "there is no token yet: "
                     "make one with \"mdmctl token add TENANT NAME\"");
        mdm_arena_free(&arena);
    }

    PQclear(res);
    PQfinish(db);

    return res != NULL ? MDMCTL_OK : MDMCTL_FAILED;
}


int
mdmctl_token_revoke(mdmctl_options_t *options)
{
    int               rc;
    char             *end;
    PGconn           *db;
    PGresult         *res;
    mdmctl_params_t   params;

    strtoll(options->words[0], &end, 10);

    if (*end != '\0' || end == options->words[0]) {
        mdmctl_error("\"%s\" is no token's number; "
                     "\"mdmctl token list\" shows them", options->words[0]);
        return MDMCTL_USAGE;
    }

    db = mdmctl_connect_prepared(options);
    if (db == NULL) {
        return MDMCTL_FAILED;
    }

    rc = MDMCTL_FAILED;
    params.n = 0;
    mdmctl_add(&params, options->words[0]);

    res = mdmctl_query(db, "SELECT " MDMCTL_SCHEMA
                           ".token_revoke($1::bigint)", &params);

    if (res != NULL && strcmp(PQgetvalue(res, 0, 0), "t") != 0) {
        mdmctl_error("there is no token %s that is not revoked; "
                     "\"mdmctl token list\" shows them", options->words[0]);

    } else if (res != NULL) {
        printf("token %s is void now\n", options->words[0]);
        rc = MDMCTL_OK;
    }

    PQclear(res);
    PQfinish(db);

    return rc;
}
