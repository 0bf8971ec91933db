-- Asking something of devices, and ending their management.

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
    p_push                boolean,
    p_wants               text[] DEFAULT NULL,
    p_part                boolean DEFAULT false)
RETURNS TABLE (n integer, outcome text, queued integer, at text, pushing boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_at           timestamptz;
    v_not_before   timestamptz;
    v_expires      timestamptz;
    v_command_id   bigint;
    v_created_at   timestamptz;
    v_digest       bytea := substr(p_digest, 1, 32);
    v_repeated     boolean := false;
    v_ns           integer[];
    v_live         bigint[];
    v_ids          bigint[];
    v_generations  integer[];
    v_topics       text[];
    v_sent         timestamptz[];
    v_had          bigint[];
    v_older_ids    bigint[];
    v_older_uuids  text[];
    v_count        integer;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    -- The key comes first: a second call with the same UUID waits here for the
    -- first, before it holds anything.
    INSERT INTO mdm.idempotency AS i (tenant_id, key, digest)
    VALUES (p_tenant_id, 'command:' || p_command_uuid, v_digest)
    ON CONFLICT (tenant_id, key) DO UPDATE
       SET digest = excluded.digest, created_at = now(), command_id = NULL,
           command_created_at = NULL
     WHERE i.created_at < now() - interval '24 hours';

    IF NOT FOUND THEN
        SELECT i.command_id, i.command_created_at, i.digest
          INTO v_command_id, v_created_at, v_digest
          FROM mdm.idempotency i
         WHERE i.tenant_id = p_tenant_id AND i.key = 'command:' || p_command_uuid;
        IF NOT coalesce(position(v_digest IN p_digest) % 32 = 1,
                        v_digest IS NULL AND p_digest IS NULL)
        THEN
            RETURN QUERY SELECT 0, 'conflict', 0, NULL::text, NULL::boolean;
            RETURN;
        END IF;
        v_repeated := true;
    END IF;

    -- Locked in order, and before anything is queued: what is queued now cannot
    -- be meant for a generation that closes at the same time, and queued_at
    -- rises in the order of the commits. A lock or an OFFSET in a sub-query keeps
    -- the planner from comparing each of two arrays or tables with each, which it
    -- would do while it takes them for small.
    SELECT array_agg(s.n), array_agg(s.enrollment_id), array_agg(s.generation),
           array_agg(s.topic)
      INTO v_ns, v_live, v_generations, v_topics
      FROM (SELECT t.n::integer AS n, e.enrollment_id, e.generation, e.topic
              FROM (SELECT *
                      FROM unnest(p_device_ids, p_user_ids)
                           WITH ORDINALITY AS t (device_id, user_id, n)
                     ORDER BY t.device_id COLLATE "C", t.user_id COLLATE "C") t
             CROSS JOIN LATERAL (
                   SELECT e.enrollment_id, e.generation, e.topic
                     FROM mdm.enrollment e
                    WHERE e.tenant_id = p_tenant_id
                      AND e.device_id = t.device_id
                      AND e.user_id = t.user_id
                      AND e.state = 'live'
                      FOR NO KEY UPDATE) e) s;
    v_ids := v_live;
    v_at := clock_timestamp();
    v_not_before := v_at + nullif(p_not_before_seconds, 0) * interval '1 second';
    v_expires := v_at + nullif(p_expires_seconds, 0) * interval '1 second';

    -- Not again where this very command went before; its row may be gone already.
    IF v_repeated THEN
        SELECT array_agg(DISTINCT t.id) INTO v_had
          FROM unnest(v_ids) AS t (id)
         WHERE EXISTS (SELECT FROM mdm.queue q
                        WHERE q.tenant_id = p_tenant_id
                          AND q.command_uuid = p_command_uuid
                          AND q.enrollment_id = t.id
                          AND q.command_id = v_command_id
                       OFFSET 0)
            OR EXISTS (SELECT FROM mdm.result r
                        WHERE r.tenant_id = p_tenant_id
                          AND r.enrollment_id = t.id
                          AND r.command_uuid = p_command_uuid
                          AND r.finished_at >= v_created_at
                          AND r.command_id = v_command_id
                       OFFSET 0);
    END IF;

    -- The rows to come must be new: the locks above keep others from adding any,
    -- and to let the INSERT find conflicts would cost it half as much again.
    IF v_repeated OR p_dedupe_key IS NOT NULL
       OR cardinality(v_ids) <> (SELECT count(DISTINCT t.id) FROM unnest(v_ids) AS t (id))
       OR EXISTS (SELECT FROM mdm.queue q
                   WHERE q.tenant_id = p_tenant_id AND q.command_uuid = p_command_uuid)
    THEN
        SELECT array_agg(s.id), array_agg(s.generation), array_agg(s.topic)
          INTO v_ids, v_generations, v_topics
          FROM (SELECT t.id, max(t.generation) AS generation, max(t.topic) AS topic
                  FROM (SELECT u.id, u.generation, u.topic, u.n
                          FROM unnest(v_ids, v_generations, v_topics)
                               WITH ORDINALITY AS u (id, generation, topic, n)
                        UNION ALL
                        SELECT unnest(v_had), NULL, NULL, NULL) t
                 GROUP BY t.id
                HAVING bool_and(t.n IS NOT NULL)
                 ORDER BY min(t.n)) s
         WHERE NOT EXISTS (SELECT FROM mdm.queue q
                            WHERE q.tenant_id = p_tenant_id
                              AND q.command_uuid = p_command_uuid
                              AND q.enrollment_id = s.id
                           OFFSET 0)
           AND NOT EXISTS (SELECT FROM mdm.queue q
                            WHERE p_dedupe_key IS NOT NULL
                              AND q.tenant_id = p_tenant_id
                              AND q.enrollment_id = s.id
                              AND q.dedupe_key = p_dedupe_key
                           OFFSET 0);
    END IF;

    IF NOT v_repeated THEN
        INSERT INTO mdm.command (tenant_id, command_uuid, request_type, payload, digest,
                                 targets, wants, part, created_at)
        VALUES (p_tenant_id, p_command_uuid, p_request_type, p_payload, v_digest,
                coalesce(v_ids, '{}'), p_wants, p_part, now())
        RETURNING command_id, created_at INTO v_command_id, v_created_at;
        UPDATE mdm.idempotency i
           SET command_id = v_command_id, command_created_at = v_created_at
         WHERE i.tenant_id = p_tenant_id AND i.key = 'command:' || p_command_uuid;
    END IF;

    -- A row that somebody else holds is being delivered or answered now; it is
    -- left alone, and the new one waits behind it.
    IF p_supersedes AND p_subject IS NOT NULL THEN
        SELECT array_agg(s.enrollment_id), array_agg(s.command_uuid)
          INTO v_older_ids, v_older_uuids
          FROM unnest(v_ids) AS t (id)
         CROSS JOIN LATERAL (
               SELECT q.enrollment_id, q.command_uuid
                 FROM mdm.queue q
                WHERE q.tenant_id = p_tenant_id
                  AND q.enrollment_id = t.id
                  AND q.subject = p_subject
                  AND q.state IN ('QUEUED', 'NOTNOW')
                  AND q.command_uuid <> p_command_uuid
                  FOR UPDATE SKIP LOCKED) s;
        IF v_older_ids IS NOT NULL THEN
            PERFORM @revision@.queue_finish(p_tenant_id, v_older_ids, v_older_uuids,
                                            'CANCELLED',
                                            'superseded by ' || p_command_uuid);
        END IF;
    END IF;

    -- The wishes in their own order, and before the commands, so that these are
    -- written once: nobody can wait for a row that is about to be new.
    IF p_push AND v_ids IS NOT NULL THEN
        SELECT array_agg(s.id), array_agg(s.generation), array_agg(s.topic)
          INTO v_ids, v_generations, v_topics
          FROM (SELECT *
                  FROM unnest(v_ids, v_generations, v_topics) AS t (id, generation, topic)
                 ORDER BY t.id) s;
        v_sent := @revision@.push_wish(p_tenant_id, v_ids, v_topics, v_at,
                                       coalesce(v_not_before, v_at));
    END IF;

    INSERT INTO mdm.queue
           (tenant_id, enrollment_id, command_id, command_created_at, queued_at, sent_at,
            not_before, expires_at, generation, priority, offer_rank, urgent, renewal,
            repeat, command_uuid, request_type, subject, dedupe_key)
    SELECT p_tenant_id, t.id, v_command_id, v_created_at, v_at,
           CASE WHEN v_not_before IS NULL THEN t.sent_at END, v_not_before, v_expires,
           t.generation, p_priority, CASE WHEN p_urgent THEN 0 ELSE 2 END, p_urgent,
           p_renewal, p_repeat, p_command_uuid, p_request_type, p_subject, p_dedupe_key
      FROM unnest(v_ids, v_generations, v_sent) AS t (id, generation, sent_at);

    IF v_repeated AND v_ids IS NOT NULL THEN
        UPDATE mdm.command c
           SET targets = c.targets || v_ids
         WHERE c.tenant_id = p_tenant_id
           AND c.command_id = v_command_id
           AND c.created_at = v_created_at;
    END IF;

    v_count := coalesce(cardinality(v_ids), 0) + coalesce(cardinality(v_had), 0);

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'enqueue',
            jsonb_build_object('command_uuid', p_command_uuid,
                               'request_type', p_request_type,
                               'targets', cardinality(p_device_ids),
                               'queued', coalesce(cardinality(v_ids), 0)));

    RETURN QUERY
    SELECT 0, CASE WHEN v_repeated THEN 'repeated' ELSE 'ok' END, v_count,
           @revision@.micros(CASE WHEN v_repeated THEN v_created_at ELSE v_at END)::text,
           @revision@.push_present();

    -- Who is left out is looked at one by one; mostly nobody is. EXCEPT and
    -- GROUP BY hash, while a join of two arrays would compare each with each.
    IF v_count < cardinality(p_device_ids) THEN
        RETURN QUERY
        SELECT m.n,
               coalesce((SELECT CASE WHEN e.pending_certificate IS NOT NULL
                                     THEN 'pending' ELSE 'closed' END
                           FROM mdm.enrollment e
                          WHERE e.tenant_id = p_tenant_id
                            AND e.device_id = p_device_ids[m.n]
                            AND e.user_id = p_user_ids[m.n]), 'unknown'),
               NULL::integer, NULL::text, NULL::boolean
          FROM (SELECT generate_series(1, cardinality(p_device_ids)) AS n
                EXCEPT
                SELECT unnest(v_ns)) m
         ORDER BY m.n;

        RETURN QUERY
        SELECT unnest(array_agg(s.n)), 'duplicate', NULL::integer, NULL::text, NULL::boolean
          FROM (SELECT t.n, t.id FROM unnest(v_ns, v_live) AS t (n, id)
                UNION ALL
                SELECT NULL, unnest(v_ids || v_had)) s
         GROUP BY s.id
        HAVING bool_and(s.n IS NOT NULL)
         ORDER BY 1;
    END IF;
