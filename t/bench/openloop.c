
/*
 * Requests at fixed times, whatever became of those before:
 *
 *     openloop PORT FILE RATE SECONDS
 *
 * FILE has one request of HTTP/1.1 for each connection to 127.0.0.1: a line
 * with its length, then its bytes.  RATE is that of all connections, in
 * requests a second; a request whose time has come takes the connection that
 * has been free for longest, or waits for one.  What is told is the time from
 * when a request was meant to be sent until the end of its answer, so a server
 * that stops for a moment is not spared the requests that it kept waiting.
 * RATE 0: each connection sends again as soon as it was answered.
 */


#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>


#define MAX_CONNECTIONS  4096
#define NANO             1000000000LL


typedef struct connection_s {
    struct connection_s  *next;           /* of those that are free */
    int                   fd;
    char                 *request;
    size_t                length;
    int64_t               intended;
    char                  answer[16384];
    size_t                got;
} connection_t;


static connection_t   connections[MAX_CONNECTIONS];
static size_t         nconnections;
static connection_t  *first_free, **last_free = &first_free;

static int64_t        begin, end, interval;
static int64_t        intended;           /* requests whose time has come */
static int64_t        sent, answered, bad;
static int64_t        limit;
static uint32_t      *took;               /* microseconds, of each answer */


static void
fail(const char *what)
{
    fprintf(stderr, "openloop: %s: %s\n", what, strerror(errno));
    exit(1);
}


static int64_t
now(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_MONOTONIC, &t);

    return t.tv_sec * NANO + t.tv_nsec;
}


static void
read_requests(const char *name)
{
    long           length;
    FILE          *file;
    connection_t  *c;

    file = fopen(name, "r");
    if (file == NULL) {
        fail(name);
    }

    while (nconnections < MAX_CONNECTIONS
           && fscanf(file, "%ld%*1[\n]", &length) == 1)
    {
        c = &connections[nconnections++];
        c->length = length;
        c->request = malloc(length);

        if (c->request == NULL
            || fread(c->request, 1, length, file) != (size_t) length)
        {
            fail(name);
        }
    }

    fclose(file);
}


static void
connect_to(connection_t *c, int port, int epoll)
{
    int                 on;
    struct epoll_event  event;
    struct sockaddr_in  to;

    on = 1;
    memset(&to, 0, sizeof(to));
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    c->fd = socket(AF_INET, SOCK_STREAM, 0);

    if (c->fd == -1
        || connect(c->fd, (struct sockaddr *) &to, sizeof(to)) == -1
        || setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1
        || fcntl(c->fd, F_SETFL, O_NONBLOCK) == -1)
    {
        fail("connect");
    }

    event.events = EPOLLIN;
    event.data.ptr = c;

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) == -1) {
        fail("epoll_ctl");
    }
}


static void
set_free(connection_t *c)
{
    c->next = NULL;
    *last_free = c;
    last_free = &c->next;
}


/* Requests are short: the socket takes them whole. */

static void
send_request(connection_t *c, int64_t at)
{
    c->intended = at;
    c->got = 0;

    if (write(c->fd, c->request, c->length) != (ssize_t) c->length) {
        fail("write");
    }

    sent++;
}


/* Sends what is due, as far as connections are free. */

static void
send_due(int64_t time)
{
    connection_t  *c;

    if (interval == 0) {
        while (first_free != NULL && time < end) {
            c = first_free;
            first_free = c->next;
            send_request(c, time);
        }

        intended = sent;

    } else {
        while (begin + intended * interval <= time
               && begin + intended * interval < end)
        {
            intended++;
        }

        while (first_free != NULL && sent < intended) {
            c = first_free;
            first_free = c->next;
            send_request(c, begin + sent * interval);
        }
    }

    if (first_free == NULL) {
        last_free = &first_free;
    }
}


/* Whether the answer is there, whole; its body has a length, or there is
 * none. */

