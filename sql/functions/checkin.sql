-- Check-in: a device enrols, brings its push token, keeps its bootstrap token
-- here, and leaves.

CREATE FUNCTION @revision@.authenticate(
    p_tenant_id    bigint,
    p_channel      text,
    p_device_id    text,
    p_certificate  bytea,
    p_expired      boolean,
    p_not_after    bigint,
    p_subject      text,
    p_serial       text,
    p_topic        text,
    p_attributes   text,
    p_message      bytea,
    p_url_params   text)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_device    mdm.enrollment;
    v_identity  mdm.identity;
    v_outcome   text;
    v_kind      text;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    PERFORM @revision@.enrollment_lock(p_tenant_id, p_device_id);

    SELECT * INTO v_device
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id AND e.user_id = '';
    SELECT * INTO v_identity
      FROM mdm.identity i
     WHERE i.tenant_id = p_tenant_id AND i.fingerprint = p_certificate;

    IF v_identity.state = 'revoked' THEN
        RETURN 'revoked';
    ELSIF v_identity.enrollment_id IS NOT NULL
          AND v_identity.enrollment_id IS DISTINCT FROM v_device.enrollment_id
    THEN
        RETURN 'other_device';
    ELSIF p_expired THEN
        RETURN 'expired';
    END IF;

    -- A refusal that only the inserts can find takes back what they made.
    BEGIN
        IF v_device.enrollment_id IS NULL THEN
            INSERT INTO mdm.enrollment (tenant_id, device_id, channel, ownership, state,
                                        topic)
            VALUES (p_tenant_id, p_device_id, p_channel,
                    CASE p_channel WHEN 'enrollment' THEN 'user' ELSE 'organization' END,
                    'pending', p_topic)
            ON CONFLICT (tenant_id, device_id, user_id) DO NOTHING;

            PERFORM @revision@.enrollment_lock(p_tenant_id, p_device_id);
            SELECT * INTO v_device
              FROM mdm.enrollment e
             WHERE e.tenant_id = p_tenant_id
               AND e.device_id = p_device_id
               AND e.user_id = '';
        END IF;

        -- Names no arbiter: the row in the way may be another tenant's, which
        -- nobody here sees.
        INSERT INTO mdm.identity (tenant_id, fingerprint, enrollment_id, state,
                                  not_after, subject, serial)
        VALUES (p_tenant_id, p_certificate, v_device.enrollment_id, 'pending',
                to_timestamp(p_not_after), p_subject, p_serial)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            UPDATE mdm.identity i
               SET enrollment_id = v_device.enrollment_id,
                   not_after = coalesce(to_timestamp(p_not_after), i.not_after),
                   subject = coalesce(p_subject, i.subject),
                   serial = coalesce(p_serial, i.serial)
             WHERE i.tenant_id = p_tenant_id
               AND i.fingerprint = p_certificate
               AND i.state <> 'revoked'
               AND (i.enrollment_id IS NULL
                    OR i.enrollment_id = v_device.enrollment_id);
            IF NOT FOUND THEN
                SELECT CASE WHEN i.state = 'revoked' THEN 'revoked'
                            ELSE 'other_device' END
                  INTO v_outcome
                  FROM mdm.identity i
                 WHERE i.tenant_id = p_tenant_id AND i.fingerprint = p_certificate;
                v_outcome := coalesce(v_outcome, 'other_tenant');
                RAISE EXCEPTION USING ERRCODE = 'MDM01', MESSAGE = v_outcome;
            END IF;
        END IF;
    EXCEPTION WHEN SQLSTATE 'MDM01' THEN
        RETURN v_outcome;
    END;

    IF v_device.pending_certificate = p_certificate
       AND (v_device.pending_kind = 'new' OR v_device.state = 'live')
    THEN
        v_kind := v_device.pending_kind;
    ELSIF v_device.state = 'live'
          AND p_certificate <> v_device.certificate
          AND coalesce(v_identity.state, 'pending') = 'pending'
          AND @revision@.renewal_open(p_tenant_id, v_device.enrollment_id)
    THEN
        v_kind := 'renewal';
    ELSE
        v_kind := 'new';
    END IF;

    -- The certificate of a pending generation that this one replaces was bound
    -- to nothing yet and becomes free again.
    UPDATE mdm.identity i
       SET enrollment_id = NULL
     WHERE i.tenant_id = p_tenant_id
       AND i.fingerprint = v_device.pending_certificate
       AND i.fingerprint <> p_certificate
       AND i.state = 'pending';

    UPDATE mdm.enrollment e
       SET pending_certificate = p_certificate,
           pending_kind = v_kind,
           pending_since = CASE WHEN e.pending_certificate = p_certificate
                                THEN e.pending_since ELSE now() END,
           pending_attributes = CASE WHEN e.user_id = '' THEN p_attributes::jsonb END,
           topic = CASE WHEN e.state = 'pending' THEN p_topic ELSE e.topic END
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND (e.user_id = '' OR e.state = 'live');

    PERFORM @revision@.message_event(
        p_tenant_id, 'authenticated', v_device.enrollment_id, p_device_id, '',
        'Authenticate', p_message, p_url_params, '{}');
    RETURN CASE v_kind WHEN 'renewal' THEN 'renewal' ELSE 'ok' END;
