
/*
 * com.apple.networkusagerules: which managed apps may use mobile data, and
 * when an iPhone leaves a poor Wi-Fi for the networks of which SIM.
 */


#include <stdio.h>

#include "network.h"
#include "../texts.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool validate_sims(mdm_call_t *call, const mdm_node_t *rules);
static bool validate_cards(mdm_call_t *call, texts_t *cards);


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
    size_t              i, j, n;
    text_t             *card;
    texts_t             cards;
    const mdm_host_t   *host;
    const mdm_node_t  **lists;

    host = call->host;
    n = host->count(rules);
    cards.n = 0;

    lists = host->alloc(call, n * sizeof(lists[0]));

    for (i = 0; lists && i < n; i++) {
        lists[i] = host->get(host->item(rules, i), "ICCIDs");
        cards.n += host->count(lists[i]);
    }

    cards.first = lists ? host->alloc(call, cards.n * sizeof(text_t) + 1)
                        : NULL;

    if (cards.first == NULL) {
        return false;
    }

    cards.n = 0;

    for (i = 0; i < n; i++) {
        for (j = 0; j < host->count(lists[i]); j++) {
            card = &cards.first[cards.n];

            card->text = host->text(host->item(lists[i], j));
            card->n = i;

            cards.n += card->text.data != NULL;
        }
    }

    return validate_cards(call, &cards);
}


static bool
validate_cards(mdm_call_t *call, texts_t *cards)
{
    bool    good;
    char    path[48];
    size_t  i;

    qsort(cards->first, cards->n, sizeof(text_t), text_order);
    good = true;

    for (i = 0; i < cards->n; i++) {

        if (texts_again(cards, i)) {
            snprintf(path, sizeof(path), "SIMRules[%zu].ICCIDs",
                     cards->first[i].n);
            call->host->fault(call, path,
                              "must name no card that is named already");
            good = false;
        }
    }

    return good;
}
