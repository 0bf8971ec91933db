/*
 * The device simulator's shared types: options, devices and their channels,
 * connections, and what each file offers to the others.
 */

#ifndef MDM_SIM_H
#define MDM_SIM_H


#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <plist/plist.h>


#define SIM_OK     0
#define SIM_ERROR  -1
#define SIM_AGAIN  -2

#define SIM_MS     1000ULL               /* time is kept in microseconds */
#define SIM_S      1000000ULL


typedef struct sim_s          sim_t;
typedef struct sim_device_s   sim_device_t;
typedef struct sim_channel_s  sim_channel_t;
typedef struct sim_conn_s     sim_conn_t;
typedef struct sim_timer_s    sim_timer_t;
typedef struct sim_pushes_s   sim_pushes_t;


typedef enum {
    SIM_KIND_IPHONE = 0,
    SIM_KIND_BYOD,
    SIM_KIND_MAC,
    SIM_KIND_SHAREDIPAD,
    SIM_KIND_N
} sim_kind_e;


typedef enum {
    SIM_BENCH_NONE = 0,
    SIM_BENCH_POLL,
    SIM_BENCH_ACKNOWLEDGE
} sim_bench_e;


/* what a device says to a command */

typedef enum {
    SIM_SAY_ACKNOWLEDGE = 0,
    SIM_SAY_ERROR,
    SIM_SAY_NOTNOW,
    SIM_SAY_SILENCE,
    SIM_SAY_MALFORMED,
    SIM_SAY_FORMATERROR,
    SIM_SAY_DISCONNECT,
    SIM_SAY_N
} sim_say_e;


/* where a client that vanishes breaks its request off */

typedef enum {
    SIM_VANISH_PART = 0,                 /* a part of the request is sent */
    SIM_VANISH_SENT,                     /* all of it, and nothing is read */
    SIM_VANISH_LATE,                     /* the same, but a moment later */
    SIM_VANISH_ANSWER,                   /* some of the answer is read */
    SIM_VANISH_N
} sim_vanish_e;


typedef struct {
    uint64_t      random;                /* the channel's own */
    uint64_t      wait;                  /* of a late one */
    uint64_t      place;                 /* any number: where it is cut */
    unsigned      drawn;                 /* for the request that is next */
    unsigned      chosen;
    sim_vanish_e  way;
    unsigned      reset;                 /* else closed in order */
} sim_vanish_t;


typedef struct {
    char         *request_type;          /* NULL: any */
    int           kind;                  /* -1: any */
    int           index;                 /* -1: any */
    sim_say_e     say;
    unsigned      times;                 /* 0: always */
    unsigned      repeat;                /* a disconnected report goes again */
    uint64_t      code;
    char         *domain;
    char         *text;
} sim_rule_t;


typedef struct {
    int           tls;
    char         *url_host;
    char         *url_port;
    char         *path;                  /* with its query */
    char         *host;                  /* Host header and SNI */
    char         *topic;
    const char   *ca;
    const char   *identity_ca;
    const char   *identity_key;
    const char   *bearer;
    char         *network_user;          /* of a Mac; NULL: a local one */
    const char   *password;
    const char   *id_prefix;
    const char   *state;
    const char   *log;
    const char   *pushes;
    unsigned      insecure;
    unsigned      rsa;
    unsigned      client_auth;
    unsigned      client_cert;
    unsigned      one_certificate;
    unsigned      key_pool;
    int           cert_days;
    unsigned      sign;
    unsigned      kinds[SIM_KIND_N];
    unsigned      kinds_given;
    uint64_t      seed;
    unsigned      supervised[SIM_KIND_N];
    unsigned      apps;
    unsigned      enroll;
    unsigned      again;                 /* enrol also who is enrolled */
    unsigned      new_identity;
    unsigned      token;                 /* which one; 0: the first */
    unsigned      checkout;
    unsigned      poll;
    unsigned      until_empty;
    unsigned      concurrency;
    unsigned      keepalive;
    unsigned      turn;                  /* requests before a slot is passed */
    unsigned      retries;
    unsigned      retry_after;
    unsigned      summary;
    unsigned      verbose;
    unsigned      vanish;                /* per cent of the requests */
    unsigned      vanish_ways;           /* bits; 0: all */
    uint64_t      interval;
    uint64_t      push_delay;
    uint64_t      duration;
    uint64_t      timeout;
    uint64_t      backoff;
    uint64_t      backoff_max;
    sim_bench_e   bench;
    sim_rule_t   *rules;
    unsigned      nrules;
} sim_options_t;


