
/*
 * The command cycle.  Idle is a read-only poll first, and a writing call only
 * when there is work; a report is stored and the next command taken in one
 * call.  The rules of the queue are SQL's (sql/functions/queue.sql).
 */


#include "ngx_mdm_deliver.h"
#include "ngx_mdm_seen.h"


/* columns */

enum {
    NGX_MDM_POLL_OUTCOME = 1,
    NGX_MDM_POLL_ENROLLMENT,
    NGX_MDM_POLL_HAS_WORK
};

enum {
    NGX_MDM_DELIVER_OUTCOME = 1,
    NGX_MDM_DELIVER_ENROLLMENT,
    NGX_MDM_DELIVER_COMMAND              /* see ngx_mdm_deliver.h */
};

enum {
    NGX_MDM_REPORT_OUTCOME = 1,
    NGX_MDM_REPORT_ENROLLMENT,
    NGX_MDM_REPORT_REPORTED_TYPE,
    NGX_MDM_REPORT_COMMAND               /* see ngx_mdm_deliver.h */
};


static void ngx_mdm_queue_poll(ngx_mdm_exchange_t *x);
static void ngx_mdm_queue_polled(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_queue_deliver(ngx_mdm_exchange_t *x);
static void ngx_mdm_queue_delivered(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_queue_report(ngx_mdm_exchange_t *x);
static void ngx_mdm_queue_reported(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


void
ngx_mdm_queue_serve(ngx_mdm_exchange_t *x)
{
    if (x->intake.message.status == MDM_STATUS_IDLE) {
        ngx_mdm_queue_poll(x);

    } else {
        ngx_mdm_report_effects(x, ngx_mdm_queue_report);
    }
}


static void
ngx_mdm_queue_poll(ngx_mdm_exchange_t *x)
{
    ngx_mdm_exchange_set_identity(x);
    ngx_mdm_exchange_call(x, NGX_MDM_SQL_POLL, ngx_mdm_queue_polled);
}


static void
ngx_mdm_queue_polled(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_exchange_t  *x;

    x = call->data;

    if (ngx_mdm_exchange_answered(x, rc, rows, NGX_MDM_POLL_OUTCOME,
                                  ngx_mdm_queue_poll)
        != NGX_OK)
    {
        return;
    }

    if (ngx_mdm_pg_bool(rows, 0, NGX_MDM_POLL_HAS_WORK)) {
        ngx_mdm_queue_deliver(x);
        return;
    }

    ngx_mdm_seen_touch(x->engine, x->tenant->id,
                       ngx_mdm_pg_int(rows, 0, NGX_MDM_POLL_ENROLLMENT));

    ngx_mdm_exchange_finish(x, 200);
}


static void
ngx_mdm_queue_deliver(ngx_mdm_exchange_t *x)
{
    ngx_mdm_exchange_set_identity(x);
    ngx_mdm_exchange_call(x, NGX_MDM_SQL_DELIVER, ngx_mdm_queue_delivered);
}


static void
ngx_mdm_queue_delivered(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_exchange_t  *x;

    x = call->data;

    if (ngx_mdm_exchange_answered(x, rc, rows, NGX_MDM_DELIVER_OUTCOME,
                                  ngx_mdm_queue_deliver)
        != NGX_OK)
    {
        return;
    }

    ngx_mdm_seen_touch(x->engine, x->tenant->id,
                       ngx_mdm_pg_int(rows, 0, NGX_MDM_DELIVER_ENROLLMENT));

    ngx_mdm_deliver(x, rows, NGX_MDM_DELIVER_COMMAND);
}


static void
ngx_mdm_queue_report(ngx_mdm_exchange_t *x)
{
    const char          *status;
    mdm_message_t       *message;
    ngx_mdm_pg_value_t  *p;

    p = x->call.params;
    message = &x->intake.message;
    status = mdm_report_status_name(message->status);

    ngx_mdm_exchange_set_identity(x);

    ngx_mdm_set_str(&p[5], message->command_uuid);
    ngx_mdm_pg_set_bytes(&p[6], status, ngx_strlen(status));
    ngx_mdm_set_str(&p[7], message->status == MDM_STATUS_NOT_NOW
                           ? x->intake.raw : x->intake.sealed);
    ngx_mdm_set_str(&p[8], message->error);
    ngx_mdm_set_str(&p[9], x->assumed_type);
    ngx_mdm_set_str(&p[10], x->effects.json);
    ngx_mdm_set_str(&p[11], x->url_params);
    ngx_mdm_set_str(&p[12], x->effects.lists);

    ngx_mdm_exchange_call(x, NGX_MDM_SQL_REPORT, ngx_mdm_queue_reported);
}


static void
ngx_mdm_queue_reported(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    mdm_str_t            outcome;
    ngx_mdm_exchange_t  *x;

    x = call->data;

    if (rc == NGX_MDM_PG_DONE) {
        outcome = ngx_mdm_to_str(ngx_mdm_pg_text(rows, 0,
                                                 NGX_MDM_REPORT_OUTCOME));

        if (mdm_str_eq_c(outcome, "wrong_type")) {
            ngx_mdm_report_mistaken(x, ngx_mdm_to_str(
                   ngx_mdm_pg_text(rows, 0, NGX_MDM_REPORT_REPORTED_TYPE)));
            return;
        }
    }

    if (ngx_mdm_exchange_answered(x, rc, rows, NGX_MDM_REPORT_OUTCOME,
                                  ngx_mdm_queue_report)
        != NGX_OK)
    {
        return;
    }

    ngx_mdm_seen_touch(x->engine, x->tenant->id,
                       ngx_mdm_pg_int(rows, 0, NGX_MDM_REPORT_ENROLLMENT));

    x->request_type = ngx_mdm_deliver_copy(x,
                    ngx_mdm_pg_text(rows, 0, NGX_MDM_REPORT_REPORTED_TYPE));

    ngx_mdm_deliver(x, rows, NGX_MDM_REPORT_COMMAND);
}
