
/*
 * What the files of the schema share: the compiled forms of a plugin's tables.
 * Nobody else includes this.
 */


#ifndef _MDM_SCHEMA_INTERNAL_H_INCLUDED_
#define _MDM_SCHEMA_INTERNAL_H_INCLUDED_


#include <regex.h>

#include "mdm_schema.h"
#include "mdm_effects.h"


#define MDM_SCHEMA_PLATFORMS     (MDM_WATCHOS + 1)
#define MDM_SCHEMA_NEVER         UINT32_MAX        /* "n/a" as a version */
#define MDM_SCHEMA_MAX_PATTERN   4096              /* bytes of a text that is
                                                      held against one */
#define MDM_SCHEMA_NO_SLOT       UINT32_MAX
#define MDM_SCHEMA_MAX_TELLERS   8                 /* members that tell items
                                                      of one list apart */


/* One operating system, with everything that was unsaid taken from around. */

typedef struct {
    mdm_on_t                 on;
    uint32_t                 introduced;   /* versions: 0 is unsaid */
    uint32_t                 deprecated;
    uint32_t                 removed;
} mdm_schema_on_t;

typedef struct mdm_schema_systems_s  mdm_schema_systems_t;

struct mdm_schema_systems_s {
    mdm_schema_on_t              on[MDM_SCHEMA_PLATFORMS];
    const mdm_schema_systems_t  *around;   /* what these differ from, or NULL */
    bool                         asks[MDM_SCHEMA_PLATFORMS];
                                           /* there is a rule that around has
                                              not, see mdm_schema_gate.c */
};


/* A bound of a number. */

typedef struct {
    bool                     set;
    int64_t                  integer;
    double                   real;
} mdm_schema_bound_t;


struct mdm_schema_key_s {
    const char                    *name;       /* "": a kind without one */
    const char                    *path;       /* "Outer.Name", for sentences */
    uint32_t                       type;
    uint32_t                       flags;
    const mdm_key_t               *key;        /* our copy */
    const mdm_schema_systems_t    *on;         /* that of what is around it,
                                                  when it says nothing */
    const mdm_schema_key_t        *members;    /* NULL: anything */
    size_t                         nmembers;
    const mdm_schema_key_t       **sorted;     /* by name, without "*" */
    size_t                         nsorted;
    const mdm_schema_key_t        *rest;       /* "*" */
    const mdm_schema_key_t       **awaited;    /* needed, or in escrow */
    size_t                         nawaited;
    const mdm_schema_key_t       **tellers;    /* with one allowed value */
    size_t                         ntellers;
    uint32_t                       slot;       /* in awaited around it */
    mdm_schema_bound_t             min;
    mdm_schema_bound_t             max;
    const regex_t                 *pattern;
    bool                           secret;     /* it, or what is around it */
    bool                           keeps;      /* an attribute, a secret or a
                                                  list, in it or below */
};


/* Where a table lies, seen from a list. */

typedef enum {
    MDM_LIST_NONE = 0,
    MDM_LIST_KINDS,              /* kinds of items of one */
    MDM_LIST_MEMBERS,            /* members of its items */
    MDM_LIST_INSIDE              /* deeper */
} mdm_schema_list_e;


/* The public part comes first: the one is cast to the other. */

typedef struct {
    mdm_schema_type_t              type;
    mdm_type_t                     copy;
    const mdm_schema_systems_t    *on;
} mdm_schema_entry_t;

#define mdm_schema_entry(t)  ((const mdm_schema_entry_t *) (t))


typedef struct mdm_schema_regex_s  mdm_schema_regex_t;

struct mdm_schema_regex_s {
    regex_t                        regex;
    mdm_schema_regex_t            *next;
};


/* One plugin with all that was made of it. */

typedef struct mdm_schema_unit_s  mdm_schema_unit_t;

struct mdm_schema_unit_s {
    mdm_schema_plugin_t            plugin;
    mdm_plugin_t                   copy;
    mdm_arena_t                    arena;
    mdm_schema_regex_t            *regexes;
    mdm_schema_entry_t           **entries;
    mdm_schema_unit_t             *next;
};


struct mdm_schema_s {
    mdm_schema_unit_t             *first, *last;
    const mdm_schema_type_t      **types;      /* by kind, name, variant */
    size_t                         n;
    mdm_schema_unit_t             *own;        /* mdm_schema_common.c */
    const mdm_schema_type_t       *profile;    /* the keys around payloads */
    const mdm_schema_type_t       *payload;    /* the keys of all payloads */
    const mdm_schema_key_t        *contents;   /* PayloadContent of profile */
};


