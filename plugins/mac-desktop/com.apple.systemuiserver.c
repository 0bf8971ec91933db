
/*
 * com.apple.systemuiserver: what a Mac does with each kind of medium when it is
 * mounted, unmounted, and when its user logs out.
 */


#include "mac-desktop.h"


#define ACTIONS(medium, actions)                                              \
    { medium, MDM_ARRAY, 0, actions, .combine = MDM_COMBINE_UNION }

#define MEDIA(actions)                                                        \
    { "all-media", MDM_STRING },  /* without meaning: "" */                   \
    ACTIONS("cd", actions),                                                   \
    ACTIONS("dvd", actions),                                                  \
    ACTIONS("bd", actions),                                                   \
    ACTIONS("blankcd", actions),                                              \
    ACTIONS("blankdvd", actions),                                             \
    ACTIONS("blankbd", actions),                                              \
    ACTIONS("dvdram", actions),                                               \
    ACTIONS("disk-image", actions),                                           \
    ACTIONS("harddisk-internal", actions),                                    \
    ACTIONS("harddisk-external", actions),  /* and of no other kind */        \
    ACTIONS("networkdisk", actions),                                          \
    { 0 }


static const mdm_systems_t  systems
    = SETTINGS_OF_MAC("10.7", .deprecated = "11.0");


static const mdm_key_t  actions[] = {
    { NULL, MDM_STRING,
      MDM_ONE_OF("authenticate", "read-only", "deny", "eject") },
    { 0 }
};

/* A medium that goes is neither made read-only nor ejected. */

static const mdm_key_t  unmount_actions[] = {
    { NULL, MDM_STRING, MDM_ONE_OF("authenticate", "deny") },
    { 0 }
};


static const mdm_key_t  media_keys[] = {
    MEDIA(actions)
};


static const mdm_key_t  unmount_keys[] = {
    MEDIA(unmount_actions)
};


static const mdm_key_t  keys[] = {
    { "logout-eject", MDM_DICTIONARY, 0, media_keys },
    { "mount-controls", MDM_DICTIONARY, 0, media_keys },
    { "unmount-controls", MDM_DICTIONARY, 0, unmount_keys },
    { 0 }
};


const mdm_type_t  media_access = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.systemuiserver",
    .title = "Access to media",
    .on = &systems,
    .keys = keys
};
