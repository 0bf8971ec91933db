-- Pushes by the owner of a topic: which are due, and what became of them.

CREATE FUNCTION @revision@.push_claim(
    p_owner      text,
    p_tenant_id  bigint,
    p_topic      text,
    p_limit      integer)
RETURNS TABLE (n integer, outcome text, version integer, next_ms bigint,
               enrollment_id bigint, token bytea, magic text, late_ms bigint)
LANGUAGE plpgsql ROWS 500 AS $$
#variable_conflict use_column
DECLARE
    c_notnow    CONSTANT interval[] := '{10 minutes,30 minutes,2 hours,8 hours,24 hours}';
    c_contact   CONSTANT interval := '15 minutes';
    v_now       timestamptz := clock_timestamp();
    v_topic     record;
    v_ids       bigint[];
    v_tids      tid[];
    v_dues      timestamptz[];
    v_topics    text[];
    v_tokens    bytea[];
    v_magics    text[];
    v_lates     bigint[];
    v_judged    boolean[];
    v_count     integer;
    v_over      integer;
    v_followed  integer;
    v_gone      integer;
    v_ended     integer;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    -- Who gives the topic back waits for us, or is seen here: see push_release().
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('mdm.push ' || p_owner, 0));

    SELECT t.owner, t.stopped_at, c.version, c.not_after
      INTO v_topic
      FROM mdm.push_topic t
      LEFT JOIN mdm.push_certificate c ON c.tenant_id = p_tenant_id AND c.topic = p_topic
     WHERE t.tenant_id = p_tenant_id AND t.topic = p_topic;

    n := 0;
    version := v_topic.version;
    outcome := CASE WHEN v_topic.owner IS DISTINCT FROM p_owner THEN 'lost'
                    WHEN v_topic.stopped_at IS NOT NULL THEN 'stopped'
                    WHEN coalesce(v_topic.not_after <= v_now, true) THEN 'expired'
                    ELSE 'ok' END;
    IF outcome <> 'ok' THEN
        RETURN NEXT;
        RETURN;
    END IF;

    -- Locked first, and looked at by the next statement: that one sees all commands
    -- whose wish was there to be locked.
    SELECT array_agg(s.enrollment_id), count(*)
      INTO v_ids, v_count
      FROM (SELECT p.enrollment_id
              FROM mdm.push p
             WHERE p.tenant_id = p_tenant_id
               AND p.topic = p_topic
               AND p.due_at <= v_now
             ORDER BY p.due_at
             LIMIT p_limit
               FOR NO KEY UPDATE SKIP LOCKED) s;

    -- When each is due: infinity is now, by us, and null is never.
    IF v_count > 0 THEN
        SELECT array_agg(v.tid), array_agg(v.due), array_agg(coalesce(v.topic, '')),
               array_agg(v.push_token), array_agg(v.push_magic),
               array_agg(extract(epoch FROM v_now - v.due_at) * 1000),
               array_agg(v.judged),
               count(*) FILTER (WHERE v.due IS NULL),
               count(*) FILTER (WHERE v.judged),
               count(*) FILTER (WHERE v.judged AND v.followed)
          INTO v_tids, v_dues, v_topics, v_tokens, v_magics, v_lates, v_judged, v_gone,
               v_over, v_followed
          FROM (SELECT p.tid, p.due_at, e.topic, e.push_token, e.push_magic,
                       p.judge_from IS NOT NULL
                       AND (coalesce(c.seen_at >= p.judge_from, false)
                            OR p.judge_from < v_now - c_contact) AS judged,
                       coalesce(c.seen_at BETWEEN p.judge_from
                                              AND p.judge_from + c_contact, false)
                           AS followed,
                       CASE WHEN e.state IS DISTINCT FROM 'live' THEN NULL
                            WHEN coalesce(e.topic, '') <> p_topic THEN v_now
                            WHEN e.push_token IS NULL OR e.push_magic IS NULL
                            THEN v_now + interval '1 day'
                            WHEN s.probe_at > v_now THEN s.probe_at
                            WHEN s.probe_at <= v_now OR p.asked THEN 'infinity'
                            WHEN p.step > 0
                                 AND @revision@.is_dormant(e.channel,
                                         greatest(c.seen_at, e.token_at))
                            THEN NULL
                            WHEN o.open THEN 'infinity'
                            WHEN w.notnow_at IS NULL THEN w.not_before
                            WHEN w.again_at <= v_now THEN 'infinity'
                            ELSE least(w.again_at, w.not_before)
                       END AS due
                  FROM unnest(v_ids) AS t (id)
                 CROSS JOIN LATERAL (
                       SELECT p.ctid AS tid, p.due_at, p.asked, p.stopped, p.step,
                              p.accepted_at, p.judge_from
                         FROM mdm.push p
                        WHERE p.tenant_id = p_tenant_id
                          AND p.enrollment_id = t.id
                        LIMIT 1) p
                  LEFT JOIN LATERAL (
                       SELECT e.state, e.topic, e.push_token, e.push_magic, e.token_at,
                              e.generation, e.channel, e.user_id
                         FROM mdm.enrollment e
                        WHERE e.tenant_id = p_tenant_id
                          AND e.enrollment_id = t.id
                        LIMIT 1) e ON true
                  LEFT JOIN LATERAL (
                       SELECT c.seen_at
                         FROM mdm.enrollment_seen c
                        WHERE (p.judge_from IS NOT NULL OR e.user_id <> '')
                          AND c.tenant_id = p_tenant_id
                          AND c.enrollment_id = t.id
                        LIMIT 1) c ON true
                  LEFT JOIN LATERAL (
                       SELECT s.probe_at
                         FROM mdm.push_stop s
                        WHERE p.stopped
                          AND s.tenant_id = p_tenant_id
                          AND s.enrollment_id = t.id
                          AND s.topic = p_topic
                          AND s.token = e.push_token
                        LIMIT 1) s ON true
                  LEFT JOIN LATERAL (
                       SELECT true AS open
                         FROM mdm.queue q
                        WHERE q.tenant_id = p_tenant_id
                          AND q.enrollment_id = t.id
                          AND q.offer_rank IS NOT NULL
                          AND q.state <> 'NOTNOW'
                          AND q.generation = e.generation
                          AND (q.not_before IS NULL OR q.not_before <= v_now)
                          AND (q.expires_at IS NULL OR q.expires_at > v_now)
                        LIMIT 1) o ON true
                  LEFT JOIN LATERAL (
                       -- Steps that the device was away for do not count.
                       SELECT max(q.notnow_at) FILTER (WHERE q.state = 'NOTNOW')
                                  AS notnow_at,
                              greatest(p.accepted_at, max(q.notnow_at))
                              + c_notnow[least(greatest(
                                    CASE WHEN max(q.notnow_at) > p.accepted_at
                                         THEN least(p.step, max(q.delivered_count))
                                         ELSE p.step END, 1), 5)] AS again_at,
                              min(q.not_before) FILTER (WHERE q.not_before > v_now)
                                  AS not_before
                         FROM mdm.queue q
                        WHERE o.open IS NULL
                          AND q.tenant_id = p_tenant_id
                          AND q.enrollment_id = t.id
                          AND q.offer_rank IS NOT NULL
                          AND q.generation = e.generation
                          AND (q.expires_at IS NULL OR q.expires_at > v_now)) w
                       ON true) v;

        -- IS TRUE keeps the tenant out of indexes: each row is found by its place, also
        -- by a plan that was made while there were few. Whose report is just taken, to
        -- him commands may follow, and his wish stays: see push_follow().
        IF v_gone > 0 THEN
            DELETE FROM mdm.push p
             WHERE p.ctid = ANY (ARRAY(
                   SELECT o.tid
                     FROM unnest(v_tids, v_dues) AS m (tid, due)
                    CROSS JOIN LATERAL (
                          SELECT o.ctid AS tid
                            FROM mdm.push o
                           WHERE o.ctid = m.tid
                             AND (o.tenant_id = p_tenant_id) IS TRUE
                             FOR UPDATE SKIP LOCKED) o
                    WHERE m.due IS NULL))
               AND (p.tenant_id = p_tenant_id) IS TRUE;
            GET DIAGNOSTICS v_ended = ROW_COUNT;
            v_gone := v_gone - v_ended;
        END IF;
        UPDATE mdm.push p
           SET due_at = coalesce(m.due, v_now + interval '30 seconds'), topic = m.topic,
               claimed_at = CASE WHEN m.due = 'infinity' THEN clock_timestamp() END,
               judge_from = CASE WHEN NOT m.judged THEN p.judge_from END
          FROM unnest(v_tids, v_dues, v_topics, v_judged) AS m (tid, due, topic, judged)
         WHERE p.ctid = m.tid
           AND (p.tenant_id = p_tenant_id) IS TRUE
           AND (m.due IS NOT NULL OR v_gone > 0);
        IF v_over > 0 THEN
            PERFORM @revision@.push_judged(p_tenant_id, p_topic, v_over, v_followed);
        END IF;
    END IF;

    IF v_count = p_limit THEN
        next_ms := 0;
    ELSE
        next_ms := (SELECT greatest(0, ceil(extract(epoch FROM p.due_at - v_now) * 1000))
                      FROM mdm.push p
                     WHERE p.tenant_id = p_tenant_id
                       AND p.topic = p_topic
                       AND p.due_at < 'infinity'
                     ORDER BY p.due_at
                     LIMIT 1);
    END IF;
    RETURN NEXT;

    RETURN QUERY
    SELECT row_number() OVER ()::integer, NULL::text, NULL::integer, NULL::bigint, m.id,
           m.token, m.magic, m.late
      FROM unnest(v_ids, v_dues, v_tokens, v_magics, v_lates)
           AS m (id, due, token, magic, late)
     WHERE m.due = 'infinity';
