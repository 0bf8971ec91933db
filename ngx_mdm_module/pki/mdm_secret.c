
/*
 * Sealing and opening of secrets, and the ring of keys.  No key, no part of
 * one and no plain text may ever get into a fault, and no copy of a key may
 * outlive the call that made it.
 */


#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "mdm_openssl.h"
#include "mdm_secret.h"


#define MDM_SECRET_KEY_ID_LABEL   "mdm key id"
#define MDM_SECRET_DIGEST_LABEL   "mdm digest"
#define MDM_SECRET_AAD_HEAD       (8 + 1 + MDM_SECRET_MAX_KIND)
#define MDM_SECRET_HEAD           (MDM_SECRET_KEY_ID_SIZE                     \
                                   + MDM_SECRET_NONCE_SIZE)


/* What a value is bound to: the head is tenant, kind length and kind. */

typedef struct {
    unsigned char         head[MDM_SECRET_AAD_HEAD];
    size_t                len;
    mdm_str_t             row;
} mdm_secret_aad_t;


static bool mdm_secret_unhex(mdm_str_t text, unsigned char *key);
static int mdm_secret_digit(unsigned char c);
static mdm_rc_e mdm_secret_key_id(mdm_secret_key_t *key);
static const mdm_secret_key_t *mdm_secret_find(const mdm_secret_ring_t *ring,
    const unsigned char *id);
static bool mdm_secret_aad_init(mdm_secret_aad_t *aad, int64_t tenant_id,
    const char *kind, mdm_str_t row);
static void mdm_secret_put_tenant(unsigned char *p, int64_t tenant_id);
static bool mdm_secret_encrypt(EVP_CIPHER_CTX *ctx,
    const mdm_secret_key_t *key, const mdm_secret_aad_t *aad,
    mdm_str_t plain, unsigned char *sealed);
static mdm_rc_e mdm_secret_decrypt(EVP_CIPHER_CTX *ctx,
    const mdm_secret_key_t *key, const mdm_secret_aad_t *aad,
    mdm_str_t sealed, unsigned char *plain);


mdm_rc_e
mdm_secret_ring_add(mdm_secret_ring_t *ring, mdm_str_t text,
    mdm_fault_t *fault)
{
    mdm_rc_e          rc;
    mdm_secret_key_t  key;

    text = mdm_str_trim(text);

    if (text.len != 2 * MDM_SECRET_KEY_SIZE) {
        return mdm_fault(fault, MDM_MALFORMED, "key has %zu characters, not "
                         "64 hexadecimal digits", text.len);
    }

    if (!mdm_secret_unhex(text, key.key)) {
        rc = mdm_fault(fault, MDM_MALFORMED,
                       "key holds a character that is no hexadecimal digit");
        goto done;
    }

    rc = mdm_secret_key_id(&key);
    if (rc != MDM_OK) {
        (void) mdm_fault(fault, rc, "no memory to add a key");
        goto done;
    }

    if (mdm_secret_find(ring, key.id) != NULL) {
        rc = mdm_fault(fault, MDM_MALFORMED, "the same key is given twice");
        goto done;
    }

    if (ring->nkeys == MDM_SECRET_MAX_KEYS) {
        rc = mdm_fault(fault, MDM_TOO_LARGE, "more than %d keys",
                       MDM_SECRET_MAX_KEYS);
        goto done;
    }

    ring->keys[ring->nkeys++] = key;

done:

    OPENSSL_cleanse(&key, sizeof(mdm_secret_key_t));

    return rc;
}


void
mdm_secret_ring_wipe(mdm_secret_ring_t *ring)
{
    OPENSSL_cleanse(ring, sizeof(mdm_secret_ring_t));
}


mdm_rc_e
mdm_secret_seal(mdm_arena_t *arena, const mdm_secret_ring_t *ring,
    int64_t tenant_id, const char *kind, mdm_str_t row, mdm_str_t plain,
    mdm_str_t *sealed)
{
    bool               ok;
    unsigned char     *p;
    EVP_CIPHER_CTX    *ctx;
    mdm_secret_aad_t   aad;

    *sealed = mdm_null_str;

    if (plain.len > MDM_SECRET_MAX_SIZE || row.len > MDM_SECRET_MAX_SIZE) {
        return MDM_TOO_LARGE;
    }

    if (ring->nkeys == 0 || !mdm_secret_aad_init(&aad, tenant_id, kind, row)) {
        return MDM_UNSUPPORTED;
    }

    p = mdm_arena_alloc(arena, plain.len + MDM_SECRET_OVERHEAD);
    if (p == NULL) {
        return MDM_NO_MEMORY;
    }

    ctx = EVP_CIPHER_CTX_new();
    ok = ctx != NULL
         && mdm_secret_encrypt(ctx, &ring->keys[0], &aad, plain, p);

    EVP_CIPHER_CTX_free(ctx);
    (void) mdm_openssl_clear();

    if (!ok) {
        return MDM_NO_MEMORY;
    }

    sealed->data = p;
    sealed->len = plain.len + MDM_SECRET_OVERHEAD;

    return MDM_OK;
}


