-- Profiles of a tenant, and the certificate that they are signed with.

CREATE FUNCTION @revision@.profile_store(
    p_tenant_id      bigint,
    p_actor          text,
    p_remote         text,
    p_profile_uuid   text,
    p_identifier     text,
    p_payload_uuid   text,
    p_display_name   text,
    p_payloads       integer,
    p_payload_types  text[],
    p_manages        boolean,
    p_secret         boolean,
    p_signed         boolean,
    p_signer         text,
    p_wants          text[],
    p_content        bytea,
    p_digest         bytea,
    OUT outcome      text,
    OUT profile_uuid text,
    OUT current      boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_profile_id  bigint;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    -- Twice at most: who was first may have gone when he is looked for.
    LOOP
        SELECT p.profile_uuid, p.profile_id
          INTO profile_uuid, v_profile_id
          FROM mdm.profile p
         WHERE p.tenant_id = p_tenant_id
           AND p.digest = ANY (ARRAY(
               SELECT substr(p_digest, i * 32 + 1, 32)
                 FROM generate_series(0, octet_length(p_digest) / 32 - 1) i))
         ORDER BY p.profile_id DESC
         LIMIT 1;

        IF FOUND THEN
            outcome := 'same';
            current := NOT EXISTS (SELECT FROM mdm.profile n
                                    WHERE n.tenant_id = p_tenant_id
                                      AND n.identifier = p_identifier
                                      AND n.profile_id > v_profile_id);
            RETURN;
        END IF;

        INSERT INTO mdm.profile
               (tenant_id, profile_uuid, identifier, payload_uuid, display_name, payloads,
                payload_types, manages, secret, signed, signer, wants, content, digest,
                actor)
        VALUES (p_tenant_id, p_profile_uuid, p_identifier, p_payload_uuid, p_display_name,
                p_payloads, p_payload_types, p_manages, p_secret, p_signed, p_signer,
                p_wants, p_content, substr(p_digest, 1, 32), p_actor)
        ON CONFLICT (tenant_id, digest) DO NOTHING;
        EXIT WHEN FOUND;
    END LOOP;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'profile_store',
            jsonb_build_object('id', p_profile_uuid, 'identifier', p_identifier,
                               'signed', p_signed));

    outcome := 'new';
    profile_uuid := p_profile_uuid;
    current := true;
END
$$;

COMMENT ON FUNCTION @revision@.profile_store IS
'Stores a profile, sealed, unless the tenant has the very same. p_digest: its digest
under each key, of 32 bytes, the first of which is kept. outcome: new; same, and then
profile_uuid is the one that was there. current: none with its identifier is newer.';

CREATE FUNCTION @revision@.profile_list(
    p_tenant_id   bigint,
    p_after       text,
    p_limit       integer,
    p_identifier  text)
