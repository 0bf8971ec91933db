
/*
 * JSON as clients of the API send it, behind a guard as property lists have
 * one: jansson is never shown what would unfold to more than is allowed.
 */


#ifndef _MDM_JSON_H_INCLUDED_
#define _MDM_JSON_H_INCLUDED_


#include <jansson.h>

#include "mdm_base.h"


/* No operation needs more than four levels. */
#define MDM_JSON_MAX_DEPTH    64

/* Twice what the largest call needs; more of them take the event loop too long
 * to look at and to free. */
#define MDM_JSON_MAX_VALUES   20000


/*
 * Reads one object: UTF-8, no member twice, no NUL, nothing behind it.
 * *object is the caller's and NULL unless MDM_OK.  The fault quotes nothing of
 * the text, which may be secret.
 *
 * MDM_TOO_LARGE: it is nested too deep, or holds too many values.
 */
mdm_rc_e mdm_json_read(mdm_str_t text, json_t **object, mdm_fault_t *fault);

/*
 * jansson's json_loadb(), for text of our own.  NULL with an empty error.text:
 * memory ran out.  Where it does within a string, jansson's parser leaves out
 * what it had no room for, goes on, and may write past the end of what it has:
 * with mdm_json_malloc() in json_set_alloc_funcs() reading ends there instead,
 * and what was read so far is lost.
 */
json_t *mdm_json_load(mdm_str_t text, size_t flags, json_error_t *error);
void *mdm_json_malloc(size_t size);


/* What the guard counts: of JSON that is well formed, exactly what it holds;
 * of other text, no less than there is before its first error. */

typedef struct {
    size_t                values;        /* names of members are none */
    size_t                depth;
} mdm_json_size_t;

mdm_json_size_t mdm_json_measure(mdm_str_t text);


#endif /* _MDM_JSON_H_INCLUDED_ */
