
/*
 * TLS to the push service, as the server does it but without a certificate
 * of its own, and the first frames of HTTP/2.
 */


#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "mdmctl_network.h"


#define MDMCTL_H2_SETTINGS     4
#define MDMCTL_H2_MAX_STREAMS  3


static SSL *mdmctl_tls_new(const mdmctl_network_t *net, SSL_CTX *ctx, int fd,
    const char *port);
static int mdmctl_tls_name(const mdmctl_network_t *net, SSL *ssl);
static int mdmctl_tls_failed(const mdmctl_network_t *net, SSL *ssl, int n,
    const char *port);
static int mdmctl_tls_distrusted(const mdmctl_network_t *net, SSL *ssl,
    const char *port);
static int mdmctl_tls_shown(const mdmctl_network_t *net, SSL *ssl,
    const char *port);
static int mdmctl_tls_without_h2(const char *port);
static int mdmctl_h2(const mdmctl_network_t *net, SSL *ssl, const char *port);
static int mdmctl_h2_wait(const mdmctl_network_t *net, SSL *ssl);
static int mdmctl_h2_read(SSL *ssl, unsigned char *data, size_t len);
static int mdmctl_h2_settings(SSL *ssl, size_t len, const char *port);
static int mdmctl_h2_failed(const mdmctl_network_t *net, SSL *ssl, int n,
    const char *port);
static const char *mdmctl_tls_common_name(const X509_NAME *name, char *text,
    size_t size);


int
mdmctl_network_tls(mdmctl_network_t *net, int fd, const char *port)
{
    int       n, rc;
    SSL      *ssl;
    SSL_CTX  *ctx;

    rc = MDMCTL_FAILED;
    ctx = SSL_CTX_new(TLS_client_method());
    ssl = ctx != NULL ? mdmctl_tls_new(net, ctx, fd, port) : NULL;

    if (ssl != NULL) {
        n = SSL_connect(ssl);
        rc = n == 1 ? mdmctl_tls_shown(net, ssl, port)
                    : mdmctl_tls_failed(net, ssl, n, port);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_h2(net, ssl, port);
    }

    SSL_free(ssl);
    SSL_CTX_free(ctx);

    return rc;
}


static SSL *
mdmctl_tls_new(const mdmctl_network_t *net, SSL_CTX *ctx, int fd,
    const char *port)
{
    SSL  *ssl;

    static const unsigned char  alpn[] = "\x02h2";

    if ((net->trusted != NULL
         ? SSL_CTX_load_verify_file(ctx, net->trusted)
         : SSL_CTX_set_default_verify_paths(ctx)) != 1)
    {
        (void) mdmctl_network_wrong("tls", port,
                                    "name a readable file of CA certificates "
                                    "in PEM", "no certificate in \"%s\"",
                                    net->trusted);
        return NULL;
    }

    /* what it shows is judged when the handshake is over: by then it is
     * known whose certificate it is */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);

    ssl = SSL_new(ctx);

    if (ssl == NULL
        || mdmctl_tls_name(net, ssl) != 1
        || SSL_set_alpn_protos(ssl, alpn, sizeof(alpn) - 1) != 0
        || SSL_set_fd(ssl, fd) != 1)
    {
        mdmctl_error("out of memory");
        SSL_free(ssl);
        return NULL;
    }

    return ssl;
}


/* An address is compared with the certificate's addresses, and has no SNI. */

static int
mdmctl_tls_name(const mdmctl_network_t *net, SSL *ssl)
{
    unsigned char  address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, net->apns.host, address) == 1
        || inet_pton(AF_INET6, net->apns.host, address) == 1)
    {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
                                             net->apns.host);
    }

    return SSL_set1_host(ssl, net->apns.host) == 1
           && SSL_set_tlsext_host_name(ssl, net->apns.host) == 1;
}


