
/*
 * DeviceInformation: what a device is.  Each query has its own rights and
 * systems; the plain facts of the answer become attributes.
 */


#include "ngx_mdm_plugin.h"


#define NEVER  { .introduced = MDM_NEVER_THERE }

#define ONLY_IOS(...)                                                         \
    MDM_ON(.ios = { __VA_ARGS__ }, .macos = NEVER, .tvos = NEVER,             \
           .visionos = NEVER, .watchos = NEVER)

#define ONLY_MACOS(...)                                                       \
    MDM_ON(.ios = NEVER, .macos = { __VA_ARGS__ }, .tvos = NEVER,             \
           .visionos = NEVER, .watchos = NEVER)

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


static const mdm_systems_t  device_information_on = {
    .ios = { .introduced = "4.0", .user_enrollment = MDM_ALLOWED,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = { .introduced = "10.7", .device_channel = MDM_YES,
               .user_channel = MDM_YES, .user_enrollment = MDM_ALLOWED },
    .tvos = { .introduced = "9.0" },
    .visionos = { .introduced = "1.1", .user_enrollment = MDM_ALLOWED },
    .watchos = { .introduced = "10.0" }
};


static const mdm_key_t  device_information_organization[] = {
    { "OrganizationName", MDM_STRING, MDM_NEEDED },
    { "OrganizationAddress", MDM_STRING },
    { "OrganizationPhone", MDM_STRING },
    { "OrganizationEmail", MDM_STRING },
    { "OrganizationMagic", MDM_STRING },
    { 0 }
};


static const mdm_key_t  device_information_options[] = {
    { "ActivationLockAllowedWhileSupervised", MDM_BOOLEAN,
      .preset = "false", .attribute = "ActivationLockAllowedWhileSupervised",
      MDM_ON(.visionos = NEVER, .watchos = NEVER) },
    { "BootstrapTokenAllowed", MDM_BOOLEAN, .preset = "false",
      ONLY_MACOS(0) },
    { "PromptUserToAllowBootstrapTokenForAuthentication", MDM_BOOLEAN,
      .preset = "false", ONLY_MACOS(0) },
    { 0 }
};


static const mdm_key_t  device_information_updates[] = {
    { "CatalogURL", MDM_STRING },
    { "IsDefaultCatalog", MDM_BOOLEAN },
    { "PreviousScanDate", MDM_DATE, .attribute = "PreviousScanDate" },
    { "PreviousScanResult", MDM_STRING,
      MDM_ON(.macos = { .deprecated = "11.0", .removed = "15.0" }) },
    { "PerformPeriodicCheck", MDM_BOOLEAN },
    { "AutoCheckEnabled", MDM_BOOLEAN },
    { "BackgroundDownloadEnabled", MDM_BOOLEAN },
    { "AutomaticAppInstallationEnabled", MDM_BOOLEAN },
    { "AutomaticOSInstallationEnabled", MDM_BOOLEAN },
    { "AutomaticSecurityUpdatesEnabled", MDM_BOOLEAN },
    { 0 }
};


static const mdm_key_t  device_information_subscription[] = {
    { "CarrierSettingsVersion", MDM_STRING },
    { "CurrentCarrierNetwork", MDM_STRING },
    { "CurrentMCC", MDM_STRING },
    { "CurrentMNC", MDM_STRING },
    { "ICCID", MDM_STRING },
    { "EID", MDM_STRING, MDM_ON(.ios = { .introduced = "14.0" }) },
    { "IMEI", MDM_STRING },
    { "IsDataPreferred", MDM_BOOLEAN },
    { "IsRoaming", MDM_BOOLEAN },
    { "IsVoicePreferred", MDM_BOOLEAN },
    { "Label", MDM_STRING },
    { "LabelID", MDM_STRING },
    { "MEID", MDM_STRING },
    { "PhoneNumber", MDM_STRING },
    { "Slot", MDM_STRING },
    { "SubscriberCarrierNetwork", MDM_STRING,
      MDM_ON(.ios = { .introduced = "16.0" }) },
    { 0 }
};


static const mdm_key_t  device_information_accessibility[] = {
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


static const mdm_key_t  device_information_responses[] = {
    { "UDID", MDM_STRING, .attribute = "UDID" },
    { "ProvisioningUDID", MDM_STRING, .attribute = "ProvisioningUDID",
      ONLY_MACOS(.introduced = "11.3", .user_enrollment = MDM_FORBIDDEN) },

    { "OrganizationInfo", MDM_DICTIONARY,
      .keys = device_information_organization,
      MDM_ON(.ios = { .introduced = "7.0" },
             .macos = { .introduced = "10.11" }) },

    { "MDMOptions", MDM_DICTIONARY, .keys = device_information_options,
      MDM_ON(.ios = { .introduced = "7.0" },
             .macos = { .introduced = "11.0" }) },
    { "LastCloudBackupDate", MDM_DATE, .attribute = "LastCloudBackupDate",
      MDM_ON(.ios = { .introduced = "8.0" }, .macos = NEVER, .tvos = NEVER,
             .watchos = NEVER) },

    { "AwaitingConfiguration", MDM_BOOLEAN,
      .attribute = "AwaitingConfiguration",
      MDM_ON(.ios = { .introduced = "9.0" },
             .macos = { .introduced = "10.11" },
             .tvos = { .introduced = "10.2" },
             .visionos = { .introduced = "2.0" }) },

    { "iTunesStoreAccountIsActive", MDM_BOOLEAN,
      .attribute = "iTunesStoreAccountIsActive",
      MDM_ON(.ios = { .introduced = "7.0" }, .macos = { .introduced = "10.9" },
             .visionos = NEVER) },

    { "iTunesStoreAccountHash", MDM_STRING,
      MDM_ON(.ios = { .introduced = "8.0" },
             .macos = { .introduced = "10.10" }, .visionos = NEVER) },
    { "DeviceName", MDM_STRING, .attribute = "DeviceName" },
    { "OSVersion", MDM_STRING, .attribute = "OSVersion" },

    { "SupplementalOSVersionExtra", MDM_STRING,
      .attribute = "SupplementalOSVersionExtra",
      MDM_ON(.ios = { .introduced = "16.1" },
             .macos = { .introduced = "13.0" },
             .tvos = { .introduced = "16.1" }) },

    { "BuildVersion", MDM_STRING, .attribute = "BuildVersion" },

    { "SupplementalBuildVersion", MDM_STRING,
      .attribute = "SupplementalBuildVersion",
      MDM_ON(.ios = { .introduced = "16.1" },
             .macos = { .introduced = "13.0" },
             .tvos = { .introduced = "16.1" }) },

    { "ModelName", MDM_STRING, .attribute = "ModelName" },
    { "Model", MDM_STRING, .attribute = "Model", MDM_ON(.visionos = NEVER) },
    { "ModelNumber", MDM_STRING, .attribute = "ModelNumber" },
    { "IsAppleSilicon", MDM_BOOLEAN, .attribute = "IsAppleSilicon",
      ONLY_MACOS(.introduced = "12.0") },
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
      MDM_ONE_OF("0", "1", "2", "3"), ONLY_IOS(.introduced = "4.2.6") },
    { "BatteryLevel", MDM_REAL, .attribute = "BatteryLevel",
      MDM_ON(.ios = { .introduced = "5.0" }, .macos = { .introduced = "13.3" },
             .tvos = NEVER) },
    { "HasBattery", MDM_BOOLEAN, .attribute = "HasBattery",
      ONLY_MACOS(.introduced = "13.3") },
    { "IsSupervised", MDM_BOOLEAN, .attribute = "IsSupervised",
      MDM_ON(.ios = { .introduced = "6.0" },
             .macos = { .introduced = "10.15" }) },
    { "IsMultiUser", MDM_BOOLEAN, .attribute = "IsMultiUser",
      ONLY_IOS(.introduced = "9.3") },
    { "IsDeviceLocatorServiceEnabled", MDM_BOOLEAN,
      .attribute = "IsDeviceLocatorServiceEnabled",
      MDM_ON(.ios = { .introduced = "7.0" }, .macos = NEVER, .tvos = NEVER) },

    { "IsActivationLockEnabled", MDM_BOOLEAN,
      .attribute = "IsActivationLockEnabled",
      MDM_ON(.ios = { .introduced = "7.0", .deprecated = "16.0" },
             .macos = { .introduced = "10.9", .deprecated = "13.0" },
             .tvos = NEVER, .visionos = NEVER,
             .watchos = { .deprecated = "10.0" }) },

    { "IsActivationLockSupported", MDM_BOOLEAN,
      .attribute = "IsActivationLockSupported",
      ONLY_MACOS(.introduced = "10.9") },
    { "IsDoNotDisturbInEffect", MDM_BOOLEAN,
      .attribute = "IsDoNotDisturbInEffect",
      MDM_ON(.ios = { .introduced = "7.0" }, .macos = NEVER, .tvos = NEVER) },
    { "SupportsLOMDevice", MDM_BOOLEAN, .attribute = "SupportsLOMDevice",
      ONLY_MACOS(.introduced = "11.0") },
    { "DeviceID", MDM_STRING, .attribute = "DeviceID",
      MDM_ON(.ios = NEVER, .macos = NEVER, .visionos = NEVER,
             .watchos = NEVER) },
    { "EASDeviceIdentifier", MDM_STRING, .attribute = "EASDeviceIdentifier",
      MDM_ON(.ios = { .introduced = "7.0" }, .macos = NEVER, .tvos = NEVER,
             .watchos = NEVER) },

    { "IsCloudBackupEnabled", MDM_BOOLEAN,
      .attribute = "IsCloudBackupEnabled",
      MDM_ON(.ios = { .introduced = "7.1" }, .macos = NEVER, .tvos = NEVER,
             .watchos = NEVER) },

    { "ActiveManagedUsers", MDM_ARRAY, ONLY_MACOS(.introduced = "10.11"),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "OSUpdateSettings", MDM_DICTIONARY, .keys = device_information_updates,
      ONLY_MACOS(.introduced = "10.11") },
    { "LocalHostName", MDM_STRING, .attribute = "LocalHostName",
      ONLY_MACOS(.introduced = "10.11") },
    { "HostName", MDM_STRING, .attribute = "HostName",
      ONLY_MACOS(.introduced = "10.11") },

    { "AutoSetupAdminAccounts", MDM_ARRAY, ONLY_MACOS(.introduced = "10.11"),
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "GUID", MDM_STRING },
                          { "shortName", MDM_STRING }) }) },

    { "SystemIntegrityProtectionEnabled", MDM_BOOLEAN,
      .attribute = "SystemIntegrityProtectionEnabled",
      ONLY_MACOS(.introduced = "10.12") },

    { "IsMDMLostModeEnabled", MDM_BOOLEAN,
      .attribute = "IsMDMLostModeEnabled",
      MDM_ON(.ios = { .introduced = "9.3" }, .macos = NEVER, .tvos = NEVER,
             .visionos = NEVER) },

    { "MaximumResidentUsers", MDM_INTEGER,
      .attribute = "MaximumResidentUsers", ONLY_IOS(.introduced = "9.3") },
    { "EstimatedResidentUsers", MDM_INTEGER,
      .attribute = "EstimatedResidentUsers", ONLY_IOS(.introduced = "14.0") },
    { "QuotaSize", MDM_INTEGER, .attribute = "QuotaSize",
      ONLY_IOS(.introduced = "13.4") },
    { "ResidentUsers", MDM_INTEGER, .attribute = "ResidentUsers",
      ONLY_IOS(.introduced = "13.4") },
    { "UserSessionTimeout", MDM_INTEGER, .attribute = "UserSessionTimeout",
      ONLY_IOS(.introduced = "14.5") },
    { "TemporarySessionTimeout", MDM_INTEGER,
      .attribute = "TemporarySessionTimeout", ONLY_IOS(.introduced = "14.5") },
    { "TemporarySessionOnly", MDM_BOOLEAN,
      .attribute = "TemporarySessionOnly", ONLY_IOS(.introduced = "14.5") },
    { "ManagedAppleIDDefaultDomains", MDM_ARRAY,
      ONLY_IOS(.introduced = "16.0"), MDM_KEYS({ NULL, MDM_STRING }) },
    { "OnlineAuthenticationGracePeriod", MDM_INTEGER,
      .attribute = "OnlineAuthenticationGracePeriod",
      ONLY_IOS(.introduced = "16.0") },
    { "SkipLanguageAndLocaleSetupForNewUsers", MDM_BOOLEAN,
      .attribute = "SkipLanguageAndLocaleSetupForNewUsers",
      ONLY_IOS(.introduced = "16.2") },

    { "PushToken", MDM_DATA, MDM_SECRET,
      MDM_ON(.ios = { .introduced = "9.3" },
             .macos = { .introduced = "10.12" }, .tvos = NEVER,
             .visionos = NEVER, .watchos = NEVER) },

    { "DiagnosticSubmissionEnabled", MDM_BOOLEAN,
      .attribute = "DiagnosticSubmissionEnabled",
      MDM_ON(.ios = { .introduced = "9.3" }, .macos = NEVER, .tvos = NEVER) },
    { "AppAnalyticsEnabled", MDM_BOOLEAN, .attribute = "AppAnalyticsEnabled",
      MDM_ON(.ios = { .introduced = "9.3" }, .macos = NEVER, .tvos = NEVER) },
    { "TimeZone", MDM_STRING, .attribute = "TimeZone",
      MDM_ON(.ios = { .introduced = "14.0" }, .macos = NEVER,
             .tvos = { .introduced = "14.0" }) },
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
      ONLY_IOS(.introduced = "5.0", .deprecated = "16.0") },
    { "CarrierSettingsVersion", MDM_STRING,
      .attribute = "CarrierSettingsVersion", ONLY_IOS(.deprecated = "16.0") },
    { "PhoneNumber", MDM_STRING, .attribute = "PhoneNumber",
      ONLY_IOS(.deprecated = "16.0") },
    { "DataRoamingEnabled", MDM_BOOLEAN, .attribute = "DataRoamingEnabled",
      ONLY_IOS(.introduced = "5.0") },
    { "VoiceRoamingEnabled", MDM_BOOLEAN, .attribute = "VoiceRoamingEnabled",
      ONLY_IOS(.introduced = "5.0", .deprecated = "16.0") },
    { "PersonalHotspotEnabled", MDM_BOOLEAN,
      .attribute = "PersonalHotspotEnabled", ONLY_IOS(.introduced = "7.0") },
    { "IsNetworkTethered", MDM_BOOLEAN, .attribute = "IsNetworkTethered",
      ONLY_IOS(.introduced = "10.3") },
    { "IsRoaming", MDM_BOOLEAN, .attribute = "IsRoaming",
      ONLY_IOS(.introduced = "4.2", .deprecated = "16.0") },
    { "SIMMCC", MDM_STRING, .attribute = "SIMMCC",
      ONLY_IOS(.removed = "4.2.6") },
    { "SIMMNC", MDM_STRING, .attribute = "SIMMNC",
      ONLY_IOS(.removed = "4.2.6") },
    { "SubscriberMCC", MDM_STRING, .attribute = "SubscriberMCC",
      ONLY_IOS(.introduced = "4.2.6", .deprecated = "16.0") },
    { "SubscriberMNC", MDM_STRING, .attribute = "SubscriberMNC",
      ONLY_IOS(.introduced = "4.2.6", .deprecated = "16.0") },
    { "CurrentMCC", MDM_STRING, .attribute = "CurrentMCC",
      ONLY_IOS(.deprecated = "16.0") },
    { "CurrentMNC", MDM_STRING, .attribute = "CurrentMNC",
      ONLY_IOS(.deprecated = "16.0") },
    { "ServiceSubscriptions", MDM_ARRAY, ONLY_IOS(.introduced = "12.0"),
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 .keys = device_information_subscription }) },
    { "PINRequiredForEraseDevice", MDM_BOOLEAN,
      .attribute = "PINRequiredForEraseDevice",
      ONLY_MACOS(.introduced = "11.0") },
    { "PINRequiredForDeviceLock", MDM_BOOLEAN,
      .attribute = "PINRequiredForDeviceLock",
      ONLY_MACOS(.introduced = "11.0") },
    { "SupportsiOSAppInstalls", MDM_BOOLEAN,
      .attribute = "SupportsiOSAppInstalls",
      ONLY_MACOS(.introduced = "11.0") },

    { "SoftwareUpdateDeviceID", MDM_STRING,
      .attribute = "SoftwareUpdateDeviceID",
      MDM_ON(.ios = { .introduced = "15.0", .user_enrollment = MDM_FORBIDDEN },
             .macos = { .introduced = "12.0",
                        .user_enrollment = MDM_FORBIDDEN },
             .tvos = NEVER, .visionos = { .user_enrollment = MDM_FORBIDDEN },
             .watchos = NEVER) },

    { "SoftwareUpdateSettings", MDM_DICTIONARY,
      ONLY_IOS(.introduced = "14.5", .user_enrollment = MDM_FORBIDDEN),
      MDM_KEYS({ "RecommendationsCadence", MDM_INTEGER }) },

    { "AccessibilitySettings", MDM_DICTIONARY,
      .keys = device_information_accessibility,
      MDM_ON(.ios = { .introduced = "16.0", .supervised = MDM_YES,
                      .user_enrollment = MDM_FORBIDDEN,
                      .shared_device_channel = MDM_NO },
             .macos = NEVER, .tvos = NEVER, .visionos = NEVER,
             .watchos = { .supervised = MDM_YES }) },

    { "DevicePropertiesAttestation", MDM_ARRAY,
      MDM_ON(.ios = { .introduced = "16.0" },
             .macos = { .introduced = "14.0" },
             .tvos = { .introduced = "16.0" }), MDM_KEYS({ NULL, MDM_DATA }) },

    { "EACSPreflight", MDM_STRING, .attribute = "EACSPreflight",
      ONLY_MACOS(.introduced = "13.3", .user_enrollment = MDM_FORBIDDEN) },
    { 0 }
};


