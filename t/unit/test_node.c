
/*
 * The tree of values: what is the same after XML, binary lists and JSON, what
 * libplist tells only when it is asked the right way, and bounds.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "message/mdm_json.h"
#include "message/mdm_node.h"
#include "plist_fixture.h"


#define LIMIT  (4 * 1024 * 1024)


static mdm_arena_t  arena;


static mdm_node_t *
from_xml(mdm_str_t xml)
{
    mdm_node_t   *node;
    mdm_fault_t   fault;

    fault.text[0] = '\0';

    if (mdm_node_read(&arena, xml, LIMIT, &node, &fault) != MDM_OK) {
        print_message("# %s\n", fault.text);
        fail();
    }

    return node;
}


static mdm_node_t *
from_json(const char *text)
{
    json_t       *json;
    mdm_rc_e      rc;
    mdm_node_t   *node;
    mdm_fault_t   fault;

    fault.text[0] = '\0';
    assert_int_equal(mdm_json_read(str(text), &json, &fault), MDM_OK);
    rc = mdm_node_from_json(&arena, json, &node, &fault);
    json_decref(json);

    if (rc != MDM_OK) {
        print_message("# %s\n", fault.text);
        fail();
    }

    return node;
}


static void
refused_json(const char *text, mdm_rc_e expected, const char *words)
{
    json_t       *json;
    mdm_node_t   *node;
    mdm_fault_t   fault;

    assert_int_equal(mdm_json_read(str(text), &json, NULL), MDM_OK);
    assert_int_equal(mdm_node_from_json(&arena, json, &node, &fault),
                     expected);
    assert_null(node);
    assert_string_equal(fault.text, words);
    json_decref(json);
}


static const char *
to_json(const mdm_node_t *node, bool plain)
{
    char       *text;
    json_t     *json;
    mdm_str_t   copy;

    json = mdm_node_to_json(node, plain);
    assert_non_null(json);
    text = json_dumps(json, JSON_COMPACT);
    copy = mdm_arena_str(&arena, text, strlen(text));
    free(text);
    json_decref(json);

    return (const char *) copy.data;
}


static mdm_str_t
to_xml(const mdm_node_t *node)
{
    mdm_str_t  xml;

    assert_int_equal(mdm_node_write(&arena, node, &xml), MDM_OK);

    return xml;
}


static const char  everything[] =
    "{\"Text\":\"a < b & \\\"c\\\" > d \\u00e9 \\ud83d\\ude00\\r\\n\\t.\","
    "\"Empty\":\"\",\"\":{},\"None\":[],\"Yes\":true,\"No\":false,"
    "\"Zero\":0,\"Minus\":-1,\"Least\":-9223372036854775808,"
    "\"Most\":9223372036854775807,\"Half\":0.5,\"Tenth\":0.1,"
    "\"Tiny\":5e-324,\"Huge\":1.7976931348623157e308,"
    "\"Third\":-0.33333333333333331,"
    "\"Data\":{\"$data\":\"AAECAwT+/w==\"},\"NoData\":{\"$data\":\"\"},"
    "\"Date\":{\"$date\":\"2026-05-04T08:15:00Z\"},"
    "\"Early\":{\"$date\":\"0001-01-01T00:00:00Z\"},"
    "\"Late\":{\"$date\":\"9999-12-31T23:59:59Z\"},"
    "\"Before\":{\"$date\":\"1931-12-31T23:59:59Z\"},"
    "\"After\":{\"$date\":\"2070-01-01T00:00:00Z\"},"
    "\"Deep\":[[[{\"A\":[1,\"2\",{\"$data\":\"Mw==\"}]}]]]}";


static void
survives_xml_and_json(void **state)
{
    mdm_str_t    xml;
    const char  *before, *after;

    before = to_json(from_json(everything), false);
    xml = to_xml(from_json(everything));
    after = to_json(from_xml(xml), false);

    assert_string_equal(after, before);
    assert_memory_equal(xml.data, XML_HEAD, strlen(XML_HEAD));
}


/* What a device sends is often binary. */

