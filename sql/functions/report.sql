-- What devices answer.

CREATE FUNCTION @revision@.report_unasked(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_generation     integer,
    p_command_uuid   text,
    p_report         bytea,
    p_reason         text)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    c_kept  CONSTANT integer := 100;
BEGIN
    IF EXISTS (SELECT FROM mdm.result r
                WHERE r.tenant_id = p_tenant_id
                  AND r.enrollment_id = p_enrollment_id
                  AND r.command_uuid = p_command_uuid
                  AND r.state = 'UNASKED')
    OR (SELECT count(*)
          FROM (SELECT FROM mdm.result r
                 WHERE r.tenant_id = p_tenant_id
                   AND r.enrollment_id = p_enrollment_id
                   AND r.state = 'UNASKED'
                 LIMIT c_kept) k) >= c_kept
    THEN
        RETURN false;
    END IF;

    INSERT INTO mdm.result (tenant_id, enrollment_id, generation, command_uuid, state,
                            reason, report, finished_at, reported_at)
    VALUES (p_tenant_id, p_enrollment_id, p_generation, p_command_uuid, 'UNASKED',
            p_reason, p_report, now(), now());
    RETURN true;
END
$$;

COMMENT ON FUNCTION @revision@.report_unasked IS
'Keeps a report on a command that this channel was not asked, raw and once per
CommandUUID; at most 100 per channel, later ones are dropped. Returns whether it
was kept.';

CREATE FUNCTION @revision@.report_late(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_generation     integer,
    p_command_uuid   text,
    p_state          text,
    p_report         bytea,
    p_reason         text,
    p_request_type   text,
    p_effects        jsonb,
    OUT reported_type  text,
    OUT changed        boolean,
    OUT wrong_type     boolean)
LANGUAGE plpgsql AS $$
DECLARE
    v_row  record;
BEGIN
    changed := false;
    wrong_type := false;

    SELECT r.state, r.request_type, r.pushed_at, r.reported_at, r.finished_at
      INTO v_row
      FROM mdm.result r
     WHERE r.tenant_id = p_tenant_id
       AND r.enrollment_id = p_enrollment_id
       AND r.command_uuid = p_command_uuid
     ORDER BY (r.reported_at IS NULL) DESC, r.finished_at DESC
     LIMIT 1;

    IF FOUND AND v_row.reported_at IS NOT NULL THEN
        reported_type := v_row.request_type;
        RETURN;
    END IF;

    IF FOUND AND v_row.pushed_at IS NOT NULL THEN
        reported_type := v_row.request_type;
        wrong_type := reported_type <> p_request_type IS TRUE;
        IF wrong_type THEN
            RETURN;
        END IF;

        UPDATE mdm.result r
           SET from_state = r.state, state = p_state, reason = p_reason,
               report = p_report, reported_at = now(),
               effects_at = CASE WHEN NOT p_effects ? 'failed' THEN now() END,
               effects_failed = p_effects ->> 'failed'
         WHERE r.tenant_id = p_tenant_id
           AND r.enrollment_id = p_enrollment_id
           AND r.command_uuid = p_command_uuid
           AND r.finished_at = v_row.finished_at
           AND r.state = v_row.state
           AND r.reported_at IS NULL;
        changed := FOUND;
        RETURN;
    END IF;

    changed := @revision@.report_unasked(p_tenant_id, p_enrollment_id, p_generation,
                                         p_command_uuid, p_report, p_reason);
END
$$;

COMMENT ON FUNCTION @revision@.report_late IS
'A report for which no row is live. Closed by us after delivery: it becomes what
the device says, once. Answered before: nothing. Never delivered or never asked:
the report is kept as UNASKED, and reported_type is null. changed: it was the
first to say so. wrong_type: the row is of another type than p_request_type (null:
none was assumed), and nothing was done. p_effects: are noted, not applied.';

CREATE FUNCTION @revision@.report_not_now(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_command_uuid   text,
    OUT reported_type  text,
    OUT changed        boolean)
LANGUAGE plpgsql AS $$
DECLARE
    v_row  record;
