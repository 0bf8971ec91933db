
/*
 * Check-ins: whatever is decoded keeps what the header promises, and is the
 * same message in the other form of a property list.
 */


#include "fuzz_list.h"
#include "message/mdm_message.h"


/* of an arena: what a message of this size may keep */
#define FUZZ_KEPT(size)   (16 * 1024 + (size) * 4)


static void
fuzz_check(mdm_arena_t *arena, const mdm_message_t *m)
{
    mdm_str_t  written, device, user;

    fuzz_expect(m->id.device_id.len > 0
                && m->id.device_id.len <= MDM_ENROLLMENT_ID_MAX);
    fuzz_expect(m->id.user_id.data != NULL);
    fuzz_expect((m->id.user_id.len > 0)
                == mdm_channel_is_user(m->id.channel));
    fuzz_expect(m->type != MDM_TOKEN_UPDATE
                || (m->token.len > 0 && m->push_magic.len > 0));
    fuzz_expect(mdm_message_type_name(m->type) != NULL);
    fuzz_expect(mdm_utf8_valid(m->topic.data, m->topic.len));

    written = mdm_enrollment_id_write(arena, m->id.device_id, m->id.user_id);

    fuzz_expect(mdm_enrollment_id_parse(arena, written, &device, &user, NULL)
                == MDM_OK);
    fuzz_expect(mdm_str_eq(device, m->id.device_id));
    fuzz_expect(mdm_str_eq(user, m->id.user_id));
}


static void
fuzz_same(const mdm_message_t *a, const mdm_message_t *b)
{
    fuzz_expect(a->type == b->type && a->id.channel == b->id.channel);
    fuzz_expect(mdm_str_eq(a->id.device_id, b->id.device_id));
    fuzz_expect(mdm_str_eq(a->id.user_id, b->id.user_id));
    fuzz_expect(mdm_str_eq(a->id.user_long_name, b->id.user_long_name));
    fuzz_expect(mdm_str_eq(a->topic, b->topic));
    fuzz_expect(mdm_str_eq(a->token, b->token));
    fuzz_expect(mdm_str_eq(a->push_magic, b->push_magic));
    fuzz_expect(mdm_str_eq(a->unlock_token, b->unlock_token));
    fuzz_expect(a->awaiting_configuration == b->awaiting_configuration);
    fuzz_expect(a->not_on_console == b->not_on_console);
    fuzz_expect(mdm_str_eq(a->bootstrap_token, b->bootstrap_token));
    fuzz_expect(mdm_str_eq(a->digest_response, b->digest_response));
    fuzz_expect(mdm_str_eq(a->endpoint, b->endpoint));
    fuzz_expect(mdm_str_eq(a->data, b->data));
    fuzz_expect(mdm_str_eq(a->token_service_type, b->token_service_type));
    fuzz_expect(mdm_str_is_set(a->attributes)
                == mdm_str_is_set(b->attributes));
}


/* What answers a check-in is a list that a device can read. */

static void
fuzz_answers(mdm_arena_t *arena, const mdm_message_t *m)
{
    plist_t    root;
    mdm_str_t  body, token;

    fuzz_expect(mdm_reply_bootstrap_token(arena, m->bootstrap_token, &body)
                == MDM_OK);
    fuzz_expect(mdm_plist_parse(body, SIZE_MAX, &root, NULL) == MDM_OK);
    fuzz_expect(mdm_plist_data(arena, root, "BootstrapToken", &token, NULL)
                == MDM_OK);
    fuzz_expect(token.len == m->bootstrap_token.len);
    fuzz_touch(token);
    plist_free(root);

    fuzz_expect(mdm_reply_digest_challenge(arena, m->digest_response, &body)
                == MDM_OK);
    fuzz_expect(mdm_plist_parse(body, SIZE_MAX, &root, NULL) == MDM_OK);
    fuzz_expect(mdm_plist_string(arena, root, "DigestChallenge", &token, NULL)
                == MDM_OK);
    fuzz_expect(token.len == m->digest_response.len);
    plist_free(root);

    fuzz_expect(mdm_reply_return_to_service(arena, m->not_on_console, &body)
                == MDM_OK);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_rc_e       rc;
    mdm_str_t      body, other;
    mdm_arena_t    arena;
    mdm_fault_t    fault;
    mdm_message_t  message, again;

    body = fuzz_input(data, size);
    fault.text[0] = '\0';

    mdm_arena_init(&arena);

    fuzz_meter_start();
    rc = mdm_checkin_decode(&arena, body, &message, &fault);
    fuzz_expect(fuzz_meter_live() <= FUZZ_KEPT(size));
    fuzz_expect((rc == MDM_OK) == (fault.text[0] == '\0'));

    if (rc == MDM_OK) {
        fuzz_check(&arena, &message);

        if (message.type == MDM_SET_BOOTSTRAP_TOKEN
            || message.type == MDM_USER_AUTHENTICATE)
        {
            fuzz_answers(&arena, &message);
        }

        other = fuzz_list_other(&arena, body, MDM_CHECKIN_LIMIT);
        rc = mdm_checkin_decode(&arena, other, &again, &fault);

        fuzz_expect(rc == MDM_OK || rc == MDM_TOO_LARGE || other.len == 0);

        if (rc == MDM_OK) {
            fuzz_same(&message, &again);
        }
    }

    mdm_arena_free(&arena);

    return 0;
}


size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return fuzz_list_mutate(data, size, max, seed);
}