END
$$;

COMMENT ON FUNCTION @revision@.push_claim IS
'Looks at the wishes of a topic that are due, at most p_limit, and claims those that a
push is for; the others are put off to when it is, or go when nothing waits. Row n = 0:
ok; lost (the topic is another owner''s), stopped, expired: and no more rows. version:
of the certificate; next_ms: when the next wish is due, 0: look again, null: there is
none. Then one row for each push; late_ms: for how long it has been due.
A push is for: a wish that somebody asked for; commands that may go out; commands
that were answered NotNow, when the last push or NotNow is 10 minutes ago, then 30
minutes, 2, 8 and 24 hours; a stopped channel whose weekly probe is due. A user''s
channel that waits for a login gets one.';

CREATE FUNCTION @revision@.push_judged(
    p_tenant_id  bigint,
    p_topic      text,
    p_judged     integer,
    p_followed   integer)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE mdm.push_topic t
       SET health_at = CASE WHEN f.over THEN now() ELSE t.health_at END,
           followed = CASE WHEN f.over THEN 0 ELSE t.followed END + p_followed,
           judged = CASE WHEN f.over THEN 0 ELSE t.judged END + p_judged,
           former_followed = CASE WHEN f.over THEN t.followed ELSE t.former_followed END,
           former_judged = CASE WHEN f.over THEN t.judged ELSE t.former_judged END
      FROM (SELECT o.health_at < now() - interval '1 day' AS over
              FROM mdm.push_topic o
             WHERE o.tenant_id = p_tenant_id AND o.topic = p_topic
             LIMIT 1) f
     WHERE t.tenant_id = p_tenant_id AND t.topic = p_topic;
