
/*
 * A plugin's description taken into the registry, whole or not at all.  Must
 * never trust a size: descriptors come from files of another build.
 */


#include <stdlib.h>
#include <string.h>

#include "mdm_schema_internal.h"


#define MDM_SCHEMA_MAX_TYPES   1000       /* of one plugin */
#define MDM_SCHEMA_MAX_STRIDE  4096

/* What ABI 1 began with: later additions go behind. */
#define MDM_ABI_1_PLUGIN       (offsetof(mdm_plugin_t, shutdown)              \
                                + sizeof(void *))
#define MDM_ABI_1_TYPE         (offsetof(mdm_type_t, merge) + sizeof(void *))
#define MDM_ABI_1_KEY          (offsetof(mdm_key_t, escrow) + sizeof(void *))
#define MDM_ABI_1_SYSTEMS      (offsetof(mdm_systems_t, watchos)              \
                                + sizeof(mdm_on_t))

#define MDM_SCHEMA_PAYLOAD_FLAGS  (MDM_EXCLUSIVE | MDM_MANAGES)
#define MDM_SCHEMA_COMMAND_FLAGS  (MDM_ONCE | MDM_URGENT | MDM_DESTRUCTIVE    \
                                   | MDM_SUPERSEDES | MDM_INVENTORY)


static mdm_rc_e mdm_schema_add_sizes(const mdm_plugin_t *plugin,
    mdm_fault_t *fault);
static mdm_rc_e mdm_schema_add_size(const char *what, size_t size,
    size_t least, mdm_fault_t *fault);
static mdm_rc_e mdm_schema_add_unit(mdm_schema_unit_t *unit,
    const mdm_plugin_t *plugin, const char *file, void *state,
    mdm_fault_t *fault);
static mdm_rc_e mdm_schema_add_types(mdm_schema_unit_t *unit,
    mdm_fault_t *fault);
static mdm_rc_e mdm_schema_add_type(mdm_schema_compile_t *compile,
    const mdm_type_t *source, mdm_schema_entry_t **entry);
static mdm_rc_e mdm_schema_add_words(mdm_schema_compile_t *compile,
    const mdm_type_t *type);
static mdm_rc_e mdm_schema_add_kind(mdm_schema_compile_t *compile,
    const mdm_type_t *type);
static mdm_rc_e mdm_schema_add_keys(mdm_schema_compile_t *compile,
    mdm_schema_entry_t *entry);
static mdm_rc_e mdm_schema_add_merge(mdm_schema_t *schema,
    mdm_schema_unit_t *unit, mdm_fault_t *fault);
static mdm_rc_e mdm_schema_add_twice(const mdm_schema_type_t *a,
    const mdm_schema_type_t *b, mdm_fault_t *fault);
static size_t mdm_schema_add_tail(const char *file);
static int mdm_schema_add_order(const void *a, const void *b);
static bool mdm_schema_add_name(const char *name);


mdm_rc_e
mdm_schema_add(mdm_schema_t *schema, const mdm_plugin_t *plugin,
    const char *file, void *state, mdm_fault_t *fault)
{
    mdm_rc_e            rc;
    mdm_schema_unit_t  *unit;

    rc = mdm_schema_unit(&unit, plugin, file, state, fault);

    if (rc == MDM_OK) {
        rc = mdm_schema_add_merge(schema, unit, fault);

        if (rc != MDM_OK) {
            mdm_schema_unit_free(unit);
        }
    }

    return rc == MDM_NO_MEMORY
               ? mdm_fault(fault, rc, "no memory for what a plugin describes")
               : rc;
}


/* Compiles a description; what came of it belongs to no registry yet. */

