
/*
 * Judging the targets of a command by what is known of them.  Must never know
 * a command by name: what it demands of a device is the schema's to say.
 */


#include "ngx_mdm_api_gate.h"


/* columns of target_facts() */

enum {
    NGX_MDM_FACTS_OUTCOME = 0,
    NGX_MDM_FACTS_PLATFORM,
    NGX_MDM_FACTS_VERSION,
    NGX_MDM_FACTS_USER_CHANNEL,
    NGX_MDM_FACTS_USER_ENROLLMENT,
    NGX_MDM_FACTS_SHARED_IPAD,
    NGX_MDM_FACTS_SUPERVISED,
    NGX_MDM_FACTS_AUTOMATED,
    NGX_MDM_FACTS_USER_APPROVED,
    NGX_MDM_FACTS_NAME,
    NGX_MDM_FACTS_KNOWN,
    NGX_MDM_FACTS_PLACES
};


/* a row of the answer is judged as long as a body of so many bytes is read */
#define NGX_MDM_API_GATE_LABOUR    1024

/* sentences that are kept, and ids that an answer names */
#define NGX_MDM_API_GATE_MAX_ROWS  200
#define NGX_MDM_API_GATE_MAX_IDS   20000


typedef enum {
    NGX_MDM_API_GATE_AGAIN = 0,          /* named once more */
    NGX_MDM_API_GATE_ALLOWED,
    NGX_MDM_API_GATE_REFUSED,
    NGX_MDM_API_GATE_ABSENT              /* cannot get any command; and more:
                                            why, see the failures of asking */
} ngx_mdm_api_gate_fate_e;


/* Targets as a column of bytes has them. */

typedef struct ngx_mdm_api_gate_group_s  ngx_mdm_api_gate_group_t;

struct ngx_mdm_api_gate_group_s {
    ngx_str_t                  places;
    ngx_mdm_api_gate_group_t  *next;
};


struct ngx_mdm_api_gate_row_s {
    const mdm_finding_t       *finding;
    ngx_uint_t                 count;
    ngx_mdm_api_gate_group_t  *groups, **last;
    ngx_mdm_api_gate_row_t    *next;
};


static void ngx_mdm_api_gate_cleanup(void *data);
static void ngx_mdm_api_gate_absent(ngx_mdm_api_gate_t *gate, int row);
static void ngx_mdm_api_gate_group(ngx_mdm_api_gate_t *gate, int row);
static uint8_t ngx_mdm_api_gate_answer(const ngx_mdm_pg_rows_t *rows, int row,
    int column);
static void ngx_mdm_api_gate_value(ngx_mdm_api_gate_t *gate, int row);
static void ngx_mdm_api_gate_findings(ngx_mdm_api_gate_t *gate,
    const mdm_findings_t *findings, ngx_str_t places);
static ngx_mdm_api_gate_row_t *ngx_mdm_api_gate_row(ngx_mdm_api_gate_t *gate,
    const mdm_finding_t *finding);
static void ngx_mdm_api_gate_fate(ngx_mdm_api_gate_t *gate, ngx_str_t places,
    ngx_uint_t fate);
static void ngx_mdm_api_gate_keep_targets(ngx_mdm_api_gate_t *gate);
static ngx_uint_t ngx_mdm_api_gate_place(const ngx_mdm_api_gate_t *gate,
    ngx_str_t places, ngx_uint_t n);
static json_t *ngx_mdm_api_gate_finding(const mdm_finding_t *finding);
static json_t *ngx_mdm_api_gate_rows(const ngx_mdm_api_gate_t *gate,
    unsigned warning);
static json_t *ngx_mdm_api_gate_ids(const ngx_mdm_api_gate_t *gate,
    const ngx_mdm_api_gate_row_t *row, ngx_uint_t *left);
static json_t *ngx_mdm_api_gate_text(mdm_str_t text);
static json_t *ngx_mdm_api_gate_error(const char *code, mdm_str_t message,
    json_t *faults);


