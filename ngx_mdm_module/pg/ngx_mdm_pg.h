
/*
 * PostgreSQL for the engine: named statements, called asynchronously, many
 * members in one call where a statement takes arrays.
 *
 * A database (ngx_mdm_pg_t) has five classes of connections per worker, so
 * that one kind of work never waits behind another.  A call is handed to its
 * class, leaves at the end of the event loop's turn together with others of
 * its statement, and is answered once, after the commit: at the pipeline's
 * sync, never at the row.
 *
 * Only this directory includes libpq's header for more than reading rows.
 */


#ifndef _NGX_MDM_PG_H_INCLUDED_
#define _NGX_MDM_PG_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include <libpq-fe.h>

#include "../common/ngx_mdm_restraint.h"


/* The schema mdm_rN that holds the functions which this module calls. */
#define NGX_MDM_REVISION             2

#define NGX_MDM_PG_MAX_PARAMS        24
#define NGX_MDM_PG_MAX_MEMBERS       32
#define NGX_MDM_PG_MAX_BATCH_BYTES   (256 * 1024)
#define NGX_MDM_PG_MAX_WAITING       4096


typedef struct ngx_mdm_pg_s             ngx_mdm_pg_t;
typedef struct ngx_mdm_pg_class_s       ngx_mdm_pg_class_t;
typedef struct ngx_mdm_pg_connection_s  ngx_mdm_pg_connection_t;
typedef struct ngx_mdm_pg_shipment_s    ngx_mdm_pg_shipment_t;
typedef struct ngx_mdm_pg_call_s        ngx_mdm_pg_call_t;
typedef struct ngx_mdm_pg_counters_s    ngx_mdm_pg_counters_t;
typedef struct ngx_mdm_pg_gauges_s      ngx_mdm_pg_gauges_t;


typedef enum {
    NGX_MDM_PG_POLL = 0,      /* role mdm_device, read only */
    NGX_MDM_PG_WRITE,         /* role mdm_device */
    NGX_MDM_PG_API,           /* role mdm_api */
    NGX_MDM_PG_JOB,           /* role mdm_job, in one worker of a node */
    NGX_MDM_PG_PUSH,          /* role mdm_job, where pushes are sent */
    NGX_MDM_PG_NCLASSES
} ngx_mdm_pg_class_e;


typedef enum {
    NGX_MDM_PG_DONE = 0,      /* committed; rows are there */
    NGX_MDM_PG_AWAY,          /* no connection: nothing was sent */
    NGX_MDM_PG_OVERLOAD,      /* too many calls wait: nothing was sent */
    NGX_MDM_PG_LATE,          /* the deadline passed: outcome unknown */
    NGX_MDM_PG_LOST,          /* the connection broke: outcome unknown */
    NGX_MDM_PG_FAULT,         /* PostgreSQL refused: nothing was changed */
    NGX_MDM_PG_NRC
} ngx_mdm_pg_rc_e;


/* Every statement of the module; the table is in ngx_mdm_pg_statement.c. */

