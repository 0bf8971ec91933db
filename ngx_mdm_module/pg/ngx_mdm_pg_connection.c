
/*
 * One connection to PostgreSQL on nginx's event loop: connecting, reading,
 * writing, breaking.  What travels on it is ngx_mdm_pg_shipment.c's affair.
 *
 * libpq owns the descriptor, so nginx's connection is taken from it before
 * PQfinish().  Reads are level-triggered; the write event is only there while
 * PQflush() has bytes left.  The connections are marked idle, so nginx tells
 * them when the worker begins to exit; they pass that on and stay open, for
 * requests still need them, until exit_process closes them.
 */


#include "ngx_mdm_pg_internal.h"

#include <poll.h>


static void ngx_mdm_pg_connection_move(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_state_e state);
static ngx_int_t ngx_mdm_pg_connection_watch(ngx_mdm_pg_connection_t *pc,
    ngx_uint_t read, ngx_uint_t write);
static void ngx_mdm_pg_connection_unwatch(ngx_mdm_pg_connection_t *pc);
static ngx_int_t ngx_mdm_pg_event_set(ngx_event_t *ev, ngx_int_t event,
    ngx_uint_t on);
static void ngx_mdm_pg_connection_patience(ngx_mdm_pg_connection_t *pc);
static void ngx_mdm_pg_connection_advance(ngx_mdm_pg_connection_t *pc);
static void ngx_mdm_pg_connection_started(ngx_mdm_pg_connection_t *pc);
static void ngx_mdm_pg_connection_failed(ngx_mdm_pg_connection_t *pc,
    const char *what);
static ngx_uint_t ngx_mdm_pg_connection_syncs(ngx_mdm_pg_connection_t *pc,
    ngx_uint_t n);
static void ngx_mdm_pg_connection_read(ngx_mdm_pg_connection_t *pc);
static void ngx_mdm_pg_connection_ready(ngx_mdm_pg_connection_t *pc);
static void ngx_mdm_pg_event_handler(ngx_event_t *ev);
static void ngx_mdm_pg_timer_handler(ngx_event_t *ev);
static void ngx_mdm_pg_notice(void *data, const PGresult *result);
static const ngx_mdm_pg_target_t *ngx_mdm_pg_connection_target(
    ngx_mdm_pg_connection_t *pc);


/* legal[from][to] */

static const u_char  ngx_mdm_pg_legal_moves[4][4] = {
                         /* DOWN CONNECTING STARTING READY */
    /* DOWN */           {  0,   1,         0,       0 },
    /* CONNECTING */     {  1,   0,         1,       0 },
    /* STARTING */       {  1,   0,         0,       1 },
    /* READY */          {  1,   0,         0,       0 }
};

static const char *const  ngx_mdm_pg_state_names[] = {
    "DOWN", "CONNECTING", "STARTING", "READY"
};


void
ngx_mdm_pg_connection_init(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_class_t *class)
{
    pc->class = class;
    pc->state = NGX_MDM_PG_DOWN;
    ngx_queue_init(&pc->fifo);

    pc->timer.handler = ngx_mdm_pg_timer_handler;
    pc->timer.data = pc;
    pc->timer.log = class->pg->cycle->log;
    pc->timer.cancelable = 1;
}


static void
ngx_mdm_pg_connection_move(ngx_mdm_pg_connection_t *pc,
    ngx_mdm_pg_state_e state)
{
    if (!ngx_mdm_pg_legal_moves[pc->state][state]) {
        ngx_log_error(NGX_LOG_ALERT, pc->timer.log, 0,
                      "mdm: PostgreSQL connection cannot move from %s to %s",
                      ngx_mdm_pg_state_names[pc->state],
                      ngx_mdm_pg_state_names[state]);
        return;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, pc->timer.log, 0,
                   "mdm: PostgreSQL connection %p moves from %s to %s",
                   pc, ngx_mdm_pg_state_names[pc->state],
                   ngx_mdm_pg_state_names[state]);

    pc->class->nready += (state == NGX_MDM_PG_READY);
    pc->class->nready -= (pc->state == NGX_MDM_PG_READY);
    pc->state = state;

    ngx_mdm_pg_class_show(pc->class);
}


