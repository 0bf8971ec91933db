-- Asking something of devices, and taking it back.

CREATE FUNCTION @revision@.enqueue(
    p_tenant_id           bigint,
    p_actor               text,
    p_remote              text,
    p_command_uuid        text,
    p_request_type        text,
    p_subject             text,
    p_payload             bytea,
    p_digest              bytea,
    p_repeat              text,
    p_urgent              boolean,
    p_renewal             boolean,
    p_supersedes          boolean,
    p_expires_seconds     bigint,
    p_priority            smallint,
    p_not_before_seconds  bigint,
    p_dedupe_key          text,
    p_device_ids          text[],
    p_user_ids            text[],
    p_push                boolean)
RETURNS TABLE (n integer, outcome text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_at           timestamptz;
    v_command_id   bigint;
    v_created_at   timestamptz;
    v_digest       bytea;
    v_repeated     boolean := false;
    v_ids          bigint[];
    v_generations  integer[];
    v_older_ids    bigint[];
    v_older_uuids  text[];
    v_queued       bigint[];
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    -- The key comes first: a second call with the same UUID waits here for the
    -- first, before it holds anything.
    INSERT INTO mdm.idempotency AS i (tenant_id, key, digest)
    VALUES (p_tenant_id, 'command:' || p_command_uuid, p_digest)
    ON CONFLICT (tenant_id, key) DO UPDATE
       SET digest = excluded.digest, created_at = now(), command_id = NULL,
           command_created_at = NULL
     WHERE i.created_at < now() - interval '24 hours';

    IF FOUND THEN
        INSERT INTO mdm.command (tenant_id, command_uuid, request_type, payload, digest,
                                 created_at)
        VALUES (p_tenant_id, p_command_uuid, p_request_type, p_payload, p_digest, now())
        RETURNING command_id, created_at INTO v_command_id, v_created_at;
        UPDATE mdm.idempotency i
           SET command_id = v_command_id, command_created_at = v_created_at
         WHERE i.tenant_id = p_tenant_id AND i.key = 'command:' || p_command_uuid;
    ELSE
        SELECT i.command_id, i.command_created_at, i.digest
          INTO v_command_id, v_created_at, v_digest
          FROM mdm.idempotency i
         WHERE i.tenant_id = p_tenant_id AND i.key = 'command:' || p_command_uuid;
        IF v_digest IS DISTINCT FROM p_digest THEN
            RETURN QUERY SELECT 0, 'conflict';
            RETURN;
        END IF;
        v_repeated := true;
    END IF;

    -- Locked in order, and before anything is queued: what is queued now cannot
    -- be meant for a generation that closes at the same time, and queued_at
    -- rises in the order of the commits.
    SELECT array_agg(s.enrollment_id), array_agg(s.generation)
      INTO v_ids, v_generations
      FROM (SELECT e.enrollment_id, e.generation
              FROM (SELECT DISTINCT t.device_id COLLATE "C" AS device_id,
                                    t.user_id COLLATE "C" AS user_id
                      FROM unnest(p_device_ids, p_user_ids)
                           AS t (device_id, user_id)) t
              JOIN mdm.enrollment e ON e.tenant_id = p_tenant_id
                                   AND e.device_id = t.device_id
                                   AND e.user_id = t.user_id
             WHERE e.state = 'live'
             ORDER BY e.device_id, e.user_id
               FOR NO KEY UPDATE OF e) s;
    v_at := clock_timestamp();

    -- Not again where this very command went before; its row may be gone already.
    IF v_repeated THEN
        SELECT array_agg(t.id), array_agg(t.generation)
          INTO v_ids, v_generations
          FROM unnest(v_ids, v_generations) AS t (id, generation)
         WHERE NOT EXISTS (SELECT FROM mdm.queue q
                            WHERE q.tenant_id = p_tenant_id
                              AND q.command_uuid = p_command_uuid
                              AND q.enrollment_id = t.id)
           AND NOT EXISTS (SELECT FROM mdm.result r
                            WHERE r.tenant_id = p_tenant_id
                              AND r.enrollment_id = t.id
                              AND r.command_uuid = p_command_uuid
                              AND r.command_id = v_command_id);
    END IF;

    IF p_dedupe_key IS NOT NULL THEN
        SELECT array_agg(t.id), array_agg(t.generation)
          INTO v_ids, v_generations
          FROM unnest(v_ids, v_generations) AS t (id, generation)
         WHERE NOT EXISTS (SELECT FROM mdm.queue q
                            WHERE q.tenant_id = p_tenant_id
                              AND q.enrollment_id = t.id
                              AND q.dedupe_key = p_dedupe_key);
    END IF;

    -- A row that somebody else holds is being delivered or answered now; it is
    -- left alone, and the new one waits behind it.
    IF p_supersedes AND p_subject IS NOT NULL THEN
        SELECT array_agg(s.enrollment_id), array_agg(s.command_uuid)
          INTO v_older_ids, v_older_uuids
          FROM (SELECT q.enrollment_id, q.command_uuid
                  FROM unnest(v_ids) AS t (id)
                  JOIN mdm.queue q ON q.tenant_id = p_tenant_id
                                  AND q.enrollment_id = t.id
                                  AND q.subject = p_subject
                 WHERE q.state IN ('QUEUED', 'NOTNOW')
                   AND q.command_uuid <> p_command_uuid
                   FOR UPDATE OF q SKIP LOCKED) s;
        PERFORM @revision@.queue_finish(p_tenant_id, v_older_ids, v_older_uuids,
                                        'CANCELLED', 'superseded by ' || p_command_uuid);
    END IF;

    WITH added AS (
        INSERT INTO mdm.queue
               (tenant_id, enrollment_id, command_id, command_created_at, queued_at,
                not_before, expires_at, generation, priority, offer_rank, urgent, renewal,
                repeat, command_uuid, request_type, subject, dedupe_key)
        SELECT p_tenant_id, t.id, v_command_id, v_created_at, v_at,
               v_at + nullif(p_not_before_seconds, 0) * interval '1 second',
               v_at + nullif(p_expires_seconds, 0) * interval '1 second',
               t.generation, p_priority, CASE WHEN p_urgent THEN 0 ELSE 2 END, p_urgent,
               p_renewal, p_repeat, p_command_uuid, p_request_type, p_subject,
               p_dedupe_key
          FROM unnest(v_ids, v_generations) AS t (id, generation)
        ON CONFLICT DO NOTHING
        RETURNING enrollment_id)
    SELECT array_agg(a.enrollment_id) INTO v_queued FROM added a;

    IF p_push THEN
        INSERT INTO mdm.push AS p (tenant_id, enrollment_id, wanted_at, due_at)
        SELECT p_tenant_id, t.id, v_at,
               v_at + coalesce(p_not_before_seconds, 0) * interval '1 second'
          FROM unnest(v_queued) AS t (id)
        ON CONFLICT (tenant_id, enrollment_id) DO UPDATE
           SET wanted_at = excluded.wanted_at,
               due_at = least(p.due_at, excluded.due_at);
    END IF;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'enqueue',
            jsonb_build_object('command_uuid', p_command_uuid,
                               'request_type', p_request_type,
                               'targets', cardinality(p_device_ids),
                               'queued', coalesce(cardinality(v_queued), 0)));

    RETURN QUERY SELECT 0, CASE WHEN v_repeated THEN 'repeated' ELSE 'ok' END;

    RETURN QUERY
    SELECT t.n::integer,
           CASE WHEN e.enrollment_id IS NULL THEN 'unknown'
                WHEN EXISTS (SELECT FROM mdm.queue q
                              WHERE q.tenant_id = p_tenant_id
                                AND q.command_uuid = p_command_uuid
                                AND q.enrollment_id = e.enrollment_id
                                AND q.command_id = v_command_id)
                  OR (v_repeated
                      AND EXISTS (SELECT FROM mdm.result r
                                   WHERE r.tenant_id = p_tenant_id
                                     AND r.enrollment_id = e.enrollment_id
                                     AND r.command_uuid = p_command_uuid
                                     AND r.command_id = v_command_id)) THEN 'ok'
                WHEN e.state = 'live' THEN 'duplicate'
                WHEN e.pending_certificate IS NOT NULL THEN 'pending'
                ELSE 'closed' END
      FROM unnest(p_device_ids, p_user_ids)
           WITH ORDINALITY AS t (device_id, user_id, n)
      LEFT JOIN LATERAL (
           SELECT * FROM mdm.enrollment e
            WHERE e.tenant_id = p_tenant_id
              AND e.device_id = t.device_id
              AND e.user_id = t.user_id) e ON true
     ORDER BY t.n;
