
/*
 * Webhooks: what nginx.conf says of them, and the sender that posts the events
 * of the outbox to their receivers.
 */


#ifndef _NGX_MDM_WEBHOOK_H_INCLUDED_
#define _NGX_MDM_WEBHOOK_H_INCLUDED_


#include "ngx_mdm_engine.h"
#include "../common/ngx_mdm_thread.h"


typedef enum {
    NGX_MDM_WEBHOOK_NANOMDM = 0,
    NGX_MDM_WEBHOOK_EVENT
} ngx_mdm_webhook_format_e;


/* One mdm_webhook. */

typedef struct {
    ngx_str_t                    url;         /* ends with a NUL */
    ngx_str_t                    name;
    ngx_str_t                    database;    /* the name of an mdm_database */
    ngx_str_t                    tenant;      /* len 0: all */
    ngx_str_t                    secret;      /* len 0: no HMAC */
    ngx_str_t                    ca;          /* PEM; len 0: the system's */
    ngx_mdm_webhook_format_e     format;
    ngx_msec_t                   timeout;
} ngx_mdm_webhook_conf_t;


/* --- ngx_mdm_webhook_conf.c --- */

/* The directive mdm_webhook; the row's offset is that of an array of
 * ngx_mdm_webhook_conf_t. */
char *ngx_mdm_webhook_conf_add(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* When all databases are known. */
char *ngx_mdm_webhook_conf_check(ngx_conf_t *cf, const ngx_array_t *webhooks,
    const ngx_array_t *databases);
/* Wipes the secrets; a pool's cleanup. */
void ngx_mdm_webhook_conf_wipe(void *webhooks);


/* --- ngx_mdm_webhook.c --- */

/* In a worker: gives the engine those webhooks that read from its database.
 * NGX_ERROR when memory ran out. */
ngx_int_t ngx_mdm_webhooks_create(ngx_mdm_engine_t *engine,
    const ngx_str_t *database, const ngx_array_t *confs);
void ngx_mdm_webhooks_destroy(ngx_mdm_engine_t *engine);

/* The worker begins to exit: what is under way is ended, the leases are given
 * back.  May be told several times. */
void ngx_mdm_webhooks_leave(ngx_mdm_engine_t *engine);


#endif /* _NGX_MDM_WEBHOOK_H_INCLUDED_ */
