
/*
 * Building what a webhook posts.  jansson writes all but the raw message,
 * which is put into its place as base64: it is long, and may hold tokens that
 * only the arena wipes.
 */


#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "mdm_cursor.h"
#include "mdm_enrollment_id.h"
#include "mdm_json.h"
#include "mdm_json_text.h"
#include "mdm_webhook.h"


/* What follows the raw message, which is the last member of the last. */
#define MDM_WEBHOOK_TAIL   "\"}}"


typedef struct {
    const char           *type;
    const char           *topic;
    bool                  report;
} mdm_webhook_topic_t;


static const mdm_webhook_topic_t  mdm_webhook_topics[] = {
    { "authenticated", "mdm.Authenticate", false },
    { "token_updated", "mdm.TokenUpdate", false },
    { "checked_out", "mdm.CheckOut", false },
    { "bootstrap_token_set", "mdm.SetBootstrapToken", false },
    { "bootstrap_token_read", "mdm.GetBootstrapToken", false },
    { "command_acknowledged", "mdm.Connect", true },
    { "command_failed", "mdm.Connect", true },
    { "command_not_now", "mdm.Connect", true },
    { NULL, NULL, false }
};


static const struct {
    const char           *channel;
    const char           *type;
    bool                  enrollment;    /* an EnrollmentID, not a UDID */
} mdm_webhook_channels[] = {
    { "device", "Device", false },
    { "user", "User", false },
    { "shared_user", "Shared iPad", false },
    { "enrollment", "User Enrollment (Device)", true },
    { "enrollment_user", "User Enrollment", true },
    { NULL, NULL, false }
};


static const mdm_webhook_topic_t *mdm_webhook_topic(mdm_str_t type);
static json_t *mdm_webhook_head(const mdm_webhook_event_t *event,
    const mdm_webhook_topic_t *topic);
static json_t *mdm_webhook_body(mdm_arena_t *arena,
    const mdm_webhook_event_t *event, const mdm_webhook_topic_t *topic,
    json_t *data);
static bool mdm_webhook_ids(mdm_arena_t *arena,
    const mdm_webhook_event_t *event, json_t *body);
static bool mdm_webhook_copy(json_t *to, const char *name, json_t *from,
    const char *member);
static json_t *mdm_webhook_str(mdm_str_t s);
static mdm_rc_e mdm_webhook_data(const mdm_webhook_event_t *event,
    json_t **data);
static mdm_rc_e mdm_webhook_text(mdm_arena_t *arena, json_t *json,
    mdm_str_t raw, mdm_str_t *body);


bool
mdm_webhook_has_topic(mdm_str_t type)
{
    return mdm_webhook_topic(type) != NULL;
}


static const mdm_webhook_topic_t *
mdm_webhook_topic(mdm_str_t type)
{
    const mdm_webhook_topic_t  *topic;

    for (topic = mdm_webhook_topics; topic->type != NULL; topic++) {
        if (mdm_str_eq_c(type, topic->type)) {
            return topic;
        }
    }

    return NULL;
}


mdm_rc_e
mdm_webhook_nanomdm(mdm_arena_t *arena, const mdm_webhook_event_t *event,
    mdm_str_t raw, mdm_str_t *body)
{
    json_t                     *data, *json, *part;
    mdm_rc_e                    rc;
    const mdm_webhook_topic_t  *topic;

    topic = mdm_webhook_topic(event->type);

    if (topic == NULL || !mdm_str_is_set(event->channel)
        || event->device_id.len == 0)
    {
        return MDM_UNSUPPORTED;
    }

    rc = mdm_webhook_data(event, &data);
    if (rc != MDM_OK) {
        return rc;
    }

    json = mdm_webhook_head(event, topic);
    part = mdm_webhook_body(arena, event, topic, data);
    rc = MDM_NO_MEMORY;

    if (json != NULL && part != NULL
        && json_object_set(json, topic->report ? "acknowledge_event"
                                               : "checkin_event", part)
           == 0)
    {
        rc = mdm_webhook_text(arena, json, raw, body);
    }

    json_decref(part);
    json_decref(json);
    json_decref(data);

    return rc;
}


static json_t *
mdm_webhook_head(const mdm_webhook_event_t *event,
    const mdm_webhook_topic_t *topic)
{
    return json_pack("{s:s, s:o, s:o, s:o}",
                     "topic", topic->topic,
                     "event_id", mdm_webhook_str(event->event_id),
                     "created_at", mdm_webhook_str(event->at),
                     "tenant", mdm_webhook_str(event->tenant));
}


/* The raw message comes last and is empty here. */

static json_t *
mdm_webhook_body(mdm_arena_t *arena, const mdm_webhook_event_t *event,
    const mdm_webhook_topic_t *topic, json_t *data)
{
    bool         added;
    json_t      *body;
    const char  *status;

    body = json_object();

    if (body == NULL || !mdm_webhook_ids(arena, event, body)) {
        json_decref(body);
        return NULL;
    }

    if (topic->report) {

        /* NanoMDM knows no report that cannot be read */

        status = json_string_value(json_object_get(data, "status"));

        if (status == NULL || strcmp(status, "Unreadable") == 0) {
            status = "Error";
        }

        added = json_object_set_new(body, "status", json_string(status)) == 0
                && mdm_webhook_copy(body, "command_uuid", data,
                                    "command_uuid");

    } else {
        added = strcmp(topic->topic, "mdm.TokenUpdate") != 0
                || mdm_webhook_copy(body, "token_update_tally", data, "tally");
    }

    if (json_is_object(json_object_get(data, "url_params"))) {
        added = added
                && mdm_webhook_copy(body, "url_params", data, "url_params");

    } else {
        added = added
                && json_object_set_new(body, "url_params", json_null()) == 0;
    }

    if (!added
        || json_object_set_new(body, "raw_payload", json_string("")) != 0)
    {
        json_decref(body);
        return NULL;
    }

    return body;
}


