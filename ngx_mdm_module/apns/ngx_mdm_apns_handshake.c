
/*
 * TLS handshakes in the thread pool: to read a private key and to sign with it
 * takes milliseconds, and after a restart thousands of topics connect.
 *
 * A handshake is a record of its own with all that a thread needs.  While it
 * is RUNNING the record, its SSL and its socket are the thread's: the event
 * loop only notes what happens.  A connection that ends meanwhile leaves both
 * behind, and they are freed when the thread is back.
 */


#include "ngx_mdm_apns_internal.h"


/* In the hands of threads at once, which are not for us alone; the others wait
 * for their turn. */
#define NGX_MDM_APNS_SHAKING     4

/* Enough for the record, certificate, key, and a few tasks. */
#define NGX_MDM_APNS_SHAKE_POOL  8192


typedef enum {
    NGX_MDM_APNS_SHAKE_SERVER = 0,     /* it is the server's turn */
    NGX_MDM_APNS_SHAKE_QUEUED,
    NGX_MDM_APNS_SHAKE_RUNNING
} ngx_mdm_apns_shake_e;


struct ngx_mdm_apns_shake_s {
    ngx_queue_t                  queue;       /* of its state */
    ngx_pool_t                  *pool;        /* the record is in there, too */
    ngx_mdm_thread_t             work;
    ngx_mdm_apns_t              *apns;
    ngx_mdm_apns_connection_t   *conn;        /* NULL: it has ended */
    ngx_connection_t            *connection;  /* that of one that has ended */
    ngx_mdm_apns_shake_e         state;
    ngx_uint_t                   event;       /* one came while it ran */

    /* the thread's */
    ngx_mdm_apns_tls_t           tls;
    ngx_int_t                    rc;
    char                         text[160];
};


static ngx_mdm_apns_shake_t *ngx_mdm_apns_shake_create(
    ngx_mdm_apns_connection_t *conn);
static ngx_int_t ngx_mdm_apns_shake_copy(ngx_pool_t *pool, mdm_str_t *to,
    const mdm_str_t *from);
static void ngx_mdm_apns_shake_go(ngx_mdm_apns_shake_t *shake);
static void ngx_mdm_apns_shake_next(ngx_mdm_apns_t *apns);
static void ngx_mdm_apns_shake_post(ngx_mdm_apns_shake_t *shake);
static void ngx_mdm_apns_shake_run(void *data);
static void ngx_mdm_apns_shake_back(void *data);
static void ngx_mdm_apns_shake_wait(ngx_mdm_apns_shake_t *shake);
static void ngx_mdm_apns_shake_end(ngx_mdm_apns_shake_t *shake);
static void ngx_mdm_apns_shake_free(ngx_mdm_apns_shake_t *shake);
static void ngx_mdm_apns_shake_deaf(ngx_event_t *ev);


void
ngx_mdm_apns_handshake_start(ngx_mdm_apns_connection_t *conn)
{
    conn->shake = ngx_mdm_apns_shake_create(conn);

    if (conn->shake == NULL) {
        ngx_mdm_apns_connection_lost(conn, "no memory");
        return;
    }

    ngx_mdm_apns_shake_go(conn->shake);
}


static ngx_mdm_apns_shake_t *
ngx_mdm_apns_shake_create(ngx_mdm_apns_connection_t *conn)
{
    ngx_pool_t            *pool;
    ngx_mdm_apns_topic_t  *topic;
    ngx_mdm_apns_shake_t  *shake;

    topic = conn->topic;

    pool = ngx_create_pool(NGX_MDM_APNS_SHAKE_POOL, conn->apns->log);
    if (pool == NULL) {
        return NULL;
    }

    shake = ngx_pcalloc(pool, sizeof(ngx_mdm_apns_shake_t));

    if (shake == NULL
        || ngx_mdm_apns_shake_copy(pool, &shake->tls.certificate,
                                   &topic->certificate)
           != NGX_OK
        || ngx_mdm_apns_shake_copy(pool, &shake->tls.key, &topic->key)
           != NGX_OK)
    {
        ngx_destroy_pool(pool);
        return NULL;
    }

    shake->pool = pool;
    shake->apns = conn->apns;
    shake->conn = conn;

    shake->work.run = ngx_mdm_apns_shake_run;
    shake->work.done = ngx_mdm_apns_shake_back;
    shake->work.data = shake;
    shake->work.counters = conn->apns->thread_counters;

    shake->tls.ctx = conn->apns->conf->ctx;
    shake->tls.host = topic->host;
    shake->tls.fd = conn->connection->fd;

    return shake;
}


