
/*
 * Gating: each rule in words, what is ignored or deprecated, what is not known;
 * and the same sentences for the same facts.
 */


#include "schema_fixture.h"


static const mdm_key_t  erase_keys[] = {
    { .name = "PIN", .type = MDM_STRING,
      MDM_ON(.ios = { .introduced = MDM_NEVER_THERE },
             .macos = { .introduced = "10.8" }) },
    { .name = "Plan", .type = MDM_BOOLEAN,
      MDM_ON(.ios = { .introduced = "11.3" },
             .macos = { .introduced = MDM_NEVER_THERE }) },
    { .name = "Old", .type = MDM_DICTIONARY,
      MDM_ON(.ios = { .deprecated = "12", .removed = "14.2.1" }),
      MDM_KEYS({ .name = "In", .type = MDM_BOOLEAN },
               { .name = "Deep", .type = MDM_BOOLEAN,
                 MDM_ON(.ios = { .supervised = MDM_YES }) }) },
    { .name = "Strict", .type = MDM_BOOLEAN,
      MDM_ON(.ios = { .supervised = MDM_YES,
                      .access_rights = MDM_QUERY_NETWORK,
                      .user_enrollment = MDM_IGNORED }) },
    { .name = "Quiet", .type = MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { .supervised = MDM_YES }) },
    { 0 }
};

static const mdm_type_t *const  types[] = {
    COMMAND(.name = "Erase", .keys = erase_keys,
      MDM_ON(.ios = { .introduced = "4.0", .access_rights = MDM_ERASE,
                      .user_enrollment = MDM_FORBIDDEN,
                      .device_channel = MDM_YES,
                      .shared_ipad = MDM_ALLOWED,
                      .shared_user_channel = MDM_NO },
             .macos = { .introduced = "10.7", .access_rights = MDM_ERASE,
                        .user_enrollment = MDM_FORBIDDEN,
                        .user_channel = MDM_NO })),
    COMMAND(.name = "Rules",
      MDM_ON(.ios = { .introduced = "11.3", .supervised = MDM_YES,
                      .automated = MDM_YES, .user_approved = MDM_YES,
                      .shared_ipad = MDM_REQUIRED },
             .tvos = { .introduced = "9.0", .shared_ipad = MDM_REQUIRED })),
    COMMAND(.name = "Owned",
      MDM_ON(.ios = { .introduced = "4.0",
                      .user_enrollment = MDM_REQUIRED,
                      .shared_ipad = MDM_FORBIDDEN },
             .macos = { .introduced = "10.7",
                        .user_enrollment = MDM_IGNORED })),
    COMMAND(.name = "Plain", EVERYWHERE),
    COMMAND(.name = "Install",
      MDM_KEYS({ .name = "Payload", .type = MDM_PROFILE }), EVERYWHERE),
    PAYLOAD(.name = "com.example.erase", .keys = erase_keys,
      MDM_ON(.ios = { .introduced = "4.0" },
             .macos = { .introduced = "10.7" })),
    NULL
};


static fixture_t  f;


static mdm_facts_t
device(mdm_platform_e platform, const char *version)
{
    return (mdm_facts_t) {
        .platform = platform, .version = mdm_version(str(version)),
        .supervised = MDM_YES, .shared_ipad = MDM_NO, .automated = MDM_YES,
        .user_approved = MDM_YES, .access_rights = 0x1fff
    };
}


static void
gate(const char *type, const char *json, mdm_facts_t facts, bool demand_facts,
    const char *lines)
{
    fixture_command(&f, type, json, "");

    mdm_schema_gate(f.check.demands, &facts, demand_facts, &f.findings);
    assert_string_equal(fixture_lines(&f), lines);
}


static void
systems_and_versions(void **state)
{
    fixture_start(&f, types);

    gate("Erase", "{}", device(MDM_IOS, "17.4"), false, "");
    gate("Erase", "{}", device(MDM_TVOS, "17.4"), false,
         "!: Erase is not available on tvOS (unavailable)\n");

    /* what is not there at all is told once */

    gate("Erase", "{'PIN': 'x', 'Plan': true}", device(MDM_WATCHOS, "11"),
         false, "!: Erase is not available on watchOS (unavailable)\n");

    gate("Erase", "{'PIN': 'x'}", device(MDM_IOS, "17.4"), false,
         "!PIN: PIN of Erase is not available on iOS (unavailable)\n");
    gate("Erase", "{'Plan': true}", device(MDM_IOS, "10.2"), false,
         "!Plan: Plan of Erase needs iOS 11.3 or later, this device has 10.2 "
         "(unavailable)\n");
    gate("Erase", "{'Plan': true}", device(MDM_IOS, "11.3"), false, "");

    gate("Erase", "{'Old': {'In': true}}", device(MDM_IOS, "11.4.1"), false,
         "");
    gate("Erase", "{'Old': {'In': true}}", device(MDM_IOS, "12.0"), false,
         "?Old: Old of Erase is deprecated since iOS 12 (deprecated)\n");
    gate("Erase", "{'Old': {'In': true}}", device(MDM_IOS, "14.2.1"), false,
         "!Old: Old of Erase was removed in iOS 14.2.1, this device has 14.2.1"
         " (unavailable)\n");

    fixture_end(&f);
}


