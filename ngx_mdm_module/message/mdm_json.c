
/*
 * Reading JSON strictly.  Must never give jansson a text before it was
 * measured: four megabytes of "[]," are some hundred megabytes of values.
 */


#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "mdm_json.h"


static const unsigned char *mdm_json_string(const unsigned char *p,
    const unsigned char *last);
static mdm_rc_e mdm_json_object(mdm_str_t text, json_t **object,
    mdm_fault_t *fault);


/* Where to go when memory runs out in this thread; static, so that the first
 * use of it needs none. */

static _Thread_local jmp_buf  *mdm_json_out
    __attribute__((tls_model("initial-exec")));


mdm_rc_e
mdm_json_read(mdm_str_t text, json_t **object, mdm_fault_t *fault)
{
    mdm_json_size_t  size;

    *object = NULL;

    size = mdm_json_measure(text);

    if (size.depth > MDM_JSON_MAX_DEPTH) {
        return mdm_fault(fault, MDM_TOO_LARGE,
                         "the body is nested more than %d deep",
                         MDM_JSON_MAX_DEPTH);
    }

    if (size.values > MDM_JSON_MAX_VALUES) {
        return mdm_fault(fault, MDM_TOO_LARGE,
                         "the body holds more than %d values",
                         MDM_JSON_MAX_VALUES);
    }

    return mdm_json_object(text, object, fault);
}


/* A value stands behind each comma, first in each container that is not
 * empty, and at the top. */

mdm_json_size_t
mdm_json_measure(mdm_str_t text)
{
    bool                  opened;
    size_t                depth;
    mdm_json_size_t       size;
    const unsigned char  *p, *last;

    size.values = 1;
    size.depth = 0;
    depth = 0;
    opened = false;
    last = text.data + text.len;

    for (p = text.data; p < last; p++) {

        if (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n') {
            continue;
        }

        if (*p == ']' || *p == '}') {
            depth -= (depth > 0);
            opened = false;
            continue;
        }

        size.values += opened || *p == ',';
        opened = (*p == '[' || *p == '{');

        if (opened && ++depth > size.depth) {
            size.depth = depth;
        }

        if (*p == '"') {
            p = mdm_json_string(p + 1, last);
        }
    }

    return size;
}


/* The closing quote, or the end. */

static const unsigned char *
mdm_json_string(const unsigned char *p, const unsigned char *last)
{
    while (p < last && *p != '"') {
        p += (*p == '\\' && last - p > 1) ? 2 : 1;
    }

    return p;
}


static mdm_rc_e
mdm_json_object(mdm_str_t text, json_t **object, mdm_fault_t *fault)
{
    char          *near;
    json_t        *json;
    json_error_t   error;

    json = mdm_json_load(text, JSON_REJECT_DUPLICATES, &error);

    if (json == NULL) {

        if (error.text[0] == '\0') {
            return mdm_fault(fault, MDM_NO_MEMORY, "no memory for JSON");
        }

        near = strstr(error.text, " near ");
        if (near != NULL) {
            *near = '\0';
        }

        return mdm_fault(fault, MDM_MALFORMED,
                         "the body is no JSON: %s at line %d, column %d",
                         error.text, error.line, error.column);
    }

    if (!json_is_object(json)) {
        json_decref(json);
        return mdm_fault(fault, MDM_MALFORMED,
                         "the body is JSON, but no object");
    }

    *object = json;

    return MDM_OK;
}


json_t *
mdm_json_load(mdm_str_t text, size_t flags, json_error_t *error)
{
    json_t   *json;
    jmp_buf   out;

    if (_setjmp(out) != 0) {
        mdm_json_out = NULL;
        error->text[0] = '\0';
        return NULL;
    }

    mdm_json_out = &out;
    json = json_loadb(text.len ? (const char *) text.data : "", text.len,
                      flags, error);
    mdm_json_out = NULL;

    if (json == NULL
        && json_error_code(error) == json_error_out_of_memory)
    {
        error->text[0] = '\0';
    }

    return json;
}


void *
mdm_json_malloc(size_t size)
{
    void  *p;

    p = malloc(size);

    if (p == NULL && mdm_json_out != NULL) {
        _longjmp(*mdm_json_out, 1);
    }

    return p;
}
