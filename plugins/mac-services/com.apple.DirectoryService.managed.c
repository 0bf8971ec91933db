
/*
 * com.apple.DirectoryService.managed: a Mac joins a domain of Active Directory.
 * Most keys have another with "Flag" at its end, without which they say
 * nothing.
 */


#include <stdio.h>
#include <string.h>

#include "mac-services.h"


/* a key, with the flag before it, and the version that has the flag */
#define FLAGGED(name, version, type, ...)                                     \
    { name "Flag", MDM_BOOLEAN, .preset = "false",                            \
      MDM_ON(.macos = { version }) },                                         \
    { name, type, __VA_ARGS__ }


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool is_flag(const char *name);


static const mdm_systems_t  systems = {
    .macos = { "10.8", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_YES }
};


static const mdm_key_t  keys[] = {
    { "HostName", MDM_STRING, MDM_NEEDED },
    { "UserName", MDM_STRING },
    { "Password", MDM_STRING, MDM_SECRET },
    { "ClientID", MDM_STRING },
    { "Description", MDM_STRING },
    { "ADOrganizationalUnit", MDM_STRING },
    { "ADMountStyle", MDM_STRING, MDM_ONE_OF("afp", "smb") },
    FLAGGED("ADCreateMobileAccountAtLogin", "10.9", MDM_BOOLEAN,
            .preset = "false"),
    FLAGGED("ADWarnUserBeforeCreatingMA", "10.9", MDM_BOOLEAN,
            .preset = "false"),
    FLAGGED("ADForceHomeLocal", "10.9", MDM_BOOLEAN, .preset = "false"),
    FLAGGED("ADUseWindowsUNCPath", "10.9", MDM_BOOLEAN, .preset = "false"),
    FLAGGED("ADAllowMultiDomainAuth", "10.9", MDM_BOOLEAN, .preset = "false"),
    FLAGGED("ADDefaultUserShell", "10.8", MDM_STRING),
    FLAGGED("ADMapUIDAttribute", "10.8", MDM_STRING),
    FLAGGED("ADMapGIDAttribute", "10.8", MDM_STRING),
    FLAGGED("ADMapGGIDAttribute", "10.8", MDM_STRING),
    FLAGGED("ADPreferredDCServer", "10.8", MDM_STRING),
    FLAGGED("ADDomainAdminGroupList", "10.8", MDM_ARRAY,
            MDM_KEYS({ NULL, MDM_STRING })),
    FLAGGED("ADNamespace", "10.8", MDM_STRING, MDM_ONE_OF("forest", "domain")),
    FLAGGED("ADPacketSign", "10.8", MDM_STRING),
    FLAGGED("ADPacketEncrypt", "10.8", MDM_STRING),
    FLAGGED("ADRestrictDDNS", "10.8", MDM_ARRAY,
            MDM_KEYS({ NULL, MDM_STRING })),

    /* 0: never */
    FLAGGED("ADTrustChangePassIntervalDays", "10.8", MDM_INTEGER),
    { 0 }
};


const mdm_type_t  directory_service = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.DirectoryService.managed",
    .title = "Active Directory",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    char               rule[80];
    const mdm_key_t   *key;
    const mdm_host_t  *host;

    host = call->host;

    for (key = keys; key->name; key++) {

        if (is_flag(key->name)
            && !host->boolean(host->get(value, key->name))
            && host->get(value, key[1].name) != NULL)
        {
            snprintf(rule, sizeof(rule), "is used only when %s is true",
                     key->name);
            host->warn(call, key[1].name, rule);
        }
    }

    return true;
}


static bool
is_flag(const char *name)
{
    size_t  len;

    len = strlen(name);

    return len > 4 && strcmp(name + len - 4, "Flag") == 0;
}
