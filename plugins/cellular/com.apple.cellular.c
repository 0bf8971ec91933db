
/*
 * com.apple.cellular: access points of mobile data, of the SIM that is
 * preferred for data.  No device takes it that has a com.apple.apn.managed.
 */


#include "cellular.h"


/* 1: IPv4, 2: IPv6, 3: both */
#define PROTOCOLS  MDM_ONE_OF("1", "2", "3")


static const mdm_systems_t  systems = {
    .ios = { "7.0", .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .watchos = { "3.2", .many = MDM_NO }
};


static const mdm_key_t  attach_keys[] = {
    { "Name", MDM_STRING, MDM_NEEDED },
    { "AuthenticationType", MDM_STRING, MDM_ONE_OF("CHAP", "PAP"),
      .preset = "PAP" },
    { "Username", MDM_STRING },
    { "Password", MDM_STRING, MDM_SECRET },
    { "AllowedProtocolMask", MDM_INTEGER, PROTOCOLS,
      MDM_ON(.ios = { "10.3" }) },
    { 0 }
};


static const mdm_key_t  apn_keys[] = {
    { "Name", MDM_STRING, MDM_NEEDED },
    { "AuthenticationType", MDM_STRING, MDM_ONE_OF("CHAP", "PAP"),
      .preset = "PAP" },
    { "Username", MDM_STRING },
    { "Password", MDM_STRING, MDM_SECRET },
    { "ProxyServer", MDM_STRING },
    { "ProxyPort", MDM_INTEGER },
    { "DefaultProtocolMask", MDM_INTEGER, PROTOCOLS,
      MDM_ON(.ios = { "10.3", .deprecated = "11.0" }) },
    { "AllowedProtocolMask", MDM_INTEGER, PROTOCOLS,
      MDM_ON(.ios = { "10.3" }) },
    { "AllowedProtocolMaskInRoaming", MDM_INTEGER, PROTOCOLS,
      MDM_ON(.ios = { "10.3" }) },
    { "AllowedProtocolMaskInDomesticRoaming", MDM_INTEGER, PROTOCOLS,
      MDM_ON(.ios = { "10.3" }) },

    /* IPv4 over a network that has IPv6 only */
    { "EnableXLAT464", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "16.0" }, .watchos = { "9.0" }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "AttachAPN", MDM_DICTIONARY, 0, attach_keys },
    { "APNs", MDM_ARRAY, MDM_KEYS({ NULL, MDM_DICTIONARY, 0, apn_keys }) },
    { 0 }
};


const mdm_type_t  cellular = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.cellular",
    .title = "Access points",
    .on = &systems,
    .keys = keys
};
