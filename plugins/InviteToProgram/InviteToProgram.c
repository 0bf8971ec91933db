
/*
 * InviteToProgram: invites a user to assigned licences of the store.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  invite_to_program_on = {
    .ios = { .introduced = "7.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_NO, .shared_user_channel = MDM_YES },
    .macos = { .introduced = "10.9", .device_channel = MDM_NO,
               .user_channel = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  invite_to_program_keys[] = {
    { "ProgramID", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("com.apple.cloudvpp") },
    { "InvitationURL", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  invite_to_program_answer[] = {
    { "InvitationResult", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("Acknowledged", "InvalidProgramID", "InvalidInvitationURL") },
    { 0 }
};


static const mdm_type_t  invite_to_program_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "InviteToProgram",
        .title = "Invite To Program",
        .on = &invite_to_program_on,
        .keys = invite_to_program_keys,
        .answer = invite_to_program_answer,
        .subject = "program",
        .subject_keys = MDM_TEXTS("ProgramID"),
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  invite_to_program_plugin = {
    MDM_PLUGIN,
    .name = "InviteToProgram",
    .version = "1",
    .types = invite_to_program_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &invite_to_program_plugin;
}