static int
mdmctl_tls_failed(const mdmctl_network_t *net, SSL *ssl, int n,
    const char *port)
{
    int  err;

    err = SSL_get_error(ssl, n);

    if (err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE) {
        return mdmctl_network_wrong("tls", port,
            "what answers does not speak TLS, or a firewall holds it up "
            "after the first bytes: exempt this host from inspection",
            "no answer in %d s", net->seconds);
    }

    if (ERR_GET_REASON(ERR_peek_error())
        == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL)
    {
        return mdmctl_tls_without_h2(port);
    }

    return mdmctl_network_wrong("tls", port,
        "what answers does not speak TLS 1.2 or 1.3, or something in between "
        "cut it: look at firewalls and proxies on the way",
        "%s", ERR_peek_error() ? ERR_reason_error_string(ERR_peek_error())
                               : "the connection was closed");
}


static int
mdmctl_tls_distrusted(const mdmctl_network_t *net, SSL *ssl,
    const char *port)
{
    char         name[128], issuer[128];
    long         verdict;
    X509        *cert;
    const char  *advice, *why;

    cert = SSL_get0_peer_certificate(ssl);
    verdict = SSL_get_verify_result(ssl);
    why = X509_verify_cert_error_string(verdict);

    switch (verdict) {

    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        advice = "this is another server than the one named: look at DNS, and "
                 "at what stands in between";
        break;

    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        advice = "look at this machine's clock first";
        break;

    default:
        advice = net->trusted != NULL
                 ? "name the CAs of this server with --trusted-certificate"
                 : "install ca-certificates; if the issuer is not a public CA, "
                   "something in between opens TLS: exempt this host from "
                   "inspection";
    }

    return mdmctl_network_wrong("tls", port, advice,
        "the certificate of \"%s\", issued by \"%s\": %s",
        mdmctl_tls_common_name(X509_get_subject_name(cert), name,
                               sizeof(name)),
        mdmctl_tls_common_name(X509_get_issuer_name(cert), issuer,
                               sizeof(issuer)), why);
}


static int
mdmctl_tls_shown(const mdmctl_network_t *net, SSL *ssl, const char *port)
{
    char                  name[128], issuer[128];
    X509                 *cert;
    unsigned              len;
    const unsigned char  *alpn;

    if (SSL_get_verify_result(ssl) != X509_V_OK) {
        return mdmctl_tls_distrusted(net, ssl, port);
    }

    cert = SSL_get0_peer_certificate(ssl);

    mdmctl_network_ok("tls", port, "%s, the certificate of \"%s\", issued by "
                      "\"%s\"", SSL_get_version(ssl),
                      mdmctl_tls_common_name(X509_get_subject_name(cert), name,
                                             sizeof(name)),
                      mdmctl_tls_common_name(X509_get_issuer_name(cert),
                                             issuer, sizeof(issuer)));

    SSL_get0_alpn_selected(ssl, &alpn, &len);

    if (len != 2 || memcmp(alpn, "h2", 2) != 0) {
        return mdmctl_tls_without_h2(port);
    }

    return MDMCTL_OK;
}


static int
mdmctl_tls_without_h2(const char *port)
{
    return mdmctl_network_wrong("http/2", port,
        "this is not Apple's push service, or something in between does not "
        "let HTTP/2 through: exempt this host from inspection",
        "it does not speak HTTP/2 (ALPN h2)");
}


/* Our preface and empty SETTINGS; theirs must be the first frame. */

static int
mdmctl_h2(const mdmctl_network_t *net, SSL *ssl, const char *port)
{
    int            n;
    size_t         len;
    unsigned char  head[9];

    static const char  preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                   "\0\0\0\4\0\0\0\0\0";

    n = mdmctl_h2_wait(net, ssl);

    if (n > 0) {
        n = SSL_write(ssl, preface, sizeof(preface) - 1);
    }

    if (n > 0) {
        n = mdmctl_h2_read(ssl, head, sizeof(head));
    }

    if (n <= 0) {
        return mdmctl_h2_failed(net, ssl, n, port);
    }

    len = (size_t) head[0] << 16 | (size_t) head[1] << 8 | head[2];

    if (head[3] != MDMCTL_H2_SETTINGS || len % 6 != 0 || len > 600) {
        return mdmctl_network_wrong("http/2", port,
            "this is not Apple's push service: look at what stands in between",
            "its first words are not HTTP/2");
    }

    return mdmctl_h2_settings(ssl, len, port);
}


