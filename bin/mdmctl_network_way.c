
/*
 * The way to a port of the push service: names, TCP, and the tunnel of a
 * proxy.  Each wait ends after the seconds of --timeout.
 */


#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "mdmctl_network.h"


#define MDMCTL_NETWORK_TRIES  3           /* addresses of one name */


static bool mdmctl_network_host(mdmctl_peer_t *peer, const char *host,
    size_t len);
static const char *mdmctl_network_names(struct addrinfo *list, char *text,
    size_t size);
static void mdmctl_network_address(const struct addrinfo *ai, char *text,
    size_t size);
static int mdmctl_network_open(const mdmctl_network_t *net,
    const struct addrinfo *ai, const char *port);
static int mdmctl_network_limit(const mdmctl_network_t *net, int fd);
static int mdmctl_network_unreachable(const mdmctl_network_t *net,
    const char *port, int err, const char *tried);
static size_t mdmctl_network_ask(const mdmctl_network_t *net, char *text,
    size_t size, const char *port);
static int mdmctl_network_status(const mdmctl_network_t *net, int fd,
    char *line, size_t size);
static int mdmctl_network_refused(const mdmctl_network_t *net,
    const char *port, int status, const char *line);


/* The host may be an address, of IPv6 in brackets. */

bool
mdmctl_network_peer(mdmctl_peer_t *peer, const char *text)
{
    size_t       len;
    const char  *rest;

    if (*text == '[') {
        len = strcspn(++text, "]");
        rest = text + len + (text[len] == ']');

    } else {
        len = strcspn(text, ":");
        rest = text + len;
    }

    if (!mdmctl_network_host(peer, text, len)) {
        return false;
    }

    if (*rest == '\0') {
        return true;
    }

    len = strlen(rest + 1);

    if (*rest != ':' || len == 0 || len > 5
        || strspn(rest + 1, "0123456789") != len
        || atoi(rest + 1) < 1 || atoi(rest + 1) > 65535)
    {
        return false;
    }

    memcpy(peer->port, rest + 1, len + 1);

    return true;
}


static bool
mdmctl_network_host(mdmctl_peer_t *peer, const char *host, size_t len)
{
    size_t  i;

    if (len == 0 || len >= sizeof(peer->host)) {
        return false;
    }

    for (i = 0; i < len; i++) {
        if (!isalnum((unsigned char) host[i]) && strchr("-._:", host[i])
                                                 == NULL)
        {
            return false;
        }
    }

    memcpy(peer->host, host, len);

    return true;
}


/* With a proxy only its name: the proxy finds Apple's by itself. */

int
mdmctl_network_resolve(mdmctl_network_t *net)
{
    int               rc;
    char              text[256];
    const char       *host;
    struct gaicb     *list[1];
    struct timespec   timeout;

    /* glibc's thread may still be at it when we are not any more */
    static char             name[MDMCTL_NETWORK_NAME];
    static struct gaicb     ask;
    static struct addrinfo  hints;

    host = net->proxy.host[0] ? net->proxy.host : net->apns.host;
    strcpy(name, host);

    hints.ai_socktype = SOCK_STREAM;
    ask.ar_name = name;
    ask.ar_request = &hints;
    list[0] = &ask;
    timeout.tv_sec = net->seconds;
    timeout.tv_nsec = 0;

    rc = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);

    if (rc == 0) {
        (void) gai_suspend((const struct gaicb *const *) list, 1, &timeout);
        rc = gai_error(&ask);
    }

    if (rc != 0) {
        return mdmctl_network_wrong("dns", "",
            rc == EAI_NONAME || rc == EAI_NODATA
            ? "correct the name, or have the name servers of /etc/resolv.conf "
              "know it; nginx asks those of its directive \"resolver\""
            : "name a DNS server that answers in /etc/resolv.conf, and in "
              "nginx.conf in \"resolver\"",
            "%s: %s", host, rc == EAI_INPROGRESS
                            ? "no name server answers in time"
                            : gai_strerror(rc));
    }

    net->addresses = ask.ar_result;

    mdmctl_network_ok("dns", "", "%s is %s", host,
        mdmctl_network_names(net->addresses, text, sizeof(text)));

    return MDMCTL_OK;
}