typedef enum {
    NGX_MDM_SQL_POLL = 0,
    NGX_MDM_SQL_DELIVER,
    NGX_MDM_SQL_REPORT,
    NGX_MDM_SQL_DELIVERY_FAILED,
    NGX_MDM_SQL_REPORT_TYPES,
    NGX_MDM_SQL_SEEN,
    NGX_MDM_SQL_AUTHENTICATE,
    NGX_MDM_SQL_TOKEN_UPDATE,
    NGX_MDM_SQL_CHECK_OUT,
    NGX_MDM_SQL_BOOTSTRAP_TOKEN_SET,
    NGX_MDM_SQL_BOOTSTRAP_TOKEN_GET,
    NGX_MDM_SQL_IDENTITY_ROLL_BACK,
    NGX_MDM_SQL_IDENTITY_REFUSED,
    NGX_MDM_SQL_TENANT_LOAD,
    NGX_MDM_SQL_TENANT_CHANGES,
    /* the API's frame */
    NGX_MDM_SQL_TOKEN_CHECK,
    NGX_MDM_SQL_TOKEN_REFUSED,

    /* commands */
    NGX_MDM_SQL_ENQUEUE,
    NGX_MDM_SQL_COMMAND_CANCEL,
    NGX_MDM_SQL_COMMANDS_CANCEL,
    NGX_MDM_SQL_QUEUE_CANCEL,
    NGX_MDM_SQL_COMMAND_RELEASE,
    NGX_MDM_SQL_COMMAND_RELEASE_ALL,
    NGX_MDM_SQL_COMMAND_SHOW,
    NGX_MDM_SQL_COMMAND_TARGETS,
    NGX_MDM_SQL_COMMAND_PAYLOAD,
    NGX_MDM_SQL_TARGET_FACTS,

    /* enrolments */
    NGX_MDM_SQL_ENROLLMENTS,
    NGX_MDM_SQL_ENROLLMENT_QUEUE,
    NGX_MDM_SQL_ENROLLMENT_HISTORY,
    NGX_MDM_SQL_ENROLLMENT_KNOWN,
    NGX_MDM_SQL_ENROLLMENT_SHOW,
    NGX_MDM_SQL_ENROLLMENT_WHY,
    NGX_MDM_SQL_ENROLLMENT_SECRETS,
    NGX_MDM_SQL_ENROLLMENT_SECRET,
    NGX_MDM_SQL_ENROLLMENT_REPORT,
    NGX_MDM_SQL_EFFECTS_OPEN,
    NGX_MDM_SQL_EFFECTS_AGAIN,
    NGX_MDM_SQL_ENROLLMENT_ATTRIBUTES,
    NGX_MDM_SQL_ENROLLMENT_END,
    NGX_MDM_SQL_IDENTITY_REVOKE,

    /* inventory */
    NGX_MDM_SQL_INVENTORY_LISTS,
    NGX_MDM_SQL_INVENTORY_ITEMS,
    NGX_MDM_SQL_INVENTORY_SEARCH,

    /* events and audit */
    NGX_MDM_SQL_EVENTS,
    NGX_MDM_SQL_AUDIT_LIST,

    /* push certificates */
    NGX_MDM_SQL_PUSH_CERTIFICATE_STORE,
    NGX_MDM_SQL_PUSH_CERTIFICATE_GET,
    NGX_MDM_SQL_PUSH_CERTIFICATE_LIST,
    NGX_MDM_SQL_PUSH_CERTIFICATE_KEY,
    NGX_MDM_SQL_PUSH_REQUEST_CREATE,
    NGX_MDM_SQL_PUSH_REQUEST_LIST,
    NGX_MDM_SQL_PUSH_REQUEST_DELETE,

    /* pushes, of the API */
    NGX_MDM_SQL_PUSH_ASK,
    NGX_MDM_SQL_PUSH_RESULTS,
    NGX_MDM_SQL_PUSH_TOPICS,
    NGX_MDM_SQL_PUSH_STOPS,
    NGX_MDM_SQL_PUSH_RESUME,

    /* profiles */
    NGX_MDM_SQL_PROFILE_STORE,
    NGX_MDM_SQL_PROFILE_LIST,
    NGX_MDM_SQL_PROFILE_GET,
    NGX_MDM_SQL_PROFILE_DELETE,
    NGX_MDM_SQL_SIGNING_CERTIFICATE_STORE,
    NGX_MDM_SQL_SIGNING_CERTIFICATE_GET,
    NGX_MDM_SQL_SIGNING_CERTIFICATE_DELETE,

    /* webhooks */
    NGX_MDM_SQL_WEBHOOK_OPEN,
    NGX_MDM_SQL_WEBHOOK_NEXT,
    NGX_MDM_SQL_WEBHOOK_DONE,
    NGX_MDM_SQL_WEBHOOK_STATE,
    NGX_MDM_SQL_WEBHOOK_SET_ASIDE,
    NGX_MDM_SQL_WEBHOOKS,
    NGX_MDM_SQL_WEBHOOK_FAILURES,
    NGX_MDM_SQL_WEBHOOK_REPLAY,

    /* pushing */
    NGX_MDM_SQL_PUSH_LEASE,
    NGX_MDM_SQL_PUSH_DUE,
    NGX_MDM_SQL_PUSH_RENEW,
    NGX_MDM_SQL_PUSH_OPEN,
    NGX_MDM_SQL_PUSH_CLAIM,
    NGX_MDM_SQL_PUSH_RECORD,
    NGX_MDM_SQL_PUSH_RELEASE,
    NGX_MDM_SQL_PUSH_LEAVE,

    /* background work */
    NGX_MDM_SQL_LEASE_TAKE,
    NGX_MDM_SQL_SWEEP,
    NGX_MDM_SQL_PUSH_CERTIFICATE_WATCH,
    NGX_MDM_SQL_PARTITION_AHEAD,
    NGX_MDM_SQL_METRIC_READ,
    NGX_MDM_SQL_NSTATEMENTS
} ngx_mdm_pg_statement_e;


