
/*
 * Profiles listed, shown and forgotten.  Secret values in one are shown to
 * nobody without that right, in no form, and the audit has who saw them.
 */


#include "ngx_mdm_api_profile.h"
#include "../pki/mdm_cms.h"


#define NGX_MDM_PROFILE_LIMIT  NGX_MDM_API_BODY_LIMIT


typedef struct {
    ngx_mdm_api_profile_t      *profile;
    mdm_rc_e                    rc;
    ngx_uint_t                  reveal;
} ngx_mdm_api_profile_show_t;


static ngx_int_t ngx_mdm_api_profile_format(ngx_mdm_api_t *api,
    ngx_uint_t *bytes);
static ngx_int_t ngx_mdm_api_profile_id(ngx_mdm_api_t *api, ngx_str_t *id);
static void ngx_mdm_api_profile_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_profile_found_bytes(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_profile_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static mdm_rc_e ngx_mdm_api_profile_tree(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_t *profile, mdm_node_t **node);
static json_t *ngx_mdm_api_profile_unreadable(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_t *profile, mdm_rc_e rc);
static void ngx_mdm_api_profile_run(void *data);
static void ngx_mdm_api_profile_done(void *data);


/* the order of storing, and an identifier */

static const ngx_mdm_api_list_t  ngx_mdm_api_profile_list = {
    "profiles", "it"
};

static const ngx_mdm_api_filter_t  ngx_mdm_api_profile_filters[] = {
    { "identifier", NGX_MDM_API_TEXT, 3, NULL },
    { NULL, 0, 0, NULL }
};


void
ngx_mdm_api_profiles(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_paging(api, &ngx_mdm_api_profile_list, 1) != NGX_OK
        || ngx_mdm_api_filters(api, ngx_mdm_api_profile_filters) != NGX_OK)
    {
        return;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);

    ngx_mdm_api_call_page(api, NGX_MDM_SQL_PROFILE_LIST,
                          &ngx_mdm_api_profile_list);
}


void
ngx_mdm_api_profile_get(ngx_mdm_api_t *api)
{
    ngx_str_t                    id;
    ngx_uint_t                   bytes;
    ngx_mdm_api_profile_show_t  *show;

    show = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_profile_show_t));
    if (show == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    api->ctx = show;
    show->reveal = ngx_mdm_api_may(api, "secrets");

    if (ngx_mdm_api_profile_format(api, &bytes) == NGX_OK
        && ngx_mdm_api_profile_id(api, &id) == NGX_OK)
    {
        ngx_mdm_api_profile_ask(api, id, show->reveal,
                                bytes ? ngx_mdm_api_profile_found_bytes
                                      : ngx_mdm_api_profile_found);
    }
}


/* As an argument, or else by the header; JSON when neither says. */

static ngx_int_t
ngx_mdm_api_profile_format(ngx_mdm_api_t *api, ngx_uint_t *bytes)
{
    ngx_str_t  format;

    format = ngx_mdm_api_arg(api, "format");

    if (format.len == 0) {
        *bytes = api->accept.len != 0
                 && ngx_strlcasestrn(api->accept.data,
                                     api->accept.data + api->accept.len,
                                     (u_char *) NGX_MDM_PROFILE_TYPE,
                                     sizeof(NGX_MDM_PROFILE_TYPE) - 2)
                    != NULL;
        return NGX_OK;
    }

    *bytes = ngx_mdm_api_is(format, "mobileconfig");

    if (*bytes || ngx_mdm_api_is(format, "json")) {
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_format",
                      "\"format\" is one of: json mobileconfig");

    return NGX_ERROR;
}


static ngx_int_t
ngx_mdm_api_profile_id(ngx_mdm_api_t *api, ngx_str_t *id)
{
    *id = ngx_mdm_api_unescape(api, api->segments[0]);

    if (id->len != 0 && mdm_utf8_valid(id->data, id->len)
        && !mdm_str_has_control(ngx_mdm_to_str(*id)))
    {
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_profile_id",
                      "that is no id of a profile");

    return NGX_ERROR;
}


static void
ngx_mdm_api_profile_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t               *api;
    ngx_mdm_api_profile_t       *profile;
    ngx_mdm_api_profile_show_t  *show;

    api = call->data;
    show = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    /* without one the call has ended, and `show` with it */

    profile = ngx_mdm_api_profile_keep(api, rows);

    if (profile != NULL) {
        show->profile = profile;
        ngx_mdm_api_build(api, rows, profile->sealed.len,
                          ngx_mdm_api_profile_build);
    }
}