static bool
mdm_webhook_ids(mdm_arena_t *arena, const mdm_webhook_event_t *event,
    json_t *body)
{
    size_t      i;
    json_t     *ids;
    mdm_str_t   written;

    for (i = 0; mdm_webhook_channels[i].channel != NULL; i++) {
        if (mdm_str_eq_c(event->channel, mdm_webhook_channels[i].channel)) {
            break;
        }
    }

    written = mdm_enrollment_id_write(arena, event->device_id,
                                      event->user_id);

    ids = json_pack("{s:o, s:s?}", "id", mdm_webhook_str(written),
                    "type", mdm_webhook_channels[i].type);
    if (ids == NULL) {
        return false;
    }

    if (event->user_id.len != 0
        && json_object_set_new(ids, "parent_id",
                               mdm_webhook_str(event->device_id))
           != 0)
    {
        json_decref(ids);
        return false;
    }

    return json_object_set_new(body, "ids", ids) == 0
           && json_object_set_new(body, mdm_webhook_channels[i].enrollment
                                        ? "enrollment_id" : "udid",
                                  mdm_webhook_str(event->device_id))
              == 0;
}


/* What is not there is not copied. */

static bool
mdm_webhook_copy(json_t *to, const char *name, json_t *from,
    const char *member)
{
    json_t  *value;

    value = json_object_get(from, member);

    return value == NULL || json_object_set(to, name, value) == 0;
}


static json_t *
mdm_webhook_str(mdm_str_t s)
{
    return json_stringn((const char *) s.data, s.len);
}


static mdm_rc_e
mdm_webhook_data(const mdm_webhook_event_t *event, json_t **data)
{
    json_error_t  error;

    *data = mdm_json_load(event->data, 0, &error);

    if (json_is_object(*data)) {
        return MDM_OK;
    }

    if (*data == NULL && error.text[0] == '\0') {
        return MDM_NO_MEMORY;
    }

    json_decref(*data);

    return MDM_MALFORMED;
}


/* Puts the raw message before the tail of the JSON text. */

static mdm_rc_e
mdm_webhook_text(mdm_arena_t *arena, json_t *json, mdm_str_t raw,
    mdm_str_t *body)
{
    size_t          head, tail, len;
    mdm_str_t       text;
    unsigned char  *p;

    text = mdm_json_text(arena, json);
    if (!mdm_str_is_set(text)) {
        return MDM_NO_MEMORY;
    }

    tail = sizeof(MDM_WEBHOOK_TAIL) - 1;
    head = text.len - tail;
    len = (raw.len + 2) / 3 * 4;

    /* one more byte for the NUL of EVP_EncodeBlock() */

    p = mdm_arena_alloc(arena, head + len + tail + 1);
    if (p == NULL) {
        return MDM_NO_MEMORY;
    }

    body->data = p;
    body->len = head + len + tail;

    memcpy(p, text.data, head);
    (void) EVP_EncodeBlock(p + head, raw.data, (int) raw.len);
    memcpy(p + head + len, MDM_WEBHOOK_TAIL, tail);

    return MDM_OK;
}


mdm_rc_e
mdm_webhook_plain(mdm_arena_t *arena, const mdm_webhook_event_t *event,
    mdm_str_t *body)
{
    json_t         *data, *json;
    mdm_rc_e        rc;
    mdm_str_t       written, id;
    unsigned char  *p;

    p = mdm_arena_alloc(arena, mdm_cursor_size(&mdm_cursor_events,
                                               event->cursor.len));
    if (p == NULL) {
        return MDM_NO_MEMORY;
    }

    id.data = p;
    id.len = mdm_cursor_write(&mdm_cursor_events, event->cursor, p) - p;

    rc = mdm_webhook_data(event, &data);
    if (rc != MDM_OK) {
        return rc;
    }

    json = json_pack("{s:o, s:o, s:o, s:n, s:o, s:o}",
                     "id", mdm_webhook_str(id),
                     "type", mdm_webhook_str(event->type),
                     "tenant", mdm_webhook_str(event->tenant),
                     "enrollment",
                     "at", mdm_webhook_str(event->at),
                     "data", data);
    if (json == NULL) {
        return MDM_NO_MEMORY;
    }

    if (event->device_id.len != 0) {
        written = mdm_enrollment_id_write(arena, event->device_id,
                                          event->user_id);

        if (json_object_set_new(json, "enrollment", mdm_webhook_str(written))
            != 0)
        {
            json_decref(json);
            return MDM_NO_MEMORY;
        }
    }

    *body = mdm_json_text(arena, json);
    json_decref(json);

    return mdm_str_is_set(*body) ? MDM_OK : MDM_NO_MEMORY;
}


mdm_rc_e
mdm_webhook_hmac(mdm_str_t secret, mdm_str_t body,
    char hmac[MDM_WEBHOOK_HMAC_SIZE])
{
    unsigned       len;
    unsigned char  digest[EVP_MAX_MD_SIZE];

    if (HMAC(EVP_sha256(), secret.data, (int) secret.len, body.data, body.len,
             digest, &len)
        == NULL)
    {
        ERR_clear_error();
        return MDM_NO_MEMORY;
    }

    (void) EVP_EncodeBlock((unsigned char *) hmac, digest, (int) len);

    return MDM_OK;
}
