
/*
 * What the scripted server is told: a line each on the standard input.
 */


#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apns.h"


typedef struct {
    const char         *name;
    void              (*run)(int argc, char **argv);
} apns_command_t;


static void apns_streams(int argc, char **argv);
static void apns_window(int argc, char **argv);
static void apns_goaway(int argc, char **argv);
static void apns_answer(int argc, char **argv);
static void apns_forget(int argc, char **argv);
static void apns_hold(int argc, char **argv);
static void apns_release(int argc, char **argv);
static void apns_finish(int argc, char **argv);
static void apns_deaf(int argc, char **argv);
static void apns_mute(int argc, char **argv);
static void apns_drop(int argc, char **argv);
static void apns_garbage(int argc, char **argv);
static void apns_raw(int argc, char **argv);
static int apns_bytes(const char *hex, unsigned char *bytes);
static void apns_push_out(apns_connection_t *c, const unsigned char *bytes,
    int len);
static void apns_number(int argc, char **argv);


apns_script_t  apns_script = { .max_streams = 1000, .initial_window = 65535 };


static apns_command_t  apns_commands[] = {
    { "streams",  apns_streams },
    { "window",   apns_window },
    { "goaway",   apns_goaway },
    { "answer",   apns_answer },
    { "forget",   apns_forget },
    { "hold",     apns_hold },
    { "release",  apns_release },
    { "finish",   apns_finish },
    { "deaf",     apns_deaf },
    { "mute",     apns_mute },
    { "drop",     apns_drop },
    { "garbage",  apns_garbage },
    { "raw",      apns_raw },
    { "reset",    apns_number },
    { "partial",  apns_number },
    { "informal", apns_number },
    { "long",     apns_number },
    { "late",     apns_number },
    { "closed",   apns_number },
    { "silent",   apns_number },
    { NULL,       NULL }
};


static void
apns_streams(int argc, char **argv)
{
    apns_connection_t  *c;

    apns_script.max_streams = atoi(argv[1]);

    apns_each(c) {
        apns_settle(c);
    }
}


static void
apns_window(int argc, char **argv)
{
    apns_connection_t  *c;

    apns_script.initial_window = atoi(argv[1]);

    apns_each(c) {
        apns_settle(c);
    }
}


static void
apns_goaway(int argc, char **argv)
{
    int                 keep, len;
    char                debug[256];
    int32_t             last;
    apns_request_t     *r;
    apns_connection_t  *c;

    keep = argc > 1 ? atoi(argv[1]) : 0;
    len = snprintf(debug, sizeof(debug), "{\"reason\":\"%s\"}",
                   argc > 2 ? argv[2] : "Shutdown");

    apns_each(c) {
        r = c->requests;
        last = r != NULL ? r->stream - 2
                         : nghttp2_session_get_last_proc_stream_id(c->session);

        for (int n = 0; r != NULL && n < keep; n++, r = r->next) {
            last = r->stream;
        }

        (void) nghttp2_submit_goaway(c->session, 0, last > 0 ? last : 0,
                                     NGHTTP2_NO_ERROR, (uint8_t *) debug, len);
    }
}


static void
apns_answer(int argc, char **argv)
{
    apns_rule_t  *rule;

    if (apns_script.nrules == APNS_RULES) {
        abort();
    }

    rule = &apns_script.rules[apns_script.nrules++];
    (void) snprintf(rule->prefix, sizeof(rule->prefix), "%s",
                    strcmp(argv[1], "*") == 0 ? "" : argv[1]);
    rule->status = atoi(argv[2]);
    (void) snprintf(rule->reason, sizeof(rule->reason), "%s",
                    argc > 3 ? argv[3] : "");
}


static void
apns_forget(int argc, char **argv)
{
    apns_script.nrules = 0;
}


static void
apns_hold(int argc, char **argv)
{
    apns_script.holding = 1;
}


/* "backwards": the newest first. */

static void
apns_release(int argc, char **argv)
{
    int                 n, i;
    apns_request_t     *r, *held[10000];
    apns_connection_t  *c;

    apns_script.holding = 0;

    apns_each(c) {
        n = 0;

        for (r = c->requests; r != NULL && n < 10000; r = r->next) {
            if (r->status == 0) {
                held[n++] = r;
            }
        }

        for (i = 0; i < n; i++) {
            apns_respond(argc > 1 ? held[n - 1 - i] : held[i]);

            if (argc > 1) {
                (void) nghttp2_session_send(c->session);
            }
        }
    }
}


