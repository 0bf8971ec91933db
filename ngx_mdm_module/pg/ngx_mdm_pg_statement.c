
/*
 * The table of statements: everything that this module ever asks of
 * PostgreSQL.  The text of each is one call of a function in sql/functions/;
 * no other SQL is written in C.
 */


#include "ngx_mdm_pg_internal.h"


const ngx_mdm_pg_statement_t  ngx_mdm_pg_statements[] = {

    /* tenant, device, user, certificate, expired */
    { "poll",                NGX_MDM_PG_POLL,  1, "ittyb" },
    { "deliver",             NGX_MDM_PG_WRITE, 1, "ittyb" },

    /* … command_uuid, status, report, reason, request_type, effects,
     * url_params, lists */
    { "report",              NGX_MDM_PG_WRITE, 1, "ittybttyttttt" },

    /* … command_uuid, reason, idle */
    { "delivery_failed",     NGX_MDM_PG_WRITE, 0, "ittybttb" },

    /* tenant, device, user, command_uuid */
    { "report_types",        NGX_MDM_PG_POLL,  1, "ittt" },

    /* tenants, enrollments, ages in ms */
    { "seen",                NGX_MDM_PG_WRITE, 0, "III" },

    /* tenant, channel, device, certificate, expired, not_after, subject,
     * serial, topic, attributes, message, URL's arguments */
    { "authenticate",        NGX_MDM_PG_WRITE, 0, "ittybittttyt" },

    /* tenant, channel, device, user, certificate, expired, topic, token,
     * push_magic, unlock_token, awaiting, not_on_console, short name,
     * long name, message, URL's arguments */
    { "token_update",        NGX_MDM_PG_WRITE, 0, "itttybtytybbttyt" },

    /* tenant, device, certificate, expired, …, message, URL's arguments */
    { "check_out",           NGX_MDM_PG_WRITE, 0, "itybyt" },
    { "bootstrap_token_set", NGX_MDM_PG_WRITE, 0, "itybyyt" },
    { "bootstrap_token_get", NGX_MDM_PG_WRITE, 0, "itybyt" },

    /* tenant, device, user, certificate, command_uuid, request_type,
     * payload */
    { "identity_roll_back",  NGX_MDM_PG_WRITE, 0, "ittytty" },

    /* tenant, device, user, certificate, outcome */
    { "identity_refused",    NGX_MDM_PG_WRITE, 0, "ittyt" },

    { "tenant_load",         NGX_MDM_PG_POLL,  0, "t" },
    { "tenant_changes",      NGX_MDM_PG_POLL,  0, "t" },

    /* the API's frame: hash; tenant, actor, remote, detail (JSON) */
    { "token_check",         NGX_MDM_PG_API,   0, "y" },
    { "token_refused",       NGX_MDM_PG_API,   0, "ittt" },

    /* commands: tenant, actor, remote, command_uuid, request_type, subject,
     * payload, digest, repeat, urgent, renewal, supersedes, expires,
     * priority, not_before, dedupe_key, devices, users, push, wants, part */
    { "enqueue",             NGX_MDM_PG_API,   0, "itttttyytbbbikitTTbTb" },
    { "command_cancel",      NGX_MDM_PG_API,   0, "itttbi" },
    { "commands_cancel",     NGX_MDM_PG_API,   0, "ittTbji" },
    { "queue_cancel",        NGX_MDM_PG_API,   0, "itttttb" },
    { "command_release",     NGX_MDM_PG_API,   0, "itttttT" },
    { "command_release_all", NGX_MDM_PG_API,   0, "itttT" },
    { "command_show",        NGX_MDM_PG_API,   0, "itb" },
    { "command_targets",     NGX_MDM_PG_API,   0, "ittj" },
    { "command_payload",     NGX_MDM_PG_API,   0, "ittt" },

    /* tenant, devices, users, names of values */
    { "target_facts",        NGX_MDM_PG_API,   0, "iTTT" },

    /* enrolments: tenant, after, limit, channel, ownership, state,
     * supervised, seen after, seen before, user, serial, names, values,
     * values that are times */
    { "enrollments",         NGX_MDM_PG_API,   0, "itjtttbiittTTI" },

    /* tenant, device, user, after, limit, state, request_type */
    { "enrollment_queue",    NGX_MDM_PG_API,   0, "itttj" },
    { "enrollment_history",  NGX_MDM_PG_API,   0, "itttjtt" },
    { "enrollment_known",    NGX_MDM_PG_API,   0, "itt" },
    { "enrollment_show",     NGX_MDM_PG_API,   0, "itt" },
    { "enrollment_why",      NGX_MDM_PG_API,   0, "itt" },

    { "enrollment_secrets",  NGX_MDM_PG_API,   0, "itt" },

    /* tenant, actor, remote, device, user, kind or command_uuid, history */
    { "enrollment_secret",   NGX_MDM_PG_API,   0, "itttttb" },
    { "enrollment_report",   NGX_MDM_PG_API,   0, "ittttt" },

    /* effects of a stored report: tenant, device, user, command_uuid; tenant,
     * actor, remote, device, user, command_uuid, effects, lists */
    { "effects_open",        NGX_MDM_PG_API,   0, "ittt" },
    { "effects_again",       NGX_MDM_PG_API,   0, "ittttttt" },

    /* tenant, actor, remote, device, user, attributes (JSON) */
    { "enrollment_attributes", NGX_MDM_PG_API, 0, "ittttt" },

    /* tenant, actor, remote, device or fingerprint */
    { "enrollment_end",      NGX_MDM_PG_API,   0, "ittt" },
    { "identity_revoke",     NGX_MDM_PG_API,   0, "itty" },

    /* inventory: tenant, device, user, after, limit, list, gone ones, too;
     * tenant, after, limit, list, item */
    { "inventory_lists",     NGX_MDM_PG_API,   0, "itttj" },
    { "inventory_items",     NGX_MDM_PG_API,   0, "itttjtb" },
    { "inventory_search",    NGX_MDM_PG_API,   0, "itjtt" },

    /* events and audit: tenant, after, limit, types, device, user; tenant,
     * after, limit, device, user, actor, action */
    { "events",              NGX_MDM_PG_API,   0, "itjTtt" },
    { "audit_list",          NGX_MDM_PG_API,   0, "itjtttt" },

    /* push certificates: tenant, actor, remote, topic, certificate,
     * private_key, not_before, not_after, subject, issuer, serial,
     * fingerprint, public_key, development, apple_account, note, new_topic,
     * older */
    { "push_certificate_store", NGX_MDM_PG_API, 0, "itttyyiitttyybttbb" },
    { "push_certificate_get",   NGX_MDM_PG_API, 0, "it" },
    { "push_certificate_list",  NGX_MDM_PG_API, 0, "itj" },

    /* tenant, topic, public_key */
    { "push_certificate_key",   NGX_MDM_PG_API, 0, "ity" },

    /* tenant, actor, remote, public_key, private_key, request, subject,
     * apple_account, note; tenant; tenant, actor, remote, public_key */
    { "push_request_create",    NGX_MDM_PG_API, 0, "ittyytttt" },
    { "push_request_list",      NGX_MDM_PG_API, 0, "i" },
    { "push_request_delete",    NGX_MDM_PG_API, 0, "itty" },

    /* pushes, of the API: tenant, actor, remote, devices, users */
    { "push_ask",            NGX_MDM_PG_API,   0, "ittTT" },

    /* tenant, devices, users, since when */
    { "push_results",        NGX_MDM_PG_API,   0, "iTTt" },

    /* tenant, topic (of stops), after, limit */
    { "push_topics",         NGX_MDM_PG_API,   0, "itj" },
    { "push_stops",          NGX_MDM_PG_API,   0, "ittj" },

    /* tenant, actor, remote, topic, devices, users */
    { "push_resume",         NGX_MDM_PG_API,   0, "itttTT" },

    /* profiles: tenant, actor, remote, id, identifier, uuid, display name,
     * payloads, types, manages, secret, signed, signer, wants, content,
     * digest */
    { "profile_store",       NGX_MDM_PG_API,   0, "ittttttjTbbbtTyy" },
    { "profile_list",        NGX_MDM_PG_API,   0, "itjt" },
    { "profile_get",         NGX_MDM_PG_API,   0, "itttb" },
    { "profile_delete",      NGX_MDM_PG_API,   0, "ittt" },

    /* tenant, actor, remote, certificates, private_key, not_before, not_after,
     * subject, issuer, serial, fingerprint */
    { "signing_certificate_store",  NGX_MDM_PG_API, 0, "ittyyiittty" },
    { "signing_certificate_get",    NGX_MDM_PG_API, 0, "i" },
    { "signing_certificate_delete", NGX_MDM_PG_API, 0, "itt" },

    /* webhooks: name, tenant's name; name, replay, xid, event, payloads,
     * limit, bytes; name, tenant, replay, xid, event, at, delivered; name,
     * attempts, error; name, tenant, xid, event, type, status, error; tenant,
     * may see what is all tenants' */
    { "webhook_open",        NGX_MDM_PG_JOB,   0, "tt" },
    { "webhook_next",        NGX_MDM_PG_JOB,   0, "tbtibjj" },
    { "webhook_done",        NGX_MDM_PG_JOB,   0, "tiititi" },
    { "webhook_state",       NGX_MDM_PG_JOB,   0, "tjt" },
    { "webhook_set_aside",   NGX_MDM_PG_JOB,   0, "tititjt" },
    { "webhooks",            NGX_MDM_PG_API,   0, "ib" },
    { "webhook_failures",    NGX_MDM_PG_API,   0, "ittj" },
    { "webhook_replay",      NGX_MDM_PG_API,   0, "ittti" },

    /* pushing: owner, seconds, tenant, limit; owner; owner, seconds, tenants,
     * topics, connections, errors, retries; tenant, topic; owner, tenant,
     * topic, limit; owner, tenant, topic, enrollments, tokens, apns_ids,
     * outcomes, reasons, waits, times; owner, tenants, topics; owner */
    { "push_lease",          NGX_MDM_PG_PUSH,  0, "tjij" },
    { "push_due",            NGX_MDM_PG_PUSH,  0, "t" },
    { "push_renew",          NGX_MDM_PG_PUSH,  0, "tjITITI" },
    { "push_open",           NGX_MDM_PG_PUSH,  0, "it" },
    { "push_claim",          NGX_MDM_PG_PUSH,  0, "titj" },
    { "push_record",         NGX_MDM_PG_PUSH,  0, "titITTTTII" },
    { "push_release",        NGX_MDM_PG_PUSH,  0, "tIT" },
    { "push_leave",          NGX_MDM_PG_PUSH,  0, "t" },

    /* background work */
    { "lease_take",          NGX_MDM_PG_JOB,   0, "ttj" },
    { "sweep",               NGX_MDM_PG_JOB,   0, "j" },
    { "push_certificate_watch",
                             NGX_MDM_PG_JOB,   0, "j" },
    { "partition_ahead",     NGX_MDM_PG_JOB,   0, "" },

    /* owner, seconds, pages */
    { "metric_read",         NGX_MDM_PG_JOB,   0, "tjj" },
};


