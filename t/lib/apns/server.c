
/*
 * Connections of the scripted server: TLS, and a loop that asks each what it
 * has to say.
 *
 *     apns PORT CERTIFICATE KEY CLIENT_CA LOG [verify] [noalpn] [old]
 */


#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "apns.h"


apns_connection_t  *apns_connections[APNS_CONNECTIONS];

static SSL_CTX     *apns_tls;
static FILE        *apns_log;
static int          apns_alpn = 1;
static int          apns_opened;


void
apns_write(const char *fmt, ...)
{
    va_list          args;
    struct timespec  now;

    (void) clock_gettime(CLOCK_REALTIME, &now);
    fprintf(apns_log, "%ld.%03ld\t", (long) now.tv_sec, now.tv_nsec / 1000000);

    va_start(args, fmt);
    vfprintf(apns_log, fmt, args);
    va_end(args);

    fputc('\n', apns_log);
    fflush(apns_log);
}


void
apns_close(apns_connection_t *c, const char *why)
{
    int              i;
    apns_request_t  *r;

    apns_write("close\t%d\t%s", c->number, why);

    nghttp2_session_del(c->session);

    while (c->requests != NULL) {
        r = c->requests;
        c->requests = r->next;
        free(r);
    }

    SSL_free(c->ssl);
    close(c->fd);

    for (i = 0; i < APNS_CONNECTIONS; i++) {
        if (apns_connections[i] == c) {
            apns_connections[i] = NULL;
        }
    }

    free(c);
}


static void
apns_opened_by(apns_connection_t *c)
{
    char     subject[512] = "", serial[128] = "";
    X509    *certificate;
    BIGNUM  *number;

    certificate = SSL_get0_peer_certificate(c->ssl);

    if (certificate != NULL) {
        (void) X509_NAME_oneline(X509_get_subject_name(certificate), subject,
                                 sizeof(subject));
        number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
        (void) snprintf(serial, sizeof(serial), "%s", BN_bn2hex(number));
        BN_free(number);
    }

    apns_write("open\t%d\t%s\t%s\t%s", c->number, serial, subject,
               SSL_get_version(c->ssl));
}


/* Returns 0 when the connection is over. */

static int
apns_shake_hands(apns_connection_t *c)
{
    int  rc;

    ERR_clear_error();
    rc = SSL_accept(c->ssl);

    if (rc == 1) {
        apns_opened_by(c);
        return apns_session(c) == 0;
    }

    rc = SSL_get_error(c->ssl, rc);
    c->wants_write = rc == SSL_ERROR_WANT_WRITE;

    return rc == SSL_ERROR_WANT_READ || rc == SSL_ERROR_WANT_WRITE;
}


int
apns_receive(apns_connection_t *c)
{
    int      n;
    uint8_t  buf[16384];

    while (!c->deaf && !c->mute) {
        ERR_clear_error();
        n = SSL_read(c->ssl, buf, sizeof(buf));

        if (n <= 0) {
            return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ;
        }

        if (nghttp2_session_mem_recv(c->session, buf, n) != n) {
            return 0;
        }
    }

    return 1;
}


void
apns_process(apns_connection_t *c, int readable)
{
    if (c->session == NULL) {
        if (!apns_shake_hands(c)) {
            apns_close(c, "handshake");
            return;
        }

        if (c->session == NULL) {
            return;
        }
    }

    if (readable && !apns_receive(c)) {
        apns_close(c, "client");
        return;
    }

    c->wants_write = 0;

    if (nghttp2_session_send(c->session) != 0) {
        apns_close(c, "write");
        return;
    }

    if (!nghttp2_session_want_read(c->session)
        && !nghttp2_session_want_write(c->session))
    {
        (void) SSL_shutdown(c->ssl);
        apns_close(c, "done");
    }
}


static void
apns_accept(int listening)
{
    int                 i, fd, on;
    apns_connection_t  *c;

    fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC);

    if (fd == -1) {
        return;
    }

    for (i = 0; i < APNS_CONNECTIONS; i++) {
        if (apns_connections[i] == NULL) {
            break;
        }
    }

    c = i < APNS_CONNECTIONS ? calloc(1, sizeof(*c)) : NULL;

    if (c == NULL) {
        close(fd);
        return;
    }

    on = 1;
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

    c->fd = fd;
    c->number = ++apns_opened;
    c->ssl = SSL_new(apns_tls);
    SSL_set_fd(c->ssl, fd);
    apns_connections[i] = c;

    apns_process(c, 1);
}