/* Who does not take us says so now; what is written meanwhile would have the
 * system forget his words.  Most speak first, but need not. */

static int
mdmctl_h2_wait(const mdmctl_network_t *net, SSL *ssl)
{
    int             n;
    unsigned char   first;
    struct timeval  timeout;

    timeout.tv_sec = 1;
    timeout.tv_usec = 0;
    (void) setsockopt(SSL_get_fd(ssl), SOL_SOCKET, SO_RCVTIMEO, &timeout,
                      sizeof(timeout));

    n = SSL_peek(ssl, &first, 1);

    timeout.tv_sec = net->seconds;
    (void) setsockopt(SSL_get_fd(ssl), SOL_SOCKET, SO_RCVTIMEO, &timeout,
                      sizeof(timeout));

    return n > 0 || SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ ? 1 : n;
}


static int
mdmctl_h2_read(SSL *ssl, unsigned char *data, size_t len)
{
    int     n;
    size_t  got;

    for (got = 0; got < len; got += (size_t) n) {
        n = SSL_read(ssl, data + got, (int) (len - got));

        if (n <= 0) {
            return n;
        }
    }

    return 1;
}


static int
mdmctl_h2_settings(SSL *ssl, size_t len, const char *port)
{
    size_t          i;
    unsigned char   data[600];
    unsigned long   streams;

    if (len > 0 && mdmctl_h2_read(ssl, data, len) <= 0) {
        return mdmctl_network_wrong("http/2", port,
                                    "try again; then look at what stands in "
                                    "between", "it closed in its first words");
    }

    for (streams = 0, i = 0; i < len; i += 6) {
        if ((data[i] << 8 | data[i + 1]) == MDMCTL_H2_MAX_STREAMS) {
            streams = (unsigned long) data[i + 2] << 24
                      | (unsigned long) data[i + 3] << 16
                      | (unsigned long) data[i + 4] << 8 | data[i + 5];
        }
    }

    if (streams != 0) {
        mdmctl_network_ok("http/2", port, "takes %lu pushes at once", streams);
    } else {
        mdmctl_network_ok("http/2", port, "takes pushes");
    }

    return MDMCTL_OK;
}


/* In TLS 1.3 a missing client certificate is told only now. */

static int
mdmctl_h2_failed(const mdmctl_network_t *net, SSL *ssl, int n,
    const char *port)
{
    int  err, reason;

    err = SSL_get_error(ssl, n);
    reason = ERR_GET_REASON(ERR_peek_error());

    if (reason == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED
        || reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE
        || reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE)
    {
        mdmctl_network_ok("http/2", port, "it wants the push certificate "
                          "before anything else, which only the server has");
        return MDMCTL_OK;
    }

    return mdmctl_network_wrong("http/2", port,
        "something in between cut it: look at firewalls and proxies on the "
        "way", err == SSL_ERROR_WANT_READ ? "no answer in %d s"
                                          : "the connection was closed",
        net->seconds);
}


static const char *
mdmctl_tls_common_name(const X509_NAME *name, char *text, size_t size)
{
    char  *p;

    if (X509_NAME_get_text_by_NID((X509_NAME *) name, NID_commonName, text,
                                  (int) size) <= 0)
    {
        snprintf(text, size, "no name");
    }

    for (p = text; *p != '\0'; p++) {
        if ((unsigned char) *p < 0x20 || *p == 0x7f) {
            *p = '?';
        }
    }

    return text;
}