END
$$;

COMMENT ON FUNCTION @revision@.enqueue IS
'Asks one command of many channels. p_payload: sealed; p_digest: hash of what the
client asked, to tell a repetition; p_expires_seconds 0: never; p_not_before_seconds
0: now; p_supersedes: cancels undelivered and NotNow commands of the same subject;
p_dedupe_key: nothing where a live command has it; p_push: wake the devices.
Row n = 0 is the command: ok; conflict (same CommandUUID within 24 hours but another
digest, nothing done); repeated (same digest: targets that had it are left alone).
Then one row per target: ok, unknown, closed, pending (enrolling, not live yet),
duplicate (a live command has the dedupe key, or the same UUID from long ago).';

CREATE FUNCTION @revision@.command_cancel(
    p_tenant_id     bigint,
    p_actor         text,
    p_remote        text,
    p_command_uuid  text,
    p_force         boolean,
    OUT outcome     text,
    OUT cancelled   integer,
    OUT delivered   integer)
LANGUAGE plpgsql AS $$
DECLARE
    v_ids    bigint[];
    v_known  boolean;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    -- One row per channel, locked in the order of all who lock several.
    SELECT array_agg(s.enrollment_id) FILTER (WHERE p_force OR NOT s.unanswered),
           count(*) FILTER (WHERE s.unanswered),
           count(*) > 0
      INTO v_ids, delivered, v_known
      FROM (SELECT q.enrollment_id, q.state IN ('PUSH', 'STALLED') AS unanswered
              FROM mdm.queue q
              JOIN mdm.enrollment e ON e.tenant_id = p_tenant_id
                                   AND e.enrollment_id = q.enrollment_id
             WHERE q.tenant_id = p_tenant_id
               AND q.command_uuid = p_command_uuid
             ORDER BY e.device_id, e.user_id
               FOR UPDATE OF q) s;

    IF v_known IS NOT TRUE THEN
        outcome := 'unknown';
        cancelled := 0;
        RETURN;
    END IF;

    cancelled := @revision@.queue_finish(
        p_tenant_id, v_ids,
        array_fill(p_command_uuid, ARRAY[coalesce(cardinality(v_ids), 0)]),
        'CANCELLED', 'cancelled by ' || p_actor);
    outcome := CASE WHEN delivered > 0 AND NOT p_force THEN 'delivered' ELSE 'ok' END;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'command_cancel',
            jsonb_build_object('command_uuid', p_command_uuid, 'force', p_force,
                               'cancelled', cancelled, 'delivered', delivered));