static int
apns_choose(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned int inlen, void *data)
{
    if (!apns_alpn || nghttp2_select_next_protocol((unsigned char **) out,
                                                   outlen, in, inlen) != 1)
    {
        return SSL_TLSEXT_ERR_NOACK;
    }

    return SSL_TLSEXT_ERR_OK;
}


static int
apns_any_certificate(int ok, X509_STORE_CTX *store)
{
    return 1;
}


static void
apns_configure(char **argv)
{
    int  verify, old;

    verify = 0;
    old = 0;

    for (char **word = argv + 6; *word != NULL; word++) {
        verify |= strcmp(*word, "verify") == 0;
        apns_alpn &= strcmp(*word, "noalpn") != 0;
        old |= strcmp(*word, "old") == 0;
    }

    apns_tls = SSL_CTX_new(TLS_server_method());

    if (SSL_CTX_use_certificate_chain_file(apns_tls, argv[2]) != 1
        || SSL_CTX_use_PrivateKey_file(apns_tls, argv[3],
                                       SSL_FILETYPE_PEM) != 1
        || SSL_CTX_load_verify_locations(apns_tls, argv[4], NULL) != 1)
    {
        ERR_print_errors_fp(stderr);
        exit(1);
    }

    if (old) {
        (void) SSL_CTX_set_max_proto_version(apns_tls, TLS1_1_VERSION);
        (void) SSL_CTX_set_min_proto_version(apns_tls, TLS1_VERSION);
        (void) SSL_CTX_set_cipher_list(apns_tls, "ALL:@SECLEVEL=0");
    }

    SSL_CTX_set_client_CA_list(apns_tls, SSL_load_client_CA_file(argv[4]));
    SSL_CTX_set_verify(apns_tls,
                       SSL_VERIFY_PEER|SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       verify ? NULL : apns_any_certificate);
    SSL_CTX_set_session_id_context(apns_tls, (unsigned char *) "apns", 4);
    SSL_CTX_set_mode(apns_tls, SSL_MODE_ENABLE_PARTIAL_WRITE
                               |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_alpn_select_cb(apns_tls, apns_choose, NULL);
}


static int
apns_listen(int port)
{
    int                 fd, on;
    struct sockaddr_in  address;

    fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    on = 1;
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    if (bind(fd, (struct sockaddr *) &address, sizeof(address)) == -1
        || listen(fd, 512) == -1)
    {
        perror("listen");
        exit(1);
    }

    return fd;
}


static void
apns_loop(int listening)
{
    int                 i, n;
    struct pollfd       fds[APNS_CONNECTIONS + 2];
    apns_connection_t  *c, *polled[APNS_CONNECTIONS + 2];

    for ( ;; ) {
        fds[0] = (struct pollfd) { .fd = 0, .events = POLLIN };
        fds[1] = (struct pollfd) { .fd = listening, .events = POLLIN };
        n = 2;

        for (i = 0; i < APNS_CONNECTIONS; i++) {
            c = apns_connections[i];

            if (c == NULL || c->mute || (c->deaf && !c->wants_write)) {
                continue;
            }

            fds[n] = (struct pollfd) { .fd = c->fd,
                .events = (c->deaf ? 0 : POLLIN)
                          | (c->wants_write ? POLLOUT : 0) };
            polled[n++] = c;
        }

        if (poll(fds, n, -1) == -1) {
            continue;
        }

        for (i = 2; i < n; i++) {
            if (fds[i].revents) {
                apns_process(polled[i], fds[i].revents & ~POLLOUT);
            }
        }

        if (fds[1].revents) {
            apns_accept(listening);
        }

        if (fds[0].revents && !apns_listen_to_commands()) {
            return;
        }
    }
}


int
main(int argc, char **argv)
{
    int  listening;

    if (argc < 6 || (apns_log = fopen(argv[5], "a")) == NULL) {
        fprintf(stderr, "usage: apns PORT CERTIFICATE KEY CLIENT_CA LOG\n");
        return 1;
    }

    apns_configure(argv);
    listening = apns_listen(atoi(argv[1]));
    apns_write("ready");
    apns_loop(listening);

    return 0;
}
