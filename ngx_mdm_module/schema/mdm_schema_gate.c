
/*
 * Demands judged for one enrolment, in words.  A rule that holds as around it
 * was told there and is not told again.  The same demands and facts give the
 * same sentences, by which callers group ten thousand devices.
 */


#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mdm_schema_internal.h"


/* Facts that demands may ask for and nobody knows yet. */

typedef enum {
    MDM_UNKNOWN_VERSION = 0,
    MDM_UNKNOWN_SUPERVISED,
    MDM_UNKNOWN_SHARED,
    MDM_UNKNOWN_AUTOMATED,
    MDM_UNKNOWN_APPROVED,
    MDM_UNKNOWN_RIGHTS,
    MDM_UNKNOWNS
} mdm_unknown_e;


typedef struct {
    const mdm_facts_t      *facts;       /* with what follows from them */
    mdm_findings_t         *findings;
    bool                    demand_facts;
    bool                    strict;
    const mdm_demand_t     *demand;
    const mdm_on_t         *on;
    const mdm_on_t         *around;
    bool                    told[MDM_UNKNOWNS];
} mdm_gate_t;


static void mdm_gate_follow(mdm_facts_t *facts);
static void mdm_gate_platform_unknown(mdm_gate_t *gate,
    const mdm_demands_t *demands);
static void mdm_gate_row(mdm_gate_t *gate);
static bool mdm_gate_there(mdm_gate_t *gate, const mdm_schema_on_t *on,
    const mdm_schema_on_t *around);
static void mdm_gate_lacks(mdm_gate_t *gate, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void mdm_gate_key(mdm_gate_t *gate);
static void mdm_gate_one(mdm_gate_t *gate);
static void mdm_gate_version(mdm_gate_t *gate, const mdm_schema_on_t *on,
    const mdm_schema_on_t *around);
static void mdm_gate_supervised(mdm_gate_t *gate);
static void mdm_gate_channel(mdm_gate_t *gate);
static uint8_t mdm_gate_channel_answer(const mdm_facts_t *facts,
    const mdm_on_t *on);
static void mdm_gate_enrolled(mdm_gate_t *gate);
static void mdm_gate_mode(mdm_gate_t *gate, uint8_t mode, bool is,
    const char *whom, const char *rule);
static void mdm_gate_shared(mdm_gate_t *gate);
static void mdm_gate_rights(mdm_gate_t *gate);
static void mdm_gate_unknown(mdm_gate_t *gate, mdm_unknown_e unknown);
static void mdm_gate_tell(mdm_gate_t *gate, bool warning, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));


static const mdm_schema_on_t  mdm_gate_nothing;


/* The first versions with device management: no enrolled device has less, so
 * nobody needs to know it. */

static const uint32_t  mdm_gate_first[MDM_SCHEMA_PLATFORMS] = {
    [MDM_IOS] = 4 << 20,
    [MDM_MACOS] = 10 << 20 | 7 << 10,
    [MDM_TVOS] = 9 << 20,
    [MDM_VISIONOS] = 1 << 20 | 1 << 10,
    [MDM_WATCHOS] = 10 << 20
};


/* Whether anything of a row has to be judged; when it is compiled, so that
 * most rows cost ten thousand devices nothing. */

bool
mdm_schema_on_asks(const mdm_schema_on_t *on, const mdm_schema_on_t *around)
{
    const mdm_on_t  *a, *b;

    if (around == NULL) {
        return true;
    }

    if (around->introduced == MDM_SCHEMA_NEVER) {
        return false;
    }

    a = &on->on;
    b = &around->on;

    return on->introduced != around->introduced
           || on->deprecated != around->deprecated
           || on->removed != around->removed
           || a->access_rights != b->access_rights
           || a->supervised != b->supervised
           || a->device_channel != b->device_channel
           || a->user_channel != b->user_channel
           || a->automated != b->automated
           || a->user_approved != b->user_approved
           || a->user_enrollment != b->user_enrollment
           || a->shared_ipad != b->shared_ipad
           || a->shared_device_channel != b->shared_device_channel
           || a->shared_user_channel != b->shared_user_channel;
}


