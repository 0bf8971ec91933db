
/*
 * The pre-scan of an XML property list: one pass over the bytes that follows
 * elements, not their meaning.  It takes less than XML allows, so that what
 * it counts is what libplist will build.  Must never recurse, allocate or
 * expand anything.
 */


#include <string.h>
#include <strings.h>

#include "mdm_plist_scan.h"


/* The longest reference that libplist reads: "#x10FFFF". */
#define MDM_XML_REFERENCE_MAX   8


typedef enum {
    MDM_XML_ARRAY = 0,
    MDM_XML_DATA,
    MDM_XML_DATE,
    MDM_XML_DICT,
    MDM_XML_FALSE,
    MDM_XML_INTEGER,
    MDM_XML_KEY,
    MDM_XML_PLIST,
    MDM_XML_REAL,
    MDM_XML_STRING,
    MDM_XML_TRUE
} mdm_xml_element_e;


typedef struct {
    bool                  dict;
    bool                  value;         /* a key waits for its value */
    uint32_t              keys;
} mdm_xml_level_t;


typedef struct {
    const unsigned char  *start;
    const unsigned char  *pos;
    const unsigned char  *end;

    mdm_plist_outline_t  *outline;
    mdm_fault_t          *fault;

    bool                  doctype;
    bool                  plist;         /* inside <plist> */
    bool                  plist_seen;
    bool                  root_seen;
    bool                  root_done;

    uint64_t              lookups;
    uint64_t              moves;
    unsigned              depth;
    mdm_xml_level_t       levels[MDM_PLIST_MAX_DEPTH];
} mdm_xml_t;


typedef struct {
    const char           *name;
    size_t                len;
    const char           *text;          /* characters that the text may hold
                                            besides digits */
    bool                  empty;         /* <name/> is allowed */
} mdm_xml_name_t;


static mdm_rc_e mdm_xml_prolog(mdm_xml_t *x);
static bool mdm_xml_encoding(const unsigned char *p,
    const unsigned char *last);
static mdm_rc_e mdm_xml_markup(mdm_xml_t *x);
static mdm_rc_e mdm_xml_comment(mdm_xml_t *x);
static mdm_rc_e mdm_xml_doctype(mdm_xml_t *x);
static mdm_rc_e mdm_xml_start(mdm_xml_t *x);
static mdm_rc_e mdm_xml_start_tag(mdm_xml_t *x, mdm_xml_element_e *element,
    bool *empty);
static mdm_rc_e mdm_xml_attributes(mdm_xml_t *x, const char *what);
static mdm_rc_e mdm_xml_place(mdm_xml_t *x, mdm_xml_element_e element);
static mdm_rc_e mdm_xml_key(mdm_xml_t *x, mdm_xml_level_t *level);
static mdm_rc_e mdm_xml_start_plist(mdm_xml_t *x, bool empty);
static mdm_rc_e mdm_xml_start_container(mdm_xml_t *x,
    mdm_xml_element_e element, bool empty);
static mdm_rc_e mdm_xml_end(mdm_xml_t *x);
static mdm_rc_e mdm_xml_text(mdm_xml_t *x, mdm_xml_element_e element);
static mdm_rc_e mdm_xml_plain_text(mdm_xml_t *x, mdm_xml_element_e element);
static mdm_rc_e mdm_xml_cdata(mdm_xml_t *x);
static mdm_rc_e mdm_xml_references(mdm_xml_t *x);
static mdm_rc_e mdm_xml_reference(mdm_xml_t *x);
static bool mdm_xml_character(const unsigned char *p, size_t len);
static bool mdm_xml_name(mdm_xml_t *x, mdm_xml_element_e *element);
static void mdm_xml_value_done(mdm_xml_t *x);
static void mdm_xml_space(mdm_xml_t *x);
static bool mdm_xml_at(const mdm_xml_t *x, const char *literal);
static const unsigned char *mdm_xml_find(const mdm_xml_t *x,
    const char *literal);
static mdm_rc_e mdm_xml_bad(mdm_xml_t *x, const char *what);


#define MDM_XML_SPACE    " \t\r\n"
#define MDM_XML_LETTERS  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


