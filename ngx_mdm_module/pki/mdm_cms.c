
/*
 * CMS SignedData (RFC 5652): finding the parts.  Nothing is verified here and
 * nothing here may be taken for proof of who sent it.
 */


#include "mdm_cms.h"


#define MDM_CMS_ID_SIGNED_DATA                                                \
    "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"            /* 1.2.840.113549.1.7.2 */


static bool mdm_cms_cut(mdm_str_t signed_data, mdm_cms_t *cms);
static bool mdm_cms_cut_content(mdm_str_t encap, mdm_cms_t *cms);


mdm_rc_e
mdm_cms_read(mdm_arena_t *arena, mdm_str_t ber, mdm_cms_t *cms,
    mdm_fault_t *fault)
{
    mdm_rc_e   rc;
    mdm_str_t  rest;
    mdm_ber_t  info, type, explicit, signed_data;

    *cms = (mdm_cms_t) { mdm_null_str, mdm_null_str, mdm_null_str,
                         mdm_null_str };

    rc = mdm_ber_definite(arena, ber, MDM_BER_MAX_DEPTH, &rest, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (!mdm_ber_take(&rest, MDM_BER_SEQUENCE, &info)
        || !mdm_ber_take(&info.content, MDM_BER_OID, &type))
    {
        return mdm_fault(fault, MDM_MALFORMED, "not a CMS message");
    }

    if (!mdm_str_eq(type.content, mdm_str(MDM_CMS_ID_SIGNED_DATA))) {
        return mdm_fault(fault, MDM_UNSUPPORTED,
                         "CMS message is not a SignedData");
    }

    if (!mdm_ber_take(&info.content, MDM_BER_CONTEXT(0), &explicit)
        || info.content.len != 0
        || !mdm_ber_take(&explicit.content, MDM_BER_SEQUENCE, &signed_data)
        || explicit.content.len != 0
        || !mdm_cms_cut(signed_data.content, cms))
    {
        return mdm_fault(fault, MDM_MALFORMED,
                         "CMS SignedData does not have its parts in order");
    }

    return MDM_OK;
}


mdm_rc_e
mdm_cms_content(mdm_arena_t *arena, mdm_str_t der, mdm_str_t *content,
    mdm_fault_t *fault)
{
    mdm_rc_e   rc;
    mdm_cms_t  cms;

    *content = mdm_null_str;

    rc = mdm_cms_read(arena, der, &cms, fault);
    if (rc != MDM_OK) {
        return rc;
    }

    if (!mdm_str_is_set(cms.content)) {
        return mdm_fault(fault, MDM_UNSUPPORTED,
                         "CMS SignedData is detached, it has no content");
    }

    *content = cms.content;

    return MDM_OK;
}


static bool
mdm_cms_cut(mdm_str_t signed_data, mdm_cms_t *cms)
{
    mdm_ber_t  version, digests, encap, part;

    if (!mdm_ber_take(&signed_data, MDM_BER_INTEGER, &version)
        || !mdm_ber_take(&signed_data, MDM_BER_SET, &digests)
        || !mdm_ber_take(&signed_data, MDM_BER_SEQUENCE, &encap)
        || !mdm_cms_cut_content(encap.content, cms))
    {
        return false;
    }

    if (mdm_ber_take(&signed_data, MDM_BER_CONTEXT(0), &part)) {
        cms->certificates = part.content;
    }

    /* revocation lists say nothing that is asked of a device */
    (void) mdm_ber_take(&signed_data, MDM_BER_CONTEXT(1), &part);

    if (!mdm_ber_take(&signed_data, MDM_BER_SET, &part)) {
        return false;
    }

    cms->signers = part.content;

    return signed_data.len == 0;
}


static bool
mdm_cms_cut_content(mdm_str_t encap, mdm_cms_t *cms)
{
    mdm_ber_t  type, explicit, content;

    if (!mdm_ber_take(&encap, MDM_BER_OID, &type)) {
        return false;
    }

    cms->content_type = type.content;

    if (encap.len == 0) {
        return true;
    }

    if (!mdm_ber_take(&encap, MDM_BER_CONTEXT(0), &explicit)
        || encap.len != 0
        || !mdm_ber_take(&explicit.content, MDM_BER_OCTET_STRING, &content)
        || explicit.content.len != 0)
    {
        return false;
    }

    cms->content = content.content;

    return true;
}
