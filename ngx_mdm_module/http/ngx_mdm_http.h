
/*
 * Outbound HTTP: requests to other servers by libcurl's multi interface on
 * nginx's event loop.  One handle for a worker keeps its connections and runs
 * any number of requests at once.
 *
 * Only this directory includes libcurl's headers.
 */


#ifndef _NGX_MDM_HTTP_H_INCLUDED_
#define _NGX_MDM_HTTP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


typedef struct ngx_mdm_http_s           ngx_mdm_http_t;
typedef struct ngx_mdm_http_request_s   ngx_mdm_http_request_t;

typedef void (*ngx_mdm_http_handler_pt)(ngx_mdm_http_request_t *request);


/*
 * A POST belongs to its caller, who keeps it and all that it points to until
 * the handler has run or the request was cancelled.  Strings end with a NUL.
 * The handler runs once, never inside ngx_mdm_http_post().
 */

struct ngx_mdm_http_request_s {
    const char               *url;
    ngx_str_t                 ca;         /* PEM; len 0: the system's */
    const char               *headers[4]; /* "Name: value", up to a NULL */
    ngx_str_t                 body;
    ngx_msec_t                timeout;    /* of the whole exchange */
    ngx_mdm_http_handler_pt   handler;
    void                     *data;

    /* the answer; its body is passed over */
    ngx_uint_t                status;     /* 0: none came */
    time_t                    retry_after;  /* seconds, 0: not said */
    const char               *error;      /* why none came, in a few words */
    char                      detail[256];  /* the same with names and numbers,
                                               for the log */

    /* http's own */
    ngx_queue_t               queue;
    ngx_mdm_http_t           *http;
    void                     *easy;
    void                     *list;
    size_t                    received;
};


/* Is it an absolute URL of http or https?  For nginx -t. */
ngx_uint_t ngx_mdm_http_url_valid(const char *url);

/* In a worker.  NULL when memory ran out. */
ngx_mdm_http_t *ngx_mdm_http_create(ngx_cycle_t *cycle);

/* Ends what is under way; no handler runs any more. */
void ngx_mdm_http_destroy(ngx_mdm_http_t *http);

/* NGX_ERROR: nothing was begun, and the handler will not run. */
ngx_int_t ngx_mdm_http_post(ngx_mdm_http_t *http,
    ngx_mdm_http_request_t *request);

/* Gives a request up; its handler will not run. */
void ngx_mdm_http_cancel(ngx_mdm_http_request_t *request);


#endif /* _NGX_MDM_HTTP_H_INCLUDED_ */
