
/*
 * The course of an exchange: tenant, intake, identity, operation, answer.
 * What an operation does is in ngx_mdm_checkin.c and ngx_mdm_queue.c.
 */


#include "ngx_mdm_exchange.h"
#include "ngx_mdm_outcome.h"
#include "ngx_mdm_rollback.h"
#include "ngx_mdm_seen.h"

#include <openssl/evp.h>


static void ngx_mdm_exchange_tenant(ngx_mdm_tenant_wait_t *wait,
    ngx_mdm_tenant_rc_e rc, ngx_mdm_tenant_t *tenant);
static ngx_int_t ngx_mdm_exchange_certificate(ngx_mdm_exchange_t *x);
static ngx_int_t ngx_mdm_exchange_signature(ngx_mdm_exchange_t *x);
static ngx_int_t ngx_mdm_exchange_judge(ngx_mdm_exchange_t *x, mdm_str_t der,
    ngx_mdm_certificate_t **certificate);
static void ngx_mdm_exchange_take_in(void *data);
static void ngx_mdm_exchange_taken_in(void *data);
static void ngx_mdm_exchange_refused(ngx_mdm_exchange_t *x,
    ngx_mdm_refusal_e refusal);
static void ngx_mdm_exchange_unreadable(ngx_mdm_exchange_t *x, mdm_rc_e rc,
    const mdm_fault_t *fault);
static void ngx_mdm_exchange_bad(ngx_mdm_exchange_t *x, mdm_rc_e rc,
    const mdm_fault_t *fault);
static void ngx_mdm_exchange_end_enrollment(ngx_mdm_exchange_t *x);


/* by mdm_certificate_verdict_e */

static const ngx_mdm_refusal_e  ngx_mdm_exchange_verdicts[] = {
    NGX_MDM_REFUSAL_NONE,             /* MDM_CERTIFICATE_GOOD */
    NGX_MDM_REFUSAL_NONE,             /* MDM_CERTIFICATE_EXPIRED */
    NGX_MDM_REFUSAL_NOT_YET_VALID,    /* MDM_CERTIFICATE_NOT_YET_VALID */
    NGX_MDM_REFUSAL_UNTRUSTED,        /* MDM_CERTIFICATE_UNTRUSTED */
    NGX_MDM_REFUSAL_NOT_CLIENT,       /* MDM_CERTIFICATE_NOT_CLIENT */
    NGX_MDM_REFUSAL_NONE              /* MDM_CERTIFICATE_FAULT */
};


