
/*
 * Restrictions: which restrictions hold, and from which profile.
 */


#include "restrictions.h"


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


static const mdm_key_t  boolean_dictionary_keys[] = {
    { "*", MDM_DICTIONARY, MDM_KEYS({ "value", MDM_BOOLEAN, MDM_NEEDED }) },
    { 0 }
};


static const mdm_key_t  value_dictionary_keys[] = {
    { "*", MDM_DICTIONARY, MDM_KEYS({ "value", MDM_INTEGER, MDM_NEEDED }) },
    { 0 }
};


static const mdm_key_t  intersection_dictionary_keys[] = {
    { "*", MDM_DICTIONARY,
      MDM_KEYS({ "values", MDM_ARRAY, MDM_NEEDED,
                 MDM_KEYS({ NULL, MDM_STRING }) }) },
    { 0 }
};


static const mdm_key_t  union_dictionary_keys[] = {
    { "*", MDM_DICTIONARY,
      MDM_KEYS({ "values", MDM_ARRAY, MDM_NEEDED,
                 MDM_KEYS({ NULL, MDM_STRING }) }) },
    { 0 }
};


static const mdm_key_t  restrictions_keys[] = {
    { "restrictedBool", MDM_DICTIONARY, .keys = boolean_dictionary_keys },
    { "restrictedValue", MDM_DICTIONARY, .keys = value_dictionary_keys },
    { "intersection", MDM_DICTIONARY, .keys = intersection_dictionary_keys },
    { "union", MDM_DICTIONARY, .keys = union_dictionary_keys },
    { 0 }
};


static const mdm_key_t  restrictions_dictionary_keys[] = {
    { "restrictedBool", MDM_DICTIONARY, .keys = boolean_dictionary_keys },
    { "restrictedValue", MDM_DICTIONARY, .keys = value_dictionary_keys },
    { "intersection", MDM_DICTIONARY, .keys = intersection_dictionary_keys },
    { "union", MDM_DICTIONARY, .keys = union_dictionary_keys },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "ProfileRestrictions", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "GlobalRestrictions", MDM_DICTIONARY, MDM_NEEDED,
      .keys = restrictions_keys },
    { "ProfileRestrictions", MDM_DICTIONARY, MDM_NEEDED,
      MDM_KEYS({ "*", MDM_DICTIONARY,
                 .keys = restrictions_dictionary_keys }) },
    { 0 }
};


const mdm_type_t  restrictions_list = {
    .kind = MDM_COMMAND,
    .name = "Restrictions",
    .title = "Restrictions",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .expires = MDM_DAYS(30)
};