void
mdm_schema_gate(const mdm_demands_t *demands, const mdm_facts_t *facts,
    bool demand_facts, mdm_findings_t *findings)
{
    mdm_gate_t   gate;
    mdm_facts_t  known;

    if (demands == NULL || demands->n == 0) {
        return;
    }

    known = *facts;
    mdm_gate_follow(&known);

    memset(&gate, 0, sizeof(mdm_gate_t));
    gate.facts = &known;
    gate.findings = findings;
    gate.demand_facts = demand_facts;
    gate.strict = demands->strict;

    if ((unsigned) known.platform - 1 >= MDM_SCHEMA_PLATFORMS - 1) {
        mdm_gate_platform_unknown(&gate, demands);
        return;
    }

    for (gate.demand = demands->first; gate.demand;
         gate.demand = gate.demand->next)
    {
        if (gate.demand->what == MDM_DEMAND_KEY) {
            mdm_gate_key(&gate);

        } else if (gate.demand->what == MDM_DEMAND_ONE) {
            mdm_gate_one(&gate);

        } else if (gate.demand->on->asks[known.platform]) {
            mdm_gate_row(&gate);
        }
    }
}


/* A Shared iPad is supervised, belongs to no user, and it alone of its system
 * has channels of users.  A user's own device ignores AccessRights. */

static void
mdm_gate_follow(mdm_facts_t *facts)
{
    if (facts->platform != MDM_IOS && facts->platform != MDM_PLATFORM_UNKNOWN)
    {
        facts->shared_ipad = MDM_NO;

    } else if (facts->user_enrollment || facts->supervised == MDM_NO) {
        facts->shared_ipad = MDM_NO;

    } else if (facts->platform == MDM_IOS && facts->user_channel) {
        facts->shared_ipad = MDM_YES;
    }

    if (facts->user_enrollment) {

        if (facts->supervised == MDM_UNSAID) {
            facts->supervised = MDM_NO;
        }

        if (facts->automated == MDM_UNSAID) {
            facts->automated = MDM_NO;
        }

        facts->access_rights = UINT32_MAX;
    }

    if (facts->shared_ipad == MDM_YES && facts->supervised == MDM_UNSAID) {
        facts->supervised = MDM_YES;
    }

    if (facts->automated == MDM_YES && facts->user_approved == MDM_UNSAID) {
        facts->user_approved = MDM_YES;
    }
}


/* Of what system it is, is known soon; whose it is, always. */

static void
mdm_gate_platform_unknown(mdm_gate_t *gate, const mdm_demands_t *demands)
{
    unsigned                     i;
    const mdm_schema_on_t       *on;
    const mdm_schema_systems_t  *around;

    gate->demand = demands->first;

    mdm_gate_tell(gate, !gate->demand_facts, "unknown_fact",
                  "the operating system of the device is not known yet");

    for ( /* void */ ; gate->demand; gate->demand = gate->demand->next) {
        gate->around = &mdm_gate_nothing.on;
        gate->on = NULL;
        around = gate->demand->on->around;

        if (gate->demand->what != MDM_DEMAND_ON) {
            continue;
        }

        for (i = MDM_IOS; i < MDM_SCHEMA_PLATFORMS; i++) {
            on = &gate->demand->on->on[i];

            if (on->introduced == MDM_SCHEMA_NEVER) {
                continue;
            }

            if (gate->on
                && gate->on->user_enrollment != on->on.user_enrollment)
            {
                break;
            }

            gate->on = &on->on;
            gate->around = around ? &around->on[i].on
                                  : &mdm_gate_nothing.on;
        }

        if (i == MDM_SCHEMA_PLATFORMS && gate->on
            && gate->on->user_enrollment != gate->around->user_enrollment)
        {
            mdm_gate_mode(gate, gate->on->user_enrollment,
                          gate->facts->user_enrollment,
                          "a user-owned enrolment", "user enrolment");
        }
    }
}