/* Its facts, and under "profile" itself. */

static json_t *
ngx_mdm_api_profile_build(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    int                          i;
    json_t                      *answer, *value;
    mdm_node_t                  *node;
    ngx_mdm_api_profile_show_t  *show;

    show = api->ctx;
    show->rc = ngx_mdm_api_profile_tree(api, show->profile, &node);

    if (show->rc != MDM_OK) {
        return ngx_mdm_api_profile_unreadable(api, show->profile, show->rc);
    }

    if (!show->reveal) {
        mdm_schema_hide(api->engine->schema, &api->arena, node);
    }

    answer = json_object();

    for (i = NGX_MDM_PROFILE_ID; i < NGX_MDM_PROFILE_FACTS; i++) {
        value = ngx_mdm_api_column(rows, 0, i);

        if (value != NULL) {
            json_object_set_new(answer, PQfname(rows->result, i), value);
        }
    }

    if (json_object_set_new(answer, "profile", mdm_node_to_json(node, 0))
        != 0)
    {
        json_decref(answer);
        return NULL;
    }

    return answer;
}


static mdm_rc_e
ngx_mdm_api_profile_tree(ngx_mdm_api_t *api, ngx_mdm_api_profile_t *profile,
    mdm_node_t **node)
{
    mdm_rc_e   rc;
    mdm_str_t  plist;

    rc = ngx_mdm_api_profile_open(api, profile, 0);
    plist = profile->content;

    if (rc == MDM_OK && profile->is_signed) {
        rc = mdm_cms_content(&api->arena, profile->content, &plist,
                             &profile->fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_node_read(&api->arena, plist, NGX_MDM_PROFILE_LIMIT, node,
                           &profile->fault);
    }

    return rc;
}


static json_t *
ngx_mdm_api_profile_unreadable(ngx_mdm_api_t *api,
    ngx_mdm_api_profile_t *profile, mdm_rc_e rc)
{
    api->status = NGX_HTTP_SERVICE_UNAVAILABLE;

    if (rc == MDM_NO_MEMORY) {
        return NULL;
    }

    return json_pack("{s:{s:s, s:s}}", "error", "code", "cannot_open",
                     "message", profile->unopened
                                ? "the stored value was sealed with a key "
                                  "that this server does not have, or was "
                                  "altered"
                                : profile->fault.text);
}


static void
ngx_mdm_api_profile_found_bytes(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    size_t                       size;
    ngx_mdm_api_t               *api;
    ngx_mdm_api_profile_t       *profile;
    ngx_mdm_api_profile_show_t  *show;

    api = call->data;
    show = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    profile = ngx_mdm_api_profile_keep(api, rows);

    if (profile == NULL
        || (profile->secret && ngx_mdm_api_require(api, "secrets") != NGX_OK))
    {
        return;
    }

    show->profile = profile;

    /* signing takes a moment, whatever the size */

    size = profile->sealed.len
           + (mdm_str_is_set(profile->certificates) ? NGX_MDM_THREAD_INLINE
                                                    : 0);

    ngx_mdm_api_work(api, size, ngx_mdm_api_profile_run,
                     ngx_mdm_api_profile_done);
}


/* In a thread. */

static void
ngx_mdm_api_profile_run(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_profile_show_t  *show;

    show = api->ctx;
    show->rc = ngx_mdm_api_profile_open(api, show->profile, 1);
}


static void
ngx_mdm_api_profile_done(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_profile_show_t  *show;

    show = api->ctx;

    if (show->rc != MDM_OK) {
        ngx_mdm_api_profile_failed(api, show->profile, show->rc);
        return;
    }

    ngx_mdm_api_finish_raw(api, NGX_MDM_PROFILE_TYPE, show->profile->content);
}


void
ngx_mdm_api_profile_delete(ngx_mdm_api_t *api)
{
    ngx_str_t  id;

    if (ngx_mdm_api_profile_id(api, &id) != NGX_OK) {
        return;
    }

    ngx_mdm_api_who(api, api->call.params);
    ngx_mdm_pg_set_bytes(&api->call.params[3], id.data, id.len);

    ngx_mdm_api_call_delete(api, NGX_MDM_SQL_PROFILE_DELETE,
                            ngx_mdm_api_profile_unknown);
}
