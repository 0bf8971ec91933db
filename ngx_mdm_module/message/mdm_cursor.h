
/*
 * Cursors: a place in a list as clients are given it, to go on from there.
 * They see one word of letters, digits, "-" and "_", and must not look inside.
 */


#ifndef _MDM_CURSOR_H_INCLUDED_
#define _MDM_CURSOR_H_INCLUDED_


#include "mdm_base.h"


/*
 * A list whose cursors are told from those of others by its name.  The fields
 * that are joined by line feeds: one letter each, "i" a number, "t" text.
 */

typedef struct {
    const char           *name;
    const char           *fields;
} mdm_cursor_list_t;


/* A tenant's events in the order of commits: xid, event_id, and the event's
 * time in microseconds since 1970. */
extern const mdm_cursor_list_t  mdm_cursor_events;


/* How many bytes mdm_cursor_write() writes for so many bytes of fields. */
size_t mdm_cursor_size(const mdm_cursor_list_t *list, size_t len);

/* Returns the end of what it wrote. */
unsigned char *mdm_cursor_write(const mdm_cursor_list_t *list,
    mdm_str_t fields, unsigned char *p);

/*
 * Decodes into `buf`, which has room for as many bytes as `cursor` has, and
 * points `fields` into it.  MDM_MALFORMED: not a cursor of this list.  What is
 * accepted is text and numbers as PostgreSQL takes them.
 */
mdm_rc_e mdm_cursor_read(const mdm_cursor_list_t *list, mdm_str_t cursor,
    unsigned char *buf, mdm_str_t *fields);


#endif /* _MDM_CURSOR_H_INCLUDED_ */
