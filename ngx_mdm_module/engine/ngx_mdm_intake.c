
/*
 * The intake: decode the body, verify its signature, seal what must be kept.
 * Runs in the event loop for small bodies and in a thread for large ones, so
 * it touches nothing but its own memory.
 */


#include "ngx_mdm_exchange.h"


static void ngx_mdm_intake_decode(ngx_mdm_intake_t *intake);
static void ngx_mdm_intake_seal(ngx_mdm_intake_t *intake);
static void ngx_mdm_intake_seal_raw(ngx_mdm_intake_t *intake);
static mdm_str_t ngx_mdm_intake_report_row(ngx_mdm_intake_t *intake);


void
ngx_mdm_intake_run(ngx_mdm_intake_t *intake)
{
    if (intake->is_signed) {
        intake->rc = mdm_signature_verify(&intake->signature, intake->key,
                                          intake->body, &intake->fault);
        if (intake->rc != MDM_OK) {
            return;
        }
    }

    ngx_mdm_intake_decode(intake);

    if (intake->rc == MDM_OK) {
        ngx_mdm_intake_seal(intake);
    }

    if (intake->rc == MDM_OK) {
        ngx_mdm_intake_seal_raw(intake);
    }
}


static void
ngx_mdm_intake_decode(ngx_mdm_intake_t *intake)
{
    mdm_enrollment_id_t  *id;

    if (!intake->report) {
        intake->rc = mdm_checkin_decode(intake->arena, intake->body,
                                        &intake->message, &intake->fault);

    } else {
        intake->rc = mdm_report_decode(intake->arena, intake->body,
                                       &intake->message,
                                       intake->body.len
                                       <= NGX_MDM_THREAD_INLINE
                                       ? &intake->plist : NULL,
                                       &intake->fault);

        if (intake->rc == MDM_MALFORMED || intake->rc == MDM_TOO_LARGE) {

            /* one unreadable answer must not block the queue behind it */

            if (mdm_report_salvage(intake->arena, intake->body,
                                   &intake->message)
                == MDM_OK)
            {
                intake->rc = MDM_OK;
            }
        }
    }

    if (intake->rc != MDM_OK) {
        return;
    }

    id = &intake->message.id;

    intake->enrollment = mdm_enrollment_id_write(intake->arena, id->device_id,
                                                 id->user_id);

    if (!mdm_str_is_set(intake->enrollment)) {
        intake->rc = mdm_fault(&intake->fault, MDM_NO_MEMORY, "out of memory");
    }
}


static void
ngx_mdm_intake_seal(ngx_mdm_intake_t *intake)
{
    mdm_str_t       row, plain;
    const char     *kind;
    mdm_message_t  *message;

    message = &intake->message;
    row = intake->enrollment;

    switch (message->type) {

    case MDM_TOKEN_UPDATE:
        kind = "unlock_token";
        plain = message->unlock_token;
        break;

    case MDM_SET_BOOTSTRAP_TOKEN:
        kind = "bootstrap_token";
        plain = message->bootstrap_token;
        break;

    case MDM_REPORT:
        if (message->status == MDM_STATUS_IDLE
            || message->status == MDM_STATUS_NOT_NOW)
        {
            return;
        }

        kind = "report";
        plain = intake->body;
        row = ngx_mdm_intake_report_row(intake);
        break;

    default:
        return;
    }

    if (plain.len == 0) {
        return;
    }

    if (!mdm_str_is_set(row)
        || mdm_secret_seal(intake->arena, intake->ring, intake->tenant_id,
                           kind, row, plain, &intake->sealed)
           != MDM_OK)
    {
        intake->rc = mdm_fault(&intake->fault, MDM_NO_MEMORY,
                               "cannot seal a secret");
    }
}


/* What an event will carry: messages that change something and are not kept
 * as a report. */

static void
ngx_mdm_intake_seal_raw(ngx_mdm_intake_t *intake)
{
    switch (intake->message.type) {

    case MDM_AUTHENTICATE:
    case MDM_TOKEN_UPDATE:
    case MDM_CHECK_OUT:
    case MDM_SET_BOOTSTRAP_TOKEN:
    case MDM_GET_BOOTSTRAP_TOKEN:
        break;

    case MDM_REPORT:
        if (intake->message.status == MDM_STATUS_NOT_NOW) {
            break;
        }

        return;

    default:
        return;
    }

    if (mdm_secret_seal(intake->arena, intake->ring, intake->tenant_id,
                        "message", intake->enrollment, intake->body,
                        &intake->raw)
        != MDM_OK)
    {
        intake->rc = mdm_fault(&intake->fault, MDM_NO_MEMORY,
                               "cannot seal a message");
    }
}


/* "<written enrolment id>/<CommandUUID>" */

static mdm_str_t
ngx_mdm_intake_report_row(ngx_mdm_intake_t *intake)
{
    size_t      len;
    u_char     *p, *data;
    mdm_str_t   uuid;

    uuid = intake->message.command_uuid;
    len = intake->enrollment.len + 1 + uuid.len;

    data = mdm_arena_alloc(intake->arena, len);
    if (data == NULL) {
        return mdm_null_str;
    }

    p = ngx_cpymem(data, intake->enrollment.data, intake->enrollment.len);
    *p++ = '/';
    ngx_memcpy(p, uuid.data, uuid.len);

    return (mdm_str_t) { len, data };
}
