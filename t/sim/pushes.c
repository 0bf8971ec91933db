/*
 * The pushes that make devices come: the log of a fake APNs is followed, and
 * each line of it that tells that the push of a channel was accepted makes
 * that channel poll.  Pushes while one waits are one, as Apple keeps only the
 * last.  A line that names none of our tokens is nobody's fault.
 */

#include "sim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#define SIM_PUSHES_LOOK  (20 * SIM_MS)
#define SIM_PUSHES_LINE  8192            /* longer ones are cut */


typedef struct {
    uint8_t             token[32];
    sim_channel_t      *channel;
} sim_push_token_t;


struct sim_pushes_s {
    int                 fd;
    off_t               pos;
    size_t              len;             /* of a line whose end is not there */
    char                line[SIM_PUSHES_LINE];
    sim_timer_t         timer;
    sim_push_token_t   *tokens;          /* in order */
    size_t              ntokens;
};


static int sim_push_compare(const void *one, const void *two);
static void sim_pushes_look(void *data);
static int sim_pushes_open(sim_t *sim);
static void sim_pushes_bytes(sim_t *sim, const char *p, size_t n);
static void sim_pushes_line(sim_t *sim, char *line);
static sim_channel_t *sim_pushes_channel(sim_pushes_t *pushes,
    const char *word);


int
sim_pushes_init(sim_t *sim)
{
    size_t             size;
    unsigned           i, n;
    sim_device_t      *d;
    sim_pushes_t      *pushes;
    sim_push_token_t  *token;

    if (sim->options.pushes == NULL) {
        return SIM_OK;
    }

    pushes = sim_alloc(sizeof(sim_pushes_t));
    pushes->fd = -1;
    pushes->timer.handler = sim_pushes_look;
    pushes->timer.data = sim;
    sim->pushes = pushes;

    for (size = 0, i = 0; i < sim->ndevices; i++) {
        size += sim->devices[i]->nchannels;
    }

    pushes->tokens = sim_alloc(size * sizeof(sim_push_token_t));

    for (i = 0; i < sim->ndevices; i++) {
        d = sim->devices[i];

        for (n = 0; n < d->nchannels; n++) {
            token = &pushes->tokens[pushes->ntokens++];
            token->channel = &d->channels[n];
            sim_channel_token(token->channel, token->token);
        }
    }

    qsort(pushes->tokens, pushes->ntokens, sizeof(sim_push_token_t),
          sim_push_compare);

    if (sim_pushes_open(sim) != SIM_OK) {
        sim_error("cannot read the pushes of \"%s\": %s", sim->options.pushes,
                  strerror(errno));
        return SIM_ERROR;
    }

    return SIM_OK;
}


static int
sim_push_compare(const void *one, const void *two)
{
    return memcmp(((const sim_push_token_t *) one)->token,
                  ((const sim_push_token_t *) two)->token, 32);
}


void
sim_pushes_begin(sim_t *sim)
{
    if (sim->pushes) {
        sim_pushes_look(sim);
    }
}


void
sim_pushes_free(sim_t *sim)
{
    if (sim->pushes == NULL) {
        return;
    }

    if (sim->pushes->fd != -1) {
        close(sim->pushes->fd);
    }

    free(sim->pushes->tokens);
    free(sim->pushes);
}


/* what was written since; from the beginning if the file was emptied */

static void
sim_pushes_look(void *data)
{
    char           bytes[65536];
    ssize_t        n;
    sim_t         *sim = data;
    struct stat    st;
    sim_pushes_t  *pushes;

    pushes = sim->pushes;

    sim_timer_set(&sim->loop, &pushes->timer, SIM_PUSHES_LOOK);

    if (sim_pushes_open(sim) != SIM_OK || pushes->fd == -1) {
        return;
    }

    if (fstat(pushes->fd, &st) == 0 && st.st_size < pushes->pos) {
        pushes->pos = 0;
        pushes->len = 0;
    }

    while ((n = pread(pushes->fd, bytes, sizeof(bytes), pushes->pos)) > 0) {
        pushes->pos += n;
        sim_pushes_bytes(sim, bytes, (size_t) n);
    }
}


/* the fake may begin later than the devices */

static int
sim_pushes_open(sim_t *sim)
{
    if (sim->pushes->fd == -1) {
        sim->pushes->fd = open(sim->options.pushes, O_RDONLY|O_CLOEXEC);
    }

    return sim->pushes->fd != -1 || errno == ENOENT ? SIM_OK : SIM_ERROR;
}


static void
sim_pushes_bytes(sim_t *sim, const char *p, size_t n)
{
    size_t         i;
    sim_pushes_t  *pushes;

    pushes = sim->pushes;

    for (i = 0; i < n; i++) {

        if (p[i] == '\n') {
            pushes->line[pushes->len] = '\0';
            pushes->len = 0;
            sim_pushes_line(sim, pushes->line);

        } else if (pushes->len < sizeof(pushes->line) - 1) {
            pushes->line[pushes->len++] = p[i];
        }
    }
}


/* a word that ends with the token, and after it the status: three digits */

static void
sim_pushes_line(sim_t *sim, char *line)
{
    char           *word, *rest;
    sim_channel_t  *ch;

    ch = NULL;

    for (word = strtok_r(line, " \t\"", &rest); word != NULL;
         word = strtok_r(NULL, " \t\"", &rest))
    {
        if (ch == NULL) {
            ch = sim_pushes_channel(sim->pushes, word);
            continue;
        }

        if (strlen(word) != 3 || strspn(word, "0123456789") != 3) {
            continue;
        }

        if (strcmp(word, "200") == 0) {
            sim_channel_pushed(ch);
        }

        return;
    }
}


static sim_channel_t *
sim_pushes_channel(sim_pushes_t *pushes, const char *word)
{
    unsigned           i;
    const char        *slash;
    sim_push_token_t   key, *found;

    slash = strrchr(word, '/');
    word = slash ? slash + 1 : word;

    if (strlen(word) != 64 || strspn(word, "0123456789abcdef") != 64) {
        return NULL;
    }

    for (i = 0; i < 32; i++) {
        sscanf(word + 2 * i, "%2hhx", &key.token[i]);
    }

    found = bsearch(&key, pushes->tokens, pushes->ntokens,
                    sizeof(sim_push_token_t), sim_push_compare);

    return found ? found->channel : NULL;
}
