
/*
 * Bodies of JSON: read strictly by the core, and checked against a table of
 * members before an operation looks at them.
 */


#include "ngx_mdm_api.h"
#include "../message/mdm_json.h"


/* what a thread gives back */

typedef struct {
    ngx_mdm_api_pt              next;
    mdm_rc_e                    rc;
    mdm_fault_t                 fault;
} ngx_mdm_api_json_work_t;


static void ngx_mdm_api_json_run(void *data);
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


static void
ngx_mdm_api_json_run(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_json_work_t  *work;

    work = api->ctx;
    work->rc = mdm_json_read(api->body, &api->json, &work->fault);
}


static void
ngx_mdm_api_json_done(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_json_work_t  *work;

    work = api->ctx;
    api->ctx = NULL;

    switch (work->rc) {

    case MDM_OK:
        work->next(api);
        return;

    case MDM_NO_MEMORY:
        ngx_mdm_api_out_of_memory(api);
        return;

    default:
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_json", "%s",
                          work->fault.text);
    }
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
