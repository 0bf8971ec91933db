
/*
 * The list of metrics: each with its meaning, and where its numbers come from.
 * Those of pushes are in ngx_mdm_metrics_push.c.  docs/metrics.md says what to
 * do about them.
 */


#include "ngx_mdm_metrics_list.h"


typedef struct {
    const char                 *name;
    const char                 *label;        /* NULL: none */
    const char                 *help;
    unsigned                    counter:1;
} ngx_mdm_metrics_known_t;


static ngx_int_t ngx_mdm_metrics_collect(ngx_mdm_metrics_all_t *all,
    ngx_pool_t *pool);
static void ngx_mdm_metrics_process(ngx_mdm_metrics_all_t *all);
static void ngx_mdm_metrics_requests(ngx_mdm_metrics_all_t *all);
static void ngx_mdm_metrics_api(ngx_mdm_metrics_all_t *all);
static void ngx_mdm_metrics_identities(ngx_mdm_metrics_all_t *all);
static void ngx_mdm_metrics_effects(ngx_mdm_metrics_all_t *all);
static void ngx_mdm_metrics_engine(ngx_mdm_metrics_all_t *all);
static void ngx_mdm_metrics_cached(ngx_mdm_metrics_all_t *all);
static void ngx_mdm_metrics_connections(ngx_mdm_metrics_all_t *all);
static void ngx_mdm_metrics_by_class(ngx_mdm_metrics_all_t *all,
    const char *name, const char *type, const char *help, size_t offset,
    unsigned gauge);
static void ngx_mdm_metrics_calls(ngx_mdm_metrics_all_t *all);
static void ngx_mdm_metrics_batches(ngx_mdm_metrics_all_t *all);
static void ngx_mdm_metrics_sampled(ngx_mdm_metrics_all_t *all);
static void ngx_mdm_metrics_sample(ngx_mdm_metrics_all_t *all,
    const ngx_mdm_metrics_known_t *known);
static ngx_uint_t ngx_mdm_metrics_is_number(const u_char *value);


static const char *const  ngx_mdm_metrics_kinds[] = {
    "unknown", "checkin", "idle", "report"
};

static const char *const  ngx_mdm_metrics_threads[] = {
    "event_loop", "pool", "refused"
};

static const char *const  ngx_mdm_metrics_loads[] = {
    "found", "unknown", "failed"
};


/* Rows of mdm.metric: their name there and here, and what their label is
 * called.  A row that is not in this table is not shown. */

static const ngx_mdm_metrics_known_t  ngx_mdm_metrics_known[] = {

    { "tenants", NULL, "Tenants.", 0 },

    { "enrollments", "state",
      "Devices and users by the state of their enrolment.", 0 },

    { "queue_commands", "state",
      "Commands that are not final, by state, one for each target.", 0 },

    { "pushes_wanted", NULL, "Channels that are to be woken.", 0 },

    { "push_oldest_seconds", NULL,
      "For how long the oldest push is overdue whose topic has a "
      "certificate.", 0 },

    { "pushes_without_certificate", NULL,
      "Channels that are to be woken and whose topic has no push "
      "certificate; 10000 is as far as is counted.", 0 },

    { "push_channels_stopped", NULL,
      "Channels that Apple refused to push to.", 0 },

    { "push_topics_stopped", NULL,
      "Topics of which nothing is pushed until somebody acts.", 0 },

    { "push_followed_ratio", NULL,
      "The share of accepted pushes that a contact followed.", 0 },

    { "certificates_expiring", "days",
      "Bound certificates of devices that expire within so many days, or "
      "have expired (0); 10000 is as far as is counted.", 0 },

    { "push_certificates_expiring", "days",
      "Push certificates that expire within so many days, or have expired "
      "(0); 10000 is as far as is counted.", 0 },

    { "push_certificate_days_left", NULL,
      "Whole days until the first push certificate expires.", 0 },

    { "signing_certificate_days_left", NULL,
      "Whole days until the first signing certificate expires.", 0 },

    { "webhook_lag_seconds", "webhook",
      "For how long the oldest event that is not delivered has waited.", 0 },

    { "webhook_delivered_total", "webhook", "Events delivered.", 1 },

    { "webhook_failing", "webhook",
      "1 while the webhook's last attempt has failed.", 0 },

    { "table_rows", "table",
      "Rows of a table by PostgreSQL's own estimate.", 0 },

    { "sampled_ratio", "table",
      "The part of a table that was looked at; below 1 the numbers taken "
      "from it are estimates.", 0 }
};


