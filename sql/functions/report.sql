-- What devices answer.

CREATE FUNCTION @revision@.attributes_set(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_attributes     jsonb)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mdm.attribute AS a (tenant_id, enrollment_id, name, value_text,
                                    value_number, value_boolean, value_time)
    SELECT p_tenant_id, p_enrollment_id, j.key,
           CASE jsonb_typeof(j.value) WHEN 'string' THEN j.value #>> '{}' END,
           CASE jsonb_typeof(j.value) WHEN 'number' THEN (j.value #>> '{}')::numeric END,
           CASE jsonb_typeof(j.value) WHEN 'boolean' THEN (j.value #>> '{}')::boolean END,
           CASE jsonb_typeof(j.value) WHEN 'object'
                THEN (j.value ->> 'time')::timestamptz END
      FROM jsonb_each(p_attributes) AS j
     WHERE jsonb_typeof(j.value) IN ('string', 'number', 'boolean')
        OR (jsonb_typeof(j.value) = 'object' AND j.value ? 'time')
     ORDER BY j.key COLLATE "C"
    ON CONFLICT (tenant_id, enrollment_id, name) DO UPDATE
       SET value_text = excluded.value_text,
           value_number = excluded.value_number,
           value_boolean = excluded.value_boolean,
           value_time = excluded.value_time,
           updated_at = now();
END
$$;

COMMENT ON FUNCTION @revision@.attributes_set IS
'Stores the members of a JSON object as attributes of a channel. Strings, numbers
and booleans go to the column of their type, {"time": "..."} to value_time; null,
arrays and other objects are passed over.';

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
    OUT reported_type  text,
    OUT changed        boolean)
LANGUAGE plpgsql AS $$
DECLARE
    v_row  record;
BEGIN
    changed := false;

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
        UPDATE mdm.result r
           SET from_state = r.state, state = p_state, reason = p_reason,
               report = p_report, reported_at = now()
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
first to say so.';

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
    p_attributes     text[],
    p_url_params     text[])
RETURNS TABLE (n integer, outcome text, enrollment_id bigint, reported_type text,
               command_uuid text, request_type text, payload bytea)
LANGUAGE plpgsql ROWS 32 AS $$
#variable_conflict use_column
DECLARE
    v_order        integer[] := '{1}';
    v_n            integer;
    v_tenant_id    bigint;
    v_set          bigint;
    v_ignored      text;
    v_uuid         text;
    v_status       text;
    v_state        text;
    v_reason       text;
    v_changed      boolean;
    v_enrollment   bigint;
    v_generation   integer;
    v_channel      record;
    v_row          record;
    v_next         record;
    v_count        integer := 0;
    v_ns           integer[];
    v_channels     bigint[];
    v_reported     text[];
    v_uuids        text[];
    v_types        text[];
    v_commands     bigint[];
    v_created      timestamptz[];
    v_told         integer := 0;
    v_told_ns      integer[];
    v_told_ids     bigint[];
    v_told_types   text[];
    v_told_whys    text[];
