/*
 * The bodies of answers: what a device of each kind tells about itself when
 * a command asks.  Plausible, made from the device's id alone, never kept.
 */

#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/cms.h>
#include <openssl/err.h>


typedef struct {
    const char   *request_type;
    int         (*fill)(sim_channel_t *ch, plist_t report, plist_t command);
} sim_report_t;


typedef struct {
    const char   *product;
    const char   *model;
    const char   *model_name;
    const char   *os;
    const char   *build;
    const char   *name;
    double        capacity;
    int           cellular;
} sim_model_t;


static int sim_report_device(sim_channel_t *ch, plist_t report,
    plist_t command);
static int sim_report_security(sim_channel_t *ch, plist_t report,
    plist_t command);
static int sim_report_profiles(sim_channel_t *ch, plist_t report,
    plist_t command);
static int sim_report_apps(sim_channel_t *ch, plist_t report,
    plist_t command);
static int sim_report_certificates(sim_channel_t *ch, plist_t report,
    plist_t command);
static int sim_report_install(sim_channel_t *ch, plist_t report,
    plist_t command);
static plist_t sim_report_payload(const char *data, size_t len);
static void sim_report_hardware(sim_device_t *d, plist_t all, int cellular);
static plist_t sim_report_pick(plist_t all, plist_t queries);


static sim_report_t  sim_reports[] = {
    { "DeviceInformation", sim_report_device },
    { "SecurityInfo", sim_report_security },
    { "ProfileList", sim_report_profiles },
    { "InstalledApplicationList", sim_report_apps },
    { "CertificateList", sim_report_certificates },
    { "InstallProfile", sim_report_install },
    { NULL, NULL }
};


static sim_model_t  sim_models[SIM_KIND_N] = {
    { "iPhone17,2", "MYWH3", "iPhone 16 Pro Max", "26.0", "23A341",
      "Test iPhone", 256.0, 1 },
    { "iPhone16,1", "MTUV3", "iPhone 15 Pro", "26.0", "23A341",
      "iPhone", 128.0, 1 },
    { "Mac16,12", "MW123", "MacBook Air", "26.0", "25A354",
      "Test MacBook Air", 494.4, 0 },
    { "iPad16,3", "MVV83", "iPad Pro", "26.0", "23A341",
      "Test iPad", 256.0, 0 }
};


/* SIM_ERROR: the device cannot do it and has put its ErrorChain there */

int
sim_report_fill(sim_channel_t *ch, plist_t report, plist_t command)
{
    int            rc;
    char          *type;
    sim_report_t  *r;

    rc = SIM_OK;
    type = sim_plist_string(command, "RequestType");

    for (r = sim_reports; type && r->request_type; r++) {
        if (strcmp(r->request_type, type) == 0) {
            rc = r->fill(ch, report, command);
            break;
        }
    }

    free(type);

    return rc;
}


static int
sim_report_device(sim_channel_t *ch, plist_t report, plist_t command)
{
    plist_t  queries;

    queries = plist_dict_get_item(command, "Queries");

    plist_dict_set_item(report, "QueryResponses",
                        sim_report_information(ch, queries));

    return SIM_OK;
}


/* all that is known without queries; user enrolment names no hardware */

plist_t
sim_report_information(sim_channel_t *ch, plist_t queries)
{
    plist_t        all;
    sim_model_t   *m;
    sim_device_t  *d;

    d = ch->device;
    m = &sim_models[d->kind];
    all = plist_new_dict();

    sim_plist_set(all, "OSVersion", m->os);
    sim_plist_set(all, "BuildVersion", m->build);
    sim_plist_set(all, "ProductName", m->product);
    sim_plist_set(all, "Model", m->model);
    sim_plist_set(all, "ModelName", m->model_name);
    sim_plist_set(all, "DeviceName", m->name);

    plist_dict_set_item(all, "DeviceCapacity", plist_new_real(m->capacity));
    plist_dict_set_item(all, "AvailableDeviceCapacity",
                        plist_new_real(m->capacity / 2));
    plist_dict_set_item(all, "IsSupervised",
                        plist_new_bool(d->kind == SIM_KIND_SHAREDIPAD
                                       || d->sim->options.supervised[d->kind]));

    if (d->kind != SIM_KIND_BYOD) {
        sim_report_hardware(d, all, m->cellular);
    }

    if (d->kind != SIM_KIND_MAC) {
        plist_dict_set_item(all, "BatteryLevel", plist_new_real(0.5));
        plist_dict_set_item(all, "CellularTechnology",
                            plist_new_uint(m->cellular ? 3 : 0));
    }

    if (queries && plist_get_node_type(queries) == PLIST_ARRAY) {
        all = sim_report_pick(all, queries);
    }

    return all;
}


