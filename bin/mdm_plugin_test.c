
/*
 * mdm-plugin-test PLUGIN.so [VECTOR.json]... [-- NAME=VALUE...]: the command
 * line, and what is said, which is TAP.
 */


#include "mdm_plugin_test.h"


#define MDM_TEST_PARAMETERS  32


/* Exit codes */

enum {
    MDM_TEST_PASSED = 0,
    MDM_TEST_FAILED = 1,
    MDM_TEST_USAGE = 2
};


typedef struct {
    bool                  describe;
    bool                  common;
    const char           *plugin;
    unsigned              nvectors;
    char                **vectors;
    size_t                nparameters;
    mdm_parameter_t       parameters[MDM_TEST_PARAMETERS];
} mdm_test_options_t;


static int mdm_test_options(mdm_test_options_t *options, int argc,
    char **argv);
static int mdm_test_parameters(mdm_test_options_t *options, char **words);
static int mdm_test_usage(void);
static int mdm_test_describe(const mdm_schema_t *schema);
static int mdm_test_show(json_t *json);
static int mdm_test_plugin(const mdm_test_options_t *options,
    const mdm_schema_t *schema, const mdm_plugin_file_t *file);
static bool mdm_test_vector(unsigned n, const mdm_schema_t *schema,
    const mdm_plugin_file_t *file, const char *path);
static void mdm_test_comment(const char *text);


int
main(int argc, char **argv)
{
    int                  rc;
    mdm_fault_t          fault;
    mdm_schema_t        *schema;
    mdm_plugin_file_t    file;
    mdm_test_options_t   options;

    if (mdm_test_options(&options, argc, argv) != MDM_TEST_PASSED) {
        return MDM_TEST_USAGE;
    }

    schema = mdm_schema_create();

    if (schema == NULL) {
        fputs("mdm-plugin-test: no memory\n", stderr);
        return MDM_TEST_FAILED;
    }

    if (options.common) {
        rc = mdm_test_show(mdm_schema_describe_common(schema));
        mdm_schema_destroy(schema);

        return rc;
    }

    if (mdm_plugin_load(schema, options.plugin, options.parameters,
                        options.nparameters, &file, &fault)
        != MDM_OK)
    {
        mdm_schema_destroy(schema);

        if (options.describe) {
            fprintf(stderr, "mdm-plugin-test: \"%s\": %s\n", options.plugin,
                    fault.text);
        } else {
            printf("1..1\nnot ok 1 - %s is loaded\n# %s\n", options.plugin,
                   fault.text);
        }

        return MDM_TEST_FAILED;
    }

    rc = options.describe ? mdm_test_describe(schema)
                          : mdm_test_plugin(&options, schema, &file);

    mdm_schema_destroy(schema);
    mdm_plugin_unload(&file);

    return fflush(stdout) == 0 ? rc : MDM_TEST_FAILED;
}


static int
mdm_test_options(mdm_test_options_t *options, int argc, char **argv)
{
    int  i;

    memset(options, 0, sizeof(mdm_test_options_t));

    if (argc == 2 && strcmp(argv[1], "--common") == 0) {
        options->common = true;
        return MDM_TEST_PASSED;
    }

    for (i = 1; i < argc && strcmp(argv[i], "--describe") == 0; i++) {
        options->describe = true;
    }

    if (i == argc || argv[i][0] == '-') {
        return mdm_test_usage();
    }

    options->plugin = argv[i++];
    options->vectors = &argv[i];

    while (i < argc && strcmp(argv[i], "--") != 0) {
        options->nvectors++;
        i++;
    }

    if (options->describe && options->nvectors != 0) {
        return mdm_test_usage();
    }

    return i < argc ? mdm_test_parameters(options, &argv[i + 1])
                    : MDM_TEST_PASSED;
}


