
/*
 * com.apple.webcontent-filter: what of the web, or of all traffic, comes
 * through: by lists of the system (BuiltIn, not on a Mac), or by an app
 * (Plugin).  An iPhone that is not supervised takes it only with
 * ContentFilterUUID, by which managed apps name it.
 */


#include "network.h"


/* by words of Apple: about so many */
#define MANY_URLS  500

/* a provider that is a system extension */
#define ONLY_MAC                                                              \
    MDM_ON(.ios = NEVER, .macos = { "10.15" }, .visionos = NEVER)

/* of BuiltIn: where nobody supervises there is Plugin only */
#define BUILT_IN(since)                                                       \
    MDM_ON(.ios = { since, .supervised = MDM_YES }, .macos = NEVER,           \
           .visionos = { .supervised = MDM_YES })

#define UNTIL_14_5                                                            \
    MDM_ON(.ios = { .deprecated = "14.5", .supervised = MDM_YES },            \
           .macos = NEVER, .visionos = NEVER)


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static void validate_lists(mdm_call_t *call, const mdm_node_t *value);
static bool validate_plugin(mdm_call_t *call, const mdm_node_t *value);
static bool validate_providers(mdm_call_t *call, const mdm_node_t *value);
static bool missing(mdm_call_t *call, const mdm_node_t *value,
    const char *key, const char *rule);
static bool on(mdm_call_t *call, const mdm_node_t *value, const char *key);


static const mdm_systems_t  systems = {
    .ios = { "7.0", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.15", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN },
    .visionos = { "1.1", .many = MDM_YES }
};


static const mdm_key_t  bookmark_keys[] = {
    { "URL", MDM_STRING, MDM_NEEDED },
    { "Title", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "FilterType", MDM_STRING, MDM_ONE_OF("BuiltIn", "Plugin"),
      .preset = "BuiltIn", MDM_ON(.ios = { "8.0" }) },
    { "AutoFilterEnabled", MDM_BOOLEAN, .preset = "false", BUILT_IN("7.0") },
    { "PermittedURLs", MDM_ARRAY, 0, network_strings, BUILT_IN("7.0") },
    { "BlacklistedURLs", MDM_ARRAY, 0, network_strings, UNTIL_14_5 },
    { "DenyListURLs", MDM_ARRAY, 0, network_strings,
      BUILT_IN("14.5") },
    { "HideDenyListURLs", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "18.0", .supervised = MDM_YES }, .macos = NEVER,
             .visionos = { "2.0", .supervised = MDM_YES }) },
    { "WhitelistedBookmarks", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, bookmark_keys }), UNTIL_14_5 },
    { "AllowListBookmarks", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, bookmark_keys }),
      BUILT_IN("14.5") },

    /* of Plugin */
    { "UserDefinedName", MDM_STRING },
    { "PluginBundleID", MDM_STRING },
    { "ServerAddress", MDM_STRING },
    { "UserName", MDM_STRING },
    { "Password", MDM_STRING, MDM_SECRET },
    { "PayloadCertificateUUID", MDM_STRING, .pattern = UUID },
    { "Organization", MDM_STRING },

    /* what is in it is up to the app; it may be secret */
    { "VendorConfig", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_ANY, MDM_NEEDED|MDM_SECRET }) },
    { "FilterBrowsers", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = NEVER) },
    { "FilterSockets", MDM_BOOLEAN, .preset = "false" },
    { "FilterDataProviderDesignatedRequirement", MDM_STRING, ONLY_MAC },
    { "FilterDataProviderBundleIdentifier", MDM_STRING, ONLY_MAC },
    { "FilterPackets", MDM_BOOLEAN, .preset = "false", ONLY_MAC },
    { "FilterPacketProviderDesignatedRequirement", MDM_STRING, ONLY_MAC },
    { "FilterPacketProviderBundleIdentifier", MDM_STRING, ONLY_MAC },

    /* a firewall sees all before an inspector does */
    { "FilterGrade", MDM_STRING, MDM_ONE_OF("firewall", "inspector"),
      .preset = "firewall", ONLY_MAC },
    { "ContentFilterUUID", MDM_STRING,
      MDM_ON(.ios = { "16.0" }, .macos = NEVER) },
    { 0 }
};


const mdm_type_t  web_content_filter = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.webcontent-filter",
    .title = "Web content filter",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    if (network_is(call, value, "FilterType", "Plugin")) {
        return validate_plugin(call, value);
    }

    validate_lists(call, value);

    return true;
}


static void
validate_lists(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->get(value, "PermittedURLs") != NULL
        && !on(call, value, "AutoFilterEnabled"))
    {
        host->warn(call, "PermittedURLs",
                   "have no effect unless AutoFilterEnabled is true");
    }

    if (host->count(host->get(value, "DenyListURLs")) > MANY_URLS) {
        host->warn(call, "DenyListURLs", "should be about 500 at most");
    }

    if (host->get(value, "PluginBundleID") != NULL) {
        host->warn(call, "PluginBundleID",
                   "is used only when FilterType is Plugin");
    }
}


static bool
validate_plugin(mdm_call_t *call, const mdm_node_t *value)
{
    bool               bad;
    const char        *rule;
    const mdm_host_t  *host;

    host = call->host;
    rule = "must be there when FilterType is Plugin";

    bad = missing(call, value, "UserDefinedName", rule);
    bad = missing(call, value, "PluginBundleID", rule) || bad;

    if (!on(call, value, "FilterBrowsers") && !on(call, value, "FilterSockets")
        && !on(call, value, "FilterPackets"))
    {
        host->fault(call, "FilterSockets", "must be true when FilterType is "
                    "Plugin, or FilterBrowsers, or on a Mac FilterPackets");
        bad = true;
    }

    return validate_providers(call, value) && !bad;
}


/* FilterPackets is there on a Mac only, FilterSockets elsewhere, too. */

static bool
validate_providers(mdm_call_t *call, const mdm_node_t *value)
{
    bool         bad, mac;
    const char  *rule;

    bad = false;
    mac = call->host->get(value, "FilterDataProviderBundleIdentifier")
          || call->host->get(value, "FilterDataProviderDesignatedRequirement")
          || call->host->get(value, "FilterPackets")
          || call->host->get(value, "FilterGrade");

    if (mac && on(call, value, "FilterSockets")) {
        rule = "must be there on a Mac when FilterSockets is true";

        bad = missing(call, value, "FilterDataProviderDesignatedRequirement",
                      rule);
        bad = missing(call, value, "FilterDataProviderBundleIdentifier", rule)
              || bad;
    }

    if (on(call, value, "FilterPackets")) {
        rule = "must be there when FilterPackets is true";

        bad = missing(call, value, "FilterPacketProviderDesignatedRequirement",
                      rule) || bad;
        bad = missing(call, value, "FilterPacketProviderBundleIdentifier",
                      rule) || bad;
    }

    return !bad;
}


static bool
missing(mdm_call_t *call, const mdm_node_t *value, const char *key,
    const char *rule)
{
    if (call->host->get(value, key) != NULL) {
        return false;
    }

    call->host->fault(call, key, rule);
    return true;
}


static bool
on(mdm_call_t *call, const mdm_node_t *value, const char *key)
{
    return call->host->boolean(call->host->get(value, key));
}