static void
mdm_gate_row(mdm_gate_t *gate)
{
    const mdm_schema_on_t       *on, *around;
    const mdm_schema_systems_t  *systems;

    systems = gate->demand->on;

    on = &systems->on[gate->facts->platform];
    around = systems->around ? &systems->around->on[gate->facts->platform]
                             : &mdm_gate_nothing;

    gate->on = &on->on;
    gate->around = &around->on;

    if (!mdm_gate_there(gate, on, around)) {
        return;
    }

    mdm_gate_version(gate, on, around);
    mdm_gate_supervised(gate);
    mdm_gate_channel(gate);
    mdm_gate_enrolled(gate);

    if (gate->on->user_enrollment != gate->around->user_enrollment) {
        mdm_gate_mode(gate, gate->on->user_enrollment,
                      gate->facts->user_enrollment, "a user-owned enrolment",
                      "user enrolment");
    }

    mdm_gate_shared(gate);
    mdm_gate_rights(gate);
}


static bool
mdm_gate_there(mdm_gate_t *gate, const mdm_schema_on_t *on,
    const mdm_schema_on_t *around)
{
    if (on->introduced != MDM_SCHEMA_NEVER) {
        return true;
    }

    if (around->introduced != MDM_SCHEMA_NEVER) {
        mdm_gate_lacks(gate, "is not available on %s",
                       mdm_schema_platform_name(gate->facts->platform));
    }

    return false;
}


/*
 * A system or a version that has no such thing.  One profile serves Macs and
 * iPhones, old ones and new ones: a device takes of a payload the keys that it
 * has, and passes over the others, as over those that nobody knows.
 */

static void
mdm_gate_lacks(mdm_gate_t *gate, const char *fmt, ...)
{
    bool     passed;
    char     said[128];
    va_list  args;

    va_start(args, fmt);
    vsnprintf(said, sizeof(said), fmt, args);
    va_end(args);

    passed = gate->demand->key && !gate->strict
             && gate->demand->type->kind == MDM_PAYLOAD;

    mdm_gate_tell(gate, passed, passed ? "ignored" : "unavailable", "%s%s",
                  said, passed ? ": the device passes over it" : "");
}


/* A key that only some systems have is missed only there. */

static void
mdm_gate_key(mdm_gate_t *gate)
{
    uint32_t  introduced;

    introduced = gate->demand->on->on[gate->facts->platform].introduced;

    if (introduced == MDM_SCHEMA_NEVER) {
        return;
    }

    if (gate->facts->version == 0
        && introduced > mdm_gate_first[gate->facts->platform])
    {
        mdm_gate_unknown(gate, MDM_UNKNOWN_VERSION);

    } else if (gate->facts->version == 0
               || gate->facts->version >= introduced)
    {
        mdm_gate_tell(gate, false, "required", "is required on %s",
                      mdm_schema_platform_name(gate->facts->platform));
    }
}


static void
mdm_gate_one(mdm_gate_t *gate)
{
    const mdm_schema_on_t  *on;

    on = &gate->demand->on->on[gate->facts->platform];

    if (on->introduced == MDM_SCHEMA_NEVER || on->on.many == MDM_YES
        || (on->on.many == MDM_UNSAID
            && !(gate->demand->type->flags & MDM_EXCLUSIVE)))
    {
        return;
    }

    mdm_gate_tell(gate, false, "count",
                  "may be there only once on %s",
                  mdm_schema_platform_name(gate->facts->platform));
}


static void
mdm_gate_version(mdm_gate_t *gate, const mdm_schema_on_t *on,
    const mdm_schema_on_t *around)
{
    char        has[32];
    uint32_t    version;
    bool        introduced, removed, deprecated;
    const char *platform;

    introduced = on->introduced != around->introduced
                 && on->introduced > mdm_gate_first[gate->facts->platform];
    removed = on->removed && on->removed != around->removed
              && on->removed != MDM_SCHEMA_NEVER;
    deprecated = on->deprecated && on->deprecated != around->deprecated
                 && on->deprecated != MDM_SCHEMA_NEVER;

    if (!introduced && !removed && !deprecated) {
        return;
    }

    version = gate->facts->version;

    if (version == 0) {

        if (introduced || removed) {
            mdm_gate_unknown(gate, MDM_UNKNOWN_VERSION);
        }

        return;
    }

    platform = mdm_schema_platform_name(gate->facts->platform);

    snprintf(has, sizeof(has), version & 0x3ff ? "%u.%u.%u" : "%u.%u",
             version >> 20, version >> 10 & 0x3ff, version & 0x3ff);

    if (introduced && version < on->introduced) {
        mdm_gate_lacks(gate, "needs %s %s or later, this device has %s",
                       platform, gate->on->introduced, has);

    } else if (removed && version >= on->removed) {
        mdm_gate_lacks(gate, "was removed in %s %s, this device has %s",
                       platform, gate->on->removed, has);

    } else if (deprecated && version >= on->deprecated) {
        mdm_gate_tell(gate, true, "deprecated", "is deprecated since %s %s",
                      platform, gate->on->deprecated);
    }
}


