/*
 * What a device makes of an answer, or of none: how each HTTP status is
 * taken follows Apple's devices.  Only the server's word makes one leave.
 */

#include "sim.h"

#include <stdlib.h>
#include <string.h>


static void sim_channel_answered(sim_channel_t *ch);
static void sim_channel_accepted(sim_channel_t *ch, sim_answer_t *a);
static int sim_channel_drained(sim_channel_t *ch);
static void sim_channel_token_accepted(sim_channel_t *ch);
static void sim_channel_command(sim_channel_t *ch, sim_answer_t *a);
static void sim_channel_obey(sim_channel_t *ch, plist_t envelope,
    const char *type);
static void sim_channel_not_accepted(sim_channel_t *ch, sim_answer_t *a);
static void sim_channel_refused(sim_channel_t *ch, const char *reason);
static void sim_channel_unanswered(sim_channel_t *ch, sim_http_e outcome);
static void sim_channel_vanished(sim_channel_t *ch, const char *reason);
static void sim_channel_keep(sim_channel_t *ch, sim_answer_t *a);
static void sim_channel_again(sim_channel_t *ch, unsigned retry_after,
    const char *reason);
static uint64_t sim_channel_delay(sim_channel_t *ch);
static int sim_answer_unrecognized(sim_answer_t *a);


/* what became of the message that was sent */

void
sim_channel_outcome(void *data, sim_http_e outcome)
{
    sim_t          *sim;
    sim_channel_t  *ch = data;

    sim = ch->device->sim;

    if (outcome == SIM_HTTP_CLOSED) {
        sim_channel_hang_up(ch);
        return;
    }

    ch->flying = 0;
    sim->stat.requests += (ch->conn->out_pos != 0);

    if (outcome == SIM_HTTP_ANSWER || outcome == SIM_HTTP_VANISHED) {
        ch->vanish.drawn = 0;
    }

    if (outcome == SIM_HTTP_ANSWER) {
        sim_channel_answered(ch);
        return;
    }

    sim->stat.unanswered += (ch->conn->out_pos != 0);
    sim_channel_unanswered(ch, outcome);
}


static void
sim_channel_answered(sim_channel_t *ch)
{
    sim_t         *sim;
    sim_conn_t    *c;
    sim_answer_t  *a;

    sim = ch->device->sim;
    c = ch->conn;
    a = &c->answer;

    sim->stat.status[a->status]++;
    sim_histogram_add(&sim->stat.latency, sim_now() - c->begun);

    if (a->status == 200) {
        ch->tries = 0;
        sim_channel_accepted(ch, a);
        return;
    }

    sim_log_exchange(ch, a->status, "error", NULL, NULL);
    sim_channel_not_accepted(ch, a);
}


static void
sim_channel_accepted(sim_channel_t *ch, sim_answer_t *a)
{
    sim_device_t  *d;

    d = ch->device;

    if (ch->state == SIM_CHANNEL_REPORT) {
        d->sim->stat.said[ch->message.say]++;
        ch->put_off |= (ch->message.say == SIM_SAY_NOTNOW);
    }

    if (a->body_len
        && (ch->state == SIM_CHANNEL_POLL || ch->state == SIM_CHANNEL_REPORT))
    {
        sim_channel_command(ch, a);
        return;
    }

    sim_log_exchange(ch, 200, a->body_len ? "body" : "empty", NULL, NULL);
    sim_channel_keep(ch, a);

    switch (ch->state) {

    case SIM_CHANNEL_AUTHENTICATE:
        sim_channel_move(ch, SIM_CHANNEL_TOKEN);
        break;

    case SIM_CHANNEL_LOGIN:
        sim_login_answered(ch, a->body, a->body_len);
        break;

    case SIM_CHANNEL_TOKEN:
        sim_channel_token_accepted(ch);
        break;

    case SIM_CHANNEL_CHECKOUT:
        d->sim->checkouts++;
        sim_channel_move(ch, SIM_CHANNEL_DONE);
        break;

    default:
        sim_channel_round_over(ch, sim_channel_drained(ch), 0);
    }
}


/* Nothing is queued: an Idle heard so, or who does not ask by himself once
 * more was told so after a report. */

