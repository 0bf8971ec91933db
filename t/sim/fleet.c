/*
 * The devices of a run: ids, serial numbers, users and push tokens, all made
 * from the seed or the prefix, so that the same words name the same devices.
 */

#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>


static sim_device_t *sim_fleet_find(sim_t *sim, sim_kind_e kind,
    unsigned number);
static void sim_device_name(sim_device_t *d);
static void sim_device_channels(sim_device_t *d);
static void sim_channel_user(sim_channel_t *ch, const char *user_id,
    const char *short_name, const char *long_name);


const char  *sim_kind_names[SIM_KIND_N] = {
    "iphone", "byod", "mac", "sharedipad"
};


int
sim_kind_find(const char *name, size_t len)
{
    int  kind;

    for (kind = 0; kind < SIM_KIND_N; kind++) {
        if (strlen(sim_kind_names[kind]) == len
            && strncasecmp(sim_kind_names[kind], name, len) == 0)
        {
            return kind;
        }
    }

    return -1;
}


/* devices of the state file first, then new ones up to what was asked */

int
sim_fleet_make(sim_t *sim)
{
    unsigned        i, number;
    sim_kind_e      kind;
    sim_device_t   *d;
    sim_options_t  *o;

    o = &sim->options;

    if (!o->kinds_given && sim->ndevices == 0) {
        o->kinds[SIM_KIND_IPHONE] = 1;
    }

    for (kind = 0; kind < SIM_KIND_N; kind++) {
        for (number = 0; number < o->kinds[kind]; number++) {

            if (sim_fleet_find(sim, kind, number)) {
                continue;
            }

            d = sim_fleet_add(sim);
            d->kind = kind;
            d->number = number;
            sim_device_name(d);
        }
    }

    for (i = 0; i < sim->ndevices; i++) {
        d = sim->devices[i];
        d->absent = (o->kinds_given && d->number >= o->kinds[d->kind]);

        if (d->absent) {
            continue;
        }

        if ((d->cert == NULL || o->new_identity)
            && sim_identity_issue(d) != SIM_OK)
        {
            return SIM_ERROR;
        }

        if (d->cert == NULL && (o->sign || (o->tls && o->client_cert))) {
            sim_error("%s has no certificate; give --identity-ca", d->id);
            return SIM_ERROR;
        }

        sim_device_channels(d);
    }

    return SIM_OK;
}


void
sim_fleet_free(sim_t *sim)
{
    unsigned        i, n;
    sim_device_t   *d;
    sim_channel_t  *ch;

    for (i = 0; i < sim->ndevices; i++) {
        d = sim->devices[i];

        for (n = 0; n < d->nchannels; n++) {
            ch = &d->channels[n];
            sim_message_release(ch);
            free(ch->idle.bytes);
            free(ch->user_id);
            free(ch->user_short_name);
            free(ch->user_long_name);
            free(ch->digest_response);
            free(ch->auth_token);
            free(ch->used);
        }

        X509_free(d->cert);
        EVP_PKEY_free(d->key);
        free(d->channels);
        free(d);
    }

    free(sim->devices);
}


sim_device_t *
sim_fleet_add(sim_t *sim)
{
    size_t         n;
    sim_device_t  *d;

    n = sim->ndevices;

    if ((n & (n - 1)) == 0) {
        sim->devices = realloc(sim->devices,
                               (n ? n * 2 : 1) * sizeof(sim_device_t *));

        if (sim->devices == NULL) {
            sim_error("no memory for devices");
            exit(1);
        }
    }

    d = sim_alloc(sizeof(sim_device_t));
    d->sim = sim;
    d->index = (unsigned) n;
    sim->devices[sim->ndevices++] = d;

    return d;
}


/* only devices that came from the state file are looked through */

static sim_device_t *
sim_fleet_find(sim_t *sim, sim_kind_e kind, unsigned number)
{
    unsigned  i;

    for (i = 0; i < sim->restored; i++) {
        if (sim->devices[i]->kind == kind && sim->devices[i]->number == number)
        {
            return sim->devices[i];
        }
    }

    return NULL;
}


