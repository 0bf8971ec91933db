
/*
 * Who sends a message: the identity keys of a body, resolved to a channel, and
 * the way an enrolment id is written in the API.
 */


#ifndef _MDM_ENROLLMENT_ID_H_INCLUDED_
#define _MDM_ENROLLMENT_ID_H_INCLUDED_


#include <plist/plist.h>

#include "mdm_base.h"


#define MDM_ENROLLMENT_ID_MAX   255

/* The UserID of every Shared iPad user (Apple: MDM protocol, check-in). */
#define MDM_SHARED_IPAD_USER_ID  "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"


typedef enum {
    MDM_CHANNEL_DEVICE = 0,           /* UDID */
    MDM_CHANNEL_USER,                 /* UDID + UserID: a Mac's user */
    MDM_CHANNEL_SHARED_USER,          /* UDID + UserShortName: Shared iPad */
    MDM_CHANNEL_ENROLLMENT,           /* EnrollmentID: user enrolment */
    MDM_CHANNEL_ENROLLMENT_USER       /* EnrollmentID + EnrollmentUserID */
} mdm_channel_e;


typedef struct {
    mdm_channel_e         channel;
    mdm_str_t             device_id;   /* UDID or EnrollmentID, as sent */
    mdm_str_t             user_id;     /* what tells users apart; len 0 on a
                                          device channel, never NULL */
    mdm_str_t             user_short_name;
    mdm_str_t             user_long_name;
} mdm_enrollment_id_t;


/* The names stored in enrollment.channel: "device", "user", "shared_user",
 * "enrollment", "enrollment_user". */
const char *mdm_channel_name(mdm_channel_e channel);
bool mdm_channel_is_user(mdm_channel_e channel);

/*
 * Resolves the identity keys of a check-in or a report.  Ids are refused when
 * they hold a control character, ':', ',', '/' or '%' or pass
 * MDM_ENROLLMENT_ID_MAX bytes; a UserShortName is only bounded and free of
 * control characters, for it is percent-encoded where it is written.
 */
mdm_rc_e mdm_enrollment_id_read(mdm_arena_t *arena, plist_t dict,
    mdm_enrollment_id_t *id, mdm_fault_t *fault);

/* "UDID", "EnrollmentID", "UDID:UserID" or "UDID:UserShortName" with the user
 * part percent-encoded (RFC 3986 unreserved characters and '@' stay). */
mdm_str_t mdm_enrollment_id_write(mdm_arena_t *arena, mdm_str_t device_id,
    mdm_str_t user_id);

/* The reverse: splits at the first ':' and decodes the user part. */
mdm_rc_e mdm_enrollment_id_parse(mdm_arena_t *arena, mdm_str_t written,
    mdm_str_t *device_id, mdm_str_t *user_id, mdm_fault_t *fault);

/* The same of a URL's part.  Clients that encode whole parts write the colon
 * as %3A; then the id is encoded once more than it was written. */
mdm_rc_e mdm_enrollment_id_of_url(mdm_arena_t *arena, mdm_str_t part,
    mdm_str_t *device_id, mdm_str_t *user_id, mdm_fault_t *fault);


#endif /* _MDM_ENROLLMENT_ID_H_INCLUDED_ */
