
/*
 * TLS of the connections to APNs: the server is verified, the topic's
 * certificate shown, HTTP/2 demanded, and what goes wrong is said in words.
 *
 * It is done here and not by nginx's own functions because those take the
 * reason of an error out of OpenSSL's queue into a line of the log; here
 * people look for it in the state of a topic.
 */


#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "ngx_mdm_apns_internal.h"


#define NGX_MDM_APNS_CIPHERS                                                  \
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20"


#define NGX_MDM_APNS_NO_HTTP2                                                 \
    "the server does not offer HTTP/2 (\"h2\" in ALPN)"

#define NGX_MDM_APNS_NO_PAIR                                                  \
    "OpenSSL does not take its push certificate and key: store them anew"


static ngx_int_t ngx_mdm_apns_tls_trust(ngx_conf_t *cf, SSL_CTX *ctx,
    const char *file);
static ngx_int_t ngx_mdm_apns_tls_start(ngx_mdm_apns_tls_t *tls, char *text,
    size_t size);
static ngx_int_t ngx_mdm_apns_tls_use(ngx_mdm_apns_tls_t *tls);
static void ngx_mdm_apns_tls_error(SSL *ssl, int n, char *text, size_t size);
static void ngx_mdm_apns_tls_reason(SSL *ssl, unsigned long error,
    char *text, size_t size);
static ngx_int_t ngx_mdm_apns_tls_wait(ngx_mdm_apns_connection_t *conn,
    int n);
static ngx_uint_t ngx_mdm_apns_tls_waits(SSL *ssl, int n);


static const u_char  ngx_mdm_apns_alpn[] = { 2, 'h', '2' };


SSL_CTX *
ngx_mdm_apns_tls_create(ngx_conf_t *cf, const char *file)
{
    SSL_CTX  *ctx;

    ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL
        || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1
        || SSL_CTX_set_cipher_list(ctx, NGX_MDM_APNS_CIPHERS) != 1
        || SSL_CTX_set_alpn_protos(ctx, ngx_mdm_apns_alpn,
                                   sizeof(ngx_mdm_apns_alpn))
           != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"mdm_apns\" cannot set up TLS");
        goto failed;
    }

    /* a session of one topic must not be resumed by another */

    (void) SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET|SSL_OP_NO_COMPRESSION
                             |SSL_OP_NO_RENEGOTIATION);

    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
                          |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                          |SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);

    if (ngx_mdm_apns_tls_trust(cf, ctx, file) == NGX_OK) {
        ERR_clear_error();
        return ctx;
    }

failed:

    ERR_clear_error();
    SSL_CTX_free(ctx);

    return NULL;
}


/* The system's are in one file almost everywhere; a directory of them would
 * be read by the workers, in the event loop. */

static ngx_int_t
ngx_mdm_apns_tls_trust(ngx_conf_t *cf, SSL_CTX *ctx, const char *file)
{
    ngx_uint_t  i;

    static const char *const  files[] = {
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem"
    };

    if (file != NULL) {

        if (SSL_CTX_load_verify_locations(ctx, file, NULL) == 1) {
            return NGX_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"trusted_certificate=%s\" of \"mdm_apns\" is no "
                           "file with certificates in PEM", file);
        return NGX_ERROR;
    }

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (SSL_CTX_load_verify_locations(ctx, files[i], NULL) == 1) {
            return NGX_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"mdm_apns\" finds no CA certificates of the system: "
                       "install ca-certificates, or write "
                       "\"trusted_certificate=FILE\"");

    return NGX_ERROR;
}


/*
 * In a thread.  The first step makes the SSL; each goes as far as the server
 * lets it.
 */