BEGIN
    changed := false;

    SELECT q.state, q.request_type INTO v_row
      FROM mdm.queue q
     WHERE q.tenant_id = p_tenant_id
       AND q.command_uuid = p_command_uuid
       AND q.enrollment_id = p_enrollment_id
       FOR UPDATE;

    IF v_row.state = 'NOTNOW' THEN
        UPDATE mdm.queue q
           SET notnow_at = now()
         WHERE q.tenant_id = p_tenant_id
           AND q.command_uuid = p_command_uuid
           AND q.enrollment_id = p_enrollment_id;

    ELSIF FOUND THEN
        -- A report proves a delivery, even one that the database forgot when it
        -- failed over to an older state.
        IF v_row.state = 'QUEUED' THEN
            UPDATE mdm.queue q
               SET state = 'PUSH', offer_rank = CASE WHEN q.urgent THEN 0 ELSE 1 END,
                   pushed_at = now(), delivered_count = q.delivered_count + 1
             WHERE q.tenant_id = p_tenant_id
               AND q.command_uuid = p_command_uuid
               AND q.enrollment_id = p_enrollment_id;
        END IF;

        UPDATE mdm.queue q
           SET state = 'NOTNOW', offer_rank = CASE WHEN q.urgent THEN 0 ELSE 2 END,
               notnow_at = now(), unanswered_count = 0, released_at = NULL
         WHERE q.tenant_id = p_tenant_id
           AND q.command_uuid = p_command_uuid
           AND q.enrollment_id = p_enrollment_id;
        changed := true;
    ELSE
        SELECT r.request_type INTO v_row
          FROM mdm.result r
         WHERE r.tenant_id = p_tenant_id
           AND r.enrollment_id = p_enrollment_id
           AND r.command_uuid = p_command_uuid
         LIMIT 1;
    END IF;

    reported_type := v_row.request_type;
END
$$;

COMMENT ON FUNCTION @revision@.report_not_now IS
'A device cannot carry out a command now: the row waits as NOTNOW for the next
Idle. Nothing changes for a command that is no longer live. reported_type: null
when it is unknown; changed: the row was not NOTNOW before.';

CREATE FUNCTION @revision@.report_effects(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_generation     integer,
    p_command_uuid   text,
    p_request_type   text,
    p_effects        jsonb,
    p_lists          jsonb)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_reason  text;
BEGIN
    v_reason := @revision@.effects_apply(p_tenant_id, p_enrollment_id, p_generation,
                                         p_command_uuid, p_request_type, p_effects,
                                         p_lists);
    IF v_reason IS NOT NULL AND NOT p_effects ? 'failed' THEN
        UPDATE mdm.result r
           SET effects_at = NULL, effects_failed = v_reason
         WHERE r.tenant_id = p_tenant_id
           AND r.enrollment_id = p_enrollment_id
           AND r.command_uuid = p_command_uuid
           AND r.reported_at = now();
    END IF;
END
$$;

COMMENT ON FUNCTION @revision@.report_effects IS
'Applies the effects of a report that this transaction has stored as applied, or as
failed when p_effects say so, and corrects that where the database refuses them.';

CREATE FUNCTION @revision@.report_one(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_generation     integer,
    p_command_uuid   text,
    p_status         text,
    p_report         bytea,
    p_reason         text,
    p_request_type   text,
    p_effects        jsonb,
    p_lists          jsonb,
    OUT reported_type  text,
    OUT changed        boolean,
    OUT wrong_type     boolean)
LANGUAGE plpgsql AS $$
DECLARE
    v_state  text := CASE WHEN p_status = 'Acknowledged' THEN 'ACKNOWLEDGED'
                          ELSE 'ERROR' END;
