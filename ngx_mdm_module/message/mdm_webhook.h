
/*
 * What a webhook's receiver gets: an event in NanoMDM's JSON or in our own,
 * and the HMAC of it.
 */


#ifndef _MDM_WEBHOOK_H_INCLUDED_
#define _MDM_WEBHOOK_H_INCLUDED_


#include "mdm_base.h"


/* base64 of a SHA-256, and a NUL */
#define MDM_WEBHOOK_HMAC_SIZE   45


/* As stored; `data` is the text of a JSON object. */

typedef struct {
    mdm_str_t             event_id;
    mdm_str_t             cursor;        /* fields of mdm_cursor_events */
    mdm_str_t             tenant;        /* its name */
    mdm_str_t             type;
    mdm_str_t             at;            /* RFC 3339 */
    mdm_str_t             device_id;     /* len 0: no enrolment */
    mdm_str_t             user_id;
    mdm_str_t             channel;       /* absent: not known */
    mdm_str_t             data;
} mdm_webhook_event_t;


/* Has NanoMDM a topic for events of this type? */
bool mdm_webhook_has_topic(mdm_str_t type);

/*
 * NanoMDM's JSON.  `raw` is the device's message, of length 0 when it was not
 * kept.  MDM_UNSUPPORTED: NanoMDM has no form for this event; MDM_MALFORMED:
 * `data` is no JSON object.
 */
mdm_rc_e mdm_webhook_nanomdm(mdm_arena_t *arena,
    const mdm_webhook_event_t *event, mdm_str_t raw, mdm_str_t *body);

/* {"id", "type", "tenant", "enrollment", "at", "data"}; "id" is a cursor. */
mdm_rc_e mdm_webhook_plain(mdm_arena_t *arena,
    const mdm_webhook_event_t *event, mdm_str_t *body);

/* The value of X-Hmac-Signature: base64 of HMAC-SHA-256. */
mdm_rc_e mdm_webhook_hmac(mdm_str_t secret, mdm_str_t body,
    char hmac[MDM_WEBHOOK_HMAC_SIZE]);


#endif /* _MDM_WEBHOOK_H_INCLUDED_ */
