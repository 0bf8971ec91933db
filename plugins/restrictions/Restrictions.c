
/*
 * Restrictions: which restrictions hold, and from which profile.
 */


#include "restrictions.h"
#include "../results.h"


static bool result(mdm_call_t *call, const mdm_result_t *done);


static const mdm_systems_t  systems = {
    .ios = { "4.0", .access_rights = MDM_QUERY_RESTRICTIONS,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .tvos = { "9.0", .access_rights = MDM_QUERY_RESTRICTIONS },
    .visionos = { "1.1", .access_rights = MDM_QUERY_RESTRICTIONS,
                  .user_enrollment = MDM_FORBIDDEN },
    .watchos = { "10.0", .access_rights = MDM_QUERY_RESTRICTIONS }
};


static const mdm_key_t  boolean_keys[] = {
    { "value", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  integer_keys[] = {
    { "value", MDM_INTEGER, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  strings_keys[] = {
    { "values", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


/* By whatever rule a restriction came about, its name is its own. */

static const mdm_key_t  global_keys[] = {
    { "restrictedBool", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_DICTIONARY, .keys = boolean_keys,
                 .list = "restrictions" }) },
    { "restrictedValue", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_DICTIONARY, .keys = integer_keys,
                 .list = "restrictions" }) },
    { "intersection", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_DICTIONARY, .keys = strings_keys,
                 .list = "restrictions" }) },
    { "union", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_DICTIONARY, .keys = strings_keys,
                 .list = "restrictions" }) },
    { 0 }
};


static const mdm_key_t  profile_keys[] = {
    { "restrictedBool", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_DICTIONARY, .keys = boolean_keys }) },
    { "restrictedValue", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_DICTIONARY, .keys = integer_keys }) },
    { "intersection", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_DICTIONARY, .keys = strings_keys }) },
    { "union", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_DICTIONARY, .keys = strings_keys }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "ProfileRestrictions", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "GlobalRestrictions", MDM_DICTIONARY, MDM_NEEDED, .keys = global_keys },

    /* by the identifier of the profile */
    { "ProfileRestrictions", MDM_DICTIONARY, MDM_NEEDED,
      MDM_KEYS({ "*", MDM_DICTIONARY, .keys = profile_keys,
                 .list = "profile_restrictions" }) },
    { 0 }
};


const mdm_type_t  restrictions_list = {
    .kind = MDM_COMMAND,
    .name = "Restrictions",
    .title = "Restrictions",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .expires = MDM_DAYS(30),
    .result = result
};


static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    const mdm_host_t  *host;

    host = call->host;

    if (!acknowledged(done)
        || host->type(host->get(done->report, "GlobalRestrictions"))
           != MDM_DICTIONARY)
    {
        return true;
    }

    return keep_list(call, "restrictions");
}
