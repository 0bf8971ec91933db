
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_MAC_DESKTOP_H_INCLUDED_
#define _MDM_PLUGIN_MAC_DESKTOP_H_INCLUDED_


#include "../plugins.h"


/* Settings of a Mac, or of one of its users: once, and not on a Mac that is
 * its user's own. */
#define SETTINGS_OF_MAC(...)                                                  \
    { .macos = { __VA_ARGS__, .device_channel = MDM_YES,                      \
                 .user_channel = MDM_YES, .many = MDM_NO,                     \
                 .user_enrollment = MDM_FORBIDDEN } }

/* what is off unless a payload turns it on; two that differ are a conflict */
#define OPTION(key, ...)  { key, MDM_BOOLEAN, .preset = "false", __VA_ARGS__ }

/* what holds as soon as one payload says so */
#define ON_IF_ANY(key, ...)                                                   \
    OPTION(key, .combine = MDM_COMBINE_OR, __VA_ARGS__)


extern const mdm_type_t  accessibility;
extern const mdm_type_t  dashboard;
extern const mdm_type_t  desktop;
extern const mdm_type_t  dictionary;
extern const mdm_type_t  disc_recording;
extern const mdm_type_t  dock;
extern const mdm_type_t  finder;
extern const mdm_type_t  media_access;
extern const mdm_type_t  menu_extras;
extern const mdm_type_t  share_kit;
extern const mdm_type_t  system_preferences;


#endif /* _MDM_PLUGIN_MAC_DESKTOP_H_INCLUDED_ */
