/*
 * A plugin for tests of loading, as many different ones as -D can tell.
 *
 *     NAME, VERSION, ABI    of its description
 *     TYPES                 rows of the table of types
 *     PARAMETERS            names that config() takes; it refuses the value
 *                           "wrong", and fails without a word at "mute"
 *     MARK                  a file that config() and shutdown() append to
 *     NOT_A_PLUGIN          nothing is exported
 *     NOTHING               ngx_mdm_plugin() returns NULL
 */

#include <stdio.h>
#include <string.h>

#include "ngx_mdm_plugin.h"


#ifndef NAME
#define NAME  "example"
#endif

#ifndef VERSION
#define VERSION  "1.0"
#endif

#ifndef ABI
#define ABI  MDM_PLUGIN_ABI
#endif

#ifndef TYPES
#define TYPES  COMMAND("Example", .title = VERSION)
#endif

#define EVERYWHERE                                                            \
    MDM_ON(.ios = { .introduced = "4.0" }, .macos = { .introduced = "10.7" })

#define COMMAND(title_of_it, ...)                                             \
    &(const mdm_type_t) { .kind = MDM_COMMAND, .name = title_of_it,           \
                          EVERYWHERE, __VA_ARGS__ }

#define PAYLOAD(title_of_it, ...)                                             \
    &(const mdm_type_t) { .kind = MDM_PAYLOAD, .name = title_of_it,           \
                          EVERYWHERE, __VA_ARGS__ }


#if defined(MARK) || defined(PARAMETERS)

static void
mark(const char *what)
{
#ifdef MARK
    FILE  *file;

    file = fopen(MARK, "a");

    if (file != NULL) {
        fprintf(file, "%s %s\n", what, VERSION);
        fclose(file);
    }
#endif
}


static bool
is(mdm_text_t text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}


static bool
config(mdm_call_t *call, const mdm_parameter_t *parameters, size_t n,
    void **state)
{
    size_t  i;

    for (i = 0; i < n; i++) {

        if (is(parameters[i].value, "wrong")) {
            call->host->fault(call, "colour", "must be a colour");
            return false;
        }

        if (is(parameters[i].value, "mute")) {
            return false;
        }
    }

    mark("config");

    return true;
}


static void
shutdown(void *state)
{
    mark("shutdown");
}

#endif


static const mdm_plugin_t  plugin = {
    .size = sizeof(mdm_plugin_t),
    .abi = ABI,
    .type_size = sizeof(mdm_type_t),
    .key_size = sizeof(mdm_key_t),
    .systems_size = sizeof(mdm_systems_t),

    .name = NAME,
    .version = VERSION,
    .types = MDM_TYPES(TYPES),

#ifdef PARAMETERS
    .parameters = MDM_TEXTS(PARAMETERS),
#endif

#if defined(MARK) || defined(PARAMETERS)
    .config = config,
    .shutdown = shutdown,
#endif
};


#ifdef NOT_A_PLUGIN
const mdm_plugin_t *something_else(void);
#define ngx_mdm_plugin  something_else
#endif

const mdm_plugin_t *
ngx_mdm_plugin(void)
{
#ifdef NOTHING
    return plugin.abi ? NULL : &plugin;
#else
    return &plugin;
#endif
}
