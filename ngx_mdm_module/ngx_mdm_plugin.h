
/*
 * The contract between ngx_mdm and its plugins: the only header that a plugin
 * includes, and a plugin links to nothing of ours.  docs/plugins.md is the
 * page to read first.
 *
 * A plugin is a shared object that exports one function, ngx_mdm_plugin().  It
 * returns a constant description: which payloads and commands there are, with
 * which keys, for whom.  Most types need nothing but tables.
 *
 * Rules for the functions: all but config() and shutdown() may run on any
 * thread, several at once, and keep no static state; none waits for anything,
 * opens files or sockets, or forks.  config() has no side effects, for it runs
 * as root in "nginx -t".  A crash ends the worker with all its connections.
 *
 * Everything here is since ABI 1 unless marked.  What comes later goes to the
 * end of its structure, with a mark; what is zero means what it always meant.
 */


#ifndef _NGX_MDM_PLUGIN_H_INCLUDED_
#define _NGX_MDM_PLUGIN_H_INCLUDED_


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


#define MDM_PLUGIN_ABI  1      /* raised only when old plugins cannot go on */

typedef struct {
    size_t        len;         /* bytes, with no NUL counted or promised */
    const char   *data;        /* UTF-8 or bytes; NULL: absent */
} mdm_text_t;


/* --- tables: what a type is, and for whom --- */

typedef enum {
    MDM_END = 0,               /* closes a table of keys */
    MDM_BOOLEAN,               /* true, false; no 0 and 1 */
    MDM_INTEGER,               /* 64 bits, signed */
    MDM_REAL,                  /* takes an integer, too */
    MDM_STRING,                /* UTF-8 without NUL */
    MDM_DATA,                  /* Base64 in JSON */
    MDM_DATE,                  /* RFC 3339 in JSON; whole seconds */
    MDM_ARRAY,                 /* keys: what an item may be */
    MDM_DICTIONARY,            /* keys: its members */
    MDM_ANY,                   /* whatever a property list can hold */
    MDM_PROFILE                /* data that is a profile; JSON may have the
                                  profile itself in its place */
} mdm_value_e;

typedef enum {
    MDM_UNSAID = 0,            /* as the key around it, or as the type */
    MDM_NO, MDM_YES
} mdm_answer_e;

typedef enum {
    MDM_MODE_UNSAID = 0,       /* as the key around it, or as the type */
    MDM_ALLOWED,               /* what a type is that says nothing */
    MDM_REQUIRED,              /* only there: elsewhere it is refused */
    MDM_FORBIDDEN,             /* there it is refused */
    MDM_IGNORED                /* accepted there without effect: a warning */
} mdm_mode_e;

/* Rights that an enrolment profile grants: AccessRights of com.apple.mdm. */
#define MDM_INSPECT_PROFILES       0x0001
#define MDM_CHANGE_PROFILES        0x0002  /* needs inspecting, too */
#define MDM_LOCK_AND_CLEAR         0x0004  /* the device, its passcode */
#define MDM_ERASE                  0x0008
#define MDM_QUERY_DEVICE           0x0010  /* name, capacity, serial number */
#define MDM_QUERY_NETWORK          0x0020  /* numbers, MAC addresses */
#define MDM_INSPECT_PROVISIONING   0x0040
#define MDM_CHANGE_PROVISIONING    0x0080  /* needs inspecting, too */
#define MDM_INSPECT_APPS           0x0100
#define MDM_QUERY_RESTRICTIONS     0x0200
#define MDM_QUERY_SECURITY         0x0400
#define MDM_CHANGE_SETTINGS        0x0800
#define MDM_CHANGE_APPS            0x1000

#define MDM_NEVER_THERE  "n/a"  /* as "introduced": not on this system */
/* One operating system.  What is unsaid holds as in the type around it; a type
 * that says no "introduced" is not for that system.  Rules of keys that lie in
 * each other add up: all of them must hold. */

