
/*
 * mdmctl check network: the way from this machine to Apple's push service,
 * step by step.
 */


#ifndef _MDMCTL_NETWORK_H_INCLUDED_
#define _MDMCTL_NETWORK_H_INCLUDED_


#include <netdb.h>

#include "mdmctl.h"


#define MDMCTL_NETWORK_NAME  256


typedef struct {
    char                  host[MDMCTL_NETWORK_NAME];
    char                  port[8];
} mdmctl_peer_t;


typedef struct {
    mdmctl_peer_t         apns;
    mdmctl_peer_t         proxy;          /* host "": none */
    char                  credentials[MDMCTL_NETWORK_NAME];
    const char           *trusted;        /* a file; NULL: the system's */
    int                   seconds;        /* for each step */
    struct addrinfo      *addresses;      /* of the one that is connected to */
} mdmctl_network_t;


/* A step and what came of it; `advice` says what to do, NULL: nothing. */
void mdmctl_network_ok(const char *step, const char *port,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int mdmctl_network_wrong(const char *step, const char *port,
    const char *advice, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));


/* mdmctl_network_way.c */

/* [SCHEME://][USER:PASSWORD@]HOST[:PORT]; false: it is none. */
bool mdmctl_network_peer(mdmctl_peer_t *peer, const char *text);

int mdmctl_network_resolve(mdmctl_network_t *net);

/* A socket that gives up after net->seconds; -1: said why. */
int mdmctl_network_connect(mdmctl_network_t *net, const char *port);

/* Asks the proxy for a tunnel to the APNs port. */
int mdmctl_network_tunnel(mdmctl_network_t *net, int fd, const char *port);


/* mdmctl_network_tls.c */

/* TLS as the server would do it, but without a certificate of its own, then
 * the first frames of HTTP/2. */
int mdmctl_network_tls(mdmctl_network_t *net, int fd, const char *port);


#endif /* _MDMCTL_NETWORK_H_INCLUDED_ */
