-- Push certificates: storing and looking, and what stands between a push and
-- its device.

CREATE FUNCTION @revision@.push_certificate_key(
    p_tenant_id   bigint,
    p_topic       text,
    p_public_key  bytea)
RETURNS TABLE (requested bytea, here boolean)
LANGUAGE plpgsql ROWS 1 AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    RETURN QUERY
    SELECT (SELECT r.private_key
              FROM mdm.push_request r
             WHERE r.tenant_id = p_tenant_id AND r.public_key = p_public_key),
           EXISTS (SELECT
                     FROM mdm.push_certificate c
                    WHERE c.tenant_id = p_tenant_id AND c.topic = p_topic
                      AND c.public_key = p_public_key);
END
$$;

COMMENT ON FUNCTION @revision@.push_certificate_key IS
'Whose key a certificate has that came without: requested is the sealed one of an open
request; here, that of the certificate which the topic has already.';

CREATE FUNCTION @revision@.push_certificate_store(
    p_tenant_id      bigint,
    p_actor          text,
    p_remote         text,
    p_topic          text,
    p_certificate    bytea,
    p_private_key    bytea,
    p_not_before     bigint,
    p_not_after      bigint,
    p_subject        text,
    p_issuer         text,
    p_serial         text,
    p_fingerprint    bytea,
    p_public_key     bytea DEFAULT NULL,
    p_development    boolean DEFAULT NULL,
    p_apple_account  text DEFAULT NULL,
    p_note           text DEFAULT NULL,
    p_new_topic      boolean DEFAULT false,
    p_older          boolean DEFAULT false,
    OUT outcome      text,
    OUT version      integer,
    OUT not_after    text,
    OUT other_topic  text,
    OUT devices      bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_former      record;
    v_asked       record;
    v_not_before  timestamptz := to_timestamp(p_not_before);
    v_not_after   timestamptz := to_timestamp(p_not_after);
    v_version     integer;
    v_dates       jsonb;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT c.not_after, c.public_key INTO v_former
      FROM mdm.push_certificate c
     WHERE c.tenant_id = p_tenant_id AND c.topic = p_topic
       FOR UPDATE;

    IF NOT FOUND AND NOT p_new_topic THEN
        SELECT o.topic, o.n INTO other_topic, devices
          FROM (SELECT e.topic, count(*) AS n
                  FROM mdm.enrollment e
                 WHERE e.tenant_id = p_tenant_id AND e.user_id = ''
                   AND e.state = 'live' AND e.topic IS NOT NULL
                 GROUP BY e.topic) o
         ORDER BY o.topic = p_topic DESC, o.n DESC, o.topic
         LIMIT 1;
        IF other_topic <> p_topic THEN
            outcome := 'another_topic';
            RETURN;
        END IF;
        other_topic := NULL;
        devices := NULL;
    END IF;

    IF v_former.not_after > v_not_after AND NOT p_older THEN
        outcome := 'older';
        not_after := @revision@.rfc3339_seconds(v_former.not_after);
        RETURN;
    END IF;

    IF p_private_key IS NULL AND v_former.public_key IS DISTINCT FROM p_public_key THEN
        outcome := 'no_key';
        RETURN;
    END IF;

    DELETE FROM mdm.push_request r
     WHERE r.tenant_id = p_tenant_id AND r.public_key = p_public_key
    RETURNING r.apple_account, r.note INTO v_asked;

    -- The parameters once more in place of "excluded", and a key that stays in a
    -- statement of its own: only who may read the key could name either.
    IF p_private_key IS NOT NULL THEN
        INSERT INTO mdm.push_certificate AS c
               (tenant_id, topic, certificate, private_key, not_before, not_after, subject,
                issuer, serial, fingerprint)
        VALUES (p_tenant_id, p_topic, p_certificate, p_private_key, v_not_before,
                v_not_after, p_subject, p_issuer, p_serial, p_fingerprint)
        ON CONFLICT (tenant_id, topic) DO UPDATE
           SET version = c.version + 1, private_key = p_private_key
        RETURNING c.version INTO v_version;
    ELSE
        UPDATE mdm.push_certificate c
           SET version = c.version + 1
         WHERE c.tenant_id = p_tenant_id AND c.topic = p_topic
        RETURNING c.version INTO v_version;
    END IF;

    UPDATE mdm.push_certificate c
       SET certificate = p_certificate, not_before = v_not_before, not_after = v_not_after,
           subject = p_subject, issuer = p_issuer, serial = p_serial,
           fingerprint = p_fingerprint, public_key = p_public_key, stored_at = now(),
           development = coalesce(p_development, c.development),
           apple_account = coalesce(p_apple_account, v_asked.apple_account, c.apple_account),
           note = coalesce(p_note, v_asked.note, c.note),
           warned_days = NULL
     WHERE c.tenant_id = p_tenant_id AND c.topic = p_topic;

    v_dates := jsonb_strip_nulls(jsonb_build_object(
        'topic', p_topic, 'version', v_version,
        'not_before', @revision@.rfc3339(v_not_before),
        'not_after', @revision@.rfc3339(v_not_after),
        'former_not_after', @revision@.rfc3339(v_former.not_after)));

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'push_certificate_store',
            v_dates || jsonb_build_object('serial', p_serial,
                                          'fingerprint', encode(p_fingerprint, 'hex')));
    INSERT INTO mdm.event (tenant_id, type, data)
    VALUES (p_tenant_id, 'push_certificate_stored', v_dates);

    PERFORM @revision@.push_topic_ready(p_tenant_id, p_topic, 'renewed');

    outcome := CASE WHEN v_version = 1 THEN 'new' ELSE 'replaced' END;
    version := v_version;
    not_after := @revision@.rfc3339_seconds(v_not_after);