void
ngx_mdm_pg_connection_open(ngx_mdm_pg_connection_t *pc)
{
    if (pc->timer.timer_set) {
        ngx_del_timer(&pc->timer);
    }

    ngx_mdm_pg_connection_move(pc, NGX_MDM_PG_CONNECTING);

    pc->conn = ngx_mdm_pg_target_connect(ngx_mdm_pg_connection_target(pc),
                                         pc->class->id);

    if (pc->conn == NULL || PQstatus(pc->conn) == CONNECTION_BAD) {
        ngx_mdm_pg_connection_failed(pc, "cannot connect");
        return;
    }

    /* by default libpq writes the server's notices to stderr */
    PQsetNoticeReceiver(pc->conn, ngx_mdm_pg_notice, NULL);

    ngx_mdm_pg_connection_patience(pc);

    /* PQconnectStart() asks its callers to behave as if PQconnectPoll() had
     * said "writing" */

    if (ngx_mdm_pg_connection_watch(pc, 0, 1) != NGX_OK) {
        ngx_mdm_pg_connection_failed(pc, "no nginx connection is free");
    }
}


/*
 * Ends the connection; what was under way is answered with rc.  The
 * connection is DOWN before any handler runs, and has no timer.
 */

void
ngx_mdm_pg_connection_close(ngx_mdm_pg_connection_t *pc, ngx_mdm_pg_rc_e rc)
{
    ngx_queue_t             fifo, *q;
    ngx_mdm_pg_shipment_t  *shipment;

    if (pc->state == NGX_MDM_PG_DOWN) {
        return;
    }

    if (pc->state == NGX_MDM_PG_READY && !ngx_exiting && !ngx_terminate) {
        ngx_mdm_count(&pc->class->pg->counters->losses[pc->class->id]);
    }

    ngx_mdm_pg_connection_unwatch(pc);

    PQfinish(pc->conn);
    pc->conn = NULL;

    if (pc->timer.timer_set) {
        ngx_del_timer(&pc->timer);
    }

    ngx_mdm_pg_connection_move(pc, NGX_MDM_PG_DOWN);

    ngx_queue_init(&fifo);
    ngx_queue_add(&fifo, &pc->fifo);
    ngx_queue_init(&pc->fifo);

    pc->in_flight = 0;
    pc->broken = 0;

    while (!ngx_queue_empty(&fifo)) {
        q = ngx_queue_head(&fifo);
        ngx_queue_remove(q);

        shipment = ngx_queue_data(q, ngx_mdm_pg_shipment_t, queue);
        ngx_mdm_pg_shipment_lost(shipment, rc);
    }
}


/* An attempt came to nothing: the next target at once, a pause after each
 * full round. */

static void
ngx_mdm_pg_connection_failed(ngx_mdm_pg_connection_t *pc, const char *what)
{
    size_t       len;
    ngx_str_t    reason;
    ngx_msec_t   pause;
    ngx_uint_t   level, ntargets, rounds;

    ntargets = pc->class->pg->conf->targets.nelts;

    /* an outage is told once, not with every attempt */
    level = (pc->failures < ntargets) ? NGX_LOG_ERR : NGX_LOG_INFO;

    reason.data = (u_char *) PQerrorMessage(pc->conn);
    reason.len = ngx_strlen(reason.data);

    for (len = 0; len < reason.len && reason.data[len] != '\n'; len++) {
        /* the first line says what is wrong */
    }

    ngx_log_error(level, pc->timer.log, 0,
                  "mdm: PostgreSQL at %V as %s: %s%s%*s",
                  &ngx_mdm_pg_connection_target(pc)->text,
                  ngx_mdm_pg_class_role(pc->class->id), what,
                  len ? ": " : "", len, reason.data);

    ngx_mdm_pg_connection_close(pc, NGX_MDM_PG_LOST);

    ngx_mdm_count(&pc->class->pg->counters->failures[pc->class->id]);

    pc->target++;
    pc->failures++;

    rounds = pc->failures / ntargets;

    if (pc->failures % ntargets != 0) {
        pause = 1;

    } else {
        pause = NGX_MDM_PG_RETRY_MIN << ngx_min(rounds - 1, 8);
        pause = ngx_min(pause, NGX_MDM_PG_RETRY_MAX);
        pause += ngx_random() % (pause / 2);
    }

    ngx_add_timer(&pc->timer, pause);

    ngx_mdm_pg_class_wake(pc->class);
}


