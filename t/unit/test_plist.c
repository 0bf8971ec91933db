
/*
 * The guard in front of libplist, the readers of keys, and the writer.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "message/mdm_plist.h"
#include "plist_fixture.h"


#define LIMIT   (4 * 1024 * 1024)


typedef struct {
    const char  *what;
    const char  *body;
    mdm_rc_e     rc;
} row_t;


typedef mdm_rc_e (*parse_pt)(mdm_str_t body, size_t limit, plist_t *root,
    mdm_fault_t *fault);


static mdm_rc_e
parse_by(parse_pt function, mdm_str_t body, size_t limit)
{
    plist_t      root;
    mdm_rc_e     rc;
    mdm_fault_t  fault;

    fault.text[0] = '\0';
    rc = function(body, limit, &root, &fault);

    assert_true((rc == MDM_OK) == (root != NULL));
    assert_true((rc == MDM_OK) == (fault.text[0] == '\0'));

    plist_free(root);

    return rc;
}


static mdm_rc_e
parse(mdm_str_t body, size_t limit)
{
    return parse_by(mdm_plist_parse, body, limit);
}


static mdm_rc_e
parse_strict(mdm_str_t body, size_t limit)
{
    return parse_by(mdm_plist_parse_strict, body, limit);
}


/* What the guard must refuse is shown to the guard alone: libplist would
 * refuse much of it too. */

static mdm_rc_e
scan(mdm_str_t body, size_t limit)
{
    mdm_rc_e     rc;
    mdm_fault_t  fault;

    fault.text[0] = '\0';
    rc = mdm_plist_scan(body, limit, &fault);

    assert_true((rc == MDM_OK) == (fault.text[0] == '\0'));

    return rc;
}


static void
check_rows(const row_t *rows, size_t n,
    mdm_rc_e (*function)(mdm_str_t body, size_t limit))
{
    size_t    i;
    mdm_rc_e  rc;

    for (i = 0; i < n; i++) {
        rc = function(str(rows[i].body), LIMIT);

        if (rc != rows[i].rc) {
            fail_msg("%s: %d instead of %d", rows[i].what, rc, rows[i].rc);
        }
    }
}


#define check(rows, function)                                                 \
    check_rows(rows, sizeof(rows) / sizeof(rows[0]), function)


static void
xml_that_is_read(void **state)
{
    static const row_t  rows[] = {
        { "an empty dictionary", XML("<dict/>"), MDM_OK },
        { "no prolog", "<plist><dict/></plist>", MDM_OK },
        { "no plist element", "<dict></dict>", MDM_OK },
        { "a byte order mark", "\xef\xbb\xbf" DICT(S("a", "b")), MDM_OK },
        { "single quotes", "<?xml version='1.0' encoding='utf-8'?>"
          "<plist version='1.0'><dict/></plist>", MDM_OK },
        { "ASCII", "<?xml version=\"1.0\" encoding=\"US-ASCII\"?>"
          "<plist><dict/></plist>", MDM_OK },
        { "a short DOCTYPE", "<!DOCTYPE plist><plist><dict/></plist>",
          MDM_OK },
        { "comments", "<!-- a --><plist><!----><dict><!-- <dict> -->"
          S("a", "b") "<!-- c --></dict></plist><!-- d -->", MDM_OK },
        { "every type", DICT(S("s", "t") I("i", "-1") B("t", "true")
          B("f", "false") D("d", "AAEC") "<key>e</key><data/>"
          "<key>r</key><real>1.5e3</real>"
          "<key>D</key><date>2026-01-02T03:04:05Z</date>"
          "<key>A</key><array><string/><dict/><array/></array>"), MDM_OK },
        { "hexadecimal", DICT(I("i", "0xFF")), MDM_OK },
        { "space around a number", DICT(I("i", " 12\n")), MDM_OK },
        { "an infinite real", DICT("<key>r</key><real>+infinity</real>"),
          MDM_OK },
        { "references", DICT(S("a&amp;b", "&lt;&gt;&quot;&apos;&#65;&#x1F600;"
          "&#x10FFFF;")), MDM_OK },
        { "CDATA", DICT(S("a", "x<![CDATA[<dict>&nonsense;]]>y")), MDM_OK },
        { "an empty key", DICT("<key></key><string/>"), MDM_OK },
        { "long booleans", DICT("<key>a</key><true> </true>"), MDM_OK },
        { "space in tags", "<plist ><dict ><key >a</key ><true /></dict >"
          "</plist >", MDM_OK },
        { "several scripts",
          DICT(S("a", "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80")), MDM_OK },
        { "a control character", DICT(S("a", "\x01")), MDM_OK },
        { "a key twice, deeper", DICT("<key>a</key><dict>" S("b", "1")
          S("b", "2") "</dict>"), MDM_OK }
    };

    check(rows, parse);
}