/* loop.c */

struct sim_timer_s {
    uint64_t      at;
    size_t        place;                 /* in the heap; 0 when not set */
    void        (*handler)(void *data);
    void         *data;
};


typedef struct {
    void        (*handler)(void *data);
    void         *data;
} sim_event_t;


typedef struct {
    int           epoll;
    sim_timer_t **heap;                  /* from 1 */
    size_t        n;
    size_t        size;
} sim_loop_t;


uint64_t sim_now(void);
int sim_loop_init(sim_loop_t *loop);
void sim_loop_free(sim_loop_t *loop);
int sim_loop_add(sim_loop_t *loop, int fd, sim_event_t *event);
int sim_loop_turn(sim_loop_t *loop);
void sim_timer_set(sim_loop_t *loop, sim_timer_t *timer, uint64_t delay);
void sim_timer_clear(sim_loop_t *loop, sim_timer_t *timer);


/* answer.c */

typedef enum {
    SIM_ANSWER_HEAD = 0,
    SIM_ANSWER_LENGTH,
    SIM_ANSWER_CHUNK,
    SIM_ANSWER_TRAILER,
    SIM_ANSWER_CLOSE,
    SIM_ANSWER_WHOLE
} sim_answer_state_e;


typedef struct {
    sim_answer_state_e  state;
    char               *in;              /* what was read */
    size_t              len;
    size_t              size;
    size_t              pos;             /* read up to here */
    char               *body;            /* inside in */
    size_t              body_len;
    size_t              left;            /* of the Content-Length */
    int                 status;
    unsigned            close;
    unsigned            challenge;       /* WWW-Authenticate was there */
    unsigned            retry_after;
} sim_answer_t;


char *sim_answer_room(sim_answer_t *a, size_t *room);
int sim_answer_parse(sim_answer_t *a, int eof);
void sim_answer_clear(sim_answer_t *a);


/* http.c, conn.c */

typedef enum {
    SIM_CONN_CONNECT = 0,
    SIM_CONN_HANDSHAKE,
    SIM_CONN_SEND,
    SIM_CONN_READ,
    SIM_CONN_LATE,                       /* sent; about to vanish */
    SIM_CONN_REST,
    SIM_CONN_CLOSED
} sim_conn_state_e;


typedef enum {
    SIM_HTTP_ANSWER = 0,                 /* a whole answer is there */
    SIM_HTTP_FAILED,                     /* connect, TLS or read failed */
    SIM_HTTP_STALE,                      /* a kept connection was closed */
    SIM_HTTP_TIMEOUT,
    SIM_HTTP_DROPPED,                    /* sent and closed, as told */
    SIM_HTTP_VANISHED,                   /* broken off, as chance would */
    SIM_HTTP_CLOSED                      /* the server closed a resting one */
} sim_http_e;


struct sim_conn_s {
    TAILQ_ENTRY(sim_conn_s)   link;      /* dead ones, until the turn ends */
    sim_t                    *sim;
    sim_event_t               event;
    sim_timer_t               timer;
    sim_conn_state_e          state;
    int                       fd;
    SSL                      *ssl;
    const char               *out;
    size_t                    out_len;
    size_t                    out_pos;
    size_t                    out_stop;  /* out_len, or where it is cut */
    unsigned                  drop;
    const sim_vanish_t       *vanish;    /* NULL: it stays */
    unsigned                  running;
    unsigned                  served;
    uint64_t                  begun;
    sim_answer_t              answer;
    char                      reason[160];
    void                    (*handler)(void *data, sim_http_e outcome);
    void                     *data;
};


