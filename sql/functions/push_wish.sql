-- The wish to wake a channel: how it comes to be, and how it ends with the enrolment.

CREATE FUNCTION @revision@.push_wish(
    p_tenant_id       bigint,
    p_enrollment_ids  bigint[],
    p_topics          text[],
    p_at              timestamptz,
    p_due             timestamptz)
RETURNS timestamptz[]
LANGUAGE plpgsql AS $$
DECLARE
    v_sent  timestamptz[];
BEGIN
    -- A push in hand serves this command, too. So does one that was accepted a moment
    -- ago, while another command shows that the device has not come since. Where a
    -- back-off runs it goes on: what failed was not this command.
    WITH wish AS (
        INSERT INTO mdm.push AS p (tenant_id, enrollment_id, topic, wanted_at, due_at)
        SELECT p_tenant_id, t.id, coalesce(t.topic, ''), p_at, p_due
          FROM unnest(p_enrollment_ids, p_topics) AS t (id, topic)
        ON CONFLICT (tenant_id, enrollment_id) DO UPDATE
           SET topic = CASE WHEN p.claimed_at IS NULL THEN excluded.topic
                            ELSE p.topic END,
               wanted_at = clock_timestamp(),
               (due_at, step) = (
                   SELECT CASE WHEN p.claimed_at IS NOT NULL THEN p.due_at
                               WHEN o.outstanding
                               THEN least(p.due_at, p.accepted_at + interval '30 seconds')
                               WHEN p.failures > 0 THEN p.due_at
                               ELSE least(p.due_at, excluded.due_at) END,
                          CASE WHEN o.outstanding THEN p.step ELSE 0 END
                     FROM (SELECT p.claimed_at IS NULL
                                  AND p.error IS NULL
                                  AND p.step > 0
                                  AND p.accepted_at > p_at - interval '30 seconds'
                                  AND EXISTS (
                                      SELECT FROM mdm.queue q
                                       WHERE q.tenant_id = p_tenant_id
                                         AND q.enrollment_id = p.enrollment_id
                                         AND q.offer_rank IS NOT NULL
                                         AND q.state = 'QUEUED'
                                         AND q.sent_at IS NOT NULL)
                                  AS outstanding
                           OFFSET 0) o)
        RETURNING p.enrollment_id,
                  CASE WHEN p.claimed_at IS NULL AND p.step > 0 THEN p_at END AS sent_at)
    SELECT array_agg(w.sent_at ORDER BY w.enrollment_id) INTO v_sent FROM wish w;

    RETURN v_sent;
END
$$;

COMMENT ON FUNCTION @revision@.push_wish IS
'Commands of these channels ask for a push at p_due; the ladder begins anew. The ids
are in rising order, each once, and so are their rows locked; p_topics: theirs. A push
in hand, or one that was accepted less than 30 seconds ago and that the device has not
followed, serves these commands, too. Returns for each channel p_at where such a push
was accepted: the command is SENT; else null. The caller has set the tenant.';

CREATE FUNCTION @revision@.push_begin(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_due            timestamptz)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- The first from this id on is it: so it is found by it alone, also by a plan that
    -- was made while there were few.
    INSERT INTO mdm.push (tenant_id, enrollment_id, topic, wanted_at, due_at)
    SELECT p_tenant_id, p_enrollment_id, coalesce(e.topic, ''), now(), p_due
      FROM (SELECT e.enrollment_id, e.topic
              FROM mdm.enrollment e
             WHERE e.tenant_id = p_tenant_id
               AND e.enrollment_id >= p_enrollment_id
             ORDER BY e.enrollment_id
             LIMIT 1) e
     WHERE e.enrollment_id = p_enrollment_id
    ON CONFLICT (tenant_id, enrollment_id) DO NOTHING;
END
$$;

COMMENT ON FUNCTION @revision@.push_begin IS
'A wish of this channel that is due then, unless there is one; one that just ends is
waited for. The caller has set the tenant.';

