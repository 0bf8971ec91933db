
/*
 * What travels in a connection's pipeline: one query and its sync at a time,
 * with the calls it carries.  Here batches are put together as arrays, answers
 * are given out at the sync, and a refused batch is cut in halves until the
 * member at fault stands alone.
 */


#include "ngx_mdm_pg_internal.h"


static ngx_mdm_pg_shipment_t *ngx_mdm_pg_shipment_new(
    ngx_mdm_pg_connection_t *pc, ngx_mdm_pg_ship_e kind,
    const ngx_mdm_pg_statement_t *statement);
static ngx_int_t ngx_mdm_pg_shipment_send(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_shipment_t *shipment);
static ngx_int_t ngx_mdm_pg_shipment_send_batch(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_shipment_t *shipment);
static ngx_int_t ngx_mdm_pg_shipment_prepare(ngx_mdm_pg_connection_t *pc,
    const ngx_mdm_pg_statement_t *statement);
static ngx_int_t ngx_mdm_pg_shipment_startup(ngx_mdm_pg_connection_t *pc);
static void ngx_mdm_pg_shipment_keep(ngx_mdm_pg_shipment_t *shipment,
    PGresult *result);
static void ngx_mdm_pg_shipment_failure(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_shipment_t *shipment, PGresult *result);
static void ngx_mdm_pg_shipment_sync(ngx_mdm_pg_connection_t *pc);
static void ngx_mdm_pg_shipment_accept(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_shipment_t *shipment);
static void ngx_mdm_pg_shipment_answer(ngx_mdm_pg_shipment_t *shipment);
static void ngx_mdm_pg_shipment_bisect(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_shipment_t *shipment);
static void ngx_mdm_pg_shipment_tell(ngx_mdm_pg_connection_t *pc,
    const ngx_mdm_pg_shipment_t *shipment, const char *message);
static ngx_uint_t ngx_mdm_pg_sqlstate_is(const char *sqlstate,
    const char *const *states);
static void ngx_mdm_pg_shipment_free(ngx_mdm_pg_shipment_t *shipment);


/* After these the connection is of no use: the server is going away, it has
 * become a standby, or it has lost our prepared statements. */

static const char *const  ngx_mdm_pg_sqlstates_end[] = {
    "57P01", "57P02", "57P03", "25006", "26000", "0A000", NULL
};

/* The schema or a function of our revision is not there, or not for us. */

static const char *const  ngx_mdm_pg_sqlstates_missing[] = {
    "3F000", "42883", "42501", NULL
};


/* Checks revision and keys, then prepares the class's statements; all of it
 * is sent at once. */

void
ngx_mdm_pg_shipment_start(ngx_mdm_pg_connection_t *pc)
{
    ngx_uint_t  i;

    if (ngx_mdm_pg_shipment_startup(pc) != NGX_OK) {
        pc->broken = 1;
        return;
    }

    for (i = 0; i < NGX_MDM_SQL_NSTATEMENTS; i++) {

        if (ngx_mdm_pg_statements[i].class != pc->class->id) {
            continue;
        }

        if (ngx_mdm_pg_shipment_prepare(pc, &ngx_mdm_pg_statements[i])
            != NGX_OK)
        {
            pc->broken = 1;
            return;
        }
    }
}


/* Sends calls of one statement.  A connection that cannot take them is left
 * marked broken with the calls in its list, to be answered when it closes. */

void
ngx_mdm_pg_shipment_calls(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_call_t **calls, ngx_uint_t n)
{
    ngx_uint_t              i;
    ngx_mdm_pg_shipment_t  *shipment;

    shipment = ngx_mdm_pg_shipment_new(pc, NGX_MDM_PG_SHIP_CALLS,
                                 &ngx_mdm_pg_statements[calls[0]->statement]);
    if (shipment == NULL) {
        for (i = 0; i < n; i++) {
            ngx_mdm_pg_answer(calls[i], NGX_MDM_PG_OVERLOAD, NULL);
        }

        return;
    }

    for (i = 0; i < n; i++) {
        shipment->calls[i] = calls[i];
        calls[i]->shipment = shipment;
    }

    shipment->ncalls = n;

    if (shipment->statement->batched) {
        ngx_mdm_histogram_add(
                      pc->class->pg->counters->batches[calls[0]->statement],
                      ngx_mdm_batch_bounds, NGX_MDM_BATCH_BOUNDS, n);
    }

    if (ngx_mdm_pg_shipment_send(pc, shipment) != NGX_OK
        || PQpipelineSync(pc->conn) != 1)
    {
        pc->broken = 1;
        ngx_post_event(pc->c->read, &ngx_posted_events);
        return;
    }

    ngx_mdm_pg_connection_flush(pc);
}


