
/*
 * What devices have: the lists of one, the items of a list, and who has an
 * item.
 */


#include "mdm_effects.h"
#include "mdmctl.h"


#define MDMCTL_INVENTORY_PAGE  500
#define MDMCTL_ITEM_MAX        512


static int mdmctl_inventory_lists(mdmctl_session_t *s, const char *written);
static int mdmctl_inventory_items(mdmctl_session_t *s,
    const mdmctl_options_t *options);
static int mdmctl_inventory_name(const char *list);


int
mdmctl_inventory(mdmctl_options_t *options)
{
    int               rc;
    mdmctl_session_t  s;

    if (options->nwords == 1 && options->gone) {
        mdmctl_error("--gone is for the items of a list: name one");
        return MDMCTL_USAGE;
    }

    if (options->nwords == 2
        && mdmctl_inventory_name(options->words[1]) != MDMCTL_OK)
    {
        return MDMCTL_USAGE;
    }

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        rc = options->nwords == 1
             ? mdmctl_inventory_lists(&s, options->words[0])
             : mdmctl_inventory_items(&s, options);
    }

    return mdmctl_session_close(&s, rc);
}


static int
mdmctl_inventory_lists(mdmctl_session_t *s, const char *written)
{
    static const char *const  columns[] = {
        "list=LIST", "count=ITEMS", "seen_at=LAST SEEN",
        "changed_at=CHANGED", NULL
    };

    static const mdmctl_pages_t  pages = {
        "SELECT * FROM " MDMCTL_SCHEMA
        ".inventory_lists($1::bigint, $4, $5, $2, $3::int)",
        columns, "list", "it has told no list yet"
    };

    mdmctl_add_page(s, MDMCTL_INVENTORY_PAGE);

    if (mdmctl_add_enrollment(s, written) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    return mdmctl_pages(s, &pages);
}


static int
mdmctl_inventory_items(mdmctl_session_t *s, const mdmctl_options_t *options)
{
    static const char *const  columns[] = {
        "key=ITEM", "first_seen_at=FIRST SEEN", "changed_at=CHANGED",
        "seen_at=LAST SEEN", "gone_at=GONE", "value=VALUE", NULL
    };

    static const mdmctl_pages_t  pages = {
        "SELECT * FROM " MDMCTL_SCHEMA ".inventory_items($1::bigint, $6, $7,"
        " $2, $3::int, $4, $5::boolean)",
        columns, "key",
        "there is no item; without LIST you see which lists there are"
    };

    mdmctl_add_page(s, MDMCTL_INVENTORY_PAGE);
    mdmctl_add(&s->params, options->words[1]);
    mdmctl_add(&s->params, options->gone ? "t" : "f");

    if (mdmctl_add_enrollment(s, options->words[0]) != MDMCTL_OK) {
        return MDMCTL_FAILED;
    }

    return mdmctl_pages(s, &pages);
}


int
mdmctl_who(mdmctl_options_t *options)
{
    int               rc;
    const char       *item;
    mdmctl_session_t  s;

    static const char *const  columns[] = {
        "enrollment=ID", "key=ITEM", "first_seen_at=FIRST SEEN",
        "seen_at=LAST SEEN", "value=VALUE", NULL
    };

    static const mdmctl_pages_t  pages = {
        "SELECT * FROM " MDMCTL_SCHEMA
        ".inventory_search($1::bigint, $2, $3::int, $4, $5)",
        columns, "key", "nobody has it"
    };

    item = options->words[1];

    if (mdmctl_inventory_name(options->words[0]) != MDMCTL_OK) {
        return MDMCTL_USAGE;
    }

    if (*item == '\0' || strlen(item) > MDMCTL_ITEM_MAX) {
        mdmctl_error("an item is text of 1 to %d bytes", MDMCTL_ITEM_MAX);
        return MDMCTL_USAGE;
    }

    rc = mdmctl_session_open(&s, options);

    if (rc == MDMCTL_OK) {
        mdmctl_add_page(&s, MDMCTL_INVENTORY_PAGE);
        mdmctl_add(&s.params, options->words[0]);
        mdmctl_add(&s.params, item);
        rc = mdmctl_pages(&s, &pages);
    }

    return mdmctl_session_close(&s, rc);
}


static int
mdmctl_inventory_name(const char *list)
{
    if (mdm_schema_name_valid((mdm_str_t) { strlen(list),
                                            (const unsigned char *) list }))
    {
        return MDMCTL_OK;
    }

    mdmctl_error("no list is called \"%.64s\": letters, digits and ._- after "
                 "a letter", list);

    return MDMCTL_USAGE;
}
