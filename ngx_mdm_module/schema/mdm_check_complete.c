
/*
 * What a person may leave out of a profile: the same contents get the same
 * identifiers and UUIDs on every server and at every time, in whatever order
 * the keys of a dictionary came.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "../pki/mdm_openssl.h"
#include "mdm_check.h"


#define MDM_UUID_SIZE   37


/* How many of each type there were, to tell their identifiers apart. */

typedef struct {
    mdm_str_t             type;
    mdm_node_t           *payload;
    size_t                n;
} mdm_nth_t;


static mdm_rc_e mdm_complete_payloads(mdm_arena_t *arena,
    mdm_node_t *contents, mdm_str_t identifier);
static mdm_rc_e mdm_complete_number(mdm_arena_t *arena, mdm_node_t *contents,
    mdm_nth_t **nth, size_t *n);
static int mdm_complete_order(const void *a, const void *b);
static mdm_rc_e mdm_complete_payload(mdm_arena_t *arena, mdm_nth_t *nth,
    mdm_str_t identifier);
static mdm_rc_e mdm_complete_text(mdm_arena_t *arena, mdm_node_t *dict,
    const char *name, const char *text);
static mdm_rc_e mdm_complete_version(mdm_arena_t *arena, mdm_node_t *dict);
static mdm_rc_e mdm_complete_uuid(mdm_arena_t *arena, const mdm_node_t *node,
    mdm_str_t around, char uuid[MDM_UUID_SIZE]);
static bool mdm_complete_hash(mdm_arena_t *arena, EVP_MD_CTX *md,
    const mdm_node_t *node, unsigned depth);
static bool mdm_complete_hash_list(mdm_arena_t *arena, EVP_MD_CTX *md,
    const mdm_node_t *node, unsigned depth);
static bool mdm_complete_hash_bytes(EVP_MD_CTX *md, mdm_str_t bytes);
static bool mdm_complete_hash_number(EVP_MD_CTX *md, uint64_t number);
static int mdm_complete_by_name(const void *a, const void *b);
static void mdm_complete_write(const unsigned char *hash,
    char uuid[MDM_UUID_SIZE]);


mdm_rc_e
mdm_profile_complete(mdm_arena_t *arena, mdm_node_t *profile)
{
    char         uuid[MDM_UUID_SIZE], name[MDM_UUID_SIZE + 8];
    mdm_rc_e     rc;
    mdm_str_t    identifier;
    mdm_node_t  *member;

    rc = mdm_complete_text(arena, profile, "PayloadType", "Configuration");

    if (rc == MDM_OK) {
        rc = mdm_complete_version(arena, profile);
    }

    if (rc == MDM_OK && mdm_node_get(profile, "PayloadIdentifier") == NULL) {
        rc = mdm_complete_uuid(arena, profile, mdm_null_str, uuid);

        if (rc == MDM_OK) {
            snprintf(name, sizeof(name), "profile.%s", uuid);
            rc = mdm_complete_text(arena, profile, "PayloadIdentifier", name);
        }
    }

    if (rc != MDM_OK) {
        return rc;
    }

    member = mdm_node_get(profile, "PayloadIdentifier");
    identifier = member->type == MDM_STRING ? member->u.text : mdm_str("");

    member = mdm_node_get(profile, "PayloadContent");

    if (member && member->type == MDM_ARRAY) {
        rc = mdm_complete_payloads(arena, member, identifier);
    }

    if (rc == MDM_OK && mdm_node_get(profile, "PayloadUUID") == NULL) {
        rc = mdm_complete_uuid(arena, profile, mdm_null_str, uuid);

        if (rc == MDM_OK) {
            rc = mdm_complete_text(arena, profile, "PayloadUUID", uuid);
        }
    }

    return rc;
}


static mdm_rc_e
mdm_complete_payloads(mdm_arena_t *arena, mdm_node_t *contents,
    mdm_str_t identifier)
{
    size_t      n, i;
    mdm_rc_e    rc;
    mdm_nth_t  *nth;

    rc = mdm_complete_number(arena, contents, &nth, &n);

    for (i = 0; rc == MDM_OK && i < n; i++) {
        rc = mdm_complete_payload(arena, &nth[i], identifier);
    }

    return rc;
}


/* The payloads by type; within a type, as they came. */