END
$$;

COMMENT ON FUNCTION @revision@.push_certificate_store IS
'Stores the certificate (DER) and the sealed key of a push topic, in place of those it
had, whose key stays when p_private_key is null. Both times are seconds since 1970.
Whether they belong together, and to the topic, the caller knows. p_public_key: SHA-256;
an open request of this key is used up. What p_development, p_apple_account and p_note
do not say stays as it was, or was asked with. All that stopped pushes of the topic is
taken back. outcome: new; replaced; and of what was not stored: no_key (p_private_key is
null, and its key is not here); another_topic (the tenant has no certificate of this
topic, and its live devices have other_topic, devices of them; p_new_topic: stored all
the same); older (the stored one is valid longer, until not_after; p_older: stored all the
same).';

CREATE FUNCTION @revision@.rfc3339_seconds(p_time timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');

COMMENT ON FUNCTION @revision@.rfc3339_seconds IS
'A time without milliseconds, as NanoMDM''s API writes those of certificates.';

CREATE FUNCTION @revision@.push_certificate_get(p_tenant_id bigint, p_topic text)
RETURNS TABLE (topic text, not_after text)
LANGUAGE plpgsql ROWS 1 AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    RETURN QUERY
    SELECT c.topic::text, @revision@.rfc3339_seconds(c.not_after)
      FROM mdm.push_certificate c
     WHERE c.tenant_id = p_tenant_id AND c.topic = p_topic;
END
$$;

COMMENT ON FUNCTION @revision@.push_certificate_get IS
'Until when the certificate of a topic is valid. No row: there is none.';

CREATE FUNCTION @revision@.push_certificate_list(
    p_tenant_id  bigint,
    p_after      text,
    p_limit      integer)
RETURNS TABLE (topic text, not_after text, days_left integer, subject text, issuer text,
               serial text, fingerprint text, version integer, development boolean,
               apple_account text, note text, stored_at text, "cursor" text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    RETURN QUERY
    SELECT c.topic::text, @revision@.rfc3339(c.not_after),
           floor(extract(epoch FROM c.not_after - now()) / 86400)::integer,
           c.subject, c.issuer, c.serial, encode(c.fingerprint, 'hex'), c.version,
           c.development, c.apple_account, c.note, @revision@.rfc3339(c.stored_at),
           c.topic::text
      FROM mdm.push_certificate c
     WHERE c.tenant_id = p_tenant_id AND c.topic > p_after
     ORDER BY c.topic
     LIMIT p_limit;
END
$$;

COMMENT ON FUNCTION @revision@.push_certificate_list IS
'The push certificates of a tenant by topic, from p_after (a topic, or empty) on, at
most p_limit. days_left: whole days; below 0 when it has expired.';

CREATE FUNCTION @revision@.push_request_create(
    p_tenant_id      bigint,
    p_actor          text,
    p_remote         text,
    p_public_key     bytea,
    p_private_key    bytea,
    p_request        text,
    p_subject        text,
    p_apple_account  text,
    p_note           text,
    OUT outcome      text,
    OUT created_at   text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    -- One at a time, or two at once would both find room for one.
    PERFORM pg_advisory_xact_lock(hashtextextended('push_request', p_tenant_id));
    IF (SELECT count(*) FROM mdm.push_request r WHERE r.tenant_id = p_tenant_id) >= 16 THEN
        outcome := 'too_many';
        RETURN;
    END IF;

    INSERT INTO mdm.push_request
           (tenant_id, public_key, private_key, request, subject, actor, apple_account,
            note)
    VALUES (p_tenant_id, p_public_key, p_private_key, p_request, p_subject, p_actor,
            p_apple_account, p_note);
    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'push_request_create', jsonb_build_object(
            'subject', p_subject, 'public_key_sha256', encode(p_public_key, 'hex')));

    outcome := 'ok';
    created_at := @revision@.rfc3339(now());
END
$$;

COMMENT ON FUNCTION @revision@.push_request_create IS
'Keeps a certificate request and its sealed key until the certificate comes.
p_public_key: SHA-256. outcome: ok; too_many (there are 16 already).';

CREATE FUNCTION @revision@.push_request_list(p_tenant_id bigint)
RETURNS TABLE (public_key_sha256 text, subject text, apple_account text, note text,
               actor text, created_at text, expires_at text, request text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    RETURN QUERY
    SELECT encode(r.public_key, 'hex'), r.subject, r.apple_account, r.note, r.actor,
           @revision@.rfc3339(r.created_at),
           @revision@.rfc3339(r.created_at + interval '90 days'), r.request
      FROM mdm.push_request r
     WHERE r.tenant_id = p_tenant_id
     ORDER BY r.created_at DESC, r.public_key;
END
$$;

COMMENT ON FUNCTION @revision@.push_request_list IS
'The open requests of a tenant, the newest first: few, see push_request_create().';

CREATE FUNCTION @revision@.push_request_delete(
    p_tenant_id   bigint,
    p_actor       text,
    p_remote      text,
    p_public_key  bytea,
    OUT outcome   text)
LANGUAGE plpgsql AS $$
DECLARE
    v_subject  text;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    DELETE FROM mdm.push_request r
     WHERE r.tenant_id = p_tenant_id AND r.public_key = p_public_key
    RETURNING r.subject INTO v_subject;
    IF NOT FOUND THEN
        outcome := 'none';
        RETURN;
    END IF;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'push_request_delete', jsonb_build_object(
            'subject', v_subject, 'public_key_sha256', encode(p_public_key, 'hex')));
    outcome := 'ok';
END
$$;

COMMENT ON FUNCTION @revision@.push_request_delete IS
'Gives up an open request and its key: a certificate of it needs another key then.
outcome: ok, none.';

CREATE FUNCTION @revision@.push_certificate_bound(p_not_after timestamptz)
RETURNS smallint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN p_not_after <= now() THEN 0
            WHEN p_not_after <= now() + interval '1 day' THEN 1
            WHEN p_not_after <= now() + interval '7 days' THEN 7
            WHEN p_not_after <= now() + interval '14 days' THEN 14
            WHEN p_not_after <= now() + interval '30 days' THEN 30
            WHEN p_not_after <= now() + interval '45 days' THEN 45 END;

COMMENT ON FUNCTION @revision@.push_certificate_bound IS
'Within how many days a certificate ends, of those that events tell; 0: it has.';

CREATE FUNCTION @revision@.push_certificate_watch(p_limit integer)
RETURNS TABLE (tenant text, topic text, days_left bigint)
LANGUAGE plpgsql ROWS 100 AS $$
#variable_conflict use_column
DECLARE
    v_tenants  bigint[];
    v_topics   text[];
    v_due      record;
    v_row      record;
    v_bound    smallint;
BEGIN
    -- Over all tenants only while it looks which are due.
    PERFORM set_config('mdm.tenant', '', true);
    PERFORM set_config('mdm.measure', 'on', true);
    SELECT array_agg(d.tenant_id), array_agg(d.topic) INTO v_tenants, v_topics
      FROM (SELECT c.tenant_id, c.topic
              FROM mdm.push_certificate c
             WHERE c.not_after <= now() + interval '45 days'
               AND coalesce(c.warned_days, 100)
                   > @revision@.push_certificate_bound(c.not_after)
             ORDER BY c.not_after
             LIMIT p_limit) d;
    PERFORM set_config('mdm.measure', '', true);

    FOR v_due IN
        SELECT * FROM unnest(v_tenants, v_topics) AS d (tenant_id, topic)
    LOOP
        PERFORM set_config('mdm.tenant', v_due.tenant_id::text, true);
        SELECT c.not_after, c.warned_days, c.apple_account INTO v_row
          FROM mdm.push_certificate c
         WHERE c.tenant_id = v_due.tenant_id AND c.topic = v_due.topic
           FOR UPDATE SKIP LOCKED;
        v_bound := @revision@.push_certificate_bound(v_row.not_after);
        CONTINUE WHEN v_bound IS NULL OR coalesce(v_row.warned_days, 100) <= v_bound;

        tenant := @revision@.tenant_name(v_due.tenant_id);
        topic := v_due.topic;
        days_left := CASE WHEN v_bound > 0 THEN
            floor(extract(epoch FROM v_row.not_after - now()) / 86400) END;

        UPDATE mdm.push_certificate c
           SET warned_days = v_bound
         WHERE c.tenant_id = v_due.tenant_id AND c.topic = v_due.topic;
        INSERT INTO mdm.event (tenant_id, type, data)
        VALUES (v_due.tenant_id,
                CASE v_bound WHEN 0 THEN 'push_certificate_expired'
                     ELSE 'push_certificate_expiring' END,
                jsonb_strip_nulls(jsonb_build_object(
                    'topic', v_due.topic, 'not_after', @revision@.rfc3339(v_row.not_after),
                    'days_left', days_left, 'apple_account', v_row.apple_account)));
        RETURN NEXT;
    END LOOP;

    PERFORM set_config('mdm.tenant', '', true);
    FOR v_due IN
        SELECT r.tenant_id, r.public_key
          FROM mdm.push_request r
         WHERE r.created_at < now() - interval '90 days'
         ORDER BY r.created_at
         LIMIT p_limit
    LOOP
        PERFORM set_config('mdm.tenant', v_due.tenant_id::text, true);
        DELETE FROM mdm.push_request r
         WHERE r.tenant_id = v_due.tenant_id AND r.public_key = v_due.public_key
           AND r.created_at < now() - interval '90 days';
    END LOOP;

    PERFORM set_config('mdm.tenant', '', true);
END
$$;

COMMENT ON FUNCTION @revision@.push_certificate_watch IS
'After sweep(): an event when a push certificate ends within 45, 30, 14, 7 and 1 days
and when it has ended, one each, of those that have passed the last alone; and requests
go that wait for their certificate for 90 days. A row for each event, for the log;
days_left: whole days, null: it has ended. Call again while there are p_limit of them.';
