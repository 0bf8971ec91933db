
/*
 * com.apple.dock: what is in the Dock of a Mac, how it looks, and what of it
 * users may change: with a key "…-immutable" they may not.
 */


#include "mac-desktop.h"


#define ITEMS(key)                                                            \
    { key, MDM_ARRAY, MDM_KEYS({ NULL, MDM_DICTIONARY, 0, item_keys }),       \
      .combine = MDM_COMBINE_UNION }


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = SETTINGS_OF_MAC("10.7");


static const mdm_key_t  tile_keys[] = {
    { "label", MDM_STRING, MDM_NEEDED },
    { "url", MDM_STRING },
    { "file-type", MDM_INTEGER, MDM_NEEDED,
      MDM_ONE_OF("0" /* URL */, "1" /* file */, "3" /* directory */) },
    { "file-data", MDM_DICTIONARY, MDM_KEYS({ "*", MDM_ANY }) },
    { 0 }
};


static const mdm_key_t  item_keys[] = {
    { "tile-data", MDM_DICTIONARY, MDM_NEEDED, tile_keys },
    { "tile-type", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("file-tile", "directory-tile", "url-tile") },
    { 0 }
};


static const mdm_key_t  special_folders[] = {
    { NULL, MDM_STRING,
      MDM_ONE_OF("AddDockMCXMyApplicationsFolder",
                 "AddDockMCXDocumentsFolder",
                 "AddDockMCXSharedFolder",
                 "AddDockMCXOriginalNetworkHomeFolder") },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "tilesize", MDM_INTEGER, .min = "16", .max = "128" },
    ON_IF_ANY("size-immutable"),
    OPTION("magnification"),
    ON_IF_ANY("magnify-immutable"),
    { "largesize", MDM_INTEGER, .min = "16", .max = "128" },
    ON_IF_ANY("magsize-immutable"),
    { "orientation", MDM_STRING, MDM_ONE_OF("bottom", "left", "right") },
    ON_IF_ANY("position-immutable"),
    { "mineffect", MDM_STRING, MDM_ONE_OF("genie", "scale") },
    ON_IF_ANY("mineffect-immutable"),
    { "windowtabbing", MDM_STRING, MDM_ONE_OF("manual", "always", "fullscreen"),
      MDM_ON(.macos = { "10.15" }) },
    ON_IF_ANY("windowtabbing-immutable", MDM_ON(.macos = { "10.12" })),
    { "dblclickbehavior", MDM_STRING,
      MDM_ONE_OF("minimize", "maximize", "none"),
      MDM_ON(.macos = { "10.15" }) },
    ON_IF_ANY("dblclickbehavior-immutable", MDM_ON(.macos = { "10.14" })),
    OPTION("minimize-to-application"),
    ON_IF_ANY("minintoapp-immutable", MDM_ON(.macos = { "10.14" })),
    OPTION("launchanim"),
    ON_IF_ANY("launchanim-immutable"),
    OPTION("autohide"),
    ON_IF_ANY("autohide-immutable"),
    OPTION("show-process-indicators"),
    ON_IF_ANY("showindicators-immutable"),
    OPTION("show-recents", MDM_ON(.macos = { "10.14" })),
    ON_IF_ANY("showrecents-immutable", MDM_ON(.macos = { "10.15" })),

    ON_IF_ANY("contents-immutable"),
    { "MCXDockSpecialFolders", MDM_ARRAY, 0, special_folders,
      .combine = MDM_COMBINE_UNION },
    OPTION("AllowDockFixupOverride",
           MDM_ON(.macos = { "10.12", .user_channel = MDM_NO })),

    /* static items stay; persistent ones are what users begin with */
    ON_IF_ANY("static-only"),
    ITEMS("static-others"),
    ITEMS("static-apps"),
    ITEMS("persistent-apps"),
    ITEMS("persistent-others"),
    { 0 }
};


const mdm_type_t  dock = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.dock",
    .title = "Dock",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    size_t             i;
    const mdm_host_t  *host;

    static const char *const  passed_over[] = {
        "persistent-apps", "persistent-others"
    };

    host = call->host;

    if (!host->boolean(host->get(value, "static-only"))) {
        return true;
    }

    for (i = 0; i < sizeof(passed_over) / sizeof(passed_over[0]); i++) {
        if (host->get(value, passed_over[i]) != NULL) {
            host->warn(call, passed_over[i],
                       "has no effect when static-only is true");
        }
    }

    return true;
}
