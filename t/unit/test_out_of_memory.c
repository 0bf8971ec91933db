
/*
 * Memory runs out: each decoder reads its seeds again and again, and each time
 * the next allocation fails, first that one alone, then that one and all after
 * it.  What was taken is given back, the fault is ours (MDM_NO_MEMORY) and not
 * the sender's, and what is read all the same is read right.
 *
 * OpenSSL does not always say that memory ran out; then there is a refusal,
 * which must not be a yes.  Some seeds take so many allocations that only some of
 * them fail.  Those, and the seeds that fuzzing learned, are all tried with
 * MDM_TEST_ALLOCATIONS=all.
 *
 * The program has an allocator of its own in front of the sanitizer's.  That
 * of libplist is left alone, for it does not look at what malloc() returns, and
 * that of the C library, whose regcomp() frees twice what it could not make.
 */


#define _GNU_SOURCE             /* dl_iterate_phdr() */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dirent.h>
#include <link.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/err.h>
#include <sanitizer/lsan_interface.h>

#include "command_types.h"
#include "message/mdm_command.h"
#include "message/mdm_enrollment_id.h"
#include "message/mdm_message.h"
#include "message/mdm_json.h"
#include "message/mdm_json_text.h"
#include "message/mdm_plist.h"
#include "message/mdm_values.h"
#include "message/mdm_webhook.h"
#include "pki/mdm_certificate.h"
#include "pki/mdm_cms.h"
#include "pki/mdm_push_certificate.h"
#include "pki/mdm_push_vendor.h"
#include "pki/mdm_secret.h"
#include "pki/mdm_signature.h"
#include "plugin/mdm_plugin_load.h"


#define CORPUS      "t/fuzz/corpus/"
#define PLUGIN      "build/plugins/media.so"
#define SEED_MAX    (256 * 1024)
#define SAID_MAX    (1024 * 1024)
#define SOME        40                   /* allocations of a seed */

/* the seeds' certificates are valid then */
#define NOW         INT64_C(1800000000)


/* these run before the sanitizer is ready */
#define UNCHECKED   __attribute__((no_sanitize("address", "undefined")))


void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t n, size_t size);
void *__interceptor_realloc(void *p, size_t size);


typedef struct {
    const char       *name;
    uintptr_t         from;
    uintptr_t         to;
} library_t;


static struct {
    bool              armed;
    bool              lasting;           /* and all after it */
    unsigned long     n;
    unsigned long     fails;             /* the one that fails, from 1 on */
    unsigned long     failed;
    unsigned long     total;
    library_t         libplist;          /* left alone */
    library_t         libc;
} injector;


/* What a decoder told, to compare. */

static struct {
    size_t            len;
    unsigned char     text[SAID_MAX];
} said, expected;


static mdm_schema_t  *schema;

static bool      unclear;                /* refusals say not why */
static unsigned  unsaid;
static unsigned  wrong;


typedef mdm_rc_e (*attempt_pt)(mdm_arena_t *arena, mdm_str_t seed);


UNCHECKED static bool
refused(const void *caller)
{
    uintptr_t  address;

    if (!injector.armed) {
        return false;
    }

    address = (uintptr_t) caller;

    if ((address >= injector.libplist.from && address < injector.libplist.to)
        || (address >= injector.libc.from && address < injector.libc.to))
    {
        return false;
    }

    injector.n++;

    if (injector.n == injector.fails
        || (injector.lasting && injector.n > injector.fails))
    {
        injector.failed++;
        return true;
    }

    return false;
}


UNCHECKED void *
malloc(size_t size)
{
    return refused(__builtin_return_address(0)) ? NULL
                                                : __interceptor_malloc(size);
}


UNCHECKED void *
calloc(size_t n, size_t size)
{
    return refused(__builtin_return_address(0)) ? NULL
                                            : __interceptor_calloc(n, size);
}


UNCHECKED void *
realloc(void *p, size_t size)
{
    return refused(__builtin_return_address(0)) ? NULL
                                            : __interceptor_realloc(p, size);
}


static void
say(mdm_str_t s)
{
    assert_true(said.len + s.len + 1 < SAID_MAX);

    if (s.len > 0) {
        memcpy(said.text + said.len, s.data, s.len);
    }

    said.len += s.len;
    said.text[said.len++] = mdm_str_is_set(s) ? '|' : '-';
}


