
/* Types of this plugin, a file each, and what several of them have. */


#ifndef _MDM_PLUGIN_CERTIFICATES_H_INCLUDED_
#define _MDM_PLUGIN_CERTIFICATES_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  acme;
extern const mdm_type_t  ad_certificate;
extern const mdm_type_t  certificate_list;
extern const mdm_type_t  certificate_preference;
extern const mdm_type_t  certificate_revocation;
extern const mdm_type_t  certificate_transparency;
extern const mdm_type_t  identity_preference;
extern const mdm_type_t  pem;
extern const mdm_type_t  pkcs1;
extern const mdm_type_t  pkcs12;
extern const mdm_type_t  root;
extern const mdm_type_t  scep;
extern const mdm_type_t  smart_card;
extern const mdm_type_t  wapi_identity;


/* common.c */

/* Of certificates and identities that come as they are, and of SCEP. */
extern const mdm_systems_t  systems_of_all;

/* An X.500 name: an array of relative names, each an array of pairs. */
extern const mdm_key_t  subject_keys[];

/* A digest that says which certificate is meant. */
extern const mdm_key_t  digest_keys[];

/* name: of the value, for faults; of the list of digests, its key */
bool validate_subject(mdm_call_t *call, const mdm_node_t *subject,
    const char *name);
bool validate_usage(mdm_call_t *call, const mdm_node_t *usage,
    const char *name);
bool validate_digests(mdm_call_t *call, const mdm_node_t *value,
    const char *name);

bool is_oid(mdm_text_t text);


#endif /* _MDM_PLUGIN_CERTIFICATES_H_INCLUDED_ */
