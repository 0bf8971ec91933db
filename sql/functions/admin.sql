-- What mdmctl does as mdm_owner, and the check of API tokens.

CREATE FUNCTION @revision@.tenant_add(p_name text, p_hosts text[], p_device_ca text)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_id   bigint;
    v_constraint  text;
BEGIN
    INSERT INTO mdm.tenant (name, device_ca)
    VALUES (p_name, coalesce(p_device_ca, ''))
    RETURNING tenant_id INTO v_tenant_id;

    INSERT INTO mdm.tenant_host (host, tenant_id)
    SELECT DISTINCT lower(h), v_tenant_id FROM unnest(p_hosts) AS h;

    PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
    INSERT INTO mdm.audit (tenant_id, actor, action, detail)
    VALUES (v_tenant_id, 'mdmctl', 'tenant_add', jsonb_build_object('hosts', p_hosts));
    RETURN v_tenant_id;
EXCEPTION
    WHEN check_violation OR unique_violation THEN
        GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME;
        RAISE EXCEPTION '%', CASE v_constraint
            WHEN 'tenant_name_check' THEN format(
                '"%s" cannot be a tenant''s name: write 1 to 63 small letters, digits '
                'and hyphens, with no hyphen at either end', p_name)
            WHEN 'tenant_name' THEN format('there is a tenant "%s" already', p_name)
            WHEN 'tenant_host_pkey' THEN 'another tenant has one of these hosts'
            ELSE sqlerrm END
            USING ERRCODE = sqlstate;
END
$$;

COMMENT ON FUNCTION @revision@.tenant_add IS
'Creates a tenant with its hosts; returns its id. Raises when the name or a host
is taken or not allowed.';

CREATE FUNCTION @revision@.tenant_set_device_ca(p_name text, p_device_ca text)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_id  bigint;
BEGIN
    UPDATE mdm.tenant t
       SET device_ca = p_device_ca, version = t.version + 1,
           changed_xid = pg_current_xact_id()
     WHERE t.name = p_name
    RETURNING t.tenant_id INTO v_tenant_id;
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
    INSERT INTO mdm.audit (tenant_id, actor, action, detail)
    VALUES (v_tenant_id, 'mdmctl', 'tenant_set_device_ca', jsonb_build_object(
               'cas', regexp_count(p_device_ca, '-----BEGIN CERTIFICATE-----')));
    RETURN true;
END
$$;

COMMENT ON FUNCTION @revision@.tenant_set_device_ca IS
'Replaces the CAs (PEM) of a tenant''s devices and tells the workers; false when
there is no such tenant.';

CREATE FUNCTION @revision@.tenant_set_settings(p_name text, p_settings text)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_id  bigint;
BEGIN
    UPDATE mdm.tenant t
       SET settings = jsonb_strip_nulls(t.settings || p_settings::jsonb),
           version = t.version + 1, changed_xid = pg_current_xact_id()
     WHERE t.name = p_name
    RETURNING t.tenant_id INTO v_tenant_id;
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
    INSERT INTO mdm.audit (tenant_id, actor, action, detail)
    VALUES (v_tenant_id, 'mdmctl', 'tenant_set_settings', p_settings::jsonb);
    RETURN true;
END
$$;

COMMENT ON FUNCTION @revision@.tenant_set_settings IS
'Changes settings of a tenant, the members of a JSON object, where null removes one, and
tells the workers; false when there is no such tenant. Settings: strict (boolean),
unknown_facts ("refuse"), access_rights (what its devices granted, a number).';

CREATE FUNCTION @revision@.tenant_set_hosts(p_name text, p_hosts text[])
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_id   bigint;
    v_hosts       text[] := ARRAY(SELECT DISTINCT lower(h) FROM unnest(p_hosts) AS h);
    v_constraint  text;
