
/*
 * com.apple.mcxMenuExtras: the extras in the menu bar, by the names of their
 * files; those of others by their full path, which is a key that no table can
 * know.
 */


#include "mac-desktop.h"


#define EXTRA(name)  { name ".menu", MDM_BOOLEAN }


static const mdm_systems_t  systems = SETTINGS_OF_MAC("10.7");


static const mdm_key_t  keys[] = {
    /* in seconds after the login */
    { "delaySeconds", MDM_REAL, .preset = "2.5" },
    { "maxWaitSeconds", MDM_REAL, .preset = "20.0" },

    EXTRA("AirPort"),
    EXTRA("Battery"),
    EXTRA("Bluetooth"),
    EXTRA("CPU"),
    EXTRA("Clock"),
    EXTRA("Displays"),
    EXTRA("Eject"),
    EXTRA("Fax"),
    EXTRA("HomeSync"),
    EXTRA("iChat"),
    EXTRA("Ink"),
    EXTRA("IrDA"),
    EXTRA("PCCard"),
    EXTRA("PPP"),
    EXTRA("PPPoE"),
    EXTRA("RemoteDesktop"),
    EXTRA("Script Menu"),
    EXTRA("Spaces"),
    EXTRA("Sync"),
    EXTRA("TextInput"),
    EXTRA("TimeMachine"),
    EXTRA("UniversalAccess"),
    EXTRA("User"),
    EXTRA("VPN"),
    EXTRA("Volume"),
    EXTRA("WWAN"),
    { 0 }
};


const mdm_type_t  menu_extras = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.mcxMenuExtras",
    .title = "Menu bar extras",
    .on = &systems,
    .keys = keys
};