CREATE FUNCTION @revision@.push_follow(p_tenant_id bigint, p_enrollment_id bigint)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    c_session  CONSTANT interval := '30 seconds';
BEGIN
    PERFORM FROM mdm.push p
      WHERE p.tenant_id = p_tenant_id
        AND p.enrollment_id = p_enrollment_id
        FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        UPDATE mdm.push p
           SET due_at = now() + c_session, step = 0
         WHERE p.tenant_id = p_tenant_id
           AND p.enrollment_id = p_enrollment_id
           AND p.failures = 0
           AND NOT p.stopped
           AND p.due_at > now() + c_session
           AND p.claimed_at IS NULL;
        RETURN;
    END IF;

    -- Who holds the wish has perhaps looked at the queue, and not seen what we write: he
    -- cannot end it so, and looks again.
    PERFORM FROM mdm.push p
      WHERE p.tenant_id = p_tenant_id
        AND p.enrollment_id = p_enrollment_id
        FOR KEY SHARE SKIP LOCKED;
    IF FOUND THEN
        RETURN;
    END IF;

    -- There is none, or it ends at this moment, which is waited for.
    PERFORM @revision@.push_begin(p_tenant_id, p_enrollment_id, now() + c_session);
END
$$;

COMMENT ON FUNCTION @revision@.push_follow IS
'Commands follow from a report of this channel: it is in contact now, so it is looked at
in 30 seconds whether it took them. Waits for nobody who has the wish in hand, but for
one who just ends it. The caller has set the tenant.';

CREATE FUNCTION @revision@.push_notnow(p_tenant_id bigint, p_enrollment_ids bigint[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    c_notnow  CONSTANT interval := '10 minutes';
    v_id      bigint;
BEGIN
    -- The wish that is there looks at the queue itself; one that just ends is waited for.
    FOREACH v_id IN ARRAY p_enrollment_ids LOOP
        PERFORM FROM mdm.push p
          WHERE p.tenant_id = p_tenant_id
            AND p.enrollment_id = v_id
            FOR KEY SHARE SKIP LOCKED;
        CONTINUE WHEN FOUND;

        PERFORM @revision@.push_begin(p_tenant_id, v_id, now() + c_notnow);
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.push_notnow IS
'These channels, in rising order, answered NotNow: they are pushed after a while, also
for a command that was to go out without a push, for who answers another command
after NotNow does not come back by himself. The caller has set the tenant, and needs no
lock on the queue any more.';

CREATE FUNCTION @revision@.push_forget(p_tenant_id bigint, p_device_id text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_ids      bigint[];
    v_stopped  boolean;
BEGIN
    v_ids := ARRAY(SELECT s.enrollment_id
                     FROM (SELECT e.enrollment_id
                             FROM mdm.enrollment e
                            WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id
                            ORDER BY e.user_id
                           OFFSET 0) s
                    ORDER BY s.enrollment_id);

    FOR v_i IN 1 .. cardinality(v_ids) LOOP
        DELETE FROM mdm.push p
         WHERE p.tenant_id = p_tenant_id AND p.enrollment_id = v_ids[v_i]
        RETURNING p.stopped INTO v_stopped;
        IF v_stopped THEN
            DELETE FROM mdm.push_stop s
             WHERE s.tenant_id = p_tenant_id AND s.enrollment_id = v_ids[v_i];
        END IF;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.push_forget IS
'Nobody is to be woken on this device any more: its wishes and stops go. The caller
holds enrollment_lock(), and needs no lock on the queue any more.';

CREATE FUNCTION @revision@.push_token(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_topic          text,
    p_token          bytea)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_stopped  boolean;
BEGIN
    -- Whoever has it in hand records that the token is another, or, where Apple accepted
    -- the former, that a push was wanted since.
    SELECT p.stopped INTO v_stopped
      FROM mdm.push p
     WHERE p.tenant_id = p_tenant_id
       AND p.enrollment_id = p_enrollment_id
       FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    UPDATE mdm.push p
       SET stopped = false, step = 0, failures = 0, wanted_at = clock_timestamp(),
           topic = CASE WHEN p.claimed_at IS NULL THEN p_topic ELSE p.topic END,
           due_at = CASE WHEN p.claimed_at IS NULL THEN now() ELSE p.due_at END
     WHERE p.tenant_id = p_tenant_id
       AND p.enrollment_id = p_enrollment_id;
    IF v_stopped THEN
        DELETE FROM mdm.push_stop s
         WHERE s.tenant_id = p_tenant_id
           AND s.enrollment_id = p_enrollment_id;
    END IF;
END
$$;

COMMENT ON FUNCTION @revision@.push_token IS
'The channel has another token or topic now, whose row the caller has locked: a stop of
the former ends, and its wish is looked at at once.';