static void
apns_finish(int argc, char **argv)
{
    apns_request_t     *r;
    apns_connection_t  *c;

    apns_script.partial = 0;

    apns_each(c) {
        for (r = c->requests; r != NULL; r = r->next) {
            if (r->open) {
                r->open = 0;
                (void) nghttp2_session_resume_data(c->session, r->stream);
            }
        }
    }
}


static void
apns_deaf(int argc, char **argv)
{
    apns_connection_t  *c;

    apns_each(c) {
        c->deaf = atoi(argv[1]);
    }
}


static void
apns_mute(int argc, char **argv)
{
    apns_connection_t  *c;

    apns_each(c) {
        c->mute = 1;
    }
}


static void
apns_drop(int argc, char **argv)
{
    struct linger       linger = { 1, 0 };
    apns_connection_t  *c;

    apns_each(c) {
        (void) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger,
                          sizeof(linger));
        apns_close(c, "dropped");
    }
}


static void
apns_garbage(int argc, char **argv)
{
    apns_connection_t  *c;

    apns_each(c) {
        (void) SSL_write(c->ssl, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
    }
}


/* N times these bytes, past the library; a client that hangs up ends it. */

static void
apns_raw(int argc, char **argv)
{
    int                 n, len;
    unsigned char       bytes[2048];
    apns_connection_t  *c;

    len = apns_bytes(argv[2], bytes);

    apns_each(c) {
        for (n = atoi(argv[1]); n > 0; n--) {
            apns_push_out(c, bytes, len);
        }
    }
}


static int
apns_bytes(const char *hex, unsigned char *bytes)
{
    int       len;
    unsigned  byte;

    for (len = 0; len < 2048 && sscanf(hex, "%2x", &byte) == 1; hex += 2) {
        bytes[len++] = byte;
    }

    return len;
}


static void
apns_push_out(apns_connection_t *c, const unsigned char *bytes, int len)
{
    int            n;
    struct pollfd  fd;

    fd = (struct pollfd) { .fd = c->fd, .events = POLLOUT | POLLIN };

    while ((n = SSL_write(c->ssl, bytes, len)) <= 0
           && SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_WRITE
           && poll(&fd, 1, 1000) == 1 && apns_receive(c))
    {
        fd.revents = 0;
    }
}


static void
apns_number(int argc, char **argv)
{
    int                 i;
    apns_connection_t  *c;
    struct {
        const char     *name;
        int            *number;
    } numbers[] = {
        { "reset", &apns_script.reset }, { "partial", &apns_script.partial },
        { "informal", &apns_script.informal }, { "long", &apns_script.length },
        { "late", &apns_script.late }, { "closed", &apns_script.closed },
        { "silent", &apns_script.silent }
    };

    for (i = 0; strcmp(numbers[i].name, argv[0]) != 0; i++) {
        /* void */
    }

    *numbers[i].number = atoi(argv[1]);
    apns_script.reset_code = argc > 2 ? atoi(argv[2]) : NGHTTP2_REFUSED_STREAM;

    apns_each(c) {
        if (!apns_script.late && !c->settled) {
            c->deaf = 0;
            apns_settle(c);
        }
    }
}


static void
apns_command(char *line)
{
    int                 argc;
    char               *argv[8], *word, copy[4096];
    apns_command_t     *command;
    apns_connection_t  *c;

    (void) snprintf(copy, sizeof(copy), "%s", line);
    argc = 0;

    for (word = strtok(copy, " "); word && argc < 8; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }

    for (command = apns_commands; command->name != NULL; command++) {
        if (argc && strcmp(command->name, argv[0]) == 0) {
            break;
        }
    }

    if (command->name == NULL) {
        apns_write("unknown\t%s", line);
        return;
    }

    command->run(argc, argv);

    apns_each(c) {
        apns_process(c, 1);
    }

    apns_write("did\t%s", line);
}


/* Returns 0 when nobody commands any more. */

int
apns_listen_to_commands(void)
{
    char           *end;
    ssize_t         n;
    static char     line[4096];
    static size_t   len;

    n = read(0, line + len, sizeof(line) - 1 - len);

    if (n <= 0) {
        return 0;
    }

    len += n;
    line[len] = '\0';

    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        apns_command(line);
        len -= end + 1 - line;
        memmove(line, end + 1, len + 1);
    }

    return 1;
}
