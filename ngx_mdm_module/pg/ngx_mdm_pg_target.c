
/*
 * From mdm_database's connection string to places to try.  libpq would walk
 * several hosts by itself, but without a timeout in asynchronous mode, and it
 * would resolve names inside the event loop; so each host and address becomes
 * a target of its own, tried with our timer.
 */


#include "ngx_mdm_pg_internal.h"


#define NGX_MDM_PG_MAX_KEYWORDS   64
#define NGX_MDM_PG_MAX_HOSTS      16


typedef struct {
    const char  *keyword;
    const char  *value;
} ngx_mdm_pg_option_t;


static const char *ngx_mdm_pg_option(const PQconninfoOption *options,
    const char *keyword);
static char *ngx_mdm_pg_options_check(ngx_conf_t *cf,
    const PQconninfoOption *options);
static ngx_uint_t ngx_mdm_pg_is_word(const char *words, const char *value);
static char *ngx_mdm_pg_targets_add(ngx_conf_t *cf, ngx_mdm_pg_conf_t *conf,
    const PQconninfoOption *options);
static ngx_uint_t ngx_mdm_pg_list_split(ngx_conf_t *cf, const char *list,
    char **items);
static char *ngx_mdm_pg_host_add(ngx_conf_t *cf, ngx_mdm_pg_conf_t *conf,
    const PQconninfoOption *options, char *host, char *addr, char *port);
static char *ngx_mdm_pg_target_add(ngx_conf_t *cf, ngx_mdm_pg_conf_t *conf,
    const PQconninfoOption *options, const char *host, const char *addr,
    const char *port);
static char *ngx_mdm_pg_printf(ngx_conf_t *cf, const char *fmt, ...);


/* Set unless the operator says otherwise: a peer that vanished without a word
 * is noticed within the deadline, only a primary is good enough, and Kerberos
 * is left alone, for libpq would wait for its servers in the event loop. */

static const ngx_mdm_pg_option_t  ngx_mdm_pg_defaults[] = {
    { "target_session_attrs", "read-write" },
    { "keepalives_idle", "10" },
    { "keepalives_interval", "5" },
    { "keepalives_count", "3" },
    { "application_name", "ngx_mdm" },
    { "gssencmode", "disable" },
    { NULL, NULL }
};


static const ngx_mdm_pg_option_t  ngx_mdm_pg_refused[] = {
    { "user", "remove \"user\": the module logs in as mdm_device, mdm_api "
              "and mdm_job" },
    { "password", "move \"password\" into a file and name it with "
                  "\"passfile\", a line for each of mdm_device, mdm_api and "
                  "mdm_job" },
    { "connect_timeout", "remove \"connect_timeout\": use the \"timeout\" "
                         "parameter" },
    { "replication", "remove \"replication\"" },
    { "client_encoding", "remove \"client_encoding\": it is always UTF8" },
    { "service", "write the connection's parameters out instead of "
                 "\"service\"" },
    { NULL, NULL }
};


/* libpq looks at these only when it connects; the operator hears now. */

static const ngx_mdm_pg_option_t  ngx_mdm_pg_words[] = {
    { "sslmode", "disable allow prefer require verify-ca verify-full" },
    { "target_session_attrs", "any read-write read-only primary standby "
                              "prefer-standby" },
    { NULL, NULL }
};


const char *
ngx_mdm_pg_class_role(ngx_mdm_pg_class_e class)
{
    switch (class) {

    case NGX_MDM_PG_API:
        return "mdm_api";

    case NGX_MDM_PG_JOB:
    case NGX_MDM_PG_PUSH:
        return "mdm_job";

    default:
        return "mdm_device";
    }
}


char *
ngx_mdm_pg_conf_parse(ngx_conf_t *cf, ngx_mdm_pg_conf_t *conf)
{
    char              *error, *text;
    PQconninfoOption  *options;

    if (ngx_array_init(&conf->targets, cf->pool, 4,
                       sizeof(ngx_mdm_pg_target_t))
        != NGX_OK)
    {
        return "out of memory";
    }

    error = NULL;
    options = PQconninfoParse((char *) conf->conninfo.data, &error);

    if (options == NULL) {
        text = ngx_mdm_pg_printf(cf, "%s", error ? error : "out of memory");
        PQfreemem(error);
        return text;
    }

    text = ngx_mdm_pg_options_check(cf, options);
    if (text == NULL) {
        text = ngx_mdm_pg_targets_add(cf, conf, options);
    }

    PQconninfoFree(options);

    return text;
}


PGconn *
ngx_mdm_pg_target_connect(const ngx_mdm_pg_target_t *target,
    ngx_mdm_pg_class_e class)
{
    const char  *values[NGX_MDM_PG_MAX_KEYWORDS];
    ngx_uint_t   i;

    /* the first pair is the user */

    values[0] = ngx_mdm_pg_class_role(class);

    for (i = 1; target->keywords[i] != NULL; i++) {
        values[i] = target->values[i];
    }

    values[i] = NULL;

    return PQconnectStartParams(target->keywords, values, 0);
}


