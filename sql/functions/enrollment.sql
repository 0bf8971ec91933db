-- One enrolment, looked into: all that is known of it, and what is kept sealed.

CREATE FUNCTION @revision@.enrollment_show(
    p_tenant_id  bigint,
    p_device_id  text,
    p_user_id    text)
RETURNS TABLE (
    item          json,
    device        text,
    users         json,
    attributes    json,
    certificates  json,
    push          json,
    generations   json,
    commands      json,
    secrets       json)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_channel    mdm.enrollment;
    v_device_id  bigint;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT * INTO v_channel
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    SELECT e.enrollment_id INTO v_device_id
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id AND e.user_id = '';

    SELECT json_strip_nulls(to_json(i)) INTO item
      FROM @revision@.enrollment_items(p_tenant_id, ARRAY[v_channel.enrollment_id],
                                       ARRAY[NULL::text]) AS i;

    IF p_user_id <> '' THEN
        device := p_device_id;
    ELSE
        SELECT coalesce(json_agg(@revision@.written_id(u.device_id, u.user_id)
                                 ORDER BY u.user_id), '[]')
          INTO users
          FROM (SELECT e.device_id, e.user_id
                  FROM mdm.enrollment e
                 WHERE e.tenant_id = p_tenant_id
                   AND e.device_id = p_device_id
                   AND e.user_id > ''
                 ORDER BY e.user_id
                 LIMIT 100) u;
    END IF;

    attributes := @revision@.attributes_json(p_tenant_id, v_channel.enrollment_id);

    SELECT coalesce(json_agg(json_strip_nulls(json_build_object(
               'fingerprint', encode(i.fingerprint, 'hex'),
               'state', i.state,
               'subject', i.subject,
               'serial', i.serial,
               'not_after', @revision@.rfc3339(i.not_after),
               'issued_here', i.issued_here,
               'bound_at', @revision@.rfc3339(i.bound_at),
               'retired_at', @revision@.rfc3339(i.retired_at)))
               ORDER BY i.created_at DESC, i.fingerprint), '[]')
      INTO certificates
      FROM (SELECT *
              FROM mdm.identity i
             WHERE i.tenant_id = p_tenant_id AND i.enrollment_id = v_device_id
             ORDER BY i.created_at DESC, i.fingerprint
             LIMIT 100) i;

    SELECT json_strip_nulls(json_build_object(
               'topic', v_channel.topic,
               'token', v_channel.push_token IS NOT NULL,
               'token_at', @revision@.rfc3339(v_channel.token_at),
               'wanted_at', @revision@.rfc3339(p.wanted_at),
               'accepted_at', @revision@.rfc3339(p.accepted_at),
               'answered_at', @revision@.rfc3339(p.answered_at),
               'apns_id', p.apns_id,
               'error', p.error,
               'next_at', CASE WHEN p.due_at < 'infinity'
                               THEN @revision@.rfc3339(p.due_at) END,
               'stopped_at', @revision@.rfc3339(s.stopped_at),
               'stop_reason', s.reason))
      INTO push
      FROM (SELECT) o
      LEFT JOIN mdm.push p ON p.tenant_id = p_tenant_id
                          AND p.enrollment_id = v_channel.enrollment_id
      LEFT JOIN mdm.push_stop s ON s.tenant_id = p_tenant_id
                               AND s.enrollment_id = v_channel.enrollment_id
                               AND s.token = v_channel.push_token;

    SELECT coalesce(json_agg(json_strip_nulls(g.generation)), '[]') INTO generations
      FROM (SELECT json_build_object(
                       'generation', v_channel.generation,
                       'state', v_channel.state,
                       'enrolled_at', @revision@.rfc3339(v_channel.enrolled_at),
                       'token_updates', v_channel.token_update_count,
                       'closed_at', @revision@.rfc3339(v_channel.closed_at),
                       'close_reason', v_channel.close_reason) AS generation
             WHERE v_channel.generation > 0
            UNION ALL
            SELECT json_build_object(
                       'generation', v_channel.generation + 1,
                       'state', 'pending',
                       'pending_since', @revision@.rfc3339(v_channel.pending_since))
             WHERE v_channel.pending_kind = 'new') g;

    SELECT coalesce(json_object_agg(q.state, q.n ORDER BY q.state), '{}') INTO commands
      FROM (SELECT q.state, count(*) AS n
              FROM (SELECT CASE WHEN q.state = 'QUEUED' AND q.sent_at IS NOT NULL
                                THEN 'SENT' ELSE q.state::text END AS state
                      FROM mdm.queue q
                     WHERE q.tenant_id = p_tenant_id
                       AND q.enrollment_id = v_channel.enrollment_id
                     ORDER BY q.offer_rank, q.priority DESC, q.queued_at, q.command_id
                     LIMIT 1000) q
             GROUP BY q.state) q;

    SELECT coalesce(json_agg(json_build_object(
               'kind', s.kind,
               'created_at', @revision@.rfc3339(s.created_at)) ORDER BY s.kind), '[]')
      INTO secrets
      FROM (SELECT DISTINCT ON (s.kind) s.kind, s.created_at, s.value IS NOT NULL AS kept
              FROM mdm.secret s
             WHERE s.tenant_id = p_tenant_id
               AND s.enrollment_id = v_channel.enrollment_id
               AND s.generation = v_channel.generation
             ORDER BY s.kind, s.secret_id DESC) s
     WHERE s.kept;

    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_show IS
