-- Who pushes a topic.

CREATE FUNCTION @revision@.push_lease(
    p_owner      text,
    p_seconds    integer,
    p_tenant_id  bigint,
    p_limit      integer)
RETURNS TABLE (tenant_id bigint, topic text, version integer, owner text, news text,
               tenant text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_now           timestamptz := clock_timestamp();
    v_took          interval;
    v_from          bigint := coalesce(p_tenant_id, 0);
    v_to            bigint := coalesce(p_tenant_id, 9223372036854775807);
    v_alone         boolean;
    v_tenants       bigint[];
    v_topics        text[];
    v_news          text[];
    v_dead_tenants  bigint[];
    v_dead_topics   text[];
BEGIN
    PERFORM set_config('mdm.tenant', '', true);
    PERFORM set_config('mdm.lease', 'on', true);
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('mdm.push ' || p_owner, 0));

    -- That somebody pushes at all is told by a lease, which is written now and then.
    IF p_tenant_id IS NULL AND NOT EXISTS (
       SELECT FROM mdm.lease l
        WHERE l.name = 'push' AND l.until > v_now + interval '3 seconds')
    THEN
        INSERT INTO mdm.lease AS l (name, owner, until)
        VALUES ('push', p_owner, v_now + interval '6 seconds')
        ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until;
    END IF;

    -- One at a time looks through all topics, for a twentieth of the time at most, and
    -- takes over from the dead.
    v_alone := pg_try_advisory_xact_lock(hashtextextended('mdm.push_lease', 0));
    IF p_tenant_id IS NULL
       AND (NOT v_alone OR EXISTS (SELECT FROM mdm.lease l
                                    WHERE l.name = 'push_lease' AND l.until > v_now))
    THEN
        PERFORM set_config('mdm.lease', '', true);
        RETURN;
    END IF;

    -- Most topics have nothing that is due: that is asked first, of one index.
    SELECT array_agg(s.tenant_id), array_agg(s.topic),
           array_agg(s.tenant_id) FILTER (WHERE s.dead),
           array_agg(s.topic) FILTER (WHERE s.dead)
      INTO v_tenants, v_topics, v_dead_tenants, v_dead_topics
      FROM (SELECT t.tenant_id, t.topic, t.owner <> '' AND t.until <= v_now AS dead
              FROM mdm.push_topic t
             WHERE t.tenant_id BETWEEN v_from AND v_to
               AND (t.owner = ''
                    OR (t.owner = p_owner AND p_tenant_id IS NOT NULL AND t.until > v_now)
                    OR (t.until <= v_now AND v_alone))
               AND t.stopped_at IS NULL
               AND (SELECT p.due_at <= v_now OR (t.owner <> '' AND t.until <= v_now)
                      FROM mdm.push p
                     WHERE p.tenant_id = t.tenant_id
                       AND p.topic = t.topic
                     ORDER BY p.due_at
                     LIMIT 1)
               AND (SELECT c.not_after > v_now
                      FROM mdm.push_certificate c
                     WHERE c.tenant_id = t.tenant_id AND c.topic = t.topic)
             LIMIT p_limit) s;

    v_took := clock_timestamp() - v_now;
    IF p_tenant_id IS NULL AND v_took > interval '20 milliseconds'
       AND coalesce(cardinality(v_topics), 0) < p_limit
    THEN
        INSERT INTO mdm.lease (name, owner, until)
        VALUES ('push_lease', p_owner,
                v_now + least(20 * v_took, interval '3 seconds') * (0.5 + random()))
        ON CONFLICT (name) DO UPDATE
           SET owner = excluded.owner, until = excluded.until;
    END IF;

    -- What a dead owner had in hand is unknown, so it is pushed again. He may have been
    -- called as this one is: a host starts, and processes have the same numbers.
    IF v_dead_topics IS NOT NULL THEN
        PERFORM @revision@.push_unclaim(v_dead_tenants, v_dead_topics);
    END IF;

    -- Those that another takes at this moment are his.
    SELECT array_agg(s.tenant_id), array_agg(s.topic), array_agg(s.news)
      INTO v_tenants, v_topics, v_news
      FROM (SELECT t.tenant_id, t.topic, t.news
              FROM unnest(v_tenants, v_topics) AS m (tenant_id, topic)
             CROSS JOIN LATERAL (
                   SELECT t.tenant_id, t.topic, t.news
                     FROM mdm.push_topic t
                    WHERE t.tenant_id = m.tenant_id
                      AND t.topic = m.topic
                      AND (t.owner IN ('', p_owner) OR t.until <= v_now)
                      AND t.stopped_at IS NULL
                      FOR NO KEY UPDATE SKIP LOCKED) t) s;
    FOR v_i IN 1 .. coalesce(cardinality(v_topics), 0) LOOP
        UPDATE mdm.push_topic t
           SET owner = p_owner, until = v_now + p_seconds * interval '1 second',
               error = CASE WHEN t.owner = p_owner THEN t.error END,
               retry_at = CASE WHEN t.owner = p_owner THEN t.retry_at END, news = NULL
         WHERE t.tenant_id = v_tenants[v_i] AND t.topic = v_topics[v_i];
    END LOOP;

    RETURN QUERY
    SELECT m.tenant_id, m.topic, c.version, p_owner, m.news,
           CASE WHEN m.news IS NOT NULL THEN @revision@.tenant_name(m.tenant_id) END
      FROM unnest(v_tenants, v_topics, v_news) AS m (tenant_id, topic, news)
     CROSS JOIN LATERAL (
           SELECT c.version
             FROM mdm.push_certificate c
            WHERE c.tenant_id = m.tenant_id AND c.topic = m.topic
            LIMIT 1) c;

    IF p_tenant_id IS NOT NULL THEN
        RETURN QUERY
        SELECT t.tenant_id, t.topic, c.version, t.owner, NULL::text, NULL::text
          FROM mdm.push_topic t
         CROSS JOIN LATERAL (
               SELECT c.version
                 FROM mdm.push_certificate c
                WHERE c.tenant_id = t.tenant_id AND c.topic = t.topic
                LIMIT 1) c
         WHERE t.tenant_id = p_tenant_id
           AND t.owner <> p_owner
           AND t.until > v_now
           AND (SELECT p.due_at <= v_now
                  FROM mdm.push p
                 WHERE p.tenant_id = t.tenant_id
                   AND p.topic = t.topic
                 ORDER BY p.due_at
                 LIMIT 1)
         LIMIT p_limit;
    END IF;

    PERFORM set_config('mdm.lease', '', true);
