
/*
 * Per-device values: "%SerialNumber%" in a stored command becomes the value of
 * that attribute when the command is delivered.  "%%" is one percent sign.  A
 * name is [A-Za-z][A-Za-z0-9._-]{0,127} and not two hexadecimal digits, as in
 * "%C3%A9" of an URL; what does not look like one between two signs stays as it
 * is.  Names of members are not looked through, nor are
 * CommandUUID and RequestType.
 */


#ifndef _MDM_VALUES_H_INCLUDED_
#define _MDM_VALUES_H_INCLUDED_


#include "mdm_node.h"


#define MDM_VALUES_MAX_NAMES  64         /* different ones in one command */


typedef struct {
    size_t                n;
    mdm_str_t             names[MDM_VALUES_MAX_NAMES];
    bool                  escaped;       /* there is a "%%" to turn */
} mdm_values_t;


/* Collects the names in one text, of which they are parts; MDM_TOO_LARGE past
 * the bound. */
mdm_rc_e mdm_values_find(mdm_str_t text, mdm_values_t *values,
    mdm_fault_t *fault);

/* With each percent sign twice: what shall stay as it is in a command of which
 * other texts want values.  Absent when memory ran out. */
mdm_str_t mdm_values_literal(mdm_arena_t *arena, mdm_str_t text);

/*
 * What a stored command wants at its delivery, one text each (the column
 * command.wants, a text[]):
 *
 *     SerialNumber               the value of this attribute, in its strings
 *     UnlockToken<unlock_token   member of Command: data from this escrow
 *     Payload:profile            member of Command: data, a profile, whose
 *                                strings are resolved, too
 *
 * An empty list: nothing but "%%" to turn.  A name that is not in the list
 * stays as it is.
 */

/* The value of an attribute, or of a kind of secret: an absent string is "not
 * known". */
typedef mdm_str_t (*mdm_values_pt)(void *data, mdm_str_t name, bool secret);

/*
 * Resolves a stored command (an XML plist) and writes it anew.  A value is
 * text, escaped as its place wants it, and never looked through again.  A
 * signed profile stays byte for byte.
 *
 * MDM_MALFORMED: a value is not known or no text, in words that name it, or
 * the command cannot be read.  MDM_TOO_LARGE: it would become so.
 */
#define MDM_VALUES_MAX_SIZE   (8 * 1024 * 1024)
mdm_rc_e mdm_values_resolve(mdm_arena_t *arena, mdm_str_t command,
    const mdm_str_t *wants, size_t n, mdm_values_pt value, void *data,
    mdm_str_t *resolved, mdm_fault_t *fault);


#endif /* _MDM_VALUES_H_INCLUDED_ */