static void
say_number(long long n)
{
    char  text[32];

    snprintf(text, sizeof(text), "%lld", n);
    say((mdm_str_t) { strlen(text), (unsigned char *) text });
}


/* One run: nothing may stay behind, and OpenSSL's errors are taken away. */

static mdm_rc_e
run(attempt_pt attempt, mdm_str_t seed, unsigned long fails, bool lasting)
{
    mdm_rc_e     rc;
    mdm_arena_t  arena;

    mdm_arena_init(&arena);

    said.len = 0;
    injector.n = 0;
    injector.failed = 0;
    injector.fails = fails;
    injector.lasting = lasting;
    injector.armed = true;

    rc = attempt(&arena, seed);

    injector.armed = false;
    injector.total += injector.failed;

    mdm_arena_free(&arena);

    if (ERR_peek_error() != 0) {
        printf("# allocation %lu: an error is left to OpenSSL\n", fails);
        ERR_clear_error();
        wrong++;
    }

    return rc;
}


static bool
same(void)
{
    return said.len == expected.len
           && memcmp(said.text, expected.text, said.len) == 0;
}


static bool
all_are_tried(void)
{
    const char  *value;

    value = getenv("MDM_TEST_ALLOCATIONS");

    return value && strcmp(value, "all") == 0;
}


/* So many allocations make one step. */

static unsigned long
step(unsigned long n)
{
    return n > 4 * SOME && !all_are_tried() ? n / SOME : 1;
}


static bool
is_right(mdm_rc_e rc, mdm_rc_e good)
{
    if (rc == MDM_NO_MEMORY || (rc == good && same())) {
        return true;
    }

    if (unclear && rc != MDM_OK) {
        unsaid++;
        return true;
    }

    return false;
}


/* The search for leaks takes longer than the failures of a seed. */

static void
nothing_is_left(const char *name)
{
    if (__lsan_do_recoverable_leak_check() != 0) {
        printf("# %s: memory is left behind\n", name);
        wrong++;
    }
}


static void
try_seed(const char *name, attempt_pt attempt, mdm_str_t seed)
{
    bool           lasting;
    mdm_rc_e       rc, good;
    unsigned       i;
    unsigned long  fails, n;

    /* what libraries make at their first use is there after it */

    for (i = 0; i < 2; i++) {
        good = run(attempt, seed, 0, false);
    }

    expected = said;
    n = injector.n;

    for (i = 0; i < 2; i++) {
        lasting = (i == 1);

        for (fails = 1; fails <= n; fails += step(n)) {
            rc = run(attempt, seed, fails, lasting);

            if (is_right(rc, good)) {
                continue;
            }

            printf("# %s: allocation %lu of %lu%s: %d instead of %d%s\n",
                   name, fails, n, lasting ? " and all after it" : "", rc,
                   good, rc == good ? ", but another result" : "");
            wrong++;
        }
    }

    rc = run(attempt, seed, 0, false);

    if (rc != good || !same()) {
        printf("# %s: %d instead of %d when memory is there again\n", name,
               rc, good);
        wrong++;
    }
}


static void
try_all(const char *name, attempt_pt attempt, mdm_str_t seed)
{
    try_seed(name, attempt, seed);
    nothing_is_left(name);
}


static mdm_str_t
read_seed(const char *path)
{
    FILE                  *file;
    size_t                 len;
    static unsigned char   seed[SEED_MAX];

    file = fopen(path, "rb");
    assert_non_null(file);

    len = fread(seed, 1, SEED_MAX, file);
    assert_true(len < SEED_MAX);
    fclose(file);

    return (mdm_str_t) { len, seed };
}


static void
try_corpus(const char *name, attempt_pt attempt)
{
    DIR            *dir;
    char            path[512];
    unsigned        n;
    struct dirent  *entry;

    snprintf(path, sizeof(path), CORPUS "%s", name);
    dir = opendir(path);
    assert_non_null(dir);

    n = 0;

    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }

        if (strncmp(entry->d_name, "learned-", 8) == 0 && !all_are_tried()) {
            continue;
        }

        snprintf(path, sizeof(path), CORPUS "%s/%s", name, entry->d_name);
        try_seed(path, attempt, read_seed(path));

        if (all_are_tried()) {
            nothing_is_left(path);
        }

        n++;
    }

    nothing_is_left(name);
    closedir(dir);
    assert_true(n > 0);
}