typedef struct {
    const char   *introduced;  /* first version that has it: "11.3" */
    const char   *deprecated;  /* from this version on: a warning */
    const char   *removed;     /* from this version on: refused */
    uint32_t      access_rights;  /* MDM_INSPECT_PROFILES…; all are needed */
    uint8_t       supervised;  /* MDM_YES: only supervised devices */
    uint8_t       device_channel, user_channel;  /* MDM_NO: not there */
    uint8_t       automated;   /* MDM_YES: only after Automated Enrolment */
    uint8_t       user_approved;  /* MDM_YES: only when a user approved */
    uint8_t       by_hand;     /* MDM_NO: no user may install it himself */
    uint8_t       many;        /* MDM_NO: at most once on a device */
    uint8_t       user_enrollment;  /* mdm_mode_e, of its users' devices */
    uint8_t       shared_ipad;  /* mdm_mode_e, of a Shared iPad … */
    uint8_t       shared_device_channel, shared_user_channel;  /* its own */
} mdm_on_t;

typedef struct {
    mdm_on_t      ios;         /* iPadOS, too */
    mdm_on_t      macos, tvos, visionos, watchos;
} mdm_systems_t;

/* How the values of one key in several payloads become one. */

typedef enum {
    MDM_COMBINE_UNSAID = 0,    /* two that differ are a conflict */
    MDM_COMBINE_OR, MDM_COMBINE_AND,    /* of booleans */
    MDM_COMBINE_MIN, MDM_COMBINE_MAX,   /* of numbers */
    MDM_COMBINE_ENUM_FIRST,    /* the one that stands first in one_of */
    MDM_COMBINE_ENUM_LAST,
    MDM_COMBINE_FIRST,         /* of any: the first payload that has it */
    MDM_COMBINE_APPEND,        /* of arrays: all items, in order */
    MDM_COMBINE_UNION,         /* of arrays: all items, each once */
    MDM_COMBINE_INTERSECTION   /* of arrays: items that all have */
} mdm_combine_e;

#define MDM_NEEDED   0x01      /* must be there */
#define MDM_SECRET   0x02      /* never shown without the right to secrets */
#define MDM_LITERAL  0x04      /* "%Name%" in it is no per-device value */
#define MDM_TELLS    0x08      /* of items of a list: tells them apart */

typedef struct mdm_key_s  mdm_key_t;

struct mdm_key_s {
    const char            *name;     /* Apple's; "*": every key not named
                                        beside it; of an array's items: of
                                        each kind of item, or NULL */
    uint32_t               type;     /* mdm_value_e */
    uint32_t               flags;    /* MDM_NEEDED… */
    const mdm_key_t       *keys;     /* of MDM_DICTIONARY: members; of
                                        MDM_ARRAY: kinds of items, told apart
                                        by their type, and dictionaries by the
                                        keys with one allowed value; NULL: not
                                        looked at */
    const mdm_systems_t   *on;       /* NULL: as around it */
    const char *const     *one_of;   /* allowed values; numbers as text */
    const char            *pattern;  /* of strings: POSIX extended, no anchor */
    const char            *min, *max;  /* of numbers: as text, both allowed */
    uint32_t               least, most;  /* items of an array; 0: any */
    const char            *preset;   /* what it is when absent, as text; only
                                        told, never filled in */
    uint32_t               combine;  /* mdm_combine_e */
    const char            *attribute;  /* in an answer: kept by this name */
    const char            *list;     /* in an answer, of an array or of "*":
                                        its items are kept in this list */
    const char            *escrow;   /* a kind of secret: an answer's is kept,
                                        a command's, when absent, is put in */
};

