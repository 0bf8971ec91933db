
/*
 * com.apple.lom: certificates with which a Mac takes orders of lights-out
 * management, or gives them.  Each is named by the UUID of its payload.
 */


#include "mac-services.h"


static const mdm_systems_t  systems = {
    .macos = { "11.0", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_approved = MDM_YES, .by_hand = MDM_NO, .many = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    /* of one that is turned on and off */
    { "DeviceCertificateUUID", MDM_STRING },

    /* of one that does this to others, when LOMDeviceRequest says so */
    { "ControllerCertificateUUID", MDM_STRING },
    { "DeviceCACertificateUUIDs", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "ControllerCACertificateUUIDs", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


const mdm_type_t  lights_out = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.lom",
    .title = "Lights-out management",
    .on = &systems,
    .keys = keys
};