BEGIN
    UPDATE mdm.tenant t
       SET version = t.version + 1, changed_xid = pg_current_xact_id()
     WHERE t.name = p_name
    RETURNING t.tenant_id INTO v_tenant_id;
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    DELETE FROM mdm.tenant_host o
     WHERE o.tenant_id = v_tenant_id AND o.host <> ALL (v_hosts);
    INSERT INTO mdm.tenant_host (host, tenant_id)
    SELECT h, v_tenant_id
      FROM unnest(v_hosts) AS h
     WHERE NOT EXISTS (SELECT FROM mdm.tenant_host o
                        WHERE o.host = h AND o.tenant_id = v_tenant_id);

    PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
    INSERT INTO mdm.audit (tenant_id, actor, action, detail)
    VALUES (v_tenant_id, 'mdmctl', 'tenant_set_hosts',
            jsonb_build_object('hosts', v_hosts));
    RETURN true;
EXCEPTION
    WHEN unique_violation THEN
        GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME;
        RAISE EXCEPTION '%', CASE v_constraint
            WHEN 'tenant_host_pkey' THEN 'another tenant has one of these hosts'
            ELSE sqlerrm END
            USING ERRCODE = sqlstate;
END
$$;

COMMENT ON FUNCTION @revision@.tenant_set_hosts IS
'Replaces the hosts of a tenant and tells the workers; false when there is no such
tenant. Raises when another tenant has one of them.';