ngx_int_t
ngx_mdm_apns_tls_step(ngx_mdm_apns_tls_t *tls, char *text, size_t size)
{
    int            n;
    unsigned       len;
    const u_char  *protocol;

    ERR_clear_error();

    if (tls->ssl == NULL && ngx_mdm_apns_tls_start(tls, text, size) != NGX_OK) {
        return NGX_ERROR;
    }

    n = SSL_do_handshake(tls->ssl);

    if (n != 1) {

        if (ngx_mdm_apns_tls_waits(tls->ssl, n)) {
            ERR_clear_error();
            return NGX_AGAIN;
        }

        ngx_mdm_apns_tls_error(tls->ssl, n, text, size);
        return NGX_ERROR;
    }

    /* what was shown and signed with is not needed any more */

    SSL_certs_clear(tls->ssl);
    SSL_get0_alpn_selected(tls->ssl, &protocol, &len);

    if (len == 2 && ngx_memcmp(protocol, "h2", 2) == 0) {
        return NGX_OK;
    }

    ngx_cpystrn((u_char *) text, (u_char *) NGX_MDM_APNS_NO_HTTP2, size);

    return NGX_ERROR;
}


static ngx_int_t
ngx_mdm_apns_tls_start(ngx_mdm_apns_tls_t *tls, char *text, size_t size)
{
    int          rc;
    SSL         *ssl;
    const char  *name;

    ssl = SSL_new(tls->ctx);
    tls->ssl = ssl;

    if (ssl == NULL || SSL_set_fd(ssl, tls->fd) != 1) {
        goto failed;
    }

    SSL_set_connect_state(ssl);

    name = (const char *) tls->host->name.data;

    if (tls->host->address != NULL) {
        rc = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);

    } else {
        rc = SSL_set1_host(ssl, name) == 1
             && SSL_set_tlsext_host_name(ssl, name) == 1;
    }

    if (rc != 1) {
        goto failed;
    }

    if (ngx_mdm_apns_tls_use(tls) != NGX_OK) {
        ngx_cpystrn((u_char *) text, (u_char *) NGX_MDM_APNS_NO_PAIR, size);
        return NGX_ERROR;
    }

    return NGX_OK;

failed:

    ngx_mdm_apns_tls_reason(ssl, ERR_peek_error(), text, size);
    ERR_clear_error();

    return NGX_ERROR;
}


/* The certificate and its key are read for each connection: that costs less
 * memory than to keep them for each topic. */

static ngx_int_t
ngx_mdm_apns_tls_use(ngx_mdm_apns_tls_t *tls)
{
    X509          *x509;
    ngx_int_t      rc;
    EVP_PKEY      *pkey;
    const u_char  *p;

    p = tls->certificate.data;
    x509 = d2i_X509(NULL, &p, (long) tls->certificate.len);

    p = tls->key.data;
    pkey = d2i_AutoPrivateKey(NULL, &p, (long) tls->key.len);

    rc = x509 != NULL && pkey != NULL
         && SSL_use_certificate(tls->ssl, x509) == 1
         && SSL_use_PrivateKey(tls->ssl, pkey) == 1
         ? NGX_OK : NGX_ERROR;

    X509_free(x509);
    EVP_PKEY_free(pkey);
    ERR_clear_error();

    return rc;
}


void
ngx_mdm_apns_tls_free(ngx_mdm_apns_tls_t *tls)
{
    ngx_explicit_memzero((void *) tls->key.data, tls->key.len);

    SSL_free(tls->ssl);
    ERR_clear_error();
}


