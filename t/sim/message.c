/*
 * What a device says: check-ins, Idle and reports as property lists, made
 * into whole HTTP requests, with Mdm-Signature where it is asked for.  It
 * shares nothing with the server that it helps to test.
 */

#include "sim.h"

#include <stdlib.h>
#include <string.h>


#define SIM_CHECKIN  "application/x-apple-aspen-mdm-checkin"
#define SIM_COMMAND  "application/x-apple-aspen-mdm"


static plist_t sim_message_dict(sim_channel_t *ch, const char *key,
    const char *type);
static void sim_message_identity(plist_t dict, sim_channel_t *ch);
static void sim_message_model(plist_t dict, sim_channel_t *ch);
static void sim_message_finish(sim_channel_t *ch, plist_t dict,
    const char *media);
static void sim_message_request(sim_channel_t *ch, const char *body,
    size_t len, const char *media);
static void sim_message_bool(plist_t dict, const char *key, int value);


void
sim_message_authenticate(sim_channel_t *ch)
{
    plist_t  dict;

    dict = sim_message_dict(ch, "MessageType", "Authenticate");

    sim_plist_set(dict, "Topic", ch->device->sim->options.topic);
    sim_message_model(dict, ch);
    sim_message_finish(ch, dict, SIM_CHECKIN);
}


/* names the user by the UserID alone */

void
sim_message_user_authenticate(sim_channel_t *ch)
{
    plist_t  dict;

    dict = sim_message_dict(ch, "MessageType", "UserAuthenticate");

    plist_dict_remove_item(dict, "UserShortName");
    plist_dict_remove_item(dict, "UserLongName");

    if (ch->digest_response) {
        sim_plist_set(dict, "DigestResponse", ch->digest_response);
    }

    sim_message_finish(ch, dict, SIM_CHECKIN);
}


void
sim_message_token_update(sim_channel_t *ch)
{
    char           magic[37];
    plist_t        dict;
    uint8_t        digest[32];
    sim_device_t  *d;

    d = ch->device;
    dict = sim_message_dict(ch, "MessageType", "TokenUpdate");

    sim_plist_set(dict, "Topic", d->sim->options.topic);

    sim_channel_token(ch, digest);
    plist_dict_set_item(dict, "Token",
                        plist_new_data((char *) digest, sizeof(digest)));

    sim_device_digest("magic", d->id, ch->user_short_name, digest);
    sim_uuid(digest, magic);
    sim_plist_set(dict, "PushMagic", magic);

    if (d->kind == SIM_KIND_IPHONE) {
        sim_device_digest("unlock", d->id, NULL, digest);
        plist_dict_set_item(dict, "UnlockToken",
                            plist_new_data((char *) digest, sizeof(digest)));
    }

    if (d->kind == SIM_KIND_MAC && ch->user_id) {
        sim_message_bool(dict, "NotOnConsole", 0);

    } else {
        sim_message_bool(dict, "AwaitingConfiguration", 0);
    }

    sim_message_finish(ch, dict, SIM_CHECKIN);
}


void
sim_message_checkout(sim_channel_t *ch)
{
    plist_t  dict;

    dict = sim_message_dict(ch, "MessageType", "CheckOut");

    sim_plist_set(dict, "Topic", ch->device->sim->options.topic);
    sim_message_finish(ch, dict, SIM_CHECKIN);
}


/* an Idle never differs, so the poll bench keeps it, signature and all */

void
sim_message_idle(sim_channel_t *ch)
{
    plist_t  dict;

    if (ch->idle.bytes) {
        sim_message_release(ch);
        ch->message = ch->idle;
        return;
    }

    dict = sim_message_dict(ch, "Status", "Idle");
    sim_message_finish(ch, dict, SIM_COMMAND);

    if (ch->device->sim->options.bench == SIM_BENCH_POLL) {
        ch->idle = ch->message;
    }
}


void
sim_message_report(sim_channel_t *ch, plist_t envelope,
    const sim_rule_t *rule)
{
    char        *uuid, *type;
    plist_t      dict, command;
    sim_say_e    say;

    static const char  *status[SIM_SAY_N] = {
        "Acknowledged", "Error", "NotNow", "", "Acknowledged",
        "CommandFormatError", "Acknowledged"
    };

    say = rule ? rule->say : SIM_SAY_ACKNOWLEDGE;
    command = plist_dict_get_item(envelope, "Command");
    uuid = sim_plist_string(envelope, "CommandUUID");
    type = sim_plist_string(command, "RequestType");

    dict = sim_message_dict(ch, "Status", status[say]);
    sim_plist_set(dict, "CommandUUID", uuid);

    if (say == SIM_SAY_ERROR) {
        sim_message_error(dict, rule->code, rule->domain, rule->text);

    } else if (say == SIM_SAY_ACKNOWLEDGE || say == SIM_SAY_DISCONNECT
               || say == SIM_SAY_MALFORMED)
    {
        if (sim_report_fill(ch, dict, command) != SIM_OK
            && say != SIM_SAY_MALFORMED)
        {
            say = SIM_SAY_ERROR;
            ch->message.type = "Error";
            sim_plist_set(dict, "Status", "Error");
        }
    }

    if (say == SIM_SAY_MALFORMED) {
        ch->message.type = "Malformed";
    }

    ch->message.say = say;
    ch->message.command_uuid = uuid;
    ch->message.request_type = type;
    ch->message.drop = (rule && rule->say == SIM_SAY_DISCONNECT);
    ch->message.repeat = rule ? rule->repeat : 0;

    sim_message_finish(ch, dict, SIM_COMMAND);
}


/* forgets the current message, not the kept Idle */

