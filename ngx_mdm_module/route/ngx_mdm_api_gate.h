
/*
 * Who of many enrolments may get what was checked: what is known of them is
 * asked of PostgreSQL in one statement, and each group of whom the same is
 * known is judged once.
 */


#ifndef _NGX_MDM_API_GATE_H_INCLUDED_
#define _NGX_MDM_API_GATE_H_INCLUDED_


#include "ngx_mdm_api_ask.h"
#include "../schema/mdm_schema.h"


/* One sentence and whom it is about. */
typedef struct ngx_mdm_api_gate_row_s  ngx_mdm_api_gate_row_t;


typedef struct {
    mdm_arena_t               *arena;
    mdm_check_t               *check;    /* what was checked */
    ngx_mdm_api_targets_t     *targets;  /* once judged without those that are
                                            refused, or named once more */
    ngx_mdm_policies_t         policies;
    ngx_mdm_pg_rows_t          facts;

    ngx_str_t                 *all;      /* the ids of all targets */
    ngx_uint_t                 n;
    u_char                    *fates;    /* of each of them */
    ngx_uint_t                 allowed;
    ngx_uint_t                 refused;
    ngx_mdm_api_gate_row_t    *first, *last;
    ngx_uint_t                 nrows;
    unsigned                   no_memory:1;
} ngx_mdm_api_gate_t;


/* Asks what is known of the targets; `handler` calls ngx_mdm_api_gate_keep()
 * and then ngx_mdm_api_work() with what it gives as size. */
void ngx_mdm_api_gate_ask(ngx_mdm_api_t *api, ngx_mdm_api_gate_t *gate,
    mdm_check_t *check, ngx_mdm_api_targets_t *targets,
    ngx_mdm_pg_handler_pt handler);
size_t ngx_mdm_api_gate_keep(ngx_mdm_api_gate_t *gate,
    const ngx_mdm_pg_rows_t *rows);


/* --- fit for a thread --- */

/* Judges them.  A per-device value that nobody has becomes a fault of the
 * check. */
void ngx_mdm_api_gate_judge(ngx_mdm_api_gate_t *gate);

/* What an answer says of it: [{"code", "path", "rule", …}]. */
json_t *ngx_mdm_api_gate_warnings(const ngx_mdm_api_gate_t *gate);
json_t *ngx_mdm_api_gate_refused(const ngx_mdm_api_gate_t *gate);

/* [{"enrollment", "code", "message"}] of those who cannot get any command. */
json_t *ngx_mdm_api_gate_failed(const ngx_mdm_api_gate_t *gate);

/* {"error": …} when the check has faults, or when everybody is refused. */
json_t *ngx_mdm_api_gate_invalid(const mdm_findings_t *findings,
    const char *code);
json_t *ngx_mdm_api_gate_unavailable(const ngx_mdm_api_gate_t *gate);


#endif /* _NGX_MDM_API_GATE_H_INCLUDED_ */