static void
survives_binary(void **state)
{
    char         *bytes;
    plist_t       plist;
    uint32_t      len;
    mdm_str_t     xml;
    mdm_node_t   *node;
    const char   *before;

    before = to_json(from_json(everything), false);
    xml = to_xml(from_json(everything));
    assert_int_equal(mdm_plist_parse(xml, LIMIT, &plist, NULL), MDM_OK);

    bytes = NULL;
    plist_to_bin(plist, &bytes, &len);
    mdm_plist_free(plist);

    node = from_xml((mdm_str_t) { len, (unsigned char *) bytes });
    assert_string_equal(to_json(node, false), before);
    free(bytes);
}


static void
writes_like_apple(void **state)
{
    mdm_str_t  xml;

    xml = to_xml(from_json("{\"A\":[1,{}],\"B<\":\"x&y\",\"C\":-0.25,"
                           "\"D\":true,\"E\":{\"$data\":\"AQI=\"}}"));

    assert_string_equal((const char *) xml.data, XML_HEAD
        "<dict>\n"
        "\t<key>A</key>\n"
        "\t<array>\n"
        "\t\t<integer>1</integer>\n"
        "\t\t<dict/>\n"
        "\t</array>\n"
        "\t<key>B&lt;</key>\n"
        "\t<string>x&amp;y</string>\n"
        "\t<key>C</key>\n"
        "\t<real>-0.25</real>\n"
        "\t<key>D</key>\n"
        "\t<true/>\n"
        "\t<key>E</key>\n"
        "\t<data>AQI=</data>\n"
        "</dict>\n"
        "</plist>\n");
}


static void
numbers_of_libplist(void **state)
{
    mdm_node_t   *node;
    mdm_fault_t   fault;

    node = from_xml(str(DICT(I("a", "-1") I("b", "-9223372036854775808")
                             I("c", "9223372036854775807") I("d", "0x10")
                             I("e", "0"))));

    assert_true(mdm_node_get(node, "a")->u.integer == -1);
    assert_true(mdm_node_get(node, "b")->u.integer == INT64_MIN);
    assert_true(mdm_node_get(node, "c")->u.integer == INT64_MAX);
    assert_true(mdm_node_get(node, "d")->u.integer == 16);
    assert_true(mdm_node_get(node, "e")->u.integer == 0);

    assert_int_equal(mdm_node_read(&arena,
                                   str(DICT(I("a", "9223372036854775808"))),
                                   LIMIT, &node, &fault), MDM_UNSUPPORTED);
    assert_null(node);
    assert_int_equal(mdm_node_read(&arena,
                                   str(DICT(I("a", "18446744073709551615"))),
                                   LIMIT, &node, &fault), MDM_UNSUPPORTED);
    assert_string_equal(fault.text,
                        "an integer in the property list is too large");

    assert_int_equal(mdm_node_read(&arena,
                                   str(DICT("<key>a</key><real>nan</real>")),
                                   LIMIT, &node, &fault), MDM_UNSUPPORTED);
}


/* A binary list may hold a large one, and a negative one, in sixteen bytes. */

static void
wide_integers(void **state)
{
    unsigned      i;
    binary_t      b;
    uint32_t      key, value, root;
    mdm_rc_e      rc;
    mdm_node_t   *node;

    for (i = 0; i < 2; i++) {
        binary_begin(&b);
        key = binary_ascii(&b, "k");
        value = binary_object(&b, 0x14);
        binary_uint64(&b, 0);
        binary_uint64(&b, i == 0 ? UINT64_MAX : 5);
        root = binary_dict(&b, key, value);

        rc = mdm_node_read(&arena, binary_end(&b, root), LIMIT, &node, NULL);
        assert_int_equal(rc, i == 0 ? MDM_UNSUPPORTED : MDM_OK);
        assert_true(i == 0 || mdm_node_get(node, "k")->u.integer == 5);
        binary_free(&b);
    }
}


static void
a_uid_is_refused(void **state)
{
    plist_t       uid;
    mdm_node_t   *node;
    mdm_fault_t   fault;

    uid = plist_new_uid(1);
    assert_int_equal(mdm_node_from_plist(&arena, uid, &node, &fault),
                     MDM_UNSUPPORTED);
    plist_free(uid);
}


