
/*
 * A database of one worker: its classes of connections, the calls that wait
 * for them, and the choice of what leaves next.  Knows nothing of the wire.
 */


#include "ngx_mdm_pg_internal.h"


/* The API gets few connections of its own: a slow listing never delays a
 * device, and never takes the database from it. */
#define NGX_MDM_PG_API_CONNECTIONS   2


static ngx_int_t ngx_mdm_pg_class_init(ngx_mdm_pg_t *pg,
    ngx_mdm_pg_class_e id, ngx_uint_t n);
static ngx_uint_t ngx_mdm_pg_class_size(const ngx_mdm_pg_conf_t *conf,
    ngx_mdm_pg_class_e id);
static void ngx_mdm_pg_class_flush(ngx_event_t *ev);
static ngx_mdm_pg_connection_t *ngx_mdm_pg_class_choose(
    ngx_mdm_pg_class_t *class, ngx_uint_t *hopeful);
static ngx_uint_t ngx_mdm_pg_class_gather(ngx_mdm_pg_class_t *class,
    ngx_mdm_pg_call_t **calls);
static ngx_uint_t ngx_mdm_pg_call_fits(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_call_t **calls, ngx_uint_t n);
static size_t ngx_mdm_pg_call_size(const ngx_mdm_pg_call_t *call);
static void ngx_mdm_pg_class_refuse(ngx_mdm_pg_class_t *class,
    ngx_mdm_pg_rc_e rc, ngx_uint_t keep);
static void ngx_mdm_pg_deadline_handler(ngx_event_t *ev);


static const char *const ngx_mdm_pg_rc_texts[] = {
    "done",
    "no connection to PostgreSQL",
    "too many calls wait for PostgreSQL",
    "PostgreSQL did not answer within mdm_database's timeout",
    "the connection to PostgreSQL broke",
    "PostgreSQL refused the statement"
};

static const char *const  ngx_mdm_pg_rc_names[] = {
    "done", "away", "overload", "late", "lost", "fault"
};

static const char *const  ngx_mdm_pg_class_names[] = {
    "poll", "write", "api", "job", "push"
};


ngx_mdm_pg_t *
ngx_mdm_pg_create(ngx_cycle_t *cycle, ngx_mdm_pg_conf_t *conf,
    ngx_mdm_pg_counters_t *counters, ngx_mdm_pg_gauges_t *gauges,
    ngx_mdm_pg_accept_pt accept, ngx_mdm_pg_leave_pt leave, void *data)
{
    ngx_uint_t     i;
    ngx_mdm_pg_t  *pg;

    pg = ngx_pcalloc(cycle->pool, sizeof(ngx_mdm_pg_t));
    if (pg == NULL) {
        return NULL;
    }

    pg->conf = conf;
    pg->cycle = cycle;
    pg->counters = counters;
    pg->gauges = gauges;
    pg->accept = accept;
    pg->leave = leave;
    pg->data = data;
    ngx_mdm_restraint_init(&pg->restraint, cycle->log);

    for (i = 0; i < NGX_MDM_PG_NCLASSES; i++) {
        if (ngx_mdm_pg_class_init(pg, i, ngx_mdm_pg_class_size(conf, i))
            != NGX_OK)
        {
            return NULL;
        }
    }

    return pg;
}


void
ngx_mdm_pg_destroy(ngx_mdm_pg_t *pg)
{
    ngx_uint_t           i, k;
    ngx_mdm_pg_class_t  *class;

    for (i = 0; i < NGX_MDM_PG_NCLASSES; i++) {
        class = &pg->classes[i];

        for (k = 0; k < class->n; k++) {
            ngx_mdm_pg_connection_close(&class->connections[k],
                                        NGX_MDM_PG_LOST);
            if (class->connections[k].timer.timer_set) {
                ngx_del_timer(&class->connections[k].timer);
            }
        }

        ngx_mdm_pg_class_refuse(class, NGX_MDM_PG_AWAY, 0);

        if (class->flush.posted) {
            ngx_delete_posted_event(&class->flush);
        }
    }

    ngx_mdm_restraint_done(&pg->restraint);
}


