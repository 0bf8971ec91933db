
/*
 * The guard in front of libplist: size, kind of list, text encoding; the rest
 * is done per kind.  Must never build a tree, and never let a list pass that
 * libplist would read otherwise than it was counted here.
 */


#include <string.h>

#include "mdm_plist_scan.h"


static const unsigned char  mdm_plist_bom[MDM_PLIST_BOM_SIZE] = {
    0xef, 0xbb, 0xbf
};


mdm_rc_e
mdm_plist_scan(mdm_str_t body, size_t limit, mdm_fault_t *fault)
{
    mdm_plist_outline_t  outline;

    return mdm_plist_outline(body, limit, &outline, fault);
}


mdm_rc_e
mdm_plist_outline(mdm_str_t body, size_t limit, mdm_plist_outline_t *outline,
    mdm_fault_t *fault)
{
    memset(outline, 0, sizeof(mdm_plist_outline_t));

    if (body.data == NULL || body.len == 0) {
        return mdm_fault(fault, MDM_MALFORMED, "the property list is empty");
    }

    /* libplist counts in 32 bits */

    if (body.len > limit || body.len > INT32_MAX) {
        return mdm_fault(fault, MDM_TOO_LARGE,
                         "the property list has %zu bytes, %zu are allowed",
                         body.len, limit);
    }

    if (body.len >= 8 && memcmp(body.data, "bplist00", 8) == 0) {
        outline->binary = true;
        return mdm_plist_scan_binary(body, limit, outline, fault);
    }

    if (memchr(body.data, '\0', body.len)) {
        return mdm_fault(fault, MDM_MALFORMED, "the property list holds a NUL");
    }

    if (!mdm_utf8_valid(body.data, body.len)) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "the property list is not valid UTF-8");
    }

    if (body.len >= MDM_PLIST_BOM_SIZE
        && memcmp(body.data, mdm_plist_bom, MDM_PLIST_BOM_SIZE) == 0)
    {
        outline->root = MDM_PLIST_BOM_SIZE;
    }

    return mdm_plist_scan_xml(body, outline, fault);
}
