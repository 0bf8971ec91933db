-- Roles of the engine. Run first by every `mdmctl migrate`; safe to run again.
--
-- mdm_owner owns every object and cannot log in. The other three are what the
-- nginx module connects as; they own nothing and bypass nothing, so row-level
-- security binds them all. Their settings are part of the design: a device
-- request must never wait long for a lock, and the statements of the hot path
-- keep one generic plan that is built from index scans and nested loops.
-- Timeouts that follow from nginx.conf are set by the module per connection
-- and take precedence over the ones here.

DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['mdm_owner', 'mdm_device', 'mdm_api', 'mdm_job'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = v_role) THEN
            EXECUTE format('CREATE ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE '
                           'NOREPLICATION NOBYPASSRLS %s', v_role,
                           CASE v_role WHEN 'mdm_owner' THEN 'NOLOGIN' ELSE 'LOGIN' END);
        END IF;
    END LOOP;

    -- A database owner who is not a superuser becomes a member, so that the
    -- SET LOCAL ROLE below and the one of every later run are allowed.
    IF NOT pg_catalog.pg_has_role(current_user, 'mdm_owner', 'MEMBER') THEN
        EXECUTE format('GRANT mdm_owner TO %I', current_user);
    END IF;

    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO mdm_owner',
                   current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO mdm_device, mdm_api, mdm_job',
                   current_database());
END
$$;

COMMENT ON ROLE mdm_owner  IS 'owns every object of the MDM engine; nobody logs in as it';
COMMENT ON ROLE mdm_device IS 'nginx: requests of devices';
COMMENT ON ROLE mdm_api    IS 'nginx: requests of the API';
COMMENT ON ROLE mdm_job    IS 'nginx: background work under leases';

ALTER ROLE mdm_device SET lock_timeout = '300ms';
ALTER ROLE mdm_device SET statement_timeout = '4s';
ALTER ROLE mdm_device SET idle_in_transaction_session_timeout = '10s';
ALTER ROLE mdm_device SET plan_cache_mode = force_generic_plan;
ALTER ROLE mdm_device SET enable_seqscan = off;
ALTER ROLE mdm_device SET enable_bitmapscan = off;
ALTER ROLE mdm_device SET enable_hashjoin = off;
ALTER ROLE mdm_device SET enable_mergejoin = off;
ALTER ROLE mdm_device SET enable_material = off;
ALTER ROLE mdm_device SET enable_memoize = off;
ALTER ROLE mdm_device SET jit = off;
ALTER ROLE mdm_device SET search_path = pg_catalog;

ALTER ROLE mdm_api SET lock_timeout = '3s';
ALTER ROLE mdm_api SET statement_timeout = '25s';
ALTER ROLE mdm_api SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE mdm_api SET plan_cache_mode = force_generic_plan;
ALTER ROLE mdm_api SET enable_seqscan = off;
ALTER ROLE mdm_api SET enable_hashjoin = off;
ALTER ROLE mdm_api SET enable_mergejoin = off;
ALTER ROLE mdm_api SET jit = off;
ALTER ROLE mdm_api SET search_path = pg_catalog;

ALTER ROLE mdm_job SET lock_timeout = '1s';
ALTER ROLE mdm_job SET statement_timeout = '55s';
ALTER ROLE mdm_job SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE mdm_job SET plan_cache_mode = force_generic_plan;
ALTER ROLE mdm_job SET enable_seqscan = off;
ALTER ROLE mdm_job SET enable_bitmapscan = off;
ALTER ROLE mdm_job SET enable_hashjoin = off;
ALTER ROLE mdm_job SET enable_mergejoin = off;
ALTER ROLE mdm_job SET jit = off;
ALTER ROLE mdm_job SET search_path = pg_catalog;

-- What follows in this transaction is created by, and so belongs to, the owner.
SET LOCAL ROLE mdm_owner;
