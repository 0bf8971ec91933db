-- Who did what, for those who look into it.

CREATE FUNCTION @revision@.audit_list(
    p_tenant_id  bigint,
    p_after      text,
    p_limit      integer,
    p_device_id  text,
    p_user_id    text,
    p_actor      text,
    p_action     text)
RETURNS TABLE (
    cursor      text,
    at          text,
    actor       text,
    remote      text,
    action      text,
    enrollment  text,
    detail      jsonb)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_enrollment_id  bigint;
    v_after          bigint := coalesce(nullif(p_after, '')::bigint,
                                        9223372036854775807);
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    IF p_device_id IS NOT NULL THEN
        SELECT e.enrollment_id INTO v_enrollment_id
          FROM mdm.enrollment e
         WHERE e.tenant_id = p_tenant_id
           AND e.device_id = p_device_id
           AND e.user_id = p_user_id;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;

    -- Only conditions that are asked for, so that each has its index.
    RETURN QUERY EXECUTE
        'SELECT a.audit_id::text, @revision@.rfc3339(a.at), a.actor,'
        '       nullif(a.remote, ''''), a.action,'
        '       @revision@.written_id(e.device_id, e.user_id), a.detail'
        '  FROM (SELECT *'
        '          FROM mdm.audit a'
        '         WHERE a.tenant_id = $1 AND a.audit_id < $2'
        || CASE WHEN p_device_id IS NULL THEN '' ELSE ' AND a.enrollment_id = $4' END
        || CASE WHEN p_actor IS NULL THEN '' ELSE ' AND a.actor = $5' END
        || CASE WHEN p_action IS NULL THEN '' ELSE ' AND a.action = $6' END ||
        '         ORDER BY a.audit_id DESC'
        '         LIMIT $3) a'
        '  LEFT JOIN mdm.enrollment e ON e.tenant_id = $1'
        '                            AND e.enrollment_id = a.enrollment_id'
        ' ORDER BY a.audit_id DESC'
        USING p_tenant_id, v_after, p_limit, v_enrollment_id, p_actor, p_action;
END
$$;

COMMENT ON FUNCTION @revision@.audit_list IS
'A page of the audit, newest first. p_after: the cursor of the last row shown, or
empty; p_device_id with p_user_id, p_actor, p_action: only such rows, or null.
remote: null when it was done with mdmctl.';
