/*
 * What a device does: enrol, poll in rounds, check out, stop when time is
 * up, and leave when it is told to.  What it makes of answers is in
 * outcome.c.
 */

#include "sim.h"

#include <string.h>


static void sim_channel_begin(sim_channel_t *ch);
static void sim_channel_rest(sim_channel_t *ch, uint64_t delay);
static void sim_channel_call(sim_channel_t *ch);
static void sim_channel_due(void *data);


void
sim_device_start(sim_device_t *d)
{
    unsigned        i, enroll;
    sim_t          *sim;
    sim_channel_t  *ch;
    sim_options_t  *o;

    sim = d->sim;
    o = &sim->options;
    enroll = o->enroll && (d->state != SIM_DEVICE_ENROLLED || o->again);

    d->running = d->nchannels;
    sim->running += d->nchannels;

    for (i = 0; i < d->nchannels; i++) {
        ch = &d->channels[i];
        ch->timer.handler = sim_channel_due;
        ch->timer.data = ch;
        ch->enrolling = enroll;
        sim->enrolling += enroll;
    }

    if (enroll) {
        d->state = SIM_DEVICE_NEW;
        sim_channel_move(&d->channels[0], SIM_CHANNEL_AUTHENTICATE);
        return;
    }

    /* a device that never enrolled here is taken to have done so before */

    if (d->state == SIM_DEVICE_NEW) {
        d->state = SIM_DEVICE_ENROLLED;
    }

    for (i = 0; i < d->nchannels; i++) {

        if (d->state == SIM_DEVICE_OUT) {
            sim_channel_move(&d->channels[i], SIM_CHANNEL_DONE);

        } else if (o->token) {
            d->channels[i].enrolling = 1;
            sim->enrolling++;

            /* its users follow */
            if (i == 0) {
                sim_channel_move(&d->channels[i], SIM_CHANNEL_TOKEN);
            }

        } else if (sim_login_wanted(&d->channels[i])) {
            d->channels[i].enrolling = 1;
            sim->enrolling++;
            sim_channel_enroll(&d->channels[i]);

        } else if (!o->bench) {
            sim_channel_begin(&d->channels[i]);
        }
    }
}


/* the bench begins for all at once, when the last one has enrolled */

void
sim_device_bench(sim_device_t *d)
{
    unsigned  i;

    for (i = 0; i < d->nchannels; i++) {
        if (d->channels[i].state == SIM_CHANNEL_HELD) {
            sim_channel_begin(&d->channels[i]);
        }
    }
}


/* time is up: nothing new is begun, what is on its way may arrive */

void
sim_device_stop(sim_device_t *d)
{
    unsigned        i;
    sim_channel_t  *ch;

    for (i = d->nchannels; i-- > 0; /* void */ ) {
        ch = &d->channels[i];

        switch (ch->state) {

        case SIM_CHANNEL_REST:
            sim_channel_time_up(ch);
            break;

        case SIM_CHANNEL_HELD:
            if (!ch->last) {
                sim_channel_failed(ch, "time ran out before its turn");
            }

            break;

        case SIM_CHANNEL_POLL:
            if (!ch->flying) {
                sim_channel_time_up(ch);
            }

            break;

        case SIM_CHANNEL_REPORT:
            if (!ch->flying && !ch->ready) {
                sim_channel_time_up(ch);
            }

            break;

        case SIM_CHANNEL_AUTHENTICATE:
        case SIM_CHANNEL_LOGIN:
        case SIM_CHANNEL_TOKEN:
            if (!ch->flying && !ch->ready) {
                sim_channel_failed(ch, "time ran out before another try");
            }

            break;

        default:
            break;
        }
    }
}


void
sim_device_abort(sim_device_t *d)
{
    unsigned  i;

    for (i = 0; i < d->nchannels; i++) {
        if (d->channels[i].state < SIM_CHANNEL_DONE) {
            sim_channel_failed(&d->channels[i], "interrupted");
        }
    }
}


/* called by the move that ended a channel */

void
sim_device_ended(sim_channel_t *ch)
{
    unsigned        i;
    sim_device_t   *d;
    sim_channel_t  *first;

    d = ch->device;
    first = &d->channels[0];

    if (ch->enrolling) {
        ch->enrolling = 0;
        d->sim->enrolling--;
    }

    /* users cannot enrol without their device */

    if (first->state == SIM_CHANNEL_FAILED && d->state == SIM_DEVICE_NEW) {

        for (i = 1; i < d->nchannels; i++) {
            if (d->channels[i].state < SIM_CHANNEL_DONE) {
                sim_channel_failed(&d->channels[i], "its device failed");
            }
        }
    }

    if (d->running == 1 && first->last && first->state == SIM_CHANNEL_HELD) {
        first->last = 0;
        sim_channel_move(first, SIM_CHANNEL_CHECKOUT);
    }
}


/* a user's turn to enrol; a network user has to log in before */

void
sim_channel_enroll(sim_channel_t *ch)
{
    sim_channel_move(ch, sim_login_wanted(ch) ? SIM_CHANNEL_LOGIN
                                              : SIM_CHANNEL_TOKEN);
}


