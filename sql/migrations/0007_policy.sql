-- Row-level security: the second wall between tenants. The first is that every
-- statement names its tenant.

DO $$
DECLARE
    v_table  text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
        'api_token', 'enrollment', 'enrollment_seen', 'identity', 'attribute',
        'secret', 'command', 'idempotency', 'queue', 'push', 'result', 'event',
        'audit']
    LOOP
        EXECUTE format('ALTER TABLE mdm.%I ENABLE ROW LEVEL SECURITY', v_table);
        EXECUTE format('ALTER TABLE mdm.%I FORCE ROW LEVEL SECURITY', v_table);
        -- The setting is absent before its first use and empty after the
        -- transaction that used it; both mean no tenant and show no row.
        EXECUTE format(
            'CREATE POLICY tenant ON mdm.%I USING (tenant_id = '
            'nullif(current_setting(''mdm.tenant'', true), '''')::bigint)', v_table);
    END LOOP;
END
$$;

-- A token is looked up before its tenant is known: by its hash and no other way.
CREATE POLICY token_hash ON mdm.api_token FOR SELECT TO mdm_api
    USING (token_hash = decode(nullif(current_setting('mdm.token_hash', true), ''), 'hex'));

-- The job finds over all tenants what is due, and only that; it changes rows
-- under the tenant that they belong to, like everybody.
CREATE POLICY due ON mdm.queue FOR SELECT TO mdm_job
    USING (expires_at <= now());
CREATE POLICY due ON mdm.push FOR SELECT TO mdm_job
    USING (due_at <= now());
CREATE POLICY due ON mdm.idempotency FOR SELECT TO mdm_job
    USING (created_at < now() - interval '24 hours');
CREATE POLICY due ON mdm.enrollment FOR SELECT TO mdm_job
    USING (pending_kind = 'new' AND pending_since < now() - interval '7 days');
