
/*
 * com.apple.system.logging: what a Mac logs, and whether private data show in
 * it.  Inside the dictionaries are names of subsystems and settings that only
 * the system knows.
 */


#include "mac-services.h"


static const mdm_systems_t  systems = {
    .macos = { "10.12", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    /* for nobody */
    { "Processes", MDM_DICTIONARY, MDM_KEYS({ "*", MDM_ANY }),
      MDM_ON(.macos = NEVER) },
    { "Subsystems", MDM_DICTIONARY, MDM_KEYS({ "*", MDM_ANY }) },
    { "System", MDM_DICTIONARY, MDM_KEYS({ "*", MDM_ANY }) },
    { 0 }
};


const mdm_type_t  system_logging = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.system.logging",
    .title = "System log",
    .on = &systems,
    .keys = keys
};
