
/*
 * A worker's memory of delivered commands, least recently used out first,
 * bounded by entries and by bytes.
 */


#include "ngx_mdm_request_type.h"
#include "../message/mdm_command.h"


/* Tenant and CommandUUID, as bytes. */

typedef struct {
    u_char                     data[sizeof(int64_t) + MDM_COMMAND_UUID_MAX];
    ngx_str_t                  bytes;
    uint32_t                   hash;
} ngx_mdm_request_type_key_t;


typedef struct {
    ngx_str_node_t             node;
    ngx_queue_t                queue;
    mdm_str_t                  request_type;   /* behind the key in data */
    size_t                     size;
    u_char                     data[1];
} ngx_mdm_request_type_t;


struct ngx_mdm_request_types_s {
    ngx_rbtree_t               tree;
    ngx_rbtree_node_t          sentinel;
    ngx_queue_t                used;           /* most recently used first */
    ngx_uint_t                 n;
    size_t                     bytes;
    ngx_log_t                 *log;
    ngx_mdm_engine_counters_t *counters;
};


static ngx_mdm_request_type_t *ngx_mdm_request_type_get(
    ngx_mdm_request_types_t *types, int64_t tenant_id, mdm_str_t command_uuid,
    ngx_mdm_request_type_key_t *key);
static void ngx_mdm_request_type_drop(ngx_mdm_request_types_t *types,
    ngx_mdm_request_type_t *entry);


ngx_mdm_request_types_t *
ngx_mdm_request_types_create(ngx_mdm_engine_t *engine)
{
    ngx_mdm_request_types_t  *types;

    types = ngx_pcalloc(engine->cycle->pool, sizeof(ngx_mdm_request_types_t));
    if (types == NULL) {
        return NULL;
    }

    ngx_rbtree_init(&types->tree, &types->sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_queue_init(&types->used);
    types->log = engine->log;
    types->counters = engine->counters;

    return types;
}


void
ngx_mdm_request_types_destroy(ngx_mdm_request_types_t *types)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&types->used)) {
        q = ngx_queue_head(&types->used);
        ngx_mdm_request_type_drop(types,
                          ngx_queue_data(q, ngx_mdm_request_type_t, queue));
    }
}


void
ngx_mdm_request_type_remember(ngx_mdm_engine_t *engine, int64_t tenant_id,
    mdm_str_t command_uuid, mdm_str_t request_type)
{
    size_t                       size;
    u_char                      *p;
    ngx_queue_t                 *q;
    ngx_mdm_request_type_t      *entry;
    ngx_mdm_request_types_t     *types;
    ngx_mdm_request_type_key_t   key;

    types = engine->request_types;
    entry = ngx_mdm_request_type_get(types, tenant_id, command_uuid, &key);

    if (entry != NULL && mdm_str_eq(entry->request_type, request_type)) {
        ngx_queue_remove(&entry->queue);
        ngx_queue_insert_head(&types->used, &entry->queue);
        return;
    }

    if (entry != NULL) {
        ngx_mdm_request_type_drop(types, entry);
    }

    size = sizeof(ngx_mdm_request_type_t) + key.bytes.len + request_type.len;

    entry = ngx_alloc(size, types->log);
    if (entry == NULL) {
        return;
    }

    while (types->n == NGX_MDM_REQUEST_TYPES_MAX
           || (types->n != 0
               && types->bytes + size > NGX_MDM_REQUEST_TYPES_BYTES))
    {
        q = ngx_queue_last(&types->used);
        ngx_mdm_request_type_drop(types,
                          ngx_queue_data(q, ngx_mdm_request_type_t, queue));
    }

    p = ngx_cpymem(entry->data, key.bytes.data, key.bytes.len);
    ngx_memcpy(p, request_type.data, request_type.len);

    entry->request_type = (mdm_str_t) { request_type.len, p };
    entry->size = size;

    entry->node.node.key = key.hash;
    entry->node.str.data = entry->data;
    entry->node.str.len = key.bytes.len;
    ngx_rbtree_insert(&types->tree, &entry->node.node);
    ngx_queue_insert_head(&types->used, &entry->queue);
    types->n++;
    types->bytes += size;
}


mdm_str_t
ngx_mdm_request_type_find(ngx_mdm_engine_t *engine, int64_t tenant_id,
    mdm_str_t command_uuid)
{
    ngx_mdm_request_type_t      *entry;
    ngx_mdm_request_types_t     *types;
    ngx_mdm_request_type_key_t   key;

    types = engine->request_types;
    entry = ngx_mdm_request_type_get(types, tenant_id, command_uuid, &key);

    ngx_mdm_count(&types->counters->request_types[entry == NULL]);

    if (entry == NULL) {
        return mdm_null_str;
    }

    ngx_queue_remove(&entry->queue);
    ngx_queue_insert_head(&types->used, &entry->queue);

    return entry->request_type;
}


/* Makes the key, too. */

static ngx_mdm_request_type_t *
ngx_mdm_request_type_get(ngx_mdm_request_types_t *types, int64_t tenant_id,
    mdm_str_t command_uuid, ngx_mdm_request_type_key_t *key)
{
    size_t   len;
    u_char  *p;

    len = ngx_min(command_uuid.len, MDM_COMMAND_UUID_MAX);

    p = ngx_cpymem(key->data, &tenant_id, sizeof(int64_t));
    p = ngx_cpymem(p, command_uuid.data, len);

    key->bytes.data = key->data;
    key->bytes.len = p - key->data;
    key->hash = ngx_crc32_long(key->data, key->bytes.len);

    return (ngx_mdm_request_type_t *)
           ngx_str_rbtree_lookup(&types->tree, &key->bytes, key->hash);
}


static void
ngx_mdm_request_type_drop(ngx_mdm_request_types_t *types,
    ngx_mdm_request_type_t *entry)
{
    ngx_rbtree_delete(&types->tree, &entry->node.node);
    ngx_queue_remove(&entry->queue);
    types->n--;
    types->bytes -= entry->size;
    ngx_free(entry);
}
