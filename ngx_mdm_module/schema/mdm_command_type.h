
/*
 * What the queue must know of a command type: its subject, whether it may be
 * repeated, how long it stays wanted.  One small table, until plugins carry
 * these facts.
 */


#ifndef _MDM_COMMAND_TYPE_H_INCLUDED_
#define _MDM_COMMAND_TYPE_H_INCLUDED_


#include "../message/mdm_base.h"


/* More destructive types there are not. */
#define MDM_COMMAND_TYPE_DESTRUCTIVE_MAX   16


typedef enum {
    MDM_REPEAT_SAFE = 0,      /* may be delivered again when unanswered */
    MDM_REPEAT_ONCE           /* after one unanswered delivery it is STALLED
                                 until a person decides */
} mdm_repeat_e;


typedef enum {
    MDM_SUBJECT_NONE = 0,
    MDM_SUBJECT_KEY,          /* <prefix>:<Command.subject_key> */
    MDM_SUBJECT_PROFILE,      /* profile:<PayloadIdentifier inside Payload> */
    MDM_SUBJECT_FIXED         /* the prefix alone: all of this type are one
                                 subject */
} mdm_subject_e;


typedef struct {
    const char           *request_type;
    mdm_subject_e         subject;
    const char           *subject_prefix;
    const char           *subject_keys[3];  /* first present one, in order */
    mdm_repeat_e          repeat;
    uint32_t              expires;          /* seconds; 0: never by itself */
    bool                  supersedes;       /* replaces undelivered and NotNow
                                               commands of its subject */
    bool                  urgent;           /* goes before a delivered,
                                               unanswered command */
    bool                  destructive;      /* erases, locks, or ends the
                                               management: a right of its own */
} mdm_command_type_t;


/* Never NULL: an unknown type gets the default row (no subject, safe, 90
 * days), whose request_type is empty. */
const mdm_command_type_t *mdm_command_type_find(mdm_str_t request_type);

/* The names of the destructive types, from 0 on; NULL after the last. */
const char *mdm_command_type_destructive(size_t n);


#endif /* _MDM_COMMAND_TYPE_H_INCLUDED_ */
