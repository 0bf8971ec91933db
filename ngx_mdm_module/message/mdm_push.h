
/*
 * A push to a device in the terms of Apple's push service: what is sent and
 * what the answer means.  Source: Apple, "Sending notification requests to
 * APNs", "Handling notification responses from APNs"; Device Management,
 * "Setting up push notifications for your MDM customers".
 */


#ifndef _MDM_PUSH_H_INCLUDED_
#define _MDM_PUSH_H_INCLUDED_


#include "mdm_base.h"


#define MDM_PUSH_MAX_TOKEN      100          /* bytes; 32 today */
#define MDM_PUSH_MAX_BODY       4096
#define MDM_PUSH_PATH           "/3/device/"
#define MDM_PUSH_MAX_PATH       (sizeof(MDM_PUSH_PATH) - 1                    \
                                 + 2 * MDM_PUSH_MAX_TOKEN)

/* The longest answer that is read; the rest is passed over. */
#define MDM_PUSH_MAX_ANSWER     1024


/* What is to be done about an answer. */

typedef enum {
    MDM_PUSH_ACCEPTED = 0,
    MDM_PUSH_DEAD,               /* the token is: no push until another comes,
                                    unless the token is newer than `time` */
    MDM_PUSH_REFUSED,            /* the same of this device, whatever its
                                    token's age */
    MDM_PUSH_MISCONFIGURED,      /* nothing of this topic will be accepted */
    MDM_PUSH_THROTTLED,          /* this device later */
    MDM_PUSH_AGAIN,              /* later */
    MDM_PUSH_RECONNECT,          /* on another connection */
    MDM_PUSH_OUR_FAULT,          /* what was sent is wrong: no push that is the
                                    same will be accepted */
    MDM_PUSH_NCLASSES
} mdm_push_class_e;


typedef struct {
    unsigned              status;         /* of HTTP; 0: none came */
    mdm_push_class_e      class;
    const char           *reason;         /* Apple's word, static; "" with 200;
                                             "Unknown" when it is none of
                                             those documented */
    int64_t               time;           /* of 410: milliseconds since 1970
                                             when it was found dead, or 0 */
} mdm_push_answer_t;


/* "/3/device/" and the token in lower-case hexadecimal.  Returns the length,
 * or 0: the token is empty or too long. */
size_t mdm_push_path(mdm_str_t token, char path[MDM_PUSH_MAX_PATH]);

/* {"mdm":"PushMagic"}, escaped as JSON wants it.  Returns the length, or 0: it
 * does not fit, or is not UTF-8. */
size_t mdm_push_body(mdm_str_t magic, char *body, size_t size);

/* Reads an answer.  What it cannot read is judged by its status alone. */
void mdm_push_answer_read(mdm_push_answer_t *answer, unsigned status,
    mdm_str_t body);

/* The reasons that are known, "Unknown" among them, for who counts them: at
 * most 48.  mdm_push_reason() is NULL behind the last; the place is that of an
 * answer's `reason`, not of a copy. */
const char *mdm_push_reason(unsigned place);
unsigned mdm_push_reason_place(const char *reason);

/* "accepted", "dead", "refused", ...: one word each, as SQL takes them. */
const char *mdm_push_class_name(mdm_push_class_e class);


#endif /* _MDM_PUSH_H_INCLUDED_ */
