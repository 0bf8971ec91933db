
/*
 * com.apple.applicationaccess.new: the apps that children may open on a Mac.
 * An app is told by its identifier and by the requirement that its signature
 * has to meet; paths are the old way, those that are refused come first.
 */


#include "restrictions.h"


/* An app that has others in it lists them as itself. */
#define APPLICATION(helpers)                                                  \
    { "bundleID", MDM_STRING, MDM_NEEDED },                                   \
    { "appID", MDM_DATA, MDM_NEEDED },                                        \
    { "detachedSignature", MDM_DATA },                                        \
    { "disabled", MDM_BOOLEAN, .preset = "false" },                           \
    { "subApps", MDM_ARRAY, helpers },                                        \
    { "displayName", MDM_STRING },                                            \
    { 0 }


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


/* A table cannot hold itself: what is deeper than this is not looked at. */

static const mdm_key_t  inner_helper_keys[] = {
    APPLICATION(.keys = NULL)
};


static const mdm_key_t  helper_keys[] = {
    APPLICATION(MDM_KEYS({ NULL, MDM_DICTIONARY, 0, inner_helper_keys }))
};


static const mdm_key_t  application_keys[] = {
    APPLICATION(MDM_KEYS({ NULL, MDM_DICTIONARY, 0, helper_keys }))
};


static const mdm_key_t  keys[] = {
    { "familyControlsEnabled", MDM_BOOLEAN, MDM_NEEDED,
      .combine = MDM_COMBINE_OR },
    { "whiteList", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, application_keys }),
      .combine = MDM_COMBINE_INTERSECTION },
    { "pathBlackList", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }),
      .combine = MDM_COMBINE_UNION,
      MDM_ON(.macos = { .deprecated = "10.15" }) },
    { "pathWhiteList", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }),
      .combine = MDM_COMBINE_INTERSECTION,
      MDM_ON(.macos = { .deprecated = "10.15" }) },
    { 0 }
};


const mdm_type_t  application_access = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.applicationaccess.new",
    .title = "Apps for children",
    .on = &systems,
    .keys = keys
};
