
/*
 * How a message's keys become fields: rows of a table, read one by one.
 * Shared by mdm_message.c and mdm_report.c, of no use to others.
 */


#ifndef _MDM_MESSAGE_FIELDS_H_INCLUDED_
#define _MDM_MESSAGE_FIELDS_H_INCLUDED_


#include "mdm_message.h"


/* A longer string is no attribute: it could not be indexed. */
#define MDM_ATTRIBUTE_MAX   1024


typedef enum {
    MDM_FIELD_STRING = 0,
    MDM_FIELD_DATA,
    MDM_FIELD_BOOL
} mdm_field_kind_e;


typedef struct {
    const char           *key;           /* NULL ends the table */
    mdm_field_kind_e      kind;
    bool                  required;      /* present and not empty */
    size_t                max;           /* bytes; 0: the body is the bound */
    size_t                offset;        /* into mdm_message_t */
} mdm_message_field_t;


mdm_rc_e mdm_message_fields(mdm_arena_t *arena, plist_t dict,
    const mdm_message_field_t *fields, mdm_message_t *message,
    mdm_fault_t *fault);

/*
 * The named keys (ended by NULL) of dict as a flat JSON object.  What is
 * absent, nested or of another type is passed over; absent if nothing is left.
 */
mdm_rc_e mdm_message_attributes(mdm_arena_t *arena, plist_t dict,
    const char *const *keys, mdm_str_t *attributes, mdm_fault_t *fault);


#endif /* _MDM_MESSAGE_FIELDS_H_INCLUDED_ */
