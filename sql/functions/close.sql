-- How rows leave the queue other than by an answer.

CREATE FUNCTION @revision@.queue_finish(
    p_tenant_id       bigint,
    p_enrollment_ids  bigint[],
    p_command_uuids   text[],
    p_state           text,
    p_reason          text)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_count  integer;
BEGIN
    -- A plan that was made while the queue was empty must not compare each of many
    -- rows with each: hence the ctid and the LIMITs.
    WITH gone AS (
        DELETE FROM mdm.queue q
         USING (SELECT t.tid
                  FROM unnest(p_enrollment_ids, p_command_uuids)
                       AS m (enrollment_id, command_uuid)
                 CROSS JOIN LATERAL (
                       SELECT q.ctid AS tid
                         FROM mdm.queue q
                        WHERE q.tenant_id = p_tenant_id
                          AND q.command_uuid = m.command_uuid
                          AND q.enrollment_id = m.enrollment_id
                        LIMIT 1) t) m
         WHERE q.ctid = m.tid
           AND q.tenant_id = p_tenant_id
        RETURNING q.*), told AS (
        INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
        SELECT p_tenant_id, 'command_' || lower(p_state), g.enrollment_id,
               jsonb_build_object('device_id', e.device_id, 'user_id', e.user_id,
                                  'command_uuid', g.command_uuid,
                                  'request_type', g.request_type, 'reason', p_reason)
          FROM gone g
         CROSS JOIN LATERAL (
               SELECT e.device_id, e.user_id
                 FROM mdm.enrollment e
                WHERE e.tenant_id = p_tenant_id
                  AND e.enrollment_id = g.enrollment_id
                LIMIT 1) e)
    INSERT INTO mdm.result
           (tenant_id, enrollment_id, generation, command_id, command_created_at,
            command_uuid, request_type, from_state, state, reason, renewal,
            delivered_count, queued_at, sent_at, pushed_at, notnow_at, finished_at)
    SELECT tenant_id, enrollment_id, generation, command_id, command_created_at,
           command_uuid, request_type, state, p_state, p_reason, renewal,
           delivered_count, queued_at, sent_at, pushed_at, notnow_at, now()
      FROM gone;

    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

COMMENT ON FUNCTION @revision@.queue_finish IS
'Moves the named rows from queue to result as p_state (CANCELLED or EXPIRED), with
an event command_cancelled or command_expired for each; returns how many. The caller holds their row locks, taken in lock order.';

CREATE FUNCTION @revision@.queue_close(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_reason         text)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_count   integer := 0;
    v_erased  text[];
    v_others  text[];
BEGIN
    SELECT array_agg(s.command_uuid)
               FILTER (WHERE p_reason = 're-enrolled'
                         AND s.request_type = 'EraseDevice' AND s.pushed_at IS NOT NULL),
           array_agg(s.command_uuid)
               FILTER (WHERE NOT (p_reason = 're-enrolled'
                         AND s.request_type = 'EraseDevice' AND s.pushed_at IS NOT NULL))
      INTO v_erased, v_others
      FROM (SELECT q.command_uuid, q.request_type, q.pushed_at
              FROM mdm.queue q
             WHERE q.tenant_id = p_tenant_id
               AND q.enrollment_id = p_enrollment_id
             ORDER BY q.command_id
               FOR UPDATE) s;

    IF v_erased IS NOT NULL THEN
        v_count := @revision@.queue_finish(
            p_tenant_id, array_fill(p_enrollment_id, ARRAY[cardinality(v_erased)]),
            v_erased, 'CANCELLED', 'erased: device came back');
    END IF;
    IF v_others IS NOT NULL THEN
        v_count := v_count + @revision@.queue_finish(
            p_tenant_id, array_fill(p_enrollment_id, ARRAY[cardinality(v_others)]),
            v_others, 'CANCELLED', p_reason);
    END IF;
    RETURN v_count;
END
$$;

COMMENT ON FUNCTION @revision@.queue_close IS
'Cancels all that waits for a channel, with the reason; returns how many. With
the reason "re-enrolled" a delivered EraseDevice gets "erased: device came back",
because a new enrolment is what proves the erasure. The caller holds
enrollment_lock().';
