
/* What is enrolled, and what waits for it. */


#include "mdm_enrollment_id.h"
#include "mdmctl.h"


#define MDMCTL_DEVICES_PAGE   500
#define MDMCTL_HISTORY_PAGE   100


static int mdmctl_devices_page(PGconn *db, long long tenant_id, char *after,
    size_t size, int *n);
static int mdmctl_queue_known(PGconn *db, const mdmctl_params_t *channel,
    const char *written);
static int mdmctl_queue_show(PGconn *db, long long tenant_id,
    const char *written);


int
mdmctl_devices(mdmctl_options_t *options)
{
    int         rc, n;
    char        after[1024];
    PGconn     *db;
    long long   tenant_id;

    db = mdmctl_connect_prepared(options);
    if (db == NULL) {
        return MDMCTL_FAILED;
    }

    after[0] = '\0';
    n = 0;

    rc = mdmctl_tenant_id(db, options, &tenant_id);

    while (rc == MDMCTL_OK) {
        rc = mdmctl_devices_page(db, tenant_id, after, sizeof(after), &n);

        if (n < MDMCTL_DEVICES_PAGE) {
            break;
        }
    }

    PQfinish(db);

    return rc;
}


static int
mdmctl_devices_page(PGconn *db, long long tenant_id, char *after, size_t size,
    int *n)
{
    PGresult         *res;
    mdm_arena_t       arena;
    mdmctl_params_t   params;

    static const char *const  columns[] = {
        "id=ID", "channel=CHANNEL", "ownership=OWNER",
        "supervision=SUPERVISED", "state=STATE", "serial=SERIAL",
        "os_version=OS", "seen_at=LAST SEEN", NULL
    };

    mdm_arena_init(&arena);

    params.n = 0;
    mdmctl_add_int(&arena, &params, tenant_id);
    mdmctl_add(&params, after);
    mdmctl_add_int(&arena, &params, MDMCTL_DEVICES_PAGE);

    res = mdmctl_query(db, "SELECT *, CASE WHEN supervised THEN 'yes'"
                           " WHEN NOT supervised THEN 'no' END AS supervision"
                           "  FROM " MDMCTL_SCHEMA ".enrollments("
                           "$1::bigint, $2, $3::int)", &params);

    if (res != NULL) {
        *n = PQntuples(res);

        if (*n > 0 || *after == '\0') {
            mdmctl_table(&arena, res, columns, "nothing is enrolled yet");
        }

        if (*n > 0) {
            snprintf(after, size, "%s", mdmctl_value(res, *n - 1, "cursor"));
        }
    }

    mdm_arena_free(&arena);
    PQclear(res);

    return res != NULL ? MDMCTL_OK : MDMCTL_FAILED;
}


int
mdmctl_queue(mdmctl_options_t *options)
{
    int         rc;
    PGconn     *db;
    long long   tenant_id;

    db = mdmctl_connect_prepared(options);
    if (db == NULL) {
        return MDMCTL_FAILED;
    }

    rc = mdmctl_tenant_id(db, options, &tenant_id);

    if (rc == MDMCTL_OK) {
        rc = mdmctl_queue_show(db, tenant_id, options->words[0]);
    }

    PQfinish(db);

    return rc;
}


static int
mdmctl_queue_show(PGconn *db, long long tenant_id, const char *written)
{
    int               rc;
    PGresult         *live, *history;
    mdm_str_t         device_id, user_id, text;
    mdm_fault_t       fault;
    mdm_arena_t       arena;
    mdmctl_params_t   params;

    static const char *const  columns[] = {
        "command_uuid=COMMAND", "request_type=TYPE", "state=STATE",
        "delivered_count=DELIVERED", "notnow_at=NOT NOW", "reason=REASON",
        "means=MEANS", NULL
    };

    live = NULL;
    history = NULL;
    rc = MDMCTL_FAILED;
    text.data = (const unsigned char *) written;
    text.len = strlen(written);

    mdm_arena_init(&arena);

    if (mdm_enrollment_id_parse(&arena, text, &device_id, &user_id, &fault)
        != MDM_OK)
    {
        mdm_arena_free(&arena);
        return mdmctl_error("\"%s\": %s", written, fault.text);
    }

    params.n = 0;
    mdmctl_add_int(&arena, &params, tenant_id);
    mdmctl_add(&params, (const char *) device_id.data);
    mdmctl_add(&params, (const char *) user_id.data);

    if (mdmctl_queue_known(db, &params, written) == MDMCTL_OK) {
        mdmctl_add_int(&arena, &params, MDMCTL_HISTORY_PAGE);

        live = mdmctl_query(db, "SELECT * FROM " MDMCTL_SCHEMA
                                ".enrollment_queue($1::bigint, $2, $3,"
                                " '', $4::int)", &params);
    }

    if (live != NULL) {
        mdmctl_table(&arena, live, columns, "no command waits");
        putchar('\n');

        history = mdmctl_query(db, "SELECT * FROM " MDMCTL_SCHEMA
                                   ".enrollment_history($1::bigint, $2, $3,"
                                   " '', $4::int)", &params);
    }

    if (history != NULL) {
        mdmctl_table(&arena, history, columns, "no command is done");
        rc = MDMCTL_OK;
    }

    PQclear(live);
    PQclear(history);
    mdm_arena_free(&arena);

    return rc;
}


static int
mdmctl_queue_known(PGconn *db, const mdmctl_params_t *channel,
    const char *written)
{
    int        known;
    PGresult  *res;

    res = mdmctl_query(db, "SELECT " MDMCTL_SCHEMA
                           ".enrollment_known($1::bigint, $2, $3)", channel);
    if (res == NULL) {
        return MDMCTL_FAILED;
    }

    known = strcmp(PQgetvalue(res, 0, 0), "t") == 0;
    PQclear(res);

    if (!known) {
        return mdmctl_error("there is no enrolment \"%s\"; "
                            "\"mdmctl devices\" shows them", written);
    }

    return MDMCTL_OK;
}
