
/*
 * com.apple.MCX of energy: when a Mac sleeps, wakes, starts and stops.  It
 * shares DestroyFVKeyOnStandby with the variant of FileVault, so that key does
 * not tell which of them a payload is.
 */


#include "mac-services.h"


#define DESKTOP_POWER     "com.apple.EnergySaver.desktop.ACPower"
#define DESKTOP_SCHEDULE  "com.apple.EnergySaver.desktop.Schedule"
#define PORTABLE_POWER    "com.apple.EnergySaver.portable.ACPower"
#define PORTABLE_BATTERY  "com.apple.EnergySaver.portable.BatteryPower"


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  power_keys[] = {
    /* in minutes; 0: never */
    { "Display Sleep Timer", MDM_INTEGER, .min = "0", .max = "180" },
    { "Disk Sleep Timer", MDM_INTEGER, .min = "0", .max = "180" },
    { "System Sleep Timer", MDM_INTEGER, .min = "0", .max = "180" },

    /* yes and no are numbers here */
    { "Reduce Processor Speed", MDM_INTEGER, MDM_ONE_OF("0", "1") },
    { "Dynamic Power Step", MDM_INTEGER, MDM_ONE_OF("0", "1") },
    { "Wake on LAN", MDM_INTEGER, MDM_ONE_OF("0", "1") },
    { "Wake On Modem Ring", MDM_INTEGER, MDM_ONE_OF("0", "1") },
    { "Automatic Restart On Power Loss", MDM_INTEGER, MDM_ONE_OF("0", "1") },
    { 0 }
};


static const mdm_key_t  repeating_keys[] = {
    { "eventtype", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("wake", "poweron", "wakepoweron", "sleep", "shutdown",
                 "restart") },

    /* the sum of days: 1 is Monday, 2 Tuesday, 4 Wednesday … 64 Sunday */
    { "weekdays", MDM_INTEGER },

    /* minutes after midnight */
    { "time", MDM_INTEGER },
    { 0 }
};


static const mdm_key_t  schedule_keys[] = {
    { "RepeatingPowerOn", MDM_DICTIONARY, 0, repeating_keys },
    { "RepeatingPowerOff", MDM_DICTIONARY, 0, repeating_keys },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { DESKTOP_POWER, MDM_DICTIONARY, 0, power_keys },
    { PORTABLE_POWER, MDM_DICTIONARY, 0, power_keys },
    { PORTABLE_BATTERY, MDM_DICTIONARY, 0, power_keys },
    { DESKTOP_SCHEDULE, MDM_DICTIONARY, 0, schedule_keys },
    { "SleepDisabled", MDM_BOOLEAN, .preset = "false" },
    { "DestroyFVKeyOnStandby", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.10" }) },
    { 0 }
};


const mdm_type_t  mcx_energy_saver = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.MCX",
    .variant = "EnergySaver",
    .told_by = MDM_TEXTS(DESKTOP_POWER, DESKTOP_SCHEDULE, PORTABLE_POWER,
                         PORTABLE_BATTERY, "SleepDisabled"),
    .title = "Energy Saver",
    .on = &systems,
    .keys = keys
};