CREATE FUNCTION @revision@.tenant_list()
RETURNS TABLE (tenant_id bigint, name text, hosts text, cas integer, version bigint,
               settings text, created_at text, policies text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT t.tenant_id, t.name,
           (SELECT string_agg(h.host, ', ' ORDER BY h.host)
              FROM mdm.tenant_host h
             WHERE h.tenant_id = t.tenant_id),
           regexp_count(t.device_ca, '-----BEGIN CERTIFICATE-----'),
           t.version, t.settings::text, @revision@.rfc3339(t.created_at),
           (SELECT string_agg(s.key || '=' || CASE s.value WHEN 'true' THEN 'on'
                                                           ELSE s.value #>> '{}' END,
                              ' ' ORDER BY s.key)
              FROM jsonb_each(t.settings) AS s
             WHERE s.value <> 'false')
      FROM mdm.tenant t
     ORDER BY t.name;
END
$$;

COMMENT ON FUNCTION @revision@.tenant_list IS
'All tenants by name; hosts joined by commas; cas: how many CAs they have; policies: the
settings as mdmctl takes them.';

CREATE FUNCTION @revision@.token_check(p_hash bytea)
RETURNS TABLE (tenant_id bigint, token_id bigint, name text, scopes text)
LANGUAGE plpgsql ROWS 1 AS $$
#variable_conflict use_column
DECLARE
    v_token  mdm.api_token;
BEGIN
    PERFORM set_config('mdm.token_hash', encode(p_hash, 'hex'), true);
    SELECT * INTO v_token
      FROM mdm.api_token t
     WHERE t.token_hash = p_hash AND t.revoked_at IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    -- Exact to an hour, so that a busy token does not write with every request.
    IF v_token.last_used_at IS NULL OR v_token.last_used_at < now() - interval '1 hour' THEN
        PERFORM set_config('mdm.tenant', v_token.tenant_id::text, true);
        UPDATE mdm.api_token t
           SET last_used_at = now()
         WHERE t.tenant_id = v_token.tenant_id
           AND t.token_id = v_token.token_id
           AND t.last_used_at IS NOT DISTINCT FROM v_token.last_used_at;
    END IF;

    RETURN QUERY SELECT v_token.tenant_id, v_token.token_id, v_token.name,
                        array_to_string(v_token.scopes, ',');
END
$$;

COMMENT ON FUNCTION @revision@.token_check IS
'Whose token has this SHA-256? scopes are joined by commas. No row: there is no
such token, or it was revoked.';

CREATE FUNCTION @revision@.token_add(
    p_tenant  text,
    p_name    text,
    p_hash    bytea,
    p_scopes  text[])
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_id  bigint;
    v_token_id   bigint;
    v_unknown    text;
BEGIN
    SELECT s INTO v_unknown
      FROM unnest(p_scopes) AS s
     WHERE s IS NULL OR s <> ALL (ARRAY['read', 'command', 'destructive', 'secrets', 'admin',
                             'host'])
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no scope "%": write read, command, destructive, '
            'secrets, admin or host', v_unknown
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    SELECT t.tenant_id INTO v_tenant_id FROM mdm.tenant t WHERE t.name = p_tenant;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
    INSERT INTO mdm.api_token (tenant_id, name, token_hash, scopes)
    VALUES (v_tenant_id, p_name, p_hash, p_scopes)
    ON CONFLICT (token_hash) DO NOTHING
    RETURNING token_id INTO v_token_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this token is registered already, perhaps as a revoked one'
            USING ERRCODE = 'unique_violation';
    END IF;
    INSERT INTO mdm.audit (tenant_id, actor, action, detail)
    VALUES (v_tenant_id, 'mdmctl', 'token_add',
            jsonb_build_object('token_id', v_token_id, 'name', p_name,
                               'scopes', p_scopes));
    RETURN v_token_id;
END
$$;

COMMENT ON FUNCTION @revision@.token_add IS
'Stores an API token by its SHA-256; returns its id, or null when there is no such
tenant. Raises when a scope is unknown or the token is registered already.';

CREATE FUNCTION @revision@.token_list(p_tenant text)
RETURNS TABLE (token_id bigint, tenant text, name text, scopes text, created_at text,
               revoked_at text, last_used_at text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_tenant  record;
BEGIN
    FOR v_tenant IN
        SELECT t.tenant_id, t.name
          FROM mdm.tenant t
         WHERE p_tenant IS NULL OR t.name = p_tenant
         ORDER BY t.name
    LOOP
        PERFORM set_config('mdm.tenant', v_tenant.tenant_id::text, true);
        RETURN QUERY
        SELECT t.token_id, v_tenant.name, t.name, array_to_string(t.scopes, ','),
               @revision@.rfc3339(t.created_at), @revision@.rfc3339(t.revoked_at),
               @revision@.rfc3339(t.last_used_at)
          FROM mdm.api_token t
         WHERE t.tenant_id = v_tenant.tenant_id
         ORDER BY t.token_id;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.token_list IS
'The API tokens of a tenant, or of all when p_tenant is null; also revoked ones.';

CREATE FUNCTION @revision@.token_revoke(p_token_id bigint)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_id  bigint;
BEGIN
    FOR v_tenant_id IN SELECT t.tenant_id FROM mdm.tenant t LOOP
        PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
        UPDATE mdm.api_token t
           SET revoked_at = now()
         WHERE t.tenant_id = v_tenant_id
           AND t.token_id = p_token_id
           AND t.revoked_at IS NULL;
        IF FOUND THEN
            INSERT INTO mdm.audit (tenant_id, actor, action, detail)
            VALUES (v_tenant_id, 'mdmctl', 'token_revoke',
                    jsonb_build_object('token_id', p_token_id));
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END
$$;

COMMENT ON FUNCTION @revision@.token_revoke IS
'Revokes an API token at once; false when there is no such valid token.';

CREATE FUNCTION @revision@.enrollment_known(
    p_tenant_id  bigint,
    p_device_id  text,
    p_user_id    text)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    RETURN EXISTS (SELECT FROM mdm.enrollment e
                    WHERE e.tenant_id = p_tenant_id
                      AND e.device_id = p_device_id
                      AND e.user_id = p_user_id);
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_known IS
'Was this channel ever enrolled?';

CREATE FUNCTION @revision@.secret_key_register(p_key_id bytea, p_check_value bytea)
RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mdm.secret_key (key_id, check_value)
    VALUES (p_key_id, p_check_value)
    ON CONFLICT (key_id) DO NOTHING;
    IF FOUND THEN
        RETURN 'ok';
    END IF;
    UPDATE mdm.secret_key k
       SET retired_at = NULL
     WHERE k.key_id = p_key_id AND k.retired_at IS NOT NULL;
    RETURN CASE WHEN FOUND THEN 'ok' ELSE 'repeated' END;
END
$$;

COMMENT ON FUNCTION @revision@.secret_key_register IS
'Makes a key known by its id and a value sealed with it; a retired key comes back
into use. Outcomes: ok, repeated.';

CREATE FUNCTION @revision@.secret_key_retire(p_key_id bytea)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE mdm.secret_key k
       SET retired_at = now()
     WHERE k.key_id = p_key_id AND k.retired_at IS NULL;
    RETURN FOUND;
END
$$;

COMMENT ON FUNCTION @revision@.secret_key_retire IS
'Workers no longer need this key. Only after every value was sealed anew.';

CREATE FUNCTION @revision@.written_id(p_device_id text, p_user_id text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN p_device_id || CASE WHEN p_user_id = '' THEN '' ELSE ':' || (
        SELECT string_agg(
                   CASE WHEN c.letter COLLATE "C" ~ '[A-Za-z0-9._~@-]' THEN c.letter
                        ELSE upper(regexp_replace(
                                 encode(convert_to(c.letter, 'UTF8'), 'hex'),
                                 '(..)', '%\1', 'g')) END, '' ORDER BY c.place)
          FROM regexp_split_to_table(p_user_id, '') WITH ORDINALITY AS c (letter, place))
        END;
END
$$;

COMMENT ON FUNCTION @revision@.written_id IS
'The id of a channel as it is written for people and as the seals of its values
name it: the device id, and for a user a colon and the user id, percent-encoded.';

CREATE FUNCTION @revision@.rekey_batch(
    p_kind    text,
    p_key_id  bytea,
    p_after   text,
    p_limit   integer)
RETURNS TABLE ("position" text, tenant_id bigint, "row" text, value bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_part       text[] := string_to_array(p_after, chr(10));
    v_left       integer := p_limit;
    v_found      integer;
    v_tenant_id  bigint;
BEGIN
    FOR v_tenant_id IN
        SELECT t.tenant_id
          FROM mdm.tenant t
         WHERE t.tenant_id >= coalesce(v_part[1]::bigint, 0)
         ORDER BY t.tenant_id
    LOOP
        PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
        IF v_tenant_id <> v_part[1]::bigint THEN
            v_part := '{}';
        END IF;

        CASE p_kind
        WHEN 'command' THEN
            RETURN QUERY
            SELECT concat_ws(chr(10), v_tenant_id, c.command_id, @revision@.micros(c.created_at)),
                   v_tenant_id, c.command_uuid::text, c.payload
              FROM mdm.command c
             WHERE c.tenant_id = v_tenant_id
               AND c.command_id > coalesce(v_part[2]::bigint, 0)
               AND substr(c.payload, 1, octet_length(p_key_id)) <> p_key_id
             ORDER BY c.command_id
             LIMIT v_left;

        WHEN 'report' THEN
            RETURN QUERY
            SELECT concat_ws(chr(10), v_tenant_id, r.enrollment_id, r.command_uuid,
                             @revision@.micros(r.finished_at)),
                   v_tenant_id,
                   @revision@.written_id(e.device_id, e.user_id) || '/' || r.command_uuid,
                   r.report
              FROM (SELECT *
                      FROM mdm.result r
                     WHERE r.tenant_id = v_tenant_id
                       AND (r.enrollment_id, r.command_uuid,
                            @revision@.micros(r.finished_at)) >
                           (coalesce(v_part[2]::bigint, 0), coalesce(v_part[3], ''),
                            coalesce(v_part[4]::bigint, 0))
                       AND substr(r.report, 1, octet_length(p_key_id)) <> p_key_id
                     ORDER BY r.enrollment_id, r.command_uuid, r.finished_at
                     LIMIT v_left) r
              JOIN mdm.enrollment e ON e.tenant_id = v_tenant_id
                                   AND e.enrollment_id = r.enrollment_id
             ORDER BY r.enrollment_id, r.command_uuid, r.finished_at;

        WHEN 'message' THEN
            RETURN QUERY
            SELECT concat_ws(chr(10), v_tenant_id, v.xid, v.event_id,
                             @revision@.micros(v.at)),
                   v_tenant_id,
                   @revision@.written_id(v.data ->> 'device_id', v.data ->> 'user_id'),
                   v.payload
              FROM mdm.event v
             WHERE v.tenant_id = v_tenant_id
               AND (v.xid, v.event_id) >
                   (coalesce(v_part[2], '0')::xid8, coalesce(v_part[3]::bigint, 0))
               AND substr(v.payload, 1, octet_length(p_key_id)) <> p_key_id
             ORDER BY v.xid, v.event_id
             LIMIT v_left;

        WHEN 'push_key' THEN
            RETURN QUERY
            SELECT concat_ws(chr(10), v_tenant_id, c.topic), v_tenant_id, c.topic::text,
                   c.private_key
              FROM mdm.push_certificate c
             WHERE c.tenant_id = v_tenant_id
               AND c.topic > coalesce(v_part[2], '')
               AND substr(c.private_key, 1, octet_length(p_key_id)) <> p_key_id
             ORDER BY c.topic
             LIMIT v_left;

        WHEN 'push_request' THEN
            RETURN QUERY
            SELECT concat_ws(chr(10), v_tenant_id, encode(r.public_key, 'hex')),
                   v_tenant_id, encode(r.public_key, 'hex'), r.private_key
              FROM mdm.push_request r
             WHERE r.tenant_id = v_tenant_id
               AND r.public_key > decode(coalesce(v_part[2], ''), 'hex')
               AND substr(r.private_key, 1, octet_length(p_key_id)) <> p_key_id
             ORDER BY r.public_key
             LIMIT v_left;

        WHEN 'profile' THEN
            RETURN QUERY
            SELECT concat_ws(chr(10), v_tenant_id, p.profile_uuid), v_tenant_id,
                   p.profile_uuid::text, p.content
              FROM mdm.profile p
             WHERE p.tenant_id = v_tenant_id
               AND p.profile_uuid > coalesce(v_part[2], '')
               AND substr(p.content, 1, octet_length(p_key_id)) <> p_key_id
             ORDER BY p.profile_uuid
             LIMIT v_left;

        WHEN 'signing_key' THEN
            RETURN QUERY
            SELECT concat_ws(chr(10), v_tenant_id, encode(c.fingerprint, 'hex')),
                   v_tenant_id, encode(c.fingerprint, 'hex'), c.private_key
              FROM mdm.signing_certificate c
             WHERE c.tenant_id = v_tenant_id
               AND v_part[2] IS NULL
               AND substr(c.private_key, 1, octet_length(p_key_id)) <> p_key_id
             LIMIT v_left;

        ELSE
            RETURN QUERY
            SELECT concat_ws(chr(10), v_tenant_id, s.enrollment_id, s.secret_id),
                   v_tenant_id, @revision@.written_id(e.device_id, e.user_id), s.value
              FROM (SELECT *
                      FROM mdm.secret s
                     WHERE s.tenant_id = v_tenant_id
                       AND s.kind = p_kind
                       AND (s.enrollment_id, s.secret_id) >
                           (coalesce(v_part[2]::bigint, 0), coalesce(v_part[3]::bigint, 0))
                       AND substr(s.value, 1, octet_length(p_key_id)) <> p_key_id
                     ORDER BY s.enrollment_id, s.secret_id
                     LIMIT v_left) s
              JOIN mdm.enrollment e ON e.tenant_id = v_tenant_id
                                   AND e.enrollment_id = s.enrollment_id
             ORDER BY s.enrollment_id, s.secret_id;
        END CASE;

        GET DIAGNOSTICS v_found = ROW_COUNT;
        v_left := v_left - v_found;
        EXIT WHEN v_left <= 0;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.rekey_batch IS
'The next values that are not sealed with the key p_key_id, over all tenants.
p_kind: command, report, message (of an event), push_key, push_request, profile,
signing_key, or a kind of secret; p_after: the position of the last row of the batch
before, or empty. row: what the seal is tied to besides tenant and kind: the CommandUUID
of a command, the topic of a push key, the public key of a request, the id of a profile, the fingerprint of a signing key, the written
id of the channel of a secret or message, and that and the CommandUUID with a slash
between them of a report.';

CREATE FUNCTION @revision@.secret_kinds() RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_id  bigint;
    v_kinds      text[] := '{}';
BEGIN
    FOR v_tenant_id IN SELECT t.tenant_id FROM mdm.tenant t LOOP
        PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
        v_kinds := v_kinds || ARRAY(SELECT DISTINCT s.kind
                                      FROM mdm.secret s
                                     WHERE s.tenant_id = v_tenant_id);
    END LOOP;
    RETURN QUERY SELECT DISTINCT k FROM unnest(v_kinds) AS k ORDER BY k;
END
$$;

COMMENT ON FUNCTION @revision@.secret_kinds IS
'The kinds of secrets in escrow, over all tenants: plugins make new ones.';

CREATE FUNCTION @revision@.micros(p_time timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (extract(epoch FROM p_time) * 1000000)::bigint;

COMMENT ON FUNCTION @revision@.micros IS 'A time as microseconds since 1970, exactly.';

CREATE FUNCTION @revision@.rekey_store(
    p_kind      text,
    p_position  text,
    p_old       bytea,
    p_new       bytea)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_part       text[] := string_to_array(p_position, chr(10));
    v_tenant_id  bigint := v_part[1]::bigint;
BEGIN
    PERFORM set_config('mdm.tenant', v_tenant_id::text, true);

    CASE p_kind
    WHEN 'command' THEN
        UPDATE mdm.command c
           SET payload = p_new
         WHERE c.tenant_id = v_tenant_id
           AND c.command_id = v_part[2]::bigint
           AND @revision@.micros(c.created_at) = v_part[3]::bigint
           AND c.payload = p_old;
    WHEN 'report' THEN
        UPDATE mdm.result r
           SET report = p_new
         WHERE r.tenant_id = v_tenant_id
           AND r.enrollment_id = v_part[2]::bigint
           AND r.command_uuid = v_part[3]
           AND @revision@.micros(r.finished_at) = v_part[4]::bigint
           AND r.report = p_old;
    WHEN 'message' THEN
        UPDATE mdm.event v
           SET payload = p_new
         WHERE v.tenant_id = v_tenant_id
           AND v.xid = v_part[2]::xid8
           AND v.event_id = v_part[3]::bigint
           AND v.at = to_timestamp(0) + v_part[4]::bigint * interval '1 microsecond'
           AND v.payload = p_old;
    WHEN 'push_key' THEN
        UPDATE mdm.push_certificate c
           SET private_key = p_new
         WHERE c.tenant_id = v_tenant_id
           AND c.topic = v_part[2]
           AND c.private_key = p_old;
    WHEN 'push_request' THEN
        UPDATE mdm.push_request r
           SET private_key = p_new
         WHERE r.tenant_id = v_tenant_id
           AND r.public_key = decode(v_part[2], 'hex')
           AND r.private_key = p_old;
    WHEN 'profile' THEN
        UPDATE mdm.profile p
           SET content = p_new
         WHERE p.tenant_id = v_tenant_id
           AND p.profile_uuid = v_part[2]
           AND p.content = p_old;
    WHEN 'signing_key' THEN
        UPDATE mdm.signing_certificate c
           SET private_key = p_new
         WHERE c.tenant_id = v_tenant_id
           AND c.private_key = p_old;
    ELSE
        UPDATE mdm.secret s
           SET value = p_new
         WHERE s.tenant_id = v_tenant_id
           AND s.enrollment_id = v_part[2]::bigint
           AND s.kind = p_kind
           AND s.secret_id = v_part[3]::bigint
           AND s.value = p_old;
    END CASE;
    RETURN FOUND;
END
$$;

COMMENT ON FUNCTION @revision@.rekey_store IS
'Replaces one value that rekey_batch() gave, by its position, unless it has changed
since; false then.';

CREATE FUNCTION @revision@.rekey_left(p_key_id bytea)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_id  bigint;
    v_left       bigint := 0;
BEGIN
    FOR v_tenant_id IN SELECT t.tenant_id FROM mdm.tenant t LOOP
        PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
        v_left := v_left
            + (SELECT count(*) FROM mdm.command c
                WHERE c.tenant_id = v_tenant_id
                  AND substr(c.payload, 1, octet_length(p_key_id)) = p_key_id)
            + (SELECT count(*) FROM mdm.result r
                WHERE r.tenant_id = v_tenant_id
                  AND substr(r.report, 1, octet_length(p_key_id)) = p_key_id)
            + (SELECT count(*) FROM mdm.event v
                WHERE v.tenant_id = v_tenant_id
                  AND substr(v.payload, 1, octet_length(p_key_id)) = p_key_id)
            + (SELECT count(*) FROM mdm.push_certificate c
                WHERE c.tenant_id = v_tenant_id
                  AND substr(c.private_key, 1, octet_length(p_key_id)) = p_key_id)
            + (SELECT count(*) FROM mdm.push_request r
                WHERE r.tenant_id = v_tenant_id
                  AND substr(r.private_key, 1, octet_length(p_key_id)) = p_key_id)
            + (SELECT count(*) FROM mdm.profile p
                WHERE p.tenant_id = v_tenant_id
                  AND substr(p.content, 1, octet_length(p_key_id)) = p_key_id)
            + (SELECT count(*) FROM mdm.signing_certificate c
                WHERE c.tenant_id = v_tenant_id
                  AND substr(c.private_key, 1, octet_length(p_key_id)) = p_key_id)
            + (SELECT count(*) FROM mdm.secret s
                WHERE s.tenant_id = v_tenant_id
                  AND substr(s.value, 1, octet_length(p_key_id)) = p_key_id);
    END LOOP;
    RETURN v_left;
END
$$;

COMMENT ON FUNCTION @revision@.rekey_left IS
'How many values are still sealed with this key; it may be retired at 0.';

CREATE FUNCTION @revision@.partition_drop(p_table text, p_before timestamptz)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_partition  record;
    v_oldest     timestamptz := p_before;
    v_tenant_id  bigint;
    v_needed     timestamptz;
    v_count      integer := 0;
BEGIN
    IF p_table NOT IN ('command', 'result', 'event') THEN
        RAISE EXCEPTION 'table "%" has no partitions', p_table
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    -- The payload of a command must outlive its last row in the queue.
    IF p_table = 'command' THEN
        LOCK TABLE mdm.queue IN SHARE MODE;
        FOR v_tenant_id IN SELECT t.tenant_id FROM mdm.tenant t LOOP
            PERFORM set_config('mdm.tenant', v_tenant_id::text, true);
            SELECT min(q.command_created_at) INTO v_needed FROM mdm.queue q
             WHERE q.tenant_id = v_tenant_id;
            v_oldest := least(v_oldest, v_needed);
        END LOOP;
    END IF;

    FOR v_partition IN
        SELECT c.relname,
               (to_date(right(c.relname, 8), 'YYYYMMDD') + 7)::timestamp
                   AT TIME ZONE 'UTC' AS ends_at
          FROM pg_inherits i
          JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = ('mdm.' || p_table)::regclass
         ORDER BY c.relname
    LOOP
        EXIT WHEN v_partition.ends_at > v_oldest;
        EXECUTE format('DROP TABLE mdm.%I', v_partition.relname);
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END
$$;

COMMENT ON FUNCTION @revision@.partition_drop IS
'Drops the weekly partitions of command, result or event that end before p_before;
returns how many. Partitions of command that the queue needs stay.';