/*
 * How long the server may keep silent during a start: half of a call's time,
 * so that a call which came just now can still be served by the next host.
 * One that answers, however slowly, is given that time again; to begin anew
 * would only make more work for a server that has too much of it.
 */

static void
ngx_mdm_pg_connection_patience(ngx_mdm_pg_connection_t *pc)
{
    ngx_add_timer(&pc->timer, ngx_min(pc->class->pg->conf->timeout / 2,
                                      NGX_MDM_PG_CONNECT_TIMEOUT));
}


static void
ngx_mdm_pg_connection_advance(ngx_mdm_pg_connection_t *pc)
{
    ngx_int_t  rc;

    /* libpq may go on with another socket, to which the system often gives
     * the number of the one just closed */

    ngx_mdm_pg_connection_unwatch(pc);

    switch (PQconnectPoll(pc->conn)) {

    case PGRES_POLLING_READING:
        rc = ngx_mdm_pg_connection_watch(pc, 1, 0);
        break;

    case PGRES_POLLING_WRITING:
        rc = ngx_mdm_pg_connection_watch(pc, 0, 1);
        break;

    case PGRES_POLLING_OK:
        ngx_mdm_pg_connection_started(pc);
        return;

    default:
        ngx_mdm_pg_connection_failed(pc, "cannot connect");
        return;
    }

    if (rc != NGX_OK) {
        ngx_mdm_pg_connection_failed(pc, "no nginx connection is free");
    }
}


static void
ngx_mdm_pg_connection_started(ngx_mdm_pg_connection_t *pc)
{
    if (ngx_mdm_pg_connection_watch(pc, 1, 0) != NGX_OK
        || PQsetnonblocking(pc->conn, 1) != 0
        || PQenterPipelineMode(pc->conn) != 1)
    {
        ngx_mdm_pg_connection_failed(pc, "cannot enter pipeline mode");
        return;
    }

    ngx_mdm_pg_connection_move(pc, NGX_MDM_PG_STARTING);

    ngx_mdm_pg_connection_patience(pc);

    ngx_mdm_pg_shipment_start(pc);
    ngx_mdm_pg_connection_flush(pc);

    if (pc->broken) {
        ngx_mdm_pg_connection_failed(pc, "cannot prepare the statements");
    }
}


/* Writes what libpq holds; a failure marks the connection broken and leaves
 * it to the event handler, so that no caller loses it under its feet. */

void
ngx_mdm_pg_connection_flush(ngx_mdm_pg_connection_t *pc)
{
    int  rc;

    rc = PQflush(pc->conn);

    if (rc < 0 || PQsocket(pc->conn) != pc->c->fd
        || ngx_mdm_pg_event_set(pc->c->write, NGX_WRITE_EVENT, rc == 1)
           != NGX_OK)
    {
        pc->broken = 1;
        ngx_post_event(pc->c->read, &ngx_posted_events);
    }
}


void
ngx_mdm_pg_connection_linger(ngx_mdm_pg_connection_t *pc, ngx_uint_t n)
{
    int             rc;
    ngx_msec_t      until;
    struct pollfd   fd;
    ngx_msec_int_t  left;

    ngx_time_update();
    until = ngx_current_msec + NGX_MDM_PG_LINGER;

    for ( ;; ) {
        n -= ngx_mdm_pg_connection_syncs(pc, n);
        rc = PQflush(pc->conn);

        if (n == 0 || rc < 0) {
            return;
        }

        ngx_time_update();
        left = (ngx_msec_int_t) (until - ngx_current_msec);

        fd.fd = PQsocket(pc->conn);
        fd.events = rc ? POLLIN|POLLOUT : POLLIN;

        if (left <= 0
            || (poll(&fd, 1, left) == -1 && ngx_errno != NGX_EINTR)
            || !PQconsumeInput(pc->conn))
        {
            return;
        }
    }
}


