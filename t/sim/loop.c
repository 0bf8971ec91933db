/*
 * The event loop: edge-triggered epoll and a heap of timers.  It knows
 * nothing of connections or devices and never blocks but in epoll_wait().
 */

#include "sim.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>


#define SIM_LOOP_EVENTS  256
#define SIM_LOOP_WAIT    200             /* ms; a signal is seen by then */


static void sim_heap_up(sim_loop_t *loop, size_t i);
static void sim_heap_down(sim_loop_t *loop, size_t i);
static void sim_heap_put(sim_loop_t *loop, size_t i, sim_timer_t *timer);


uint64_t
sim_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * SIM_S + (uint64_t) ts.tv_nsec / 1000;
}


int
sim_loop_init(sim_loop_t *loop)
{
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->n = 0;
    loop->size = 0;
    loop->heap = NULL;

    return loop->epoll == -1 ? SIM_ERROR : SIM_OK;
}


void
sim_loop_free(sim_loop_t *loop)
{
    if (loop->epoll > 0) {
        close(loop->epoll);
    }

    free(loop->heap);
}


int
sim_loop_add(sim_loop_t *loop, int fd, sim_event_t *event)
{
    struct epoll_event  ee;

    ee.events = EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET;
    ee.data.ptr = event;

    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &ee) == -1 ? SIM_ERROR
                                                                : SIM_OK;
}


/* waits for events, or for the next timer, and handles all that came */

int
sim_loop_turn(sim_loop_t *loop)
{
    int                 i, n, wait;
    uint64_t            now;
    sim_event_t        *event;
    sim_timer_t        *timer;
    struct epoll_event  events[SIM_LOOP_EVENTS];

    wait = SIM_LOOP_WAIT;

    if (loop->n) {
        now = sim_now();
        timer = loop->heap[1];

        if (timer->at <= now) {
            wait = 0;

        } else if (timer->at - now < SIM_LOOP_WAIT * SIM_MS) {
            wait = (int) ((timer->at - now + SIM_MS - 1) / SIM_MS);
        }
    }

    n = epoll_wait(loop->epoll, events, SIM_LOOP_EVENTS, wait);

    if (n == -1 && errno != EINTR) {
        return SIM_ERROR;
    }

    for (i = 0; i < n; i++) {
        event = events[i].data.ptr;
        event->handler(event->data);
    }

    now = sim_now();

    while (loop->n && loop->heap[1]->at <= now) {
        timer = loop->heap[1];
        sim_timer_clear(loop, timer);
        timer->handler(timer->data);
    }

    return SIM_OK;
}


void
sim_timer_set(sim_loop_t *loop, sim_timer_t *timer, uint64_t delay)
{
    sim_timer_clear(loop, timer);

    if (loop->n + 1 >= loop->size) {
        loop->size = loop->size ? loop->size * 2 : 1024;
        loop->heap = realloc(loop->heap, loop->size * sizeof(sim_timer_t *));

        if (loop->heap == NULL) {
            sim_error("no memory for timers");
            exit(1);
        }
    }

    timer->at = sim_now() + delay;
    sim_heap_put(loop, ++loop->n, timer);
    sim_heap_up(loop, loop->n);
}


void
sim_timer_clear(sim_loop_t *loop, sim_timer_t *timer)
{
    size_t        i;
    sim_timer_t  *last;

    if (timer->place == 0) {
        return;
    }

    i = timer->place;
    timer->place = 0;
    last = loop->heap[loop->n--];

    if (last == timer) {
        return;
    }

    sim_heap_put(loop, i, last);
    sim_heap_up(loop, i);
    sim_heap_down(loop, last->place);
}


static void
sim_heap_put(sim_loop_t *loop, size_t i, sim_timer_t *timer)
{
    loop->heap[i] = timer;
    timer->place = i;
}


static void
sim_heap_up(sim_loop_t *loop, size_t i)
{
    sim_timer_t  *timer;

    timer = loop->heap[i];

    while (i > 1 && loop->heap[i / 2]->at > timer->at) {
        sim_heap_put(loop, i, loop->heap[i / 2]);
        i /= 2;
    }

    sim_heap_put(loop, i, timer);
}


static void
sim_heap_down(sim_loop_t *loop, size_t i)
{
    size_t        child;
    sim_timer_t  *timer;

    timer = loop->heap[i];

    for (child = i * 2; child <= loop->n; child = i * 2) {

        if (child < loop->n
            && loop->heap[child + 1]->at < loop->heap[child]->at)
        {
            child++;
        }

        if (loop->heap[child]->at >= timer->at) {
            break;
        }

        sim_heap_put(loop, i, loop->heap[child]);
        i = child;
    }

    sim_heap_put(loop, i, timer);
}
