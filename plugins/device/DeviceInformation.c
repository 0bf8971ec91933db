
/*
 * DeviceInformation: what a device is.  Each query has its own rights and
 * systems; the plain facts of the answer become attributes, but for those of
 * accessibility, which tell of a person.
 */


#include "device.h"
#include "../results.h"


#define MAX_FACT   4096   /* bytes of an attribute */

#define DEVICE     .access_rights = MDM_QUERY_DEVICE
#define NETWORK    .access_rights = MDM_QUERY_NETWORK
#define APPS       .access_rights = MDM_CHANGE_APPS
#define NOT_OWNED  .user_enrollment = MDM_FORBIDDEN

#define ON_SHARED_IPAD                                                        \
    .supervised = MDM_YES, .automated = MDM_YES, NOT_OWNED,                   \
    .shared_ipad = MDM_REQUIRED, .shared_user_channel = MDM_NO

#define ALL(...)                                                              \
    .ios = { __VA_ARGS__ }, .macos = { __VA_ARGS__ },                         \
    .tvos = { __VA_ARGS__ }, .visionos = { __VA_ARGS__ },                     \
    .watchos = { __VA_ARGS__ }

#define QUERY(name, ...)                                                      \
    { name, MDM_STRING, MDM_ONE_OF(name), MDM_ON(__VA_ARGS__) }

#define IOS_QUERY(name, ...)                                                  \
    QUERY(name, .ios = { __VA_ARGS__ }, .macos = NEVER, .tvos = NEVER,        \
          .visionos = NEVER, .watchos = NEVER)

#define MACOS_QUERY(name, ...)                                                \
    QUERY(name, .ios = NEVER, .macos = { __VA_ARGS__ }, .tvos = NEVER,        \
          .visionos = NEVER, .watchos = NEVER)

#define TVOS_QUERY(name, ...)                                                 \
    QUERY(name, .ios = NEVER, .macos = NEVER, .tvos = { __VA_ARGS__ },        \
          .visionos = NEVER, .watchos = NEVER)


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool build(mdm_call_t *call, mdm_node_t *value);
static bool result(mdm_call_t *call, const mdm_result_t *done);
static const mdm_node_t *subscription(const mdm_host_t *host,
    const mdm_node_t *list);


