
/*
 * Attributes of a managed app: given with InstallApplication or Settings, and
 * told by ManagedApplicationAttributes.
 */


#ifndef _MDM_PLUGINS_APP_ATTRIBUTES_H_INCLUDED_
#define _MDM_PLUGINS_APP_ATTRIBUTES_H_INCLUDED_


#include "plugins.h"


static const mdm_key_t  app_attributes[] = {
    { "VPNUUID", MDM_STRING, MDM_ON(.tvos = NEVER) },
    { "ContentFilterUUID", MDM_STRING,
      MDM_ON(.ios = { "16.0" }, .tvos = NEVER, .watchos = NEVER) },
    { "DNSProxyUUID", MDM_STRING,
      MDM_ON(.ios = { "16.0" }, .tvos = NEVER, .watchos = NEVER) },
    { "RelayUUID", MDM_STRING,
      MDM_ON(.ios = { "17.0" }, .tvos = NEVER, .watchos = NEVER) },
    { "AssociatedDomains", MDM_ARRAY,
      MDM_ON(.ios = { "13.0" }, .tvos = NEVER),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "AssociatedDomainsEnableDirectDownloads", MDM_BOOLEAN,
      .preset = "false", MDM_ON(.ios = { "14.0" }, .tvos = NEVER) },
    { "Removable", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { "14.0" }, .tvos = { "14.0" }) },
    { "TapToPayScreenLock", MDM_BOOLEAN, .preset = "false",
      ONLY_IOS("16.4") },
    { "CellularSliceUUID", MDM_STRING, ONLY_IOS("17.0") },
    { "Hideable", MDM_BOOLEAN, .preset = "true", ONLY_IOS("18.1") },
    { "Lockable", MDM_BOOLEAN, .preset = "true", ONLY_IOS("18.1") },
    { 0 }
};


#endif /* _MDM_PLUGINS_APP_ATTRIBUTES_H_INCLUDED_ */
