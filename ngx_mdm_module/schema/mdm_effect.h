
/* The host functions by which result() tells effects; see mdm_host.c. */


#ifndef _MDM_EFFECT_H_INCLUDED_
#define _MDM_EFFECT_H_INCLUDED_


#include "mdm_host.h"


bool mdm_effect_set_attribute(mdm_call_t *call, const char *name,
    const mdm_node_t *value);
bool mdm_effect_keep_secret(mdm_call_t *call, const char *kind,
    mdm_text_t value);
bool mdm_effect_queue_command(mdm_call_t *call, const char *request_type,
    const mdm_node_t *command);
bool mdm_effect_emit_event(mdm_call_t *call, const char *type,
    const mdm_node_t *data);


#endif /* _MDM_EFFECT_H_INCLUDED_ */