typedef TAILQ_HEAD(, sim_conn_s)  sim_conns_t;


int sim_http_init(sim_t *sim);
void sim_http_free(sim_t *sim);
sim_conn_t *sim_http_open(sim_t *sim, sim_device_t *device,
    void (*handler)(void *data, sim_http_e outcome), void *data);
void sim_http_send(sim_conn_t *c, const char *out, size_t len, unsigned drop,
    const sim_vanish_t *vanish);
void sim_http_close(sim_conn_t *c);
void sim_http_break(sim_conn_t *c, unsigned reset);
void sim_http_reap(sim_t *sim);
void sim_conn_run(void *data);
void sim_conn_expire(void *data);


/* vanish.c */

extern const char  *sim_vanish_names[SIM_VANISH_N];

int sim_vanish_parse(sim_options_t *o, const char *text);
void sim_vanish_seed(sim_channel_t *ch);
const sim_vanish_t *sim_vanish_draw(sim_channel_t *ch);
size_t sim_vanish_part(const sim_vanish_t *v, size_t len);
size_t sim_vanish_room(sim_conn_t *c, size_t room);
int sim_vanish_sent(sim_conn_t *c);
int sim_vanish_go(sim_conn_t *c);


/* device.c, fleet.c */

typedef enum {
    SIM_CHANNEL_HELD = 0,                /* waits for another channel */
    SIM_CHANNEL_AUTHENTICATE,
    SIM_CHANNEL_LOGIN,
    SIM_CHANNEL_TOKEN,
    SIM_CHANNEL_POLL,
    SIM_CHANNEL_REPORT,
    SIM_CHANNEL_REST,                    /* between two rounds */
    SIM_CHANNEL_CHECKOUT,
    SIM_CHANNEL_DONE,
    SIM_CHANNEL_DECLINED,                /* 410: this user is not managed */
    SIM_CHANNEL_LEFT,                    /* told to remove the profile */
    SIM_CHANNEL_FAILED,
    SIM_CHANNEL_N
} sim_channel_state_e;


typedef enum {
    SIM_DEVICE_NEW = 0,
    SIM_DEVICE_ENROLLED,
    SIM_DEVICE_OUT
} sim_device_state_e;


typedef struct {
    const char   *type;                  /* MessageType or Status */
    char         *command_uuid;
    char         *request_type;
    sim_say_e     say;
    unsigned      drop;
    unsigned      repeat;
    char         *bytes;                 /* the whole HTTP request */
    size_t        len;
} sim_message_t;


struct sim_channel_s {
    TAILQ_ENTRY(sim_channel_s)   link;   /* the ready or the resting list */
    sim_device_t                *device;
    char                        *user_id;
    char                        *user_short_name;
    char                        *user_long_name;
    char                        *digest_response;
    char                        *auth_token;
    sim_channel_state_e          state;
    sim_timer_t                  timer;
    sim_conn_t                  *conn;
    sim_message_t                message;
    sim_message_t                idle;   /* kept by the poll bench */
    sim_vanish_t                 vanish;
    unsigned                    *used;   /* per rule */
    unsigned                     tries;
    unsigned                     rounds;
    unsigned                     ready;
    unsigned                     resting;
    unsigned                     flying;
    unsigned                     enrolling;
    unsigned                     last;   /* waits to check the device out */
    unsigned                     pushed; /* and has not come yet */
    unsigned                     called; /* the push began this round */
    unsigned                     put_off; /* NotNow was said in it */
};


typedef TAILQ_HEAD(, sim_channel_s)  sim_channels_t;


struct sim_device_s {
    sim_t               *sim;
    unsigned             index;          /* among all devices */
    unsigned             number;         /* among its kind */
    sim_kind_e           kind;
    sim_device_state_e   state;
    unsigned             absent;
    char                 id[128];        /* UDID or EnrollmentID */
    char                 serial[16];
    X509                *cert;
    EVP_PKEY            *key;
    sim_channel_t       *channels;       /* the device's own first */
    unsigned             nchannels;
    unsigned             running;        /* channels not at an end */
};