void
sim_channel_enrolled(sim_channel_t *ch)
{
    sim_t  *sim;

    sim = ch->device->sim;

    if (ch->enrolling) {
        ch->enrolling = 0;
        sim->enrolling--;
    }

    if (sim->options.bench) {
        sim_channel_move(ch, SIM_CHANNEL_HELD);
        return;
    }

    sim_channel_begin(ch);
}


/* the first round, if any was asked for */

static void
sim_channel_begin(sim_channel_t *ch)
{
    sim_options_t  *o;

    o = &ch->device->sim->options;

    if (ch->device->sim->stopping) {
        sim_channel_time_up(ch);
        return;
    }

    if (!o->poll && !o->until_empty && !o->duration && !o->bench) {
        sim_channel_finish(ch);
        return;
    }

    if (ch->device->sim->pushes) {
        sim_channel_rest(ch, 0);
        return;
    }

    sim_channel_move(ch, SIM_CHANNEL_POLL);
}


/* drained: nothing is queued any more */

void
sim_channel_round_over(sim_channel_t *ch, int drained, uint64_t delay)
{
    sim_t          *sim;
    sim_options_t  *o;

    sim = ch->device->sim;
    o = &sim->options;
    ch->rounds++;
    ch->called = 0;
    ch->put_off = 0;

    if (o->until_empty && drained) {
        sim_channel_finish(ch);
        return;
    }

    if (sim->stopping) {
        sim_channel_time_up(ch);
        return;
    }

    if (o->poll && ch->rounds >= o->poll) {
        if (o->until_empty) {
            sim_channel_failed(ch, "commands were left after the last round");

        } else {
            sim_channel_finish(ch);
        }

        return;
    }

    if (delay < o->interval) {
        delay = o->interval;
    }

    if (delay || sim->pushes) {
        sim_channel_rest(ch, delay);
        return;
    }

    /* others wait for a connection: this one has had its turn */

    if (ch->conn && ch->conn->served >= o->turn && !TAILQ_EMPTY(&sim->ready)) {
        sim_channel_hang_up(ch);
    }

    sim_channel_move(ch, SIM_CHANNEL_POLL);
}


/* until the time has passed, or until a push calls */

static void
sim_channel_rest(sim_channel_t *ch, uint64_t delay)
{
    sim_t  *sim;

    sim = ch->device->sim;

    sim_channel_move(ch, SIM_CHANNEL_REST);

    if (sim->pushes == NULL) {
        sim_timer_set(&sim->loop, &ch->timer, delay);

    } else if (ch->pushed) {
        sim_channel_call(ch);
    }
}


/* a push during a round makes another round */

void
sim_channel_pushed(sim_channel_t *ch)
{
    sim_t  *sim;

    sim = ch->device->sim;
    sim->stat.pushes++;

    if (sim_script_stays(ch)) {
        sim->stat.absent++;
        return;
    }

    if (ch->pushed) {
        return;
    }

    ch->pushed = 1;

    if (ch->state == SIM_CHANNEL_REST && !sim->stopping) {
        sim_channel_call(ch);
    }
}


/* half of the delay is by chance, so that not all come at once */

static void
sim_channel_call(sim_channel_t *ch)
{
    sim_t     *sim;
    uint64_t   half;

    sim = ch->device->sim;
    half = sim->options.push_delay / 2;

    sim_timer_set(&sim->loop, &ch->timer,
                  half + (uint64_t) random() % (half + 1));
}


/* rounds without a number end with the time, but a queue must be empty */

void
sim_channel_time_up(sim_channel_t *ch)
{
    sim_t  *sim;

    sim = ch->device->sim;

    if (sim->options.until_empty) {
        sim_channel_failed(ch, sim->pushes && ch->rounds == 0
                               ? "time ran out before a push called it"
                               : "time ran out before its queue was empty");
        return;
    }

    sim_channel_finish(ch);
}


/* the device itself checks out when its users are done */

void
sim_channel_finish(sim_channel_t *ch)
{
    sim_device_t  *d;

    d = ch->device;

    if (ch->user_id || !d->sim->options.checkout) {
        sim_channel_move(ch, SIM_CHANNEL_DONE);

    } else if (d->running == 1) {
        sim_channel_move(ch, SIM_CHANNEL_CHECKOUT);

    } else {
        ch->last = 1;

        if (ch->state != SIM_CHANNEL_HELD) {
            sim_channel_move(ch, SIM_CHANNEL_HELD);
        }
    }
}


static void
sim_channel_due(void *data)
{
    sim_channel_t  *ch = data;

    if (ch->state == SIM_CHANNEL_REST) {

        if (ch->pushed) {
            ch->pushed = 0;
            ch->called = 1;
            ch->device->sim->stat.pushed++;
        }

        sim_channel_move(ch, SIM_CHANNEL_POLL);
        return;
    }

    sim_channel_send(ch);
}


/* the profile is removed, and with it every channel */

void
sim_device_leave(sim_device_t *d)
{
    unsigned  i;

    d->sim->left++;
    d->state = SIM_DEVICE_OUT;

    for (i = 0; i < d->nchannels; i++) {
        if (d->channels[i].state < SIM_CHANNEL_DONE) {
            d->channels[i].last = 0;
            sim_channel_move(&d->channels[i], SIM_CHANNEL_LEFT);
        }
    }
}