void
ngx_mdm_pg_last_call(ngx_mdm_pg_t *pg, ngx_mdm_pg_call_t *call)
{
    ngx_uint_t                i;
    ngx_mdm_pg_class_t       *class;
    ngx_mdm_pg_connection_t  *pc;

    class = &pg->classes[ngx_mdm_pg_statements[call->statement].class];

    for (i = 0; i < class->n; i++) {
        pc = &class->connections[i];

        if (pc->state == NGX_MDM_PG_READY && !pc->broken) {
            ngx_mdm_pg_shipment_last(pc, call);
            return;
        }
    }
}


void *
ngx_mdm_pg_data(ngx_mdm_pg_t *pg)
{
    return pg->data;
}


ngx_uint_t
ngx_mdm_pg_epoch(ngx_mdm_pg_t *pg)
{
    return pg->epoch;
}


ngx_uint_t
ngx_mdm_pg_level(ngx_mdm_pg_t *pg, ngx_uint_t level, const char *text)
{
    return ngx_mdm_restraint_level(&pg->restraint, level, text);
}


const char *
ngx_mdm_pg_rc_text(ngx_mdm_pg_rc_e rc)
{
    return ngx_mdm_pg_rc_texts[rc];
}


const char *
ngx_mdm_pg_rc_name(ngx_mdm_pg_rc_e rc)
{
    return ngx_mdm_pg_rc_names[rc];
}


const char *
ngx_mdm_pg_class_name(ngx_mdm_pg_class_e class)
{
    return ngx_mdm_pg_class_names[class];
}


void
ngx_mdm_pg_class_show(ngx_mdm_pg_class_t *class)
{
    ngx_mdm_pg_gauges_t  *gauges;

    gauges = class->pg->gauges;

    if (gauges->owner == (ngx_atomic_uint_t) ngx_pid) {
        gauges->wanted[class->id] = class->n;
        gauges->ready[class->id] = class->nready;
        gauges->waiting[class->id] = class->nwaiting;
    }
}


void
ngx_mdm_pg_call(ngx_mdm_pg_t *pg, ngx_mdm_pg_call_t *call)
{
    ngx_mdm_pg_class_t  *class;

    class = &pg->classes[ngx_mdm_pg_statements[call->statement].class];

    call->class = class;
    call->shipment = NULL;
    call->asked = ngx_current_msec;

    if (call->log == NULL) {
        call->log = pg->cycle->log;
    }

    ngx_memzero(&call->deadline, sizeof(ngx_event_t));
    call->deadline.handler = ngx_mdm_pg_deadline_handler;
    call->deadline.data = call;
    call->deadline.log = pg->cycle->log;
    ngx_add_timer(&call->deadline, pg->conf->timeout);

    ngx_queue_insert_tail(&class->waiting, &call->queue);
    class->nwaiting++;

    ngx_mdm_pg_class_show(class);
    ngx_mdm_pg_class_wake(class);
}


/* Answers a call that is in no list any more. */

void
ngx_mdm_pg_answer(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_pg_counters_t  *counters;

    if (call->deadline.timer_set) {
        ngx_del_timer(&call->deadline);
    }

    counters = call->class->pg->counters;

    ngx_mdm_count(&counters->calls[call->statement][rc]);
    ngx_mdm_histogram_add(counters->waits[call->class->id],
                          ngx_mdm_time_bounds, NGX_MDM_TIME_BOUNDS,
                          ngx_current_msec - call->asked);

    call->shipment = NULL;
    call->handler(call, rc, rows);
}


ngx_uint_t
ngx_mdm_pg_conf_connections(const ngx_mdm_pg_conf_t *conf)
{
    ngx_uint_t  i, n;

    for (i = 0, n = 0; i < NGX_MDM_PG_NCLASSES; i++) {
        n += ngx_mdm_pg_class_size(conf, i);
    }

    return n;
}


static ngx_uint_t
ngx_mdm_pg_class_size(const ngx_mdm_pg_conf_t *conf, ngx_mdm_pg_class_e id)
{
    switch (id) {

    case NGX_MDM_PG_POLL:
        return conf->connections / 2;

    case NGX_MDM_PG_WRITE:
        return conf->connections - conf->connections / 2;

    case NGX_MDM_PG_API:
        return NGX_MDM_PG_API_CONNECTIONS;

    case NGX_MDM_PG_PUSH:
        return conf->push;

    default: /* NGX_MDM_PG_JOB: one worker of a node does the node's share */
        return ngx_worker == 0;
    }
}