ngx_int_t
ngx_mdm_metrics_text(ngx_pool_t *pool, ngx_mdm_main_conf_t *mcf,
    ngx_mdm_text_t *text)
{
    ngx_mdm_metrics_all_t  all;

    ngx_memzero(text, sizeof(ngx_mdm_text_t));
    text->pool = pool;

    all.text = text;
    all.mcf = mcf;

    if (ngx_mdm_metrics_collect(&all, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_mdm_metrics_process(&all);
    ngx_mdm_metrics_requests(&all);
    ngx_mdm_metrics_api(&all);
    ngx_mdm_metrics_identities(&all);
    ngx_mdm_metrics_engine(&all);
    ngx_mdm_metrics_connections(&all);
    ngx_mdm_metrics_calls(&all);
    ngx_mdm_metrics_batches(&all);
    ngx_mdm_metrics_push(&all);
    ngx_mdm_metrics_sampled(&all);

    return text->failed ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_mdm_metrics_collect(ngx_mdm_metrics_all_t *all, ngx_pool_t *pool)
{
    ngx_uint_t              i;
    ngx_core_conf_t        *ccf;
    ngx_mdm_metrics_t      *metrics;
    ngx_mdm_pg_conf_t      *db;
    ngx_mdm_metrics_sum_t  *sum;

    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                           ngx_core_module);
    metrics = all->mcf->metrics;
    db = all->mcf->databases.elts;

    all->workers = ccf->master ? ccf->worker_processes : 1;
    all->n = all->mcf->databases.nelts;
    all->route = ngx_palloc(pool, sizeof(ngx_mdm_route_counters_t));
    all->databases = ngx_palloc(pool, all->n * sizeof(ngx_mdm_metrics_sum_t));

    if (all->route == NULL || all->databases == NULL) {
        return NGX_ERROR;
    }

    ngx_mdm_metrics_sum_route(metrics, all->route);

    for (i = 0; i < all->n; i++) {
        sum = &all->databases[i];

        sum->name = ngx_mdm_text_escape(all->text, db[i].name);
        ngx_mdm_metrics_sum_database(metrics, i, all->workers,
                                     &sum->counters, &sum->gauges);
        ngx_mdm_metrics_samples(metrics, i, &sum->samples);
    }

    return NGX_OK;
}


static void
ngx_mdm_metrics_process(ngx_mdm_metrics_all_t *all)
{
    ngx_mdm_text_t  *text;

    text = all->text;

    ngx_mdm_text_metric(text, "build_info", "gauge",
                        "Always 1; the labels say what runs.");
    ngx_mdm_text(text, "mdm_build_info{version=\"%s\",revision=\"%d\"} 1\n",
                 NGX_MDM_VERSION, NGX_MDM_REVISION);

    ngx_mdm_text_metric(text, "start_time_seconds", "gauge",
                        "Since when is counted, in seconds since 1970.");
    ngx_mdm_text(text, "mdm_start_time_seconds %T\n",
                 ngx_mdm_metrics_started(all->mcf->metrics));

    ngx_mdm_text_metric(text, "reloads_total", "counter",
                        "Configurations taken since then.");
    ngx_mdm_text(text, "mdm_reloads_total %ui\n",
                 ngx_mdm_metrics_reloads(all->mcf->metrics));

    ngx_mdm_text_metric(text, "workers", "gauge",
                        "Workers that this configuration has.");
    ngx_mdm_text(text, "mdm_workers %ui\n", all->workers);
}


static void
ngx_mdm_metrics_requests(ngx_mdm_metrics_all_t *all)
{
    u_char           labels[64];
    ngx_uint_t       i, k;
    const char      *message, *status;
    ngx_mdm_text_t  *text;

    text = all->text;

    ngx_mdm_text_metric(text, "requests_total", "counter",
                        "Requests of devices by message and status sent.");

    for (i = 0; i < NGX_MDM_METRICS_MESSAGES; i++) {
        message = (i == NGX_MDM_METRICS_UNKNOWN) ? "unknown"
                                                 : mdm_message_type_name(i);

        for (k = 0; k < NGX_MDM_METRICS_STATUSES; k++) {
            if (all->route->requests[i][k] != 0) {
                ngx_mdm_text(text, "mdm_requests_total{message=\"%s\","
                             "status=\"%s\"} %uA\n", message,
                             ngx_mdm_metrics_status_name(k),
                             all->route->requests[i][k]);
            }
        }
    }

    ngx_mdm_text_metric(text, "request_duration_seconds", "histogram",
                        "From a device's first byte to the end of the "
                        "answer.");

    for (i = 0; i < NGX_MDM_NKINDS; i++) {
        *ngx_sprintf(labels, "kind=\"%s\"", ngx_mdm_metrics_kinds[i]) = '\0';
        ngx_mdm_text_histogram(text, "request_duration_seconds", labels,
                               all->route->times[i], ngx_mdm_time_bounds,
                               NGX_MDM_TIME_BOUNDS, 1000);
    }

    ngx_mdm_text_metric(text, "guarded_total", "counter",
                        "Statuses that nginx was about to send to a device "
                        "and that left as 503.");

    for (k = 0; k < NGX_MDM_METRICS_STATUSES; k++) {
        status = ngx_mdm_metrics_status_name(k);

        if (all->route->guarded[k] != 0
            || ngx_mdm_guard_is_order(ngx_atoi((u_char *) status, 3)))
        {
            ngx_mdm_text(text, "mdm_guarded_total{status=\"%s\"} %uA\n",
                         status, all->route->guarded[k]);
        }
    }
}


static void
ngx_mdm_metrics_api(ngx_mdm_metrics_all_t *all)
{
    u_char       name[128];
    ngx_uint_t   i, k;

    ngx_mdm_text_metric(all->text, "api_requests_total", "counter",
                        "Requests of the API by operation and status sent.");

    for (i = 0; i <= NGX_MDM_METRICS_OPERATIONS; i++) {
        for (k = 0; k < NGX_MDM_METRICS_STATUSES; k++) {

            if (all->route->api[i][k] == 0) {
                continue;
            }

            ngx_mdm_api_operation_name(i, name, sizeof(name));

            ngx_mdm_text(all->text, "mdm_api_requests_total{operation=\"%s\","
                         "status=\"%s\"} %uA\n", name,
                         ngx_mdm_metrics_status_name(k),
                         all->route->api[i][k]);
        }
    }
}


static void
ngx_mdm_metrics_identities(ngx_mdm_metrics_all_t *all)
{
    ngx_uint_t              i, k;
    ngx_mdm_metrics_sum_t  *db;

    ngx_mdm_text_metric(all->text, "identities_refused_total", "counter",
                        "Messages whose sender was not taken for who it says "
                        "it is, by reason.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        for (k = NGX_MDM_REFUSAL_NONE + 1; k < NGX_MDM_NREFUSALS; k++) {
            ngx_mdm_text(all->text, "mdm_identities_refused_total{database="
                         "\"%s\",reason=\"%s\"} %uA\n", db->name,
                         ngx_mdm_refusal_name(k), db->counters.refused[k]);
        }
    }

    ngx_mdm_text_metric(all->text, "certificate_lookups_total", "counter",
                        "Certificates looked for in a worker's cache of "
                        "parsed ones.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        ngx_mdm_text(all->text, "mdm_certificate_lookups_total{database="
                     "\"%s\",result=\"hit\"} %uA\n"
                     "mdm_certificate_lookups_total{database="
                     "\"%s\",result=\"miss\"} %uA\n",
                     db->name, db->counters.certificates[0],
                     db->name, db->counters.certificates[1]);
    }

    ngx_mdm_metrics_effects(all);
}


static void
ngx_mdm_metrics_effects(ngx_mdm_metrics_all_t *all)
{
    ngx_uint_t              i;
    ngx_mdm_metrics_sum_t  *db;

    ngx_mdm_text_metric(all->text, "request_type_lookups_total", "counter",
                        "Request types of reports looked for in a worker's "
                        "memory of what it delivered.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        ngx_mdm_text(all->text, "mdm_request_type_lookups_total{database="
                     "\"%s\",result=\"hit\"} %uA\n"
                     "mdm_request_type_lookups_total{database="
                     "\"%s\",result=\"miss\"} %uA\n",
                     db->name, db->counters.request_types[0],
                     db->name, db->counters.request_types[1]);
    }

    ngx_mdm_text_metric(all->text, "report_effects_total", "counter",
                        "Reports that changed something besides, and those "
                        "whose handler failed.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        ngx_mdm_text(all->text, "mdm_report_effects_total{database="
                     "\"%s\",result=\"made\"} %uA\n"
                     "mdm_report_effects_total{database="
                     "\"%s\",result=\"failed\"} %uA\n",
                     db->name, db->counters.effects[0],
                     db->name, db->counters.effects[1]);
    }
}


static void
ngx_mdm_metrics_engine(ngx_mdm_metrics_all_t *all)
{
    u_char                  labels[NGX_MDM_METRICS_LABEL];
    ngx_uint_t              i, k;
    ngx_mdm_metrics_sum_t  *db;

    ngx_mdm_text_metric(all->text, "reports_total", "counter",
                        "Messages of the command cycle by what the device "
                        "says.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        for (k = 0; k <= MDM_STATUS_UNREADABLE; k++) {
            ngx_mdm_text(all->text, "mdm_reports_total{database=\"%s\","
                         "status=\"%s\"} %uA\n", db->name,
                         mdm_report_status_name(k), db->counters.reports[k]);
        }
    }

    ngx_mdm_metrics_cached(all);

    ngx_mdm_text_metric(all->text, "tenant_loads_total", "counter",
                        "Tenants read from the database by workers that did "
                        "not know them or knew an older version.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        for (k = 0; k < 3; k++) {
            ngx_mdm_text(all->text, "mdm_tenant_loads_total{database=\"%s\","
                         "result=\"%s\"} %uA\n", db->name,
                         ngx_mdm_metrics_loads[k], db->counters.loads[k]);
        }
    }

    ngx_mdm_text_metric(all->text, "thread_tasks_total", "counter",
                        "Bodies decoded, by where; refused: the pool of "
                        "threads was full.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        for (k = 0; k < NGX_MDM_NTHREADS; k++) {
            ngx_mdm_text(all->text, "mdm_thread_tasks_total{database=\"%s\","
                         "where=\"%s\"} %uA\n", db->name,
                         ngx_mdm_metrics_threads[k], db->counters.threads[k]);
        }
    }

    ngx_mdm_text_metric(all->text, "seen_flush_size", "histogram",
                        "Last contacts written to the database at once.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        ngx_snprintf(labels, sizeof(labels), "database=\"%s\"%Z", db->name);
        ngx_mdm_text_histogram(all->text, "seen_flush_size", labels,
                               db->counters.flushes, ngx_mdm_flush_bounds,
                               NGX_MDM_FLUSH_BOUNDS, 1);
    }
}


