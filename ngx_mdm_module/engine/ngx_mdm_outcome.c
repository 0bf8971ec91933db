
/*
 * The table of outcomes; see sql/functions/identity.sql for who says them.
 */


#include "ngx_mdm_outcome.h"


static const ngx_mdm_outcome_t  ngx_mdm_outcomes[] = {

    { "ok",           NGX_MDM_OUTCOME_GO_ON,  "",
      NGX_MDM_REFUSAL_NONE },
    { "renewal",      NGX_MDM_OUTCOME_GO_ON,  "",
      NGX_MDM_REFUSAL_NONE },

    { "pending",      NGX_MDM_OUTCOME_EMPTY,
      "the new enrolment has not sent its TokenUpdate yet",
      NGX_MDM_REFUSAL_NONE },

    { "unknown",      NGX_MDM_OUTCOME_REFUSE,
      "no such enrolment in this tenant",
      NGX_MDM_REFUSAL_UNKNOWN },
    { "expired",      NGX_MDM_OUTCOME_REFUSE,
      "the certificate has expired and is not the bound one",
      NGX_MDM_REFUSAL_EXPIRED },
    { "revoked",      NGX_MDM_OUTCOME_REFUSE_LOUD,
      "the certificate was revoked",
      NGX_MDM_REFUSAL_REVOKED },
    { "not_bound",    NGX_MDM_OUTCOME_REFUSE_LOUD,
      "the certificate is not the one bound to this enrolment",
      NGX_MDM_REFUSAL_NOT_BOUND },
    { "other_device", NGX_MDM_OUTCOME_REFUSE_LOUD,
      "the certificate is bound to another device",
      NGX_MDM_REFUSAL_OTHER_DEVICE },
    { "other_tenant", NGX_MDM_OUTCOME_REFUSE_LOUD,
      "the certificate belongs to an enrolment of another tenant",
      NGX_MDM_REFUSAL_OTHER_TENANT },

    { "former",       NGX_MDM_OUTCOME_ROLL_BACK,
      "the certificate was bound to this enrolment before",
      NGX_MDM_REFUSAL_NONE },

    { "ended",        NGX_MDM_OUTCOME_ENDED,
      "an operator ended this enrolment",
      NGX_MDM_REFUSAL_ENDED },

    { NULL,           NGX_MDM_OUTCOME_FAULT,
      "an outcome that this module does not know",
      NGX_MDM_REFUSAL_NONE }
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
