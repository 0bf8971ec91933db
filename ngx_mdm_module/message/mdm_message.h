
/*
 * A device's message, decoded: the nine check-in messages and the command
 * cycle's report.  Reads, never writes back: what a device sent is kept as the
 * bytes it sent.  Key names are those of Apple's "Implementing device
 * management", check-in and command schemas.
 */


#ifndef _MDM_MESSAGE_H_INCLUDED_
#define _MDM_MESSAGE_H_INCLUDED_


#include "mdm_base.h"
#include "mdm_enrollment_id.h"

#include <plist/plist.h>


#define MDM_CHECKIN_LIMIT   (64 * 1024)
#define MDM_REPORT_LIMIT    (4 * 1024 * 1024)


typedef enum {
    MDM_AUTHENTICATE = 0,
    MDM_TOKEN_UPDATE,
    MDM_CHECK_OUT,
    MDM_USER_AUTHENTICATE,
    MDM_SET_BOOTSTRAP_TOKEN,
    MDM_GET_BOOTSTRAP_TOKEN,
    MDM_DECLARATIVE_MANAGEMENT,
    MDM_GET_TOKEN,
    MDM_RETURN_TO_SERVICE,
    MDM_REPORT                         /* command cycle: Idle or a result */
} mdm_message_type_e;


typedef enum {
    MDM_STATUS_IDLE = 0,
    MDM_STATUS_ACKNOWLEDGED,
    MDM_STATUS_ERROR,
    MDM_STATUS_COMMAND_FORMAT_ERROR,
    MDM_STATUS_NOT_NOW,
    MDM_STATUS_UNREADABLE              /* ours: see mdm_report_salvage() */
} mdm_report_status_e;


typedef struct {
    mdm_message_type_e    type;
    mdm_enrollment_id_t   id;

    /* Authenticate, TokenUpdate, CheckOut */
    mdm_str_t             topic;

    /* TokenUpdate */
    mdm_str_t             token;
    mdm_str_t             push_magic;
    mdm_str_t             unlock_token;
    bool                  awaiting_configuration;   /* SetBootstrapToken too */
    bool                  not_on_console;

    /* SetBootstrapToken; absent or empty deletes the stored one */
    mdm_str_t             bootstrap_token;

    /* UserAuthenticate, second request */
    mdm_str_t             digest_response;

    /* DeclarativeManagement */
    mdm_str_t             endpoint;
    mdm_str_t             data;

    /* GetToken */
    mdm_str_t             token_service_type;

    /* report */
    mdm_report_status_e   status;
    mdm_str_t             command_uuid;      /* absent when Idle */
    mdm_str_t             error;             /* "<domain> <code>" of the first
                                                item of ErrorChain, or absent */

    /*
     * Authenticate's facts of hardware and system, as the text of a flat JSON
     * object (strings, numbers, booleans), or absent.
     */
    mdm_str_t             attributes;
} mdm_message_t;


/*
 * Decode one body.  All strings of *message live in the arena.  An unknown
 * MessageType or Status is MDM_MALFORMED, a missing required key too; the
 * fault names the key.  Unknown keys are ignored.
 */
mdm_rc_e mdm_checkin_decode(mdm_arena_t *arena, mdm_str_t body,
    mdm_message_t *message, mdm_fault_t *fault);

/* *root, unless NULL, is the caller's, to be freed with mdm_plist_free(); NULL
 * unless MDM_OK. */
mdm_rc_e mdm_report_decode(mdm_arena_t *arena, mdm_str_t body,
    mdm_message_t *message, plist_t *root, mdm_fault_t *fault);

/*
 * For a report that mdm_report_decode() refused as malformed or too large:
 * finds, by a bounded look at the bytes of an XML list, the identity keys and
 * CommandUUID, so that one unreadable answer closes its own command instead of
 * blocking the queue.  On MDM_OK the status is MDM_STATUS_UNREADABLE.
 */
mdm_rc_e mdm_report_salvage(mdm_arena_t *arena, mdm_str_t body,
    mdm_message_t *message);

/* "Authenticate", "TokenUpdate", ...; "Report" for a report. */
const char *mdm_message_type_name(mdm_message_type_e type);

/* "Idle", "Acknowledged", "Error", "CommandFormatError", "NotNow",
 * "Unreadable". */
const char *mdm_report_status_name(mdm_report_status_e status);


/* Bodies of the check-in answers that have one (XML property lists). */
mdm_rc_e mdm_reply_digest_challenge(mdm_arena_t *arena, mdm_str_t challenge,
    mdm_str_t *body);
mdm_rc_e mdm_reply_bootstrap_token(mdm_arena_t *arena, mdm_str_t token,
    mdm_str_t *body);                  /* an absent token gives an empty dict */
mdm_rc_e mdm_reply_return_to_service(mdm_arena_t *arena, bool enabled,
    mdm_str_t *body);


#endif /* _MDM_MESSAGE_H_INCLUDED_ */
