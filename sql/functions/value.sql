-- Per-device values: what a stored command wants when it goes out.

CREATE FUNCTION @revision@.wanted_value(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_name           text)
RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(a.value_text, trim_scale(round(a.value_number, 15))::text,
                            a.value_boolean::text, @revision@.rfc3339(a.value_time))
              FROM mdm.attribute a
             WHERE a.tenant_id = p_tenant_id
               AND a.enrollment_id = p_enrollment_id
               AND a.name = p_name);
END
$$;

COMMENT ON FUNCTION @revision@.wanted_value IS
'An attribute as text, null when it is not known: numbers without the zeros at their
end and at most 15 digits behind the point, true and false, times in RFC 3339.';

CREATE FUNCTION @revision@.wanted_secret(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_generation     integer,
    p_kind           text)
RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT encode(s.value, 'base64')
              FROM mdm.secret s
             WHERE s.tenant_id = p_tenant_id
               AND s.enrollment_id = p_enrollment_id
               AND s.generation = p_generation
               AND s.kind = p_kind
             ORDER BY s.secret_id DESC
             LIMIT 1);
END
$$;

COMMENT ON FUNCTION @revision@.wanted_secret IS
'The newest secret of a kind and generation, sealed, in Base64; null when there is none,
or when the device took it back.';

CREATE FUNCTION @revision@.wanted(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_wants          text[])
RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_channel  record;
    v_device   record;
    v_values   jsonb;
    v_secrets  jsonb;
BEGIN
    SELECT e.device_id, e.user_id, e.channel, e.user_short_name, e.user_long_name
      INTO v_channel
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id AND e.enrollment_id = p_enrollment_id;
    SELECT e.enrollment_id, e.generation
      INTO v_device
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = v_channel.device_id
       AND e.user_id = '';

    SELECT jsonb_object_agg(v.name, v.value)
      INTO v_values
      FROM (SELECT w.name,
                   coalesce(CASE w.name
                            WHEN 'UDID' THEN
                                CASE WHEN v_channel.channel NOT LIKE 'enrollment%'
                                     THEN v_channel.device_id END
                            WHEN 'EnrollmentID' THEN v_channel.device_id
                            WHEN 'EnrollmentUserID' THEN nullif(v_channel.user_id, '')
                            WHEN 'UserShortName' THEN v_channel.user_short_name
                            WHEN 'UserLongName' THEN v_channel.user_long_name END,
                            @revision@.wanted_value(p_tenant_id, p_enrollment_id,
                                                    w.name),
                            CASE WHEN v_channel.user_id <> ''
                                 THEN @revision@.wanted_value(
                                          p_tenant_id, v_device.enrollment_id, w.name)
                                 END) AS value
              FROM unnest(p_wants) AS w (name)
             WHERE w.name !~ '[<:]') v
     WHERE v.value IS NOT NULL;

    SELECT jsonb_object_agg(s.kind, jsonb_build_object('value', s.value,
                                                       'row', v_channel.device_id))
      INTO v_secrets
      FROM (SELECT k.kind,
                   @revision@.wanted_secret(p_tenant_id, v_device.enrollment_id,
                                            v_device.generation, k.kind) AS value
              FROM (SELECT substr(w.name, strpos(w.name, '<') + 1) AS kind
                      FROM unnest(p_wants) AS w (name)
                     WHERE strpos(w.name, '<') > 0) k) s
     WHERE s.value IS NOT NULL;

    RETURN jsonb_build_object('wants', p_wants, 'values', coalesce(v_values, '{}'),
                              'secrets', coalesce(v_secrets, '{}'))::text;
END
$$;

COMMENT ON FUNCTION @revision@.wanted IS
'What a command wants (command.wants) for one channel, a JSON object: wants, as they
are; values, by name: UDID (of no user enrolment), EnrollmentID, EnrollmentUserID,
UserShortName and UserLongName of the enrolment itself, else the attribute of the
channel, else of its device; secrets, by kind: value, sealed and in Base64, and row, the
written id that it is sealed with, always of the device''s own channel and of the live
generation. What is not known is not there. The caller has set the tenant.';

CREATE FUNCTION @revision@.delivery_failed(
    p_tenant_id     bigint,
    p_device_id     text,
    p_user_id       text,
    p_certificate   bytea,
    p_expired       boolean,
    p_command_uuid  text,
    p_reason        text,
    p_idle          boolean)
RETURNS TABLE (n integer, outcome text, enrollment_id bigint, command_uuid text,
               request_type text, payload bytea, wanted text)
LANGUAGE plpgsql ROWS 1 AS $$
#variable_conflict use_column
DECLARE
    v_channel  record;
    v_next     record;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    SELECT e.enrollment_id, e.generation INTO v_channel
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;

    n := 1;
    enrollment_id := v_channel.enrollment_id;
    outcome := @revision@.identity_check(p_tenant_id, p_device_id, p_user_id,
                                         p_certificate, p_expired);
    IF outcome <> 'ok' THEN
        RETURN NEXT;
        RETURN;
    END IF;

    PERFORM pg_advisory_xact_lock(-v_channel.enrollment_id);

    -- This delivery did not take place; an earlier one may have.
    WITH gone AS (
        DELETE FROM mdm.queue q
         WHERE q.tenant_id = p_tenant_id
           AND q.command_uuid = p_command_uuid
           AND q.enrollment_id = v_channel.enrollment_id
           AND q.state = 'PUSH'
        RETURNING q.*), told AS (
        INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
        SELECT p_tenant_id, 'command_failed', v_channel.enrollment_id,
               jsonb_build_object('device_id', p_device_id, 'user_id', p_user_id,
                                  'status', 'Error', 'command_uuid', p_command_uuid,
                                  'request_type', g.request_type, 'reason', p_reason)
          FROM gone g)
    INSERT INTO mdm.result
           (tenant_id, enrollment_id, generation, command_id, command_created_at,
            command_uuid, request_type, from_state, state, reason, renewal,
            delivered_count, queued_at, sent_at, pushed_at, notnow_at, finished_at)
    SELECT tenant_id, enrollment_id, generation, command_id, command_created_at,
           command_uuid, request_type, state, 'ERROR', p_reason, renewal,
           delivered_count - 1, queued_at, sent_at,
           CASE WHEN delivered_count > 1 THEN pushed_at END, notnow_at, now()
      FROM gone;

    v_next := @revision@.next_command(p_tenant_id, v_channel.enrollment_id,
                                      v_channel.generation, p_idle, p_expired);
    command_uuid := v_next.command_uuid;
    request_type := v_next.request_type;

    IF command_uuid IS NOT NULL THEN
        SELECT c.payload, CASE WHEN c.wants IS NOT NULL
                               THEN @revision@.wanted(p_tenant_id,
                                                      v_channel.enrollment_id, c.wants)
                               END
          INTO payload, wanted
          FROM mdm.command c
         WHERE c.tenant_id = p_tenant_id
           AND c.command_id = v_next.command_id
           AND c.created_at = v_next.command_created_at;
    END IF;

    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION @revision@.delivery_failed IS
'The command that deliver() or report() has just given cannot go out, because a value
that it wants is not known or cannot be put in: while it is delivered and unanswered it
ends as ERROR with the reason and an event command_failed, as if it had not been
delivered this time. Then the next command, as deliver() gives it; p_idle: NotNow rows
are offered, too. This is a second writing call in one request of a device, for what
is wanted can be put in only where secrets can be opened; it is rare.';
