
/*
 * A command that follows from a report: held to the rules of its type, and
 * written with all that the queue must know of it, as one that a person asks.
 */


#include "ngx_mdm_effects_internal.h"
#include "ngx_mdm_uuid.h"
#include "../message/mdm_command.h"

#include <openssl/evp.h>
#include <string.h>


static mdm_rc_e ngx_mdm_effects_check(ngx_mdm_effects_t *e,
    const mdm_schema_type_t *type, mdm_node_t *command, json_t *row);
static mdm_rc_e ngx_mdm_effects_envelope(ngx_mdm_effects_t *e,
    const mdm_effect_t *effect, mdm_node_t *command, mdm_str_t *uuid,
    mdm_str_t *envelope);
static mdm_rc_e ngx_mdm_effects_facts(ngx_mdm_effects_t *e,
    const mdm_schema_type_t *type, mdm_str_t envelope, json_t *row);
static mdm_str_t ngx_mdm_effects_uuid(ngx_mdm_effects_t *e);


mdm_rc_e
ngx_mdm_effects_command(ngx_mdm_effects_t *e, json_t *all,
    const mdm_effect_t *effect)
{
    json_t                   *item;
    mdm_rc_e                  rc;
    mdm_str_t                 uuid, envelope;
    mdm_node_t               *command;
    const mdm_schema_type_t  *type;

    type = mdm_schema_find(e->schema, MDM_COMMAND, effect->name);

    if (type == NULL) {
        return mdm_fault(&e->fault, MDM_MALFORMED,
                         "no plugin describes the command that should follow");
    }

    command = mdm_node_copy(e->arena, effect->value);
    item = json_object();

    if (command == NULL || item == NULL) {
        json_decref(item);
        return ngx_mdm_effects_no_memory(e);
    }

    rc = ngx_mdm_effects_check(e, type, command, item);

    if (rc == MDM_OK) {
        rc = ngx_mdm_effects_envelope(e, effect, command, &uuid, &envelope);
    }

    if (rc == MDM_OK) {
        rc = ngx_mdm_effects_facts(e, type, envelope, item);
    }

    if (rc == MDM_OK) {
        rc = ngx_mdm_effects_seal(e, "command", uuid, envelope, "payload",
                                  item);
    }

    if (rc != MDM_OK) {
        json_decref(item);
        return rc;
    }

    return ngx_mdm_effects_append(e, all, "commands", item);
}


/* The rules of its type, and what it wants at its delivery. */

static mdm_rc_e
ngx_mdm_effects_check(ngx_mdm_effects_t *e, const mdm_schema_type_t *type,
    mdm_node_t *command, json_t *row)
{
    size_t                i;
    json_t               *wants;
    mdm_check_t          *check;
    mdm_findings_t        findings;
    const mdm_finding_t  *finding;

    memset(&findings, 0, sizeof(mdm_findings_t));
    findings.arena = e->arena;

    check = mdm_arena_zalloc(e->arena, sizeof(mdm_check_t));
    if (check == NULL) {
        return ngx_mdm_effects_no_memory(e);
    }

    check->schema = e->schema;
    check->arena = e->arena;
    check->findings = &findings;

    if (mdm_schema_check_command(check, type, command) != MDM_OK
        || findings.no_memory)
    {
        return ngx_mdm_effects_no_memory(e);
    }

    for (finding = findings.first; finding; finding = finding->next) {
        if (!finding->warning) {
            return mdm_fault(&e->fault, MDM_MALFORMED,
                             "%s that should follow is refused: %.*s %.*s",
                             type->name, (int) finding->path.len,
                             finding->path.data, (int) finding->rule.len,
                             finding->rule.data);
        }
    }

    if (findings.faults != 0) {
        return mdm_fault(&e->fault, MDM_MALFORMED,
                         "%s that should follow is refused", type->name);
    }

    if (check->nwants == 0 && !check->values.escaped) {
        return MDM_OK;
    }

    wants = json_array();

    for (i = 0; i < check->nwants; i++) {
        json_array_append_new(wants,
                     json_stringn((const char *) check->wants[i].data,
                                  check->wants[i].len));
    }

    if (json_array_size(wants) != check->nwants
        || json_object_set(row, "wants", wants) != 0)
    {
        json_decref(wants);
        return ngx_mdm_effects_no_memory(e);
    }

    json_decref(wants);

    return MDM_OK;
}


