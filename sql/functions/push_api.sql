-- Pushes for people: asking for one, what became of it, the topics, and what is
-- stopped.

CREATE FUNCTION @revision@.push_ask(
    p_tenant_id   bigint,
    p_actor       text,
    p_remote      text,
    p_device_ids  text[],
    p_user_ids    text[])
RETURNS TABLE (n integer, outcome text, at text, enrollment_id bigint, pushing boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_at        timestamptz;
    v_ns        integer[];
    v_outcomes  text[];
    v_ids       bigint[];
    v_topics    text[];
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT array_agg(t.n ORDER BY t.n), array_agg(t.outcome ORDER BY t.n),
           array_agg(t.enrollment_id ORDER BY t.n), array_agg(t.topic ORDER BY t.n)
      INTO v_ns, v_outcomes, v_ids, v_topics
      FROM (SELECT t.n::integer AS n, e.enrollment_id, e.topic,
                   CASE WHEN e.enrollment_id IS NULL THEN 'unknown'
                        WHEN e.state = 'live' AND NOT EXISTS (
                             SELECT FROM mdm.push_certificate c
                              WHERE c.tenant_id = p_tenant_id AND c.topic = e.topic)
                        THEN 'no_certificate'
                        WHEN e.state = 'live' THEN 'ok'
                        WHEN e.pending_certificate IS NOT NULL THEN 'pending'
                        ELSE 'closed' END AS outcome
              FROM unnest(p_device_ids, p_user_ids)
                   WITH ORDINALITY AS t (device_id, user_id, n)
              LEFT JOIN LATERAL (
                   SELECT e.enrollment_id, e.topic, e.state, e.pending_certificate
                     FROM mdm.enrollment e
                    WHERE e.tenant_id = p_tenant_id
                      AND e.device_id = t.device_id
                      AND e.user_id = t.user_id
                    LIMIT 1) e ON true) t;
    v_at := clock_timestamp();

    -- A push in hand is as good as another.
    INSERT INTO mdm.push AS p (tenant_id, enrollment_id, topic, wanted_at, due_at, asked)
    SELECT p_tenant_id, t.id, min(t.topic), v_at, v_at, true
      FROM unnest(v_ids, v_outcomes, v_topics) AS t (id, outcome, topic)
     WHERE t.outcome = 'ok'
     GROUP BY t.id
     ORDER BY t.id
    ON CONFLICT (tenant_id, enrollment_id) DO UPDATE
       SET asked = true,
           wanted_at = greatest(excluded.wanted_at, clock_timestamp()),
           topic = CASE WHEN p.claimed_at IS NULL THEN excluded.topic ELSE p.topic END,
           due_at = CASE WHEN p.claimed_at IS NULL THEN excluded.due_at
                         ELSE p.due_at END;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'push',
            jsonb_build_object('targets', cardinality(p_device_ids),
                               'pushed', cardinality(array_positions(v_outcomes, 'ok'))));

    RETURN QUERY
    SELECT 0, CASE WHEN EXISTS (SELECT FROM mdm.push_certificate c
                                 WHERE c.tenant_id = p_tenant_id)
                   THEN 'ok' ELSE 'no_certificate' END,
           @revision@.micros(v_at)::text, NULL::bigint, @revision@.push_present();
    RETURN QUERY
    SELECT t.n, t.outcome, NULL::text, t.id, NULL::boolean
      FROM unnest(v_ns, v_outcomes, v_ids) AS t (n, outcome, id);
END
$$;

COMMENT ON FUNCTION @revision@.push_ask IS
'Somebody asks for a push of these channels, whether commands wait or not: their wishes
are due. Row n = 0 is the tenant: ok, or no_certificate (it has none at all); at: see
push_results(); pushing: push_present(). Then one row per target: ok; unknown; closed;
pending (enrolling, not live yet); no_certificate (none for its topic).';

CREATE FUNCTION @revision@.push_results(
    p_tenant_id   bigint,
    p_device_ids  text[],
    p_user_ids    text[],
    p_at          text)