static void
xml_that_is_refused(void **state)
{
    static const row_t  rows[] = {
        { "nothing", "", MDM_MALFORMED },
        { "space", " \n", MDM_MALFORMED },
        { "words", "hello", MDM_MALFORMED },
        { "an empty plist", "<plist></plist>", MDM_MALFORMED },
        { "a plist cut short", "<plist/>", MDM_MALFORMED },
        { "no end of dict", "<plist><dict>", MDM_MALFORMED },
        { "no end of plist", "<plist><dict/>", MDM_MALFORMED },
        { "no end of a tag", "<plist><dict", MDM_MALFORMED },
        { "no end of an end tag", "<plist><dict></dict", MDM_MALFORMED },
        { "no end of text", "<plist><dict><key>a", MDM_MALFORMED },
        { "no end of a number", "<plist><dict><key>a</key><integer>1",
          MDM_MALFORMED },
        { "no end of a comment", "<!-- <plist><dict/></plist>",
          MDM_MALFORMED },
        { "no end of CDATA", "<plist><dict><key><![CDATA[a</key>",
          MDM_MALFORMED },
        { "no end of a DOCTYPE", "<!DOCTYPE plist", MDM_MALFORMED },
        { "no end of the declaration", "<?xml version=\"1.0\"",
          MDM_MALFORMED },
        { "two roots", "<plist><dict/><dict/></plist>", MDM_MALFORMED },
        { "two lists", "<plist><dict/></plist><plist><dict/></plist>",
          MDM_MALFORMED },
        { "a root after the list", "<plist><dict/></plist><dict/>",
          MDM_MALFORMED },
        { "text after the list", "<plist><dict/></plist>x", MDM_MALFORMED },
        { "a list in a list", "<plist><plist><dict/></plist></plist>",
          MDM_MALFORMED },
        { "a list in a dictionary", DICT("<key>a</key><plist><dict/></plist>"),
          MDM_MALFORMED },
        { "tags crossed", "<plist><dict><key>a</key><array></dict></array>"
          "</plist>", MDM_MALFORMED },
        { "an end tag too many", "<plist><dict/></dict></plist>",
          MDM_MALFORMED },
        { "a value without key", DICT("<string>a</string>"), MDM_MALFORMED },
        { "a key without value", DICT("<key>a</key>"), MDM_MALFORMED },
        { "two keys", DICT("<key>a</key><key>b</key>"), MDM_MALFORMED },
        { "two values", DICT(S("a", "b") "<true/>"), MDM_MALFORMED },
        { "a key in an array", DICT("<key>a</key><array><key>b</key></array>"),
          MDM_MALFORMED },
        { "a key as root", "<plist><key>a</key></plist>", MDM_MALFORMED },
        { "a short empty key", DICT("<key/><string/>"), MDM_MALFORMED },
        { "an unknown element", DICT("<key>a</key><foo/>"), MDM_MALFORMED },
        { "an element that begins as another", DICT("<key>a</key><trues/>"),
          MDM_MALFORMED },
        { "capitals", "<PLIST><DICT/></PLIST>", MDM_MALFORMED },
        { "text between elements", DICT("<key>a</key>x<true/>"),
          MDM_MALFORMED },
        { "an element in text", DICT(S("a", "<dict/>")), MDM_MALFORMED },
        { "a comment in text", DICT(S("a", "b<!-- c -->")), MDM_MALFORMED },
        { "another end tag", DICT("<key>a</key><string>b</data>"),
          MDM_MALFORMED },
        { "attributes", DICT("<key>a</key><string b=\"c\">d</string>"),
          MDM_MALFORMED },
        { "an attribute unquoted", "<plist version=1><dict/></plist>",
          MDM_MALFORMED },
        { "a quote in an attribute", "<plist a='\"'><dict/></plist>",
          MDM_MALFORMED },
        { "a tag in an attribute", "<plist a=\"<dict>\"><dict/></plist>",
          MDM_MALFORMED },
        { "an empty integer", DICT(I("a", "")), MDM_MALFORMED },
        { "a short empty integer", DICT("<key>a</key><integer/>"),
          MDM_MALFORMED },
        { "an integer of letters", DICT(I("a", "ten")), MDM_MALFORMED },
        { "a real of brackets", DICT("<key>a</key><real>(1)</real>"),
          MDM_MALFORMED },
        { "an empty date", DICT("<key>a</key><date> </date>"),
          MDM_MALFORMED },
        { "a boolean with text", DICT("<key>a</key><true>1</true>"),
          MDM_MALFORMED },
        { "data that is not Base64", DICT(D("a", "A-B_")), MDM_MALFORMED },
        { "CDATA in data", DICT(D("a", "<![CDATA[AAAA]]>")), MDM_MALFORMED },
        { "a processing instruction", "<plist><?x \" ?><dict/></plist>",
          MDM_MALFORMED },
        { "a stylesheet", "<?xml-stylesheet href=\"a\"?><plist><dict/>"
          "</plist>", MDM_MALFORMED },
        { "another encoding", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>"
          "<plist><dict/></plist>", MDM_MALFORMED },
        { "Latin 1", "<?xml version='1.0' encoding='ISO-8859-1'?>"
          "<plist><dict/></plist>", MDM_MALFORMED },
        { "nearly UTF-8", "<?xml version='1.0' encoding='utf-80'?>"
          "<plist><dict/></plist>", MDM_MALFORMED },
        { "a declaration that cannot be read", "<?xml version?>"
          "<plist><dict/></plist>", MDM_MALFORMED }
    };

    check(rows, scan);
}


static void
xml_that_is_no_message(void **state)
{
    size_t  i;

    static const row_t  rows[] = {
        { "an array as root", XML("<array/>"), MDM_MALFORMED },
        { "a string as root", XML("<string>a</string>"), MDM_MALFORMED },
        { "a key twice", DICT(S("a", "1") S("a", "2")), MDM_MALFORMED },
        { "a key twice, disguised", DICT(S("UDID", "1") S("UD&#x49;D", "2")),
          MDM_MALFORMED }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(scan(str(rows[i].body), LIMIT), MDM_OK);
    }

    check(rows, parse);
}


