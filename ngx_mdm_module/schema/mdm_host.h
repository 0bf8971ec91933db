
/*
 * One call of a plugin's function, seen from the host: what it may use, and
 * where it went wrong.
 */


#ifndef _MDM_HOST_H_INCLUDED_
#define _MDM_HOST_H_INCLUDED_


#include "mdm_effects.h"
#include "mdm_schema.h"


/* Where item() was in the lists that it was asked for last, so that a walk by
 * numbers is linear, be it one through lists that lie in each other. */

#define MDM_HOST_PLACES  4

typedef struct {
    const mdm_node_t     *list;
    const mdm_node_t     *item;
    size_t                n;
} mdm_host_place_t;


/* The plugin has a pointer to `call`, which comes first. */

typedef struct mdm_host_call_s  mdm_host_call_t;

struct mdm_host_call_s {
    mdm_call_t            call;
    mdm_arena_t          *arena;
    mdm_findings_t       *findings;      /* of fault() and warn(), or NULL */
    mdm_str_t             prefix;        /* of their paths */
    mdm_effects_t        *effects;       /* of result(), or NULL */
    size_t                faults;        /* how often fault() was called */
    bool                  failed;        /* by an effect that is none, ... */
    mdm_fault_t           why;           /* ... in words */

    mdm_host_place_t      places[MDM_HOST_PLACES];  /* the latest first */
    mdm_host_call_t      *outer;         /* of this thread */
};


extern const mdm_host_t  mdm_host;


/* Before and after the function is called; findings and effects may be set
 * between. */
void mdm_host_enter(mdm_host_call_t *host, mdm_arena_t *arena, void *state);
void mdm_host_leave(mdm_host_call_t *host);


#endif /* _MDM_HOST_H_INCLUDED_ */