/* In the order of mdm_xml_element_e.  libplist takes <key/> for a string and
 * loses its place, so an empty key is spelled with both tags. */

static const mdm_xml_name_t  mdm_xml_names[] = {
    { "array",   5, NULL,                                   true  },
    { "data",    4, MDM_XML_SPACE MDM_XML_LETTERS "+/=",    true  },
    { "date",    4, MDM_XML_SPACE "TZ:-",                   false },
    { "dict",    4, NULL,                                   true  },
    { "false",   5, MDM_XML_SPACE,                          true  },
    { "integer", 7, MDM_XML_SPACE "+-xXabcdefABCDEF",       false },
    { "key",     3, NULL,                                   false },
    { "plist",   5, NULL,                                   false },
    { "real",    4, MDM_XML_SPACE MDM_XML_LETTERS "+-.",    false },
    { "string",  6, NULL,                                   true  },
    { "true",    4, MDM_XML_SPACE,                          true  }
};


mdm_rc_e
mdm_plist_scan_xml(mdm_str_t body, mdm_plist_outline_t *outline,
    mdm_fault_t *fault)
{
    mdm_rc_e   rc;
    mdm_xml_t  x;

    memset(&x, 0, sizeof(mdm_xml_t));

    x.start = body.data;
    x.pos = body.data + outline->root;
    x.end = body.data + body.len;
    x.outline = outline;
    x.fault = fault;

    outline->root = 0;

    rc = mdm_xml_prolog(&x);

    while (rc == MDM_OK) {
        mdm_xml_space(&x);

        if (x.pos == x.end) {
            break;
        }

        rc = (*x.pos == '<') ? mdm_xml_markup(&x)
                             : mdm_xml_bad(&x, "text outside of an element");
    }

    if (rc != MDM_OK) {
        return rc;
    }

    if (!x.root_done || x.plist) {
        return mdm_xml_bad(&x, "the list is cut short");
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_xml_prolog(mdm_xml_t *x)
{
    const unsigned char  *p, *last;

    mdm_xml_space(x);

    if (!mdm_xml_at(x, "<?xml")) {
        return MDM_OK;
    }

    last = mdm_xml_find(x, "?>");
    if (last == NULL) {
        return mdm_xml_bad(x, "the XML declaration has no end");
    }

    x->pos += sizeof("<?xml") - 1;
    p = x->pos;

    if (mdm_xml_attributes(x, "XML declaration") != MDM_OK
        || x->pos != last)
    {
        return mdm_xml_bad(x, "the XML declaration cannot be read");
    }

    x->pos = last + 2;

    return mdm_xml_encoding(p, last) ? MDM_OK
           : mdm_xml_bad(x, "the encoding is not UTF-8");
}


/* Of attributes that are well formed: the word is a name, or stands inside of
 * quotes, where mistaking it does no harm, for the bytes are checked too. */

static bool
mdm_xml_encoding(const unsigned char *p, const unsigned char *last)
{
    size_t  i, len;

    static const char *const  encodings[] = { "utf-8", "us-ascii" };

    while (last - p > 8 && memcmp(p, "encoding", 8) != 0) {
        p++;
    }

    if (last - p <= 8) {
        return true;
    }

    p += 8;

    while (p < last && strchr(MDM_XML_SPACE "=\"'", *p)) {
        p++;
    }

    for (i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
        len = strlen(encodings[i]);

        if ((size_t) (last - p) > len
            && strncasecmp((const char *) p, encodings[i], len) == 0
            && (p[len] == '"' || p[len] == '\''))
        {
            return true;
        }
    }

    return false;
}


static mdm_rc_e
mdm_xml_markup(mdm_xml_t *x)
{
    if (mdm_xml_at(x, "<!--")) {
        return mdm_xml_comment(x);
    }

    if (mdm_xml_at(x, "<!DOCTYPE")) {
        return mdm_xml_doctype(x);
    }

    if (mdm_xml_at(x, "</")) {
        return mdm_xml_end(x);
    }

    if (mdm_xml_at(x, "<!") || mdm_xml_at(x, "<?")) {
        return mdm_xml_bad(x, "a declaration that is not allowed here");
    }

    return mdm_xml_start(x);
}


static mdm_rc_e
mdm_xml_comment(mdm_xml_t *x)
{
    const unsigned char  *last;

    x->pos += sizeof("<!--") - 1;

    last = mdm_xml_find(x, "-->");
    if (last == NULL) {
        return mdm_xml_bad(x, "a comment has no end");
    }

    x->pos = last + 3;

    return MDM_OK;
}


static mdm_rc_e
mdm_xml_doctype(mdm_xml_t *x)
{
    unsigned char         quote;
    const unsigned char  *p;

    if (x->doctype || x->plist_seen || x->root_seen) {
        return mdm_xml_bad(x, "a DOCTYPE that is not at the start");
    }

    x->doctype = true;
    quote = 0;

    for (p = x->pos + sizeof("<!DOCTYPE") - 1; p < x->end; p++) {

        if (quote && *p == quote) {
            quote = 0;

        } else if (*p == '[' || *p == ']' || *p == '<') {
            return mdm_xml_bad(x, "a DOCTYPE with an internal subset");

        } else if (quote) {
            if (*p == '>' || *p == '"') {
                return mdm_xml_bad(x, "a DOCTYPE that cannot be read");
            }

        } else if (*p == '"' || *p == '\'') {
            quote = *p;

        } else if (*p == '>') {
            x->pos = p + 1;
            return MDM_OK;
        }
    }

    return mdm_xml_bad(x, "a DOCTYPE has no end");
}


static mdm_rc_e
mdm_xml_start(mdm_xml_t *x)
{
    bool                  empty;
    mdm_rc_e              rc;
    mdm_xml_element_e     element;
    const unsigned char  *begin;

    begin = x->pos;
    empty = false;
    element = MDM_XML_PLIST;

    rc = mdm_xml_start_tag(x, &element, &empty);
    if (rc != MDM_OK) {
        return rc;
    }

    if (element == MDM_XML_PLIST) {
        return mdm_xml_start_plist(x, empty);
    }

    if (!x->root_seen) {
        x->outline->root = begin - x->start;
        x->outline->inside = x->pos - x->start;
    }

    rc = mdm_xml_place(x, element);
    if (rc != MDM_OK) {
        return rc;
    }

    if (element == MDM_XML_DICT || element == MDM_XML_ARRAY) {
        return mdm_xml_start_container(x, element, empty);
    }

    rc = empty ? MDM_OK : mdm_xml_text(x, element);

    if (rc == MDM_OK) {
        mdm_xml_value_done(x);
    }

    return rc;
}


static mdm_rc_e
mdm_xml_start_tag(mdm_xml_t *x, mdm_xml_element_e *element, bool *empty)
{
    mdm_rc_e  rc;

    x->pos++;

    if (!mdm_xml_name(x, element)) {
        return mdm_xml_bad(x, "an element that property lists do not have");
    }

    if (*element == MDM_XML_PLIST) {
        rc = mdm_xml_attributes(x, "plist");
        if (rc != MDM_OK) {
            return rc;
        }

    } else {
        mdm_xml_space(x);
    }

    *empty = mdm_xml_at(x, "/>");

    if (*empty) {
        x->pos++;
    }

    if (x->pos == x->end || *x->pos != '>') {
        return mdm_xml_bad(x, "a start tag that cannot be read");
    }

    x->pos++;

    if (*empty && !mdm_xml_names[*element].empty) {
        return mdm_xml_bad(x, "an empty element that needs a value");
    }

    return MDM_OK;
}


/*
 * name="value" pairs.  libplist skips what stands in double quotes when it
 * looks for '>', so neither quoting may hide a quote or a bracket.
 */

static mdm_rc_e
mdm_xml_attributes(mdm_xml_t *x, const char *what)
{
    unsigned char  quote;

    for ( ;; ) {
        mdm_xml_space(x);

        if (x->pos == x->end || strchr("/>?", *x->pos)) {
            return MDM_OK;
        }

        while (x->pos < x->end
               && (strchr(MDM_XML_LETTERS ":-_", *x->pos)))
        {
            x->pos++;
        }

        mdm_xml_space(x);

        if (x->pos == x->end || *x->pos++ != '=') {
            break;
        }

        mdm_xml_space(x);

        if (x->pos == x->end || (*x->pos != '"' && *x->pos != '\'')) {
            break;
        }

        quote = *x->pos++;

        while (x->pos < x->end && !strchr("\"'<>&", *x->pos)) {
            x->pos++;
        }

        if (x->pos == x->end || *x->pos++ != quote) {
            break;
        }
    }

    return mdm_fault(x->fault, MDM_MALFORMED,
                     "XML: an attribute of %s that cannot be read", what);
}


/* Whether the element may stand here; counts it. */

static mdm_rc_e
mdm_xml_place(mdm_xml_t *x, mdm_xml_element_e element)
{
    mdm_xml_level_t  *level;

    if (x->outline->objects++ == MDM_PLIST_MAX_OBJECTS) {
        return mdm_fault(x->fault, MDM_TOO_LARGE,
                         "the property list has more than %d objects",
                         MDM_PLIST_MAX_OBJECTS);
    }

    if (x->depth == 0) {
        if (x->root_seen || element == MDM_XML_KEY) {
            return mdm_xml_bad(x, "more than one root value");
        }

        x->root_seen = true;
        return MDM_OK;
    }

    level = &x->levels[x->depth - 1];

    if ((element == MDM_XML_KEY) != (level->dict && !level->value)) {
        return mdm_xml_bad(x, level->dict ? "a dictionary without a key and a "
                                            "value in turn"
                                          : "a key outside of a dictionary");
    }

    return (element == MDM_XML_KEY) ? mdm_xml_key(x, level) : MDM_OK;
}


static mdm_rc_e
mdm_xml_key(mdm_xml_t *x, mdm_xml_level_t *level)
{
    x->lookups += level->keys;

    if (level->keys++ == MDM_PLIST_MAX_KEYS) {
        return mdm_fault(x->fault, MDM_TOO_LARGE,
                         "a dictionary has more than %d keys",
                         MDM_PLIST_MAX_KEYS);
    }

    if (x->lookups > MDM_PLIST_MAX_LOOKUPS) {
        return mdm_fault(x->fault, MDM_TOO_LARGE,
                         "the property list has too many large dictionaries");
    }

    if (x->depth == 1) {
        x->outline->root_keys++;
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_xml_start_plist(mdm_xml_t *x, bool empty)
{
    if (x->plist_seen || x->root_seen || empty) {
        return mdm_xml_bad(x, "a plist element that is not the outermost");
    }

    x->plist = true;
    x->plist_seen = true;

    return MDM_OK;
}


static mdm_rc_e
mdm_xml_start_container(mdm_xml_t *x, mdm_xml_element_e element, bool empty)
{
    if (x->depth == MDM_PLIST_MAX_DEPTH) {
        return mdm_fault(x->fault, MDM_TOO_LARGE,
                         "the property list is nested more than %d deep",
                         MDM_PLIST_MAX_DEPTH);
    }

    if (empty) {
        mdm_xml_value_done(x);
        return MDM_OK;
    }

    x->levels[x->depth].dict = (element == MDM_XML_DICT);
    x->levels[x->depth].value = false;
    x->levels[x->depth].keys = 0;
    x->depth++;

    return MDM_OK;
}


static mdm_rc_e
mdm_xml_end(mdm_xml_t *x)
{
    mdm_xml_level_t    *level;
    mdm_xml_element_e   element;

    x->pos += sizeof("</") - 1;

    if (!mdm_xml_name(x, &element)) {
        return mdm_xml_bad(x, "an end tag that cannot be read");
    }

    mdm_xml_space(x);

    if (x->pos == x->end || *x->pos != '>') {
        return mdm_xml_bad(x, "an end tag that cannot be read");
    }

    x->pos++;

    if (element == MDM_XML_PLIST && x->plist && x->root_done) {
        x->plist = false;
        return MDM_OK;
    }

    if (x->depth == 0) {
        return mdm_xml_bad(x, "an end tag without its start tag");
    }

    level = &x->levels[x->depth - 1];

    if (element != (level->dict ? MDM_XML_DICT : MDM_XML_ARRAY)
        || level->value)
    {
        return mdm_xml_bad(x, "an end tag that does not fit");
    }

    x->depth--;
    mdm_xml_value_done(x);

    return MDM_OK;
}


/* The text of a string, key or scalar, and its end tag. */

static mdm_rc_e
mdm_xml_text(mdm_xml_t *x, mdm_xml_element_e element)
{
    mdm_rc_e           rc;
    mdm_xml_element_e  closed;

    if (mdm_xml_names[element].text) {
        rc = mdm_xml_plain_text(x, element);
        if (rc != MDM_OK) {
            return rc;
        }
    }

    for ( ;; ) {

        while (x->pos < x->end && *x->pos != '<' && *x->pos != '&') {
            x->pos++;
        }

        if (x->pos == x->end) {
            return mdm_xml_bad(x, "an element has no end tag");
        }

        if (mdm_xml_at(x, "</")) {
            break;
        }

        rc = (*x->pos == '&') ? mdm_xml_references(x) : mdm_xml_cdata(x);

        if (rc != MDM_OK) {
            return rc;
        }
    }

    x->pos += 2;

    if (!mdm_xml_name(x, &closed) || closed != element) {
        return mdm_xml_bad(x, "an end tag that does not fit");
    }

    mdm_xml_space(x);

    if (x->pos == x->end || *x->pos != '>') {
        return mdm_xml_bad(x, "an end tag that cannot be read");
    }

    x->pos++;

    return MDM_OK;
}


static mdm_rc_e
mdm_xml_plain_text(mdm_xml_t *x, mdm_xml_element_e element)
{
    size_t                digits;
    const char           *allowed;
    const unsigned char  *p;

    allowed = mdm_xml_names[element].text;
    digits = 0;

    for (p = x->pos; p < x->end && *p != '<'; p++) {

        if (*p >= '0' && *p <= '9'
            && element != MDM_XML_TRUE && element != MDM_XML_FALSE)
        {
            digits++;

        } else if (!strchr(allowed, *p)) {
            return mdm_fault(x->fault, MDM_MALFORMED,
                             "XML: a character that <%s> cannot hold, at byte "
                             "%zu", mdm_xml_names[element].name,
                             (size_t) (p - x->start));
        }
    }

    x->pos = p;

    if (!mdm_xml_at(x, "</")) {
        return mdm_xml_bad(x, "an element has no end tag");
    }

    if (digits == 0
        && (element == MDM_XML_INTEGER || element == MDM_XML_DATE))
    {
        return mdm_fault(x->fault, MDM_MALFORMED, "XML: <%s> has no value",
                         mdm_xml_names[element].name);
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_xml_cdata(mdm_xml_t *x)
{
    const unsigned char  *last;

    if (!mdm_xml_at(x, "<![CDATA[")) {
        return mdm_xml_bad(x, "an element inside of text");
    }

    x->pos += sizeof("<![CDATA[") - 1;

    last = mdm_xml_find(x, "]]>");
    if (last == NULL) {
        return mdm_xml_bad(x, "a CDATA section has no end");
    }

    x->pos = last + 3;

    return MDM_OK;
}


/* All of a text up to its next '<'. */

static mdm_rc_e
mdm_xml_references(mdm_xml_t *x)
{
    mdm_rc_e              rc;
    const unsigned char  *end;

    end = memchr(x->pos, '<', x->end - x->pos);
    if (end == NULL) {
        return mdm_xml_bad(x, "an element has no end tag");
    }

    while (x->pos < end) {

        x->moves += end - x->pos;

        if (x->moves > MDM_PLIST_MAX_MOVES) {
            return mdm_fault(x->fault, MDM_TOO_LARGE,
                             "the property list has too many references in "
                             "long text");
        }

        rc = mdm_xml_reference(x);
        if (rc != MDM_OK) {
            return rc;
        }

        x->pos = memchr(x->pos, '&', end - x->pos);

        if (x->pos == NULL) {
            x->pos = end;
        }
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_xml_reference(mdm_xml_t *x)
{
    size_t                i, len, room;
    const unsigned char  *p, *semicolon;

    static const char *const  names[] = { "amp", "lt", "gt", "quot", "apos" };

    p = x->pos + 1;
    room = x->end - p;

    semicolon = memchr(p, ';', room > MDM_XML_REFERENCE_MAX + 1
                               ? MDM_XML_REFERENCE_MAX + 1 : room);
    if (semicolon == NULL) {
        return mdm_xml_bad(x, "an entity that is not predefined");
    }

    len = semicolon - p;

    if (len > 1 && *p == '#') {
        if (!mdm_xml_character(p + 1, len - 1)) {
            return mdm_xml_bad(x, "a reference to no character");
        }

        x->pos = semicolon + 1;
        return MDM_OK;
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (len == strlen(names[i]) && memcmp(p, names[i], len) == 0) {
            x->pos = semicolon + 1;
            return MDM_OK;
        }
    }

    return mdm_xml_bad(x, "an entity that is not predefined");
}


/* What follows "&#": digits, or "x" and hexadecimal digits, of a character
 * that UTF-8 can hold and that is no NUL. */

static bool
mdm_xml_character(const unsigned char *p, size_t len)
{
    size_t    i;
    uint32_t  value, base, digit;

    base = 10;
    value = 0;

    if (*p == 'x') {
        base = 16;
        p++;
        len--;
    }

    for (i = 0; i < len; i++) {

        if (p[i] >= '0' && p[i] <= '9') {
            digit = p[i] - '0';

        } else if ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f') {
            digit = (p[i] | 0x20) - 'a' + 10;

        } else {
            return false;
        }

        if (digit >= base) {
            return false;
        }

        value = value * base + digit;
    }

    return len > 0 && value > 0 && value <= 0x10ffff
           && (value < 0xd800 || value > 0xdfff);
}


static bool
mdm_xml_name(mdm_xml_t *x, mdm_xml_element_e *element)
{
    size_t  i, len, room;

    room = x->end - x->pos;

    for (i = 0; i < sizeof(mdm_xml_names) / sizeof(mdm_xml_names[0]); i++) {
        len = mdm_xml_names[i].len;

        if (room > len
            && x->pos[0] == mdm_xml_names[i].name[0]
            && memcmp(x->pos, mdm_xml_names[i].name, len) == 0
            && strchr(MDM_XML_SPACE "/>", x->pos[len]))
        {
            x->pos += len;
            *element = i;
            return true;
        }
    }

    return false;
}


static void
mdm_xml_value_done(mdm_xml_t *x)
{
    if (x->depth > 0) {
        x->levels[x->depth - 1].value = x->levels[x->depth - 1].dict
                                        && !x->levels[x->depth - 1].value;
        return;
    }

    x->root_done = true;
    x->outline->end = x->pos - x->start;
}


static void
mdm_xml_space(mdm_xml_t *x)
{
    while (x->pos < x->end
           && (*x->pos == ' ' || *x->pos == '\t' || *x->pos == '\r'
               || *x->pos == '\n'))
    {
        x->pos++;
    }
}


static bool
mdm_xml_at(const mdm_xml_t *x, const char *literal)
{
    size_t  len;

    len = strlen(literal);

    return (size_t) (x->end - x->pos) >= len
           && memcmp(x->pos, literal, len) == 0;
}


static const unsigned char *
mdm_xml_find(const mdm_xml_t *x, const char *literal)
{
    size_t                len;
    const unsigned char  *p;

    len = strlen(literal);

    for (p = x->pos; (size_t) (x->end - p) >= len; p++) {
        p = memchr(p, literal[0], x->end - p - len + 1);
        if (p == NULL) {
            return NULL;
        }

        if (memcmp(p, literal, len) == 0) {
            return p;
        }
    }

    return NULL;
}


static mdm_rc_e
mdm_xml_bad(mdm_xml_t *x, const char *what)
{
    return mdm_fault(x->fault, MDM_MALFORMED, "XML: %s, at byte %zu", what,
                     (size_t) (x->pos - x->start));
}