END
$$;

COMMENT ON FUNCTION @revision@.push_lease IS
'Takes topics that have wishes due and that nobody pushes, at most p_limit, for
p_seconds; p_tenant_id: of this tenant only, or null. With a tenant also those that the
owner has; otherwise push_due() tells of them. Not those that are stopped or
whose certificate has expired. Rows: what the owner has now, and with p_tenant_id also
what others have of it and is due. news: resumed or renewed, what it may say in its
log of this topic of this tenant; null otherwise. What a dead owner had claimed is due
again. No row, too, while another looks through all topics.';

CREATE FUNCTION @revision@.tenant_name(p_tenant_id bigint) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT t.name FROM mdm.tenant t WHERE t.tenant_id = p_tenant_id);
END
$$;

COMMENT ON FUNCTION @revision@.tenant_name IS 'What a tenant is called, for people.';

CREATE FUNCTION @revision@.push_due(p_owner text)
RETURNS TABLE (tenant_id bigint, topic text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_now  timestamptz := clock_timestamp();
BEGIN
    PERFORM set_config('mdm.tenant', '', true);
    PERFORM set_config('mdm.lease', 'on', true);

    RETURN QUERY
    SELECT t.tenant_id, t.topic
      FROM mdm.push_topic t
     WHERE t.owner = p_owner
       AND (SELECT p.due_at <= v_now
              FROM mdm.push p
             WHERE p.tenant_id = t.tenant_id
               AND p.topic = t.topic
             ORDER BY p.due_at
             LIMIT 1);

    PERFORM set_config('mdm.lease', '', true);
END
$$;

COMMENT ON FUNCTION @revision@.push_due IS
'Which topics of this owner have wishes due: those that others queued for, whom he does
not hear of.';

CREATE FUNCTION @revision@.push_present()
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM mdm.lease l
                    WHERE l.name = 'push' AND l.until > clock_timestamp());
END
$$;

COMMENT ON FUNCTION @revision@.push_present IS
'Does any worker look for wishes to push, or did one until 6 seconds ago?';

