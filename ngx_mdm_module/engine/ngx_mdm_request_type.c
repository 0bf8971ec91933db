
/*
 * A worker's memory of delivered commands, least recently used out first,
 * bounded by entries and by bytes.
 */


#include "ngx_mdm_request_type.h"


typedef struct {
    ngx_rbtree_node_t          node;
    ngx_queue_t                queue;
    int64_t                    tenant_id;
    mdm_str_t                  command_uuid;   /* both in data */
    mdm_str_t                  request_type;
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
    ngx_mdm_request_types_t *types, int64_t tenant_id, mdm_str_t command_uuid);
static void ngx_mdm_request_type_drop(ngx_mdm_request_types_t *types,
    ngx_mdm_request_type_t *entry);
static void ngx_mdm_request_type_insert(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);
static ngx_int_t ngx_mdm_request_type_compare(int64_t tenant_id,
    mdm_str_t command_uuid, const ngx_mdm_request_type_t *entry);
static ngx_rbtree_key_t ngx_mdm_request_type_key(int64_t tenant_id,
    mdm_str_t command_uuid);


ngx_mdm_request_types_t *
ngx_mdm_request_types_create(ngx_mdm_engine_t *engine)
{
    ngx_mdm_request_types_t  *types;

    types = ngx_pcalloc(engine->cycle->pool, sizeof(ngx_mdm_request_types_t));
    if (types == NULL) {
        return NULL;
    }

    ngx_rbtree_init(&types->tree, &types->sentinel,
                    ngx_mdm_request_type_insert);
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
    size_t                    size;
    u_char                   *p;
    ngx_queue_t              *q;
    ngx_mdm_request_type_t   *entry;
    ngx_mdm_request_types_t  *types;

    types = engine->request_types;
    entry = ngx_mdm_request_type_get(types, tenant_id, command_uuid);

    if (entry != NULL && mdm_str_eq(entry->request_type, request_type)) {
        ngx_queue_remove(&entry->queue);
        ngx_queue_insert_head(&types->used, &entry->queue);
        return;
    }

    if (entry != NULL) {
        ngx_mdm_request_type_drop(types, entry);
    }

    size = sizeof(ngx_mdm_request_type_t) + command_uuid.len
           + request_type.len;

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

    p = ngx_cpymem(entry->data, command_uuid.data, command_uuid.len);
    ngx_memcpy(p, request_type.data, request_type.len);

    entry->tenant_id = tenant_id;
    entry->command_uuid = (mdm_str_t) { command_uuid.len, entry->data };
    entry->request_type = (mdm_str_t) { request_type.len, p };
    entry->size = size;

    entry->node.key = ngx_mdm_request_type_key(tenant_id, command_uuid);
    ngx_rbtree_insert(&types->tree, &entry->node);
    ngx_queue_insert_head(&types->used, &entry->queue);
    types->n++;
    types->bytes += size;
}


mdm_str_t
ngx_mdm_request_type_find(ngx_mdm_engine_t *engine, int64_t tenant_id,
    mdm_str_t command_uuid)
{
    ngx_mdm_request_type_t   *entry;
    ngx_mdm_request_types_t  *types;

    types = engine->request_types;
    entry = ngx_mdm_request_type_get(types, tenant_id, command_uuid);

    ngx_mdm_count(&types->counters->request_types[entry == NULL]);

    if (entry == NULL) {
        return mdm_null_str;
    }

    ngx_queue_remove(&entry->queue);
    ngx_queue_insert_head(&types->used, &entry->queue);

    return entry->request_type;
}


static ngx_mdm_request_type_t *
ngx_mdm_request_type_get(ngx_mdm_request_types_t *types, int64_t tenant_id,
    mdm_str_t command_uuid)
{
    ngx_int_t                rc;
    ngx_rbtree_key_t         key;
    ngx_rbtree_node_t       *node;
    ngx_mdm_request_type_t  *entry;

    key = ngx_mdm_request_type_key(tenant_id, command_uuid);
    node = types->tree.root;

    while (node != types->tree.sentinel) {

        if (key != node->key) {
            node = key < node->key ? node->left : node->right;
            continue;
        }

        entry = (ngx_mdm_request_type_t *) node;
        rc = ngx_mdm_request_type_compare(tenant_id, command_uuid, entry);

        if (rc == 0) {
            return entry;
        }

        node = rc < 0 ? node->left : node->right;
    }

    return NULL;
}


static void
ngx_mdm_request_type_drop(ngx_mdm_request_types_t *types,
    ngx_mdm_request_type_t *entry)
{
    ngx_rbtree_delete(&types->tree, &entry->node);
    ngx_queue_remove(&entry->queue);
    types->n--;
    types->bytes -= entry->size;
    ngx_free(entry);
}


static void
ngx_mdm_request_type_insert(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node,
    ngx_rbtree_node_t *sentinel)
{
    ngx_int_t                rc;
    ngx_rbtree_node_t      **p;
    ngx_mdm_request_type_t  *entry;

    entry = (ngx_mdm_request_type_t *) node;

    for ( ;; ) {
        rc = node->key < temp->key ? -1 : node->key > temp->key;

        if (rc == 0) {
            rc = ngx_mdm_request_type_compare(entry->tenant_id,
                                              entry->command_uuid,
                                           (ngx_mdm_request_type_t *) temp);
        }

        p = rc < 0 ? &temp->left : &temp->right;

        if (*p == sentinel) {
            break;
        }

        temp = *p;
    }

    *p = node;
    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}


static ngx_int_t
ngx_mdm_request_type_compare(int64_t tenant_id, mdm_str_t command_uuid,
    const ngx_mdm_request_type_t *entry)
{
    if (tenant_id != entry->tenant_id) {
        return tenant_id < entry->tenant_id ? -1 : 1;
    }

    return ngx_memn2cmp((u_char *) command_uuid.data,
                        (u_char *) entry->command_uuid.data,
                        command_uuid.len, entry->command_uuid.len);
}


static ngx_rbtree_key_t
ngx_mdm_request_type_key(int64_t tenant_id, mdm_str_t command_uuid)
{
    uint32_t  hash;

    ngx_crc32_init(hash);
    ngx_crc32_update(&hash, (u_char *) &tenant_id, sizeof(int64_t));
    ngx_crc32_update(&hash, (u_char *) command_uuid.data, command_uuid.len);
    ngx_crc32_final(hash);

    return hash;
}
