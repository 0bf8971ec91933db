
/*
 * A tree as an XML property list.  The bytes are counted first and written
 * then, into one piece of the arena.  Must never write what mdm_plist_scan()
 * would refuse by form.
 */


#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mdm_node.h"
#include "mdm_time.h"


#define MDM_NODE_HEADER                                                       \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                            \
    "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\""                  \
    " \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"                  \
    "<plist version=\"1.0\">\n"

#define mdm_node_put_c(w, literal)                                            \
    mdm_node_put(w, literal, sizeof(literal) - 1)


typedef struct {
    unsigned char        *data;          /* NULL: counts */
    size_t                len;
    unsigned              depth;
} mdm_node_writer_t;


static mdm_rc_e mdm_node_put_value(mdm_node_writer_t *w,
    const mdm_node_t *node);
static mdm_rc_e mdm_node_put_scalar(mdm_node_writer_t *w,
    const mdm_node_t *node);
static mdm_rc_e mdm_node_put_list(mdm_node_writer_t *w,
    const mdm_node_t *node);
static mdm_rc_e mdm_node_put_text(mdm_node_writer_t *w, const char *element,
    mdm_str_t text);
static void mdm_node_put_data(mdm_node_writer_t *w, mdm_str_t data);
static void mdm_node_put_indent(mdm_node_writer_t *w);
static void mdm_node_put(mdm_node_writer_t *w, const void *data, size_t len);
static void mdm_node_base64(const unsigned char *p, size_t len, char *group);


mdm_rc_e
mdm_node_write(mdm_arena_t *arena, const mdm_node_t *node, mdm_str_t *xml)
{
    unsigned           pass;
    mdm_rc_e           rc;
    mdm_node_writer_t  w;

    *xml = mdm_null_str;
    w.data = NULL;

    for (pass = 0; pass < 2; pass++) {
        w.len = 0;
        w.depth = 0;

        mdm_node_put_c(&w, MDM_NODE_HEADER);

        rc = mdm_node_put_value(&w, node);
        if (rc != MDM_OK) {
            return rc;
        }

        mdm_node_put_c(&w, "</plist>\n");

        if (pass == 0) {
            w.data = mdm_arena_alloc(arena, w.len + 1);
            if (w.data == NULL) {
                return MDM_NO_MEMORY;
            }
        }
    }

    w.data[w.len] = '\0';
    *xml = (mdm_str_t) { w.len, w.data };

    return MDM_OK;
}


static mdm_rc_e
mdm_node_put_value(mdm_node_writer_t *w, const mdm_node_t *node)
{
    mdm_rc_e  rc;

    mdm_node_put_indent(w);

    rc = (node->type == MDM_ARRAY || node->type == MDM_DICTIONARY)
         ? mdm_node_put_list(w, node)
         : mdm_node_put_scalar(w, node);

    mdm_node_put_c(w, "\n");

    return rc;
}


static mdm_rc_e
mdm_node_put_scalar(mdm_node_writer_t *w, const mdm_node_t *node)
{
    int   len;
    char  text[64], real[MDM_NODE_REAL_SIZE], date[MDM_TIME_SIZE];

    switch (node->type) {

    case MDM_STRING:
        return mdm_node_put_text(w, "string", node->u.text);

    case MDM_DATA:
        mdm_node_put_data(w, node->u.text);
        return MDM_OK;

    case MDM_BOOLEAN:
        len = snprintf(text, sizeof(text), "<%s/>",
                       node->u.boolean ? "true" : "false");
        break;

    case MDM_INTEGER:
        len = snprintf(text, sizeof(text), "<integer>%lld</integer>",
                       (long long) node->u.integer);
        break;

    case MDM_REAL:
        if (!isfinite(node->u.real)) {
            return MDM_MALFORMED;
        }

        mdm_node_real_text(node->u.real, real);
        len = snprintf(text, sizeof(text), "<real>%s</real>", real);
        break;

    case MDM_DATE:
        if (mdm_time_write(node->u.date, date) != MDM_OK) {
            return MDM_MALFORMED;
        }

        len = snprintf(text, sizeof(text), "<date>%s</date>", date);
        break;

    default:
        return MDM_MALFORMED;
    }

    mdm_node_put(w, text, len);

    return MDM_OK;
}