/* One profile for Macs and iPhones, old and new. */

static void
keys_of_payloads_are_passed_over(void **state)
{
    mdm_facts_t  facts;

    static const char  json[] = "{'Payload': {'PayloadIdentifier': 'x',"
        " 'PayloadContent': [{'PayloadType': 'com.example.erase',"
        " 'PIN': 'x', 'Plan': true, 'Old': {}, 'Strict': true}]}}";

#define KEY(level, key, said, code)                                           \
    level "Payload.PayloadContent[0]." key ": " key " of com.example.erase "  \
    said " (" code ")\n"
#define PASSES(key, said) KEY("?", key, said ": the device passes over it",  \
                              "ignored")

    fixture_start(&f, types);

    gate("Install", json, device(MDM_IOS, "10.2"), false,
         PASSES("PIN", "is not available on iOS")
         PASSES("Plan", "needs iOS 11.3 or later, this device has 10.2"));
    gate("Install", json, device(MDM_IOS, "17.4"), false,
         PASSES("PIN", "is not available on iOS")
         PASSES("Old", "was removed in iOS 14.2.1, this device has 17.4"));
    gate("Install", json, device(MDM_MACOS, "14.1"), false,
         PASSES("Plan", "is not available on macOS"));

    /* what a device must be is no matter of what it knows */

    facts = device(MDM_IOS, "11.3");
    facts.supervised = MDM_NO;
    gate("Install", json, facts, false,
         PASSES("PIN", "is not available on iOS")
         KEY("!", "Strict", "needs a supervised device", "unavailable"));

    gate("Install", json, device(MDM_TVOS, "17.4"), false,
         "!Payload.PayloadContent[0]: com.example.erase is not available on "
         "tvOS (unavailable)\n");

    /* what is so by itself is asked of nobody, but by a command */

    gate("Install", "{'Payload': {'PayloadIdentifier': 'x',"
         " 'PayloadRemovalDisallowed': false, 'PayloadContent': ["
         "{'PayloadType': 'com.example.erase', 'Quiet': false}]}}",
         facts, false, "");
    gate("Install", "{'Payload': {'PayloadIdentifier': 'x',"
         " 'PayloadRemovalDisallowed': true, 'PayloadContent': ["
         "{'PayloadType': 'com.example.erase', 'Quiet': true}]}}",
         facts, false,
         "!Payload.PayloadRemovalDisallowed: PayloadRemovalDisallowed of a "
         "profile needs a supervised device (unavailable)\n"
         KEY("!", "Quiet", "needs a supervised device", "unavailable"));
    gate("Erase", "{'Quiet': false}", facts, false,
         "!Quiet: Quiet of Erase needs a supervised device (unavailable)\n");

    f.check.strict = true;
    gate("Install", json, device(MDM_MACOS, "14.1"), false,
         KEY("!", "Plan", "is not available on macOS", "unavailable"));

    fixture_end(&f);
}


static void
what_the_device_must_be(void **state)
{
    mdm_facts_t  facts;

    fixture_start(&f, types);

    facts = device(MDM_IOS, "17.4");
    facts.supervised = MDM_NO;

    gate("Erase", "{'Old': {'Deep': true}, 'Strict': true}", facts, false,
         "!Old: Old of Erase was removed in iOS 14.2.1, this device has 17.4 "
         "(unavailable)\n"
         "!Old.Deep: Old.Deep of Erase needs a supervised device "
         "(unavailable)\n"
         "!Strict: Strict of Erase needs a supervised device (unavailable)\n");

    facts.automated = MDM_NO;
    facts.user_approved = MDM_NO;

    gate("Rules", "{}", facts, false,
         "!: Rules needs a supervised device (unavailable)\n"
         "!: Rules needs Automated Device Enrolment (unavailable)\n"
         "!: Rules needs an enrolment that a user approved (unavailable)\n"
         "!: Rules is available only to a Shared iPad (Shared iPad: required)"
         " (unavailable)\n");

    facts = device(MDM_IOS, "17.4");
    facts.shared_ipad = MDM_YES;

    gate("Rules", "{}", facts, false, "");
    gate("Owned", "{}", facts, false,
         "!: Owned is available only to a user-owned enrolment (user "
         "enrolment: required) (unavailable)\n"
         "!: Owned is not available to a Shared iPad (Shared iPad: forbidden)"
         " (unavailable)\n");

    /* of what is no iPad that is known */

    gate("Rules", "{}", device(MDM_TVOS, "17"), false,
         "!: Rules is available only to a Shared iPad (Shared iPad: required)"
         " (unavailable)\n");

    fixture_end(&f);
}


