-- Is what the tables say of each other true?

CREATE FUNCTION @revision@.check() RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_id  bigint;
    v_table      text;
BEGIN
    FOR v_tenant_id IN SELECT t.tenant_id FROM mdm.tenant t ORDER BY t.tenant_id LOOP
        PERFORM set_config('mdm.tenant', v_tenant_id::text, true);

        RETURN QUERY
        SELECT format('tenant %s: %s', v_tenant_id, f.fault)
          FROM (
            SELECT format('queue: command %s waits for enrolment %s, which does not exist',
                          q.command_uuid, q.enrollment_id)
              FROM mdm.queue q
             WHERE q.tenant_id = v_tenant_id
               AND NOT EXISTS (SELECT FROM mdm.enrollment e
                                WHERE e.tenant_id = v_tenant_id
                                  AND e.enrollment_id = q.enrollment_id)
            UNION ALL
            SELECT format('queue: command %s waits for enrolment %s, which is %s',
                          q.command_uuid, q.enrollment_id, e.state)
              FROM mdm.queue q
              JOIN mdm.enrollment e ON e.tenant_id = v_tenant_id
                                   AND e.enrollment_id = q.enrollment_id
             WHERE q.tenant_id = v_tenant_id AND e.state <> 'live'
            UNION ALL
            SELECT format('queue: command %s waits for generation %s of enrolment %s, '
                          'which is at %s', q.command_uuid, q.generation,
                          q.enrollment_id, e.generation)
              FROM mdm.queue q
              JOIN mdm.enrollment e ON e.tenant_id = v_tenant_id
                                   AND e.enrollment_id = q.enrollment_id
             WHERE q.tenant_id = v_tenant_id AND e.generation <> q.generation
            UNION ALL
            SELECT format('queue: command %s of enrolment %s has no payload',
                          q.command_uuid, q.enrollment_id)
              FROM mdm.queue q
             WHERE q.tenant_id = v_tenant_id
               AND NOT EXISTS (SELECT FROM mdm.command c
                                WHERE c.tenant_id = v_tenant_id
                                  AND c.command_id = q.command_id
                                  AND c.created_at = q.command_created_at
                                  AND c.command_uuid = q.command_uuid)
            UNION ALL
            SELECT format('queue: command %s of enrolment %s is %s and was never delivered',
                          q.command_uuid, q.enrollment_id, q.state)
              FROM mdm.queue q
             WHERE q.tenant_id = v_tenant_id
               AND q.state <> 'QUEUED'
               AND (q.pushed_at IS NULL OR q.delivered_count = 0)
            UNION ALL
            SELECT format('queue: command %s of enrolment %s is %s with offer_rank %s',
                          q.command_uuid, q.enrollment_id, q.state, q.offer_rank)
              FROM mdm.queue q
             WHERE q.tenant_id = v_tenant_id
               AND (q.offer_rank IS DISTINCT FROM
                    CASE WHEN q.state = 'STALLED' AND q.released_at IS NULL THEN NULL
                         WHEN q.urgent THEN 0
                         WHEN q.state = 'PUSH' THEN 1
                         ELSE 2 END
                    OR (q.released_at IS NOT NULL AND q.state <> 'STALLED'))
            UNION ALL
            SELECT format('result: command %s of enrolment %s is %s and still in the queue',
                          r.command_uuid, r.enrollment_id, r.state)
              FROM mdm.result r
              JOIN mdm.queue q ON q.tenant_id = v_tenant_id
                              AND q.enrollment_id = r.enrollment_id
                              AND q.command_uuid = r.command_uuid
                              AND q.command_id = r.command_id
             WHERE r.tenant_id = v_tenant_id
            UNION ALL
            SELECT format('result: command %s of enrolment %s is final %s times',
                          r.command_uuid, r.enrollment_id, count(*))
              FROM mdm.result r
             WHERE r.tenant_id = v_tenant_id
             GROUP BY r.enrollment_id, r.command_uuid, r.command_id
            HAVING count(*) > 1
            UNION ALL
            SELECT format('result: command %s of enrolment %s has report and state %s '
                          'that do not fit', r.command_uuid, r.enrollment_id, r.state)
              FROM mdm.result r
             WHERE r.tenant_id = v_tenant_id
               -- An ERROR without a report is one of a delivery.
               AND CASE WHEN r.reported_at IS NULL
                        THEN r.state NOT IN ('EXPIRED', 'CANCELLED', 'ERROR')
                        ELSE r.state IN ('EXPIRED', 'CANCELLED') END
            UNION ALL
            SELECT format('result: command %s of enrolment %s has effects that do not fit',
                          r.command_uuid, r.enrollment_id)
              FROM mdm.result r
             WHERE r.tenant_id = v_tenant_id
               AND ((r.effects_at IS NOT NULL AND r.effects_failed IS NOT NULL)
                    OR ((r.effects_at IS NOT NULL OR r.effects_failed IS NOT NULL)
                        AND r.state NOT IN ('ACKNOWLEDGED', 'ERROR')))
            UNION ALL
            SELECT format('identity: enrolment %s is live and its certificate is not bound',
                          e.enrollment_id)
              FROM mdm.enrollment e
             WHERE e.tenant_id = v_tenant_id
               AND e.state = 'live' AND e.user_id = '' AND e.certificate <> ''
               AND NOT EXISTS (SELECT FROM mdm.identity i
                                WHERE i.tenant_id = v_tenant_id
                                  AND i.fingerprint = e.certificate
                                  AND i.enrollment_id = e.enrollment_id
                                  AND i.state = 'bound')
            UNION ALL
            SELECT format('identity: %s certificates are bound to enrolment %s',
                          count(*), i.enrollment_id)
              FROM mdm.identity i
             WHERE i.tenant_id = v_tenant_id AND i.state = 'bound'
             GROUP BY i.enrollment_id
            HAVING count(*) > 1
            UNION ALL
            SELECT format('identity: a %s certificate belongs to enrolment %s, which is '
                          'no device of the tenant', i.state, i.enrollment_id)
              FROM mdm.identity i
             WHERE i.tenant_id = v_tenant_id
               AND i.enrollment_id IS NOT NULL
               AND NOT EXISTS (SELECT FROM mdm.enrollment e
                                WHERE e.tenant_id = v_tenant_id
                                  AND e.enrollment_id = i.enrollment_id
                                  AND e.user_id = '')
            UNION ALL
            SELECT format('enrollment: user channel %s is live and does not agree with '
                          'its device', u.enrollment_id)
              FROM mdm.enrollment u
              LEFT JOIN mdm.enrollment d ON d.tenant_id = v_tenant_id
                                        AND d.device_id = u.device_id
                                        AND d.user_id = ''
             WHERE u.tenant_id = v_tenant_id
               AND u.user_id <> ''
               AND u.state = 'live'
               AND (d.state, d.generation, d.certificate,
                    d.pending_certificate) IS DISTINCT FROM
                   ('live', u.generation, u.certificate, u.pending_certificate)
            UNION ALL
            SELECT format('push: enrolment %s does not exist', p.enrollment_id)
              FROM mdm.push p
             WHERE p.tenant_id = v_tenant_id
               AND NOT EXISTS (SELECT FROM mdm.enrollment e
                                WHERE e.tenant_id = v_tenant_id
                                  AND e.enrollment_id = p.enrollment_id)
            UNION ALL
            SELECT format('push: the wish of enrolment %s is claimed and due, or neither',
                          p.enrollment_id)
              FROM mdm.push p
             WHERE p.tenant_id = v_tenant_id
               AND (p.claimed_at IS NULL) = (p.due_at = 'infinity')
            UNION ALL
            SELECT format('push: the wish of enrolment %s %s', p.enrollment_id,
                          CASE WHEN p.stopped THEN 'is stopped and no stop is there'
                               ELSE 'does not say that it is stopped' END)
              FROM mdm.push p
             WHERE p.tenant_id = v_tenant_id
               AND p.stopped <> EXISTS (SELECT FROM mdm.push_stop s
                                         WHERE s.tenant_id = v_tenant_id
                                           AND s.enrollment_id = p.enrollment_id)
            UNION ALL
            SELECT format('push_stop: enrolment %s has no wish', s.enrollment_id)
              FROM mdm.push_stop s
             WHERE s.tenant_id = v_tenant_id
               AND NOT EXISTS (SELECT FROM mdm.push p
                                WHERE p.tenant_id = v_tenant_id
                                  AND p.enrollment_id = s.enrollment_id)
            UNION ALL
            SELECT format('push_topic: %s has no certificate', t.topic)
              FROM mdm.push_topic t
             WHERE t.tenant_id = v_tenant_id
               AND NOT EXISTS (SELECT FROM mdm.push_certificate c
                                WHERE c.tenant_id = v_tenant_id
                                  AND c.topic = t.topic)
            UNION ALL
            SELECT format('push_certificate: %s has no topic to be pushed', c.topic)
              FROM mdm.push_certificate c
             WHERE c.tenant_id = v_tenant_id
               AND NOT EXISTS (SELECT FROM mdm.push_topic t
                                WHERE t.tenant_id = v_tenant_id
                                  AND t.topic = c.topic)
            UNION ALL
            SELECT DISTINCT format('attribute: enrolment %s does not exist',
                                   a.enrollment_id)
              FROM mdm.attribute a
             WHERE a.tenant_id = v_tenant_id
               AND NOT EXISTS (SELECT FROM mdm.enrollment e
                                WHERE e.tenant_id = v_tenant_id
                                  AND e.enrollment_id = a.enrollment_id)
            UNION ALL
            SELECT DISTINCT format('inventory_list: enrolment %s does not exist',
                                   l.enrollment_id)
              FROM mdm.inventory_list l
             WHERE l.tenant_id = v_tenant_id
               AND NOT EXISTS (SELECT FROM mdm.enrollment e
                                WHERE e.tenant_id = v_tenant_id
                                  AND e.enrollment_id = l.enrollment_id)
            UNION ALL
            SELECT format('inventory_list: enrolment %s has %s items in %s, and says %s',
                          i.enrollment_id, i.n, i.list, coalesce(l.items::text, 'nothing'))
              FROM (SELECT i.enrollment_id, i.list, count(*) AS n
                      FROM mdm.inventory_item i
                     WHERE i.tenant_id = v_tenant_id AND i.gone_at IS NULL
                     GROUP BY i.enrollment_id, i.list) i
              LEFT JOIN mdm.inventory_list l ON l.tenant_id = v_tenant_id
                                            AND l.enrollment_id = i.enrollment_id
                                            AND l.list = i.list
             WHERE l.items IS DISTINCT FROM i.n
            UNION ALL
            SELECT DISTINCT format('secret: enrolment %s does not exist', s.enrollment_id)
              FROM mdm.secret s
             WHERE s.tenant_id = v_tenant_id
               AND NOT EXISTS (SELECT FROM mdm.enrollment e
                                WHERE e.tenant_id = v_tenant_id
                                  AND e.enrollment_id = s.enrollment_id)
            UNION ALL
            SELECT format('profile: %s is sealed with a key that is not in use',
                          p.profile_uuid)
              FROM mdm.profile p
             WHERE p.tenant_id = v_tenant_id
               AND NOT EXISTS (SELECT FROM mdm.secret_key k
                                WHERE k.key_id = substr(p.content, 1, 8)
                                  AND k.retired_at IS NULL)
            UNION ALL
            SELECT 'signing_certificate: its key is sealed with a key that is not in use'
              FROM mdm.signing_certificate c
             WHERE c.tenant_id = v_tenant_id
               AND NOT EXISTS (SELECT FROM mdm.secret_key k
                                WHERE k.key_id = substr(c.private_key, 1, 8)
                                  AND k.retired_at IS NULL)
            ) AS f (fault);
    END LOOP;

    FOREACH v_table IN ARRAY ARRAY['command', 'result', 'event'] LOOP
        IF to_regclass(format('mdm.%s_%s', v_table,
               to_char(date_trunc('week', now() AT TIME ZONE 'UTC') + interval '4 weeks',
                       'YYYYMMDD'))) IS NULL
        THEN
            RETURN NEXT format('%s: there is no partition for the time in four weeks; '
                               'call mdm.partition_ahead()', v_table);
        END IF;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.check IS
'One line for each inconsistency between tables; no line is good. For tests and for
mdmctl; reads whole tables, so not for a busy hour.';