mdm_rc_e
mdm_schema_unit(mdm_schema_unit_t **made, const mdm_plugin_t *plugin,
    const char *file, void *state, mdm_fault_t *fault)
{
    mdm_rc_e            rc;
    mdm_schema_unit_t  *unit;

    *made = NULL;

    rc = mdm_schema_add_sizes(plugin, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    unit = calloc(1, sizeof(mdm_schema_unit_t));
    if (unit == NULL) {
        return MDM_NO_MEMORY;
    }

    rc = mdm_schema_add_unit(unit, plugin, file, state, fault);

    if (rc != MDM_OK) {
        mdm_schema_unit_free(unit);
        return rc;
    }

    *made = unit;

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_add_sizes(const mdm_plugin_t *plugin, mdm_fault_t *fault)
{
    mdm_rc_e  rc;

    if (plugin == NULL) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "ngx_mdm_plugin() returned nothing");
    }

    if (plugin->size >= offsetof(mdm_plugin_t, type_size)
        && plugin->abi != MDM_PLUGIN_ABI)
    {
        return mdm_fault(fault, MDM_MALFORMED,
                         "expected ABI %u, found ABI %u: build it with this "
                         "version's ngx_mdm_plugin.h", MDM_PLUGIN_ABI,
                         (unsigned) plugin->abi);
    }

    rc = mdm_schema_add_size("description", plugin->size, MDM_ABI_1_PLUGIN,
                             fault);

    if (rc == MDM_OK) {
        rc = mdm_schema_add_size("type", plugin->type_size, MDM_ABI_1_TYPE,
                                 fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_schema_add_size("key", plugin->key_size, MDM_ABI_1_KEY,
                                 fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_schema_add_size("table of systems", plugin->systems_size,
                                 MDM_ABI_1_SYSTEMS, fault);
    }

    return rc;
}


static mdm_rc_e
mdm_schema_add_size(const char *what, size_t size, size_t least,
    mdm_fault_t *fault)
{
    if (size >= least && size <= MDM_SCHEMA_MAX_STRIDE
        && size % _Alignof(void *) == 0)
    {
        return MDM_OK;
    }

    return mdm_fault(fault, MDM_MALFORMED,
                     "expected a %s of %zu bytes or more, found one of %zu: "
                     "begin the description with MDM_PLUGIN", what, least,
                     size);
}


static mdm_rc_e
mdm_schema_add_unit(mdm_schema_unit_t *unit, const mdm_plugin_t *plugin,
    const char *file, void *state, mdm_fault_t *fault)
{
    mdm_str_t  path;

    mdm_arena_init(&unit->arena);

    memcpy(&unit->copy, plugin, plugin->size < sizeof(mdm_plugin_t)
                                    ? plugin->size : sizeof(mdm_plugin_t));

    if (!mdm_schema_add_name(plugin->name)) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "the plugin has no name, or one that is not of "
                         "printable characters without spaces");
    }

    if (plugin->version == NULL || strlen(plugin->version) > 64
        || mdm_str_has_control(mdm_schema_c(plugin->version)))
    {
        return mdm_fault(fault, MDM_MALFORMED,
                         "%.64s: it has no version, or one of more than 64 "
                         "characters", plugin->name);
    }

    path = mdm_arena_str(&unit->arena, file ? file : "",
                         strlen(file ? file : ""));
    if (!mdm_str_is_set(path)) {
        return MDM_NO_MEMORY;
    }

    unit->plugin.plugin = &unit->copy;
    unit->plugin.file = (const char *) path.data;
    unit->plugin.state = state;

    return mdm_schema_add_types(unit, fault);
}


