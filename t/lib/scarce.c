
/*
 * Loaded before an nginx that is to run out of memory: in its workers one of
 * so many allocations fails, chosen from a seed.  The file that SCARCE names
 * holds that number while it is to be so, and may change at any time.
 *
 * What libplist and libcurl ask for is always given, for they go on without,
 * and so is what libc takes for them: strdup() and the like.
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>


void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);


/* Shared with the test: in the file of SCARCE. */

typedef struct {
    _Atomic uint32_t      one_of;             /* 0: none fails */
    _Atomic uint32_t      state;              /* of the generator */
    _Atomic uint64_t      asked;
    _Atomic uint64_t      failed;
} scarce_t;


static const char  *spared[] = { "/libplist", "/libcurl", "/libc.so" };

static scarce_t    *scarce;

static struct {
    uintptr_t             from;
    uintptr_t             to;
} ranges[sizeof(spared) / sizeof(spared[0])];


static int
spare(struct dl_phdr_info *info, size_t size, void *data)
{
    unsigned   i, n;
    uintptr_t  end;

    for (n = 0; strstr(info->dlpi_name, spared[n]) == NULL; /* void */ ) {
        if (++n == sizeof(spared) / sizeof(spared[0])) {
            return 0;
        }
    }

    ranges[n].from = info->dlpi_addr;

    for (i = 0; i < info->dlpi_phnum; i++) {
        end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr
              + info->dlpi_phdr[i].p_memsz;

        if (info->dlpi_phdr[i].p_type == PT_LOAD && end > ranges[n].to) {
            ranges[n].to = end;
        }
    }

    return 0;
}


static bool
is_spared(const void *caller)
{
    unsigned   n;
    uintptr_t  address;

    if (ranges[0].to == 0) {
        (void) dl_iterate_phdr(spare, NULL);
    }

    address = (uintptr_t) caller;

    for (n = 0; n < sizeof(spared) / sizeof(spared[0]); n++) {
        if (address >= ranges[n].from && address < ranges[n].to) {
            return true;
        }
    }

    return false;
}


/* The number of a worker's master is not its own: only children are starved. */

static pid_t  master;


__attribute__((constructor)) static void
begin(void)
{
    int          fd;
    void        *p;
    const char  *name;

    name = getenv("SCARCE");
    fd = name ? open(name, O_RDWR|O_CLOEXEC) : -1;

    if (fd == -1) {
        return;
    }

    p = mmap(NULL, sizeof(scarce_t), PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);

    if (p != MAP_FAILED) {
        master = getpid();
        scarce = p;
    }
}


static bool
refused(const void *caller)
{
    uint32_t  one_of, x;

    if (scarce == NULL) {
        return false;
    }

    one_of = scarce->one_of;

    if (one_of == 0 || getpid() == master || is_spared(caller)) {
        return false;
    }

    scarce->asked++;

    x = scarce->state += 0x9e3779b9;
    x = (x ^ (x >> 16)) * 0x85ebca6b;
    x = (x ^ (x >> 13)) * 0xc2b2ae35;
    x ^= x >> 16;

    if (x % one_of != 0) {
        return false;
    }

    scarce->failed++;
    errno = ENOMEM;

    return true;
}


void *
malloc(size_t size)
{
    return refused(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    return refused(__builtin_return_address(0)) ? NULL
                                                : __libc_calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    return refused(__builtin_return_address(0)) ? NULL
                                                : __libc_realloc(p, size);
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    if (refused(__builtin_return_address(0))) {
        return ENOMEM;
    }

    *p = __libc_memalign(alignment, size);

    return *p ? 0 : ENOMEM;
}
