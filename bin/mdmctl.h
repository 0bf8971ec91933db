
/*
 * mdmctl: what an operator does beside the server.  It speaks to PostgreSQL,
 * one statement after the other, and ends; only its check of the network
 * speaks to others.
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
#define MDMCTL_MAX_OPTIONS   64
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
    mdmctl_list_t         secret_keys;    /* files */
    mdmctl_list_t         plugins;        /* files, or patterns of them */
    bool                  help;
    const char           *tenant;
    const char           *sql;
    const char           *token_file;
    bool                  retire;         /* keys that seal nothing */
    mdmctl_list_t         hosts;
    mdmctl_list_t         device_cas;     /* files */
    mdmctl_list_t         scopes;

    const char           *kind;           /* filters of enrolments */
    const char           *ownership;
    const char           *state;          /* also of commands */
    const char           *supervised;
    const char           *seen_after;
    const char           *seen_before;
    const char           *user;
    const char           *serial;
    mdmctl_list_t         attributes;     /* NAME=VALUE */
    const char           *request_type;

    bool                  no_push;        /* of commands */
    const char           *priority;
    const char           *not_before_in;
    const char           *expires_in;
    const char           *dedupe_key;
    const char           *device;         /* an enrolment id */
    bool                  force;
    bool                  gone;

    mdmctl_list_t         vendor_certificates;    /* files, of pushcert */
    const char           *vendor_key;             /* a file */
    const char           *common_name;
    const char           *email;
    const char           *country;
    const char           *account;
    const char           *note;
    const char           *output;         /* a file */
    bool                  development;
    bool                  new_topic;
    bool                  older;

    const char           *after;          /* of events, audit, webhooks */
    mdmctl_list_t         types;
    bool                  follow;
    const char           *actor;
    const char           *action;
    const char           *since;
    bool                  json;

    const char           *apns;           /* of the network's check */
    const char           *proxy;
    const char           *trusted_certificate;
    const char           *timeout;

    bool                  given[MDMCTL_MAX_OPTIONS];

    unsigned              nwords;         /* what follows the command */
    char                 *words[MDMCTL_MAX_WORDS];
} mdmctl_options_t;


/* The parameters of one statement, all in text format. */

typedef struct {
    int                   n;
    const char           *values[MDMCTL_MAX_PARAMS];
} mdmctl_params_t;


/*
 * What a command about one tenant works with.  params: the tenant's id is the
 * first and stays; what else was added goes with mdmctl_params_begin().
 */

typedef struct {
    mdm_arena_t           arena;
    PGconn               *db;
    long long             tenant_id;
    mdmctl_params_t       params;
} mdmctl_session_t;


/* A list that is shown whole, page by page. */

typedef struct {
    const char           *sql;            /* its rows; "$2" is the cursor of
                                             the last row shown, a column
                                             "cursor" the one of each row */
    const char *const    *columns;
    const char           *key;            /* null where a row is none and only
                                             says where to go on */
    const char           *none;           /* words for an empty list */
} mdmctl_pages_t;


/* mdmctl.c */

/* Writes "mdmctl: ..." to standard error; returns MDMCTL_FAILED. */
int mdmctl_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));


/* mdmctl_option.c */

/* What main() was given, and the environment; MDMCTL_USAGE: said why. */
int mdmctl_options_read(mdmctl_options_t *options, int argc, char **argv);

/* The name of an option that was given and is not among the letters. */
const char *mdmctl_option_stray(const mdmctl_options_t *options,
    const char *letters);

/* Is the value one of the words, in the range, or a time?  An absent one is,
 * and leaves the number as it was.  MDMCTL_USAGE: said what it may be. */
int mdmctl_option_word(const char *name, const char *value, const char *words);
int mdmctl_option_number(const char *name, const char *value, long long min,
    long long max, long long *number);
int mdmctl_option_time(const char *name, const char *value, int64_t *micros);


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

/* The same of the first rows, without words for none.  With widths, which
 * begin zeroed, one table may come in several pieces. */
void mdmctl_table_part(mdm_arena_t *arena, PGresult *res, int rows,
    const char *const *columns, size_t *width);

