
/*
 * Loaded before an nginx whose event loop is watched.  A line is added to the
 * file that PROBE names for each turn of the loop that took PROBE_LEAST
 * microseconds of CPU or more, "turn USEC", and for each call in the loop's
 * thread that waits for something or opens a file, "call NAME WHAT".  CPU time
 * and not time, so that a busy machine changes nothing.
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>


#define PROBE_REAL(name)                                                     \
    static __typeof__(&name)  real;                                          \
                                                                             \
    if (real == NULL) {                                                      \
        real = (__typeof__(&name)) dlsym(RTLD_NEXT, #name);                  \
    }


static int        probe_file = -1;
static long       probe_least = 500;
static pid_t      probe_loop;             /* the thread that runs the loop */
static long long  probe_began;


static void __attribute__((constructor))
probe_open(void)
{
    const char  *file, *least;

    file = getenv("PROBE");
    least = getenv("PROBE_LEAST");

    if (file != NULL) {
        probe_file = open(file, O_WRONLY|O_CREAT|O_APPEND|O_CLOEXEC, 0644);
    }

    if (least != NULL) {
        probe_least = atol(least);
    }
}


static long long
probe_cpu(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);

    return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}


static void __attribute__((format(printf, 1, 2)))
probe_write(const char *fmt, ...)
{
    int      len, saved;
    char     line[512];
    va_list  args;

    saved = errno;

    va_start(args, fmt);
    len = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);

    if (len > 0 && len < (int) sizeof(line)
        && write(probe_file, line, len) != len)
    {
        abort();
    }

    errno = saved;
}


static void
probe_call(const char *name, const char *what)
{
    if (probe_loop != 0 && probe_loop == (pid_t) syscall(SYS_gettid)) {
        probe_write("call %s %s\n", name, what);
    }
}


int
epoll_wait(int epfd, struct epoll_event *events, int n, int timeout)
{
    int        rc, saved;
    long long  took;

    if (probe_loop != 0) {
        took = probe_cpu() - probe_began;

        if (took >= probe_least) {
            probe_write("turn %lld\n", took);
        }
    }

    rc = (int) syscall(SYS_epoll_pwait, epfd, events, n, timeout, NULL, 8);
    saved = errno;

    probe_loop = (pid_t) syscall(SYS_gettid);
    probe_began = probe_cpu();
    errno = saved;

    return rc;
}


int
connect(int fd, const struct sockaddr *address, socklen_t len)
{
    PROBE_REAL(connect)

    if (!(fcntl(fd, F_GETFL) & O_NONBLOCK)) {
        probe_call("connect", "blocking");
    }

    return real(fd, address, len);
}


int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
    PROBE_REAL(poll)

    if (timeout != 0) {
        probe_call("poll", "with a timeout");
    }

    return real(fds, n, timeout);
}


int
select(int n, fd_set *in, fd_set *out, fd_set *bad, struct timeval *timeout)
{
    PROBE_REAL(select)

    if (timeout == NULL || timeout->tv_sec != 0 || timeout->tv_usec != 0) {
        probe_call("select", "with a timeout");
    }

    return real(n, in, out, bad, timeout);
}


int
getaddrinfo(const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **res)
{
    PROBE_REAL(getaddrinfo)

    if (node != NULL && !(hints && (hints->ai_flags & AI_NUMERICHOST))) {
        probe_call("getaddrinfo", node);
    }

    return real(node, service, hints, res);
}


int
nanosleep(const struct timespec *wanted, struct timespec *left)
{
    PROBE_REAL(nanosleep)

    probe_call("nanosleep", "");

    return real(wanted, left);
}


int
usleep(useconds_t usec)
{
    PROBE_REAL(usleep)

    probe_call("usleep", "");

    return real(usec);
}


int
fsync(int fd)
{
    PROBE_REAL(fsync)

    probe_call("fsync", "");

    return real(fd);
}


int
pthread_join(pthread_t thread, void **value)
{
    PROBE_REAL(pthread_join)

    probe_call("pthread_join", "");

    return real(thread, value);
}


int
open(const char *path, int flags, ...)
{
    mode_t   mode;
    va_list  args;

    PROBE_REAL(open)

    va_start(args, flags);
    mode = (flags & O_CREAT) ? va_arg(args, mode_t) : 0;
    va_end(args);

    probe_call("open", path);

    return real(path, flags, mode);
}


FILE *
fopen(const char *path, const char *mode)
{
    PROBE_REAL(fopen)

    probe_call("fopen", path);

    return real(path, mode);
}


int
open64(const char *path, int flags, ...)
    __attribute__((alias("open")));

FILE *
fopen64(const char *path, const char *mode)
    __attribute__((alias("fopen")));
