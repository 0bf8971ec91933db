-- Numbers for monitoring, over all tenants.

CREATE FUNCTION @revision@.metric_share(p_table regclass, p_pages integer)
RETURNS double precision
LANGUAGE sql STABLE AS $$
    SELECT least(100, 100.0 * p_pages * current_setting('block_size')::integer
                      / greatest(pg_relation_size(p_table), 1));
$$;

COMMENT ON FUNCTION @revision@.metric_share IS
'How many per cent of a table p_pages are, for TABLESAMPLE SYSTEM; 100 at most.';

CREATE FUNCTION @revision@.metric_put(p_name text, p_label text, p_value double precision)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mdm.metric AS m (name, label, value, at)
    VALUES (p_name, p_label, p_value, now())
    ON CONFLICT (name, label) DO UPDATE
       SET value = excluded.value, at = excluded.at;
END
$$;

COMMENT ON FUNCTION @revision@.metric_put IS 'Keeps one number that was measured now.';

CREATE FUNCTION @revision@.metric_webhook_lag(
    p_tenant_id  bigint,
    p_xid        xid8,
    p_event_id   bigint,
    p_at         timestamptz)
RETURNS double precision
LANGUAGE plpgsql AS $$
DECLARE
    v_at  timestamptz;
BEGIN
    IF p_tenant_id IS NULL THEN
        SELECT e.at INTO v_at
          FROM mdm.event e
         WHERE (e.xid, e.event_id) > (p_xid, p_event_id)
           AND e.at > p_at - interval '1 day'
           AND e.at < now() + interval '1 day'
         ORDER BY e.xid, e.event_id
         LIMIT 1;
    ELSE
        SELECT e.at INTO v_at
          FROM mdm.event e
         WHERE e.tenant_id = p_tenant_id
           AND (e.tenant_id, e.xid, e.event_id) > (p_tenant_id, p_xid, p_event_id)
           AND e.at > p_at - interval '1 day'
           AND e.at < now() + interval '1 day'
         ORDER BY e.xid, e.event_id
         LIMIT 1;
    END IF;

    RETURN greatest(0, floor(extract(epoch FROM now() - coalesce(v_at, now()))));
END
$$;

COMMENT ON FUNCTION @revision@.metric_webhook_lag IS
'For how many seconds the first event behind this place has waited, 0 when there is
none; p_tenant_id: the only tenant that counts, or null. The caller may read the
outbox.';

CREATE FUNCTION @revision@.metric_measure(p_pages integer)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_state     text;
    v_count     double precision;
    v_share     double precision;
    v_counts    jsonb;
    v_soon      bigint[];
    v_webhook   record;
    v_topics    record;