static const mdm_systems_t  systems = {
    .ios = { "4.0", .user_enrollment = MDM_ALLOWED,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { "9.0" },
    .visionos = { "1.1", .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0" }
};


static const mdm_key_t  organization_keys[] = {
    { "OrganizationName", MDM_STRING, MDM_NEEDED },
    { "OrganizationAddress", MDM_STRING },
    { "OrganizationPhone", MDM_STRING },
    { "OrganizationEmail", MDM_STRING },
    { "OrganizationMagic", MDM_STRING },
    { 0 }
};


static const mdm_key_t  options_keys[] = {
    { "ActivationLockAllowedWhileSupervised", MDM_BOOLEAN,
      .preset = "false", .attribute = "ActivationLockAllowedWhileSupervised",
      MDM_ON(.visionos = NEVER, .watchos = NEVER) },
    { "BootstrapTokenAllowed", MDM_BOOLEAN, .preset = "false",
      .attribute = "BootstrapTokenAllowed", ONLY_MACOS(0) },
    { "PromptUserToAllowBootstrapTokenForAuthentication", MDM_BOOLEAN,
      .preset = "false",
      .attribute = "PromptUserToAllowBootstrapTokenForAuthentication",
      ONLY_MACOS(0) },
    { 0 }
};


static const mdm_key_t  updates_keys[] = {
    { "CatalogURL", MDM_STRING, .attribute = "CatalogURL" },
    { "IsDefaultCatalog", MDM_BOOLEAN, .attribute = "IsDefaultCatalog" },
    { "PreviousScanDate", MDM_DATE, .attribute = "PreviousScanDate" },
    { "PreviousScanResult", MDM_STRING, .attribute = "PreviousScanResult",
      MDM_ON(.macos = { .deprecated = "11.0", .removed = "15.0" }) },
    { "PerformPeriodicCheck", MDM_BOOLEAN,
      .attribute = "PerformPeriodicCheck" },
    { "AutoCheckEnabled", MDM_BOOLEAN,
      .attribute = "AutoCheckEnabled" },
    { "BackgroundDownloadEnabled", MDM_BOOLEAN,
      .attribute = "BackgroundDownloadEnabled" },
    { "AutomaticAppInstallationEnabled", MDM_BOOLEAN,
      .attribute = "AutomaticAppInstallationEnabled" },
    { "AutomaticOSInstallationEnabled", MDM_BOOLEAN,
      .attribute = "AutomaticOSInstallationEnabled" },
    { "AutomaticSecurityUpdatesEnabled", MDM_BOOLEAN,
      .attribute = "AutomaticSecurityUpdatesEnabled" },
    { 0 }
};


static const mdm_key_t  subscription_keys[] = {
    { "CarrierSettingsVersion", MDM_STRING },
    { "CurrentCarrierNetwork", MDM_STRING },
    { "CurrentMCC", MDM_STRING },
    { "CurrentMNC", MDM_STRING },
    { "ICCID", MDM_STRING },
    { "EID", MDM_STRING, MDM_ON(.ios = { "14.0" }) },
    { "IMEI", MDM_STRING },
    { "IsDataPreferred", MDM_BOOLEAN },
    { "IsRoaming", MDM_BOOLEAN },
    { "IsVoicePreferred", MDM_BOOLEAN },
    { "Label", MDM_STRING },
    { "LabelID", MDM_STRING },
    { "MEID", MDM_STRING },
    { "PhoneNumber", MDM_STRING },
    { "Slot", MDM_STRING, MDM_TELLS },
    { "SubscriberCarrierNetwork", MDM_STRING, MDM_ON(.ios = { "16.0" }) },
    { 0 }
};


static const mdm_key_t  accessibility_keys[] = {
    { "BoldTextEnabled", MDM_BOOLEAN },
    { "IncreaseContrastEnabled", MDM_BOOLEAN, MDM_ON(.watchos = NEVER) },
    { "ReduceMotionEnabled", MDM_BOOLEAN },
    { "ReduceTransparencyEnabled", MDM_BOOLEAN },
    { "TextSize", MDM_INTEGER,
      MDM_ONE_OF("-1", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
                 "10", "11") },
    { "TouchAccommodationsEnabled", MDM_BOOLEAN },
    { "VoiceOverEnabled", MDM_BOOLEAN },
    { "ZoomEnabled", MDM_BOOLEAN },
    { "GrayscaleEnabled", MDM_BOOLEAN, MDM_ON(.ios = NEVER) },
    { 0 }
};


static const mdm_key_t  responses_keys[] = {
    { "UDID", MDM_STRING, .attribute = "UDID" },
    { "ProvisioningUDID", MDM_STRING, .attribute = "ProvisioningUDID",
      ONLY_MACOS("11.3", .user_enrollment = MDM_FORBIDDEN) },
    { "OrganizationInfo", MDM_DICTIONARY, .keys = organization_keys,
      MDM_ON(.ios = { "7.0" }, .macos = { "10.11" }) },
    { "MDMOptions", MDM_DICTIONARY, .keys = options_keys,
      MDM_ON(.ios = { "7.0" }, .macos = { "11.0" }) },
    { "LastCloudBackupDate", MDM_DATE, .attribute = "LastCloudBackupDate",
      MDM_ON(.ios = { "8.0" }, .macos = NEVER, .tvos = NEVER,
             .watchos = NEVER) },

    { "AwaitingConfiguration", MDM_BOOLEAN,
      .attribute = "AwaitingConfiguration",
      MDM_ON(.ios = { "9.0" }, .macos = { "10.11" }, .tvos = { "10.2" },
             .visionos = { "2.0" }) },

    { "iTunesStoreAccountIsActive", MDM_BOOLEAN,
      .attribute = "iTunesStoreAccountIsActive",
      MDM_ON(.ios = { "7.0" }, .macos = { "10.9" }, .visionos = NEVER) },
    { "iTunesStoreAccountHash", MDM_STRING,
      MDM_ON(.ios = { "8.0" }, .macos = { "10.10" }, .visionos = NEVER) },
    { "DeviceName", MDM_STRING, .attribute = "DeviceName" },
    { "OSVersion", MDM_STRING, .attribute = "OSVersion" },
    { "SupplementalOSVersionExtra", MDM_STRING,
      .attribute = "SupplementalOSVersionExtra",
      MDM_ON(.ios = { "16.1" }, .macos = { "13.0" }, .tvos = { "16.1" }) },
    { "BuildVersion", MDM_STRING, .attribute = "BuildVersion" },
    { "SupplementalBuildVersion", MDM_STRING,
      .attribute = "SupplementalBuildVersion",
      MDM_ON(.ios = { "16.1" }, .macos = { "13.0" }, .tvos = { "16.1" }) },
    { "ModelName", MDM_STRING, .attribute = "ModelName" },
    { "Model", MDM_STRING, .attribute = "Model", MDM_ON(.visionos = NEVER) },
    { "ModelNumber", MDM_STRING, .attribute = "ModelNumber" },
    { "IsAppleSilicon", MDM_BOOLEAN, .attribute = "IsAppleSilicon",
      ONLY_MACOS("12.0") },
    { "ProductName", MDM_STRING, .attribute = "ProductName" },
    { "SerialNumber", MDM_STRING, .attribute = "SerialNumber" },
    { "DeviceCapacity", MDM_REAL, .attribute = "DeviceCapacity",
      MDM_ON(.tvos = NEVER) },
    { "AvailableDeviceCapacity", MDM_REAL,
      .attribute = "AvailableDeviceCapacity", MDM_ON(.tvos = NEVER) },
    { "IMEI", MDM_STRING, .attribute = "IMEI",
      ONLY_IOS(.deprecated = "16.0") },
    { "MEID", MDM_STRING, .attribute = "MEID",
      ONLY_IOS(.deprecated = "16.0") },
    { "ModemFirmwareVersion", MDM_STRING,
      .attribute = "ModemFirmwareVersion", ONLY_IOS(0) },
    { "CellularTechnology", MDM_INTEGER, .attribute = "CellularTechnology",
      MDM_ONE_OF("0", "1", "2", "3"), ONLY_IOS("4.2.6") },
    { "BatteryLevel", MDM_REAL, .attribute = "BatteryLevel",
      MDM_ON(.ios = { "5.0" }, .macos = { "13.3" }, .tvos = NEVER) },
    { "HasBattery", MDM_BOOLEAN, .attribute = "HasBattery",
      ONLY_MACOS("13.3") },
    { "IsSupervised", MDM_BOOLEAN, .attribute = "IsSupervised",
      MDM_ON(.ios = { "6.0" }, .macos = { "10.15" }) },
    { "IsMultiUser", MDM_BOOLEAN, .attribute = "IsMultiUser",
      ONLY_IOS("9.3") },
    { "IsDeviceLocatorServiceEnabled", MDM_BOOLEAN,
      .attribute = "IsDeviceLocatorServiceEnabled",
      MDM_ON(.ios = { "7.0" }, .macos = NEVER, .tvos = NEVER) },

    { "IsActivationLockEnabled", MDM_BOOLEAN,
      .attribute = "IsActivationLockEnabled",
      MDM_ON(.ios = { "7.0", .deprecated = "16.0" },
             .macos = { "10.9", .deprecated = "13.0" }, .tvos = NEVER,
             .visionos = NEVER, .watchos = { .deprecated = "10.0" }) },

    { "IsActivationLockSupported", MDM_BOOLEAN,
      .attribute = "IsActivationLockSupported", ONLY_MACOS("10.9") },
    { "IsDoNotDisturbInEffect", MDM_BOOLEAN,
      .attribute = "IsDoNotDisturbInEffect",
      MDM_ON(.ios = { "7.0" }, .macos = NEVER, .tvos = NEVER) },
    { "SupportsLOMDevice", MDM_BOOLEAN, .attribute = "SupportsLOMDevice",
      ONLY_MACOS("11.0") },
    { "DeviceID", MDM_STRING, .attribute = "DeviceID",
      MDM_ON(.ios = NEVER, .macos = NEVER, .visionos = NEVER,
             .watchos = NEVER) },
    { "EASDeviceIdentifier", MDM_STRING, .attribute = "EASDeviceIdentifier",
      MDM_ON(.ios = { "7.0" }, .macos = NEVER, .tvos = NEVER,
             .watchos = NEVER) },

    { "IsCloudBackupEnabled", MDM_BOOLEAN,
      .attribute = "IsCloudBackupEnabled",
      MDM_ON(.ios = { "7.1" }, .macos = NEVER, .tvos = NEVER,
             .watchos = NEVER) },

    { "ActiveManagedUsers", MDM_ARRAY, .list = "active_managed_users",
      ONLY_MACOS("10.11"),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "OSUpdateSettings", MDM_DICTIONARY, .keys = updates_keys,
      ONLY_MACOS("10.11") },
    { "LocalHostName", MDM_STRING, .attribute = "LocalHostName",
      ONLY_MACOS("10.11") },
    { "HostName", MDM_STRING, .attribute = "HostName", ONLY_MACOS("10.11") },

    /* SetAutoAdminPassword asks for the GUID */
    { "AutoSetupAdminAccounts", MDM_ARRAY, .list = "admin_accounts",
      ONLY_MACOS("10.11"),
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "GUID", MDM_STRING, MDM_TELLS },
                          { "shortName", MDM_STRING }) }) },

    { "SystemIntegrityProtectionEnabled", MDM_BOOLEAN,
      .attribute = "SystemIntegrityProtectionEnabled", ONLY_MACOS("10.12") },

    { "IsMDMLostModeEnabled", MDM_BOOLEAN,
      .attribute = "IsMDMLostModeEnabled",
      MDM_ON(.ios = { "9.3" }, .macos = NEVER, .tvos = NEVER,
             .visionos = NEVER) },

    { "MaximumResidentUsers", MDM_INTEGER,
      .attribute = "MaximumResidentUsers", ONLY_IOS("9.3") },
    { "EstimatedResidentUsers", MDM_INTEGER,
      .attribute = "EstimatedResidentUsers", ONLY_IOS("14.0") },
    { "QuotaSize", MDM_INTEGER, .attribute = "QuotaSize", ONLY_IOS("13.4") },
    { "ResidentUsers", MDM_INTEGER, .attribute = "ResidentUsers",
      ONLY_IOS("13.4") },
    { "UserSessionTimeout", MDM_INTEGER, .attribute = "UserSessionTimeout",
      ONLY_IOS("14.5") },
    { "TemporarySessionTimeout", MDM_INTEGER,
      .attribute = "TemporarySessionTimeout", ONLY_IOS("14.5") },
    { "TemporarySessionOnly", MDM_BOOLEAN,
      .attribute = "TemporarySessionOnly", ONLY_IOS("14.5") },
    { "ManagedAppleIDDefaultDomains", MDM_ARRAY, ONLY_IOS("16.0"),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "OnlineAuthenticationGracePeriod", MDM_INTEGER,
      .attribute = "OnlineAuthenticationGracePeriod", ONLY_IOS("16.0") },
    { "SkipLanguageAndLocaleSetupForNewUsers", MDM_BOOLEAN,
      .attribute = "SkipLanguageAndLocaleSetupForNewUsers",
      ONLY_IOS("16.2") },
    { "PushToken", MDM_DATA, MDM_SECRET,
      MDM_ON(.ios = { "9.3" }, .macos = { "10.12" }, .tvos = NEVER,
             .visionos = NEVER, .watchos = NEVER) },
    { "DiagnosticSubmissionEnabled", MDM_BOOLEAN,
      .attribute = "DiagnosticSubmissionEnabled",
      MDM_ON(.ios = { "9.3" }, .macos = NEVER, .tvos = NEVER) },
    { "AppAnalyticsEnabled", MDM_BOOLEAN, .attribute = "AppAnalyticsEnabled",
      MDM_ON(.ios = { "9.3" }, .macos = NEVER, .tvos = NEVER) },
    { "TimeZone", MDM_STRING, .attribute = "TimeZone",
      MDM_ON(.ios = { "14.0" }, .macos = NEVER, .tvos = { "14.0" }) },
    { "ICCID", MDM_STRING, .attribute = "ICCID",
      ONLY_IOS(.deprecated = "16.0") },
    { "BluetoothMAC", MDM_STRING, .attribute = "BluetoothMAC",
      MDM_ON(.watchos = NEVER) },
    { "WiFiMAC", MDM_STRING, .attribute = "WiFiMAC" },
    { "EthernetMAC", MDM_STRING, .attribute = "EthernetMAC",
      ONLY_MACOS(0) },
    { "CurrentCarrierNetwork", MDM_STRING,
      .attribute = "CurrentCarrierNetwork", ONLY_IOS(.deprecated = "16.0") },
    { "SIMCarrierNetwork", MDM_STRING, .attribute = "SIMCarrierNetwork",
      ONLY_IOS(.removed = "5.0") },
    { "SubscriberCarrierNetwork", MDM_STRING,
      .attribute = "SubscriberCarrierNetwork",
      ONLY_IOS("5.0", .deprecated = "16.0") },
    { "CarrierSettingsVersion", MDM_STRING,
      .attribute = "CarrierSettingsVersion", ONLY_IOS(.deprecated = "16.0") },
    { "PhoneNumber", MDM_STRING, .attribute = "PhoneNumber",
      ONLY_IOS(.deprecated = "16.0") },
    { "DataRoamingEnabled", MDM_BOOLEAN, .attribute = "DataRoamingEnabled",
      ONLY_IOS("5.0") },
    { "VoiceRoamingEnabled", MDM_BOOLEAN, .attribute = "VoiceRoamingEnabled",
      ONLY_IOS("5.0", .deprecated = "16.0") },
    { "PersonalHotspotEnabled", MDM_BOOLEAN,
      .attribute = "PersonalHotspotEnabled", ONLY_IOS("7.0") },
    { "IsNetworkTethered", MDM_BOOLEAN, .attribute = "IsNetworkTethered",
      ONLY_IOS("10.3") },
    { "IsRoaming", MDM_BOOLEAN, .attribute = "IsRoaming",
      ONLY_IOS("4.2", .deprecated = "16.0") },
    { "SIMMCC", MDM_STRING, .attribute = "SIMMCC",
      ONLY_IOS(.removed = "4.2.6") },
    { "SIMMNC", MDM_STRING, .attribute = "SIMMNC",
      ONLY_IOS(.removed = "4.2.6") },
    { "SubscriberMCC", MDM_STRING, .attribute = "SubscriberMCC",
      ONLY_IOS("4.2.6", .deprecated = "16.0") },
    { "SubscriberMNC", MDM_STRING, .attribute = "SubscriberMNC",
      ONLY_IOS("4.2.6", .deprecated = "16.0") },
    { "CurrentMCC", MDM_STRING, .attribute = "CurrentMCC",
      ONLY_IOS(.deprecated = "16.0") },
    { "CurrentMNC", MDM_STRING, .attribute = "CurrentMNC",
      ONLY_IOS(.deprecated = "16.0") },
    { "ServiceSubscriptions", MDM_ARRAY, .list = "service_subscriptions",
      ONLY_IOS("12.0"),
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = subscription_keys }) },
    { "PINRequiredForEraseDevice", MDM_BOOLEAN,
      .attribute = "PINRequiredForEraseDevice", ONLY_MACOS("11.0") },
    { "PINRequiredForDeviceLock", MDM_BOOLEAN,
      .attribute = "PINRequiredForDeviceLock", ONLY_MACOS("11.0") },
    { "SupportsiOSAppInstalls", MDM_BOOLEAN,
      .attribute = "SupportsiOSAppInstalls", ONLY_MACOS("11.0") },

    { "SoftwareUpdateDeviceID", MDM_STRING,
      .attribute = "SoftwareUpdateDeviceID",
      MDM_ON(.ios = { "15.0", .user_enrollment = MDM_FORBIDDEN },
             .macos = { "12.0", .user_enrollment = MDM_FORBIDDEN },
             .tvos = NEVER, .visionos = { .user_enrollment = MDM_FORBIDDEN },
             .watchos = NEVER) },

    { "SoftwareUpdateSettings", MDM_DICTIONARY,
      ONLY_IOS("14.5", .user_enrollment = MDM_FORBIDDEN),
      MDM_KEYS({ "RecommendationsCadence", MDM_INTEGER,
                 .attribute = "RecommendationsCadence" }) },

    { "AccessibilitySettings", MDM_DICTIONARY, .keys = accessibility_keys,
      MDM_ON(.ios = { "16.0", .supervised = MDM_YES,
                      .user_enrollment = MDM_FORBIDDEN,
                      .shared_device_channel = MDM_NO },
             .macos = NEVER, .tvos = NEVER, .visionos = NEVER,
             .watchos = { .supervised = MDM_YES }) },

    { "DevicePropertiesAttestation", MDM_ARRAY,
      MDM_ON(.ios = { "16.0" }, .macos = { "14.0" }, .tvos = { "16.0" }),
      MDM_KEYS({ NULL, MDM_DATA }) },
    { "EACSPreflight", MDM_STRING, .attribute = "EACSPreflight",
      ONLY_MACOS("13.3", .user_enrollment = MDM_FORBIDDEN) },
    { 0 }
};