/* How many of the next n answers are there; they go unread. */

static ngx_uint_t
ngx_mdm_pg_connection_syncs(ngx_mdm_pg_connection_t *pc, ngx_uint_t n)
{
    PGresult    *result;
    ngx_uint_t   syncs, nulls;

    for (syncs = 0, nulls = 0;
         syncs < n && nulls < 3 && !PQisBusy(pc->conn);
         /* void */ )
    {
        result = PQgetResult(pc->conn);
        nulls = result ? 0 : nulls + 1;
        syncs += (PQresultStatus(result) == PGRES_PIPELINE_SYNC);

        PQclear(result);
    }

    return syncs;
}


static void
ngx_mdm_pg_connection_read(ngx_mdm_pg_connection_t *pc)
{
    PGconn      *conn;
    PGresult    *result;
    ngx_uint_t   nulls;

    conn = pc->conn;

    if (!PQconsumeInput(conn)) {
        pc->broken = 1;
    }

    /* A NULL ends each query, so one after another is usual; three in a row
     * would mean that libpq and our list disagree. */

    for (nulls = 0; nulls < 3; /* void */ ) {

        if (ngx_queue_empty(&pc->fifo) || PQisBusy(conn)) {
            break;
        }

        result = PQgetResult(conn);

        if (result == NULL) {
            nulls++;
            continue;
        }

        nulls = 0;
        ngx_mdm_pg_shipment_result(pc, result);

        if (pc->state == NGX_MDM_PG_STARTING) {
            ngx_mdm_pg_connection_patience(pc);
        }
    }

    if (nulls == 3 || PQstatus(conn) == CONNECTION_BAD) {
        pc->broken = 1;
    }

    if (!pc->broken && pc->state == NGX_MDM_PG_STARTING
        && ngx_queue_empty(&pc->fifo))
    {
        ngx_mdm_pg_connection_ready(pc);
    }
}


/* Others that pause after a failure need not wait any longer, nor look for
 * the host that answers. */

static void
ngx_mdm_pg_connection_ready(ngx_mdm_pg_connection_t *pc)
{
    ngx_uint_t                i, k;
    ngx_mdm_pg_class_t       *class;
    ngx_mdm_pg_connection_t  *other;

    ngx_del_timer(&pc->timer);
    ngx_mdm_pg_connection_move(pc, NGX_MDM_PG_READY);
    pc->failures = 0;
    pc->class->pg->epoch++;
    ngx_mdm_count(&pc->class->pg->counters->connects[pc->class->id]);

    ngx_log_error(NGX_LOG_INFO, pc->timer.log, 0,
                  "mdm: connected to PostgreSQL at %V as %s",
                  &ngx_mdm_pg_connection_target(pc)->text,
                  ngx_mdm_pg_class_role(pc->class->id));

    for (i = 0; i < NGX_MDM_PG_NCLASSES; i++) {
        class = &pc->class->pg->classes[i];

        for (k = 0; k < class->n; k++) {
            other = &class->connections[k];

            if (other->state == NGX_MDM_PG_DOWN && other->timer.timer_set) {
                other->target = pc->target;
                ngx_add_timer(&other->timer, 1);
            }
        }
    }
}