static void
keys_that_are_there_twice(void **state)
{
    int       root, inner;
    binary_t  b;

    static const row_t  rows[] = {
        { "none", DICT("<key>a</key><dict>" S("b", "1") S("c", "2")
          "</dict><key>b</key><array><dict/><dict>" S("b", "1")
          "</dict></array>"), MDM_OK },
        { "in the root", DICT(S("a", "1") S("a", "2")), MDM_MALFORMED },
        { "deeper", DICT("<key>a</key><dict>" S("b", "1") S("b", "1")
          "</dict>"), MDM_MALFORMED },
        { "in an array", DICT("<key>a</key><array><dict>" S("b", "1")
          S("&#98;", "2") "</dict></array>"), MDM_MALFORMED }
    };

    check(rows, parse_strict);

    binary_begin(&b);
    binary_ascii(&b, "a");
    inner = binary_sized(&b, 0xd, 2);
    binary_ref(&b, 0);
    binary_ref(&b, 0);
    binary_ref(&b, 0);
    binary_ref(&b, 0);
    root = binary_sized(&b, 0xd, 1);
    binary_ref(&b, 0);
    binary_ref(&b, inner);

    assert_int_equal(parse_strict(binary_end(&b, root), LIMIT),
                     MDM_MALFORMED);
    binary_free(&b);
}


static void
xml_entities(void **state)
{
    static const row_t  rows[] = {
        { "an internal subset", "<!DOCTYPE plist [<!ENTITY a \"b\">]>"
          "<plist><dict>" S("k", "&a;") "</dict></plist>", MDM_MALFORMED },
        { "a bomb", "<!DOCTYPE plist [<!ENTITY a \"bbbbbbbb\">"
          "<!ENTITY c \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>"
          "<plist><dict>" S("k", "&c;&c;") "</dict></plist>", MDM_MALFORMED },
        { "an empty subset", "<!DOCTYPE plist []><plist><dict/></plist>",
          MDM_MALFORMED },
        { "a subset in quotes", "<!DOCTYPE plist SYSTEM \"a[\">"
          "<plist><dict/></plist>", MDM_MALFORMED },
        { "a quote in quotes", "<!DOCTYPE plist SYSTEM 'a\"'>"
          "<plist><dict/></plist>", MDM_MALFORMED },
        { "two DOCTYPEs", "<!DOCTYPE plist><!DOCTYPE plist>"
          "<plist><dict/></plist>", MDM_MALFORMED },
        { "a late DOCTYPE", "<plist><!DOCTYPE plist><dict/></plist>",
          MDM_MALFORMED },
        { "an entity declaration", "<!ENTITY a \"b\"><plist><dict/></plist>",
          MDM_MALFORMED },
        { "an unknown entity", DICT(S("a", "&nbsp;")), MDM_MALFORMED },
        { "an entity that begins as another", DICT(S("a", "&ampere;")),
          MDM_MALFORMED },
        { "a lone ampersand", DICT(S("a", "b & c")), MDM_MALFORMED },
        { "an ampersand at the end", DICT(S("a", "b&")), MDM_MALFORMED },
        { "an empty reference", DICT(S("a", "&;")), MDM_MALFORMED },
        { "a reference to nothing", DICT(S("a", "&#;")), MDM_MALFORMED },
        { "a hexadecimal nothing", DICT(S("a", "&#x;")), MDM_MALFORMED },
        { "a reference to NUL", DICT(S("a", "&#0;")), MDM_MALFORMED },
        { "a hexadecimal NUL", DICT(S("a", "&#x0000;")), MDM_MALFORMED },
        { "a surrogate", DICT(S("a", "&#xD800;")), MDM_MALFORMED },
        { "past Unicode", DICT(S("a", "&#x110000;")), MDM_MALFORMED },
        { "a letter in decimal", DICT(S("a", "&#1F;")), MDM_MALFORMED },
        { "a huge number", DICT(S("a", "&#99999999999999999999;")),
          MDM_MALFORMED },
        { "a reference in a number", DICT(I("a", "&#49;")), MDM_MALFORMED }
    };

    check(rows, scan);
}


static void
xml_encodings(void **state)
{
    size_t  i;

    static const char *const  bad[] = {
        "\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80", "\xff", "\xe4\xb8", "\xf0\x9f\x98"
    };

    char  body[256];

    static const unsigned char  utf16[] = {
        0xff, 0xfe, '<', 0, 'd', 0, 'i', 0, 'c', 0, 't', 0, '/', 0, '>', 0
    };

    static const unsigned char  nul[] = "<dict><key>a\0b</key><true/></dict>";

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(body, sizeof(body), "<dict><key>a</key><string>%s</string>"
                                     "</dict>", bad[i]);
        assert_int_equal(scan(str(body), LIMIT), MDM_MALFORMED);
    }

    assert_int_equal(scan((mdm_str_t) { sizeof(utf16), utf16 }, LIMIT),
                     MDM_MALFORMED);
    assert_int_equal(scan((mdm_str_t) { sizeof(nul) - 1, nul }, LIMIT),
                     MDM_MALFORMED);
}


/* Cut anywhere, a list is refused and nothing is read past its end. */

static void
xml_cut_short(void **state)
{
    size_t          len, whole;
    mdm_str_t       body;
    unsigned char  *copy;

    body = str(XML_HEAD "<dict>" S("a", "b&amp;<![CDATA[c]]>") I("i", "1")
               D("d", "AAEC") "<!-- x --><key>A</key><array><true/></array>"
               "</dict></plist>");
    whole = body.len;

    for (len = 1; len < whole; len++) {
        copy = malloc(len);
        memcpy(copy, body.data, len);

        assert_int_equal(scan((mdm_str_t) { len, copy }, LIMIT),
                         MDM_MALFORMED);
        free(copy);
    }

    assert_int_equal(parse(body, LIMIT), MDM_OK);
}


