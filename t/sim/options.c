/*
 * The command line: what each option means, and what must go together.
 */

#include "sim.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>


#define SIM_TOPIC \
    "com.apple.mgmt.External.00000000-0000-4000-8000-0000000000aa"


typedef struct {
    const char   *name;
    const char   *value;                 /* NULL: a switch */
    int         (*set)(sim_options_t *o, size_t offset, const char *value);
    size_t        offset;
    const char   *help;
} sim_option_t;


static int sim_set_help(sim_options_t *o, size_t offset, const char *value);
static int sim_options_one(sim_options_t *o, const sim_option_t *option,
    const char *value);
static int sim_options_complete(sim_options_t *o);
static int sim_options_identity(sim_options_t *o);


static const sim_option_t  sim_option_table[] = {

    { NULL, NULL, NULL, 0, "The server" },
    { "url", "URL", sim_set_url, 0,
      "http:// or https:// address of check-ins and commands" },
    { "host", "NAME", sim_set_copy, SIM_AT(host),
      "Host header, SNI and the name to verify; the URL's by default" },
    { "ca", "FILE", sim_set_text, SIM_AT(ca),
      "certificates that the server's must chain to" },
    { "insecure", NULL, sim_set_flag, SIM_AT(insecure),
      "do not verify the server" },

    { NULL, NULL, NULL, 0, "Identity" },
    { "identity-ca", "FILE", sim_set_text, SIM_AT(identity_ca),
      "certificate (PEM) that issues the devices' certificates" },
    { "identity-key", "FILE", sim_set_text, SIM_AT(identity_key),
      "its private key (PEM)" },
    { "key-type", "ec|rsa", sim_set_key_type, SIM_AT(rsa),
      "P-256 (default) or RSA-2048" },
    { "key-pool", "N", sim_set_number, SIM_AT(key_pool),
      "keys shared among the devices (16); 0: one for each" },
    { "one-certificate", NULL, sim_set_flag, SIM_AT(one_certificate),
      "all devices made in this run hold the same certificate" },
    { "cert-days", "N", sim_set_days, SIM_AT(cert_days),
      "days of validity (365); negative: expired so long ago" },
    { "no-client-auth", NULL, sim_set_no, SIM_AT(client_auth),
      "an extended key usage without clientAuth" },
    { "no-client-cert", NULL, sim_set_no, SIM_AT(client_cert),
      "offer no certificate in the TLS handshake" },
    { "sign", NULL, sim_set_flag, SIM_AT(sign),
      "send Mdm-Signature with each message" },
    { "bearer", "TOKEN", sim_set_text, SIM_AT(bearer),
      "Authorization of the byod devices" },
    { "new-identity", NULL, sim_set_flag, SIM_AT(new_identity),
      "devices of the state file get new certificates" },

    { NULL, NULL, NULL, 0, "Devices" },
    { "kind", "KIND=N", sim_set_kind, 0,
      "N of iphone, byod, mac or sharedipad; may be repeated" },
    { "seed", "N", sim_set_seed, SIM_AT(seed),
      "ids follow from it (1)" },
    { "id-prefix", "P", sim_set_text, SIM_AT(id_prefix),
      "ids are P-KIND-NUMBER instead of Apple's forms" },
    { "network-user", "NAME[:PW]", sim_set_network_user, 0,
      "the user of a mac logs in by UserAuthenticate first" },
    { "topic", "TOPIC", sim_set_copy, SIM_AT(topic),
      "push topic" },
    { "supervised", "iphone|mac", sim_set_supervised, 0,
      "all of this kind say IsSupervised; may be repeated" },
    { "apps", "N", sim_set_number, SIM_AT(apps),
      "entries of InstalledApplicationList (20)" },
    { "state", "FILE", sim_set_text, SIM_AT(state),
      "go on as the devices kept there; keep them there at the end" },

    { NULL, NULL, NULL, 0, "What they do" },
    { "enroll", NULL, sim_set_flag, SIM_AT(enroll),
      "Authenticate, then TokenUpdate of each channel" },
    { "enroll-again", NULL, sim_set_flag, SIM_AT(again),
      "--enroll, also for devices kept as enrolled" },
    { "token-update", "N", sim_set_number, SIM_AT(token),
      "who is enrolled sends TokenUpdate first, with its N-th\n"
      "token; who enrols has that one, too" },
    { "poll", "N", sim_set_number, SIM_AT(poll),
      "N rounds: Idle, then commands until an empty answer" },
    { "until-empty", NULL, sim_set_flag, SIM_AT(until_empty),
      "rounds until an Idle is answered empty (at most --poll)" },
    { "interval", "MS", sim_set_ms, SIM_AT(interval),
      "pause between two rounds (0)" },
    { "duration", "S", sim_set_seconds, SIM_AT(duration),
      "rounds for S seconds; nothing new is begun after them" },
    { "pushes", "FILE", sim_set_text, SIM_AT(pushes),
      "rounds only when this log of a fake APNs says that the\n"
      "channel's push was accepted; needs --duration" },
    { "push-delay", "MS", sim_set_ms, SIM_AT(push_delay),
      "longest pause from there to the round (100)" },
    { "checkout", NULL, sim_set_flag, SIM_AT(checkout),
      "CheckOut when all channels of a device are done" },
    { "answer", "RULE", sim_set_rule, 0,
      "TYPE[@KIND-or-INDEX]=ANSWER, first match; TYPE may be *;\n"
      "ANSWER is acknowledge, error[:CODE:DOMAIN:TEXT],\n"
      "notnow[:N], silence[:N], malformed, formaterror or\n"
      "disconnect[:repeat]; Push=silence[:N]: no round by a push" },
    { "bench", "poll|acknowledge", sim_set_bench, SIM_AT(bench),
      "load without pauses, for --duration (10) or --poll rounds" },

    { NULL, NULL, NULL, 0, "Connections" },
    { "concurrency", "N", sim_set_number, SIM_AT(concurrency),
      "connections at once (64)" },
    { "keepalive", NULL, sim_set_flag, SIM_AT(keepalive),
      "keep them between messages (default)" },
    { "new-connection", NULL, sim_set_no, SIM_AT(keepalive),
      "a connection for each message" },
    { "turn", "N", sim_set_number, SIM_AT(turn),
      "messages before a connection passes to a device that\n"
      "waits (1, under --bench 100)" },
    { "timeout", "MS", sim_set_ms, SIM_AT(timeout),
      "for connect, TLS and answer together (60000)" },
    { "backoff", "MS", sim_set_ms, SIM_AT(backoff),
      "first pause after a failure; doubles (500)" },
    { "backoff-max", "MS", sim_set_ms, SIM_AT(backoff_max),
      "longest pause after a failure (60000)" },
    { "retries", "N", sim_set_number, SIM_AT(retries),
      "tries after the first one that failed (6)" },
    { "retry-after", NULL, sim_set_flag, SIM_AT(retry_after),
      "wait at least as long as the server says" },
    { "vanish", "PERCENT[:WAYS]", sim_set_vanish, 0,
      "break off so many of the requests, by part, sent, late\n"
      "or answer (all, or those named with commas); half by a\n"
      "reset; each is sent again after a pause" },

    { NULL, NULL, NULL, 0, "What is told" },
    { "log", "FILE", sim_set_text, SIM_AT(log),
      "append one line of JSON for each exchange" },
    { "summary", NULL, sim_set_flag, SIM_AT(summary),
      "print counts and latencies at the end" },
    { "verbose", NULL, sim_set_flag, SIM_AT(verbose),
      "each move of each channel on stderr" },
    { "help", NULL, sim_set_help, 0,
      "this text" }
};