BEGIN
    wrong_type := false;

    IF p_status = 'NotNow' THEN
        SELECT * INTO reported_type, changed
          FROM @revision@.report_not_now(p_tenant_id, p_enrollment_id, p_command_uuid);
        RETURN;
    END IF;

    WITH gone AS (
        DELETE FROM mdm.queue q
         WHERE q.tenant_id = p_tenant_id
           AND q.command_uuid = p_command_uuid
           AND q.enrollment_id = p_enrollment_id
           AND (p_request_type IS NULL OR q.request_type = p_request_type)
        RETURNING q.*)
    INSERT INTO mdm.result AS r
           (tenant_id, enrollment_id, generation, command_id, command_created_at,
            command_uuid, request_type, from_state, state, reason, report, renewal,
            delivered_count, queued_at, sent_at, pushed_at, notnow_at, finished_at,
            reported_at, effects_at, effects_failed)
    -- From QUEUED: the report proves a delivery that the database forgot when it
    -- failed over to an older state.
    SELECT p_tenant_id, p_enrollment_id, g.generation, g.command_id,
           g.command_created_at, p_command_uuid, g.request_type,
           CASE g.state WHEN 'QUEUED' THEN 'PUSH' ELSE g.state END, v_state, p_reason,
           p_report, g.renewal, g.delivered_count, g.queued_at, g.sent_at,
           coalesce(g.pushed_at, now()), g.notnow_at, now(), now(),
           CASE WHEN NOT p_effects ? 'failed' THEN now() END, p_effects ->> 'failed'
      FROM gone g
    RETURNING r.request_type INTO reported_type;
    changed := FOUND;

    IF NOT changed AND p_request_type IS NOT NULL THEN
        SELECT q.request_type INTO reported_type
          FROM mdm.queue q
         WHERE q.tenant_id = p_tenant_id
           AND q.command_uuid = p_command_uuid
           AND q.enrollment_id = p_enrollment_id;
        IF FOUND THEN
            wrong_type := true;
            RETURN;
        END IF;
    END IF;

    IF NOT changed THEN
        SELECT * INTO reported_type, changed, wrong_type
          FROM @revision@.report_late(p_tenant_id, p_enrollment_id, p_generation,
                                      p_command_uuid, v_state, p_report, p_reason,
                                      p_request_type, p_effects);
    END IF;

    IF changed AND reported_type IS NOT NULL AND p_effects IS NOT NULL THEN
        PERFORM @revision@.report_effects(p_tenant_id, p_enrollment_id, p_generation,
                                          p_command_uuid, reported_type, p_effects,
                                          p_lists);
    END IF;
END
$$;

COMMENT ON FUNCTION @revision@.report_one IS
'One report, whatever became of its command, with its effects. The caller has set
the tenant, checked the identity and holds the channel''s advisory lock.
reported_type: null when it is unknown; changed: it was the first to say so;
wrong_type: the command is of another type than p_request_type (null: none was
assumed), and nothing was done.';