static void
xml_depth(void **state)
{
    int        n;
    char       middle[2048];
    size_t     i;
    mdm_str_t  body;

    static const struct {
        int       arrays;
        mdm_rc_e  rc;
    } rows[] = {
        { MDM_PLIST_MAX_DEPTH - 1, MDM_OK },
        { MDM_PLIST_MAX_DEPTH, MDM_TOO_LARGE }
    };

    for (i = 0; i < 2; i++) {
        strcpy(middle, "<dict><key>a</key>");

        for (n = 0; n < rows[i].arrays; n++) {
            strcat(middle, "<array>");
        }
        for (n = 0; n < rows[i].arrays; n++) {
            strcat(middle, "</array>");
        }

        strcat(middle, "</dict>");
        assert_int_equal(scan(str(middle), LIMIT), rows[i].rc);
    }

    body = repeated("<plist><dict><key>a</key>", "<array>", 10000, "");
    assert_int_equal(scan(body, LIMIT), MDM_TOO_LARGE);
    free((void *) body.data);

    body = repeated("", "<dict><key>a</key>", 10000, "");
    assert_int_equal(scan(body, LIMIT), MDM_TOO_LARGE);
    free((void *) body.data);
}


/* The root, the key, the array and its items. */

static void
xml_objects(void **state)
{
    mdm_str_t  body;

    body = repeated("<dict><key>a</key><array>", "<true/>",
                    MDM_PLIST_MAX_OBJECTS - 3, "</array></dict>");
    assert_int_equal(parse(body, LIMIT), MDM_OK);
    free((void *) body.data);

    body = repeated("<dict><key>a</key><array>", "<true/>",
                    MDM_PLIST_MAX_OBJECTS - 2, "</array></dict>");
    assert_int_equal(scan(body, LIMIT), MDM_TOO_LARGE);
    free((void *) body.data);
}


static void
xml_keys(void **state)
{
    int    i, n;
    char  *body, *p;

    body = malloc(64 * (MDM_PLIST_MAX_KEYS + 2));

    for (n = MDM_PLIST_MAX_KEYS; n <= MDM_PLIST_MAX_KEYS + 1; n++) {
        p = stpcpy(body, "<dict>");

        for (i = 0; i < n; i++) {
            p += sprintf(p, "<key>k%d</key><true/>", i);
        }

        stpcpy(p, "</dict>");

        assert_int_equal(scan(str(body), LIMIT),
                         n > MDM_PLIST_MAX_KEYS ? MDM_TOO_LARGE : MDM_OK);
    }

    free(body);
}


/* Two dictionaries of 2000 keys use up most of what is allowed; a third one
 * has as many keys as still fit, and then one more. */

/* libplist took 26 seconds for four megabytes of them. */

static void
xml_references(void **state)
{
    size_t     n;
    mdm_str_t  body;

    /* n of 5 bytes move 5 n (n + 1) / 2 */

    for (n = 1; 5 * n * (n + 1) / 2 <= MDM_PLIST_MAX_MOVES; n++) {
        /* void */
    }

    body = repeated("<dict><key>a</key><string>", "&gt;x", n - 1,
                    "</string></dict>");
    assert_int_equal(scan(body, 1024 * 1024), MDM_OK);
    free((void *) body.data);

    body = repeated("<dict><key>a</key><string>", "&gt;x", n,
                    "</string></dict>");
    assert_int_equal(scan(body, 1024 * 1024), MDM_TOO_LARGE);
    free((void *) body.data);

    body = repeated("<dict><key>", "&gt;x", n, "</key><true/></dict>");
    assert_int_equal(scan(body, 1024 * 1024), MDM_TOO_LARGE);
    free((void *) body.data);

    /* short texts cost nothing */

    body = repeated("<dict><key>a</key><array>", "<string>&gt;x</string>", n,
                    "</array></dict>");
    assert_int_equal(scan(body, 1024 * 1024), MDM_OK);
    free((void *) body.data);
}


static void
xml_lookups(void **state)
{
    int     i, n, dicts;
    char   *body, *p;
    size_t  cost;

    body = malloc(1024 * 1024);
    p = stpcpy(body, "<dict><key>a</key><array>");
    cost = 0;

    for (dicts = 0; cost + 2000 * 1999 / 2 <= MDM_PLIST_MAX_LOOKUPS; dicts++) {
        p = stpcpy(p, "<dict>");

        for (i = 0; i < 2000; i++) {
            p += sprintf(p, "<key>%d</key><true/>", i);
        }

        p = stpcpy(p, "</dict>");
        cost += 2000 * 1999 / 2;
    }

    assert_int_equal(dicts, 2);

    for (n = 1; cost + n * (n + 1) / 2 <= MDM_PLIST_MAX_LOOKUPS; n++) {
        /* void */
    }

    p = stpcpy(p, "<dict>");

    for (i = 0; i < n; i++) {
        p += sprintf(p, "<key>%d</key><true/>", i);
    }

    stpcpy(p, "</dict></array></dict>");
    assert_int_equal(scan(str(body), LIMIT), MDM_OK);

    p += sprintf(p, "<key>%d</key><true/>", n);
    stpcpy(p, "</dict></array></dict>");
    assert_int_equal(scan(str(body), LIMIT), MDM_TOO_LARGE);

    free(body);
}


static void
sizes(void **state)
{
    mdm_str_t  body;

    body = str(DICT(S("a", "b")));

    assert_int_equal(scan(body, body.len), MDM_OK);
    assert_int_equal(scan(body, body.len - 1), MDM_TOO_LARGE);
    assert_int_equal(scan(mdm_null_str, LIMIT), MDM_MALFORMED);
}


static void
outline_of_xml(void **state)
{
    mdm_str_t            body;
    mdm_plist_outline_t  o;

    body = str("<plist> <dict><key>a</key><array><true/></array></dict> "
               "</plist>");

    assert_int_equal(mdm_plist_outline(body, LIMIT, &o, NULL), MDM_OK);
    assert_false(o.binary);
    assert_int_equal(o.root, 8);
    assert_int_equal(o.inside, 14);
    assert_memory_equal(body.data + o.end - 7, "</dict>", 7);
    assert_int_equal(o.objects, 4);
    assert_int_equal(o.root_keys, 1);
}