END
$$;

COMMENT ON FUNCTION @revision@.push_judged IS
'p_judged accepted pushes of the topic were looked back at, p_followed of them had a
contact within 15 minutes. The caller has set the tenant.';

CREATE FUNCTION @revision@.push_record(
    p_owner           text,
    p_tenant_id       bigint,
    p_topic           text,
    p_enrollment_ids  bigint[],
    p_tokens          text[],
    p_apns_ids        text[],
    p_outcomes        text[],
    p_reasons         text[],
    p_waits           bigint[],
    p_times           bigint[],
    OUT outcome       text,
    OUT reason        text,
    OUT tenant        text)
LANGUAGE plpgsql AS $$
DECLARE
    c_ladder    CONSTANT interval[] := '{30 seconds,2 minutes,8 minutes,30 minutes,
                                         2 hours,8 hours,24 hours}';
    c_last_ms   CONSTANT bigint := 253402300799999;     -- the year 9999
    v_verdicts  text[] := p_outcomes;
    v_row       record;
    v_now       timestamptz;
    v_tids      tid[];
    v_ids       bigint[];
    v_apns_ids  text[];
    v_reasons   text[];
    v_waits     bigint[];
    v_steps     integer[];
    v_accepted  bigint[];
    v_answers   integer;
    v_others    integer;
    v_refusals  integer := 0;
    v_reason    text;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    -- The rows are locked so that a TokenUpdate comes before, and is seen here, or
    -- after, and sees the stop.
    IF p_outcomes && '{dead,refused}' THEN
        FOR v_row IN
            SELECT t.n, t.outcome, t.token, t.time, e.push_token, e.token_at
              FROM (SELECT t.n, t.outcome, t.token, t.time, e.device_id, e.user_id
                      FROM unnest(p_enrollment_ids, p_outcomes, p_tokens, p_times)
                           WITH ORDINALITY AS t (id, outcome, token, time, n)
                     -- The first from this id on is it; so it is found by it alone.
                     CROSS JOIN LATERAL (
                           SELECT e.enrollment_id, e.device_id, e.user_id
                             FROM mdm.enrollment e
                            WHERE e.tenant_id = p_tenant_id
                              AND e.enrollment_id >= t.id
                            ORDER BY e.enrollment_id
                            LIMIT 1) e
                     WHERE t.outcome IN ('dead', 'refused')
                       AND e.enrollment_id = t.id
                     ORDER BY e.device_id, e.user_id) t
             CROSS JOIN LATERAL (
                   SELECT e.push_token, e.token_at
                     FROM mdm.enrollment e
                    WHERE e.tenant_id = p_tenant_id
                      AND e.device_id = t.device_id
                      AND e.user_id = t.user_id
                      FOR SHARE) e
        LOOP
            v_verdicts[v_row.n] :=
                CASE WHEN v_row.push_token IS DISTINCT FROM decode(v_row.token, 'hex')
                     THEN 'changed'
                     WHEN v_row.outcome = 'dead' AND v_row.time > 0
                          AND to_timestamp(least(v_row.time, c_last_ms) / 1000.0)
                              < v_row.token_at
                     THEN 'older'
                     ELSE v_row.outcome END;
        END LOOP;
    END IF;

    -- In the order of all who lock several; what is repeated is known by its apns-id.
    SELECT array_agg(s.tid), array_agg(s.id), array_agg(s.apns_id),
           array_agg(s.verdict), array_agg(s.reason), array_agg(s.wait),
           array_agg(s.step), array_agg(s.id) FILTER (WHERE s.verdict = 'accepted')
      INTO v_tids, v_ids, v_apns_ids, v_verdicts, v_reasons, v_waits, v_steps,
           v_accepted
      FROM (SELECT p.tid, t.id, t.apns_id, t.verdict, nullif(t.reason, '') AS reason,
                   t.wait, p.step
              FROM (SELECT DISTINCT ON (t.id) *
                      FROM unnest(p_enrollment_ids, p_apns_ids, v_verdicts, p_reasons,
                                  p_waits)
                           WITH ORDINALITY AS t (id, apns_id, verdict, reason, wait, n)
                     ORDER BY t.id, t.n DESC) t
             CROSS JOIN LATERAL (
                   -- Who asks again and again makes nobody wait longer.
                   SELECT p.ctid AS tid,
                          CASE WHEN p.asked THEN greatest(p.step, 1)
                               ELSE least(p.step + 1, 1000) END AS step
                     FROM mdm.push p
                    WHERE p.tenant_id = p_tenant_id
                      AND p.enrollment_id = t.id
                      AND p.apns_id IS DISTINCT FROM t.apns_id
                      FOR NO KEY UPDATE) p) s;
    v_now := clock_timestamp();

    UPDATE mdm.push p
       SET claimed_at = NULL,
           apns_id = m.apns_id,
           asked = p.asked AND m.verdict NOT IN ('accepted', 'dead', 'refused'),
           stopped = (p.stopped OR m.verdict IN ('dead', 'refused'))
                     AND m.verdict <> 'accepted',
           step = CASE WHEN m.verdict = 'accepted' THEN m.step ELSE p.step END,
           failures = CASE
               WHEN m.verdict IN ('accepted', 'dead', 'refused', 'changed') THEN 0
               WHEN m.verdict IN ('returned', 'misconfigured') THEN p.failures
               ELSE least(p.failures + 1, 1000) END,
           accepted_at = CASE WHEN m.verdict = 'accepted' THEN v_now
                              ELSE p.accepted_at END,
           judge_from = CASE WHEN m.verdict = 'accepted' THEN coalesce(p.judge_from, v_now)
                             ELSE p.judge_from END,
           answered_at = CASE WHEN m.verdict = 'returned' THEN p.answered_at
                              ELSE v_now END,
           error = CASE WHEN m.verdict = 'accepted' THEN NULL
                        WHEN m.verdict = 'returned'
                        THEN coalesce(m.reason, p.error, 'it was not answered')
                        ELSE coalesce(m.reason, m.verdict) END,
           due_at = v_now + CASE m.verdict
               WHEN 'accepted' THEN
                   -- A command that came meanwhile may have missed the device.
                   CASE WHEN p.wanted_at > p.claimed_at
                        THEN least(interval '3 seconds', c_ladder[least(m.step, 7)])
                        ELSE c_ladder[least(m.step, 7)] END
               WHEN 'dead' THEN interval '7 days'
               WHEN 'refused' THEN interval '7 days'
               WHEN 'our_fault' THEN interval '1 day'
               WHEN 'returned' THEN m.wait * interval '1 second'
               WHEN 'changed' THEN interval '0'
               WHEN 'misconfigured' THEN interval '0'
               ELSE greatest(m.wait * interval '1 second',
                        (0.8 + 0.4 * random())
                        * CASE WHEN m.verdict IN ('throttled', 'older')
                               THEN least(60, 2 ^ least(p.failures, 9))
                                    * interval '1 minute'
                               WHEN m.verdict = 'reconnect' AND p.failures = 0
                               THEN interval '1.5 seconds'
                               ELSE least(16, 2 ^ least(p.failures
                                                - (m.verdict = 'reconnect')::integer, 9))
                                    * interval '15 minutes' END)
               END
      FROM unnest(v_tids, v_apns_ids, v_verdicts, v_reasons, v_waits, v_steps)
           AS m (tid, apns_id, verdict, reason, wait, step)
     WHERE p.ctid = m.tid
       AND (p.tenant_id = p_tenant_id) IS TRUE;

    IF v_verdicts && '{dead,refused}' THEN
        v_refusals := @revision@.push_stopped(p_tenant_id, p_topic, v_ids, v_verdicts,
                                              v_reasons, v_now);
    END IF;
    IF v_accepted IS NOT NULL THEN
        PERFORM @revision@.push_sent(p_tenant_id, p_topic, v_accepted, v_now);
    END IF;

    -- Answers that say something of the topic: a dead token says nothing, nor does a
    -- probe of one that was refused before.
    SELECT count(*) FILTER (WHERE m.verdict NOT IN ('returned', 'dead', 'refused',
                                                    'older')),
           min(m.reason) FILTER (WHERE m.verdict = 'misconfigured'),
           count(*) FILTER (WHERE m.verdict NOT IN ('returned', 'accepted'))
      INTO v_answers, v_reason, v_others
      FROM unnest(v_verdicts, v_reasons) AS m (verdict, reason);

    reason := @revision@.push_topic_count(
        p_tenant_id, p_topic, coalesce(cardinality(v_accepted), 0), v_answers, v_refusals,
        CASE WHEN v_others > 0 THEN
             (SELECT jsonb_object_agg(s.reason, s.n)
                FROM (SELECT coalesce(m.reason, m.verdict) AS reason, count(*) AS n
                        FROM unnest(v_verdicts, v_reasons) AS m (verdict, reason)
                       WHERE m.verdict NOT IN ('returned', 'accepted')
                       GROUP BY 1) s) END,
        v_reason, v_now);
    outcome := CASE WHEN reason IS NULL THEN 'ok' ELSE 'stopped' END;
    reason := nullif(reason, '');
    IF reason IS NOT NULL THEN
        tenant := @revision@.tenant_name(p_tenant_id);
    END IF;
