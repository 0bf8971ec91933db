
/*
 * Loaded before an nginx whose test would wait too long: its clock, by which
 * its timers go, runs HURRY times as fast, and it sleeps as much shorter.  The
 * time of day stays what it is.
 */


#define _GNU_SOURCE

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>


int
clock_gettime(clockid_t clock, struct timespec *ts)
{
    int        rc;
    long long  nsec;

    rc = (int) syscall(SYS_clock_gettime, clock, ts);

    if (rc == 0 && (clock == CLOCK_MONOTONIC
                    || clock == CLOCK_MONOTONIC_COARSE))
    {
        nsec = (ts->tv_sec * 1000000000LL + ts->tv_nsec) * HURRY;
        ts->tv_sec = nsec / 1000000000;
        ts->tv_nsec = nsec % 1000000000;
    }

    return rc;
}


int
epoll_wait(int epfd, struct epoll_event *events, int n, int timeout)
{
    if (timeout > 0) {
        timeout = (timeout + HURRY - 1) / HURRY;
    }

    return (int) syscall(SYS_epoll_pwait, epfd, events, n, timeout, NULL, 8);
}
