
/* Options of the command line, by a table.  Which command takes which of them
 * stands in the table of commands. */


#include <getopt.h>

#include "mdm_time.h"
#include "mdmctl.h"


#define MDMCTL_MEMBER(member)  offsetof(mdmctl_options_t, member)
#define MDMCTL_NOPTIONS                                                       \
    (sizeof(mdmctl_option_table) / sizeof(mdmctl_option_table[0]))


typedef enum {
    MDMCTL_TEXT = 0,              /* const char *, the last one counts */
    MDMCTL_LIST,                  /* mdmctl_list_t */
    MDMCTL_FLAG                   /* bool */
} mdmctl_option_e;


typedef struct {
    const char           *name;
    int                   letter;         /* in the table of commands */
    mdmctl_option_e       type;
    size_t                offset;
} mdmctl_option_t;


static int mdmctl_option_index(int letter);
static int mdmctl_option_set(mdmctl_options_t *options,
    const mdmctl_option_t *option, const char *value);
static int mdmctl_option_words(mdmctl_options_t *options, int argc,
    char **argv);


static const mdmctl_option_t  mdmctl_option_table[] = {
    { "database",      'd', MDMCTL_TEXT, MDMCTL_MEMBER(database) },
    { "secret-key",    'k', MDMCTL_LIST, MDMCTL_MEMBER(secret_keys) },
    { "plugins",       'l', MDMCTL_LIST, MDMCTL_MEMBER(plugins) },
    { "help",          'h', MDMCTL_FLAG, MDMCTL_MEMBER(help) },
    { "tenant",        't', MDMCTL_TEXT, MDMCTL_MEMBER(tenant) },
    { "host",          'H', MDMCTL_LIST, MDMCTL_MEMBER(hosts) },
    { "device-ca",     'c', MDMCTL_LIST, MDMCTL_MEMBER(device_cas) },
    { "scope",         'p', MDMCTL_LIST, MDMCTL_MEMBER(scopes) },
    { "sql",           's', MDMCTL_TEXT, MDMCTL_MEMBER(sql) },
    { "token-file",    'f', MDMCTL_TEXT, MDMCTL_MEMBER(token_file) },
    { "retire",        'r', MDMCTL_FLAG, MDMCTL_MEMBER(retire) },

    { "kind",          'K', MDMCTL_TEXT, MDMCTL_MEMBER(kind) },
    { "ownership",     'O', MDMCTL_TEXT, MDMCTL_MEMBER(ownership) },
    { "state",         'S', MDMCTL_TEXT, MDMCTL_MEMBER(state) },
    { "supervised",    'v', MDMCTL_TEXT, MDMCTL_MEMBER(supervised) },
    { "seen-after",    'a', MDMCTL_TEXT, MDMCTL_MEMBER(seen_after) },
    { "seen-before",   'b', MDMCTL_TEXT, MDMCTL_MEMBER(seen_before) },
    { "user",          'u', MDMCTL_TEXT, MDMCTL_MEMBER(user) },
    { "serial",        'n', MDMCTL_TEXT, MDMCTL_MEMBER(serial) },
    { "attribute",     'A', MDMCTL_LIST, MDMCTL_MEMBER(attributes) },
    { "request-type",  'q', MDMCTL_TEXT, MDMCTL_MEMBER(request_type) },

    { "no-push",       'N', MDMCTL_FLAG, MDMCTL_MEMBER(no_push) },
    { "priority",      'P', MDMCTL_TEXT, MDMCTL_MEMBER(priority) },
    { "not-before-in", 'B', MDMCTL_TEXT, MDMCTL_MEMBER(not_before_in) },
    { "expires-in",    'E', MDMCTL_TEXT, MDMCTL_MEMBER(expires_in) },
    { "dedupe-key",    'D', MDMCTL_TEXT, MDMCTL_MEMBER(dedupe_key) },
    { "device",        'i', MDMCTL_TEXT, MDMCTL_MEMBER(device) },
    { "force",         'F', MDMCTL_FLAG, MDMCTL_MEMBER(force) },
    { "gone",          'g', MDMCTL_FLAG, MDMCTL_MEMBER(gone) },

    { "vendor-certificate", 'V', MDMCTL_LIST,
      MDMCTL_MEMBER(vendor_certificates) },
    { "vendor-key",    'Y', MDMCTL_TEXT, MDMCTL_MEMBER(vendor_key) },
    { "common-name",   'I', MDMCTL_TEXT, MDMCTL_MEMBER(common_name) },
    { "email",         'm', MDMCTL_TEXT, MDMCTL_MEMBER(email) },
    { "country",       'y', MDMCTL_TEXT, MDMCTL_MEMBER(country) },
    { "account",       'M', MDMCTL_TEXT, MDMCTL_MEMBER(account) },
    { "note",          'o', MDMCTL_TEXT, MDMCTL_MEMBER(note) },
    { "output",        'U', MDMCTL_TEXT, MDMCTL_MEMBER(output) },
    { "development",   'L', MDMCTL_FLAG, MDMCTL_MEMBER(development) },
    { "new-topic",     'x', MDMCTL_FLAG, MDMCTL_MEMBER(new_topic) },
    { "older",         'e', MDMCTL_FLAG, MDMCTL_MEMBER(older) },

    { "after",         'C', MDMCTL_TEXT, MDMCTL_MEMBER(after) },
    { "type",          'T', MDMCTL_LIST, MDMCTL_MEMBER(types) },
    { "follow",        'w', MDMCTL_FLAG, MDMCTL_MEMBER(follow) },
    { "actor",         'R', MDMCTL_TEXT, MDMCTL_MEMBER(actor) },
    { "action",        'X', MDMCTL_TEXT, MDMCTL_MEMBER(action) },
    { "since",         'z', MDMCTL_TEXT, MDMCTL_MEMBER(since) },
    { "json",          'j', MDMCTL_FLAG, MDMCTL_MEMBER(json) },

    { "apns",          'G', MDMCTL_TEXT, MDMCTL_MEMBER(apns) },
    { "proxy",         'Q', MDMCTL_TEXT, MDMCTL_MEMBER(proxy) },
    { "trusted-certificate",
                       'Z', MDMCTL_TEXT, MDMCTL_MEMBER(trusted_certificate) },
    { "timeout",       'W', MDMCTL_TEXT, MDMCTL_MEMBER(timeout) },
};