static ngx_int_t
ngx_mdm_pg_class_init(ngx_mdm_pg_t *pg, ngx_mdm_pg_class_e id, ngx_uint_t n)
{
    ngx_uint_t           i;
    ngx_mdm_pg_class_t  *class;

    class = &pg->classes[id];

    class->pg = pg;
    class->id = id;
    class->n = n;
    ngx_queue_init(&class->waiting);

    class->flush.handler = ngx_mdm_pg_class_flush;
    class->flush.data = class;
    class->flush.log = pg->cycle->log;

    ngx_mdm_pg_class_show(class);

    class->connections = ngx_pcalloc(pg->cycle->pool,
                                     n * sizeof(ngx_mdm_pg_connection_t));
    if (class->connections == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        ngx_mdm_pg_connection_init(&class->connections[i], class);
        ngx_mdm_pg_connection_open(&class->connections[i]);
    }

    return NGX_OK;
}


/* At the end of this turn of the event loop, so that all requests that the
 * turn brought leave as one batch. */

void
ngx_mdm_pg_class_wake(ngx_mdm_pg_class_t *class)
{
    if (!class->flush.posted) {
        ngx_post_event(&class->flush, &ngx_posted_events);
    }
}


static void
ngx_mdm_pg_class_flush(ngx_event_t *ev)
{
    ngx_uint_t                n, hopeful;
    ngx_mdm_pg_class_t       *class;
    ngx_mdm_pg_call_t        *calls[NGX_MDM_PG_MAX_MEMBERS];
    ngx_mdm_pg_connection_t  *pc;

    class = ev->data;

    while (!ngx_queue_empty(&class->waiting)) {

        pc = ngx_mdm_pg_class_choose(class, &hopeful);

        if (pc == NULL && !hopeful) {
            ngx_mdm_pg_class_refuse(class, NGX_MDM_PG_AWAY, 0);
            return;
        }

        if (pc == NULL || pc->in_flight >= NGX_MDM_PG_DEPTH) {
            break;
        }

        n = ngx_mdm_pg_class_gather(class, calls);
        ngx_mdm_pg_shipment_calls(pc, calls, n);
    }

    ngx_mdm_pg_class_refuse(class, NGX_MDM_PG_OVERLOAD,
                            NGX_MDM_PG_MAX_WAITING);
}


/*
 * The ready connection with the least in flight.  `hopeful` says that a first
 * round over the hosts is under way: after a start, a reload or a break it is
 * worth the wait; after it callers hear at once that the database is away.
 */

static ngx_mdm_pg_connection_t *
ngx_mdm_pg_class_choose(ngx_mdm_pg_class_t *class, ngx_uint_t *hopeful)
{
    ngx_uint_t                i;
    ngx_mdm_pg_connection_t  *pc, *best;

    best = NULL;
    *hopeful = 0;

    for (i = 0; i < class->n; i++) {
        pc = &class->connections[i];

        if (pc->state != NGX_MDM_PG_READY || pc->broken) {
            *hopeful |= (pc->failures < class->pg->conf->targets.nelts);
            continue;
        }

        if (best == NULL || pc->in_flight < best->in_flight) {
            best = pc;
        }
    }

    return best;
}


/* Takes the oldest call and, when its statement is batched, the others of
 * that statement that may travel with it. */