static mdm_rc_e
mdm_schema_add_types(mdm_schema_unit_t *unit, mdm_fault_t *fault)
{
    size_t                    n, i;
    mdm_rc_e                  rc;
    mdm_schema_compile_t      compile;
    const mdm_type_t *const  *types;

    types = unit->copy.types;

    for (n = 0; types && types[n]; n++) {
        if (n == MDM_SCHEMA_MAX_TYPES) {
            return mdm_fault(fault, MDM_MALFORMED,
                             "%.64s: it has more than %u types, or no NULL "
                             "behind the last: name them with MDM_TYPES()",
                             unit->copy.name, MDM_SCHEMA_MAX_TYPES);
        }
    }

    if (n == 0) {
        return mdm_fault(fault, MDM_MALFORMED, "%.64s: it describes no type",
                         unit->copy.name);
    }

    unit->entries = mdm_arena_alloc(&unit->arena,
                                    n * sizeof(unit->entries[0]));
    if (unit->entries == NULL) {
        return MDM_NO_MEMORY;
    }

    for (i = 0; i < n; i++) {
        memset(&compile, 0, sizeof(mdm_schema_compile_t));
        compile.unit = unit;
        compile.fault = fault;

        rc = mdm_schema_add_type(&compile, types[i], &unit->entries[i]);
        if (rc != MDM_OK) {
            return rc;
        }

        unit->plugin.types++;
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_add_type(mdm_schema_compile_t *compile, const mdm_type_t *source,
    mdm_schema_entry_t **made)
{
    mdm_rc_e             rc;
    mdm_type_t          *copy;
    mdm_schema_type_t   *type;
    mdm_schema_entry_t  *entry;

    entry = mdm_arena_zalloc(&compile->unit->arena,
                             sizeof(mdm_schema_entry_t));
    if (entry == NULL) {
        return MDM_NO_MEMORY;
    }

    copy = &entry->copy;
    *copy = *source;             /* never shorter, the sizes were looked at */

    rc = mdm_schema_add_words(compile, copy);

    if (rc == MDM_OK) {
        compile->type = copy->name;
        compile->kind = copy->kind;
        rc = mdm_schema_add_kind(compile, copy);
    }

    if (rc != MDM_OK) {
        return rc;
    }

    type = &entry->type;
    type->kind = copy->kind;
    type->flags = copy->flags;
    type->name = copy->name;
    type->variant = copy->variant;
    type->title = copy->title ? copy->title : copy->name;
    type->subject = copy->subject;
    type->subject_keys = copy->subject_keys;
    type->expires = copy->expires;
    type->plugin = &compile->unit->plugin;
    type->type = copy;

    *made = entry;

    return mdm_schema_add_keys(compile, entry);
}


static mdm_rc_e
mdm_schema_add_words(mdm_schema_compile_t *compile, const mdm_type_t *type)
{
    const char  *plugin;

    plugin = compile->unit->copy.name;

    if (type->kind != MDM_COMMAND && type->kind != MDM_PAYLOAD) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: type %zu is neither MDM_COMMAND nor "
                         "MDM_PAYLOAD", plugin,
                         compile->unit->plugin.types + 1);
    }

    if (!mdm_schema_add_name(type->name)) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: type %zu has no name, or one that is not of "
                         "printable characters without spaces", plugin,
                         compile->unit->plugin.types + 1);
    }

    if (type->variant && !mdm_schema_add_name(type->variant)) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: the name of its variant is not of printable "
                         "characters without spaces", type->name);
    }

    if (type->title
        && (strlen(type->title) > 255
            || !mdm_utf8_valid((const unsigned char *) type->title,
                               strlen(type->title))))
    {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: its title is longer than 255 bytes, or no "
                         "text", type->name);
    }

    return MDM_OK;
}


/* What is of commands is of no payload, and the other way round. */

static mdm_rc_e
mdm_schema_add_kind(mdm_schema_compile_t *compile, const mdm_type_t *type)
{
    uint32_t  flags;

    flags = type->kind == MDM_COMMAND ? MDM_SCHEMA_COMMAND_FLAGS
                                      : MDM_SCHEMA_PAYLOAD_FLAGS;

    if (type->flags & ~flags) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: there are no flags 0x%x for %s", type->name,
                         (unsigned) (type->flags & ~flags),
                         type->kind == MDM_COMMAND ? "commands" : "payloads");
    }

    if (type->kind == MDM_COMMAND
        && (type->variant || type->told_by || type->merge))
    {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: variant, told_by and merge are for payloads",
                         type->name);
    }

    if (type->kind == MDM_PAYLOAD
        && (type->answer || type->result || type->subject
            || type->subject_keys || type->part_keys || type->expires))
    {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: answer, result, subject, part_keys and "
                         "expires are for commands", type->name);
    }

    if (type->told_by && type->variant == NULL) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: told_by is for a type with a variant",
                         type->name);
    }

    if (type->subject_keys && type->subject == NULL) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: subject_keys are for a type with a subject",
                         type->name);
    }

    if (type->subject && !mdm_schema_add_name(type->subject)) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: its subject is not of printable characters "
                         "without spaces", type->name);
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_add_keys(mdm_schema_compile_t *compile, mdm_schema_entry_t *entry)
{
    mdm_rc_e     rc;
    mdm_type_t  *copy;

    copy = &entry->copy;

    rc = mdm_schema_systems(compile, copy->on, NULL, copy->name, &entry->on);

    if (rc == MDM_OK && copy->keys) {
        rc = mdm_schema_compile(compile, copy->keys, entry->on,
                                &entry->type.keys);
    }

    if (rc == MDM_OK && copy->answer) {
        compile->answer = true;
        rc = mdm_schema_compile(compile, copy->answer, entry->on,
                                &entry->type.answer);
    }

    if (rc == MDM_OK) {
        rc = mdm_schema_list_parts(compile, &entry->type);
    }

    entry->type.lists = compile->lists;
    entry->type.handles = copy->result
                          || (entry->type.answer && entry->type.answer->keeps);

    return rc;
}