static void
binary_that_is_read(void **state)
{
    int        i;
    uint32_t   value, root;
    binary_t   b;

    static const char *const  scalars[] = {
        "\x08", "\x09", "\x10\x05", "\x11\x05\x06", "\x12\x01\x02\x03\x04",
        "\x13\x01\x02\x03\x04\x05\x06\x07\x08",
        "\x22\x40\x01\x01\x01", "\x23\x40\x01\x01\x01\x01\x01\x01\x01",
        "\x33\x41\xc1\x01\x01\x01\x01\x01\x01", "\x42\x01\x02",
        "\x51x", "\x61\x04\x10", "\x62\xd8\x3d\xde\x01", "\x50", "\x40"
    };

    for (i = 0; i < (int) (sizeof(scalars) / sizeof(scalars[0])); i++) {
        binary_begin(&b);
        value = binary_object(&b, (unsigned char) scalars[i][0]);
        memcpy(b.bytes + b.len, scalars[i] + 1, strlen(scalars[i] + 1));
        b.len += strlen(scalars[i] + 1);

        root = binary_dict(&b, binary_ascii(&b, "a"), value);

        if (parse(binary_end(&b, root), LIMIT) != MDM_OK) {
            fail_msg("scalar %d is refused", i);
        }

        binary_free(&b);
    }
}


static void
binary_that_is_refused(void **state)
{
    int       i;
    uint32_t  root;
    binary_t  b;

    static const struct {
        const char  *what;
        const char  *bytes;
        size_t       len;
    } rows[] = {
        { "null", "\x00", 1 },
        { "fill", "\x0f", 1 },
        { "an integer of 32 bytes", "\x15", 1 },
        { "a real of 2 bytes", "\x21\x01\x01", 3 },
        { "a date of 4 bytes", "\x32\x01\x01\x01\x01", 5 },
        { "a date that is no number", "\x33\x7f\xf8\x01\x01\x01\x01\x01\x01",
          9 },
        { "a date that never comes", "\x33\x7f\xe0\x01\x01\x01\x01\x01\x01",
          9 },
        { "not ASCII", "\x51\x80", 2 },
        { "a NUL", "\x51\x00", 2 },
        { "a NUL in UTF-16", "\x61\x00\x00", 3 },
        { "half a pair", "\x61\xd8\x3d", 3 },
        { "the other half", "\x61\xde\x00", 3 },
        { "a pair the wrong way", "\x62\xde\x00\xd8\x3d", 5 },
        { "an empty UTF-16 string", "\x60", 1 },
        { "UTF-8", "\x71x", 2 },
        { "a UID", "\x80\x01", 2 },
        { "a set", "\xc0", 1 },
        { "an ordered set", "\xb0", 1 },
        { "type 9", "\x90", 1 },
        { "type e", "\xe0", 1 },
        { "type f", "\xf0", 1 },
        { "a length that is no integer", "\x4f\x51\x01", 3 },
        { "a length of 16 bytes", "\x4f\x14", 2 },
        { "a huge length", "\x4f\x13\xff\xff\xff\xff\xff\xff\xff\xff", 10 },
        { "a huge UTF-16 length", "\x6f\x13\x80\x00\x00\x00\x00\x00\x00\x01",
          10 },
        { "a huge array", "\xaf\x13\x40\x00\x00\x00\x00\x00\x00\x01", 10 },
        { "a huge dictionary", "\xdf\x11\x0f\xff", 4 },
        { "data past the end", "\x4f\x12\x00\x01\x00\x00", 6 },
        { "data cut short", "\x42\x01", 2 },
        { "a string cut short", "\x52x", 2 },
        { "half a UTF-16 unit", "\x62\x00\x41\x41", 4 },
        { "a length cut short", "\x4f\x11\x00", 3 },
        { "no length", "\x4f", 1 },
        { "an integer cut short", "\x13\x01", 2 },
        { "a real cut short", "\x22\x01\x01\x01", 4 },
        { "a date cut short", "\x33\x01", 2 },
        { "an array cut short", "\xa1\x00\x00\x00", 4 }
    };

    for (i = 0; i < (int) (sizeof(rows) / sizeof(rows[0])); i++) {

        /* last before the offset table, so that there is nothing to run into */

        binary_begin(&b);
        binary_ascii(&b, "a");
        root = binary_dict(&b, 0, 2);
        binary_object(&b, (unsigned char) rows[i].bytes[0]);
        memcpy(b.bytes + b.len, rows[i].bytes + 1, rows[i].len - 1);
        b.len += rows[i].len - 1;

        if (scan(binary_end(&b, root), LIMIT) == MDM_OK) {
            fail_msg("%s is read", rows[i].what);
        }

        binary_free(&b);
    }
}


