-- Push certificates: storing and looking, and what stands between a push and
-- its device.

CREATE FUNCTION @revision@.push_certificate_store(
    p_tenant_id    bigint,
    p_actor        text,
    p_remote       text,
    p_topic        text,
    p_certificate  bytea,
    p_private_key  bytea,
    p_not_before   bigint,
    p_not_after    bigint,
    p_subject      text,
    p_issuer       text,
    p_serial       text,
    p_fingerprint  bytea,
    OUT outcome    text,
    OUT version    integer,
    OUT not_after  text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_former      timestamptz;
    v_not_before  timestamptz := to_timestamp(p_not_before);
    v_not_after   timestamptz := to_timestamp(p_not_after);
    v_version     integer;
    v_dates       jsonb;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT c.not_after INTO v_former
      FROM mdm.push_certificate c
     WHERE c.tenant_id = p_tenant_id AND c.topic = p_topic
       FOR UPDATE;

    -- The parameters once more in place of "excluded", which only who may read the
    -- key could name.
    INSERT INTO mdm.push_certificate AS c
           (tenant_id, topic, certificate, private_key, not_before, not_after, subject,
            issuer, serial, fingerprint)
    VALUES (p_tenant_id, p_topic, p_certificate, p_private_key, v_not_before,
            v_not_after, p_subject, p_issuer, p_serial, p_fingerprint)
    ON CONFLICT (tenant_id, topic) DO UPDATE
       SET version = c.version + 1, certificate = p_certificate,
           private_key = p_private_key, not_before = v_not_before,
           not_after = v_not_after, subject = p_subject, issuer = p_issuer,
           serial = p_serial, fingerprint = p_fingerprint, stored_at = now()
    RETURNING c.version INTO v_version;

    v_dates := jsonb_strip_nulls(jsonb_build_object(
        'topic', p_topic, 'version', v_version,
        'not_before', @revision@.rfc3339(v_not_before),
        'not_after', @revision@.rfc3339(v_not_after),
        'former_not_after', @revision@.rfc3339(v_former)));

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'push_certificate_store',
            v_dates || jsonb_build_object('serial', p_serial,
                                          'fingerprint', encode(p_fingerprint, 'hex')));
    INSERT INTO mdm.event (tenant_id, type, data)
    VALUES (p_tenant_id, 'push_certificate_stored', v_dates);

    outcome := CASE WHEN v_version = 1 THEN 'new' ELSE 'replaced' END;
    version := v_version;
    not_after := @revision@.rfc3339_seconds(v_not_after);
END
$$;

COMMENT ON FUNCTION @revision@.push_certificate_store IS
'Stores the certificate (DER) and the sealed key of a push topic, in place of those it
had. Both times are seconds since 1970. Whether they belong together, and to the topic,
the caller knows. outcome: new, replaced.';

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
               serial text, fingerprint text, stored_at text, "cursor" text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    RETURN QUERY
    SELECT c.topic::text, @revision@.rfc3339(c.not_after),
           floor(extract(epoch FROM c.not_after - now()) / 86400)::integer,
           c.subject, c.issuer, c.serial, encode(c.fingerprint, 'hex'),
           @revision@.rfc3339(c.stored_at), c.topic::text
      FROM mdm.push_certificate c
     WHERE c.tenant_id = p_tenant_id AND c.topic > p_after
     ORDER BY c.topic
     LIMIT p_limit;
END
$$;

COMMENT ON FUNCTION @revision@.push_certificate_list IS
'The push certificates of a tenant by topic, from p_after (a topic, or empty) on, at
most p_limit. days_left: whole days; below 0 when it has expired.';

CREATE FUNCTION @revision@.push_targets(
    p_tenant_id   bigint,
    p_device_ids  text[],
    p_user_ids    text[])
RETURNS TABLE (n integer, outcome text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    RETURN QUERY
    SELECT 0, CASE WHEN EXISTS (SELECT FROM mdm.push_certificate c
                                 WHERE c.tenant_id = p_tenant_id)
                   THEN 'ok' ELSE 'no_certificate' END;

    RETURN QUERY
    SELECT t.n::integer,
           CASE WHEN e.enrollment_id IS NULL THEN 'unknown'
                WHEN e.state = 'live' AND NOT EXISTS (
                     SELECT FROM mdm.push_certificate c
                      WHERE c.tenant_id = p_tenant_id AND c.topic = e.topic)
                THEN 'no_certificate'
                WHEN e.state = 'live' THEN 'ok'
                WHEN e.pending_certificate IS NOT NULL THEN 'pending'
                ELSE 'closed' END
      FROM unnest(p_device_ids, p_user_ids)
           WITH ORDINALITY AS t (device_id, user_id, n)
      LEFT JOIN LATERAL (
           SELECT * FROM mdm.enrollment e
            WHERE e.tenant_id = p_tenant_id
              AND e.device_id = t.device_id
              AND e.user_id = t.user_id) e ON true
     ORDER BY t.n;
END
$$;

COMMENT ON FUNCTION @revision@.push_targets IS
'What a push to these channels would lack. Row n = 0 is the tenant: ok, or
no_certificate (it has none at all). Then one row per target: ok; unknown; closed;
pending (enrolling, not live yet); no_certificate (none for its topic). Changes nothing.';
