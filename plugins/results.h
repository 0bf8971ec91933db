
/*
 * What result() of several of our own plugins needs.  A plugin links to nothing
 * of ours, so it stands here.
 */


#ifndef _MDM_PLUGINS_RESULTS_H_INCLUDED_
#define _MDM_PLUGINS_RESULTS_H_INCLUDED_


#include "text.h"


#define MAX_FAILED  100   /* told in one event */


typedef bool (*failed_pt)(const mdm_host_t *host, const mdm_node_t *item);


static inline bool
acknowledged(const mdm_result_t *done)
{
    return text_is(done->status, "Acknowledged");
}


/* What an answer leaves out when there is none of it is an empty list. */

static inline bool
keep_list(mdm_call_t *call, const char *list)
{
    return call->host->keep_item(call, list, (mdm_text_t) { 0, NULL }, NULL);
}


/* A string of the answer, for what is kept of it; what is none, or has what no
 * text can have, is left out: the rest counts all the same. */

static inline bool
take_string(mdm_call_t *call, mdm_node_t *value, const char *key,
    const mdm_node_t *item)
{
    mdm_node_t        *copy;
    const mdm_host_t  *host;
    const mdm_node_t  *node;

    host = call->host;
    node = host->get(item, key);

    copy = host->type(node) == MDM_STRING
               ? host->new_string(call, host->text(node)) : NULL;

    return copy == NULL || host->set(call, value, key, copy);
}


/*
 * A command of several parts is acknowledged though some of them failed: an
 * event has those, each with its place among the parts, for not every one
 * tells its name.  Some devices tell of one part without the list around it.
 */

static inline bool
tell_failed(mdm_call_t *call, const mdm_result_t *done, const char *key,
    failed_pt failed, const char *event)
{
    size_t             i, n;
    mdm_node_t        *data, *items, *copy;
    const mdm_host_t  *host;
    const mdm_node_t  *parts, *item;

    host = call->host;
    parts = host->get(done->report, key);

    if (host->type(parts) != MDM_ARRAY && host->type(parts) != MDM_DICTIONARY)
    {
        return true;
    }

    data = host->new_dictionary(call);
    items = host->new_array(call);
    n = host->type(parts) == MDM_ARRAY ? host->count(parts) : 1;

    for (i = 0; i < n && host->count(items) < MAX_FAILED; i++) {
        item = host->type(parts) == MDM_ARRAY ? host->item(parts, i) : parts;

        if (host->type(item) != MDM_DICTIONARY || !failed(host, item)) {
            continue;
        }

        copy = host->copy(call, item);

        if (copy == NULL
            || !host->set(call, copy, "Index",
                          host->new_integer(call, (int64_t) i))
            || !host->append(call, items, copy))
        {
            return false;
        }
    }

    if (host->count(items) == 0) {
        return true;
    }

    return host->set(call, data, key, items)
           && host->emit_event(call, event, data);
}


#endif /* _MDM_PLUGINS_RESULTS_H_INCLUDED_ */
