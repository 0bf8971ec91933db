
/*
 * What devices have: the lists of one, the items of a list, and who has an
 * item.  Nothing here asks a device; what is shown is what answers said.
 */


#include "ngx_mdm_api.h"
#include "../schema/mdm_effects.h"


static ngx_int_t ngx_mdm_api_inventory_name(ngx_mdm_api_t *api,
    ngx_str_t segment, ngx_uint_t param);


/* a name; a key; an enrolment's number and a key */

static const ngx_mdm_api_list_t  ngx_mdm_api_inventory_list = {
    "inventory", "t"
};

static const ngx_mdm_api_list_t  ngx_mdm_api_inventory_item_list = {
    "inventory items", "t"
};

static const ngx_mdm_api_list_t  ngx_mdm_api_inventory_search_list = {
    "inventory search", "it"
};


static const ngx_mdm_api_filter_t  ngx_mdm_api_inventory_item_filters[] = {
    { "gone", NGX_MDM_API_BOOLEAN, 6, NULL },
    { NULL, 0, 0, NULL }
};

static const ngx_mdm_api_filter_t  ngx_mdm_api_inventory_search_filters[] = {
    { "item", NGX_MDM_API_TEXT, 4, NULL },
    { NULL, 0, 0, NULL }
};


void
ngx_mdm_api_inventory_lists(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_channel_page(api, &ngx_mdm_api_inventory_list) == NGX_OK) {
        ngx_mdm_api_call(api, NGX_MDM_SQL_INVENTORY_LISTS,
                         ngx_mdm_api_channel_found);
    }
}


void
ngx_mdm_api_inventory_items(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_channel_page(api, &ngx_mdm_api_inventory_item_list)
        == NGX_OK
        && ngx_mdm_api_inventory_name(api, api->segments[1], 5) == NGX_OK
        && ngx_mdm_api_filters(api, ngx_mdm_api_inventory_item_filters)
           == NGX_OK)
    {
        ngx_mdm_api_call(api, NGX_MDM_SQL_INVENTORY_ITEMS,
                         ngx_mdm_api_channel_found);
    }
}


void
ngx_mdm_api_inventory_search(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_paging(api, &ngx_mdm_api_inventory_search_list, 1)
        == NGX_OK
        && ngx_mdm_api_inventory_name(api, api->segments[0], 3) == NGX_OK
        && ngx_mdm_api_filters(api, ngx_mdm_api_inventory_search_filters)
           == NGX_OK)
    {
        ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
        ngx_mdm_api_call_page(api, NGX_MDM_SQL_INVENTORY_SEARCH,
                              &ngx_mdm_api_inventory_search_list);
    }
}


/* What no list can be called is none that there is. */

static ngx_int_t
ngx_mdm_api_inventory_name(ngx_mdm_api_t *api, ngx_str_t segment,
    ngx_uint_t param)
{
    ngx_str_t  name;

    name = ngx_mdm_api_unescape(api, segment);

    if (!mdm_schema_name_valid(ngx_mdm_to_str(name))) {
        ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "unknown_list",
                          "no list has such a name: letters, digits and ._- "
                          "after a letter");
        return NGX_ERROR;
    }

    ngx_mdm_pg_set_bytes(&api->call.params[param], name.data, name.len);

    return NGX_OK;
}