/*
 * An item of Queries is one of these names, and each name has its own rules:
 * DeviceInformation as a whole needs no right, most of its queries do.
 */

static const mdm_key_t  queries[] = {
    QUERY("UDID",
          .ios = { NOT_OWNED }, .macos = { NOT_OWNED },
          .visionos = { NOT_OWNED }),
    MACOS_QUERY("ProvisioningUDID", "11.3", NOT_OWNED),
    QUERY("OrganizationInfo",
          .ios = { "7.0" }, .macos = { "10.11" }),
    QUERY("MDMOptions",
          .ios = { "7.0" }, .macos = { "11.0" }),
    QUERY("LastCloudBackupDate",
          .ios = { "8.0", NOT_OWNED }, .macos = NEVER, .tvos = NEVER,
          .visionos = { NOT_OWNED }, .watchos = NEVER),
    QUERY("AwaitingConfiguration",
          .ios = { "9.0", NOT_OWNED }, .macos = { "10.11", NOT_OWNED },
          .tvos = { "10.2" }, .visionos = { "2.0", NOT_OWNED }),
    QUERY("iTunesStoreAccountIsActive",
          .ios = { "7.0", APPS, NOT_OWNED },
          .macos = { "10.9", APPS, NOT_OWNED }, .tvos = { APPS },
          .visionos = NEVER, .watchos = { APPS }),
    QUERY("iTunesStoreAccountHash",
          .ios = { "8.0", APPS, NOT_OWNED },
          .macos = { "10.10", APPS, NOT_OWNED }, .tvos = { APPS },
          .visionos = NEVER, .watchos = { APPS }),
    QUERY("DeviceName", ALL(DEVICE)),
    QUERY("OSVersion", ALL(DEVICE)),
    QUERY("SupplementalOSVersionExtra",
          .ios = { "16.1", DEVICE }, .macos = { "13.0", DEVICE },
          .tvos = { "16.1", DEVICE }, .visionos = { DEVICE },
          .watchos = { DEVICE }),
    QUERY("BuildVersion", ALL(DEVICE)),
    QUERY("SupplementalBuildVersion",
          .ios = { "16.1", DEVICE }, .macos = { "13.0", DEVICE },
          .tvos = { "16.1", DEVICE }, .visionos = { DEVICE },
          .watchos = { DEVICE }),
    QUERY("ModelName", ALL(DEVICE)),
    QUERY("Model",
          .ios = { DEVICE }, .macos = { DEVICE }, .tvos = { DEVICE },
          .visionos = NEVER, .watchos = { DEVICE }),
    QUERY("ModelNumber",
          .ios = { "16.4", DEVICE }, .macos = { "13.3", DEVICE },
          .tvos = { "16.4", DEVICE }, .visionos = { DEVICE },
          .watchos = { DEVICE }),
    MACOS_QUERY("IsAppleSilicon", "12.0", DEVICE),
    QUERY("ProductName", ALL(DEVICE)),
    QUERY("SerialNumber",
          .ios = { DEVICE, NOT_OWNED }, .macos = { DEVICE, NOT_OWNED },
          .tvos = { DEVICE }, .visionos = { DEVICE, NOT_OWNED },
          .watchos = { DEVICE }),
    QUERY("DeviceCapacity",
          .ios = { DEVICE }, .macos = { DEVICE }, .tvos = NEVER,
          .visionos = { DEVICE }, .watchos = { DEVICE }),
    QUERY("AvailableDeviceCapacity",
          .ios = { DEVICE }, .macos = { DEVICE }, .tvos = NEVER,
          .visionos = { DEVICE }, .watchos = { DEVICE }),
    IOS_QUERY("IMEI", .deprecated = "16.0", DEVICE, NOT_OWNED),
    IOS_QUERY("MEID", .deprecated = "16.0", DEVICE, NOT_OWNED),
    IOS_QUERY("ModemFirmwareVersion", DEVICE, NOT_OWNED),
    IOS_QUERY("CellularTechnology", "4.2.6", DEVICE),
    QUERY("BatteryLevel",
          .ios = { "5.0", DEVICE }, .macos = { "13.3", DEVICE },
          .tvos = NEVER, .visionos = { DEVICE }, .watchos = { DEVICE }),
    MACOS_QUERY("HasBattery", "13.3", DEVICE),
    QUERY("IsSupervised",
          .ios = { "6.0", DEVICE }, .macos = { "10.15" },
          .tvos = { DEVICE }, .visionos = { DEVICE }, .watchos = { DEVICE }),
    IOS_QUERY("IsMultiUser", "9.3", DEVICE),
    QUERY("IsDeviceLocatorServiceEnabled",
          .ios = { "7.0", DEVICE }, .macos = NEVER, .tvos = NEVER,
          .visionos = { DEVICE }, .watchos = { DEVICE }),
    QUERY("IsActivationLockEnabled",
          .ios = { "7.0", .deprecated = "16.0", DEVICE, NOT_OWNED },
          .macos = { "10.15", .deprecated = "13.0", DEVICE, NOT_OWNED },
          .tvos = NEVER, .visionos = NEVER,
          .watchos = { .deprecated = "10.0", DEVICE }),
    MACOS_QUERY("IsActivationLockSupported", "10.15", DEVICE, NOT_OWNED),
    QUERY("IsDoNotDisturbInEffect",
          .ios = { "7.0", DEVICE, NOT_OWNED }, .macos = NEVER,
          .tvos = NEVER, .visionos = { DEVICE, NOT_OWNED },
          .watchos = { DEVICE }),
    TVOS_QUERY("DeviceID", DEVICE),
    QUERY("EASDeviceIdentifier",
          .ios = { "7.0", DEVICE }, .macos = NEVER, .tvos = NEVER,
          .visionos = { DEVICE }, .watchos = NEVER),
    QUERY("IsCloudBackupEnabled",
          .ios = { "7.1", DEVICE, NOT_OWNED }, .macos = NEVER,
          .tvos = NEVER, .visionos = { DEVICE, NOT_OWNED },
          .watchos = NEVER),
    MACOS_QUERY("ActiveManagedUsers", "10.11", DEVICE,
                .user_channel = MDM_NO),
    MACOS_QUERY("OSUpdateSettings", "10.11", DEVICE, NOT_OWNED),
    MACOS_QUERY("LocalHostName", "10.11", DEVICE),
    MACOS_QUERY("HostName", "10.11", DEVICE),
    MACOS_QUERY("AutoSetupAdminAccounts", "10.11", DEVICE,
                .automated = MDM_YES, NOT_OWNED),
    MACOS_QUERY("SystemIntegrityProtectionEnabled", "10.12", DEVICE),
    MACOS_QUERY("SupportsLOMDevice", "11.0", DEVICE),
    QUERY("IsMDMLostModeEnabled",
          .ios = { "9.3", DEVICE, NOT_OWNED }, .macos = NEVER,
          .tvos = NEVER, .visionos = NEVER, .watchos = { DEVICE }),
    IOS_QUERY("MaximumResidentUsers", "9.3", DEVICE, ON_SHARED_IPAD),
    IOS_QUERY("EstimatedResidentUsers", "14.0", DEVICE, ON_SHARED_IPAD),
    IOS_QUERY("QuotaSize", "13.4", DEVICE, ON_SHARED_IPAD),
    IOS_QUERY("ResidentUsers", "13.4", DEVICE, ON_SHARED_IPAD),
    IOS_QUERY("UserSessionTimeout", "14.5", DEVICE, ON_SHARED_IPAD),
    IOS_QUERY("TemporarySessionTimeout", "14.5", DEVICE, ON_SHARED_IPAD),
    IOS_QUERY("TemporarySessionOnly", "14.5", DEVICE, ON_SHARED_IPAD),
    IOS_QUERY("ManagedAppleIDDefaultDomains", "16.0", DEVICE, ON_SHARED_IPAD),
    IOS_QUERY("OnlineAuthenticationGracePeriod", "16.0", DEVICE,
              ON_SHARED_IPAD),
    IOS_QUERY("SkipLanguageAndLocaleSetupForNewUsers", "16.2", DEVICE,
              ON_SHARED_IPAD),
    QUERY("PushToken",
          .ios = { "9.3", DEVICE, NOT_OWNED,
                   .shared_device_channel = MDM_NO }, .macos = { "10.12" },
          .tvos = NEVER, .visionos = NEVER, .watchos = NEVER),
    QUERY("DiagnosticSubmissionEnabled",
          .ios = { "9.3", DEVICE }, .macos = NEVER, .tvos = NEVER,
          .visionos = { DEVICE }, .watchos = { DEVICE }),
    QUERY("AppAnalyticsEnabled",
          .ios = { "9.3", DEVICE }, .macos = NEVER, .tvos = NEVER,
          .visionos = { DEVICE }, .watchos = { DEVICE }),
    QUERY("TimeZone",
          .ios = { "14.0", DEVICE }, .macos = NEVER,
          .tvos = { "14.0", DEVICE }, .visionos = { "2.0", DEVICE },
          .watchos = { DEVICE }),
    IOS_QUERY("ICCID", .deprecated = "16.0", NETWORK, NOT_OWNED),
    QUERY("BluetoothMAC",
          .ios = { NETWORK, NOT_OWNED }, .macos = { NETWORK, NOT_OWNED },
          .tvos = { NETWORK }, .visionos = { NETWORK, NOT_OWNED },
          .watchos = NEVER),
    QUERY("WiFiMAC",
          .ios = { NETWORK, NOT_OWNED }, .macos = { NETWORK, NOT_OWNED },
          .tvos = { NETWORK }, .visionos = { NETWORK, NOT_OWNED },
          .watchos = { NETWORK }),
    MACOS_QUERY("EthernetMAC", NETWORK, NOT_OWNED),
    IOS_QUERY("CurrentCarrierNetwork", .deprecated = "16.0", NETWORK,
              NOT_OWNED),
    IOS_QUERY("SIMCarrierNetwork", .removed = "5.0", NETWORK, NOT_OWNED),
    IOS_QUERY("SubscriberCarrierNetwork", "5.0", .deprecated = "16.0",
              NETWORK, NOT_OWNED),
    IOS_QUERY("CarrierSettingsVersion", .deprecated = "16.0", NETWORK,
              NOT_OWNED),
    IOS_QUERY("PhoneNumber", .deprecated = "16.0", NETWORK, NOT_OWNED),
    IOS_QUERY("DataRoamingEnabled", "5.0", NETWORK, NOT_OWNED),
    IOS_QUERY("VoiceRoamingEnabled", "5.0", .deprecated = "16.0", NETWORK,
              NOT_OWNED),
    IOS_QUERY("PersonalHotspotEnabled", "7.0", NETWORK, NOT_OWNED),
    IOS_QUERY("IsNetworkTethered", "10.3", NETWORK),
    IOS_QUERY("IsRoaming", "4.2", NETWORK, NOT_OWNED),
    IOS_QUERY("SubscriberMCC", "4.2.6", .deprecated = "16.0", NETWORK,
              NOT_OWNED),
    IOS_QUERY("SubscriberMNC", "4.2.6", .deprecated = "16.0", NETWORK,
              NOT_OWNED),
    IOS_QUERY("CurrentMCC", .deprecated = "16.0", NETWORK, NOT_OWNED),
    IOS_QUERY("CurrentMNC", .deprecated = "16.0", NETWORK, NOT_OWNED),
    IOS_QUERY("ServiceSubscriptions", "12.0", NETWORK, NOT_OWNED),
    MACOS_QUERY("PINRequiredForEraseDevice", "11.0", DEVICE, NOT_OWNED),
    MACOS_QUERY("PINRequiredForDeviceLock", "11.0", DEVICE, NOT_OWNED),
    MACOS_QUERY("SupportsiOSAppInstalls", "11.0", DEVICE),
    QUERY("SoftwareUpdateDeviceID",
          .ios = { "15.0", NOT_OWNED }, .macos = { "12.0", NOT_OWNED },
          .tvos = NEVER, .visionos = { NOT_OWNED }, .watchos = NEVER),
    IOS_QUERY("SoftwareUpdateSettings", "14.5", NOT_OWNED),
    QUERY("AccessibilitySettings",
          .ios = { "16.0", .supervised = MDM_YES, NOT_OWNED,
                   .shared_device_channel = MDM_NO }, .macos = NEVER,
          .tvos = NEVER, .visionos = NEVER,
          .watchos = { .supervised = MDM_YES }),
    QUERY("DevicePropertiesAttestation",
          .ios = { "16.0" }, .macos = { "14.0" }, .tvos = { "16.0" }),
    MACOS_QUERY("EACSPreflight", "13.3", DEVICE, .user_channel = MDM_NO,
                NOT_OWNED),
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "Queries", MDM_ARRAY, MDM_NEEDED, .keys = queries },
    { "DeviceAttestationNonce", MDM_DATA,
      MDM_ON(.ios = { "16.0" }, .macos = { "14.0" }, .tvos = { "16.0" }) },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "QueryResponses", MDM_DICTIONARY, MDM_NEEDED, .keys = responses_keys },
    { 0 }
};


