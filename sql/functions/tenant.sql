-- Finding a tenant, and hearing that one has changed.

CREATE FUNCTION @revision@.tenant_load(p_key text)
RETURNS TABLE (tenant_id bigint, name text, version bigint, device_ca text, settings text)
LANGUAGE plpgsql STABLE ROWS 1 AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT t.tenant_id, t.name, t.version, t.device_ca, t.settings::text
      FROM mdm.tenant_host h
      JOIN mdm.tenant t ON t.tenant_id = h.tenant_id
     WHERE h.host = lower(p_key);

    IF NOT FOUND THEN
        RETURN QUERY
        SELECT t.tenant_id, t.name, t.version, t.device_ca, t.settings::text
          FROM mdm.tenant t
         WHERE t.name = p_key;
    END IF;
END
$$;

COMMENT ON FUNCTION @revision@.tenant_load IS
'The configuration of one tenant, by one of its hosts (in any case, no port) or
by its name; a host wins. No row: unknown.';

CREATE FUNCTION @revision@.tenant_changes(p_since text)
RETURNS TABLE (tenant_id bigint, version bigint, until text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_until  text := pg_snapshot_xmin(pg_current_snapshot())::text;
BEGIN
    IF p_since <> '' THEN
        RETURN QUERY
        SELECT t.tenant_id, t.version, v_until
          FROM mdm.tenant t
         WHERE t.changed_xid >= p_since::xid8;
    END IF;

    IF NOT FOUND OR coalesce(p_since, '') = '' THEN
        RETURN QUERY SELECT NULL::bigint, NULL::bigint, v_until;
    END IF;
END
$$;

COMMENT ON FUNCTION @revision@.tenant_changes IS
'Tenants that changed since a transaction, with their versions. until: what to pass
the next time; it never skips a change that was not committed yet, so a change may
be told twice. One row with nulls when nothing changed, or when p_since is empty or
null, which only asks where to begin.';

CREATE FUNCTION @revision@.token_refused(
    p_tenant_id  bigint,
    p_actor      text,
    p_remote     text,
    p_detail     text)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'token_refused', p_detail::jsonb);
END
$$;

COMMENT ON FUNCTION @revision@.token_refused IS
'A token asked for what it may not do; p_detail, a JSON object, says for what. The
row stands with the token''s own tenant.';
