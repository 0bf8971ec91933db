
/*
 * What the pure core (message/, schema/, pki/) shares: strings with a length,
 * an arena, and a fault that says in words what is wrong.  Plain C: no nginx
 * type and no libpq type may appear here or below.
 */


#ifndef _MDM_BASE_H_INCLUDED_
#define _MDM_BASE_H_INCLUDED_


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


/* Bytes with a length; not terminated.  An absent value has data == NULL. */

typedef struct {
    size_t                len;
    const unsigned char  *data;
} mdm_str_t;


#define mdm_str(literal)                                                      \
    (mdm_str_t) { sizeof(literal) - 1, (const unsigned char *) (literal) }
#define mdm_null_str         (mdm_str_t) { 0, NULL }
#define mdm_str_is_set(s)    ((s).data != NULL)


bool mdm_str_eq(mdm_str_t a, mdm_str_t b);
bool mdm_str_eq_c(mdm_str_t a, const char *b);

/* Without the white space at both ends. */
mdm_str_t mdm_str_trim(mdm_str_t s);

/* A byte below 0x20, or DEL. */
bool mdm_str_has_control(mdm_str_t s);

/* Well-formed UTF-8 (RFC 3629); a NUL counts as a character. */
bool mdm_utf8_valid(const unsigned char *data, size_t len);


/*
 * An arena owns everything that one message needs and frees it at once.  It
 * belongs to one owner and one thread at a time.  Its memory is wiped when it
 * is freed, for messages carry tokens.
 */

typedef struct mdm_arena_chunk_s  mdm_arena_chunk_t;

typedef struct {
    mdm_arena_chunk_t    *chunks;
} mdm_arena_t;


void mdm_arena_init(mdm_arena_t *arena);
void mdm_arena_free(mdm_arena_t *arena);

/* Aligned for any type, not zeroed; NULL when memory ran out. */
void *mdm_arena_alloc(mdm_arena_t *arena, size_t size);
void *mdm_arena_zalloc(mdm_arena_t *arena, size_t size);

/* Copies; the copy is also terminated with a NUL that len does not count.
 * On failure (and for an absent string) the result is absent. */
mdm_str_t mdm_arena_str(mdm_arena_t *arena, const void *data, size_t len);


typedef enum {
    MDM_OK = 0,
    MDM_MALFORMED,          /* the sender's fault: bytes that cannot be read */
    MDM_TOO_LARGE,          /* the sender's fault: past a stated limit */
    MDM_UNSUPPORTED,        /* readable, but of a kind we do not take */
    MDM_UNTRUSTED,          /* signature or certificate does not hold */
    MDM_NO_MEMORY           /* ours */
} mdm_rc_e;


/* One sentence for a log line or an API answer; never holds message content
 * beyond key names. */

typedef struct {
    char                  text[192];
} mdm_fault_t;


/* Writes the sentence (printf format) and returns rc; fault may be NULL. */
mdm_rc_e mdm_fault(mdm_fault_t *fault, mdm_rc_e rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));


/* For libraries that take functions for their memory and do not wipe it. */
void mdm_free(void *p);
void *mdm_realloc(void *p, size_t size);


#endif /* _MDM_BASE_H_INCLUDED_ */
