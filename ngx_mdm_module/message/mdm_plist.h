
/*
 * Property lists behind a guard.  libplist is never shown bytes that the
 * pre-scan has not passed: it refuses by size, nesting depth and object count,
 * so that a 134-byte binary list cannot unfold to a gigabyte and deep XML
 * cannot exhaust the stack.
 */


#ifndef _MDM_PLIST_H_INCLUDED_
#define _MDM_PLIST_H_INCLUDED_


#include <plist/plist.h>

#include "mdm_base.h"


#define MDM_PLIST_MAX_DEPTH     64
#define MDM_PLIST_MAX_OBJECTS   131072
#define MDM_PLIST_MAX_KEYS      2048      /* of one dictionary */
#define MDM_PLIST_MAX_LOOKUPS   4194304   /* libplist compares each new key of
                                             an XML dictionary with the old
                                             ones, if their hashes collide; the
                                             sum over all dictionaries */
#define MDM_PLIST_MAX_MOVES     INT64_C(2147483648)
                                          /* libplist moves the rest of a text
                                             at each reference in it; bytes,
                                             the sum over all texts */


/*
 * Checks an XML or binary property list of at most `limit` bytes.  XML must be
 * UTF-8, without a DOCTYPE internal subset, entities other than the five
 * predefined and character references, or a NUL, and its elements must stand
 * as in Apple's DTD.  In a binary list every reference is followed and counted
 * as often as it would be unfolded; its unfolded strings and data together may
 * not pass `limit` either.
 */
mdm_rc_e mdm_plist_scan(mdm_str_t body, size_t limit, mdm_fault_t *fault);

/* Where the parts of a list lie, for who inserts text and parses nothing. */

typedef struct {
    bool                  binary;
    size_t                root;          /* XML: the root value's '<', ... */
    size_t                inside;        /* ... the byte after its start tag */
    size_t                end;           /* ... the byte after its end tag */
    uint32_t              objects;       /* keys count as objects */
    uint32_t              root_keys;     /* of a root dictionary, XML only */
} mdm_plist_outline_t;

mdm_rc_e mdm_plist_outline(mdm_str_t body, size_t limit,
    mdm_plist_outline_t *outline, mdm_fault_t *fault);

/*
 * Scans, then parses.  The root must be a dictionary that has no key twice:
 * parsers disagree which one counts.  *root is the caller's, to be freed with
 * mdm_plist_free(); NULL unless MDM_OK.
 */
mdm_rc_e mdm_plist_parse(mdm_str_t body, size_t limit, plist_t *root,
    mdm_fault_t *fault);

/* The same for what is passed on after it was judged: no dictionary in it may
 * have a key twice. */
mdm_rc_e mdm_plist_parse_strict(mdm_str_t body, size_t limit, plist_t *root,
    mdm_fault_t *fault);

/* Wipes strings and data, and frees. */
void mdm_plist_free(plist_t root);

/*
 * Readers of one key of a dictionary, copying into the arena.  An absent key
 * gives an absent string and MDM_OK; a key of another type is MDM_MALFORMED.
 * Strings are valid UTF-8 and hold no NUL.
 */
mdm_rc_e mdm_plist_string(mdm_arena_t *arena, plist_t dict, const char *key,
    mdm_str_t *value, mdm_fault_t *fault);
mdm_rc_e mdm_plist_data(mdm_arena_t *arena, plist_t dict, const char *key,
    mdm_str_t *value, mdm_fault_t *fault);
mdm_rc_e mdm_plist_bool(plist_t dict, const char *key, bool *value,
    mdm_fault_t *fault);

/* Serialises a dictionary as an XML property list into the arena. */
mdm_rc_e mdm_plist_write(mdm_arena_t *arena, plist_t root, mdm_str_t *xml);


#endif /* _MDM_PLIST_H_INCLUDED_ */
