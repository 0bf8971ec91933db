
/*
 * Apple's push service where a test tells it what to do in the midst of the
 * work: a server of HTTP/2 over TLS, in one thread, by nghttp2.  It judges no
 * push; what it does is told by lines on its standard input, and what it got
 * and did is a line each in its log.  MDM::Test::APNs::Scripted says which.
 *
 * server.c has the connections, answer.c what is said over them, command.c
 * what it is told.
 */


#ifndef _APNS_H_INCLUDED_
#define _APNS_H_INCLUDED_


#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <stdint.h>


#define APNS_CONNECTIONS  512
#define APNS_RULES        64


typedef struct apns_request_s     apns_request_t;
typedef struct apns_connection_s  apns_connection_t;


struct apns_request_s {
    apns_request_t     *next;          /* of those of a connection, by age */
    apns_connection_t  *connection;
    int32_t             stream;
    char                token[256];
    char                apns_id[64];
    char                topic[256];
    char                body[8192];    /* of the answer */
    size_t              len;
    int                 status;        /* of the answer; 0: none was begun */
    char                reason[64];    /* in it */
    int                 open;          /* the answer's end is held back */
};


struct apns_connection_s {
    int                 number;
    int                 fd;
    SSL                *ssl;
    nghttp2_session    *session;       /* NULL: in handshake */
    apns_request_t     *requests;
    int                 settled;       /* SETTINGS were sent */
    int                 mute;          /* neither read nor written any more */
    int                 deaf;          /* not read */
    int                 wants_write;
};


typedef struct {
    char                prefix[256];
    int                 status;
    char                reason[64];
} apns_rule_t;


/* What commands set; connections to come take it, too. */

typedef struct {
    uint32_t            max_streams;
    uint32_t            initial_window;
    int                 holding;       /* nothing is answered */
    int                 reset;         /* so many streams with ... */
    int                 reset_code;    /* ... this code */
    int                 partial;       /* so many answers lack their end */
    int                 informal;      /* a 103 before each answer */
    int                 late;          /* no SETTINGS on new connections */
    int                 closed;        /* no credit is given for bodies */
    int                 silent;        /* PINGs are not answered */
    int                 length;        /* so many bytes in each error */
    int                 nrules;
    apns_rule_t         rules[APNS_RULES];
} apns_script_t;


extern apns_script_t       apns_script;
extern apns_connection_t  *apns_connections[APNS_CONNECTIONS];


#define apns_each(c)                                                         \
    for (int i_ = 0; i_ < APNS_CONNECTIONS; i_++)                            \
        if ((c = apns_connections[i_]) != NULL && c->session != NULL)


/* server.c */

void apns_write(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void apns_close(apns_connection_t *c, const char *why);
/* Returns 0 when the client is gone. */
int apns_receive(apns_connection_t *c);
/* What can be read and written is; the connection may be gone then. */
void apns_process(apns_connection_t *c, int readable);

/* answer.c */

int apns_session(apns_connection_t *c);
void apns_settle(apns_connection_t *c);
void apns_respond(apns_request_t *r);

/* command.c; 0: nobody commands any more. */

int apns_listen_to_commands(void);


#endif /* _APNS_H_INCLUDED_ */
