
/*
 * ManagedMediaList: the managed books on a device.
 */


#include "media.h"


static const mdm_systems_t  systems = {
    .ios = { "8.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "Books", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "iTunesStoreID", MDM_INTEGER, MDM_NEEDED },
                          { "State", MDM_STRING },
                          { "PersistentID", MDM_STRING },
                          { "Kind", MDM_STRING },
                          { "Version", MDM_STRING },
                          { "Author", MDM_STRING },
                          { "Title", MDM_STRING }) }) },
    { 0 }
};


const mdm_type_t  managed_media_list = {
    .kind = MDM_COMMAND,
    .name = "ManagedMediaList",
    .title = "Managed Media List",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .expires = MDM_DAYS(30)
};