BEGIN
    IF cardinality(p_tenant_ids) <> 1 THEN
        v_order := ARRAY(
            SELECT m.n::integer
              FROM unnest(p_tenant_ids, p_device_ids, p_user_ids)
                   WITH ORDINALITY AS m (tenant_id, device_id, user_id, n)
             ORDER BY m.tenant_id, m.device_id COLLATE "C", m.user_id COLLATE "C");
    END IF;

    -- Rows of enrollment are locked for the whole batch before anything of the
    -- queue is touched. Only supervision is kept there, so this is rare.
    FOREACH v_n IN ARRAY v_order LOOP
        CONTINUE WHEN p_attributes[v_n] IS NULL
                   OR jsonb_typeof(p_attributes[v_n]::jsonb -> 'IsSupervised')
                      IS DISTINCT FROM 'boolean';
        v_ignored := set_config('mdm.tenant', p_tenant_ids[v_n]::text, true);
        PERFORM FROM mdm.enrollment e
          WHERE e.tenant_id = p_tenant_ids[v_n]
            AND e.device_id = p_device_ids[v_n]
            AND e.user_id = p_user_ids[v_n]
            AND e.certificate = p_certificates[v_n]
            AND e.supervised IS DISTINCT FROM
                (p_attributes[v_n]::jsonb ->> 'IsSupervised')::boolean
            FOR NO KEY UPDATE;
    END LOOP;
    v_set := NULL;

    -- The null ends the last tenant; payloads are read as in deliver(), and events
    -- are written together for the same reason.
    FOREACH v_n IN ARRAY v_order || NULL::integer LOOP
        v_tenant_id := p_tenant_ids[v_n];
        IF v_n IS NULL OR v_tenant_id IS DISTINCT FROM v_set THEN
            IF v_told > 0 THEN
                INSERT INTO mdm.event (tenant_id, type, enrollment_id, data, payload)
                SELECT v_set,
                       CASE p_statuses[g.n] WHEN 'Acknowledged' THEN 'command_acknowledged'
                                            WHEN 'NotNow' THEN 'command_not_now'
                                            ELSE 'command_failed' END,
                       g.enrollment_id,
                       jsonb_strip_nulls(jsonb_build_object(
                           'device_id', p_device_ids[g.n], 'user_id', p_user_ids[g.n],
                           'status', p_statuses[g.n],
                           'command_uuid', p_command_uuids[g.n],
                           'request_type', g.request_type, 'reason', g.reason,
                           'url_params', p_url_params[g.n]::jsonb)),
                       CASE p_statuses[g.n] WHEN 'NotNow' THEN p_reports[g.n] END
                  FROM unnest(v_told_ns, v_told_ids, v_told_types, v_told_whys)
                       WITH ORDINALITY
                       AS g (n, enrollment_id, request_type, reason, place)
                 WHERE g.place <= v_told;
                v_told := 0;
            END IF;
            IF v_count > 0 THEN
                RETURN QUERY
                SELECT g.n, 'ok', g.enrollment_id, g.reported_type, g.command_uuid,
                       g.request_type, c.payload
                  FROM unnest(v_ns, v_channels, v_reported, v_uuids, v_types,
                              v_commands, v_created) WITH ORDINALITY
                       AS g (n, enrollment_id, reported_type, command_uuid,
                             request_type, command_id, created_at, place)
                  LEFT JOIN LATERAL (
                       SELECT c.payload
                         FROM mdm.command c
                        WHERE c.tenant_id = v_set
                          AND c.command_id = g.command_id
                          AND c.created_at = g.created_at) c ON true
                 WHERE g.place <= v_count;
                v_count := 0;
            END IF;
            EXIT WHEN v_n IS NULL;
            v_ignored := set_config('mdm.tenant', v_tenant_id::text, true);
            v_set := v_tenant_id;
        END IF;

        SELECT e.enrollment_id, e.generation,
               e.state = 'live'
               AND e.certificate = p_certificates[v_n]
               AND e.pending_certificate IS DISTINCT FROM p_certificates[v_n] AS fits
          INTO v_channel
          FROM mdm.enrollment e
         WHERE e.tenant_id = v_tenant_id
           AND e.device_id = p_device_ids[v_n]
           AND e.user_id = p_user_ids[v_n];

        n := v_n;
        outcome := 'ok';
        v_enrollment := v_channel.enrollment_id;
        v_generation := v_channel.generation;
        v_uuid := p_command_uuids[v_n];
        v_status := p_statuses[v_n];
        v_reason := p_reasons[v_n];
        reported_type := NULL;
        command_uuid := NULL;
        request_type := NULL;
        payload := NULL;

        IF v_channel.fits IS NOT TRUE THEN
            outcome := @revision@.identity_check(
                v_tenant_id, p_device_ids[v_n], p_user_ids[v_n],
                p_certificates[v_n], p_expired[v_n]);

        END IF;
        enrollment_id := v_enrollment;

        IF v_enrollment IS NULL OR outcome NOT IN ('ok', 'pending') THEN
            RETURN NEXT;
            CONTINUE;
        END IF;

        v_ignored := pg_advisory_xact_lock(-v_enrollment);
        v_changed := false;

        IF v_status = 'Acknowledged' THEN
            v_state := 'ACKNOWLEDGED';
        ELSIF v_status <> 'NotNow' THEN
            v_state := 'ERROR';
            v_reason := coalesce(v_reason, CASE v_status
                WHEN 'CommandFormatError' THEN 'the device could not read the command'
                WHEN 'Unreadable' THEN 'the report could not be read'
                ELSE 'the device gave no reason' END);
        END IF;

        IF outcome = 'pending' AND v_status <> 'NotNow' THEN
            v_changed := @revision@.report_unasked(
                v_tenant_id, v_enrollment, v_generation, v_uuid, p_reports[v_n],
                v_reason);

        ELSIF outcome = 'ok' AND v_status = 'NotNow' THEN
            v_row := @revision@.report_not_now(v_tenant_id, v_enrollment, v_uuid);
            reported_type := v_row.reported_type;
            v_changed := v_row.changed;

        ELSIF outcome = 'ok' THEN
            DELETE FROM mdm.queue q
             WHERE q.tenant_id = v_tenant_id
               AND q.command_uuid = v_uuid
               AND q.enrollment_id = v_enrollment
            RETURNING q.command_id, q.command_created_at, q.request_type, q.generation,
                      q.state, q.renewal, q.delivered_count, q.queued_at, q.sent_at,
                      q.pushed_at, q.notnow_at
                 INTO v_row;

            v_changed := FOUND;
            IF v_changed THEN
                reported_type := v_row.request_type;
                -- From QUEUED: the report proves a delivery that the database
                -- forgot when it failed over to an older state.
                INSERT INTO mdm.result
                       (tenant_id, enrollment_id, generation, command_id,
                        command_created_at, command_uuid, request_type, from_state,
                        state, reason, report, renewal, delivered_count, queued_at,
                        sent_at, pushed_at, notnow_at, finished_at, reported_at)
                VALUES (v_tenant_id, v_enrollment, v_row.generation, v_row.command_id,
                        v_row.command_created_at, v_uuid, v_row.request_type,
                        CASE v_row.state WHEN 'QUEUED' THEN 'PUSH' ELSE v_row.state END,
                        v_state, v_reason, p_reports[v_n], v_row.renewal,
                        v_row.delivered_count, v_row.queued_at, v_row.sent_at,
                        coalesce(v_row.pushed_at, now()), v_row.notnow_at, now(), now());
            ELSE
                v_row := @revision@.report_late(
                    v_tenant_id, v_enrollment, v_generation, v_uuid, v_state,
                    p_reports[v_n], v_reason);
                reported_type := v_row.reported_type;
                v_changed := v_row.changed;
            END IF;

            IF v_changed AND v_state = 'ACKNOWLEDGED'
               AND p_attributes[v_n] IS NOT NULL AND reported_type = 'DeviceInformation'
            THEN
                PERFORM @revision@.attributes_set(v_tenant_id, v_enrollment,
                                                  p_attributes[v_n]::jsonb);
                IF jsonb_typeof(p_attributes[v_n]::jsonb -> 'IsSupervised') = 'boolean' THEN
                    UPDATE mdm.enrollment e
                       SET supervised =
                           (p_attributes[v_n]::jsonb ->> 'IsSupervised')::boolean
                     WHERE e.tenant_id = v_tenant_id
                       AND e.enrollment_id = v_enrollment
                       AND e.supervised IS DISTINCT FROM
                           (p_attributes[v_n]::jsonb ->> 'IsSupervised')::boolean;
                END IF;
            END IF;
        END IF;

        IF v_changed THEN
            v_told := v_told + 1;
            v_told_ns[v_told] := v_n;
            v_told_ids[v_told] := v_enrollment;
            v_told_types[v_told] := reported_type;
            v_told_whys[v_told] := v_reason;
        END IF;

        IF outcome = 'pending' THEN
            RETURN NEXT;
            CONTINUE;
        END IF;

        v_next := @revision@.next_command(v_tenant_id, v_enrollment, v_generation,
                                          false, p_expired[v_n]);
        IF v_next.command_uuid IS NULL THEN
            RETURN NEXT;
            CONTINUE;
        END IF;

        v_count := v_count + 1;
        v_ns[v_count] := v_n;
        v_channels[v_count] := v_enrollment;
        v_reported[v_count] := reported_type;
        v_uuids[v_count] := v_next.command_uuid;
        v_types[v_count] := v_next.request_type;
        v_commands[v_count] := v_next.command_id;
        v_created[v_count] := v_next.command_created_at;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.report IS
'Answers of devices, and the next command for each. Parallel arrays, at most one
member per channel. p_statuses: Acknowledged, Error, CommandFormatError, NotNow,
or Unreadable for a report that could not be decoded. p_reports: the raw report,
sealed as "report", of a NotNow as "message" for its event. p_reasons: the reason in plain words, or null. p_attributes: a JSON object
(see attributes_set()) stored when the command was a DeviceInformation that was
acknowledged, or null. p_url_params: a JSON object for the event, or null.
A report that changed something writes one event: command_acknowledged,
command_failed or command_not_now.
n: place of the member; outcome: that of identity_check(), and with pending the
report is kept as UNASKED; reported_type: the request type of the command that was
answered, null when it is unknown; then the next command as in deliver(), without
the rows that answered NotNow; rows come in no order. A repeated report changes nothing and is ok.';

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
