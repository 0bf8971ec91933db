
/*
 * The metrics of pushes: what was sent and answered, connections to Apple, and
 * the engine's leases and records.
 */


#include "ngx_mdm_metrics_list.h"


/* One number of each database. */

typedef struct {
    const char                 *name;
    const char                 *help;
    size_t                      offset;
    unsigned                    gauge:1;
} ngx_mdm_metrics_plain_t;

/* An array of each database, a label's value for each element. */

typedef struct {
    const char                 *name;
    const char                 *help;
    const char                 *label;
    size_t                      offset;
    ngx_uint_t                  n;
    const char               *(*value)(ngx_uint_t i);
    unsigned                    counted_only:1;
} ngx_mdm_metrics_array_t;

typedef struct {
    const char                 *name;
    const char                 *help;
    size_t                      offset;
} ngx_mdm_metrics_times_t;


static void ngx_mdm_metrics_push_plain(ngx_mdm_metrics_all_t *all,
    const ngx_mdm_metrics_plain_t *plain);
static void ngx_mdm_metrics_push_array(ngx_mdm_metrics_all_t *all,
    const ngx_mdm_metrics_array_t *array);
static void ngx_mdm_metrics_push_times(ngx_mdm_metrics_all_t *all,
    const ngx_mdm_metrics_times_t *times);
static const char *ngx_mdm_metrics_push_class(ngx_uint_t i);
static const char *ngx_mdm_metrics_push_reason(ngx_uint_t i);
static const char *ngx_mdm_metrics_push_return(ngx_uint_t i);
static const char *ngx_mdm_metrics_push_fail(ngx_uint_t i);
static const char *ngx_mdm_metrics_push_end(ngx_uint_t i);
static const char *ngx_mdm_metrics_push_lease(ngx_uint_t i);


#define ngx_mdm_counted(field)  offsetof(ngx_mdm_engine_counters_t, field)
#define ngx_mdm_gauged(field)   offsetof(ngx_mdm_engine_gauges_t, field)


static const ngx_mdm_metrics_plain_t  ngx_mdm_metrics_plains[] = {

    { "push_topics", "Topics that the workers have leased.",
      ngx_mdm_gauged(push_topics), 1 },

    { "pushes_in_hand", "Pushes that were claimed and are not recorded yet.",
      ngx_mdm_gauged(pushes), 1 },

    { "pushes_in_flight", "Pushes that were sent and have no answer yet.",
      ngx_mdm_gauged(apns.in_flight), 1 },

    { "push_connections", "Connections to Apple's push service.",
      ngx_mdm_gauged(apns.connections), 1 },

    { "pushes_claimed_total", "Pushes that were taken from the database.",
      ngx_mdm_counted(push.claimed), 0 },

    { "pushes_sent_total", "Pushes sent to Apple.",
      ngx_mdm_counted(apns.sent), 0 },

    { "pushes_recorded_total",
      "Pushes of which the database knows what became of them.",
      ngx_mdm_counted(push.recorded), 0 },

    { "push_record_failures_total",
      "Attempts to record pushes that failed; they are repeated.",
      ngx_mdm_counted(push.unrecorded), 0 },

    { "push_connects_total", "Connections made to Apple's push service.",
      ngx_mdm_counted(apns.connects), 0 }
};


static const ngx_mdm_metrics_array_t  ngx_mdm_metrics_arrays[] = {

    { "pushes_answered_total", "Answers of Apple by what follows from them.",
      "class", ngx_mdm_counted(apns.answered), MDM_PUSH_NCLASSES,
      ngx_mdm_metrics_push_class, 0 },

    { "pushes_refused_total", "Answers of Apple with a reason.",
      "reason", ngx_mdm_counted(apns.reasons), NGX_MDM_APNS_REASONS,
      ngx_mdm_metrics_push_reason, 1 },

    { "pushes_returned_total",
      "Pushes that came back without an answer and are sent again.",
      "sent", ngx_mdm_counted(apns.returned), 2,
      ngx_mdm_metrics_push_return, 0 },

    { "push_connect_failures_total",
      "Attempts to connect to Apple that came to nothing.",
      "at", ngx_mdm_counted(apns.failures), NGX_MDM_APNS_NFAILS,
      ngx_mdm_metrics_push_fail, 0 },

    { "push_connections_ended_total",
      "Connections to Apple that were closed or broke.",
      "cause", ngx_mdm_counted(apns.ends), NGX_MDM_APNS_NENDS,
      ngx_mdm_metrics_push_end, 0 },

    { "push_leases_total", "Topics leased, given back, and lost.",
      "event", ngx_mdm_counted(push.leases), NGX_MDM_NLEASES,
      ngx_mdm_metrics_push_lease, 0 }
};


