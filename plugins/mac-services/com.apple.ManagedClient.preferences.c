
/*
 * com.apple.ManagedClient.preferences: preferences of any program, by its
 * domain, forced or set once.  What is in them only the program knows.
 */


#include "mac-services.h"


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  settings_keys[] = {
    { "mcx_preference_settings", MDM_DICTIONARY, MDM_NEEDED,
      MDM_KEYS({ "*", MDM_ANY }) },
    { 0 }
};


static const mdm_key_t  domain_keys[] = {
    { "Forced", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, settings_keys }) },
    { "Set-Once", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, settings_keys }) },
    { 0 }
};


static const mdm_key_t  content_keys[] = {
    /* com.example.app, or .GlobalPreferences */
    { "*", MDM_DICTIONARY, MDM_NEEDED, domain_keys },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "PayloadContent", MDM_DICTIONARY, MDM_NEEDED, content_keys },
    { 0 }
};


const mdm_type_t  managed_preferences = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.ManagedClient.preferences",
    .title = "Preferences of programs",
    .on = &systems,
    .keys = keys
};