static void
say_message(const mdm_message_t *m)
{
    say_number(m->type);
    say_number(m->id.channel);
    say(m->id.device_id);
    say(m->id.user_id);
    say(m->id.user_short_name);
    say(m->topic);
    say(m->token);
    say(m->unlock_token);
    say(m->bootstrap_token);
    say(m->endpoint);
    say(m->data);
    say_number(m->status);
    say(m->command_uuid);
    say(m->error);
    say(m->attributes);
}


static mdm_rc_e
checkin(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e       rc;
    mdm_fault_t    fault;
    mdm_message_t  message;

    rc = mdm_checkin_decode(arena, seed, &message, &fault);

    if (rc == MDM_OK) {
        say_message(&message);
    }

    return rc;
}


static mdm_rc_e
report(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e       rc;
    mdm_fault_t    fault;
    mdm_message_t  message;

    rc = mdm_report_decode(arena, seed, &message, NULL, &fault);

    if (rc == MDM_MALFORMED || rc == MDM_TOO_LARGE) {
        rc = mdm_report_salvage(arena, seed, &message);
    }

    if (rc == MDM_OK) {
        say_message(&message);
    }

    return rc;
}


static mdm_rc_e
command(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e       rc;
    mdm_fault_t    fault;
    mdm_command_t  read;

    rc = mdm_command_read(arena, seed, schema, &read, &fault);

    if (rc == MDM_OK) {
        say(read.command_uuid);
        say(read.request_type);
        say(read.subject);
        say_number(read.renewal);
    }

    return rc;
}


static mdm_rc_e
envelope(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e     rc;
    mdm_str_t    made;
    mdm_fault_t  fault;

    rc = mdm_command_envelope(arena, seed, schema, mdm_str("uuid"), &made,
                              &fault);

    if (rc == MDM_OK) {
        say(made);
    }

    return rc;
}


/* The linker's words for a lack of memory are its own. */

static mdm_rc_e
plugin(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e            rc;
    mdm_fault_t         fault;
    mdm_schema_t       *loaded;
    mdm_plugin_file_t   file;
    mdm_plugin_paths_t  paths;

    rc = mdm_plugin_paths((const char *) seed.data, &paths, &fault);

    if (rc == MDM_OK) {
        loaded = mdm_schema_create();
        rc = loaded ? mdm_plugin_load(loaded, paths.paths[0], NULL, 0, &file,
                                      &fault)
                    : MDM_NO_MEMORY;

        if (rc == MDM_OK) {
            say_number(mdm_schema_command(loaded,
                                          mdm_str("InstallMedia"))->flags);
            mdm_schema_destroy(loaded);
            mdm_plugin_unload(&file);

        } else if (loaded != NULL) {
            mdm_schema_destroy(loaded);
        }
    }

    mdm_plugin_paths_free(&paths);

    return rc;
}


static mdm_rc_e
enrollment_id(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e     rc;
    mdm_str_t    device_id, user_id, written;
    mdm_fault_t  fault;

    rc = mdm_enrollment_id_parse(arena, seed, &device_id, &user_id, &fault);

    if (rc != MDM_OK) {
        return rc;
    }

    written = mdm_enrollment_id_write(arena, device_id, user_id);

    if (!mdm_str_is_set(written)) {
        return MDM_NO_MEMORY;
    }

    say(device_id);
    say(user_id);
    say(written);

    return MDM_OK;
}


static mdm_rc_e
cms(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e     rc;
    mdm_str_t    content;
    mdm_fault_t  fault;

    rc = mdm_cms_content(arena, seed, &content, &fault);

    if (rc == MDM_OK) {
        say(content);
    }

    return rc;
}


static mdm_rc_e
plist(mdm_arena_t *arena, mdm_str_t seed)
{
    plist_t      root;
    mdm_rc_e     rc;
    mdm_str_t    xml;
    mdm_fault_t  fault;

    rc = mdm_plist_parse(seed, MDM_REPORT_LIMIT, &root, &fault);

    if (rc != MDM_OK) {
        assert_null(root);
        return rc;
    }

    rc = mdm_plist_write(arena, root, &xml);

    if (rc == MDM_OK) {
        say(xml);
    }

    plist_free(root);

    return rc;
}


/* Of what jansson had parsed when memory ran out something stays. */

