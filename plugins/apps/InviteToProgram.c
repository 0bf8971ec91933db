
/*
 * InviteToProgram: invites a user to assigned licences of the store.  Who has
 * the URL has the licences.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .ios = { "7.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_NO, .shared_user_channel = MDM_YES },
    .macos = { "10.9", .device_channel = MDM_NO, .user_channel = MDM_YES,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "ProgramID", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("com.apple.cloudvpp") },
    { "InvitationURL", MDM_STRING, MDM_NEEDED|MDM_SECRET },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "InvitationResult", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("Acknowledged", "InvalidProgramID", "InvalidInvitationURL") },
    { 0 }
};


const mdm_type_t  invite_to_program = {
    .kind = MDM_COMMAND,
    .name = "InviteToProgram",
    .title = "Invite To Program",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "program",
    .subject_keys = MDM_TEXTS("ProgramID"),
    .expires = MDM_DAYS(90)
};