END
$$;

COMMENT ON FUNCTION @revision@.push_record IS
'What became of pushes: parallel arrays. p_tokens: the one that was pushed, as
hexadecimal; p_apns_ids: another one for each push, so that a repetition changes
nothing; p_outcomes: accepted, dead, refused, misconfigured, throttled, again,
reconnect, our_fault, or returned (it was not answered: due in p_waits seconds);
p_reasons: Apple''s word; p_waits: how many seconds Apple asks for, 0: it does not say;
p_times: since when the token is dead, milliseconds since 1970, or 0.
accepted: pushed again after 30 seconds, 2, 8 and 30 minutes, 2, 8, and then 24 hours,
while commands wait. dead, refused: the channel is stopped, unless it has another token
by now. misconfigured, and many refusals: the topic is. The rest is tried again later.
outcome: stopped: the topic is; ok. reason: by this call, and why, of what tenant. The
owner need not have it any more.';

CREATE FUNCTION @revision@.push_stopped(
    p_tenant_id       bigint,
    p_topic           text,
    p_enrollment_ids  bigint[],
    p_verdicts        text[],
    p_reasons         text[],
    p_at              timestamptz)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_refusals  integer;
BEGIN
    WITH stopped AS (
        INSERT INTO mdm.push_stop AS s
               (tenant_id, enrollment_id, topic, token, reason, counted, stopped_at,
                probe_at)
        SELECT p_tenant_id, m.id, p_topic, e.push_token,
               coalesce(m.reason, m.verdict), m.verdict = 'refused', p_at,
               p_at + interval '7 days'
          FROM unnest(p_enrollment_ids, p_verdicts, p_reasons) AS m (id, verdict, reason)
         CROSS JOIN LATERAL (
               SELECT e.push_token
                 FROM mdm.enrollment e
                WHERE e.tenant_id = p_tenant_id
                  AND e.enrollment_id = m.id
                LIMIT 1) e
         WHERE m.verdict IN ('dead', 'refused')
        ON CONFLICT (tenant_id, enrollment_id) DO UPDATE
           SET topic = excluded.topic, token = excluded.token, reason = excluded.reason,
               counted = s.counted AND s.token = excluded.token,
               stopped_at = CASE WHEN s.token = excluded.token THEN s.stopped_at
                                 ELSE excluded.stopped_at END,
               probe_at = excluded.probe_at
        RETURNING s.enrollment_id, s.reason, s.counted, s.stopped_at), told AS (
        INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
        SELECT p_tenant_id, 'push_stopped', n.enrollment_id,
               jsonb_build_object('device_id', e.device_id, 'user_id', e.user_id,
                                  'topic', p_topic, 'reason', n.reason)
          FROM stopped n
         CROSS JOIN LATERAL (
               SELECT e.device_id, e.user_id
                 FROM mdm.enrollment e
                WHERE e.tenant_id = p_tenant_id
                  AND e.enrollment_id = n.enrollment_id
                LIMIT 1) e
         WHERE n.stopped_at = p_at)
    SELECT count(*) FILTER (WHERE n.counted AND n.stopped_at = p_at) INTO v_refusals
      FROM stopped n;
    RETURN v_refusals;
