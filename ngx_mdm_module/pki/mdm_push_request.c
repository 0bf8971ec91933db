
/*
 * Requests for push certificates.  The key leaves this file in the arena
 * alone, and never goes into a fault.
 */


#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "mdm_key_pair.h"
#include "mdm_openssl.h"
#include "mdm_push_request.h"


#define MDM_PUSH_REQUEST_BITS      2048
#define MDM_PUSH_REQUEST_NAME      "MDM push"

#define MDM_PUSH_NAME_MAX          64      /* ub-common-name */
#define MDM_PUSH_EMAIL_MAX         128     /* ub-emailaddress-length of 1988,
                                              which OpenSSL holds to */

#define MDM_PEM_LINE               64


static mdm_rc_e mdm_push_request_fill(mdm_arena_t *arena, EVP_PKEY *key,
    X509_REQ *req, const mdm_push_subject_t *subject,
    mdm_push_request_t *request);
static bool mdm_push_request_name(X509_NAME *name, int nid, mdm_str_t value);
static mdm_str_t mdm_push_request_key(mdm_arena_t *arena, EVP_PKEY *key);
static mdm_str_t mdm_push_request_der(mdm_arena_t *arena, X509_REQ *req);
static size_t mdm_push_characters(mdm_str_t s);
static bool mdm_push_email(mdm_str_t s);


mdm_rc_e
mdm_push_request_make(mdm_arena_t *arena, const mdm_push_subject_t *subject,
    mdm_push_request_t *request, mdm_fault_t *fault)
{
    mdm_rc_e   rc;
    EVP_PKEY  *key;
    X509_REQ  *req;

    memset(request, 0, sizeof(mdm_push_request_t));

    (void) mdm_openssl_clear();

    key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) MDM_PUSH_REQUEST_BITS);
    req = X509_REQ_new();

    rc = key != NULL && req != NULL
         ? mdm_push_request_fill(arena, key, req, subject, request)
         : MDM_NO_MEMORY;

    X509_REQ_free(req);
    EVP_PKEY_free(key);
    (void) mdm_openssl_clear();

    return rc == MDM_OK ? MDM_OK
           : mdm_fault(fault, MDM_NO_MEMORY, "no memory for a key");
}


static mdm_rc_e
mdm_push_request_fill(mdm_arena_t *arena, EVP_PKEY *key, X509_REQ *req,
    const mdm_push_subject_t *subject, mdm_push_request_t *request)
{
    X509_NAME  *name;
    mdm_str_t   common_name;

    name = X509_REQ_get_subject_name(req);
    common_name = subject->common_name.len > 0
                  ? subject->common_name : mdm_str(MDM_PUSH_REQUEST_NAME);

    if (X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1
        || !mdm_push_request_name(name, NID_countryName, subject->country)
        || !mdm_push_request_name(name, NID_commonName, common_name)
        || !mdm_push_request_name(name, NID_pkcs9_emailAddress,
                                  subject->email)
        || X509_REQ_set_pubkey(req, key) != 1
        || X509_REQ_sign(req, key, EVP_sha256()) == 0
        || !mdm_key_pair_sha256(X509_REQ_get_X509_PUBKEY(req),
                                request->public_key)
        || !mdm_certificate_name(name, request->subject,
                                 sizeof(request->subject)))
    {
        return MDM_NO_MEMORY;
    }

    request->key = mdm_push_request_key(arena, key);
    request->der = mdm_push_request_der(arena, req);

    if (mdm_str_is_set(request->der)) {
        request->pem = mdm_pem_write(arena, "CERTIFICATE REQUEST",
                                     request->der);
    }

    return mdm_str_is_set(request->key) && mdm_str_is_set(request->pem)
           ? MDM_OK : MDM_NO_MEMORY;
}


static bool
mdm_push_request_name(X509_NAME *name, int nid, mdm_str_t value)
{
    return value.len == 0
           || X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, value.data,
                                         (int) value.len, -1, 0)
              == 1;
}


