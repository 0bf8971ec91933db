
/*
 * LOMSetupRequest: the addresses at which lights-out management reaches a Mac.
 * They are kept, for LOMDeviceRequest asks for them.
 */


#include "mac-services.h"


static const mdm_systems_t  systems = {
    .macos = { "11.0", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "PrimaryIPv6AddressList", MDM_ARRAY, MDM_NEEDED,
      .list = "lom_primary_addresses",
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "SecondaryIPv6AddressList", MDM_ARRAY, MDM_NEEDED,
      .list = "lom_secondary_addresses",
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "LOMProtocolVersion", MDM_INTEGER, MDM_NEEDED,
      .attribute = "LOMProtocolVersion" },
    { 0 }
};


const mdm_type_t  lom_setup_request = {
    .kind = MDM_COMMAND,
    .name = "LOMSetupRequest",
    .title = "LOM Setup Request",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "lights-out",
    .expires = MDM_DAYS(30)
};
