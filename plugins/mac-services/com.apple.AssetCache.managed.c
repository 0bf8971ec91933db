
/*
 * com.apple.AssetCache.managed: content caching of a Mac: what it keeps, for
 * whom, and which other caches it asks.  Two lists of clients and peers count
 * only when a key that is true by itself says false.
 */


#include "mac-services.h"


#define DATA_PATH  "/Library/Application Support/Apple/AssetCache/Data"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool is_true(mdm_call_t *call, const mdm_node_t *value,
    const char *key);
static void overridden(mdm_call_t *call, const mdm_node_t *value,
    const char *key, const char *rule);


static const mdm_systems_t  systems = {
    .macos = { "10.13.4", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  range_keys[] = {
    { "type", MDM_STRING, MDM_ONE_OF("IPv4", "IPv6"), .preset = "IPv4" },
    { "first", MDM_STRING, MDM_NEEDED },
    { "last", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  ranges[] = {
    { NULL, MDM_DICTIONARY, 0, range_keys },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "AllowCacheDelete", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.macos = { "10.15" }) },
    { "AllowPersonalCaching", MDM_BOOLEAN, .preset = "true" },
    { "AllowSharedCaching", MDM_BOOLEAN, .preset = "true" },
    { "AutoActivation", MDM_BOOLEAN, .preset = "false" },
    { "AutoEnableTetheredCaching", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.15.4" }) },

    /* in bytes; 0: as many as there are */
    { "CacheLimit", MDM_INTEGER, .preset = "0" },
    { "DataPath", MDM_STRING, .pattern = DATA_PATH "$", .preset = DATA_PATH },
    { "DenyTetheredCaching", MDM_BOOLEAN, .preset = "false" },
    { "DisplayAlerts", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.15" }) },
    { "KeepAwake", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.15" }) },
    { "ListenRanges", MDM_ARRAY, 0, ranges },
    { "ListenRangesOnly", MDM_BOOLEAN, .preset = "false" },
    { "ListenWithPeersAndParents", MDM_BOOLEAN, .preset = "true" },
    { "LocalSubnetsOnly", MDM_BOOLEAN, .preset = "true" },
    { "LogClientIdentity", MDM_BOOLEAN, .preset = "false" },
    { "Parents", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "ParentSelectionPolicy", MDM_STRING,
      MDM_ONE_OF("first-available", "url-path-hash", "random", "round-robin",
                 "sticky-available"), .preset = "round-robin" },
    { "PeerFilterRanges", MDM_ARRAY, 0, ranges },
    { "PeerListenRanges", MDM_ARRAY, 0, ranges },
    { "PeerLocalSubnetsOnly", MDM_BOOLEAN, .preset = "true" },

    /* 0: any that is free */
    { "Port", MDM_INTEGER, .preset = "0" },
    { "PublicRanges", MDM_ARRAY, 0, ranges },
    { 0 }
};


const mdm_type_t  content_caching = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.AssetCache.managed",
    .title = "Content caching",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (is_true(call, value, "LocalSubnetsOnly")) {
        overridden(call, value, "ListenRanges",
                   "is used only when LocalSubnetsOnly is false");
    }

    if (is_true(call, value, "PeerLocalSubnetsOnly")) {
        overridden(call, value, "PeerFilterRanges",
                   "is used only when PeerLocalSubnetsOnly is false");
        overridden(call, value, "PeerListenRanges",
                   "is used only when PeerLocalSubnetsOnly is false");
    }

    if (host->boolean(host->get(value, "DenyTetheredCaching"))
        && host->boolean(host->get(value, "AutoEnableTetheredCaching")))
    {
        host->warn(call, "AutoEnableTetheredCaching",
                   "is not used when DenyTetheredCaching is true");
    }

    if (!is_true(call, value, "AllowPersonalCaching")
        && !is_true(call, value, "AllowSharedCaching"))
    {
        host->fault(call, "AllowSharedCaching",
                    "must be true when AllowPersonalCaching is false");
        return false;
    }

    return true;
}


/* of a key that is true when it is absent */

static bool
is_true(mdm_call_t *call, const mdm_node_t *value, const char *key)
{
    const mdm_node_t  *node;

    node = call->host->get(value, key);

    return node == NULL || call->host->boolean(node);
}


static void
overridden(mdm_call_t *call, const mdm_node_t *value, const char *key,
    const char *rule)
{
    if (call->host->get(value, key) != NULL) {
        call->host->warn(call, key, rule);
    }
}
