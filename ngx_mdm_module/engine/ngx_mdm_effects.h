
/*
 * What a report changes besides the state of its command: the handler of its
 * request type is run, and what it wants is sealed and written down for SQL,
 * which stores it with the report or not at all (sql/functions/effect.sql).
 */


#ifndef _NGX_MDM_EFFECTS_H_INCLUDED_
#define _NGX_MDM_EFFECTS_H_INCLUDED_


#include "../message/mdm_plist.h"
#include "../pki/mdm_secret.h"
#include "../schema/mdm_effects.h"


typedef struct {
    mdm_arena_t               *arena;
    const mdm_schema_t        *schema;
    const mdm_schema_type_t   *type;          /* of the command */
    const mdm_secret_ring_t   *ring;
    int64_t                    tenant_id;
    mdm_str_t                  enrollment;    /* written id */
    mdm_str_t                  command_uuid;  /* the report's */
    plist_t                    plist;         /* the report; NULL: is yet to be
                                                 decoded ... */
    mdm_str_t                  body;          /* ... from this */

    mdm_str_t                  json;          /* out, as effects_apply() takes
                                                 it; absent: no effects */
    mdm_str_t                  lists;         /* the same; absent: none, or it
                                                 failed */
    bool                       failed;        /* json says why */
    mdm_fault_t                fault;         /* so does this */
    size_t                     n;
    size_t                     counts[MDM_EFFECT_EVENT + 1];
    size_t                     items;         /* of lists */
} ngx_mdm_effects_t;


/* Never fails a report: what goes wrong, memory that runs out as well, is
 * "failed".  Touches nothing but its own memory, so it may run in a thread. */
void ngx_mdm_effects_run(ngx_mdm_effects_t *effects);

/* The same for a reason that is known already. */
void ngx_mdm_effects_fail(ngx_mdm_effects_t *effects, const char *reason);


#endif /* _NGX_MDM_EFFECTS_H_INCLUDED_ */
