/*
 * The device simulator: thousands of Apple devices in one process, against
 * an MDM server, over real TLS.  Start, the loop's course, and the end.
 */

#include "sim.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>


#define SIM_LINGER  (5 * SIM_S)          /* past the last request's time */


static int sim_start(sim_t *sim);
static int sim_run(sim_t *sim);
static void sim_bench(sim_t *sim);
static void sim_stop(void *data);
static void sim_abort(void *data);
static int sim_verdict(sim_t *sim);
static void sim_free(sim_t *sim);
static void sim_descriptors(sim_t *sim);
static void sim_signals(void);
static void sim_signal(int signo);


static volatile sig_atomic_t  sim_signalled;


int
main(int argc, char **argv)
{
    int     rc;
    sim_t  *sim;

    sim = sim_alloc(sizeof(sim_t));

    TAILQ_INIT(&sim->dead);
    TAILQ_INIT(&sim->ready);
    TAILQ_INIT(&sim->resting);

    rc = sim_options_parse(&sim->options, argc, argv);

    if (rc == SIM_OK) {
        rc = sim_start(sim);
    }

    if (rc == SIM_OK) {
        rc = sim_run(sim);

        sim->stat.until = sim->stat.until ? sim->stat.until : sim_now();

        if (sim_state_save(sim) != SIM_OK) {
            rc = SIM_ERROR;
        }

        if (sim->options.summary) {
            sim_stat_summary(sim, stdout);
        }

        if (sim_verdict(sim) != SIM_OK) {
            rc = SIM_ERROR;
        }
    }

    if (sim_log_close(sim) != SIM_OK) {
        rc = SIM_ERROR;
    }

    sim_free(sim);

    return rc == SIM_OK ? 0 : 1;
}


static int
sim_start(sim_t *sim)
{
    sim_signals();
    sim_descriptors(sim);
    srandom((unsigned) sim->options.seed);

    if (sim_loop_init(&sim->loop) != SIM_OK) {
        sim_error("epoll cannot be set up");
        return SIM_ERROR;
    }

    if (sim_identity_init(sim) != SIM_OK
        || sim_state_load(sim) != SIM_OK
        || sim_fleet_make(sim) != SIM_OK
        || sim_pushes_init(sim) != SIM_OK
        || sim_http_init(sim) != SIM_OK
        || sim_log_open(sim) != SIM_OK)
    {
        return SIM_ERROR;
    }

    return SIM_OK;
}


static int
sim_run(sim_t *sim)
{
    int          signals;
    unsigned     i;
    sim_timer_t  end;

    memset(&end, 0, sizeof(sim_timer_t));
    end.handler = sim_stop;
    end.data = sim;
    signals = 0;

    sim->end = &end;
    sim_stat_reset(&sim->stat);

    if (sim->options.duration && !sim->options.bench) {
        sim_timer_set(&sim->loop, &end, sim->options.duration);
    }

    for (i = 0; i < sim->ndevices; i++) {
        if (!sim->devices[i]->absent) {
            sim_device_start(sim->devices[i]);
        }
    }

    sim_pushes_begin(sim);

    for ( ;; ) {
        sim_bench(sim);
        sim_channels_pump(sim);
        sim_http_reap(sim);

        if (sim->log) {
            fflush(sim->log);
        }

        if (sim->running == 0) {
            break;
        }

        if (sim_loop_turn(&sim->loop) != SIM_OK) {
            sim_error("epoll failed");
            return SIM_ERROR;
        }

        if (signals < sim_signalled) {
            signals = sim_signalled;
            end.handler(sim);
        }
    }

    sim_timer_clear(&sim->loop, &end);

    return SIM_OK;
}


/* load begins when all have enrolled, and is counted from there */

static void
sim_bench(sim_t *sim)
{
    unsigned  i;

    if (!sim->options.bench || sim->benching || sim->enrolling
        || sim->stopping)
    {
        return;
    }

    sim->benching = 1;
    sim_stat_reset(&sim->stat);

    if (sim->options.duration) {
        sim_timer_set(&sim->loop, sim->end, sim->options.duration);
    }

    for (i = 0; i < sim->ndevices; i++) {
        sim_device_bench(sim->devices[i]);
    }
}


static void
sim_stop(void *data)
{
    unsigned  i;
    sim_t    *sim = data;

    sim->stopping = 1;
    sim->stat.until = sim->options.bench ? sim_now() : 0;

    sim->end->handler = sim_abort;
    sim_timer_set(&sim->loop, sim->end, sim->options.timeout + SIM_LINGER);

    for (i = 0; i < sim->ndevices; i++) {
        sim_device_stop(sim->devices[i]);
    }
}


static void
sim_abort(void *data)
{
    unsigned  i;
    sim_t    *sim = data;

    for (i = 0; i < sim->ndevices; i++) {
        sim_device_abort(sim->devices[i]);
    }
}


/* whether all that was asked has happened, and what has not */

static int
sim_verdict(sim_t *sim)
{
    int  rc;

    rc = SIM_OK;

    if (sim->ends[SIM_CHANNEL_FAILED]) {
        sim_error("channels that failed: %u; the first was %s",
                  sim->ends[SIM_CHANNEL_FAILED], sim->failure);
        rc = SIM_ERROR;
    }

    if (sim->left) {
        sim_error("devices told to leave: %u", sim->left);
        rc = SIM_ERROR;
    }

    if (sim->refused) {
        sim_error("messages refused with 403: %u", sim->refused);
        rc = SIM_ERROR;
    }

    if (sim_signalled) {
        sim_error("interrupted");
        rc = SIM_ERROR;
    }

    return rc;
}


static void
sim_free(sim_t *sim)
{
    sim_http_free(sim);
    sim_pushes_free(sim);
    sim_fleet_free(sim);
    sim_identity_free(sim);
    sim_loop_free(&sim->loop);
    sim_stat_reset(&sim->stat);
    sim_options_free(&sim->options);
    free(sim);
}


/* as many descriptors as connections, as far as the system allows */

static void
sim_descriptors(sim_t *sim)
{
    struct rlimit  limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1) {
        return;
    }

    limit.rlim_cur = limit.rlim_max;
    (void) setrlimit(RLIMIT_NOFILE, &limit);

    if (limit.rlim_cur != RLIM_INFINITY
        && sim->options.concurrency + 32ULL > limit.rlim_cur)
    {
        sim->options.concurrency = (unsigned) limit.rlim_cur - 32;
    }
}


static void
sim_signals(void)
{
    struct sigaction  action;

    memset(&action, 0, sizeof(action));
    sigemptyset(&action.sa_mask);

    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);

    action.sa_handler = sim_signal;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}


static void
sim_signal(int signo)
{
    (void) signo;

    sim_signalled++;
}


void *
sim_alloc(size_t size)
{
    void  *p;

    p = calloc(1, size ? size : 1);

    if (p == NULL) {
        sim_error("no memory for %zu bytes", size);
        exit(1);
    }

    return p;
}


char *
sim_copy(const char *text)
{
    char    *copy;
    size_t   size;

    size = strlen(text) + 1;
    copy = sim_alloc(size);
    memcpy(copy, text, size);

    return copy;
}


void
sim_error(const char *fmt, ...)
{
    va_list  args;

    fputs("mdm-sim: ", stderr);

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);

    putc('\n', stderr);
}