/*
 * An item of Queries is one of these names, and each name has its own rules:
 * DeviceInformation as a whole needs no right, most of its queries do.
 */

static const mdm_key_t  device_information_queries[] = {
    QUERY("UDID",
          .ios = { NOT_OWNED }, .macos = { NOT_OWNED },
          .visionos = { NOT_OWNED }),
    MACOS_QUERY("ProvisioningUDID", .introduced = "11.3", NOT_OWNED),
    QUERY("OrganizationInfo",
          .ios = { .introduced = "7.0" },
          .macos = { .introduced = "10.11" }),
    QUERY("MDMOptions",
          .ios = { .introduced = "7.0" }, .macos = { .introduced = "11.0" }),
    QUERY("LastCloudBackupDate",
          .ios = { .introduced = "8.0", NOT_OWNED }, .macos = NEVER,
          .tvos = NEVER, .visionos = { NOT_OWNED }, .watchos = NEVER),
    QUERY("AwaitingConfiguration",
          .ios = { .introduced = "9.0", NOT_OWNED },
          .macos = { .introduced = "10.11", NOT_OWNED },
          .tvos = { .introduced = "10.2" },
          .visionos = { .introduced = "2.0", NOT_OWNED }),
    QUERY("iTunesStoreAccountIsActive",
          .ios = { .introduced = "7.0", APPS, NOT_OWNED },
          .macos = { .introduced = "10.9", APPS, NOT_OWNED },
          .tvos = { APPS }, .visionos = NEVER, .watchos = { APPS }),
    QUERY("iTunesStoreAccountHash",
          .ios = { .introduced = "8.0", APPS, NOT_OWNED },
          .macos = { .introduced = "10.10", APPS, NOT_OWNED },
          .tvos = { APPS }, .visionos = NEVER, .watchos = { APPS }),
    QUERY("DeviceName", ALL(DEVICE)),
    QUERY("OSVersion", ALL(DEVICE)),
    QUERY("SupplementalOSVersionExtra",
          .ios = { .introduced = "16.1", DEVICE },
          .macos = { .introduced = "13.0", DEVICE },
          .tvos = { .introduced = "16.1", DEVICE }, .visionos = { DEVICE },
          .watchos = { DEVICE }),
    QUERY("BuildVersion", ALL(DEVICE)),
    QUERY("SupplementalBuildVersion",
          .ios = { .introduced = "16.1", DEVICE },
          .macos = { .introduced = "13.0", DEVICE },
          .tvos = { .introduced = "16.1", DEVICE }, .visionos = { DEVICE },
          .watchos = { DEVICE }),
    QUERY("ModelName", ALL(DEVICE)),
    QUERY("Model",
          .ios = { DEVICE }, .macos = { DEVICE }, .tvos = { DEVICE },
          .visionos = NEVER, .watchos = { DEVICE }),
    QUERY("ModelNumber",
          .ios = { .introduced = "16.4", DEVICE },
          .macos = { .introduced = "13.3", DEVICE },
          .tvos = { .introduced = "16.4", DEVICE }, .visionos = { DEVICE },
          .watchos = { DEVICE }),
    MACOS_QUERY("IsAppleSilicon", .introduced = "12.0", DEVICE),
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
    IOS_QUERY("CellularTechnology", .introduced = "4.2.6", DEVICE),
    QUERY("BatteryLevel",
          .ios = { .introduced = "5.0", DEVICE },
          .macos = { .introduced = "13.3", DEVICE }, .tvos = NEVER,
          .visionos = { DEVICE }, .watchos = { DEVICE }),
    MACOS_QUERY("HasBattery", .introduced = "13.3", DEVICE),
    QUERY("IsSupervised",
          .ios = { .introduced = "6.0", DEVICE },
          .macos = { .introduced = "10.15" }, .tvos = { DEVICE },
          .visionos = { DEVICE }, .watchos = { DEVICE }),
    IOS_QUERY("IsMultiUser", .introduced = "9.3", DEVICE),
    QUERY("IsDeviceLocatorServiceEnabled",
          .ios = { .introduced = "7.0", DEVICE }, .macos = NEVER,
          .tvos = NEVER, .visionos = { DEVICE }, .watchos = { DEVICE }),
    QUERY("IsActivationLockEnabled",
          .ios = { .introduced = "7.0", .deprecated = "16.0", DEVICE,
                   NOT_OWNED },
          .macos = { .introduced = "10.15", .deprecated = "13.0", DEVICE,
                     NOT_OWNED }, .tvos = NEVER, .visionos = NEVER,
          .watchos = { .deprecated = "10.0", DEVICE }),
    MACOS_QUERY("IsActivationLockSupported", .introduced = "10.15", DEVICE,
                NOT_OWNED),
    QUERY("IsDoNotDisturbInEffect",
          .ios = { .introduced = "7.0", DEVICE, NOT_OWNED }, .macos = NEVER,
          .tvos = NEVER, .visionos = { DEVICE, NOT_OWNED },
          .watchos = { DEVICE }),
    TVOS_QUERY("DeviceID", DEVICE),
    QUERY("EASDeviceIdentifier",
          .ios = { .introduced = "7.0", DEVICE }, .macos = NEVER,
          .tvos = NEVER, .visionos = { DEVICE }, .watchos = NEVER),
    QUERY("IsCloudBackupEnabled",
          .ios = { .introduced = "7.1", DEVICE, NOT_OWNED }, .macos = NEVER,
          .tvos = NEVER, .visionos = { DEVICE, NOT_OWNED },
          .watchos = NEVER),
    MACOS_QUERY("ActiveManagedUsers", .introduced = "10.11", DEVICE,
                .user_channel = MDM_NO),
    MACOS_QUERY("OSUpdateSettings", .introduced = "10.11", DEVICE, NOT_OWNED),
    MACOS_QUERY("LocalHostName", .introduced = "10.11", DEVICE),
    MACOS_QUERY("HostName", .introduced = "10.11", DEVICE),
    MACOS_QUERY("AutoSetupAdminAccounts", .introduced = "10.11", DEVICE,
                .automated = MDM_YES, NOT_OWNED),
    MACOS_QUERY("SystemIntegrityProtectionEnabled", .introduced = "10.12",
                DEVICE),
    MACOS_QUERY("SupportsLOMDevice", .introduced = "11.0", DEVICE),
    QUERY("IsMDMLostModeEnabled",
          .ios = { .introduced = "9.3", DEVICE, NOT_OWNED }, .macos = NEVER,
          .tvos = NEVER, .visionos = NEVER, .watchos = { DEVICE }),
    IOS_QUERY("MaximumResidentUsers", .introduced = "9.3", DEVICE,
              ON_SHARED_IPAD),
    IOS_QUERY("EstimatedResidentUsers", .introduced = "14.0", DEVICE,
              ON_SHARED_IPAD),
    IOS_QUERY("QuotaSize", .introduced = "13.4", DEVICE, ON_SHARED_IPAD),
    IOS_QUERY("ResidentUsers", .introduced = "13.4", DEVICE, ON_SHARED_IPAD),
    IOS_QUERY("UserSessionTimeout", .introduced = "14.5", DEVICE,
              ON_SHARED_IPAD),
    IOS_QUERY("TemporarySessionTimeout", .introduced = "14.5", DEVICE,
              ON_SHARED_IPAD),
    IOS_QUERY("TemporarySessionOnly", .introduced = "14.5", DEVICE,
              ON_SHARED_IPAD),
    IOS_QUERY("ManagedAppleIDDefaultDomains", .introduced = "16.0", DEVICE,
              ON_SHARED_IPAD),
    IOS_QUERY("OnlineAuthenticationGracePeriod", .introduced = "16.0",
              DEVICE, ON_SHARED_IPAD),
    IOS_QUERY("SkipLanguageAndLocaleSetupForNewUsers", .introduced = "16.2",
              DEVICE, ON_SHARED_IPAD),
    QUERY("PushToken",
          .ios = { .introduced = "9.3", DEVICE, NOT_OWNED,
                   .shared_device_channel = MDM_NO },
          .macos = { .introduced = "10.12" }, .tvos = NEVER,
          .visionos = NEVER, .watchos = NEVER),
    QUERY("DiagnosticSubmissionEnabled",
          .ios = { .introduced = "9.3", DEVICE }, .macos = NEVER,
          .tvos = NEVER, .visionos = { DEVICE }, .watchos = { DEVICE }),
    QUERY("AppAnalyticsEnabled",
          .ios = { .introduced = "9.3", DEVICE }, .macos = NEVER,
          .tvos = NEVER, .visionos = { DEVICE }, .watchos = { DEVICE }),
    QUERY("TimeZone",
          .ios = { .introduced = "14.0", DEVICE }, .macos = NEVER,
          .tvos = { .introduced = "14.0", DEVICE },
          .visionos = { .introduced = "2.0", DEVICE },
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
    IOS_QUERY("SubscriberCarrierNetwork", .introduced = "5.0",
              .deprecated = "16.0", NETWORK, NOT_OWNED),
    IOS_QUERY("CarrierSettingsVersion", .deprecated = "16.0", NETWORK,
              NOT_OWNED),
    IOS_QUERY("PhoneNumber", .deprecated = "16.0", NETWORK, NOT_OWNED),
    IOS_QUERY("DataRoamingEnabled", .introduced = "5.0", NETWORK, NOT_OWNED),
    IOS_QUERY("VoiceRoamingEnabled", .introduced = "5.0",
              .deprecated = "16.0", NETWORK, NOT_OWNED),
    IOS_QUERY("PersonalHotspotEnabled", .introduced = "7.0", NETWORK,
              NOT_OWNED),
    IOS_QUERY("IsNetworkTethered", .introduced = "10.3", NETWORK),
    IOS_QUERY("IsRoaming", .introduced = "4.2", NETWORK, NOT_OWNED),
    IOS_QUERY("SubscriberMCC", .introduced = "4.2.6", .deprecated = "16.0",
              NETWORK, NOT_OWNED),
    IOS_QUERY("SubscriberMNC", .introduced = "4.2.6", .deprecated = "16.0",
              NETWORK, NOT_OWNED),
    IOS_QUERY("CurrentMCC", .deprecated = "16.0", NETWORK, NOT_OWNED),
    IOS_QUERY("CurrentMNC", .deprecated = "16.0", NETWORK, NOT_OWNED),
    IOS_QUERY("ServiceSubscriptions", .introduced = "12.0", NETWORK,
              NOT_OWNED),
    MACOS_QUERY("PINRequiredForEraseDevice", .introduced = "11.0", DEVICE,
                NOT_OWNED),
    MACOS_QUERY("PINRequiredForDeviceLock", .introduced = "11.0", DEVICE,
                NOT_OWNED),
    MACOS_QUERY("SupportsiOSAppInstalls", .introduced = "11.0", DEVICE),
    QUERY("SoftwareUpdateDeviceID",
          .ios = { .introduced = "15.0", NOT_OWNED },
          .macos = { .introduced = "12.0", NOT_OWNED }, .tvos = NEVER,
          .visionos = { NOT_OWNED }, .watchos = NEVER),
    IOS_QUERY("SoftwareUpdateSettings", .introduced = "14.5", NOT_OWNED),
    QUERY("AccessibilitySettings",
          .ios = { .introduced = "16.0", .supervised = MDM_YES, NOT_OWNED,
                   .shared_device_channel = MDM_NO }, .macos = NEVER,
          .tvos = NEVER, .visionos = NEVER,
          .watchos = { .supervised = MDM_YES }),
    QUERY("DevicePropertiesAttestation",
          .ios = { .introduced = "16.0" },
          .macos = { .introduced = "14.0" },
          .tvos = { .introduced = "16.0" }),
    MACOS_QUERY("EACSPreflight", .introduced = "13.3", DEVICE,
                .user_channel = MDM_NO, NOT_OWNED),
    { 0 }
};


static const mdm_key_t  device_information_keys[] = {
    { "Queries", MDM_ARRAY, MDM_NEEDED, .keys = device_information_queries },

    { "DeviceAttestationNonce", MDM_DATA,
      MDM_ON(.ios = { .introduced = "16.0" },
             .macos = { .introduced = "14.0" },
             .tvos = { .introduced = "16.0" }) },
    { 0 }
};


static const mdm_key_t  device_information_answer[] = {
    { "QueryResponses", MDM_DICTIONARY, MDM_NEEDED,
      .keys = device_information_responses },
    { 0 }
};


static const mdm_type_t  device_information_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "DeviceInformation",
        .title = "Device Information",
        .on = &device_information_on,
        .keys = device_information_keys,
        .answer = device_information_answer,
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  device_information_plugin = {
    MDM_PLUGIN,
    .name = "DeviceInformation",
    .version = "1",
    .types = device_information_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &device_information_plugin;
}
