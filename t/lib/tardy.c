
/*
 * Loaded before an nginx whose TLS handshakes shall take their time: each step
 * waits as many milliseconds as the file TARDY says, first, if it is done in a
 * thread.  Each adds a line to TARDY.log when it begins: "thread", or "loop".
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>


typedef struct ssl_st  SSL;


static int  tardy_file = -1;
static int  tardy_log = -1;


static void __attribute__((constructor))
tardy(void)
{
    char         log[4096];
    const char  *path;

    path = getenv("TARDY");

    if (path != NULL) {
        (void) snprintf(log, sizeof(log), "%s.log", path);

        tardy_file = open(path, O_RDONLY|O_CLOEXEC);
        tardy_log = open(log, O_WRONLY|O_APPEND|O_CREAT|O_CLOEXEC, 0666);
    }
}


static void
tardy_note(const char *line)
{
    if (write(tardy_log, line, strlen(line)) != (ssize_t) strlen(line)) {
        abort();
    }
}


static int
tardy_ms(void)
{
    char     text[16];
    ssize_t  n;

    n = pread(tardy_file, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';

    return atoi(text);
}


int
SSL_do_handshake(SSL *ssl)
{
    int  (*shake)(SSL *ssl);

    shake = (int (*)(SSL *)) dlsym(RTLD_NEXT, "SSL_do_handshake");

    if (syscall(SYS_gettid) == getpid()) {
        tardy_note("loop\n");

    } else {
        tardy_note("thread\n");
        usleep(tardy_ms() * 1000);
    }

    return shake(ssl);
}
