-- Commands that wait: taking them back, letting stalled ones go out again, and
-- what is told of one command.

CREATE FUNCTION @revision@.command_cancel(
    p_tenant_id     bigint,
    p_actor         text,
    p_remote        text,
    p_command_uuid  text,
    p_force         boolean,
    p_after         bigint DEFAULT 0,
    p_limit         integer DEFAULT 500,
    OUT outcome     text,
    OUT cancelled   integer,
    OUT delivered   integer,
    OUT after       bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_ids  bigint[];
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT array_agg(s.enrollment_id)
      INTO v_ids
      FROM (SELECT q.enrollment_id
              FROM mdm.queue q
             WHERE q.tenant_id = p_tenant_id
               AND q.command_uuid = p_command_uuid
               AND q.enrollment_id > p_after
             ORDER BY q.enrollment_id
             LIMIT p_limit) s;

    IF cardinality(v_ids) = p_limit THEN
        after := v_ids[p_limit];
    END IF;

    -- One row per channel, locked in the order of all who lock several; each found
    -- by its key, whatever the planner knows of the tables.
    SELECT array_agg(s.enrollment_id) FILTER (WHERE p_force OR NOT s.unanswered),
           count(*) FILTER (WHERE s.unanswered),
           CASE WHEN count(*) = 0 THEN 'unknown' ELSE 'ok' END
      INTO v_ids, delivered, outcome
      FROM (SELECT q.enrollment_id, q.unanswered
              FROM (SELECT t.id
                      FROM unnest(v_ids) AS t (id)
                     CROSS JOIN LATERAL (
                           SELECT e.device_id, e.user_id
                             FROM mdm.enrollment e
                            WHERE e.tenant_id = p_tenant_id
                              AND e.enrollment_id = t.id
                            LIMIT 1) e
                     ORDER BY e.device_id, e.user_id) t
             CROSS JOIN LATERAL (
                   SELECT q.enrollment_id, q.state IN ('PUSH', 'STALLED') AS unanswered
                     FROM mdm.queue q
                    WHERE q.tenant_id = p_tenant_id
                      AND q.command_uuid = p_command_uuid
                      AND q.enrollment_id = t.id
                      FOR UPDATE) q) s;

    cancelled := 0;
    IF outcome = 'unknown' THEN
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
'Withdraws a command from its targets, p_limit of them: so many rows are locked, and
devices wait for them no longer than that takes. after: call again with it for the
next ones; null: these were the last. A target that has it and has not answered keeps
it unless p_force. outcome: ok; delivered (such targets were left); unknown (no live
target). cancelled: how many were withdrawn; delivered: how many had it unanswered,
left or, with p_force, withdrawn among the others.';

CREATE FUNCTION @revision@.commands_cancel(
    p_tenant_id      bigint,
    p_actor          text,
    p_remote         text,
    p_command_uuids  text[],
    p_force          boolean,
    p_place          integer DEFAULT 1,
    p_after          bigint DEFAULT 0,
    p_limit          integer DEFAULT 500)
RETURNS TABLE (place integer, command_uuid text, cancelled integer, delivered integer,
               busy integer, after bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_left    integer := p_limit;
    v_after   bigint := p_after;
    v_total   integer := 0;
    v_uuid    text;
    v_asked   bigint[];
    v_ids     bigint[];
    v_count   integer;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    FOR v_place IN p_place .. cardinality(p_command_uuids) LOOP
        v_uuid := p_command_uuids[v_place];
        CONTINUE WHEN array_position(p_command_uuids, v_uuid) < v_place;

        place := v_place;
        command_uuid := v_uuid;
        cancelled := 0;
        delivered := 0;
        busy := 0;
        after := NULL;

        SELECT array_agg(s.enrollment_id)
          INTO v_asked
          FROM (SELECT q.enrollment_id
                  FROM mdm.queue q
                 WHERE q.tenant_id = p_tenant_id
                   AND q.command_uuid = v_uuid
                   AND q.enrollment_id > v_after
                 ORDER BY q.enrollment_id
                 LIMIT v_left) s;
        v_count := coalesce(cardinality(v_asked), 0);

        IF v_count > 0 THEN
            -- A channel may have several of them, and who waits for a second row of
            -- a channel while he holds the first may wait for ever; so nobody is
            -- waited for.
            SELECT array_agg(q.enrollment_id) FILTER (WHERE p_force OR NOT q.unanswered),
                   count(*) FILTER (WHERE q.unanswered)
              INTO v_ids, delivered
              FROM unnest(v_asked) AS t (id)
             CROSS JOIN LATERAL (
                   SELECT q.enrollment_id,
                          q.state IN ('PUSH', 'STALLED') AS unanswered
                     FROM mdm.queue q
                    WHERE q.tenant_id = p_tenant_id
                      AND q.command_uuid = v_uuid
                      AND q.enrollment_id = t.id
                      FOR UPDATE SKIP LOCKED) q;

            cancelled := @revision@.queue_finish(
                p_tenant_id, v_ids,
                array_fill(v_uuid, ARRAY[coalesce(cardinality(v_ids), 0)]),
                'CANCELLED', 'cancelled by ' || p_actor);
            v_total := v_total + cancelled;

            -- What is still there after that and was not locked is in somebody's
            -- hands.
            SELECT greatest(0, count(*) - CASE WHEN p_force THEN 0 ELSE delivered END)
              INTO busy
              FROM unnest(v_asked) AS t (id)
             CROSS JOIN LATERAL (
                   SELECT FROM mdm.queue q
                    WHERE q.tenant_id = p_tenant_id
                      AND q.command_uuid = v_uuid
                      AND q.enrollment_id = t.id
                    LIMIT 1) q;
        END IF;

        IF v_count = v_left THEN
            after := v_asked[v_left];
        END IF;

        RETURN NEXT;
        EXIT WHEN after IS NOT NULL;

        v_left := v_left - v_count;
        v_after := 0;
    END LOOP;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'commands_cancel',
            jsonb_build_object('command_uuids',
                               to_jsonb(p_command_uuids[p_place : place]),
                               'force', p_force, 'cancelled', v_total));
END
$$;

COMMENT ON FUNCTION @revision@.commands_cancel IS
'command_cancel() for many commands, p_limit targets of them all; a row for each that
was come to, by its place among those that were named, twice is once. after: there it
was stopped; call again with place and after of that last row, and add up. Nobody is
waited for: busy tells how many targets were being served at that moment and were
left.';

CREATE FUNCTION @revision@.queue_cancel(
    p_tenant_id     bigint,
    p_actor         text,
    p_remote        text,
    p_device_id     text,
    p_user_id       text,
    p_command_uuid  text,
    p_force         boolean,
    OUT outcome     text,
    OUT cancelled   integer,
    OUT delivered   integer)
LANGUAGE plpgsql AS $$
DECLARE
    v_enrollment_id  bigint;
    v_uuids          text[];
    v_known          boolean;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    cancelled := 0;
    delivered := 0;

    SELECT e.enrollment_id INTO v_enrollment_id
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;
    IF NOT FOUND THEN
        outcome := 'unknown_enrollment';
        RETURN;
    END IF;

    PERFORM pg_advisory_xact_lock(-v_enrollment_id);

    IF p_command_uuid IS NULL THEN
        SELECT array_agg(s.command_uuid) FILTER (WHERE p_force OR NOT s.unanswered),
               count(*) FILTER (WHERE s.unanswered)
          INTO v_uuids, delivered
          FROM (SELECT q.command_uuid, q.state IN ('PUSH', 'STALLED') AS unanswered
                  FROM mdm.queue q
                 WHERE q.tenant_id = p_tenant_id
                   AND q.enrollment_id = v_enrollment_id
                 ORDER BY q.command_id
                   FOR UPDATE) s;
    ELSE
        SELECT array_agg(s.command_uuid) FILTER (WHERE p_force OR NOT s.unanswered),
               count(*) FILTER (WHERE s.unanswered), count(*) > 0
          INTO v_uuids, delivered, v_known
          FROM (SELECT q.command_uuid, q.state IN ('PUSH', 'STALLED') AS unanswered
                  FROM mdm.queue q
                 WHERE q.tenant_id = p_tenant_id
                   AND q.command_uuid = p_command_uuid
                   AND q.enrollment_id = v_enrollment_id
                   FOR UPDATE) s;
        IF NOT v_known THEN
            outcome := 'unknown';
            RETURN;
        END IF;
    END IF;

    cancelled := @revision@.queue_finish(
        p_tenant_id,
        array_fill(v_enrollment_id, ARRAY[coalesce(cardinality(v_uuids), 0)]),
        v_uuids, 'CANCELLED', 'cancelled by ' || p_actor);
    outcome := CASE WHEN delivered > 0 AND NOT p_force THEN 'delivered' ELSE 'ok' END;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, enrollment_id, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'queue_cancel', v_enrollment_id,
            jsonb_strip_nulls(jsonb_build_object(
                'command_uuid', p_command_uuid, 'force', p_force,
                'cancelled', cancelled, 'delivered', delivered)));