ssize_t
ngx_mdm_apns_tls_read(ngx_mdm_apns_connection_t *conn, u_char *buf,
    size_t len, char *text, size_t size)
{
    int  n;

    ERR_clear_error();

    n = SSL_read(conn->ssl, buf, (int) len);

    if (n > 0) {
        return n;
    }

    if (ngx_mdm_apns_tls_wait(conn, n) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_mdm_apns_tls_error(conn->ssl, n, text, size);

    return NGX_ERROR;
}


ssize_t
ngx_mdm_apns_tls_write(ngx_mdm_apns_connection_t *conn, const u_char *buf,
    size_t len, char *text, size_t size)
{
    int  n;

    ERR_clear_error();

    n = SSL_write(conn->ssl, buf, (int) len);

    if (n > 0) {
        return n;
    }

    if (ngx_mdm_apns_tls_wait(conn, n) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_mdm_apns_tls_error(conn->ssl, n, text, size);

    return NGX_ERROR;
}


/* The events are edge-triggered where that is possible: what is not ready any
 * more is said. */

static ngx_int_t
ngx_mdm_apns_tls_wait(ngx_mdm_apns_connection_t *conn, int n)
{
    if (!ngx_mdm_apns_tls_waits(conn->ssl, n)) {
        return NGX_ERROR;
    }

    if (SSL_want_write(conn->ssl)) {
        conn->connection->write->ready = 0;

    } else {
        conn->connection->read->ready = 0;
    }

    return NGX_AGAIN;
}


static ngx_uint_t
ngx_mdm_apns_tls_waits(SSL *ssl, int n)
{
    n = SSL_get_error(ssl, n);

    return n == SSL_ERROR_WANT_READ || n == SSL_ERROR_WANT_WRITE;
}


/* What ended the connection; called right after it did. */

static void
ngx_mdm_apns_tls_error(SSL *ssl, int n, char *text, size_t size)
{
    int            kind;
    u_char         said[80];
    ngx_err_t      err;
    unsigned long  error;

    err = ngx_socket_errno;
    kind = SSL_get_error(ssl, n);
    error = ERR_peek_error();

    if (kind == SSL_ERROR_SSL
        && ERR_GET_REASON(error) != SSL_R_UNEXPECTED_EOF_WHILE_READING)
    {
        ngx_mdm_apns_tls_reason(ssl, error, text, size);

    } else if (kind == SSL_ERROR_SYSCALL && err != 0) {
        *ngx_strerror(err, said, sizeof(said) - 1) = '\0';
        (void) snprintf(text, size, "the connection ended: %s", said);

    } else {
        ngx_cpystrn((u_char *) text,
                    (u_char *) "the connection ended: it was closed", size);
    }

    /* such a connection must not be shut down in order */

    SSL_set_quiet_shutdown(ssl, 1);
    ERR_clear_error();
}


static void
ngx_mdm_apns_tls_reason(SSL *ssl, unsigned long error, char *text,
    size_t size)
{
    int          reason;
    long         verify;
    const char  *said;

    reason = ERR_GET_REASON(error);
    verify = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;

    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verify != X509_V_OK) {
        (void) snprintf(text, size, "the server's certificate is not "
                        "trusted: %s", X509_verify_cert_error_string(verify));
        return;
    }

    if (reason == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL) {
        ngx_cpystrn((u_char *) text, (u_char *) NGX_MDM_APNS_NO_HTTP2, size);
        return;
    }

    if (reason == SSL_R_UNSUPPORTED_PROTOCOL
        || reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)
    {
        ngx_cpystrn((u_char *) text,
                    (u_char *) "the server does not speak TLS 1.2 or later",
                    size);
        return;
    }

    if (reason > SSL_AD_REASON_OFFSET
        && ERR_GET_LIB(error) == ERR_LIB_SSL)
    {
        reason -= SSL_AD_REASON_OFFSET;
        said = SSL_alert_desc_string_long(reason);

        (void) snprintf(text, size,
                        (reason >= SSL_AD_NO_CERTIFICATE
                         && reason <= SSL_AD_ACCESS_DENIED
                         && reason != SSL_AD_ILLEGAL_PARAMETER)
                        || reason == SSL_AD_CERTIFICATE_REQUIRED
                        ? "the server refuses the push certificate: %s"
                        : "the server refuses TLS: %s", said);
        return;
    }

    said = ERR_reason_error_string(error);

    (void) snprintf(text, size, "TLS failed: %s", said ? said : "no memory");
}


void
ngx_mdm_apns_tls_close(ngx_mdm_apns_connection_t *conn)
{
    if (conn->ssl == NULL) {
        return;
    }

    ERR_clear_error();

    if (SSL_is_init_finished(conn->ssl)) {
        (void) SSL_shutdown(conn->ssl);
    }

    SSL_free(conn->ssl);
    conn->ssl = NULL;

    ERR_clear_error();
}