static mdm_rc_e
mdm_complete_number(mdm_arena_t *arena, mdm_node_t *contents,
    mdm_nth_t **made, size_t *count)
{
    size_t       n, i;
    mdm_nth_t   *nth;
    mdm_node_t  *payload, *type;

    nth = mdm_arena_alloc(arena, contents->count * sizeof(mdm_nth_t));
    if (nth == NULL) {
        return MDM_NO_MEMORY;
    }

    n = 0;

    for (payload = contents->u.list.first; payload; payload = payload->next) {
        type = mdm_node_get(payload, "PayloadType");

        if (type && type->type == MDM_STRING) {
            nth[n].type = type->u.text;
            nth[n].payload = payload;
            nth[n].n = n;
            n++;
        }
    }

    qsort(nth, n, sizeof(mdm_nth_t), mdm_complete_order);

    for (i = 0; i < n; i++) {
        nth[i].n = i && mdm_str_eq(nth[i].type, nth[i - 1].type)
                       ? nth[i - 1].n + 1 : 1;
    }

    *made = nth;
    *count = n;

    return MDM_OK;
}


static int
mdm_complete_order(const void *a, const void *b)
{
    int               rc;
    const mdm_nth_t  *one, *two;

    one = a;
    two = b;

    rc = memcmp(one->type.data, two->type.data,
                one->type.len < two->type.len ? one->type.len
                                              : two->type.len);

    if (rc == 0) {
        rc = (one->type.len > two->type.len)
             - (one->type.len < two->type.len);
    }

    return rc ? rc : (one->n > two->n) - (one->n < two->n);
}


static mdm_rc_e
mdm_complete_payload(mdm_arena_t *arena, mdm_nth_t *nth, mdm_str_t identifier)
{
    char       text[1024], uuid[MDM_UUID_SIZE], number[24];
    mdm_rc_e   rc;
    mdm_str_t  type;

    rc = mdm_complete_version(arena, nth->payload);
    if (rc != MDM_OK) {
        return rc;
    }

    identifier = mdm_schema_cut(identifier, 600);
    type = mdm_schema_cut(nth->type, 300);

    number[0] = '\0';

    if (nth->n > 1) {
        snprintf(number, sizeof(number), ".%zu", nth->n);
    }

    snprintf(text, sizeof(text), "%.*s.%.*s%s", (int) identifier.len,
             identifier.data, (int) type.len, type.data, number);

    rc = mdm_complete_text(arena, nth->payload, "PayloadIdentifier", text);

    if (rc == MDM_OK && mdm_node_get(nth->payload, "PayloadUUID") == NULL) {
        rc = mdm_complete_uuid(arena, nth->payload, identifier, uuid);

        if (rc == MDM_OK) {
            rc = mdm_complete_text(arena, nth->payload, "PayloadUUID", uuid);
        }
    }

    return rc;
}


static mdm_rc_e
mdm_complete_text(mdm_arena_t *arena, mdm_node_t *dict, const char *name,
    const char *text)
{
    mdm_node_t  *node;

    if (mdm_node_get(dict, name)) {
        return MDM_OK;
    }

    node = mdm_node_text(arena, MDM_STRING, mdm_schema_c(text));

    return node ? mdm_node_set(arena, dict, name, node) : MDM_NO_MEMORY;
}


static mdm_rc_e
mdm_complete_version(mdm_arena_t *arena, mdm_node_t *dict)
{
    mdm_node_t  *node;

    if (mdm_node_get(dict, "PayloadVersion")) {
        return MDM_OK;
    }

    node = mdm_node_new(arena, MDM_INTEGER);
    if (node == NULL) {
        return MDM_NO_MEMORY;
    }

    node->u.integer = 1;

    return mdm_node_set(arena, dict, "PayloadVersion", node);
}


/* --- UUIDs --- */

static mdm_rc_e
mdm_complete_uuid(mdm_arena_t *arena, const mdm_node_t *node,
    mdm_str_t around, char uuid[MDM_UUID_SIZE])
{
    bool            good;
    EVP_MD_CTX     *md;
    unsigned char   hash[EVP_MAX_MD_SIZE];

    (void) mdm_openssl_clear();

    md = EVP_MD_CTX_new();

    good = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1
           && mdm_complete_hash_bytes(md, around)
           && mdm_complete_hash(arena, md, node, 0)
           && EVP_DigestFinal_ex(md, hash, NULL) == 1;

    EVP_MD_CTX_free(md);
    (void) mdm_openssl_clear();

    if (!good) {
        return MDM_NO_MEMORY;
    }

    mdm_complete_write(hash, uuid);

    return MDM_OK;
}


