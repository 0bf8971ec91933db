
/*
 * Cursors: base64url, without padding, of the list's name, a line feed, and
 * the fields.  What comes back from a client is checked before SQL sees it.
 */


#include <string.h>

#include "mdm_cursor.h"


/* digits of a number: all that int8 surely takes */
#define MDM_CURSOR_DIGITS    18


typedef struct {
    unsigned char        *p;
    unsigned              bits;
    unsigned              n;          /* how many of them are to be written */
} mdm_cursor_out_t;


static void mdm_cursor_put(mdm_cursor_out_t *out, const void *data,
    size_t len);
static bool mdm_cursor_decode(mdm_str_t cursor, unsigned char *buf,
    size_t *len);
static bool mdm_cursor_fits(const unsigned char *p, const unsigned char *last,
    const char *fields);
static bool mdm_cursor_is_number(const unsigned char *p,
    const unsigned char *last);


static const char  mdm_cursor_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


const mdm_cursor_list_t  mdm_cursor_events = { "events", "iii" };


size_t
mdm_cursor_size(const mdm_cursor_list_t *list, size_t len)
{
    return ((strlen(list->name) + 1 + len) * 4 + 2) / 3;
}


unsigned char *
mdm_cursor_write(const mdm_cursor_list_t *list, mdm_str_t fields,
    unsigned char *p)
{
    mdm_cursor_out_t  out = { p, 0, 0 };

    mdm_cursor_put(&out, list->name, strlen(list->name));
    mdm_cursor_put(&out, "\n", 1);
    mdm_cursor_put(&out, fields.data, fields.len);

    if (out.n > 0) {
        *out.p++ = mdm_cursor_alphabet[(out.bits << (6 - out.n)) & 0x3f];
    }

    return out.p;
}


static void
mdm_cursor_put(mdm_cursor_out_t *out, const void *data, size_t len)
{
    size_t                i;
    const unsigned char  *bytes;

    bytes = data;

    for (i = 0; i < len; i++) {
        out->bits = (out->bits & 0x3f) << 8 | bytes[i];

        for (out->n += 8; out->n >= 6; out->n -= 6) {
            *out->p++ = mdm_cursor_alphabet[(out->bits >> (out->n - 6))
                                            & 0x3f];
        }
    }
}


mdm_rc_e
mdm_cursor_read(const mdm_cursor_list_t *list, mdm_str_t cursor,
    unsigned char *buf, mdm_str_t *fields)
{
    size_t  len, head;

    head = strlen(list->name);

    if (!mdm_cursor_decode(cursor, buf, &len)
        || len <= head
        || memcmp(buf, list->name, head) != 0
        || buf[head] != '\n'
        || !mdm_cursor_fits(buf + head + 1, buf + len, list->fields))
    {
        return MDM_MALFORMED;
    }

    fields->data = buf + head + 1;
    fields->len = len - head - 1;

    return MDM_OK;
}


static bool
mdm_cursor_decode(mdm_str_t cursor, unsigned char *buf, size_t *len)
{
    size_t       i;
    unsigned     bits, n;
    const char  *found;

    bits = 0;
    n = 0;
    *len = 0;

    for (i = 0; i < cursor.len; i++) {
        found = memchr(mdm_cursor_alphabet, cursor.data[i], 64);
        if (found == NULL) {
            return false;
        }

        bits = (bits & 0x3f) << 6 | (unsigned) (found - mdm_cursor_alphabet);
        n += 6;

        if (n >= 8) {
            n -= 8;
            buf[(*len)++] = (unsigned char) (bits >> n);
        }
    }

    /* one letter alone is no byte, and a place has one cursor only */

    return n < 6 && (bits & ((1U << n) - 1)) == 0;
}


static bool
mdm_cursor_fits(const unsigned char *p, const unsigned char *last,
    const char *fields)
{
    const unsigned char  *end;

    if (!mdm_utf8_valid(p, last - p) || memchr(p, '\0', last - p) != NULL) {
        return false;
    }

    for ( /* void */ ; *fields != '\0'; fields++) {

        end = memchr(p, '\n', last - p);
        if (end == NULL) {
            end = last;
        }

        if ((end == last) != (fields[1] == '\0')) {
            return false;
        }

        if (*fields == 'i' && !mdm_cursor_is_number(p, end)) {
            return false;
        }

        p = end + (end < last);
    }

    return true;
}


static bool
mdm_cursor_is_number(const unsigned char *p, const unsigned char *last)
{
    if (p == last || last - p > MDM_CURSOR_DIGITS) {
        return false;
    }

    for ( /* void */ ; p < last; p++) {
        if (*p < '0' || *p > '9') {
            return false;
        }
    }

    return true;
}