static void
mdm_gate_supervised(mdm_gate_t *gate)
{
    if (gate->on->supervised != MDM_YES
        || gate->around->supervised == MDM_YES)
    {
        return;
    }

    if (gate->facts->supervised == MDM_UNSAID) {
        mdm_gate_unknown(gate, MDM_UNKNOWN_SUPERVISED);

    } else if (gate->facts->supervised == MDM_NO) {
        mdm_gate_tell(gate, false, "unavailable", "needs a supervised device");
    }
}


static void
mdm_gate_channel(mdm_gate_t *gate)
{
    if (mdm_gate_channel_answer(gate->facts, gate->on) != MDM_NO
        || mdm_gate_channel_answer(gate->facts, gate->around) == MDM_NO)
    {
        return;
    }

    mdm_gate_tell(gate, false, "unavailable",
                  "is not available on the %s channel%s",
                  gate->facts->user_channel ? "user" : "device",
                  gate->facts->shared_ipad == MDM_YES ? " of a Shared iPad"
                                                      : "");
}


/* What is said of a Shared iPad holds there before the general. */

static uint8_t
mdm_gate_channel_answer(const mdm_facts_t *facts, const mdm_on_t *on)
{
    uint8_t  answer, shared;

    answer = facts->user_channel ? on->user_channel : on->device_channel;
    shared = facts->user_channel ? on->shared_user_channel
                                 : on->shared_device_channel;

    return facts->shared_ipad == MDM_YES && shared != MDM_UNSAID ? shared
                                                                 : answer;
}


static void
mdm_gate_enrolled(mdm_gate_t *gate)
{
    if (gate->on->automated == MDM_YES && gate->around->automated != MDM_YES) {

        if (gate->facts->automated == MDM_UNSAID) {
            mdm_gate_unknown(gate, MDM_UNKNOWN_AUTOMATED);

        } else if (gate->facts->automated == MDM_NO) {
            mdm_gate_tell(gate, false, "unavailable",
                          "needs Automated Device Enrolment");
        }
    }

    if (gate->on->user_approved == MDM_YES
        && gate->around->user_approved != MDM_YES)
    {
        if (gate->facts->user_approved == MDM_UNSAID) {
            mdm_gate_unknown(gate, MDM_UNKNOWN_APPROVED);

        } else if (gate->facts->user_approved == MDM_NO) {
            mdm_gate_tell(gate, false, "unavailable",
                          "needs an enrolment that a user approved");
        }
    }
}


static void
mdm_gate_mode(mdm_gate_t *gate, uint8_t mode, bool is, const char *whom,
    const char *rule)
{
    switch (mode) {

    case MDM_REQUIRED:
        if (!is) {
            mdm_gate_tell(gate, false, "unavailable",
                          "is available only to %s (%s: required)", whom,
                          rule);
        }

        break;

    case MDM_FORBIDDEN:
        if (is) {
            mdm_gate_tell(gate, false, "unavailable",
                          "is not available to %s (%s: forbidden)", whom,
                          rule);
        }

        break;

    case MDM_IGNORED:
        if (is) {
            mdm_gate_tell(gate, true, "ignored",
                          "has no effect on %s (%s: ignored)", whom, rule);
        }

        break;

    default:
        break;
    }
}


static void
mdm_gate_shared(mdm_gate_t *gate)
{
    uint8_t  mode;

    mode = gate->on->shared_ipad;

    if (mode == gate->around->shared_ipad || mode <= MDM_ALLOWED) {
        return;
    }

    if (gate->facts->shared_ipad == MDM_UNSAID) {
        mdm_gate_unknown(gate, MDM_UNKNOWN_SHARED);
        return;
    }

    mdm_gate_mode(gate, mode, gate->facts->shared_ipad == MDM_YES,
                  "a Shared iPad", "Shared iPad");
}


