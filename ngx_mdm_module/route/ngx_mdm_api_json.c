
/*
 * Bodies of JSON: read strictly, and checked against a table of members before
 * an operation looks at them.
 */


#include "ngx_mdm_api.h"


/* twice what the largest call needs; more of them take the event loop too long
 * to look at and to free */
#define NGX_MDM_API_MAX_VALUES   20000


/* what a thread gives back */

typedef struct {
    ngx_mdm_api_pt              next;
    json_error_t                error;
    unsigned                    crowded:1;
} ngx_mdm_api_json_work_t;


static void ngx_mdm_api_json_run(void *data);
static size_t ngx_mdm_api_json_count(json_t *value);
static void ngx_mdm_api_json_done(void *data);
static const char *ngx_mdm_api_json_type(const json_t *value);
static const ngx_mdm_api_member_t *ngx_mdm_api_member_find(
    const ngx_mdm_api_member_t *members, const char *name);


void
ngx_mdm_api_json_read(ngx_mdm_api_t *api, ngx_mdm_api_pt next)
{
    ngx_mdm_api_json_work_t  *work;

    work = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_json_work_t));
    if (work == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    work->next = next;
    api->ctx = work;

    ngx_mdm_api_work(api, api->body.len, ngx_mdm_api_json_run,
                     ngx_mdm_api_json_done);
}


/* jansson gives up at 2048 levels, and takes no NUL in a string, as PostgreSQL
 * would not. */

static void
ngx_mdm_api_json_run(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_json_work_t  *work;

    work = api->ctx;

    api->json = json_loadb((char *) api->body.data, api->body.len,
                           JSON_REJECT_DUPLICATES, &work->error);

    if (ngx_mdm_api_json_count(api->json) > NGX_MDM_API_MAX_VALUES) {
        json_decref(api->json);
        api->json = NULL;
        work->crowded = 1;
    }
}


static size_t
ngx_mdm_api_json_count(json_t *value)
{
    size_t       i, n;
    json_t      *member;
    const char  *name;

    n = 1;

    json_array_foreach(value, i, member) {
        n += ngx_mdm_api_json_count(member);
    }

    json_object_foreach(value, name, member) {
        n += ngx_mdm_api_json_count(member);
    }

    return n;
}


static void
ngx_mdm_api_json_done(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_json_work_t  *work;

    work = api->ctx;
    api->ctx = NULL;

    if (work->crowded) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_json",
                          "the body holds more than %d values",
                          NGX_MDM_API_MAX_VALUES);
        return;
    }

    if (api->json == NULL) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_json",
                          "the body is no JSON: %s at line %d, column %d",
                          work->error.text, work->error.line,
                          work->error.column);
        return;
    }

    if (!json_is_object(api->json)) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_json",
                          "the body is JSON, but no object");
        return;
    }

    work->next(api);
}


ngx_int_t
ngx_mdm_api_members(ngx_mdm_api_t *api, const ngx_mdm_api_member_t *members)
{
    char                         rule[64];
    json_t                      *value;
    const char                  *name;
    const ngx_mdm_api_member_t  *member;

    json_object_foreach(api->json, name, value) {

        member = ngx_mdm_api_member_find(members, name);

        if (member == NULL) {
            ngx_mdm_api_fault(api, name, "there is no such member", NULL);
            continue;
        }

        if (ngx_strcmp(ngx_mdm_api_json_type(value), member->type) != 0) {
            snprintf(rule, sizeof(rule), "must be of type %s", member->type);
            ngx_mdm_api_fault(api, name, rule, ngx_mdm_api_json_type(value));
        }
    }

    for (member = members; member->name != NULL; member++) {
        if (member->required
            && json_object_get(api->json, member->name) == NULL)
        {
            ngx_mdm_api_fault(api, member->name, "is required", NULL);
        }
    }

    if (api->faults == NULL) {
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_body",
                      "the body does not say what this operation needs: see "
                      "\"faults\"");

    return NGX_ERROR;
}


static const ngx_mdm_api_member_t *
ngx_mdm_api_member_find(const ngx_mdm_api_member_t *members, const char *name)
{
    for ( /* void */ ; members->name != NULL; members++) {
        if (ngx_strcmp(members->name, name) == 0) {
            return members;
        }
    }

    return NULL;
}


static const char *
ngx_mdm_api_json_type(const json_t *value)
{
    switch (json_typeof(value)) {

    case JSON_OBJECT:
        return "object";

    case JSON_ARRAY:
        return "array";

    case JSON_STRING:
        return "string";

    case JSON_INTEGER:
        return "integer";

    case JSON_REAL:
        return "number";

    case JSON_NULL:
        return "null";

    default:
        return "boolean";
    }
}
