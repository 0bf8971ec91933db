
/*
 * What clients write behind the "?" of a URL, and the percent-encoding of all
 * its parts.
 */


#ifndef _MDM_URL_H_INCLUDED_
#define _MDM_URL_H_INCLUDED_


#include "mdm_base.h"


/*
 * Decodes "%41" into `buf`, which has room for as many bytes as `s` has.  A
 * "%" without two hexadecimal digits stays as it is, for to drop it would make
 * another name of a name; "+" is a plus.
 */
mdm_str_t mdm_url_decode(mdm_str_t s, unsigned char *buf);

/*
 * Takes the first of the arguments between "&" off *args.  Both parts are
 * still encoded; the value is absent when there is no "=".  False when none is
 * left.
 */
bool mdm_url_argument(mdm_str_t *args, mdm_str_t *name, mdm_str_t *value);

/*
 * The arguments as the text of a JSON object of strings.  Of a name that
 * stands twice the last counts; what is no UTF-8 or holds a NUL is left out,
 * and so is what has no name.
 */
mdm_rc_e mdm_url_arguments_json(mdm_arena_t *arena, mdm_str_t args,
    mdm_str_t *json);


#endif /* _MDM_URL_H_INCLUDED_ */
