
/*
 * com.apple.cellularprivatenetwork.managed: a mobile network of one's own, and
 * where it can be received.  A device takes five at most.
 */


#include <stdio.h>

#include "cellular.h"
#include "../texts.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = { "17.0", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO }
};


static const mdm_key_t  fence_keys[] = {
    { "Longitude", MDM_REAL, MDM_NEEDED, .min = "-180", .max = "180" },
    { "Latitude", MDM_REAL, MDM_NEEDED, .min = "-90", .max = "90" },

    /* in metres, somewhat more than it reaches */
    { "Radius", MDM_REAL, MDM_NEEDED, .min = "100", .max = "6500" },
    { "GeofenceId", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  keys[] = {

    /* of use to an iPhone alone */
    { "Geofences", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, fence_keys }),
      .most = 1000 },
    { "DataSetName", MDM_STRING, MDM_NEEDED },
    { "VersionNumber", MDM_STRING, MDM_NEEDED },
    { "CellularDataPreferred", MDM_BOOLEAN, .preset = "false" },
    { "EnableNRStandalone", MDM_BOOLEAN, .preset = "false" },

    /* which SIM it belongs to */
    { "NetworkIdentifier", MDM_STRING, MDM_ON(.ios = { "18.0" }) },
    { "CsgNetworkIdentifier", MDM_STRING, MDM_ON(.ios = { "18.0" }) },
    { 0 }
};


const mdm_type_t  private_network = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.cellularprivatenetwork.managed",
    .title = "Private mobile network",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool     good;
    char     path[48];
    size_t   i;
    texts_t  ids;

    if (!texts_of(call, call->host->get(value, "Geofences"), "GeofenceId",
                  &ids))
    {
        return false;
    }

    good = true;

    for (i = 0; i < ids.n; i++) {

        if (texts_again(&ids, i)) {
            snprintf(path, sizeof(path), "Geofences[%zu].GeofenceId",
                     ids.first[i].n);
            call->host->fault(call, path, "must be of no other in the list");
            good = false;
        }
    }

    return good;
}
