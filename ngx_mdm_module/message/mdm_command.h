
/*
 * A command as an operator hands it over: the envelope of CommandUUID and
 * Command.  It is read to learn what the queue must know of it, and delivered
 * byte for byte.
 */


#ifndef _MDM_COMMAND_H_INCLUDED_
#define _MDM_COMMAND_H_INCLUDED_


#include "mdm_base.h"
#include "../schema/mdm_schema.h"


#define MDM_COMMAND_LIMIT        (4 * 1024 * 1024)
#define MDM_COMMAND_UUID_MAX     255
#define MDM_COMMAND_TYPE_MAX     255
#define MDM_COMMAND_SUBJECT_MAX  2048     /* a longer one is MDM_MALFORMED */


typedef struct {
    mdm_str_t             command_uuid;
    mdm_str_t             request_type;
    mdm_str_t             subject;       /* "profile:com.example", "app:…";
                                            absent: commands of this type have
                                            no order among themselves */
    const mdm_schema_type_t  *type;      /* never NULL: a default row serves
                                            unknown types */
    bool                  renewal;       /* a profile with a payload that
                                            manages */
    bool                  urgent;        /* of its type */
    bool                  part;          /* it asks for some items of its
                                            lists only */
} mdm_command_t;


/*
 * Reads an envelope.  CommandUUID and Command.RequestType must be non-empty
 * strings of bounded length without control characters.  What is to be a profile
 * and cannot be read as one (plain or CMS-signed) is MDM_MALFORMED with words.
 */
mdm_rc_e mdm_command_read(mdm_arena_t *arena, mdm_str_t body,
    const mdm_schema_t *schema, mdm_command_t *command, mdm_fault_t *fault);

/*
 * For mdmctl and the API: takes an envelope without CommandUUID, or a bare Command
 * dictionary (with RequestType at the top), or a .mobileconfig (becomes the
 * command that brings profiles), and writes a whole envelope with the given UUID.  A
 * complete envelope is returned unchanged.
 */
mdm_rc_e mdm_command_envelope(mdm_arena_t *arena, mdm_str_t body,
    const mdm_schema_t *schema, mdm_str_t command_uuid, mdm_str_t *envelope,
    mdm_fault_t *fault);

/* Writes an envelope: members, with RequestType added, becomes its Command.
 * MDM_UNSUPPORTED as mdm_node_write(). */
mdm_rc_e mdm_command_write(mdm_arena_t *arena, mdm_str_t request_type,
    mdm_str_t command_uuid, mdm_node_t *members, mdm_str_t *envelope);


#endif /* _MDM_COMMAND_H_INCLUDED_ */