static void
ngx_mdm_metrics_cached(ngx_mdm_metrics_all_t *all)
{
    ngx_uint_t              i;
    ngx_mdm_metrics_sum_t  *db;

    ngx_mdm_text_metric(all->text, "certificates_cached", "gauge",
                        "Parsed certificates in the workers' memory.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        ngx_mdm_text(all->text, "mdm_certificates_cached{database=\"%s\"} "
                     "%uA\n", db->name, db->gauges.certificates);
    }

    ngx_mdm_text_metric(all->text, "tenants_cached", "gauge",
                        "Hosts and names of tenants in the workers' memory.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        ngx_mdm_text(all->text, "mdm_tenants_cached{database=\"%s\"} %uA\n",
                     db->name, db->gauges.tenants);
    }
}


static void
ngx_mdm_metrics_connections(ngx_mdm_metrics_all_t *all)
{
    ngx_uint_t              i;
    ngx_mdm_metrics_sum_t  *db;

    ngx_mdm_text_metric(all->text, "database_up", "gauge",
                        "1 while some worker can ask and some can write.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        ngx_mdm_text(all->text, "mdm_database_up{database=\"%s\"} %d\n",
                     db->name, db->gauges.pg.ready[NGX_MDM_PG_POLL] != 0
                               && db->gauges.pg.ready[NGX_MDM_PG_WRITE] != 0);
    }

    ngx_mdm_metrics_by_class(all, "database_connections_wanted", "gauge",
                             "Connections that the workers want to have.",
                             offsetof(ngx_mdm_engine_gauges_t, pg.wanted), 1);
    ngx_mdm_metrics_by_class(all, "database_connections", "gauge",
                             "Connections that are ready.",
                             offsetof(ngx_mdm_engine_gauges_t, pg.ready), 1);
    ngx_mdm_metrics_by_class(all, "database_calls_waiting", "gauge",
                             "Calls that wait for a connection.",
                             offsetof(ngx_mdm_engine_gauges_t, pg.waiting), 1);
    ngx_mdm_metrics_by_class(all, "database_connects_total", "counter",
                             "Connections made.",
                             offsetof(ngx_mdm_engine_counters_t, pg.connects),
                             0);
    ngx_mdm_metrics_by_class(all, "database_connect_failures_total", "counter",
                             "Attempts to connect that came to nothing.",
                             offsetof(ngx_mdm_engine_counters_t, pg.failures),
                             0);
    ngx_mdm_metrics_by_class(all, "database_connections_lost_total", "counter",
                             "Ready connections that broke or were closed "
                             "after a deadline.",
                             offsetof(ngx_mdm_engine_counters_t, pg.losses),
                             0);
}


