
/*
 * The two halves of the pre-scan; only mdm_plist_scan.c calls them.
 */


#ifndef _MDM_PLIST_SCAN_H_INCLUDED_
#define _MDM_PLIST_SCAN_H_INCLUDED_


#include "mdm_plist.h"


#define MDM_PLIST_BOM_SIZE   3


/* Offsets in *outline count from the start of body.  The caller has checked
 * the size, UTF-8 and NUL, and put the length of a byte order mark in
 * outline->root. */
mdm_rc_e mdm_plist_scan_xml(mdm_str_t body, mdm_plist_outline_t *outline,
    mdm_fault_t *fault);

mdm_rc_e mdm_plist_scan_binary(mdm_str_t body, size_t limit,
    mdm_plist_outline_t *outline, mdm_fault_t *fault);


#endif /* _MDM_PLIST_SCAN_H_INCLUDED_ */
