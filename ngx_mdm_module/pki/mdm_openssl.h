
/*
 * OpenSSL's error queue.  nginx takes whatever is left there for an error of
 * the next connection, so each function of pki/ empties it; what was there
 * must never get into a fault, only whether memory ran out.
 */


#ifndef _MDM_OPENSSL_H_INCLUDED_
#define _MDM_OPENSSL_H_INCLUDED_


#include <stdbool.h>

#include <openssl/err.h>


/*
 * Empties the queue.  True when memory ran out: then "this does not verify"
 * is not known, and the fault is ours.  OpenSSL does not always say so; what
 * it keeps to itself is refused, never taken.  Called first as well, or an
 * older error would count.
 */

static inline bool
mdm_openssl_clear(void)
{
    bool           no_memory;
    unsigned long  error;

    no_memory = false;

    while ((error = ERR_get_error()) != 0) {
        if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) {
            no_memory = true;
        }
    }

    return no_memory;
}


#endif /* _MDM_OPENSSL_H_INCLUDED_ */
