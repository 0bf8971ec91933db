
/*
 * The kinds of lines that came lately, each with the timer that ends its ten
 * seconds.
 */


#include "ngx_mdm_restraint.h"


#define NGX_MDM_RESTRAINT_LINES    5
#define NGX_MDM_RESTRAINT_TIME     10000


static ngx_mdm_restraint_kind_t *ngx_mdm_restraint_find(
    ngx_mdm_restraint_t *restraint, const char *text);
static void ngx_mdm_restraint_end(ngx_event_t *ev);


void
ngx_mdm_restraint_init(ngx_mdm_restraint_t *restraint, ngx_log_t *log)
{
    ngx_uint_t                 i;
    ngx_mdm_restraint_kind_t  *kind;

    for (i = 0; i < NGX_MDM_RESTRAINT_KINDS; i++) {
        kind = &restraint->kinds[i];

        kind->end.handler = ngx_mdm_restraint_end;
        kind->end.data = kind;
        kind->end.log = log;
        kind->end.cancelable = 1;
    }
}


void
ngx_mdm_restraint_done(ngx_mdm_restraint_t *restraint)
{
    ngx_uint_t                 i;
    ngx_mdm_restraint_kind_t  *kind;

    for (i = 0; i < NGX_MDM_RESTRAINT_KINDS; i++) {
        kind = &restraint->kinds[i];

        if (kind->end.timer_set) {
            ngx_del_timer(&kind->end);
            ngx_mdm_restraint_end(&kind->end);
        }
    }
}


ngx_uint_t
ngx_mdm_restraint_level(ngx_mdm_restraint_t *restraint, ngx_uint_t level,
    const char *text)
{
    ngx_mdm_restraint_kind_t  *kind;

    kind = ngx_mdm_restraint_find(restraint, text);
    if (kind == NULL) {
        return level;
    }

    if (!kind->end.timer_set) {
        ngx_cpystrn(kind->text, (u_char *) text, NGX_MDM_RESTRAINT_TEXT);
        kind->level = level;
        kind->lines = 0;
        ngx_add_timer(&kind->end, NGX_MDM_RESTRAINT_TIME);
    }

    return ++kind->lines > NGX_MDM_RESTRAINT_LINES ? NGX_LOG_INFO : level;
}


/* The kind of that text, or one that is free; NULL when none is. */

static ngx_mdm_restraint_kind_t *
ngx_mdm_restraint_find(ngx_mdm_restraint_t *restraint, const char *text)
{
    ngx_uint_t                 i;
    ngx_mdm_restraint_kind_t  *kind, *unused;

    unused = NULL;

    for (i = 0; i < NGX_MDM_RESTRAINT_KINDS; i++) {
        kind = &restraint->kinds[i];

        if (!kind->end.timer_set) {
            unused = kind;

        } else if (ngx_strncmp(kind->text, text, NGX_MDM_RESTRAINT_TEXT - 1)
                   == 0)
        {
            return kind;
        }
    }

    return unused;
}


static void
ngx_mdm_restraint_end(ngx_event_t *ev)
{
    ngx_mdm_restraint_kind_t  *kind;

    kind = ev->data;

    if (kind->lines > NGX_MDM_RESTRAINT_LINES) {
        ngx_log_error(kind->level, ev->log, 0,
                      "mdm: %s: %ui times more within 10 seconds",
                      kind->text, kind->lines - NGX_MDM_RESTRAINT_LINES);
    }
}
