-- What is known of those who are to get a command, before it is queued.

CREATE FUNCTION @revision@.target_facts(
    p_tenant_id   bigint,
    p_device_ids  text[],
    p_user_ids    text[],
    p_values      text[])
RETURNS TABLE (
    outcome          text,
    platform         text,
    version          text,
    user_channel     boolean,
    user_enrollment  boolean,
    shared_ipad      boolean,
    supervised       boolean,
    automated        boolean,
    user_approved    boolean,
    name             text,
    known            boolean,
    places           bytea)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_name   text;
    v_known  boolean;
    v_lack   bytea;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    -- A join by LATERAL and LIMIT is done row by row, by index, whatever the
    -- statistics say. What a user's channel does not know of itself holds as of
    -- its device.
    RETURN QUERY
    SELECT f.outcome, f.platform, f.version, f.user_channel, f.user_enrollment,
           f.shared_ipad, f.supervised, f.automated, f.user_approved,
           NULL::text, NULL::boolean, string_agg(int4send(f.n), '' ORDER BY f.n)
      FROM (SELECT t.n::integer AS n,
                   CASE WHEN row_number() OVER (PARTITION BY t.device_id COLLATE "C",
                                                             t.user_id COLLATE "C"
                                                ORDER BY t.n) > 1 THEN 'again'
                        WHEN e.state = 'live' THEN 'live'
                        WHEN e.pending_certificate IS NOT NULL THEN 'pending'
                        WHEN e.state IS NOT NULL THEN 'closed'
                        ELSE 'unknown' END AS outcome,
                   rtrim(a.model, '0123456789,') AS platform,
                   a.version,
                   t.user_id <> '' AS user_channel,
                   coalesce(d.ownership, e.ownership) = 'user' AS user_enrollment,
                   CASE WHEN e.ownership = 'shared' OR d.ownership = 'shared' THEN true
                        ELSE a.shared_ipad END AS shared_ipad,
                   coalesce(d.supervised, e.supervised) AS supervised,
                   a.automated, a.user_approved
              FROM unnest(p_device_ids, p_user_ids)
                   WITH ORDINALITY AS t (device_id, user_id, n)
              LEFT JOIN LATERAL (
                   SELECT e.enrollment_id, e.state, e.pending_certificate, e.ownership,
                          e.supervised
                     FROM mdm.enrollment e
                    WHERE e.tenant_id = p_tenant_id
                      AND e.device_id = t.device_id
                      AND e.user_id = t.user_id
                    LIMIT 1) e ON true
              LEFT JOIN LATERAL (
                   SELECT d.enrollment_id, d.ownership, d.supervised
                     FROM mdm.enrollment d
                    WHERE d.tenant_id = p_tenant_id
                      AND d.device_id = t.device_id
                      AND d.user_id = ''
                      AND t.user_id <> ''
                    LIMIT 1) d ON true
             CROSS JOIN LATERAL (
                   -- Apart, because COALESCE would keep a condition out of the index.
                   SELECT coalesce(d.enrollment_id, e.enrollment_id) AS enrollment_id
                   OFFSET 0) o
              LEFT JOIN LATERAL (
                   SELECT coalesce(max(a.value_text) FILTER (WHERE a.name = 'ProductName'),
                                   max(a.value_text) FILTER (WHERE a.name = 'Model'))
                              AS model,
                          max(a.value_text) FILTER (WHERE a.name = 'OSVersion') AS version,
                          bool_or(a.value_boolean) FILTER (WHERE a.name = 'IsMultiUser')
                              AS shared_ipad,
                          bool_or(a.value_boolean) FILTER (WHERE a.name = 'EnrolledViaDEP')
                              AS automated,
                          bool_or(a.value_boolean)
                              FILTER (WHERE a.name = 'UserApprovedEnrollment')
                              AS user_approved
                     FROM mdm.attribute a
                    WHERE e.state = 'live'
                      AND a.tenant_id = p_tenant_id
                      AND a.enrollment_id = o.enrollment_id
                      AND a.name IN ('ProductName', 'Model', 'OSVersion', 'IsMultiUser',
                                     'EnrolledViaDEP', 'UserApprovedEnrollment')) a
                   ON true) f
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
     ORDER BY min(f.n);

    FOREACH v_name IN ARRAY p_values LOOP
        SELECT string_agg(int4send(t.n::integer), '' ORDER BY t.n)
                   FILTER (WHERE NOT c.known),
               coalesce(bool_or(c.known), false)
          INTO v_lack, v_known
          FROM unnest(p_device_ids, p_user_ids)
               WITH ORDINALITY AS t (device_id, user_id, n)
         CROSS JOIN LATERAL (
               SELECT CASE WHEN v_name = 'EnrollmentID' THEN true
                           WHEN v_name = 'UDID' AND e.channel NOT LIKE 'enrollment%'
                               THEN true
                           WHEN v_name = 'EnrollmentUserID' AND e.user_id <> '' THEN true
                           WHEN v_name = 'UserShortName' AND e.user_short_name IS NOT NULL
                               THEN true
                           WHEN v_name = 'UserLongName' AND e.user_long_name IS NOT NULL
                               THEN true
                           ELSE EXISTS (SELECT FROM mdm.attribute a
                                         WHERE a.tenant_id = p_tenant_id
                                           AND a.enrollment_id = e.enrollment_id
                                           AND a.name = v_name)
                             OR EXISTS (SELECT
                                          FROM mdm.enrollment d
                                          JOIN mdm.attribute a
                                            ON a.tenant_id = p_tenant_id
                                           AND a.enrollment_id = d.enrollment_id
                                           AND a.name = v_name
                                         WHERE t.user_id <> ''
                                           AND d.tenant_id = p_tenant_id
                                           AND d.device_id = t.device_id
                                           AND d.user_id = '') END AS known
                 FROM mdm.enrollment e
                WHERE e.tenant_id = p_tenant_id
                  AND e.device_id = t.device_id
                  AND e.user_id = t.user_id
                  AND e.state = 'live'
                LIMIT 1) c;

        RETURN QUERY
        SELECT 'value', NULL::text, NULL::text, NULL::boolean, NULL::boolean,
               NULL::boolean, NULL::boolean, NULL::boolean, NULL::boolean, v_name,
               v_known OR @revision@.attribute_known(p_tenant_id, v_name), v_lack;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.target_facts IS
