
/*
 * ContentCachingInformation: how the content cache of a Mac is doing.
 */


#include "mac-services.h"
#include "../results.h"


static bool result(mdm_call_t *call, const mdm_result_t *done);


static const mdm_systems_t  systems = {
    .macos = { "10.15.4", .access_rights = MDM_QUERY_NETWORK,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  range_alert_keys[] = {
    { "className", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("AssetCacheUnfriendlyPeersInFilterRangeAlert") },
    { "postDate", MDM_DATE, MDM_NEEDED },
    { "peerFilterRangeIndex", MDM_INTEGER, MDM_NEEDED },
    { "addresses", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


static const mdm_key_t  alert_keys[] = {
    { "className", MDM_STRING, MDM_NEEDED|MDM_TELLS,
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


static const mdm_key_t  error_keys[] = {
    { "domain", MDM_STRING, MDM_NEEDED },
    { "code", MDM_INTEGER, MDM_NEEDED },
    { "userInfo", MDM_DICTIONARY, MDM_KEYS({ "*", MDM_ANY }) },
    { 0 }
};


static const mdm_key_t  parent_alert_keys[] = {
    { "className", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("AssetCacheParentCycleAlert", "AssetCacheParentDepthAlert") },
    { "postDate", MDM_DATE, MDM_NEEDED },
    { "addresses", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


static const mdm_key_t  capabilities_keys[] = {
    { "im", MDM_BOOLEAN, .preset = "false" },
    { "ns", MDM_BOOLEAN, .preset = "false" },
    { "pc", MDM_BOOLEAN, .preset = "false" },
    { "query-parameters", MDM_BOOLEAN, .preset = "false" },
    { "sc", MDM_BOOLEAN, .preset = "false" },
    { "ur", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


static const mdm_key_t  details_keys[] = {
    { "ac-power", MDM_BOOLEAN, .preset = "false" },
    { "cache-size", MDM_INTEGER },
    { "capabilities", MDM_DICTIONARY, .keys = capabilities_keys },
    { "is-portable", MDM_BOOLEAN, .preset = "false" },
    { "local-network", MDM_DICTIONARY,
      MDM_KEYS({ "speed", MDM_INTEGER },
               { "wired", MDM_BOOLEAN, .preset = "false" }) },
    { 0 }
};


static const mdm_key_t  parent_keys[] = {
    { "address", MDM_STRING, MDM_NEEDED },
    { "alert", MDM_DICTIONARY, .keys = parent_alert_keys },
    { "details", MDM_DICTIONARY, MDM_NEEDED, .keys = details_keys },
    { "guid", MDM_STRING, MDM_NEEDED|MDM_TELLS },
    { "healthy", MDM_BOOLEAN, MDM_NEEDED },
    { "port", MDM_INTEGER, MDM_NEEDED },
    { "version", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  peer_alert_keys[] = {
    { "className", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("AssetCachePeerCycleAlert",
                 "AssetCacheUnfriendlyPeerAlert") },
    { "postDate", MDM_DATE, MDM_NEEDED },
    { "addresses", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "peerAddress", MDM_STRING },
    { 0 }
};


static const mdm_key_t  peer_keys[] = {
    { "address", MDM_STRING, MDM_NEEDED },
    { "alert", MDM_DICTIONARY, .keys = peer_alert_keys },
    { "details", MDM_DICTIONARY, MDM_NEEDED, .keys = details_keys },
    { "friendly", MDM_BOOLEAN, MDM_NEEDED },
    { "guid", MDM_STRING, MDM_NEEDED|MDM_TELLS },
    { "healthy", MDM_BOOLEAN, MDM_NEEDED },
    { "port", MDM_INTEGER, MDM_NEEDED },
    { "version", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  status_keys[] = {
    { "Activated", MDM_BOOLEAN, .attribute = "ContentCaching.Activated",
      .preset = "false" },
    { "Active", MDM_BOOLEAN, .attribute = "ContentCaching.Active",
      .preset = "false" },
    { "ActualCacheUsed", MDM_INTEGER,
      .attribute = "ContentCaching.ActualCacheUsed" },
    { "AlertsForPeerFilterRanges", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_DICTIONARY, MDM_NEEDED,
                 .keys = range_alert_keys }) },
    { "Alerts", MDM_ARRAY, .list = "content_cache_alerts",
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = alert_keys }) },
    { "CacheDetails", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_INTEGER, MDM_NEEDED }) },
    { "CacheFree", MDM_INTEGER, .attribute = "ContentCaching.CacheFree" },
    { "CacheLimit", MDM_INTEGER, .attribute = "ContentCaching.CacheLimit" },
    { "CacheStatus", MDM_STRING, .attribute = "ContentCaching.CacheStatus",
      MDM_ONE_OF("LOWSPACE", "OK") },
    { "CacheUsed", MDM_INTEGER, .attribute = "ContentCaching.CacheUsed" },
    { "DataMigrationCompleted", MDM_BOOLEAN, .preset = "false" },
    { "DataMigrationError", MDM_DICTIONARY, .keys = error_keys },
    { "DataMigrationProgress", MDM_REAL, .min = "0", .max = "1" },
    { "MaxCachePressureLast1Hour", MDM_REAL,
      .attribute = "ContentCaching.MaxCachePressureLast1Hour",
      .min = "0", .max = "1" },
    { "Parents", MDM_ARRAY, .list = "content_cache_parents",
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = parent_keys }) },
    { "Peers", MDM_ARRAY, .list = "content_cache_peers",
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = peer_keys }) },
    { "PersonalCacheFree", MDM_INTEGER },
    { "PersonalCacheLimit", MDM_INTEGER },
    { "PersonalCacheUsed", MDM_INTEGER },
    { "Port", MDM_INTEGER, .attribute = "ContentCaching.Port" },
    { "PrivateAddresses", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "PublicAddress", MDM_STRING,
      .attribute = "ContentCaching.PublicAddress" },
    { "RegistrationError", MDM_STRING,
      .attribute = "ContentCaching.RegistrationError" },
    { "RegistrationResponseCode", MDM_INTEGER },
    { "RegistrationStarted", MDM_DATE },
    { "RegistrationStatus", MDM_INTEGER,
      .attribute = "ContentCaching.RegistrationStatus",
      MDM_ONE_OF("-1", "0", "1") },
    { "RestrictedMedia", MDM_BOOLEAN,
      .attribute = "ContentCaching.RestrictedMedia", .preset = "false" },
    { "ServerGUID", MDM_STRING, .attribute = "ContentCaching.ServerGUID" },
    { "StartupStatus", MDM_STRING,
      .attribute = "ContentCaching.StartupStatus",
      MDM_ONE_OF("FAILED", "MIGRATING_DATA", "OK", "PENDING") },
    { "TetheratorStatus", MDM_INTEGER,
      .attribute = "ContentCaching.TetheratorStatus",
      MDM_ONE_OF("-1", "0", "1") },
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


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "StatusResponse", MDM_DICTIONARY, MDM_NEEDED, .keys = status_keys },
    { 0 }
};


const mdm_type_t  content_caching_information = {
    .kind = MDM_COMMAND,
    .name = "ContentCachingInformation",
    .title = "Content Caching Information",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .expires = MDM_DAYS(30),
    .result = result
};


/* What goes well is not told, so what once did not must be forgotten. */

static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    const mdm_host_t  *host;
    const mdm_node_t  *status;

    host = call->host;
    status = host->get(done->report, "StatusResponse");

    if (!acknowledged(done) || host->type(status) != MDM_DICTIONARY) {
        return true;
    }

    if (host->get(status, "RegistrationError") == NULL
        && !host->set_attribute(call, "ContentCaching.RegistrationError",
                                NULL))
    {
        return false;
    }

    return keep_list(call, "content_cache_alerts")
           && keep_list(call, "content_cache_parents")
           && keep_list(call, "content_cache_peers");
}
