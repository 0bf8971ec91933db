
/*
 * com.apple.familycontrols.timelimits.v2: how long, and between which hours,
 * children use a Mac.
 */


#include "restrictions.h"


/* hours, minutes, seconds; one digit of each is enough */
#define TIME  "^[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}$"


static const mdm_systems_t  systems = PARENTAL_CONTROLS("10.7");


static const mdm_key_t  limit_keys[] = {
    { "enabled", MDM_BOOLEAN, MDM_NEEDED, .combine = MDM_COMBINE_OR },
    { "rangeType", MDM_INTEGER, MDM_NEEDED,
      MDM_ONE_OF("0" /* weekday */, "1" /* weekend */) },
    { "start", MDM_STRING, .pattern = TIME },
    { "end", MDM_STRING, .pattern = TIME },
    { "secondsPerDay", MDM_INTEGER, .combine = MDM_COMBINE_MIN },
    { 0 }
};


static const mdm_key_t  time_limit_keys[] = {
    { "weekday-allowance", MDM_DICTIONARY, 0, limit_keys },
    { "weekday-curfew", MDM_DICTIONARY, 0, limit_keys },
    { "weekend-allowance", MDM_DICTIONARY, 0, limit_keys },
    { "weekend-curfew", MDM_DICTIONARY, 0, limit_keys },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "familyControlsEnabled", MDM_BOOLEAN, MDM_NEEDED,
      .combine = MDM_COMBINE_OR },
    { "time-limits", MDM_DICTIONARY, 0, time_limit_keys },
    { 0 }
};


const mdm_type_t  time_limits = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.familycontrols.timelimits.v2",
    .title = "Time limits",
    .on = &systems,
    .keys = keys
};