RETURNS TABLE (id text, identifier text, uuid text, display_name text, payloads integer,
               payload_types jsonb, signed boolean, signer text, manages boolean,
               secret boolean, wants jsonb, current boolean, actor text, created_at text,
               "cursor" text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_after       text[] := string_to_array(p_after, chr(10));
    v_identifier  text := coalesce(v_after[2], '');
    v_profile_id  bigint := coalesce(v_after[1]::bigint, 0);
    v_last        text := coalesce(p_identifier, repeat(chr(1114111), 256));
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    -- One identifier is a range of the index, and so are all: none is behind the last
    -- character, so many times.
    IF p_identifier IS NOT NULL AND v_identifier < p_identifier COLLATE "C" THEN
        v_identifier := p_identifier;
        v_profile_id := 0;
    END IF;

    RETURN QUERY
    SELECT p.profile_uuid::text, p.identifier::text, p.payload_uuid, p.display_name,
           p.payloads, to_jsonb(p.payload_types), p.signed, p.signer, p.manages, p.secret,
           to_jsonb(p.wants),
           NOT EXISTS (SELECT FROM mdm.profile n
                        WHERE n.tenant_id = p_tenant_id
                          AND n.identifier = p.identifier
                          AND n.profile_id > p.profile_id),
           p.actor, @revision@.rfc3339(p.created_at),
           p.profile_id || chr(10) || p.identifier
      FROM mdm.profile p
     WHERE p.tenant_id = p_tenant_id
       AND (p.identifier, p.profile_id) > (v_identifier, v_profile_id)
       AND p.identifier <= v_last
     ORDER BY p.identifier, p.profile_id
     LIMIT p_limit;
END
$$;

COMMENT ON FUNCTION @revision@.profile_list IS
'The profiles of a tenant in the order of identifiers and, of one identifier, of
storing, behind p_after, at most p_limit; p_identifier: of this one only, or null.';

CREATE FUNCTION @revision@.profile_get(
    p_tenant_id     bigint,
    p_actor         text,
    p_remote        text,
    p_profile_uuid  text,
    p_reveal        boolean)
RETURNS TABLE (content bytea, id text, identifier text, uuid text, display_name text,
               payloads integer, payload_types jsonb, signed boolean, signer text,
               manages boolean, secret boolean, wants jsonb, current boolean, actor text,
               created_at text, certificates bytea, private_key bytea, fingerprint text)
LANGUAGE plpgsql ROWS 1 AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    IF p_reveal THEN
        INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
        SELECT p_tenant_id, p_actor, p_remote, 'profile_read',
               jsonb_build_object('id', p.profile_uuid, 'identifier', p.identifier)
          FROM mdm.profile p
         WHERE p.tenant_id = p_tenant_id
           AND p.profile_uuid = p_profile_uuid
           AND p.secret;
    END IF;

    RETURN QUERY
    SELECT p.content, p.profile_uuid::text, p.identifier::text, p.payload_uuid,
           p.display_name, p.payloads, to_jsonb(p.payload_types), p.signed, p.signer,
           p.manages, p.secret, to_jsonb(p.wants),
           NOT EXISTS (SELECT FROM mdm.profile n
                        WHERE n.tenant_id = p_tenant_id
                          AND n.identifier = p.identifier
                          AND n.profile_id > p.profile_id),
           p.actor, @revision@.rfc3339(p.created_at),
           s.certificates, s.private_key, encode(s.fingerprint, 'hex')
      FROM mdm.profile p
      LEFT JOIN mdm.signing_certificate s ON s.tenant_id = p_tenant_id
     WHERE p.tenant_id = p_tenant_id
       AND p.profile_uuid = p_profile_uuid;
END
$$;

COMMENT ON FUNCTION @revision@.profile_get IS
'One profile, sealed, with what the tenant signs with: certificates, sealed key and its
row. p_reveal: its secret values will be shown, which leaves a row in the audit when it
has any. No row: there is no such profile.';

CREATE FUNCTION @revision@.profile_delete(
    p_tenant_id     bigint,
    p_actor         text,
    p_remote        text,
    p_profile_uuid  text,
    OUT outcome     text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_identifier  text;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    DELETE FROM mdm.profile p
     WHERE p.tenant_id = p_tenant_id AND p.profile_uuid = p_profile_uuid
    RETURNING p.identifier INTO v_identifier;

    IF NOT FOUND THEN
        outcome := 'unknown';
        RETURN;
    END IF;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'profile_delete',
            jsonb_build_object('id', p_profile_uuid, 'identifier', v_identifier));
    outcome := 'ok';
END
$$;

COMMENT ON FUNCTION @revision@.profile_delete IS
'Forgets a profile; commands that have it keep their copies, and devices what is
installed. outcome: ok, unknown.';

CREATE FUNCTION @revision@.signing_certificate_store(
    p_tenant_id     bigint,
    p_actor         text,
    p_remote        text,
    p_certificates  bytea,
    p_private_key   bytea,
    p_not_before    bigint,
    p_not_after     bigint,
    p_subject       text,
    p_issuer        text,
    p_serial        text,
    p_fingerprint   bytea,
    OUT outcome     text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_former      timestamptz;
    v_not_before  timestamptz := to_timestamp(p_not_before);
    v_not_after   timestamptz := to_timestamp(p_not_after);
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT c.not_after INTO v_former
      FROM mdm.signing_certificate c
     WHERE c.tenant_id = p_tenant_id
       FOR UPDATE;
    outcome := CASE WHEN FOUND THEN 'replaced' ELSE 'new' END;

    INSERT INTO mdm.signing_certificate AS c
           (tenant_id, certificates, private_key, not_before, not_after, subject, issuer,
            serial, fingerprint)
    VALUES (p_tenant_id, p_certificates, p_private_key, v_not_before, v_not_after,
            p_subject, p_issuer, p_serial, p_fingerprint)
    ON CONFLICT (tenant_id) DO UPDATE
       SET certificates = p_certificates, private_key = p_private_key,
           not_before = v_not_before, not_after = v_not_after, subject = p_subject,
           issuer = p_issuer, serial = p_serial, fingerprint = p_fingerprint,
           stored_at = now();

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'signing_certificate_store',
            jsonb_strip_nulls(jsonb_build_object(
                'subject', p_subject, 'serial', p_serial,
                'fingerprint', encode(p_fingerprint, 'hex'),
                'not_before', @revision@.rfc3339(v_not_before),
                'not_after', @revision@.rfc3339(v_not_after),
                'former_not_after', @revision@.rfc3339(v_former))));
END
$$;

COMMENT ON FUNCTION @revision@.signing_certificate_store IS
'Stores what a tenant signs profiles with, in place of what it had. Times are seconds
since 1970. Whether they belong together the caller knows. outcome: new, replaced.';

CREATE FUNCTION @revision@.signing_certificate_get(p_tenant_id bigint)
RETURNS TABLE (subject text, issuer text, serial text, fingerprint text,
               not_before text, not_after text, days_left integer, stored_at text)
LANGUAGE plpgsql ROWS 1 AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    RETURN QUERY
    SELECT c.subject, c.issuer, c.serial, encode(c.fingerprint, 'hex'),
           @revision@.rfc3339(c.not_before), @revision@.rfc3339(c.not_after),
           floor(extract(epoch FROM c.not_after - now()) / 86400)::integer,
           @revision@.rfc3339(c.stored_at)
      FROM mdm.signing_certificate c
     WHERE c.tenant_id = p_tenant_id;
END
$$;

COMMENT ON FUNCTION @revision@.signing_certificate_get IS
'What a tenant signs profiles with, without its key. days_left: whole days; below 0
when it has expired. No row: there is none.';

CREATE FUNCTION @revision@.signing_certificate_delete(
    p_tenant_id  bigint,
    p_actor      text,
    p_remote     text,
    OUT outcome  text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_fingerprint  bytea;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    DELETE FROM mdm.signing_certificate c
     WHERE c.tenant_id = p_tenant_id
    RETURNING c.fingerprint INTO v_fingerprint;

    IF NOT FOUND THEN
        outcome := 'none';
        RETURN;
    END IF;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'signing_certificate_delete',
            jsonb_build_object('fingerprint', encode(v_fingerprint, 'hex')));
    outcome := 'ok';
END
$$;

COMMENT ON FUNCTION @revision@.signing_certificate_delete IS
'Forgets certificate and key: profiles go out unsigned from now on. outcome: ok, none.';
