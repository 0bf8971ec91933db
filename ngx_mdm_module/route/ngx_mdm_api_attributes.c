
/*
 * Attributes that an operator gives an enrolment, for what no device says of
 * itself: a user's mail address, a number on the case.
 */


#include "ngx_mdm_api.h"
#include "../message/mdm_time.h"
#include "../schema/mdm_effects.h"


#define NGX_MDM_API_ATTRIBUTES_MOST  100

/* as many digits as a number written with so many keeps: 0.1 stays 0.1 */
#define NGX_MDM_API_DIGITS           15


static void ngx_mdm_api_attributes_read(void *data);
static void ngx_mdm_api_attributes_ready(void *data);
static const char *ngx_mdm_api_attribute_rule(const char *name,
    const json_t *value);
static ngx_uint_t ngx_mdm_api_attribute_name(const char *name);
static const char *ngx_mdm_api_attribute_text(const json_t *value);
static const char *ngx_mdm_api_attribute_time(const json_t *value);
static void ngx_mdm_api_attributes_given(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_attributes_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);


void
ngx_mdm_api_attributes(ngx_mdm_api_t *api)
{
    size_t      n;
    mdm_str_t   device_id, user_id;
    mdm_str_t  *text;

    if (ngx_mdm_api_channel(api, 3, &device_id, &user_id) != NGX_OK) {
        return;
    }

    n = json_object_size(api->json);

    if (n < 1 || n > NGX_MDM_API_ATTRIBUTES_MOST) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_body",
                          "the body has %d attributes at most, and at least "
                          "one", NGX_MDM_API_ATTRIBUTES_MOST);
        return;
    }

    text = ngx_pcalloc(api->pool, sizeof(mdm_str_t));
    if (text == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    api->ctx = text;
    ngx_mdm_api_work(api, api->body.len, ngx_mdm_api_attributes_read,
                     ngx_mdm_api_attributes_ready);
}


/* Checks them and writes them down for SQL: in a thread when they are large,
 * so memory comes from the arena. */

static void
ngx_mdm_api_attributes_read(void *data)
{
    ngx_mdm_api_t *api = data;

    char        *text;
    json_t      *value;
    mdm_str_t   *kept;
    const char  *name, *rule;

    kept = api->ctx;

    json_object_foreach(api->json, name, value) {
        rule = ngx_mdm_api_attribute_rule(name, value);

        if (rule != NULL) {
            ngx_mdm_api_fault(api, name, rule, NULL);
        }
    }

    if (api->faults != NULL) {
        return;
    }

    text = json_dumps(api->json, JSON_COMPACT
                                 |JSON_REAL_PRECISION(NGX_MDM_API_DIGITS));
    *kept = text ? mdm_arena_str(&api->arena, text, ngx_strlen(text))
                 : mdm_null_str;
    mdm_free(text);
}


static void
ngx_mdm_api_attributes_ready(void *data)
{
    ngx_mdm_api_t *api = data;

    mdm_str_t  *text;

    text = api->ctx;

    if (api->faults != NULL) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_body",
                          "nothing was changed: see \"faults\"");
        return;
    }

    if (!mdm_str_is_set(*text)) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ngx_mdm_api_who(api, api->call.params);
    ngx_mdm_set_str(&api->call.params[5], *text);
    ngx_mdm_api_call(api, NGX_MDM_SQL_ENROLLMENT_ATTRIBUTES,
                     ngx_mdm_api_attributes_given);
}


/* What is wrong with one, or NULL. */

static const char *
ngx_mdm_api_attribute_rule(const char *name, const json_t *value)
{
    if (!ngx_mdm_api_attribute_name(name)) {
        return "is no name: a letter, then letters, digits, \".\", \"_\" and "
               "\"-\", 128 at most";
    }

    switch (json_typeof(value)) {

    case JSON_STRING:
        return ngx_mdm_api_attribute_text(value);

    case JSON_OBJECT:
        return ngx_mdm_api_attribute_time(value);

    case JSON_ARRAY:
        return "must be a string, number, boolean, {\"time\": \"...\"} or null";

    default:
        return NULL;
    }
}


/* As a command can say it between two percent signs. */

static ngx_uint_t
ngx_mdm_api_attribute_name(const char *name)
{
    size_t  i;

    for (i = 0; name[i] != '\0'; i++) {
        if (!isalpha((u_char) name[i])
            && (i == 0 || (!isdigit((u_char) name[i])
                           && strchr("._-", name[i]) == NULL)))
        {
            return 0;
        }
    }

    return i != 0 && i <= MDM_EFFECTS_MAX_NAME;
}


static const char *
ngx_mdm_api_attribute_text(const json_t *value)
{
    if (json_string_length(value) > MDM_EFFECTS_MAX_TEXT) {
        return "is longer than 4096 bytes";
    }

    return NULL;
}


static const char *
ngx_mdm_api_attribute_time(const json_t *value)
{
    int64_t       micros;
    mdm_str_t     text;
    const json_t  *time;

    time = json_object_get(value, "time");
    text.data = (const u_char *) json_string_value(time);
    text.len = json_string_length(time);

    if (json_object_size(value) != 1 || text.data == NULL
        || mdm_time_read(text, &micros) != MDM_OK)
    {
        return "must be {\"time\": \"2026-05-04T08:15:00Z\"}, when it is an "
               "object";
    }

    /* "+16:00" is none to PostgreSQL */

    if (text.data[text.len - 1] != 'Z'
        && ngx_strncmp(&text.data[text.len - 5], "16", 2) >= 0)
    {
        return "must be a time whose zone is less than 16 hours from UTC";
    }

    return NULL;
}


static void
ngx_mdm_api_attributes_given(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (ngx_mdm_api_is(ngx_mdm_pg_text(rows, 0, 0), "unknown")) {
        ngx_mdm_api_unknown_enrollment(api);
        return;
    }

    ngx_mdm_api_build(api, rows, 0, ngx_mdm_api_attributes_build);
}


static json_t *
ngx_mdm_api_attributes_build(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    json_t  *row, *attributes;

    row = ngx_mdm_api_row(rows, 0);
    attributes = json_incref(json_object_get(row, "attributes"));
    json_decref(row);

    return json_pack("{s:o}", "attributes", attributes);
}