static mdm_rc_e
read_json(mdm_str_t seed, json_t **object)
{
    mdm_rc_e     rc;
    mdm_fault_t  fault;

    __lsan_disable();
    rc = mdm_json_read(seed, object, &fault);
    __lsan_enable();

    assert_true((rc == MDM_OK) == (*object != NULL));

    return rc;
}


static mdm_rc_e
node(mdm_arena_t *arena, mdm_str_t seed)
{
    json_t       *json;
    mdm_rc_e      rc;
    mdm_str_t     xml, text;
    mdm_node_t   *value, *again;
    mdm_fault_t   fault;

    rc = read_json(seed, &json);

    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_node_from_json(arena, json, &value, &fault);
    json_decref(json);

    if (rc == MDM_OK && (value = mdm_node_copy(arena, value)) == NULL) {
        return MDM_NO_MEMORY;
    }

    if (rc == MDM_OK) {
        rc = mdm_node_write(arena, value, &xml);
    }

    if (rc == MDM_OK) {
        rc = mdm_node_read(arena, xml, MDM_REPORT_LIMIT, &again, &fault);
    }

    if (rc != MDM_OK) {
        return rc;
    }

    json = mdm_node_to_json(again, true);
    text = json ? mdm_json_text(arena, json) : mdm_null_str;
    json_decref(json);

    if (!mdm_str_is_set(text)) {
        return MDM_NO_MEMORY;
    }

    say(xml);
    say(text);

    return MDM_OK;
}


static mdm_str_t
value_of(void *data, mdm_str_t name, bool secret)
{
    return secret ? mdm_str("token") : mdm_str("<value>");
}


/* The seed, whose names of values are to be found, stands in a command. */

static mdm_rc_e
values(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e       rc;
    mdm_str_t      xml, resolved, literal, wants[MDM_VALUES_MAX_NAMES + 1];
    mdm_node_t    *root, *command, *text;
    mdm_fault_t    fault;
    mdm_values_t   found;

    memset(&found, 0, sizeof(mdm_values_t));

    if (mdm_values_find(seed, &found, &fault) != MDM_OK) {
        return MDM_TOO_LARGE;
    }

    memcpy(wants, found.names, found.n * sizeof(mdm_str_t));
    wants[found.n] = mdm_str("Token<unlock_token");

    root = mdm_node_new(arena, MDM_DICTIONARY);
    command = mdm_node_new(arena, MDM_DICTIONARY);
    text = mdm_node_text(arena, MDM_STRING, seed);
    literal = mdm_values_literal(arena, seed);

    if (root == NULL || command == NULL || text == NULL
        || !mdm_str_is_set(literal)
        || mdm_node_set(arena, command, "Text", text) != MDM_OK
        || mdm_node_set(arena, root, "Command", command) != MDM_OK)
    {
        return MDM_NO_MEMORY;
    }

    rc = mdm_node_write(arena, root, &xml);

    if (rc == MDM_OK) {
        rc = mdm_values_resolve(arena, xml, wants, found.n + 1, value_of,
                                NULL, &resolved, &fault);
    }

    if (rc == MDM_OK) {
        say(literal);
        say(resolved);
    }

    return rc;
}


static mdm_rc_e
certificate(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e            rc;
    mdm_fault_t         fault;
    mdm_certificate_t  *parsed;

    rc = mdm_certificate_parse(seed, &parsed, &fault);

    if (rc == MDM_OK) {
        say((mdm_str_t) { MDM_SHA256_SIZE, parsed->sha256 });
        mdm_certificate_free(parsed);

    } else {
        assert_null(parsed);
    }

    return rc;
}


static mdm_rc_e
anchors(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e        rc;
    mdm_fault_t     fault;
    mdm_anchors_t  *parsed;

    rc = mdm_anchors_parse(seed, &parsed, &fault);

    if (rc == MDM_OK) {
        say_number(mdm_anchors_count(parsed));
        mdm_anchors_free(parsed);
    }

    return rc;
}


static mdm_rc_e
push_certificate(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e                rc;
    mdm_fault_t             fault;
    mdm_push_certificate_t  push;

    rc = mdm_push_certificate_read(arena, seed, NOW, &push, &fault);

    if (rc == MDM_OK) {
        say(push.topic);
        say(push.certificate);
        say(push.key);
    }

    return rc;
}