END
$$;

COMMENT ON FUNCTION @revision@.command_cancel IS
'Withdraws a command from all its targets. A target that has it and has not
answered keeps it unless p_force. outcome: ok; delivered (such targets were left);
unknown (no live target). cancelled: how many were withdrawn; delivered: how many
had it unanswered, left or, with p_force, withdrawn among the others.';

CREATE FUNCTION @revision@.command_release(
    p_tenant_id     bigint,
    p_actor         text,
    p_remote        text,
    p_device_id     text,
    p_user_id       text,
    p_command_uuid  text)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_enrollment_id  bigint;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT e.enrollment_id INTO v_enrollment_id
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;

    UPDATE mdm.queue q
       SET released_at = now(), unanswered_count = 0,
           offer_rank = CASE WHEN q.urgent THEN 0 ELSE 2 END
     WHERE q.tenant_id = p_tenant_id
       AND q.command_uuid = p_command_uuid
       AND q.enrollment_id = v_enrollment_id
       AND q.state = 'STALLED';
    IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM mdm.queue q
                                  WHERE q.tenant_id = p_tenant_id
                                    AND q.command_uuid = p_command_uuid
                                    AND q.enrollment_id = v_enrollment_id)
                    THEN 'not_stalled' ELSE 'unknown' END;
    END IF;

    INSERT INTO mdm.push AS p (tenant_id, enrollment_id, wanted_at, due_at)
    VALUES (p_tenant_id, v_enrollment_id, now(), now())
    ON CONFLICT (tenant_id, enrollment_id) DO UPDATE
       SET wanted_at = excluded.wanted_at, due_at = least(p.due_at, excluded.due_at);

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, enrollment_id, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'command_release', v_enrollment_id,
            jsonb_build_object('command_uuid', p_command_uuid));
    RETURN 'ok';
END
$$;

COMMENT ON FUNCTION @revision@.command_release IS
'A person decides that a stalled command goes out again; the device is woken.
Outcomes: ok, not_stalled, unknown (no such channel, or the command is not live).';

CREATE FUNCTION @revision@.enrollment_end(
    p_tenant_id  bigint,
    p_actor      text,
    p_remote     text,
    p_device_id  text)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_device      mdm.enrollment;
    v_channel_id  bigint;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    PERFORM @revision@.enrollment_lock(p_tenant_id, p_device_id);

    SELECT * INTO v_device
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id AND e.user_id = '';
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF v_device.state <> 'live' THEN
        RETURN v_device.state;
    END IF;

    FOR v_channel_id IN
        SELECT e.enrollment_id
          FROM mdm.enrollment e
         WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id
         ORDER BY e.user_id
    LOOP
        PERFORM @revision@.queue_close(p_tenant_id, v_channel_id,
                                       'enrollment ended by ' || p_actor);
    END LOOP;

    -- A new generation that was on its way goes too. A renewal stays as it is: the
    -- device may already show the new certificate and must hear that it was ended.
    IF v_device.pending_kind = 'new' THEN
        PERFORM @revision@.pending_drop(p_tenant_id, p_device_id, 'ended');
    END IF;

    UPDATE mdm.enrollment e
       SET state = 'ended', closed_at = now(), close_reason = 'ended by ' || p_actor,
           push_token = NULL, push_magic = NULL
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.state = 'live';

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, enrollment_id, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'enrollment_end', v_device.enrollment_id,
            jsonb_build_object('device_id', p_device_id));
    INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
    VALUES (p_tenant_id, 'enrollment_ended', v_device.enrollment_id,
            jsonb_build_object('device_id', p_device_id, 'actor', p_actor));
    RETURN 'ok';
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_end IS
'An operator ends the management of a device: its channels are ended and their
queues cancelled. The device hears of it when it next comes with its certificate.
Outcomes: ok; unknown; pending, closed or ended when there is nothing to end.';
