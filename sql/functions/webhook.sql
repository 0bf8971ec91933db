-- Webhooks: the sender's reading and its cursors, and what the API shows of it.

CREATE FUNCTION @revision@.webhook_open(p_name text, p_tenant text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_id  bigint;
    v_xmin       xid8 := pg_snapshot_xmin(pg_current_snapshot());
BEGIN
    PERFORM set_config('mdm.tenant', '', true);

    IF p_tenant <> '' THEN
        SELECT t.tenant_id INTO v_tenant_id FROM mdm.tenant t WHERE t.name = p_tenant;
        IF NOT FOUND THEN
            RETURN 'unknown_tenant';
        END IF;
    END IF;

    INSERT INTO mdm.webhook (name, only_tenant_id, cursor_xid, cursor_event_id, cursor_at)
    VALUES (p_name, v_tenant_id, v_xmin, 0, now())
    ON CONFLICT (name) DO NOTHING;

    -- A cluster that was filled from a dump counts its transactions anew.
    UPDATE mdm.webhook w
       SET only_tenant_id = v_tenant_id,
           cursor_xid = CASE WHEN w.cursor_xid > pg_snapshot_xmax(pg_current_snapshot())
                             THEN v_xmin ELSE w.cursor_xid END
     WHERE w.name = p_name
       AND (w.only_tenant_id IS DISTINCT FROM v_tenant_id
            OR w.cursor_xid > pg_snapshot_xmax(pg_current_snapshot()));
    RETURN 'ok';
END
$$;

COMMENT ON FUNCTION @revision@.webhook_open IS
'Makes a webhook of nginx.conf known; a new one begins now. p_tenant: the name of the
only tenant whose events it gets, or empty. Outcomes: ok, unknown_tenant.';

CREATE FUNCTION @revision@.webhook_next(
    p_name      text,
    p_replay    boolean,
    p_xid       text,
    p_event_id  bigint,
    p_payloads  boolean,
    p_limit     integer,
    p_bytes     integer)
RETURNS TABLE (
    replay_id      bigint,
    tenant_id      bigint,
    tenant         text,
    xid            text,
    event_id       bigint,
    type           text,
    at             text,
    data           text,
    enrollment_id  bigint,
    device_id      text,
    user_id        text,
    channel        text,
    command_uuid   text,
    kind           text,
    sealed         bytea,
    cursor         text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_xmin     xid8 := pg_snapshot_xmin(pg_current_snapshot());
    v_webhook  record;
    v_replay   record;
    v_event    record;
    v_events   refcursor;
    v_xid      xid8;
    v_id       bigint;
    v_found    boolean := false;
    v_bytes    bigint := 0;
BEGIN
    PERFORM set_config('mdm.tenant', '', true);
    SELECT * INTO v_webhook FROM mdm.webhook w WHERE w.name = p_name;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    -- The tenant stands in the comparisons of the order, too, so that one tenant's
    -- events are never looked for among those of all.
    replay_id := 0;
    IF p_replay THEN
        PERFORM set_config('mdm.outbox', 'on', true);
        SELECT * INTO v_replay FROM mdm.webhook_replay r
         WHERE r.name = p_name
         ORDER BY r.asked_at
         LIMIT 1;
        PERFORM set_config('mdm.outbox', '', true);
        IF v_replay.replay_id IS NULL THEN
            RETURN;
        END IF;
        replay_id := v_replay.replay_id;
        PERFORM set_config('mdm.tenant', v_replay.tenant_id::text, true);
        OPEN v_events FOR
            SELECT * FROM mdm.event e
             WHERE e.tenant_id = v_replay.tenant_id
               AND (e.tenant_id, e.xid, e.event_id)
                   > (v_replay.tenant_id, v_replay.cursor_xid, v_replay.cursor_event_id)
               AND (e.tenant_id, e.xid, e.event_id)
                   <= (v_replay.tenant_id, v_replay.until_xid, v_replay.until_event_id)
               AND e.at >= v_replay.since
             ORDER BY e.xid, e.event_id
             LIMIT p_limit;
    ELSE
        v_xid := coalesce(p_xid::xid8, v_webhook.cursor_xid);
        v_id := coalesce(p_event_id, v_webhook.cursor_event_id);
        IF v_webhook.only_tenant_id IS NULL THEN
            PERFORM set_config('mdm.outbox', 'on', true);
            OPEN v_events FOR
                SELECT * FROM mdm.event e
                 WHERE (e.xid, e.event_id) > (v_xid, v_id)
                   AND e.xid < v_xmin
                   AND e.at > v_webhook.cursor_at - interval '1 day'
                   AND e.at < now() + interval '1 day'
                 ORDER BY e.xid, e.event_id
                 LIMIT p_limit;
        ELSE
            PERFORM set_config('mdm.tenant', v_webhook.only_tenant_id::text, true);
            OPEN v_events FOR
                SELECT * FROM mdm.event e
                 WHERE e.tenant_id = v_webhook.only_tenant_id
                   AND (e.tenant_id, e.xid, e.event_id)
                       > (v_webhook.only_tenant_id, v_xid, v_id)
                   AND e.xid < v_xmin
                   AND e.at > v_webhook.cursor_at - interval '1 day'
                   AND e.at < now() + interval '1 day'
                 ORDER BY e.xid, e.event_id
                 LIMIT p_limit;
        END IF;
    END IF;

    LOOP
        FETCH v_events INTO v_event;
        EXIT WHEN NOT FOUND OR v_bytes >= p_bytes;
        v_found := true;

        PERFORM set_config('mdm.tenant', v_event.tenant_id::text, true);
        tenant_id := v_event.tenant_id;
        tenant := (SELECT t.name FROM mdm.tenant t WHERE t.tenant_id = v_event.tenant_id);
        xid := v_event.xid::text;
        event_id := v_event.event_id;
        type := v_event.type;
        at := @revision@.rfc3339(v_event.at);
        cursor := xid || chr(10) || event_id || chr(10) || @revision@.micros(v_event.at);
        data := v_event.data::text;
        enrollment_id := v_event.enrollment_id;
        SELECT e.device_id, e.user_id, e.channel
          INTO device_id, user_id, channel
          FROM mdm.enrollment e
         WHERE e.tenant_id = v_event.tenant_id
           AND e.enrollment_id = v_event.enrollment_id;
        device_id := coalesce(device_id, v_event.data ->> 'device_id', '');
        user_id := coalesce(user_id, v_event.data ->> 'user_id', '');

        command_uuid := v_event.data ->> 'command_uuid';

        kind := NULL;
        sealed := NULL;
        IF p_payloads AND v_event.payload IS NOT NULL THEN
            kind := 'message';
            sealed := v_event.payload;
        ELSIF p_payloads AND v_event.type IN ('command_acknowledged', 'command_failed') THEN
            -- The row that this report finished, or, when it came late, completed.
            SELECT 'report', r.report
              INTO kind, sealed
              FROM mdm.result r
             WHERE r.tenant_id = v_event.tenant_id
               AND r.enrollment_id = v_event.enrollment_id
               AND r.command_uuid = v_event.data ->> 'command_uuid'
               AND r.report IS NOT NULL
             ORDER BY r.reported_at = v_event.at DESC NULLS LAST, r.finished_at DESC
             LIMIT 1;
        END IF;

        v_bytes := v_bytes + coalesce(octet_length(sealed), 0) + octet_length(data);
        RETURN NEXT;
    END LOOP;
    CLOSE v_events;

    PERFORM set_config('mdm.tenant', '', true);
    PERFORM set_config('mdm.outbox', '', true);

    IF p_replay AND NOT v_found THEN
        PERFORM set_config('mdm.tenant', v_replay.tenant_id::text, true);
        DELETE FROM mdm.webhook_replay r
         WHERE r.tenant_id = v_replay.tenant_id
           AND r.name = p_name
           AND r.replay_id = v_replay.replay_id;
    ELSIF NOT p_replay AND NOT v_found AND p_xid IS NULL
          AND v_webhook.cursor_at < now() - interval '1 hour'
    THEN
        UPDATE mdm.webhook w
           SET cursor_xid = v_xmin, cursor_event_id = 0, cursor_at = now()
         WHERE w.name = p_name;
    END IF;
END
$$;

COMMENT ON FUNCTION @revision@.webhook_next IS
'The next events for a webhook in commit order, at most p_limit, and fewer when they
pass p_bytes. p_replay: of the oldest replay that is asked for; it is taken away when
none is left. Otherwise behind the position p_xid, p_event_id, or, when these are
null, behind the cursor, which an empty answer moves on once an hour. p_payloads:
with the raw message, sealed, and the kind of its seal. cursor: as events() has it.';

CREATE FUNCTION @revision@.webhook_done(
    p_name       text,
    p_tenant_id  bigint,
    p_replay_id  bigint,
    p_xid        text,
    p_event_id   bigint,
    p_at         text,
    p_delivered  bigint)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_replay  record;
BEGIN
    PERFORM set_config('mdm.tenant', '', true);
    UPDATE mdm.webhook w
       SET delivered = w.delivered + p_delivered, updated_at = now()
     WHERE w.name = p_name;

    IF p_replay_id = 0 THEN
        UPDATE mdm.webhook w
           SET cursor_xid = p_xid::xid8, cursor_event_id = p_event_id,
               cursor_at = p_at::timestamptz
         WHERE w.name = p_name;
        RETURN;
    END IF;

    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    SELECT * INTO v_replay FROM mdm.webhook_replay r
     WHERE r.tenant_id = p_tenant_id AND r.name = p_name AND r.replay_id = p_replay_id
       FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    UPDATE mdm.webhook_replay r
       SET cursor_xid = p_xid::xid8, cursor_event_id = p_event_id
     WHERE r.tenant_id = p_tenant_id AND r.name = p_name;

    -- What was set aside in this replay itself stays.
    DELETE FROM mdm.webhook_failure f
     WHERE f.tenant_id = p_tenant_id
       AND f.name = p_name
       AND (f.xid, f.event_id) > (v_replay.cursor_xid, v_replay.cursor_event_id)
       AND (f.xid, f.event_id) <= (p_xid::xid8, p_event_id)
       AND f.at < v_replay.asked_at
       AND EXISTS (SELECT FROM mdm.event e
                    WHERE e.tenant_id = f.tenant_id
                      AND e.xid = f.xid
                      AND e.event_id = f.event_id
                      AND e.at >= v_replay.since);
END
$$;

COMMENT ON FUNCTION @revision@.webhook_done IS
'All events of a webhook, or of a replay (p_replay_id is not 0), are dealt with up to
this one, whose time is p_at. p_delivered: how many of them were new.';

CREATE FUNCTION @revision@.webhook_state(p_name text, p_attempts integer, p_error text)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('mdm.tenant', '', true);
    UPDATE mdm.webhook w
       SET attempts = p_attempts,
           last_error = coalesce(p_error, w.last_error),
           failing_since = CASE WHEN p_attempts > 0
                                THEN coalesce(w.failing_since, now()) END,
           updated_at = now()
     WHERE w.name = p_name;
END
$$;

COMMENT ON FUNCTION @revision@.webhook_state IS
'p_attempts have failed since one succeeded, the last for the reason p_error; 0: it
works.';

CREATE FUNCTION @revision@.webhook_set_aside(
    p_name       text,
    p_tenant_id  bigint,
    p_xid        text,
    p_event_id   bigint,
    p_type       text,
    p_status     integer,
    p_error      text)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    INSERT INTO mdm.webhook_failure AS f
        (tenant_id, name, xid, event_id, type, status, error)
    VALUES (p_tenant_id, p_name, p_xid::xid8, p_event_id, p_type,
            nullif(p_status, 0), p_error)
    ON CONFLICT (tenant_id, name, xid, event_id) DO UPDATE
       SET at = now(), status = excluded.status, error = excluded.error;
END
$$;

COMMENT ON FUNCTION @revision@.webhook_set_aside IS
'An event is given up, so that the others go on; p_status: of the last answer, 0 when
none came.';

CREATE FUNCTION @revision@.webhooks(p_tenant_id bigint, p_all boolean)
RETURNS TABLE (
    name           text,
    delivered      bigint,
    attempts       integer,
    failing_since  text,
    last_error     text,
    lag            bigint,
    replaying      boolean,
    cursor         text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    RETURN QUERY
    SELECT w.name,
           CASE WHEN s.shown THEN w.delivered END,
           CASE WHEN s.shown THEN w.attempts END,
           @revision@.rfc3339(w.failing_since),
           CASE WHEN s.shown THEN w.last_error END,
           coalesce((SELECT extract(epoch FROM now() - e.at)::bigint
                       FROM mdm.event e
                      WHERE e.tenant_id = p_tenant_id
                        AND (e.xid, e.event_id) > (w.cursor_xid, w.cursor_event_id)
                        AND e.at > w.cursor_at - interval '1 day'
                        AND e.at <= now()
                      ORDER BY e.xid, e.event_id
                      LIMIT 1), 0),
           EXISTS (SELECT FROM mdm.webhook_replay r
                    WHERE r.tenant_id = p_tenant_id AND r.name = w.name),
           w.name
      FROM mdm.webhook w
     CROSS JOIN LATERAL (SELECT p_all OR w.only_tenant_id IS NOT NULL AS shown) s
     WHERE w.only_tenant_id IS NULL OR w.only_tenant_id = p_tenant_id
     ORDER BY w.name;
END
$$;

COMMENT ON FUNCTION @revision@.webhooks IS
'The webhooks that get events of this tenant. lag: the age in seconds of the tenant''s
oldest event that is not delivered, 0 when there is none. delivered, attempts and
last_error of a webhook that serves all tenants are null unless p_all.';

CREATE FUNCTION @revision@.webhook_failures(
    p_tenant_id  bigint,
    p_name       text,
    p_after      text,
    p_limit      integer)
RETURNS TABLE (
    event_id  text,
    type      text,
    at        text,
    status    integer,
    error     text,
    cursor    text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_xid  xid8 := '18446744073709551615';
    v_id   bigint := 0;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    PERFORM FROM mdm.webhook w
      WHERE w.name = p_name
        AND (w.only_tenant_id IS NULL OR w.only_tenant_id = p_tenant_id);
    IF NOT FOUND THEN
        RETURN NEXT;
        RETURN;
    END IF;

    IF p_after <> '' THEN
        v_xid := split_part(p_after, chr(10), 1)::xid8;
        v_id := split_part(p_after, chr(10), 2)::bigint;
    END IF;

    RETURN QUERY
    SELECT f.event_id::text, f.type, @revision@.rfc3339(f.at), f.status, f.error,
           f.xid || chr(10) || f.event_id
      FROM mdm.webhook_failure f
     WHERE f.tenant_id = p_tenant_id
       AND f.name = p_name
       AND (f.xid, f.event_id) < (v_xid, v_id)
     ORDER BY f.xid DESC, f.event_id DESC
     LIMIT p_limit;
END
$$;

COMMENT ON FUNCTION @revision@.webhook_failures IS
'The tenant''s events that a webhook gave up, newest first, behind p_after (xid and
event_id). One row of nulls: there is no such webhook.';

CREATE FUNCTION @revision@.webhook_replay(
    p_tenant_id  bigint,
    p_actor      text,
    p_remote     text,
    p_name       text,
    p_since      bigint)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_webhook  record;
    v_since    timestamptz := to_timestamp(0) + p_since * interval '1 microsecond';
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT * INTO v_webhook FROM mdm.webhook w
     WHERE w.name = p_name
       AND (w.only_tenant_id IS NULL OR w.only_tenant_id = p_tenant_id);
    IF NOT FOUND THEN
        RETURN 'unknown';
    END IF;

    DELETE FROM mdm.webhook_replay r
     WHERE r.tenant_id = p_tenant_id AND r.name = p_name;
    INSERT INTO mdm.webhook_replay (tenant_id, name, since, until_xid, until_event_id)
    VALUES (p_tenant_id, p_name, v_since, v_webhook.cursor_xid,
            v_webhook.cursor_event_id)
    ON CONFLICT (tenant_id, name) DO NOTHING;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'webhook_replay',
            jsonb_build_object('webhook', p_name, 'since', @revision@.rfc3339(v_since)));
    RETURN 'ok';
END
$$;

COMMENT ON FUNCTION @revision@.webhook_replay IS
'Asks that the tenant''s events from p_since (microseconds since 1970) to where the
webhook stands now are sent once more, instead of an older wish. Outcomes: ok, unknown.';