/* One metric whose numbers are an array by ngx_mdm_pg_class_e. */

static void
ngx_mdm_metrics_by_class(ngx_mdm_metrics_all_t *all, const char *name,
    const char *type, const char *help, size_t offset, unsigned gauge)
{
    char                   *from;
    ngx_uint_t              i, k;
    ngx_atomic_t           *numbers;
    ngx_mdm_metrics_sum_t  *db;

    ngx_mdm_text_metric(all->text, name, type, help);

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        from = gauge ? (char *) &db->gauges : (char *) &db->counters;
        numbers = (ngx_atomic_t *) (from + offset);

        for (k = 0; k < NGX_MDM_PG_NCLASSES; k++) {
            ngx_mdm_text(all->text, "mdm_%s{database=\"%s\",class=\"%s\"} "
                         "%uA\n", name, db->name, ngx_mdm_pg_class_name(k),
                         numbers[k]);
        }
    }
}


static void
ngx_mdm_metrics_calls(ngx_mdm_metrics_all_t *all)
{
    u_char                  labels[NGX_MDM_METRICS_LABEL];
    ngx_uint_t              i, k, rc;
    ngx_mdm_metrics_sum_t  *db;

    ngx_mdm_text_metric(all->text, "database_calls_total", "counter",
                        "Calls of statements by what became of them.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        for (k = 0; k < NGX_MDM_SQL_NSTATEMENTS; k++) {
            for (rc = 0; rc < NGX_MDM_PG_NRC; rc++) {

                if (db->counters.pg.calls[k][rc] != 0) {
                    ngx_mdm_text(all->text, "mdm_database_calls_total{"
                                 "database=\"%s\",statement=\"%s\","
                                 "result=\"%s\"} %uA\n", db->name,
                                 ngx_mdm_pg_statements[k].name,
                                 ngx_mdm_pg_rc_name(rc),
                                 db->counters.pg.calls[k][rc]);
                }
            }
        }
    }

    ngx_mdm_text_metric(all->text, "database_call_duration_seconds",
                        "histogram",
                        "From a call to its answer, waiting included.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        for (k = 0; k < NGX_MDM_PG_NCLASSES; k++) {
            ngx_snprintf(labels, sizeof(labels),
                         "database=\"%s\",class=\"%s\"%Z", db->name,
                         ngx_mdm_pg_class_name(k));
            ngx_mdm_text_histogram(all->text, "database_call_duration_seconds",
                                   labels, db->counters.pg.waits[k],
                                   ngx_mdm_time_bounds, NGX_MDM_TIME_BOUNDS,
                                   1000);
        }
    }
}