END
$$;

COMMENT ON FUNCTION @revision@.push_stopped IS
'Stops the channels among these whose verdict is dead or refused, with an event
push_stopped for those that were not before; probed in a week. Returns how many
refusals count to the window of the topic. The caller holds the rows of the enrolments
and of the wishes.';

CREATE FUNCTION @revision@.push_sent(
    p_tenant_id       bigint,
    p_topic           text,
    p_enrollment_ids  bigint[],
    p_at              timestamptz)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_tids  tid[];
BEGIN
    -- A row that somebody holds is being delivered.
    SELECT array_agg(s.tid) INTO v_tids
      FROM (SELECT q.tid
              FROM unnest(p_enrollment_ids) AS t (id)
             CROSS JOIN LATERAL (
                   SELECT q.ctid AS tid
                     FROM mdm.queue q
                    WHERE q.tenant_id = p_tenant_id
                      AND q.enrollment_id = t.id
                      AND q.offer_rank IS NOT NULL
                      AND q.state = 'QUEUED'
                      AND q.sent_at IS NULL
                      AND (q.not_before IS NULL OR q.not_before <= p_at)
                      FOR UPDATE SKIP LOCKED) q) s;
    UPDATE mdm.queue q
       SET sent_at = p_at
     WHERE q.ctid = ANY (v_tids)
       AND (q.tenant_id = p_tenant_id) IS TRUE;

    IF EXISTS (SELECT FROM mdm.push_stop s
                WHERE s.tenant_id = p_tenant_id AND s.topic = p_topic)
    THEN
        PERFORM @revision@.push_stop_end(p_tenant_id, p_topic, p_enrollment_ids);
    END IF;