extern const char  *sim_kind_names[SIM_KIND_N];

int sim_kind_find(const char *name, size_t len);
int sim_fleet_make(sim_t *sim);
void sim_fleet_free(sim_t *sim);
sim_device_t *sim_fleet_add(sim_t *sim);
void sim_device_digest(const char *what, const char *id, const char *user,
    uint8_t digest[32]);
void sim_channel_token(const sim_channel_t *ch, uint8_t token[32]);
void sim_uuid(const uint8_t *bytes, char uuid[37]);

void sim_device_start(sim_device_t *d);
void sim_device_bench(sim_device_t *d);
void sim_device_stop(sim_device_t *d);
void sim_device_abort(sim_device_t *d);
void sim_device_ended(sim_channel_t *ch);
void sim_device_leave(sim_device_t *d);
void sim_channel_enroll(sim_channel_t *ch);
void sim_channel_enrolled(sim_channel_t *ch);
void sim_channel_round_over(sim_channel_t *ch, int drained, uint64_t delay);
void sim_channel_finish(sim_channel_t *ch);
void sim_channel_pushed(sim_channel_t *ch);
void sim_channel_time_up(sim_channel_t *ch);


/* outcome.c */

void sim_channel_outcome(void *data, sim_http_e outcome);
void sim_channel_retry(sim_channel_t *ch, unsigned retry_after,
    const char *reason);


/* channel.c */

void sim_channel_move(sim_channel_t *ch, sim_channel_state_e state);
void sim_channel_failed(sim_channel_t *ch, const char *reason);
void sim_channel_send(sim_channel_t *ch);
void sim_channel_quiet(sim_channel_t *ch);
void sim_channel_hang_up(sim_channel_t *ch);
void sim_channels_pump(sim_t *sim);


/* pushes.c */

int sim_pushes_init(sim_t *sim);
void sim_pushes_begin(sim_t *sim);
void sim_pushes_free(sim_t *sim);


/* login.c */

int sim_login_wanted(sim_channel_t *ch);
void sim_login_answered(sim_channel_t *ch, const char *body, size_t len);


/* identity.c */

int sim_identity_init(sim_t *sim);
void sim_identity_free(sim_t *sim);
int sim_identity_issue(sim_device_t *d);
char *sim_identity_sign(sim_device_t *d, const char *body, size_t len);


/* message.c, report.c */

void sim_message_authenticate(sim_channel_t *ch);
void sim_message_user_authenticate(sim_channel_t *ch);
void sim_message_token_update(sim_channel_t *ch);
void sim_message_checkout(sim_channel_t *ch);
void sim_message_idle(sim_channel_t *ch);
void sim_message_report(sim_channel_t *ch, plist_t envelope,
    const sim_rule_t *rule);
void sim_message_release(sim_channel_t *ch);
plist_t sim_plist_parse(const char *data, size_t len);
char *sim_plist_string(plist_t dict, const char *key);
void sim_plist_set(plist_t dict, const char *key, const char *value);
void sim_message_error(plist_t report, uint64_t code, const char *domain,
    const char *text);
int sim_report_fill(sim_channel_t *ch, plist_t report, plist_t command);
plist_t sim_report_information(sim_channel_t *ch, plist_t queries);


/* script.c */

int sim_script_parse(sim_options_t *o, const char *text);
const sim_rule_t *sim_script_match(sim_channel_t *ch,
    const char *request_type);
int sim_script_stays(sim_channel_t *ch);
void sim_script_free(sim_options_t *o);


/* state.c */

int sim_state_load(sim_t *sim);
int sim_state_save(sim_t *sim);


/* log.c */

int sim_log_open(sim_t *sim);
int sim_log_close(sim_t *sim);
void sim_log_exchange(sim_channel_t *ch, int status, const char *answer,
    const char *uuid, const char *type);
void sim_log_state(sim_channel_t *ch, const char *from, const char *to);


/* stat.c */

#define SIM_HISTOGRAM  1024

typedef struct {
    uint64_t      n;
    uint64_t      bucket[SIM_HISTOGRAM];
} sim_histogram_t;


