
/*
 * Loaded before an nginx whose threads shall be slow to leave: each waits a
 * while in pthread_exit(), and adds a line to the file LINGER when it goes.
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>


#define LINGER_MS  150


static int  file = -1;


static void __attribute__((constructor))
linger(void)
{
    const char  *path;

    path = getenv("LINGER");

    if (path != NULL) {
        file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0666);
    }
}


void
pthread_exit(void *value)
{
    void  (*leave)(void *);

    usleep(LINGER_MS * 1000);

    if (write(file, "gone\n", 5) != 5) {
        abort();
    }

    leave = (void (*)(void *)) dlsym(RTLD_NEXT, "pthread_exit");
    leave(value);

    abort();
}