/* Rows leave out what is zero, of which -Wextra would complain. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define MDM_TEXTS(...)   (const char *const[]) { __VA_ARGS__, NULL }
#define MDM_TYPES(...)   (const mdm_type_t *const[]) { __VA_ARGS__, NULL }
#define MDM_ONE_OF(...)  .one_of = MDM_TEXTS(__VA_ARGS__)
#define MDM_ON(...)      .on = &(const mdm_systems_t) { __VA_ARGS__ }
#define MDM_KEYS(...)    .keys = (const mdm_key_t[]) { __VA_ARGS__, { 0 } }


/* --- functions: what tables cannot say --- */

typedef struct mdm_node_s  mdm_node_t;  /* a value of a property list; the
                                           host's, lasts for the call */
typedef struct mdm_call_s  mdm_call_t;  /* one call of a plugin's function */

/* What the host does for a plugin; append-only, `size` tells what is there.
 * Functions that return a node, or bool, give NULL or false when memory ran out
 * or a node is of the wrong type; values of absent nodes (NULL) are zero. */

typedef struct {
    size_t        size;
    /* reading; get() of what is no dictionary, or has no such key, is NULL */
    uint32_t           (*type)(const mdm_node_t *node);  /* MDM_END: absent */
    const mdm_node_t  *(*get)(const mdm_node_t *dict, const char *key);
    size_t             (*count)(const mdm_node_t *node);  /* of items, keys */
    const mdm_node_t  *(*item)(const mdm_node_t *node, size_t n);  /* from 0 */
    mdm_text_t         (*name)(const mdm_node_t *member);  /* its key */
    bool               (*boolean)(const mdm_node_t *node);
    int64_t            (*integer)(const mdm_node_t *node);
    double             (*real)(const mdm_node_t *node);  /* or of an integer */
    mdm_text_t         (*text)(const mdm_node_t *node);  /* string, data */
    int64_t            (*date)(const mdm_node_t *node);  /* s since 1970, UTC */

    /* making; what is made is in no other value, text is copied */
    mdm_node_t        *(*new_boolean)(mdm_call_t *call, bool value);
    mdm_node_t        *(*new_integer)(mdm_call_t *call, int64_t value);
    mdm_node_t        *(*new_real)(mdm_call_t *call, double value);
    mdm_node_t        *(*new_string)(mdm_call_t *call, mdm_text_t value);
    mdm_node_t        *(*new_data)(mdm_call_t *call, mdm_text_t value);
    mdm_node_t        *(*new_date)(mdm_call_t *call, int64_t value);
    mdm_node_t        *(*new_array)(mdm_call_t *call);
    mdm_node_t        *(*new_dictionary)(mdm_call_t *call);
    mdm_node_t        *(*copy)(mdm_call_t *call, const mdm_node_t *node);
    /* replaces a member where it stands, or adds it; NULL removes it */
    bool  (*set)(mdm_call_t *call, mdm_node_t *dict, const char *key,
                 mdm_node_t *value);
    bool  (*append)(mdm_call_t *call, mdm_node_t *array, mdm_node_t *item);
    void *(*alloc)(mdm_call_t *call, size_t size);  /* zeroed; for the call */

    /* telling what is wrong: in config() and validate().  path: "Key",
     * "Key[2].Key" or "" for the whole; rule: what must hold, in words */
    void  (*fault)(mdm_call_t *call, const char *path, const char *rule);
    void  (*warn)(mdm_call_t *call, const char *path, const char *rule);

    /* effects: in result().  They are stored with the report, exactly once;
     * 1000 of them, 1 MB together, names of 128 bytes, else it has failed;
     * besides, 10000 items of lists, 16 MB together */
    bool  (*set_attribute)(mdm_call_t *call, const char *name,
                           const mdm_node_t *value);  /* to 4096 bytes */
    /* the list is what this call keeps of it; value NULL: it may be empty */
    bool  (*keep_item)(mdm_call_t *call, const char *list, mdm_text_t key,
                       const mdm_node_t *value);
    bool  (*keep_secret)(mdm_call_t *call, const char *kind,
                         mdm_text_t value);  /* to 65536 bytes */
    bool  (*queue_command)(mdm_call_t *call, const char *request_type,
                           const mdm_node_t *command);  /* its members */
    bool  (*emit_event)(mdm_call_t *call, const char *type,
                        const mdm_node_t *data);
} mdm_host_t;

