/*
 * Scripted answers: which commands a device does not simply acknowledge.
 * A rule is REQUESTTYPE[@KIND-or-INDEX]=ANSWER; the first that fits counts.
 */

#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>


static const char  *sim_say_names[SIM_SAY_N] = {
    "acknowledge", "error", "notnow", "silence", "malformed", "formaterror",
    "disconnect"
};


static int sim_script_push(const sim_rule_t *rule);
static int sim_script_who(sim_rule_t *rule, const char *who, size_t len);
static int sim_script_say(sim_rule_t *rule, const char *answer);
static int sim_script_error(sim_rule_t *rule, const char *text);
static int sim_script_fits(sim_channel_t *ch, unsigned i);


int
sim_script_parse(sim_options_t *o, const char *text)
{
    char        *end;
    size_t       len;
    sim_rule_t  *rule;
    const char  *at, *is;

    is = strchr(text, '=');

    if (is == NULL || is == text) {
        return SIM_ERROR;
    }

    o->rules = realloc(o->rules, (o->nrules + 1) * sizeof(sim_rule_t));

    if (o->rules == NULL) {
        return SIM_ERROR;
    }

    rule = &o->rules[o->nrules++];
    memset(rule, 0, sizeof(sim_rule_t));
    rule->kind = -1;
    rule->index = -1;

    at = memchr(text, '@', (size_t) (is - text));
    end = (char *) (at ? at : is);
    len = (size_t) (end - text);

    if (at && sim_script_who(rule, at + 1, (size_t) (is - at) - 1) != SIM_OK) {
        return SIM_ERROR;
    }

    if (len == 0) {
        return SIM_ERROR;
    }

    if (len != 1 || text[0] != '*') {
        rule->request_type = strndup(text, len);
    }

    if (sim_script_say(rule, is + 1) != SIM_OK) {
        return SIM_ERROR;
    }

    return sim_script_push(rule) && rule->say != SIM_SAY_SILENCE ? SIM_ERROR
                                                                 : SIM_OK;
}


/* the one thing that a device is asked without a command */

static int
sim_script_push(const sim_rule_t *rule)
{
    return rule->request_type && strcmp(rule->request_type, "Push") == 0;
}


static int
sim_script_who(sim_rule_t *rule, const char *who, size_t len)
{
    size_t  i;

    rule->kind = sim_kind_find(who, len);

    if (rule->kind != -1) {
        return SIM_OK;
    }

    for (i = 0; i < len; i++) {
        if (who[i] < '0' || who[i] > '9') {
            return SIM_ERROR;
        }
    }

    rule->index = len ? atoi(who) : -1;

    return len ? SIM_OK : SIM_ERROR;
}


static int
sim_script_say(sim_rule_t *rule, const char *answer)
{
    char        *end;
    size_t       len;
    sim_say_e    say;
    const char  *more;

    len = strcspn(answer, ":");
    more = answer[len] ? answer + len + 1 : NULL;

    for (say = 0; say < SIM_SAY_N; say++) {
        if (strlen(sim_say_names[say]) == len
            && strncasecmp(sim_say_names[say], answer, len) == 0)
        {
            break;
        }
    }

    rule->say = say;

    switch (say) {

    case SIM_SAY_ERROR:
        return sim_script_error(rule, more);

    case SIM_SAY_NOTNOW:
    case SIM_SAY_SILENCE:
        if (more == NULL) {
            return SIM_OK;
        }

        rule->times = (unsigned) strtoul(more, &end, 10);

        return rule->times && *end == '\0' ? SIM_OK : SIM_ERROR;

    case SIM_SAY_DISCONNECT:
        rule->repeat = (more != NULL);
        return more && strcmp(more, "repeat") != 0 ? SIM_ERROR : SIM_OK;

    case SIM_SAY_N:
        return SIM_ERROR;

    default:
        return more ? SIM_ERROR : SIM_OK;
    }
}


static int
sim_script_error(sim_rule_t *rule, const char *text)
{
    char        *end;
    const char  *colon;

    if (text == NULL) {
        rule->code = 12021;
        rule->domain = sim_copy("MCMDMErrorDomain");
        rule->text = sim_copy("Invalid request type");
        return SIM_OK;
    }

    rule->code = strtoull(text, &end, 10);
    colon = *end == ':' ? strchr(end + 1, ':') : NULL;

    if (end == text || colon == NULL) {
        return SIM_ERROR;
    }

    rule->domain = strndup(end + 1, (size_t) (colon - end) - 1);
    rule->text = sim_copy(colon + 1);

    return SIM_OK;
}


/* NULL: acknowledge */

const sim_rule_t *
sim_script_match(sim_channel_t *ch, const char *request_type)
{
    unsigned        i;
    sim_rule_t     *rule;
    sim_options_t  *o;

    o = &ch->device->sim->options;

    for (i = 0; i < o->nrules; i++) {
        rule = &o->rules[i];

        if (rule->request_type && strcmp(rule->request_type, request_type)) {
            continue;
        }

        if (sim_script_fits(ch, i)) {
            return rule;
        }
    }

    return NULL;
}


/* a push came: does the device stay away? */

int
sim_script_stays(sim_channel_t *ch)
{
    unsigned        i;
    sim_options_t  *o;

    o = &ch->device->sim->options;

    for (i = 0; i < o->nrules; i++) {
        if (sim_script_push(&o->rules[i]) && sim_script_fits(ch, i)) {
            return 1;
        }
    }

    return 0;
}


/* a rule that fits is used by this */

static int
sim_script_fits(sim_channel_t *ch, unsigned i)
{
    sim_rule_t  *rule;

    rule = &ch->device->sim->options.rules[i];

    if (rule->kind != -1 && rule->kind != (int) ch->device->kind) {
        return 0;
    }

    if (rule->index != -1 && rule->index != (int) ch->device->index) {
        return 0;
    }

    if (rule->times) {
        if (ch->used[i] == rule->times) {
            return 0;
        }

        ch->used[i]++;
    }

    return 1;
}


void
sim_script_free(sim_options_t *o)
{
    unsigned  i;

    for (i = 0; i < o->nrules; i++) {
        free(o->rules[i].request_type);
        free(o->rules[i].domain);
        free(o->rules[i].text);
    }

    free(o->rules);
}
