
/*
 * com.apple.gamed: Game Center on a Mac.  Most of it gave way to restrictions
 * in macOS 10.13.
 */


#include "restrictions.h"


#define ALLOW(key, ...)                                                       \
    { key, MDM_BOOLEAN, .preset = "true", .combine = MDM_COMBINE_AND,         \
      __VA_ARGS__ }


static const mdm_systems_t  systems = PARENTAL_CONTROLS("10.9");


static const mdm_key_t  keys[] = {
    ALLOW("GKFeatureGameCenterAllowed",
          MDM_ON(.macos = { .deprecated = "10.13" })),
    ALLOW("GKFeatureAccountModificationAllowed"),
    ALLOW("GKFeatureAddingGameCenterFriendsAllowed",
          MDM_ON(.macos = { .deprecated = "10.13" })),
    ALLOW("GKFeatureMultiplayerGamingAllowed",
          MDM_ON(.macos = { .deprecated = "10.13" })),
    { 0 }
};


const mdm_type_t  game_center = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.gamed",
    .title = "Game Center",
    .on = &systems,
    .keys = keys
};
