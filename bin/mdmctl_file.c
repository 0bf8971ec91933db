
/* Files, and strings that the arena keeps.  Knows no database. */


#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>

#include "mdmctl.h"


static int mdmctl_name_cmp(const void *one, const void *two);


int
mdmctl_read_file(mdm_arena_t *arena, const char *name, size_t limit,
    mdm_str_t *text)
{
    FILE           *file;
    size_t          n;
    unsigned char  *data;

    file = fopen(name, "rb");
    if (file == NULL) {
        return mdmctl_error("cannot open \"%s\": %s", name, strerror(errno));
    }

    data = mdm_arena_alloc(arena, limit + 1);
    if (data == NULL) {
        fclose(file);
        return mdmctl_error("out of memory");
    }

    n = fread(data, 1, limit + 1, file);

    if (ferror(file)) {
        fclose(file);
        return mdmctl_error("cannot read \"%s\": %s", name, strerror(errno));
    }

    fclose(file);

    if (n > limit) {
        return mdmctl_error("\"%s\" is larger than %zu bytes", name, limit);
    }

    data[n] = '\0';
    text->data = data;
    text->len = n;

    return MDMCTL_OK;
}


int
mdmctl_write_file(const char *name, mdm_str_t text)
{
    bool   ok;
    FILE  *file;

    if (name == NULL || strcmp(name, "-") == 0) {
        fwrite(text.data, 1, text.len, stdout);
        return MDMCTL_OK;
    }

    file = fopen(name, "wb");
    if (file == NULL) {
        return mdmctl_error("cannot write \"%s\": %s", name,
                            strerror(errno));
    }

    ok = fwrite(text.data, 1, text.len, file) == text.len;
    ok = fclose(file) == 0 && ok;

    return ok ? MDMCTL_OK
           : mdmctl_error("cannot write \"%s\": %s", name, strerror(errno));
}


int
mdmctl_list_dir(mdm_arena_t *arena, const char *dir, const char *pattern,
    char ***names, unsigned *n)
{
    DIR            *d;
    struct dirent  *entry;

    *n = 0;
    *names = mdm_arena_alloc(arena, MDMCTL_MAX_WORDS * sizeof(char *));

    d = opendir(dir);
    if (d == NULL) {
        return mdmctl_error("cannot open the directory \"%s\": %s", dir,
                            strerror(errno));
    }

    while (*names != NULL && *n < MDMCTL_MAX_WORDS
           && (entry = readdir(d)) != NULL)
    {
        if (fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0) {
            (*names)[(*n)++] = mdmctl_printf(arena, "%s", entry->d_name);
        }
    }

    closedir(d);

    if (*names == NULL) {
        return mdmctl_error("out of memory");
    }

    qsort(*names, *n, sizeof(char *), mdmctl_name_cmp);

    return MDMCTL_OK;
}


static int
mdmctl_name_cmp(const void *one, const void *two)
{
    return strcmp(*(char *const *) one, *(char *const *) two);
}


/* Ends the program when memory is gone: nothing is half done then, for every
 * change is in a transaction. */

char *
mdmctl_printf(mdm_arena_t *arena, const char *fmt, ...)
{
    int       len;
    char     *text;
    va_list   args;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);

    text = mdm_arena_alloc(arena, (size_t) len + 1);

    if (text == NULL) {
        mdmctl_error("out of memory");
        exit(MDMCTL_FAILED);
    }

    va_start(args, fmt);
    vsnprintf(text, (size_t) len + 1, fmt, args);
    va_end(args);

    return text;
}


char *
mdmctl_hex(mdm_arena_t *arena, mdm_str_t bytes)
{
    char               *text, *p;
    size_t              i;
    static const char   digits[] = "0123456789abcdef";

    text = mdm_arena_alloc(arena, 2 * bytes.len + 1);

    if (text == NULL) {
        mdmctl_error("out of memory");
        exit(MDMCTL_FAILED);
    }

    p = text;

    for (i = 0; i < bytes.len; i++) {
        *p++ = digits[bytes.data[i] >> 4];
        *p++ = digits[bytes.data[i] & 0xf];
    }

    *p = '\0';

    return text;
}
