
/* Times as people write them to the API and to mdmctl, and as property lists
 * have them: RFC 3339. */


#ifndef _MDM_TIME_H_INCLUDED_
#define _MDM_TIME_H_INCLUDED_


#include "mdm_base.h"


/*
 * "2026-05-04T08:15:00Z", with ".250" or "+02:00", as microseconds since 1970.
 * MDM_MALFORMED: it is none, or there is no such day.
 */
mdm_rc_e mdm_time_read(mdm_str_t s, int64_t *micros);

/* Seconds: 0001-01-01 and the end of 9999, the years of four digits. */
#define MDM_TIME_FIRST  INT64_C(-62135596800)
#define MDM_TIME_LAST   INT64_C(253402300799)

/* "2026-05-04T08:15:00Z" of seconds since 1970; MDM_MALFORMED outside of the
 * years 1 to 9999.  `text` holds MDM_TIME_SIZE bytes. */
#define MDM_TIME_SIZE  sizeof("2026-05-04T08:15:00Z")
mdm_rc_e mdm_time_write(int64_t seconds, char *text);


#endif /* _MDM_TIME_H_INCLUDED_ */
