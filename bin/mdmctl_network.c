
/*
 * mdmctl check network: the command, and the words in which it tells each
 * step.  It needs no database and no secret key.
 */


#include <stdarg.h>
#include <unistd.h>

#include "mdmctl_network.h"


#define MDMCTL_NETWORK_COLUMN  21
#define MDMCTL_NETWORK_WIDTH   78


static int mdmctl_network_read(mdmctl_network_t *net,
    const mdmctl_options_t *options);
static int mdmctl_network_proxy(mdmctl_network_t *net, const char *text);
static bool mdmctl_network_ports(mdmctl_network_t *net);
static bool mdmctl_network_port(mdmctl_network_t *net, const char *port);
static void mdmctl_network_line(const char *step, const char *port,
    const char *word, const char *fmt, va_list args);
static void mdmctl_network_words(const char *text);


int
mdmctl_check_network(mdmctl_options_t *options)
{
    int               rc;
    bool              open;
    mdmctl_network_t  net;

    rc = mdmctl_network_read(&net, options);

    if (rc != MDMCTL_OK) {
        return rc;
    }

    open = mdmctl_network_resolve(&net) == MDMCTL_OK
           && mdmctl_network_ports(&net);

    freeaddrinfo(net.addresses);

    if (!open) {
        return mdmctl_error("pushes cannot reach %s from this machine",
                            net.apns.host);
    }

    puts("\nThe way is open. No push certificate was shown: the way needs "
         "none, each push\ndoes. Whether Apple takes yours, \"mdmctl push\" "
         "tells after the first push.");

    return MDMCTL_OK;
}


static int
mdmctl_network_read(mdmctl_network_t *net, const mdmctl_options_t *options)
{
    int        rc;
    long long  seconds;

    memset(net, 0, sizeof(mdmctl_network_t));

    if (!mdmctl_network_peer(&net->apns, options->apns != NULL
                                         ? options->apns
                                         : "api.push.apple.com"))
    {
        mdmctl_error("--apns \"%s\" is not HOST or HOST:PORT", options->apns);
        return MDMCTL_USAGE;
    }

    if (options->proxy != NULL
        && mdmctl_network_proxy(net, options->proxy) != MDMCTL_OK)
    {
        return MDMCTL_USAGE;
    }

    seconds = 5;
    rc = mdmctl_option_number("timeout", options->timeout, 1, 300, &seconds);
    net->seconds = (int) seconds;
    net->trusted = options->trusted_certificate;

    return rc;
}


/* As in the directive: [http://][USER:PASSWORD@]HOST:PORT */

static int
mdmctl_network_proxy(mdmctl_network_t *net, const char *text)
{
    size_t       len;
    const char  *host, *at;

    host = strncmp(text, "http://", 7) == 0 ? text + 7 : text;
    at = strrchr(host, '@');
    len = at != NULL ? (size_t) (at - host) : 0;

    if (len >= sizeof(net->credentials)
        || (at != NULL && memchr(host, ':', len) == NULL)
        || !mdmctl_network_peer(&net->proxy, at != NULL ? at + 1 : host)
        || net->proxy.port[0] == '\0')
    {
        /* what was written may hold a password */
        return mdmctl_error("--proxy is not [http://][USER:PASSWORD@]"
                            "HOST:PORT");
    }

    memcpy(net->credentials, host, len);

    return MDMCTL_OK;
}


/* Apple's two, unless one was named; one that is open is enough. */

static bool
mdmctl_network_ports(mdmctl_network_t *net)
{
    bool  https, other;

    if (net->apns.port[0] != '\0') {
        return mdmctl_network_port(net, net->apns.port);
    }

    https = mdmctl_network_port(net, "443");
    other = mdmctl_network_port(net, "2197");

    if (https != other) {
        printf("\nOnly port %s is open: that is enough%s.\n",
               https ? "443" : "2197",
               https ? "" : ", with\n\n    mdm_apns HOST:2197;\n\nin "
                            "nginx.conf");
    }

    return https || other;
}


static bool
mdmctl_network_port(mdmctl_network_t *net, const char *port)
{
    int  fd, rc;

    fd = mdmctl_network_connect(net, port);

    if (fd == -1) {
        return false;
    }

    rc = MDMCTL_OK;

    if (net->proxy.host[0] != '\0') {
        rc = mdmctl_network_tunnel(net, fd, port);
    }

    if (rc == MDMCTL_OK) {
        rc = mdmctl_network_tls(net, fd, port);
    }

    close(fd);

    return rc == MDMCTL_OK;
}


void
mdmctl_network_ok(const char *step, const char *port, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    mdmctl_network_line(step, port, "ok", fmt, args);
    va_end(args);
}


int
mdmctl_network_wrong(const char *step, const char *port, const char *advice,
    const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    mdmctl_network_line(step, port, "wrong", fmt, args);
    va_end(args);

    printf("%-14s %-6s", "", "do:");
    mdmctl_network_words(advice);

    return MDMCTL_FAILED;
}


static void
mdmctl_network_line(const char *step, const char *port, const char *word,
    const char *fmt, va_list args)
{
    char  name[32], text[1024];

    snprintf(name, sizeof(name), "%s%s%s", step, *port ? " " : "", port);
    vsnprintf(text, sizeof(text), fmt, args);

    printf("%-14s %-6s", name, word);
    mdmctl_network_words(text);
    fflush(stdout);
}


/* The last column, broken at blanks. */

static void
mdmctl_network_words(const char *text)
{
    int          column;
    size_t       len;
    const char  *p;

    column = MDMCTL_NETWORK_COLUMN;

    for (p = text; *p != '\0'; p += len + (p[len] == ' ')) {
        len = strcspn(p, " ");

        if (column + 1 + (int) len > MDMCTL_NETWORK_WIDTH) {
            printf("\n%*s", MDMCTL_NETWORK_COLUMN, "");
            column = MDMCTL_NETWORK_COLUMN;
        }

        column += printf(" %.*s", (int) len, p);
    }

    putchar('\n');
}
