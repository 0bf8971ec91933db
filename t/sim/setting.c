/*
 * The values of options: how each kind of value is read and what it must
 * look like.  Nothing here knows an option's name.
 */

#include "sim.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>


int
sim_set_text(sim_options_t *o, size_t offset, const char *value)
{
    *(const char **) ((char *) o + offset) = value;

    return SIM_OK;
}


int
sim_set_copy(sim_options_t *o, size_t offset, const char *value)
{
    char  **field;

    field = (char **) ((char *) o + offset);

    free(*field);
    *field = sim_copy(value);

    return SIM_OK;
}


int
sim_set_flag(sim_options_t *o, size_t offset, const char *value)
{
    (void) value;
    *(unsigned *) ((char *) o + offset) = 1;

    return SIM_OK;
}


int
sim_set_no(sim_options_t *o, size_t offset, const char *value)
{
    (void) value;
    *(unsigned *) ((char *) o + offset) = 0;

    return SIM_OK;
}


int
sim_set_number(sim_options_t *o, size_t offset, const char *value)
{
    char           *end;
    unsigned long   n;

    errno = 0;
    n = strtoul(value, &end, 10);

    if (!isdigit((unsigned char) *value) || *end || errno || n > INT_MAX) {
        return SIM_ERROR;
    }

    *(unsigned *) ((char *) o + offset) = (unsigned) n;

    return SIM_OK;
}


int
sim_set_days(sim_options_t *o, size_t offset, const char *value)
{
    long   n;
    char  *end;

    n = strtol(value, &end, 10);

    if (end == value || *end || n > 36500 || n < -36500) {
        return SIM_ERROR;
    }

    *(int *) ((char *) o + offset) = (int) n;

    return SIM_OK;
}


int
sim_set_ms(sim_options_t *o, size_t offset, const char *value)
{
    char    *end;
    double   n;

    n = strtod(value, &end);

    if (end == value || *end || !(n >= 0) || n > 1e9) {
        return SIM_ERROR;
    }

    *(uint64_t *) ((char *) o + offset) = (uint64_t) (n * SIM_MS);

    return SIM_OK;
}


int
sim_set_seconds(sim_options_t *o, size_t offset, const char *value)
{
    uint64_t  *field;

    if (sim_set_ms(o, offset, value) != SIM_OK) {
        return SIM_ERROR;
    }

    field = (uint64_t *) ((char *) o + offset);
    *field *= 1000;

    return SIM_OK;
}


int
sim_set_seed(sim_options_t *o, size_t offset, const char *value)
{
    char  *end;

    *(uint64_t *) ((char *) o + offset) = strtoull(value, &end, 10);

    return end == value || *end ? SIM_ERROR : SIM_OK;
}


/* https://HOST[:PORT][/PATH], where HOST may be an address in brackets */

int
sim_set_url(sim_options_t *o, size_t offset, const char *value)
{
    size_t       len;
    const char  *p, *port;

    (void) offset;

    o->tls = (strncmp(value, "https://", 8) == 0);

    if (!o->tls && strncmp(value, "http://", 7) != 0) {
        return SIM_ERROR;
    }

    p = value + (o->tls ? 8 : 7);
    len = *p == '[' ? strcspn(p, "]") : strcspn(p, ":/?");

    free(o->url_host);
    free(o->url_port);
    free(o->path);

    o->url_host = *p == '[' ? strndup(p + 1, len - 1) : strndup(p, len);
    p += len + (p[len] == ']');
    port = o->tls ? "443" : "80";
    len = strlen(port);

    if (*p == ':') {
        port = p + 1;
        len = strspn(port, "0123456789");
        p = port + len;
    }

    o->url_port = strndup(port, len);
    o->path = *p ? sim_copy(p) : sim_copy("/");

    return len == 0 || o->url_host[0] == '\0' || o->path[0] != '/' ? SIM_ERROR
                                                                   : SIM_OK;
}


int
sim_set_kind(sim_options_t *o, size_t offset, const char *value)
{
    int     kind;
    size_t  len;

    (void) offset;

    len = strcspn(value, "=");
    kind = sim_kind_find(value, len);

    if (kind == -1 || value[len] == '\0') {
        return SIM_ERROR;
    }

    o->kinds_given = 1;

    return sim_set_number(o, SIM_AT(kinds) + (size_t) kind * sizeof(unsigned),
                          value + len + 1);
}


int
sim_set_supervised(sim_options_t *o, size_t offset, const char *value)
{
    int  kind;

    (void) offset;

    kind = sim_kind_find(value, strlen(value));

    if (kind != SIM_KIND_IPHONE && kind != SIM_KIND_MAC) {
        return SIM_ERROR;
    }

    o->supervised[kind] = 1;

    return SIM_OK;
}


int
sim_set_key_type(sim_options_t *o, size_t offset, const char *value)
{
    (void) offset;

    o->rsa = (strcmp(value, "rsa") == 0);

    return o->rsa || strcmp(value, "ec") == 0 ? SIM_OK : SIM_ERROR;
}


int
sim_set_bench(sim_options_t *o, size_t offset, const char *value)
{
    (void) offset;

    o->bench = strcmp(value, "poll") == 0 ? SIM_BENCH_POLL
                                          : SIM_BENCH_ACKNOWLEDGE;

    return o->bench == SIM_BENCH_POLL || strcmp(value, "acknowledge") == 0
           ? SIM_OK : SIM_ERROR;
}


/* NAME or NAME:PASSWORD */

int
sim_set_network_user(sim_options_t *o, size_t offset, const char *value)
{
    size_t  len;

    (void) offset;

    len = strcspn(value, ":");

    free(o->network_user);
    o->network_user = strndup(value, len);
    o->password = value[len] ? value + len + 1 : "";

    return len ? SIM_OK : SIM_ERROR;
}


int
sim_set_rule(sim_options_t *o, size_t offset, const char *value)
{
    (void) offset;

    return sim_script_parse(o, value);
}


int
sim_set_vanish(sim_options_t *o, size_t offset, const char *value)
{
    (void) offset;

    return sim_vanish_parse(o, value);
}
