
/*
 * The directive mdm_webhook: its parameters, and the files that it names, which
 * are read here, by the master, and never again.
 */


#include <openssl/err.h>
#include <openssl/pem.h>

#include "ngx_mdm_webhook.h"
#include "../conf/ngx_mdm_conf.h"
#include "../http/ngx_mdm_http.h"


#define NGX_MDM_WEBHOOK_TIMEOUT      10000
#define NGX_MDM_WEBHOOK_NAME_MAX     64
#define NGX_MDM_WEBHOOK_SECRET_MAX   4096

/* libcurl reads them anew for each connection, in the event loop */
#define NGX_MDM_WEBHOOK_CA_MAX       (32 * 1024)


static char *ngx_mdm_webhook_conf_url(ngx_conf_t *cf,
    ngx_mdm_webhook_conf_t *conf, ngx_str_t *value);
static char *ngx_mdm_webhook_conf_name(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf);
static char *ngx_mdm_webhook_conf_secret(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf);
static char *ngx_mdm_webhook_conf_format(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf);
static char *ngx_mdm_webhook_conf_ca(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf);
static ngx_int_t ngx_mdm_webhook_conf_read(ngx_conf_t *cf, ngx_str_t *path,
    size_t most, ngx_uint_t secret, ngx_str_t *text);
static ngx_uint_t ngx_mdm_webhook_conf_same(const ngx_str_t *a,
    const ngx_str_t *b);


static const ngx_mdm_conf_parameter_t  ngx_mdm_webhook_parameters[] = {
    { ngx_string("name"), ngx_mdm_webhook_conf_name, 0, 0, 0, NULL },
    { ngx_string("database"), ngx_mdm_conf_set_text,
      offsetof(ngx_mdm_webhook_conf_t, database), 0, 0, NULL },
    { ngx_string("tenant"), ngx_mdm_conf_set_text,
      offsetof(ngx_mdm_webhook_conf_t, tenant), 0, 0, NULL },
    { ngx_string("secret"), ngx_mdm_webhook_conf_secret, 0, 0, 0, NULL },
    { ngx_string("format"), ngx_mdm_webhook_conf_format, 0, 0, 0, NULL },
    { ngx_string("ca"), ngx_mdm_webhook_conf_ca, 0, 0, 0, NULL },
    { ngx_string("timeout"), ngx_mdm_conf_set_time,
      offsetof(ngx_mdm_webhook_conf_t, timeout), 1000, 60000, NULL },
    ngx_mdm_conf_null_parameter
};


/* mdm_webhook URL [name=] [database=] [tenant=] [secret=] [format=] [ca=]
 *             [timeout=]; */