static int
is_whole(connection_t *c)
{
    char  *head, *line;

    c->answer[c->got] = '\0';

    head = strstr(c->answer, "\r\n\r\n");
    if (head == NULL) {
        return 0;
    }

    line = strcasestr(c->answer, "\r\nContent-Length:");

    if (line == NULL || line > head) {
        fprintf(stderr, "openloop: an answer without its length\n");
        exit(1);
    }

    return c->got == (size_t) (head + 4 - c->answer)
                     + strtoul(line + 17, NULL, 10);
}


static void
read_answer(connection_t *c)
{
    ssize_t  n;

    n = read(c->fd, c->answer + c->got, sizeof(c->answer) - 1 - c->got);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        fail("a connection was closed");
    }

    c->got += n;

    if (!is_whole(c)) {
        return;
    }

    if (memcmp(c->answer, "HTTP/1.1 200", 12) != 0) {
        bad++;
    }

    if (answered < limit) {
        took[answered++] = (now() - c->intended) / 1000;
    }

    set_free(c);
}


static void
run(int epoll, int timer)
{
    int                 n, i;
    int64_t             time, next;
    uint64_t            expired;
    struct itimerspec   at;
    struct epoll_event  events[256];

    memset(&at, 0, sizeof(at));

    for ( ;; ) {
        time = now();
        send_due(time);

        if (time >= end && (answered == sent || time >= end + 5 * NANO)) {
            return;
        }

        next = begin + intended * interval;

        if (interval == 0 || next >= end) {
            next = time < end ? end : end + 5 * NANO;
        }

        at.it_value.tv_sec = next / NANO;
        at.it_value.tv_nsec = next % NANO;
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);

        n = epoll_wait(epoll, events, 256, -1);

        for (i = 0; i < n; i++) {
            if (events[i].data.ptr != NULL) {
                read_answer(events[i].data.ptr);

            } else if (read(timer, &expired, sizeof(expired)) == -1) {
                continue;
            }
        }
    }
}


static int
compare(const void *a, const void *b)
{
    uint32_t  x, y;

    x = *(const uint32_t *) a;
    y = *(const uint32_t *) b;

    return (x > y) - (x < y);
}


static void
tell(double seconds, int real_time)
{
    size_t  i;

    static const double  quantiles[] = { 50, 90, 99, 99.9 };

    qsort(took, answered, sizeof(*took), compare);

    printf("real_time %d\nintended %lld\nanswered %lld\nnot_200 %lld\n"
           "rate %.1f\n", real_time, (long long) intended,
           (long long) answered, (long long) bad, answered / seconds);

    for (i = 0; i < 4 && answered > 0; i++) {
        printf("p%g %u\n", quantiles[i],
               took[(int64_t) (answered * quantiles[i] / 100)]);
    }

    printf("max %u\n", answered > 0 ? took[answered - 1] : 0);
}


int
main(int argc, char **argv)
{
    int                 epoll, timer, real_time;
    double              rate, seconds;
    size_t              i;
    struct epoll_event  event;
    struct sched_param  param;

    if (argc != 5) {
        fprintf(stderr, "usage: openloop PORT FILE RATE SECONDS\n");
        return 2;
    }

    rate = atof(argv[3]);
    seconds = atof(argv[4]);
    limit = (rate > 0 ? rate : 200000) * seconds + 1;

    took = calloc(limit, sizeof(*took));
    epoll = epoll_create1(0);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    if (took == NULL || epoll == -1 || timer == -1) {
        fail("start");
    }

    event.events = EPOLLIN;
    event.data.ptr = NULL;
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);

    read_requests(argv[2]);

    for (i = 0; i < nconnections; i++) {
        connect_to(&connections[i], atoi(argv[1]), epoll);
        set_free(&connections[i]);
    }

    /* so that what else runs on its core does not count */

    param.sched_priority = 1;
    real_time = rate > 0 && sched_setscheduler(0, SCHED_FIFO, &param) == 0;

    interval = rate > 0 ? NANO / rate : 0;
    begin = now();
    end = begin + seconds * NANO;

    run(epoll, timer);
    tell(seconds, real_time);

    return bad > 0 || answered < sent;
}
