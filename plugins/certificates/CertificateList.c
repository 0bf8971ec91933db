
/*
 * CertificateList: the certificates on a device.  Names do not tell them apart,
 * so each is kept by the SHA-256 of its DER, and with what a person wants to
 * know of it: which one it is, and how long it is good.
 */


#include <stdio.h>
#include <time.h>

#include "certificates.h"
#include "../results.h"


#define MIN_DATA     257   /* bytes: from here on the host hashes a key */
#define MAX_DATA     49152 /* bytes of a certificate that is kept itself */
#define MAX_SERIAL   32    /* bytes; 20 are allowed, not all keep to it */

#define DER_INTEGER  0x02
#define DER_UTC      0x17
#define DER_TIME     0x18
#define DER_SEQUENCE 0x30
#define DER_VERSION  0xa0


typedef struct {
    const unsigned char  *p, *end;
} der_t;


static bool result(mdm_call_t *call, const mdm_result_t *done);
static bool keep(mdm_call_t *call, const mdm_node_t *item, mdm_text_t der);
static bool describe(mdm_call_t *call, mdm_text_t der, mdm_node_t *value);
static bool open_der(der_t *in, unsigned tag, der_t *content);
static mdm_node_t *serial_number(mdm_call_t *call, der_t number);
static mdm_node_t *time_of(mdm_call_t *call, der_t *in);
static bool digits(der_t *text, int *value);


static const mdm_systems_t  systems = {
    .ios = { "4.0", .access_rights = MDM_INSPECT_PROFILES,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.7", .access_rights = MDM_INSPECT_PROFILES,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { "9.0", .access_rights = MDM_INSPECT_PROFILES },
    .visionos = { "1.1", .access_rights = MDM_INSPECT_PROFILES,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_INSPECT_PROFILES }
};


static const mdm_key_t  keys[] = {
    { "ManagedOnly", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "13.0" }, .macos = { "10.15" }, .tvos = { "13.0" }) },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "CertificateList", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "CommonName", MDM_STRING, MDM_NEEDED },
                          { "IsIdentity", MDM_BOOLEAN, MDM_NEEDED },
                          { "Data", MDM_DATA, MDM_NEEDED }) }) },
    { 0 }
};


const mdm_type_t  certificate_list = {
    .kind = MDM_COMMAND,
    .name = "CertificateList",
    .title = "Certificate List",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .part_keys = MDM_TEXTS("ManagedOnly"),
    .expires = MDM_DAYS(30),
    .result = result
};


static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    size_t             i, n;
    mdm_text_t         der;
    const mdm_host_t  *host;
    const mdm_node_t  *list, *item, *data;

    host = call->host;
    list = host->get(done->report, "CertificateList");

    if (!acknowledged(done) || host->type(list) != MDM_ARRAY) {
        return true;
    }

    if (!keep_list(call, "certificates")) {
        return false;
    }

    n = host->count(list);

    for (i = 0; i < n; i++) {
        item = host->item(list, i);
        data = host->get(item, "Data");
        der = host->text(data);

        if (host->type(data) == MDM_DATA && der.len >= MIN_DATA
            && !keep(call, item, der))
        {
            return false;
        }
    }

    return true;
}


static bool
keep(mdm_call_t *call, const mdm_node_t *item, mdm_text_t der)
{
    mdm_node_t        *value;
    const mdm_host_t  *host;
    const mdm_node_t  *identity;

    host = call->host;
    identity = host->get(item, "IsIdentity");
    value = host->new_dictionary(call);

    if (!take_string(call, value, "CommonName", item)) {
        return false;
    }

    if (host->type(identity) == MDM_BOOLEAN
        && !host->set(call, value, "IsIdentity", host->copy(call, identity)))
    {
        return false;
    }

    return describe(call, der, value)
           && (der.len > MAX_DATA
               || host->set(call, value, "Data", host->new_data(call, der)))
           && host->keep_item(call, "certificates", der, value);
}


/* What the certificate says of itself; what is none says nothing. */

