
/*
 * Restraint in the error log.  What breaks may fail a thousand requests a
 * second, and a thousand lines say no more than one: of each kind the first
 * few in ten seconds are told as they are, the others are counted, and their
 * number is told when the ten seconds are over.
 */


#ifndef _NGX_MDM_RESTRAINT_H_INCLUDED_
#define _NGX_MDM_RESTRAINT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


#define NGX_MDM_RESTRAINT_KINDS    32
#define NGX_MDM_RESTRAINT_TEXT     96


typedef struct {
    u_char                     text[NGX_MDM_RESTRAINT_TEXT];
    ngx_uint_t                 level;
    ngx_uint_t                 lines;
    ngx_event_t                end;
} ngx_mdm_restraint_kind_t;


typedef struct {
    ngx_mdm_restraint_kind_t   kinds[NGX_MDM_RESTRAINT_KINDS];
} ngx_mdm_restraint_t;


void ngx_mdm_restraint_init(ngx_mdm_restraint_t *restraint, ngx_log_t *log);

/* Tells what has been counted until now. */
void ngx_mdm_restraint_done(ngx_mdm_restraint_t *restraint);

/* The level for one more line of a kind: `level`, or info when there were
 * enough.  The text says what the kind is; it is copied, and cut. */
ngx_uint_t ngx_mdm_restraint_level(ngx_mdm_restraint_t *restraint,
    ngx_uint_t level, const char *text);


#endif /* _NGX_MDM_RESTRAINT_H_INCLUDED_ */
