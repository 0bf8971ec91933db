
/*
 * Answers of Apple's push service, and bodies of pushes: two bytes of status,
 * then the answer, which is also taken for a magic and for a token.
 */


#include <jansson.h>

#include "fuzz.h"
#include "message/mdm_push.h"


static void
fuzz_answer(unsigned status, mdm_str_t body)
{
    mdm_push_answer_t  answer, alone;

    mdm_push_answer_read(&answer, status, body);
    mdm_push_answer_read(&alone, status, mdm_null_str);

    fuzz_expect(answer.status == status && answer.reason != NULL);
    fuzz_expect(answer.class < MDM_PUSH_NCLASSES
                && mdm_push_class_name(answer.class)[0] != '\0');
    fuzz_expect(answer.time >= 0 && (answer.time == 0 || status == 410));
    fuzz_expect((answer.class == MDM_PUSH_ACCEPTED) == (status == 200));
    fuzz_expect((answer.reason[0] == '\0') == (status == 200));

    /* no answer but 410 buries a token, and no word can change that */

    fuzz_expect((answer.class == MDM_PUSH_DEAD) == (status == 410));
    fuzz_expect(answer.class == alone.class
                || strcmp(answer.reason, "Unknown") != 0);
}


static void
fuzz_magic(mdm_str_t magic)
{
    char     body[MDM_PUSH_MAX_BODY];
    json_t  *json, *value;
    size_t   n;

    n = mdm_push_body(magic, body, sizeof(body));

    if (n == 0) {
        fuzz_expect(magic.len > sizeof(body) / 6 - 10
                    || !mdm_utf8_valid(magic.data, magic.len));
        return;
    }

    json = json_loadb(body, n, JSON_ALLOW_NUL, NULL);
    value = json_object_get(json, "mdm");

    fuzz_expect(json_object_size(json) == 1);
    fuzz_expect(json_string_length(value) == magic.len);
    fuzz_expect(memcmp(json_string_value(value), magic.data, magic.len) == 0);

    json_decref(json);
}


static void
fuzz_token(mdm_str_t token)
{
    char    path[MDM_PUSH_MAX_PATH];
    size_t  n;

    n = mdm_push_path(token, path);

    fuzz_expect(n == (token.len == 0 || token.len > MDM_PUSH_MAX_TOKEN
                      ? 0 : sizeof(MDM_PUSH_PATH) - 1 + 2 * token.len));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_str_t  rest;

    if (size < 2) {
        return 0;
    }

    rest = fuzz_input(data + 2, size - 2);

    fuzz_answer((unsigned) (data[0] << 8 | data[1]) % 1000, rest);
    fuzz_magic(rest);
    fuzz_token(rest);

    return 0;
}
