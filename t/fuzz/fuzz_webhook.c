
/*
 * Webhook bodies, of an event as it is stored: the input is its parts, with
 * 0xff between them.  What is built is whole JSON, and the device's message
 * comes out of it as it went in.
 */


#include <jansson.h>
#include <openssl/evp.h>

#include "fuzz.h"
#include "message/mdm_webhook.h"


static mdm_str_t
fuzz_part(mdm_str_t *rest)
{
    mdm_str_t             part;
    const unsigned char  *end;

    end = rest->len ? memchr(rest->data, 0xff, rest->len) : NULL;

    part = (mdm_str_t) { end ? (size_t) (end - rest->data) : rest->len,
                         rest->data };

    rest->data += part.len + (end != NULL);
    rest->len -= part.len + (end != NULL);

    return part;
}


static json_t *
fuzz_load(mdm_str_t body)
{
    json_t  *json;

    json = json_loadb((const char *) body.data, body.len,
                      JSON_ALLOW_NUL, NULL);
    fuzz_expect(json_is_object(json));

    return json;
}


static void
fuzz_raw(mdm_str_t raw, json_t *part)
{
    int             n;
    const char     *text;
    unsigned char  *plain;

    text = json_string_value(json_object_get(part, "raw_payload"));
    fuzz_expect(text != NULL && strlen(text) == (raw.len + 2) / 3 * 4);

    plain = malloc(raw.len + 3);
    fuzz_expect(plain != NULL);
    n = EVP_DecodeBlock(plain, (const unsigned char *) text,
                        (int) strlen(text));

    fuzz_expect(n >= 0 && (size_t) n >= raw.len);
    fuzz_expect(raw.len == 0 || memcmp(plain, raw.data, raw.len) == 0);

    free(plain);
}


static void
fuzz_nanomdm(mdm_arena_t *arena, const mdm_webhook_event_t *event,
    mdm_str_t raw)
{
    json_t     *json, *part;
    mdm_rc_e    rc;
    mdm_str_t   body;

    rc = mdm_webhook_nanomdm(arena, event, raw, &body);

    fuzz_expect((rc == MDM_UNSUPPORTED)
                == (!mdm_webhook_has_topic(event->type)
                    || event->device_id.len == 0));

    if (rc != MDM_OK) {
        return;
    }

    json = fuzz_load(body);
    part = json_object_get(json, "acknowledge_event");
    part = part ? part : json_object_get(json, "checkin_event");

    fuzz_expect(json_is_string(json_object_get(json, "topic")));
    fuzz_expect(json_is_object(json_object_get(part, "ids")));
    fuzz_raw(raw, part);

    json_decref(json);
}


static void
fuzz_plain(mdm_arena_t *arena, const mdm_webhook_event_t *event)
{
    json_t     *json, *data;
    mdm_str_t   body;

    if (mdm_webhook_plain(arena, event, &body) != MDM_OK) {
        return;
    }

    json = fuzz_load(body);
    data = fuzz_load(event->data);

    fuzz_expect(json_is_string(json_object_get(json, "id")));
    fuzz_expect(json_equal(json_object_get(json, "data"), data));

    json_decref(data);
    json_decref(json);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                 hmac[MDM_WEBHOOK_HMAC_SIZE];
    mdm_str_t            rest, raw;
    mdm_arena_t          arena;
    mdm_webhook_event_t  event;

    rest = fuzz_input(data, size);

    event.type = fuzz_part(&rest);
    event.channel = fuzz_part(&rest);
    event.device_id = fuzz_part(&rest);
    event.user_id = fuzz_part(&rest);
    event.data = fuzz_part(&rest);
    event.event_id = fuzz_part(&rest);
    event.cursor = fuzz_part(&rest);
    event.tenant = fuzz_part(&rest);
    event.at = fuzz_part(&rest);
    raw = rest;

    mdm_arena_init(&arena);

    fuzz_nanomdm(&arena, &event, raw);
    fuzz_plain(&arena, &event);
    fuzz_expect(mdm_webhook_hmac(event.tenant, raw, hmac) == MDM_OK);
    fuzz_expect(strlen(hmac) == MDM_WEBHOOK_HMAC_SIZE - 1);

    mdm_arena_free(&arena);

    return 0;
}