#define SIM_OPTIONS_N  (sizeof(sim_option_table) / sizeof(sim_option_t))


int
sim_options_parse(sim_options_t *o, int argc, char **argv)
{
    int                  c, index;
    size_t               i, n;
    const sim_option_t  *option;
    struct option        longs[SIM_OPTIONS_N + 1];

    o->client_auth = 1;
    o->client_cert = 1;
    o->keepalive = 1;
    o->key_pool = 16;
    o->cert_days = 365;
    o->seed = 1;
    o->apps = 20;
    o->concurrency = 64;
    o->retries = 6;
    o->timeout = 60 * SIM_S;
    o->backoff = 500 * SIM_MS;
    o->backoff_max = 60 * SIM_S;
    o->push_delay = 100 * SIM_MS;

    memset(longs, 0, sizeof(longs));
    n = 0;

    for (i = 0; i < SIM_OPTIONS_N; i++) {
        option = &sim_option_table[i];

        if (option->name) {
            longs[n].name = option->name;
            longs[n].has_arg = option->value ? required_argument : no_argument;
            longs[n++].val = (int) i;
        }
    }

    while ((c = getopt_long(argc, argv, "", longs, &index)) != -1) {

        if (c == '?' || sim_options_one(o, &sim_option_table[c], optarg)
                        != SIM_OK)
        {
            return SIM_ERROR;
        }
    }

    if (optind < argc) {
        sim_error("\"%s\" is no option; see --help", argv[optind]);
        return SIM_ERROR;
    }

    return sim_options_complete(o);
}


