
/*
 * The types that plugins describe, compiled: found by name, checked against,
 * converted by, judged for a device.  One source for all that the engine knows
 * of payloads and commands; no name of one stands in the engine's code.
 *
 * Immutable once all plugins are added, so any thread may read it.
 */


#ifndef _MDM_SCHEMA_H_INCLUDED_
#define _MDM_SCHEMA_H_INCLUDED_


#include "../message/mdm_node.h"
#include "../message/mdm_values.h"


#define MDM_SCHEMA_MAX_DEPTH     64      /* of key tables */
#define MDM_SCHEMA_MAX_KEYS      20000   /* of one type */
#define MDM_FINDINGS_MAX         1000    /* faults, and as many warnings,
                                            that are kept; all count */


typedef struct mdm_schema_s       mdm_schema_t;
typedef struct mdm_schema_key_s   mdm_schema_key_t;     /* opaque */


/* --- the registry --- */

typedef struct {
    const mdm_plugin_t       *plugin;
    const char               *file;      /* real path; "" in tests */
    void                     *state;     /* of config() */
    size_t                    types;
} mdm_schema_plugin_t;

typedef struct mdm_schema_type_s  mdm_schema_type_t;

struct mdm_schema_type_s {
    uint32_t                    kind;
    uint32_t                    flags;   /* MDM_EXCLUSIVE, MDM_ONCE, … */
    const char                 *name;
    const char                 *variant; /* or NULL */
    const char                 *title;
    const char                 *subject; /* or NULL */
    const char *const          *subject_keys;
    uint32_t                    expires;
    const mdm_schema_plugin_t  *plugin;
    const mdm_type_t           *type;    /* our copy: pointers of functions */
    const mdm_schema_key_t     *keys;    /* NULL: contents are not checked */
    const mdm_schema_key_t     *answer;
    const mdm_schema_type_t    *next;    /* variant of the same name */
    bool                        handles; /* a report of it has effects: by
                                            result() or by its tables */
    bool                        lists;   /* its tables keep items of lists */
};


mdm_schema_t *mdm_schema_create(void);       /* NULL: no memory */
void mdm_schema_destroy(mdm_schema_t *schema);

/*
 * Compiles what a plugin describes; nothing of it is added unless MDM_OK.
 * Refused in words, with what was expected and found: another ABI, sizes
 * smaller than ABI 1 had, no or odd names, versions that are none, patterns
 * that regcomp() refuses, a preset outside of its own rules, tables nested or
 * grown past the bounds, a type and variant that another plugin has (both
 * files are named).  Stops at the first fault.
 */
mdm_rc_e mdm_schema_add(mdm_schema_t *schema, const mdm_plugin_t *plugin,
    const char *file, void *state, mdm_fault_t *fault);

/* NULL: not described.  Of several variants the first. */
const mdm_schema_type_t *mdm_schema_find(const mdm_schema_t *schema,
    uint32_t kind, mdm_str_t name);

/* The name of a type that is this but for capitals, or NULL. */
const char *mdm_schema_alike(const mdm_schema_t *schema, uint32_t kind,
    mdm_str_t name);

/* A command's; never NULL: an unknown type gets a default row (no subject, may
 * be repeated, 90 days) whose name is empty. */
const mdm_schema_type_t *mdm_schema_command(const mdm_schema_t *schema,
    mdm_str_t request_type);

/* All types in the order of kind, name, variant; NULL after the last. */
const mdm_schema_type_t *mdm_schema_nth(const mdm_schema_t *schema, size_t n);
const mdm_schema_plugin_t *mdm_schema_plugin(const mdm_schema_t *schema,
    size_t n);


/* --- what the queue asks --- */

/* MDM_STRING, …; MDM_END: a command of this type has no such key. */
uint32_t mdm_schema_key_type(const mdm_schema_type_t *type, const char *name);

/* The key of a command that is the profile which it is about, or NULL. */
const char *mdm_schema_profile_key(const mdm_schema_type_t *type);

/* The command that brings a profile; NULL: no plugin describes it. */
const mdm_schema_type_t *mdm_schema_carrier(const mdm_schema_t *schema);

/*
 * The command that asks a device what it is, and its members as build() makes
 * them from nothing.  *type is NULL when no plugin has one.  MDM_MALFORMED:
 * build() failed.
 */
mdm_rc_e mdm_schema_inventory(const mdm_schema_t *schema, mdm_arena_t *arena,
    const mdm_schema_type_t **type, mdm_node_t **members);

/* Is a payload of this type what enrols a device? */
bool mdm_schema_manages(const mdm_schema_t *schema, mdm_str_t payload_type);


/* --- findings: all faults and warnings of one check --- */

typedef struct mdm_finding_s  mdm_finding_t;

struct mdm_finding_s {
    mdm_str_t             path;      /* "PayloadContent[2].SSID_STR"; "" */
    mdm_str_t             rule;      /* "must be one of WEP, WPA, …" */
    mdm_str_t             found;     /* absent: nothing, or it is secret; at
                                        most 100 bytes */
    const char           *code;      /* "type", "required", "range", "one_of",
                                        "pattern", "unknown_key",
                                        "unknown_type", "count", "plugin",
                                        "profile", "value", "conflict",
                                        "unavailable", "unknown_fact",
                                        "ignored", "deprecated" */
    bool                  warning;
    mdm_finding_t        *next;
};

typedef struct {
    mdm_arena_t          *arena;
    mdm_finding_t        *first, *last;
    size_t                faults;    /* also those that are not kept */
    size_t                warnings;
    bool                  no_memory; /* something could not be said */
} mdm_findings_t;


