
/*
 * The command line: options, the table of commands, help.  What a command
 * does stands in the file of its subject.
 */


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


static const mdmctl_command_t *mdmctl_command(mdmctl_options_t *options);
static int mdmctl_command_check(const mdmctl_command_t *command,
    const mdmctl_options_t *options);
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

    { "tenant set", "NAME [POLICY=VALUE]... [--host HOST]... "
      "[--device-ca FILE]...",
      "change a tenant's policies (strict=on or off, unknown_facts=warn or\n"
      "      refuse, access_rights=NUMBER or unknown); replace its hosts, or the\n"
      "      CAs whose device certificates it accepts",
      1, MDMCTL_MAX_WORDS, "Hc", mdmctl_tenant_set },

    { "token add", "TENANT NAME [--scope SCOPE]... [--token-file FILE]",
      "make an API token, shown once, or register the one in a file",
      2, 2, "pf", mdmctl_token_add },

    { "token list", "[--tenant TENANT]",
      "show all tokens, without their text",
      0, 0, "t", mdmctl_token_list },

    { "token revoke", "TOKEN-ID",
      "make a token void",
      1, 1, "", mdmctl_token_revoke },

    { "devices", "[--kind KIND] [--ownership OWNERSHIP] [--state STATE]\n"
      "      [--supervised true|false] [--seen-after TIME] [--seen-before TIME]"
      "\n      [--serial SERIAL] [--user SHORT-NAME] "
      "[--attribute NAME=VALUE]...\n      [--tenant TENANT]",
      "show what is enrolled and fits; \"*\" at the end of a text stands for\n"
      "      anything",
      0, 0, "tKOSvabunA", mdmctl_devices },

    { "device", "ID [--tenant TENANT]",
      "show all that is known of a device or user",
      1, 1, "t", mdmctl_device },

    { "why", "ID [--tenant TENANT]",
      "tell why a device or user has not done what was asked",
      1, 1, "t", mdmctl_why },

    { "inventory", "ID [LIST [--gone]] [--tenant TENANT]",
      "show the lists that it has told, or the items of one; with --gone also\n"
      "      those that it has no more",
      1, 2, "tg", mdmctl_inventory },

    { "who", "LIST ITEM [--tenant TENANT]",
      "show which devices and users have an item in their list; \"*\" at its\n"
      "      end stands for anything",
      2, 2, "t", mdmctl_who },

    { "end", "ID [--tenant TENANT]",
      "end the management of a device: it is told to leave when it comes",
      1, 1, "t", mdmctl_end },

    { "revoke", "FINGERPRINT [--tenant TENANT]",
      "accept a device certificate (its SHA-256 in hexadecimal) no more",
      1, 1, "t", mdmctl_revoke },

    { "secret", "ID KIND [--tenant TENANT]",
      "write an unlock_token, a bootstrap_token or what a plugin put in escrow,\n"
      "      as the device gave it, to standard output",
      2, 2, "t", mdmctl_secret },

    { "queue", "ID [--tenant TENANT]",
      "show the commands of a device or user: waiting, then those done last",
      1, 1, "t", mdmctl_queue },

    { "history", "ID [--state STATE] [--request-type TYPE] [--tenant TENANT]",
      "show what became of all its commands, newest first",
      1, 1, "tSq", mdmctl_history },

    { "report", "ID UUID [--tenant TENANT]",
      "write what it reported on a command, byte for byte, to standard output",
      2, 2, "t", mdmctl_report },

    { "send", "ID... FILE [--no-push] [--priority N] "
      "[--not-before-in SECONDS]\n"
      "      [--expires-in SECONDS] [--dedupe-key KEY] [--tenant TENANT]\n"
      "      [--plugins FILES]...",
      "queue a command (plist or .mobileconfig) for devices or users",
      2, MDMCTL_MAX_WORDS, "tNPBEDl", mdmctl_send },

    { "command", "UUID [--tenant TENANT]",
      "show what became of a command at each of its targets",
      1, 1, "t", mdmctl_command_show },

    { "payload", "UUID [--tenant TENANT]",
      "write a command, as devices get it, to standard output",
      1, 1, "t", mdmctl_payload },

    { "cancel", "UUID... | --device ID [UUID...] [--force] [--tenant TENANT]",
      "withdraw commands, at all targets or at one; without a UUID all that\n"
      "      waits there; with --force also what was delivered",
      0, MDMCTL_MAX_WORDS, "tiF", mdmctl_cancel },

    { "release", "UUID [--device ID] [--tenant TENANT]",
      "let a command go out again where it is STALLED",
      1, 1, "ti", mdmctl_release },

    { "events", "[--after ID] [--type TYPE]... [--device ID] [--follow]\n"
      "      [--tenant TENANT]",
      "write events as JSON, one a line, the oldest first; --after the id of\n"
      "      one, or \"now\"",
      0, 0, "tCTiw", mdmctl_events },

    { "audit", "[--device ID] [--actor NAME] [--action ACTION] "
      "[--tenant TENANT]",
      "show who did what, newest first",
      0, 0, "tiRX", mdmctl_audit },

    { "webhook list", "[--tenant TENANT]",
      "show how the webhooks do that get events of the tenant",
      0, 0, "t", mdmctl_webhook_list },

    { "webhook failures", "NAME [--tenant TENANT]",
      "show the events that a receiver would not take, newest first",
      1, 1, "t", mdmctl_webhook_failures },

    { "webhook replay", "NAME --since TIME [--tenant TENANT]",
      "have the tenant's events from a time on sent once more",
      1, 1, "tz", mdmctl_webhook_replay },

    { "pushcert request", "[--common-name NAME] [--email ADDRESS] "
      "[--country CC]\n"
      "      [--account ACCOUNT] [--note TEXT] [--vendor-certificate FILE]...\n"
      "      [--vendor-key FILE] [-o FILE] [--tenant TENANT]",
      "make a key, and write a request for a push certificate: for the vendor\n"
      "      to sign or, with his certificate and key, signed for Apple",
      0, 0, "tImyMoVYU", mdmctl_pushcert_request },

    { "pushcert requests", "[--tenant TENANT]",
      "show the requests whose certificate has not come yet",
      0, 0, "t", mdmctl_pushcert_requests },

    { "pushcert forget", "KEY [--tenant TENANT]",
      "give up a request and its key",
      1, 1, "t", mdmctl_pushcert_forget },

    { "pushcert store", "FILE... [--account ACCOUNT] [--note TEXT] "
      "[--development]\n"
      "      [--new-topic] [--older] [--tenant TENANT]",
      "store a push certificate in PEM, with its private key unless a request\n"
      "      made here has it",
      1, MDMCTL_MAX_WORDS, "tMoLxe", mdmctl_pushcert_store },

    { "pushcert list", "[--tenant TENANT]",
      "show the push certificates, without their keys",
      0, 0, "t", mdmctl_pushcert_list },

    { "push show", "TOPIC [--tenant TENANT]",
      "show all that is known of a topic, and which of its devices Apple\n"
      "      refused for good",
      1, 1, "t", mdmctl_push_show },

    { "push resume", "TOPIC [ID]... [--tenant TENANT]",
      "have a topic pushed again that was stopped, or only these devices",
      1, MDMCTL_MAX_WORDS, "t", mdmctl_push_resume },

    { "push send", "ID... [--tenant TENANT]",
      "push devices or users, whether commands wait or not, and show what Apple\n"
      "      answers",
      1, MDMCTL_MAX_WORDS, "t", mdmctl_push_send },

    { "push", "[--tenant TENANT]",
      "show how pushes do, by topic",
      0, 0, "t", mdmctl_push },

    { "plugins", "[FILE]... [--json] [--plugins FILES]...",
      "show the plugins in files, or in those of --plugins, and what each of\n"
      "      them describes",
      0, MDMCTL_MAX_WORDS, "lj", mdmctl_plugins },

    { "check network", "[--apns HOST[:PORT]] [--proxy [USER:PASSWORD@]HOST:PORT]"
      "\n      [--trusted-certificate FILE] [--timeout SECONDS]",
      "try the way from this machine to Apple's push service, step by step;\n"
      "      needs no database",
      0, 0, "GQZW", mdmctl_check_network },

    { "rekey", "[--retire]",
      "encrypt every stored secret with the first secret key; with --retire\n"
      "      give up the other keys, once no server has one of them first",
      0, 0, "r", mdmctl_rekey },
};