/* Not in the list of those that are answered: nobody reads any more. */

void
ngx_mdm_pg_shipment_last(ngx_mdm_pg_connection_t *pc, ngx_mdm_pg_call_t *call)
{
    ngx_mdm_pg_shipment_t  shipment;

    ngx_memzero(&shipment, sizeof(ngx_mdm_pg_shipment_t));

    shipment.statement = &ngx_mdm_pg_statements[call->statement];
    shipment.calls[0] = call;
    shipment.ncalls = 1;

    if (ngx_mdm_pg_shipment_send(pc, &shipment) == NGX_OK
        && PQpipelineSync(pc->conn) == 1)
    {
        ngx_mdm_pg_connection_linger(pc, pc->in_flight + 1);
    }
}


/* One result of the oldest shipment, owned by us now. */

void
ngx_mdm_pg_shipment_result(ngx_mdm_pg_connection_t *pc, PGresult *result)
{
    ngx_mdm_pg_shipment_t  *shipment;

    shipment = ngx_queue_data(ngx_queue_head(&pc->fifo),
                              ngx_mdm_pg_shipment_t, queue);

    switch (PQresultStatus(result)) {

    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        ngx_mdm_pg_shipment_keep(shipment, result);
        return;

    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        ngx_mdm_pg_shipment_sync(pc);
        return;

    default:
        ngx_mdm_pg_shipment_failure(pc, shipment, result);
        PQclear(result);
    }
}


/* The shipment's outcome is not known, or it never left. */

void
ngx_mdm_pg_shipment_lost(ngx_mdm_pg_shipment_t *shipment, ngx_mdm_pg_rc_e rc)
{
    ngx_uint_t  i;

    /* PostgreSQL's own word of a failure is the only proof of it */

    if (shipment->sqlstate[0] != '\0') {
        rc = NGX_MDM_PG_FAULT;
    }

    for (i = 0; i < shipment->ncalls; i++) {
        ngx_mdm_pg_answer(shipment->calls[i], rc, NULL);
    }

    ngx_mdm_pg_shipment_free(shipment);
}


static ngx_mdm_pg_shipment_t *
ngx_mdm_pg_shipment_new(ngx_mdm_pg_connection_t *pc, ngx_mdm_pg_ship_e kind,
    const ngx_mdm_pg_statement_t *statement)
{
    ngx_mdm_pg_shipment_t  *shipment;

    shipment = ngx_calloc(sizeof(ngx_mdm_pg_shipment_t), pc->timer.log);
    if (shipment == NULL) {
        return NULL;
    }

    shipment->kind = kind;
    shipment->statement = statement;

    ngx_queue_insert_tail(&pc->fifo, &shipment->queue);
    pc->in_flight++;

    return shipment;
}


static void
ngx_mdm_pg_shipment_free(ngx_mdm_pg_shipment_t *shipment)
{
    if (shipment->kept != 0) {
        shipment->kept--;
        return;
    }

    PQclear(shipment->result);
    ngx_free(shipment);
}


void
ngx_mdm_pg_rows_keep(ngx_mdm_pg_rows_t *kept, const ngx_mdm_pg_rows_t *rows)
{
    *kept = *rows;
    kept->shipment->kept++;
}


void
ngx_mdm_pg_rows_let_go(ngx_mdm_pg_rows_t *kept)
{
    if (kept->shipment != NULL) {
        ngx_mdm_pg_shipment_free(kept->shipment);
        kept->shipment = NULL;
    }
}


static ngx_int_t
ngx_mdm_pg_shipment_send(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_shipment_t *shipment)
{
    int                  lengths[NGX_MDM_PG_MAX_PARAMS];
    int                  formats[NGX_MDM_PG_MAX_PARAMS];
    const char          *values[NGX_MDM_PG_MAX_PARAMS];
    ngx_uint_t           i, n;
    ngx_mdm_pg_value_t  *params;

    if (shipment->statement->batched) {
        return ngx_mdm_pg_shipment_send_batch(pc, shipment);
    }

    n = ngx_strlen(shipment->statement->types);
    params = shipment->calls[0]->params;

    for (i = 0; i < n; i++) {
        values[i] = (const char *) params[i].data;
        lengths[i] = (int) params[i].len;
        formats[i] = 1;
    }

    return PQsendQueryPrepared(pc->conn, shipment->statement->name, (int) n,
                               values, lengths, formats, 1)
           ? NGX_OK : NGX_ERROR;
}


/* Turns the members' parameters by ninety degrees: an array each. */

