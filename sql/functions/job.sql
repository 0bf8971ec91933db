-- Background work, under leases.

CREATE FUNCTION @revision@.lease_take(p_name text, p_owner text, p_seconds integer)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mdm.lease AS l (name, owner, until)
    VALUES (p_name, p_owner, clock_timestamp() + p_seconds * interval '1 second')
    ON CONFLICT (name) DO UPDATE
       SET owner = excluded.owner, until = excluded.until
     WHERE l.owner = excluded.owner OR l.until < clock_timestamp();
    RETURN FOUND;
END
$$;

COMMENT ON FUNCTION @revision@.lease_take IS
'Takes or renews a lease for p_seconds; false while another owner has it. Zero
seconds give it back.';

CREATE FUNCTION @revision@.sweep(p_limit integer)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_done       integer := 0;
    v_count      integer;
    v_tenant_id  bigint;
    v_ids        bigint[];
    v_uuids      text[];
    v_device     record;
BEGIN
    -- Without a tenant only what is due can be seen. Rows that a request holds
    -- are left for the next round, so this never waits and never blocks one.
    PERFORM set_config('mdm.tenant', '', true);
    FOR v_tenant_id IN
        SELECT DISTINCT d.tenant_id
          FROM (SELECT q.tenant_id
                  FROM mdm.queue q
                 WHERE q.expires_at <= now()
                 ORDER BY q.expires_at
                 LIMIT p_limit) d
    LOOP
        PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
        SELECT array_agg(s.enrollment_id), array_agg(s.command_uuid)
          INTO v_ids, v_uuids
          FROM (SELECT q.enrollment_id, q.command_uuid
                  FROM mdm.queue q
                 WHERE q.tenant_id = v_tenant_id
                   AND q.expires_at <= now()
                 ORDER BY q.expires_at
                 LIMIT p_limit
                   FOR UPDATE SKIP LOCKED) s;
        v_done := v_done + @revision@.queue_finish(
            v_tenant_id, v_ids, v_uuids, 'EXPIRED', 'its time ran out');
    END LOOP;

    PERFORM set_config('mdm.tenant', '', true);
    FOR v_device IN
        SELECT e.tenant_id, e.device_id
          FROM mdm.enrollment e
         WHERE (e.user_id = '') IS TRUE
           AND e.pending_kind = 'new'
           AND e.pending_since < now() - interval '7 days'
         ORDER BY e.pending_since
         LIMIT p_limit
    LOOP
        PERFORM set_config('mdm.tenant', v_device.tenant_id::text, true);
        PERFORM FROM mdm.enrollment e
          WHERE e.tenant_id = v_device.tenant_id
            AND e.device_id = v_device.device_id
            AND e.user_id = ''
            AND e.pending_kind = 'new'
            AND e.pending_since < now() - interval '7 days'
            FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            PERFORM @revision@.pending_drop(v_device.tenant_id, v_device.device_id,
                                            'enrolment was never finished');
            v_done := v_done + 1;
        END IF;
    END LOOP;

    PERFORM set_config('mdm.tenant', '', true);
    FOR v_tenant_id IN
        SELECT DISTINCT d.tenant_id
          FROM (SELECT i.tenant_id
                  FROM mdm.idempotency i
                 WHERE i.created_at < now() - interval '24 hours'
                 ORDER BY i.created_at
                 LIMIT p_limit) d
    LOOP
        PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
        DELETE FROM mdm.idempotency i
         USING (SELECT o.key
                  FROM mdm.idempotency o
                 WHERE o.tenant_id = v_tenant_id
                   AND o.created_at < now() - interval '24 hours'
                 ORDER BY o.created_at
                 LIMIT p_limit
                   FOR UPDATE SKIP LOCKED) o
         WHERE i.tenant_id = v_tenant_id AND i.key = o.key;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        v_done := v_done + v_count;
    END LOOP;

    PERFORM set_config('mdm.tenant', '', true);
    FOR v_tenant_id IN
        SELECT DISTINCT d.tenant_id
          FROM (SELECT f.tenant_id
                  FROM mdm.webhook_failure f
                 WHERE f.at < now() - interval '30 days'
                 ORDER BY f.at
                 LIMIT p_limit) d
    LOOP
        PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
        DELETE FROM mdm.webhook_failure f
         USING (SELECT o.name, o.xid, o.event_id
                  FROM mdm.webhook_failure o
                 WHERE o.tenant_id = v_tenant_id
                   AND o.at < now() - interval '30 days'
                 ORDER BY o.at
                 LIMIT p_limit
                   FOR UPDATE SKIP LOCKED) o
         WHERE f.tenant_id = v_tenant_id
           AND f.name = o.name
           AND f.xid = o.xid
           AND f.event_id = o.event_id;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        v_done := v_done + v_count;
    END LOOP;

    PERFORM set_config('mdm.tenant', '', true);
    FOR v_tenant_id IN
        SELECT DISTINCT d.tenant_id
          FROM (SELECT i.tenant_id
                  FROM mdm.inventory_item i
                 WHERE i.gone_at < now() - interval '30 days'
                 ORDER BY i.gone_at
                 LIMIT p_limit) d
    LOOP
        PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
        DELETE FROM mdm.inventory_item i
         WHERE i.tenant_id = v_tenant_id
           AND i.ctid = ANY (ARRAY(
               SELECT o.ctid
                 FROM mdm.inventory_item o
                WHERE o.tenant_id = v_tenant_id
                  AND o.gone_at < now() - interval '30 days'
                ORDER BY o.gone_at
                LIMIT p_limit
                  FOR UPDATE SKIP LOCKED));
        GET DIAGNOSTICS v_count = ROW_COUNT;
        v_done := v_done + v_count;
    END LOOP;

    PERFORM set_config('mdm.tenant', '', true);
    RETURN v_done;
END
$$;

COMMENT ON FUNCTION @revision@.sweep IS
'Work of time, over all tenants, at most p_limit rows of each kind and tenant:
commands past their time become EXPIRED, new generations that got no TokenUpdate
for seven days are dropped (a renewal is kept: the device may use it already),
idempotency keys go after 24 hours, events that a webhook gave up after 30 days, items
of lists 30 days after they were gone. Returns how many rows it dealt with; call again
while that is not 0.';

CREATE FUNCTION @revision@.partition_ahead() RETURNS integer
LANGUAGE plpgsql AS $$
BEGIN
    RETURN mdm.partition_ahead();
END
$$;

COMMENT ON FUNCTION @revision@.partition_ahead IS
'Calls mdm.partition_ahead(), which belongs to the tables and not to a revision.';
