
/*
 * A schema with some types of commands and payloads, of each kind that matters
 * to the queue, for tests that need no plugin in a file.
 */


#ifndef _COMMAND_TYPES_H_INCLUDED_
#define _COMMAND_TYPES_H_INCLUDED_


#include <stdlib.h>

#include "schema/mdm_schema.h"


#define COMMAND(...)                                                          \
    &(const mdm_type_t) { .kind = MDM_COMMAND, __VA_ARGS__ }

#define PAYLOAD(...)                                                          \
    &(const mdm_type_t) { .kind = MDM_PAYLOAD, __VA_ARGS__ }

#define ANYWHERE                                                              \
    .on = &(const mdm_systems_t) { .ios = { .introduced = "4.0" },            \
                                   .macos = { .introduced = "10.7" } }

#define QUERY(title)                                                          \
    COMMAND(.name = title, ANYWHERE, .expires = MDM_DAYS(30))

#define ACTION(title, about, ...)                                             \
    COMMAND(.name = title, ANYWHERE, .subject = about,                        \
            .expires = MDM_DAYS(90), __VA_ARGS__)

#define FOREVER(title, about, ...)                                            \
    COMMAND(.name = title, ANYWHERE, .subject = about, __VA_ARGS__)

#define ABOUT(...)  .subject_keys = MDM_TEXTS(__VA_ARGS__)


static const mdm_key_t  command_types_profile[] = {
    { .name = "Payload", .type = MDM_PROFILE, .flags = MDM_NEEDED },
    { 0 }
};

static const mdm_type_t *const  command_types[] = {
    QUERY("DeviceInformation"),
    QUERY("ProfileList"),
    COMMAND(.name = "InstalledApplicationList", ANYWHERE,
            .expires = MDM_DAYS(30),
            .part_keys = MDM_TEXTS("Identifiers", "ManagedAppsOnly")),
    ACTION("ApplyRedemptionCode", "app", ABOUT("Identifier")),
    ACTION("DeleteUser", "user", ABOUT("UserName"),
           .flags = MDM_DESTRUCTIVE),
    FOREVER("DeviceLock", "lock",
            .flags = MDM_ONCE|MDM_URGENT|MDM_DESTRUCTIVE),
    ACTION("DisableLostMode", "lost-mode"),
    ACTION("EnableLostMode", "lost-mode",
           .flags = MDM_URGENT|MDM_DESTRUCTIVE),
    FOREVER("EraseDevice", "erase",
            .flags = MDM_ONCE|MDM_URGENT|MDM_DESTRUCTIVE),
    ACTION("InstallApplication", "app",
           ABOUT("Identifier", "iTunesStoreID", "ManifestURL")),
    ACTION("InstallEnterpriseApplication", "app", ABOUT("ManifestURL")),
    ACTION("InstallMedia", "media",
           ABOUT("PersistentID", "iTunesStoreID", "MediaURL")),
    ACTION("InstallProfile", "profile", ABOUT("Payload"),
           .flags = MDM_SUPERSEDES, .keys = command_types_profile),
    ACTION("LogOutUser", "log-out", .flags = MDM_ONCE),
    ACTION("RemoveApplication", "app", ABOUT("Identifier")),
    ACTION("RemoveMedia", "media", ABOUT("PersistentID", "iTunesStoreID")),
    ACTION("RemoveProfile", "profile", ABOUT("Identifier"),
           .flags = MDM_SUPERSEDES|MDM_DESTRUCTIVE),
    ACTION("RemoveProvisioningProfile", "provisioning-profile"),
    ACTION("Settings", "settings"),
    ACTION("UnlockUserAccount", "user", ABOUT("UserName")),

    PAYLOAD(.name = "com.apple.mdm", ANYWHERE,
      .flags = MDM_MANAGES),
    PAYLOAD(.name = "com.apple.wifi.managed", ANYWHERE),
    NULL
};

static const mdm_plugin_t  command_types_plugin = {
    MDM_PLUGIN,
    .name = "command-types",
    .version = "1",
    .types = command_types
};


/* The caller destroys it. */

static inline mdm_schema_t *
command_types_schema(void)
{
    mdm_schema_t  *schema;

    schema = mdm_schema_create();

    if (schema == NULL
        || mdm_schema_add(schema, &command_types_plugin, "", NULL, NULL)
           != MDM_OK)
    {
        abort();
    }

    return schema;
}


#endif /* _COMMAND_TYPES_H_INCLUDED_ */