/* The tenant of --tenant, or the only one there is. */
int mdmctl_tenant_id(PGconn *db, const mdmctl_options_t *options,
    long long *tenant_id);


/* mdmctl_session.c */

/* Connects and finds the tenant.  Close it in any case; that returns rc. */
int mdmctl_session_open(mdmctl_session_t *s, const mdmctl_options_t *options);
int mdmctl_session_close(mdmctl_session_t *s, int rc);

void mdmctl_params_begin(mdmctl_session_t *s);

/* Adds who does it, as functions that change or reveal something want it. */
void mdmctl_add_who(mdmctl_session_t *s);

/* Adds device_id and user_id of a written id.  The second also says so when
 * there is no such enrolment. */
int mdmctl_add_channel(mdmctl_session_t *s, const char *written);
int mdmctl_add_enrollment(mdmctl_session_t *s, const char *written);

int mdmctl_unknown_enrollment(const char *written);
int mdmctl_unknown_command(const char *command_uuid);

/* Shows a list to its end.  The cursor is the second parameter already, and
 * the third the size of a page. */
int mdmctl_pages(mdmctl_session_t *s, const mdmctl_pages_t *pages);
void mdmctl_add_page(mdmctl_session_t *s, int limit);


/* mdmctl_file.c */

/* Writes a file anew, or to standard output when the name is NULL or "-". */
int mdmctl_write_file(const char *name, mdm_str_t text);

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

/* Opens a sealed value; says why when it cannot. */
int mdmctl_unseal(mdm_arena_t *arena, const mdm_secret_ring_t *ring,
    long long tenant_id, const char *kind, mdm_str_t row, mdm_str_t sealed,
    mdm_str_t *plain);


/* The commands, one file each subject */

int mdmctl_migrate(mdmctl_options_t *options);
int mdmctl_tenant_add(mdmctl_options_t *options);
int mdmctl_tenant_list(mdmctl_options_t *options);
int mdmctl_tenant_set(mdmctl_options_t *options);
int mdmctl_token_add(mdmctl_options_t *options);
int mdmctl_token_list(mdmctl_options_t *options);
int mdmctl_token_revoke(mdmctl_options_t *options);
int mdmctl_pushcert_store(mdmctl_options_t *options);
int mdmctl_pushcert_list(mdmctl_options_t *options);
int mdmctl_pushcert_request(mdmctl_options_t *options);
int mdmctl_pushcert_requests(mdmctl_options_t *options);
int mdmctl_pushcert_forget(mdmctl_options_t *options);
int mdmctl_push(mdmctl_options_t *options);
int mdmctl_push_show(mdmctl_options_t *options);
int mdmctl_push_resume(mdmctl_options_t *options);
int mdmctl_push_send(mdmctl_options_t *options);
int mdmctl_devices(mdmctl_options_t *options);
int mdmctl_device(mdmctl_options_t *options);
int mdmctl_why(mdmctl_options_t *options);
int mdmctl_inventory(mdmctl_options_t *options);
int mdmctl_who(mdmctl_options_t *options);
int mdmctl_end(mdmctl_options_t *options);
int mdmctl_revoke(mdmctl_options_t *options);
int mdmctl_queue(mdmctl_options_t *options);
int mdmctl_history(mdmctl_options_t *options);
int mdmctl_send(mdmctl_options_t *options);
int mdmctl_command_show(mdmctl_options_t *options);
int mdmctl_cancel(mdmctl_options_t *options);
int mdmctl_release(mdmctl_options_t *options);
int mdmctl_payload(mdmctl_options_t *options);
int mdmctl_report(mdmctl_options_t *options);
int mdmctl_secret(mdmctl_options_t *options);
int mdmctl_events(mdmctl_options_t *options);
int mdmctl_audit(mdmctl_options_t *options);
int mdmctl_webhook_list(mdmctl_options_t *options);
int mdmctl_webhook_failures(mdmctl_options_t *options);
int mdmctl_webhook_replay(mdmctl_options_t *options);
int mdmctl_plugins(mdmctl_options_t *options);
int mdmctl_rekey(mdmctl_options_t *options);
int mdmctl_check_network(mdmctl_options_t *options);


#endif /* _MDMCTL_H_INCLUDED_ */
