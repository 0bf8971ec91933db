
/*
 * com.apple.mcxprinting: printers that users find, and what they may print on
 * which.
 */


#include "mac-services.h"


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  default_keys[] = {
    { "DeviceURI", MDM_STRING },
    { "DisplayName", MDM_STRING },
    { 0 }
};


static const mdm_key_t  printer_keys[] = {
    { "DeviceURI", MDM_STRING },
    { "DisplayName", MDM_STRING },
    { "Location", MDM_STRING },
    { "Model", MDM_STRING },
    { "PrinterLocked", MDM_BOOLEAN, .preset = "false" },
    { "PPDURL", MDM_STRING },
    { 0 }
};


static const mdm_key_t  list_keys[] = {
    /* each printer by its name */
    { "*", MDM_DICTIONARY, 0, printer_keys },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "RequireAdminToAddPrinters", MDM_BOOLEAN, .preset = "true" },
    { "AllowLocalPrinters", MDM_BOOLEAN, .preset = "true" },
    { "RequireAdminToPrintLocally", MDM_BOOLEAN, .preset = "false" },
    { "ShowOnlyManagedPrinters", MDM_BOOLEAN, .preset = "false" },
    { "PrintFooter", MDM_BOOLEAN, .preset = "false" },
    { "PrintMACAddress", MDM_BOOLEAN, .preset = "false" },

    /* a number, but as a string */
    { "FooterFontSize", MDM_STRING },
    { "FooterFontName", MDM_STRING },
    { "DefaultPrinter", MDM_DICTIONARY, 0, default_keys },
    { "UserPrinterList", MDM_DICTIONARY, 0, list_keys },
    { 0 }
};


const mdm_type_t  printing = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.mcxprinting",
    .title = "Printing",
    .on = &systems,
    .keys = keys
};