END
$$;

COMMENT ON FUNCTION @revision@.authenticate IS
'Authenticate of a device channel (p_channel: device or enrollment). The caller
has verified the certificate against the tenant''s anchors. Nothing that is live
changes before the TokenUpdate. p_not_after: seconds since 1970; p_attributes: what
the message says of the device, a JSON object under Apple''s names; p_message and
p_url_params: see message_event(). Outcomes:
 ok            a new generation is pending, or still is
 renewal       the certificate replaces the bound one with the TokenUpdate
 other_device  it belongs to another device of this tenant
 other_tenant  it belongs to another tenant
 revoked, expired';

CREATE FUNCTION @revision@.pending_drop(
    p_tenant_id  bigint,
    p_device_id  text,
    p_reason     text)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE mdm.identity i
       SET enrollment_id = NULL
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = ''
       AND i.tenant_id = p_tenant_id
       AND i.fingerprint = e.pending_certificate
       AND i.state = 'pending';

    UPDATE mdm.enrollment e
       SET pending_certificate = NULL, pending_kind = NULL, pending_since = NULL,
           pending_attributes = NULL,
           state = CASE WHEN e.state = 'pending' THEN 'closed' ELSE e.state END,
           closed_at = CASE WHEN e.state = 'pending' THEN now() ELSE e.closed_at END,
           close_reason = CASE WHEN e.state = 'pending' THEN p_reason
                               ELSE e.close_reason END
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id;
END
$$;

COMMENT ON FUNCTION @revision@.pending_drop IS
'Forgets the pending generation of a device, frees its certificate, and closes a
device that had no other generation. The caller holds the rows'' locks.';

CREATE FUNCTION @revision@.pending_bind(p_tenant_id bigint, p_device mdm.enrollment)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE mdm.identity i
       SET state = 'former', retired_at = now()
     WHERE i.tenant_id = p_tenant_id
       AND i.enrollment_id = p_device.enrollment_id
       AND i.state = 'bound';
    UPDATE mdm.identity i
       SET state = 'bound', bound_at = now(), retired_at = NULL
     WHERE i.tenant_id = p_tenant_id
       AND i.fingerprint = p_device.pending_certificate;

    IF p_device.pending_attributes IS NOT NULL THEN
        PERFORM @revision@.attributes_set(p_tenant_id, p_device.enrollment_id,
                                          p_device.pending_attributes);
    END IF;
END
$$;

COMMENT ON FUNCTION @revision@.pending_bind IS
'The certificate and the attributes that a device, given by its row, has pending
become the bound and the known ones. The caller holds enrollment_lock().';

