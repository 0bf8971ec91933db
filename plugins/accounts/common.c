
/*
 * What several types of accounts have: systems, keys and rules.
 */


#include "accounts.h"


/* An account is a user's: on a Mac it is on the channel of one, and so it is
 * on a Shared iPad. */

const mdm_systems_t  systems_of_all = {
    .ios = { "4.0", .many = MDM_YES, .shared_device_channel = MDM_NO,
             .shared_user_channel = MDM_YES },
    .macos = { "10.7", .device_channel = MDM_NO, .user_channel = MDM_YES,
               .many = MDM_YES },
    .visionos = { "1.1", .many = MDM_YES }
};


const mdm_systems_t  systems_of_ios = {
    .ios = { "4.0", .many = MDM_YES, .shared_device_channel = MDM_NO,
             .shared_user_channel = MDM_YES },
    .visionos = { "1.1", .many = MDM_YES }
};


static const mdm_key_t  handler_keys[] = {
    { "AudioCall", MDM_STRING },
    { 0 }
};


const mdm_key_t  communication_keys[] = {
    { "DefaultServiceHandlers", MDM_DICTIONARY, 0, handler_keys },
    { 0 }
};


void
warn_of_user(mdm_call_t *call, const mdm_node_t *value, const char *name)
{
    if (call->host->get(value, name) == NULL) {
        call->host->warn(call, name, "is absent, and nobody is asked for it "
                         "when MDM installs the profile");
    }
}


bool
validate_oauth(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    const mdm_host_t  *host;

    host = call->host;
    good = true;

    if (!host->boolean(host->get(value, "OAuth"))) {
        return true;
    }

    if (host->get(value, "Password") != NULL) {
        host->fault(call, "Password", "must be absent when OAuth is true");
        good = false;
    }

    /* to name the URL is to do without autodiscovery */

    if (host->get(value, "OAuthSignInURL") != NULL
        && host->get(value, "Host") == NULL)
    {
        host->fault(call, "Host", "must be there with OAuthSignInURL");
        good = false;
    }

    return good;
}