static void
sim_device_name(sim_device_t *d)
{
    int             i;
    char            seed[64];
    uint8_t         digest[32];
    const uint8_t  *b;
    const char     *kind, *prefix;

    static const char  letters[] = "CDFGHJKLMNPQRTVWXY0123456789";

    kind = sim_kind_names[d->kind];
    prefix = d->sim->options.id_prefix;

    snprintf(seed, sizeof(seed), "%llu:%u",
             (unsigned long long) d->sim->options.seed, d->number);
    sim_device_digest(kind, prefix ? prefix : "", seed, digest);
    b = digest + 16;

    for (i = 0; i < 10; i++) {
        d->serial[i] = letters[digest[i] % (sizeof(letters) - 1)];
    }

    if (prefix) {
        snprintf(d->id, sizeof(d->id), "%s-%s-%06u", prefix, kind, d->number);

    } else if (d->kind == SIM_KIND_MAC || d->kind == SIM_KIND_BYOD) {
        sim_uuid(b, d->id);

    } else {
        snprintf(d->id, sizeof(d->id),
                 "%s-%02X%02X%02X%02X%02X%02X%02X%02X",
                 d->kind == SIM_KIND_IPHONE ? "00008140" : "00008132",
                 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]);
    }
}


static void
sim_device_channels(sim_device_t *d)
{
    char            uuid[37];
    uint8_t         digest[32];
    unsigned        i, rules;
    sim_channel_t  *ch;

    static const unsigned  users[SIM_KIND_N] = { 0, 0, 1, 2 };

    static const char  every[] = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF";

    rules = d->sim->options.nrules;
    d->nchannels = 1 + users[d->kind];
    d->channels = sim_alloc(d->nchannels * sizeof(sim_channel_t));

    for (i = 0; i < d->nchannels; i++) {
        ch = &d->channels[i];
        ch->device = d;
        ch->used = rules ? sim_alloc(rules * sizeof(unsigned)) : NULL;
    }

    if (d->kind == SIM_KIND_MAC) {
        sim_device_digest("user", d->id, NULL, digest);
        sim_uuid(digest, uuid);

        if (d->sim->options.network_user) {
            sim_channel_user(&d->channels[1], uuid,
                             d->sim->options.network_user, "Network User");

        } else {
            sim_channel_user(&d->channels[1], uuid, "jdoe", "Jane Doe");
        }

    } else if (d->kind == SIM_KIND_SHAREDIPAD) {
        sim_channel_user(&d->channels[1], every, "alice@example.com", "Alice");
        sim_channel_user(&d->channels[2], every, "bob@example.com", "Bob");
    }

    for (i = 0; i < d->nchannels; i++) {
        sim_vanish_seed(&d->channels[i]);
    }
}


static void
sim_channel_user(sim_channel_t *ch, const char *user_id,
    const char *short_name, const char *long_name)
{
    ch->user_id = sim_copy(user_id);
    ch->user_short_name = sim_copy(short_name);
    ch->user_long_name = sim_copy(long_name);
}


/* what is random on a device and must be the same in the next run */

void
sim_device_digest(const char *what, const char *id, const char *user,
    uint8_t digest[32])
{
    int   len;
    char  text[512];

    len = snprintf(text, sizeof(text), "%s\n%s\n%s", what, id,
                   user ? user : "");

    if (len >= (int) sizeof(text)) {
        len = sizeof(text) - 1;
    }

    EVP_Digest(text, (size_t) len, digest, NULL, EVP_sha256(), NULL);
}


/* one for each channel; 32 bytes, as Apple's are today */

void
sim_channel_token(const sim_channel_t *ch, uint8_t token[32])
{
    char      what[32];
    unsigned  n;

    n = ch->device->sim->options.token;
    snprintf(what, sizeof(what), n > 1 ? "token %u" : "token", n);

    sim_device_digest(what, ch->device->id, ch->user_short_name, token);
}


void
sim_uuid(const uint8_t *b, char uuid[37])
{
    snprintf(uuid, 37, "%02X%02X%02X%02X-%02X%02X-4%01X%02X-%02X%02X-"
             "%02X%02X%02X%02X%02X%02X", b[0], b[1], b[2], b[3], b[4], b[5],
             b[6] & 0x0f, b[7], (b[8] & 0x3f) | 0x80, b[9], b[10], b[11],
             b[12], b[13], b[14], b[15]);
}