END
$$;

COMMENT ON FUNCTION @revision@.enqueue IS
'Asks one command of many channels. p_payload: sealed; p_digest: of what the client
asked, to tell a repetition: 32 bytes for each secret key that there is, of which the
first are kept, and any that were kept tell it; p_expires_seconds 0: never;
p_not_before_seconds 0: now; p_supersedes: cancels undelivered and NotNow commands of the same subject;
p_dedupe_key: nothing where a live command has it; p_push: wake the devices; p_wants:
what deliver() and report() give with it, see the column, or null; p_part: it asks for
some items of lists only.
Row n = 0 is the command: ok; conflict (same CommandUUID within 24 hours but another
digest, nothing done); repeated (same digest: targets that had it are left alone);
queued: how many channels have it now, those of a repetition included; at: see
push_results(); pushing: push_present().
Then one row per target that does not have it: unknown, closed, pending (enrolling,
not live yet), duplicate (a live command has the dedupe key, or the same UUID from
long ago). A target named twice counts once.';

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
    PERFORM @revision@.push_forget(p_tenant_id, p_device_id);

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, enrollment_id, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'enrollment_end', v_device.enrollment_id,
            jsonb_build_object('device_id', p_device_id));
    INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
    VALUES (p_tenant_id, 'enrollment_ended', v_device.enrollment_id,
            jsonb_build_object('device_id', p_device_id, 'user_id', '',
                               'actor', p_actor));
    RETURN 'ok';
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_end IS
'An operator ends the management of a device: its channels are ended and their
queues cancelled. The device hears of it when it next comes with its certificate.
Outcomes: ok; unknown; pending, closed or ended when there is nothing to end.';