END
$$;

COMMENT ON FUNCTION @revision@.queue_cancel IS
'Withdraws one command from one channel, or with p_command_uuid null all that waits
there. What it has and has not answered stays unless p_force. outcome: ok, also
when all of nothing was withdrawn; delivered (such commands were left); unknown (the
command does not wait there); unknown_enrollment. cancelled, delivered: as in
command_cancel().';

CREATE FUNCTION @revision@.command_release(
    p_tenant_id     bigint,
    p_actor         text,
    p_remote        text,
    p_device_id     text,
    p_user_id       text,
    p_command_uuid  text,
    p_withheld      text[] DEFAULT '{}')
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_enrollment_id  bigint;
    v_topic          text;
    v_type           text;
    v_state          text;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT e.enrollment_id, e.topic INTO v_enrollment_id, v_topic
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;
    IF NOT FOUND THEN
        RETURN 'unknown_enrollment';
    END IF;

    SELECT q.request_type, q.state INTO v_type, v_state
      FROM mdm.queue q
     WHERE q.tenant_id = p_tenant_id
       AND q.command_uuid = p_command_uuid
       AND q.enrollment_id = v_enrollment_id
       FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF v_type = ANY (p_withheld) THEN
        RETURN 'withheld';
    ELSIF v_state <> 'STALLED' THEN
        RETURN 'not_stalled';
    END IF;

    UPDATE mdm.queue q
       SET released_at = now(), unanswered_count = 0,
           offer_rank = CASE WHEN q.urgent THEN 0 ELSE 2 END
     WHERE q.tenant_id = p_tenant_id
       AND q.command_uuid = p_command_uuid
       AND q.enrollment_id = v_enrollment_id;

    PERFORM @revision@.push_wish(p_tenant_id, ARRAY[v_enrollment_id], ARRAY[v_topic],
                                 now(), now());

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, enrollment_id, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'command_release', v_enrollment_id,
            jsonb_build_object('command_uuid', p_command_uuid));
    RETURN 'ok';
