
/*
 * Topics of pushes as an operator sees them: how each does, which channels are
 * not pushed any more, and having them pushed again.
 */


#include "ngx_mdm_api_targets.h"
#include "../engine/ngx_mdm_push.h"
#include "../pki/mdm_push_certificate.h"


/* columns of push_stops() and push_resume() */

enum {
    NGX_MDM_STOPS_OUTCOME = 1
};

enum {
    NGX_MDM_RESUMED_OUTCOME = 0,
    NGX_MDM_RESUMED_N
};


static ngx_int_t ngx_mdm_api_push_topic(ngx_mdm_api_t *api,
    ngx_mdm_pg_value_t *value);
static void ngx_mdm_api_push_unknown_topic(ngx_mdm_api_t *api);
static void ngx_mdm_api_push_stops_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_push_resume_read(void *data);
static void ngx_mdm_api_push_resume_ready(void *data);
static void ngx_mdm_api_push_resumed(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


/* a topic; a channel */

static const ngx_mdm_api_list_t  ngx_mdm_api_push_topic_list = {
    "push", "t"
};

static const ngx_mdm_api_list_t  ngx_mdm_api_push_stop_list = {
    "push-stops", "i"
};


static const ngx_mdm_api_member_t  ngx_mdm_api_push_resume_members[] = {
    { "ids", "array", 0 },
    { NULL, NULL, 0 }
};


void
ngx_mdm_api_push_topics(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_paging(api, &ngx_mdm_api_push_topic_list, 1) != NGX_OK) {
        return;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);

    ngx_mdm_api_call_page(api, NGX_MDM_SQL_PUSH_TOPICS,
                          &ngx_mdm_api_push_topic_list);
}


void
ngx_mdm_api_push_stops(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_paging(api, &ngx_mdm_api_push_stop_list, 2) != NGX_OK
        || ngx_mdm_api_push_topic(api, &api->call.params[1]) != NGX_OK)
    {
        return;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);

    ngx_mdm_api_call(api, NGX_MDM_SQL_PUSH_STOPS,
                     ngx_mdm_api_push_stops_found);
}


static ngx_int_t
ngx_mdm_api_push_topic(ngx_mdm_api_t *api, ngx_mdm_pg_value_t *value)
{
    ngx_str_t  topic;

    topic = ngx_mdm_api_unescape(api, api->segments[0]);

    if (!mdm_push_topic_valid(ngx_mdm_to_str(topic))) {
        ngx_mdm_api_push_unknown_topic(api);
        return NGX_ERROR;
    }

    ngx_mdm_pg_set_bytes(value, topic.data, topic.len);

    return NGX_OK;
}


static void
ngx_mdm_api_push_unknown_topic(ngx_mdm_api_t *api)
{
    ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "unknown_topic",
                      "the tenant has no push certificate of this topic: "
                      "GET /v1/push shows those that it has");
}


static void
ngx_mdm_api_push_stops_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t      *api;
    ngx_mdm_pg_rows_t   items;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (ngx_mdm_api_is(ngx_mdm_pg_text(rows, 0, NGX_MDM_STOPS_OUTCOME),
                       "unknown"))
    {
        ngx_mdm_api_push_unknown_topic(api);
        return;
    }

    items = *rows;
    items.first++;
    items.count--;

    ngx_mdm_api_page(api, &ngx_mdm_api_push_stop_list, &items);
}


/* All that is stopped of the topic, and the topic itself; or some channels. */

void
ngx_mdm_api_push_resume(ngx_mdm_api_t *api)
{
    char                    found[24];
    size_t                  n;
    json_t                 *ids;
    ngx_mdm_api_targets_t  *targets;

    if (ngx_mdm_api_members(api, ngx_mdm_api_push_resume_members) != NGX_OK) {
        return;
    }

    ids = json_object_get(api->json, "ids");
    n = json_array_size(ids);

    if (ids != NULL && (n < 1 || n > NGX_MDM_API_MAX_TARGETS)) {
        snprintf(found, sizeof(found), "%zu", n);
        ngx_mdm_api_fault(api, "ids", "must hold 1 to 10000 ids", found);
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_body",
                          "nothing was resumed: see \"faults\"");
        return;
    }

    targets = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_targets_t));
    if (targets == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    api->ctx = targets;

    if (ngx_mdm_api_targets_room(api, targets, ngx_max(n, 1)) == NGX_OK) {
        ngx_mdm_api_work(api, api->body.len, ngx_mdm_api_push_resume_read,
                         ngx_mdm_api_push_resume_ready);
    }
}


static void
ngx_mdm_api_push_resume_read(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_targets_of_json(api, api->ctx,
                                json_object_get(api->json, "ids"), "ids");
}


static void
ngx_mdm_api_push_resume_ready(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_pg_value_t     *p;
    ngx_mdm_api_targets_t  *targets;

    p = api->call.params;
    targets = api->ctx;

    if (api->faults != NULL) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_body",
                          "nothing was resumed: see \"faults\"");
        return;
    }

    ngx_mdm_api_who(api, p);

    if (ngx_mdm_api_push_topic(api, &p[3]) != NGX_OK) {
        return;
    }

    ngx_mdm_pg_set_null(&p[4]);
    ngx_mdm_pg_set_null(&p[5]);

    if (targets->n == 0
        || ngx_mdm_api_targets_params(api, targets, 4) == NGX_OK)
    {
        ngx_mdm_api_call(api, NGX_MDM_SQL_PUSH_RESUME,
                         ngx_mdm_api_push_resumed);
    }
}


static void
ngx_mdm_api_push_resumed(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (ngx_mdm_api_is(ngx_mdm_pg_text(rows, 0, NGX_MDM_RESUMED_OUTCOME),
                       "unknown"))
    {
        ngx_mdm_api_push_unknown_topic(api);
        return;
    }

    ngx_mdm_push_wake(api->engine, api->tenant_id);

    ngx_mdm_api_finish(api, NGX_HTTP_OK,
                       json_pack("{s:I}", "resumed", (json_int_t)
                                 ngx_mdm_pg_int(rows, 0, NGX_MDM_RESUMED_N)));
}