/* The compiling of one plugin. */

typedef struct {
    mdm_schema_unit_t             *unit;
    mdm_fault_t                   *fault;
    const char                    *type;       /* its name, for faults */
    uint32_t                       kind;
    bool                           answer;
    bool                           lists;      /* there is one */
    size_t                         keys;       /* of this type so far */
} mdm_schema_compile_t;


/* mdm_schema_compile.c: a table as a dictionary, the key around its keys. */
mdm_rc_e mdm_schema_compile(mdm_schema_compile_t *compile,
    const mdm_key_t *keys, const mdm_schema_systems_t *on,
    const mdm_schema_key_t **root);

/* mdm_schema_key.c: one row, without what is below it.  `path` names it in
 * faults. */
mdm_rc_e mdm_schema_key_compile(mdm_schema_compile_t *compile,
    const mdm_key_t *source, const char *path, mdm_schema_key_t *key);

/* mdm_schema_list.c */
mdm_rc_e mdm_schema_list_row(mdm_schema_compile_t *compile, const char *path,
    const mdm_schema_key_t *key, mdm_schema_list_e at,
    mdm_schema_list_e *below);
mdm_rc_e mdm_schema_list_table(mdm_schema_compile_t *compile,
    const char *path, const mdm_schema_key_t *key);
mdm_rc_e mdm_schema_list_parts(mdm_schema_compile_t *compile,
    const mdm_schema_type_t *type);

/* mdm_schema_system.c; `around` is NULL for a type */
mdm_rc_e mdm_schema_systems(mdm_schema_compile_t *compile,
    const mdm_systems_t *source, const mdm_schema_systems_t *around,
    const char *path, const mdm_schema_systems_t **systems);

/* mdm_schema_add.c */
mdm_rc_e mdm_schema_unit(mdm_schema_unit_t **unit, const mdm_plugin_t *plugin,
    const char *file, void *state, mdm_fault_t *fault);
void mdm_schema_unit_free(mdm_schema_unit_t *unit);
int mdm_schema_compare(const mdm_schema_type_t *a, const mdm_schema_type_t *b);

/* mdm_schema_finding.c */
mdm_str_t mdm_schema_cut(mdm_str_t text, size_t max);

/* mdm_schema_text.c: numbers and names as tables write them */
bool mdm_schema_read_integer(const char *text, int64_t *value);
bool mdm_schema_read_real(const char *text, double *value);
bool mdm_schema_name_valid(mdm_str_t name);
const char *mdm_schema_type_name(uint32_t type);
const char *mdm_schema_platform_name(mdm_platform_e platform);
mdm_str_t mdm_schema_c(const char *text);


/* mdm_schema_compile.c.  NULL: the table has no such key; member() gives its
 * "*" then, if it has that. */
const mdm_schema_key_t *mdm_schema_named(const mdm_schema_key_t *table,
    mdm_str_t name);
const mdm_schema_key_t *mdm_schema_member(const mdm_schema_key_t *table,
    mdm_str_t name);

/* mdm_schema_common.c */
mdm_rc_e mdm_schema_common(mdm_schema_t *schema);
bool mdm_schema_is_common(mdm_str_t name);

/* mdm_schema_gate.c: does a row ask what the one around it does not? */
bool mdm_schema_on_asks(const mdm_schema_on_t *on,
    const mdm_schema_on_t *around);


/* What contents demand of a device: one for each row that applies. */

typedef enum {
    MDM_DEMAND_ON = 0,           /* the row of a type or a key */
    MDM_DEMAND_KEY,              /* a key that is missing, and needed where it
                                    is known */
    MDM_DEMAND_ONE               /* a type is there more often than once */
} mdm_demand_e;

typedef struct mdm_demand_s  mdm_demand_t;

struct mdm_demand_s {
    mdm_demand_e                   what;
    const void                    *row;        /* what it is told by */
    const mdm_schema_systems_t    *on;
    const mdm_schema_type_t       *type;
    const mdm_schema_key_t        *key;        /* NULL: the type itself */
    mdm_str_t                      path;
    mdm_demand_t                  *next;       /* in order */
};

struct mdm_demands_s {
    mdm_demand_t                  *first, *last;
    bool                           strict;     /* of the check */
    size_t                         n;
    mdm_demand_t                 **table;      /* of those there are */
    size_t                         size;       /* a power of two */
};


#endif /* _MDM_SCHEMA_INTERNAL_H_INCLUDED_ */