/* PostgreSQL's object identifiers of the types behind the letters
 * (src/include/catalog/pg_type.dat); they never change. */

static const struct {
    char                      letter;
    Oid                       scalar;
    Oid                       array;
} ngx_mdm_pg_types[] = {
    { 'i', 20, 1016 },        /* int8 */
    { 'j', 23, 1007 },        /* int4 */
    { 'k', 21, 1005 },        /* int2 */
    { 'b', 16, 1000 },        /* boolean */
    { 't', 25, 1009 },        /* text */
    { 'y', 17, 1001 },        /* bytea */
    { 'I', 1016, 0 },
    { 'T', 1009, 0 },
    { 0, 0, 0 }
};


static Oid ngx_mdm_pg_type(char letter, unsigned array);


ngx_uint_t
ngx_mdm_pg_statement_types(const ngx_mdm_pg_statement_t *statement, Oid *types)
{
    ngx_uint_t  i;

    for (i = 0; statement->types[i] != '\0'; i++) {
        types[i] = ngx_mdm_pg_type(statement->types[i], statement->batched);
    }

    return i;
}


/* "SELECT * FROM mdm_rN.name($1, $2, …)" */

void
ngx_mdm_pg_statement_text(const ngx_mdm_pg_statement_t *statement, u_char *buf,
    size_t size)
{
    u_char      *p, *last;
    ngx_uint_t   i;

    last = buf + size - 1;

    p = ngx_slprintf(buf, last, "SELECT * FROM mdm_r%d.%s(",
                     NGX_MDM_REVISION, statement->name);

    for (i = 0; statement->types[i] != '\0'; i++) {
        p = ngx_slprintf(p, last, i ? ", $%ui" : "$%ui", i + 1);
    }

    p = ngx_slprintf(p, last, ")");
    *p = '\0';
}


Oid
ngx_mdm_pg_element_type(char letter)
{
    return ngx_mdm_pg_type(letter, 0);
}


static Oid
ngx_mdm_pg_type(char letter, unsigned array)
{
    ngx_uint_t  i;

    for (i = 0; ngx_mdm_pg_types[i].letter; i++) {
        if (ngx_mdm_pg_types[i].letter == letter) {
            return array ? ngx_mdm_pg_types[i].array
                         : ngx_mdm_pg_types[i].scalar;
        }
    }

    return 0;
}
