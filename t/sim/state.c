/*
 * The state file: who the devices are, so that a later run goes on as the
 * same ones.  Text lines and PEM; written whole beside it, then renamed.
 */

#include "sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <openssl/err.h>
#include <openssl/pem.h>


#define SIM_STATE_FIRST  "mdm-sim state 1"


static int sim_state_line(sim_t *sim, sim_device_t **device, FILE *file,
    char *line);
static int sim_state_text(char *field, size_t size, const char *text);
static int sim_state_identity(sim_device_t *d, FILE *file);
static int sim_state_write(sim_t *sim, FILE *file);


static const char  *sim_state_names[] = { "new", "enrolled", "out" };


/* a file that is not there yet is no error */

int
sim_state_load(sim_t *sim)
{
    int            rc, number;
    char           line[512];
    FILE          *file;
    sim_device_t  *d;

    if (sim->options.state == NULL) {
        return SIM_OK;
    }

    file = fopen(sim->options.state, "re");

    if (file == NULL) {
        if (errno == ENOENT) {
            return SIM_OK;
        }

        sim_error("cannot read the state \"%s\": %s", sim->options.state,
                  strerror(errno));
        return SIM_ERROR;
    }

    rc = SIM_OK;
    d = NULL;

    for (number = 1; rc == SIM_OK && fgets(line, sizeof(line), file); number++)
    {
        line[strcspn(line, "\n")] = '\0';

        if (number == 1) {
            rc = strcmp(line, SIM_STATE_FIRST) == 0 ? SIM_OK : SIM_ERROR;
            continue;
        }

        rc = sim_state_line(sim, &d, file, line);
    }

    if (rc != SIM_OK) {
        sim_error("the state \"%s\" has a bad entry: \"%s\"",
                  sim->options.state, line);
    }

    sim->restored = sim->ndevices;
    fclose(file);

    return rc;
}


static int
sim_state_line(sim_t *sim, sim_device_t **device, FILE *file, char *line)
{
    int            kind, state;
    char           name[32], word[32];
    unsigned       number;
    sim_device_t  *d;

    if (sscanf(line, "device %31s %u %31s", name, &number, word) == 3) {
        kind = sim_kind_find(name, strlen(name));

        for (state = SIM_DEVICE_OUT; state > 0; state--) {
            if (strcmp(sim_state_names[state], word) == 0) {
                break;
            }
        }

        if (kind == -1) {
            return SIM_ERROR;
        }

        d = sim_fleet_add(sim);
        d->kind = (sim_kind_e) kind;
        d->number = number;
        d->state = (sim_device_state_e) state;
        *device = d;

        return SIM_OK;
    }

    d = *device;

    if (d == NULL) {
        return SIM_ERROR;
    }

    if (strncmp(line, "id ", 3) == 0) {
        return sim_state_text(d->id, sizeof(d->id), line + 3);
    }

    if (strncmp(line, "serial ", 7) == 0) {
        return sim_state_text(d->serial, sizeof(d->serial), line + 7);
    }

    return strcmp(line, "identity") == 0 ? sim_state_identity(d, file)
                                         : SIM_ERROR;
}


static int
sim_state_text(char *field, size_t size, const char *text)
{
    if (strlen(text) >= size) {
        return SIM_ERROR;
    }

    memcpy(field, text, strlen(text) + 1);

    return SIM_OK;
}


static int
sim_state_identity(sim_device_t *d, FILE *file)
{
    d->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    d->cert = d->key ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

    ERR_clear_error();

    return d->cert ? SIM_OK : SIM_ERROR;
}


int
sim_state_save(sim_t *sim)
{
    int          rc;
    char        *temporary;
    FILE        *file;
    mode_t       mask;
    const char  *name;

    name = sim->options.state;

    if (name == NULL) {
        return SIM_OK;
    }

    temporary = sim_alloc(strlen(name) + 5);
    sprintf(temporary, "%s.new", name);

    mask = umask(077);
    file = fopen(temporary, "we");
    umask(mask);

    rc = file ? sim_state_write(sim, file) : SIM_ERROR;

    if (file && fclose(file) != 0) {
        rc = SIM_ERROR;
    }

    if (rc == SIM_OK && rename(temporary, name) == -1) {
        rc = SIM_ERROR;
    }

    if (rc != SIM_OK) {
        sim_error("cannot write the state \"%s\": %s", name, strerror(errno));
    }

    free(temporary);

    return rc;
}


static int
sim_state_write(sim_t *sim, FILE *file)
{
    unsigned       i;
    sim_device_t  *d;

    fprintf(file, "%s\n", SIM_STATE_FIRST);

    for (i = 0; i < sim->ndevices; i++) {
        d = sim->devices[i];

        fprintf(file, "device %s %u %s\nid %s\nserial %s\n",
                sim_kind_names[d->kind], d->number,
                sim_state_names[d->state], d->id, d->serial);

        if (d->cert == NULL) {
            continue;
        }

        fprintf(file, "identity\n");

        if (PEM_write_PrivateKey(file, d->key, NULL, NULL, 0, NULL, NULL) != 1
            || PEM_write_X509(file, d->cert) != 1)
        {
            return SIM_ERROR;
        }
    }

    return ferror(file) ? SIM_ERROR : SIM_OK;
}