static void
sim_report_hardware(sim_device_t *d, plist_t all, int cellular)
{
    char     number[32];
    uint8_t  digest[32];

    sim_device_digest("hardware", d->id, NULL, digest);

    sim_plist_set(all, "UDID", d->id);
    sim_plist_set(all, "SerialNumber", d->serial);

    snprintf(number, sizeof(number), "f0:%02x:%02x:%02x:%02x:%02x",
             digest[0], digest[1], digest[2], digest[3], digest[4]);
    sim_plist_set(all, "WiFiMAC", number);

    if (cellular) {
        snprintf(number, sizeof(number), "35%03u%03u%03u%03u%u",
                 digest[5], digest[6], digest[7], digest[8], digest[9] % 10u);
        sim_plist_set(all, "IMEI", number);
    }
}


/* takes all there is and leaves only what was asked for */

static plist_t
sim_report_pick(plist_t all, plist_t queries)
{
    plist_t      name, item, picked;
    uint32_t     i;
    const char  *text;

    picked = plist_new_dict();

    for (i = 0; i < plist_array_get_size(queries); i++) {
        name = plist_array_get_item(queries, i);

        if (plist_get_node_type(name) != PLIST_STRING) {
            continue;
        }

        text = plist_get_string_ptr(name, NULL);
        item = plist_dict_get_item(all, text);

        if (item) {
            plist_dict_set_item(picked, text, plist_copy(item));
        }
    }

    plist_free(all);

    return picked;
}


static int
sim_report_security(sim_channel_t *ch, plist_t report, plist_t command)
{
    int      mac;
    plist_t  info;

    (void) command;

    mac = (ch->device->kind == SIM_KIND_MAC);
    info = plist_new_dict();

    plist_dict_set_item(info, "PasscodePresent", plist_new_bool(1));
    plist_dict_set_item(info, "PasscodeCompliant", plist_new_bool(1));

    if (mac) {
        plist_dict_set_item(info, "FDE_Enabled", plist_new_bool(1));
        plist_dict_set_item(info, "FDE_HasPersonalRecoveryKey",
                            plist_new_bool(1));
        plist_dict_set_item(info, "SystemIntegrityProtectionEnabled",
                            plist_new_bool(1));

    } else {
        plist_dict_set_item(info, "HardwareEncryptionCaps", plist_new_uint(3));
        plist_dict_set_item(info, "PasscodeCompliantWithProfiles",
                            plist_new_bool(1));
    }

    plist_dict_set_item(report, "SecurityInfo", info);

    return SIM_OK;
}


static int
sim_report_profiles(sim_channel_t *ch, plist_t report, plist_t command)
{
    char      uuid[37];
    plist_t   list, item;
    uint8_t   digest[32];

    (void) command;

    list = plist_new_array();

    if (ch->user_id == NULL) {
        sim_device_digest("profile", ch->device->id, NULL, digest);
        sim_uuid(digest, uuid);

        item = plist_new_dict();
        sim_plist_set(item, "PayloadIdentifier", "com.example.mdm.enrollment");
        sim_plist_set(item, "PayloadDisplayName", "Device Management");
        sim_plist_set(item, "PayloadUUID", uuid);
        plist_dict_set_item(item, "PayloadVersion", plist_new_uint(1));
        plist_dict_set_item(item, "IsManaged", plist_new_bool(0));
        plist_dict_set_item(item, "IsEncrypted", plist_new_bool(0));
        plist_dict_set_item(item, "HasRemovalPasscode", plist_new_bool(0));
        plist_array_append_item(list, item);
    }

    plist_dict_set_item(report, "ProfileList", list);

    return SIM_OK;
}