static int
mdm_test_parameters(mdm_test_options_t *options, char **words)
{
    char             *equals;
    mdm_parameter_t  *parameter;

    for ( /* void */ ; *words != NULL; words++) {
        equals = strchr(*words, '=');

        if (equals == NULL || equals == *words
            || options->nparameters == MDM_TEST_PARAMETERS)
        {
            return mdm_test_usage();
        }

        parameter = &options->parameters[options->nparameters++];
        parameter->name.data = *words;
        parameter->name.len = equals - *words;
        parameter->value.data = equals + 1;
        parameter->value.len = strlen(equals + 1);
    }

    return MDM_TEST_PASSED;
}


static int
mdm_test_usage(void)
{
    fputs("usage: mdm-plugin-test PLUGIN.so [VECTOR.json]... "
          "[-- NAME=VALUE...]\n"
          "       mdm-plugin-test --describe PLUGIN.so [-- NAME=VALUE...]\n"
          "       mdm-plugin-test --common\n"
          "\nLoads a plugin as nginx would, with the parameters behind \"--\", "
          "and tries the\nvectors on it; writes TAP.  --describe shows its "
          "types as JSON, --common\nthe keys of profiles and payloads that are no "
          "plugin's.\n"
          "\nExit codes: 0 all is well; 1 something is not; 2 wrong command "
          "line.\n", stderr);

    return MDM_TEST_USAGE;
}


static int
mdm_test_describe(const mdm_schema_t *schema)
{
    size_t                    n;
    json_t                   *list;
    const mdm_schema_type_t  *type;

    list = json_array();

    for (n = 0; (type = mdm_schema_nth(schema, n)) != NULL; n++) {
        if (json_array_append_new(list, mdm_schema_describe(schema, type))
            != 0)
        {
            json_decref(list);
            return mdm_test_show(NULL);
        }
    }

    return mdm_test_show(list);
}


static int
mdm_test_show(json_t *json)
{
    if (json == NULL) {
        fputs("mdm-plugin-test: no memory\n", stderr);
        return MDM_TEST_FAILED;
    }

    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);

    return fflush(stdout) == 0 ? MDM_TEST_PASSED : MDM_TEST_FAILED;
}


static int
mdm_test_plugin(const mdm_test_options_t *options, const mdm_schema_t *schema,
    const mdm_plugin_file_t *file)
{
    bool                      ok;
    unsigned                  i;
    const mdm_schema_type_t  *type;

    printf("1..%u\n", options->nvectors + 2);
    printf("ok 1 - %s is loaded\n", options->plugin);
    printf("ok 2 - it is %s %s, and describes:\n", file->plugin->name,
           file->plugin->version);

    for (i = 0; (type = mdm_schema_nth(schema, i)) != NULL; i++) {
        printf("# %s %s%s%s\n",
               type->kind == MDM_COMMAND ? "command" : "payload", type->name,
               type->variant ? ", variant " : "",
               type->variant ? type->variant : "");
    }

    for (i = 0, ok = true; i < options->nvectors; i++) {
        ok &= mdm_test_vector(i + 3, schema, file, options->vectors[i]);
    }

    return ok ? MDM_TEST_PASSED : MDM_TEST_FAILED;
}


static bool
mdm_test_vector(unsigned n, const mdm_schema_t *schema,
    const mdm_plugin_file_t *file, const char *path)
{
    bool   ok;
    char  *what, *wrong;

    mdm_plugin_vector(schema, file, path, &what, &wrong);

    ok = wrong != NULL && *wrong == '\0';

    printf("%sok %u - %s: %s\n", ok ? "" : "not ", n, path,
           what ? what : "a vector");

    mdm_test_comment(wrong ? wrong : "no memory\n");

    free(what);
    free(wrong);

    return ok;
}


static void
mdm_test_comment(const char *text)
{
    size_t  len;

    for ( /* void */ ; *text != '\0'; text += len) {
        len = strcspn(text, "\n");
        len += text[len] == '\n';
        printf("#   %.*s", (int) len, text);
    }
}