'All that is known of one channel; no row when there is none. item: as listed;
device: of a user; users: the first 100 of a device, as written; attributes: name and
value; certificates: the newest 100 of the device; push: no token and no
magic, what became of the last push and when the next is due, and why it is stopped;
generations: the newest, and one that is pending; commands: how many are live, by
state, 1000 at most; secrets: which kinds are in escrow for the newest generation,
and since when.';

CREATE FUNCTION @revision@.enrollment_secrets(
    p_tenant_id  bigint,
    p_device_id  text,
    p_user_id    text)
RETURNS TABLE (items json)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    c_most     CONSTANT integer := 500;
    v_channel  record;
    v_kind     text := '';
    v_row      record;
    v_items    json[] := '{}';
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT e.enrollment_id, e.generation INTO v_channel
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    -- From kind to kind by the key, since one of them may have many rows.
    FOR v_turn IN 1 .. c_most LOOP
        SELECT s.kind INTO v_kind
          FROM mdm.secret s
         WHERE s.tenant_id = p_tenant_id
           AND s.enrollment_id = v_channel.enrollment_id
           AND s.kind > v_kind
         ORDER BY s.kind
         LIMIT 1;
        EXIT WHEN NOT FOUND;

        SELECT s.created_at,
               s.generation = v_channel.generation AND s.value IS NOT NULL AS counts
          INTO v_row
          FROM mdm.secret s
         WHERE s.tenant_id = p_tenant_id
           AND s.enrollment_id = v_channel.enrollment_id
           AND s.kind = v_kind
         ORDER BY s.secret_id DESC
         LIMIT 1;

        v_items := v_items || json_build_object(
            'kind', v_kind, 'current', v_row.counts,
            'count', (SELECT count(*)
                        FROM (SELECT FROM mdm.secret s
                               WHERE s.tenant_id = p_tenant_id
                                 AND s.enrollment_id = v_channel.enrollment_id
                                 AND s.kind = v_kind
                                 AND s.value IS NOT NULL
                               LIMIT 100) k),
            'created_at', @revision@.rfc3339(v_row.created_at));
    END LOOP;

    items := coalesce(array_to_json(v_items), '[]');
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_secrets IS
'Which kinds of secrets are in escrow for a channel, none of their values; no row when
there is no such channel. count: how many values are kept, counted up to 100; current:
the newest was not taken back, and is of the enrolment as it is now; created_at: of the
newest.';

