-- Why has a device not done what was asked of it?

CREATE FUNCTION @revision@.enrollment_why(
    p_tenant_id  bigint,
    p_device_id  text,
    p_user_id    text)
RETURNS TABLE (enrollment text, state text, answers json)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    c_rows      CONSTANT integer := 1000;
    v_channel   record;
    v_device    mdm.enrollment;
    v_identity  mdm.identity;
    v_refused   record;
    v_queue     record;
    v_topic     record;
    v_push      record;
    v_waits     boolean;
    v_code      text;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT e.*, s.seen_at,
           @revision@.is_dormant(e.channel, greatest(s.seen_at, e.token_at)) AS dormant
      INTO v_channel
      FROM mdm.enrollment e
      LEFT JOIN mdm.enrollment_seen s ON s.tenant_id = p_tenant_id
                                     AND s.enrollment_id = e.enrollment_id
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    SELECT * INTO v_device
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id AND e.user_id = '';

    -- The bound certificate, or the one that was until it was revoked.
    SELECT * INTO v_identity
      FROM mdm.identity i
     WHERE i.tenant_id = p_tenant_id
       AND i.enrollment_id = v_device.enrollment_id
       AND (i.state = 'bound' OR (i.state = 'revoked' AND v_device.certificate = ''))
     ORDER BY i.bound_at DESC NULLS LAST
     LIMIT 1;

    SELECT v.at, v.data ->> 'outcome' AS outcome INTO v_refused
      FROM mdm.event v
     WHERE v.tenant_id = p_tenant_id
       AND v.enrollment_id = v_channel.enrollment_id
       AND v.type IN ('identity_refused', 'identity_clone')
       AND v.at > greatest(now() - interval '7 days', v_channel.seen_at)
       AND v.at <= now()
     ORDER BY v.at DESC
     LIMIT 1;

    SELECT c.not_after, t.stopped_at, t.stop_reason, t.failing_since, t.error,
           coalesce(t.owner <> '' AND t.until > now(), false) AS leased
      INTO v_topic
      FROM (SELECT) o
      LEFT JOIN mdm.push_certificate c ON c.tenant_id = p_tenant_id
                                      AND c.topic = v_channel.topic
      LEFT JOIN mdm.push_topic t ON t.tenant_id = p_tenant_id
                                AND t.topic = v_channel.topic;

    SELECT p.due_at, p.claimed_at, p.accepted_at, p.answered_at, p.error,
           s.reason, s.counted, s.stopped_at, s.probe_at
      INTO v_push
      FROM mdm.push p
      LEFT JOIN mdm.push_stop s ON s.tenant_id = p_tenant_id
                               AND s.enrollment_id = p.enrollment_id
                               AND s.topic = v_channel.topic
                               AND s.token = v_channel.push_token
     WHERE p.tenant_id = p_tenant_id
       AND p.enrollment_id = v_channel.enrollment_id;

    -- The first of each group, by the age that counts for it.
    SELECT count(*) AS n,
           min(q.queued_at) FILTER (WHERE q.part = 'open') AS open_at,
           min(q.stalled_at) FILTER (WHERE q.part = 'stalled') AS stalled_at,
           (array_agg(q.command_uuid ORDER BY q.stalled_at, q.command_id)
               FILTER (WHERE q.part = 'stalled'))[1] AS stalled,
           min(q.notnow_at) FILTER (WHERE q.part = 'notnow') AS notnow_at,
           (array_agg(q.command_uuid ORDER BY q.notnow_at, q.command_id)
               FILTER (WHERE q.part = 'notnow'))[1] AS notnow,
           min(q.pushed_at) FILTER (WHERE q.part = 'push') AS pushed_at,
           (array_agg(q.command_uuid ORDER BY q.pushed_at, q.command_id)
               FILTER (WHERE q.part = 'push'))[1] AS push,
           min(q.queued_at) FILTER (WHERE q.part = 'blocked') AS blocked_at,
           (array_agg(q.command_uuid ORDER BY q.queued_at, q.command_id)
               FILTER (WHERE q.part = 'blocked'))[1] AS blocked,
           (array_agg(q.older ORDER BY q.queued_at, q.command_id)
               FILTER (WHERE q.part = 'blocked'))[1] AS blocker,
           min(q.not_before) FILTER (WHERE q.part = 'early') AS early_at,
           min(q.queued_at) FILTER (WHERE q.part = 'early') AS early_since,
           (array_agg(q.command_uuid ORDER BY q.not_before, q.command_id)
               FILTER (WHERE q.part = 'early'))[1] AS early
      INTO v_queue
      FROM (SELECT q.*,
                   CASE WHEN q.offer_rank IS NULL THEN 'stalled'
                        WHEN q.not_before > now() THEN 'early'
                        WHEN q.state = 'PUSH' THEN 'push'
                        WHEN q.older IS NOT NULL THEN 'blocked'
                        WHEN q.state = 'NOTNOW' THEN 'notnow'
                        ELSE 'open' END AS part
              FROM (SELECT q.*,
                           (SELECT o.command_uuid
                              FROM mdm.queue o
                             WHERE o.tenant_id = p_tenant_id
                               AND o.enrollment_id = q.enrollment_id
                               AND o.subject = q.subject
                               AND (o.queued_at, o.command_id)
                                   < (q.queued_at, q.command_id)
                               AND (o.not_before IS NULL OR o.not_before <= now())
                               AND (o.expires_at IS NULL OR o.expires_at > now())
                             ORDER BY o.queued_at, o.command_id
                             LIMIT 1) AS older
                      FROM ((SELECT *
                               FROM mdm.queue q
                              WHERE q.tenant_id = p_tenant_id
                                AND q.enrollment_id = v_channel.enrollment_id
                                AND q.offer_rank >= 0
                              ORDER BY q.offer_rank, q.priority DESC, q.queued_at,
                                       q.command_id
                              LIMIT c_rows)
                            UNION ALL
                            (SELECT *
                               FROM mdm.queue q
                              WHERE q.tenant_id = p_tenant_id
                                AND q.enrollment_id = v_channel.enrollment_id
                                AND q.offer_rank IS NULL
                              LIMIT c_rows)) q) q) q;

    enrollment := @revision@.written_id(p_device_id, p_user_id);
    state := v_channel.state;
    v_waits := v_channel.state = 'live' AND NOT v_channel.dormant
               AND coalesce(v_queue.open_at, v_queue.notnow_at, v_queue.pushed_at)
                   IS NOT NULL;

    -- How far its push has come: where it ends, that is all there is to tell.
    v_code := CASE
        WHEN NOT v_waits OR v_channel.push_token IS NULL OR v_topic.not_after IS NULL
             OR v_topic.not_after <= now() THEN NULL
        WHEN v_topic.stopped_at IS NOT NULL THEN 'push_topic_stopped'
        WHEN v_push.reason IS NOT NULL THEN 'push_stopped'
        WHEN v_topic.leased AND v_topic.error IS NOT NULL
        THEN 'no_connection_to_apple'
        WHEN v_push.error IS NOT NULL AND v_push.claimed_at IS NULL
             AND v_push.due_at > now() THEN 'push_retried'
        WHEN v_push.error IS NULL
             AND v_push.accepted_at > coalesce(v_channel.seen_at, '-infinity')
        THEN 'pushed'
        WHEN v_queue.open_at IS NULL THEN NULL
        WHEN v_push.due_at IS NULL THEN 'no_push_asked'
        WHEN v_topic.leased OR @revision@.push_present() THEN 'push_is_due' END;

    SELECT json_agg(json_strip_nulls(json_build_object(
               'code', a.code, 'since', @revision@.rfc3339(a.since), 'means', a.means,
               'next', a.next, 'command_uuid', a.command_uuid)) ORDER BY a.place)
      INTO answers
      FROM (VALUES
        (1, 'not_enrolled', v_channel.state <> 'live',
         coalesce(v_channel.pending_since, v_channel.closed_at, v_channel.created_at),
         CASE WHEN v_channel.pending_kind = 'new'
                   AND v_channel.pending_since < now() - interval '15 minutes'
              THEN 'The device began to enrol and never finished: it is stuck.'
              WHEN v_channel.pending_kind = 'new'
              THEN 'The device is enrolling and has not finished.'
              WHEN v_channel.state = 'ended'
              THEN 'An operator ended this enrolment.'
              ELSE format('This enrolment is closed: %s.',
                          coalesce(v_channel.close_reason, 'no reason is known')) END,
         CASE WHEN v_channel.pending_kind = 'new'
                   AND v_channel.pending_since < now() - interval '15 minutes'
              THEN 'Look at the device: its TokenUpdate did not come. Enrol it again.'
              WHEN v_channel.pending_kind = 'new'
              THEN 'Wait a quarter of an hour for its TokenUpdate.'
              WHEN p_user_id <> ''
              THEN 'It comes back when the user logs in on an enrolled device.'
              ELSE 'Enrol the device again.' END,
         NULL::text),
        (2, 'enrolling', v_channel.state = 'live' AND v_channel.pending_kind = 'new',
         v_channel.pending_since,
         'The device began to enrol anew; commands of the enrolment before do not go '
         'to it.',
         'They are cancelled when it has finished: then ask again.', NULL),
        (3, 'identity_revoked', v_channel.state = 'live' AND v_channel.certificate = '',
         v_identity.retired_at,
         'The certificate of the device was revoked: all its requests are refused.',
         'Enrol the device again.', NULL),
        (4, 'identity_expired', v_channel.state = 'live'
             AND v_identity.state = 'bound' AND v_identity.not_after < now(),
         v_identity.not_after,
         'The certificate of the device has expired: it is offered its renewal and '
         'nothing else.',
         'Send an InstallProfile that renews it, or enrol the device again.', NULL),
        (5, 'identity_refused', v_channel.state = 'live' AND v_refused.at IS NOT NULL,
         v_refused.at,
         format('A request in its name was refused for its certificate (%s), and none '
                'was accepted since.', v_refused.outcome),
         'Look at the events of this enrolment. If the device lost its identity, enrol '
         'it again.', NULL),
        (6, 'no_push_token', v_channel.state = 'live' AND v_channel.push_token IS NULL,
         v_channel.enrolled_at,
         'The device has not told its push token, so it cannot be woken.',
         CASE WHEN p_user_id = '' THEN 'Wait for its TokenUpdate, or enrol it again.'
              ELSE 'It comes with the TokenUpdate of the next login.' END, NULL),
        (7, 'stalled', v_queue.stalled IS NOT NULL, v_queue.stalled_at,
         'A command was delivered and its outcome is unknown: it does not go out again '
         'by itself.',
         'Find out whether the device did it; then release or cancel the command.',
         v_queue.stalled),
        (8, 'waiting_for_login', v_channel.state = 'live' AND v_channel.dormant
             AND coalesce(v_queue.open_at, v_queue.notnow_at, v_queue.pushed_at)
                 IS NOT NULL,
         greatest(v_channel.seen_at, v_channel.token_at),
         'The channel belongs to a user who has not been logged in for a day.',
         'Nothing: the commands go out when the user logs in.', NULL),
        (9, 'no_contact_since', v_channel.state = 'live' AND NOT v_channel.dormant
             AND coalesce(v_queue.open_at, v_queue.notnow_at, v_queue.pushed_at)
                 IS NOT NULL
             AND coalesce(v_channel.seen_at < now() - interval '1 day', true),
         v_channel.seen_at,
         CASE WHEN v_channel.seen_at IS NULL THEN 'The device has never been in contact.'
              ELSE 'The device has not been in contact since, for more than a day.' END,
         'See that it is switched on and has a network.', NULL),
        (10, 'topic_without_certificate', v_waits AND v_topic.not_after IS NULL
             AND v_channel.topic IS NOT NULL,
         NULL,
         format('There is no push certificate for its topic, %s: no push can reach it.',
                v_channel.topic),
         'Store the one of this topic with PUT /v1/pushcert.', NULL),
        (11, 'push_certificate_expired', v_waits AND v_topic.not_after < now(),
         v_topic.not_after,
         format('The push certificate of its topic, %s, has expired: no push can reach '
                'it.', v_channel.topic),
         'Renew it, of the same topic, and store it with PUT /v1/pushcert.', NULL),
        (12, 'push_topic_stopped', v_code = 'push_topic_stopped', v_topic.stopped_at,
         format('Nothing is pushed for its topic, %s, since this happened: %s.',
                v_channel.topic, v_topic.stop_reason),
         'Look at GET /v1/push, which tells what to do.', NULL),
        (13, 'push_stopped', v_code = 'push_stopped', v_push.stopped_at,
         format('Apple refused its push token, %s, so it is not woken any more.',
                v_push.reason),
         CASE WHEN v_push.counted
              THEN 'Look at GET /v1/push whether others are refused, too; then resume '
                   'it with POST /v1/push-topics/{topic}/resume.'
              ELSE format('The device was erased or has left, or comes by itself with '
                          'another token. It is tried again at %s.',
                          @revision@.rfc3339(v_push.probe_at)) END, NULL),
        (14, 'no_connection_to_apple', v_code = 'no_connection_to_apple',
         v_topic.failing_since,
         format('No connection to Apple''s push service can be made: %s.', v_topic.error),
         'Let "mdmctl check network" on the node tell where the way ends.', NULL),
        (15, 'pushes_not_configured', v_waits AND v_queue.open_at IS NOT NULL
             AND NOT v_topic.leased
             AND (NOT @revision@.push_present()
                  OR (v_push.due_at < now() - interval '1 minute'
                      AND v_topic.not_after > now() AND v_topic.stopped_at IS NULL)),
         v_queue.open_at,
         'Commands wait, and this server does not push: nothing wakes the device.',
         'Write mdm_apns into nginx.conf. The commands go out when the device next comes '
         'by itself.', NULL),
        (16, 'push_retried', v_code = 'push_retried', v_push.answered_at,
         format('Apple did not accept the last push: %s.', v_push.error),
         format('Nothing: it is pushed again at %s.', @revision@.rfc3339(v_push.due_at)),
         NULL),
        (17, 'pushed', v_code = 'pushed', v_push.accepted_at,
         'Apple accepted a push, and the device has not been in contact since.',
         CASE WHEN v_push.due_at BETWEEN now() AND now() + interval '100 years'
              THEN format('It is pushed again at %s. See that it is switched on and '
                          'reaches Apple''s push service.',
                          @revision@.rfc3339(v_push.due_at))
              ELSE 'It is pushed again now.' END, NULL),
        (18, 'push_is_due', v_code = 'push_is_due', v_queue.open_at,
         CASE WHEN v_push.claimed_at IS NOT NULL
              THEN 'A push that wakes the device is on its way to Apple.'
              ELSE 'A push that wakes the device is due.' END,
         CASE WHEN v_push.claimed_at IS NULL AND v_push.due_at > now()
              THEN format('It is sent at %s, unless the device comes before.',
                          @revision@.rfc3339(v_push.due_at))
              ELSE 'Wait a moment.' END, NULL),
        (19, 'no_push_asked', v_code = 'no_push_asked', v_queue.open_at,
         'A command waits for which no push was asked.',
         'Ask for one with PUT /v1/push/{id}, or wait until the device comes by itself.',
         NULL),
        (20, 'unanswered', v_queue.push IS NOT NULL, v_queue.pushed_at,
         'The device was given a command and has not answered it.',
         'Wait: the command goes out again when the device comes without an answer.',
         v_queue.push),
        (21, 'not_now', v_queue.notnow IS NOT NULL, v_queue.notnow_at,
         'The device said that it cannot do a command now.',
         'The command is offered again when the device next asks for work; often it '
         'must be unlocked.', v_queue.notnow),
        (22, 'blocked_by_subject', v_queue.blocked IS NOT NULL, v_queue.blocked_at,
         format('A command waits for %s, which is older and has the same subject.',
                v_queue.blocker),
         'It goes out when the older one is done; cancel that one if it hangs.',
         v_queue.blocked),
        (23, 'not_before', v_queue.early IS NOT NULL, v_queue.early_since,
         format('A command is not to go out before %s.',
                @revision@.rfc3339(v_queue.early_at)),
         'Nothing: it goes out then.', v_queue.early),
        (24, 'nothing_waits', v_channel.state = 'live' AND v_queue.n = 0,
         NULL, 'No command waits for the device.',
         'Look at the history for what became of those that were asked.', NULL)
        ) AS a (place, code, holds, since, means, next, command_uuid)
     WHERE a.holds;

    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_why IS
'Why has this channel not done what was asked? Answers in the order of what to do
first, at least one, each with what it means and the next step; no row when there is
no such channel. Of its queue the first 1000 commands in offer order and 1000 stalled
ones are looked at. since: when it began to be so.';
