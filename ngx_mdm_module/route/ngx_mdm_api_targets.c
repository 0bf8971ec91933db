
/*
 * The targets of an operation: reading their ids from the path, keeping them,
 * and giving them to a statement.
 */


#include "ngx_mdm_api_targets.h"


ngx_int_t
ngx_mdm_api_targets_room(ngx_mdm_api_t *api, ngx_mdm_api_targets_t *targets,
    ngx_uint_t n)
{
    targets->ids = ngx_pcalloc(api->pool, n * sizeof(ngx_str_t));
    targets->devices = ngx_pcalloc(api->pool, n * sizeof(ngx_mdm_pg_value_t));
    targets->users = ngx_pcalloc(api->pool, n * sizeof(ngx_mdm_pg_value_t));

    if (targets->ids && targets->devices && targets->users) {
        return NGX_OK;
    }

    ngx_mdm_api_out_of_memory(api);

    return NGX_ERROR;
}


ngx_int_t
ngx_mdm_api_targets_of_path(ngx_mdm_api_t *api,
    ngx_mdm_api_targets_t *targets)
{
    size_t      i;
    ngx_uint_t  n;

    for (i = 0, n = 1; i < api->segments[0].len; i++) {
        n += (api->segments[0].data[i] == ',');
    }

    if (n > NGX_MDM_API_MAX_TARGETS) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "too_many_targets",
                          "at most %d enrolments in one call",
                          NGX_MDM_API_MAX_TARGETS);
        return NGX_ERROR;
    }

    return ngx_mdm_api_targets_room(api, targets, n);
}


ngx_int_t
ngx_mdm_api_targets_next(ngx_mdm_api_t *api, ngx_str_t *id)
{
    u_char  *last, *comma;

    last = api->segments[0].data + api->segments[0].len;

    if (id->data == NULL) {
        id->data = api->segments[0].data;

    } else {
        id->data += id->len + 1;
    }

    if (id->data > last) {
        return NGX_DONE;
    }

    comma = ngx_strlchr(id->data, last, ',');
    id->len = (comma != NULL ? comma : last) - id->data;

    return NGX_OK;
}


void
ngx_mdm_api_targets_of_json(ngx_mdm_api_t *api,
    ngx_mdm_api_targets_t *targets, const json_t *ids, const char *path)
{
    char          at[40];
    size_t        i;
    json_t       *value;
    mdm_str_t     written, device, user;
    ngx_str_t     id;
    mdm_fault_t   fault;

    json_array_foreach(ids, i, value) {

        snprintf(at, sizeof(at), "%s[%zu]", path, i);

        if (!json_is_string(value)) {
            ngx_mdm_api_fault(api, at, "must be of type string", NULL);
            continue;
        }

        written.data = (u_char *) json_string_value(value);
        written.len = json_string_length(value);

        if (mdm_enrollment_id_parse(&api->arena, written, &device, &user,
                                    &fault)
            != MDM_OK)
        {
            ngx_mdm_api_fault(api, at, fault.text, NULL);
            continue;
        }

        id.data = (u_char *) written.data;
        id.len = written.len;

        ngx_mdm_api_targets_add(targets, id, device, user);
    }
}


void
ngx_mdm_api_targets_add(ngx_mdm_api_targets_t *targets, ngx_str_t id,
    mdm_str_t device, mdm_str_t user)
{
    targets->ids[targets->n] = id;
    ngx_mdm_set_str(&targets->devices[targets->n], device);
    ngx_mdm_set_str(&targets->users[targets->n], user);
    targets->n++;
}


void
ngx_mdm_api_target_told(ngx_mdm_api_t *api, json_t *status, ngx_str_t id,
    const char *key, const char *error)
{
    u_char  *p, *text;
    size_t   i;
    json_t  *target;

    target = json_object();

    if (error != NULL) {
        json_object_set_new(target, key, json_string(error));
    }

    if (json_object_setn(status, (char *) id.data, id.len, target) != 0) {

        text = mdm_arena_alloc(&api->arena, id.len * 3 + 1);

        for (p = text, i = 0; text != NULL && i < id.len; i++) {
            p = ngx_sprintf(p, id.data[i] < 0x80 ? "%c" : "%%%02Xd",
                            id.data[i]);
        }

        if (text != NULL) {
            json_object_setn(status, (char *) text, p - text, target);
        }
    }

    json_decref(target);
}


ngx_int_t
ngx_mdm_api_targets_params(ngx_mdm_api_t *api, ngx_mdm_api_targets_t *targets,
    ngx_uint_t param)
{
    if (ngx_mdm_pg_set_array(&api->call.params[param], api->pool, 't',
                             targets->devices, targets->n)
           == NGX_OK
        && ngx_mdm_pg_set_array(&api->call.params[param + 1], api->pool, 't',
                                targets->users, targets->n)
           == NGX_OK)
    {
        return NGX_OK;
    }

    ngx_mdm_api_out_of_memory(api);

    return NGX_ERROR;
}
