
/*
 * Arguments of a URL, and an enrolment id in its path: what is decoded is
 * never longer, every argument is seen once, and the JSON of them is whole.
 */


#include <jansson.h>

#include "fuzz.h"
#include "message/mdm_enrollment_id.h"
#include "message/mdm_url.h"


static size_t
fuzz_arguments(mdm_str_t args)
{
    size_t     n;
    mdm_str_t  rest, name, value;

    n = 0;
    rest = args;

    while (mdm_url_argument(&rest, &name, &value)) {
        fuzz_touch(name);
        fuzz_touch(value);
        fuzz_expect(name.len == 0 || !memchr(name.data, '=', name.len));
        fuzz_expect(value.len == 0 || !memchr(value.data, '&', value.len));

        n += name.len + value.len + mdm_str_is_set(value);
    }

    fuzz_expect(rest.len == 0);

    for ( /* void */ ; args.len > 0; args.data++, args.len--) {
        n += (*args.data == '&');
    }

    return n;
}


static void
fuzz_json(mdm_arena_t *arena, mdm_str_t args)
{
    json_t      *object, *value;
    mdm_str_t    json;
    const char  *name;

    fuzz_expect(mdm_url_arguments_json(arena, args, &json) == MDM_OK);

    object = json_loadb((const char *) json.data, json.len,
                        JSON_REJECT_DUPLICATES, NULL);
    fuzz_expect(json_is_object(object));

    json_object_foreach(object, name, value) {
        fuzz_expect(*name != '\0' && json_is_string(value));
    }

    json_decref(object);
}


/* A client may write an id into a path as it is, or encode every byte. */

static mdm_str_t
fuzz_encode(mdm_arena_t *arena, mdm_str_t s)
{
    size_t          i;
    unsigned char  *p;

    static const char  hex[] = "0123456789abcdef";

    p = mdm_arena_alloc(arena, s.len * 3);
    fuzz_expect(p != NULL);

    for (i = 0; i < s.len; i++) {
        p[i * 3] = '%';
        p[i * 3 + 1] = hex[s.data[i] >> 4];
        p[i * 3 + 2] = hex[s.data[i] & 0x0f];
    }

    return (mdm_str_t) { s.len * 3, p };
}


static void
fuzz_id(mdm_arena_t *arena, mdm_str_t part)
{
    int        i;
    mdm_rc_e   rc;
    mdm_str_t  device, user, again_device, again_user, written;

    if (mdm_enrollment_id_of_url(arena, part, &device, &user, NULL)
        != MDM_OK)
    {
        return;
    }

    written = mdm_enrollment_id_write(arena, device, user);

    for (i = 0; i < 2; i++) {
        rc = mdm_enrollment_id_of_url(arena, written, &again_device,
                                      &again_user, NULL);

        fuzz_expect(rc == MDM_OK);
        fuzz_expect(mdm_str_eq(device, again_device));
        fuzz_expect(mdm_str_eq(user, again_user));

        written = fuzz_encode(arena, written);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_str_t       text, plain;
    mdm_arena_t     arena;
    unsigned char  *buf;

    text = fuzz_input(data, size);

    mdm_arena_init(&arena);

    buf = malloc(size + (size == 0));
    fuzz_expect(buf != NULL);
    plain = mdm_url_decode(text, buf);
    fuzz_expect(plain.len <= size);
    free(buf);

    fuzz_expect(fuzz_arguments(text) == size);
    fuzz_json(&arena, text);
    fuzz_id(&arena, text);

    mdm_arena_free(&arena);

    return 0;
}
