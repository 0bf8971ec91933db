
/*
 * RemoveMedia: removes a managed book.
 */


#include "media.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = { "8.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { "MediaType", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("Book") },
    { "iTunesStoreID", MDM_STRING },
    { "PersistentID", MDM_STRING },
    { 0 }
};


const mdm_type_t  remove_media = {
    .kind = MDM_COMMAND,
    .name = "RemoveMedia",
    .title = "Remove Media",
    .on = &systems,
    .keys = keys,
    .subject = "media",
    .subject_keys = MDM_TEXTS("PersistentID", "iTunesStoreID"),
    .expires = MDM_DAYS(90),
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->get(value, "iTunesStoreID") != NULL
        || host->get(value, "PersistentID") != NULL)
    {
        return true;
    }

    host->fault(call, "iTunesStoreID",
                "must be there when there is no PersistentID");

    return false;
}
