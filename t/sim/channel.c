/*
 * A channel's state: the table of legal moves, the one function that moves
 * it, and its place among the connections, of which only so many are open.
 */

#include "sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>


#define SIM_BIT(state)  (1u << SIM_CHANNEL_ ## state)
#define SIM_END         (SIM_BIT(DONE)|SIM_BIT(LEFT)|SIM_BIT(FAILED))


static void sim_channel_end(sim_channel_t *ch);


static const char  *sim_channel_names[SIM_CHANNEL_N] = {
    "HELD", "AUTHENTICATE", "LOGIN", "TOKEN", "POLL", "REPORT", "REST",
    "CHECKOUT", "DONE", "DECLINED", "LEFT", "FAILED"
};


static const unsigned  sim_channel_moves[SIM_CHANNEL_N] = {

    /* HELD */          SIM_BIT(AUTHENTICATE)|SIM_BIT(LOGIN)|SIM_BIT(TOKEN)
                        |SIM_BIT(POLL)|SIM_BIT(REST)|SIM_BIT(CHECKOUT)|SIM_END,
    /* AUTHENTICATE */  SIM_BIT(TOKEN)|SIM_END,
    /* LOGIN */         SIM_BIT(LOGIN)|SIM_BIT(TOKEN)|SIM_BIT(DECLINED)|SIM_END,
    /* TOKEN */         SIM_BIT(HELD)|SIM_BIT(POLL)|SIM_BIT(REST)
                        |SIM_BIT(CHECKOUT)|SIM_BIT(DECLINED)|SIM_END,
    /* POLL */          SIM_BIT(POLL)|SIM_BIT(REPORT)|SIM_BIT(REST)
                        |SIM_BIT(HELD)|SIM_BIT(CHECKOUT)|SIM_END,
    /* REPORT */        SIM_BIT(POLL)|SIM_BIT(REPORT)|SIM_BIT(REST)
                        |SIM_BIT(HELD)|SIM_BIT(CHECKOUT)|SIM_END,
    /* REST */          SIM_BIT(POLL)|SIM_BIT(HELD)|SIM_BIT(CHECKOUT)|SIM_END,
    /* CHECKOUT */      SIM_END,
    /* DONE */          0,
    /* DECLINED */      0,
    /* LEFT */          0,
    /* FAILED */        0
};


/* a report is made before the move, since it needs the command */

void
sim_channel_move(sim_channel_t *ch, sim_channel_state_e state)
{
    if (!(sim_channel_moves[ch->state] & (1u << state))) {
        sim_error("%s: no way from %s to %s", ch->device->id,
                  sim_channel_names[ch->state], sim_channel_names[state]);
        abort();
    }

    sim_log_state(ch, sim_channel_names[ch->state], sim_channel_names[state]);

    ch->state = state;
    sim_timer_clear(&ch->device->sim->loop, &ch->timer);

    switch (state) {

    case SIM_CHANNEL_AUTHENTICATE:
        sim_message_authenticate(ch);
        break;

    case SIM_CHANNEL_LOGIN:
        sim_message_user_authenticate(ch);
        break;

    case SIM_CHANNEL_TOKEN:
        sim_message_token_update(ch);
        break;

    case SIM_CHANNEL_POLL:
        sim_message_idle(ch);
        break;

    case SIM_CHANNEL_CHECKOUT:
        /* the profile goes away, whatever the answer will be */
        ch->device->state = SIM_DEVICE_OUT;
        sim_message_checkout(ch);
        break;

    case SIM_CHANNEL_REPORT:
        break;

    case SIM_CHANNEL_HELD:
    case SIM_CHANNEL_REST:
        sim_channel_quiet(ch);
        return;

    default:
        sim_channel_end(ch);
        return;
    }

    sim_channel_send(ch);
}


void
sim_channel_failed(sim_channel_t *ch, const char *reason)
{
    sim_t  *sim;

    sim = ch->device->sim;

    if (sim->failure[0] == '\0') {
        snprintf(sim->failure, sizeof(sim->failure), "%s%s%s: %s",
                 ch->device->id, ch->user_short_name ? ":" : "",
                 ch->user_short_name ? ch->user_short_name : "", reason);
    }

    sim_channel_move(ch, SIM_CHANNEL_FAILED);
}


/* sends the message: on the channel's connection or when a slot is free */

void
sim_channel_send(sim_channel_t *ch)
{
    sim_t  *sim;

    sim = ch->device->sim;

    if (ch->resting) {
        TAILQ_REMOVE(&sim->resting, ch, link);
        ch->resting = 0;
    }

    if (ch->conn) {
        ch->flying = 1;
        sim_http_send(ch->conn, ch->message.bytes, ch->message.len,
                      ch->message.drop, sim_vanish_draw(ch));
        return;
    }

    if (!ch->ready) {
        TAILQ_INSERT_TAIL(&sim->ready, ch, link);
        ch->ready = 1;
    }
}


/* a connection that nobody uses may be taken from its channel */

void
sim_channel_quiet(sim_channel_t *ch)
{
    if (ch->conn && !ch->resting) {
        TAILQ_INSERT_TAIL(&ch->device->sim->resting, ch, link);
        ch->resting = 1;
    }
}


void
sim_channel_hang_up(sim_channel_t *ch)
{
    sim_t  *sim;

    sim = ch->device->sim;

    if (ch->resting) {
        TAILQ_REMOVE(&sim->resting, ch, link);
        ch->resting = 0;
    }

    if (ch->ready) {
        TAILQ_REMOVE(&sim->ready, ch, link);
        ch->ready = 0;
    }

    if (ch->conn) {
        sim_http_close(ch->conn);
        ch->conn = NULL;
    }

    ch->flying = 0;
}


/* a request that is cut off by the end was sent all the same */

static void
sim_channel_end(sim_channel_t *ch)
{
    sim_t         *sim;
    sim_device_t  *d;

    d = ch->device;
    sim = d->sim;

    if (ch->flying) {
        sim_log_exchange(ch, 0, "none", NULL, NULL);
        sim->stat.requests += (ch->conn->out_pos != 0);
        sim->stat.unanswered += (ch->conn->out_pos != 0);
    }

    sim_channel_hang_up(ch);

    sim->ends[ch->state]++;
    sim->running--;
    d->running--;

    sim_device_ended(ch);
}


/* gives connections to those who wait, the longest waiting first */

void
sim_channels_pump(sim_t *sim)
{
    char            reason[160];
    sim_channel_t  *ch, *victim;

    while ((ch = TAILQ_FIRST(&sim->ready)) != NULL) {

        if (sim->open >= sim->options.concurrency) {
            victim = TAILQ_FIRST(&sim->resting);

            if (victim == NULL) {
                return;
            }

            sim_channel_hang_up(victim);
        }

        TAILQ_REMOVE(&sim->ready, ch, link);
        ch->ready = 0;

        ch->conn = sim_http_open(sim, ch->device, sim_channel_outcome, ch);

        if (ch->conn == NULL) {
            snprintf(reason, sizeof(reason), "no connection: %s",
                     strerror(errno));
            sim_log_exchange(ch, 0, "none", NULL, NULL);
            sim_channel_retry(ch, 0, reason);
            continue;
        }

        sim_channel_send(ch);
    }
}
