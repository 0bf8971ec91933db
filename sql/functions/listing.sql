-- What the API shows. Times are text, RFC 3339 in UTC with milliseconds.

CREATE FUNCTION @revision@.rfc3339(p_time timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

COMMENT ON FUNCTION @revision@.rfc3339 IS
'A time as the API writes it; null stays null.';

CREATE FUNCTION @revision@.is_dormant(p_channel text, p_last timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN p_channel IN ('user', 'shared_user', 'enrollment_user')
       AND coalesce(p_last < now() - interval '1 day', true);

COMMENT ON FUNCTION @revision@.is_dormant IS
'Does this channel wait for its user to log in? A user''s channel is silent while
nobody is logged in, so a day without contact is no fault. p_last: last contact.';

CREATE FUNCTION @revision@.enrollments(
    p_tenant_id  bigint,
    p_after      text,
    p_limit      integer)
RETURNS TABLE (
    device_id               text,
    user_id                 text,
    channel                 text,
    ownership               text,
    supervised              boolean,
    state                   text,
    generation              integer,
    serial                  text,
    os_version              text,
    model                   text,
    enrolled_at             text,
    seen_at                 text,
    last_error              text,
    last_error_at           text,
    topic                   text,
    user_short_name         text,
    user_long_name          text,
    awaiting_configuration  boolean,
    pending                 text,
    pending_since           text,
    dormant                 boolean,
    rolled_back_at          text,
    closed_at               text,
    close_reason            text,
    cursor                  text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_device_id  text := split_part(p_after, chr(10), 1);
    v_user_id    text := split_part(p_after, chr(10), 2);
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    RETURN QUERY
    SELECT e.device_id, e.user_id, e.channel, e.ownership, e.supervised, e.state,
           e.generation, a.serial, a.os_version, a.model,
           @revision@.rfc3339(e.enrolled_at), @revision@.rfc3339(s.seen_at),
           r.reason, @revision@.rfc3339(r.reported_at),
           e.topic, e.user_short_name, e.user_long_name, e.awaiting_configuration,
           CASE WHEN e.pending_since < now() - interval '15 minutes'
                     AND e.pending_kind = 'new' THEN 'enrolling, stuck'
                WHEN e.pending_kind = 'new' THEN 'enrolling'
                WHEN e.pending_kind = 'renewal' THEN 'renewing' END,
           @revision@.rfc3339(e.pending_since),
           e.state = 'live'
               AND @revision@.is_dormant(e.channel, greatest(s.seen_at, e.token_at)),
           @revision@.rfc3339(e.rolled_back_at),
           @revision@.rfc3339(e.closed_at), e.close_reason,
           e.device_id || chr(10) || e.user_id
      FROM (SELECT *
              FROM mdm.enrollment e
             WHERE e.tenant_id = p_tenant_id
               AND (e.device_id, e.user_id) > (v_device_id, v_user_id)
             ORDER BY e.device_id, e.user_id
             LIMIT p_limit) e
      LEFT JOIN mdm.enrollment_seen s ON s.tenant_id = p_tenant_id
                                     AND s.enrollment_id = e.enrollment_id
      LEFT JOIN LATERAL (
           SELECT max(a.value_text) FILTER (WHERE a.name = 'SerialNumber') AS serial,
                  max(a.value_text) FILTER (WHERE a.name = 'OSVersion') AS os_version,
                  coalesce(max(a.value_text) FILTER (WHERE a.name = 'ProductName'),
                           max(a.value_text) FILTER (WHERE a.name = 'Model')) AS model
             FROM mdm.attribute a
            WHERE a.tenant_id = p_tenant_id
              AND a.enrollment_id = e.enrollment_id
              AND a.name IN ('SerialNumber', 'OSVersion', 'ProductName', 'Model')) a
             ON true
      LEFT JOIN LATERAL (
           SELECT r.reason, r.reported_at
             FROM mdm.result r
            WHERE r.tenant_id = p_tenant_id
              AND r.enrollment_id = e.enrollment_id
              AND r.state = 'ERROR'
              AND r.finished_at BETWEEN now() - interval '30 days' AND now()
            ORDER BY r.finished_at DESC
            LIMIT 1) r ON true
     ORDER BY e.device_id, e.user_id;
END
$$;

COMMENT ON FUNCTION @revision@.enrollments IS
'A page of the channels of a tenant, in the order of (device_id, user_id).
p_after: device_id, a line feed and user_id of the last row shown, or empty.
last_error: of the last 30 days. dormant: a user''s channel that waits for a login.
pending: null, "enrolling", "enrolling, stuck"
after 15 minutes, or "renewing".';

CREATE FUNCTION @revision@.enrollment_queue(
    p_tenant_id  bigint,
    p_device_id  text,
    p_user_id    text,
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
    next             text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
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
                THEN 'It waits for the user to log in.' ELSE t.next END
      FROM (SELECT q.*,
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
              FROM mdm.queue q
             WHERE q.tenant_id = p_tenant_id
               AND q.enrollment_id = v_enrollment_id
             ORDER BY q.offer_rank, q.priority DESC, q.queued_at, q.command_id
             LIMIT p_limit) q
      JOIN mdm.command_state t
        ON t.state = CASE WHEN q.state = 'QUEUED' AND q.sent_at IS NOT NULL
                          THEN 'SENT' ELSE q.state END
     ORDER BY q.offer_rank, q.priority DESC, q.queued_at, q.command_id;
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_queue IS
'What waits for a channel, in the order in which it will be offered, stalled rows
last, each with its state in plain words and, where it has one, the reason why it
waits. SENT stands for QUEUED when a push was
accepted.';

CREATE FUNCTION @revision@.enrollment_history(
    p_tenant_id  bigint,
    p_device_id  text,
    p_user_id    text,
    p_after      text,
    p_limit      integer)
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
    means            text,
    next             text,
    cursor           text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_time  timestamptz := 'infinity';
    v_uuid  text := '';
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    IF p_after <> '' THEN
        v_time := to_timestamp(0)
                  + split_part(p_after, chr(10), 1)::bigint * interval '1 microsecond';
        v_uuid := split_part(p_after, chr(10), 2);
    END IF;

    RETURN QUERY
    SELECT r.command_uuid, r.request_type, t.state, r.reason, r.generation,
           r.delivered_count, @revision@.rfc3339(r.queued_at),
           @revision@.rfc3339(r.sent_at), @revision@.rfc3339(r.pushed_at),
           @revision@.rfc3339(r.notnow_at), @revision@.rfc3339(r.finished_at),
           @revision@.rfc3339(r.reported_at), t.means, t.next,
           (extract(epoch FROM r.finished_at) * 1000000)::bigint || chr(10)
               || r.command_uuid
      FROM (SELECT r.*
              FROM mdm.result r
             WHERE r.tenant_id = p_tenant_id
               AND r.enrollment_id =
                   (SELECT e.enrollment_id
                      FROM mdm.enrollment e
                     WHERE e.tenant_id = p_tenant_id
                       AND e.device_id = p_device_id
                       AND e.user_id = p_user_id)
               AND r.finished_at <= v_time
               AND (r.finished_at < v_time OR r.command_uuid < v_uuid)
             ORDER BY r.finished_at DESC, r.command_uuid DESC
             LIMIT p_limit) r
      JOIN mdm.command_state t ON t.state = r.state
     ORDER BY r.finished_at DESC, r.command_uuid DESC;
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_history IS
'What became of the commands of a channel, newest first. p_after: the cursor of
the last row shown, or empty.';