static void
binary_trailers(void **state)
{
    size_t     i, table;
    uint32_t   root;
    binary_t   b;
    mdm_str_t  body;

    static const struct {
        unsigned  offset_size;
        unsigned  ref_size;
        uint64_t  objects;
        uint64_t  root;
        int64_t   table;                 /* relative to the true one */
        mdm_rc_e  rc;
    } rows[] = {
        { 4, 4, 3, 2, 0, MDM_OK },
        { 0, 4, 3, 2, 0, MDM_MALFORMED },
        { 4, 0, 3, 2, 0, MDM_MALFORMED },
        { 9, 4, 3, 2, 0, MDM_MALFORMED },
        { 4, 255, 3, 2, 0, MDM_MALFORMED },
        { 4, 4, 0, 0, 0, MDM_MALFORMED },
        { 4, 4, 3, 3, 0, MDM_MALFORMED },
        { 4, 4, 3, UINT64_MAX, 0, MDM_MALFORMED },
        { 4, 4, 4, 2, 0, MDM_MALFORMED },
        { 4, 4, MDM_PLIST_MAX_OBJECTS + 1, 2, 0, MDM_TOO_LARGE },
        { 4, 4, UINT64_MAX, 2, 0, MDM_TOO_LARGE },
        { 8, 4, UINT64_C(1) << 61, 2, 0, MDM_TOO_LARGE },
        { 4, 4, 3, 2, 13, MDM_MALFORMED },
        { 4, 4, 3, 2, -30, MDM_MALFORMED },
        { 4, 4, 3, 2, INT64_MAX, MDM_MALFORMED },
        { 4, 4, 3, 2, INT64_MIN, MDM_MALFORMED }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        binary_begin(&b);
        binary_ascii(&b, "a");
        binary_ascii(&b, "b");
        root = binary_dict(&b, 0, 1);
        assert_int_equal(root, 2);

        table = binary_table(&b);
        body = binary_trailer(&b, rows[i].offset_size, rows[i].ref_size,
                              rows[i].objects, rows[i].root,
                              table + (uint64_t) rows[i].table);

        if (scan(body, LIMIT) != rows[i].rc) {
            fail_msg("trailer %zu", i);
        }

        binary_free(&b);
    }
}


static void
binary_cut_short(void **state)
{
    size_t          len;
    binary_t        b;
    mdm_str_t       body;
    unsigned char  *copy;

    binary_begin(&b);
    binary_ascii(&b, "a");
    binary_ascii(&b, "a longer one than fifteen bytes");
    binary_dict(&b, 0, 1);
    body = binary_end(&b, 2);

    for (len = 1; len < body.len; len++) {
        copy = malloc(len);
        memcpy(copy, body.data, len);

        assert_int_equal(scan((mdm_str_t) { len, copy }, LIMIT),
                         MDM_MALFORMED);
        free(copy);
    }

    assert_int_equal(parse(body, LIMIT), MDM_OK);

    binary_free(&b);
}


static void
binary_cycles(void **state)
{
    binary_t  b;

    /* a dictionary that is its own value */

    binary_begin(&b);
    binary_ascii(&b, "a");
    binary_dict(&b, 0, 1);
    assert_int_equal(scan(binary_end(&b, 1), LIMIT), MDM_MALFORMED);
    binary_free(&b);

    /* and two that hold each other */

    binary_begin(&b);
    binary_ascii(&b, "a");
    binary_dict(&b, 0, 2);
    binary_dict(&b, 0, 1);
    assert_int_equal(scan(binary_end(&b, 1), LIMIT), MDM_MALFORMED);
    binary_free(&b);

    /* a dictionary as a key, and references to nothing */

    binary_begin(&b);
    binary_sized(&b, 0xd, 0);
    binary_dict(&b, 0, 0);
    assert_int_equal(scan(binary_end(&b, 1), LIMIT), MDM_MALFORMED);
    binary_free(&b);

    binary_begin(&b);
    binary_ascii(&b, "a");
    binary_dict(&b, 0, 2);
    assert_int_equal(scan(binary_end(&b, 1), LIMIT), MDM_MALFORMED);
    binary_free(&b);
}


/* Each array names the one below it ten times: 134 bytes, or a few more. */

static void
binary_bombs(void **state)
{
    int        level, i;
    char      *text;
    uint32_t   below, key, root;
    binary_t   b;
    mdm_str_t  body;

    binary_begin(&b);
    key = binary_ascii(&b, "a");
    below = binary_object(&b, 0x09);

    for (level = 0; level < 9; level++) {
        root = binary_sized(&b, 0xa, 10);

        for (i = 0; i < 10; i++) {
            binary_ref(&b, below);
        }

        below = root;
    }

    root = binary_dict(&b, key, below);
    body = binary_end(&b, root);

    assert_true(body.len < 1024);
    assert_int_equal(scan(body, LIMIT), MDM_TOO_LARGE);
    binary_free(&b);

    /* one long string, named many times */

    text = malloc(100001);
    memset(text, 'x', 100000);
    text[100000] = '\0';

    binary_begin(&b);
    key = binary_ascii(&b, "a");
    below = binary_ascii(&b, text);
    root = binary_sized(&b, 0xa, 1000);

    for (i = 0; i < 1000; i++) {
        binary_ref(&b, below);
    }

    root = binary_dict(&b, key, root);
    assert_int_equal(scan(binary_end(&b, root), LIMIT), MDM_TOO_LARGE);
    binary_free(&b);
    free(text);
}


/* Many objects that all are the same long array: each is measured anew, so
 * the work must end early and not after a product. */

static void
binary_shared_bytes(void **state)
{
    int        i;
    uint32_t   array, root;
    binary_t   b;

    binary_begin(&b);
    binary_ascii(&b, "a");
    array = binary_sized(&b, 0xa, 60000);

    for (i = 0; i < 60000; i++) {
        binary_ref(&b, 0);
    }

    root = binary_sized(&b, 0xa, 60000);

    for (i = 0; i < 60000; i++) {
        binary_ref(&b, 4 + i);
    }

    binary_dict(&b, 0, root);

    for (i = 0; i < 60000; i++) {
        b.offsets[b.n++] = b.offsets[array];
    }

    assert_int_equal(scan(binary_end(&b, root + 1), LIMIT), MDM_TOO_LARGE);
    binary_free(&b);
}


