
/*
 * DeviceLocation: where a device in Lost Mode is.  An old place is no use, but
 * the last known one is kept.
 */


#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lost-mode.h"
#include "../results.h"


#define FIRST_YEAR  (1970 - 1900)      /* as struct tm has it */
#define LAST_YEAR   (2999 - 1900)


static bool result(mdm_call_t *call, const mdm_result_t *done);
static bool forget(mdm_call_t *call, const mdm_node_t *report);
static bool place(mdm_call_t *call, const mdm_node_t *report);
static mdm_node_t *when(mdm_call_t *call, mdm_text_t text);


static const mdm_systems_t  systems = {
    .ios = { "9.3", .supervised = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "Latitude", MDM_REAL, MDM_NEEDED, .attribute = "LastLocation.Latitude" },
    { "Longitude", MDM_REAL, MDM_NEEDED,
      .attribute = "LastLocation.Longitude" },
    { "HorizontalAccuracy", MDM_REAL, MDM_NEEDED,
      .attribute = "LastLocation.HorizontalAccuracy",
      MDM_ON(.ios = { "10.3" }) },
    { "VerticalAccuracy", MDM_REAL, MDM_NEEDED,
      .attribute = "LastLocation.VerticalAccuracy", MDM_ON(.ios = { "10.3" }) },
    { "Altitude", MDM_REAL, MDM_NEEDED,
      .attribute = "LastLocation.Altitude", MDM_ON(.ios = { "10.3" }) },
    { "Speed", MDM_REAL, MDM_NEEDED,
      .attribute = "LastLocation.Speed", MDM_ON(.ios = { "10.3" }) },
    { "Course", MDM_REAL, MDM_NEEDED,
      .attribute = "LastLocation.Course", MDM_ON(.ios = { "10.3" }) },
    { "Timestamp", MDM_STRING, MDM_NEEDED, MDM_ON(.ios = { "10.3" }) },
    { 0 }
};


const mdm_type_t  device_location = {
    .kind = MDM_COMMAND,
    .name = "DeviceLocation",
    .title = "Device Location",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "lost-mode",
    .expires = MDM_DAYS(30),
    .result = result
};


/*
 * The table keeps where.  When is a text in the answer, and a time only here;
 * a place must not keep what was known of the one before.
 */

static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    uint32_t           type;
    const mdm_host_t  *host;
    const mdm_node_t  *node;

    host = call->host;
    type = host->type(host->get(done->report, "Latitude"));

    if (!acknowledged(done) || (type != MDM_REAL && type != MDM_INTEGER)) {
        return true;
    }

    node = host->get(done->report, "Timestamp");

    return host->set_attribute(call, "LastLocation.Timestamp",
                               when(call, host->text(node)))
           && forget(call, done->report)
           && place(call, done->report);
}


static bool
forget(mdm_call_t *call, const mdm_node_t *report)
{
    size_t             i;
    uint32_t           type;
    const mdm_host_t  *host;

    static const struct {
        const char  *name, *attribute;
    } facts[] = {
        { "HorizontalAccuracy", "LastLocation.HorizontalAccuracy" },
        { "VerticalAccuracy", "LastLocation.VerticalAccuracy" },
        { "Altitude", "LastLocation.Altitude" },
        { "Speed", "LastLocation.Speed" },
        { "Course", "LastLocation.Course" }
    };

    host = call->host;

    for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        type = host->type(host->get(report, facts[i].name));

        if (type != MDM_REAL && type != MDM_INTEGER
            && !host->set_attribute(call, facts[i].attribute, NULL))
        {
            return false;
        }
    }

    return true;
}


static bool
place(mdm_call_t *call, const mdm_node_t *report)
{
    size_t             i;
    mdm_node_t        *data, *copy;
    const mdm_host_t  *host;
    const mdm_node_t  *node;

    static const char *const  facts[] = {
        "Latitude", "Longitude", "HorizontalAccuracy", "VerticalAccuracy",
        "Altitude", "Speed", "Course", "Timestamp", NULL
    };

    host = call->host;
    data = host->new_dictionary(call);

    for (i = 0; facts[i]; i++) {
        node = host->get(report, facts[i]);

        if (node == NULL) {
            continue;
        }

        copy = host->copy(call, node);

        if (copy == NULL || !host->set(call, data, facts[i], copy)) {
            return false;
        }
    }

    return host->emit_event(call, "device_located", data);
}


/* "2026-01-31T12:00:00Z" and the like; NULL: it is no time, or none in which
 * a device could have been anywhere. */

static mdm_node_t *
when(mdm_call_t *call, mdm_text_t text)
{
    int          hours, minutes;
    char         copy[40], sign;
    int64_t      time;
    struct tm    tm;
    const char  *p;

    if (text.len == 0 || text.len >= sizeof(copy)) {
        return NULL;
    }

    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    memset(&tm, 0, sizeof(tm));

    p = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm);

    if (p == NULL || tm.tm_year < FIRST_YEAR || tm.tm_year > LAST_YEAR) {
        return NULL;
    }

    if (*p == '.') {
        p += 1 + strspn(p + 1, "0123456789");
    }

    time = timegm(&tm);

    if (strcmp(p, "Z") == 0) {
        return call->host->new_date(call, time);
    }

    if (sscanf(p, "%c%2d:%2d", &sign, &hours, &minutes) != 3
        || (sign != '+' && sign != '-'))
    {
        return NULL;
    }

    minutes += 60 * hours;

    return call->host->new_date(call, sign == '+' ? time - 60 * minutes
                                                  : time + 60 * minutes);
}