static ngx_int_t
ngx_mdm_apns_shake_copy(ngx_pool_t *pool, mdm_str_t *to, const mdm_str_t *from)
{
    u_char  *p;

    p = ngx_pnalloc(pool, from->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, from->data, from->len);

    to->data = p;
    to->len = from->len;

    return NGX_OK;
}


/* The server said something, or can be written to. */

void
ngx_mdm_apns_handshake_event(ngx_mdm_apns_connection_t *conn)
{
    ngx_mdm_apns_shake_t  *shake;

    shake = conn->shake;

    if (shake->state == NGX_MDM_APNS_SHAKE_SERVER) {
        ngx_mdm_apns_shake_go(shake);
        return;
    }

    shake->event = 1;

    /* not told again and again of what is for the thread */

    (void) ngx_mdm_apns_event_arm(conn->connection);
}


/* It may be over, and its connection, when it returns. */

static void
ngx_mdm_apns_shake_go(ngx_mdm_apns_shake_t *shake)
{
    shake->state = NGX_MDM_APNS_SHAKE_QUEUED;
    ngx_queue_insert_tail(&shake->apns->queued, &shake->queue);

    ngx_mdm_apns_shake_next(shake->apns);
}


static void
ngx_mdm_apns_shake_next(ngx_mdm_apns_t *apns)
{
    ngx_queue_t  *q;

    while (apns->nshaking < NGX_MDM_APNS_SHAKING
           && !ngx_queue_empty(&apns->queued))
    {
        q = ngx_queue_head(&apns->queued);
        ngx_queue_remove(q);

        ngx_mdm_apns_shake_post(ngx_queue_data(q, ngx_mdm_apns_shake_t,
                                               queue));
    }
}


static void
ngx_mdm_apns_shake_post(ngx_mdm_apns_shake_t *shake)
{
    ngx_mdm_apns_t  *apns;

    apns = shake->apns;

    shake->event = 0;
    shake->state = NGX_MDM_APNS_SHAKE_RUNNING;
    ngx_queue_insert_tail(&apns->shaking, &shake->queue);
    apns->nshaking++;

    if (ngx_mdm_thread_run(&shake->work, apns->threads, shake->pool,
                           apns->log, NGX_MDM_THREAD_INLINE + 1)
        == NGX_OK)
    {
        return;
    }

    shake->rc = NGX_ERROR;
    ngx_cpystrn((u_char *) shake->text,
                (u_char *) "the thread pool \"mdm\" takes no more",
                sizeof(shake->text));

    ngx_mdm_apns_shake_back(shake);
}


/* In a thread. */

static void
ngx_mdm_apns_shake_run(void *data)
{
    ngx_mdm_apns_shake_t  *shake;

    shake = data;

    shake->rc = ngx_mdm_apns_tls_step(&shake->tls, shake->text,
                                      sizeof(shake->text));
}


