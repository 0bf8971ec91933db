
/*
 * The command line: options, the table of commands, help.  What a command
 * does stands in the file of its subject.
 */


#include <getopt.h>
#include <stdarg.h>

#include "mdmctl.h"


typedef struct {
    const char           *name;           /* one or two words */
    const char           *arguments;
    const char           *summary;
    unsigned              min;            /* words after the name */
    unsigned              max;
    const char           *options;        /* letters of those it takes */
    int                 (*run)(mdmctl_options_t *options);
} mdmctl_command_t;


static int mdmctl_options(int argc, char **argv, mdmctl_options_t *options,
    char *given);
static int mdmctl_list_add(mdmctl_list_t *list, const char *name,
    const char *word);
static const mdmctl_command_t *mdmctl_command(mdmctl_options_t *options);
static int mdmctl_command_check(const mdmctl_command_t *command,
    const mdmctl_options_t *options, const char *given);
static void mdmctl_help(void);
static bool mdmctl_half_command(const char *word);


static const mdmctl_command_t  mdmctl_commands[] = {

    { "migrate", "[--sql DIR]",
      "prepare the database, or bring it up to this version",
      0, 0, "s", mdmctl_migrate },

    { "tenant add", "NAME [--host HOST]... [--device-ca FILE]...",
      "make a tenant",
      1, 1, "Hc", mdmctl_tenant_add },

    { "tenant list", "",
      "show all tenants",
      0, 0, "", mdmctl_tenant_list },

    { "tenant set", "NAME --device-ca FILE [--device-ca FILE]...",
      "replace the CAs whose device certificates a tenant accepts",
      1, 1, "c", mdmctl_tenant_set },

    { "token add", "TENANT NAME [--scope SCOPE]... [--token-file FILE]",
      "make an API token, shown once, or register the one in a file",
      2, 2, "pf", mdmctl_token_add },

    { "token list", "[--tenant TENANT]",
      "show all tokens, without their text",
      0, 0, "t", mdmctl_token_list },

    { "token revoke", "TOKEN-ID",
      "make a token void",
      1, 1, "", mdmctl_token_revoke },

    { "devices", "[--tenant TENANT]",
      "show what is enrolled",
      0, 0, "t", mdmctl_devices },

    { "queue", "ID [--tenant TENANT]",
      "show the commands of a device or user: waiting, then done",
      1, 1, "t", mdmctl_queue },

    { "send", "ID... FILE [--tenant TENANT]",
      "queue a command (plist or .mobileconfig) for devices or users",
      2, MDMCTL_MAX_WORDS, "t", mdmctl_send },

    { "pushcert set", "FILE... [--tenant TENANT]",
      "store a push certificate and its private key, both in PEM",
      1, MDMCTL_MAX_WORDS, "t", mdmctl_pushcert_set },

    { "pushcert list", "[--tenant TENANT]",
      "show the push certificates, without their keys",
      0, 0, "t", mdmctl_pushcert_list },

    { "rekey", "[--retire]",
      "encrypt every stored secret with the first secret key; with --retire\n"
      "      give up the other keys, once no server has one of them first",
      0, 0, "r", mdmctl_rekey },
};

#define MDMCTL_NCOMMANDS  (sizeof(mdmctl_commands) / sizeof(mdmctl_commands[0]))


static const struct option  mdmctl_long_options[] = {
    { "database",   required_argument, NULL, 'd' },
    { "secret-key", required_argument, NULL, 'k' },
    { "tenant",     required_argument, NULL, 't' },
    { "host",       required_argument, NULL, 'H' },
    { "device-ca",  required_argument, NULL, 'c' },
    { "scope",      required_argument, NULL, 'p' },
    { "sql",        required_argument, NULL, 's' },
    { "token-file", required_argument, NULL, 'f' },
    { "retire",     no_argument,       NULL, 'r' },
    { "help",       no_argument,       NULL, 'h' },
    { NULL, 0, NULL, 0 }
};


int
main(int argc, char **argv)
{
    int                      rc;
    char                     given[16];
    mdmctl_options_t         options;
    const mdmctl_command_t  *command;

    memset(&options, 0, sizeof(options));

    rc = mdmctl_options(argc, argv, &options, given);
    if (rc != MDMCTL_OK) {
        return rc;
    }

    if (strchr(given, 'h') != NULL
        || (options.nwords > 0 && strcmp(options.words[0], "help") == 0))
    {
        mdmctl_help();
        return MDMCTL_OK;
    }

    command = mdmctl_command(&options);
    if (command == NULL) {
        return MDMCTL_USAGE;
    }

    rc = mdmctl_command_check(command, &options, given);
    if (rc != MDMCTL_OK) {
        return rc;
    }

    rc = command->run(&options);

    if (fflush(stdout) != 0 && rc == MDMCTL_OK) {
        return mdmctl_error("cannot write standard output");
    }

    return rc;
}


int
mdmctl_error(const char *fmt, ...)
{
    va_list  args;

    fflush(stdout);
    fputs("mdmctl: ", stderr);

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);

    fputc('\n', stderr);

    return MDMCTL_FAILED;
}