/* Printable, not blank, of ASCII: names stand in paths and log lines. */

static bool
mdm_schema_add_name(const char *name)
{
    size_t  i;

    if (name == NULL || name[0] == '\0') {
        return false;
    }

    for (i = 0; name[i]; i++) {
        if (i == 255 || name[i] <= ' ' || name[i] > '~') {
            return false;
        }
    }

    return true;
}


static mdm_rc_e
mdm_schema_add_merge(mdm_schema_t *schema, mdm_schema_unit_t *unit,
    mdm_fault_t *fault)
{
    size_t                     i, n;
    mdm_rc_e                   rc;
    const mdm_schema_type_t  **types;

    n = schema->n + unit->plugin.types;

    types = malloc(n * sizeof(types[0]));
    if (types == NULL) {
        return MDM_NO_MEMORY;
    }

    if (schema->n) {
        memcpy(types, schema->types, schema->n * sizeof(types[0]));
    }

    for (i = 0; i < unit->plugin.types; i++) {
        types[schema->n + i] = &unit->entries[i]->type;
    }

    qsort(types, n, sizeof(types[0]), mdm_schema_add_order);

    for (i = 1; i < n; i++) {
        if (mdm_schema_compare(types[i - 1], types[i]) == 0) {
            rc = mdm_schema_add_twice(types[i - 1], types[i], fault);
            free(types);
            return rc;
        }
    }

    /* the links belong to entries of ours, which are constant to others */

    for (i = 0; i < n; i++) {
        ((mdm_schema_type_t *) types[i])->next =
            i + 1 < n && types[i]->kind == types[i + 1]->kind
            && strcmp(types[i]->name, types[i + 1]->name) == 0
                ? types[i + 1] : NULL;
    }

    free(schema->types);
    schema->types = types;
    schema->n = n;

    *(schema->last ? &schema->last->next : &schema->first) = unit;
    schema->last = unit;

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_add_twice(const mdm_schema_type_t *a, const mdm_schema_type_t *b,
    mdm_fault_t *fault)
{
    size_t       one, two;
    const char  *variant;

    variant = a->variant ? a->variant : "";

    if (a->plugin == b->plugin) {
        return mdm_fault(fault, MDM_MALFORMED, "%.48s%s%.24s is described "
                         "twice in it", a->name, *variant ? "/" : "",
                         variant);
    }

    one = mdm_schema_add_tail(a->plugin->file);
    two = mdm_schema_add_tail(b->plugin->file);

    return mdm_fault(fault, MDM_MALFORMED,
                     "%.48s%s%.24s is described by %s%s and by %s%s: load "
                     "one of them", a->name, *variant ? "/" : "", variant,
                     one ? "..." : "", a->plugin->file + one,
                     two ? "..." : "", b->plugin->file + two);
}


/* Where the end of a long path begins, which has the name. */

static size_t
mdm_schema_add_tail(const char *file)
{
    size_t  len;

    len = strlen(file);

    return len > 34 ? len - 34 : 0;
}


static int
mdm_schema_add_order(const void *a, const void *b)
{
    const mdm_schema_type_t *const  *one, *const *two;

    one = a;
    two = b;

    return mdm_schema_compare(*one, *two);
}


int
mdm_schema_compare(const mdm_schema_type_t *a, const mdm_schema_type_t *b)
{
    int  rc;

    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }

    rc = strcmp(a->name, b->name);
    if (rc != 0) {
        return rc;
    }

    return strcmp(a->variant ? a->variant : "", b->variant ? b->variant : "");
}


void
mdm_schema_unit_free(mdm_schema_unit_t *unit)
{
    mdm_schema_regex_t  *regex;

    for (regex = unit->regexes; regex; regex = regex->next) {
        regfree(&regex->regex);
    }

    mdm_arena_free(&unit->arena);
    free(unit);
}
