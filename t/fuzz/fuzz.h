
/*
 * What the targets share: expectations that say where they failed, and a meter
 * of the memory and the stack that a decoder takes, the libraries below it
 * included.
 */


#ifndef _FUZZ_H_INCLUDED_
#define _FUZZ_H_INCLUDED_


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "message/mdm_base.h"


/* nginx would log what is left in OpenSSL's queue as an error of its own. */

#define fuzz_expect(condition)                                                \
    do {                                                                      \
        if (!(condition) || ERR_peek_error() != 0) {                          \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__,        \
                    #condition);                                              \
            abort();                                                          \
        }                                                                     \
    } while (0)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
    unsigned seed);


/* Of the sanitizer's allocator; absent in a build without it. */

int __sanitizer_install_malloc_and_free_hooks(
    void (*on_malloc)(const volatile void *, size_t),
    void (*on_free)(const volatile void *)) __attribute__((weak));
size_t __sanitizer_get_allocated_size(const volatile void *p)
    __attribute__((weak));


typedef struct {
    bool                  installed;
    size_t                live;          /* bytes */
    size_t                peak;
    const char           *base;          /* of the stack */
    const char           *low;
} fuzz_meter_t;

static fuzz_meter_t  fuzz_meter;


static inline void
fuzz_meter_malloc(const volatile void *p, size_t size)
{
    const char  *here;

    here = __builtin_frame_address(0);

    fuzz_meter.live += size;

    if (fuzz_meter.live > fuzz_meter.peak) {
        fuzz_meter.peak = fuzz_meter.live;
    }

    if (here < fuzz_meter.low) {
        fuzz_meter.low = here;
    }
}


static inline void
fuzz_meter_free(const volatile void *p)
{
    if (p) {
        fuzz_meter.live -= __sanitizer_get_allocated_size(p);
    }
}


/* What is allocated now counts no more. */

static inline void
fuzz_meter_start(void)
{
    if (!fuzz_meter.installed && __sanitizer_install_malloc_and_free_hooks) {
        __sanitizer_install_malloc_and_free_hooks(fuzz_meter_malloc,
                                                  fuzz_meter_free);
    }

    (void) ERR_peek_error();             /* the first call allocates */

    fuzz_meter.installed = true;
    fuzz_meter.live = SIZE_MAX / 2;
    fuzz_meter.peak = fuzz_meter.live;
    fuzz_meter.base = __builtin_frame_address(0);
    fuzz_meter.low = fuzz_meter.base;
}


/* The most that was allocated at once since then, and what still is. */

static inline size_t
fuzz_meter_peak(void)
{
    return fuzz_meter.peak - SIZE_MAX / 2;
}


static inline size_t
fuzz_meter_live(void)
{
    return fuzz_meter.live > SIZE_MAX / 2 ? fuzz_meter.live - SIZE_MAX / 2 : 0;
}


/* How deep the stack was, seen at each allocation. */

static inline size_t
fuzz_meter_stack(void)
{
    return (size_t) (fuzz_meter.base - fuzz_meter.low);
}


/* Each byte of what was found is there to be read. */

static inline void
fuzz_touch(mdm_str_t s)
{
    size_t             i;
    volatile unsigned  n;

    for (i = 0, n = 0; i < s.len; i++) {
        n += s.data[i];
    }
}


static inline mdm_str_t
fuzz_input(const uint8_t *data, size_t size)
{
    return size ? (mdm_str_t) { size, data } : mdm_str("");
}


#endif /* _FUZZ_H_INCLUDED_ */