/*
 * The types of a statement's parameters, a letter each: i int8, j int4,
 * k int2, b boolean, t text, y bytea; in capitals an array that the caller
 * has encoded (T text[], I int8[]).  A batched statement takes arrays of its
 * letters' types, made from its members, and answers rows whose first column
 * is the member's number, from 1.
 */

typedef struct {
    const char               *name;
    ngx_mdm_pg_class_e        class;
    unsigned                  batched;
    const char               *types;
} ngx_mdm_pg_statement_t;


extern const ngx_mdm_pg_statement_t  ngx_mdm_pg_statements[];


/* One parameter in PostgreSQL's binary form; data NULL is SQL NULL. */

typedef struct {
    u_char                   *data;
    size_t                    len;
    u_char                    number[8];
} ngx_mdm_pg_value_t;


/* The rows that belong to one call. */

typedef struct {
    const PGresult           *result;
    int                       first;
    int                       count;
    ngx_mdm_pg_shipment_t    *shipment;    /* pg's own */
} ngx_mdm_pg_rows_t;


typedef void (*ngx_mdm_pg_handler_pt)(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


/*
 * A call belongs to its caller, who keeps it and its parameters' memory until
 * the handler has run.  The handler runs exactly once, never inside
 * ngx_mdm_pg_call(), and may free the call.  Waiting calls hold a timer that
 * keeps an exiting worker alive until they are answered.
 */

struct ngx_mdm_pg_call_s {
    ngx_queue_t               queue;
    ngx_mdm_pg_statement_e    statement;
    ngx_mdm_pg_value_t        params[NGX_MDM_PG_MAX_PARAMS];
    uint32_t                  key;     /* members of one key (an enrolment)
                                          never share a batch */
    ngx_mdm_pg_handler_pt     handler;
    void                     *data;
    ngx_log_t                *log;     /* outlives the call; NULL: the
                                          cycle's */

    /* pg's own */
    ngx_event_t               deadline;
    ngx_msec_t                asked;
    ngx_mdm_pg_class_t       *class;
    ngx_mdm_pg_shipment_t    *shipment;
};


/* What mdm_database said. */

typedef struct {
    ngx_str_t                 name;           /* "" for the unnamed one */
    ngx_str_t                 conninfo;
    ngx_uint_t                connections;    /* device connections a worker */
    ngx_msec_t                timeout;        /* deadline of one call */
    unsigned                  push:1;         /* its pushes are sent from here */
    ngx_array_t               targets;        /* of ngx_mdm_pg_target_t */
} ngx_mdm_pg_conf_t;


/* One place to try: a connection string with a single host. */

typedef struct {
    const char              **keywords;       /* NULL-terminated, for         */
    const char              **values;         /* PQconnectStartParams         */
    ngx_str_t                 text;           /* "host:port" for the log */
} ngx_mdm_pg_target_t;


/* What is known of the database after a connection's start: the engine looks
 * at it to tell whether its keys fit. */

typedef ngx_int_t (*ngx_mdm_pg_accept_pt)(ngx_mdm_pg_t *pg,
    const ngx_mdm_pg_rows_t *rows, ngx_log_t *log);

/* The worker begins to exit: what should be written before must be called for
 * now.  May be told several times. */

typedef void (*ngx_mdm_pg_leave_pt)(ngx_mdm_pg_t *pg);


/* ngx_mdm_pg_conf.c: the directive mdm_database; the row's offset is that of an
 * array of ngx_mdm_pg_conf_t. */
char *ngx_mdm_pg_conf_add(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* The place of a database among those configured, or NGX_ERROR. */
ngx_int_t ngx_mdm_pg_conf_find(const ngx_array_t *databases,
    const ngx_str_t *name);

/* The connections that one worker may open: for worker_connections. */
ngx_uint_t ngx_mdm_pg_conf_connections(const ngx_mdm_pg_conf_t *conf);

/* In a worker: creates the classes and starts to connect.  `accept` judges
 * the answer of startup(); NGX_ERROR keeps the connection out of use.  What
 * it counts goes into `counters` and `gauges`, see ngx_mdm_pg_counter.h. */
ngx_mdm_pg_t *ngx_mdm_pg_create(ngx_cycle_t *cycle, ngx_mdm_pg_conf_t *conf,
    ngx_mdm_pg_counters_t *counters, ngx_mdm_pg_gauges_t *gauges,
    ngx_mdm_pg_accept_pt accept, ngx_mdm_pg_leave_pt leave, void *data);
void ngx_mdm_pg_destroy(ngx_mdm_pg_t *pg);
void *ngx_mdm_pg_data(ngx_mdm_pg_t *pg);

/* Counts the connections made, so that what was learnt from an older one (a
 * cursor of transaction ids) can be dropped. */
ngx_uint_t ngx_mdm_pg_epoch(ngx_mdm_pg_t *pg);

/* Hands a call over; its handler answers. */
void ngx_mdm_pg_call(ngx_mdm_pg_t *pg, ngx_mdm_pg_call_t *call);

/* Before ngx_mdm_pg_destroy(): a last call by a connection that takes it now,
 * behind what is under way there.  It is waited for, 200 ms at most; nobody
 * hears whether it was carried out, and there is no handler. */
void ngx_mdm_pg_last_call(ngx_mdm_pg_t *pg, ngx_mdm_pg_call_t *call);

/* The level for a line of the error log that may come with every request: as
 * given, or info when there were many of late; see ngx_mdm_restraint.h. */
ngx_uint_t ngx_mdm_pg_level(ngx_mdm_pg_t *pg, ngx_uint_t level,
    const char *text);

/* "no connection to PostgreSQL", ... for log lines. */
const char *ngx_mdm_pg_rc_text(ngx_mdm_pg_rc_e rc);

/* "away", ... and "poll", ...: one word each. */
const char *ngx_mdm_pg_rc_name(ngx_mdm_pg_rc_e rc);
const char *ngx_mdm_pg_class_name(ngx_mdm_pg_class_e class);


/* Parameters.  Text and bytes are not copied. */
void ngx_mdm_pg_set_int8(ngx_mdm_pg_value_t *value, int64_t n);
void ngx_mdm_pg_set_int4(ngx_mdm_pg_value_t *value, int32_t n);
void ngx_mdm_pg_set_int2(ngx_mdm_pg_value_t *value, int16_t n);
void ngx_mdm_pg_set_bool(ngx_mdm_pg_value_t *value, unsigned flag);
void ngx_mdm_pg_set_bytes(ngx_mdm_pg_value_t *value, const void *data,
    size_t len);
void ngx_mdm_pg_set_null(ngx_mdm_pg_value_t *value);

/* An array parameter from `n` values, in the pool; letter as in a statement's
 * types.  NGX_ERROR when memory ran out. */
ngx_int_t ngx_mdm_pg_set_array(ngx_mdm_pg_value_t *value, ngx_pool_t *pool,
    char letter, const ngx_mdm_pg_value_t *values, ngx_uint_t n);


/* Keeps a call's rows beyond its handler, and lets go of them; in the event
 * loop.  They may be read in a thread meanwhile.  Rows that are not kept can be
 * let go of, too. */
void ngx_mdm_pg_rows_keep(ngx_mdm_pg_rows_t *kept,
    const ngx_mdm_pg_rows_t *rows);
void ngx_mdm_pg_rows_let_go(ngx_mdm_pg_rows_t *kept);


/* Columns of a call's row (binary results).  SQL NULL: text with data NULL,
 * number 0, boolean false. */
ngx_str_t ngx_mdm_pg_text(const ngx_mdm_pg_rows_t *rows, int row, int column);
int64_t ngx_mdm_pg_int(const ngx_mdm_pg_rows_t *rows, int row, int column);
unsigned ngx_mdm_pg_bool(const ngx_mdm_pg_rows_t *rows, int row, int column);
ngx_uint_t ngx_mdm_pg_is_null(const ngx_mdm_pg_rows_t *rows, int row,
    int column);


#endif /* _NGX_MDM_PG_H_INCLUDED_ */