static void
json_that_is_refused(void **state)
{
    refused_json("{\"A\":[1,{\"B\":null}]}", MDM_MALFORMED,
                 "A[1].B is null, which a property list has not: leave it "
                 "out");
    refused_json("{\"A\":\"\\u0001\"}", MDM_MALFORMED,
                 "A has a character that a property list cannot hold");
    refused_json("{\"A\":\"\\uffff\"}", MDM_MALFORMED,
                 "A has a character that a property list cannot hold");
    refused_json("{\"A\":{\"\\u001f\":1}}", MDM_MALFORMED,
                 "A has a member whose name has a character that a property "
                 "list cannot hold");
    refused_json("{\"\\u001f\":1}", MDM_MALFORMED,
                 "the value has a member whose name has a character that a "
                 "property list cannot hold");
    refused_json("{\"A\":{\"$data\":\"A\"}}", MDM_MALFORMED,
                 "A has a $data that is no Base64");
    refused_json("{\"A\":{\"$data\":5}}", MDM_MALFORMED,
                 "A has a $data that is no Base64");
    refused_json("{\"A\":{\"$date\":\"soon\"}}", MDM_MALFORMED,
                 "A has a $date that is no time of RFC 3339, like "
                 "2026-05-04T08:15:00Z");
}


/* The name is the client's, and may be longer than the sentence has room. */

static void
long_paths(void **state)
{
    size_t      i;
    char        text[4096], *p;
    json_t     *json;
    mdm_node_t *node;
    mdm_fault_t fault;

    p = text;

    for (i = 0; i < 60; i++) {
        p = stpcpy(p, "{\"NameOfTwentyLetters_\":");
    }

    p = stpcpy(p, "null");
    memset(p, '}', 60);
    p[60] = '\0';

    assert_int_equal(mdm_json_read(str(text), &json, NULL), MDM_OK);
    assert_int_equal(mdm_node_from_json(&arena, json, &node, &fault),
                     MDM_MALFORMED);
    json_decref(json);

    assert_non_null(strstr(fault.text, "_.NameOf"));
    assert_non_null(strstr(fault.text, " is null"));
}


static void
base64(void **state)
{
    size_t     i;
    mdm_str_t  data;

    static const char *const  good[][2] = {
        { "", "" }, { "QQ==", "A" }, { "QUI=", "AB" }, { "QUJD", "ABC" },
        { " Q U\tJ\r\nD ", "ABC" }, { "QUJDRA==", "ABCD" },
        { "+/+/", "\xfb\xff\xbf" }
    };

    static const char *const  bad[] = {
        "Q", "QQ", "QQ=", "QQ===", "=QQQ", "QQ==QQ==", "Q-__", "QR==", "QUJ=",
        "====", "QUJD=", "Q=Q=", "QQ=!", "QUJ=QUJ="
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(mdm_node_decode_data(&arena, str(good[i][0]), &data));
        assert_true(mdm_str_eq_c(data, good[i][1]));
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(mdm_node_decode_data(&arena, str(bad[i]), &data));
        assert_null(data.data);
    }
}


static void
dates(void **state)
{
    int64_t  date;

    assert_true(mdm_node_decode_date(str("1969-12-31T23:59:59.5Z"), &date));
    assert_true(date == -1);
    assert_true(mdm_node_decode_date(str("2026-05-04T10:15:00+02:00"), &date));
    assert_true(date == 1777882500);

    assert_false(mdm_node_decode_date(str("0001-01-01T00:00:00+01:00"),
                                      &date));
    assert_false(mdm_node_decode_date(str("9999-12-31T23:59:59-01:00"),
                                      &date));
    assert_false(mdm_node_decode_date(str("2026-05-04"), &date));
    assert_false(mdm_node_decode_date(mdm_null_str, &date));
}


static void
sets_and_removes(void **state)
{
    mdm_node_t  *dict, *a, *b;

    dict = from_json("{\"A\":1,\"B\":2,\"C\":3}");
    a = mdm_node_text(&arena, MDM_STRING, str("x"));
    b = mdm_node_text(&arena, MDM_STRING, str("y"));

    assert_int_equal(mdm_node_set(&arena, dict, "B", a), MDM_OK);
    assert_string_equal(to_json(dict, true), "{\"A\":1,\"B\":\"x\",\"C\":3}");

    assert_int_equal(mdm_node_set(&arena, dict, "C", NULL), MDM_OK);
    assert_int_equal(mdm_node_set(&arena, dict, "Z", NULL), MDM_OK);
    assert_int_equal(mdm_node_set(&arena, dict, "D", b), MDM_OK);
    assert_string_equal(to_json(dict, true),
                        "{\"A\":1,\"B\":\"x\",\"D\":\"y\"}");

    assert_int_equal(mdm_node_set(&arena, dict, "A", NULL), MDM_OK);
    assert_int_equal(mdm_node_set(&arena, dict, "D", NULL), MDM_OK);
    assert_int_equal(mdm_node_set(&arena, dict, "B", NULL), MDM_OK);
    assert_string_equal(to_json(dict, true), "{}");
    assert_int_equal(dict->count, 0);

    /* what was taken out may stand somewhere else */

    assert_int_equal(mdm_node_set(&arena, dict, "E", a), MDM_OK);
    assert_string_equal(to_json(dict, true), "{\"E\":\"x\"}");
    assert_null(mdm_node_get(dict, "A"));
    assert_null(mdm_node_get(NULL, "A"));
    assert_null(mdm_node_get(a, "A"));
}