CREATE FUNCTION @revision@.enrollment_secret(
    p_tenant_id  bigint,
    p_actor      text,
    p_remote     text,
    p_device_id  text,
    p_user_id    text,
    p_kind       text,
    p_history    boolean)
RETURNS TABLE (outcome text, value bytea, created_at text, generation integer)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_channel  mdm.enrollment;
    v_outcome  text := 'ok';
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT * INTO v_channel
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;

    IF p_history THEN
        RETURN QUERY
        SELECT 'ok', s.value, @revision@.rfc3339(s.created_at), s.generation
          FROM mdm.secret s
         WHERE s.tenant_id = p_tenant_id
           AND s.enrollment_id = v_channel.enrollment_id
           AND s.kind = p_kind
           AND s.value IS NOT NULL
         ORDER BY s.secret_id DESC
         LIMIT 100;
    ELSE
        RETURN QUERY
        SELECT 'ok', s.value, @revision@.rfc3339(s.created_at), s.generation
          FROM (SELECT *
                  FROM mdm.secret s
                 WHERE s.tenant_id = p_tenant_id
                   AND s.enrollment_id = v_channel.enrollment_id
                   AND s.generation = v_channel.generation
                   AND s.kind = p_kind
                 ORDER BY s.secret_id DESC
                 LIMIT 1) s
         WHERE s.value IS NOT NULL;
    END IF;

    IF NOT FOUND THEN
        v_outcome := CASE WHEN v_channel.enrollment_id IS NULL THEN 'unknown'
                          ELSE 'none' END;
        outcome := v_outcome;
        RETURN NEXT;
    END IF;

    -- What is no kind of this channel may be a secret that went astray.
    IF p_kind NOT IN ('unlock_token', 'bootstrap_token')
       AND NOT EXISTS (SELECT FROM mdm.secret s
                        WHERE s.tenant_id = p_tenant_id
                          AND s.enrollment_id = v_channel.enrollment_id
                          AND s.kind = p_kind)
    THEN
        p_kind := NULL;
    END IF;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, enrollment_id, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'secret_read', v_channel.enrollment_id,
            jsonb_strip_nulls(jsonb_build_object(
                'device_id', p_device_id, 'user_id', p_user_id, 'kind', p_kind,
                'history', CASE WHEN p_history THEN true END, 'outcome', v_outcome)));
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_secret IS
'Somebody reads a secret in escrow, sealed: the newest of its kind and of the newest
generation, or with p_history the newest 100 of all generations. Always leaves a row in
the audit, without the kind when the channel has none such. Outcomes: ok, none,
unknown (no such channel).';

CREATE FUNCTION @revision@.enrollment_report(
    p_tenant_id     bigint,
    p_actor         text,
    p_remote        text,
    p_device_id     text,
    p_user_id       text,
    p_command_uuid  text,
    OUT outcome  text,
    OUT report   bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_enrollment_id  bigint;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT e.enrollment_id INTO v_enrollment_id
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;

    SELECT r.report INTO report
      FROM mdm.result r
     WHERE r.tenant_id = p_tenant_id
       AND r.enrollment_id = v_enrollment_id
       AND r.command_uuid = p_command_uuid
       AND r.report IS NOT NULL
     ORDER BY r.finished_at DESC
     LIMIT 1;

    outcome := CASE WHEN v_enrollment_id IS NULL THEN 'unknown'
                    WHEN report IS NULL THEN 'none' ELSE 'ok' END;
    INSERT INTO mdm.audit (tenant_id, actor, remote, action, enrollment_id, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'report_read', v_enrollment_id,
            jsonb_build_object('device_id', p_device_id, 'user_id', p_user_id,
                               'command_uuid', p_command_uuid, 'outcome', outcome));
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_report IS
'Somebody reads the newest report on a command, sealed. Always leaves a row in the
audit. Outcomes: ok, none, unknown (no such channel).';
