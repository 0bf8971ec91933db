/*
 * Counting: requests, answers by status, commands by type, latencies in a
 * histogram of steps of about six per cent, and the summary in print.
 */

#include "sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>


static const char  *sim_said_names[SIM_SAY_N] = {
    "acknowledged", "errors", "notnow", "silences", "malformed",
    "format_errors", "disconnects"
};


static uint64_t sim_histogram_value(sim_histogram_t *h, double part);


/* below 16 exactly, above it 16 steps for each power of two */

void
sim_histogram_add(sim_histogram_t *h, uint64_t usec)
{
    unsigned  power, i;

    if (usec < 16) {
        i = (unsigned) usec;

    } else {
        power = 63 - (unsigned) __builtin_clzll(usec);
        i = (power - 3) * 16 + (unsigned) ((usec >> (power - 4)) & 15);
    }

    h->bucket[i < SIM_HISTOGRAM ? i : SIM_HISTOGRAM - 1]++;
    h->n++;
}


/* the upper edge of the step in which the given part of all lies */

static uint64_t
sim_histogram_value(sim_histogram_t *h, double part)
{
    unsigned  i, power;
    uint64_t  seen, want;

    if (h->n == 0) {
        return 0;
    }

    seen = 0;
    want = (uint64_t) ((double) h->n * part);

    for (i = 0; i < SIM_HISTOGRAM - 1; i++) {
        seen += h->bucket[i];

        if (seen > want) {
            break;
        }
    }

    if (i < 16) {
        return i;
    }

    power = i / 16 + 3;

    return (uint64_t) (16 + i % 16 + 1) << (power - 4);
}


void
sim_stat_command(sim_stat_t *s, const char *request_type)
{
    size_t  i;

    for (i = 0; i < s->ncommands; i++) {
        if (strcmp(s->commands[i].name, request_type) == 0) {
            s->commands[i].n++;
            return;
        }
    }

    s->commands = realloc(s->commands, (i + 1) * sizeof(sim_count_t));

    if (s->commands == NULL) {
        sim_error("no memory for counts");
        exit(1);
    }

    s->commands[i].name = sim_copy(request_type);
    s->commands[i].n = 1;
    s->ncommands++;
}


void
sim_stat_reset(sim_stat_t *s)
{
    size_t  i;

    for (i = 0; i < s->ncommands; i++) {
        free(s->commands[i].name);
    }

    free(s->commands);
    memset(s, 0, sizeof(sim_stat_t));

    s->since = sim_now();
}


void
sim_stat_summary(sim_t *sim, FILE *out)
{
    size_t       i;
    double       seconds;
    sim_stat_t  *s;

    s = &sim->stat;
    seconds = (double) (s->until - s->since) / SIM_S;

    fprintf(out, "devices %u\n", sim->ndevices);
    fprintf(out, "enrolled %u\n", sim->enrolled);
    fprintf(out, "checkouts %u\n", sim->checkouts);
    fprintf(out, "left %u\n", sim->left);
    fprintf(out, "declined %u\n", sim->ends[SIM_CHANNEL_DECLINED]);
    fprintf(out, "refused %u\n", sim->refused);
    fprintf(out, "failed %u\n", sim->ends[SIM_CHANNEL_FAILED]);
    fprintf(out, "connections %" PRIu64 "\n", s->connections);
    fprintf(out, "requests %" PRIu64 "\n", s->requests);
    fprintf(out, "unanswered %" PRIu64 "\n", s->unanswered);
    fprintf(out, "retries %" PRIu64 "\n", s->retries);
    fprintf(out, "unreadable %" PRIu64 "\n", s->unreadable);

    for (i = 0; i < 600; i++) {
        if (s->status[i] || i == 200 || i == 401 || i == 404 || i == 410) {
            fprintf(out, "status %zu %" PRIu64 "\n", i, s->status[i]);
        }
    }

    for (i = 0; i < s->ncommands; i++) {
        fprintf(out, "command %s %" PRIu64 "\n", s->commands[i].name,
                s->commands[i].n);
    }

    for (i = 0; i < SIM_SAY_N; i++) {
        fprintf(out, "%s %" PRIu64 "\n", sim_said_names[i], s->said[i]);
    }

    for (i = 0; i < SIM_VANISH_N; i++) {
        fprintf(out, "vanished %s %" PRIu64 "\n", sim_vanish_names[i],
                s->vanished[i]);
    }

    fprintf(out, "pushes %" PRIu64 "\n", s->pushes);
    fprintf(out, "pushed %" PRIu64 "\n", s->pushed);
    fprintf(out, "absent %" PRIu64 "\n", s->absent);

    fprintf(out, "latency_ms p50 %.2f p99 %.2f\n",
            (double) sim_histogram_value(&s->latency, 0.50) / SIM_MS,
            (double) sim_histogram_value(&s->latency, 0.99) / SIM_MS);

    fprintf(out, "handshake_ms p50 %.2f p99 %.2f\n",
            (double) sim_histogram_value(&s->handshake, 0.50) / SIM_MS,
            (double) sim_histogram_value(&s->handshake, 0.99) / SIM_MS);

    fprintf(out, "seconds %.3f\n", seconds);
    fprintf(out, "requests_per_second %.1f\n",
            seconds > 0 ? (double) s->latency.n / seconds : 0);
}