static int
sim_channel_drained(sim_channel_t *ch)
{
    return strcmp(ch->message.type, "Idle") == 0
           || (ch->device->sim->pushes && !ch->put_off);
}


/* the device is enrolled; now its users may send theirs */

static void
sim_channel_token_accepted(sim_channel_t *ch)
{
    unsigned       i;
    sim_device_t  *d;

    d = ch->device;

    if (ch->user_id == NULL) {
        d->sim->enrolled += (d->state != SIM_DEVICE_ENROLLED);
        d->state = SIM_DEVICE_ENROLLED;

        for (i = 1; i < d->nchannels; i++) {
            sim_channel_enroll(&d->channels[i]);
        }
    }

    sim_channel_enrolled(ch);
}


static void
sim_channel_command(sim_channel_t *ch, sim_answer_t *a)
{
    char     *uuid, *type;
    sim_t    *sim;
    plist_t   envelope;

    sim = ch->device->sim;

    envelope = sim_plist_parse(a->body, a->body_len);
    uuid = sim_plist_string(envelope, "CommandUUID");
    type = envelope ? sim_plist_string(plist_dict_get_item(envelope,
                                                           "Command"),
                                       "RequestType")
                    : NULL;

    sim_log_exchange(ch, 200, uuid && type ? "command" : "unreadable", uuid,
                     type);
    sim_channel_keep(ch, a);

    if (uuid == NULL || type == NULL) {
        sim->stat.unreadable++;
        sim_channel_failed(ch, "the server's command cannot be read");

    } else {
        sim_stat_command(&sim->stat, type);
        sim_channel_obey(ch, envelope, type);
    }

    plist_free(envelope);
    free(uuid);
    free(type);
}


static void
sim_channel_obey(sim_channel_t *ch, plist_t envelope, const char *type)
{
    sim_t             *sim;
    const sim_rule_t  *rule;

    sim = ch->device->sim;

    if (sim->stopping && sim->options.bench) {
        sim_channel_finish(ch);
        return;
    }

    rule = sim_script_match(ch, type);

    if (rule && rule->say == SIM_SAY_SILENCE) {
        sim->stat.said[SIM_SAY_SILENCE]++;
        sim_channel_hang_up(ch);
        sim_channel_round_over(ch, 0, 0);
        return;
    }

    sim_message_report(ch, envelope, rule);
    sim_channel_move(ch, SIM_CHANNEL_REPORT);
}


/* any status but 200 */

static void
sim_channel_not_accepted(sim_channel_t *ch, sim_answer_t *a)
{
    int            status;
    char           reason[64];
    unsigned       retry_after;
    sim_device_t  *d;

    d = ch->device;
    status = a->status;
    retry_after = a->retry_after;

    snprintf(reason, sizeof(reason), "%s heard HTTP %d", ch->message.type,
             status);

    if (status == 401 && a->challenge && d->kind == SIM_KIND_BYOD) {
        sim_channel_failed(ch, "asked to sign in again");
        return;
    }

    if (status == 401 || (status == 403 && sim_answer_unrecognized(a))) {
        sim_device_leave(d);
        return;
    }

    sim_channel_keep(ch, a);

    if (status == 410 && ch->user_id
        && (ch->state == SIM_CHANNEL_LOGIN || ch->state == SIM_CHANNEL_TOKEN))
    {
        sim_channel_move(ch, SIM_CHANNEL_DECLINED);

    } else if (ch->message.say == SIM_SAY_MALFORMED) {
        d->sim->stat.said[SIM_SAY_MALFORMED]++;
        sim_channel_round_over(ch, 0, 0);

    } else if (status == 403) {
        sim_channel_refused(ch, reason);

    } else {
        sim_channel_retry(ch, retry_after, reason);
    }
}


/* 403 without a code: this message is given up, the next round may go */

static void
sim_channel_refused(sim_channel_t *ch, const char *reason)
{
    sim_t  *sim;

    sim = ch->device->sim;
    sim->refused++;
    ch->tries++;

    if ((ch->state != SIM_CHANNEL_POLL && ch->state != SIM_CHANNEL_REPORT)
        || ch->tries > sim->options.retries)
    {
        sim_channel_failed(ch, reason);
        return;
    }

    sim_channel_round_over(ch, 0, sim_channel_delay(ch));
}


