
/*
 * The text of a JSON value, in an arena.
 */


#ifndef _MDM_JSON_TEXT_H_INCLUDED_
#define _MDM_JSON_TEXT_H_INCLUDED_


#include <jansson.h>

#include "mdm_base.h"


/* Absent when memory ran out. */
mdm_str_t mdm_json_text(mdm_arena_t *arena, const json_t *json);


#endif /* _MDM_JSON_TEXT_H_INCLUDED_ */