END
$$;

COMMENT ON FUNCTION @revision@.command_release IS
'A person decides that a stalled command goes out again to one channel, which is
woken. p_withheld: request types that he may not send. Outcomes: ok, not_stalled,
withheld, unknown (it does not wait there), unknown_enrollment.';

CREATE FUNCTION @revision@.command_release_all(
    p_tenant_id     bigint,
    p_actor         text,
    p_remote        text,
    p_command_uuid  text,
    p_withheld      text[],
    OUT outcome     text,
    OUT released    integer)
LANGUAGE plpgsql AS $$
DECLARE
    v_ids       bigint[];
    v_withheld  boolean;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    released := 0;

    SELECT q.request_type = ANY (p_withheld)
      INTO v_withheld
      FROM mdm.queue q
     WHERE q.tenant_id = p_tenant_id
       AND q.command_uuid = p_command_uuid
     LIMIT 1;

    -- Only those that are stalled are locked, in the order of all who lock several:
    -- devices that wait for nothing of this must not wait for it.
    SELECT array_agg(s.enrollment_id)
      INTO v_ids
      FROM (SELECT q.enrollment_id
              FROM (SELECT q.enrollment_id
                      FROM mdm.queue q
                     CROSS JOIN LATERAL (
                           SELECT e.device_id, e.user_id
                             FROM mdm.enrollment e
                            WHERE e.tenant_id = p_tenant_id
                              AND e.enrollment_id = q.enrollment_id
                            LIMIT 1) e
                     WHERE q.tenant_id = p_tenant_id
                       AND q.command_uuid = p_command_uuid
                       AND q.state = 'STALLED'
                       AND NOT v_withheld
                     ORDER BY e.device_id, e.user_id) t
             CROSS JOIN LATERAL (
                   SELECT q.enrollment_id
                     FROM mdm.queue q
                    WHERE q.tenant_id = p_tenant_id
                      AND q.command_uuid = p_command_uuid
                      AND q.enrollment_id = t.enrollment_id
                      AND q.state = 'STALLED'
                      FOR UPDATE) q) s;

    outcome := CASE WHEN v_withheld IS NULL THEN 'unknown'
                    WHEN v_withheld THEN 'withheld'
                    WHEN v_ids IS NULL THEN 'not_stalled'
                    ELSE 'ok' END;
    IF outcome <> 'ok' THEN
        RETURN;
    END IF;

    UPDATE mdm.queue q
       SET released_at = now(), unanswered_count = 0,
           offer_rank = CASE WHEN q.urgent THEN 0 ELSE 2 END
     WHERE q.tenant_id = p_tenant_id
       AND q.command_uuid = p_command_uuid
       AND q.enrollment_id = ANY (v_ids);
    GET DIAGNOSTICS released = ROW_COUNT;

    PERFORM @revision@.push_wish(p_tenant_id, s.ids, s.topics, now(), now())
       FROM (SELECT array_agg(t.id) AS ids, array_agg(t.topic) AS topics
               FROM (SELECT t.id, e.topic
                       FROM unnest(v_ids) AS t (id)
                      CROSS JOIN LATERAL (
                            SELECT e.topic
                              FROM mdm.enrollment e
                             WHERE e.tenant_id = p_tenant_id
                               AND e.enrollment_id = t.id
                             LIMIT 1) e
                      ORDER BY t.id) t) s;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'command_release',
            jsonb_build_object('command_uuid', p_command_uuid, 'released', released));