static void
ngx_mdm_metrics_batches(ngx_mdm_metrics_all_t *all)
{
    u_char                  labels[NGX_MDM_METRICS_LABEL];
    ngx_uint_t              i, k;
    ngx_mdm_metrics_sum_t  *db;

    ngx_mdm_text_metric(all->text, "database_batch_size", "histogram",
                        "Members of what was sent as one statement.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        for (k = 0; k < NGX_MDM_SQL_NSTATEMENTS; k++) {

            if (!ngx_mdm_pg_statements[k].batched) {
                continue;
            }

            ngx_snprintf(labels, sizeof(labels),
                         "database=\"%s\",statement=\"%s\"%Z", db->name,
                         ngx_mdm_pg_statements[k].name);
            ngx_mdm_text_histogram(all->text, "database_batch_size", labels,
                                   db->counters.pg.batches[k],
                                   ngx_mdm_batch_bounds, NGX_MDM_BATCH_BOUNDS,
                                   1);
        }
    }

    ngx_mdm_text_metric(all->text, "database_bisections_total", "counter",
                        "Batches that PostgreSQL refused and that were cut "
                        "in halves.");

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        ngx_mdm_text(all->text, "mdm_database_bisections_total{database="
                     "\"%s\"} %uA\n", db->name, db->counters.pg.bisections);
    }
}