static void
binary_depth(void **state)
{
    int        i, arrays;
    uint32_t   below, key;
    binary_t   b;

    for (arrays = MDM_PLIST_MAX_DEPTH - 1; arrays <= MDM_PLIST_MAX_DEPTH;
         arrays++)
    {
        binary_begin(&b);
        key = binary_ascii(&b, "a");
        below = binary_sized(&b, 0xa, 0);

        for (i = 1; i < arrays; i++) {
            below = binary_sized(&b, 0xa, 1);
            binary_ref(&b, below - 1);
        }

        below = binary_dict(&b, key, below);
        assert_int_equal(scan(binary_end(&b, below), LIMIT),
                         arrays < MDM_PLIST_MAX_DEPTH ? MDM_OK
                                                      : MDM_TOO_LARGE);
        binary_free(&b);
    }

    /* deep by way of an object that was measured near the root before */

    binary_begin(&b);
    key = binary_ascii(&b, "a");
    below = binary_sized(&b, 0xa, 0);

    for (i = 1; i < 40; i++) {
        below = binary_sized(&b, 0xa, 1);
        binary_ref(&b, below - 1);
    }

    for (i = 0; i < 40; i++) {
        below = binary_sized(&b, 0xa, 2);
        binary_ref(&b, 40);
        binary_ref(&b, below - 1);
    }

    below = binary_dict(&b, key, below);
    assert_int_equal(scan(binary_end(&b, below), LIMIT), MDM_TOO_LARGE);
    binary_free(&b);

    binary_begin(&b);
    key = binary_ascii(&b, "a");

    for (i = 0; i < 10000; i++) {
        binary_sized(&b, 0xa, 1);
        binary_ref(&b, i + 2);
    }

    below = binary_sized(&b, 0xa, 0);
    below = binary_dict(&b, key, 1);
    assert_int_equal(scan(binary_end(&b, below), LIMIT), MDM_TOO_LARGE);
    binary_free(&b);
}


static void
binary_keys(void **state)
{
    int        i, n;
    char       name[16];
    uint32_t   first, root;
    binary_t   b;

    for (n = MDM_PLIST_MAX_KEYS; n <= MDM_PLIST_MAX_KEYS + 1; n++) {
        binary_begin(&b);

        for (i = 0; i < n; i++) {
            snprintf(name, sizeof(name), "key%d", i);
            first = binary_ascii(&b, name) - i;
        }

        root = binary_sized(&b, 0xd, n);

        for (i = 0; i < 2 * n; i++) {
            binary_ref(&b, first + i % n);
        }

        assert_int_equal(parse(binary_end(&b, root), LIMIT),
                         n > MDM_PLIST_MAX_KEYS ? MDM_TOO_LARGE : MDM_OK);
        binary_free(&b);
    }

    /* one key twice, by one reference and by two */

    binary_begin(&b);
    binary_ascii(&b, "a");
    root = binary_sized(&b, 0xd, 2);

    for (i = 0; i < 4; i++) {
        binary_ref(&b, 0);
    }

    assert_int_equal(parse(binary_end(&b, root), LIMIT), MDM_MALFORMED);
    binary_free(&b);

    binary_begin(&b);
    binary_ascii(&b, "a");
    binary_ascii(&b, "a");
    root = binary_sized(&b, 0xd, 2);
    binary_ref(&b, 0);
    binary_ref(&b, 1);
    binary_ref(&b, 0);
    binary_ref(&b, 0);
    assert_int_equal(parse(binary_end(&b, root), LIMIT), MDM_MALFORMED);
    binary_free(&b);
}


static void
outline_of_binary(void **state)
{
    binary_t             b;
    mdm_plist_outline_t  o;

    binary_begin(&b);
    binary_ascii(&b, "a");
    binary_sized(&b, 0xa, 2);
    binary_ref(&b, 0);
    binary_ref(&b, 0);
    binary_dict(&b, 0, 1);

    assert_int_equal(mdm_plist_outline(binary_end(&b, 2), LIMIT, &o, NULL),
                     MDM_OK);
    assert_true(o.binary);
    assert_int_equal(o.objects, 5);
    binary_free(&b);
}


static void
readers(void **state)
{
    bool         flag;
    plist_t      root;
    mdm_str_t    value;
    mdm_arena_t  arena;
    mdm_fault_t  fault;

    mdm_arena_init(&arena);

    assert_int_equal(mdm_plist_parse(str(DICT(
        S("s", "a&amp;\xc3\xa9") "<key>empty</key><string/>" D("d", "AAEC")
        "<key>nothing</key><data></data>" B("t", "true") B("f", "false"))),
        LIMIT, &root, &fault), MDM_OK);

    assert_int_equal(mdm_plist_string(&arena, root, "s", &value, &fault),
                     MDM_OK);
    assert_true(mdm_str_eq_c(value, "a&\xc3\xa9"));
    assert_int_equal(value.data[value.len], 0);

    assert_int_equal(mdm_plist_string(&arena, root, "empty", &value, &fault),
                     MDM_OK);
    assert_true(mdm_str_is_set(value));
    assert_int_equal(value.len, 0);

    assert_int_equal(mdm_plist_string(&arena, root, "none", &value, &fault),
                     MDM_OK);
    assert_false(mdm_str_is_set(value));

    assert_int_equal(mdm_plist_string(&arena, root, "d", &value, &fault),
                     MDM_MALFORMED);
    assert_string_equal(fault.text, "d is not a string");

    assert_int_equal(mdm_plist_data(&arena, root, "d", &value, &fault),
                     MDM_OK);
    assert_int_equal(value.len, 3);
    assert_memory_equal(value.data, "\0\1\2", 3);

    assert_int_equal(mdm_plist_data(&arena, root, "nothing", &value, &fault),
                     MDM_OK);
    assert_true(mdm_str_is_set(value));
    assert_int_equal(value.len, 0);

    assert_int_equal(mdm_plist_data(&arena, root, "none", &value, &fault),
                     MDM_OK);
    assert_false(mdm_str_is_set(value));

    assert_int_equal(mdm_plist_data(&arena, root, "s", &value, &fault),
                     MDM_MALFORMED);
    assert_string_equal(fault.text, "s is not data");

    assert_int_equal(mdm_plist_bool(root, "t", &flag, &fault), MDM_OK);
    assert_true(flag);
    assert_int_equal(mdm_plist_bool(root, "f", &flag, &fault), MDM_OK);
    assert_false(flag);
    flag = true;
    assert_int_equal(mdm_plist_bool(root, "none", &flag, &fault), MDM_OK);
    assert_false(flag);
    assert_int_equal(mdm_plist_bool(root, "s", &flag, &fault), MDM_MALFORMED);
    assert_string_equal(fault.text, "s is not a boolean");

    plist_free(root);
    mdm_arena_free(&arena);
}


