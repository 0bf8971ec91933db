-- What waits for one channel and what became of its commands.

CREATE FUNCTION @revision@.enrollment_queue(
    p_tenant_id  bigint,
    p_device_id  text,
    p_user_id    text,
    p_after      text,
    p_limit      integer)
RETURNS TABLE (
    command_uuid     text,
    request_type     text,
    subject          text,
    state            text,
    priority         smallint,
    urgent           boolean,
    delivered_count  integer,
    queued_at        text,
    not_before       text,
    expires_at       text,
    sent_at          text,
    pushed_at        text,
    notnow_at        text,
    stalled_at       text,
    reason           text,
    means            text,
    next             text,
    cursor           text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    -- Numbers in a cursor are not negative: a null rank is 9, a priority is
    -- counted from its greatest.
    v_after          text[] := string_to_array(p_after, chr(10));
    v_rank           bigint := coalesce(v_after[1]::bigint, -1);
    v_priority       bigint := 32767 - coalesce(v_after[2]::bigint, 0);
    v_queued_at      timestamptz := to_timestamp(0)
        + coalesce(v_after[3]::bigint, 0) * interval '1 microsecond';
    v_command_id     bigint;
    v_uuids          text[] := '{}';
    v_enrollment_id  bigint;
    v_dormant        boolean;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT e.enrollment_id,
           @revision@.is_dormant(e.channel, greatest(s.seen_at, e.token_at))
      INTO v_enrollment_id, v_dormant
      FROM mdm.enrollment e
      LEFT JOIN mdm.enrollment_seen s ON s.tenant_id = p_tenant_id
                                     AND s.enrollment_id = e.enrollment_id
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;

    SELECT q.command_id INTO v_command_id
      FROM mdm.queue q
     WHERE q.tenant_id = p_tenant_id
       AND q.command_uuid = v_after[4]
       AND q.enrollment_id = v_enrollment_id;
    v_command_id := coalesce(v_command_id, 0);

    -- The order falls and rises, so what comes after a row is four ranges of the
    -- index: its rank and priority, its rank, higher ranks, and no rank.
    v_uuids := ARRAY(
        SELECT q.command_uuid
          FROM mdm.queue q
         WHERE q.tenant_id = p_tenant_id
           AND q.enrollment_id = v_enrollment_id
           AND q.offer_rank = v_rank
           AND q.priority = v_priority
           AND (q.queued_at, q.command_id) > (v_queued_at, v_command_id)
         ORDER BY q.queued_at, q.command_id
         LIMIT p_limit);
    v_uuids := v_uuids || ARRAY(
        SELECT q.command_uuid
          FROM mdm.queue q
         WHERE q.tenant_id = p_tenant_id
           AND q.enrollment_id = v_enrollment_id
           AND q.offer_rank = v_rank
           AND q.priority < v_priority
         ORDER BY q.priority DESC, q.queued_at, q.command_id
         LIMIT p_limit - cardinality(v_uuids));
    v_uuids := v_uuids || ARRAY(
        SELECT q.command_uuid
          FROM mdm.queue q
         WHERE q.tenant_id = p_tenant_id
           AND q.enrollment_id = v_enrollment_id
           AND q.offer_rank > v_rank
         ORDER BY q.offer_rank, q.priority DESC, q.queued_at, q.command_id
         LIMIT p_limit - cardinality(v_uuids));
    v_uuids := v_uuids || ARRAY(
        SELECT q.command_uuid
          FROM mdm.queue q
         WHERE q.tenant_id = p_tenant_id
           AND q.enrollment_id = v_enrollment_id
           AND q.offer_rank IS NULL
           AND (v_rank < 9
                OR (-q.priority, q.queued_at, q.command_id)
                   > (-v_priority, v_queued_at, v_command_id))
         ORDER BY q.priority DESC, q.queued_at, q.command_id
         LIMIT p_limit - cardinality(v_uuids));

    RETURN QUERY
    SELECT q.command_uuid, q.request_type, q.subject, t.state, q.priority, q.urgent,
           q.delivered_count, @revision@.rfc3339(q.queued_at),
           @revision@.rfc3339(q.not_before), @revision@.rfc3339(q.expires_at),
           @revision@.rfc3339(q.sent_at), @revision@.rfc3339(q.pushed_at),
           @revision@.rfc3339(q.notnow_at), @revision@.rfc3339(q.stalled_at),
           CASE WHEN q.released_at IS NOT NULL
                THEN 'released, goes out again'
                WHEN q.state = 'STALLED' AND q.repeat = 'once'
                THEN 'delivered, outcome unknown'
                WHEN q.state = 'STALLED'
                THEN format('delivered %s times without an answer', q.unanswered_count)
                WHEN q.not_before > now()
                THEN 'not before ' || @revision@.rfc3339(q.not_before)
                WHEN q.older IS NOT NULL AND q.state <> 'PUSH'
                THEN 'waits for ' || q.older || ', which has the same subject' END,
           t.means,
           CASE WHEN v_dormant AND q.offer_rank IS NOT NULL
                THEN 'It waits for the user to log in.'
                WHEN q.state = 'STALLED' AND q.released_at IS NOT NULL
                THEN 'It goes out again when the device comes.'
                ELSE t.next END,
           concat_ws(chr(10), coalesce(q.offer_rank, 9), 32767 - q.priority,
                     @revision@.micros(q.queued_at), q.command_uuid)
      FROM (SELECT q.*, u.place,
                   (SELECT o.command_uuid
                      FROM mdm.queue o
                     WHERE o.tenant_id = p_tenant_id
                       AND o.enrollment_id = q.enrollment_id
                       AND o.subject = q.subject
                       AND (o.queued_at, o.command_id) < (q.queued_at, q.command_id)
                       AND (o.not_before IS NULL OR o.not_before <= now())
                       AND (o.expires_at IS NULL OR o.expires_at > now())
                     ORDER BY o.queued_at, o.command_id
                     LIMIT 1) AS older
              FROM unnest(v_uuids) WITH ORDINALITY AS u (command_uuid, place)
              JOIN mdm.queue q ON q.tenant_id = p_tenant_id
                              AND q.command_uuid = u.command_uuid
                              AND q.enrollment_id = v_enrollment_id) q
      JOIN mdm.command_state t
        ON t.state = CASE WHEN q.state = 'QUEUED' AND q.sent_at IS NOT NULL
                          THEN 'SENT' ELSE q.state END
     ORDER BY q.place;
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_queue IS
'What waits for a channel, in the order in which it will be offered, stalled rows
last, each with its state in plain words and, where it has one, the reason why it
waits. SENT stands for QUEUED when a push was accepted. p_after: the cursor of the
last row shown, or empty; a row whose place changes meanwhile may be shown twice or
not at all.';

CREATE FUNCTION @revision@.enrollment_history(
    p_tenant_id     bigint,
    p_device_id     text,
    p_user_id       text,
    p_after         text,
    p_limit         integer,
    p_state         text DEFAULT NULL,
    p_request_type  text DEFAULT NULL)
RETURNS TABLE (
    command_uuid     text,
    request_type     text,
    state            text,
    reason           text,
    generation       integer,
    delivered_count  integer,
    queued_at        text,
    sent_at          text,
    pushed_at        text,
    notnow_at        text,
    finished_at      text,
    reported_at      text,
    report           boolean,
    effects_at       text,
    effects_failed   text,
    means            text,
    next             text,
    cursor           text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    c_examined       CONSTANT integer := 2000;
    v_time           timestamptz := 'infinity';
    v_uuid           text := '';
    v_enrollment_id  bigint;
    v_shown          integer := 0;
    v_row            record;
    v_examined       integer := 0;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    IF p_after <> '' THEN
        v_time := to_timestamp(0)
                  + split_part(p_after, chr(10), 1)::bigint * interval '1 microsecond';
        v_uuid := split_part(p_after, chr(10), 2);
    END IF;

    SELECT e.enrollment_id INTO v_enrollment_id
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;

    FOR v_row IN
        SELECT r.command_uuid, r.request_type, r.state::text, r.reason, r.generation,
               r.delivered_count, r.queued_at, r.sent_at, r.pushed_at, r.notnow_at,
               r.finished_at, r.reported_at, r.report IS NOT NULL AS report, r.effects_at,
               r.effects_failed, t.means, t.next
          FROM (SELECT r.*
                  FROM mdm.result r
                 WHERE r.tenant_id = p_tenant_id
                   AND r.enrollment_id = v_enrollment_id
                   AND r.finished_at <= v_time
                   AND (r.finished_at < v_time OR r.command_uuid < v_uuid)
                 ORDER BY r.finished_at DESC, r.command_uuid DESC
                 LIMIT c_examined) r
          JOIN mdm.command_state t ON t.state = r.state
         ORDER BY r.finished_at DESC, r.command_uuid DESC
    LOOP
        v_examined := v_examined + 1;
        cursor := @revision@.micros(v_row.finished_at) || chr(10) || v_row.command_uuid;

        IF (p_state IS NULL OR v_row.state = p_state)
           AND (p_request_type IS NULL
                OR v_row.request_type IS NOT DISTINCT FROM p_request_type)
        THEN
            v_shown := v_shown + 1;
            command_uuid := v_row.command_uuid;
            request_type := v_row.request_type;
            state := v_row.state;
            reason := v_row.reason;
            generation := v_row.generation;
            delivered_count := v_row.delivered_count;
            queued_at := @revision@.rfc3339(v_row.queued_at);
            sent_at := @revision@.rfc3339(v_row.sent_at);
            pushed_at := @revision@.rfc3339(v_row.pushed_at);
            notnow_at := @revision@.rfc3339(v_row.notnow_at);
            finished_at := @revision@.rfc3339(v_row.finished_at);
            reported_at := @revision@.rfc3339(v_row.reported_at);
            report := v_row.report;
            effects_at := @revision@.rfc3339(v_row.effects_at);
            effects_failed := v_row.effects_failed;
            means := v_row.means;
            next := v_row.next;
            RETURN NEXT;
            EXIT WHEN v_shown = p_limit;
        END IF;

        IF v_examined = c_examined THEN
            command_uuid := NULL;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_history IS
'What became of the commands of a channel, newest first; report: is the raw report
kept? effects_at and effects_failed: see mdm.result. p_after: the cursor of the last row shown, or empty. A null p_state or
p_request_type filters nothing. At most 2000 commands are examined: when they were not
enough, the last row has no command_uuid, and its cursor tells where to go on.';