static void
ngx_mdm_apns_shake_back(void *data)
{
    ngx_mdm_apns_t        *apns;
    ngx_mdm_apns_shake_t  *shake;

    shake = data;
    apns = shake->apns;

    shake->state = NGX_MDM_APNS_SHAKE_SERVER;
    ngx_queue_remove(&shake->queue);
    apns->nshaking--;

    if (shake->conn == NULL) {
        ngx_mdm_apns_shake_free(shake);

    } else if (shake->rc == NGX_AGAIN) {
        ngx_mdm_apns_shake_wait(shake);

    } else {
        ngx_mdm_apns_shake_end(shake);
    }

    ngx_mdm_apns_shake_next(apns);
}


/* An event that came while the thread read may be of what it had no more
 * time to read. */

static void
ngx_mdm_apns_shake_wait(ngx_mdm_apns_shake_t *shake)
{
    ngx_connection_t  *c;

    if (shake->event) {
        ngx_mdm_apns_shake_go(shake);
        return;
    }

    c = shake->conn->connection;

    if (SSL_want_write(shake->tls.ssl)) {
        c->write->ready = 0;

    } else {
        c->read->ready = 0;
    }

    if (ngx_mdm_apns_event_arm(c) != NGX_OK) {
        ngx_mdm_apns_connection_lost(shake->conn,
                                     "cannot wait for the socket");
    }
}


static void
ngx_mdm_apns_shake_end(ngx_mdm_apns_shake_t *shake)
{
    ngx_mdm_apns_connection_t  *conn;

    conn = shake->conn;

    if (shake->rc == NGX_ERROR) {
        ngx_mdm_apns_connection_lost(conn, "%s (%s)", shake->text,
                                     conn->text);
        return;
    }

    conn->ssl = shake->tls.ssl;
    conn->shake = NULL;
    shake->tls.ssl = NULL;

    ngx_mdm_apns_shake_free(shake);

    ngx_mdm_apns_connection_secure(conn);
}


ngx_uint_t
ngx_mdm_apns_handshake_is_ours(ngx_mdm_apns_connection_t *conn)
{
    return conn->shake != NULL
           && conn->shake->state != NGX_MDM_APNS_SHAKE_SERVER;
}


void
ngx_mdm_apns_handshake_leave(ngx_mdm_apns_connection_t *conn)
{
    ngx_connection_t      *c;
    ngx_mdm_apns_shake_t  *shake;

    shake = conn->shake;

    if (shake == NULL) {
        return;
    }

    conn->shake = NULL;
    shake->conn = NULL;

    if (shake->state == NGX_MDM_APNS_SHAKE_QUEUED) {
        ngx_queue_remove(&shake->queue);
    }

    if (shake->state != NGX_MDM_APNS_SHAKE_RUNNING) {
        ngx_mdm_apns_shake_free(shake);
        return;
    }

    /* its number must not become that of another connection */

    c = conn->connection;
    conn->connection = NULL;
    shake->connection = c;

    c->data = shake;
    c->read->handler = ngx_mdm_apns_shake_deaf;
    c->write->handler = ngx_mdm_apns_shake_deaf;
}


static void
ngx_mdm_apns_shake_deaf(ngx_event_t *ev)
{
    (void) ngx_mdm_apns_event_arm(ev->data);
}


/* When the worker's threads have left: none of them is told to be back. */

void
ngx_mdm_apns_handshake_done(ngx_mdm_apns_t *apns)
{
    ngx_queue_t           *q;
    ngx_mdm_apns_shake_t  *shake;

    while (!ngx_queue_empty(&apns->shaking)) {
        q = ngx_queue_head(&apns->shaking);
        shake = ngx_queue_data(q, ngx_mdm_apns_shake_t, queue);

        ngx_queue_remove(q);

        if (shake->work.guard.timer_set) {
            ngx_del_timer(&shake->work.guard);
        }

        ngx_mdm_apns_shake_free(shake);
    }
}


static void
ngx_mdm_apns_shake_free(ngx_mdm_apns_shake_t *shake)
{
    ngx_mdm_apns_tls_free(&shake->tls);

    if (shake->connection != NULL) {
        ngx_close_connection(shake->connection);
    }

    ngx_destroy_pool(shake->pool);
}