void mdm_finding(mdm_findings_t *findings, bool warning, const char *code,
    mdm_str_t path, mdm_str_t found, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));


/* --- checking --- */

/* What a device must be, collected while contents are checked: the rows of
 * systems that apply, each with the path that brought it in. */
typedef struct mdm_demands_s  mdm_demands_t;

typedef struct {
    const mdm_schema_t   *schema;
    mdm_arena_t          *arena;
    mdm_findings_t       *findings;
    bool                  strict;    /* unknown types and keys are faults */
    bool                  literal;   /* "%Name%" is no per-device value */
    mdm_demands_t        *demands;   /* out; NULL when memory ran out */
    mdm_values_t          values;    /* out: names of per-device values */
    mdm_str_t             wants[MDM_VALUES_MAX_NAMES + 16];
    size_t                nwants;    /* out: see mdm_values.h; 0: nothing */
} mdm_check_t;

/*
 * Checks the members of a command (without RequestType), turns strings into
 * data and dates where the tables say so, runs validate() and build().  A
 * profile in place of an MDM_PROFILE value is checked and becomes data.
 * What is wrong goes to findings; the return value is MDM_OK or, for what is
 * ours, MDM_NO_MEMORY.  Of a default row nothing but values is looked for.
 */
mdm_rc_e mdm_schema_check_command(mdm_check_t *check,
    const mdm_schema_type_t *type, mdm_node_t *command);

typedef struct {
    mdm_str_t             identifier;
    mdm_str_t             uuid;
    mdm_str_t             display_name;  /* or absent */
    size_t                payloads;
    bool                  manages;       /* has a payload with MDM_MANAGES */
} mdm_profile_facts_t;

/*
 * Checks a whole profile as a tree: the keys around the payloads, each payload
 * by its type and variant, what may not be twice.  With `complete` it fills in
 * what a person may leave out: PayloadType, PayloadVersion, and identifiers and
 * UUIDs that are the same whenever the contents are.
 */
mdm_rc_e mdm_schema_check_profile(mdm_check_t *check, mdm_node_t *profile,
    bool complete, mdm_profile_facts_t *facts);

/* One payload alone, which needs no more than its PayloadType of what a profile
 * would complete. */
mdm_rc_e mdm_schema_check_payload(mdm_check_t *check, mdm_node_t *payload);

/* Puts {"$secret": true} in the place of the values of a profile's secret keys,
 * and of what no plugin describes, for who may not see them. */
void mdm_schema_hide(const mdm_schema_t *schema, mdm_arena_t *arena,
    mdm_node_t *profile);


/* --- gating --- */

typedef enum {
    MDM_PLATFORM_UNKNOWN = 0,
    MDM_IOS, MDM_MACOS, MDM_TVOS, MDM_VISIONOS, MDM_WATCHOS
} mdm_platform_e;

/* What is known of one enrolment; MDM_UNSAID (0): not known yet. */

typedef struct {
    mdm_platform_e        platform;
    uint32_t              version;       /* mdm_version(); 0: not known */
    bool                  user_channel;
    bool                  user_enrollment;   /* owned by its user */
    uint8_t               shared_ipad;   /* mdm_answer_e, as all of these */
    uint8_t               supervised;
    uint8_t               automated;
    uint8_t               user_approved;
    int64_t               access_rights; /* -1: not known */
} mdm_facts_t;

/* "17.4.1" as a number that compares; 0: it is no version. */
uint32_t mdm_version(mdm_str_t text);

/* By Apple's ProductName or Model ("iPhone14,2", "MacBookPro18,1"), or by the
 * name of a system ("iOS", "macOS"). */
mdm_platform_e mdm_platform(mdm_str_t product);

/*
 * Judges one enrolment: each rule that it breaks is a fault "unavailable" in
 * words, like "EraseDevice is not available to a user-owned enrolment (user
 * enrolment: forbidden)"; ignored and deprecated ones are warnings; so is a
 * fact that is needed and not known ("unknown_fact"), which is a fault with
 * `demand_facts`.
 */
void mdm_schema_gate(const mdm_demands_t *demands, const mdm_facts_t *facts,
    bool demand_facts, mdm_findings_t *findings);


/* --- reports --- */

typedef struct mdm_effects_s  mdm_effects_t;    /* mdm_effects.h */

/* Runs what a type does with a report, table and result(); in any thread.
 * MDM_MALFORMED with words: it failed, and there are no effects. */
mdm_rc_e mdm_schema_result(const mdm_schema_type_t *type, mdm_arena_t *arena,
    const mdm_node_t *report, mdm_effects_t *effects, mdm_fault_t *fault);


/* Does the table of some command's answer set an attribute of this name? */
bool mdm_schema_answers(const mdm_schema_t *schema, mdm_str_t attribute);


/* --- combining --- */

/* What several payloads of one type come to, by each key's rule and merge();
 * keys without a rule that differ are faults that name them. */
mdm_rc_e mdm_schema_merge(const mdm_schema_type_t *type, mdm_arena_t *arena,
    const mdm_node_t *const *payloads, size_t n, mdm_node_t **merged,
    mdm_findings_t *findings);


/* --- description --- */

/* One type with every key and rule, as GET /v1/schema/{type} shows it; a NULL
 * type gives all of them in short.  NULL: no memory; the caller owns it. */
json_t *mdm_schema_describe(const mdm_schema_t *schema,
    const mdm_schema_type_t *type);

/* The keys that no plugin describes: those of a "profile" around its payloads,
 * and those of each "payload".  NULL: no memory; the caller owns it. */
json_t *mdm_schema_describe_common(const mdm_schema_t *schema);


#endif /* _MDM_SCHEMA_H_INCLUDED_ */