BEGIN
    PERFORM set_config('mdm.tenant', '', true);
    PERFORM set_config('mdm.measure', 'on', true);
    PERFORM set_config('mdm.outbox', 'on', true);

    PERFORM @revision@.metric_put('tenants', '', (SELECT count(*) FROM mdm.tenant));

    -- Whole pages taken at random: exact while the table has no more of them.
    v_share := @revision@.metric_share('mdm.queue', p_pages);
    SELECT coalesce(jsonb_object_agg(c.state, c.n), '{}')
      INTO v_counts
      FROM (SELECT q.state, count(*) AS n
              FROM mdm.queue q TABLESAMPLE SYSTEM (v_share)
             GROUP BY q.state) c;
    FOR v_state IN
        SELECT s.state FROM mdm.command_state s WHERE s.live AND s.state <> 'SENT'
    LOOP
        v_count := coalesce((v_counts ->> v_state)::bigint, 0);
        PERFORM @revision@.metric_put('queue_commands', v_state,
                                      round(v_count * 100 / v_share));
    END LOOP;
    PERFORM @revision@.metric_put('sampled_ratio', 'queue', v_share / 100);

    v_share := @revision@.metric_share('mdm.enrollment', p_pages);
    SELECT coalesce(jsonb_object_agg(c.state, c.n), '{}')
      INTO v_counts
      FROM (SELECT e.state, count(*) AS n
              FROM mdm.enrollment e TABLESAMPLE SYSTEM (v_share)
             GROUP BY e.state) c;
    FOREACH v_state IN ARRAY ARRAY['pending', 'live', 'closed', 'ended'] LOOP
        v_count := coalesce((v_counts ->> v_state)::bigint, 0);
        PERFORM @revision@.metric_put('enrollments', v_state,
                                      round(v_count * 100 / v_share));
    END LOOP;
    PERFORM @revision@.metric_put('sampled_ratio', 'enrollment', v_share / 100);

    v_share := @revision@.metric_share('mdm.push', p_pages);
    SELECT ARRAY[count(*), count(*) FILTER (WHERE p.stopped)]
      INTO v_soon
      FROM mdm.push p TABLESAMPLE SYSTEM (v_share);
    PERFORM @revision@.metric_put('pushes_wanted', '', round(v_soon[1] * 100 / v_share));
    PERFORM @revision@.metric_put('push_channels_stopped', '',
                                  round(v_soon[2] * 100 / v_share));
    PERFORM @revision@.metric_put('sampled_ratio', 'push', v_share / 100);

    -- The first of each topic, from one to the next by the index. Where there is no
    -- certificate nobody can send any, so they are not late.
    WITH RECURSIVE topic AS (
        (SELECT p.tenant_id, p.topic, p.due_at
           FROM mdm.push p
          ORDER BY p.tenant_id, p.topic, p.due_at
          LIMIT 1)
        UNION ALL
        SELECT n.tenant_id, n.topic, n.due_at
          FROM topic t
         CROSS JOIN LATERAL (
               SELECT p.tenant_id, p.topic, p.due_at
                 FROM mdm.push p
                WHERE (p.tenant_id, p.topic) > (t.tenant_id, t.topic)
                ORDER BY p.tenant_id, p.topic, p.due_at
                LIMIT 1) n),
    first AS MATERIALIZED (
        SELECT t.tenant_id, t.topic, t.due_at,
               (SELECT true
                  FROM mdm.push_certificate c
                 WHERE c.tenant_id = t.tenant_id AND c.topic = t.topic
                 LIMIT 1) AS certified
          FROM topic t
         LIMIT 10000)
    SELECT (SELECT min(f.due_at) FROM first f
             WHERE f.certified AND f.due_at < 'infinity') AS oldest,
           (SELECT count(*)
              FROM (SELECT
                      FROM first f
                     CROSS JOIN LATERAL (
                           SELECT FROM mdm.push p
                            WHERE p.tenant_id = f.tenant_id AND p.topic = f.topic
                            LIMIT 10000) p
                     WHERE f.certified IS NULL
                     LIMIT 10000) w) AS uncertified
      INTO v_topics;
    PERFORM @revision@.metric_put('push_oldest_seconds', '', greatest(0,
        coalesce(floor(extract(epoch FROM now() - v_topics.oldest)), 0)));
    PERFORM @revision@.metric_put('pushes_without_certificate', '', v_topics.uncertified);

    PERFORM set_config('mdm.lease', 'on', true);
    SELECT count(*) FILTER (WHERE t.stopped_at IS NOT NULL) AS stopped,
           sum(t.followed + t.former_followed) AS followed,
           sum(t.judged + t.former_judged) AS judged
      INTO v_topics
      FROM (SELECT * FROM mdm.push_topic t LIMIT 100000) t;
    PERFORM set_config('mdm.lease', '', true);
    PERFORM @revision@.metric_put('push_topics_stopped', '', v_topics.stopped);
    IF v_topics.judged > 0 THEN
        PERFORM @revision@.metric_put('push_followed_ratio', '',
                                      v_topics.followed::double precision
                                      / v_topics.judged);
    END IF;

    -- By the index and not further than 10000 of each.
    PERFORM @revision@.metric_put('certificates_expiring', '0',
        (SELECT count(*)
           FROM (SELECT
                   FROM mdm.identity i
                  WHERE i.state = 'bound' AND i.not_after <= now()
                  LIMIT 10000) s));
    SELECT ARRAY[count(*) FILTER (WHERE s.not_after <= now() + interval '7 days'),
                 count(*) FILTER (WHERE s.not_after <= now() + interval '30 days'),
                 count(*)]
      INTO v_soon
      FROM (SELECT i.not_after
              FROM mdm.identity i
             WHERE i.state = 'bound'
               AND i.not_after > now() AND i.not_after <= now() + interval '90 days'
             ORDER BY i.not_after
             LIMIT 10000) s;
    PERFORM @revision@.metric_put('certificates_expiring', '7', v_soon[1]);
    PERFORM @revision@.metric_put('certificates_expiring', '30', v_soon[2]);
    PERFORM @revision@.metric_put('certificates_expiring', '90', v_soon[3]);

    PERFORM @revision@.metric_put('push_certificates_expiring', b.days::text,
                                  count(s.not_after))
       FROM unnest(ARRAY[0, 1, 7, 14, 30, 45, 90]) AS b (days)
       LEFT JOIN (SELECT c.not_after
                    FROM mdm.push_certificate c
                   WHERE c.not_after <= now() + interval '90 days'
                   ORDER BY c.not_after
                   LIMIT 10000) s
              ON CASE b.days WHEN 0 THEN s.not_after <= now()
                      ELSE s.not_after > now()
                           AND s.not_after <= now() + b.days * interval '1 day' END
      GROUP BY b.days;
    PERFORM @revision@.metric_put(
                'push_certificate_days_left', '',
                greatest(0, floor(extract(epoch FROM s.not_after - now()) / 86400)))
       FROM (SELECT c.not_after
               FROM mdm.push_certificate c
              ORDER BY c.not_after
              LIMIT 1) s;

    PERFORM @revision@.metric_put(
                'signing_certificate_days_left', '',
                greatest(0, floor(extract(epoch FROM s.not_after - now()) / 86400)))
       FROM (SELECT c.not_after
               FROM mdm.signing_certificate c
              ORDER BY c.not_after
              LIMIT 1) s;

    FOR v_webhook IN SELECT * FROM mdm.webhook w ORDER BY w.name LIMIT 25 LOOP
        PERFORM @revision@.metric_put('webhook_delivered_total', v_webhook.name,
                                      v_webhook.delivered);
        PERFORM @revision@.metric_put('webhook_failing', v_webhook.name,
                                      (v_webhook.attempts > 0)::integer);
        PERFORM @revision@.metric_put(
            'webhook_lag_seconds', v_webhook.name,
            @revision@.metric_webhook_lag(
                v_webhook.only_tenant_id, v_webhook.cursor_xid,
                v_webhook.cursor_event_id, v_webhook.cursor_at));
    END LOOP;

    PERFORM @revision@.metric_put('table_rows', t.name,
        (SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)
           FROM pg_class c
          WHERE c.relkind = 'r'
            AND c.oid = ANY (ARRAY(SELECT t.id::oid
                                    UNION ALL
                                   SELECT h.inhrelid FROM pg_inherits h
                                    WHERE h.inhparent = t.id))))
       FROM (SELECT n.name, ('mdm.' || n.name)::regclass AS id
               FROM unnest(ARRAY['attribute', 'command', 'enrollment', 'event',
                                 'identity', 'inventory_item', 'queue', 'result']) AS n (name)) t;

    -- What there is no more: a webhook, the only push certificate.
    DELETE FROM mdm.metric m WHERE m.at < now();

    PERFORM set_config('mdm.measure', '', true);
    PERFORM set_config('mdm.outbox', '', true);