const mdm_type_t  device_information = {
    .kind = MDM_COMMAND,
    .flags = MDM_INVENTORY,
    .name = "DeviceInformation",
    .title = "Device Information",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .expires = MDM_DAYS(30),
    .validate = validate,
    .build = build,
    .result = result
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    size_t             i, n;
    const mdm_host_t  *host;
    const mdm_node_t  *list;

    host = call->host;

    if (host->get(value, "DeviceAttestationNonce") == NULL) {
        return true;
    }

    list = host->get(value, "Queries");
    n = host->count(list);

    for (i = 0; i < n; i++) {
        if (text_is(host->text(host->item(list, i)),
                    "DevicePropertiesAttestation"))
        {
            return true;
        }
    }

    host->fault(call, "DeviceAttestationNonce",
                "must be absent unless DevicePropertiesAttestation is among "
                "Queries");

    return false;
}


/* Of nothing the host makes a command: what every kind of device knows. */

static bool
build(mdm_call_t *call, mdm_node_t *value)
{
    size_t             i;
    mdm_node_t        *list;
    const mdm_host_t  *host;

    static const char *const  facts[] = {
        "DeviceName", "OSVersion", "BuildVersion", "ProductName",
        "SerialNumber", "IsSupervised"
    };

    host = call->host;

    if (host->get(value, "Queries") != NULL) {
        return true;
    }

    list = host->new_array(call);

    for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        if (!host->append(call, list, host->new_string(call,
                              (mdm_text_t) { strlen(facts[i]), facts[i] })))
        {
            return false;
        }
    }

    return host->set(call, value, "Queries", list);
}