static void
stands_in_one_container(void **state)
{
    mdm_node_t  *array, *other, *item;

    array = mdm_node_new(&arena, MDM_ARRAY);
    other = mdm_node_new(&arena, MDM_DICTIONARY);
    item = mdm_node_new(&arena, MDM_BOOLEAN);

    assert_int_equal(mdm_node_append(array, array), MDM_UNSUPPORTED);
    assert_int_equal(mdm_node_append(other, item), MDM_UNSUPPORTED);
    assert_int_equal(mdm_node_append(item, array), MDM_UNSUPPORTED);
    assert_int_equal(mdm_node_set(&arena, array, "A", item), MDM_UNSUPPORTED);
    assert_int_equal(mdm_node_set(&arena, other, "A", other),
                     MDM_UNSUPPORTED);

    assert_int_equal(mdm_node_append(array, item), MDM_OK);
    assert_int_equal(mdm_node_append(array, item), MDM_UNSUPPORTED);
    assert_int_equal(mdm_node_set(&arena, other, "A", item), MDM_UNSUPPORTED);
    assert_int_equal(mdm_node_set(&arena, other, "A",
                                  mdm_node_copy(&arena, item)), MDM_OK);
    assert_string_equal(to_json(array, true), "[false]");
    assert_string_equal(to_json(other, true), "{\"A\":false}");
}


static void
copies(void **state)
{
    mdm_node_t  *node, *copy;

    node = from_json(everything);
    copy = mdm_node_copy(&arena, node);

    assert_string_equal(to_json(copy, false), to_json(node, false));
    assert_ptr_not_equal(mdm_node_get(copy, "Deep"),
                         mdm_node_get(node, "Deep"));
    assert_int_equal(copy->held, 0);
}


/* A plugin may nest what it makes, even into itself. */

static void
depth_is_bound(void **state)
{
    size_t       i;
    mdm_str_t    xml;
    mdm_node_t  *root, *inner, *next, *again;

    root = mdm_node_new(&arena, MDM_DICTIONARY);
    inner = mdm_node_new(&arena, MDM_ARRAY);
    assert_int_equal(mdm_node_set(&arena, root, "A", inner), MDM_OK);

    for (i = 2; i < MDM_NODE_MAX_DEPTH; i++) {
        next = mdm_node_new(&arena, MDM_ARRAY);
        assert_int_equal(mdm_node_append(inner, next), MDM_OK);
        inner = next;
    }

    assert_string_equal(to_json(from_xml(to_xml(root)), true),
                        to_json(mdm_node_copy(&arena, root), true));

    next = mdm_node_new(&arena, MDM_ARRAY);
    assert_int_equal(mdm_node_append(inner, next), MDM_OK);
    assert_int_equal(mdm_node_write(&arena, root, &xml), MDM_TOO_LARGE);
    assert_null(xml.data);
    assert_null(mdm_node_copy(&arena, root));
    assert_null(mdm_node_to_json(root, true));

    inner = mdm_node_new(&arena, MDM_ARRAY);
    again = mdm_node_new(&arena, MDM_ARRAY);
    assert_int_equal(mdm_node_append(inner, again), MDM_OK);
    assert_int_equal(mdm_node_append(again, inner), MDM_OK);
    assert_int_equal(mdm_node_write(&arena, inner, &xml), MDM_TOO_LARGE);
    assert_null(mdm_node_copy(&arena, inner));
    assert_null(mdm_node_to_json(inner, true));
}