struct mdm_call_s {
    const mdm_host_t  *host;
    void              *state;        /* what config() left; read it only */
};

typedef struct { mdm_text_t name, value; } mdm_parameter_t;  /* of mdm_plugin */

typedef struct {
    mdm_text_t         request_type;  /* of the command that it answers */
    mdm_text_t         status;       /* "Acknowledged", "Error", … */
    const mdm_node_t  *report;       /* the whole of it */
} mdm_result_t;

#define MDM_COMMAND      1     /* kinds of types */
#define MDM_PAYLOAD      2

#define MDM_EXCLUSIVE    0x0001  /* payload: combines with no other of its type;
                                    without it, the device makes one of all */
#define MDM_MANAGES      0x0002  /* payload: is what enrols a device */
#define MDM_ONCE         0x0100  /* command: never repeated when unanswered */
#define MDM_URGENT       0x0200  /* command: before what is delivered already */
#define MDM_DESTRUCTIVE  0x0400  /* command: needs the right "destructive" */
#define MDM_SUPERSEDES   0x0800  /* command: undelivered of its subject go */
#define MDM_INVENTORY    0x1000  /* command: takes stock; build() makes it */

#define MDM_DAYS(n)      ((n) * 86400u)

typedef struct {
    uint32_t               kind;     /* MDM_COMMAND, MDM_PAYLOAD */
    uint32_t               flags;
    const char            *name;     /* RequestType or PayloadType */
    const char            *variant;  /* of several under one name, or NULL */
    const char *const     *told_by;  /* "Key" or "Key=value": one of them makes
                                        it this variant; NULL: when no other */
    const char            *title;    /* for people, a few words */
    const mdm_systems_t   *on;       /* for whom it is */
    const mdm_key_t       *keys;     /* NULL: its contents are not checked */
    const mdm_key_t       *answer;   /* of a command: its report's own keys */
    const char            *subject;  /* of a command: one never overtakes an
                                        other of its subject: this, or this:…
                                        with the first of the keys there is */
    const char *const     *subject_keys;
    const char *const     *part_keys;  /* one there: it lists some items only */
    uint32_t               expires;  /* seconds, MDM_DAYS(); 0: never */

    /* each may be NULL; false, after fault() where there is one: it failed */
    bool  (*validate)(mdm_call_t *call, const mdm_node_t *value);
    bool  (*build)(mdm_call_t *call, mdm_node_t *value);  /* last touches */
    bool  (*result)(mdm_call_t *call, const mdm_result_t *result);
    bool  (*merge)(mdm_call_t *call, const mdm_node_t *const *values, size_t n,
                   mdm_node_t *into);  /* what no "combine" says */
} mdm_type_t;

typedef struct {
    size_t                 size;     /* MDM_PLUGIN fills in these */
    uint32_t               abi, type_size, key_size, systems_size;
    const char            *name, *version;
    const mdm_type_t *const *types;  /* MDM_TYPES() */
    const char *const     *parameters;  /* names that config() takes, or NULL */
    bool  (*config)(mdm_call_t *call, const mdm_parameter_t *parameters,
                    size_t n, void **state);
    void  (*shutdown)(void *state);  /* the worker ends, or nginx -t did */
} mdm_plugin_t;

#define MDM_PLUGIN                                                            \
    .size = sizeof(mdm_plugin_t), .abi = MDM_PLUGIN_ABI,                      \
    .type_size = sizeof(mdm_type_t), .key_size = sizeof(mdm_key_t),           \
    .systems_size = sizeof(mdm_systems_t)

__attribute__((visibility("default")))
const mdm_plugin_t *ngx_mdm_plugin(void);


#endif /* _NGX_MDM_PLUGIN_H_INCLUDED_ */
