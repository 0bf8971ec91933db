
/* Cutting the arguments of a URL apart, and percent-decoding. */


#include <string.h>

#include "mdm_json_text.h"
#include "mdm_url.h"


static int mdm_url_hex(unsigned char c);
static mdm_str_t mdm_url_text(mdm_arena_t *arena, mdm_str_t encoded);


mdm_str_t
mdm_url_decode(mdm_str_t s, unsigned char *buf)
{
    int     high, low;
    size_t  i, n;

    for (i = 0, n = 0; i < s.len; i++) {

        high = (s.data[i] == '%' && s.len - i > 2)
               ? mdm_url_hex(s.data[i + 1]) : -1;
        low = (high >= 0) ? mdm_url_hex(s.data[i + 2]) : -1;

        if (low < 0) {
            buf[n++] = s.data[i];
            continue;
        }

        buf[n++] = (unsigned char) (high << 4 | low);
        i += 2;
    }

    return (mdm_str_t) { n, buf };
}


static int
mdm_url_hex(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


bool
mdm_url_argument(mdm_str_t *args, mdm_str_t *name, mdm_str_t *value)
{
    size_t                len;
    const unsigned char  *end, *equals;

    if (args->len == 0) {
        return false;
    }

    end = memchr(args->data, '&', args->len);
    len = end ? (size_t) (end - args->data) : args->len;
    equals = memchr(args->data, '=', len);

    *name = (mdm_str_t) { equals ? (size_t) (equals - args->data) : len,
                          args->data };
    *value = equals ? (mdm_str_t) { len - name->len - 1, equals + 1 }
                    : mdm_null_str;

    len += (end != NULL);
    args->data += len;
    args->len -= len;

    return true;
}


mdm_rc_e
mdm_url_arguments_json(mdm_arena_t *arena, mdm_str_t args, mdm_str_t *json)
{
    json_t     *object;
    mdm_str_t   name, value;

    object = json_object();

    while (object != NULL && mdm_url_argument(&args, &name, &value)) {

        name = mdm_url_text(arena, name);
        value = mdm_url_text(arena, value);

        /* what is no UTF-8 is refused here and left out */

        if (name.len != 0 && mdm_str_is_set(value)) {
            json_object_setn_new(object, (const char *) name.data, name.len,
                                 json_stringn((const char *) value.data,
                                              value.len));
        }
    }

    *json = object ? mdm_json_text(arena, object) : mdm_null_str;
    json_decref(object);

    return mdm_str_is_set(*json) ? MDM_OK : MDM_NO_MEMORY;
}


/* Decoded; absent when it holds a NUL, or memory ran out. */

static mdm_str_t
mdm_url_text(mdm_arena_t *arena, mdm_str_t encoded)
{
    mdm_str_t       text;
    unsigned char  *buf;

    buf = mdm_arena_alloc(arena, encoded.len);
    if (buf == NULL) {
        return mdm_null_str;
    }

    text = mdm_url_decode(encoded, buf);

    return (text.len && memchr(text.data, '\0', text.len)) ? mdm_null_str
                                                           : text;
}