static const char *
mdmctl_network_names(struct addrinfo *list, char *text, size_t size)
{
    char              one[INET6_ADDRSTRLEN];
    size_t            len;
    struct addrinfo  *ai;

    for (len = 0, ai = list; ai != NULL; ai = ai->ai_next) {
        mdmctl_network_address(ai, one, sizeof(one));

        if (len + strlen(one) + 8 > size) {
            snprintf(text + len, size - len, ", ...");
            break;
        }

        len += (size_t) snprintf(text + len, size - len, "%s%s",
                                 len ? ", " : "", one);
    }

    return text;
}


static void
mdmctl_network_address(const struct addrinfo *ai, char *text, size_t size)
{
    if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text, (socklen_t) size, NULL,
                    0, NI_NUMERICHOST) != 0)
    {
        snprintf(text, size, "?");
    }
}


int
mdmctl_network_connect(mdmctl_network_t *net, const char *port)
{
    int               fd, err, tries;
    char              one[INET6_ADDRSTRLEN], tried[256];
    size_t            len;
    const char       *to;
    struct addrinfo  *ai;

    err = 0;
    len = 0;
    tried[0] = '\0';
    to = net->proxy.host[0] ? net->proxy.port : port;
    ai = net->addresses;

    for (tries = 0; ai != NULL && tries < MDMCTL_NETWORK_TRIES; tries++) {
        mdmctl_network_address(ai, one, sizeof(one));
        fd = mdmctl_network_open(net, ai, to);

        if (fd != -1) {
            mdmctl_network_ok(net->proxy.host[0] ? "proxy" : "tcp", to,
                              "%s%s%s", one, len ? "; not " : "", tried);
            return fd;
        }

        err = errno;
        len += (size_t) snprintf(tried + len, sizeof(tried) - len,
                                 "%s%s (%s)", len ? ", " : "", one,
                                 err == ETIMEDOUT ? "no answer"
                                                  : strerror(err));
        len = len < sizeof(tried) ? len : sizeof(tried) - 1;
        ai = ai->ai_next;
    }

    (void) mdmctl_network_unreachable(net, to, err, tried);

    return -1;
}


/* errno says why there is none */

static int
mdmctl_network_open(const mdmctl_network_t *net, const struct addrinfo *ai,
    const char *port)
{
    int                      fd, err, n;
    socklen_t                size;
    struct pollfd            wait;
    struct sockaddr_storage  to;

    memcpy(&to, ai->ai_addr, ai->ai_addrlen);

    /* the port has the same place in both */
    ((struct sockaddr_in *) &to)->sin_port = htons((in_port_t) atoi(port));

    fd = socket(ai->ai_family, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (fd == -1) {
        return -1;
    }

    err = 0;

    if (connect(fd, (struct sockaddr *) &to, ai->ai_addrlen) == -1) {
        err = errno;
    }

    if (err == EINPROGRESS) {
        wait.fd = fd;
        wait.events = POLLOUT;
        size = sizeof(err);
        n = poll(&wait, 1, net->seconds * 1000);

        if (n == 0) {
            err = ETIMEDOUT;

        } else if (n < 0
                   || getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) < 0)
        {
            err = errno;
        }
    }

    if (err == 0 && mdmctl_network_limit(net, fd) == 0) {
        return fd;
    }

    err = err ? err : errno;
    close(fd);
    errno = err;

    return -1;
}


/* From here on it blocks, but not for ever. */

static int
mdmctl_network_limit(const mdmctl_network_t *net, int fd)
{
    struct timeval  timeout;

    (void) signal(SIGPIPE, SIG_IGN);

    timeout.tv_sec = net->seconds;
    timeout.tv_usec = 0;

    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) == -1
        || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout))
           == -1
        || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout))
           == -1)
    {
        return -1;
    }

    return 0;
}


