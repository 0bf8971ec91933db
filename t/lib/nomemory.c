
/*
 * Loaded before an nginx whose memory is to run out: of the allocations that
 * nginx and the libraries in NOMEMORY_FOR ask for, the one that a test chose
 * fails.  The test writes its number into the file NOMEMORY, and reads there
 * whether it came to that: it is 0 then.
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>


extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);


static volatile int  *left;
static char           names[256];


__attribute__((constructor)) static void
start(void)
{
    int          fd;
    const char  *file, *list;

    file = getenv("NOMEMORY");
    list = getenv("NOMEMORY_FOR");

    if (file == NULL || list == NULL) {
        return;
    }

    /* nginx writes its title over the environment */

    strncpy(names, list, sizeof(names) - 1);

    fd = open(file, O_RDWR);

    if (fd != -1) {
        left = mmap(NULL, sizeof(int), PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);

        if ((void *) left == MAP_FAILED) {
            left = NULL;
        }
    }
}


/* ... and over the name by which the linker knows the program. */

static int
is_for(void *caller)
{
    Dl_info      info;
    const char  *name;

    if (!dladdr(caller, &info) || info.dli_fname == NULL) {
        return 0;
    }

    if (strncmp(info.dli_fname, "nginx: ", 7) == 0) {
        return 1;
    }

    name = strrchr(info.dli_fname, '/');

    return strstr(names, name ? name + 1 : info.dli_fname) != NULL;
}


static int
fails(void *caller)
{
    if (left == NULL || *left <= 0 || !is_for(caller)
        || __sync_sub_and_fetch(left, 1) != 0)
    {
        return 0;
    }

    errno = ENOMEM;
    return 1;
}


void *
malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(p, size);
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    if (fails(__builtin_return_address(0))) {
        return ENOMEM;
    }

    *p = __libc_memalign(alignment, size);
    return *p ? 0 : ENOMEM;
}