static mdm_rc_e
mdm_node_put_list(mdm_node_writer_t *w, const mdm_node_t *node)
{
    bool               dict;
    mdm_rc_e           rc;
    const mdm_node_t  *item;

    dict = (node->type == MDM_DICTIONARY);

    if (w->depth == MDM_NODE_MAX_DEPTH
        || (dict && node->count > MDM_NODE_MAX_MEMBERS))
    {
        return MDM_TOO_LARGE;
    }

    if (node->u.list.first == NULL) {
        mdm_node_put(w, dict ? "<dict/>" : "<array/>", dict ? 7 : 8);
        return MDM_OK;
    }

    mdm_node_put(w, dict ? "<dict>\n" : "<array>\n", dict ? 7 : 8);
    w->depth++;

    for (item = node->u.list.first; item; item = item->next) {

        if (dict) {
            mdm_node_put_indent(w);

            rc = mdm_node_put_text(w, "key", item->name);
            if (rc != MDM_OK) {
                return rc;
            }

            mdm_node_put_c(w, "\n");
        }

        rc = mdm_node_put_value(w, item);
        if (rc != MDM_OK) {
            return rc;
        }
    }

    w->depth--;
    mdm_node_put_indent(w);
    mdm_node_put(w, dict ? "</dict>" : "</array>", dict ? 7 : 8);

    return MDM_OK;
}


/* A carriage return would be read as a line feed. */

static mdm_rc_e
mdm_node_put_text(mdm_node_writer_t *w, const char *element, mdm_str_t text)
{
    size_t       i, from;
    const char  *entity;

    if (!mdm_node_is_text(text)) {
        return MDM_MALFORMED;
    }

    mdm_node_put_c(w, "<");
    mdm_node_put(w, element, strlen(element));
    mdm_node_put_c(w, ">");

    for (i = 0, from = 0; i < text.len; i++) {

        switch (text.data[i]) {

        case '&':
            entity = "&amp;";
            break;

        case '<':
            entity = "&lt;";
            break;

        case '>':
            entity = "&gt;";
            break;

        case '\r':
            entity = "&#13;";
            break;

        default:
            continue;
        }

        mdm_node_put(w, text.data + from, i - from);
        mdm_node_put(w, entity, strlen(entity));
        from = i + 1;
    }

    mdm_node_put(w, text.data + from, text.len - from);
    mdm_node_put_c(w, "</");
    mdm_node_put(w, element, strlen(element));
    mdm_node_put_c(w, ">");

    return MDM_OK;
}


static void
mdm_node_put_data(mdm_node_writer_t *w, mdm_str_t data)
{
    char    group[4];
    size_t  i, len;

    mdm_node_put_c(w, "<data>");

    if (w->data == NULL) {
        w->len += (data.len + 2) / 3 * 4;

    } else {
        for (i = 0; i < data.len; i += 3) {
            len = data.len - i;
            mdm_node_base64(data.data + i, len < 3 ? len : 3, group);
            mdm_node_put(w, group, 4);
        }
    }

    mdm_node_put_c(w, "</data>");
}


static void
mdm_node_put_indent(mdm_node_writer_t *w)
{
    unsigned  i;

    for (i = 0; i < w->depth; i++) {
        mdm_node_put_c(w, "\t");
    }
}


static void
mdm_node_put(mdm_node_writer_t *w, const void *data, size_t len)
{
    if (w->data && len) {
        memcpy(w->data + w->len, data, len);
    }

    w->len += len;
}


mdm_str_t
mdm_node_encode_data(mdm_arena_t *arena, mdm_str_t data)
{
    char    *text;
    size_t   i, len;

    text = mdm_arena_alloc(arena, (data.len + 2) / 3 * 4 + 1);
    if (text == NULL) {
        return mdm_null_str;
    }

    for (i = 0, len = 0; i < data.len; i += 3, len += 4) {
        mdm_node_base64(data.data + i, data.len - i < 3 ? data.len - i : 3,
                        text + len);
    }

    text[len] = '\0';

    return (mdm_str_t) { len, (const unsigned char *) text };
}


/* One to three bytes become four characters. */

static void
mdm_node_base64(const unsigned char *p, size_t len, char *group)
{
    uint32_t  bits;

    static const char  digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    bits = (uint32_t) p[0] << 16
           | (len > 1 ? (uint32_t) p[1] << 8 : 0)
           | (len > 2 ? p[2] : 0);

    group[0] = digits[bits >> 18];
    group[1] = digits[bits >> 12 & 0x3f];
    group[2] = len > 1 ? digits[bits >> 6 & 0x3f] : '=';
    group[3] = len > 2 ? digits[bits & 0x3f] : '=';
}


mdm_str_t
mdm_node_encode_date(mdm_arena_t *arena, int64_t date)
{
    char  text[MDM_TIME_SIZE];

    if (mdm_time_write(date, text) != MDM_OK) {
        return mdm_null_str;
    }

    return mdm_arena_str(arena, text, strlen(text));
}
