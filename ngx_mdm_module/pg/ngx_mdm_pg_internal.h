
/*
 * What the files of pg/ share and nobody else sees.
 */


#ifndef _NGX_MDM_PG_INTERNAL_H_INCLUDED_
#define _NGX_MDM_PG_INTERNAL_H_INCLUDED_


#include "ngx_mdm_pg.h"
#include "ngx_mdm_pg_counter.h"


/* Shipments on one connection at a time.  More would only split batches: what
 * arrives while they are under way leaves together as the next. */
#define NGX_MDM_PG_DEPTH             2

#define NGX_MDM_PG_CONNECT_TIMEOUT   5000
#define NGX_MDM_PG_RETRY_MIN         200
#define NGX_MDM_PG_RETRY_MAX         2000
#define NGX_MDM_PG_LINGER            200


/*
 *   DOWN -> CONNECTING -> STARTING -> READY
 *     ^__________|____________|_________|
 *
 * DOWN: no socket; a timer brings the next attempt.  CONNECTING: libpq
 * connects.  STARTING: revision and keys are checked, statements prepared.
 */

typedef enum {
    NGX_MDM_PG_DOWN = 0,
    NGX_MDM_PG_CONNECTING,
    NGX_MDM_PG_STARTING,
    NGX_MDM_PG_READY
} ngx_mdm_pg_state_e;


typedef enum {
    NGX_MDM_PG_SHIP_CALLS = 0,
    NGX_MDM_PG_SHIP_STARTUP,
    NGX_MDM_PG_SHIP_PREPARE
} ngx_mdm_pg_ship_e;


/*
 * One query and its sync in a connection's pipeline.  The result is kept
 * until the sync, because an error at COMMIT arrives after the rows.
 */

struct ngx_mdm_pg_shipment_s {
    ngx_queue_t                    queue;
    ngx_mdm_pg_ship_e              kind;
    const ngx_mdm_pg_statement_t  *statement;
    ngx_mdm_pg_call_t             *calls[NGX_MDM_PG_MAX_MEMBERS];
    ngx_uint_t                     ncalls;
    PGresult                      *result;
    ngx_uint_t                     kept;        /* by whom beyond their
                                                   handlers */
    unsigned                       failed:1;
    char                           sqlstate[6];
};


struct ngx_mdm_pg_connection_s {
    ngx_mdm_pg_class_t            *class;
    ngx_mdm_pg_state_e             state;
    PGconn                        *conn;
    ngx_connection_t              *c;
    ngx_queue_t                    fifo;        /* of shipments */
    ngx_uint_t                     in_flight;
    ngx_uint_t                     target;
    ngx_uint_t                     failures;    /* since it was last READY */
    ngx_event_t                    timer;       /* connect, or next attempt */
    unsigned                       broken:1;
};


struct ngx_mdm_pg_class_s {
    ngx_mdm_pg_t                  *pg;
    ngx_mdm_pg_class_e             id;
    ngx_mdm_pg_connection_t       *connections;
    ngx_uint_t                     n;
    ngx_queue_t                    waiting;     /* of calls */
    ngx_uint_t                     nwaiting;
    ngx_uint_t                     nready;
    ngx_event_t                    flush;
};


struct ngx_mdm_pg_s {
    ngx_mdm_pg_conf_t             *conf;
    ngx_cycle_t                   *cycle;
    ngx_mdm_pg_class_t             classes[NGX_MDM_PG_NCLASSES];
    ngx_mdm_pg_counters_t         *counters;
    ngx_mdm_pg_gauges_t           *gauges;
    ngx_mdm_pg_accept_pt           accept;
    ngx_mdm_pg_leave_pt            leave;
    void                          *data;
    ngx_uint_t                     epoch;
    ngx_mdm_restraint_t            restraint;
};


/* ngx_mdm_pg_statement.c */
ngx_uint_t ngx_mdm_pg_statement_types(const ngx_mdm_pg_statement_t *statement,
    Oid *types);
void ngx_mdm_pg_statement_text(const ngx_mdm_pg_statement_t *statement,
    u_char *buf, size_t size);
Oid ngx_mdm_pg_element_type(char letter);

/* ngx_mdm_pg_value.c */
size_t ngx_mdm_pg_array_size(const ngx_mdm_pg_value_t *const *values,
    ngx_uint_t n);
u_char *ngx_mdm_pg_array_write(u_char *p, char letter,
    const ngx_mdm_pg_value_t *const *values, ngx_uint_t n);

/* ngx_mdm_pg_target.c */

/*
 * Parses the connection string and expands it into targets.  Returns NULL or
 * a sentence that says what to write instead.  Names are resolved here, as
 * nginx resolves those of upstreams: at start and at reload.
 */
char *ngx_mdm_pg_conf_parse(ngx_conf_t *cf, ngx_mdm_pg_conf_t *conf);
const char *ngx_mdm_pg_class_role(ngx_mdm_pg_class_e class);
PGconn *ngx_mdm_pg_target_connect(const ngx_mdm_pg_target_t *target,
    ngx_mdm_pg_class_e class);

/* ngx_mdm_pg_connection.c */
void ngx_mdm_pg_connection_init(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_class_t *class);
void ngx_mdm_pg_connection_open(ngx_mdm_pg_connection_t *pc);
void ngx_mdm_pg_connection_close(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_rc_e rc);
void ngx_mdm_pg_connection_flush(ngx_mdm_pg_connection_t *pc);
/* Blocks for a moment, in a process that ends, for so many answers: what
 * PostgreSQL cannot answer it may leave undone. */
void ngx_mdm_pg_connection_linger(ngx_mdm_pg_connection_t *pc, ngx_uint_t n);

/* ngx_mdm_pg_shipment.c */
void ngx_mdm_pg_shipment_start(ngx_mdm_pg_connection_t *pc);
void ngx_mdm_pg_shipment_calls(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_call_t **calls, ngx_uint_t n);
void ngx_mdm_pg_shipment_last(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_call_t *call);
void ngx_mdm_pg_shipment_result(ngx_mdm_pg_connection_t *pc,
    PGresult *result);
void ngx_mdm_pg_shipment_lost(ngx_mdm_pg_shipment_t *shipment,
    ngx_mdm_pg_rc_e rc);

/* ngx_mdm_pg.c */
void ngx_mdm_pg_answer(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
void ngx_mdm_pg_class_wake(ngx_mdm_pg_class_t *class);

/* Writes what is true of a class now where others see it. */
void ngx_mdm_pg_class_show(ngx_mdm_pg_class_t *class);


#endif /* _NGX_MDM_PG_INTERNAL_H_INCLUDED_ */
