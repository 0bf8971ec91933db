
/*
 * Webhooks: how they go, what they could not deliver, and the wish to have a
 * time sent once more.
 */


#include "ngx_mdm_api.h"
#include "../message/mdm_time.h"


static void ngx_mdm_api_webhooks_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_failures_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_replay_asked(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_set_webhook(ngx_mdm_api_t *api,
    ngx_mdm_pg_value_t *value);
static void ngx_mdm_api_unknown_webhook(ngx_mdm_api_t *api);


/* a transaction and an event */

static const ngx_mdm_api_list_t  ngx_mdm_api_failure_list = {
    "webhook_failures", "ii"
};

static const ngx_mdm_api_list_t  ngx_mdm_api_webhook_list = {
    "webhooks", "t"
};

static const ngx_mdm_api_member_t  ngx_mdm_api_replay_members[] = {
    { "since", "string", 1 },
    { NULL, NULL, 0 }
};


void
ngx_mdm_api_webhooks(ngx_mdm_api_t *api)
{
    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
    ngx_mdm_pg_set_bool(&api->call.params[1], ngx_mdm_api_may(api, "host"));

    ngx_mdm_api_call(api, NGX_MDM_SQL_WEBHOOKS, ngx_mdm_api_webhooks_found);
}


/* There are as many as nginx.conf has: one page. */

static void
ngx_mdm_api_webhooks_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        api->limit = rows->count;
        ngx_mdm_api_page(api, &ngx_mdm_api_webhook_list, rows);
    }
}


void
ngx_mdm_api_webhook_failures(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_paging(api, &ngx_mdm_api_failure_list, 2) != NGX_OK) {
        return;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
    ngx_mdm_api_set_webhook(api, &api->call.params[1]);

    ngx_mdm_api_call(api, NGX_MDM_SQL_WEBHOOK_FAILURES,
                     ngx_mdm_api_failures_found);
}


static void
ngx_mdm_api_failures_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    /* a row of nulls */

    if (rows->count == 1 && ngx_mdm_pg_is_null(rows, 0, 0)) {
        ngx_mdm_api_unknown_webhook(api);
        return;
    }

    ngx_mdm_api_page(api, &ngx_mdm_api_failure_list, rows);
}


void
ngx_mdm_api_webhook_replay(ngx_mdm_api_t *api)
{
    json_t              *since;
    int64_t              micros;
    mdm_str_t            text;
    ngx_mdm_pg_value_t  *p;

    if (ngx_mdm_api_members(api, ngx_mdm_api_replay_members) != NGX_OK) {
        return;
    }

    since = json_object_get(api->json, "since");
    text.data = (u_char *) json_string_value(since);
    text.len = json_string_length(since);

    if (mdm_time_read(text, &micros) != MDM_OK) {
        ngx_mdm_api_fault(api, "since", "must be a time in RFC 3339, such as "
                          "2026-05-04T08:15:00Z", NULL);
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_body",
                          "\"since\" is no time in RFC 3339");
        return;
    }

    p = api->call.params;

    ngx_mdm_api_who(api, p);
    ngx_mdm_api_set_webhook(api, &p[3]);
    ngx_mdm_pg_set_int8(&p[4], micros);

    ngx_mdm_api_call(api, NGX_MDM_SQL_WEBHOOK_REPLAY,
                     ngx_mdm_api_replay_asked);
}


static void
ngx_mdm_api_replay_asked(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t       outcome;
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    outcome = ngx_mdm_pg_text(rows, 0, 0);

    if (ngx_mdm_api_is(outcome, "unknown")) {
        ngx_mdm_api_unknown_webhook(api);
        return;
    }

    ngx_mdm_api_finish(api, 202, json_pack("{s:b}", "replaying", 1));
}


/* A name that no nginx.conf may give is that of no webhook. */

static void
ngx_mdm_api_set_webhook(ngx_mdm_api_t *api, ngx_mdm_pg_value_t *value)
{
    ngx_str_t  name;

    name = ngx_mdm_api_unescape(api, api->segments[0]);

    if (!mdm_utf8_valid(name.data, name.len)
        || ngx_strlchr(name.data, name.data + name.len, '\0') != NULL)
    {
        ngx_str_set(&name, "");
    }

    ngx_mdm_pg_set_bytes(value, name.data, name.len);
}


static void
ngx_mdm_api_unknown_webhook(ngx_mdm_api_t *api)
{
    ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "unknown_webhook",
                      "no webhook of this name gets events of this tenant");
}