static void
writer(void **state)
{
    plist_t      root, again;
    mdm_str_t    xml, value;
    mdm_arena_t  arena;

    mdm_arena_init(&arena);

    root = plist_new_dict();
    plist_dict_set_item(root, "a<b", plist_new_string("c & d"));

    assert_int_equal(mdm_plist_write(&arena, root, &xml), MDM_OK);
    plist_free(root);

    assert_int_equal(mdm_plist_parse(xml, LIMIT, &again, NULL), MDM_OK);
    assert_int_equal(mdm_plist_string(&arena, again, "a<b", &value, NULL),
                     MDM_OK);
    assert_true(mdm_str_eq_c(value, "c & d"));

    plist_free(again);
    mdm_arena_free(&arena);
}


static void
arena(void **state)
{
    size_t           i, n;
    mdm_str_t        copy;
    mdm_arena_t      a;
    unsigned char   *p, *pieces[200];

    mdm_arena_init(&a);

    for (i = 0; i < 200; i++) {
        n = i * i;
        pieces[i] = mdm_arena_zalloc(&a, n);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t) pieces[i] % _Alignof(max_align_t), 0);

        for (p = pieces[i]; p < pieces[i] + n; p++) {
            assert_int_equal(*p, 0);
            *p = i;
        }
    }

    for (i = 0; i < 200; i++) {
        for (p = pieces[i]; p < pieces[i] + i * i; p++) {
            assert_int_equal(*p, i);
        }
    }

    copy = mdm_arena_str(&a, "abc", 2);
    assert_true(mdm_str_eq_c(copy, "ab"));
    assert_int_equal(copy.data[2], 0);
    assert_false(mdm_str_is_set(mdm_arena_str(&a, NULL, 0)));
    assert_null(mdm_arena_alloc(&a, SIZE_MAX));
    assert_null(mdm_arena_alloc(&a, SIZE_MAX / 2 + 1));
    assert_false(mdm_str_is_set(mdm_arena_str(&a, "x", SIZE_MAX)));

    mdm_arena_free(&a);
    assert_null(a.chunks);
}


static void
strings_and_faults(void **state)
{
    size_t       i;
    mdm_fault_t  fault;

    assert_true(mdm_str_eq(mdm_str("a"), mdm_str("a")));
    assert_false(mdm_str_eq(mdm_str("a"), mdm_str("b")));
    assert_false(mdm_str_eq(mdm_str("a"), mdm_str("ab")));
    assert_false(mdm_str_eq(mdm_str(""), mdm_null_str));
    assert_true(mdm_str_eq(mdm_null_str, mdm_null_str));
    assert_false(mdm_str_eq_c(mdm_null_str, ""));
    assert_true(mdm_str_eq_c(mdm_str(""), ""));

    assert_true(mdm_str_has_control(mdm_str("a\x1f")));
    assert_true(mdm_str_has_control(mdm_str("\x7f")));
    assert_false(mdm_str_has_control(mdm_str(" ~\xc3\xa9")));
    assert_false(mdm_str_has_control(mdm_null_str));

    /* a bad byte at each place of a long text */

    for (i = 0; i < 40; i++) {
        unsigned char  text[40];

        memset(text, 'a', sizeof(text));
        assert_true(mdm_utf8_valid(text, sizeof(text)));
        text[i] = 0x80;
        assert_false(mdm_utf8_valid(text, sizeof(text)));
    }

    assert_int_equal(mdm_fault(&fault, MDM_UNTRUSTED, "%0500d", 1),
                     MDM_UNTRUSTED);
    assert_int_equal(strlen(fault.text), sizeof(fault.text) - 1);
    assert_int_equal(mdm_fault(NULL, MDM_MALFORMED, "%s", "x"),
                     MDM_MALFORMED);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(arena),
        cmocka_unit_test(strings_and_faults),
        cmocka_unit_test(xml_that_is_read),
        cmocka_unit_test(xml_that_is_refused),
        cmocka_unit_test(xml_that_is_no_message),
        cmocka_unit_test(keys_that_are_there_twice),
        cmocka_unit_test(xml_entities),
        cmocka_unit_test(xml_encodings),
        cmocka_unit_test(xml_cut_short),
        cmocka_unit_test(xml_depth),
        cmocka_unit_test(xml_objects),
        cmocka_unit_test(xml_keys),
        cmocka_unit_test(xml_references),
        cmocka_unit_test(xml_lookups),
        cmocka_unit_test(sizes),
        cmocka_unit_test(outline_of_xml),
        cmocka_unit_test(binary_that_is_read),
        cmocka_unit_test(binary_that_is_refused),
        cmocka_unit_test(binary_trailers),
        cmocka_unit_test(binary_cut_short),
        cmocka_unit_test(binary_cycles),
        cmocka_unit_test(binary_bombs),
        cmocka_unit_test(binary_shared_bytes),
        cmocka_unit_test(binary_depth),
        cmocka_unit_test(binary_keys),
        cmocka_unit_test(outline_of_binary),
        cmocka_unit_test(readers),
        cmocka_unit_test(writer)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("plist", tests, NULL, NULL);
}