void
sim_message_release(sim_channel_t *ch)
{
    sim_message_t  *m;

    m = &ch->message;

    if (m->bytes != ch->idle.bytes) {
        free(m->command_uuid);
        free(m->request_type);
        free(m->bytes);
    }

    memset(m, 0, sizeof(sim_message_t));
}


/* starts a new message of the channel: its type and who speaks */

static plist_t
sim_message_dict(sim_channel_t *ch, const char *key, const char *type)
{
    plist_t  dict;

    sim_message_release(ch);
    ch->message.type = type;

    dict = plist_new_dict();
    sim_plist_set(dict, key, type);
    sim_message_identity(dict, ch);

    return dict;
}


static void
sim_message_identity(plist_t dict, sim_channel_t *ch)
{
    sim_device_t  *d;

    d = ch->device;

    sim_plist_set(dict, d->kind == SIM_KIND_BYOD ? "EnrollmentID" : "UDID",
                  d->id);

    if (ch->user_id) {
        sim_plist_set(dict, "UserID", ch->user_id);
        sim_plist_set(dict, "UserShortName", ch->user_short_name);
        sim_plist_set(dict, "UserLongName", ch->user_long_name);
    }

    if (ch->auth_token) {
        sim_plist_set(dict, "AuthToken", ch->auth_token);
    }
}


/* what Authenticate tells of the device: the words of DeviceInformation */

static void
sim_message_model(plist_t dict, sim_channel_t *ch)
{
    size_t      i;
    plist_t     all, item;
    sim_kind_e  kind;

    static const char  *names[] = {
        "OSVersion", "BuildVersion", "ProductName", "SerialNumber", "IMEI",
        "DeviceName", "Model", "ModelName"
    };

    kind = ch->device->kind;
    all = sim_report_information(ch, NULL);

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if (i >= 5 && kind != SIM_KIND_MAC) {
            break;
        }

        item = plist_dict_get_item(all, names[i]);

        if (item) {
            plist_dict_set_item(dict, names[i], plist_copy(item));
        }
    }

    plist_free(all);
}


void
sim_message_error(plist_t report, uint64_t code, const char *domain,
    const char *text)
{
    plist_t  chain, item;

    item = plist_new_dict();
    plist_dict_set_item(item, "ErrorCode", plist_new_uint(code));
    sim_plist_set(item, "ErrorDomain", domain);
    sim_plist_set(item, "LocalizedDescription", text);
    sim_plist_set(item, "USEnglishDescription", text);

    chain = plist_new_array();
    plist_array_append_item(chain, item);
    plist_dict_set_item(report, "ErrorChain", chain);
}


/* takes the dictionary; a malformed report lacks its last third */

static void
sim_message_finish(sim_channel_t *ch, plist_t dict, const char *media)
{
    char      *xml;
    uint32_t   len;

    xml = NULL;
    len = 0;
    plist_to_xml(dict, &xml, &len);
    plist_free(dict);

    if (ch->message.say == SIM_SAY_MALFORMED) {
        len -= len / 3;
    }

    sim_message_request(ch, xml, len, media);
    plist_to_xml_free(xml);
}


static void
sim_message_request(sim_channel_t *ch, const char *body, size_t len,
    const char *media)
{
    char           *signature;
    size_t          size;
    sim_options_t  *o;
    FILE           *out;

    o = &ch->device->sim->options;
    signature = o->sign ? sim_identity_sign(ch->device, body, len) : NULL;

    if (o->sign && signature == NULL) {
        sim_error("a message of %s could not be signed", ch->device->id);
    }

    ch->message.bytes = NULL;
    out = open_memstream(&ch->message.bytes, &size);

    if (out == NULL) {
        sim_error("no memory for a request");
        exit(1);
    }

    fprintf(out, "PUT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\n"
            "Content-Type: %s\r\nContent-Length: %zu\r\n",
            o->path, o->host, ch->device->kind == SIM_KIND_MAC
                              ? "MDM-OSX/1.0 mdmclient/1" : "MDM/1.0",
            media, len);

    if (signature) {
        fprintf(out, "Mdm-Signature: %s\r\n", signature);
    }

    if (o->bearer && ch->device->kind == SIM_KIND_BYOD) {
        fprintf(out, "Authorization: Bearer %s\r\n", o->bearer);
    }

    fputs(o->keepalive ? "\r\n" : "Connection: close\r\n\r\n", out);
    fwrite(body, 1, len, out);
    fclose(out);

    ch->message.len = size;
    free(signature);
}


/* NULL when the bytes are no dictionary */

plist_t
sim_plist_parse(const char *data, size_t len)
{
    plist_t  plist;

    plist = NULL;

    if (plist_is_binary(data, (uint32_t) len)) {
        plist_from_bin(data, (uint32_t) len, &plist);

    } else {
        plist_from_xml(data, (uint32_t) len, &plist);
    }

    if (plist && plist_get_node_type(plist) != PLIST_DICT) {
        plist_free(plist);
        return NULL;
    }

    return plist;
}


/* a copy of a string of the dictionary, or NULL */

char *
sim_plist_string(plist_t dict, const char *key)
{
    plist_t      item;
    const char  *text;

    if (dict == NULL || plist_get_node_type(dict) != PLIST_DICT) {
        return NULL;
    }

    item = plist_dict_get_item(dict, key);

    if (item == NULL || plist_get_node_type(item) != PLIST_STRING) {
        return NULL;
    }

    text = plist_get_string_ptr(item, NULL);

    return text ? sim_copy(text) : NULL;
}


void
sim_plist_set(plist_t dict, const char *key, const char *value)
{
    plist_dict_set_item(dict, key, plist_new_string(value));
}


static void
sim_message_bool(plist_t dict, const char *key, int value)
{
    plist_dict_set_item(dict, key, plist_new_bool(value ? 1 : 0));
}
