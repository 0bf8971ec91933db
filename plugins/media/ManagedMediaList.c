
/*
 * ManagedMediaList: the managed books on a device.  Those of the store are told
 * apart by its number, others by the name that InstallMedia gave them.
 */


#include "media.h"
#include "../results.h"


static bool result(mdm_call_t *call, const mdm_result_t *done);
static bool keep(mdm_call_t *call, const mdm_node_t *book, mdm_text_t name);


static const mdm_systems_t  systems = {
    .ios = { "8.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "Books", MDM_ARRAY, MDM_NEEDED, .list = "media",
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "iTunesStoreID", MDM_INTEGER,
                            MDM_NEEDED|MDM_TELLS },
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
    .expires = MDM_DAYS(30),
    .result = result
};


/* The table keeps what has a number. */

static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    size_t             i, n;
    mdm_text_t         name;
    const mdm_host_t  *host;
    const mdm_node_t  *books, *book;

    host = call->host;
    books = host->get(done->report, "Books");

    if (!acknowledged(done) || host->type(books) != MDM_ARRAY) {
        return true;
    }

    n = host->count(books);

    for (i = 0; i < n; i++) {
        book = host->item(books, i);
        name = host->text(host->get(book, "PersistentID"));

        if (host->type(host->get(book, "iTunesStoreID")) == MDM_INTEGER
            || name.len == 0)
        {
            continue;
        }

        if (!keep(call, book, name)) {
            return false;
        }
    }

    return true;
}


static bool
keep(mdm_call_t *call, const mdm_node_t *book, mdm_text_t name)
{
    size_t             i;
    mdm_node_t        *value;
    const mdm_host_t  *host;

    static const char *const  facts[] = {
        "PersistentID", "State", "Kind", "Version", "Author", "Title"
    };

    host = call->host;
    value = host->new_dictionary(call);

    for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        if (!take_string(call, value, facts[i], book)) {
            return false;
        }
    }

    /* a name that is no text tells nothing apart */

    return host->get(value, "PersistentID") == NULL
           || host->keep_item(call, "media", name, value);
}
