
/*
 * Cursors: the first byte chooses the list, the rest is what a client sends.
 * A place in a list has one cursor only, and what is accepted is what
 * PostgreSQL takes.
 */


#include "fuzz.h"
#include "message/mdm_cursor.h"


static const mdm_cursor_list_t  fuzz_lists[] = {
    { "events", "iii" },
    { "enrollments", "ttt" },
    { "queue", "iiit" },
    { "history", "it" },
    { "", "i" },
    { "mixed", "tit" }
};


static mdm_str_t
fuzz_write(const mdm_cursor_list_t *list, mdm_str_t fields)
{
    size_t          size;
    unsigned char  *p;

    size = mdm_cursor_size(list, fields.len);
    p = malloc(size);
    fuzz_expect(p != NULL);
    fuzz_expect(mdm_cursor_write(list, fields, p) == p + size);

    return (mdm_str_t) { size, p };
}


static void
fuzz_check_fields(const mdm_cursor_list_t *list, mdm_str_t fields)
{
    size_t  i, lines;

    fuzz_expect(mdm_utf8_valid(fields.data, fields.len));

    for (i = 0, lines = 1; i < fields.len; i++) {
        fuzz_expect(fields.data[i] != '\0');
        lines += (fields.data[i] == '\n');
    }

    fuzz_expect(lines == strlen(list->fields));
}


static void
fuzz_read(const mdm_cursor_list_t *list, mdm_str_t cursor)
{
    mdm_rc_e        rc;
    mdm_str_t       fields, again;
    unsigned char  *buf;

    buf = malloc(cursor.len + (cursor.len == 0));
    fuzz_expect(buf != NULL);

    rc = mdm_cursor_read(list, cursor, buf, &fields);

    if (rc == MDM_OK) {
        fuzz_check_fields(list, fields);

        again = fuzz_write(list, fields);
        fuzz_expect(mdm_str_eq(again, cursor));
        free((void *) again.data);
    }

    free(buf);
}


/* Fields as SQL gives them; what is no such field is not read again. */

static void
fuzz_fields(const mdm_cursor_list_t *list, mdm_str_t fields)
{
    mdm_str_t  cursor;

    cursor = fuzz_write(list, fields);
    fuzz_read(list, cursor);
    free((void *) cursor.data);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_str_t                 rest;
    const mdm_cursor_list_t  *list;

    if (size == 0) {
        return 0;
    }

    list = &fuzz_lists[data[0] % (sizeof(fuzz_lists) / sizeof(fuzz_lists[0]))];
    rest = fuzz_input(data + 1, size - 1);

    fuzz_read(list, rest);
    fuzz_fields(list, rest);

    return 0;
}
