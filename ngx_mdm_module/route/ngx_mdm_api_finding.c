
/*
 * What a check warns of, as the API tells it beside an answer.
 */


#include "ngx_mdm_api.h"


static void ngx_mdm_api_finding_set(json_t *object, const char *name,
    mdm_str_t value);


/* In a thread, too. */

json_t *
ngx_mdm_api_warnings(const mdm_findings_t *findings)
{
    json_t         *rows, *row;
    mdm_finding_t  *finding;

    rows = json_array();

    for (finding = findings->first; finding; finding = finding->next) {

        if (!finding->warning) {
            continue;
        }

        row = json_object();

        json_object_set_new(row, "code", json_string(finding->code));
        ngx_mdm_api_finding_set(row, "path", finding->path);
        ngx_mdm_api_finding_set(row, "rule", finding->rule);
        ngx_mdm_api_finding_set(row, "found", finding->found);

        json_array_append_new(rows, row);
    }

    return rows;
}


/* What was cut within a character is told without it. */

static void
ngx_mdm_api_finding_set(json_t *object, const char *name, mdm_str_t value)
{
    if (!mdm_str_is_set(value)) {
        return;
    }

    while (!mdm_utf8_valid(value.data, value.len)) {
        value.len--;
    }

    json_object_set_new(object, name, json_stringn((char *) value.data,
                                                   value.len));
}
