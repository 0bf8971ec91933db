
/*
 * com.apple.system-extension-policy: the system extensions that need no word of
 * the user, those that may go, and those that may not.  A Mac refuses what
 * contradicts itself, and names neither the team nor the extension.
 */


#include <stdio.h>
#include <stdlib.h>

#include "mac-security.h"
#include "../text.h"


/* One extension of a team; all of it, when no bundle is named. */

typedef struct {
    mdm_text_t  team, bundle;
} extension_t;

typedef struct {
    extension_t  *list;        /* sorted */
    size_t        n;
} extensions_t;


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool validate_allowed(mdm_call_t *call, const mdm_node_t *value);
static bool validate_removable(mdm_call_t *call, const mdm_node_t *value);
static bool collect_teams(mdm_call_t *call, const mdm_node_t *teams,
    extensions_t *extensions);
static bool collect(mdm_call_t *call, const mdm_node_t *of_teams,
    extensions_t *extensions);
static bool has(const extensions_t *extensions, mdm_text_t team,
    mdm_text_t bundle);
static int compare(const void *one, const void *other);


static const mdm_systems_t  systems = POLICY_OF_MAC("10.15", APPROVED);


static const mdm_key_t  strings[] = {
    { NULL, MDM_STRING },
    { 0 }
};


static const mdm_key_t  extension_types[] = {
    { NULL, MDM_STRING,
      MDM_ONE_OF("DriverExtension", "NetworkExtension",
                 "EndpointSecurityExtension") },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "AllowUserOverrides", MDM_BOOLEAN, .preset = "true",
      .combine = MDM_COMBINE_AND },
    { "AllowedTeamIdentifiers", MDM_ARRAY, 0, strings,
      .combine = MDM_COMBINE_UNION },
    OF_TEAMS("AllowedSystemExtensionTypes", extension_types),
    OF_TEAMS("AllowedSystemExtensions", strings),
    OF_TEAMS("RemovableSystemExtensions", strings,
             MDM_ON(.macos = { "12.0" })),
    OF_TEAMS("NonRemovableSystemExtensions", strings,
             MDM_ON(.macos = { "15.0" })),
    OF_TEAMS("NonRemovableFromUISystemExtensions", strings,
             MDM_ON(.macos = { "15.0" })),
    { 0 }
};


const mdm_type_t  system_extensions = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.system-extension-policy",
    .title = "System extensions",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool  allowed, removable;

    allowed = validate_allowed(call, value);
    removable = validate_removable(call, value);

    return allowed && removable;
}


/* A team is allowed as a whole, or some of its extensions are. */

static bool
validate_allowed(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    char               path[256];
    size_t             i;
    mdm_text_t         team;
    extensions_t       whole;
    const mdm_host_t  *host;
    const mdm_node_t  *some;

    host = call->host;
    some = host->get(value, "AllowedSystemExtensions");

    if (!collect_teams(call, host->get(value, "AllowedTeamIdentifiers"),
                       &whole))
    {
        return false;
    }

    good = true;

    for (i = 0; i < host->count(some); i++) {
        team = host->name(host->item(some, i));

        if (has(&whole, team, (mdm_text_t) { 0 })) {
            snprintf(path, sizeof(path), "AllowedSystemExtensions.%.*s",
                     (int) team.len, team.data);
            host->fault(call, path, "must not be there beside the same team in "
                        "AllowedTeamIdentifiers, which allows all of it");
            good = false;
        }
    }

    return good;
}


static bool
validate_removable(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    char               path[256];
    size_t             i;
    extension_t       *extension;
    extensions_t       removable, fixed;
    const mdm_host_t  *host;

    host = call->host;

    if (!collect(call, host->get(value, "RemovableSystemExtensions"),
                 &removable)
        || !collect(call, host->get(value, "NonRemovableSystemExtensions"),
                    &fixed))
    {
        return false;
    }

    good = true;

    for (i = 0; i < fixed.n; i++) {
        extension = &fixed.list[i];

        if (has(&removable, extension->team, extension->bundle)) {
            snprintf(path, sizeof(path), "NonRemovableSystemExtensions.%.*s",
                     (int) extension->team.len, extension->team.data);
            host->fault(call, path, "must not name an extension that "
                        "RemovableSystemExtensions names, too");
            good = false;
        }
    }

    return good;
}


static bool
collect_teams(mdm_call_t *call, const mdm_node_t *teams,
    extensions_t *extensions)
{
    size_t             i;
    const mdm_host_t  *host;

    host = call->host;

    extensions->n = host->type(teams) == MDM_ARRAY ? host->count(teams) : 0;
    extensions->list = host->alloc(call, (extensions->n + 1)
                                         * sizeof(extension_t));
    if (extensions->list == NULL) {
        return false;
    }

    for (i = 0; i < extensions->n; i++) {
        extensions->list[i].team = host->text(host->item(teams, i));
    }

    qsort(extensions->list, extensions->n, sizeof(extension_t), compare);

    return true;
}


static bool
collect(mdm_call_t *call, const mdm_node_t *of_teams, extensions_t *extensions)
{
    size_t             i, j, n;
    extension_t       *extension;
    const mdm_host_t  *host;
    const mdm_node_t  *team;

    host = call->host;
    n = 0;

    for (i = 0; i < host->count(of_teams); i++) {
        n += host->count(host->item(of_teams, i));
    }

    extensions->n = n;
    extensions->list = host->alloc(call, (n + 1) * sizeof(extension_t));
    if (extensions->list == NULL) {
        return false;
    }

    extension = extensions->list;

    for (i = 0; i < host->count(of_teams); i++) {
        team = host->item(of_teams, i);

        for (j = 0; j < host->count(team); j++) {
            extension->team = host->name(team);
            extension->bundle = host->text(host->item(team, j));
            extension++;
        }
    }

    qsort(extensions->list, n, sizeof(extension_t), compare);

    return true;
}


static bool
has(const extensions_t *extensions, mdm_text_t team, mdm_text_t bundle)
{
    extension_t  wanted;

    wanted.team = team;
    wanted.bundle = bundle;

    return team.data != NULL
           && bsearch(&wanted, extensions->list, extensions->n,
                      sizeof(extension_t), compare) != NULL;
}


static int
compare(const void *one, const void *other)
{
    int                 order;
    const extension_t  *a, *b;

    a = one;
    b = other;
    order = text_compare(a->team, b->team);

    return order ? order : text_compare(a->bundle, b->bundle);
}