RETURNS TABLE (n integer, state text, apns_id text, error text, retry_ms bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_at  timestamptz := to_timestamp(0) + p_at::bigint * interval '1 microsecond';
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    RETURN QUERY
    SELECT r.n, r.state, CASE WHEN r.state = 'accepted' THEN r.apns_id END,
           CASE r.state WHEN 'failed' THEN r.failure WHEN 'waiting' THEN r.connecting END,
           CASE WHEN r.state = 'waiting' AND r.connecting IS NOT NULL
                THEN floor(extract(epoch FROM r.retry_at - clock_timestamp()) * 1000)
                END::bigint
      FROM (SELECT t.n::integer AS n, p.apns_id, o.error AS connecting, o.retry_at, f.failure,
                   CASE WHEN e.enrollment_id IS NULL THEN 'failed'
                        WHEN p.accepted_at >= v_at
                             OR (p.claimed_at IS NULL AND p.error IS NULL
                                 AND p.due_at > v_at
                                 AND p.accepted_at > v_at - interval '30 seconds')
                        THEN 'accepted'
                        WHEN f.failure IS NOT NULL THEN 'failed'
                        WHEN p.enrollment_id IS NULL THEN 'came'
                        ELSE 'waiting' END AS state
              FROM unnest(p_device_ids, p_user_ids)
                   WITH ORDINALITY AS t (device_id, user_id, n)
              LEFT JOIN LATERAL (
                   SELECT e.enrollment_id, e.topic, e.push_token
                     FROM mdm.enrollment e
                    WHERE e.tenant_id = p_tenant_id
                      AND e.device_id = t.device_id
                      AND e.user_id = t.user_id
                      AND e.state = 'live'
                    LIMIT 1) e ON true
              LEFT JOIN LATERAL (
                   SELECT *
                     FROM mdm.push p
                    WHERE p.tenant_id = p_tenant_id
                      AND p.enrollment_id = e.enrollment_id
                    LIMIT 1) p ON true
              LEFT JOIN LATERAL (
                   SELECT s.reason
                     FROM mdm.push_stop s
                    WHERE s.tenant_id = p_tenant_id
                      AND s.enrollment_id = e.enrollment_id
                      AND s.token = e.push_token
                    LIMIT 1) s ON true
              LEFT JOIN LATERAL (
                   SELECT o.stopped_at, o.stop_reason, o.retry_at, c.not_after,
                          CASE WHEN o.owner <> '' AND o.until > now()
                               THEN o.error END AS error
                     FROM mdm.push_topic o
                     JOIN mdm.push_certificate c ON c.tenant_id = p_tenant_id
                                                AND c.topic = o.topic
                    WHERE o.tenant_id = p_tenant_id
                      AND o.topic = e.topic
                    LIMIT 1) o ON true
             CROSS JOIN LATERAL (
                   SELECT CASE WHEN e.enrollment_id IS NULL THEN 'it is not enrolled'
                               WHEN e.push_token IS NULL
                               THEN 'the device has given no push token yet'
                               WHEN s.reason IS NOT NULL
                               THEN format('Apple refused its push token: %s', s.reason)
                               WHEN p.answered_at >= v_at AND p.error IS NOT NULL
                               THEN format('Apple answered %s', p.error)
                               WHEN o.not_after IS NULL
                               THEN 'there is no push certificate for its topic'
                               WHEN o.not_after <= now()
                               THEN 'the push certificate of its topic has expired'
                               WHEN o.stopped_at IS NOT NULL
                               THEN format('pushes of its topic are stopped: %s',
                                           o.stop_reason) END AS failure) f) r
     ORDER BY r.n;
END
$$;

COMMENT ON FUNCTION @revision@.push_results IS
'What became of the pushes that these channels were to get since p_at, the "at" of
enqueue() or push_ask(). state: accepted, also by a push shortly before that serves
these commands, too: apns_id is that push''s; failed: error says why, though it may be
tried again; came: no push is wanted any more, because the device was there; waiting:
error, if any, says why no connection to Apple can be made, retry_ms in how many
milliseconds that is tried again.';

CREATE FUNCTION @revision@.push_topics(
    p_tenant_id  bigint,
    p_after      text,
    p_limit      integer)
RETURNS TABLE (item json, "cursor" text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    c_rows  CONSTANT integer := 1000;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    RETURN QUERY
    SELECT json_strip_nulls(json_build_object(
               'topic', t.topic,
               'state', t.state,
               'reason', CASE t.state WHEN 'stopped' THEN t.stop_reason
                                      WHEN 'failing' THEN t.error END,
               'since', @revision@.rfc3339(
                            CASE t.state WHEN 'stopped' THEN t.stopped_at
                                         WHEN 'certificate_expired' THEN c.not_after
                                         WHEN 'failing' THEN t.failing_since
                                         WHEN 'no_worker' THEN t.due_at END),
               'means', CASE
                   WHEN t.state = 'stopped' AND t.stop_reason = 'refused'
                   THEN 'Apple refused the tokens of many devices one after the other: '
                        'probably the certificate is not the one of their topic.'
                   WHEN t.state = 'stopped'
                   THEN format('Apple takes no pushes of this certificate: %s.',
                               t.stop_reason)
                   WHEN t.state = 'certificate_expired'
                   THEN 'The push certificate has expired.'
                   WHEN t.state = 'failing'
                   THEN 'No connection to Apple''s push service can be made.'
                   WHEN t.state = 'no_worker'
                   THEN 'Pushes are due, and no node sends them.'
                   WHEN t.state = 'pushing' THEN 'A worker sends its pushes.'
                   WHEN t.due_at <= now()
                   THEN 'Pushes are due, and a node is about to take them.'
                   ELSE 'No push is due.' END,
               'next', CASE t.state
                   WHEN 'stopped'
                   THEN 'Store the right certificate of this topic with PUT '
                        '/v1/pushcert; if it was right, resume with POST '
                        '/v1/push-topics/{topic}/resume.'
                   WHEN 'certificate_expired'
                   THEN format('Renew it%s and store it with PUT /v1/pushcert: pushing '
                               'goes on by itself.',
                               ' with the Apple account ' || c.apple_account)
                   WHEN 'failing'
                   THEN 'Read the reason; "mdmctl check network" on the node tells '
                        'where the way ends.'
                   WHEN 'no_worker'
                   THEN 'See that nginx runs, that mdm_apns stands in nginx.conf, and '
                        'read nginx''s error log.'
                   ELSE 'Nothing.' END,
               'certificate', json_build_object(
                   'subject', c.subject,
                   'not_after', @revision@.rfc3339(c.not_after),
                   'days_left', floor(extract(epoch FROM c.not_after - now()) / 86400),
                   'version', c.version,
                   'apple_account', c.apple_account,
                   'note', c.note,
                   'development', c.development),
               'connections', CASE WHEN t.leased THEN t.connections ELSE 0 END,
               'owner', CASE WHEN t.leased THEN t.owner END,
               'accepted', t.accepted,
               'refused', t.refused,
               'last_accepted_at', @revision@.rfc3339(t.accepted_at),
               'waiting', t.waiting,
               'stopped_devices', t.stops,
               'health', round((t.followed + t.former_followed)::numeric
                               / nullif(t.judged + t.former_judged, 0), 3))),
           t.topic
      FROM (SELECT t.*,
                   CASE WHEN t.stopped_at IS NOT NULL THEN 'stopped'
                        WHEN t.not_after <= now() THEN 'certificate_expired'
                        WHEN t.error IS NOT NULL AND t.leased THEN 'failing'
                        WHEN t.leased THEN 'pushing'
                        WHEN t.due_at < now() - interval '1 minute'
                             OR (t.due_at <= now() AND NOT @revision@.push_present())
                        THEN 'no_worker'
                        ELSE 'ready' END AS state
              FROM (SELECT t.*, t.owner <> '' AND t.until > now() AS leased,
                           (SELECT c.not_after
                              FROM mdm.push_certificate c
                             WHERE c.tenant_id = p_tenant_id
                               AND c.topic = t.topic) AS not_after,
                           (SELECT p.due_at
                              FROM mdm.push p
                             WHERE p.tenant_id = p_tenant_id AND p.topic = t.topic
                             ORDER BY p.due_at
                             LIMIT 1) AS due_at,
                           (SELECT count(*)
                              FROM (SELECT
                                      FROM mdm.push p
                                     WHERE p.tenant_id = p_tenant_id
                                       AND p.topic = t.topic
                                     LIMIT c_rows) w) AS waiting,
                           (SELECT count(*)
                              FROM (SELECT
                                      FROM mdm.push_stop s
                                     WHERE s.tenant_id = p_tenant_id
                                       AND s.topic = t.topic
                                     LIMIT c_rows) w) AS stops
                      FROM mdm.push_topic t
                     WHERE t.tenant_id = p_tenant_id
                       AND t.topic > p_after
                     ORDER BY t.topic
                     LIMIT p_limit) t) t
      LEFT JOIN LATERAL (
           SELECT c.subject, c.not_after, c.version, c.apple_account, c.note, c.development
             FROM mdm.push_certificate c
            WHERE c.tenant_id = p_tenant_id AND c.topic = t.topic
            LIMIT 1) c ON true
     ORDER BY t.topic;
END
$$;

COMMENT ON FUNCTION @revision@.push_topics IS
'The topics of a tenant in their order, from p_after (a topic, or empty) on, at most
p_limit. item: topic; state: ready, pushing, stopped, certificate_expired, failing,
no_worker; reason and since of it; means, next: in plain words; certificate; what the
worker that has it tells; accepted, refused: since ever, by Apple''s word; waiting,
stopped_devices: wishes and stops, counted to 1000; health: the share of accepted
pushes that a contact followed within 15 minutes, of the last day or two.';

CREATE FUNCTION @revision@.push_stops(
    p_tenant_id  bigint,
    p_topic      text,
    p_after      text,
    p_limit      integer)
RETURNS TABLE (n integer, outcome text, item json, "cursor" text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    RETURN QUERY
    SELECT 0, CASE WHEN EXISTS (SELECT FROM mdm.push_topic t
                                 WHERE t.tenant_id = p_tenant_id AND t.topic = p_topic)
                   THEN 'ok' ELSE 'unknown' END, NULL::json, NULL::text;

    RETURN QUERY
    SELECT (row_number() OVER (ORDER BY s.enrollment_id))::integer, NULL::text,
           json_build_object(
               'id', @revision@.written_id(e.device_id, e.user_id),
               'reason', s.reason,
               'at', @revision@.rfc3339(s.stopped_at),
               'probe_at', @revision@.rfc3339(s.probe_at)),
           s.enrollment_id::text
      FROM (SELECT *
              FROM mdm.push_stop s
             WHERE s.tenant_id = p_tenant_id
               AND s.topic = p_topic
               AND s.enrollment_id > coalesce(nullif(p_after, '')::bigint, 0)
             ORDER BY s.enrollment_id
             LIMIT p_limit) s
     CROSS JOIN LATERAL (
           SELECT e.device_id, e.user_id
             FROM mdm.enrollment e
            WHERE e.tenant_id = p_tenant_id
              AND e.enrollment_id = s.enrollment_id
            LIMIT 1) e
     ORDER BY s.enrollment_id;
END
$$;

COMMENT ON FUNCTION @revision@.push_stops IS
'The channels of a topic whose push is stopped, from p_after (the cursor of the last,
or empty) on, at most p_limit. Row n = 0: ok, or unknown (no such topic). Then one row
each: id as written, Apple''s reason, since when, and when it is probed.';

CREATE FUNCTION @revision@.push_topic_ready(
    p_tenant_id  bigint,
    p_topic      text,
    p_news       text)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_count   integer;
    v_reason  text;
BEGIN
    v_count := @revision@.push_unstop(p_tenant_id, p_topic, ARRAY(
        SELECT s.enrollment_id
          FROM (SELECT s.enrollment_id
                  FROM mdm.push_stop s
                 WHERE s.tenant_id = p_tenant_id AND s.topic = p_topic
                 ORDER BY s.enrollment_id) s
          LEFT JOIN LATERAL (
               SELECT true
                 FROM mdm.push p
                WHERE p.tenant_id = p_tenant_id
                  AND p.enrollment_id = s.enrollment_id
                  FOR NO KEY UPDATE) p ON true));

    SELECT t.stop_reason INTO v_reason
      FROM mdm.push_topic t
     WHERE t.tenant_id = p_tenant_id AND t.topic = p_topic
       FOR UPDATE;
    INSERT INTO mdm.push_topic AS t (tenant_id, topic)
    VALUES (p_tenant_id, p_topic)
    ON CONFLICT (tenant_id, topic) DO UPDATE
       SET stopped_at = NULL, stop_reason = NULL, failing_since = NULL,
           failing_told = false, error = NULL, window_at = now(), window_answers = 0,
           window_refusals = 0,
           news = CASE WHEN p_news <> 'resumed' OR v_reason IS NOT NULL THEN p_news
                       ELSE t.news END;

    IF v_reason IS NOT NULL THEN
        INSERT INTO mdm.event (tenant_id, type, data)
        VALUES (p_tenant_id, 'push_topic_resumed',
                jsonb_build_object('topic', p_topic, 'reason', v_reason));
    END IF;
    RETURN v_count;
END
$$;

COMMENT ON FUNCTION @revision@.push_topic_ready IS
'The topic may be pushed, as if nothing had ever been refused: it is there, is not
stopped (if it was, an event push_topic_resumed says so), and none of its channels is.
p_news: resumed, which is none unless it was stopped, or renewed; its next owner says
so in its log. Returns how many channels were. The caller has set the tenant.';

CREATE FUNCTION @revision@.push_resume(
    p_tenant_id   bigint,
    p_actor       text,
    p_remote      text,
    p_topic       text,
    p_device_ids  text[],
    p_user_ids    text[],
    OUT outcome   text,
    OUT resumed   integer)
LANGUAGE plpgsql AS $$
DECLARE
    v_ids  bigint[];
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    resumed := 0;

    IF NOT EXISTS (SELECT FROM mdm.push_topic t
                    WHERE t.tenant_id = p_tenant_id AND t.topic = p_topic)
    THEN
        outcome := 'unknown';
        RETURN;
    END IF;
    outcome := 'ok';

    IF p_device_ids IS NULL THEN
        resumed := @revision@.push_topic_ready(p_tenant_id, p_topic, 'resumed');
    ELSE
        v_ids := ARRAY(
            SELECT s.enrollment_id
              FROM (SELECT DISTINCT s.enrollment_id
                      FROM unnest(p_device_ids, p_user_ids) AS t (device_id, user_id)
                     CROSS JOIN LATERAL (
                           SELECT e.enrollment_id
                             FROM mdm.enrollment e
                            WHERE e.tenant_id = p_tenant_id
                              AND e.device_id = t.device_id
                              AND e.user_id = t.user_id
                            LIMIT 1) e
                     CROSS JOIN LATERAL (
                           SELECT s.enrollment_id
                             FROM mdm.push_stop s
                            WHERE s.tenant_id = p_tenant_id
                              AND s.enrollment_id = e.enrollment_id
                              AND s.topic = p_topic
                            LIMIT 1) s
                     ORDER BY s.enrollment_id) s
              LEFT JOIN LATERAL (
                   SELECT true
                     FROM mdm.push p
                    WHERE p.tenant_id = p_tenant_id
                      AND p.enrollment_id = s.enrollment_id
                      FOR NO KEY UPDATE) p ON true);
        resumed := @revision@.push_unstop(p_tenant_id, p_topic, v_ids);
    END IF;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'push_resume',
            jsonb_build_object('topic', p_topic, 'targets', cardinality(p_device_ids),
                               'resumed', resumed));
END
$$;

COMMENT ON FUNCTION @revision@.push_resume IS
'An operator lets stopped channels be pushed again: those that are named, or with
p_device_ids null all of the topic and the topic itself. Who is named and not stopped
is passed over. outcome: ok, unknown (no such topic); resumed: how many channels.';