char *
ngx_mdm_webhook_conf_add(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t               *value;
    ngx_uint_t               i;
    ngx_array_t             *webhooks;
    ngx_mdm_webhook_conf_t  *webhook, *other;

    webhooks = (ngx_array_t *) ((char *) conf + cmd->offset);

    /* in the array from the beginning, so that its secret is wiped in any
     * case */

    webhook = ngx_array_push(webhooks);
    if (webhook == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(webhook, sizeof(ngx_mdm_webhook_conf_t));
    ngx_str_set(&webhook->name, "default");
    ngx_str_set(&webhook->database, "");
    webhook->timeout = NGX_MDM_WEBHOOK_TIMEOUT;

    value = cf->args->elts;

    if (ngx_mdm_webhook_conf_url(cf, webhook, &value[1]) != NGX_CONF_OK
        || ngx_mdm_conf_parameters(cf, ngx_mdm_webhook_parameters, webhook)
           != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    other = webhooks->elts;

    for (i = 0; i < webhooks->nelts - 1; i++) {
        if (ngx_mdm_webhook_conf_same(&other[i].name, &webhook->name)
            && ngx_mdm_webhook_conf_same(&other[i].database, &webhook->database))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "two webhooks of one database are named "
                               "\"%V\": give each its own \"name=\"",
                               &webhook->name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_mdm_webhook_conf_check(ngx_conf_t *cf, const ngx_array_t *webhooks,
    const ngx_array_t *databases)
{
    ngx_uint_t               i;
    ngx_mdm_webhook_conf_t  *conf;

    conf = webhooks->elts;

    for (i = 0; i < webhooks->nelts; i++) {

        if (ngx_mdm_pg_conf_find(databases, &conf[i].database) == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the webhook \"%V\" reads from a database "
                               "that there is not: write \"database=\" with "
                               "the \"name=\" of an mdm_database",
                               &conf[i].name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


void
ngx_mdm_webhook_conf_wipe(void *webhooks)
{
    ngx_uint_t               i;
    ngx_array_t             *array;
    ngx_mdm_webhook_conf_t  *conf;

    array = webhooks;
    conf = array->elts;

    for (i = 0; i < array->nelts; i++) {
        if (conf[i].secret.len != 0) {
            ngx_explicit_memzero(conf[i].secret.data, conf[i].secret.len);
        }
    }
}


static char *
ngx_mdm_webhook_conf_url(ngx_conf_t *cf, ngx_mdm_webhook_conf_t *conf,
    ngx_str_t *value)
{
    /* words of nginx.conf end with a NUL; this one may hold a password */

    if (!ngx_mdm_http_url_valid((char *) value->data)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"mdm_webhook\" cannot post to its first word: "
                           "write an URL such as "
                           "\"https://hooks.example.com/mdm\"");
        return NGX_CONF_ERROR;
    }

    conf->url = *value;

    return NGX_CONF_OK;
}


/* It stands in paths of the API. */

static char *
ngx_mdm_webhook_conf_name(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf)
{
    ngx_mdm_webhook_conf_t  *webhook = conf;

    size_t  i;

    for (i = 0; i < value->len; i++) {
        if (!isalnum(value->data[i]) && value->data[i] != '-'
            && value->data[i] != '_')
        {
            break;
        }
    }

    if (i < value->len || value->len > NGX_MDM_WEBHOOK_NAME_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"name=%V\": a webhook's name has 1 to %d "
                           "letters, digits, \"-\" and \"_\"",
                           value, NGX_MDM_WEBHOOK_NAME_MAX);
        return NGX_CONF_ERROR;
    }

    webhook->name = *value;

    return NGX_CONF_OK;
}


static char *
ngx_mdm_webhook_conf_secret(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf)
{
    ngx_mdm_webhook_conf_t  *webhook = conf;

    ngx_str_t  *secret;

    secret = &webhook->secret;

    if (ngx_mdm_webhook_conf_read(cf, value, NGX_MDM_WEBHOOK_SECRET_MAX, 1,
                                  secret)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    while (secret->len != 0
           && (secret->data[secret->len - 1] == LF
               || secret->data[secret->len - 1] == CR))
    {
        secret->len--;
    }

    if (secret->len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"secret=%V\": the file is empty: make it with "
                           "\"openssl rand -hex 32\"", value);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_mdm_webhook_conf_format(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf)
{
    ngx_mdm_webhook_conf_t  *webhook = conf;

    if (ngx_strcmp(value->data, "nanomdm") == 0) {
        webhook->format = NGX_MDM_WEBHOOK_NANOMDM;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value->data, "event") == 0) {
        webhook->format = NGX_MDM_WEBHOOK_EVENT;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"format=%V\": write \"nanomdm\" or \"event\"",
                       value);

    return NGX_CONF_ERROR;
}


static char *
ngx_mdm_webhook_conf_ca(ngx_conf_t *cf,
    const ngx_mdm_conf_parameter_t *parameter, ngx_str_t *value, void *conf)
{
    ngx_mdm_webhook_conf_t  *webhook = conf;

    BIO   *bio;
    X509  *x509;

    if (ngx_mdm_webhook_conf_read(cf, value, NGX_MDM_WEBHOOK_CA_MAX, 0,
                                  &webhook->ca)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    bio = BIO_new_mem_buf(webhook->ca.data, (int) webhook->ca.len);
    x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();

    if (x509 == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"ca=%V\": the file has no certificate in PEM",
                           value);
        return NGX_CONF_ERROR;
    }

    X509_free(x509);

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_mdm_webhook_conf_read(ngx_conf_t *cf, ngx_str_t *path, size_t most,
    ngx_uint_t secret, ngx_str_t *text)
{
    ssize_t  n;

    text->data = ngx_pnalloc(cf->pool, most);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    n = ngx_mdm_conf_read(cf, path, secret, text->data, most);
    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    text->len = n;

    return NGX_OK;
}


static ngx_uint_t
ngx_mdm_webhook_conf_same(const ngx_str_t *a, const ngx_str_t *b)
{
    return a->len == b->len && ngx_strncmp(a->data, b->data, a->len) == 0;
}
