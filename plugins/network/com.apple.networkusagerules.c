
/*
 * com.apple.networkusagerules: which managed apps may use mobile data, and
 * when an iPhone leaves a poor Wi-Fi for the networks of which SIM.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"


typedef struct {
    mdm_text_t  number;
    size_t      rule, index;   /* where it stands */
} card_t;


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool validate_sims(mdm_call_t *call, const mdm_node_t *rules);
static bool validate_cards(mdm_call_t *call, card_t *cards, size_t n);
static int compare(const void *one, const void *two);


static const mdm_systems_t  systems = {
    .ios = { "9.0", .by_hand = MDM_NO, .many = MDM_NO,
             .user_enrollment = MDM_FORBIDDEN,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO }
};


static const mdm_key_t  app_keys[] = {

    /* "*" stands at the end only, for one part or more; absent: all apps */
    { "AppIdentifierMatches", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING, .pattern = "^[^*]+(\\.\\*)?$" }) },
    { "AllowRoamingCellularData", MDM_BOOLEAN, .preset = "true" },
    { "AllowCellularData", MDM_BOOLEAN, .preset = "true" },
    { 0 }
};


static const mdm_key_t  sim_keys[] = {
    { "ICCIDs", MDM_ARRAY, MDM_NEEDED, network_strings },

    /* 2: as the system does; 3: leave a poor Wi-Fi sooner */
    { "WiFiAssistPolicy", MDM_INTEGER, MDM_NEEDED, MDM_ONE_OF("2", "3") },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "ApplicationRules", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, app_keys }) },
    { "SIMRules", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, sim_keys }),
      MDM_ON(.ios = { "13.0" }) },
    { 0 }
};


const mdm_type_t  network_usage_rules = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.networkusagerules",
    .title = "Network usage rules",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;
    const mdm_node_t  *rules;

    host = call->host;
    rules = host->get(value, "SIMRules");

    if (rules == NULL && host->get(value, "ApplicationRules") == NULL) {
        host->fault(call, "", "must have ApplicationRules, SIMRules, or both");
        return false;
    }

    return host->count(rules) == 0 || validate_sims(call, rules);
}


/* Items are read in their order, list by list: so each costs the same. */

static bool
validate_sims(mdm_call_t *call, const mdm_node_t *rules)
{
    size_t              i, j, n, rule_n;
    card_t             *cards;
    const mdm_host_t   *host;
    const mdm_node_t  **lists;

    host = call->host;
    rule_n = host->count(rules);
    n = 0;

    lists = host->alloc(call, rule_n * sizeof(lists[0]));

    for (i = 0; lists && i < rule_n; i++) {
        lists[i] = host->get(host->item(rules, i), "ICCIDs");
        n += host->count(lists[i]);
    }

    cards = lists ? host->alloc(call, (n + 1) * sizeof(cards[0])) : NULL;
    if (cards == NULL) {
        return false;
    }

    n = 0;

    for (i = 0; i < rule_n; i++) {
        for (j = 0; j < host->count(lists[i]); j++) {
            cards[n++] = (card_t) { host->text(host->item(lists[i], j)), i, j };
        }
    }

    return validate_cards(call, cards, n);
}


/* There may be thousands: they are sorted, and equal ones stand together. */

static bool
validate_cards(mdm_call_t *call, card_t *cards, size_t n)
{
    bool    good;
    char    path[64];
    size_t  i;

    qsort(cards, n, sizeof(card_t), compare);

    good = true;

    for (i = 1; i < n; i++) {

        if (cards[i].number.len == 0
            || cards[i].number.len != cards[i - 1].number.len
            || memcmp(cards[i].number.data, cards[i - 1].number.data,
                      cards[i].number.len) != 0)
        {
            continue;
        }

        snprintf(path, sizeof(path), "SIMRules[%zu].ICCIDs[%zu]",
                 cards[i].rule, cards[i].index);
        call->host->fault(call, path, "must not be in two places");
        good = false;
    }

    return good;
}


/* by number, then by place, so that the later one is the one to blame */

static int
compare(const void *one, const void *two)
{
    int            rc;
    const card_t  *a = one;
    const card_t  *b = two;

    if (a->number.len != b->number.len) {
        return a->number.len < b->number.len ? -1 : 1;
    }

    rc = a->number.len ? memcmp(a->number.data, b->number.data, a->number.len)
                       : 0;

    if (rc == 0) {
        rc = a->rule != b->rule ? (a->rule < b->rule ? -1 : 1)
                                : (a->index < b->index ? -1 : 1);
    }

    return rc;
}