int
mdmctl_options_read(mdmctl_options_t *options, int argc, char **argv)
{
    int                     c, n;
    size_t                  i;
    struct option           table[MDMCTL_NOPTIONS + 1];
    const mdmctl_option_t  *option;

    memset(options, 0, sizeof(mdmctl_options_t));
    memset(table, 0, sizeof(table));

    for (i = 0; i < MDMCTL_NOPTIONS; i++) {
        option = &mdmctl_option_table[i];
        table[i].name = option->name;
        table[i].has_arg = option->type == MDMCTL_FLAG ? no_argument
                                                       : required_argument;
    }

    while ((c = getopt_long(argc, argv, "ho:", table, &n)) != -1) {

        if (c == '?') {
            fputs("mdmctl: \"mdmctl help\" shows the options\n", stderr);
            return MDMCTL_USAGE;
        }

        if (c == 'h') {
            options->help = true;
            continue;
        }

        if (c == 'o') {
            n = mdmctl_option_index('U');
        }

        options->given[n] = true;

        if (mdmctl_option_set(options, &mdmctl_option_table[n], optarg)
            != MDMCTL_OK)
        {
            return MDMCTL_USAGE;
        }
    }

    return mdmctl_option_words(options, argc, argv);
}


static int
mdmctl_option_index(int letter)
{
    int  i;

    for (i = 0; mdmctl_option_table[i].letter != letter; i++) {
        /* it is there */
    }

    return i;
}


static int
mdmctl_option_set(mdmctl_options_t *options, const mdmctl_option_t *option,
    const char *value)
{
    void           *member;
    mdmctl_list_t  *list;

    member = (char *) options + option->offset;

    if (option->type == MDMCTL_TEXT) {
        *(const char **) member = value;
        return MDMCTL_OK;
    }

    if (option->type == MDMCTL_FLAG) {
        *(bool *) member = true;
        return MDMCTL_OK;
    }

    list = member;

    if (list->n == MDMCTL_MAX_LIST) {
        mdmctl_error("--%s is given more than %d times", option->name,
                     MDMCTL_MAX_LIST);
        return MDMCTL_USAGE;
    }

    list->words[list->n++] = value;

    return MDMCTL_OK;
}


/* What is no option, and what the environment says. */

static int
mdmctl_option_words(mdmctl_options_t *options, int argc, char **argv)
{
    char  *env;

    if (options->database == NULL) {
        options->database = getenv("MDM_DATABASE");
    }

    env = getenv("MDM_SECRET_KEY");

    if (options->secret_keys.n == 0 && env != NULL && *env != '\0') {
        options->secret_keys.words[options->secret_keys.n++] = env;
    }

    env = getenv("MDM_PLUGINS");

    if (options->plugins.n == 0 && env != NULL && *env != '\0') {
        options->plugins.words[options->plugins.n++] = env;
    }

    for ( ; optind < argc; optind++) {
        if (options->nwords == MDMCTL_MAX_WORDS) {
            mdmctl_error("more than %d words on the command line",
                         MDMCTL_MAX_WORDS);
            return MDMCTL_USAGE;
        }

        options->words[options->nwords++] = argv[optind];
    }

    return MDMCTL_OK;
}


const char *
mdmctl_option_stray(const mdmctl_options_t *options, const char *letters)
{
    size_t                  i;
    const mdmctl_option_t  *option;

    for (i = 0; i < MDMCTL_NOPTIONS; i++) {
        option = &mdmctl_option_table[i];

        if (options->given[i] && strchr("dk", option->letter) == NULL
            && strchr(letters, option->letter) == NULL)
        {
            return option->name;
        }
    }

    return NULL;
}


int
mdmctl_option_word(const char *name, const char *value, const char *words)
{
    size_t       len;
    const char  *p;

    if (value == NULL) {
        return MDMCTL_OK;
    }

    for (p = words; *p != '\0'; p += len + (p[len] == ' ')) {
        len = strcspn(p, " ");

        if (strlen(value) == len && memcmp(value, p, len) == 0) {
            return MDMCTL_OK;
        }
    }

    mdmctl_error("--%s is one of: %s", name, words);

    return MDMCTL_USAGE;
}


int
mdmctl_option_number(const char *name, const char *value, long long min,
    long long max, long long *number)
{
    char  *end;

    if (value == NULL) {
        return MDMCTL_OK;
    }

    *number = strtoll(value, &end, 10);

    if (end == value || *end != '\0' || *number < min || *number > max) {
        mdmctl_error("--%s is a number from %lld to %lld", name, min, max);
        return MDMCTL_USAGE;
    }

    return MDMCTL_OK;
}


int
mdmctl_option_time(const char *name, const char *value, int64_t *micros)
{
    mdm_str_t  text;

    if (value == NULL) {
        return MDMCTL_OK;
    }

    text.data = (const unsigned char *) value;
    text.len = strlen(value);

    if (mdm_time_read(text, micros) != MDM_OK) {
        mdmctl_error("--%s is a time of RFC 3339, such as "
                     "2026-05-04T08:15:00Z", name);
        return MDMCTL_USAGE;
    }

    return MDMCTL_OK;
}