END
$$;

COMMENT ON FUNCTION @revision@.push_sent IS
'A push of these channels was accepted: their commands that wait are SENT, and their
stops are over. The caller holds the rows of the wishes.';

CREATE FUNCTION @revision@.push_topic_count(
    p_tenant_id  bigint,
    p_topic      text,
    p_accepted   integer,
    p_answers    integer,
    p_refusals   integer,
    p_reasons    jsonb,
    p_stop       text,
    p_at         timestamptz)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    c_window   CONSTANT interval := '1 hour';
    v_topic    record;
    v_reason   text := p_stop;
    v_ids      bigint[];
BEGIN
    UPDATE mdm.push_topic t
       SET accepted = t.accepted + p_accepted,
           accepted_at = CASE WHEN p_accepted > 0 THEN p_at ELSE t.accepted_at END,
           refused = CASE WHEN p_reasons IS NULL THEN t.refused ELSE t.refused || (
               SELECT jsonb_object_agg(j.key,
                          coalesce((t.refused ->> j.key)::bigint, 0) + j.value::bigint)
                 FROM jsonb_each_text(p_reasons) AS j) END,
           window_answers = p_answers + p_refusals
               + CASE WHEN t.window_at > p_at - c_window THEN t.window_answers ELSE 0 END,
           window_refusals = p_refusals
               + CASE WHEN t.window_at > p_at - c_window THEN t.window_refusals ELSE 0 END,
           window_at = CASE WHEN t.window_at > p_at - c_window THEN t.window_at
                            ELSE p_at END
     WHERE t.tenant_id = p_tenant_id AND t.topic = p_topic
    RETURNING t.stopped_at, t.stop_reason, t.window_at, t.window_answers,
              t.window_refusals
         INTO v_topic;

    -- Refusals that were under way when the topic stopped are no different.
    IF p_refusals > 0
       AND (coalesce(v_topic.stop_reason = 'refused', false)
            OR (v_topic.window_refusals >= 10
             AND v_topic.window_refusals > 0.05 * v_topic.window_answers)
            OR (v_topic.window_refusals >= 3
                AND v_topic.window_refusals = v_topic.window_answers))
    THEN
        v_reason := coalesce(v_reason, 'refused');

        -- It is the topic and not its devices. Whose wish somebody holds waits until
        -- the topic is resumed.
        v_ids := ARRAY(
            SELECT p.enrollment_id
              FROM (SELECT s.enrollment_id
                      FROM mdm.push_stop s
                     WHERE s.tenant_id = p_tenant_id
                       AND s.topic = p_topic
                       AND s.counted
                       AND s.stopped_at >= v_topic.window_at
                    OFFSET 0) s
             CROSS JOIN LATERAL (
                   SELECT p.enrollment_id
                     FROM mdm.push p
                    WHERE p.tenant_id = p_tenant_id
                      AND p.enrollment_id = s.enrollment_id
                      FOR NO KEY UPDATE SKIP LOCKED) p);
        PERFORM @revision@.push_unstop(p_tenant_id, p_topic, v_ids);
    END IF;

    IF v_topic.stopped_at IS NOT NULL THEN
        RETURN '';
    END IF;

    IF v_reason IS NULL THEN
        RETURN NULL;
    END IF;

    UPDATE mdm.push_topic t
       SET stopped_at = p_at, stop_reason = v_reason
     WHERE t.tenant_id = p_tenant_id AND t.topic = p_topic;
    INSERT INTO mdm.event (tenant_id, type, data)
    VALUES (p_tenant_id, 'push_topic_stopped',
            jsonb_build_object('topic', p_topic, 'reason', v_reason));
    RETURN v_reason;