ngx_mdm_exchange_t *
ngx_mdm_exchange_create(ngx_mdm_engine_t *engine)
{
    ngx_pool_t          *pool;
    ngx_mdm_exchange_t  *x;

    pool = ngx_create_pool(4096, engine->log);
    if (pool == NULL) {
        return NULL;
    }

    x = ngx_pcalloc(pool, sizeof(ngx_mdm_exchange_t));
    if (x == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    x->pool = pool;
    x->log = engine->log;
    x->engine = engine;
    mdm_arena_init(&x->arena);

    return x;
}


void
ngx_mdm_exchange_free(ngx_mdm_exchange_t *x)
{
    if (x->tenant != NULL) {
        ngx_mdm_tenant_release(x->tenant);
    }

    ngx_mdm_pg_rows_let_go(&x->rows);
    EVP_PKEY_free(x->intake.key);

    if (x->intake.plist != NULL) {
        mdm_plist_free(x->intake.plist);
    }

    mdm_arena_free(&x->arena);
    ngx_destroy_pool(x->pool);
}


void
ngx_mdm_exchange_start(ngx_mdm_exchange_t *x, mdm_str_t body, unsigned report)
{
    x->intake.arena = &x->arena;
    x->intake.body = body;
    x->intake.report = report;
    x->intake.ring = x->engine->ring;

    x->wait.handler = ngx_mdm_exchange_tenant;
    x->wait.data = x;

    x->asked = ngx_current_msec;
    ngx_mdm_tenant_get(x->engine, x->tenant_key, &x->wait);
}


void
ngx_mdm_exchange_finish(ngx_mdm_exchange_t *x, ngx_uint_t status)
{
    x->answer.status = status;
    x->done(x);
}


void
ngx_mdm_exchange_fail(ngx_mdm_exchange_t *x, const char *what)
{
    ngx_log_error(ngx_mdm_pg_level(x->engine->pg, NGX_LOG_ERR, what),
                  x->log, 0,
                  "mdm: %s, tenant \"%V\", enrollment \"%*s\", "
                  "command \"%*s\": the device hears 503",
                  what, &x->tenant_key,
                  x->intake.enrollment.len, x->intake.enrollment.data,
                  x->command_uuid.len, x->command_uuid.data);

    x->answer.type = NGX_MDM_BODY_NONE;
    x->answer.body = mdm_null_str;

    ngx_mdm_exchange_finish(x, 503);
}


static void
ngx_mdm_exchange_tenant(ngx_mdm_tenant_wait_t *wait, ngx_mdm_tenant_rc_e rc,
    ngx_mdm_tenant_t *tenant)
{
    ngx_mdm_exchange_t  *x;

    x = wait->data;
    x->db_time += ngx_current_msec - x->asked;

    if (rc != NGX_MDM_TENANT_FOUND) {
        ngx_mdm_exchange_fail(x, rc == NGX_MDM_TENANT_UNKNOWN
                                 ? "unknown tenant"
                                 : "cannot load the tenant");
        return;
    }

    x->tenant = tenant;
    x->intake.tenant_id = tenant->id;

    if (ngx_mdm_exchange_certificate(x) != NGX_OK) {
        return;
    }

    x->thread.run = ngx_mdm_exchange_take_in;
    x->thread.done = ngx_mdm_exchange_taken_in;
    x->thread.data = x;
    x->thread.counters = x->engine->counters->threads;

    if (ngx_mdm_thread_run(&x->thread, x->engine->threads, x->pool, x->log,
                           x->intake.body.len)
        != NGX_OK)
    {
        ngx_mdm_exchange_fail(x, "the thread pool is full");
    }
}


/*
 * Finds the certificate that speaks: the signature's, or the connection's.
 * When both are demanded they must be one.  NGX_DONE: refused, answered.
 */

static ngx_int_t
ngx_mdm_exchange_certificate(ngx_mdm_exchange_t *x)
{
    mdm_str_t               tls;
    ngx_uint_t              wanted;
    ngx_mdm_certificate_t  *certificate;

    wanted = x->identity;
    tls = ngx_mdm_to_str(x->certificate);

    if ((wanted & (NGX_MDM_IDENTITY_SIGNATURE|NGX_MDM_IDENTITY_BOTH))
        && x->signature.data != NULL)
    {
        if (ngx_mdm_exchange_signature(x) != NGX_OK) {
            return NGX_DONE;
        }

        if (!(wanted & NGX_MDM_IDENTITY_BOTH)) {
            return NGX_OK;
        }

        if (mdm_str_eq(tls, x->intake.signature.certificate)) {
            return NGX_OK;
        }

        ngx_log_error(NGX_LOG_WARN, x->log, 0,
                      "mdm: the client certificate is %s the one that made "
                      "Mdm-Signature, tenant \"%V\"",
                      tls.len ? "not" : "absent and so not", &x->tenant_key);

        ngx_mdm_exchange_refused(x, tls.len ? NGX_MDM_REFUSAL_MISMATCH
                                            : NGX_MDM_REFUSAL_ABSENT);
        ngx_mdm_exchange_finish(x, tls.len ? 403 : 400);
        return NGX_DONE;
    }

    if (tls.len != 0 && (wanted & NGX_MDM_IDENTITY_CERTIFICATE)
        && !(wanted & NGX_MDM_IDENTITY_BOTH))
    {
        return ngx_mdm_exchange_judge(x, tls, &certificate);
    }

    ngx_log_error(NGX_LOG_WARN, x->log, 0,
                  "mdm: a message without %s, tenant \"%V\"",
                  (wanted & NGX_MDM_IDENTITY_CERTIFICATE)
                  && !(wanted & NGX_MDM_IDENTITY_BOTH)
                  ? wanted & NGX_MDM_IDENTITY_SIGNATURE
                    ? "a client certificate or Mdm-Signature"
                    : "a client certificate"
                  : "Mdm-Signature",
                  &x->tenant_key);

    ngx_mdm_exchange_refused(x, NGX_MDM_REFUSAL_ABSENT);
    ngx_mdm_exchange_finish(x, 400);

    return NGX_DONE;
}


static ngx_int_t
ngx_mdm_exchange_signature(ngx_mdm_exchange_t *x)
{
    mdm_rc_e                rc;
    mdm_fault_t             fault;
    ngx_mdm_certificate_t  *certificate;

    rc = mdm_signature_read(&x->arena, ngx_mdm_to_str(x->signature),
                            &x->intake.signature, &fault);
    if (rc != MDM_OK) {
        ngx_mdm_exchange_unreadable(x, rc, &fault);
        return NGX_DONE;
    }

    if (ngx_mdm_exchange_judge(x, x->intake.signature.certificate,
                               &certificate)
        != NGX_OK)
    {
        return NGX_DONE;
    }

    /* the intake may run in a thread, while the cache drops its certificate */

    x->intake.key = certificate->certificate->key;
    EVP_PKEY_up_ref(x->intake.key);
    x->intake.is_signed = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_mdm_exchange_judge(ngx_mdm_exchange_t *x, mdm_str_t der,
    ngx_mdm_certificate_t **found)
{
    mdm_rc_e                    rc;
    mdm_fault_t                 fault;
    mdm_certificate_t          *certificate;
    mdm_certificate_verdict_e   verdict;

    rc = ngx_mdm_certificate_get(x->engine, der, found, &fault);
    if (rc != MDM_OK) {
        ngx_mdm_exchange_unreadable(x, rc, &fault);
        return NGX_DONE;
    }

    certificate = (*found)->certificate;
    verdict = ngx_mdm_certificate_judge(*found, x->tenant);

    if (verdict == MDM_CERTIFICATE_FAULT) {
        ngx_mdm_exchange_fail(x, "cannot judge a certificate");
        return NGX_DONE;
    }

    if (verdict != MDM_CERTIFICATE_GOOD
        && verdict != MDM_CERTIFICATE_EXPIRED)
    {
        ngx_log_error(NGX_LOG_WARN, x->log, 0,
                      "mdm: refused: the certificate of \"%s\" %s, "
                      "tenant \"%V\"", certificate->subject,
                      mdm_certificate_verdict_text(verdict), &x->tenant_key);

        ngx_mdm_exchange_refused(x, ngx_mdm_exchange_verdicts[verdict]);
        ngx_mdm_exchange_finish(x, 403);
        return NGX_DONE;
    }

    ngx_memcpy(x->sha256, certificate->sha256, MDM_SHA256_SIZE);
    x->expired = (verdict == MDM_CERTIFICATE_EXPIRED);
    x->not_after = certificate->not_after;
    x->subject = mdm_arena_str(&x->arena, certificate->subject,
                               ngx_strlen(certificate->subject));
    x->serial = mdm_arena_str(&x->arena, certificate->serial,
                              ngx_strlen(certificate->serial));

    return NGX_OK;
}


static void
ngx_mdm_exchange_take_in(void *data)
{
    ngx_mdm_exchange_t *x = data;

    ngx_mdm_intake_run(&x->intake);
}


static void
ngx_mdm_exchange_taken_in(void *data)
{
    ngx_mdm_exchange_t *x = data;

    if (x->intake.rc != MDM_OK) {

        /* the decoders trust or doubt nobody */

        if (x->intake.rc == MDM_UNTRUSTED) {
            ngx_mdm_exchange_refused(x, NGX_MDM_REFUSAL_BAD_SIGNATURE);
        }

        ngx_mdm_exchange_bad(x, x->intake.rc, &x->intake.fault);
        return;
    }

    if (x->intake.message.type == MDM_REPORT) {
        ngx_mdm_count(&x->engine->counters->reports[x->intake.message.status]);
        x->command_uuid = x->intake.message.command_uuid;
        ngx_mdm_queue_serve(x);
        return;
    }

    ngx_mdm_checkin(x);
}


static void
ngx_mdm_exchange_refused(ngx_mdm_exchange_t *x, ngx_mdm_refusal_e refusal)
{
    ngx_mdm_count(&x->engine->counters->refused[refusal]);
}


/* A signature or a certificate that is too large is a bad one: 413 speaks of
 * the body, which was not looked at. */

static void
ngx_mdm_exchange_unreadable(ngx_mdm_exchange_t *x, mdm_rc_e rc,
    const mdm_fault_t *fault)
{
    ngx_mdm_exchange_refused(x, NGX_MDM_REFUSAL_UNREADABLE);
    ngx_mdm_exchange_bad(x, rc == MDM_TOO_LARGE ? MDM_MALFORMED : rc, fault);
}


/* The sender's fault or ours, by the pure core's word. */

static void
ngx_mdm_exchange_bad(ngx_mdm_exchange_t *x, mdm_rc_e rc,
    const mdm_fault_t *fault)
{
    if (rc == MDM_NO_MEMORY) {
        ngx_mdm_exchange_fail(x, fault->text);
        return;
    }

    ngx_log_error(NGX_LOG_WARN, x->log, 0,
                  "mdm: refused a message: %s, tenant \"%V\"",
                  fault->text, &x->tenant_key);

    ngx_mdm_exchange_finish(x, rc == MDM_TOO_LARGE ? 413 : 400);
}


void
ngx_mdm_exchange_call(ngx_mdm_exchange_t *x, ngx_mdm_pg_statement_e statement,
    ngx_mdm_pg_handler_pt handler)
{
    x->call.statement = statement;
    x->call.handler = handler;
    x->call.data = x;
    x->call.log = x->log;
    x->call.key = ngx_crc32_short((u_char *) x->intake.enrollment.data,
                                  x->intake.enrollment.len);

    x->asked = ngx_current_msec;
    ngx_mdm_pg_call(x->engine->pg, &x->call);
}


void
ngx_mdm_exchange_set_identity(ngx_mdm_exchange_t *x)
{
    mdm_enrollment_id_t  *id;

    id = &x->intake.message.id;

    ngx_mdm_pg_set_int8(&x->call.params[0], x->tenant->id);
    ngx_mdm_set_str(&x->call.params[1], id->device_id);
    ngx_mdm_set_str(&x->call.params[2], id->user_id);
    ngx_mdm_pg_set_bytes(&x->call.params[3], x->sha256, MDM_SHA256_SIZE);
    ngx_mdm_pg_set_bool(&x->call.params[4], x->expired);
}


ngx_int_t
ngx_mdm_exchange_answered(ngx_mdm_exchange_t *x, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows, int outcome_column,
    ngx_mdm_exchange_pt again)
{
    ngx_str_t                 name;
    ngx_uint_t                level;
    const ngx_mdm_outcome_t  *outcome;

    x->db_time += ngx_current_msec - x->asked;

    if (rc != NGX_MDM_PG_DONE || rows->count == 0) {
        ngx_mdm_exchange_fail(x, rc == NGX_MDM_PG_DONE
                                 ? "PostgreSQL answered no row"
                                 : ngx_mdm_pg_rc_text(rc));
        return NGX_DONE;
    }

    name = ngx_mdm_pg_text(rows, 0, outcome_column);
    outcome = ngx_mdm_outcome_find(name);

    if (outcome->action == NGX_MDM_OUTCOME_GO_ON) {
        return NGX_OK;
    }

    if (outcome->action == NGX_MDM_OUTCOME_ROLL_BACK && !x->rolled_back) {
        ngx_mdm_roll_back(x, again);
        return NGX_DONE;
    }

    level = (outcome->action == NGX_MDM_OUTCOME_EMPTY) ? NGX_LOG_INFO
                                                       : NGX_LOG_WARN;

    ngx_log_error(level, x->log, 0,
                  "mdm: %V: %s, tenant \"%V\", enrollment \"%*s\"",
                  &name, outcome->text, &x->tenant_key,
                  x->intake.enrollment.len, x->intake.enrollment.data);

    if (outcome->refusal != NGX_MDM_REFUSAL_NONE) {
        ngx_mdm_exchange_refused(x, outcome->refusal);
    }

    switch (outcome->action) {

    case NGX_MDM_OUTCOME_EMPTY:

        /* an empty 200 is no answer to a question, and would make a device
         * believe that its bootstrap token is kept */

        if (x->intake.message.type != MDM_REPORT) {
            ngx_mdm_exchange_fail(x, outcome->text);
            break;
        }

        ngx_mdm_exchange_finish(x, 200);
        break;

    case NGX_MDM_OUTCOME_ENDED:
        ngx_mdm_exchange_end_enrollment(x);
        break;

    case NGX_MDM_OUTCOME_REFUSE_LOUD:
        ngx_mdm_refusal_record(x, name);
        ngx_mdm_exchange_finish(x, 403);
        break;

    case NGX_MDM_OUTCOME_REFUSE:
        ngx_mdm_exchange_finish(x, 403);
        break;

    default:
        ngx_mdm_exchange_fail(x, outcome->text);
    }

    return NGX_DONE;
}


/* The one answer by which a device removes its enrolment profile (Apple:
 * ErrorCodeUnrecognizedDevice). */

static void
ngx_mdm_exchange_end_enrollment(ngx_mdm_exchange_t *x)
{
    x->answer.type = NGX_MDM_BODY_JSON;
    x->answer.body = mdm_str("{\"code\":\"com.apple.unrecognized.device\","
                             "\"description\":\"an operator ended this "
                             "enrolment\"}");

    ngx_mdm_exchange_finish(x, 403);
}