static void
mdm_gate_rights(mdm_gate_t *gate)
{
    size_t    i;
    uint32_t  needed;

    static const struct {
        uint32_t     right;
        const char  *name;
    } rights[] = {
        { MDM_INSPECT_PROFILES, "to inspect profiles" },
        { MDM_CHANGE_PROFILES, "to install and remove profiles" },
        { MDM_LOCK_AND_CLEAR, "to lock the device and remove its passcode" },
        { MDM_ERASE, "to erase the device" },
        { MDM_QUERY_DEVICE, "to query device information" },
        { MDM_QUERY_NETWORK, "to query network information" },
        { MDM_INSPECT_PROVISIONING, "to inspect provisioning profiles" },
        { MDM_CHANGE_PROVISIONING,
          "to install and remove provisioning profiles" },
        { MDM_INSPECT_APPS, "to inspect apps" },
        { MDM_QUERY_RESTRICTIONS, "to query restrictions" },
        { MDM_QUERY_SECURITY, "to query security" },
        { MDM_CHANGE_SETTINGS, "to change settings" },
        { MDM_CHANGE_APPS, "to manage apps" }
    };

    needed = gate->on->access_rights & ~gate->around->access_rights;

    if (needed == 0) {
        return;
    }

    if (gate->facts->access_rights < 0) {
        mdm_gate_unknown(gate, MDM_UNKNOWN_RIGHTS);
        return;
    }

    needed &= ~(uint32_t) gate->facts->access_rights;

    for (i = 0; needed && i < sizeof(rights) / sizeof(rights[0]); i++) {

        if (needed & rights[i].right) {
            mdm_gate_tell(gate, false, "unavailable",
                          "needs the right %s (AccessRights %u)",
                          rights[i].name, (unsigned) rights[i].right);
            needed &= ~rights[i].right;
        }
    }

    if (needed) {
        mdm_gate_tell(gate, false, "unavailable", "needs AccessRights %u",
                      (unsigned) needed);
    }
}


/* Each once, with the first that asked for it. */

static void
mdm_gate_unknown(mdm_gate_t *gate, mdm_unknown_e unknown)
{
    static const char *const  facts[MDM_UNKNOWNS] = {
        [MDM_UNKNOWN_VERSION] = "the version of its system",
        [MDM_UNKNOWN_SUPERVISED] = "whether the device is supervised",
        [MDM_UNKNOWN_SHARED] = "whether it is a Shared iPad",
        [MDM_UNKNOWN_AUTOMATED] =
            "whether it came by Automated Device Enrolment",
        [MDM_UNKNOWN_APPROVED] = "whether a user approved the enrolment",
        [MDM_UNKNOWN_RIGHTS] = "which AccessRights the enrolment has"
    };

    if (gate->told[unknown]) {
        return;
    }

    gate->told[unknown] = true;

    mdm_gate_tell(gate, !gate->demand_facts, "unknown_fact",
                  "depends on %s, which is not known yet", facts[unknown]);
}


/* A sentence about a type, or a key of it.  The unknown system is no key's. */

static void
mdm_gate_tell(mdm_gate_t *gate, bool warning, const char *code,
    const char *fmt, ...)
{
    char                      said[256];
    size_t                   *count;
    va_list                   args;
    const mdm_demand_t       *demand;
    const mdm_schema_type_t  *type;

    count = warning ? &gate->findings->warnings : &gate->findings->faults;

    if (*count >= MDM_FINDINGS_MAX) {
        ++*count;
        return;
    }

    va_start(args, fmt);
    vsnprintf(said, sizeof(said), fmt, args);
    va_end(args);

    if (gate->facts->platform == MDM_PLATFORM_UNKNOWN && gate->on == NULL) {
        mdm_finding(gate->findings, warning, code, mdm_str(""), mdm_null_str,
                    "%s", said);
        return;
    }

    demand = gate->demand;
    type = demand->type;

    mdm_finding(gate->findings, warning, code, demand->path, mdm_null_str,
                "%.150s%s%.100s%s%.40s%s %s",
                demand->key ? demand->key->path : "",
                demand->key ? " of " : "", type->name,
                type->variant ? " (" : "", type->variant ? type->variant : "",
                type->variant ? ")" : "", said);
}
