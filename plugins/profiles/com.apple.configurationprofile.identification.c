
/*
 * com.apple.configurationprofile.identification: whose accounts the other
 * payloads of the profile make, so that he is asked once at most.  Which
 * channel it is for depends on them.
 */


#include "profiles.h"
#include "../text.h"


#define BY_PROFILE  "Password"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = NEVER,
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_NO },
    .tvos = NEVER,
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  user_keys[] = {
    { "UserName", MDM_STRING, MDM_NEEDED },
    { "FullName", MDM_STRING, MDM_NEEDED },
    { "EmailAddress", MDM_STRING, MDM_NEEDED },
    { "AuthMethod", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF(BY_PROFILE, "UserEnteredPassword") },

    /* not where the user enters it */
    { "Password", MDM_STRING, MDM_SECRET },
    { "Prompt", MDM_STRING },
    { "PromptMessage", MDM_STRING },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "PayloadIdentification", MDM_DICTIONARY, MDM_NEEDED, user_keys },
    { 0 }
};


const mdm_type_t  identification = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.configurationprofile.identification",
    .title = "Identification of a user",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    mdm_text_t         method;
    const mdm_host_t  *host;
    const mdm_node_t  *user;

    host = call->host;
    user = host->get(value, "PayloadIdentification");
    method = host->text(host->get(user, "AuthMethod"));

    if (text_is(method, BY_PROFILE)
        && host->get(user, "Password") == NULL)
    {
        host->fault(call, "PayloadIdentification.Password",
                    "must be there when AuthMethod is " BY_PROFILE);
        return false;
    }

    return true;
}
