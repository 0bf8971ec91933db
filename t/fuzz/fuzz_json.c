
/*
 * JSON bodies: what is read is an object within its bounds, counted right, and
 * means the same when it is written and read again.
 */


#include "fuzz.h"
#include "message/mdm_json.h"


/* of one value, the largest: an empty object of jansson */
#define FUZZ_VALUE_SIZE   512


/* Counts, and looks at what SQL and the answers rely on. */

static size_t
fuzz_walk(json_t *value, unsigned depth)
{
    size_t       i, n;
    json_t      *member;
    const char  *name;

    fuzz_expect(depth <= MDM_JSON_MAX_DEPTH
                || (!json_is_array(value) && !json_is_object(value)));

    if (json_is_string(value)) {
        n = json_string_length(value);
        fuzz_expect(strlen(json_string_value(value)) == n);
        fuzz_expect(mdm_utf8_valid((const unsigned char *)
                                   json_string_value(value), n));
    }

    n = 1;

    json_array_foreach(value, i, member) {
        n += fuzz_walk(member, depth + 1);
    }

    json_object_foreach(value, name, member) {
        n += fuzz_walk(member, depth + 1);
    }

    return n;
}


static void
fuzz_again(json_t *object)
{
    char      *text;
    json_t    *again;
    mdm_rc_e   rc;

    text = json_dumps(object, JSON_COMPACT);
    fuzz_expect(text != NULL);

    rc = mdm_json_read((mdm_str_t) { strlen(text), (unsigned char *) text },
                       &again, NULL);
    fuzz_expect(rc == MDM_OK);
    fuzz_expect(json_equal(object, again));

    json_decref(again);
    free(text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t           *object;
    mdm_rc_e          rc;
    mdm_str_t         text;
    mdm_fault_t       fault;
    mdm_json_size_t   measured;

    text = fuzz_input(data, size);
    fault.text[0] = '\0';

    fuzz_meter_start();

    rc = mdm_json_read(text, &object, &fault);
    measured = mdm_json_measure(text);

    fuzz_expect(fuzz_meter_peak() <= 65536 + size * 4
                                     + MDM_JSON_MAX_VALUES * FUZZ_VALUE_SIZE);
    fuzz_expect((rc == MDM_OK) == (object != NULL));
    fuzz_expect((rc == MDM_OK) == (fault.text[0] == '\0'));
    fuzz_expect((rc == MDM_TOO_LARGE)
                == (measured.values > MDM_JSON_MAX_VALUES
                    || measured.depth > MDM_JSON_MAX_DEPTH));

    if (rc == MDM_OK) {
        fuzz_expect(json_is_object(object));
        fuzz_expect(fuzz_walk(object, 1) == measured.values);
        fuzz_again(object);
        json_decref(object);

    } else {
        fuzz_expect(fuzz_meter_live() == 0);
    }

    return 0;
}
