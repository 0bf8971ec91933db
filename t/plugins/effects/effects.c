
/*
 * A handler that does what the report says, the good and the bad: its members
 * are called like what is to be done.  Built with GOOD it never misbehaves.
 */


#include <stdlib.h>
#include <string.h>

#include "ngx_mdm_plugin.h"


#define HUGE_SIZE  200000


static const mdm_systems_t  systems = {
    .ios = { "4.0" }, .macos = { "10.7" }
};


static const mdm_key_t  keys[] = {
    { "Note", MDM_STRING },
    { 0 }
};


static const mdm_key_t  follow_keys[] = {
    { "Text", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "Number", MDM_INTEGER, .attribute = "Number" },
    { "When", MDM_DATE, .attribute = "When" },
    { "Code", MDM_STRING, MDM_SECRET, .escrow = "code" },
    { 0 }
};


#ifndef GOOD

static bool
misbehave(mdm_call_t *call, const char *how)
{
    int                i;
    char              *huge;
    mdm_node_t        *value, *deep, *inner;
    const mdm_host_t  *host = call->host;

    if (strcmp(how, "fail") == 0) {
        return false;
    }

    if (strcmp(how, "many") == 0) {
        for (i = 0; i < 10000; i++) {
            host->set_attribute(call, "Many", host->new_integer(call, i));
        }

        return true;
    }

    if (strcmp(how, "huge") == 0) {
        huge = host->alloc(call, HUGE_SIZE);
        memset(huge, 'x', HUGE_SIZE);
        host->keep_secret(call, "huge", (mdm_text_t) { HUGE_SIZE, huge });

        return true;
    }

    if (strcmp(how, "name") == 0) {
        host->set_attribute(call, "no name", host->new_boolean(call, true));
        return true;
    }

    if (strcmp(how, "bytes") == 0) {
        host->set_attribute(call, "Bytes", host->new_data(call,
                                     (mdm_text_t) { 4, "\xff\x00\xfe\x00" }));
        return true;
    }

    if (strcmp(how, "deep") == 0) {
        deep = host->new_dictionary(call);

        for (i = 0; i < 1000; i++) {
            inner = host->new_dictionary(call);
            host->set(call, inner, "in", deep);
            deep = inner;
        }

        host->emit_event(call, "deep", deep);
        return true;
    }

    if (strcmp(how, "unknown") == 0) {
        host->queue_command(call, "NobodyKnowsThis", NULL);
        return true;
    }

    if (strcmp(how, "wrong") == 0) {
        value = host->new_dictionary(call);
        host->set(call, value, "Text", host->new_integer(call, 1));
        host->queue_command(call, "EffectsFollow", value);
        return true;
    }

    if (strcmp(how, "poses") == 0) {
        host->emit_event(call, "checked_out", NULL);
        return true;
    }

    if (strcmp(how, "reserved") == 0) {
        host->keep_secret(call, "report", (mdm_text_t) { 1, "x" });
        return true;
    }

    return true;
}

#endif


static bool
result(mdm_call_t *call, const mdm_result_t *result)
{
    mdm_text_t         value;
    mdm_node_t        *node;
    const mdm_host_t  *host = call->host;
    const mdm_node_t  *report = result->report;

    if (host->get(report, "Attribute")) {
        host->set_attribute(call, "Attribute", host->get(report, "Attribute"));
    }

    value = host->text(host->get(report, "Follow"));

    if (value.data != NULL) {
        node = host->new_dictionary(call);
        host->set(call, node, "Text", host->new_string(call, value));
        host->queue_command(call, "EffectsFollow", node);
    }

    value = host->text(host->get(report, "Event"));

    if (value.data != NULL) {
        node = host->new_dictionary(call);
        host->set(call, node, "said", host->new_string(call, value));
        host->emit_event(call, "effects_test", node);
    }

#ifndef GOOD
    value = host->text(host->get(report, "Bad"));

    if (value.data != NULL) {
        return misbehave(call, value.data);
    }
#endif

    return true;
}


static const mdm_type_t  effects = {
    .kind = MDM_COMMAND,
    .name = "Effects",
    .title = "Effects",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .expires = MDM_DAYS(1),
    .result = result
};


static const mdm_type_t  effects_follow = {
    .kind = MDM_COMMAND,
    .name = "EffectsFollow",
    .title = "What follows",
    .on = &systems,
    .keys = follow_keys,
    .subject = "follow",
    .expires = MDM_DAYS(1)
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN, .name = "effects", .version = "1.0",
    .types = MDM_TYPES(&effects, &effects_follow)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
