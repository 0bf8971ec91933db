
/*
 * mdmctl: what an operator does beside the server.  It speaks to PostgreSQL
 * alone, one statement after the other, and ends.
 */


#ifndef _MDMCTL_H_INCLUDED_
#define _MDMCTL_H_INCLUDED_


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "mdm_base.h"
#include "mdm_secret.h"


#define MDMCTL_MAX_WORDS     1024
#define MDMCTL_MAX_LIST      64
#define MDMCTL_MAX_PARAMS    20

/* The functions' schema: "mdm_r2" */
#define MDMCTL_TEXT(x)       #x
#define MDMCTL_TEXT_OF(x)    MDMCTL_TEXT(x)
#define MDMCTL_SCHEMA        "mdm_r" MDMCTL_TEXT_OF(MDM_REVISION)


/* Exit codes */

typedef enum {
    MDMCTL_OK = 0,
    MDMCTL_FAILED = 1,        /* said on standard error */
    MDMCTL_USAGE = 2          /* the command line is wrong */
} mdmctl_rc_e;


typedef struct {
    unsigned              n;
    const char           *words[MDMCTL_MAX_LIST];
} mdmctl_list_t;


typedef struct {
    const char           *database;
    const char           *tenant;
    const char           *sql;
    const char           *token_file;
    bool                  retire;         /* keys that seal nothing */
    mdmctl_list_t         secret_keys;    /* files */
    mdmctl_list_t         hosts;
    mdmctl_list_t         device_cas;     /* files */
    mdmctl_list_t         scopes;

    unsigned              nwords;         /* what follows the command */
    char                 *words[MDMCTL_MAX_WORDS];
} mdmctl_options_t;


/* The parameters of one statement, all in text format. */

typedef struct {
    int                   n;
    const char           *values[MDMCTL_MAX_PARAMS];
} mdmctl_params_t;


/* mdmctl.c */

/* Writes "mdmctl: ..." to standard error; returns MDMCTL_FAILED. */
int mdmctl_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));


/* mdmctl_db.c */

/* NULL: said why.  The second also takes the part of mdm_owner and demands
 * that the functions of this revision exist. */
PGconn *mdmctl_connect(const mdmctl_options_t *options);
PGconn *mdmctl_connect_prepared(const mdmctl_options_t *options);

void mdmctl_add(mdmctl_params_t *params, const char *value);
void mdmctl_add_int(mdm_arena_t *arena, mdmctl_params_t *params,
    long long value);
void mdmctl_add_bytes(mdm_arena_t *arena, mdmctl_params_t *params,
    mdm_str_t value);
void mdmctl_add_array(mdm_arena_t *arena, mdmctl_params_t *params,
    const char *const *words, unsigned n);

/* NULL: the statement failed, and the server's words were written. */
PGresult *mdmctl_query(PGconn *db, const char *sql,
    const mdmctl_params_t *params);

/* A statement without rows or parameters. */
int mdmctl_do(PGconn *db, const char *sql);

/* The bytes of a bytea column. */
mdm_str_t mdmctl_bytes(mdm_arena_t *arena, PGresult *res, int row, int column);

/* A column by its name; "" for NULL and for a column that is not there. */
const char *mdmctl_value(PGresult *res, int row, const char *column);

/* A table for people; columns are "name" or "name=TITLE". */
void mdmctl_table(mdm_arena_t *arena, PGresult *res,
    const char *const *columns, const char *none);

/* The tenant of --tenant, or the only one there is. */
int mdmctl_tenant_id(PGconn *db, const mdmctl_options_t *options,
    long long *tenant_id);


/* mdmctl_file.c */

/* A whole file of at most `limit` bytes; said why when it cannot be read. */
int mdmctl_read_file(mdm_arena_t *arena, const char *name, size_t limit,
    mdm_str_t *text);

/* Names in a directory that match, sorted; each is the arena's. */
int mdmctl_list_dir(mdm_arena_t *arena, const char *dir, const char *pattern,
    char ***names, unsigned *n);

char *mdmctl_printf(mdm_arena_t *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
char *mdmctl_hex(mdm_arena_t *arena, mdm_str_t bytes);


/* mdmctl_key.c */

/* The keys of --secret-key; an empty ring is a fault when they are needed. */
int mdmctl_keys(const mdmctl_options_t *options, mdm_secret_ring_t *ring);
int mdmctl_keys_needed(const mdmctl_options_t *options,
    mdm_secret_ring_t *ring);

/* Does the first key belong to this database?  Says so when not. */
int mdmctl_key_check(PGconn *db, const mdm_secret_ring_t *ring);

int mdmctl_key_register(PGconn *db, mdm_arena_t *arena,
    const mdm_secret_ring_t *ring);


/* The commands, one file each subject */

int mdmctl_migrate(mdmctl_options_t *options);
int mdmctl_tenant_add(mdmctl_options_t *options);
int mdmctl_tenant_list(mdmctl_options_t *options);
int mdmctl_tenant_set(mdmctl_options_t *options);
int mdmctl_token_add(mdmctl_options_t *options);
int mdmctl_token_list(mdmctl_options_t *options);
int mdmctl_token_revoke(mdmctl_options_t *options);
int mdmctl_pushcert_set(mdmctl_options_t *options);
int mdmctl_pushcert_list(mdmctl_options_t *options);
int mdmctl_devices(mdmctl_options_t *options);
int mdmctl_queue(mdmctl_options_t *options);
int mdmctl_send(mdmctl_options_t *options);
int mdmctl_rekey(mdmctl_options_t *options);


#endif /* _MDMCTL_H_INCLUDED_ */
