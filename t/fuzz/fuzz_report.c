
/*
 * Reports, in both forms of a list, and what is salvaged of those that are
 * refused.  Of a whole report the salvage must never learn anything else than
 * the report itself said, and what lists keep of it can always be stored.
 */


#include <jansson.h>

#include "fuzz_list.h"
#include "fuzz_schema.h"
#include "message/mdm_message.h"
#include "message/mdm_node.h"
#include "schema/mdm_effects.h"


/* of an arena: what a report of this size may keep */
#define FUZZ_KEPT(size)   (16 * 1024 + (size) * 4)


static void
fuzz_attributes(mdm_str_t attributes)
{
    json_t  *object;

    if (!mdm_str_is_set(attributes)) {
        return;
    }

    object = json_loadb((const char *) attributes.data, attributes.len, 0,
                        NULL);

    fuzz_expect(json_is_object(object) && json_object_size(object) > 0);

    json_decref(object);
}


static void
fuzz_whole(mdm_arena_t *arena, mdm_str_t body, const mdm_message_t *whole)
{
    mdm_rc_e       rc;
    mdm_str_t      other;
    mdm_message_t  again;

    fuzz_attributes(whole->attributes);
    fuzz_expect((whole->status != MDM_STATUS_IDLE)
                == mdm_str_is_set(whole->command_uuid));
    fuzz_expect(whole->status != MDM_STATUS_UNREADABLE);
    fuzz_expect(mdm_report_status_name(whole->status) != NULL);
    fuzz_expect(!mdm_str_has_control(whole->command_uuid));
    fuzz_expect(mdm_utf8_valid(whole->error.data, whole->error.len));

    other = fuzz_list_other(arena, body, MDM_REPORT_LIMIT);
    rc = mdm_report_decode(arena, other, &again, NULL, NULL);

    fuzz_expect(rc == MDM_OK || rc == MDM_TOO_LARGE || other.len == 0);

    if (rc == MDM_OK) {
        fuzz_expect(whole->status == again.status);
        fuzz_expect(whole->id.channel == again.id.channel);
        fuzz_expect(whole->not_on_console == again.not_on_console);
        fuzz_expect(mdm_str_eq(whole->id.device_id, again.id.device_id));
        fuzz_expect(mdm_str_eq(whole->id.user_id, again.id.user_id));
        fuzz_expect(mdm_str_eq(whole->command_uuid, again.command_uuid));
        fuzz_expect(mdm_str_eq(whole->error, again.error));
    }
}


static void
fuzz_lists(mdm_str_t body)
{
    plist_t                   root;
    json_t                   *json;
    mdm_node_t               *report;
    mdm_arena_t               arena;
    mdm_effects_t             effects;
    const mdm_effect_item_t  *item;
    const mdm_effect_list_t  *list;

    mdm_arena_init(&arena);

    fuzz_expect(mdm_plist_parse(body, MDM_REPORT_LIMIT, &root, NULL)
                == MDM_OK);

    if (mdm_node_from_plist(&arena, root, &report, NULL) == MDM_OK
        && mdm_schema_result(mdm_schema_command(fuzz_schema(), mdm_str("Do")),
                             &arena, report, &effects, NULL)
           == MDM_OK)
    {
        for (list = effects.lists; list; list = list->next) {
            for (item = list->first; item; item = item->next) {
                fuzz_expect(item->key.len > 0
                            && item->key.len <= MDM_EFFECTS_MAX_KEY
                            && mdm_node_is_text(item->key)
                            && !mdm_str_has_control(item->key));

                json = mdm_node_to_json(item->value, true);
                fuzz_expect(json != NULL);
                json_decref(json);
            }
        }
    }

    mdm_plist_free(root);
    mdm_arena_free(&arena);
}


static void
fuzz_salvage(mdm_arena_t *arena, mdm_str_t body, const mdm_message_t *whole)
{
    mdm_message_t  salvaged;

    if (mdm_report_salvage(arena, body, &salvaged) != MDM_OK) {
        return;
    }

    fuzz_expect(salvaged.status == MDM_STATUS_UNREADABLE);
    fuzz_expect(salvaged.command_uuid.len > 0);
    fuzz_expect(salvaged.id.device_id.len > 0);

    if (whole != NULL && whole->status != MDM_STATUS_IDLE) {
        fuzz_expect(mdm_str_eq(whole->command_uuid, salvaged.command_uuid));
        fuzz_expect(mdm_str_eq(whole->id.device_id, salvaged.id.device_id));
        fuzz_expect(mdm_str_eq(whole->id.user_id, salvaged.id.user_id));
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_rc_e       rc;
    mdm_str_t      body;
    mdm_arena_t    arena;
    mdm_fault_t    fault;
    mdm_message_t  whole;

    body = fuzz_input(data, size);
    fault.text[0] = '\0';

    mdm_arena_init(&arena);

    fuzz_meter_start();
    rc = mdm_report_decode(&arena, body, &whole, NULL, &fault);
    fuzz_expect(fuzz_meter_live() <= FUZZ_KEPT(size));
    fuzz_expect((rc == MDM_OK) == (fault.text[0] == '\0'));

    if (rc == MDM_OK) {
        fuzz_whole(&arena, body, &whole);
        fuzz_lists(body);
    }

    fuzz_meter_start();
    fuzz_salvage(&arena, body, rc == MDM_OK ? &whole : NULL);
    fuzz_expect(fuzz_meter_peak() <= 64 * 1024 + size * 16);

    mdm_arena_free(&arena);

    return 0;
}


size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return fuzz_list_mutate(data, size, max, seed);
}