static ngx_uint_t
ngx_mdm_pg_class_gather(ngx_mdm_pg_class_t *class, ngx_mdm_pg_call_t **calls)
{
    size_t              size, bytes;
    ngx_uint_t          n;
    ngx_queue_t        *q, *next;
    ngx_mdm_pg_call_t  *call;

    q = ngx_queue_head(&class->waiting);
    calls[0] = ngx_queue_data(q, ngx_mdm_pg_call_t, queue);

    next = ngx_queue_next(q);
    ngx_queue_remove(q);
    class->nwaiting--;

    if (!ngx_mdm_pg_statements[calls[0]->statement].batched) {
        return 1;
    }

    bytes = ngx_mdm_pg_call_size(calls[0]);

    for (n = 1; n < NGX_MDM_PG_MAX_MEMBERS; /* void */ ) {

        if (next == ngx_queue_sentinel(&class->waiting)) {
            break;
        }

        q = next;
        next = ngx_queue_next(q);
        call = ngx_queue_data(q, ngx_mdm_pg_call_t, queue);

        if (!ngx_mdm_pg_call_fits(call, calls, n)) {
            continue;
        }

        size = ngx_mdm_pg_call_size(call);
        if (bytes + size > NGX_MDM_PG_MAX_BATCH_BYTES) {
            break;
        }

        ngx_queue_remove(q);
        class->nwaiting--;

        bytes += size;
        calls[n++] = call;
    }

    return n;
}


static ngx_uint_t
ngx_mdm_pg_call_fits(ngx_mdm_pg_call_t *call, ngx_mdm_pg_call_t **calls,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    if (call->statement != calls[0]->statement) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if (call->key == calls[i]->key) {
            return 0;
        }
    }

    return 1;
}


static size_t
ngx_mdm_pg_call_size(const ngx_mdm_pg_call_t *call)
{
    size_t       size;
    ngx_uint_t   i;
    const char  *types;

    types = ngx_mdm_pg_statements[call->statement].types;

    for (i = 0, size = 0; types[i] != '\0'; i++) {
        size += 4 + call->params[i].len;
    }

    return size;
}


/* Answers the youngest calls until `keep` are left; those that handlers add
 * meanwhile wait for the next turn. */

static void
ngx_mdm_pg_class_refuse(ngx_mdm_pg_class_t *class, ngx_mdm_pg_rc_e rc,
    ngx_uint_t keep)
{
    ngx_uint_t          n;
    ngx_queue_t        *q, refused;
    ngx_mdm_pg_call_t  *call;

    ngx_queue_init(&refused);

    for (n = class->nwaiting; n > keep; n--) {
        q = ngx_queue_last(&class->waiting);
        ngx_queue_remove(q);
        ngx_queue_insert_head(&refused, q);
        class->nwaiting--;
    }

    while (!ngx_queue_empty(&refused)) {
        q = ngx_queue_head(&refused);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_mdm_pg_call_t, queue);
        ngx_mdm_pg_answer(call, rc, NULL);
    }

    ngx_mdm_pg_class_show(class);
}


/*
 * A call that still waits is simply given up.  One that was sent has an
 * unknown outcome, and libpq can only be asked to stop by closing.
 */

static void
ngx_mdm_pg_deadline_handler(ngx_event_t *ev)
{
    ngx_uint_t                i, hopeful;
    ngx_queue_t              *q;
    ngx_mdm_pg_call_t        *call;
    ngx_mdm_pg_class_t       *class;
    ngx_mdm_pg_connection_t  *pc;

    call = ev->data;
    class = call->class;

    if (call->shipment == NULL) {
        pc = ngx_mdm_pg_class_choose(class, &hopeful);

        ngx_queue_remove(&call->queue);
        class->nwaiting--;
        ngx_mdm_pg_class_show(class);
        ngx_mdm_pg_answer(call, pc ? NGX_MDM_PG_OVERLOAD : NGX_MDM_PG_AWAY,
                          NULL);
        return;
    }

    for (i = 0; i < class->n; i++) {
        pc = &class->connections[i];

        for (q = ngx_queue_head(&pc->fifo);
             q != ngx_queue_sentinel(&pc->fifo);
             q = ngx_queue_next(q))
        {
            if (ngx_queue_data(q, ngx_mdm_pg_shipment_t, queue)
                == call->shipment)
            {
                ngx_log_error(NGX_LOG_ERR, pc->c->log, 0,
                              "mdm: \"%s\" passed its deadline of %M ms, "
                              "closing the connection to PostgreSQL",
                              ngx_mdm_pg_statements[call->statement].name,
                              class->pg->conf->timeout);

                ngx_mdm_pg_connection_close(pc, NGX_MDM_PG_LATE);
                ngx_mdm_pg_connection_open(pc);
                return;
            }
        }
    }
}
