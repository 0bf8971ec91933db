
/*
 * RemoveMedia: removes a managed book.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  remove_media_on = {
    .ios = { .introduced = "8.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO }
};


static const mdm_key_t  remove_media_keys[] = {
    { "MediaType", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("Book") },
    { "iTunesStoreID", MDM_STRING },
    { "PersistentID", MDM_STRING },
    { 0 }
};


static const mdm_type_t  remove_media_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "RemoveMedia",
        .title = "Remove Media",
        .on = &remove_media_on,
        .keys = remove_media_keys,
        .subject = "media",
        .subject_keys = MDM_TEXTS("PersistentID", "iTunesStoreID"),
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  remove_media_plugin = {
    MDM_PLUGIN,
    .name = "RemoveMedia",
    .version = "1",
    .types = remove_media_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &remove_media_plugin;
}
