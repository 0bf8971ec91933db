
/* Types of this plugin, a file each, and what several of them have. */


#ifndef _MDM_PLUGIN_ACCOUNTS_H_INCLUDED_
#define _MDM_PLUGIN_ACCOUNTS_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  aim;
extern const mdm_type_t  caldav;
extern const mdm_type_t  carddav;
extern const mdm_type_t  exchange;
extern const mdm_type_t  exchange_web_services;
extern const mdm_type_t  google;
extern const mdm_type_t  jabber;
extern const mdm_type_t  ldap;
extern const mdm_type_t  macos_server;
extern const mdm_type_t  mail;
extern const mdm_type_t  subscribed_calendar;


/* common.c */

extern const mdm_systems_t  systems_of_all;
extern const mdm_systems_t  systems_of_ios;

/* CommunicationServiceRules, since iOS 10 */
extern const mdm_key_t      communication_keys[];

/* A user's name that a device asks for only when a person installs. */
void warn_of_user(mdm_call_t *call, const mdm_node_t *value, const char *name);

/* The rules of OAuth that both kinds of Exchange have. */
bool validate_oauth(mdm_call_t *call, const mdm_node_t *value);


#endif /* _MDM_PLUGIN_ACCOUNTS_H_INCLUDED_ */
