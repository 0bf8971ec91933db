-- What a report brings besides its state: attributes, secrets, events and commands
-- that follow, stored with it, once.

CREATE FUNCTION @revision@.attributes_set(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_attributes     jsonb)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mdm.attribute AS a (tenant_id, enrollment_id, name, value_text,
                                    value_number, value_boolean, value_time)
    SELECT p_tenant_id, p_enrollment_id, n.*
      FROM jsonb_each(p_attributes) AS j
     CROSS JOIN LATERAL (
           SELECT j.key,
                  CASE jsonb_typeof(j.value)
                       WHEN 'string' THEN j.value #>> '{}' END AS value_text,
                  CASE jsonb_typeof(j.value)
                       WHEN 'number' THEN (j.value #>> '{}')::numeric END AS value_number,
                  CASE jsonb_typeof(j.value)
                       WHEN 'boolean' THEN (j.value #>> '{}')::boolean END AS value_boolean,
                  CASE jsonb_typeof(j.value)
                       WHEN 'object' THEN (j.value ->> 'time')::timestamptz
                       END AS value_time) n
     WHERE (jsonb_typeof(j.value) IN ('string', 'number', 'boolean')
            OR (jsonb_typeof(j.value) = 'object' AND j.value ? 'time'))
       -- Most are as they were, and then nothing is written.
       AND NOT EXISTS (SELECT FROM mdm.attribute o
                        WHERE o.tenant_id = p_tenant_id
                          AND o.enrollment_id = p_enrollment_id
                          AND o.name = n.key COLLATE "C"
                          AND o.value_text IS NOT DISTINCT FROM n.value_text
                          AND o.value_number IS NOT DISTINCT FROM n.value_number
                          AND o.value_boolean IS NOT DISTINCT FROM n.value_boolean
                          AND o.value_time IS NOT DISTINCT FROM n.value_time
                       OFFSET 0)
     ORDER BY n.key COLLATE "C"
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
arrays and other objects are passed over. What is there already is not written again.';

CREATE FUNCTION @revision@.secret_keep(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_generation     integer,
    p_kind           text,
    p_value          bytea,
    p_digests        bytea)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    c_kept  CONSTANT integer := 100;
    v_last  record;
BEGIN
    SELECT s.generation, s.digest, s.value IS NOT NULL AS is_there INTO v_last
      FROM mdm.secret s
     WHERE s.tenant_id = p_tenant_id
       AND s.enrollment_id = p_enrollment_id
       AND s.kind = p_kind
     ORDER BY s.secret_id DESC
     LIMIT 1;

    IF v_last.is_there AND v_last.generation = p_generation
       AND position(v_last.digest IN p_digests) % 32 = 1
    THEN
        RETURN false;
    END IF;

    INSERT INTO mdm.secret (tenant_id, enrollment_id, kind, generation, value, digest)
    VALUES (p_tenant_id, p_enrollment_id, p_kind, p_generation, p_value,
            substr(p_digests, 1, 32));

    DELETE FROM mdm.secret s
     WHERE s.tenant_id = p_tenant_id
       AND s.enrollment_id = p_enrollment_id
       AND s.kind = p_kind
       AND s.secret_id <= (SELECT o.secret_id
                             FROM mdm.secret o
                            WHERE o.tenant_id = p_tenant_id
                              AND o.enrollment_id = p_enrollment_id
                              AND o.kind = p_kind
                            ORDER BY o.secret_id DESC
                           OFFSET c_kept
                            LIMIT 1);
    RETURN true;
END
$$;

COMMENT ON FUNCTION @revision@.secret_keep IS
'Puts a sealed value in escrow as the newest of its kind, unless it is the newest of
this generation already, which p_digests tell: 32 bytes for each secret key there is,
of which the first are stored. The newest 100 of a kind are kept. The caller holds the
channel''s advisory lock. Returns whether it is new.';

CREATE FUNCTION @revision@.effects_command(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_generation     integer,
    p_command        jsonb)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_uuid        text := p_command ->> 'command_uuid';
    v_type        text := p_command ->> 'request_type';
    v_subject     text := p_command ->> 'subject';
    v_urgent      boolean := coalesce((p_command ->> 'urgent')::boolean, false);
    v_expires     bigint := (p_command ->> 'expires')::bigint;
    v_digest      bytea := decode(p_command ->> 'digest', 'base64');
    v_at          timestamptz := clock_timestamp();
    v_command_id  bigint;
    v_created_at  timestamptz;
    v_older       text[];
BEGIN
    INSERT INTO mdm.idempotency (tenant_id, key, digest)
    VALUES (p_tenant_id, 'command:' || v_uuid, v_digest)
    ON CONFLICT (tenant_id, key) DO NOTHING;
    IF NOT FOUND OR EXISTS (SELECT FROM mdm.queue q
                             WHERE q.tenant_id = p_tenant_id
                               AND q.command_uuid = v_uuid
                               AND q.enrollment_id = p_enrollment_id)
    THEN
        RETURN false;
    END IF;

    INSERT INTO mdm.command (tenant_id, command_uuid, request_type, payload, digest,
                             wants, part, targets, created_at)
    VALUES (p_tenant_id, v_uuid, v_type, decode(p_command ->> 'payload', 'base64'),
            v_digest,
            CASE WHEN p_command ? 'wants'
                 THEN ARRAY(SELECT jsonb_array_elements_text(p_command -> 'wants')) END,
            coalesce((p_command ->> 'part')::boolean, false), ARRAY[p_enrollment_id],
            now())
    RETURNING command_id, created_at INTO v_command_id, v_created_at;
    UPDATE mdm.idempotency i
       SET command_id = v_command_id, command_created_at = v_created_at
     WHERE i.tenant_id = p_tenant_id AND i.key = 'command:' || v_uuid;

    IF (p_command ->> 'supersedes')::boolean AND v_subject IS NOT NULL THEN
        v_older := ARRAY(
            SELECT q.command_uuid
              FROM mdm.queue q
             WHERE q.tenant_id = p_tenant_id
               AND q.enrollment_id = p_enrollment_id
               AND q.subject = v_subject
               AND q.state IN ('QUEUED', 'NOTNOW')
             ORDER BY q.queued_at, q.command_id
               FOR UPDATE SKIP LOCKED);
        IF v_older <> '{}' THEN
            PERFORM @revision@.queue_finish(
                p_tenant_id, array_fill(p_enrollment_id, ARRAY[cardinality(v_older)]),
                v_older, 'CANCELLED', 'superseded by ' || v_uuid);
        END IF;
    END IF;

    INSERT INTO mdm.queue
           (tenant_id, enrollment_id, command_id, command_created_at, queued_at,
            expires_at, generation, offer_rank, urgent, repeat, command_uuid,
            request_type, subject)
    VALUES (p_tenant_id, p_enrollment_id, v_command_id, v_created_at, v_at,
            v_at + nullif(v_expires, 0) * interval '1 second', p_generation,
            CASE WHEN v_urgent THEN 0 ELSE 2 END, v_urgent,
            coalesce(p_command ->> 'repeat', 'safe'), v_uuid, v_type, v_subject);
    RETURN true;
END
$$;

COMMENT ON FUNCTION @revision@.effects_command IS
'Queues a command that follows from a report for the channel that sent it. p_command: command_uuid, request_type, payload (sealed) and
digest in Base64, and where they are not as usual subject, repeat, urgent, supersedes,
wants, part, expires (seconds; 0: never). False, and nothing: its CommandUUID was used within 24
hours. The caller holds the enrolment''s row, so that its generation stays.';

CREATE FUNCTION @revision@.effects_apply(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_generation     integer,
    p_command_uuid   text,
    p_request_type   text,
    p_effects        jsonb,
    p_lists          jsonb)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_reason      text := p_effects ->> 'failed';
    v_attributes  jsonb := p_effects -> 'attributes';
    v_supervised  boolean;
    v_data        jsonb;
    v_item        jsonb;
BEGIN
    IF p_effects ? 'events' THEN
        SELECT jsonb_build_object('device_id', e.device_id, 'user_id', e.user_id,
                                  'command_uuid', p_command_uuid,
                                  'request_type', p_request_type)
          INTO v_data
          FROM mdm.enrollment e
         WHERE e.tenant_id = p_tenant_id
           AND e.enrollment_id = p_enrollment_id;
    END IF;

    IF v_reason IS NULL THEN
        -- What the database refuses of one effect takes back all of them, and never
        -- the report.
        BEGIN
            IF v_attributes IS NOT NULL THEN
                PERFORM @revision@.attributes_set(p_tenant_id, p_enrollment_id,
                                                  v_attributes);
                DELETE FROM mdm.attribute a
                 WHERE a.tenant_id = p_tenant_id
                   AND a.enrollment_id = p_enrollment_id
                   AND a.name = ANY (ARRAY(SELECT j.key FROM jsonb_each(v_attributes) AS j
                                            WHERE jsonb_typeof(j.value) = 'null'));

                IF jsonb_typeof(v_attributes -> 'IsSupervised') = 'boolean' THEN
                    v_supervised := (v_attributes ->> 'IsSupervised')::boolean;
                    UPDATE mdm.enrollment e
                       SET supervised = v_supervised
                     WHERE e.tenant_id = p_tenant_id
                       AND e.enrollment_id = p_enrollment_id
                       AND e.supervised IS DISTINCT FROM v_supervised;
                END IF;
            END IF;

            IF p_lists IS NOT NULL THEN
                PERFORM @revision@.inventory_apply(p_tenant_id, p_enrollment_id,
                                                   p_command_uuid, p_lists);
            END IF;

            FOR v_item IN SELECT jsonb_array_elements(p_effects -> 'secrets') LOOP
                PERFORM @revision@.secret_keep(
                    p_tenant_id, p_enrollment_id, p_generation, v_item ->> 'kind',
                    decode(v_item ->> 'value', 'base64'),
                    decode(v_item ->> 'digest', 'base64'));
            END LOOP;

            FOR v_item IN SELECT jsonb_array_elements(p_effects -> 'commands') LOOP
                PERFORM @revision@.effects_command(p_tenant_id, p_enrollment_id,
                                                   p_generation, v_item);
            END LOOP;
            IF p_effects ? 'commands' THEN
                PERFORM @revision@.push_follow(p_tenant_id, p_enrollment_id);
            END IF;

            IF p_effects ? 'events' THEN
                INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
                SELECT p_tenant_id, j.value ->> 'type', p_enrollment_id,
                       coalesce(j.value -> 'data', '{}') || v_data
                  FROM jsonb_array_elements(p_effects -> 'events') AS j;
            END IF;
            RETURN NULL;
        EXCEPTION WHEN data_exception OR integrity_constraint_violation
                    OR program_limit_exceeded THEN
            v_reason := 'the database refused an effect (' || SQLSTATE || ')';
        END;
    END IF;

    INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
    SELECT p_tenant_id, 'effects_failed', p_enrollment_id,
           jsonb_build_object('device_id', e.device_id, 'user_id', e.user_id,
                              'command_uuid', p_command_uuid,
                              'request_type', p_request_type, 'reason', v_reason)
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.enrollment_id = p_enrollment_id;
    RETURN v_reason;
END
$$;

COMMENT ON FUNCTION @revision@.effects_apply IS
'Applies the effects of a report of this channel, all or none. p_effects: attributes
(see attributes_set(); null removes one), secrets (kind; value, sealed, and digest in
Base64; see secret_keep()), commands (see effects_command()) and events (type, data);
or failed: there are none, for this reason. p_lists: see inventory_apply(), or null; the
row of result is written. IsSupervised, a boolean, is kept with the
enrolment, too, whose row the caller has locked where this changes it or where there
are commands. Returns null, or why nothing was applied, which an event effects_failed
tells. That this is done once is the caller''s care.';

CREATE FUNCTION @revision@.report_types(
    p_tenant_ids     bigint[],
    p_device_ids     text[],
    p_user_ids       text[],
    p_command_uuids  text[])
RETURNS TABLE (n integer, request_type text)
LANGUAGE plpgsql STABLE ROWS 32 AS $$
#variable_conflict use_column
DECLARE
    v_tenant_id  bigint;
BEGIN
    FOR v_tenant_id IN SELECT DISTINCT t FROM unnest(p_tenant_ids) AS t LOOP
        PERFORM set_config('mdm.tenant', v_tenant_id::text, true);

        RETURN QUERY
        SELECT m.n::integer,
               coalesce((SELECT q.request_type
                           FROM mdm.queue q
                          WHERE q.tenant_id = v_tenant_id
                            AND q.command_uuid = m.command_uuid
                            AND q.enrollment_id = e.enrollment_id
                          LIMIT 1),
                        (SELECT r.request_type
                           FROM mdm.result r
                          WHERE r.tenant_id = v_tenant_id
                            AND r.enrollment_id = e.enrollment_id
                            AND r.command_uuid = m.command_uuid
                            AND r.reported_at IS NULL
                            AND r.pushed_at IS NOT NULL
                          ORDER BY r.finished_at DESC
                          LIMIT 1))
          FROM unnest(p_tenant_ids, p_device_ids, p_user_ids, p_command_uuids)
               WITH ORDINALITY AS m (tenant_id, device_id, user_id, command_uuid, n)
          LEFT JOIN LATERAL (
               SELECT e.enrollment_id
                 FROM mdm.enrollment e
                WHERE e.tenant_id = v_tenant_id
                  AND e.device_id = m.device_id
                  AND e.user_id = m.user_id
                LIMIT 1) e ON true
         WHERE m.tenant_id = v_tenant_id;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.report_types IS
'Which request type has the command that a report is about? Read only, parallel
arrays, one element per report. n: place of the member, from 1; request_type: of the
row that report() would close, null when there is none, or when it was answered
before, so that no effects are wanted.';

CREATE FUNCTION @revision@.effects_open(
    p_tenant_id     bigint,
    p_device_id     text,
    p_user_id       text,
    p_command_uuid  text,
    OUT outcome       text,
    OUT request_type  text,
    OUT report        bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_channel  record;
    v_row      record;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT e.enrollment_id, e.generation, e.state INTO v_channel
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;
    IF NOT FOUND THEN
        outcome := 'unknown';
        RETURN;
    END IF;

    SELECT r.request_type, r.report, r.generation, r.effects_at INTO v_row
      FROM mdm.result r
     WHERE r.tenant_id = p_tenant_id
       AND r.enrollment_id = v_channel.enrollment_id
       AND r.command_uuid = p_command_uuid
       AND r.report IS NOT NULL
       AND r.state <> 'UNASKED'
     ORDER BY r.finished_at DESC
     LIMIT 1;

    IF NOT FOUND THEN
        outcome := 'none';
    ELSIF v_row.effects_at IS NOT NULL THEN
        outcome := 'applied';
    ELSIF v_channel.state <> 'live' OR v_row.generation <> v_channel.generation THEN
        outcome := 'gone';
    ELSE
        outcome := 'ok';
        request_type := v_row.request_type;
        report := v_row.report;
    END IF;
END
$$;

COMMENT ON FUNCTION @revision@.effects_open IS
'The newest report on a command, sealed, for its handler to run again. Outcomes: ok;
unknown (no such channel); none (no report is kept, or nobody asked); applied (its
effects were, and did not fail); gone (the channel is closed, or enrolled anew since).';

CREATE FUNCTION @revision@.effects_again(
    p_tenant_id     bigint,
    p_actor         text,
    p_remote        text,
    p_device_id     text,
    p_user_id       text,
    p_command_uuid  text,
    p_effects       text,
    p_lists         text DEFAULT NULL,
    OUT outcome  text,
    OUT reason   text)
LANGUAGE plpgsql AS $$
DECLARE
    v_effects  jsonb := coalesce(p_effects, '{}')::jsonb;
    v_reason   text;
    v_channel  record;
    v_row      record;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT e.enrollment_id, e.generation, e.state, e.topic INTO v_channel
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id
       FOR NO KEY UPDATE;
    PERFORM pg_advisory_xact_lock(-v_channel.enrollment_id);

    SELECT r.finished_at, r.state, r.request_type, r.generation, r.effects_at INTO v_row
      FROM mdm.result r
     WHERE r.tenant_id = p_tenant_id
       AND r.enrollment_id = v_channel.enrollment_id
       AND r.command_uuid = p_command_uuid
       AND r.report IS NOT NULL
       AND r.state <> 'UNASKED'
     ORDER BY r.finished_at DESC
     LIMIT 1
       FOR UPDATE;

    outcome := CASE WHEN v_channel.enrollment_id IS NULL THEN 'unknown'
                    WHEN v_row.finished_at IS NULL THEN 'none'
                    WHEN v_row.effects_at IS NOT NULL THEN 'applied'
                    WHEN v_channel.state <> 'live'
                         OR v_row.generation <> v_channel.generation THEN 'gone'
                    ELSE 'ok' END;

    IF outcome = 'ok' THEN
        v_reason := @revision@.effects_apply(p_tenant_id, v_channel.enrollment_id,
                                             v_channel.generation, p_command_uuid,
                                             v_row.request_type, v_effects,
                                             p_lists::jsonb);
        outcome := CASE WHEN v_reason IS NULL THEN 'ok' ELSE 'failed' END;
        reason := v_reason;

        UPDATE mdm.result r
           SET effects_failed = v_reason,
               effects_at = CASE WHEN v_reason IS NULL THEN now() END
         WHERE r.tenant_id = p_tenant_id
           AND r.enrollment_id = v_channel.enrollment_id
           AND r.command_uuid = p_command_uuid
           AND r.finished_at = v_row.finished_at
           AND r.state = v_row.state;

        IF v_reason IS NULL AND v_effects ? 'commands' THEN
            PERFORM @revision@.push_wish(
                p_tenant_id, ARRAY[v_channel.enrollment_id], ARRAY[v_channel.topic],
                now(), now());
        END IF;
    END IF;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, enrollment_id, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'effects_again', v_channel.enrollment_id,
            jsonb_build_object('device_id', p_device_id, 'user_id', p_user_id,
                               'command_uuid', p_command_uuid, 'outcome', outcome));
END
$$;

COMMENT ON FUNCTION @revision@.effects_again IS
'Somebody runs the handler of a stored report again: p_effects and p_lists are what it
says now, as for effects_apply(); null: nothing. Always leaves a row in the audit. Outcomes: ok, and
the effects count as applied; failed, for the reason, which is kept; or as
effects_open().';
