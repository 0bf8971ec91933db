
/*
 * Waiting for the answers to pushes: the request stays, and what became of its
 * pushes is read again when this worker has recorded answers, or from time to
 * time, for another worker may push them.  Only those that are still open are
 * asked for again.
 */


#include "ngx_mdm_api_push.h"


/* columns of push_results() */

enum {
    NGX_MDM_PUSHED_N = 0,
    NGX_MDM_PUSHED_STATE,
    NGX_MDM_PUSHED_APNS_ID,
    NGX_MDM_PUSHED_ERROR,
    NGX_MDM_PUSHED_RETRY
};


#define NGX_MDM_API_PUSH_TIME     5000
#define NGX_MDM_API_PUSH_GAP      200
#define NGX_MDM_API_PUSH_FIRST    25
#define NGX_MDM_API_PUSH_AFRESH   500     /* after a look that failed */

/* looks may take one part in so many of the time */
#define NGX_MDM_API_PUSH_SHARE    4


static ngx_uint_t ngx_mdm_api_push_gone(ngx_mdm_api_t *api);
static ngx_int_t ngx_mdm_api_push_wait_init(ngx_mdm_api_t *api,
    ngx_mdm_api_push_wait_t *wait);
static void ngx_mdm_api_push_wait_end(void *data);
static void ngx_mdm_api_push_recorded(ngx_mdm_push_watch_t *watch);
static void ngx_mdm_api_push_schedule(ngx_mdm_api_push_wait_t *wait);
static void ngx_mdm_api_push_timer(ngx_event_t *ev);
static void ngx_mdm_api_push_look(ngx_mdm_api_push_wait_t *wait);
static ngx_int_t ngx_mdm_api_push_ask(ngx_mdm_api_push_wait_t *wait);
static void ngx_mdm_api_push_looked(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_push_collect(void *data);
static ngx_uint_t ngx_mdm_api_push_later(ngx_mdm_api_push_wait_t *wait,
    int row);
static void ngx_mdm_api_push_trouble(ngx_mdm_api_push_wait_t *wait,
    ngx_str_t text);
static ngx_mdm_api_push_state_e ngx_mdm_api_push_state(ngx_str_t state);
static void ngx_mdm_api_push_done(void *data);
static json_t *ngx_mdm_api_push_open(ngx_mdm_api_push_wait_t *wait);
static json_t *ngx_mdm_api_push_unreached(const u_char *why, size_t len);


void
ngx_mdm_api_push_wait(ngx_mdm_api_t *api, ngx_mdm_api_targets_t *targets,
    ngx_str_t at, ngx_mdm_api_pt done)
{
    ngx_mdm_api_push_wait_t  *wait;

    if (ngx_mdm_api_push_gone(api)) {
        return;
    }

    wait = api->ctx;

    wait->api = api;
    wait->targets = targets;
    wait->nwaiting = targets->n;
    wait->at.len = at.len;
    wait->at.data = ngx_pstrdup(api->pool, &at);
    wait->done = done;

    if (wait->at.data == NULL
        || ngx_mdm_api_push_wait_init(api, wait) != NGX_OK)
    {
        wait->unknown = 1;
        done(api);
        return;
    }

    /* so that nginx sees the client go */

    api->request->read_event_handler = ngx_http_test_reading;

    ngx_mdm_push_watch(api->engine, &wait->watch);
    ngx_mdm_api_push_schedule(wait);
}


/* Nothing is called now: a client that goes away frees the call from here on,
 * and one that went away already has left that to us. */

static ngx_uint_t
ngx_mdm_api_push_gone(ngx_mdm_api_t *api)
{
    api->called = 0;

    if (api->request == NULL) {
        ngx_mdm_api_free(api);
        return 1;
    }

    return 0;
}


static ngx_int_t
ngx_mdm_api_push_wait_init(ngx_mdm_api_t *api, ngx_mdm_api_push_wait_t *wait)
{
    ngx_pool_cleanup_t  *cln;

    wait->results = ngx_pcalloc(api->pool,
                                wait->targets->n
                                * sizeof(ngx_mdm_api_push_result_t));
    wait->asked = ngx_palloc(api->pool,
                             wait->targets->n * sizeof(ngx_uint_t));
    cln = ngx_pool_cleanup_add(api->request->pool, 0);

    if (wait->results == NULL || wait->asked == NULL || cln == NULL) {
        wait->results = NULL;
        return NGX_ERROR;
    }

    /* runs before the one of the call, which may free the wait */

    cln->handler = ngx_mdm_api_push_wait_end;
    cln->data = wait;

    wait->watch.tenant_id = api->tenant_id;
    wait->watch.recorded = ngx_mdm_api_push_recorded;

    wait->timer.handler = ngx_mdm_api_push_timer;
    wait->timer.data = wait;
    wait->timer.log = api->log;

    wait->looked = ngx_current_msec;
    wait->until = ngx_current_msec + NGX_MDM_API_PUSH_TIME;

    return NGX_OK;
}


static void
ngx_mdm_api_push_wait_end(void *data)
{
    ngx_mdm_api_push_wait_t *wait = data;

    if (wait->watch.queue.next != NULL) {
        ngx_mdm_push_unwatch(&wait->watch);
        wait->watch.queue.next = NULL;
    }

    if (wait->timer.timer_set) {
        ngx_del_timer(&wait->timer);
    }
}


static void
ngx_mdm_api_push_recorded(ngx_mdm_push_watch_t *watch)
{
    ngx_mdm_api_push_wait_t  *wait;

    wait = (ngx_mdm_api_push_wait_t *) watch;
    wait->told = 1;
    wait->unknown = 0;

    if (!wait->looking) {
        ngx_mdm_api_push_schedule(wait);
    }
}


/*
 * The next look: soon when answers were recorded, which need not be ours; else
 * after a gap that grows.  Both are longer where looks take long.
 */

static void
ngx_mdm_api_push_schedule(ngx_mdm_api_push_wait_t *wait)
{
    ngx_msec_t      now, due;
    ngx_msec_int_t  left;

    now = ngx_current_msec;

    due = ngx_min(NGX_MDM_API_PUSH_GAP,
                  NGX_MDM_API_PUSH_FIRST << ngx_min(wait->looks, 8));

    if (wait->told) {
        due /= NGX_MDM_API_PUSH_SHARE;
    }

    due = wait->looked + ngx_max(due, wait->took * NGX_MDM_API_PUSH_SHARE);

    if (wait->unknown) {
        due = now + NGX_MDM_API_PUSH_AFRESH;
    }

    if ((ngx_msec_int_t) (due - wait->until) > 0) {
        due = wait->until;
    }

    left = (ngx_msec_int_t) (due - now);

    /* nginx would leave a timer alone that changes but little */

    if (wait->timer.timer_set) {
        ngx_del_timer(&wait->timer);
    }

    ngx_add_timer(&wait->timer, left > 0 ? left : 0);
}


static void
ngx_mdm_api_push_timer(ngx_event_t *ev)
{
    ngx_mdm_api_push_wait_t  *wait;

    wait = ev->data;

    if ((ngx_msec_int_t) (wait->until - ngx_current_msec) > 0) {
        ngx_mdm_api_push_look(wait);

    } else {
        ngx_mdm_api_push_done(wait->api);
    }
}


static void
ngx_mdm_api_push_look(ngx_mdm_api_push_wait_t *wait)
{
    ngx_mdm_api_t  *api;

    api = wait->api;
    wait->told = 0;
    wait->looks++;
    wait->looked = ngx_current_msec;

    wait->pool = ngx_create_pool(4096, api->log);

    if (wait->pool == NULL || ngx_mdm_api_push_ask(wait) != NGX_OK) {
        wait->unknown = 1;
        ngx_mdm_api_push_done(api);
        return;
    }

    wait->looking = 1;

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
    ngx_mdm_pg_set_bytes(&api->call.params[3], wait->at.data, wait->at.len);

    ngx_mdm_api_call(api, NGX_MDM_SQL_PUSH_RESULTS, ngx_mdm_api_push_looked);
}


/* Those that are still open. */

static ngx_int_t
ngx_mdm_api_push_ask(ngx_mdm_api_push_wait_t *wait)
{
    ngx_uint_t              i, n;
    ngx_mdm_pg_value_t     *devices, *users;
    ngx_mdm_api_targets_t  *all;

    all = wait->targets;

    devices = ngx_palloc(wait->pool,
                         wait->nwaiting * sizeof(ngx_mdm_pg_value_t));
    users = ngx_palloc(wait->pool,
                       wait->nwaiting * sizeof(ngx_mdm_pg_value_t));

    if (devices == NULL || users == NULL) {
        return NGX_ERROR;
    }

    for (i = 0, n = 0; i < all->n; i++) {
        if (wait->results[i].state == NGX_MDM_API_PUSH_WAITING) {
            devices[n] = all->devices[i];
            users[n] = all->users[i];
            wait->asked[n++] = i;
        }
    }

    wait->nasked = n;

    if (ngx_mdm_pg_set_array(&wait->api->call.params[1], wait->pool, 't',
                             devices, n)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_mdm_pg_set_array(&wait->api->call.params[2], wait->pool, 't',
                                users, n);
}


static void
ngx_mdm_api_push_looked(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t            *api;
    ngx_mdm_api_push_wait_t  *wait;

    api = call->data;
    wait = api->ctx;

    wait->took = ngx_current_msec - wait->looked;
    wait->left = (ngx_msec_int_t) (wait->until - ngx_current_msec);
    wait->unknown = (rc != NGX_MDM_PG_DONE);

    if (wait->unknown || api->request == NULL) {
        ngx_mdm_api_push_done(api);
        return;
    }

    api->request_ctx->db_time += wait->took;
    ngx_mdm_pg_rows_keep(&wait->rows, rows);

    ngx_mdm_api_work_surely(api, rows->count * NGX_MDM_API_TARGET_LABOUR,
                            ngx_mdm_api_push_collect, ngx_mdm_api_push_done);
}


/* In a thread: keeps what is final. */

static void
ngx_mdm_api_push_collect(void *data)
{
    ngx_mdm_api_t *api = data;

    int                         i;
    int64_t                     n;
    ngx_str_t                   text;
    ngx_mdm_pg_rows_t          *rows;
    ngx_mdm_api_push_wait_t    *wait;
    ngx_mdm_api_push_result_t  *result;

    wait = api->ctx;
    rows = &wait->rows;

    for (i = 0; i < rows->count; i++) {
        n = ngx_mdm_pg_int(rows, i, NGX_MDM_PUSHED_N);

        if (n < 1 || n > (int64_t) wait->nasked) {
            continue;
        }

        result = &wait->results[wait->asked[n - 1]];

        if (result->state != NGX_MDM_API_PUSH_WAITING) {
            continue;
        }

        result->state = ngx_mdm_api_push_state(
                            ngx_mdm_pg_text(rows, i, NGX_MDM_PUSHED_STATE));

        text = ngx_mdm_pg_text(rows, i,
                               result->state == NGX_MDM_API_PUSH_ACCEPTED
                               ? NGX_MDM_PUSHED_APNS_ID
                               : NGX_MDM_PUSHED_ERROR);

        if (result->state == NGX_MDM_API_PUSH_WAITING) {

            if (!ngx_mdm_api_push_later(wait, i)) {
                ngx_mdm_api_push_trouble(wait, text);
                continue;
            }

            result->state = NGX_MDM_API_PUSH_LATER;
        }

        wait->nwaiting--;
        result->text = mdm_arena_str(&api->arena, text.data, text.len);
    }
}


/* Apple is not reached, and it is not tried again while this waits. */

static ngx_uint_t
ngx_mdm_api_push_later(ngx_mdm_api_push_wait_t *wait, int row)
{
    return !ngx_mdm_pg_is_null(&wait->rows, row, NGX_MDM_PUSHED_RETRY)
           && ngx_mdm_pg_int(&wait->rows, row, NGX_MDM_PUSHED_RETRY)
              > wait->left;
}


/* Cut between two characters, if it must be. */

static void
ngx_mdm_api_push_trouble(ngx_mdm_api_push_wait_t *wait, ngx_str_t text)
{
    wait->trouble_len = ngx_min(text.len, sizeof(wait->trouble));

    if (wait->trouble_len != 0) {
        ngx_memcpy(wait->trouble, text.data, wait->trouble_len);
    }

    while (!mdm_utf8_valid(wait->trouble, wait->trouble_len)) {
        wait->trouble_len--;
    }
}


static ngx_mdm_api_push_state_e
ngx_mdm_api_push_state(ngx_str_t state)
{
    if (ngx_mdm_api_is(state, "waiting")) {
        return NGX_MDM_API_PUSH_WAITING;
    }

    if (ngx_mdm_api_is(state, "accepted")) {
        return NGX_MDM_API_PUSH_ACCEPTED;
    }

    return ngx_mdm_api_is(state, "came") ? NGX_MDM_API_PUSH_CAME
                                         : NGX_MDM_API_PUSH_FAILED;
}


/* A look is done, whatever came of it. */

static void
ngx_mdm_api_push_done(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_push_wait_t  *wait;

    wait = api->ctx;
    wait->looking = 0;

    ngx_mdm_pg_rows_let_go(&wait->rows);

    if (wait->pool != NULL) {
        ngx_destroy_pool(wait->pool);
        wait->pool = NULL;
    }

    if (ngx_mdm_api_push_gone(api)) {
        return;
    }

    if (wait->nwaiting != 0
        && (ngx_msec_int_t) (wait->until - ngx_current_msec) > 0)
    {
        ngx_mdm_api_push_schedule(wait);
        return;
    }

    ngx_mdm_api_push_wait_end(wait);
    wait->done(api);
}


ngx_int_t
ngx_mdm_api_push_told(ngx_mdm_api_push_wait_t *wait, ngx_uint_t target,
    json_t *object)
{
    ngx_mdm_api_push_result_t  *result;

    result = wait->results ? &wait->results[target] : NULL;

    if (result == NULL || result->state == NGX_MDM_API_PUSH_WAITING) {
        json_object_set_new(object, "push_error",
                            ngx_mdm_api_push_open(wait));
        return NGX_AGAIN;
    }

    if (result->state == NGX_MDM_API_PUSH_CAME) {
        return NGX_OK;
    }

    if (result->state == NGX_MDM_API_PUSH_LATER
        && mdm_str_is_set(result->text))
    {
        json_object_set_new(object, "push_error",
                            ngx_mdm_api_push_unreached(result->text.data,
                                                       result->text.len));
        return NGX_AGAIN;
    }

    if (!mdm_str_is_set(result->text)) {
        json_object_set_new(object, "push_error",
                            json_string("memory ran out while it was waited "
                                        "for"));
        return NGX_AGAIN;
    }

    json_object_set_new(object,
                        result->state == NGX_MDM_API_PUSH_ACCEPTED
                        ? "push_result" : "push_error",
                        json_stringn((char *) result->text.data,
                                     result->text.len));

    return result->state == NGX_MDM_API_PUSH_ACCEPTED ? NGX_OK : NGX_DECLINED;
}


static json_t *
ngx_mdm_api_push_open(ngx_mdm_api_push_wait_t *wait)
{
    if (wait->unknown) {
        return json_string("it is unknown whether Apple took it, for the "
                           "database does not answer; a push that is wanted "
                           "goes on by itself");
    }

    if (wait->trouble_len == 0) {
        return json_string("Apple has not answered yet; the push goes on by "
                           "itself");
    }

    return ngx_mdm_api_push_unreached(wait->trouble, wait->trouble_len);
}


static json_t *
ngx_mdm_api_push_unreached(const u_char *why, size_t len)
{
    return json_sprintf("Apple is not reached (%.*s); the push goes on by "
                        "itself", (int) len, (const char *) why);
}


ngx_uint_t
ngx_mdm_api_push_code(json_t *status, ngx_uint_t open)
{
    size_t       all;
    json_t      *target;
    const char  *id;
    ngx_uint_t   errors;

    errors = 0;

    json_object_foreach(status, id, target) {
        errors += (json_object_get(target, "command_error") != NULL
                   || json_object_get(target, "push_error") != NULL);
    }

    if (errors == 0) {
        return NGX_HTTP_OK;
    }

    all = json_object_size(status);

    return errors - open == all ? NGX_HTTP_INTERNAL_SERVER_ERROR : 207;
}