mdm_rc_e
mdm_secret_open(mdm_arena_t *arena, const mdm_secret_ring_t *ring,
    int64_t tenant_id, const char *kind, mdm_str_t row, mdm_str_t sealed,
    mdm_str_t *plain)
{
    size_t                   len;
    mdm_rc_e                 rc;
    unsigned char           *p;
    EVP_CIPHER_CTX          *ctx;
    mdm_secret_aad_t         aad;
    const mdm_secret_key_t  *key;

    *plain = mdm_null_str;

    if (sealed.len < MDM_SECRET_OVERHEAD) {
        return MDM_MALFORMED;
    }

    len = sealed.len - MDM_SECRET_OVERHEAD;

    if (len > MDM_SECRET_MAX_SIZE || row.len > MDM_SECRET_MAX_SIZE) {
        return MDM_TOO_LARGE;
    }

    key = mdm_secret_find(ring, sealed.data);

    if (key == NULL || !mdm_secret_aad_init(&aad, tenant_id, kind, row)) {
        return MDM_UNSUPPORTED;
    }

    /* one byte more: a NUL ends text for those who need it */
    p = mdm_arena_alloc(arena, len + 1);
    if (p == NULL) {
        return MDM_NO_MEMORY;
    }

    (void) mdm_openssl_clear();

    ctx = EVP_CIPHER_CTX_new();
    rc = ctx ? mdm_secret_decrypt(ctx, key, &aad, sealed, p) : MDM_NO_MEMORY;

    EVP_CIPHER_CTX_free(ctx);

    if (mdm_openssl_clear() && rc == MDM_UNTRUSTED) {
        rc = MDM_NO_MEMORY;
    }

    if (rc != MDM_OK) {
        /* nobody may use bytes whose tag does not hold */
        OPENSSL_cleanse(p, len + 1);
        return rc;
    }

    p[len] = '\0';
    plain->data = p;
    plain->len = len;

    return MDM_OK;
}


mdm_rc_e
mdm_secret_digest(const mdm_secret_ring_t *ring, int64_t tenant_id,
    const unsigned char sha256[MDM_SECRET_DIGEST_SIZE],
    unsigned char *digests, size_t *len)
{
    unsigned        i;
    unsigned char  *p;
    unsigned char   text[sizeof(MDM_SECRET_DIGEST_LABEL) - 1 + 8
                         + MDM_SECRET_DIGEST_SIZE];

    *len = 0;

    if (ring->nkeys == 0) {
        return MDM_UNSUPPORTED;
    }

    p = text;
    memcpy(p, MDM_SECRET_DIGEST_LABEL, sizeof(MDM_SECRET_DIGEST_LABEL) - 1);
    p += sizeof(MDM_SECRET_DIGEST_LABEL) - 1;
    mdm_secret_put_tenant(p, tenant_id);
    memcpy(p + 8, sha256, MDM_SECRET_DIGEST_SIZE);

    for (i = 0; i < ring->nkeys; i++) {
        p = digests + i * MDM_SECRET_DIGEST_SIZE;

        if (HMAC(EVP_sha256(), ring->keys[i].key, MDM_SECRET_KEY_SIZE, text,
                 sizeof(text), p, NULL)
            == NULL)
        {
            break;
        }
    }

    OPENSSL_cleanse(text, sizeof(text));
    (void) mdm_openssl_clear();

    if (i < ring->nkeys) {
        return MDM_NO_MEMORY;
    }

    *len = i * MDM_SECRET_DIGEST_SIZE;

    return MDM_OK;
}