END
$$;

COMMENT ON FUNCTION @revision@.command_release_all IS
'command_release() for all targets of a command that are stalled. outcome: ok,
not_stalled (none of them is), withheld, unknown (no live target). released: how many.';

CREATE FUNCTION @revision@.command_show(
    p_tenant_id     bigint,
    p_command_uuid  text,
    p_states        boolean)
RETURNS TABLE (command_uuid text, request_type text, created_at text, targets integer,
               states json)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_command  record;
    v_states   json;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT c.command_id, c.request_type, c.created_at, c.targets
      INTO v_command
      FROM mdm.command c
     WHERE c.tenant_id = p_tenant_id
       AND c.command_uuid = p_command_uuid
     ORDER BY c.created_at DESC
     LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    IF p_states THEN
        SELECT json_object_agg(s.state, s.count)
          INTO v_states
          FROM (SELECT t.state, count(*) AS count
                  FROM (SELECT coalesce(q.state, r.state) AS state
                          FROM unnest(v_command.targets) AS t (id)
                          LEFT JOIN LATERAL (
                               SELECT CASE WHEN q.state = 'QUEUED'
                                                AND q.sent_at IS NOT NULL
                                           THEN 'SENT' ELSE q.state END AS state
                                 FROM mdm.queue q
                                WHERE q.tenant_id = p_tenant_id
                                  AND q.command_uuid = p_command_uuid
                                  AND q.enrollment_id = t.id
                                  AND q.command_id = v_command.command_id
                                LIMIT 1) q ON true
                          LEFT JOIN LATERAL (
                               SELECT r.state
                                 FROM mdm.result r
                                WHERE q.state IS NULL
                                  AND r.tenant_id = p_tenant_id
                                  AND r.enrollment_id = t.id
                                  AND r.command_uuid = p_command_uuid
                                  AND r.finished_at >= v_command.created_at
                                  AND r.finished_at <= now()
                                  AND r.command_id = v_command.command_id
                                LIMIT 1) r ON true) t
                 WHERE t.state IS NOT NULL
                 GROUP BY t.state) s;
    END IF;

    RETURN QUERY
    SELECT p_command_uuid, v_command.request_type,
           @revision@.rfc3339(v_command.created_at), cardinality(v_command.targets),
           CASE WHEN p_states THEN coalesce(v_states, '{}') END;
END
$$;

COMMENT ON FUNCTION @revision@.command_show IS
'The newest command of a CommandUUID; no row: there is none. targets: how many it was
queued for. states: with p_states, how many of them are in each state; who is in none
is no longer in the history.';

CREATE FUNCTION @revision@.command_targets(
    p_tenant_id     bigint,
    p_command_uuid  text,
    p_after         text,
    p_limit         integer)