'What is known of the targets of a command. One row for all targets of which the same
is known: outcome: live, or why it gets no command: pending, closed, unknown, again (it
stands in p_device_ids and p_user_ids before); platform:
the product''s name without its numbers; null: not known. Then one row with the outcome
"value" for each name of p_values: known: some channel of the tenant has a value of that
name. places: of which targets the row tells, of a value the live ones that lack it;
four bytes for each, counted from 1.';

CREATE FUNCTION @revision@.attribute_known(p_tenant_id bigint, p_name text)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM mdm.attribute a
                    WHERE a.tenant_id = p_tenant_id AND a.name = p_name
                      AND a.value_text IS NOT NULL AND octet_length(a.value_text) <= 512)
        OR EXISTS (SELECT FROM mdm.attribute a
                    WHERE a.tenant_id = p_tenant_id AND a.name = p_name
                      AND a.value_float IS NOT NULL)
        OR EXISTS (SELECT FROM mdm.attribute a
                    WHERE a.tenant_id = p_tenant_id AND a.name = p_name
                      AND a.value_boolean IS NOT NULL)
        OR EXISTS (SELECT FROM mdm.attribute a
                    WHERE a.tenant_id = p_tenant_id AND a.name = p_name
                      AND a.value_time IS NOT NULL);
END
$$;

COMMENT ON FUNCTION @revision@.attribute_known IS
'Has any channel of the tenant an attribute of this name? A text of more than 512
bytes is not looked at. The caller has set the tenant.';

CREATE FUNCTION @revision@.enrollment_attributes(
    p_tenant_id   bigint,
    p_actor       text,
    p_remote      text,
    p_device_id   text,
    p_user_id     text,
    p_attributes  text)
RETURNS TABLE (outcome text, attributes json)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_given          jsonb := p_attributes::jsonb;
    v_enrollment_id  bigint;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT e.enrollment_id INTO v_enrollment_id
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'unknown', NULL::json;
        RETURN;
    END IF;

    -- All that are there, in the order in which reports take theirs.
    PERFORM FROM mdm.attribute a
      WHERE a.tenant_id = p_tenant_id
        AND a.enrollment_id = v_enrollment_id
        AND a.name IN (SELECT jsonb_object_keys(v_given))
      ORDER BY a.name
        FOR UPDATE;
    DELETE FROM mdm.attribute a
     WHERE a.tenant_id = p_tenant_id
       AND a.enrollment_id = v_enrollment_id
       AND a.name IN (SELECT j.key FROM jsonb_each(v_given) AS j
                       WHERE jsonb_typeof(j.value) = 'null');
    PERFORM @revision@.attributes_set(p_tenant_id, v_enrollment_id, v_given);

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, enrollment_id, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'attributes_set', v_enrollment_id,
            jsonb_build_object('device_id', p_device_id, 'user_id', p_user_id,
                'names', (SELECT jsonb_agg(k ORDER BY k COLLATE "C")
                            FROM jsonb_object_keys(v_given) AS k)));

    RETURN QUERY
    SELECT 'ok', @revision@.attributes_json(p_tenant_id, v_enrollment_id);
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_attributes IS
'An operator gives a channel attributes: p_attributes as attributes_set() takes them,
where null removes one. The audit has their names. attributes: all that the channel has
now. Outcomes: ok, unknown.';

CREATE FUNCTION @revision@.attributes_json(p_tenant_id bigint, p_enrollment_id bigint)
RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((
        SELECT json_object_agg(
                   a.name,
                   CASE WHEN a.value_text IS NOT NULL THEN to_json(a.value_text)
                        WHEN a.value_number IS NOT NULL THEN to_json(a.value_number)
                        WHEN a.value_boolean IS NOT NULL THEN to_json(a.value_boolean)
                        ELSE to_json(@revision@.rfc3339(a.value_time)) END
                   ORDER BY a.name)
          FROM mdm.attribute a
         WHERE a.tenant_id = p_tenant_id AND a.enrollment_id = p_enrollment_id), '{}');
END
$$;

COMMENT ON FUNCTION @revision@.attributes_json IS
'The attributes of a channel, name and value; times as text. The caller has set the
tenant.';