CREATE FUNCTION @revision@.generation_open(p_tenant_id bigint, p_device_id text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_device      mdm.enrollment;
    v_channel_id  bigint;
BEGIN
    SELECT * INTO v_device
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id AND e.user_id = '';

    FOR v_channel_id IN
        SELECT e.enrollment_id
          FROM mdm.enrollment e
         WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id
         ORDER BY e.user_id
    LOOP
        PERFORM @revision@.queue_close(p_tenant_id, v_channel_id, 're-enrolled');
        DELETE FROM mdm.attribute a
         WHERE a.tenant_id = p_tenant_id AND a.enrollment_id = v_channel_id;
        PERFORM @revision@.inventory_drop(p_tenant_id, v_channel_id);
    END LOOP;
    PERFORM @revision@.push_forget(p_tenant_id, p_device_id);

    UPDATE mdm.enrollment e
       SET state = 'closed', closed_at = now(), close_reason = 're-enrolled',
           certificate = NULL, pending_certificate = NULL, pending_kind = NULL,
           pending_since = NULL, push_token = NULL, push_magic = NULL
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id <> ''
       AND e.state IN ('live', 'ended');

    UPDATE mdm.enrollment e
       SET state = 'live', generation = e.generation + 1,
           certificate = e.pending_certificate, pending_certificate = NULL,
           pending_kind = NULL, pending_since = NULL, pending_attributes = NULL,
           rolled_back_at = NULL, supervised = NULL, push_token = NULL,
           push_magic = NULL, token_at = NULL, token_update_count = 0,
           awaiting_configuration = false,
           ownership = CASE e.channel WHEN 'enrollment' THEN 'user'
                                      ELSE 'organization' END,
           enrolled_at = now(), closed_at = NULL, close_reason = NULL
     WHERE e.tenant_id = p_tenant_id
       AND e.enrollment_id = v_device.enrollment_id;

    PERFORM @revision@.pending_bind(p_tenant_id, v_device);

    INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
    VALUES (p_tenant_id, 'enrolled', v_device.enrollment_id,
            jsonb_build_object('device_id', p_device_id, 'user_id', '',
                               'generation', v_device.generation + 1));
END
$$;

COMMENT ON FUNCTION @revision@.generation_open IS
'The pending generation of a device becomes the live one: the queues of the old
one are cancelled, its users closed, its attributes replaced, its lists forgotten, its
certificate retired. The caller holds enrollment_lock().';

CREATE FUNCTION @revision@.renewal_finish(p_tenant_id bigint, p_device_id text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_device  mdm.enrollment;
BEGIN
    SELECT * INTO v_device
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id AND e.user_id = '';

    UPDATE mdm.enrollment e
       SET certificate = v_device.pending_certificate, pending_certificate = NULL,
           pending_kind = NULL, pending_since = NULL, pending_attributes = NULL,
           rolled_back_at = NULL
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.state = 'live';

    PERFORM @revision@.pending_bind(p_tenant_id, v_device);

    INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
    VALUES (p_tenant_id, 'identity_renewed', v_device.enrollment_id,
            jsonb_build_object('device_id', p_device_id, 'user_id', '',
                               'certificate', encode(v_device.pending_certificate, 'hex')));
END
$$;

COMMENT ON FUNCTION @revision@.renewal_finish IS
'The pending certificate of a renewal replaces the bound one on a device and its
users; queues, attributes and tokens stay. The caller holds enrollment_lock().';

CREATE FUNCTION @revision@.token_update(
    p_tenant_id        bigint,
    p_channel          text,
    p_device_id        text,
    p_user_id          text,
    p_certificate      bytea,
    p_expired          boolean,
    p_topic            text,
    p_token            bytea,
    p_push_magic       text,
    p_unlock_token     bytea,
    p_awaiting         boolean,
    p_not_on_console   boolean,
    p_user_short_name  text,
    p_user_long_name   text,
    p_message          bytea,
    p_url_params       text,
    OUT outcome        text,
    OUT enrollment_id  bigint,
    OUT generation     integer)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_device   mdm.enrollment;
    v_channel  mdm.enrollment;
    v_tally    integer;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    PERFORM @revision@.enrollment_lock(p_tenant_id, p_device_id);

    SELECT * INTO v_device
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id AND e.user_id = '';

    -- A device that awaits configuration was set up from nothing, whatever
    -- certificate it shows.
    IF v_device.pending_certificate = p_certificate
       AND (v_device.pending_kind = 'new'
            OR (v_device.state = 'live' AND p_user_id = '' AND p_awaiting))
    THEN
        PERFORM @revision@.generation_open(p_tenant_id, p_device_id);
        outcome := 'ok';
    ELSE
        outcome := @revision@.identity_check(p_tenant_id, p_device_id, '',
                                             p_certificate, p_expired);
        IF outcome <> 'ok' THEN
            RETURN;
        END IF;
        IF v_device.pending_certificate = p_certificate AND p_user_id = '' THEN
            PERFORM @revision@.renewal_finish(p_tenant_id, p_device_id);
        END IF;
    END IF;

    SELECT * INTO v_device
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id AND e.user_id = '';
    SELECT * INTO v_channel
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;
    generation := v_device.generation;

    IF p_user_id = '' THEN
        enrollment_id := v_device.enrollment_id;
        UPDATE mdm.enrollment e
           SET topic = p_topic, push_token = p_token, push_magic = p_push_magic,
               token_at = now(), awaiting_configuration = coalesce(p_awaiting, false),
               not_on_console = coalesce(p_not_on_console, false),
               token_update_count = e.token_update_count + 1
         WHERE e.tenant_id = p_tenant_id
           AND e.enrollment_id = v_device.enrollment_id
        RETURNING e.token_update_count INTO v_tally;
    ELSE
        INSERT INTO mdm.enrollment AS e
               (tenant_id, device_id, user_id, channel, ownership, state, generation,
                certificate, pending_certificate, pending_kind, pending_since, topic,
                push_token, push_magic, token_at, awaiting_configuration,
                not_on_console, user_short_name, user_long_name, enrolled_at,
                token_update_count)
        VALUES (p_tenant_id, p_device_id, p_user_id, p_channel,
                CASE p_channel WHEN 'shared_user' THEN 'shared'
                               ELSE v_device.ownership END,
                'live', v_device.generation, v_device.certificate,
                v_device.pending_certificate, v_device.pending_kind,
                v_device.pending_since, p_topic, p_token, p_push_magic, now(),
                coalesce(p_awaiting, false), coalesce(p_not_on_console, false),
                p_user_short_name, p_user_long_name, now(), 1)
        ON CONFLICT (tenant_id, device_id, user_id) DO UPDATE
           SET channel = excluded.channel,
               ownership = excluded.ownership,
               state = 'live',
               generation = excluded.generation,
               certificate = excluded.certificate,
               pending_certificate = excluded.pending_certificate,
               pending_kind = excluded.pending_kind,
               pending_since = excluded.pending_since,
               topic = excluded.topic,
               push_token = excluded.push_token,
               push_magic = excluded.push_magic,
               token_at = excluded.token_at,
               awaiting_configuration = excluded.awaiting_configuration,
               not_on_console = excluded.not_on_console,
               user_short_name = coalesce(excluded.user_short_name, e.user_short_name),
               user_long_name = coalesce(excluded.user_long_name, e.user_long_name),
               enrolled_at = CASE WHEN e.state = 'live' THEN e.enrolled_at ELSE now() END,
               token_update_count = CASE WHEN e.state = 'live'
                                         THEN e.token_update_count + 1 ELSE 1 END,
               closed_at = NULL,
               close_reason = NULL
        RETURNING e.enrollment_id, e.token_update_count
             INTO enrollment_id, v_tally;

        IF v_channel.state IS DISTINCT FROM 'live' THEN
            INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
            VALUES (p_tenant_id, 'enrolled', enrollment_id,
                    jsonb_build_object('device_id', p_device_id, 'user_id', p_user_id,
                                       'generation', generation));
        END IF;

        IF p_channel = 'shared_user' AND v_device.ownership <> 'shared' THEN
            UPDATE mdm.enrollment e
               SET ownership = 'shared'
             WHERE e.tenant_id = p_tenant_id
               AND e.enrollment_id = v_device.enrollment_id;
        END IF;
    END IF;

    IF (v_channel.push_token, v_channel.topic) IS DISTINCT FROM (p_token, p_topic) THEN
        PERFORM @revision@.push_token(p_tenant_id, enrollment_id, p_topic, p_token);
    END IF;

    IF octet_length(p_unlock_token) > 0 THEN
        INSERT INTO mdm.secret (tenant_id, enrollment_id, kind, generation, value)
        VALUES (p_tenant_id, enrollment_id, 'unlock_token', generation, p_unlock_token);
    END IF;

    PERFORM @revision@.message_event(
        p_tenant_id, 'token_updated', enrollment_id, p_device_id, p_user_id,
        'TokenUpdate', p_message, p_url_params, jsonb_build_object('tally', v_tally));

    -- The first contact is shown at once, not when the worker next writes them.
    INSERT INTO mdm.enrollment_seen AS s (tenant_id, enrollment_id, seen_at)
    VALUES (p_tenant_id, enrollment_id, now())
    ON CONFLICT (tenant_id, enrollment_id) DO UPDATE
       SET seen_at = greatest(s.seen_at, excluded.seen_at);
END
$$;

COMMENT ON FUNCTION @revision@.token_update IS
'TokenUpdate of any channel. With the certificate of a pending new generation it
makes that generation live, from whichever channel it comes first; with that of a
renewal, the device''s own TokenUpdate finishes the renewal, or opens a new
generation when the device awaits configuration. A user channel begins with its
first TokenUpdate. p_unlock_token (sealed) null or empty keeps the stored one;
p_message and p_url_params: see message_event().
outcome: that of identity_check(); the rest is null unless it is ok.';

CREATE FUNCTION @revision@.check_out(
    p_tenant_id    bigint,
    p_device_id    text,
    p_certificate  bytea,
    p_expired      boolean,
    p_message      bytea,
    p_url_params   text)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_outcome     text;
    v_device      mdm.enrollment;
    v_channel_id  bigint;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    PERFORM @revision@.enrollment_lock(p_tenant_id, p_device_id);

    SELECT * INTO v_device
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id AND e.user_id = '';

    v_outcome := @revision@.identity_check(p_tenant_id, p_device_id, '',
                                           p_certificate, p_expired);

    -- The device gave up an enrolment that never came to be. One that enrols
    -- again with the certificate it has, and then leaves, leaves for good.
    IF v_outcome = 'pending'
       AND (v_device.state <> 'live' OR v_device.certificate <> p_certificate)
    THEN
        PERFORM @revision@.pending_drop(p_tenant_id, p_device_id, 'checked out');
        PERFORM @revision@.message_event(
            p_tenant_id, 'checked_out', v_device.enrollment_id, p_device_id, '',
            'CheckOut', p_message, p_url_params, '{}');
        RETURN 'ok';
    ELSIF v_outcome NOT IN ('ok', 'pending') THEN
        RETURN v_outcome;
    END IF;

    FOR v_channel_id IN
        SELECT e.enrollment_id
          FROM mdm.enrollment e
         WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id
         ORDER BY e.user_id
    LOOP
        PERFORM @revision@.queue_close(p_tenant_id, v_channel_id, 'checked out');
        DELETE FROM mdm.attribute a
         WHERE a.tenant_id = p_tenant_id AND a.enrollment_id = v_channel_id;
        PERFORM @revision@.inventory_drop(p_tenant_id, v_channel_id);
    END LOOP;
    PERFORM @revision@.push_forget(p_tenant_id, p_device_id);

    PERFORM @revision@.pending_drop(p_tenant_id, p_device_id, 'checked out');
    UPDATE mdm.enrollment e
       SET state = 'closed', closed_at = now(), close_reason = 'checked out',
           certificate = NULL, push_token = NULL, push_magic = NULL
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.state = 'live';
    UPDATE mdm.identity i
       SET state = 'former', retired_at = now()
     WHERE i.tenant_id = p_tenant_id
       AND i.enrollment_id = v_device.enrollment_id
       AND i.state = 'bound';

    PERFORM @revision@.message_event(
        p_tenant_id, 'checked_out', v_device.enrollment_id, p_device_id, '',
        'CheckOut', p_message, p_url_params, '{}');
    RETURN 'ok';
END
$$;

COMMENT ON FUNCTION @revision@.check_out IS
'CheckOut: closes a device and its users, cancels their queues and forgets their
attributes and lists; the history stays. With the certificate of a pending new generation
only that one is dropped. p_message and p_url_params: see message_event().
Outcomes: ok, or those of identity_check().';

CREATE FUNCTION @revision@.bootstrap_token_set(
    p_tenant_id    bigint,
    p_device_id    text,
    p_certificate  bytea,
    p_expired      boolean,
    p_token        bytea,
    p_message      bytea,
    p_url_params   text)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_outcome        text;
    v_enrollment_id  bigint;
    v_generation     integer;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    -- The lock keeps the generation that the token is filed under.
    SELECT e.enrollment_id, e.generation INTO v_enrollment_id, v_generation
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id AND e.user_id = ''
       FOR SHARE;
    v_outcome := @revision@.identity_check(p_tenant_id, p_device_id, '',
                                           p_certificate, p_expired);
    IF v_outcome = 'ok' THEN
        INSERT INTO mdm.secret (tenant_id, enrollment_id, kind, generation, value)
        VALUES (p_tenant_id, v_enrollment_id, 'bootstrap_token', v_generation,
                nullif(p_token, ''));
        PERFORM @revision@.message_event(
            p_tenant_id, 'bootstrap_token_set', v_enrollment_id, p_device_id, '',
            'SetBootstrapToken', p_message, p_url_params, '{}');
    END IF;
    RETURN v_outcome;
END
$$;

COMMENT ON FUNCTION @revision@.bootstrap_token_set IS
'SetBootstrapToken: keeps the token (sealed) as the newest; null or empty says that
there is none any more. p_message and p_url_params: see message_event(). Outcomes:
those of identity_check().';

CREATE FUNCTION @revision@.bootstrap_token_get(
    p_tenant_id    bigint,
    p_device_id    text,
    p_certificate  bytea,
    p_expired      boolean,
    p_message      bytea,
    p_url_params   text,
    OUT outcome    text,
    OUT token      bytea)
LANGUAGE plpgsql AS $$
DECLARE
    v_enrollment_id  bigint;
    v_generation     integer;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    outcome := @revision@.identity_check(p_tenant_id, p_device_id, '',
                                         p_certificate, p_expired);
    IF outcome = 'ok' THEN
        SELECT e.enrollment_id, e.generation INTO v_enrollment_id, v_generation
          FROM mdm.enrollment e
         WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id AND e.user_id = '';
        SELECT s.value INTO token
          FROM mdm.secret s
         WHERE s.tenant_id = p_tenant_id
           AND s.enrollment_id = v_enrollment_id
           AND s.generation = v_generation
           AND s.kind = 'bootstrap_token'
         ORDER BY s.secret_id DESC
         LIMIT 1;
        PERFORM @revision@.message_event(
            p_tenant_id, 'bootstrap_token_read', v_enrollment_id, p_device_id, '',
            'GetBootstrapToken', p_message, p_url_params, '{}');
    END IF;
END
$$;

COMMENT ON FUNCTION @revision@.bootstrap_token_get IS
'GetBootstrapToken: the newest token of the live generation, sealed, or null when
there is none. p_message and p_url_params: see message_event(). outcome: that of
identity_check().';