END
$$;

COMMENT ON FUNCTION @revision@.metric_measure IS
'Measures what docs/metrics.md lists as sampled, over all tenants. The work is
bounded whatever the tables hold: p_pages pages of each table that is sampled, and
10000 rows of an index, 10000 topics with wishes, 100000 topics, 25 webhooks. Another
number is another metric_put() here and a row in the table of the module that names it.';

CREATE FUNCTION @revision@.metric_read(p_owner text, p_seconds integer, p_pages integer)
RETURNS TABLE (name text, label text, value text, age bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    -- Nobody waits for another node that is measuring. A lease that has not run
    -- out says that the numbers are young, also to its owner.
    IF pg_try_advisory_xact_lock(hashtextextended('mdm.metric_read', 0)) THEN
        INSERT INTO mdm.lease AS l (name, owner, until)
        VALUES ('metrics', p_owner, clock_timestamp() + p_seconds * interval '1 second')
        ON CONFLICT (name) DO UPDATE
           SET owner = excluded.owner, until = excluded.until
         WHERE l.until < clock_timestamp();

        IF FOUND THEN
            PERFORM @revision@.metric_measure(p_pages);
        END IF;
    END IF;

    RETURN QUERY
    SELECT m.name, m.label, m.value::text,
           greatest(0, floor(extract(epoch FROM clock_timestamp() - m.at)))::bigint
      FROM mdm.metric m
     ORDER BY m.name, m.label;
END
$$;

COMMENT ON FUNCTION @revision@.metric_read IS
'The numbers of the last measurement and their age in seconds; measures anew when
the last one is p_seconds old and nobody else does so just now.';