static mdm_str_t
mdm_push_request_key(mdm_arena_t *arena, EVP_PKEY *key)
{
    mdm_str_t       der;
    mdm_key_pair_t  pair;

    memset(&pair, 0, sizeof(mdm_key_pair_t));
    pair.arena = arena;
    pair.key = key;
    der = mdm_null_str;

    (void) mdm_key_pair_key_der(&pair, &der);

    return der;
}


static mdm_str_t
mdm_push_request_der(mdm_arena_t *arena, X509_REQ *req)
{
    int             len;
    mdm_str_t       der;
    unsigned char  *p;

    p = NULL;
    der = mdm_null_str;
    len = i2d_X509_REQ(req, &p);

    if (len > 0) {
        der = mdm_arena_str(arena, p, (size_t) len);
        OPENSSL_free(p);
    }

    return der;
}


const char *
mdm_push_subject_check(const mdm_push_subject_t *subject, mdm_fault_t *fault)
{
    mdm_str_t  s;

    s = subject->common_name;

    if (!mdm_utf8_valid(s.data, s.len) || mdm_str_has_control(s)
        || mdm_push_characters(s) > MDM_PUSH_NAME_MAX)
    {
        mdm_fault(fault, MDM_MALFORMED, "at most %d characters, none of them "
                  "a control character", MDM_PUSH_NAME_MAX);
        return "common_name";
    }

    s = subject->email;

    if (s.len > 0 && !mdm_push_email(s)) {
        mdm_fault(fault, MDM_MALFORMED, "an address of at most %d ASCII "
                  "characters", MDM_PUSH_EMAIL_MAX);
        return "email";
    }

    s = subject->country;

    if (s.len > 0
        && (s.len != 2 || s.data[0] < 'A' || s.data[0] > 'Z'
            || s.data[1] < 'A' || s.data[1] > 'Z'))
    {
        mdm_fault(fault, MDM_MALFORMED, "two capital letters, such as DE");
        return "country";
    }

    return NULL;
}


static size_t
mdm_push_characters(mdm_str_t s)
{
    size_t  i, n;

    for (i = 0, n = 0; i < s.len; i++) {
        n += (s.data[i] & 0xc0) != 0x80;
    }

    return n;
}


/* Something, one at sign, something; the rest is for who mails to it. */

static bool
mdm_push_email(mdm_str_t s)
{
    size_t    i;
    unsigned  n;

    for (i = 0, n = 0; i < s.len; i++) {
        if (s.data[i] <= ' ' || s.data[i] >= 0x7f) {
            return false;
        }

        n += s.data[i] == '@';
    }

    return n == 1 && s.len <= MDM_PUSH_EMAIL_MAX && s.data[0] != '@'
           && s.data[s.len - 1] != '@';
}


mdm_str_t
mdm_pem_write(mdm_arena_t *arena, const char *label, mdm_str_t der)
{
    int             n;
    size_t          size, left;
    unsigned char  *p, *begin;

    size = der.len / 3 * 4 + 4;
    size += size / MDM_PEM_LINE + 1;
    size += 2 * (strlen(label) + sizeof("-----BEGIN -----\n")) + 1;

    begin = mdm_arena_alloc(arena, size);
    if (begin == NULL) {
        return mdm_null_str;
    }

    p = begin + sprintf((char *) begin, "-----BEGIN %s-----\n", label);

    for (left = der.len; left > 0; left -= (size_t) n) {
        n = left < MDM_PEM_LINE / 4 * 3 ? (int) left : MDM_PEM_LINE / 4 * 3;
        p += EVP_EncodeBlock(p, der.data + der.len - left, n);
        *p++ = '\n';
    }

    p += sprintf((char *) p, "-----END %s-----\n", label);
    *p = '\0';

    return (mdm_str_t) { (size_t) (p - begin), begin };
}
