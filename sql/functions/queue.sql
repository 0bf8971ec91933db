-- Polling and delivering: which command goes out next.

CREATE FUNCTION @revision@.poll(
    p_tenant_ids    bigint[],
    p_device_ids    text[],
    p_user_ids      text[],
    p_certificates  bytea[],
    p_expired       boolean[])
RETURNS TABLE (n integer, outcome text, enrollment_id bigint, has_work boolean)
LANGUAGE plpgsql STABLE ROWS 32 AS $$
#variable_conflict use_column
DECLARE
    v_tenants    bigint[];
    v_tenant_id  bigint;
BEGIN
    IF p_tenant_ids[1] = ALL (p_tenant_ids) THEN
        v_tenants := p_tenant_ids[1:1];
    ELSE
        v_tenants := ARRAY(SELECT DISTINCT t FROM unnest(p_tenant_ids) AS t);
    END IF;

    FOREACH v_tenant_id IN ARRAY v_tenants LOOP
        PERFORM set_config('mdm.tenant', v_tenant_id::text, true);

        RETURN QUERY
        SELECT c.n::integer, c.outcome, c.enrollment_id,
               c.outcome = 'ok' AND (
                   SELECT true
                     FROM mdm.queue q
                    WHERE q.tenant_id = v_tenant_id
                      AND q.enrollment_id = c.enrollment_id
                      AND q.offer_rank IS NOT NULL
                      AND q.generation = c.generation
                      AND (q.not_before IS NULL OR q.not_before <= now())
                      AND (q.expires_at IS NULL OR q.expires_at > now())
                      AND (q.renewal OR NOT c.expired)
                    ORDER BY q.offer_rank
                    LIMIT 1) IS NOT NULL
          FROM (SELECT m.n, m.expired, e.enrollment_id, e.generation,
                       CASE WHEN e.certificate = m.certificate
                             AND e.state = 'live'
                             AND e.pending_certificate IS DISTINCT FROM m.certificate
                            THEN 'ok'
                            ELSE @revision@.identity_check(
                                     v_tenant_id, m.device_id, m.user_id,
                                     m.certificate, m.expired)
                       END AS outcome
                  FROM unnest(p_tenant_ids, p_device_ids, p_user_ids,
                              p_certificates, p_expired)
                       WITH ORDINALITY AS m (tenant_id, device_id, user_id,
                                             certificate, expired, n)
                  LEFT JOIN LATERAL (
                       SELECT * FROM mdm.enrollment e
                        WHERE e.tenant_id = v_tenant_id
                          AND e.device_id = m.device_id
                          AND e.user_id = m.user_id
                        LIMIT 1) e ON true
                 WHERE m.tenant_id = v_tenant_id) c;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.poll IS
'Requests with status Idle, read only: who of these has work? Parallel arrays,
one element per request. n: place of the member, from 1; outcome: that of
identity_check(); has_work: deliver() will probably find a command (it may still
find none, when subjects block each other).';