static mdm_rc_e
push_vendor(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e           rc;
    mdm_str_t          text;
    mdm_fault_t        fault;
    mdm_push_vendor_t  vendor;

    rc = mdm_push_vendor_read(arena, seed, mdm_str(""), NOW, &vendor, &fault);

    if (rc == MDM_OK) {
        rc = mdm_push_vendor_sign(&vendor, mdm_str("a request"), &text);
    }

    if (rc == MDM_OK) {
        say(text);
    }

    mdm_push_vendor_free(&vendor);

    return rc;
}


static mdm_rc_e
signature(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e            rc;
    mdm_fault_t         fault;
    mdm_signature_t     read;
    mdm_certificate_t  *parsed;

    rc = mdm_signature_read(arena, seed, &read, &fault);

    if (rc != MDM_OK) {
        return rc;
    }

    say(read.certificate);
    say(read.signature);

    rc = mdm_certificate_parse(read.certificate, &parsed, &fault);

    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_signature_verify(&read, parsed->key, mdm_str("another"), &fault);
    mdm_certificate_free(parsed);

    return rc;
}


/* The seeds are DER; the header is their Base64. */

static mdm_rc_e
signature_in_base64(mdm_arena_t *arena, mdm_str_t seed)
{
    int                   len;
    static unsigned char  text[SEED_MAX * 2];

    len = EVP_EncodeBlock(text, seed.data, (int) seed.len);

    return signature(arena, (mdm_str_t) { len, text });
}


static mdm_rc_e
secret(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e           rc;
    mdm_str_t          sealed, plain;
    mdm_fault_t        fault;
    mdm_secret_ring_t  ring;

    memset(&ring, 0, sizeof(mdm_secret_ring_t));

    rc = mdm_secret_ring_add(&ring, mdm_str("0123456789abcdef0123456789abcdef"
                                            "0123456789abcdef0123456789abcdef"),
                             &fault);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_secret_seal(arena, &ring, 7, "command", mdm_str("row"), seed,
                         &sealed);
    if (rc != MDM_OK) {
        return rc;
    }

    rc = mdm_secret_open(arena, &ring, 7, "command", mdm_str("row"), sealed,
                         &plain);
    if (rc == MDM_OK) {
        say(plain);
    }

    return rc;
}


static mdm_rc_e
replies(mdm_arena_t *arena, mdm_str_t seed)
{
    mdm_rc_e   rc;
    mdm_str_t  body;

    rc = mdm_reply_digest_challenge(arena, seed, &body);

    if (rc == MDM_OK) {
        say(body);
        rc = mdm_reply_bootstrap_token(arena, seed, &body);
    }

    if (rc == MDM_OK) {
        say(body);
        rc = mdm_reply_return_to_service(arena, true, &body);
    }

    if (rc == MDM_OK) {
        say(body);
    }

    return rc;
}


/* The seed is a type of events. */

static mdm_rc_e
webhook(mdm_arena_t *arena, mdm_str_t seed)
{
    char                 hmac[MDM_WEBHOOK_HMAC_SIZE];
    mdm_rc_e             rc;
    mdm_str_t            body;
    mdm_webhook_event_t  event;

    memset(&event, 0, sizeof(mdm_webhook_event_t));
    event.event_id = mdm_str("17");
    event.cursor = mdm_str("812\n44\n1777882500000000");
    event.tenant = mdm_str("acme");
    event.type = seed;
    event.at = mdm_str("2026-05-04T08:15:00.000Z");
    event.device_id = mdm_str("D");
    event.user_id = mdm_str("U 1");
    event.channel = mdm_str("user");
    event.data = mdm_str("{\"status\":\"Error\",\"command_uuid\":\"C\","
                         "\"url_params\":{\"a\":\"b\"},\"tally\":3}");

    rc = mdm_webhook_plain(arena, &event, &body);

    if (rc != MDM_OK) {
        return rc;
    }

    say(body);
    rc = mdm_webhook_hmac(mdm_str("secret"), body, hmac);

    if (rc != MDM_OK) {
        return rc;
    }

    say((mdm_str_t) { sizeof(hmac), (unsigned char *) hmac });
    rc = mdm_webhook_nanomdm(arena, &event, mdm_str("<plist/>"), &body);

    if (rc == MDM_OK) {
        say(body);
    }

    return rc;
}