static mdm_rc_e
ngx_mdm_effects_envelope(ngx_mdm_effects_t *e, const mdm_effect_t *effect,
    mdm_node_t *command, mdm_str_t *uuid, mdm_str_t *envelope)
{
    mdm_rc_e  rc;

    *uuid = ngx_mdm_effects_uuid(e);

    rc = mdm_str_is_set(*uuid)
         ? mdm_command_write(e->arena, effect->name, *uuid, command, envelope)
         : MDM_NO_MEMORY;

    if (rc == MDM_NO_MEMORY) {
        return ngx_mdm_effects_no_memory(e);
    }

    if (rc != MDM_OK) {
        return mdm_fault(&e->fault, MDM_MALFORMED,
                         "%.*s that should follow cannot be written",
                         (int) effect->name.len, effect->name.data);
    }

    return MDM_OK;
}


/* What the queue must know of it, as of a command that a person asks. */

static mdm_rc_e
ngx_mdm_effects_facts(ngx_mdm_effects_t *e, const mdm_schema_type_t *type,
    mdm_str_t envelope, json_t *row)
{
    size_t                    len;
    mdm_rc_e                  rc;
    mdm_command_t             command;
    unsigned char             sha256[MDM_SECRET_DIGEST_SIZE];
    unsigned char             digests[MDM_SECRET_MAX_DIGESTS];

    rc = mdm_command_read(e->arena, envelope, e->schema, &command, &e->fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (EVP_Digest(envelope.data, envelope.len, sha256, NULL, EVP_sha256(),
                   NULL)
        != 1
        || mdm_secret_digest(e->ring, e->tenant_id, sha256, digests, &len)
           != MDM_OK
        || json_object_set_new(row, "command_uuid",
                    json_stringn((const char *) command.command_uuid.data,
                                 command.command_uuid.len))
           != 0
        || json_object_set_new(row, "request_type",
                               json_string(type->name))
           != 0
        || json_object_set_new(row, "repeat",
                    json_string(type->flags & MDM_ONCE ? "once" : "safe"))
           != 0
        || json_object_set_new(row, "urgent", json_boolean(command.urgent))
           != 0
        || json_object_set_new(row, "part", json_boolean(command.part)) != 0
        || json_object_set_new(row, "supersedes",
                    json_boolean((type->flags & MDM_SUPERSEDES) != 0))
           != 0
        || json_object_set_new(row, "expires", json_integer(type->expires))
           != 0)
    {
        return ngx_mdm_effects_no_memory(e);
    }

    if (command.subject.len != 0
        && json_object_set_new(row, "subject",
                    json_stringn((const char *) command.subject.data,
                                 command.subject.len))
           != 0)
    {
        return mdm_fault(&e->fault, MDM_MALFORMED,
                         "%s that should follow has no good subject",
                         type->name);
    }

    return ngx_mdm_effects_data(e, row, "digest",
                      (mdm_str_t) { MDM_SECRET_DIGEST_SIZE, digests });
}


/* Made from the report's, so that what follows is the same whenever the same
 * report is worked on. */

static mdm_str_t
ngx_mdm_effects_uuid(ngx_mdm_effects_t *e)
{
    size_t          len;
    u_char         *p, *data, *text;
    unsigned char   sha256[MDM_SECRET_DIGEST_SIZE];

    len = e->enrollment.len + e->command_uuid.len + 64;
    data = mdm_arena_alloc(e->arena, len);
    text = mdm_arena_alloc(e->arena, NGX_MDM_UUID_LEN);

    if (data == NULL || text == NULL) {
        return mdm_null_str;
    }

    p = ngx_snprintf(data, len, "%L/%uz/%*s/%*s", e->tenant_id, e->n,
                     e->enrollment.len, e->enrollment.data,
                     e->command_uuid.len, e->command_uuid.data);

    if (EVP_Digest(data, p - data, sha256, NULL, EVP_sha256(), NULL) != 1) {
        return mdm_null_str;
    }

    ngx_mdm_uuid_of(sha256, text);

    return (mdm_str_t) { NGX_MDM_UUID_LEN, text };
}