static void
sim_channel_unanswered(sim_channel_t *ch, sim_http_e outcome)
{
    char  reason[160];

    static const char  *answers[] = {
        "", "none", "stale", "timeout", "disconnected", "disconnected", ""
    };

    snprintf(reason, sizeof(reason), "%s", ch->conn->reason);
    sim_log_exchange(ch, 0, answers[outcome], NULL, NULL);
    sim_channel_hang_up(ch);

    switch (outcome) {

    case SIM_HTTP_STALE:
        sim_channel_send(ch);
        break;

    case SIM_HTTP_DROPPED:
        ch->device->sim->stat.said[SIM_SAY_DISCONNECT]++;

        if (ch->message.repeat) {
            ch->message.drop = 0;
            ch->message.say = SIM_SAY_ACKNOWLEDGE;
            sim_channel_retry(ch, 0, reason);
            break;
        }

        sim_channel_round_over(ch, 0, 0);
        break;

    case SIM_HTTP_VANISHED:
        sim_channel_vanished(ch, reason);
        break;

    default:
        sim_channel_retry(ch, 0, reason);
    }
}


/* the server has done nothing wrong: no try is counted */

static void
sim_channel_vanished(sim_channel_t *ch, const char *reason)
{
    ch->device->sim->stat.vanished[ch->vanish.way]++;

    if (ch->state == SIM_CHANNEL_CHECKOUT) {
        sim_channel_move(ch, SIM_CHANNEL_DONE);
        return;
    }

    sim_channel_again(ch, 0, reason);
}


/* whether the connection may serve the next message */

static void
sim_channel_keep(sim_channel_t *ch, sim_answer_t *a)
{
    if (a->close || !ch->device->sim->options.keepalive) {
        sim_channel_hang_up(ch);
    }
}


/* the same message again, later each time; CheckOut is never repeated */

void
sim_channel_retry(sim_channel_t *ch, unsigned retry_after, const char *reason)
{
    char  text[256];

    ch->tries++;

    if (ch->state == SIM_CHANNEL_CHECKOUT
        || ch->tries > ch->device->sim->options.retries)
    {
        snprintf(text, sizeof(text), "gave up after %u tries: %s", ch->tries,
                 reason);
        sim_channel_failed(ch, text);
        return;
    }

    sim_channel_again(ch, retry_after, reason);
}


/* the end of the time is no failure of a device that would try again */

static void
sim_channel_again(sim_channel_t *ch, unsigned retry_after, const char *reason)
{
    sim_t     *sim;
    uint64_t   delay;

    sim = ch->device->sim;

    if (sim->stopping) {
        if (ch->state == SIM_CHANNEL_POLL || ch->state == SIM_CHANNEL_REPORT) {
            sim_channel_time_up(ch);

        } else {
            sim_channel_failed(ch, reason);
        }

        return;
    }

    sim->stat.retries++;
    delay = sim_channel_delay(ch);

    if (sim->options.retry_after && delay < retry_after * SIM_S) {
        delay = retry_after * SIM_S;
    }

    sim_channel_quiet(ch);
    sim_timer_set(&sim->loop, &ch->timer, delay);
}


/* doubles with each try, a quarter of it by chance */

static uint64_t
sim_channel_delay(sim_channel_t *ch)
{
    uint64_t  delay, max;

    delay = ch->device->sim->options.backoff;
    max = ch->device->sim->options.backoff_max;

    if (ch->tries > 1) {
        delay <<= (ch->tries < 20 ? ch->tries : 20) - 1;
    }

    if (delay > max) {
        delay = max;
    }

    return delay - delay / 4 + (uint64_t) random() % (delay / 4 + 1);
}


/* the code may stand in JSON or in a property list */

static int
sim_answer_unrecognized(sim_answer_t *a)
{
    static const char  code[] = "com.apple.unrecognized.device";

    return a->body_len
           && memmem(a->body, a->body_len, code, sizeof(code) - 1) != NULL;
}
