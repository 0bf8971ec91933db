
/*
 * com.apple.applicationaccess: restrictions.  A device makes one set of all
 * payloads; of each key the stricter value wins.
 *
 * Two rules cover most keys, and macros name them: SUPERVISED devices, and
 * those that are at least OWNED by the organisation instead of their user.
 * Keys are in the order of the alphabet within each kind.
 */


#include "ngx_mdm_plugin.h"


#define ALLOW(key, ...)                                                       \
    { key, MDM_BOOLEAN, .preset = "true", .combine = MDM_COMBINE_AND,         \
      MDM_ON(__VA_ARGS__) }

#define FORCE(key, ...)                                                       \
    { key, MDM_BOOLEAN, .preset = "false", .combine = MDM_COMBINE_OR,         \
      MDM_ON(__VA_ARGS__) }

/* Since a version; NULL: as long as there are restrictions. */
#define OWNED(since)       { since, .user_enrollment = MDM_FORBIDDEN }
#define SUPERVISED(since)                                                     \
    { since, .supervised = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
#define UNSHARED(since)                                                       \
    { since, .supervised = MDM_YES, .user_enrollment = MDM_FORBIDDEN,         \
      .shared_ipad = MDM_FORBIDDEN }

#define NOT_ON_IOS         .ios = { MDM_NEVER_THERE }
#define NOT_ON_MACOS       .macos = { MDM_NEVER_THERE }
#define NOT_ON_TVOS        .tvos = { MDM_NEVER_THERE }
#define NOT_ON_VISIONOS    .visionos = { MDM_NEVER_THERE }
#define NOT_ON_WATCHOS     .watchos = { MDM_NEVER_THERE }

#define ONLY_ON_IOS                                                           \
    NOT_ON_MACOS, NOT_ON_TVOS, NOT_ON_VISIONOS, NOT_ON_WATCHOS
#define ONLY_ON_MACOS                                                         \
    NOT_ON_IOS, NOT_ON_TVOS, NOT_ON_VISIONOS, NOT_ON_WATCHOS
#define ONLY_ON_TVOS                                                          \
    NOT_ON_IOS, NOT_ON_MACOS, NOT_ON_VISIONOS, NOT_ON_WATCHOS


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = { "4.0", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES },
    .tvos = { "9.0", .many = MDM_YES },
    .visionos = { "1.1", .many = MDM_YES },
    .watchos = { "10.0", .many = MDM_YES }
};


static const mdm_key_t  strings[] = {
    { NULL, MDM_STRING },
    { 0 }
};