static int
sim_report_apps(sim_channel_t *ch, plist_t report, plist_t command)
{
    char      text[64];
    plist_t   list, item;
    unsigned  i;

    (void) command;

    list = plist_new_array();

    for (i = 0; i < ch->device->sim->options.apps; i++) {
        item = plist_new_dict();

        snprintf(text, sizeof(text), "com.example.app%u", i);
        sim_plist_set(item, "Identifier", text);
        snprintf(text, sizeof(text), "Application %u", i);
        sim_plist_set(item, "Name", text);
        snprintf(text, sizeof(text), "%u.%u", 1 + i % 9, i % 10);
        sim_plist_set(item, "ShortVersion", text);
        snprintf(text, sizeof(text), "%u", 1000 + i);
        sim_plist_set(item, "Version", text);

        plist_dict_set_item(item, "BundleSize",
                            plist_new_uint(1000000 + 4096ULL * i));
        plist_dict_set_item(item, "IsValidated", plist_new_bool(1));
        plist_array_append_item(list, item);
    }

    plist_dict_set_item(report, "InstalledApplicationList", list);

    return SIM_OK;
}


static int
sim_report_certificates(sim_channel_t *ch, plist_t report, plist_t command)
{
    int       len;
    plist_t   list, item;
    uint8_t  *der;

    (void) command;

    list = plist_new_array();
    der = NULL;
    len = ch->device->cert ? i2d_X509(ch->device->cert, &der) : 0;

    if (len > 0) {
        item = plist_new_dict();
        sim_plist_set(item, "CommonName", ch->device->id);
        plist_dict_set_item(item, "Data",
                            plist_new_data((char *) der, (uint64_t) len));
        plist_dict_set_item(item, "IsIdentity", plist_new_bool(1));
        plist_array_append_item(list, item);
        OPENSSL_free(der);
    }

    plist_dict_set_item(report, "CertificateList", list);

    return SIM_OK;
}


/* the payload must be a configuration profile, signed or not */

static int
sim_report_install(sim_channel_t *ch, plist_t report, plist_t command)
{
    int          good;
    char        *type, *identifier;
    plist_t      item, profile;
    uint64_t     len;
    const char  *data;

    (void) ch;

    profile = NULL;
    item = plist_dict_get_item(command, "Payload");

    if (item && plist_get_node_type(item) == PLIST_DATA) {
        data = plist_get_data_ptr(item, &len);
        profile = data ? sim_report_payload(data, len) : NULL;
    }

    type = sim_plist_string(profile, "PayloadType");
    identifier = sim_plist_string(profile, "PayloadIdentifier");
    good = type && identifier && strcmp(type, "Configuration") == 0;

    free(type);
    free(identifier);
    plist_free(profile);

    if (!good) {
        sim_message_error(report, 1000, "MCProfileErrorDomain",
                          "The profile is invalid.");
        return SIM_ERROR;
    }

    return SIM_OK;
}


/* a signed profile begins with a DER sequence; its signer is not judged */

static plist_t
sim_report_payload(const char *data, size_t len)
{
    BIO              *in, *out;
    char             *content;
    long              size;
    plist_t           profile;
    CMS_ContentInfo  *cms;

    if (len == 0 || data[0] != 0x30) {
        return sim_plist_parse(data, len);
    }

    profile = NULL;
    in = BIO_new_mem_buf(data, (int) len);
    out = BIO_new(BIO_s_mem());
    cms = in ? d2i_CMS_bio(in, NULL) : NULL;

    if (cms && out
        && CMS_verify(cms, NULL, NULL, NULL, out,
                      CMS_BINARY|CMS_NO_SIGNER_CERT_VERIFY) == 1)
    {
        size = BIO_get_mem_data(out, &content);
        profile = sim_plist_parse(content, (size_t) size);
    }

    CMS_ContentInfo_free(cms);
    BIO_free(in);
    BIO_free(out);
    ERR_clear_error();

    return profile;
}
