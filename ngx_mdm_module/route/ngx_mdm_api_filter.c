
/*
 * Filters of lists: query arguments checked by a table and handed to a
 * statement.  A filter that cannot be read is refused, for to pass it over
 * would show more than was asked for.
 */


#include "ngx_mdm_api.h"
#include "../message/mdm_time.h"
#include "../message/mdm_url.h"


#define NGX_MDM_API_TEXT_MAX        512
#define NGX_MDM_API_ATTRIBUTES_MAX  8


typedef struct {
    ngx_mdm_pg_value_t            names[NGX_MDM_API_ATTRIBUTES_MAX];
    ngx_mdm_pg_value_t            values[NGX_MDM_API_ATTRIBUTES_MAX];
    ngx_mdm_pg_value_t            times[NGX_MDM_API_ATTRIBUTES_MAX];
    ngx_uint_t                    n;
} ngx_mdm_api_attributes_t;


static const ngx_mdm_api_filter_t *ngx_mdm_api_filter_find(
    const ngx_mdm_api_filter_t *filters, ngx_str_t name);
static ngx_int_t ngx_mdm_api_filter_set(ngx_mdm_api_t *api,
    const ngx_mdm_api_filter_t *filter, ngx_str_t name, ngx_str_t value,
    ngx_mdm_api_attributes_t *attributes);
static ngx_int_t ngx_mdm_api_filter_attribute(ngx_mdm_api_t *api,
    ngx_str_t name, ngx_str_t value, ngx_mdm_api_attributes_t *attributes);
static ngx_uint_t ngx_mdm_api_filter_text(ngx_str_t value);
static ngx_uint_t ngx_mdm_api_filter_word(ngx_str_t value, const char *words);
static ngx_int_t ngx_mdm_api_filter_refuse(ngx_mdm_api_t *api, ngx_str_t name,
    const char *rule, const char *allowed);


