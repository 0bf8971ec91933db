
/*
 * A device restored from a backup comes with a certificate that it had given
 * up.  It is taken back, marked, and asked for its inventory, for more than
 * the certificate may be old.
 */


#include "ngx_mdm_rollback.h"
#include "ngx_mdm_uuid.h"
#include "../message/mdm_command.h"


typedef struct {
    ngx_mdm_pg_call_t    call;
    ngx_pool_t          *pool;
} ngx_mdm_refusal_t;


static ngx_int_t ngx_mdm_roll_back_command(ngx_mdm_exchange_t *x,
    mdm_str_t *uuid, mdm_str_t *request_type, mdm_str_t *payload);
static void ngx_mdm_rolled_back(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_refusal_recorded(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


void
ngx_mdm_roll_back(ngx_mdm_exchange_t *x, ngx_mdm_exchange_pt again)
{
    mdm_str_t             uuid, request_type, payload;
    mdm_enrollment_id_t  *id;

    if (ngx_mdm_roll_back_command(x, &uuid, &request_type, &payload)
        != NGX_OK)
    {
        ngx_mdm_exchange_fail(x, "cannot build an inventory command");
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, x->log, 0,
                  "mdm: a former certificate is back after a restore, "
                  "tenant \"%V\", enrollment \"%*s\"", &x->tenant_key,
                  x->intake.enrollment.len, x->intake.enrollment.data);

    id = &x->intake.message.id;
    x->rolled_back = 1;
    x->again = again;

    ngx_mdm_pg_set_int8(&x->call.params[0], x->tenant->id);
    ngx_mdm_set_str(&x->call.params[1], id->device_id);
    ngx_mdm_set_str(&x->call.params[2], id->user_id);
    ngx_mdm_pg_set_bytes(&x->call.params[3], x->sha256, MDM_SHA256_SIZE);
    ngx_mdm_set_str(&x->call.params[4], uuid);
    ngx_mdm_set_str(&x->call.params[5], request_type);
    ngx_mdm_set_str(&x->call.params[6], payload);

    ngx_mdm_exchange_call(x, NGX_MDM_SQL_IDENTITY_ROLL_BACK,
                          ngx_mdm_rolled_back);
}


/* All absent when no plugin has a command that takes stock. */

static ngx_int_t
ngx_mdm_roll_back_command(ngx_mdm_exchange_t *x, mdm_str_t *uuid,
    mdm_str_t *request_type, mdm_str_t *payload)
{
    u_char                    text[NGX_MDM_UUID_LEN];
    mdm_str_t                 envelope;
    mdm_node_t               *members;
    const mdm_schema_type_t  *type;

    *uuid = *request_type = *payload = mdm_null_str;

    if (mdm_schema_inventory(x->engine->schema, &x->arena, &type, &members)
        != MDM_OK)
    {
        return NGX_ERROR;
    }

    if (type == NULL) {
        return NGX_OK;
    }

    if (ngx_mdm_uuid(text) != NGX_OK) {
        return NGX_ERROR;
    }

    *uuid = mdm_arena_str(&x->arena, text, NGX_MDM_UUID_LEN);
    *request_type = (mdm_str_t) { ngx_strlen(type->name),
                                  (const u_char *) type->name };

    if (mdm_command_write(&x->arena, *request_type, *uuid, members, &envelope)
           != MDM_OK
        || mdm_secret_seal(&x->arena, x->engine->ring, x->tenant->id,
                           "command", *uuid, envelope, payload)
           != MDM_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_mdm_rolled_back(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_exchange_t  *x;

    x = call->data;

    if (ngx_mdm_exchange_answered(x, rc, rows, 0, x->again) == NGX_OK) {
        x->again(x);
    }
}


void
ngx_mdm_refusal_record(ngx_mdm_exchange_t *x, ngx_str_t outcome)
{
    ngx_pool_t         *pool;
    ngx_str_t           device, user;
    ngx_mdm_refusal_t  *refusal;

    pool = ngx_create_pool(1024, x->log);
    if (pool == NULL) {
        return;
    }

    device = ngx_mdm_from_str(x->intake.message.id.device_id);
    user = ngx_mdm_from_str(x->intake.message.id.user_id);

    refusal = ngx_pcalloc(pool, sizeof(ngx_mdm_refusal_t)
                                + MDM_SHA256_SIZE);
    device.data = ngx_pstrdup(pool, &device);
    user.data = ngx_pstrdup(pool, &user);
    outcome.data = ngx_pstrdup(pool, &outcome);

    if (refusal == NULL || device.data == NULL || user.data == NULL
        || outcome.data == NULL)
    {
        ngx_destroy_pool(pool);
        return;
    }

    refusal->pool = pool;
    ngx_memcpy(refusal + 1, x->sha256, MDM_SHA256_SIZE);

    ngx_mdm_pg_set_int8(&refusal->call.params[0], x->tenant->id);
    ngx_mdm_pg_set_bytes(&refusal->call.params[1], device.data, device.len);
    ngx_mdm_pg_set_bytes(&refusal->call.params[2], user.data, user.len);
    ngx_mdm_pg_set_bytes(&refusal->call.params[3], refusal + 1,
                         MDM_SHA256_SIZE);
    ngx_mdm_pg_set_bytes(&refusal->call.params[4], outcome.data, outcome.len);

    refusal->call.statement = NGX_MDM_SQL_IDENTITY_REFUSED;
    refusal->call.handler = ngx_mdm_refusal_recorded;
    refusal->call.data = refusal;

    ngx_mdm_pg_call(x->engine->pg, &refusal->call);
}


/* A refusal that could not be recorded stands in the error log already. */

static void
ngx_mdm_refusal_recorded(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_refusal_t  *refusal;

    refusal = call->data;
    ngx_destroy_pool(refusal->pool);
}
