
/* What tables of our own plugins write often. */


#ifndef _MDM_PLUGINS_H_INCLUDED_
#define _MDM_PLUGINS_H_INCLUDED_


#include "ngx_mdm_plugin.h"


/* .tvos = NEVER: a key that is not there on that system */
#define NEVER  { MDM_NEVER_THERE }

/* what holds on one system, for a key that no other has */
#define ONLY_IOS(...)                                                         \
    MDM_ON(.ios = { __VA_ARGS__ }, .macos = NEVER, .tvos = NEVER,             \
           .visionos = NEVER, .watchos = NEVER)

#define ONLY_MACOS(...)                                                       \
    MDM_ON(.ios = NEVER, .macos = { __VA_ARGS__ }, .tvos = NEVER,             \
           .visionos = NEVER, .watchos = NEVER)

/* a PayloadUUID, by which one payload names another */
#define UUID                                                                  \
    "^[0-9A-Za-z]{8}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-"           \
    "[0-9A-Za-z]{12}$"


#endif /* _MDM_PLUGINS_H_INCLUDED_ */
