
/*
 * Effects while a report is worked on: the host functions by which result()
 * tells them, see mdm_host.c, and what the files of effects share.
 */


#ifndef _MDM_EFFECT_H_INCLUDED_
#define _MDM_EFFECT_H_INCLUDED_


#include "mdm_host.h"
#include "mdm_schema_internal.h"


bool mdm_effect_set_attribute(mdm_call_t *call, const char *name,
    const mdm_node_t *value);
bool mdm_effect_keep_secret(mdm_call_t *call, const char *kind,
    mdm_text_t value);
bool mdm_effect_queue_command(mdm_call_t *call, const char *request_type,
    const mdm_node_t *command);
bool mdm_effect_emit_event(mdm_call_t *call, const char *type,
    const mdm_node_t *data);

/* mdm_effect_list.c: a NULL value is no item, but tells of the list. */
bool mdm_effect_keep_item(mdm_call_t *call, const char *list, mdm_text_t key,
    const mdm_node_t *value);

/* An array with a list; a dictionary around "*" with one; a member of that. */
void mdm_effect_list_array(mdm_host_call_t *host, const mdm_schema_key_t *key,
    const mdm_node_t *array, unsigned depth);
void mdm_effect_list_rest(mdm_host_call_t *host, const mdm_schema_key_t *key);
void mdm_effect_list_member(mdm_host_call_t *host,
    const mdm_schema_key_t *key, const mdm_node_t *member, unsigned depth);

/* mdm_effects.c: what the table of a dictionary keeps. */
void mdm_effect_answer(mdm_host_call_t *host, const mdm_schema_key_t *table,
    const mdm_node_t *report, unsigned depth);

/* False, and the call has failed; the first one is told.
 * Without a function `why` is a whole sentence. */
bool mdm_effect_refuse(mdm_host_call_t *host, const char *function,
    const char *name, const char *why);

/* Adds up bytes of texts and names, and some for each value; false: more than
 * MDM_EFFECTS_MAX_BYTES, too deep, or what cannot be written. */
bool mdm_effect_size(const mdm_node_t *node, unsigned depth, size_t *size);


#endif /* _MDM_EFFECT_H_INCLUDED_ */
