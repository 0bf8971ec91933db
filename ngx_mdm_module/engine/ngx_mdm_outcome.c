
/*
 * The table of outcomes; see sql/functions/identity.sql for who says them.
 */


#include "ngx_mdm_outcome.h"


static const ngx_mdm_outcome_t  ngx_mdm_outcomes[] = {

    { "ok",           NGX_MDM_OUTCOME_GO_ON,  "" },
    { "renewal",      NGX_MDM_OUTCOME_GO_ON,  "" },

    { "pending",      NGX_MDM_OUTCOME_EMPTY,
      "the new enrolment has not sent its TokenUpdate yet" },

    { "unknown",      NGX_MDM_OUTCOME_REFUSE,
      "no such enrolment in this tenant" },
    { "expired",      NGX_MDM_OUTCOME_REFUSE,
      "the certificate has expired and is not the bound one" },
    { "revoked",      NGX_MDM_OUTCOME_REFUSE_LOUD,
      "the certificate was revoked" },
    { "not_bound",    NGX_MDM_OUTCOME_REFUSE_LOUD,
      "the certificate is not the one bound to this enrolment" },
    { "other_device", NGX_MDM_OUTCOME_REFUSE_LOUD,
      "the certificate is bound to another device" },
    { "other_tenant", NGX_MDM_OUTCOME_REFUSE_LOUD,
      "the certificate belongs to an enrolment of another tenant" },

    { "former",       NGX_MDM_OUTCOME_ROLL_BACK,
      "the certificate was bound to this enrolment before" },

    { "ended",        NGX_MDM_OUTCOME_ENDED,
      "an operator ended this enrolment" },

    { NULL,           NGX_MDM_OUTCOME_FAULT,
      "an outcome that this module does not know" }
};


const ngx_mdm_outcome_t *
ngx_mdm_outcome_find(ngx_str_t name)
{
    const ngx_mdm_outcome_t  *outcome;

    for (outcome = ngx_mdm_outcomes; outcome->name != NULL; outcome++) {

        if (ngx_strlen(outcome->name) == name.len
            && ngx_memcmp(outcome->name, name.data, name.len) == 0)
        {
            break;
        }
    }

    return outcome;
}
