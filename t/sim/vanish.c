/*
 * Clients that vanish: which requests are broken off, where and how.  The
 * choices follow from the seed and the channel alone, one for each request
 * that would else be answered, whatever the others do.
 */

#include "sim.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/bio.h>


#define SIM_VANISH_WAIT  200             /* ms; the longest of a late one */
#define SIM_VANISH_READ  17              /* 2^16 bytes of an answer at most */
#define SIM_VANISH_TORN  4096            /* of the request, in half a record */


static uint64_t sim_vanish_random(sim_vanish_t *v);
static void sim_vanish_tear(sim_conn_t *c);


const char  *sim_vanish_names[SIM_VANISH_N] = {
    "part", "sent", "late", "answer"
};


/* PERCENT[:WAY[,WAY...]] */

int
sim_vanish_parse(sim_options_t *o, const char *text)
{
    int     way;
    char   *p;
    size_t  len;

    o->vanish = (unsigned) strtoul(text, &p, 10);
    o->vanish_ways = 0;

    if (!isdigit((unsigned char) *text) || o->vanish > 100) {
        return SIM_ERROR;
    }

    for (len = 0; *p == (o->vanish_ways ? ',' : ':'); p += len) {
        len = strcspn(++p, ",");

        for (way = 0; way < SIM_VANISH_N; way++) {
            if (strlen(sim_vanish_names[way]) == len
                && strncmp(sim_vanish_names[way], p, len) == 0)
            {
                break;
            }
        }

        if (way == SIM_VANISH_N) {
            return SIM_ERROR;
        }

        o->vanish_ways |= 1u << way;
    }

    return *p ? SIM_ERROR : SIM_OK;
}


void
sim_vanish_seed(sim_channel_t *ch)
{
    char     what[32];
    uint8_t  digest[32];

    snprintf(what, sizeof(what), "vanish %llu",
             (unsigned long long) ch->device->sim->options.seed);
    sim_device_digest(what, ch->device->id, ch->user_short_name, digest);
    memcpy(&ch->vanish.random, digest, sizeof(ch->vanish.random));
}


/*
 * NULL: this request is not broken off.  What was drawn holds until the
 * request was answered or broken off, so that faults of the server or of a
 * kept connection change nothing for the requests that follow.
 */

const sim_vanish_t *
sim_vanish_draw(sim_channel_t *ch)
{
    unsigned        ways;
    sim_vanish_t   *v;
    sim_options_t  *o;

    v = &ch->vanish;
    o = &ch->device->sim->options;

    if (o->vanish == 0 || ch->message.drop) {
        return NULL;
    }

    if (!v->drawn) {
        v->drawn = 1;
        v->chosen = sim_vanish_random(v) % 100 < o->vanish;
        ways = o->vanish_ways ? o->vanish_ways : (1u << SIM_VANISH_N) - 1;

        do {
            v->way = (sim_vanish_e) (sim_vanish_random(v) % SIM_VANISH_N);
        } while (!(ways & 1u << v->way));

        v->reset = sim_vanish_random(v) & 1;
        v->wait = sim_vanish_random(v) % (SIM_VANISH_WAIT + 1) * SIM_MS;
        v->place = sim_vanish_random(v);
    }

    return v->chosen ? v : NULL;
}


/* splitmix64 */

static uint64_t
sim_vanish_random(sim_vanish_t *v)
{
    uint64_t  n;

    n = (v->random += 0x9e3779b97f4a7c15ULL);
    n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9ULL;
    n = (n ^ n >> 27) * 0x94d049bb133111ebULL;

    return n ^ n >> 31;
}


/* how much of a request is written: all of it, unless it is cut itself */

size_t
sim_vanish_part(const sim_vanish_t *v, size_t len)
{
    return v->way == SIM_VANISH_PART && len > 1 ? 1 + v->place % (len - 1)
                                                : len;
}


/* how much of the answer may still be read, up to a power of two in all */

size_t
sim_vanish_room(sim_conn_t *c, size_t room)
{
    size_t  left;

    left = ((size_t) 1 << c->vanish->place % SIM_VANISH_READ) - c->answer.len;

    return left < room ? left : room;
}


/* the request, or the part that was to be sent, is with the kernel */

int
sim_vanish_sent(sim_conn_t *c)
{
    switch (c->vanish->way) {

    case SIM_VANISH_PART:
        sim_vanish_tear(c);
        return sim_vanish_go(c);

    case SIM_VANISH_SENT:
        return sim_vanish_go(c);

    case SIM_VANISH_LATE:
        c->state = SIM_CONN_LATE;
        sim_timer_set(&c->sim->loop, &c->timer, c->vanish->wait);
        return SIM_OK;

    default:
        return SIM_OK;
    }
}


/* TLS would send whole records: half of the next one follows the part */

static void
sim_vanish_tear(sim_conn_t *c)
{
    int      len;
    BIO     *bio;
    char    *record;
    size_t   rest;

    bio = c->ssl ? BIO_new(BIO_s_mem()) : NULL;

    if (bio == NULL) {
        return;
    }

    rest = c->out_len - c->out_pos;
    SSL_set0_wbio(c->ssl, bio);

    (void) SSL_write(c->ssl, c->out + c->out_pos,
                     (int) (rest < SIM_VANISH_TORN ? rest : SIM_VANISH_TORN));

    len = (int) BIO_get_mem_data(bio, &record);
    (void) !send(c->fd, record, (size_t) len / 2, MSG_NOSIGNAL);
}


int
sim_vanish_go(sim_conn_t *c)
{
    snprintf(c->reason, sizeof(c->reason), "vanished: %s, %s",
             sim_vanish_names[c->vanish->way],
             c->vanish->reset ? "reset" : "closed");

    sim_http_break(c, c->vanish->reset);
    c->handler(c->data, SIM_HTTP_VANISHED);

    return SIM_ERROR;
}
