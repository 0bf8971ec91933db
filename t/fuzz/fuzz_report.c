
/*
 * Reports, and what is salvaged of those that are refused.  Of a whole report
 * the salvage must never learn anything else than the report itself said.
 */


#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "message/mdm_message.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
fuzz_attributes(mdm_str_t attributes)
{
    json_t  *object;

    if (!mdm_str_is_set(attributes)) {
        return;
    }

    object = json_loadb((const char *) attributes.data, attributes.len, 0,
                        NULL);

    if (!json_is_object(object) || json_object_size(object) == 0) {
        abort();
    }

    json_decref(object);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_rc_e       rc;
    mdm_str_t      body;
    mdm_arena_t    arena;
    mdm_fault_t    fault;
    mdm_message_t  whole, salvaged;

    body = (mdm_str_t) { size, data };

    mdm_arena_init(&arena);

    rc = mdm_report_decode(&arena, body, &whole, &fault);

    if (rc == MDM_OK) {
        fuzz_attributes(whole.attributes);

        if ((whole.status != MDM_STATUS_IDLE)
            != mdm_str_is_set(whole.command_uuid))
        {
            abort();
        }
    }

    if (mdm_report_salvage(&arena, body, &salvaged) == MDM_OK) {

        if (salvaged.status != MDM_STATUS_UNREADABLE
            || salvaged.command_uuid.len == 0
            || salvaged.id.device_id.len == 0)
        {
            abort();
        }

        if (rc == MDM_OK && whole.status != MDM_STATUS_IDLE
            && (!mdm_str_eq(whole.command_uuid, salvaged.command_uuid)
                || !mdm_str_eq(whole.id.device_id, salvaged.id.device_id)))
        {
            abort();
        }
    }

    mdm_arena_free(&arena);

    return 0;
}
