
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_RESTRICTIONS_H_INCLUDED_
#define _MDM_PLUGIN_RESTRICTIONS_H_INCLUDED_


#include "../plugins.h"


/* What holds for children on a Mac, or for one of them: once, and not on a Mac
 * that is its user's own. */
#define PARENTAL_CONTROLS(since)                                              \
    { .macos = { since, .device_channel = MDM_YES, .user_channel = MDM_YES,   \
                 .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN } }


extern const mdm_type_t  application_access;
extern const mdm_type_t  content_filter;
extern const mdm_type_t  game_center;
extern const mdm_type_t  restrictions;
extern const mdm_type_t  restrictions_list;
extern const mdm_type_t  time_limits;


#endif /* _MDM_PLUGIN_RESTRICTIONS_H_INCLUDED_ */
