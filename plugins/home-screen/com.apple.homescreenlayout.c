
/*
 * com.apple.homescreenlayout: where apps, folders and web clips are: in the
 * dock, and on the pages of the home screen, which are arrays of icons.  A
 * folder has pages like those, so icons lie in each other.
 *
 * Apple sets no end to that.  Here four levels are described, more than any
 * screen shows; what is deeper goes to the device as it is.
 *
 * An app was called an Application once, and is in many layouts still.
 */


#include <stdio.h>

#include "home-screen.h"
#include "../text.h"


#define LEVELS  4

#define MAX_PATH  256


#define ICONS(pages)                                                          \
    { "Type", MDM_STRING, MDM_NEEDED,                                         \
      MDM_ONE_OF("App", "Application", "Folder", "WebClip") },                \
    { "DisplayName", MDM_STRING },                                            \
    { "BundleID", MDM_STRING },                                               \
    { "Pages", MDM_ARRAY, 0, pages },                                         \
    { "URL", MDM_STRING, MDM_ON(.ios = { "11.3" }) },                         \
    { 0 }

#define PAGES(icons)                                                          \
    { NULL, MDM_ARRAY, MDM_KEYS({ NULL, MDM_DICTIONARY, 0, icons }) },        \
    { 0 }


/* The way to what is looked at. */

typedef struct {
    mdm_call_t        *call;
    const mdm_host_t  *host;
    bool               good;
    char               path[MAX_PATH];   /* enough for all levels */
} walk_t;


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static void walk_pages(walk_t *walk, const mdm_node_t *pages,
    const char *name, size_t len, unsigned level);
static void walk_icons(walk_t *walk, const mdm_node_t *icons, size_t len,
    unsigned level);
static void walk_key(walk_t *walk, const mdm_node_t *icon, const char *key,
    const char *type, bool needed, size_t len);


static const mdm_systems_t  systems = {
    .ios = { "9.3", .supervised = MDM_YES, .many = MDM_NO,
             .user_enrollment = MDM_FORBIDDEN, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = NEVER,
    .tvos = { "11.0", .supervised = MDM_YES, .many = MDM_NO },
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  lowest_pages[] = { PAGES(NULL) };

static const mdm_key_t  icons_4[] = { ICONS(lowest_pages) };
static const mdm_key_t  pages_4[] = { PAGES(icons_4) };

static const mdm_key_t  icons_3[] = { ICONS(pages_4) };
static const mdm_key_t  pages_3[] = { PAGES(icons_3) };

static const mdm_key_t  icons_2[] = { ICONS(pages_3) };
static const mdm_key_t  pages_2[] = { PAGES(icons_2) };

static const mdm_key_t  icons_1[] = { ICONS(pages_2) };
static const mdm_key_t  pages_1[] = { PAGES(icons_1) };


static const mdm_key_t  keys[] = {
    { "Dock", MDM_ARRAY, MDM_KEYS({ NULL, MDM_DICTIONARY, 0, icons_1 }) },
    { "Pages", MDM_ARRAY, MDM_NEEDED, pages_1 },
    { 0 }
};


const mdm_type_t  home_screen_layout = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.homescreenlayout",
    .title = "Home screen layout",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    walk_t             walk;
    const mdm_host_t  *host;

    host = call->host;
    walk = (walk_t) { call, host, true, "Dock" };

    walk_icons(&walk, host->get(value, "Dock"), sizeof("Dock") - 1, 1);
    walk_pages(&walk, host->get(value, "Pages"), "Pages", 0, 1);

    return walk.good;
}


/* "name" is written behind the first "len" characters of the path. */

static void
walk_pages(walk_t *walk, const mdm_node_t *pages, const char *name, size_t len,
    unsigned level)
{
    size_t  i, end;

    for (i = 0; i < walk->host->count(pages); i++) {
        end = len + snprintf(&walk->path[len], MAX_PATH - len, "%s[%zu]", name,
                             i);

        walk_icons(walk, walk->host->item(pages, i), end, level);
    }
}


static void
walk_icons(walk_t *walk, const mdm_node_t *icons, size_t len, unsigned level)
{
    size_t             i, end;
    const mdm_node_t  *icon;

    for (i = 0; i < walk->host->count(icons); i++) {
        icon = walk->host->item(icons, i);
        end = len + snprintf(&walk->path[len], MAX_PATH - len, "[%zu]", i);

        walk_key(walk, icon, "BundleID", "App", true, end);
        walk_key(walk, icon, "BundleID", "Application", true, end);
        walk_key(walk, icon, "URL", "WebClip", true, end);
        walk_key(walk, icon, "DisplayName", "Folder", false, end);
        walk_key(walk, icon, "Pages", "Folder", false, end);

        if (level < LEVELS) {
            walk_pages(walk, walk->host->get(icon, "Pages"), ".Pages", end,
                       level + 1);
        }
    }
}


/* A key that icons of one type must have, or that has no use in others. */

static void
walk_key(walk_t *walk, const mdm_node_t *icon, const char *key,
    const char *type, bool needed, size_t len)
{
    bool               there, its;
    char               rule[80];
    mdm_text_t         text;
    const mdm_host_t  *host;

    host = walk->host;
    there = host->get(icon, key) != NULL;

    text = host->text(host->get(icon, "Type"));
    its = text_is(text, type);

    snprintf(&walk->path[len], MAX_PATH - len, ".%s", key);

    if (needed && its && !there) {
        snprintf(rule, sizeof(rule), "must be there when Type is %s", type);
        host->fault(walk->call, walk->path, rule);
        walk->good = false;

    } else if (!needed && !its && there && text.data != NULL) {
        snprintf(rule, sizeof(rule), "has no effect unless Type is %s", type);
        host->warn(walk->call, walk->path, rule);
    }
}