CREATE FUNCTION @revision@.next_command(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_generation     integer,
    p_idle           boolean,
    p_expired        boolean,
    OUT command_uuid        text,
    OUT request_type        text,
    OUT command_id          bigint,
    OUT command_created_at  timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    c_unanswered_limit  CONSTANT integer := 5;
    v_row               record;
BEGIN
    -- Each turn either delivers, sets a row aside, or finds that an
    -- overlapping request changed the row that was chosen.
    FOR v_turn IN 1 .. 100 LOOP
        SELECT q.command_id, q.command_created_at, q.command_uuid, q.request_type,
               q.state, q.repeat, q.delivered_count, q.unanswered_count, q.subject,
               q.queued_at
          INTO v_row
          FROM mdm.queue q
         WHERE q.tenant_id = p_tenant_id
           AND q.enrollment_id = p_enrollment_id
           AND q.offer_rank IS NOT NULL
           AND q.generation = p_generation
           AND (p_idle OR q.state <> 'NOTNOW')
           AND (q.not_before IS NULL OR q.not_before <= now())
           AND (q.expires_at IS NULL OR q.expires_at > now())
           AND (q.renewal OR NOT p_expired)
         ORDER BY q.offer_rank, q.priority DESC, q.queued_at, q.command_id
         LIMIT 1;

        IF NOT FOUND THEN
            RETURN;
        END IF;

        -- Nearly always the first row may go. Only when an older row of its subject
        -- holds it back are the others searched for one that is free, because a
        -- statement that can do that costs all deliveries.
        IF v_row.subject IS NOT NULL AND v_row.state <> 'PUSH' AND EXISTS (
            SELECT FROM mdm.queue o
             WHERE o.tenant_id = p_tenant_id
               AND o.enrollment_id = p_enrollment_id
               AND o.subject = v_row.subject
               AND (o.queued_at, o.command_id) < (v_row.queued_at, v_row.command_id)
               AND (o.not_before IS NULL OR o.not_before <= now())
               AND (o.expires_at IS NULL OR o.expires_at > now())
               AND (o.renewal OR NOT p_expired))
        THEN
            SELECT q.command_id, q.command_created_at, q.command_uuid, q.request_type,
                   q.state, q.repeat, q.delivered_count, q.unanswered_count, q.subject,
                   q.queued_at
              INTO v_row
              FROM mdm.queue q
             WHERE q.tenant_id = p_tenant_id
               AND q.enrollment_id = p_enrollment_id
               AND q.offer_rank IS NOT NULL
               AND q.generation = p_generation
               AND (p_idle OR q.state <> 'NOTNOW')
               AND (q.not_before IS NULL OR q.not_before <= now())
               AND (q.expires_at IS NULL OR q.expires_at > now())
               AND (q.renewal OR NOT p_expired)
               AND (q.subject IS NULL
                    OR q.state = 'PUSH'
                    OR NOT EXISTS (
                        SELECT FROM mdm.queue o
                         WHERE o.tenant_id = p_tenant_id
                           AND o.enrollment_id = p_enrollment_id
                           AND o.subject = q.subject
                           AND (o.queued_at, o.command_id) < (q.queued_at, q.command_id)
                           AND (o.not_before IS NULL OR o.not_before <= now())
                           AND (o.expires_at IS NULL OR o.expires_at > now())
                           AND (o.renewal OR NOT p_expired)))
             ORDER BY q.offer_rank, q.priority DESC, q.queued_at, q.command_id
             LIMIT 1;

            IF NOT FOUND THEN
                RETURN;
            END IF;
        END IF;

        IF v_row.state = 'PUSH'
           AND (v_row.repeat = 'once' OR v_row.unanswered_count >= c_unanswered_limit)
        THEN
            UPDATE mdm.queue q
               SET state = 'STALLED', offer_rank = NULL, stalled_at = now()
             WHERE q.tenant_id = p_tenant_id
               AND q.command_uuid = v_row.command_uuid
               AND q.enrollment_id = p_enrollment_id
               AND q.state = 'PUSH'
               AND q.delivered_count = v_row.delivered_count;
            IF FOUND THEN
                INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
                SELECT p_tenant_id, 'command_stalled', p_enrollment_id,
                       jsonb_build_object('device_id', e.device_id, 'user_id', e.user_id,
                           'command_uuid', v_row.command_uuid,
                           'request_type', v_row.request_type,
                           'reason', CASE WHEN v_row.repeat = 'once'
                               THEN 'it was delivered without an answer and must not run twice'
                               ELSE 'it was delivered ' || c_unanswered_limit
                                    || ' times without an answer' END)
                  FROM mdm.enrollment e
                 WHERE e.tenant_id = p_tenant_id
                   AND e.enrollment_id = p_enrollment_id;
            END IF;
            CONTINUE;
        END IF;

        UPDATE mdm.queue q
           SET state = 'PUSH', offer_rank = CASE WHEN q.urgent THEN 0 ELSE 1 END,
               pushed_at = now(), released_at = NULL,
               delivered_count = q.delivered_count + 1,
               unanswered_count = q.unanswered_count + 1
         WHERE q.tenant_id = p_tenant_id
           AND q.command_uuid = v_row.command_uuid
           AND q.enrollment_id = p_enrollment_id
           AND q.state = v_row.state
           AND q.delivered_count = v_row.delivered_count;
        CONTINUE WHEN NOT FOUND;

        command_uuid := v_row.command_uuid;
        request_type := v_row.request_type;
        command_id := v_row.command_id;
        command_created_at := v_row.command_created_at;
        RETURN;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.next_command IS
'Chooses the next command of a channel, records its delivery and returns where its
payload is; nulls when there is none. p_idle: the device asks for work, so NotNow rows are offered
again; p_expired: only renewals are offered. The caller has set the tenant,
checked the identity against p_generation and holds the channel''s advisory lock.
Order: urgent, then delivered but unanswered, then priority, then age. A row
waits for every older live row of its subject. A row that came back without an
answer is set aside as STALLED, with an event command_stalled: at once when it may
run once only, after the fifth delivery otherwise.';

CREATE FUNCTION @revision@.deliver(
    p_tenant_ids    bigint[],
    p_device_ids    text[],
    p_user_ids      text[],
    p_certificates  bytea[],
    p_expired       boolean[])
RETURNS TABLE (n integer, outcome text, enrollment_id bigint,
               command_uuid text, request_type text, payload bytea, wanted text)
LANGUAGE plpgsql ROWS 32 AS $$
#variable_conflict use_column
DECLARE
    v_order      integer[] := '{1}';
    v_n          integer;
    v_tenant_id  bigint;
    v_set        bigint;
    v_ignored    text;
    v_channel    record;
    v_next       record;
    v_count      integer := 0;
    v_ns         integer[];
    v_channels   bigint[];
    v_uuids      text[];
    v_types      text[];
    v_commands   bigint[];
    v_created    timestamptz[];
BEGIN
    IF cardinality(p_tenant_ids) <> 1 THEN
        v_order := ARRAY(
            SELECT m.n::integer
              FROM unnest(p_tenant_ids, p_device_ids, p_user_ids)
                   WITH ORDINALITY AS m (tenant_id, device_id, user_id, n)
             ORDER BY m.tenant_id, m.device_id COLLATE "C", m.user_id COLLATE "C");
    END IF;

    -- The null ends the last tenant.
    FOREACH v_n IN ARRAY v_order || NULL::integer LOOP
        v_tenant_id := p_tenant_ids[v_n];
        IF v_n IS NULL OR v_tenant_id IS DISTINCT FROM v_set THEN
            -- Payloads are read together, once per tenant, because a statement
            -- on the partitions of command is dear to start.
            IF v_count > 0 THEN
                RETURN QUERY
                SELECT g.n, 'ok', g.enrollment_id, g.command_uuid, g.request_type,
                       c.payload,
                       CASE WHEN c.wants IS NOT NULL
                            THEN @revision@.wanted(v_set, g.enrollment_id, c.wants) END
                  FROM unnest(v_ns, v_channels, v_uuids, v_types, v_commands,
                              v_created) WITH ORDINALITY
                       AS g (n, enrollment_id, command_uuid, request_type, command_id,
                             created_at, place)
                  LEFT JOIN LATERAL (
                       SELECT c.payload, c.wants
                         FROM mdm.command c
                        WHERE c.tenant_id = v_set
                          AND c.command_id = g.command_id
                          AND c.created_at = g.created_at
                        LIMIT 1) c ON true
                 WHERE g.place <= v_count;
                v_count := 0;
            END IF;
            EXIT WHEN v_n IS NULL;
            v_ignored := set_config('mdm.tenant', v_tenant_id::text, true);
            v_set := v_tenant_id;
        END IF;

        SELECT e.enrollment_id, e.generation,
               e.state = 'live'
               AND e.certificate = p_certificates[v_n]
               AND e.pending_certificate IS DISTINCT FROM p_certificates[v_n] AS fits
          INTO v_channel
          FROM mdm.enrollment e
         WHERE e.tenant_id = v_tenant_id
           AND e.device_id = p_device_ids[v_n]
           AND e.user_id = p_user_ids[v_n];

        n := v_n;
        outcome := 'ok';
        enrollment_id := v_channel.enrollment_id;
        command_uuid := NULL;
        request_type := NULL;
        payload := NULL;
        wanted := NULL;

        IF v_channel.fits IS NOT TRUE THEN
            outcome := @revision@.identity_check(
                v_tenant_id, p_device_ids[v_n], p_user_ids[v_n],
                p_certificates[v_n], p_expired[v_n]);
        END IF;

        IF outcome = 'ok' THEN
            v_ignored := pg_advisory_xact_lock(-v_channel.enrollment_id);
            v_next := @revision@.next_command(
                v_tenant_id, v_channel.enrollment_id, v_channel.generation,
                true, p_expired[v_n]);
            IF v_next.command_uuid IS NOT NULL THEN
                v_count := v_count + 1;
                v_ns[v_count] := v_n;
                v_channels[v_count] := v_channel.enrollment_id;
                v_uuids[v_count] := v_next.command_uuid;
                v_types[v_count] := v_next.request_type;
                v_commands[v_count] := v_next.command_id;
                v_created[v_count] := v_next.command_created_at;
                CONTINUE;
            END IF;
        END IF;

        RETURN NEXT;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.deliver IS
'Requests with status Idle that poll() found work for. Parallel arrays, at most
one member per channel. n: place of the member; outcome: that of
identity_check(); command_uuid null: nothing to do, and nothing was written; wanted:
what must be put into the payload, see wanted(), or null. Rows come in no order. The
delivery is recorded as PUSH: send the command only after the commit.';