CREATE FUNCTION @revision@.push_unclaim(p_tenant_ids bigint[], p_topics text[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_tids  tid[];
BEGIN
    IF cardinality(p_topics) = 0 THEN
        RETURN;
    END IF;

    -- Sorted, and then locked.
    SELECT array_agg(s.tid) INTO v_tids
      FROM (SELECT p.tid
              FROM (SELECT p.tenant_id, p.enrollment_id
                      FROM unnest(p_tenant_ids, p_topics) AS m (tenant_id, topic)
                     CROSS JOIN LATERAL (
                           SELECT p.tenant_id, p.enrollment_id
                             FROM mdm.push p
                            WHERE p.tenant_id = m.tenant_id
                              AND p.topic = m.topic
                              AND p.due_at = 'infinity'
                           OFFSET 0) p
                     ORDER BY p.tenant_id, p.enrollment_id) s
             CROSS JOIN LATERAL (
                   SELECT p.ctid AS tid
                     FROM mdm.push p
                    WHERE p.tenant_id = s.tenant_id
                      AND p.enrollment_id = s.enrollment_id
                      AND p.due_at = 'infinity'
                      FOR NO KEY UPDATE) p) s;

    UPDATE mdm.push p
       SET due_at = clock_timestamp(), claimed_at = NULL
     WHERE p.ctid = ANY (v_tids);
END
$$;

COMMENT ON FUNCTION @revision@.push_unclaim IS
'What is claimed of these topics is due at once. The caller may see all tenants.';

CREATE FUNCTION @revision@.push_renew(
    p_owner        text,
    p_seconds      integer,
    p_tenant_ids   bigint[],
    p_topics       text[],
    p_connections  bigint[],
    p_errors       text[],
    p_retries      bigint[])
RETURNS TABLE (n integer, held boolean, version integer, stopped boolean, expired boolean,
               news text, tenant text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_now    timestamptz := clock_timestamp();
    v_row    record;
    v_topic  record;
    v_told   boolean;
    v_news   text;
BEGIN
    PERFORM set_config('mdm.tenant', '', true);
    PERFORM set_config('mdm.lease', 'on', true);

    -- Nobody has a wish in hand for so long: its owner forgot it.
    UPDATE mdm.push p
       SET due_at = v_now, claimed_at = NULL
     WHERE p.ctid = ANY (ARRAY(
           SELECT s.tid
             FROM unnest(p_tenant_ids, p_topics) AS m (tenant_id, topic)
            CROSS JOIN LATERAL (
                  SELECT p.ctid AS tid
                    FROM mdm.push p
                   WHERE p.tenant_id = m.tenant_id
                     AND p.topic = m.topic
                     AND p.due_at = 'infinity'
                     AND p.claimed_at < v_now - interval '1 hour'
                     FOR NO KEY UPDATE SKIP LOCKED) s));

    FOR v_row IN
        SELECT m.n::integer AS n, m.tenant_id, m.topic, m.connections::integer,
               nullif(m.error, '') AS error, m.retry
          FROM unnest(p_tenant_ids, p_topics, p_connections, p_errors, p_retries)
               WITH ORDINALITY AS m (tenant_id, topic, connections, error, retry, n)
         ORDER BY m.tenant_id, m.topic COLLATE "C"
    LOOP
        SELECT t.failing_told, t.failing_since, t.stopped_at, t.news, c.version,
               c.not_after
          INTO v_topic
          FROM mdm.push_topic t
          LEFT JOIN mdm.push_certificate c ON c.tenant_id = t.tenant_id
                                          AND c.topic = t.topic
         WHERE t.tenant_id = v_row.tenant_id
           AND t.topic = v_row.topic
           AND t.owner = p_owner
           FOR NO KEY UPDATE OF t;

        n := v_row.n;
        held := FOUND;
        version := v_topic.version;
        stopped := v_topic.stopped_at IS NOT NULL;
        expired := coalesce(v_topic.not_after <= v_now, true);
        v_news := CASE WHEN NOT stopped AND NOT expired THEN v_topic.news END;
        IF held THEN
            v_told := v_row.error IS NOT NULL
                      AND coalesce(v_topic.failing_since < v_now - interval '1 minute',
                                   false);
            UPDATE mdm.push_topic t
               SET until = v_now + p_seconds * interval '1 second',
                   connections = v_row.connections, error = v_row.error,
                   retry_at = CASE WHEN v_row.error IS NOT NULL
                                   THEN v_now + v_row.retry * interval '1 millisecond' END,
                   news = CASE WHEN v_news IS NULL THEN t.news END,
                   failing_since = CASE WHEN v_row.error IS NOT NULL
                                        THEN coalesce(t.failing_since, v_now) END,
                   failing_told = v_told
             WHERE t.tenant_id = v_row.tenant_id AND t.topic = v_row.topic;

            IF v_told <> v_topic.failing_told THEN
                PERFORM set_config('mdm.tenant', v_row.tenant_id::text, true);
                INSERT INTO mdm.event (tenant_id, type, data)
                VALUES (v_row.tenant_id,
                        CASE WHEN v_told THEN 'push_topic_failing'
                             ELSE 'push_topic_working' END,
                        jsonb_strip_nulls(jsonb_build_object(
                            'topic', v_row.topic, 'error', v_row.error,
                            'since', @revision@.rfc3339(v_topic.failing_since))));
                PERFORM set_config('mdm.tenant', '', true);
            END IF;
        END IF;
        news := v_news;
        tenant := CASE WHEN news IS NOT NULL
                       THEN @revision@.tenant_name(v_row.tenant_id) END;
        RETURN NEXT;
    END LOOP;

    PERFORM set_config('mdm.lease', '', true);
END
$$;

COMMENT ON FUNCTION @revision@.push_renew IS
'Keeps the leases of these topics for p_seconds more. p_connections: how many are open;
p_errors: why none can be made, or empty; a minute of that is an event
push_topic_failing, its end push_topic_working; p_retries: in how many milliseconds it
is tried again. Rows by place n, from 1: held: false
when another owner has it now; version: of its certificate; stopped, expired: nothing
is to be pushed; news, tenant: see push_lease().';

CREATE FUNCTION @revision@.push_release(
    p_owner       text,
    p_tenant_ids  bigint[],
    p_topics      text[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_row      record;
    v_tenants  bigint[];
    v_topics   text[];
BEGIN
    PERFORM set_config('mdm.tenant', '', true);
    PERFORM set_config('mdm.lease', 'on', true);

    -- A claim that nobody waits for any more may still be under way: what it claims
    -- would be in hand of nobody, and not due.
    PERFORM pg_advisory_xact_lock(hashtextextended('mdm.push ' || p_owner, 0));

    SELECT coalesce(array_agg(t.tenant_id), '{}'), coalesce(array_agg(t.topic), '{}')
      INTO v_tenants, v_topics
      FROM unnest(p_tenant_ids, p_topics) AS m (tenant_id, topic)
     CROSS JOIN LATERAL (
           SELECT t.tenant_id, t.topic
             FROM mdm.push_topic t
            WHERE t.tenant_id = m.tenant_id
              AND t.topic = m.topic
              AND t.owner = p_owner
            LIMIT 1) t;
    PERFORM @revision@.push_unclaim(v_tenants, v_topics);

    FOR v_row IN
        SELECT m.tenant_id, m.topic
          FROM unnest(v_tenants, v_topics) AS m (tenant_id, topic)
         ORDER BY m.tenant_id, m.topic COLLATE "C"
    LOOP
        UPDATE mdm.push_topic t
           SET owner = '', until = '-infinity', connections = 0
         WHERE t.tenant_id = v_row.tenant_id
           AND t.topic = v_row.topic
           AND t.owner = p_owner;
    END LOOP;

    PERFORM set_config('mdm.lease', '', true);
END
$$;

COMMENT ON FUNCTION @revision@.push_release IS
'Gives topics back; what the owner still has claimed of them is due at once. Waits for
a claim or a lease of his that is under way.';

CREATE FUNCTION @revision@.push_leave(p_owner text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_tenants  bigint[];
    v_topics   text[];
BEGIN
    PERFORM set_config('mdm.tenant', '', true);
    PERFORM set_config('mdm.lease', 'on', true);
    PERFORM pg_advisory_xact_lock(hashtextextended('mdm.push ' || p_owner, 0));
    SELECT array_agg(t.tenant_id), array_agg(t.topic)
      INTO v_tenants, v_topics
      FROM mdm.push_topic t
     WHERE t.owner = p_owner;
    IF v_topics IS NULL THEN
        PERFORM set_config('mdm.lease', '', true);
        RETURN;
    END IF;
    PERFORM @revision@.push_release(p_owner, v_tenants, v_topics);
END
$$;

COMMENT ON FUNCTION @revision@.push_leave IS
'Gives back all topics of an owner who is gone when this is carried out.';

CREATE FUNCTION @revision@.push_open(p_tenant_id bigint, p_topic text)
RETURNS TABLE (version integer, certificate bytea, private_key bytea, development boolean)
LANGUAGE plpgsql ROWS 1 AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    RETURN QUERY
    SELECT c.version, c.certificate, c.private_key, c.development
      FROM mdm.push_certificate c
     WHERE c.tenant_id = p_tenant_id AND c.topic = p_topic;
END
$$;

COMMENT ON FUNCTION @revision@.push_open IS
'The certificate of a topic, and its key as it is sealed (kind push_key, row = topic);
development: it is for Apple''s development host. No row: there is none.';
