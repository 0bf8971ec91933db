
/*
 * A plugin to begin with: one payload type and one command.  The recipe:
 *
 *  1. Copy this directory to a place of your own, give it and this file the
 *     name of your plugin, and write that name into the Makefile.
 *  2. Name your types below as Apple (or your app) names them: the PayloadType
 *     of a payload, the RequestType of a command; and say for whom they are.
 *  3. Write a row for each key: name, type, flags, rules.
 *  4. Write vectors: what goes in as JSON, what comes out as a property list,
 *     which faults are found, whom it is refused to.
 *  5. "make check" runs them; then one line in nginx.conf loads the plugin:
 *     mdm_plugin /usr/lib/nginx/mdm/template.so;
 *
 * docs/plugins.md has the rest.
 */


#include "ngx_mdm_plugin.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


/* For whom: iPhones and iPads since iOS 15, Macs since macOS 12. */

static const mdm_systems_t  systems = {
    .ios = { "15.0", .many = MDM_YES },
    .macos = { "12.0", .device_channel = MDM_YES, .many = MDM_YES }
};


static const mdm_key_t  payload_keys[] = {
    { "ServerURL", MDM_STRING, MDM_NEEDED, .pattern = "^https://" },
    { "Token", MDM_STRING, MDM_SECRET },
    { "Interval", MDM_INTEGER, .min = "60", .max = "86400", .preset = "3600" },
    { "Level", MDM_STRING, MDM_ONE_OF("quiet", "normal", "loud"),
      .preset = "normal" },

    /* stricter than the payload: only supervised iPhones, no Macs */
    { "Locked", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { .supervised = MDM_YES },
             .macos = { MDM_NEVER_THERE }) },
    { 0 }
};


static const mdm_key_t  command_keys[] = {
    { "Text", MDM_STRING, MDM_NEEDED },
    { 0 }
};


/* What the device says; "attribute" keeps it with the device. */

static const mdm_key_t  answer_keys[] = {
    { "Greeted", MDM_BOOLEAN, .attribute = "Greeted" },
    { 0 }
};


static const mdm_type_t  payload = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.example.template",
    .title = "Template",
    .on = &systems,
    .keys = payload_keys,
    .validate = validate
};


static const mdm_type_t  command = {
    .kind = MDM_COMMAND,
    .name = "ExampleGreeting",
    .title = "Greet",
    .on = &systems,
    .keys = command_keys,
    .answer = answer_keys,
    .subject = "greeting",
    .expires = MDM_DAYS(7)
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "template",
    .version = "1.0",
    .types = MDM_TYPES(&payload, &command)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}


/* Most types need no function.  This one knows a rule between two keys. */

static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->boolean(host->get(value, "Locked"))
        && host->get(value, "Token") == NULL)
    {
        host->fault(call, "Token", "must be there when Locked is true");
        return false;
    }

    return true;
}