static const mdm_key_t  keys[] = {
    /* what is allowed unless a payload says no */
    ALLOW("allowAccountModification",
          .ios = SUPERVISED("7.0"), .macos = OWNED("14.0"), NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), .watchos = { .supervised = MDM_YES }),
    ALLOW("allowActivityContinuation",
          .ios = OWNED("8.0"), .macos = OWNED("10.15"), NOT_ON_TVOS,
          .visionos = OWNED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowAddingGameCenterFriends",
          .ios = SUPERVISED("4.2.1"), .macos = OWNED("10.13"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowAirDrop",
          .ios = SUPERVISED("7.0"), .macos = OWNED("10.13"), NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowAirPlayIncomingRequests",
          NOT_ON_IOS, .macos = OWNED("12.3"),
          .tvos = { "10.2", .supervised = MDM_YES }, NOT_ON_VISIONOS,
          NOT_ON_WATCHOS),
    ALLOW("allowAirPrint", ONLY_ON_IOS, .ios = SUPERVISED("11.0")),
    ALLOW("allowAirPrintCredentialsStorage",
          ONLY_ON_IOS, .ios = SUPERVISED("11.0")),
    ALLOW("allowAirPrintiBeaconDiscovery",
          ONLY_ON_IOS, .ios = SUPERVISED("11.0")),
    ALLOW("allowAppCellularDataModification",
          ONLY_ON_IOS, .ios = SUPERVISED("7.0")),
    ALLOW("allowAppClips", ONLY_ON_IOS, .ios = SUPERVISED("14.0")),
    ALLOW("allowAppInstallation",
          .ios = SUPERVISED(NULL), NOT_ON_MACOS, NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), .watchos = { .supervised = MDM_YES }),
    ALLOW("allowApplePersonalizedAdvertising",
          .ios = OWNED("14.0"), .macos = OWNED("12.0"), NOT_ON_TVOS,
          .visionos = OWNED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowAppRemoval",
          .ios = SUPERVISED("4.2.1"), NOT_ON_MACOS, NOT_ON_TVOS,
          NOT_ON_VISIONOS, .watchos = { .supervised = MDM_YES }),
    ALLOW("allowAppsToBeHidden", ONLY_ON_IOS, .ios = SUPERVISED("18.0")),
    ALLOW("allowAppsToBeLocked", ONLY_ON_IOS, .ios = SUPERVISED("18.0")),
    ALLOW("allowARDRemoteManagementModification",
          ONLY_ON_MACOS, .macos = OWNED("14.0")),
    ALLOW("allowAssistant",
          .ios = { "5.0" }, .macos = OWNED("14.0"), NOT_ON_TVOS,
          .visionos = { "2.0" }, NOT_ON_WATCHOS),
    ALLOW("allowAssistantUserGeneratedContent",
          .ios = SUPERVISED("7.0"), NOT_ON_MACOS, NOT_ON_TVOS, NOT_ON_VISIONOS,
          .watchos = { .supervised = MDM_YES }),
    ALLOW("allowAssistantWhileLocked",
          .ios = { "5.1" }, NOT_ON_MACOS, NOT_ON_TVOS, NOT_ON_VISIONOS),
    ALLOW("allowAutoCorrection", ONLY_ON_IOS, .ios = SUPERVISED("8.1.3")),
    ALLOW("allowAutoDim", ONLY_ON_IOS, .ios = SUPERVISED("17.4")),
    ALLOW("allowAutomaticAppDownloads",
          .ios = SUPERVISED("9.0"), NOT_ON_MACOS, NOT_ON_TVOS, NOT_ON_VISIONOS,
          .watchos = { .supervised = MDM_YES }),
    ALLOW("allowAutomaticScreenSaver",
          ONLY_ON_TVOS, .tvos = { "15.4", .supervised = MDM_YES }),
    ALLOW("allowAutoUnlock",
          .ios = OWNED("14.5"), .macos = OWNED("10.12"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowBluetoothModification",
          .ios = SUPERVISED("11.0"), .macos = OWNED("13.0"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowBluetoothSharingModification",
          ONLY_ON_MACOS, .macos = OWNED("14.0")),
    ALLOW("allowBookstore", ONLY_ON_IOS, .ios = SUPERVISED("6.0")),
    ALLOW("allowBookstoreErotica",
          .ios = OWNED("6.0"), NOT_ON_MACOS,
          .tvos = { "11.3", .deprecated = "17.0" }, NOT_ON_VISIONOS,
          NOT_ON_WATCHOS),
    ALLOW("allowCallRecording", ONLY_ON_IOS, .ios = UNSHARED("18.1")),
    ALLOW("allowCamera",
          .ios = OWNED(NULL), .macos = OWNED("10.11"), .tvos = { "17.0" },
          .visionos = OWNED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowCellularPlanModification",
          ONLY_ON_IOS, .ios = SUPERVISED("11.0")),
    ALLOW("allowChat", ONLY_ON_IOS, .ios = SUPERVISED("5.0")),
    ALLOW("allowCloudAddressBook", ONLY_ON_MACOS, .macos = OWNED("10.12")),
    ALLOW("allowCloudBackup",
          .ios = OWNED("5.0"), NOT_ON_MACOS, NOT_ON_TVOS,
          .visionos = OWNED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowCloudBookmarks", ONLY_ON_MACOS, .macos = OWNED("10.12")),
    ALLOW("allowCloudCalendar", ONLY_ON_MACOS, .macos = OWNED("10.12")),
    ALLOW("allowCloudDesktopAndDocuments",
          ONLY_ON_MACOS, .macos = OWNED("10.12.4")),
    ALLOW("allowCloudDocumentSync",
          .ios = UNSHARED("5.0"), .macos = OWNED("10.11"), NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowCloudFreeform", ONLY_ON_MACOS, .macos = OWNED("14.0")),
    ALLOW("allowCloudKeychainSync",
          .ios = OWNED("7.0"), .macos = OWNED("10.12"), NOT_ON_TVOS,
          .visionos = OWNED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowCloudMail", ONLY_ON_MACOS, .macos = OWNED("10.12")),
    ALLOW("allowCloudNotes", ONLY_ON_MACOS, .macos = OWNED("10.12")),
    ALLOW("allowCloudPhotoLibrary",
          .ios = OWNED("9.0"), .macos = OWNED("10.12"), NOT_ON_TVOS,
          .visionos = OWNED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowCloudPrivateRelay",
          .ios = SUPERVISED("15.0"), .macos = OWNED("12.0"), NOT_ON_TVOS,
          .visionos = { "2.0", .supervised = MDM_YES }, NOT_ON_WATCHOS),
    ALLOW("allowCloudReminders", ONLY_ON_MACOS, .macos = OWNED("10.12")),
    ALLOW("allowContentCaching",
          ONLY_ON_MACOS,
          .macos = { "10.13", .user_channel = MDM_NO,
                     .user_enrollment = MDM_FORBIDDEN }),
    ALLOW("allowContinuousPathKeyboard",
          ONLY_ON_IOS, .ios = SUPERVISED("13.0")),
    ALLOW("allowDefinitionLookup",
          .ios = SUPERVISED("8.1.3"), .macos = OWNED("10.11"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowDeviceNameModification",
          .ios = SUPERVISED("9.0"), .macos = OWNED("14.0"),
          .tvos = { "11.0", .supervised = MDM_YES },
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowDeviceSleep",
          ONLY_ON_TVOS, .tvos = { "13.0", .supervised = MDM_YES }),
    ALLOW("allowDiagnosticSubmission",
          .ios = { "6.0" }, .macos = { "10.13" }, NOT_ON_TVOS,
          .visionos = { "2.0" }),
    ALLOW("allowDiagnosticSubmissionModification",
          .ios = SUPERVISED("9.3.2"), NOT_ON_MACOS, NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowDictation",
          .ios = SUPERVISED("10.3"), .macos = OWNED("10.13"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowEnablingRestrictions",
          .ios = SUPERVISED("8.0"), NOT_ON_MACOS, NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowEnterpriseAppTrust",
          .ios = OWNED("9.0"), NOT_ON_MACOS, NOT_ON_TVOS,
          .visionos = OWNED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowEnterpriseBookBackup", ONLY_ON_IOS, .ios = { "8.0" }),
    ALLOW("allowEnterpriseBookMetadataSync", ONLY_ON_IOS, .ios = { "8.0" }),
    ALLOW("allowEraseContentAndSettings",
          .ios = SUPERVISED("8.0"), .macos = OWNED("12.0"), NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowESIMModification", ONLY_ON_IOS, .ios = SUPERVISED("12.1")),
    ALLOW("allowESIMOutgoingTransfers", ONLY_ON_IOS, .ios = SUPERVISED("18.0")),
    ALLOW("allowExplicitContent",
          .ios = SUPERVISED(NULL), NOT_ON_MACOS,
          .tvos = { "11.3", .supervised = MDM_YES }, NOT_ON_VISIONOS,
          NOT_ON_WATCHOS),
    ALLOW("allowFileSharingModification",
          ONLY_ON_MACOS, .macos = OWNED("14.0")),
    ALLOW("allowFilesNetworkDriveAccess",
          .ios = SUPERVISED("13.1"), NOT_ON_MACOS, NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowFilesUSBDriveAccess", ONLY_ON_IOS, .ios = SUPERVISED("13.0")),
    ALLOW("allowFindMyDevice",
          .ios = SUPERVISED("13.0"), .macos = OWNED("10.15"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowFindMyFriends",
          .ios = SUPERVISED("13.0"), .macos = OWNED("10.15"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowFindMyFriendsModification",
          ONLY_ON_IOS, .ios = SUPERVISED("7.0")),
    ALLOW("allowFingerprintForUnlock",
          .ios = OWNED("7.0"), .macos = OWNED("10.12.4"), NOT_ON_TVOS,
          .visionos = OWNED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowFingerprintModification",
          .ios = SUPERVISED("8.3"), .macos = OWNED("14.0"), NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowGameCenter",
          .ios = SUPERVISED("6.0"), .macos = OWNED("10.13"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowGenmoji",
          .ios = UNSHARED("18.0"), .macos = OWNED("15.0"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowGlobalBackgroundFetchWhenRoaming",
          ONLY_ON_IOS, .ios = OWNED(NULL)),
    ALLOW("allowHostPairing", ONLY_ON_IOS, .ios = SUPERVISED("7.0")),
    ALLOW("allowImagePlayground",
          .ios = UNSHARED("18.0"), .macos = OWNED("15.0"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowImageWand", ONLY_ON_IOS, .ios = UNSHARED("18.0")),
    ALLOW("allowInAppPurchases", ONLY_ON_IOS, .ios = OWNED(NULL)),
    ALLOW("allowInternetSharingModification",
          ONLY_ON_MACOS, .macos = OWNED("14.0")),
    ALLOW("allowiPhoneMirroring",
          .ios = UNSHARED("18.0"), .macos = OWNED("15.0"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowiPhoneWidgetsOnMac", ONLY_ON_IOS, .ios = UNSHARED("17.0")),
    ALLOW("allowiTunes", ONLY_ON_IOS, .ios = SUPERVISED(NULL)),
    ALLOW("allowiTunesFileSharing", ONLY_ON_MACOS, .macos = OWNED("10.13")),
    ALLOW("allowKeyboardShortcuts", ONLY_ON_IOS, .ios = SUPERVISED("9.0")),
    ALLOW("allowLiveVoicemail", ONLY_ON_IOS, .ios = UNSHARED("17.2")),
    ALLOW("allowLocalUserCreation", ONLY_ON_MACOS, .macos = OWNED("14.0")),
    ALLOW("allowLockScreenControlCenter", ONLY_ON_IOS, .ios = { "7.0" }),
    ALLOW("allowLockScreenNotificationsView",
          .ios = { "7.0" }, NOT_ON_MACOS, NOT_ON_TVOS, NOT_ON_VISIONOS),
    ALLOW("allowLockScreenTodayView", ONLY_ON_IOS, .ios = { "7.0" }),
    ALLOW("allowMailPrivacyProtection", ONLY_ON_IOS, .ios = SUPERVISED("15.2")),
    ALLOW("allowMailSummary",
          .ios = SUPERVISED("18.1"), .macos = OWNED("15.1"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowManagedAppsCloudSync",
          .ios = { "8.0" }, NOT_ON_MACOS, NOT_ON_TVOS, .visionos = { "2.0" },
          NOT_ON_WATCHOS),
    ALLOW("allowMarketplaceAppInstallation",
          ONLY_ON_IOS, .ios = SUPERVISED("17.4")),
    ALLOW("allowMediaSharingModification",
          ONLY_ON_MACOS, .macos = OWNED("15.1")),
    ALLOW("allowMultiplayerGaming",
          .ios = SUPERVISED("4.1"), .macos = OWNED("10.13"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowMusicService",
          .ios = SUPERVISED("9.3"), .macos = OWNED("10.12"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowNews", ONLY_ON_IOS, .ios = SUPERVISED("9.0")),
    ALLOW("allowNFC", ONLY_ON_IOS, .ios = SUPERVISED("14.2")),
    ALLOW("allowNotificationsModification",
          .ios = SUPERVISED("9.3"), NOT_ON_MACOS, NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowOpenFromManagedToUnmanaged",
          .ios = { "7.0" }, NOT_ON_MACOS, NOT_ON_TVOS, .visionos = { "2.0" },
          NOT_ON_WATCHOS),
    ALLOW("allowOpenFromUnmanagedToManaged",
          .ios = { "7.0" }, NOT_ON_MACOS, NOT_ON_TVOS, .visionos = { "2.0" },
          NOT_ON_WATCHOS),
    ALLOW("allowOTAPKIUpdates", ONLY_ON_IOS, .ios = OWNED("7.0")),
    ALLOW("allowPairedWatch", ONLY_ON_IOS, .ios = SUPERVISED("9.0")),
    ALLOW("allowPassbookWhileLocked", ONLY_ON_IOS, .ios = OWNED("6.0")),
    ALLOW("allowPasscodeModification",
          .ios = SUPERVISED("9.0"), .macos = OWNED("10.13"), NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowPasswordAutoFill",
          .ios = SUPERVISED("12.0"), .macos = OWNED("10.14"), NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowPasswordProximityRequests",
          .ios = SUPERVISED("12.0"), .macos = OWNED("10.14"),
          .tvos = { "12.0", .supervised = MDM_YES }, NOT_ON_VISIONOS,
          NOT_ON_WATCHOS),
    ALLOW("allowPasswordSharing",
          .ios = SUPERVISED("12.0"), .macos = OWNED("10.14"), NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowPersonalHotspotModification",
          ONLY_ON_IOS, .ios = SUPERVISED("12.2")),
    ALLOW("allowPersonalizedHandwritingResults",
          ONLY_ON_IOS, .ios = UNSHARED("18.0")),
    ALLOW("allowPhotoStream",
          ONLY_ON_IOS,
          .ios = { "5.0", .deprecated = "17.0",
                   .user_enrollment = MDM_FORBIDDEN }),
    ALLOW("allowPodcasts", ONLY_ON_IOS, .ios = SUPERVISED("8.0")),
    ALLOW("allowPredictiveKeyboard", ONLY_ON_IOS, .ios = SUPERVISED("8.1.3")),
    ALLOW("allowPrinterSharingModification",
          ONLY_ON_MACOS, .macos = OWNED("14.0")),
    ALLOW("allowProximitySetupToNewDevice",
          ONLY_ON_IOS, .ios = SUPERVISED("11.0")),
    ALLOW("allowRadioService", ONLY_ON_IOS, .ios = SUPERVISED("9.3")),
    ALLOW("allowRapidSecurityResponseInstallation",
          .ios = SUPERVISED("16.0"), .macos = OWNED("13.0"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowRapidSecurityResponseRemoval",
          .ios = SUPERVISED("16.0"), .macos = OWNED("13.0"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowRCSMessaging", ONLY_ON_IOS, .ios = SUPERVISED("18.1")),
    ALLOW("allowRemoteAppleEventsModification",
          ONLY_ON_MACOS, .macos = OWNED("14.0")),
    ALLOW("allowRemoteAppPairing",
          ONLY_ON_TVOS, .tvos = { "10.2", .supervised = MDM_YES }),
    ALLOW("allowRemoteScreenObservation",
          .ios = { "9.3" }, .macos = { "10.14.4" }, NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowSafari", ONLY_ON_IOS, .ios = SUPERVISED(NULL)),
    ALLOW("allowScreenShot",
          .ios = { "3.1" }, .macos = { "10.14.4" }, NOT_ON_TVOS,
          .visionos = { "2.0" }),
    ALLOW("allowSharedDeviceTemporarySession",
          ONLY_ON_IOS, .ios = SUPERVISED("13.4")),
    ALLOW("allowSharedStream", ONLY_ON_IOS, .ios = OWNED("6.0")),
    ALLOW("allowSpellCheck", ONLY_ON_IOS, .ios = SUPERVISED("8.1.3")),
    ALLOW("allowSpotlightInternetResults",
          .ios = OWNED("8.0"), .macos = OWNED("10.11"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowStartupDiskModification",
          ONLY_ON_MACOS, .macos = OWNED("14.0")),
    ALLOW("allowSystemAppRemoval",
          .ios = SUPERVISED("11.0"), NOT_ON_MACOS, NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowTimeMachineBackup", ONLY_ON_MACOS, .macos = OWNED("14.0")),
    ALLOW("allowUIAppInstallation",
          .ios = SUPERVISED("9.0"), NOT_ON_MACOS, NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), .watchos = { .supervised = MDM_YES }),
    ALLOW("allowUIConfigurationProfileInstallation",
          .ios = SUPERVISED("6.0"), .macos = OWNED("13.0"), NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowUniversalControl", ONLY_ON_MACOS, .macos = OWNED("13.0")),
    ALLOW("allowUntrustedTLSPrompt",
          .ios = OWNED("5.0"), NOT_ON_MACOS, NOT_ON_TVOS, .visionos = { "1.1" },
          NOT_ON_WATCHOS),
    ALLOW("allowUSBRestrictedMode",
          .ios = SUPERVISED("11.4.1"),
          .macos = { "13.0", .user_channel = MDM_NO,
                     .user_enrollment = MDM_FORBIDDEN },
          NOT_ON_TVOS, NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowVideoConferencing",
          .ios = SUPERVISED(NULL), NOT_ON_MACOS, NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowVoiceDialing",
          ONLY_ON_IOS,
          .ios = { .deprecated = "17.0", .user_enrollment = MDM_FORBIDDEN }),
    ALLOW("allowVPNCreation",
          .ios = SUPERVISED("11.0"), NOT_ON_MACOS, NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("allowWallpaperModification",
          .ios = SUPERVISED("9.0"), .macos = OWNED("10.13"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    ALLOW("allowWebDistributionAppInstallation",
          ONLY_ON_IOS, .ios = SUPERVISED("17.5")),
    ALLOW("allowWritingTools",
          .ios = UNSHARED("18.0"), .macos = OWNED("15.0"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),

    /* allowed only when a payload says so */
    { "allowManagedToWriteUnmanagedContacts", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_AND,
      MDM_ON(.ios = { "12.0", .by_hand = MDM_NO,
                      .user_enrollment = MDM_FORBIDDEN },
             NOT_ON_MACOS, NOT_ON_TVOS,
             .visionos = { "2.0", .by_hand = MDM_NO,
                           .user_enrollment = MDM_FORBIDDEN },
             NOT_ON_WATCHOS) },
    { "allowUnmanagedToReadManagedContacts", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_AND,
      MDM_ON(.ios = { "12.0", .by_hand = MDM_NO }, NOT_ON_MACOS, NOT_ON_TVOS,
             .visionos = { "2.0", .by_hand = MDM_NO }, NOT_ON_WATCHOS) },
    { "allowUnpairedExternalBootToRecovery", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_AND,
      MDM_ON(ONLY_ON_IOS, .ios = SUPERVISED("14.5")) },

    /* what is not forced unless a payload says yes */
    FORCE("forceAirDropUnmanaged",
          .ios = { "9.0" }, NOT_ON_MACOS, NOT_ON_TVOS, .visionos = { "2.0" },
          NOT_ON_WATCHOS),
    FORCE("forceAirPlayIncomingRequestsPairingPassword",
          NOT_ON_IOS, NOT_ON_MACOS, NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    FORCE("forceAirPlayOutgoingRequestsPairingPassword",
          ONLY_ON_IOS, .ios = { "7.1" }),
    FORCE("forceAirPrintTrustedTLSRequirement",
          ONLY_ON_IOS, .ios = SUPERVISED("11.0")),
    FORCE("forceAssistantProfanityFilter",
          .ios = SUPERVISED("5.0"), .macos = OWNED("10.13"), NOT_ON_TVOS,
          NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    FORCE("forceAuthenticationBeforeAutoFill",
          .ios = SUPERVISED("11.0"), NOT_ON_MACOS, NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    FORCE("forceAutomaticDateAndTime",
          .ios = SUPERVISED("12.0"), NOT_ON_MACOS,
          .tvos = { "12.2", .supervised = MDM_YES },
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),

    /* in spite of its name it loosens: all payloads have to want it */
    { "forceBypassScreenCaptureAlert", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_AND,
      MDM_ON(ONLY_ON_MACOS, .macos = { "15.1", .by_hand = MDM_NO }) },
    FORCE("forceClassroomAutomaticallyJoinClasses",
          .ios = SUPERVISED("11.0"), .macos = SUPERVISED("10.14.4"),
          NOT_ON_TVOS, NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    FORCE("forceClassroomRequestPermissionToLeaveClasses",
          .ios = SUPERVISED("11.3"), .macos = SUPERVISED("10.14.4"),
          NOT_ON_TVOS, NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    FORCE("forceClassroomUnpromptedAppAndDeviceLock",
          .ios = SUPERVISED("11.0"), .macos = SUPERVISED("10.14.4"),
          NOT_ON_TVOS, NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    FORCE("forceClassroomUnpromptedScreenObservation",
          .ios = SUPERVISED("11.0"), .macos = SUPERVISED("10.14.4"),
          NOT_ON_TVOS, NOT_ON_VISIONOS, NOT_ON_WATCHOS),
    FORCE("forceDelayedAppSoftwareUpdates",
          ONLY_ON_MACOS, .macos = OWNED("11.0")),
    FORCE("forceDelayedMajorSoftwareUpdates",
          ONLY_ON_MACOS, .macos = OWNED("11.3")),
    FORCE("forceDelayedSoftwareUpdates",
          .ios = SUPERVISED("11.3"), .macos = OWNED("10.13"),
          .tvos = { "12.2", .supervised = MDM_YES }, NOT_ON_VISIONOS,
          NOT_ON_WATCHOS),
    FORCE("forceEncryptedBackup", ONLY_ON_IOS),
    FORCE("forceITunesStorePasswordEntry",
          ONLY_ON_IOS,
          .ios = { "6.0", .deprecated = "17.0",
                   .user_enrollment = MDM_FORBIDDEN }),
    FORCE("forceLimitAdTracking", ONLY_ON_IOS, .ios = OWNED("7.0")),
    FORCE("forceOnDeviceOnlyDictation",
          .ios = { "14.5" }, .macos = { "14.0" }, NOT_ON_TVOS,
          .visionos = { "2.0" }),
    FORCE("forceOnDeviceOnlyTranslation",
          .ios = { "15.0" }, NOT_ON_MACOS, NOT_ON_TVOS, NOT_ON_VISIONOS),
    FORCE("forcePreserveESIMOnErase", ONLY_ON_IOS, .ios = SUPERVISED("17.2")),
    FORCE("forceWatchWristDetection",
          .ios = { "8.2" }, NOT_ON_MACOS, NOT_ON_TVOS, NOT_ON_VISIONOS),
    FORCE("forceWiFiPowerOn", ONLY_ON_IOS, .ios = SUPERVISED("13.0")),
    FORCE("forceWiFiToAllowedNetworksOnly",
          .ios = SUPERVISED("14.5"), NOT_ON_MACOS, NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    FORCE("forceWiFiWhitelisting",
          ONLY_ON_IOS,
          .ios = { "10.3", .deprecated = "14.5", .supervised = MDM_YES,
                   .user_enrollment = MDM_FORBIDDEN }),

    /* apps that all lists name remain */
    { "allowListedAppBundleIDs", MDM_ARRAY, 0, strings,
      .combine = MDM_COMBINE_INTERSECTION,
      MDM_ON(.ios = SUPERVISED("15.0"), NOT_ON_MACOS,
             .tvos = { "15.0", .supervised = MDM_YES }, NOT_ON_VISIONOS,
             NOT_ON_WATCHOS) },
    { "autonomousSingleAppModePermittedAppIDs", MDM_ARRAY, 0, strings,
      .combine = MDM_COMBINE_INTERSECTION,
      MDM_ON(ONLY_ON_IOS, .ios = SUPERVISED("7.0")) },
    { "blacklistedAppBundleIDs", MDM_ARRAY, 0, strings,
      .combine = MDM_COMBINE_UNION,
      MDM_ON(.ios = { "9.3", .deprecated = "15.0", .supervised = MDM_YES,
                      .user_enrollment = MDM_FORBIDDEN },
             NOT_ON_MACOS,
             .tvos = { "11.0", .deprecated = "15.0", .supervised = MDM_YES },
             NOT_ON_VISIONOS, NOT_ON_WATCHOS) },

    /* apps that one list names are gone */
    { "blockedAppBundleIDs", MDM_ARRAY, 0, strings,
      .combine = MDM_COMBINE_UNION,
      MDM_ON(.ios = SUPERVISED("15.0"), NOT_ON_MACOS,
             .tvos = { "15.0", .supervised = MDM_YES }, NOT_ON_VISIONOS,
             NOT_ON_WATCHOS) },

    /* in seconds */
    { "enforcedFingerprintTimeout", MDM_INTEGER, .preset = "172800",
      .combine = MDM_COMBINE_MIN,
      MDM_ON(ONLY_ON_MACOS, .macos = OWNED("12.0")) },

    /* in days; the longest wait counts */
    { "enforcedSoftwareUpdateDelay", MDM_INTEGER, .min = "1", .max = "90",
      .preset = "30", .combine = MDM_COMBINE_MAX,
      MDM_ON(.ios = SUPERVISED("11.3"), .macos = OWNED("10.13.4"),
             .tvos = { "12.2", .supervised = MDM_YES }, NOT_ON_VISIONOS,
             NOT_ON_WATCHOS) },
    { "enforcedSoftwareUpdateMajorOSDeferredInstallDelay", MDM_INTEGER,
      .min = "1", .max = "90", .preset = "30", .combine = MDM_COMBINE_MAX,
      MDM_ON(ONLY_ON_MACOS, .macos = OWNED("11.3")) },
    { "enforcedSoftwareUpdateMinorOSDeferredInstallDelay", MDM_INTEGER,
      .min = "1", .max = "90", .preset = "30", .combine = MDM_COMBINE_MAX,
      MDM_ON(ONLY_ON_MACOS, .macos = OWNED("11.3")) },
    { "enforcedSoftwareUpdateNonOSDeferredInstallDelay", MDM_INTEGER,
      .min = "1", .max = "90", .preset = "30", .combine = MDM_COMBINE_MAX,
      MDM_ON(ONLY_ON_MACOS, .macos = OWNED("11.3")) },

    /* the lowest rating counts; 1000 is everything, 0 nothing */
    { "ratingApps", MDM_INTEGER, .min = "0", .max = "1000", .preset = "1000",
      .combine = MDM_COMBINE_MIN,
      MDM_ON(.ios = OWNED(NULL), NOT_ON_MACOS, .tvos = { "11.3" },
             NOT_ON_VISIONOS, NOT_ON_WATCHOS) },
    { "ratingMovies", MDM_INTEGER, .min = "0", .max = "1000", .preset = "1000",
      .combine = MDM_COMBINE_MIN,
      MDM_ON(.ios = OWNED(NULL), NOT_ON_MACOS, .tvos = { "11.3" },
             NOT_ON_VISIONOS, NOT_ON_WATCHOS) },

    /* ratings of two regions do not compare: no rule */
    { "ratingRegion", MDM_STRING,
      MDM_ONE_OF("us", "au", "ca", "de", "fr", "ie", "jp", "nz", "gb"),
      MDM_ON(NOT_ON_VISIONOS, NOT_ON_WATCHOS) },
    { "ratingTVShows", MDM_INTEGER, .min = "0", .max = "1000", .preset = "1000",
      .combine = MDM_COMBINE_MIN,
      MDM_ON(.ios = OWNED(NULL), NOT_ON_MACOS, .tvos = { "11.3" },
             NOT_ON_VISIONOS, NOT_ON_WATCHOS) },
    FORCE("requireManagedPasteboard",
          .ios = { "15.0" }, NOT_ON_MACOS, NOT_ON_TVOS, .visionos = { "2.0" },
          NOT_ON_WATCHOS),

    /* from never (0) to always (2) */
    { "safariAcceptCookies", MDM_REAL, MDM_ONE_OF("0", "1", "1.5", "2"),
      .preset = "2", .combine = MDM_COMBINE_MIN,
      MDM_ON(ONLY_ON_IOS, .ios = OWNED(NULL)) },
    ALLOW("safariAllowAutoFill",
          .ios = SUPERVISED(NULL), .macos = OWNED("10.13"), NOT_ON_TVOS,
          .visionos = SUPERVISED("2.0"), NOT_ON_WATCHOS),
    ALLOW("safariAllowJavaScript", ONLY_ON_IOS, .ios = OWNED(NULL)),
    ALLOW("safariAllowPopups", ONLY_ON_IOS, .ios = OWNED(NULL)),
    FORCE("safariForceFraudWarning", ONLY_ON_IOS),
    { "whitelistedAppBundleIDs", MDM_ARRAY, 0, strings,
      .combine = MDM_COMBINE_INTERSECTION,
      MDM_ON(.ios = { "9.3", .deprecated = "15.0", .supervised = MDM_YES,
                      .user_enrollment = MDM_FORBIDDEN },
             NOT_ON_MACOS,
             .tvos = { "11.0", .deprecated = "15.0", .supervised = MDM_YES },
             NOT_ON_VISIONOS, NOT_ON_WATCHOS) },
    { 0 }
};


static const mdm_type_t  types[] = {
    {
        .kind = MDM_PAYLOAD,
        .name = "com.apple.applicationaccess",
        .title = "Restrictions",
        .on = &systems,
        .keys = keys,
        .validate = validate
    },
    { 0 }
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "com.apple.applicationaccess",
    .version = "1.0",
    .types = types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->get(value, "allowListedAppBundleIDs") != NULL
        && host->get(value, "blockedAppBundleIDs") != NULL)
    {
        host->warn(call, "blockedAppBundleIDs",
                   "says little beside allowListedAppBundleIDs: what that "
                   "list does not name is gone anyhow");
    }

    if (host->boolean(host->get(value, "forceDelayedSoftwareUpdates"))
        && host->get(value, "enforcedSoftwareUpdateDelay") == NULL)
    {
        host->warn(call, "enforcedSoftwareUpdateDelay",
                   "is absent: updates are delayed for 30 days");
    }

    return true;
}