static bool
mdm_complete_hash(mdm_arena_t *arena, EVP_MD_CTX *md, const mdm_node_t *node,
    unsigned depth)
{
    uint64_t       bits;
    unsigned char  type;

    type = node->type;

    if (EVP_DigestUpdate(md, &type, 1) != 1) {
        return false;
    }

    switch (node->type) {

    case MDM_STRING:
    case MDM_DATA:
        return mdm_complete_hash_bytes(md, node->u.text);

    case MDM_BOOLEAN:
        type = node->u.boolean;
        return EVP_DigestUpdate(md, &type, 1) == 1;

    case MDM_INTEGER:
        return mdm_complete_hash_number(md, (uint64_t) node->u.integer);

    case MDM_REAL:
        memcpy(&bits, &node->u.real, sizeof(bits));
        return mdm_complete_hash_number(md, bits);

    case MDM_DATE:
        return mdm_complete_hash_number(md, (uint64_t) node->u.date);

    default:
        /* what is deeper is refused by the check */
        return depth == MDM_NODE_MAX_DEPTH
               || mdm_complete_hash_list(arena, md, node, depth + 1);
    }
}


static bool
mdm_complete_hash_list(mdm_arena_t *arena, EVP_MD_CTX *md,
    const mdm_node_t *node, unsigned depth)
{
    size_t              i, n;
    const mdm_node_t   *item, **items;

    items = mdm_arena_alloc(arena, node->count * sizeof(items[0]));
    if (items == NULL) {
        return false;
    }

    n = 0;

    for (item = node->u.list.first; item; item = item->next) {
        items[n++] = item;
    }

    if (node->type == MDM_DICTIONARY) {
        qsort(items, n, sizeof(items[0]), mdm_complete_by_name);
    }

    if (!mdm_complete_hash_number(md, n)) {
        return false;
    }

    for (i = 0; i < n; i++) {

        if (node->type == MDM_DICTIONARY
            && !mdm_complete_hash_bytes(md, items[i]->name))
        {
            return false;
        }

        if (!mdm_complete_hash(arena, md, items[i], depth)) {
            return false;
        }
    }

    return true;
}


static bool
mdm_complete_hash_bytes(EVP_MD_CTX *md, mdm_str_t bytes)
{
    return mdm_complete_hash_number(md, bytes.len)
           && (bytes.len == 0
               || EVP_DigestUpdate(md, bytes.data, bytes.len) == 1);
}


/* The same on every machine: the lowest byte first. */

static bool
mdm_complete_hash_number(EVP_MD_CTX *md, uint64_t number)
{
    unsigned       i;
    unsigned char  bytes[8];

    for (i = 0; i < sizeof(bytes); i++) {
        bytes[i] = number >> 8 * i & 0xff;
    }

    return EVP_DigestUpdate(md, bytes, sizeof(bytes)) == 1;
}


static int
mdm_complete_by_name(const void *a, const void *b)
{
    int                       rc;
    const mdm_node_t *const  *one, *const *two;

    one = a;
    two = b;

    rc = memcmp((*one)->name.data, (*two)->name.data,
                (*one)->name.len < (*two)->name.len ? (*one)->name.len
                                                    : (*two)->name.len);

    return rc ? rc : ((*one)->name.len > (*two)->name.len)
                     - ((*one)->name.len < (*two)->name.len);
}


/* Version 8: of our own making. */

static void
mdm_complete_write(const unsigned char *hash, char uuid[MDM_UUID_SIZE])
{
    unsigned       i;
    char          *p;
    unsigned char  byte;

    for (p = uuid, i = 0; i < 16; i++) {
        byte = hash[i];

        if (i == 6) {
            byte = (byte & 0x0f) | 0x80;

        } else if (i == 8) {
            byte = (byte & 0x3f) | 0x80;
        }

        p += sprintf(p, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02X"
                                                              : "%02X", byte);
    }
}
