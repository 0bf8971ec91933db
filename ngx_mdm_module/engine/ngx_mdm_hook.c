
/*
 * The table of hooks, and the answers of a server with nothing to offer:
 * empty declaration sets, no token service, no return to service.
 */


#include "ngx_mdm_hook.h"


static void ngx_mdm_hook_user_authenticate(ngx_mdm_exchange_t *x);
static void ngx_mdm_hook_declarative_management(ngx_mdm_exchange_t *x);
static void ngx_mdm_hook_get_token(ngx_mdm_exchange_t *x);
static void ngx_mdm_hook_return_to_service(ngx_mdm_exchange_t *x);
static void ngx_mdm_hook_answer(ngx_mdm_exchange_t *x, mdm_rc_e rc,
    ngx_mdm_body_e type);
static ngx_uint_t ngx_mdm_hook_endpoint_is(ngx_mdm_exchange_t *x,
    const char *prefix);


typedef struct {
    mdm_message_type_e         type;
    ngx_mdm_exchange_pt        hook;
} ngx_mdm_hook_t;


static const ngx_mdm_hook_t  ngx_mdm_hooks[] = {
    { MDM_USER_AUTHENTICATE,      ngx_mdm_hook_user_authenticate },
    { MDM_DECLARATIVE_MANAGEMENT, ngx_mdm_hook_declarative_management },
    { MDM_GET_TOKEN,              ngx_mdm_hook_get_token },
    { MDM_RETURN_TO_SERVICE,      ngx_mdm_hook_return_to_service },
};


/* The token and the time of an empty set never move, so a device fetches it
 * once (Apple: TokensResponse, SyncTokens). */

#define NGX_MDM_NO_DECLARATIONS_TOKEN  "none"

static const char  ngx_mdm_no_tokens[] =
    "{\"SyncTokens\":{\"DeclarationsToken\":\"" NGX_MDM_NO_DECLARATIONS_TOKEN
    "\",\"Timestamp\":\"2001-01-01T00:00:00Z\"}}";

static const char  ngx_mdm_no_declarations[] =
    "{\"Declarations\":{\"Activations\":[],\"Assets\":[],"
    "\"Configurations\":[],\"Management\":[]},"
    "\"DeclarationsToken\":\"" NGX_MDM_NO_DECLARATIONS_TOKEN "\"}";


void
ngx_mdm_hook_run(ngx_mdm_exchange_t *x)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(ngx_mdm_hooks) / sizeof(ngx_mdm_hook_t); i++) {
        if (ngx_mdm_hooks[i].type == x->intake.message.type) {
            ngx_mdm_hooks[i].hook(x);
            return;
        }
    }

    ngx_mdm_exchange_fail(x, "no hook for this message");
}


/*
 * 410 leaves the user unmanaged for this login.  Accepted users are asked no
 * password: an empty challenge, and nothing to a second request.
 */

static void
ngx_mdm_hook_user_authenticate(ngx_mdm_exchange_t *x)
{
    mdm_rc_e  rc;

    if (!x->accept_users) {
        ngx_mdm_exchange_finish(x, 410);
        return;
    }

    if (mdm_str_is_set(x->intake.message.digest_response)) {
        ngx_mdm_exchange_finish(x, 200);
        return;
    }

    rc = mdm_reply_digest_challenge(&x->arena, mdm_str(""), &x->answer.body);
    ngx_mdm_hook_answer(x, rc, NGX_MDM_BODY_PLIST);
}


static void
ngx_mdm_hook_declarative_management(ngx_mdm_exchange_t *x)
{
    if (mdm_str_eq_c(x->intake.message.endpoint, "tokens")) {
        x->answer.body = mdm_str(ngx_mdm_no_tokens);
        ngx_mdm_hook_answer(x, MDM_OK, NGX_MDM_BODY_JSON);
        return;
    }

    if (mdm_str_eq_c(x->intake.message.endpoint, "declaration-items")) {
        x->answer.body = mdm_str(ngx_mdm_no_declarations);
        ngx_mdm_hook_answer(x, MDM_OK, NGX_MDM_BODY_JSON);
        return;
    }

    if (mdm_str_eq_c(x->intake.message.endpoint, "status")) {
        ngx_mdm_exchange_finish(x, 200);
        return;
    }

    /* 404 makes the device remove a declaration that is not ours, which is
     * what should happen to it */

    if (ngx_mdm_hook_endpoint_is(x, "declaration/")) {
        ngx_mdm_exchange_finish(x, 404);
        return;
    }

    ngx_mdm_exchange_finish(x, 400);
}


/* A service that the server does not know is the device's mistake (Apple:
 * GetToken). */

static void
ngx_mdm_hook_get_token(ngx_mdm_exchange_t *x)
{
    ngx_log_error(NGX_LOG_INFO, x->log, 0,
                  "mdm: GetToken for \"%*s\", which this server does not "
                  "serve, tenant \"%V\"",
                  ngx_min(x->intake.message.token_service_type.len, 64),
                  x->intake.message.token_service_type.data, &x->tenant_key);

    ngx_mdm_exchange_finish(x, 400);
}


static void
ngx_mdm_hook_return_to_service(ngx_mdm_exchange_t *x)
{
    mdm_rc_e  rc;

    rc = mdm_reply_return_to_service(&x->arena, false, &x->answer.body);
    ngx_mdm_hook_answer(x, rc, NGX_MDM_BODY_PLIST);
}


static void
ngx_mdm_hook_answer(ngx_mdm_exchange_t *x, mdm_rc_e rc, ngx_mdm_body_e type)
{
    if (rc != MDM_OK) {
        ngx_mdm_exchange_fail(x, "out of memory");
        return;
    }

    x->answer.type = type;
    ngx_mdm_exchange_finish(x, 200);
}


static ngx_uint_t
ngx_mdm_hook_endpoint_is(ngx_mdm_exchange_t *x, const char *prefix)
{
    size_t     len;
    mdm_str_t  endpoint;

    len = ngx_strlen(prefix);
    endpoint = x->intake.message.endpoint;

    return endpoint.len > len && ngx_memcmp(endpoint.data, prefix, len) == 0;
}
