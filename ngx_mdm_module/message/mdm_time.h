
/* Times as people write them to the API and to mdmctl: RFC 3339. */


#ifndef _MDM_TIME_H_INCLUDED_
#define _MDM_TIME_H_INCLUDED_


#include "mdm_base.h"


/*
 * "2026-05-04T08:15:00Z", with ".250" or "+02:00", as microseconds since 1970.
 * MDM_MALFORMED: it is none, or there is no such day.
 */
mdm_rc_e mdm_time_read(mdm_str_t s, int64_t *micros);


#endif /* _MDM_TIME_H_INCLUDED_ */
