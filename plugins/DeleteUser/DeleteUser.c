
/*
 * DeleteUser: deletes a user of a Shared iPad or of a Mac with what is his.
 */


#include "ngx_mdm_plugin.h"


#define NEVER  { .introduced = MDM_NEVER_THERE }


static const mdm_systems_t  delete_user_on = {
    .ios = { .introduced = "9.3", .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_REQUIRED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { .introduced = "10.13", .supervised = MDM_YES,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  delete_user_keys[] = {
    { "UserName", MDM_STRING },
    { "ForceDeletion", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = NEVER) },
    { "DeleteAllUsers", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { .introduced = "14.0" }, .macos = NEVER) },
    { 0 }
};


static const mdm_type_t  delete_user_types[] = {
    {
        .kind = MDM_COMMAND,
        .flags = MDM_DESTRUCTIVE,
        .name = "DeleteUser",
        .title = "Delete User",
        .on = &delete_user_on,
        .keys = delete_user_keys,
        .subject = "user",
        .subject_keys = MDM_TEXTS("UserName"),
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  delete_user_plugin = {
    MDM_PLUGIN,
    .name = "DeleteUser",
    .version = "1",
    .types = delete_user_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &delete_user_plugin;
}
