
/*
 * Restrictions: which restrictions hold, and from which profile.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  restrictions_on = {
    .ios = { .introduced = "4.0", .access_rights = MDM_QUERY_RESTRICTIONS,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .tvos = { .introduced = "9.0", .access_rights = MDM_QUERY_RESTRICTIONS },
    .visionos = { .introduced = "1.1",
                  .access_rights = MDM_QUERY_RESTRICTIONS,
                  .user_enrollment = MDM_FORBIDDEN },
    .watchos = { .introduced = "10.0",
                 .access_rights = MDM_QUERY_RESTRICTIONS }
};


static const mdm_key_t  restrictions_boolean_dictionary[] = {
    { "*", MDM_DICTIONARY, MDM_KEYS({ "value", MDM_BOOLEAN, MDM_NEEDED }) },
    { 0 }
};


static const mdm_key_t  restrictions_value_dictionary[] = {
    { "*", MDM_DICTIONARY, MDM_KEYS({ "value", MDM_INTEGER, MDM_NEEDED }) },
    { 0 }
};


static const mdm_key_t  restrictions_intersection_dictionary[] = {
    { "*", MDM_DICTIONARY,
      MDM_KEYS({ "values", MDM_ARRAY, MDM_NEEDED,
                 MDM_KEYS({ NULL, MDM_STRING }) }) },
    { 0 }
};


static const mdm_key_t  restrictions_union_dictionary[] = {
    { "*", MDM_DICTIONARY,
      MDM_KEYS({ "values", MDM_ARRAY, MDM_NEEDED,
                 MDM_KEYS({ NULL, MDM_STRING }) }) },
    { 0 }
};


static const mdm_key_t  restrictions_restrictions[] = {
    { "restrictedBool", MDM_DICTIONARY,
      .keys = restrictions_boolean_dictionary },
    { "restrictedValue", MDM_DICTIONARY,
      .keys = restrictions_value_dictionary },
    { "intersection", MDM_DICTIONARY,
      .keys = restrictions_intersection_dictionary },
    { "union", MDM_DICTIONARY, .keys = restrictions_union_dictionary },
    { 0 }
};


static const mdm_key_t  restrictions_restrictions_dictionary[] = {
    { "restrictedBool", MDM_DICTIONARY,
      .keys = restrictions_boolean_dictionary },
    { "restrictedValue", MDM_DICTIONARY,
      .keys = restrictions_value_dictionary },
    { "intersection", MDM_DICTIONARY,
      .keys = restrictions_intersection_dictionary },
    { "union", MDM_DICTIONARY, .keys = restrictions_union_dictionary },
    { 0 }
};


static const mdm_key_t  restrictions_keys[] = {
    { "ProfileRestrictions", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


static const mdm_key_t  restrictions_answer[] = {
    { "GlobalRestrictions", MDM_DICTIONARY, MDM_NEEDED,
      .keys = restrictions_restrictions },
    { "ProfileRestrictions", MDM_DICTIONARY, MDM_NEEDED,
      MDM_KEYS({ "*", MDM_DICTIONARY,
                 .keys = restrictions_restrictions_dictionary }) },
    { 0 }
};


static const mdm_type_t  restrictions_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "Restrictions",
        .title = "Restrictions",
        .on = &restrictions_on,
        .keys = restrictions_keys,
        .answer = restrictions_answer,
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  restrictions_plugin = {
    MDM_PLUGIN,
    .name = "Restrictions",
    .version = "1",
    .types = restrictions_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &restrictions_plugin;
}