static int
sim_options_one(sim_options_t *o, const sim_option_t *option,
    const char *value)
{
    if (option->set(o, option->offset, value) == SIM_OK) {
        return SIM_OK;
    }

    sim_error("--%s cannot be \"%s\": it wants %s", option->name,
              value, option->value);

    return SIM_ERROR;
}


static int
sim_options_complete(sim_options_t *o)
{
    if (o->url_host == NULL) {
        sim_error("--url is needed; see --help");
        return SIM_ERROR;
    }

    if (o->tls && o->ca == NULL && !o->insecure) {
        sim_error("https:// needs --ca FILE, or --insecure");
        return SIM_ERROR;
    }

    if (o->concurrency == 0) {
        sim_error("--concurrency must be at least 1");
        return SIM_ERROR;
    }

    if (o->pushes && (o->bench || !o->duration)) {
        sim_error("--pushes needs --duration, until when devices wait, and "
                  "goes without --bench");
        return SIM_ERROR;
    }

    if (o->again) {
        o->enroll = 1;
    }

    if (o->bench && !o->duration && !o->poll) {
        o->duration = 10 * SIM_S;
    }

    if (o->turn == 0) {
        o->turn = o->bench ? 100 : 1;
    }

    if (o->host == NULL) {
        o->host = sim_copy(o->url_host);
    }

    if (o->topic == NULL) {
        o->topic = sim_copy(SIM_TOPIC);
    }

    return sim_options_identity(o);
}


static int
sim_options_identity(sim_options_t *o)
{
    if (!o->identity_ca != !o->identity_key) {
        sim_error("--identity-ca and --identity-key go together");
        return SIM_ERROR;
    }

    if (o->identity_ca == NULL && o->state == NULL
        && (o->sign || (o->tls && o->client_cert)))
    {
        sim_error("devices need --identity-ca and --identity-key, or "
                  "--no-client-cert without --sign");
        return SIM_ERROR;
    }

    return SIM_OK;
}


void
sim_options_free(sim_options_t *o)
{
    sim_script_free(o);
    free(o->url_host);
    free(o->url_port);
    free(o->path);
    free(o->host);
    free(o->topic);
    free(o->network_user);
}


static int
sim_set_help(sim_options_t *o, size_t offset, const char *value)
{
    char                 head[64];
    size_t               i;
    const char          *p, *eol;
    const sim_option_t  *option;

    (void) o;
    (void) offset;
    (void) value;

    printf("mdm-sim: Apple devices against an MDM server\n");

    for (i = 0; i < SIM_OPTIONS_N; i++) {
        option = &sim_option_table[i];

        if (option->name == NULL) {
            printf("\n%s\n", option->help);
            continue;
        }

        snprintf(head, sizeof(head), "--%s %s", option->name,
                 option->value ? option->value : "");
        printf("  %-24s", head);

        for (p = option->help; *(eol = strchrnul(p, '\n')); p = eol + 1) {
            printf(" %.*s\n%26s", (int) (eol - p), p, "");
        }

        printf(" %s\n", p);
    }

    exit(0);
}