static bool
mdm_secret_unhex(mdm_str_t text, unsigned char *key)
{
    int     high, low;
    size_t  i;

    for (i = 0; i < MDM_SECRET_KEY_SIZE; i++) {
        high = mdm_secret_digit(text.data[2 * i]);
        low = mdm_secret_digit(text.data[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }

        key[i] = (unsigned char) (high << 4 | low);
    }

    return true;
}


static int
mdm_secret_digit(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    return -1;
}


static mdm_rc_e
mdm_secret_key_id(mdm_secret_key_t *key)
{
    bool           ok;
    unsigned char  hash[EVP_MAX_MD_SIZE];
    unsigned char  text[sizeof(MDM_SECRET_KEY_ID_LABEL) - 1
                        + MDM_SECRET_KEY_SIZE];

    memcpy(text, MDM_SECRET_KEY_ID_LABEL, sizeof(MDM_SECRET_KEY_ID_LABEL) - 1);
    memcpy(text + sizeof(MDM_SECRET_KEY_ID_LABEL) - 1, key->key,
           MDM_SECRET_KEY_SIZE);

    ok = EVP_Digest(text, sizeof(text), hash, NULL, EVP_sha256(), NULL) == 1;

    if (ok) {
        memcpy(key->id, hash, MDM_SECRET_KEY_ID_SIZE);
    }

    OPENSSL_cleanse(text, sizeof(text));
    OPENSSL_cleanse(hash, sizeof(hash));
    (void) mdm_openssl_clear();

    return ok ? MDM_OK : MDM_NO_MEMORY;
}


static const mdm_secret_key_t *
mdm_secret_find(const mdm_secret_ring_t *ring, const unsigned char *id)
{
    unsigned  i;

    for (i = 0; i < ring->nkeys; i++) {
        if (memcmp(ring->keys[i].id, id, MDM_SECRET_KEY_ID_SIZE) == 0) {
            return &ring->keys[i];
        }
    }

    return NULL;
}


static bool
mdm_secret_aad_init(mdm_secret_aad_t *aad, int64_t tenant_id,
    const char *kind, mdm_str_t row)
{
    size_t  len;

    len = strlen(kind);

    if (len > MDM_SECRET_MAX_KIND) {
        return false;
    }

    mdm_secret_put_tenant(aad->head, tenant_id);

    aad->head[8] = (unsigned char) len;
    memcpy(aad->head + 9, kind, len);

    aad->len = 9 + len;
    aad->row = row;

    return true;
}


static void
mdm_secret_put_tenant(unsigned char *p, int64_t tenant_id)
{
    int       i;
    uint64_t  n;

    n = (uint64_t) tenant_id;

    for (i = 7; i >= 0; i--) {
        p[i] = (unsigned char) n;
        n >>= 8;
    }
}


static bool
mdm_secret_encrypt(EVP_CIPHER_CTX *ctx, const mdm_secret_key_t *key,
    const mdm_secret_aad_t *aad, mdm_str_t plain, unsigned char *sealed)
{
    int             n;
    unsigned char  *nonce, *text;

    memcpy(sealed, key->id, MDM_SECRET_KEY_ID_SIZE);

    nonce = sealed + MDM_SECRET_KEY_ID_SIZE;
    text = sealed + MDM_SECRET_HEAD;

    if (RAND_bytes(nonce, MDM_SECRET_NONCE_SIZE) != 1
        || EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->key, nonce)
           != 1
        || EVP_EncryptUpdate(ctx, NULL, &n, aad->head, (int) aad->len) != 1)
    {
        return false;
    }

    if (aad->row.len > 0
        && EVP_EncryptUpdate(ctx, NULL, &n, aad->row.data,
                             (int) aad->row.len)
           != 1)
    {
        return false;
    }

    if (plain.len > 0
        && EVP_EncryptUpdate(ctx, text, &n, plain.data, (int) plain.len) != 1)
    {
        return false;
    }

    text += plain.len;

    return EVP_EncryptFinal_ex(ctx, text, &n) == 1
           && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG,
                                  MDM_SECRET_TAG_SIZE, text)
              == 1;
}


static mdm_rc_e
mdm_secret_decrypt(EVP_CIPHER_CTX *ctx, const mdm_secret_key_t *key,
    const mdm_secret_aad_t *aad, mdm_str_t sealed, unsigned char *plain)
{
    int                   n, len;
    unsigned char         tag[MDM_SECRET_TAG_SIZE];
    const unsigned char  *nonce, *text;

    nonce = sealed.data + MDM_SECRET_KEY_ID_SIZE;
    text = sealed.data + MDM_SECRET_HEAD;
    len = (int) (sealed.len - MDM_SECRET_OVERHEAD);

    memcpy(tag, text + len, MDM_SECRET_TAG_SIZE);

    if (EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->key, nonce) != 1
        || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
                               MDM_SECRET_TAG_SIZE, tag)
           != 1
        || EVP_DecryptUpdate(ctx, NULL, &n, aad->head, (int) aad->len) != 1)
    {
        return MDM_NO_MEMORY;
    }

    if (aad->row.len > 0
        && EVP_DecryptUpdate(ctx, NULL, &n, aad->row.data,
                             (int) aad->row.len)
           != 1)
    {
        return MDM_NO_MEMORY;
    }

    if (len > 0 && EVP_DecryptUpdate(ctx, plain, &n, text, len) != 1) {
        return MDM_UNTRUSTED;
    }

    if (EVP_DecryptFinal_ex(ctx, plain + len, &n) != 1) {
        return MDM_UNTRUSTED;
    }

    return MDM_OK;
}
