
/*
 * ContentCachingInformation: how the content cache of a Mac is doing.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  content_caching_information_on = {
    .macos = { .introduced = "10.15.4", .access_rights = MDM_QUERY_NETWORK,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  content_caching_information_range_alert[] = {
    { "className", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("AssetCacheUnfriendlyPeersInFilterRangeAlert") },
    { "postDate", MDM_DATE, MDM_NEEDED },
    { "peerFilterRangeIndex", MDM_INTEGER, MDM_NEEDED },
    { "addresses", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


static const mdm_key_t  content_caching_information_alert[] = {
    { "className", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("AssetCacheLowSpaceAlert", "AssetCacheNoSpaceAlert",
                 "AssetCacheRegistrationRejectedAlert",
                 "AssetCacheRegistrationUnavailableAlert",
                 "AssetCacheResourceMissingAlert") },

    { "postDate", MDM_DATE, MDM_NEEDED },
    { "cacheLimit", MDM_INTEGER },
    { "reservedVolumeSpace", MDM_INTEGER },
    { "resource", MDM_STRING },
    { "pathPreventingAccess", MDM_STRING },
    { 0 }
};


static const mdm_key_t  content_caching_information_error[] = {
    { "domain", MDM_STRING, MDM_NEEDED },
    { "code", MDM_INTEGER, MDM_NEEDED },
    { "userInfo", MDM_DICTIONARY, MDM_KEYS({ "*", MDM_ANY }) },
    { 0 }
};


static const mdm_key_t  content_caching_information_parent_alert[] = {
    { "className", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("AssetCacheParentCycleAlert", "AssetCacheParentDepthAlert") },
    { "postDate", MDM_DATE, MDM_NEEDED },
    { "addresses", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


static const mdm_key_t  content_caching_information_capabilities[] = {
    { "im", MDM_BOOLEAN, .preset = "false" },
    { "ns", MDM_BOOLEAN, .preset = "false" },
    { "pc", MDM_BOOLEAN, .preset = "false" },
    { "query-parameters", MDM_BOOLEAN, .preset = "false" },
    { "sc", MDM_BOOLEAN, .preset = "false" },
    { "ur", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


static const mdm_key_t  content_caching_information_details[] = {
    { "ac-power", MDM_BOOLEAN, .preset = "false" },
    { "cache-size", MDM_INTEGER },
    { "capabilities", MDM_DICTIONARY,
      .keys = content_caching_information_capabilities },
    { "is-portable", MDM_BOOLEAN, .preset = "false" },
    { "local-network", MDM_DICTIONARY,
      MDM_KEYS({ "speed", MDM_INTEGER },
               { "wired", MDM_BOOLEAN, .preset = "false" }) },
    { 0 }
};


static const mdm_key_t  content_caching_information_parent[] = {
    { "address", MDM_STRING, MDM_NEEDED },
    { "alert", MDM_DICTIONARY,
      .keys = content_caching_information_parent_alert },
    { "details", MDM_DICTIONARY, MDM_NEEDED,
      .keys = content_caching_information_details },
    { "guid", MDM_STRING, MDM_NEEDED },
    { "healthy", MDM_BOOLEAN, MDM_NEEDED },
    { "port", MDM_INTEGER, MDM_NEEDED },
    { "version", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  content_caching_information_peer_alert[] = {
    { "className", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("AssetCachePeerCycleAlert",
                 "AssetCacheUnfriendlyPeerAlert") },
    { "postDate", MDM_DATE, MDM_NEEDED },
    { "addresses", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "peerAddress", MDM_STRING },
    { 0 }
};


static const mdm_key_t  content_caching_information_peer[] = {
    { "address", MDM_STRING, MDM_NEEDED },
    { "alert", MDM_DICTIONARY,
      .keys = content_caching_information_peer_alert },
    { "details", MDM_DICTIONARY, MDM_NEEDED,
      .keys = content_caching_information_details },
    { "friendly", MDM_BOOLEAN, MDM_NEEDED },
    { "guid", MDM_STRING, MDM_NEEDED },
    { "healthy", MDM_BOOLEAN, MDM_NEEDED },
    { "port", MDM_INTEGER, MDM_NEEDED },
    { "version", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  content_caching_information_status[] = {
    { "Activated", MDM_BOOLEAN, .preset = "false" },
    { "Active", MDM_BOOLEAN, .preset = "false" },
    { "ActualCacheUsed", MDM_INTEGER },
    { "AlertsForPeerFilterRanges", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_DICTIONARY, MDM_NEEDED,
                 .keys = content_caching_information_range_alert }) },
    { "Alerts", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 .keys = content_caching_information_alert }) },
    { "CacheDetails", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_INTEGER, MDM_NEEDED }) },
    { "CacheFree", MDM_INTEGER },
    { "CacheLimit", MDM_INTEGER },
    { "CacheStatus", MDM_STRING, MDM_ONE_OF("LOWSPACE", "OK") },
    { "CacheUsed", MDM_INTEGER },
    { "DataMigrationCompleted", MDM_BOOLEAN, .preset = "false" },
    { "DataMigrationError", MDM_DICTIONARY,
      .keys = content_caching_information_error },
    { "DataMigrationProgress", MDM_REAL, .min = "0", .max = "1" },
    { "MaxCachePressureLast1Hour", MDM_REAL, .min = "0", .max = "1" },
    { "Parents", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 .keys = content_caching_information_parent }) },
    { "Peers", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 .keys = content_caching_information_peer }) },
    { "PersonalCacheFree", MDM_INTEGER },
    { "PersonalCacheLimit", MDM_INTEGER },
    { "PersonalCacheUsed", MDM_INTEGER },
    { "Port", MDM_INTEGER },
    { "PrivateAddresses", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "PublicAddress", MDM_STRING },
    { "RegistrationError", MDM_STRING },
    { "RegistrationResponseCode", MDM_INTEGER },
    { "RegistrationStarted", MDM_DATE },
    { "RegistrationStatus", MDM_INTEGER, MDM_ONE_OF("-1", "0", "1") },
    { "RestrictedMedia", MDM_BOOLEAN, .preset = "false" },
    { "ServerGUID", MDM_STRING },
    { "StartupStatus", MDM_STRING,
      MDM_ONE_OF("FAILED", "MIGRATING_DATA", "OK", "PENDING") },
    { "TetheratorStatus", MDM_INTEGER, MDM_ONE_OF("-1", "0", "1") },
    { "TotalBytesAreSince", MDM_DATE },
    { "TotalBytesDropped", MDM_INTEGER },
    { "TotalBytesImported", MDM_INTEGER },
    { "TotalBytesReturnedToChildren", MDM_INTEGER },
    { "TotalBytesReturnedToClients", MDM_INTEGER },
    { "TotalBytesReturnedToPeers", MDM_INTEGER },
    { "TotalBytesStoredFromOrigin", MDM_INTEGER },
    { "TotalBytesStoredFromParents", MDM_INTEGER },
    { "TotalBytesStoredFromPeers", MDM_INTEGER },
    { 0 }
};


static const mdm_key_t  content_caching_information_keys[] = {
    { 0 }
};


static const mdm_key_t  content_caching_information_answer[] = {
    { "StatusResponse", MDM_DICTIONARY, MDM_NEEDED,
      .keys = content_caching_information_status },
    { 0 }
};


static const mdm_type_t  content_caching_information_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ContentCachingInformation",
        .title = "Content Caching Information",
        .on = &content_caching_information_on,
        .keys = content_caching_information_keys,
        .answer = content_caching_information_answer,
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  content_caching_information_plugin = {
    MDM_PLUGIN,
    .name = "ContentCachingInformation",
    .version = "1",
    .types = content_caching_information_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &content_caching_information_plugin;
}
