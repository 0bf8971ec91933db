
/*
 * For whom a type or a key is: the rows of systems, with what a row leaves
 * unsaid taken from the one around it.  Must never judge a device; that is
 * mdm_schema_gate.c.
 */


#include <string.h>

#include "mdm_schema_internal.h"


static mdm_rc_e mdm_schema_on(mdm_schema_compile_t *compile,
    const mdm_on_t *source, const mdm_schema_on_t *around, const char *path,
    mdm_platform_e platform, mdm_schema_on_t *on);
static mdm_rc_e mdm_schema_on_version(mdm_schema_compile_t *compile,
    const char *path, mdm_platform_e platform, const char *what,
    const char *text, uint32_t *version);
static mdm_rc_e mdm_schema_on_answers(mdm_schema_compile_t *compile,
    const mdm_on_t *on, const char *path, mdm_platform_e platform);
static void mdm_schema_on_inherit(mdm_on_t *on, const mdm_on_t *around);


/*
 * ABI 1 has five systems of one size: a longer table has more of them at its
 * end, which are not read.
 */

mdm_rc_e
mdm_schema_systems(mdm_schema_compile_t *compile, const mdm_systems_t *source,
    const mdm_schema_systems_t *around, const char *path,
    const mdm_schema_systems_t **systems)
{
    bool                   some;
    mdm_rc_e               rc;
    unsigned               i;
    const mdm_on_t        *rows[MDM_SCHEMA_PLATFORMS];
    mdm_schema_systems_t  *s;

    if (source == NULL && around) {
        *systems = around;
        return MDM_OK;
    }

    if (source == NULL) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: it does not say for which systems it is: "
                         ".on is missing",
                         path);
    }

    s = mdm_arena_zalloc(&compile->unit->arena, sizeof(mdm_schema_systems_t));
    if (s == NULL) {
        return MDM_NO_MEMORY;
    }

    rows[MDM_PLATFORM_UNKNOWN] = NULL;
    rows[MDM_IOS] = &source->ios;
    rows[MDM_MACOS] = &source->macos;
    rows[MDM_TVOS] = &source->tvos;
    rows[MDM_VISIONOS] = &source->visionos;
    rows[MDM_WATCHOS] = &source->watchos;

    s->around = around;
    some = false;

    for (i = MDM_IOS; i < MDM_SCHEMA_PLATFORMS; i++) {
        rc = mdm_schema_on(compile, rows[i], around ? &around->on[i] : NULL,
                           path, i, &s->on[i]);
        if (rc != MDM_OK) {
            return rc;
        }

        some |= s->on[i].introduced != MDM_SCHEMA_NEVER;
        s->asks[i] = mdm_schema_on_asks(&s->on[i],
                                        around ? &around->on[i] : NULL);
    }

    if (around == NULL && !some) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: it says of no system when it was introduced",
                         path);
    }

    *systems = s;

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_on(mdm_schema_compile_t *compile, const mdm_on_t *source,
    const mdm_schema_on_t *around, const char *path, mdm_platform_e platform,
    mdm_schema_on_t *on)
{
    mdm_rc_e  rc;

    on->on = *source;

    rc = mdm_schema_on_version(compile, path, platform, "introduced",
                               source->introduced, &on->introduced);

    if (rc == MDM_OK) {
        rc = mdm_schema_on_version(compile, path, platform, "deprecated",
                                   source->deprecated, &on->deprecated);
    }

    if (rc == MDM_OK) {
        rc = mdm_schema_on_version(compile, path, platform, "removed",
                                   source->removed, &on->removed);
    }

    if (rc == MDM_OK) {
        rc = mdm_schema_on_answers(compile, source, path, platform);
    }

    if (rc != MDM_OK) {
        return rc;
    }

    if (around == NULL) {
        if (on->introduced == 0) {
            on->introduced = MDM_SCHEMA_NEVER;
        }

        return MDM_OK;
    }

    /* what is not there at all cannot have a part that is */

    if (on->introduced == 0 || around->introduced == MDM_SCHEMA_NEVER) {
        on->introduced = around->introduced;
        on->on.introduced = around->on.introduced;
    }

    if (on->deprecated == 0) {
        on->deprecated = around->deprecated;
        on->on.deprecated = around->on.deprecated;
    }

    if (on->removed == 0) {
        on->removed = around->removed;
        on->on.removed = around->on.removed;
    }

    mdm_schema_on_inherit(&on->on, &around->on);

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_on_version(mdm_schema_compile_t *compile, const char *path,
    mdm_platform_e platform, const char *what, const char *text,
    uint32_t *version)
{
    *version = 0;

    if (text == NULL) {
        return MDM_OK;
    }

    if (strcmp(text, MDM_NEVER_THERE) == 0) {
        *version = MDM_SCHEMA_NEVER;
        return MDM_OK;
    }

    *version = mdm_version(mdm_schema_c(text));

    if (*version == 0) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: \"%s\" on %s must be a version like 11.3 or "
                         "%s, it is \"%.32s\"", path, what,
                         mdm_schema_platform_name(platform), MDM_NEVER_THERE,
                         text);
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_on_answers(mdm_schema_compile_t *compile, const mdm_on_t *on,
    const char *path, mdm_platform_e platform)
{
    if (on->supervised > MDM_YES || on->device_channel > MDM_YES
        || on->user_channel > MDM_YES || on->automated > MDM_YES
        || on->user_approved > MDM_YES || on->by_hand > MDM_YES
        || on->many > MDM_YES || on->shared_device_channel > MDM_YES
        || on->shared_user_channel > MDM_YES)
    {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: an answer on %s is neither MDM_YES nor "
                         "MDM_NO", path, mdm_schema_platform_name(platform));
    }

    if (on->user_enrollment > MDM_IGNORED || on->shared_ipad > MDM_IGNORED) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: a mode on %s is none of MDM_ALLOWED, "
                         "MDM_REQUIRED, MDM_FORBIDDEN, MDM_IGNORED", path,
                         mdm_schema_platform_name(platform));
    }

    return MDM_OK;
}


#define mdm_schema_inherit(field)                                             \
    if (on->field == 0) {                                                     \
        on->field = around->field;                                            \
    }

static void
mdm_schema_on_inherit(mdm_on_t *on, const mdm_on_t *around)
{
    on->access_rights |= around->access_rights;

    mdm_schema_inherit(supervised);
    mdm_schema_inherit(device_channel);
    mdm_schema_inherit(user_channel);
    mdm_schema_inherit(automated);
    mdm_schema_inherit(user_approved);
    mdm_schema_inherit(by_hand);
    mdm_schema_inherit(many);
    mdm_schema_inherit(user_enrollment);
    mdm_schema_inherit(shared_ipad);
    mdm_schema_inherit(shared_device_channel);
    mdm_schema_inherit(shared_user_channel);
}