static const char *
ngx_mdm_pg_option(const PQconninfoOption *options, const char *keyword)
{
    for ( /* void */ ; options->keyword != NULL; options++) {
        if (ngx_strcmp(options->keyword, keyword) == 0) {
            return options->val;
        }
    }

    return NULL;
}


static char *
ngx_mdm_pg_options_check(ngx_conf_t *cf, const PQconninfoOption *options)
{
    ngx_uint_t   i;
    const char  *value;

    for (i = 0; ngx_mdm_pg_refused[i].keyword; i++) {
        if (ngx_mdm_pg_option(options, ngx_mdm_pg_refused[i].keyword)) {
            return (char *) ngx_mdm_pg_refused[i].value;
        }
    }

    if (ngx_mdm_pg_option(options, "dbname") == NULL) {
        return "add \"dbname=\": the database that \"mdmctl migrate\" set up";
    }

    for (i = 0; ngx_mdm_pg_words[i].keyword; i++) {
        value = ngx_mdm_pg_option(options, ngx_mdm_pg_words[i].keyword);

        if (value != NULL
            && !ngx_mdm_pg_is_word(ngx_mdm_pg_words[i].value, value))
        {
            return ngx_mdm_pg_printf(cf, "\"%s\" cannot be \"%s\", write one "
                                     "of: %s", ngx_mdm_pg_words[i].keyword,
                                     value, ngx_mdm_pg_words[i].value);
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_mdm_pg_is_word(const char *words, const char *value)
{
    size_t       len;
    const char  *p;

    len = ngx_strlen(value);

    for (p = words; len != 0 && p != NULL; p = strchr(p, ' ')) {
        p += (*p == ' ');

        if (ngx_strncmp(p, value, len) == 0
            && (p[len] == ' ' || p[len] == '\0'))
        {
            return 1;
        }
    }

    return 0;
}


static char *
ngx_mdm_pg_targets_add(ngx_conf_t *cf, ngx_mdm_pg_conf_t *conf,
    const PQconninfoOption *options)
{
    char        *hosts[NGX_MDM_PG_MAX_HOSTS], *addrs[NGX_MDM_PG_MAX_HOSTS];
    char        *ports[NGX_MDM_PG_MAX_HOSTS], *text;
    ngx_int_t    port;
    ngx_uint_t   i, n, nhosts, naddrs, nports;

    nhosts = ngx_mdm_pg_list_split(cf, ngx_mdm_pg_option(options, "host"),
                                   hosts);
    naddrs = ngx_mdm_pg_list_split(cf, ngx_mdm_pg_option(options, "hostaddr"),
                                   addrs);
    nports = ngx_mdm_pg_list_split(cf, ngx_mdm_pg_option(options, "port"),
                                   ports);

    n = ngx_max(nhosts, naddrs);
    n = ngx_max(n, 1);

    if (n > NGX_MDM_PG_MAX_HOSTS) {
        return "at most 16 hosts";
    }

    if ((nhosts && naddrs && nhosts != naddrs) || (nports > 1 && nports != n)) {
        return "give as many \"hostaddr\" and \"port\" as \"host\"";
    }

    for (i = 0; i < nports; i++) {
        port = ngx_atoi((u_char *) ports[i], ngx_strlen(ports[i]));

        if (port < 1 || port > 65535) {
            return ngx_mdm_pg_printf(cf, "port \"%s\" is not a number from 1 "
                                     "to 65535", ports[i]);
        }
    }

    for (i = 0; i < n; i++) {
        text = ngx_mdm_pg_host_add(cf, conf, options,
                                   i < nhosts ? hosts[i] : NULL,
                                   i < naddrs ? addrs[i] : NULL,
                                   nports == 0 ? "5432"
                                   : ports[nports == 1 ? 0 : i]);
        if (text != NULL) {
            return text;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_mdm_pg_list_split(ngx_conf_t *cf, const char *list, char **items)
{
    char        *copy, *comma;
    ngx_uint_t   n;

    if (list == NULL || *list == '\0') {
        return 0;
    }

    copy = ngx_mdm_pg_printf(cf, "%s", list);

    for (n = 0; n < NGX_MDM_PG_MAX_HOSTS; copy = comma + 1) {
        items[n++] = copy;

        comma = strchr(copy, ',');
        if (comma == NULL) {
            return n;
        }

        *comma = '\0';
    }

    return n + 1;
}


/* A socket directory and a literal address stand as they are; a name gives a
 * target for each of its addresses. */

static char *
ngx_mdm_pg_host_add(ngx_conf_t *cf, ngx_mdm_pg_conf_t *conf,
    const PQconninfoOption *options, char *host, char *addr, char *port)
{
    char        *text, *ip;
    ngx_url_t    url;
    ngx_uint_t   i;

    if (host == NULL || *host == '/' || *host == '@' || *host == '\0'
        || (addr != NULL && *addr != '\0'))
    {
        return ngx_mdm_pg_target_add(cf, conf, options, host, addr, port);
    }

    ngx_memzero(&url, sizeof(ngx_url_t));
    url.url.data = (u_char *) host;
    url.url.len = ngx_strlen(host);
    url.host = url.url;

    if (ngx_inet_resolve_host(cf->pool, &url) != NGX_OK) {
        return ngx_mdm_pg_printf(cf, "cannot resolve \"%s\": %s", host,
                                 url.err ? url.err : "no address");
    }

    for (i = 0; i < url.naddrs; i++) {
        ip = ngx_pcalloc(cf->pool, NGX_SOCKADDR_STRLEN + 1);
        if (ip == NULL) {
            return "out of memory";
        }

        ngx_sock_ntop(url.addrs[i].sockaddr, url.addrs[i].socklen,
                      (u_char *) ip, NGX_SOCKADDR_STRLEN, 0);

        text = ngx_mdm_pg_target_add(cf, conf, options, host, ip, port);
        if (text != NULL) {
            return text;
        }
    }

    return NULL;
}


static char *
ngx_mdm_pg_target_add(ngx_conf_t *cf, ngx_mdm_pg_conf_t *conf,
    const PQconninfoOption *options, const char *host, const char *addr,
    const char *port)
{
    char                    *extra;
    ngx_uint_t               i, n;
    const char             **keywords, **values;
    ngx_mdm_pg_target_t     *target;
    const PQconninfoOption  *o;

    target = ngx_array_push(&conf->targets);
    keywords = ngx_pcalloc(cf->pool, NGX_MDM_PG_MAX_KEYWORDS * sizeof(char *));
    values = ngx_pcalloc(cf->pool, NGX_MDM_PG_MAX_KEYWORDS * sizeof(char *));

    if (target == NULL || keywords == NULL || values == NULL) {
        return "out of memory";
    }

#define add(k, v)  keywords[n] = (k); values[n++] = (v)

    n = 0;
    add("user", NULL);
    add("host", host);
    add("hostaddr", addr);
    add("port", port);
    add("client_encoding", "UTF8");
    add("tcp_user_timeout", ngx_mdm_pg_printf(cf, "%M", conf->timeout));

    extra = (char *) ngx_mdm_pg_option(options, "options");
    add("options", ngx_mdm_pg_printf(cf, "%s -c statement_timeout=%M",
                                     extra ? extra : "",
                                     ngx_max(conf->timeout - 1000, 500)));

    for (i = 0; ngx_mdm_pg_defaults[i].keyword; i++) {
        if (ngx_mdm_pg_option(options, ngx_mdm_pg_defaults[i].keyword)
            == NULL)
        {
            add(ngx_mdm_pg_defaults[i].keyword, ngx_mdm_pg_defaults[i].value);
        }
    }

    for (o = options; o->keyword && n < NGX_MDM_PG_MAX_KEYWORDS - 1; o++) {
        if (o->val == NULL
            || ngx_strcmp(o->keyword, "host") == 0
            || ngx_strcmp(o->keyword, "hostaddr") == 0
            || ngx_strcmp(o->keyword, "port") == 0
            || ngx_strcmp(o->keyword, "options") == 0)
        {
            continue;
        }

        add(ngx_mdm_pg_printf(cf, "%s", o->keyword),
            ngx_mdm_pg_printf(cf, "%s", o->val));
    }

#undef add

    target->keywords = keywords;
    target->values = values;
    target->text.data = (u_char *) ngx_mdm_pg_printf(cf, "%s:%s",
                                       host && *host ? host
                                       : addr ? addr : "local socket", port);
    target->text.len = ngx_strlen(target->text.data);

    return NULL;
}


/* Terminated, in the configuration's pool. */

static char *
ngx_mdm_pg_printf(ngx_conf_t *cf, const char *fmt, ...)
{
    char     *text;
    u_char    buf[NGX_MAX_CONF_ERRSTR], *last;
    va_list   args;

    va_start(args, fmt);
    last = ngx_vslprintf(buf, buf + sizeof(buf), fmt, args);
    va_end(args);

    /* libpq ends its messages with a line feed */
    while (last > buf && last[-1] == '\n') {
        last--;
    }

    text = ngx_pnalloc(cf->pool, last - buf + 1);
    if (text == NULL) {
        return "";
    }

    ngx_memcpy(text, buf, last - buf);
    text[last - buf] = '\0';

    return text;
}
