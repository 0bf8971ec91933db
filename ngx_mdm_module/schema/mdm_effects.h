
/*
 * What a report changes besides its command's state: attributes, secrets,
 * commands to follow, events, items of lists.  A list in an arena; the engine seals what is
 * secret, and SQL stores it in the transaction of the report.
 */


#ifndef _MDM_EFFECTS_H_INCLUDED_
#define _MDM_EFFECTS_H_INCLUDED_


#include "mdm_schema.h"


#define MDM_EFFECTS_MAX             1000
#define MDM_EFFECTS_MAX_NAME        128       /* of an attribute, a kind */
#define MDM_EFFECTS_MAX_TEXT        4096      /* of an attribute's value */
#define MDM_EFFECTS_MAX_SECRET      65536
#define MDM_EFFECTS_MAX_BYTES       1048576   /* all together */
#define MDM_EFFECTS_MAX_ITEMS       10000     /* of all lists */
#define MDM_EFFECTS_MAX_ITEM        65536     /* bytes of one */
#define MDM_EFFECTS_MAX_ITEM_BYTES  (16 * 1048576)  /* of all items */
#define MDM_EFFECTS_MAX_KEY         256       /* of an item; for a longer one,
                                                 or one with a control
                                                 character, its SHA-256 */


typedef enum {
    MDM_EFFECT_ATTRIBUTE = 0,    /* name, value: boolean, integer, real, string
                                    or date; NULL removes it */
    MDM_EFFECT_SECRET,           /* name: kind; text */
    MDM_EFFECT_COMMAND,          /* name: request type; value: its members */
    MDM_EFFECT_EVENT             /* name: type; value: dictionary */
} mdm_effect_e;

typedef struct mdm_effect_s  mdm_effect_t;

struct mdm_effect_s {
    mdm_effect_e          what;
    mdm_str_t             name;
    const mdm_node_t     *value;
    mdm_str_t             text;
    mdm_effect_t         *next;
};

/* A list that the report told of, be it empty.  Of items with the same key the
 * last one counts. */

typedef struct mdm_effect_item_s  mdm_effect_item_t;
typedef struct mdm_effect_list_s  mdm_effect_list_t;

struct mdm_effect_item_s {
    mdm_str_t             key;
    const mdm_node_t     *value;         /* may share text with the report */
    mdm_effect_item_t    *next;
};

struct mdm_effect_list_s {
    mdm_str_t             name;
    mdm_effect_item_t    *first, *last;
    mdm_effect_list_t    *next;
};

struct mdm_effects_s {
    mdm_effect_t         *first, *last;
    size_t                n;
    size_t                bytes;
    mdm_effect_list_t    *lists;
    size_t                items;         /* of all lists */
    size_t                item_bytes;
};


/* Of an attribute, a kind of secret, a list, a type of event, a request type:
 * [A-Za-z][A-Za-z0-9._-]*, MDM_EFFECTS_MAX_NAME bytes at most. */
bool mdm_schema_name_valid(mdm_str_t name);


#endif /* _MDM_EFFECTS_H_INCLUDED_ */
