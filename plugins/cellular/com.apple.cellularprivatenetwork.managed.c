
/*
 * com.apple.cellularprivatenetwork.managed: a mobile network of one's own, and
 * where it can be received.  A device takes five at most.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cellular.h"


typedef struct {
    mdm_text_t  id;
    size_t      index;
} fence_t;


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static int compare(const void *one, const void *two);


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


/* No two fences have the same GeofenceId: sorted, they would be neighbours. */

static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    char               path[48];
    size_t             i, n;
    fence_t           *fences;
    const mdm_host_t  *host;
    const mdm_node_t  *list;

    host = call->host;
    list = host->get(value, "Geofences");
    n = host->count(list);
    good = true;

    fences = host->alloc(call, (n + 1) * sizeof(fences[0]));
    if (fences == NULL) {
        return false;
    }

    for (i = 0; i < n; i++) {
        fences[i].id = host->text(host->get(host->item(list, i),
                                            "GeofenceId"));
        fences[i].index = i;
    }

    qsort(fences, n, sizeof(fences[0]), compare);

    for (i = 1; i < n; i++) {

        if (fences[i].id.len == 0
            || fences[i].id.len != fences[i - 1].id.len
            || memcmp(fences[i].id.data, fences[i - 1].id.data,
                      fences[i].id.len) != 0)
        {
            continue;
        }

        snprintf(path, sizeof(path), "Geofences[%zu].GeofenceId",
                 fences[i].index);
        host->fault(call, path, "must be of no other in the list");
        good = false;
    }

    return good;
}


static int
compare(const void *one, const void *two)
{
    int             rc;
    const fence_t  *a = one;
    const fence_t  *b = two;

    if (a->id.len != b->id.len) {
        return a->id.len < b->id.len ? -1 : 1;
    }

    rc = a->id.len ? memcmp(a->id.data, b->id.data, a->id.len) : 0;

    return rc ? rc : (a->index < b->index ? -1 : 1);
}