static ngx_int_t
ngx_mdm_pg_shipment_send_batch(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_shipment_t *shipment)
{
    int                        lengths[NGX_MDM_PG_MAX_PARAMS];
    int                        formats[NGX_MDM_PG_MAX_PARAMS];
    u_char                    *buf, *p;
    size_t                     size;
    ngx_int_t                  rc;
    ngx_uint_t                 i, k, n;
    const char                *values[NGX_MDM_PG_MAX_PARAMS], *types;
    const ngx_mdm_pg_value_t  *columns[NGX_MDM_PG_MAX_PARAMS]
                                      [NGX_MDM_PG_MAX_MEMBERS];

    types = shipment->statement->types;
    n = ngx_strlen(types);

    for (i = 0, size = 0; i < n; i++) {
        for (k = 0; k < shipment->ncalls; k++) {
            columns[i][k] = &shipment->calls[k]->params[i];
        }

        size += ngx_mdm_pg_array_size(columns[i], shipment->ncalls);
    }

    buf = ngx_alloc(size, pc->timer.log);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    for (i = 0, p = buf; i < n; i++) {
        values[i] = (const char *) p;
        p = ngx_mdm_pg_array_write(p, types[i], columns[i], shipment->ncalls);
        lengths[i] = (int) (p - (u_char *) values[i]);
        formats[i] = 1;
    }

    rc = PQsendQueryPrepared(pc->conn, shipment->statement->name, (int) n,
                             values, lengths, formats, 1)
         ? NGX_OK : NGX_ERROR;

    ngx_free(buf);

    return rc;
}