static int
mdmctl_options(int argc, char **argv, mdmctl_options_t *options, char *given)
{
    int     c, rc;
    char   *env;
    size_t  n;

    n = 0;
    rc = MDMCTL_OK;

    while (rc == MDMCTL_OK) {
        c = getopt_long(argc, argv, "h", mdmctl_long_options, NULL);

        if (c == -1) {
            break;
        }

        if (c == '?') {
            fputs("mdmctl: \"mdmctl help\" shows the options\n", stderr);
            return MDMCTL_USAGE;
        }

        given[n] = '\0';

        if (memchr(given, c, n) == NULL) {
            given[n++] = (char) c;
        }

        switch (c) {
        case 'd': options->database = optarg; break;
        case 't': options->tenant = optarg; break;
        case 's': options->sql = optarg; break;
        case 'f': options->token_file = optarg; break;
        case 'r': options->retire = true; break;
        case 'k':
            rc = mdmctl_list_add(&options->secret_keys, "secret-key", optarg);
            break;
        case 'H':
            rc = mdmctl_list_add(&options->hosts, "host", optarg);
            break;
        case 'c':
            rc = mdmctl_list_add(&options->device_cas, "device-ca", optarg);
            break;
        case 'p':
            rc = mdmctl_list_add(&options->scopes, "scope", optarg);
            break;
        }
    }

    given[n] = '\0';

    if (options->database == NULL) {
        options->database = getenv("MDM_DATABASE");
    }

    env = getenv("MDM_SECRET_KEY");

    if (options->secret_keys.n == 0 && env != NULL && *env != '\0') {
        rc = mdmctl_list_add(&options->secret_keys, "secret-key", env);
    }

    for ( ; optind < argc; optind++) {
        if (options->nwords == MDMCTL_MAX_WORDS) {
            mdmctl_error("more than %d words on the command line",
                         MDMCTL_MAX_WORDS);
            return MDMCTL_USAGE;
        }

        options->words[options->nwords++] = argv[optind];
    }

    return rc;
}


static int
mdmctl_list_add(mdmctl_list_t *list, const char *name, const char *word)
{
    if (list->n == MDMCTL_MAX_LIST) {
        mdmctl_error("--%s is given more than %d times", name,
                     MDMCTL_MAX_LIST);
        return MDMCTL_USAGE;
    }

    list->words[list->n++] = word;

    return MDMCTL_OK;
}


/* Finds the command and takes its name off the words. */

static const mdmctl_command_t *
mdmctl_command(mdmctl_options_t *options)
{
    char                     name[64];
    unsigned                 i, n;
    const mdmctl_command_t  *command;

    if (options->nwords == 0) {
        mdmctl_error("no command given; \"mdmctl help\" shows them");
        return NULL;
    }

    for (i = 0; i < MDMCTL_NCOMMANDS; i++) {
        command = &mdmctl_commands[i];
        n = strchr(command->name, ' ') != NULL ? 2 : 1;

        if (options->nwords < n) {
            continue;
        }

        snprintf(name, sizeof(name), n == 2 ? "%s %s" : "%s",
                 options->words[0], n == 2 ? options->words[1] : "");

        if (strcmp(name, command->name) != 0) {
            continue;
        }

        options->nwords -= n;
        memmove(options->words, options->words + n,
                options->nwords * sizeof(char *));

        return command;
    }

    if (options->nwords == 1 && mdmctl_half_command(options->words[0])) {
        return NULL;
    }

    mdmctl_error("there is no command \"%s%s%s\"; \"mdmctl help\" shows them",
                 options->words[0], options->nwords > 1 ? " " : "",
                 options->nwords > 1 ? options->words[1] : "");

    return NULL;
}


/* The first of two words, alone: says which second ones there are. */

static bool
mdmctl_half_command(const char *word)
{
    size_t    len;
    unsigned  i, n;

    n = 0;
    len = strlen(word);

    for (i = 0; i < MDMCTL_NCOMMANDS; i++) {

        if (strncmp(mdmctl_commands[i].name, word, len) == 0
            && mdmctl_commands[i].name[len] == ' ')
        {
            fprintf(stderr, "%s mdmctl %s %s\n", n++ ? "      " : "usage:",
                    mdmctl_commands[i].name, mdmctl_commands[i].arguments);
        }
    }

    return n > 0;
}


static int
mdmctl_command_check(const mdmctl_command_t *command,
    const mdmctl_options_t *options, const char *given)
{
    const struct option  *option;

    if (options->nwords < command->min || options->nwords > command->max) {
        mdmctl_error("usage: mdmctl %s %s", command->name, command->arguments);
        return MDMCTL_USAGE;
    }

    for (option = mdmctl_long_options; option->name != NULL; option++) {

        if (strchr("dkh", option->val) != NULL
            || strchr(given, option->val) == NULL
            || strchr(command->options, option->val) != NULL)
        {
            continue;
        }

        mdmctl_error("\"%s\" takes no --%s", command->name, option->name);
        return MDMCTL_USAGE;
    }

    return MDMCTL_OK;
}


static void
mdmctl_help(void)
{
    unsigned  i;

    puts("usage: mdmctl [OPTION]... COMMAND ...\n\nCommands:");

    for (i = 0; i < MDMCTL_NCOMMANDS; i++) {
        printf("  %s %s\n      %s\n", mdmctl_commands[i].name,
               mdmctl_commands[i].arguments, mdmctl_commands[i].summary);
    }

    puts("\nOptions of every command:\n"
         "  --database CONNINFO\n"
         "      where PostgreSQL is: \"host=/run/postgresql dbname=mdm\";\n"
         "      otherwise the environment's MDM_DATABASE\n"
         "  --secret-key FILE\n"
         "      64 hexadecimal digits, as \"openssl rand -hex 32\" prints;\n"
         "      may be repeated: the first encrypts, all decrypt;\n"
         "      otherwise the environment's MDM_SECRET_KEY\n"
         "\nA token's scopes are \"read\", \"command\" and \"admin\" (all "
         "of them, the default).");
}