CREATE FUNCTION @revision@.report_many(
    p_tenant_id       bigint,
    p_first           integer,
    p_last            integer,
    p_ns              integer[],
    p_enrollment_ids  bigint[],
    p_generations     integer[],
    p_tids            tid[],
    p_expired         boolean[],
    p_command_uuids   text[],
    p_statuses        text[],
    p_reports         bytea[],
    p_reasons         text[],
    p_effects         text[],
    OUT gone           integer[],
    OUT chosen         integer,
    OUT places         integer[],
    OUT command_uuids  text[],
    OUT request_types  text[],
    OUT command_ids    bigint[],
    OUT created_ats    timestamptz[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    -- "gone" is read row by row, so each channel's next command is taken before the
    -- following channel is touched: rows are locked in the order of channels. No
    -- part sees what another has changed.
    WITH gone AS (
        DELETE FROM mdm.queue q
         USING unnest(p_ns, p_enrollment_ids, p_generations, p_tids) WITH ORDINALITY
               AS m (n, enrollment_id, live, tid, place)
         WHERE m.place BETWEEN p_first AND p_last
           AND q.ctid = m.tid
           AND q.tenant_id = p_tenant_id
           AND q.command_uuid = p_command_uuids[m.n]
           AND q.enrollment_id = m.enrollment_id
        RETURNING m.n, m.place::integer AS place, m.live, q.enrollment_id,
                  q.generation, q.command_id, q.command_created_at, q.command_uuid,
                  q.request_type, q.state, q.renewal, q.delivered_count, q.queued_at,
                  q.sent_at, q.pushed_at, q.notnow_at),
    kept AS (
        INSERT INTO mdm.result
               (tenant_id, enrollment_id, generation, command_id, command_created_at,
                command_uuid, request_type, from_state, state, reason, report, renewal,
                delivered_count, queued_at, sent_at, pushed_at, notnow_at, finished_at,
                reported_at, effects_at, effects_failed)
        SELECT p_tenant_id, g.enrollment_id, g.generation, g.command_id,
               g.command_created_at, g.command_uuid, g.request_type, g.state,
               CASE p_statuses[g.n] WHEN 'Acknowledged' THEN 'ACKNOWLEDGED'
                                    ELSE 'ERROR' END,
               p_reasons[g.n], p_reports[g.n], g.renewal, g.delivered_count,
               g.queued_at, g.sent_at, g.pushed_at, g.notnow_at, now(), now(),
               CASE WHEN NOT p_effects[g.n]::jsonb ? 'failed' THEN now() END,
               p_effects[g.n]::jsonb ->> 'failed'
          FROM gone g),
    choice AS (
        SELECT g.place, w.*
          FROM gone g
         CROSS JOIN LATERAL (
               SELECT q.enrollment_id, q.command_uuid, q.state, q.delivered_count,
                      q.ctid AS tid
                 FROM mdm.queue q
                WHERE q.tenant_id = p_tenant_id
                  AND q.enrollment_id = g.enrollment_id
                  AND q.offer_rank IS NOT NULL
                  AND q.generation = g.live
                  AND q.command_uuid <> g.command_uuid
                  AND q.state <> 'NOTNOW'
                  AND (q.not_before IS NULL OR q.not_before <= now())
                  AND (q.expires_at IS NULL OR q.expires_at > now())
                  AND (q.renewal OR NOT p_expired[g.n])
                  AND (q.subject IS NULL
                       OR q.state = 'PUSH'
                       OR NOT EXISTS (
                           SELECT FROM mdm.queue o
                            WHERE o.tenant_id = p_tenant_id
                              AND o.enrollment_id = g.enrollment_id
                              AND o.subject = q.subject
                              AND o.command_uuid <> g.command_uuid
                              AND (o.queued_at, o.command_id) < (q.queued_at, q.command_id)
                              AND (o.not_before IS NULL OR o.not_before <= now())
                              AND (o.expires_at IS NULL OR o.expires_at > now())
                              AND (o.renewal OR NOT p_expired[g.n])))
                ORDER BY q.offer_rank, q.priority DESC, q.queued_at, q.command_id
                LIMIT 1) w),
    pushed AS (
        UPDATE mdm.queue q
           SET state = 'PUSH', offer_rank = CASE WHEN q.urgent THEN 0 ELSE 1 END,
               pushed_at = now(), released_at = NULL,
               delivered_count = q.delivered_count + 1,
               unanswered_count = q.unanswered_count + 1
          FROM choice w
         WHERE q.ctid = w.tid
           AND q.tenant_id = p_tenant_id
           AND q.command_uuid = w.command_uuid
           AND q.enrollment_id = w.enrollment_id
           AND q.state = w.state
           AND q.state <> 'PUSH'
           AND q.delivered_count = w.delivered_count
        RETURNING w.place, q.command_uuid, q.request_type, q.command_id,
                  q.command_created_at)
    SELECT array_agg(p.place), array_agg(p.command_uuid), array_agg(p.request_type),
           array_agg(p.command_id), array_agg(p.command_created_at),
           (SELECT coalesce(array_agg(g.place), '{}') FROM gone g),
           (SELECT count(*) FROM choice)
      INTO places, command_uuids, request_types, command_ids, created_ats, gone, chosen
      FROM pushed p;
END
$$;

COMMENT ON FUNCTION @revision@.report_many IS
'Reports that are as usual, each the answer to the only command that the device
has, and the next command for each, in one statement. The places p_first to p_last
of the parallel arrays p_ns (the member''s place in the arrays that follow p_tids),
p_enrollment_ids, p_generations and p_tids (where the row was seen) are answered,
in this order. gone: the places whose row was there; all others are left to
report_one(). places: those that got a next command, with it in the arrays that
follow; chosen: for how many there was one, which is more when an overlapping
request changed it or a row came back unanswered: such places are left to
next_command(). p_effects are noted, not applied. Otherwise as report_one() and
next_command().';

CREATE FUNCTION @revision@.report(
    p_tenant_ids     bigint[],
    p_device_ids     text[],
    p_user_ids       text[],
    p_certificates   bytea[],
    p_expired        boolean[],
    p_command_uuids  text[],
    p_statuses       text[],
    p_reports        bytea[],
    p_reasons        text[],
    p_request_types  text[],
    p_effects        text[],
    p_url_params     text[],
    p_lists          text[] DEFAULT NULL)
RETURNS TABLE (n integer, outcome text, enrollment_id bigint, reported_type text,
               command_uuid text, request_type text, payload bytea, wanted text)
LANGUAGE plpgsql ROWS 32 AS $$
#variable_conflict use_column
DECLARE
    -- The statement that answers many at once is dear to start: it pays for itself
    -- from three members on.
    c_many         CONSTANT integer := 3;
    v_tenants      bigint[] := p_tenant_ids[1:1];
    v_tenant_id    bigint;
    v_ignored      text;
    v_n            integer;
    v_enrollment   bigint;
    v_member       record;
    v_row          record;
    v_first        timestamptz;
    v_last         timestamptz;
    -- The members of one tenant, in the order of locks, with what becomes of each.
    v_count        integer;
    v_ns           integer[];
    v_outcomes     text[];
    v_ids          bigint[];
    v_generations  integer[];
    v_reported     text[];
    v_tids         tid[];
    v_changed      boolean[];
    v_uuids        text[];
    v_types        text[];
    v_commands     bigint[];
    v_created      timestamptz[];
    -- Those of them that report_many() answers.
    v_from         integer;
    v_run          record;
    v_gone         integer[];
    v_place        integer;
BEGIN
    IF p_tenant_ids[1] <> ANY (p_tenant_ids) THEN
        v_tenants := ARRAY(SELECT DISTINCT t FROM unnest(p_tenant_ids) AS t ORDER BY t);
    END IF;

    -- Rows of enrollment are locked for the whole batch before anything of the
    -- queue is touched: where supervision changes, and where commands follow, which
    -- must be of the generation that is live. This is rare.
    IF array_to_string(p_effects, '') <> '' THEN
        FOR v_n IN
            SELECT m.n
              FROM unnest(p_tenant_ids, p_device_ids, p_user_ids, p_effects)
                   WITH ORDINALITY AS m (tenant_id, device_id, user_id, effects, n)
             WHERE m.effects LIKE '%"IsSupervised"%' OR m.effects LIKE '%"commands"%'
             ORDER BY m.tenant_id, m.device_id COLLATE "C", m.user_id COLLATE "C"
        LOOP
            v_ignored := set_config('mdm.tenant', p_tenant_ids[v_n]::text, true);
            PERFORM FROM mdm.enrollment e
              WHERE e.tenant_id = p_tenant_ids[v_n]
                AND e.device_id = p_device_ids[v_n]
                AND e.user_id = p_user_ids[v_n]
                AND p_certificates[v_n] IN (e.certificate, e.pending_certificate)
                AND (p_effects[v_n]::jsonb ? 'commands'
                     OR e.supervised::text IS DISTINCT FROM
                        (p_effects[v_n]::jsonb #>> '{attributes,IsSupervised}'))
                FOR NO KEY UPDATE;
        END LOOP;
    END IF;

    FOREACH v_tenant_id IN ARRAY v_tenants LOOP
        v_ignored := set_config('mdm.tenant', v_tenant_id::text, true);
        v_count := 0;
        v_ns := NULL;
        v_outcomes := NULL;
        v_ids := NULL;
        v_generations := NULL;
        -- Not every member gets a value in these: they begin at 1 even so.
        v_reported := '{NULL}';
        v_tids := '{NULL}';
        v_changed := '{NULL}';
        v_uuids := '{NULL}';
        v_types := '{NULL}';
        v_commands := '{NULL}';
        v_created := '{NULL}';
        v_first := NULL;
        v_last := NULL;

        FOR v_member IN
            SELECT m.n::integer, e.enrollment_id, e.generation,
                   e.state = 'live'
                   AND e.certificate = m.certificate
                   AND e.pending_certificate IS DISTINCT FROM m.certificate AS fits
              FROM unnest(p_tenant_ids, p_device_ids, p_user_ids, p_certificates)
                   WITH ORDINALITY AS m (tenant_id, device_id, user_id, certificate, n)
              LEFT JOIN LATERAL (
                   SELECT e.enrollment_id, e.generation, e.state, e.certificate,
                          e.pending_certificate
                     FROM mdm.enrollment e
                    WHERE e.tenant_id = v_tenant_id
                      AND e.device_id = m.device_id
                      AND e.user_id = m.user_id
                    LIMIT 1) e ON true
             WHERE m.tenant_id = v_tenant_id
             ORDER BY m.device_id COLLATE "C", m.user_id COLLATE "C"
        LOOP
            v_n := v_member.n;
            v_count := v_count + 1;
            v_ns[v_count] := v_n;
            v_ids[v_count] := v_member.enrollment_id;
            v_generations[v_count] := v_member.generation;

            IF v_member.fits THEN
                v_outcomes[v_count] := 'ok';
                v_ignored := pg_advisory_xact_lock(-v_member.enrollment_id);
            ELSE
                v_outcomes[v_count] := @revision@.identity_check(
                    v_tenant_id, p_device_ids[v_n], p_user_ids[v_n],
                    p_certificates[v_n], p_expired[v_n]);
                IF v_outcomes[v_count] IN ('ok', 'pending') THEN
                    v_ignored := pg_advisory_xact_lock(-v_member.enrollment_id);
                END IF;
            END IF;

            IF p_statuses[v_n] NOT IN ('Acknowledged', 'NotNow')
               AND p_reasons[v_n] IS NULL
            THEN
                p_reasons[v_n] := CASE p_statuses[v_n]
                    WHEN 'CommandFormatError' THEN 'the device could not read the command'
                    WHEN 'Unreadable' THEN 'the report could not be read'
                    ELSE 'the device gave no reason' END;
            END IF;
        END LOOP;

        -- As usual: the device has one command, and this is the answer to it. What
        -- else there may be is not looked at before it is needed.
        IF v_count >= c_many THEN
            SELECT array_agg(o.tid), array_agg(o.request_type),
                   array_agg(o.tid IS NOT NULL)
              INTO v_tids, v_reported, v_changed
              FROM unnest(v_ns, v_ids, v_outcomes) AS m (n, enrollment_id, outcome)
              LEFT JOIN LATERAL (
                   SELECT min(w.tid) AS tid, min(w.request_type) AS request_type
                     FROM (SELECT q.command_uuid, q.request_type, q.state, q.ctid AS tid
                             FROM mdm.queue q
                            WHERE q.tenant_id = v_tenant_id
                              AND q.enrollment_id = m.enrollment_id
                              AND q.offer_rank <= 1
                              AND m.outcome = 'ok'
                              AND p_statuses[m.n] <> 'NotNow'
                              AND p_effects[m.n] LIKE '%"commands"%' IS NOT TRUE
                            LIMIT 2) w
                   HAVING count(*) = 1
                      AND bool_and(w.command_uuid = p_command_uuids[m.n]
                                   AND w.state = 'PUSH'
                                   AND w.request_type = coalesce(p_request_types[m.n],
                                                                 w.request_type))) o
                   ON true;
        END IF;

        v_from := 1;
        FOR v_i IN 1 .. v_count + 1 LOOP
            CONTINUE WHEN v_tids[v_i] IS NOT NULL;

            -- All that were as usual since the last that was not.
            IF v_from < v_i THEN
                v_run := @revision@.report_many(
                    v_tenant_id, v_from, v_i - 1, v_ns, v_ids, v_generations, v_tids,
                    p_expired, p_command_uuids, p_statuses, p_reports, p_reasons,
                    p_effects);

                FOR v_j IN 1 .. coalesce(cardinality(v_run.places), 0) LOOP
                    v_place := v_run.places[v_j];
                    v_uuids[v_place] := v_run.command_uuids[v_j];
                    v_types[v_place] := v_run.request_types[v_j];
                    v_commands[v_place] := v_run.command_ids[v_j];
                    v_created[v_place] := v_run.created_ats[v_j];
                    v_first := least(v_first, v_run.created_ats[v_j]);
                    v_last := greatest(v_last, v_run.created_ats[v_j]);
                END LOOP;

                v_gone := v_run.gone;
                FOREACH v_place IN ARRAY v_gone LOOP
                    v_n := v_ns[v_place];
                    IF p_effects[v_n] IS NOT NULL THEN
                        PERFORM @revision@.report_effects(
                            v_tenant_id, v_ids[v_place], v_generations[v_place],
                            p_command_uuids[v_n], v_reported[v_place],
                            p_effects[v_n]::jsonb, p_lists[v_n]::jsonb);
                    END IF;
                END LOOP;

                IF cardinality(v_gone) = v_i - v_from
                   AND coalesce(cardinality(v_run.places), 0) = v_run.chosen
                THEN
                    v_from := v_i;
                END IF;
            END IF;

            -- With care: the member that was not as usual, and those whose row, or
            -- next row, an overlapping request took or changed.
            FOR v_j IN v_from .. least(v_i, v_count) LOOP
                CONTINUE WHEN v_uuids[v_j] IS NOT NULL;
                v_n := v_ns[v_j];
                v_enrollment := v_ids[v_j];

                IF v_outcomes[v_j] = 'ok'
                   AND (v_tids[v_j] IS NULL OR v_j <> ALL (v_gone))
                THEN
                    v_row := @revision@.report_one(
                        v_tenant_id, v_enrollment, v_generations[v_j],
                        p_command_uuids[v_n], p_statuses[v_n], p_reports[v_n],
                        p_reasons[v_n], p_request_types[v_n], p_effects[v_n]::jsonb,
                        p_lists[v_n]::jsonb);
                    v_reported[v_j] := v_row.reported_type;
                    v_changed[v_j] := v_row.changed;
                    IF v_row.wrong_type THEN
                        v_outcomes[v_j] := 'wrong_type';
                    END IF;

                ELSIF v_outcomes[v_j] = 'pending' AND p_statuses[v_n] <> 'NotNow' THEN
                    v_changed[v_j] := @revision@.report_unasked(
                        v_tenant_id, v_enrollment, v_generations[v_j],
                        p_command_uuids[v_n], p_reports[v_n], p_reasons[v_n]);
                END IF;

                IF v_outcomes[v_j] = 'ok' THEN
                    v_row := @revision@.next_command(
                        v_tenant_id, v_enrollment, v_generations[v_j], false,
                        p_expired[v_n]);
                    v_uuids[v_j] := v_row.command_uuid;
                    v_types[v_j] := v_row.request_type;
                    v_commands[v_j] := v_row.command_id;
                    v_created[v_j] := v_row.command_created_at;
                    v_first := least(v_first, v_row.command_created_at);
                    v_last := greatest(v_last, v_row.command_created_at);
                END IF;
            END LOOP;

            v_from := v_i + 1;
        END LOOP;

        IF true = ANY (v_changed) THEN
            IF 'NotNow' = ANY (p_statuses) THEN
                PERFORM @revision@.push_notnow(v_tenant_id, ARRAY(
                    SELECT g.enrollment_id
                      FROM unnest(v_ns, v_ids, v_changed) AS g (n, enrollment_id, changed)
                     WHERE g.changed AND p_statuses[g.n] = 'NotNow'
                     ORDER BY g.enrollment_id));
            END IF;

            INSERT INTO mdm.event (tenant_id, type, enrollment_id, data, payload)
            SELECT v_tenant_id,
                   CASE p_statuses[g.n] WHEN 'Acknowledged' THEN 'command_acknowledged'
                                        WHEN 'NotNow' THEN 'command_not_now'
                                        ELSE 'command_failed' END,
                   g.enrollment_id,
                   jsonb_strip_nulls(jsonb_build_object(
                       'device_id', p_device_ids[g.n], 'user_id', p_user_ids[g.n],
                       'status', p_statuses[g.n], 'command_uuid', p_command_uuids[g.n],
                       'request_type', g.request_type, 'reason', p_reasons[g.n],
                       'url_params', p_url_params[g.n]::jsonb)),
                   CASE p_statuses[g.n] WHEN 'NotNow' THEN p_reports[g.n] END
              FROM unnest(v_ns, v_ids, v_reported, v_changed)
                   AS g (n, enrollment_id, request_type, changed)
             WHERE g.changed;
        END IF;

        -- With the bounds only the partitions that hold one of them are opened.
        RETURN QUERY
        SELECT g.n, g.outcome, g.enrollment_id, g.reported_type, g.command_uuid,
               g.request_type, c.payload,
               CASE WHEN c.wants IS NOT NULL
                    THEN @revision@.wanted(v_tenant_id, g.enrollment_id, c.wants) END
          FROM unnest(v_ns, v_outcomes, v_ids, v_reported, v_uuids, v_types, v_commands,
                      v_created)
               AS g (n, outcome, enrollment_id, reported_type, command_uuid,
                     request_type, command_id, created_at)
          LEFT JOIN LATERAL (
               SELECT c.payload, c.wants
                 FROM mdm.command c
                WHERE c.tenant_id = v_tenant_id
                  AND c.command_id = g.command_id
                  AND c.created_at = g.created_at
                  AND c.created_at BETWEEN v_first AND v_last
                LIMIT 1) c ON true;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.report IS
'Answers of devices, and the next command for each. Parallel arrays, at most one
member per channel. p_statuses: Acknowledged, Error, CommandFormatError, NotNow,
or Unreadable for a report that could not be decoded. p_reports: the raw report,
sealed as "report", of a NotNow as "message" for its event. p_reasons: the reason
in plain words, or null. p_request_types: of which type the command is taken to be,
or null. p_effects: what the report changes besides, as effects_apply() takes it, or
null; applied once, with the first report on a command that was asked. p_url_params: a
JSON object for the event, or null. p_lists: what a report with effects says of lists, as
inventory_apply() takes it, or null. A report that changed something
writes one event: command_acknowledged, command_failed or command_not_now.
n: place of the member; outcome: that of identity_check(), and with pending the
report is kept as UNASKED; or wrong_type: the command is of another type than was
assumed, namely of reported_type, and nothing was done for this member; reported_type: the request type of the command that was
answered, null when it is unknown; then the next command as in deliver(), without
the rows that answered NotNow; rows come in no order. A repeated report changes
nothing and is ok.';

CREATE FUNCTION @revision@.seen(
    p_tenant_ids      bigint[],
    p_enrollment_ids  bigint[],
    p_ages_ms         bigint[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_id  bigint;
BEGIN
    FOR v_tenant_id IN
        SELECT DISTINCT t FROM unnest(p_tenant_ids) AS t ORDER BY t
    LOOP
        PERFORM set_config('mdm.tenant', v_tenant_id::text, true);

        INSERT INTO mdm.enrollment_seen AS s (tenant_id, enrollment_id, seen_at)
        SELECT v_tenant_id, m.enrollment_id,
               clock_timestamp() - min(m.age_ms) * interval '1 millisecond'
          FROM unnest(p_tenant_ids, p_enrollment_ids, p_ages_ms)
               AS m (tenant_id, enrollment_id, age_ms)
         WHERE m.tenant_id = v_tenant_id
         GROUP BY m.enrollment_id
         ORDER BY m.enrollment_id
        ON CONFLICT (tenant_id, enrollment_id) DO UPDATE
           SET seen_at = excluded.seen_at
         WHERE s.seen_at < excluded.seen_at;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.seen IS
'Last contacts, a batch: each channel was seen p_ages_ms milliseconds ago. The
time only moves forward. Locks in the order of (tenant, enrolment).';