static void
ngx_mdm_metrics_sampled(ngx_mdm_metrics_all_t *all)
{
    ngx_uint_t          i;
    ngx_mdm_samples_t  *samples;

    ngx_mdm_text_metric(all->text, "sample_age_seconds", "gauge",
                        "How old the numbers are that the database told of "
                        "itself.");

    for (i = 0; i < all->n; i++) {
        samples = &all->databases[i].samples;

        if (samples->measured != 0) {
            ngx_mdm_text(all->text, "mdm_sample_age_seconds{database=\"%s\"} "
                         "%T\n", all->databases[i].name,
                         ngx_max(ngx_time() - samples->measured, 0));
        }
    }

    for (i = 0; i < sizeof(ngx_mdm_metrics_known)
                    / sizeof(ngx_mdm_metrics_known[0]); i++)
    {
        ngx_mdm_metrics_sample(all, &ngx_mdm_metrics_known[i]);
    }
}


static void
ngx_mdm_metrics_sample(ngx_mdm_metrics_all_t *all,
    const ngx_mdm_metrics_known_t *known)
{
    u_char                *database;
    ngx_str_t              label;
    ngx_uint_t             i, k;
    ngx_mdm_sample_row_t  *row;

    ngx_mdm_text_metric(all->text, known->name,
                        known->counter ? "counter" : "gauge", known->help);

    for (i = 0; i < all->n; i++) {
        database = all->databases[i].name;

        for (k = 0; k < all->databases[i].samples.n; k++) {
            row = &all->databases[i].samples.rows[k];

            if (ngx_strcmp(row->name, known->name) != 0
                || !ngx_mdm_metrics_is_number(row->value))
            {
                continue;
            }

            if (known->label == NULL) {
                ngx_mdm_text(all->text, "mdm_%s{database=\"%s\"} %s\n",
                             known->name, database, row->value);
                continue;
            }

            label.data = row->label;
            label.len = ngx_strlen(row->label);

            ngx_mdm_text(all->text, "mdm_%s{database=\"%s\",%s=\"%s\"} %s\n",
                         known->name, database, known->label,
                         ngx_mdm_text_escape(all->text, label), row->value);
        }
    }
}


static ngx_uint_t
ngx_mdm_metrics_is_number(const u_char *value)
{
    return value[0] != '\0'
           && strspn((char *) value, "0123456789.e+-")
              == ngx_strlen(value);
}
