/*
 * Reading an HTTP/1.1 answer as its bytes arrive: head, then a body by
 * Content-Length, in chunks, or up to the end of the connection.  It works
 * on memory alone and never touches a socket.
 */

#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>


#define SIM_ANSWER_READ  16384
#define SIM_ANSWER_MAX   (64 * 1024 * 1024)


static int sim_answer_head(sim_answer_t *a);
static int sim_answer_status(sim_answer_t *a, const char *line);
static int sim_answer_header(sim_answer_t *a, char *name, char *value);
static int sim_answer_length(sim_answer_t *a);
static int sim_answer_chunk(sim_answer_t *a);
static int sim_answer_trailer(sim_answer_t *a);
static char *sim_answer_line(sim_answer_t *a);


/* where the next bytes may be read to */

char *
sim_answer_room(sim_answer_t *a, size_t *room)
{
    char    *in;
    size_t   body;

    if (a->size - a->len < SIM_ANSWER_READ) {
        if (a->size > SIM_ANSWER_MAX) {
            return NULL;
        }

        body = a->body ? (size_t) (a->body - a->in) : 0;
        a->size = a->size ? a->size * 2 : SIM_ANSWER_READ * 2;
        in = realloc(a->in, a->size);

        if (in == NULL) {
            return NULL;
        }

        a->in = in;
        a->body = a->body ? in + body : NULL;
    }

    *room = a->size - a->len;

    return a->in + a->len;
}


void
sim_answer_clear(sim_answer_t *a)
{
    char    *in;
    size_t   size;

    in = a->in;
    size = a->size;

    memset(a, 0, sizeof(sim_answer_t));

    a->in = in;
    a->size = size;
}


/* SIM_OK: the answer is whole; SIM_AGAIN: more is to come */

int
sim_answer_parse(sim_answer_t *a, int eof)
{
    int  rc;

    do {
        switch (a->state) {

        case SIM_ANSWER_HEAD:
            rc = sim_answer_head(a);
            break;

        case SIM_ANSWER_LENGTH:
            rc = sim_answer_length(a);
            break;

        case SIM_ANSWER_CHUNK:
            rc = sim_answer_chunk(a);
            break;

        case SIM_ANSWER_TRAILER:
            rc = sim_answer_trailer(a);
            break;

        case SIM_ANSWER_CLOSE:
            a->body_len = a->len - a->pos;
            rc = eof ? SIM_OK : SIM_AGAIN;

            if (eof) {
                a->state = SIM_ANSWER_WHOLE;
            }

            break;

        default:
            return SIM_OK;
        }

    } while (rc == SIM_OK);

    return rc == SIM_AGAIN && eof ? SIM_ERROR : rc;
}


static int
sim_answer_head(sim_answer_t *a)
{
    char  *line, *colon, *value;

    /* the head is read only when it is there as a whole */

    if (memmem(a->in + a->pos, a->len - a->pos, "\r\n\r\n", 4) == NULL) {
        return a->len - a->pos > SIM_ANSWER_READ * 4 ? SIM_ERROR : SIM_AGAIN;
    }

    line = sim_answer_line(a);

    if (line == NULL || sim_answer_status(a, line) != SIM_OK) {
        return SIM_ERROR;
    }

    a->state = SIM_ANSWER_CLOSE;

    while ((line = sim_answer_line(a)) != NULL && *line != '\0') {
        colon = strchr(line, ':');

        if (colon == NULL) {
            return SIM_ERROR;
        }

        *colon = '\0';
        value = colon + 1 + strspn(colon + 1, " \t");

        if (sim_answer_header(a, line, value) != SIM_OK) {
            return SIM_ERROR;
        }
    }

    if (a->status < 200) {
        a->state = SIM_ANSWER_HEAD;
        a->status = 0;
        return SIM_OK;
    }

    if (a->status == 204 || a->status == 304) {
        a->state = SIM_ANSWER_WHOLE;
    }

    if (a->state == SIM_ANSWER_CLOSE) {
        a->close = 1;
    }

    a->body = a->in + a->pos;

    return SIM_OK;
}


static int
sim_answer_status(sim_answer_t *a, const char *line)
{
    if (strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12
        || line[8] != ' ')
    {
        return SIM_ERROR;
    }

    a->status = atoi(line + 9);
    a->close = (line[7] == '0');

    return a->status >= 100 && a->status < 600 ? SIM_OK : SIM_ERROR;
}


static int
sim_answer_header(sim_answer_t *a, char *name, char *value)
{
    char  *end;

    if (strcasecmp(name, "Content-Length") == 0) {

        if (a->state != SIM_ANSWER_CHUNK) {
            a->left = strtoull(value, &end, 10);
            a->state = SIM_ANSWER_LENGTH;

            if (end == value || *value == '-') {
                return SIM_ERROR;
            }
        }

    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {

        if (strcasecmp(value, "chunked") != 0) {
            return SIM_ERROR;
        }

        a->state = SIM_ANSWER_CHUNK;

    } else if (strcasecmp(name, "Connection") == 0) {
        a->close = (strcasecmp(value, "close") == 0);

    } else if (strcasecmp(name, "WWW-Authenticate") == 0) {
        a->challenge = 1;

    } else if (strcasecmp(name, "Retry-After") == 0) {
        a->retry_after = (unsigned) strtoul(value, NULL, 10);
    }

    return SIM_OK;
}


static int
sim_answer_length(sim_answer_t *a)
{
    if (a->left > SIM_ANSWER_MAX) {
        return SIM_ERROR;
    }

    if (a->len - a->pos < a->left) {
        return SIM_AGAIN;
    }

    a->body_len = a->left;
    a->pos += a->left;
    a->state = SIM_ANSWER_WHOLE;

    return SIM_OK;
}


/* chunks are moved together, so that the body stays in one piece */

static int
sim_answer_chunk(sim_answer_t *a)
{
    char    *eol, *end, *start;
    size_t   size, head;

    start = a->in + a->pos;
    eol = memmem(start, a->len - a->pos, "\r\n", 2);

    if (eol == NULL) {
        return a->len - a->pos > 1024 ? SIM_ERROR : SIM_AGAIN;
    }

    size = strtoull(start, &end, 16);

    if (end == start || size > SIM_ANSWER_MAX) {
        return SIM_ERROR;
    }

    head = (size_t) (eol - start) + 2;

    if (size == 0) {
        a->pos += head;
        a->state = SIM_ANSWER_TRAILER;
        return SIM_OK;
    }

    if (a->len - a->pos < head + size + 2) {
        return SIM_AGAIN;
    }

    if (memcmp(start + head + size, "\r\n", 2) != 0) {
        return SIM_ERROR;
    }

    memmove(a->body + a->body_len, start + head, size);
    a->body_len += size;
    a->pos += head + size + 2;

    return SIM_OK;
}


static int
sim_answer_trailer(sim_answer_t *a)
{
    char  *line;

    line = sim_answer_line(a);

    if (line == NULL) {
        return SIM_AGAIN;
    }

    if (*line == '\0') {
        a->state = SIM_ANSWER_WHOLE;
    }

    return SIM_OK;
}


/* the next line, made a string in place */

static char *
sim_answer_line(sim_answer_t *a)
{
    char  *line, *eol;

    line = a->in + a->pos;
    eol = memmem(line, a->len - a->pos, "\r\n", 2);

    if (eol == NULL) {
        return NULL;
    }

    *eol = '\0';
    a->pos = (size_t) (eol - a->in) + 2;

    return line;
}