static void
whose_it_is_and_which_channel(void **state)
{
    mdm_facts_t  facts;

    fixture_start(&f, types);

    facts = device(MDM_IOS, "17.4");
    facts.user_enrollment = true;
    facts.access_rights = 0;              /* which it ignores */

    gate("Erase", "{'Strict': true}", facts, false,
         "!: Erase is not available to a user-owned enrolment (user "
         "enrolment: forbidden) (unavailable)\n"
         "?Strict: Strict of Erase has no effect on a user-owned enrolment "
         "(user enrolment: ignored) (ignored)\n");

    facts = device(MDM_MACOS, "14.0");
    facts.user_enrollment = true;

    gate("Owned", "{}", facts, false,
         "?: Owned has no effect on a user-owned enrolment (user enrolment: "
         "ignored) (ignored)\n");

    facts = device(MDM_MACOS, "14.0");
    facts.user_channel = true;

    gate("Erase", "{'PIN': 'x'}", facts, false,
         "!: Erase is not available on the user channel (unavailable)\n");

    /* channels of users are a Shared iPad's */

    facts = device(MDM_IOS, "17.4");
    facts.shared_ipad = MDM_UNSAID;
    facts.user_channel = true;

    gate("Erase", "{}", facts, false,
         "!: Erase is not available on the user channel of a Shared iPad "
         "(unavailable)\n");

    fixture_end(&f);
}


static void
rights_have_names(void **state)
{
    mdm_facts_t  facts;

    fixture_start(&f, types);

    facts = device(MDM_IOS, "17.4");
    facts.access_rights = MDM_QUERY_DEVICE;

    gate("Erase", "{'Strict': true}", facts, false,
         "!: Erase needs the right to erase the device (AccessRights 8) "
         "(unavailable)\n"
         "!Strict: Strict of Erase needs the right to query network "
         "information (AccessRights 32) (unavailable)\n");

    fixture_end(&f);
}


static void
what_is_not_known_is_asked_only_when_needed(void **state)
{
    mdm_facts_t  nothing = { .platform = MDM_IOS, .access_rights = -1 };

    fixture_start(&f, types);

    gate("Plain", "{}", nothing, true, "");

    gate("Rules", "{}", nothing, false,
         "?: Rules depends on the version of its system, which is not known "
         "yet (unknown_fact)\n"
         "?: Rules depends on whether the device is supervised, which is not "
         "known yet (unknown_fact)\n"
         "?: Rules depends on whether it came by Automated Device Enrolment, "
         "which is not known yet (unknown_fact)\n"
         "?: Rules depends on whether a user approved the enrolment, which is "
         "not known yet (unknown_fact)\n"
         "?: Rules depends on whether it is a Shared iPad, which is not known "
         "yet (unknown_fact)\n");

    gate("Erase", "{'Strict': true, 'Plan': true}", nothing, true,
         "!: Erase depends on which AccessRights the enrolment has, which is "
         "not known yet (unknown_fact)\n"
         "!Strict: Strict of Erase depends on whether the device is "
         "supervised, which is not known yet (unknown_fact)\n"
         "!Plan: Plan of Erase depends on the version of its system, which is "
         "not known yet (unknown_fact)\n");

    nothing.platform = MDM_PLATFORM_UNKNOWN;

    gate("Plain", "{}", nothing, false,
         "?: the operating system of the device is not known yet "
         "(unknown_fact)\n");

    nothing.user_enrollment = true;

    gate("Erase", "{}", nothing, true,
         "!: the operating system of the device is not known yet "
         "(unknown_fact)\n"
         "!: Erase is not available to a user-owned enrolment (user "
         "enrolment: forbidden) (unavailable)\n");

    mdm_schema_gate(NULL, &nothing, true, &f.findings);

    fixture_end(&f);
}


/* As many judgements as a large profile for a large fleet takes. */

static void
ten_thousand_devices_end(void **state)
{
    unsigned     i;
    mdm_facts_t  facts;

    fixture_start(&f, types);

    fixture_command(&f, "Erase",
                    "{'PIN': 'x', 'Plan': true, 'Old': {'Deep': true},"
                    " 'Strict': true}", "");

    for (i = 0; i < 10000; i++) {
        facts = device(MDM_IOS, "17.4");
        facts.supervised = MDM_NO;
        mdm_schema_gate(f.check.demands, &facts, false, &f.findings);
    }

    assert_int_equal(f.findings.faults, 40000);

    fixture_end(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(systems_and_versions),
        cmocka_unit_test(keys_of_payloads_are_passed_over),
        cmocka_unit_test(what_the_device_must_be),
        cmocka_unit_test(whose_it_is_and_which_channel),
        cmocka_unit_test(rights_have_names),
        cmocka_unit_test(what_is_not_known_is_asked_only_when_needed),
        cmocka_unit_test(ten_thousand_devices_end)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