static int
mdmctl_network_unreachable(const mdmctl_network_t *net, const char *port,
    int err, const char *tried)
{
    const char  *advice;

    if (err == ECONNREFUSED) {
        advice = "nothing listens there, or a firewall rejects it: correct "
                 "the address, or have the firewall let this machine out to "
                 "it";

    } else if (err == ETIMEDOUT) {
        advice = "a firewall drops it: have it let this machine out to that "
                 "port (Apple's push service has 17.0.0.0/8), or name a proxy "
                 "with --proxy";

    } else {
        advice = "this machine has no route there: correct its network, or "
                 "name a proxy with --proxy";
    }

    return mdmctl_network_wrong(net->proxy.host[0] ? "proxy" : "tcp", port,
                                advice, "%s", tried);
}


int
mdmctl_network_tunnel(mdmctl_network_t *net, int fd, const char *port)
{
    int      status;
    char     text[2048];
    size_t   len;

    len = mdmctl_network_ask(net, text, sizeof(text), port);

    if (write(fd, text, len) != (ssize_t) len) {
        return mdmctl_network_wrong("tunnel", port,
                                    "see the proxy's log, and whether it is a "
                                    "proxy for HTTP",
                                    "the proxy closed: %s", strerror(errno));
    }

    status = mdmctl_network_status(net, fd, text, sizeof(text));

    if (status >= 200 && status < 300) {
        mdmctl_network_ok("tunnel", port, "the proxy says \"%s\"", text);
        return MDMCTL_OK;
    }

    return mdmctl_network_refused(net, port, status, text);
}


static size_t
mdmctl_network_ask(const mdmctl_network_t *net, char *text, size_t size,
    const char *port)
{
    char         encoded[MDMCTL_NETWORK_NAME * 2];
    const char  *open, *shut;

    open = strchr(net->apns.host, ':') != NULL ? "[" : "";
    shut = *open ? "]" : "";

    (void) EVP_EncodeBlock((unsigned char *) encoded,
                           (const unsigned char *) net->credentials,
                           (int) strlen(net->credentials));

    return (size_t) snprintf(text, size,
               "CONNECT %s%s%s:%s HTTP/1.1\r\nHost: %s%s%s:%s\r\n%s%s%s\r\n",
               open, net->apns.host, shut, port,
               open, net->apns.host, shut, port,
               *encoded ? "Proxy-Authorization: Basic " : "", encoded,
               *encoded ? "\r\n" : "");
}


/* The status and the first line of the answer, which is read to its end:
 * what follows belongs to the tunnel.  0: there is none; *line says why. */

static int
mdmctl_network_status(const mdmctl_network_t *net, int fd, char *line,
    size_t size)
{
    char      head[8192];
    size_t    len;
    ssize_t   n;

    for (len = 0; len < sizeof(head) - 1; len++) {
        n = read(fd, head + len, 1);

        if (n != 1) {
            snprintf(line, size, n == 0 ? "it closed"
                                        : "no answer in %d s",
                     net->seconds);
            return 0;
        }

        head[len + 1] = '\0';

        if (len >= 3 && memcmp(head + len - 3, "\r\n\r\n", 4) == 0) {
            break;
        }
    }

    if (strncmp(head, "HTTP/1.", 7) != 0 || strlen(head) < 12) {
        snprintf(line, size, "what answers is no proxy for HTTP");
        return 0;
    }

    head[strcspn(head, "\r\n")] = '\0';
    snprintf(line, size, "%.100s", head);

    return atoi(head + 9);
}


static int
mdmctl_network_refused(const mdmctl_network_t *net, const char *port,
    int status, const char *line)
{
    const char  *advice;

    switch (status) {

    case 0:
        advice = "correct --proxy, or see the proxy's log";
        break;

    case 407:
        advice = net->credentials[0]
                 ? "the proxy does not take this name and password: correct "
                   "them; it must take Basic"
                 : "give the proxy's name and password: USER:PASSWORD@HOST:"
                   "PORT, here and in mdm_apns";
        break;

    case 502:
    case 503:
    case 504:
        advice = "the proxy does not reach it: let the proxy's machine out, "
                 "and have its name servers know the name";
        break;

    default:
        advice = "have the proxy allow CONNECT to this host and port";
    }

    return mdmctl_network_wrong("tunnel", port, advice, "%s:%s: %s",
                                net->apns.host, port, line);
}
