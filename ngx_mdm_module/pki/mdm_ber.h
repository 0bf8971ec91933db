
/*
 * BER as CMS and X.509 need it (X.690): a guard that runs before any library
 * looks, a rewriter for indefinite lengths, and a bounds-checked reader that
 * cuts elements apart without copying.
 */


#ifndef _MDM_BER_H_INCLUDED_
#define _MDM_BER_H_INCLUDED_


#include "../message/mdm_base.h"


#define MDM_BER_MAX_DEPTH         32

/* Identifier octets, class and constructed bit included. */
#define MDM_BER_INTEGER           0x02
#define MDM_BER_OCTET_STRING      0x04
#define MDM_BER_OID               0x06
#define MDM_BER_SEQUENCE          0x30
#define MDM_BER_SET               0x31
#define MDM_BER_CONTEXT(n)        (0xa0 | (n))    /* constructed */
#define MDM_BER_PRIMITIVE(n)      (0x80 | (n))    /* context, primitive */


typedef struct {
    unsigned char         tag;        /* identifier octet; that of a high tag
                                         number equals none of the above */
    mdm_str_t             whole;      /* with identifier and length */
    mdm_str_t             content;
} mdm_ber_t;


/*
 * Refuses BER nested deeper than `depth` (at most MDM_BER_MAX_DEPTH), lengths
 * past the end and trailing bytes.  Indefinite lengths are followed.  Time is
 * linear in the input and nothing is allocated.
 */
mdm_rc_e mdm_ber_guard(mdm_str_t ber, unsigned depth, mdm_fault_t *fault);

/*
 * Guards, then gives the same value with definite lengths and every OCTET
 * STRING in one piece.  *der is the input itself when nothing has to change,
 * else arena memory.  The order within a SET is kept as it came: a signature
 * may cover it.
 */
mdm_rc_e mdm_ber_definite(mdm_arena_t *arena, mdm_str_t ber, unsigned depth,
    mdm_str_t *der, mdm_fault_t *fault);

/*
 * Takes the first element off *rest.  False when there is none, when it does
 * not fit, or when its length is indefinite; *rest is then unchanged.  *rest
 * may be the content of *item: that steps into an element.
 */
bool mdm_ber_next(mdm_str_t *rest, mdm_ber_t *item);

/* The same, and false also for an element with another identifier. */
bool mdm_ber_take(mdm_str_t *rest, unsigned char tag, mdm_ber_t *item);

/* `content` under a new identifier with the shortest length; absent when
 * memory ran out. */
mdm_str_t mdm_ber_wrap(mdm_arena_t *arena, unsigned char tag,
    mdm_str_t content);


#endif /* _MDM_BER_H_INCLUDED_ */