void
ngx_mdm_api_gate_ask(ngx_mdm_api_t *api, ngx_mdm_api_gate_t *gate,
    mdm_check_t *check, ngx_mdm_api_targets_t *targets,
    ngx_mdm_pg_handler_pt handler)
{
    ngx_uint_t           i;
    ngx_pool_cleanup_t  *cln;
    ngx_mdm_pg_value_t   names[MDM_VALUES_MAX_NAMES];

    gate->arena = &api->arena;
    gate->check = check;
    gate->targets = targets;
    gate->policies = api->tenant->policies;
    gate->n = targets->n;
    gate->all = ngx_palloc(api->pool, gate->n * sizeof(ngx_str_t));
    gate->fates = ngx_pcalloc(api->pool, gate->n);
    cln = ngx_pool_cleanup_add(api->pool, 0);

    for (i = 0; i < check->values.n; i++) {
        ngx_mdm_set_str(&names[i], check->values.names[i]);
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);

    if (gate->all == NULL || gate->fates == NULL || cln == NULL
        || ngx_mdm_pg_set_array(&api->call.params[3], api->pool, 't', names,
                                check->values.n)
           != NGX_OK)
    {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ngx_memcpy(gate->all, targets->ids, gate->n * sizeof(ngx_str_t));
    cln->handler = ngx_mdm_api_gate_cleanup;
    cln->data = gate;

    if (ngx_mdm_api_targets_params(api, targets, 1) == NGX_OK) {
        ngx_mdm_api_call(api, NGX_MDM_SQL_TARGET_FACTS, handler);
    }
}


static void
ngx_mdm_api_gate_cleanup(void *data)
{
    ngx_mdm_api_gate_t *gate = data;

    ngx_mdm_pg_rows_let_go(&gate->facts);
}


size_t
ngx_mdm_api_gate_keep(ngx_mdm_api_gate_t *gate, const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_pg_rows_keep(&gate->facts, rows);

    return rows->count * NGX_MDM_API_GATE_LABOUR
           + PQresultMemorySize(rows->result);
}


void
ngx_mdm_api_gate_judge(ngx_mdm_api_gate_t *gate)
{
    int        row;
    ngx_str_t  outcome;

    for (row = 0; row < gate->facts.count; row++) {
        outcome = ngx_mdm_pg_text(&gate->facts, row, NGX_MDM_FACTS_OUTCOME);

        if (ngx_mdm_api_is(outcome, "live")) {
            ngx_mdm_api_gate_group(gate, row);

        } else if (ngx_mdm_api_is(outcome, "value")) {
            ngx_mdm_api_gate_value(gate, row);

        } else if (!ngx_mdm_api_is(outcome, "again")) {
            ngx_mdm_api_gate_absent(gate, row);
        }
    }

    ngx_mdm_api_gate_keep_targets(gate);
}


static void
ngx_mdm_api_gate_absent(ngx_mdm_api_gate_t *gate, int row)
{
    ngx_str_t   outcome;
    ngx_uint_t  why;

    outcome = ngx_mdm_pg_text(&gate->facts, row, NGX_MDM_FACTS_OUTCOME);
    why = ngx_mdm_api_ask_failure(outcome) - ngx_mdm_api_ask_failures;

    ngx_mdm_api_gate_fate(gate, ngx_mdm_pg_text(&gate->facts, row,
                                                NGX_MDM_FACTS_PLACES),
                          NGX_MDM_API_GATE_ABSENT + why);
}


/* Some of whom the same is known. */

static void
ngx_mdm_api_gate_group(ngx_mdm_api_gate_t *gate, int row)
{
    ngx_str_t           places, text;
    mdm_facts_t         facts;
    mdm_findings_t      findings;
    ngx_mdm_pg_rows_t  *rows;

    rows = &gate->facts;
    places = ngx_mdm_pg_text(rows, row, NGX_MDM_FACTS_PLACES);

    text = ngx_mdm_pg_text(rows, row, NGX_MDM_FACTS_PLATFORM);
    facts.platform = mdm_platform(ngx_mdm_to_str(text));
    text = ngx_mdm_pg_text(rows, row, NGX_MDM_FACTS_VERSION);
    facts.version = mdm_version(ngx_mdm_to_str(text));
    facts.user_channel = ngx_mdm_pg_bool(rows, row,
                                         NGX_MDM_FACTS_USER_CHANNEL);
    facts.user_enrollment = ngx_mdm_pg_bool(rows, row,
                                            NGX_MDM_FACTS_USER_ENROLLMENT);
    facts.shared_ipad = ngx_mdm_api_gate_answer(rows, row,
                                                NGX_MDM_FACTS_SHARED_IPAD);
    facts.supervised = ngx_mdm_api_gate_answer(rows, row,
                                               NGX_MDM_FACTS_SUPERVISED);
    facts.automated = ngx_mdm_api_gate_answer(rows, row,
                                              NGX_MDM_FACTS_AUTOMATED);
    facts.user_approved = ngx_mdm_api_gate_answer(rows, row,
                                                  NGX_MDM_FACTS_USER_APPROVED);
    facts.access_rights = gate->policies.access_rights;

    ngx_memzero(&findings, sizeof(mdm_findings_t));
    findings.arena = gate->arena;

    mdm_schema_gate(gate->check->demands, &facts, gate->policies.demand_facts,
                    &findings);

    ngx_mdm_api_gate_fate(gate, places,
                          findings.faults != 0 ? NGX_MDM_API_GATE_REFUSED
                                               : NGX_MDM_API_GATE_ALLOWED);
    ngx_mdm_api_gate_findings(gate, &findings, places);
}


static uint8_t
ngx_mdm_api_gate_answer(const ngx_mdm_pg_rows_t *rows, int row, int column)
{
    if (ngx_mdm_pg_is_null(rows, row, column)) {
        return MDM_UNSAID;
    }

    return ngx_mdm_pg_bool(rows, row, column) ? MDM_YES : MDM_NO;
}


/* Those who lack a per-device value. */

static void
ngx_mdm_api_gate_value(ngx_mdm_api_gate_t *gate, int row)
{
    ngx_str_t        name, places;
    ngx_uint_t       known;
    mdm_findings_t   findings;
    ngx_mdm_pg_rows_t  *rows;

    rows = &gate->facts;
    name = ngx_mdm_pg_text(rows, row, NGX_MDM_FACTS_NAME);
    places = ngx_mdm_pg_text(rows, row, NGX_MDM_FACTS_PLACES);
    known = ngx_mdm_pg_bool(rows, row, NGX_MDM_FACTS_KNOWN)
            || mdm_schema_answers(gate->check->schema, ngx_mdm_to_str(name));

    if (!known) {
        mdm_finding(gate->check->findings, false, "value", mdm_str(""),
                    ngx_mdm_to_str(name),
                    "no enrolment has a value \"%.*s\": give it one, or write "
                    "\"%%%%%.*s%%%%\" for the text \"%%%.*s%%\"",
                    (int) name.len, name.data, (int) name.len, name.data,
                    (int) name.len, name.data);
        return;
    }

    if (places.len == 0) {
        return;
    }

    ngx_memzero(&findings, sizeof(mdm_findings_t));
    findings.arena = gate->arena;

    mdm_finding(&findings, !gate->policies.demand_facts, "unknown_fact",
                mdm_str(""), mdm_null_str, "\"%.*s\" is not known",
                (int) name.len, name.data);

    if (findings.faults != 0) {
        ngx_mdm_api_gate_fate(gate, places, NGX_MDM_API_GATE_REFUSED);
    }

    ngx_mdm_api_gate_findings(gate, &findings, places);
}


/* Adds them to the sentences that are the same. */

static void
ngx_mdm_api_gate_findings(ngx_mdm_api_gate_t *gate,
    const mdm_findings_t *findings, ngx_str_t places)
{
    const mdm_finding_t       *finding;
    ngx_mdm_api_gate_row_t    *row;
    ngx_mdm_api_gate_group_t  *group;

    gate->no_memory |= findings->no_memory;

    for (finding = findings->first; finding; finding = finding->next) {
        row = ngx_mdm_api_gate_row(gate, finding);

        if (row == NULL) {
            continue;
        }

        group = mdm_arena_zalloc(gate->arena, sizeof(*group));
        if (group == NULL) {
            gate->no_memory = 1;
            return;
        }

        group->places = places;
        row->count += places.len / 4;
        *row->last = group;
        row->last = &group->next;
    }
}


static ngx_mdm_api_gate_row_t *
ngx_mdm_api_gate_row(ngx_mdm_api_gate_t *gate, const mdm_finding_t *finding)
{
    ngx_mdm_api_gate_row_t  *row;

    for (row = gate->first; row; row = row->next) {
        if (mdm_str_eq(row->finding->rule, finding->rule)
            && mdm_str_eq(row->finding->path, finding->path)
            && row->finding->warning == finding->warning)
        {
            return row;
        }
    }

    if (gate->nrows == NGX_MDM_API_GATE_MAX_ROWS) {
        return NULL;
    }

    row = mdm_arena_zalloc(gate->arena, sizeof(ngx_mdm_api_gate_row_t));
    if (row == NULL) {
        gate->no_memory = 1;
        return NULL;
    }

    row->finding = finding;
    row->last = &row->groups;
    gate->nrows++;

    if (gate->first == NULL) {
        gate->first = row;
    } else {
        gate->last->next = row;
    }

    gate->last = row;

    return row;
}


static void
ngx_mdm_api_gate_fate(ngx_mdm_api_gate_t *gate, ngx_str_t places,
    ngx_uint_t fate)
{
    ngx_uint_t  i;

    for (i = 0; i < places.len / 4; i++) {
        gate->fates[ngx_mdm_api_gate_place(gate, places, i)] = (u_char) fate;
    }
}


/* Who is absent stays: why, is said of him when the command is queued. */

static void
ngx_mdm_api_gate_keep_targets(ngx_mdm_api_gate_t *gate)
{
    ngx_uint_t              i, n;
    ngx_mdm_api_targets_t  *targets;

    targets = gate->targets;

    for (i = 0, n = 0; i < gate->n; i++) {
        gate->allowed += gate->fates[i] == NGX_MDM_API_GATE_ALLOWED;
        gate->refused += gate->fates[i] == NGX_MDM_API_GATE_REFUSED;

        if (gate->fates[i] == NGX_MDM_API_GATE_AGAIN
            || gate->fates[i] == NGX_MDM_API_GATE_REFUSED)
        {
            continue;
        }

        targets->ids[n] = targets->ids[i];
        targets->devices[n] = targets->devices[i];
        targets->users[n] = targets->users[i];
        n++;
    }

    targets->n = n;
}


static ngx_uint_t
ngx_mdm_api_gate_place(const ngx_mdm_api_gate_t *gate, ngx_str_t places,
    ngx_uint_t n)
{
    u_char      *p;
    ngx_uint_t   place;

    p = places.data + 4 * n;
    place = (ngx_uint_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];

    return place - 1 < gate->n ? place - 1 : 0;
}


json_t *
ngx_mdm_api_gate_warnings(const ngx_mdm_api_gate_t *gate)
{
    json_t               *warnings, *rows;
    const mdm_finding_t  *finding;

    warnings = json_array();

    for (finding = gate->check->findings->first; finding;
         finding = finding->next)
    {
        if (finding->warning) {
            json_array_append_new(warnings, ngx_mdm_api_gate_finding(finding));
        }
    }

    rows = ngx_mdm_api_gate_rows(gate, 1);
    json_array_extend(warnings, rows);
    json_decref(rows);

    return warnings;
}


json_t *
ngx_mdm_api_gate_refused(const ngx_mdm_api_gate_t *gate)
{
    return ngx_mdm_api_gate_rows(gate, 0);
}


static json_t *
ngx_mdm_api_gate_finding(const mdm_finding_t *finding)
{
    return json_pack("{s:s, s:o, s:o}", "code", finding->code,
                     "path", ngx_mdm_api_gate_text(finding->path),
                     "rule", ngx_mdm_api_gate_text(finding->rule));
}


static json_t *
ngx_mdm_api_gate_rows(const ngx_mdm_api_gate_t *gate, unsigned warning)
{
    json_t                        *rows, *said;
    ngx_uint_t                     left;
    const ngx_mdm_api_gate_row_t  *row;

    rows = json_array();
    left = NGX_MDM_API_GATE_MAX_IDS;

    for (row = gate->first; row; row = row->next) {

        if (row->finding->warning != warning) {
            continue;
        }

        said = ngx_mdm_api_gate_finding(row->finding);
        json_object_set_new(said, "count", json_integer(row->count));
        json_object_set_new(said, "enrollments",
                            ngx_mdm_api_gate_ids(gate, row, &left));
        json_array_append_new(rows, said);
    }

    return rows;
}


static json_t *
ngx_mdm_api_gate_ids(const ngx_mdm_api_gate_t *gate,
    const ngx_mdm_api_gate_row_t *row, ngx_uint_t *left)
{
    json_t                          *ids;
    ngx_str_t                       *id;
    ngx_uint_t                       i;
    const ngx_mdm_api_gate_group_t  *group;

    ids = json_array();

    for (group = row->groups; group; group = group->next) {

        for (i = 0; i < group->places.len / 4 && *left != 0; i++) {
            id = &gate->all[ngx_mdm_api_gate_place(gate, group->places, i)];
            json_array_append_new(ids,
                                  json_stringn((char *) id->data, id->len));
            (*left)--;
        }
    }

    return ids;
}


json_t *
ngx_mdm_api_gate_failed(const ngx_mdm_api_gate_t *gate)
{
    json_t                           *failed;
    ngx_uint_t                        i;
    const ngx_mdm_api_ask_failure_t  *failure;

    failed = json_array();

    for (i = 0; i < gate->n; i++) {

        if (gate->fates[i] < NGX_MDM_API_GATE_ABSENT) {
            continue;
        }

        failure = &ngx_mdm_api_ask_failures[gate->fates[i]
                                            - NGX_MDM_API_GATE_ABSENT];

        json_array_append_new(failed,
                              json_pack("{s:s%, s:s, s:s}", "enrollment",
                                        gate->all[i].data, gate->all[i].len,
                                        "code", failure->code,
                                        "message", failure->text));
    }

    return failed;
}


json_t *
ngx_mdm_api_gate_invalid(const mdm_findings_t *findings, const char *code)
{
    char                  message[80];
    json_t               *answer, *faults, *warnings, *item;
    mdm_str_t             text;
    const mdm_finding_t  *finding;

    faults = json_array();
    warnings = json_array();

    for (finding = findings->first; finding; finding = finding->next) {
        item = ngx_mdm_api_gate_finding(finding);

        if (mdm_str_is_set(finding->found)) {
            json_object_set_new(item, "found",
                                ngx_mdm_api_gate_text(finding->found));
        }

        if (finding->warning) {
            json_array_append_new(warnings, item);
            continue;
        }

        json_object_del(item, "code");
        json_array_append_new(faults, item);
    }

    text.len = snprintf(message, sizeof(message), "%zu fault%s: see "
                        "\"faults\"", findings->faults,
                        findings->faults == 1 ? "" : "s");
    text.data = (u_char *) message;

    answer = ngx_mdm_api_gate_error(code, text, faults);

    /* a key that is missing may be there with a slip in its name */

    if (json_array_size(warnings) != 0) {
        json_object_set(json_object_get(answer, "error"), "warnings",
                        warnings);
    }

    json_decref(warnings);

    return answer;
}


json_t *
ngx_mdm_api_gate_unavailable(const ngx_mdm_api_gate_t *gate)
{
    json_t                        *faults;
    mdm_str_t                      message;
    const ngx_mdm_api_gate_row_t  *row;

    faults = json_array();
    message = mdm_null_str;

    for (row = gate->first; row; row = row->next) {

        if (row->finding->warning) {
            continue;
        }

        if (!mdm_str_is_set(message)) {
            message = row->finding->rule;
        }

        json_array_append_new(faults,
                              json_pack("{s:o, s:o}", "path",
                                  ngx_mdm_api_gate_text(row->finding->path),
                                  "rule",
                                  ngx_mdm_api_gate_text(row->finding->rule)));
    }

    return ngx_mdm_api_gate_error("not_available", message, faults);
}


/* A text that was cut may end within a character. */

static json_t *
ngx_mdm_api_gate_text(mdm_str_t text)
{
    if (!mdm_utf8_valid(text.data, text.len)) {
        return json_string("?");
    }

    return json_stringn((char *) text.data, text.len);
}


static json_t *
ngx_mdm_api_gate_error(const char *code, mdm_str_t message, json_t *faults)
{
    return json_pack("{s:{s:s, s:o, s:o}}", "error", "code", code, "message",
                     ngx_mdm_api_gate_text(message), "faults", faults);
}
