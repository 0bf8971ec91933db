
/*
 * What a check has to say: faults and warnings, all of them counted and a
 * bounded number kept.  Must never quote more of a value than a line has room
 * for.
 */


#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mdm_schema_internal.h"


#define MDM_FINDING_RULE    512
#define MDM_FINDING_FOUND   100


static void mdm_finding_repair(char *rule, size_t len);


void
mdm_finding(mdm_findings_t *findings, bool warning, const char *code,
    mdm_str_t path, mdm_str_t found, const char *fmt, ...)
{
    int             len;
    char            rule[MDM_FINDING_RULE];
    size_t         *count;
    va_list         args;
    mdm_str_t       said;
    mdm_finding_t  *finding;

    count = warning ? &findings->warnings : &findings->faults;

    if (++*count > MDM_FINDINGS_MAX) {
        return;
    }

    va_start(args, fmt);
    len = vsnprintf(rule, sizeof(rule), fmt, args);
    va_end(args);

    finding = mdm_arena_zalloc(findings->arena, sizeof(mdm_finding_t));
    if (finding == NULL) {
        findings->no_memory = true;
        return;
    }

    said.data = (unsigned char *) rule;
    said.len = len < 0 ? 0 : (size_t) len < sizeof(rule)
                             ? (size_t) len : sizeof(rule) - 1;
    said = mdm_schema_cut(said, sizeof(rule) - 5);
    mdm_finding_repair(rule, said.len);

    finding->rule = mdm_arena_str(findings->arena, said.data, said.len);

    finding->path = mdm_arena_str(findings->arena, path.data ? path.data
                                      : (const unsigned char *) "", path.len);

    found = mdm_schema_cut(found, MDM_FINDING_FOUND);
    finding->found = mdm_arena_str(findings->arena, found.data, found.len);
    finding->code = code;
    finding->warning = warning;

    if (!mdm_str_is_set(finding->rule) || !mdm_str_is_set(finding->path)
        || (mdm_str_is_set(found) && !mdm_str_is_set(finding->found)))
    {
        findings->no_memory = true;
        return;
    }

    if (findings->last) {
        findings->last->next = finding;

    } else {
        findings->first = finding;
    }

    findings->last = finding;
}


/* What a sentence quotes may have been cut within a character. */

static void
mdm_finding_repair(char *rule, size_t len)
{
    size_t  i;

    if (mdm_utf8_valid((unsigned char *) rule, len)) {
        return;
    }

    for (i = 0; i < len; i++) {
        if ((unsigned char) rule[i] >= 0x80) {
            rule[i] = '?';
        }
    }
}


/* At most `max` bytes, and whole characters. */

mdm_str_t
mdm_schema_cut(mdm_str_t text, size_t max)
{
    size_t  len;

    if (text.len <= max) {
        return text;
    }

    len = max;

    while (len > 0 && (text.data[len] & 0xc0) == 0x80) {
        len--;
    }

    text.len = len;

    return text;
}
