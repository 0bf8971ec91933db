
/* Types of this plugin, a file each. */


#ifndef _MDM_PLUGIN_MAC_SECURITY_H_INCLUDED_
#define _MDM_PLUGIN_MAC_SECURITY_H_INCLUDED_


#include "../plugins.h"


/* For the Mac, not for its users; of any number of them it makes one.  Not on
 * a Mac that is its user's own. */
#define POLICY_OF_MAC(...)                                                    \
    { .macos = { __VA_ARGS__, .device_channel = MDM_YES,                      \
                 .user_channel = MDM_NO, .many = MDM_YES,                     \
                 .user_enrollment = MDM_FORBIDDEN } }

/* what would open a Mac: only from an MDM of which its user knows */
#define APPROVED  .user_approved = MDM_YES, .by_hand = MDM_NO

/* identifiers, by the team that signs what they name */
#define OF_TEAMS(key, items, ...)                                             \
    { key, MDM_DICTIONARY,                                                    \
      MDM_KEYS({ "*", MDM_ARRAY, 0, items, .combine = MDM_COMBINE_UNION }),   \
      __VA_ARGS__ }


extern const mdm_type_t  firewall;
extern const mdm_type_t  gatekeeper;
extern const mdm_type_t  gatekeeper_override;
extern const mdm_type_t  gatekeeper_rule;
extern const mdm_type_t  kernel_extensions;
extern const mdm_type_t  login_items;
extern const mdm_type_t  privacy;
extern const mdm_type_t  security_preferences;
extern const mdm_type_t  system_extensions;


#endif /* _MDM_PLUGIN_MAC_SECURITY_H_INCLUDED_ */