static int
find_library(struct dl_phdr_info *info, size_t size, void *data)
{
    unsigned    i;
    uintptr_t   end;
    library_t  *library;

    library = data;

    if (strstr(info->dlpi_name, library->name) == NULL) {
        return 0;
    }

    library->from = info->dlpi_addr;

    for (i = 0; i < info->dlpi_phnum; i++) {
        end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr
              + info->dlpi_phdr[i].p_memsz;

        if (info->dlpi_phdr[i].p_type == PT_LOAD && end > library->to) {
            library->to = end;
        }
    }

    return 1;
}


#include "schema_attempts.h"


static int
nothing_wrong_yet(void **state)
{
    wrong = 0;
    unclear = false;

    return 0;
}


static void
messages(void **state)
{
    try_corpus("checkin", checkin);
    try_corpus("report", report);
    try_corpus("plist", plist);
    try_corpus("node", values);

    json_set_alloc_funcs(mdm_json_malloc, mdm_free);
    try_corpus("node", node);
    json_set_alloc_funcs(malloc, free);

    assert_int_equal(wrong, 0);
}


static void
commands(void **state)
{
    schema = command_types_schema();

    try_corpus("command", command);
    try_corpus("command", envelope);

    mdm_schema_destroy(schema);

    assert_int_equal(access(PLUGIN, R_OK), 0);
    unclear = true;
    try_all("plugin", plugin, mdm_str(PLUGIN));

    assert_int_equal(wrong, 0);
}


static void
described(void **state)
{
    attempt_schema = mdm_schema_create();
    assert_non_null(attempt_schema);
    assert_int_equal(mdm_schema_add(attempt_schema, &fuzz_plugin, "", NULL,
                                    NULL),
                     MDM_OK);
    assert_int_equal(mdm_schema_add(attempt_schema, &attempt_plugin, "", NULL,
                                    NULL),
                     MDM_OK);

    try_all("descriptor", descriptor, mdm_str("com.example.one"));
    try_all("descriptors", descriptor, mdm_str("all of them"));
    try_all("common keys", descriptor, mdm_str("common"));
    try_corpus("profile", checked_profile);

    json_set_alloc_funcs(mdm_json_malloc, mdm_free);
    try_corpus("json_command", checked_command);
    try_all("combining", combined,
            mdm_str("{\"Items\": [\"One\", 3], \"Own\": {\"a\": 1}}"));
    json_set_alloc_funcs(malloc, free);

    /* a handler has but one word for all that can happen to it */

    unclear = true;
    try_all("handler", handled, mdm_str("Acknowledged"));

    mdm_schema_destroy(attempt_schema);

    assert_int_equal(wrong, 0);
}


static void
identities(void **state)
{
    try_corpus("enrollment_id", enrollment_id);
    try_corpus("cms", cms);

    unclear = true;
    try_corpus("certificate", certificate);
    try_corpus("certificate", anchors);
    try_corpus("signature", signature_in_base64);
    try_corpus("push_certificate", push_certificate);
    try_all("push_vendor", push_vendor,
            read_seed(CORPUS "push_vendor/chain"));

    assert_int_equal(wrong, 0);
}


static void
what_we_write(void **state)
{
    try_all("secret", secret, mdm_str("a secret of some length"));
    try_all("reply", replies, mdm_str("challenge"));

    /* with jansson's own allocator its parser does not say it either, but
     * leaves nothing */

    unclear = true;
    try_all("webhook of a report", webhook, mdm_str("command_failed"));
    try_all("webhook of a check-in", webhook, mdm_str("token_updated"));

    assert_int_equal(wrong, 0);
}


int
main(void)
{
    int                      failures;
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(messages, nothing_wrong_yet),
        cmocka_unit_test_setup(commands, nothing_wrong_yet),
        cmocka_unit_test_setup(described, nothing_wrong_yet),
        cmocka_unit_test_setup(identities, nothing_wrong_yet),
        cmocka_unit_test_setup(what_we_write, nothing_wrong_yet)
    };

    injector.libplist.name = "/libplist";
    injector.libc.name = "/libc.so";

    if (dl_iterate_phdr(find_library, &injector.libplist) == 0
        || dl_iterate_phdr(find_library, &injector.libc) == 0)
    {
        puts("1..0 # SKIP where are libplist and the C library?");
        return 1;
    }

    cmocka_set_message_output(CM_OUTPUT_TAP);
    failures = cmocka_run_group_tests_name("out of memory", tests, NULL, NULL);
    printf("# %lu allocations failed, %u were called something else\n",
           injector.total, unsaid);

    return failures;
}