END
$$;

COMMENT ON FUNCTION @revision@.push_topic_count IS
'Adds what push_record() found to the topic, and stops it: for p_stop, or as "refused"
when of the answers of an hour 10 and more than 5 %, or 3 and all, were refusals.
p_answers: those that are no refusals; p_reasons: how often each was said, or null.
Returns for what it stopped it; empty: it was stopped before; null: it is not. The
caller has set the tenant and holds the rows of the wishes.';

CREATE FUNCTION @revision@.push_stop_end(
    p_tenant_id       bigint,
    p_topic           text,
    p_enrollment_ids  bigint[])
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_count  integer;
BEGIN
    DELETE FROM mdm.push_stop s
     WHERE s.tenant_id = p_tenant_id
       AND s.ctid = ANY (ARRAY(
           SELECT s.tid
             FROM unnest(p_enrollment_ids) AS t (id)
            CROSS JOIN LATERAL (
                  SELECT s.ctid AS tid
                    FROM mdm.push_stop s
                   WHERE s.tenant_id = p_tenant_id
                     AND s.topic = p_topic
                     AND s.enrollment_id = t.id
                   LIMIT 1) s));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

COMMENT ON FUNCTION @revision@.push_stop_end IS
'Ends the stops of the topic that these channels have; returns how many there were. The
caller has set the tenant and holds the rows of the wishes.';

CREATE FUNCTION @revision@.push_unstop(
    p_tenant_id       bigint,
    p_topic           text,
    p_enrollment_ids  bigint[])
RETURNS integer
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE mdm.push p
       SET stopped = false, failures = 0,
           due_at = CASE WHEN p.claimed_at IS NULL THEN now() ELSE p.due_at END
     WHERE p.tenant_id = p_tenant_id
       AND p.ctid = ANY (ARRAY(
           SELECT p.tid
             FROM unnest(p_enrollment_ids) AS t (id)
            CROSS JOIN LATERAL (
                  SELECT p.ctid AS tid
                    FROM mdm.push p
                   WHERE p.tenant_id = p_tenant_id
                     AND p.enrollment_id = t.id
                   LIMIT 1) p));

    RETURN @revision@.push_stop_end(p_tenant_id, p_topic, p_enrollment_ids);
END
$$;

COMMENT ON FUNCTION @revision@.push_unstop IS
'These channels of the topic may be pushed again: their wishes are due. Returns how many
were stopped. The caller has set the tenant and holds the rows of the wishes, taken in
rising order or without waiting.';