static bool
describe(mdm_call_t *call, mdm_text_t der, mdm_node_t *value)
{
    der_t              in, certificate, part, serial, validity;
    mdm_node_t        *number, *since, *until;
    const mdm_host_t  *host;

    host = call->host;
    in.p = (const unsigned char *) der.data;
    in.end = in.p + der.len;

    if (!open_der(&in, DER_SEQUENCE, &part)
        || !open_der(&part, DER_SEQUENCE, &certificate))
    {
        return true;
    }

    (void) open_der(&certificate, DER_VERSION, &part);

    if (!open_der(&certificate, DER_INTEGER, &serial)
        || !open_der(&certificate, DER_SEQUENCE, &part)     /* algorithm */
        || !open_der(&certificate, DER_SEQUENCE, &part)     /* issuer */
        || !open_der(&certificate, DER_SEQUENCE, &validity))
    {
        return true;
    }

    number = serial_number(call, serial);
    since = time_of(call, &validity);
    until = time_of(call, &validity);

    return (number == NULL || host->set(call, value, "SerialNumber", number))
           && (since == NULL || host->set(call, value, "NotBefore", since))
           && (until == NULL || host->set(call, value, "NotAfter", until));
}


/* The next value of `in`, which moves behind it, if it has this tag. */

static bool
open_der(der_t *in, unsigned tag, der_t *content)
{
    size_t                len, n;
    const unsigned char  *p;

    p = in->p;

    if (in->end - p < 2 || *p++ != tag) {
        return false;
    }

    len = *p++;

    if (len >= 0x80) {
        n = len - 0x80;

        if (n == 0 || n > 3 || (size_t) (in->end - p) < n) {
            return false;
        }

        for (len = 0; n > 0; n--) {
            len = len << 8 | *p++;
        }
    }

    if ((size_t) (in->end - p) < len) {
        return false;
    }

    content->p = p;
    content->end = p + len;
    in->p = p + len;

    return true;
}


/* As the API writes those of the identities; NULL: none. */

static mdm_node_t *
serial_number(mdm_call_t *call, der_t number)
{
    char    text[2 * MAX_SERIAL + 1];
    size_t  len;

    while (number.end - number.p > 1 && *number.p == 0) {
        number.p++;                     /* it tells the sign only */
    }

    if (number.end == number.p || number.end - number.p > MAX_SERIAL) {
        return NULL;
    }

    for (len = 0; number.p < number.end; len += 2) {
        snprintf(text + len, 3, "%02X", *number.p++);
    }

    return call->host->new_string(call, (mdm_text_t) { len, text });
}


/* "YYMMDDhhmmssZ" or "YYYYMMDDhhmmssZ"; NULL: no time. */

static mdm_node_t *
time_of(mdm_call_t *call, der_t *in)
{
    int        century;
    der_t      text;
    struct tm  tm;

    century = -1;

    if (!open_der(in, DER_UTC, &text)
        && (!open_der(in, DER_TIME, &text) || !digits(&text, &century)))
    {
        return NULL;
    }

    memset(&tm, 0, sizeof(tm));

    if (text.end - text.p != 13 || text.end[-1] != 'Z'
        || !digits(&text, &tm.tm_year) || !digits(&text, &tm.tm_mon)
        || !digits(&text, &tm.tm_mday) || !digits(&text, &tm.tm_hour)
        || !digits(&text, &tm.tm_min) || !digits(&text, &tm.tm_sec))
    {
        return NULL;
    }

    if (century < 0) {
        century = tm.tm_year < 50 ? 20 : 19;  /* RFC 5280 */
    }

    tm.tm_year += 100 * century - 1900;
    tm.tm_mon--;

    if (tm.tm_year < 50 || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1
        || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59
        || tm.tm_sec > 59)
    {
        return NULL;
    }

    return call->host->new_date(call, timegm(&tm));
}


/* The next two, of which `text` is rid then. */

static bool
digits(der_t *text, int *value)
{
    const unsigned char  *p;

    p = text->p;

    if (text->end - p < 2 || p[0] < '0' || p[0] > '9' || p[1] < '0'
        || p[1] > '9')
    {
        return false;
    }

    *value = 10 * (p[0] - '0') + (p[1] - '0');
    text->p += 2;

    return true;
}
