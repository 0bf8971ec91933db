
/*
 * What both forms of POST /v1/commands have in common: targets, options, and
 * what tells a repetition.
 */


#ifndef _NGX_MDM_API_OPTION_H_INCLUDED_
#define _NGX_MDM_API_OPTION_H_INCLUDED_


#include "ngx_mdm_api_ask.h"
#include "../engine/ngx_mdm_uuid.h"


typedef struct {
    ngx_mdm_api_ask_t       ask;         /* first: both are api->ctx */
    u_char                  uuid[NGX_MDM_UUID_LEN];   /* for a command that
                                                         has none */
    int64_t                 expires;     /* -1: as its type has it */
    unsigned                rejected:1;  /* see api->faults */
    unsigned                two_keys:1;
} ngx_mdm_api_command_t;


/* Those that return ngx_int_t give NGX_ERROR after the client was told. */

/* The options; what is wrong with them becomes faults. */
void ngx_mdm_api_option_read(ngx_mdm_api_t *api,
    ngx_mdm_api_command_t *command);

/* Makes room for the targets, an array of so many ids; a fault at `path` when
 * they are too few or many. */
ngx_int_t ngx_mdm_api_option_room(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask,
    const json_t *ids, const char *path);

/* A CommandUUID for a command that has none. */
ngx_int_t ngx_mdm_api_option_uuid(ngx_mdm_api_t *api,
    ngx_mdm_api_command_t *command);

/*
 * What tells a repetition.  With an Idempotency-Key all of the body does;
 * without, the body but for the members in the list, which ends with NULL, and
 * the `text` in their place.
 */
ngx_int_t ngx_mdm_api_option_digest(ngx_mdm_api_t *api,
    ngx_mdm_api_ask_t *ask, const char *const *without, mdm_str_t text);

/* When it expires, by its type too. */
ngx_int_t ngx_mdm_api_option_times(ngx_mdm_api_t *api,
    ngx_mdm_api_command_t *command);

/* Are there faults? */
ngx_int_t ngx_mdm_api_option_rejected(ngx_mdm_api_t *api);
void ngx_mdm_api_option_two_keys(ngx_mdm_api_t *api);

/* Was something else asked with this CommandUUID or key? */
ngx_int_t ngx_mdm_api_option_conflict(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);

/* The answer to what enqueue() did; api->status is set. */
json_t *ngx_mdm_api_option_answer(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);


#endif /* _NGX_MDM_API_OPTION_H_INCLUDED_ */