static ngx_int_t
ngx_mdm_pg_shipment_startup(ngx_mdm_pg_connection_t *pc)
{
    Oid                  type;
    int                  length, format;
    u_char               text[128];
    const char          *value;
    ngx_mdm_pg_value_t   revision;

    static const ngx_mdm_pg_statement_t  startup = {
        "startup", NGX_MDM_PG_POLL, 0, "j"
    };

    if (ngx_mdm_pg_shipment_new(pc, NGX_MDM_PG_SHIP_STARTUP, &startup)
        == NULL)
    {
        return NGX_ERROR;
    }

    ngx_mdm_pg_statement_types(&startup, &type);
    ngx_mdm_pg_statement_text(&startup, text, sizeof(text));
    ngx_mdm_pg_set_int4(&revision, NGX_MDM_REVISION);

    value = (const char *) revision.data;
    length = (int) revision.len;
    format = 1;

    if (!PQsendQueryParams(pc->conn, (char *) text, 1, &type, &value, &length,
                           &format, 1)
        || PQpipelineSync(pc->conn) != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_mdm_pg_shipment_prepare(ngx_mdm_pg_connection_t *pc,
    const ngx_mdm_pg_statement_t *statement)
{
    Oid         types[NGX_MDM_PG_MAX_PARAMS];
    u_char      text[512];
    ngx_uint_t  n;

    if (ngx_mdm_pg_shipment_new(pc, NGX_MDM_PG_SHIP_PREPARE, statement)
        == NULL)
    {
        return NGX_ERROR;
    }

    n = ngx_mdm_pg_statement_types(statement, types);
    ngx_mdm_pg_statement_text(statement, text, sizeof(text));

    if (!PQsendPrepare(pc->conn, statement->name, (char *) text, (int) n,
                       types)
        || PQpipelineSync(pc->conn) != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_mdm_pg_shipment_keep(ngx_mdm_pg_shipment_t *shipment, PGresult *result)
{
    PQclear(shipment->result);
    shipment->result = result;
}


static void
ngx_mdm_pg_shipment_failure(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_shipment_t *shipment, PGresult *result)
{
    ngx_uint_t   level;
    const char  *sqlstate;

    shipment->failed = 1;

    sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (sqlstate == NULL) {
        pc->broken = 1;
        return;
    }

    ngx_cpystrn((u_char *) shipment->sqlstate, (u_char *) sqlstate,
                sizeof(shipment->sqlstate));

    ngx_mdm_pg_shipment_tell(pc, shipment,
                        PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));

    if (pc->state == NGX_MDM_PG_STARTING) {
        pc->broken = 1;

        if (!ngx_mdm_pg_sqlstate_is(shipment->sqlstate,
                                    ngx_mdm_pg_sqlstates_missing))
        {
            return;
        }

        level = ngx_mdm_pg_level(pc->class->pg, NGX_LOG_ERR,
                                 "the database does not have the revision");

        ngx_log_error(level, pc->timer.log, 0,
                      "mdm: the database does not have revision %d, which "
                      "this module needs: run \"mdmctl migrate\"",
                      NGX_MDM_REVISION);
        return;
    }

    if (ngx_mdm_pg_sqlstate_is(shipment->sqlstate, ngx_mdm_pg_sqlstates_end)) {
        pc->broken = 1;
    }
}


/* Logged once, here.  Only the primary message: details quote values. */

static void
ngx_mdm_pg_shipment_tell(ngx_mdm_pg_connection_t *pc,
    const ngx_mdm_pg_shipment_t *shipment, const char *message)
{
    u_char       text[NGX_MDM_RESTRAINT_TEXT];
    ngx_uint_t   level;

    ngx_snprintf(text, sizeof(text), "PostgreSQL refused %s\"%s\" (%s)%Z",
                 shipment->ncalls > 1 ? "a batch of " : "",
                 shipment->statement->name, shipment->sqlstate);

    level = ngx_mdm_pg_level(pc->class->pg,
                         shipment->ncalls > 1 ? NGX_LOG_WARN : NGX_LOG_ERR,
                         (char *) text);

    ngx_log_error(level, pc->timer.log, 0,
                  "mdm: PostgreSQL refused \"%s\" of %ui: %s (%s)",
                  shipment->statement->name, shipment->ncalls,
                  message ? message : "no message", shipment->sqlstate);
}


static ngx_uint_t
ngx_mdm_pg_sqlstate_is(const char *sqlstate, const char *const *states)
{
    ngx_uint_t  i;

    for (i = 0; states[i]; i++) {
        if (ngx_strcmp(sqlstate, states[i]) == 0) {
            return 1;
        }
    }

    return 0;
}


/* The sync is the commit's word: now, and not before, callers hear. */

static void
ngx_mdm_pg_shipment_sync(ngx_mdm_pg_connection_t *pc)
{
    ngx_queue_t            *q;
    ngx_mdm_pg_shipment_t  *shipment;

    q = ngx_queue_head(&pc->fifo);
    ngx_queue_remove(q);
    pc->in_flight--;

    shipment = ngx_queue_data(q, ngx_mdm_pg_shipment_t, queue);

    if (shipment->kind == NGX_MDM_PG_SHIP_STARTUP) {
        ngx_mdm_pg_shipment_accept(pc, shipment);

    } else if (shipment->kind == NGX_MDM_PG_SHIP_CALLS) {

        if (!shipment->failed) {
            ngx_mdm_pg_shipment_answer(shipment);

        } else if (shipment->ncalls > 1 && !pc->broken) {
            ngx_mdm_pg_shipment_bisect(pc, shipment);

        } else {
            ngx_mdm_pg_shipment_lost(shipment, NGX_MDM_PG_LOST);
            return;
        }
    }

    ngx_mdm_pg_shipment_free(shipment);
}


static void
ngx_mdm_pg_shipment_accept(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_shipment_t *shipment)
{
    ngx_mdm_pg_t       *pg;
    ngx_mdm_pg_rows_t   rows;

    if (shipment->failed || shipment->result == NULL) {
        pc->broken = 1;
        return;
    }

    pg = pc->class->pg;

    rows.result = shipment->result;
    rows.first = 0;
    rows.count = PQntuples(shipment->result);
    rows.shipment = shipment;

    if (pg->accept(pg, &rows, pc->timer.log) != NGX_OK) {
        pc->broken = 1;
    }
}


static void
ngx_mdm_pg_shipment_answer(ngx_mdm_pg_shipment_t *shipment)
{
    int                 row;
    int64_t             n;
    ngx_uint_t          i;
    ngx_mdm_pg_rows_t   rows, members[NGX_MDM_PG_MAX_MEMBERS];

    rows.result = shipment->result;
    rows.first = 0;
    rows.count = PQntuples(shipment->result);
    rows.shipment = shipment;

    if (!shipment->statement->batched) {
        ngx_mdm_pg_answer(shipment->calls[0], NGX_MDM_PG_DONE, &rows);
        return;
    }

    ngx_memzero(members, sizeof(members));

    for (row = 0; row < rows.count; row++) {
        n = ngx_mdm_pg_int(&rows, row, 0);

        if (n >= 1 && n <= (int64_t) shipment->ncalls) {
            members[n - 1].result = shipment->result;
            members[n - 1].first = row;
            members[n - 1].count = 1;
            members[n - 1].shipment = shipment;
        }
    }

    for (i = 0; i < shipment->ncalls; i++) {
        ngx_mdm_pg_answer(shipment->calls[i],
                          members[i].count ? NGX_MDM_PG_DONE
                                           : NGX_MDM_PG_FAULT,
                          &members[i]);
    }
}


static void
ngx_mdm_pg_shipment_bisect(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_shipment_t *shipment)
{
    ngx_uint_t  half;

    ngx_mdm_count(&pc->class->pg->counters->bisections);

    half = shipment->ncalls / 2;

    ngx_mdm_pg_shipment_calls(pc, shipment->calls, half);
    ngx_mdm_pg_shipment_calls(pc, shipment->calls + half,
                              shipment->ncalls - half);
}