static const ngx_mdm_metrics_times_t  ngx_mdm_metrics_times[] = {

    { "push_answer_duration_seconds", "From sending a push to its answer.",
      ngx_mdm_counted(apns.times) },

    { "push_delay_seconds",
      "From when a push was due to Apple's acceptance.",
      ngx_mdm_counted(push.delays) }
};


void
ngx_mdm_metrics_push(ngx_mdm_metrics_all_t *all)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(ngx_mdm_metrics_plains)
                    / sizeof(ngx_mdm_metrics_plains[0]); i++)
    {
        ngx_mdm_metrics_push_plain(all, &ngx_mdm_metrics_plains[i]);
    }

    for (i = 0; i < sizeof(ngx_mdm_metrics_arrays)
                    / sizeof(ngx_mdm_metrics_arrays[0]); i++)
    {
        ngx_mdm_metrics_push_array(all, &ngx_mdm_metrics_arrays[i]);
    }

    for (i = 0; i < sizeof(ngx_mdm_metrics_times)
                    / sizeof(ngx_mdm_metrics_times[0]); i++)
    {
        ngx_mdm_metrics_push_times(all, &ngx_mdm_metrics_times[i]);
    }
}


static void
ngx_mdm_metrics_push_plain(ngx_mdm_metrics_all_t *all,
    const ngx_mdm_metrics_plain_t *plain)
{
    char                   *from;
    ngx_uint_t              i;
    ngx_mdm_metrics_sum_t  *db;

    ngx_mdm_text_metric(all->text, plain->name,
                        plain->gauge ? "gauge" : "counter", plain->help);

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        from = plain->gauge ? (char *) &db->gauges : (char *) &db->counters;

        ngx_mdm_text(all->text, "mdm_%s{database=\"%s\"} %uA\n", plain->name,
                     db->name, *(ngx_atomic_t *) (from + plain->offset));
    }
}


static void
ngx_mdm_metrics_push_array(ngx_mdm_metrics_all_t *all,
    const ngx_mdm_metrics_array_t *array)
{
    ngx_uint_t              i, k;
    ngx_mdm_counter_t      *counters;
    ngx_mdm_metrics_sum_t  *db;

    ngx_mdm_text_metric(all->text, array->name, "counter", array->help);

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        counters = (ngx_mdm_counter_t *) ((char *) &db->counters
                                          + array->offset);

        for (k = 0; k < array->n; k++) {

            if (counters[k] == 0 && array->counted_only) {
                continue;
            }

            ngx_mdm_text(all->text, "mdm_%s{database=\"%s\",%s=\"%s\"} %uA\n",
                         array->name, db->name, array->label, array->value(k),
                         counters[k]);
        }
    }
}


static void
ngx_mdm_metrics_push_times(ngx_mdm_metrics_all_t *all,
    const ngx_mdm_metrics_times_t *times)
{
    u_char                  labels[NGX_MDM_METRICS_LABEL];
    ngx_uint_t              i;
    ngx_mdm_metrics_sum_t  *db;

    ngx_mdm_text_metric(all->text, times->name, "histogram", times->help);

    for (i = 0; i < all->n; i++) {
        db = &all->databases[i];

        ngx_snprintf(labels, sizeof(labels), "database=\"%s\"%Z", db->name);
        ngx_mdm_text_histogram(all->text, times->name, labels,
                               (ngx_mdm_counter_t *) ((char *) &db->counters
                                                      + times->offset),
                               ngx_mdm_time_bounds, NGX_MDM_TIME_BOUNDS,
                               1000);
    }
}


static const char *
ngx_mdm_metrics_push_class(ngx_uint_t i)
{
    return mdm_push_class_name(i);
}


static const char *
ngx_mdm_metrics_push_reason(ngx_uint_t i)
{
    return mdm_push_reason(i);
}


static const char *
ngx_mdm_metrics_push_return(ngx_uint_t i)
{
    return i == 0 ? "no" : "yes";
}


static const char *
ngx_mdm_metrics_push_fail(ngx_uint_t i)
{
    return ngx_mdm_apns_fail_name(i);
}


static const char *
ngx_mdm_metrics_push_end(ngx_uint_t i)
{
    return ngx_mdm_apns_end_name(i);
}


static const char *
ngx_mdm_metrics_push_lease(ngx_uint_t i)
{
    static const char *const  names[NGX_MDM_NLEASES] = {
        "taken", "released", "lost"
    };

    return names[i];
}