#define MDMCTL_NCOMMANDS  (sizeof(mdmctl_commands) / sizeof(mdmctl_commands[0]))


int
main(int argc, char **argv)
{
    int                      rc;
    mdmctl_options_t         options;
    const mdmctl_command_t  *command;

    rc = mdmctl_options_read(&options, argc, argv);
    if (rc != MDMCTL_OK) {
        return rc;
    }

    if (options.help
        || (options.nwords > 0 && strcmp(options.words[0], "help") == 0))
    {
        mdmctl_help();
        return MDMCTL_OK;
    }

    command = mdmctl_command(&options);
    if (command == NULL) {
        return MDMCTL_USAGE;
    }

    rc = mdmctl_command_check(command, &options);
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
    const mdmctl_options_t *options)
{
    const char  *stray;

    if (options->nwords < command->min || options->nwords > command->max) {
        mdmctl_error("usage: mdmctl %s %s", command->name, command->arguments);
        return MDMCTL_USAGE;
    }

    stray = mdmctl_option_stray(options, command->options);

    if (stray != NULL) {
        mdmctl_error("\"%s\" takes no --%s", command->name, stray);
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
         "\nFILES is a file or a pattern; without --plugins the environment's "
         "MDM_PLUGINS, or\n" MDM_PLUGIN_DIR "/*.so.\n"
         "\nID is written as in the API: UDID, EnrollmentID, UDID:UserID, ...  "
         "TIME is\n"
         "RFC 3339: 2026-05-04T08:15:00Z.  A token's scopes are \"read\", "
         "\"command\",\n"
         "\"destructive\", \"secrets\", \"admin\" (all of these, the default) "
         "and \"host\"\n(other tenants, too).\n"
         "\nExit codes: 0 done; 1 failed, or not for all; 2 wrong command "
         "line.");
}
