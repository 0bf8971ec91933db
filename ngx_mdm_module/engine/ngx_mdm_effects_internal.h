
/* What the files of effects share; nobody else includes this. */


#ifndef _NGX_MDM_EFFECTS_INTERNAL_H_INCLUDED_
#define _NGX_MDM_EFFECTS_INTERNAL_H_INCLUDED_


#include <jansson.h>

#include "ngx_mdm_effects.h"


/* ngx_mdm_effects_command.c */
mdm_rc_e ngx_mdm_effects_command(ngx_mdm_effects_t *e, json_t *all,
    const mdm_effect_t *effect);

/* ngx_mdm_effects.c */

/* Puts what was sealed, or is data, into an object, in Base64. */
mdm_rc_e ngx_mdm_effects_seal(ngx_mdm_effects_t *e, const char *kind,
    mdm_str_t row, mdm_str_t plain, const char *name, json_t *object);
mdm_rc_e ngx_mdm_effects_data(ngx_mdm_effects_t *e, json_t *object,
    const char *name, mdm_str_t data);

/* Takes the item over. */
mdm_rc_e ngx_mdm_effects_append(ngx_mdm_effects_t *e, json_t *all,
    const char *list, json_t *item);

mdm_rc_e ngx_mdm_effects_no_memory(ngx_mdm_effects_t *e);


#endif /* _NGX_MDM_EFFECTS_INTERNAL_H_INCLUDED_ */