RETURNS TABLE (
    device_id        text,
    user_id          text,
    state            text,
    reason           text,
    delivered_count  integer,
    queued_at        text,
    not_before       text,
    expires_at       text,
    sent_at          text,
    pushed_at        text,
    notnow_at        text,
    stalled_at       text,
    finished_at      text,
    reported_at      text,
    effects_at       text,
    effects_failed   text,
    means            text,
    next             text,
    cursor           text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_command  record;
    v_after    bigint := coalesce(nullif(p_after, ''), '0')::bigint;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT c.command_id, c.created_at, c.targets
      INTO v_command
      FROM mdm.command c
     WHERE c.tenant_id = p_tenant_id
       AND c.command_uuid = p_command_uuid
     ORDER BY c.created_at DESC
     LIMIT 1;
    IF NOT FOUND OR v_after >= cardinality(v_command.targets) THEN
        RETURN;
    END IF;

    RETURN QUERY
    SELECT e.device_id, e.user_id, s.state,
           CASE WHEN q.released_at IS NOT NULL THEN 'released, goes out again'
                WHEN q.state = 'STALLED' AND q.repeat = 'once'
                THEN 'delivered, outcome unknown'
                WHEN q.state = 'STALLED'
                THEN format('delivered %s times without an answer', q.unanswered_count)
                WHEN q.not_before > now()
                THEN 'not before ' || @revision@.rfc3339(q.not_before)
                ELSE r.reason END,
           coalesce(q.delivered_count, r.delivered_count),
           @revision@.rfc3339(coalesce(q.queued_at, r.queued_at)),
           @revision@.rfc3339(q.not_before), @revision@.rfc3339(q.expires_at),
           @revision@.rfc3339(coalesce(q.sent_at, r.sent_at)),
           @revision@.rfc3339(coalesce(q.pushed_at, r.pushed_at)),
           @revision@.rfc3339(coalesce(q.notnow_at, r.notnow_at)),
           @revision@.rfc3339(q.stalled_at), @revision@.rfc3339(r.finished_at),
           @revision@.rfc3339(r.reported_at), @revision@.rfc3339(r.effects_at),
           r.effects_failed, s.means,
           CASE WHEN q.state = 'STALLED' AND q.released_at IS NOT NULL
                THEN 'It goes out again when the device comes.' ELSE s.next END,
           t.n::text
      FROM unnest(v_command.targets[v_after + 1 : v_after + p_limit])
           WITH ORDINALITY AS u (id, place)
     CROSS JOIN LATERAL (SELECT u.id, v_after + u.place AS n) t
      JOIN mdm.enrollment e ON e.tenant_id = p_tenant_id
                           AND e.enrollment_id = t.id
      LEFT JOIN LATERAL (
           SELECT *
             FROM mdm.queue q
            WHERE q.tenant_id = p_tenant_id
              AND q.command_uuid = p_command_uuid
              AND q.enrollment_id = t.id
              AND q.command_id = v_command.command_id
            LIMIT 1) q ON true
      LEFT JOIN LATERAL (
           SELECT *
             FROM mdm.result r
            WHERE q.state IS NULL
              AND r.tenant_id = p_tenant_id
              AND r.enrollment_id = t.id
              AND r.command_uuid = p_command_uuid
              AND r.finished_at >= v_command.created_at
              AND r.finished_at <= now()
              AND r.command_id = v_command.command_id
            LIMIT 1) r ON true
      LEFT JOIN mdm.command_state s
        ON s.state = CASE WHEN q.state = 'QUEUED' AND q.sent_at IS NOT NULL
                          THEN 'SENT' ELSE coalesce(q.state, r.state) END
     ORDER BY t.n;
END
$$;

COMMENT ON FUNCTION @revision@.command_targets IS
'A page of the targets of the newest command of a CommandUUID, each with its state:
those that wait by the key of queue, the others by that of result. p_after: the
place of the last one shown, or empty.';

CREATE FUNCTION @revision@.command_payload(
    p_tenant_id     bigint,
    p_actor         text,
    p_remote        text,
    p_command_uuid  text)
RETURNS bytea
LANGUAGE plpgsql AS $$
DECLARE
    v_payload  bytea;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT c.payload INTO v_payload
      FROM mdm.command c
     WHERE c.tenant_id = p_tenant_id
       AND c.command_uuid = p_command_uuid
     ORDER BY c.created_at DESC
     LIMIT 1;

    IF FOUND THEN
        INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
        VALUES (p_tenant_id, p_actor, p_remote, 'command_payload',
                jsonb_build_object('command_uuid', p_command_uuid));
    END IF;
    RETURN v_payload;
END
$$;

COMMENT ON FUNCTION @revision@.command_payload IS
'The payload, sealed, of the newest command of a CommandUUID, for a person who reads
it, which the audit keeps; null: there is none.';