/*
 * A device with several subscriptions tells of each, and no longer of one as
 * before.  The one that carries data stands for the device.
 */

static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    size_t             i;
    const mdm_host_t  *host;
    const mdm_node_t  *answers, *one, *node;

    static const char *const  facts[] = {
        "CarrierSettingsVersion", "CurrentCarrierNetwork", "CurrentMCC",
        "CurrentMNC", "ICCID", "IMEI", "IsRoaming", "MEID", "PhoneNumber",
        "SubscriberCarrierNetwork", NULL
    };

    host = call->host;

    if (!acknowledged(done)) {
        return true;
    }

    answers = host->get(done->report, "QueryResponses");
    one = subscription(host, host->get(answers, "ServiceSubscriptions"));

    for (i = 0; facts[i]; i++) {
        node = host->get(one, facts[i]);

        if (host->get(answers, facts[i]) != NULL
            || (host->type(node) != MDM_STRING
                && host->type(node) != MDM_BOOLEAN)
            || host->text(node).len > MAX_FACT)
        {
            continue;
        }

        if (!host->set_attribute(call, facts[i], node)) {
            return false;
        }
    }

    return true;
}


static const mdm_node_t *
subscription(const mdm_host_t *host, const mdm_node_t *list)
{
    size_t             i, n;
    const mdm_node_t  *one;

    if (host->type(list) != MDM_ARRAY) {
        return NULL;
    }

    n = host->count(list);

    for (i = 0; i < n; i++) {
        one = host->item(list, i);

        if (host->boolean(host->get(one, "IsDataPreferred"))) {
            return one;
        }
    }

    return host->item(list, 0);
}
