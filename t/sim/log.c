/*
 * The log of exchanges: one line of JSON for each request that was tried,
 * answered or not.  A checker compares it with what the server has kept.
 */

#include "sim.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>


static void sim_log_text(FILE *log, const char *name, const char *value);


int
sim_log_open(sim_t *sim)
{
    if (sim->options.log == NULL) {
        return SIM_OK;
    }

    sim->log = fopen(sim->options.log, "ae");

    if (sim->log == NULL) {
        sim_error("cannot open the log \"%s\": %s", sim->options.log,
                  strerror(errno));
        return SIM_ERROR;
    }

    return SIM_OK;
}


int
sim_log_close(sim_t *sim)
{
    if (sim->log && fclose(sim->log) != 0) {
        sim_error("cannot write the log \"%s\": %s", sim->options.log,
                  strerror(errno));
        return SIM_ERROR;
    }

    return SIM_OK;
}


/*
 * "sent" tells how much of the request the connection took: "no", "part"
 * or "all".  Only a server that was sent all can know the message.
 */

void
sim_log_exchange(sim_channel_t *ch, int status, const char *answer,
    const char *uuid, const char *type)
{
    FILE        *log;
    sim_conn_t  *c;
    const char  *sent;

    log = ch->device->sim->log;

    if (log == NULL) {
        return;
    }

    c = ch->conn;
    sent = "no";

    if (c && c->out_pos) {
        sent = c->out_pos < c->out_len ? "part" : "all";
    }

    fprintf(log, "{\"time\":%.3f", (double) sim_now() / SIM_MS);
    sim_log_text(log, "device", ch->device->id);
    sim_log_text(log, "kind", sim_kind_names[ch->device->kind]);
    sim_log_text(log, "user", ch->user_short_name);
    sim_log_text(log, "user_id", ch->user_id);
    sim_log_text(log, "message", ch->message.type);

    if (ch->called && strcmp(ch->message.type, "Idle") == 0) {
        sim_log_text(log, "round", "push");
    }

    sim_log_text(log, "command_uuid", ch->message.command_uuid);
    sim_log_text(log, "request_type", ch->message.request_type);
    sim_log_text(log, "sent", sent);
    fprintf(log, ",\"status\":%d", status);
    sim_log_text(log, "answer", answer);
    sim_log_text(log, "next_uuid", uuid);
    sim_log_text(log, "next_type", type);

    if (status == 0) {
        sim_log_text(log, "reason", c && c->reason[0] ? c->reason : NULL);
    }

    if (status && c) {
        fprintf(log, ",\"ms\":%.3f", (double) (sim_now() - c->begun) / SIM_MS);
    }

    fputs("}\n", log);
}


/* --verbose: each move of a channel, on stderr */

void
sim_log_state(sim_channel_t *ch, const char *from, const char *to)
{
    if (ch->device->sim->options.verbose) {
        fprintf(stderr, "%s%s%s: %s -> %s\n", ch->device->id,
                ch->user_short_name ? ":" : "",
                ch->user_short_name ? ch->user_short_name : "", from, to);
    }
}


static void
sim_log_text(FILE *log, const char *name, const char *value)
{
    const unsigned char  *p;

    if (value == NULL) {
        return;
    }

    fprintf(log, ",\"%s\":\"", name);

    for (p = (const unsigned char *) value; *p; p++) {

        if (*p == '"' || *p == '\\') {
            putc('\\', log);
            putc(*p, log);

        } else if (*p < 0x20) {
            fprintf(log, "\\u%04x", *p);

        } else {
            putc(*p, log);
        }
    }

    putc('"', log);
}