static void
cannot_be_written(void **state)
{
    size_t       i;
    mdm_str_t    xml;
    mdm_node_t  *node;

    static const char *const  texts[] = {
        "\x01", "a\x1f", "\xff", "\xef\xbf\xbe", "x\xef\xbf\xbf"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        node = mdm_node_text(&arena, MDM_STRING, str(texts[i]));
        assert_int_equal(mdm_node_write(&arena, node, &xml), MDM_MALFORMED);

        node = mdm_node_new(&arena, MDM_DICTIONARY);
        assert_int_equal(mdm_node_set(&arena, node, texts[i],
                                      mdm_node_new(&arena, MDM_BOOLEAN)),
                         MDM_OK);
        assert_int_equal(mdm_node_write(&arena, node, &xml), MDM_MALFORMED);
    }

    node = mdm_node_new(&arena, MDM_REAL);
    node->u.real = __builtin_inf();
    assert_int_equal(mdm_node_write(&arena, node, &xml), MDM_MALFORMED);

    node = mdm_node_new(&arena, MDM_DATE);
    node->u.date = INT64_MAX;
    assert_int_equal(mdm_node_write(&arena, node, &xml), MDM_MALFORMED);

    node = mdm_node_new(&arena, MDM_END);
    assert_int_equal(mdm_node_write(&arena, node, &xml), MDM_MALFORMED);
}


/* 2,000 keys in each of nine dictionaries: linear, or it would take long. */

static void
many_members(void **state)
{
    char        *text, *p;
    size_t       i, n;
    json_t      *json;
    clock_t      began;
    mdm_str_t    xml;
    mdm_node_t  *node;

    text = malloc(2 * 1024 * 1024);
    p = stpcpy(text, "{");

    for (n = 0; n < 9; n++) {
        p += sprintf(p, "%s\"D%zu\":{", n ? "," : "", n);

        for (i = 0; i < 2000; i++) {
            p += sprintf(p, "%s\"Key%zu\":%zu", i ? "," : "", i, i);
        }

        p = stpcpy(p, "}");
    }

    stpcpy(p, "}");

    assert_int_equal(mdm_json_read(str(text), &json, NULL), MDM_OK);
    began = clock();
    assert_int_equal(mdm_node_from_json(&arena, json, &node, NULL), MDM_OK);
    assert_int_equal(mdm_node_write(&arena, node, &xml), MDM_OK);
    assert_true(clock() - began < CLOCKS_PER_SEC);
    assert_int_equal(mdm_node_get(node, "D8")->count, 2000);
    json_decref(json);

    for (i = 2000; i < 2049; i++) {
        char  name[16];

        sprintf(name, "Key%zu", i);
        assert_int_equal(mdm_node_set(&arena, mdm_node_get(node, "D0"), name,
                                      mdm_node_new(&arena, MDM_BOOLEAN)),
                         MDM_OK);
    }

    assert_int_equal(mdm_node_write(&arena, node, &xml), MDM_TOO_LARGE);
    free(text);
}


static void
shortest_reals(void **state)
{
    size_t  i;
    char    text[MDM_NODE_REAL_SIZE];

    static const struct {
        double       real;
        const char  *text;
    } rows[] = {
        { 0.1, "0.1" }, { 1, "1" }, { -2.5, "-2.5" }, { 1e22, "1e+22" },
        { 1.0 / 3, "0.3333333333333333" },
        { 0.1 + 0.2, "0.30000000000000004" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        mdm_node_real_text(rows[i].real, text);
        assert_string_equal(text, rows[i].text);
    }
}


static int
begin(void **state)
{
    mdm_arena_init(&arena);

    return 0;
}


static int
end(void **state)
{
    mdm_arena_free(&arena);

    return 0;
}


#define test(name)  cmocka_unit_test_setup_teardown(name, begin, end)


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        test(survives_xml_and_json),
        test(survives_binary),
        test(writes_like_apple),
        test(numbers_of_libplist),
        test(wide_integers),
        test(a_uid_is_refused),
        test(json_that_is_refused),
        test(long_paths),
        test(base64),
        test(dates),
        test(sets_and_removes),
        test(stands_in_one_container),
        test(copies),
        test(depth_is_bound),
        test(cannot_be_written),
        test(many_members),
        test(shortest_reals)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("node", tests, NULL, NULL);
}
