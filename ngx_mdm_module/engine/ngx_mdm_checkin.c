
/*
 * The check-in messages: each a row in the table, each one call of an SQL
 * function that checks the identity and does the work.  The messages that ask
 * something of features (declarations, tokens, return to service) are first
 * identified, then handed to the hook of their type.
 */


#include "ngx_mdm_exchange.h"
#include "ngx_mdm_hook.h"
#include "ngx_mdm_seen.h"


static void ngx_mdm_authenticate(ngx_mdm_exchange_t *x);
static void ngx_mdm_token_update(ngx_mdm_exchange_t *x);
static void ngx_mdm_check_out(ngx_mdm_exchange_t *x);
static void ngx_mdm_set_bootstrap_token(ngx_mdm_exchange_t *x);
static void ngx_mdm_get_bootstrap_token(ngx_mdm_exchange_t *x);
static void ngx_mdm_got_bootstrap_token(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_set_device(ngx_mdm_exchange_t *x);
static void ngx_mdm_set_message(ngx_mdm_exchange_t *x,
    ngx_mdm_pg_value_t *p);
static void ngx_mdm_checkin_done(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_checkin_identify(ngx_mdm_exchange_t *x);
static void ngx_mdm_checkin_identified(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


/* by mdm_message_type_e */

static const ngx_mdm_exchange_pt  ngx_mdm_checkin_operations[] = {
    ngx_mdm_authenticate,
    ngx_mdm_token_update,
    ngx_mdm_check_out,
    ngx_mdm_checkin_identify,          /* UserAuthenticate */
    ngx_mdm_set_bootstrap_token,
    ngx_mdm_get_bootstrap_token,
    ngx_mdm_checkin_identify,          /* DeclarativeManagement */
    ngx_mdm_checkin_identify,          /* GetToken */
    ngx_mdm_checkin_identify           /* ReturnToService */
};


/* columns of poll() and bootstrap_token_get() */

enum {
    NGX_MDM_IDENTIFIED_OUTCOME = 1,
    NGX_MDM_IDENTIFIED_ENROLLMENT
};

enum {
    NGX_MDM_BOOTSTRAP_OUTCOME = 0,
    NGX_MDM_BOOTSTRAP_TOKEN
};


void
ngx_mdm_checkin(ngx_mdm_exchange_t *x)
{
    ngx_mdm_checkin_operations[x->intake.message.type](x);
}


static void
ngx_mdm_authenticate(ngx_mdm_exchange_t *x)
{
    const char          *channel;
    mdm_message_t       *message;
    ngx_mdm_pg_value_t  *p;

    p = x->call.params;
    message = &x->intake.message;
    channel = mdm_channel_name(message->id.channel);

    ngx_mdm_pg_set_int8(&p[0], x->tenant->id);
    ngx_mdm_pg_set_bytes(&p[1], channel, ngx_strlen(channel));
    ngx_mdm_set_str(&p[2], message->id.device_id);
    ngx_mdm_pg_set_bytes(&p[3], x->sha256, MDM_SHA256_SIZE);
    ngx_mdm_pg_set_bool(&p[4], x->expired);
    ngx_mdm_pg_set_int8(&p[5], x->not_after);
    ngx_mdm_set_str(&p[6], x->subject);
    ngx_mdm_set_str(&p[7], x->serial);
    ngx_mdm_set_str(&p[8], message->topic);
    ngx_mdm_set_str(&p[9], message->attributes);
    ngx_mdm_set_message(x, &p[10]);

    ngx_mdm_exchange_call(x, NGX_MDM_SQL_AUTHENTICATE, ngx_mdm_checkin_done);
}


static void
ngx_mdm_token_update(ngx_mdm_exchange_t *x)
{
    const char          *channel;
    mdm_message_t       *message;
    ngx_mdm_pg_value_t  *p;

    p = x->call.params;
    message = &x->intake.message;
    channel = mdm_channel_name(message->id.channel);

    ngx_mdm_pg_set_int8(&p[0], x->tenant->id);
    ngx_mdm_pg_set_bytes(&p[1], channel, ngx_strlen(channel));
    ngx_mdm_set_str(&p[2], message->id.device_id);
    ngx_mdm_set_str(&p[3], message->id.user_id);
    ngx_mdm_pg_set_bytes(&p[4], x->sha256, MDM_SHA256_SIZE);
    ngx_mdm_pg_set_bool(&p[5], x->expired);
    ngx_mdm_set_str(&p[6], message->topic);
    ngx_mdm_set_str(&p[7], message->token);
    ngx_mdm_set_str(&p[8], message->push_magic);
    ngx_mdm_set_str(&p[9], x->intake.sealed);
    ngx_mdm_pg_set_bool(&p[10], message->awaiting_configuration);
    ngx_mdm_pg_set_bool(&p[11], message->not_on_console);
    ngx_mdm_set_str(&p[12], message->id.user_short_name);
    ngx_mdm_set_str(&p[13], message->id.user_long_name);
    ngx_mdm_set_message(x, &p[14]);

    ngx_mdm_exchange_call(x, NGX_MDM_SQL_TOKEN_UPDATE, ngx_mdm_checkin_done);
}


static void
ngx_mdm_check_out(ngx_mdm_exchange_t *x)
{
    ngx_mdm_set_device(x);
    ngx_mdm_set_message(x, &x->call.params[4]);

    ngx_mdm_exchange_call(x, NGX_MDM_SQL_CHECK_OUT, ngx_mdm_checkin_done);
}


static void
ngx_mdm_set_bootstrap_token(ngx_mdm_exchange_t *x)
{
    ngx_mdm_set_device(x);
    ngx_mdm_set_str(&x->call.params[4], x->intake.sealed);
    ngx_mdm_set_message(x, &x->call.params[5]);

    ngx_mdm_exchange_call(x, NGX_MDM_SQL_BOOTSTRAP_TOKEN_SET,
                          ngx_mdm_checkin_done);
}


static void
ngx_mdm_get_bootstrap_token(ngx_mdm_exchange_t *x)
{
    ngx_mdm_set_device(x);
    ngx_mdm_set_message(x, &x->call.params[4]);

    ngx_mdm_exchange_call(x, NGX_MDM_SQL_BOOTSTRAP_TOKEN_GET,
                          ngx_mdm_got_bootstrap_token);
}


static void
ngx_mdm_got_bootstrap_token(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t            sealed;
    mdm_str_t            token;
    ngx_mdm_exchange_t  *x;

    x = call->data;

    if (ngx_mdm_exchange_answered(x, rc, rows, NGX_MDM_BOOTSTRAP_OUTCOME,
                                  ngx_mdm_get_bootstrap_token)
        != NGX_OK)
    {
        return;
    }

    token = mdm_null_str;
    sealed = ngx_mdm_pg_text(rows, 0, NGX_MDM_BOOTSTRAP_TOKEN);

    if (sealed.len != 0
        && mdm_secret_open(&x->arena, x->engine->ring, x->tenant->id,
                           "bootstrap_token", x->intake.enrollment,
                           ngx_mdm_to_str(sealed), &token)
           != MDM_OK)
    {
        ngx_mdm_exchange_fail(x, "cannot open the stored bootstrap token");
        return;
    }

    if (mdm_reply_bootstrap_token(&x->arena, token, &x->answer.body)
        != MDM_OK)
    {
        ngx_mdm_exchange_fail(x, "out of memory");
        return;
    }

    x->answer.type = NGX_MDM_BODY_PLIST;
    ngx_mdm_exchange_finish(x, 200);
}


/* tenant, device, certificate, expired */

static void
ngx_mdm_set_device(ngx_mdm_exchange_t *x)
{
    ngx_mdm_pg_set_int8(&x->call.params[0], x->tenant->id);
    ngx_mdm_set_str(&x->call.params[1], x->intake.message.id.device_id);
    ngx_mdm_pg_set_bytes(&x->call.params[2], x->sha256, MDM_SHA256_SIZE);
    ngx_mdm_pg_set_bool(&x->call.params[3], x->expired);
}


/* What the event of an accepted message carries, as two parameters. */

static void
ngx_mdm_set_message(ngx_mdm_exchange_t *x, ngx_mdm_pg_value_t *p)
{
    ngx_mdm_set_str(&p[0], x->intake.raw);
    ngx_mdm_set_str(&p[1], x->url_params);
}


/* For the messages whose answer is only "understood". */

static void
ngx_mdm_checkin_done(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_exchange_t  *x;

    x = call->data;

    if (ngx_mdm_exchange_answered(x, rc, rows, 0, ngx_mdm_checkin) == NGX_OK) {
        ngx_mdm_exchange_finish(x, 200);
    }
}


/*
 * A user who authenticates has no channel yet, so the device's is asked; the
 * others speak for the channel they name.
 */

static void
ngx_mdm_checkin_identify(ngx_mdm_exchange_t *x)
{
    ngx_mdm_exchange_set_identity(x);

    if (x->intake.message.type == MDM_USER_AUTHENTICATE) {
        ngx_mdm_pg_set_bytes(&x->call.params[2], "", 0);
    }

    ngx_mdm_exchange_call(x, NGX_MDM_SQL_POLL, ngx_mdm_checkin_identified);
}


static void
ngx_mdm_checkin_identified(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_exchange_t  *x;

    x = call->data;

    if (ngx_mdm_exchange_answered(x, rc, rows, NGX_MDM_IDENTIFIED_OUTCOME,
                                  ngx_mdm_checkin_identify)
        != NGX_OK)
    {
        return;
    }

    ngx_mdm_seen_touch(x->engine, x->tenant->id,
                       ngx_mdm_pg_int(rows, 0, NGX_MDM_IDENTIFIED_ENROLLMENT));

    ngx_mdm_hook_run(x);
}