static void
ngx_mdm_pg_event_handler(ngx_event_t *ev)
{
    ngx_connection_t         *c;
    ngx_mdm_pg_connection_t  *pc;

    c = ev->data;
    pc = c->data;

    if (c->close) {
        c->close = 0;
        pc->class->pg->leave(pc->class->pg);
        return;
    }

    if (pc->state == NGX_MDM_PG_CONNECTING) {
        ngx_mdm_pg_connection_advance(pc);
        return;
    }

    if (!pc->broken && ev->write) {
        ngx_mdm_pg_connection_flush(pc);
    }

    if (!pc->broken) {
        ngx_mdm_pg_connection_read(pc);
    }

    if (!pc->broken) {
        ngx_mdm_pg_connection_flush(pc);
    }

    if (!pc->broken) {
        ngx_mdm_pg_class_wake(pc->class);
        return;
    }

    if (pc->state == NGX_MDM_PG_STARTING) {
        ngx_mdm_pg_connection_failed(pc, "cannot start");
        return;
    }

    ngx_log_error(NGX_LOG_WARN, pc->timer.log, 0,
                  "mdm: lost the connection to PostgreSQL at %V as %s",
                  &ngx_mdm_pg_connection_target(pc)->text,
                  ngx_mdm_pg_class_role(pc->class->id));

    ngx_mdm_pg_connection_close(pc, NGX_MDM_PG_LOST);
    ngx_mdm_pg_connection_open(pc);
}


static void
ngx_mdm_pg_timer_handler(ngx_event_t *ev)
{
    ngx_mdm_pg_connection_t  *pc;

    pc = ev->data;

    if (pc->state == NGX_MDM_PG_DOWN) {
        ngx_mdm_pg_connection_open(pc);
        return;
    }

    ngx_mdm_pg_connection_failed(pc, "does not answer");
}


static void
ngx_mdm_pg_notice(void *data, const PGresult *result)
{
    /* nothing that the module calls has something to say by a notice */
}


/* Makes nginx watch libpq's socket for these events. */

static ngx_int_t
ngx_mdm_pg_connection_watch(ngx_mdm_pg_connection_t *pc, ngx_uint_t read,
    ngx_uint_t write)
{
    ngx_connection_t  *c;

    if (pc->c == NULL) {
        c = ngx_get_connection(PQsocket(pc->conn), pc->timer.log);
        if (c == NULL) {
            return NGX_ERROR;
        }

        c->data = pc;
        c->idle = 1;
        c->log = pc->timer.log;
        c->read->log = c->log;
        c->write->log = c->log;
        c->read->handler = ngx_mdm_pg_event_handler;
        c->write->handler = ngx_mdm_pg_event_handler;
        pc->c = c;
    }

    if (ngx_mdm_pg_event_set(pc->c->read, NGX_READ_EVENT, read) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_mdm_pg_event_set(pc->c->write, NGX_WRITE_EVENT, write);
}


static ngx_int_t
ngx_mdm_pg_event_set(ngx_event_t *ev, ngx_int_t event, ngx_uint_t on)
{
    if (on && !ev->active) {
        return ngx_add_event(ev, event, NGX_LEVEL_EVENT);
    }

    if (!on && ev->active) {
        return ngx_del_event(ev, event, 0);
    }

    return NGX_OK;
}


/*
 * Takes the descriptor away from nginx without closing it: it is libpq's.
 * Where libpq has closed it the system watches it no more, and its number may
 * be somebody else's.
 */

static void
ngx_mdm_pg_connection_unwatch(ngx_mdm_pg_connection_t *pc)
{
    ngx_uint_t         flags;
    ngx_connection_t  *c;

    c = pc->c;
    if (c == NULL) {
        return;
    }

    flags = (PQsocket(pc->conn) == c->fd) ? 0 : NGX_CLOSE_EVENT;

    if (ngx_del_conn && (c->read->active || c->write->active)) {
        ngx_del_conn(c, flags);
    }

    if (c->read->active) {
        ngx_del_event(c->read, NGX_READ_EVENT, flags);
    }

    if (c->write->active) {
        ngx_del_event(c->write, NGX_WRITE_EVENT, flags);
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;
    pc->c = NULL;
}


static const ngx_mdm_pg_target_t *
ngx_mdm_pg_connection_target(ngx_mdm_pg_connection_t *pc)
{
    ngx_array_t          *targets;
    ngx_mdm_pg_target_t  *target;

    targets = &pc->class->pg->conf->targets;
    target = targets->elts;

    return &target[pc->target % targets->nelts];
}