typedef struct {
    char         *name;
    uint64_t      n;
} sim_count_t;


typedef struct {
    uint64_t          since;
    uint64_t          until;
    uint64_t          requests;
    uint64_t          unanswered;
    uint64_t          connections;
    uint64_t          retries;
    uint64_t          unreadable;
    uint64_t          status[600];
    uint64_t          said[SIM_SAY_N];
    uint64_t          vanished[SIM_VANISH_N];
    uint64_t          pushes;            /* accepted ones of our channels */
    uint64_t          pushed;            /* rounds that began by them */
    uint64_t          absent;            /* that no device came for */
    sim_count_t      *commands;
    size_t            ncommands;
    sim_histogram_t   latency;
    sim_histogram_t   handshake;
} sim_stat_t;


void sim_histogram_add(sim_histogram_t *h, uint64_t usec);
void sim_stat_command(sim_stat_t *s, const char *request_type);
void sim_stat_reset(sim_stat_t *s);
void sim_stat_summary(sim_t *sim, FILE *out);


/* sim.c, options.c */

struct sim_s {
    sim_options_t             options;
    sim_loop_t                loop;
    sim_stat_t                stat;
    sim_conns_t               dead;
    sim_channels_t            ready;     /* wait for a connection slot */
    sim_channels_t            resting;   /* hold one without using it */
    unsigned                  open;      /* connections */
    unsigned                  running;   /* channels not at an end */
    unsigned                  enrolling; /* channels not enrolled yet */
    unsigned                  ends[SIM_CHANNEL_N];
    unsigned                  left;      /* devices told to leave */
    unsigned                  refused;   /* 403 without a code */
    unsigned                  enrolled;
    unsigned                  checkouts;
    unsigned                  benching;
    unsigned                  stopping;  /* no further rounds */
    sim_timer_t              *end;
    sim_pushes_t             *pushes;    /* NULL: devices come by themselves */
    char                      failure[256];
    FILE                     *log;
    SSL_CTX                  *ssl_ctx;
    struct sockaddr_storage   address;
    socklen_t                 address_len;
    X509                     *issuer;
    EVP_PKEY                 *issuer_key;
    EVP_PKEY                **keys;
    unsigned                  nkeys;
    X509                     *shared;    /* --one-certificate */
    EVP_PKEY                 *shared_key;
    sim_device_t            **devices;
    unsigned                  ndevices;
    unsigned                  restored;  /* from the state file */
};


/* setting.c */

#define SIM_AT(field)  offsetof(sim_options_t, field)

int sim_set_text(sim_options_t *o, size_t offset, const char *value);
int sim_set_copy(sim_options_t *o, size_t offset, const char *value);
int sim_set_flag(sim_options_t *o, size_t offset, const char *value);
int sim_set_no(sim_options_t *o, size_t offset, const char *value);
int sim_set_number(sim_options_t *o, size_t offset, const char *value);
int sim_set_days(sim_options_t *o, size_t offset, const char *value);
int sim_set_ms(sim_options_t *o, size_t offset, const char *value);
int sim_set_seconds(sim_options_t *o, size_t offset, const char *value);
int sim_set_seed(sim_options_t *o, size_t offset, const char *value);
int sim_set_url(sim_options_t *o, size_t offset, const char *value);
int sim_set_kind(sim_options_t *o, size_t offset, const char *value);
int sim_set_supervised(sim_options_t *o, size_t offset, const char *value);
int sim_set_key_type(sim_options_t *o, size_t offset,
    const char *value);
int sim_set_bench(sim_options_t *o, size_t offset, const char *value);
int sim_set_network_user(sim_options_t *o, size_t offset,
    const char *value);
int sim_set_rule(sim_options_t *o, size_t offset, const char *value);
int sim_set_vanish(sim_options_t *o, size_t offset, const char *value);


int sim_options_parse(sim_options_t *o, int argc, char **argv);
void sim_options_free(sim_options_t *o);
void *sim_alloc(size_t size);
char *sim_copy(const char *text);
void sim_error(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));


#endif /* MDM_SIM_H */