ngx_int_t
ngx_mdm_api_filters(ngx_mdm_api_t *api, const ngx_mdm_api_filter_t *filters)
{
    ngx_str_t                    name, value;
    mdm_str_t                    args, found, text;
    ngx_mdm_api_attributes_t     attributes;
    const ngx_mdm_api_filter_t  *filter;

    attributes.n = 0;

    for (filter = filters; filter->name; filter++) {
        ngx_mdm_pg_set_null(&api->call.params[filter->param]);
    }

    args = ngx_mdm_to_str(api->args);

    while (mdm_url_argument(&args, &found, &text)) {

        name = ngx_mdm_from_str(found);
        value = ngx_mdm_from_str(text);
        filter = ngx_mdm_api_filter_find(filters, name);

        if (filter != NULL
            && ngx_mdm_api_filter_set(api, filter, name, value, &attributes)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (filter = filters; filter->name; filter++) {

        if (filter->type == NGX_MDM_API_ATTRIBUTE
            && (ngx_mdm_pg_set_array(&api->call.params[filter->param],
                                     api->pool, 't', attributes.names,
                                     attributes.n) != NGX_OK
                || ngx_mdm_pg_set_array(&api->call.params[filter->param + 1],
                                        api->pool, 't', attributes.values,
                                        attributes.n) != NGX_OK
                || ngx_mdm_pg_set_array(&api->call.params[filter->param + 2],
                                        api->pool, 'i', attributes.times,
                                        attributes.n) != NGX_OK))
        {
            ngx_mdm_api_out_of_memory(api);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static const ngx_mdm_api_filter_t *
ngx_mdm_api_filter_find(const ngx_mdm_api_filter_t *filters, ngx_str_t name)
{
    size_t                       len;
    const ngx_mdm_api_filter_t  *filter;

    for (filter = filters; filter->name; filter++) {
        len = ngx_strlen(filter->name);

        if (filter->type == NGX_MDM_API_ATTRIBUTE
            ? name.len >= len && ngx_strncmp(name.data, filter->name, len) == 0
            : ngx_mdm_api_is(name, filter->name))
        {
            return filter;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_mdm_api_filter_set(ngx_mdm_api_t *api, const ngx_mdm_api_filter_t *filter,
    ngx_str_t name, ngx_str_t value, ngx_mdm_api_attributes_t *attributes)
{
    int64_t              time;
    ngx_mdm_pg_value_t  *param;

    value = ngx_mdm_api_unescape(api, value);
    param = &api->call.params[filter->param];

    if (filter->type == NGX_MDM_API_ATTRIBUTE) {
        return ngx_mdm_api_filter_attribute(api, name, value, attributes);
    }

    if (param->data != NULL) {
        return ngx_mdm_api_filter_refuse(api, name, "is there twice", "");
    }

    switch (filter->type) {

    case NGX_MDM_API_WORD:
        if (!ngx_mdm_api_filter_word(value, filter->words)) {
            return ngx_mdm_api_filter_refuse(api, name, "is one of: ",
                                             filter->words);
        }

        ngx_mdm_pg_set_bytes(param, value.data, value.len);
        break;

    case NGX_MDM_API_BOOLEAN:
        if (!ngx_mdm_api_filter_word(value, "true false")) {
            return ngx_mdm_api_filter_refuse(api, name, "is one of: ",
                                             "true false");
        }

        ngx_mdm_pg_set_bool(param, value.data[0] == 't');
        break;

    case NGX_MDM_API_TIME:
        if (mdm_time_read(ngx_mdm_to_str(value), &time) != MDM_OK) {
            return ngx_mdm_api_filter_refuse(api, name,
                                         "is a time of RFC 3339, such as ",
                                         "2026-05-04T08:15:00Z");
        }

        ngx_mdm_pg_set_int8(param, time);
        break;

    default: /* NGX_MDM_API_TEXT */
        if (!ngx_mdm_api_filter_text(value)) {
            return ngx_mdm_api_filter_refuse(api, name,
                                         "is text of 1 to 512 bytes", "");
        }

        ngx_mdm_pg_set_bytes(param, value.data, value.len);
    }

    return NGX_OK;
}


/* "attribute.NAME" */

static ngx_int_t
ngx_mdm_api_filter_attribute(ngx_mdm_api_t *api, ngx_str_t name,
    ngx_str_t value, ngx_mdm_api_attributes_t *attributes)
{
    int64_t    time;
    ngx_str_t  attribute;

    attribute.data = ngx_strlchr(name.data, name.data + name.len, '.') + 1;
    attribute.len = name.data + name.len - attribute.data;
    attribute = ngx_mdm_api_unescape(api, attribute);

    if (!ngx_mdm_api_filter_text(attribute)
        || !ngx_mdm_api_filter_text(value))
    {
        return ngx_mdm_api_filter_refuse(api, name,
                                         "has a name and a value of 1 to 512 "
                                         "bytes each", "");
    }

    if (attributes->n == NGX_MDM_API_ATTRIBUTES_MAX) {
        return ngx_mdm_api_filter_refuse(api, name, "is one too many: 8 "
                                         "attributes are the most", "");
    }

    ngx_mdm_pg_set_bytes(&attributes->names[attributes->n], attribute.data,
                         attribute.len);
    ngx_mdm_pg_set_bytes(&attributes->values[attributes->n], value.data,
                         value.len);
    ngx_mdm_pg_set_null(&attributes->times[attributes->n]);

    if (mdm_time_read(ngx_mdm_to_str(value), &time) == MDM_OK) {
        ngx_mdm_pg_set_int8(&attributes->times[attributes->n], time);
    }

    attributes->n++;

    return NGX_OK;
}


/* As PostgreSQL takes it, and as its index has it. */

static ngx_uint_t
ngx_mdm_api_filter_text(ngx_str_t value)
{
    return value.len != 0 && value.len <= NGX_MDM_API_TEXT_MAX
           && mdm_utf8_valid(value.data, value.len)
           && ngx_strlchr(value.data, value.data + value.len, '\0') == NULL;
}


/* Is it one of the words between spaces? */

static ngx_uint_t
ngx_mdm_api_filter_word(ngx_str_t value, const char *words)
{
    size_t  len;

    for ( /* void */ ; *words != '\0'; words += len + (words[len] == ' ')) {
        len = strcspn(words, " ");

        if (value.len == len && ngx_memcmp(value.data, words, len) == 0) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_mdm_api_filter_refuse(ngx_mdm_api_t *api, ngx_str_t name,
    const char *rule, const char *allowed)
{
    name = ngx_mdm_api_unescape(api, name);

    if (!mdm_utf8_valid(name.data, name.len)) {
        ngx_str_set(&name, "attribute.");
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_filter",
                      "\"%.*s\" %s%s", (int) name.len, name.data, rule,
                      allowed);

    return NGX_ERROR;
}
