-- Whose request is this? Certificates and the channels they are bound to.

CREATE FUNCTION @revision@.identity_check(
    p_tenant_id    bigint,
    p_device_id    text,
    p_user_id      text,
    p_certificate  bytea,
    p_expired      boolean)
RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_channel   mdm.enrollment;
    v_device    mdm.enrollment;
    v_identity  mdm.identity;
BEGIN
    SELECT * INTO v_channel
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id;

    IF p_user_id = '' THEN
        v_device := v_channel;
    ELSE
        SELECT * INTO v_device
          FROM mdm.enrollment e
         WHERE e.tenant_id = p_tenant_id
           AND e.device_id = p_device_id
           AND e.user_id = '';
    END IF;

    SELECT * INTO v_identity
      FROM mdm.identity i
     WHERE i.tenant_id = p_tenant_id
       AND i.fingerprint = p_certificate;

    IF v_identity.state = 'revoked' THEN
        RETURN 'revoked';
    END IF;

    IF v_identity.enrollment_id IS NOT NULL
       AND v_identity.enrollment_id IS DISTINCT FROM v_device.enrollment_id
    THEN
        RETURN 'other_device';
    END IF;

    IF v_device.enrollment_id IS NULL THEN
        RETURN 'unknown';
    END IF;

    -- Before the bound certificate is looked at: a device that re-enrols with
    -- the identity it had must not be given commands of the old generation.
    IF v_device.pending_certificate = p_certificate AND v_device.pending_kind = 'new' THEN
        RETURN 'pending';
    END IF;

    IF v_device.state = 'live'
       AND p_certificate IN (v_device.certificate, v_device.pending_certificate)
    THEN
        RETURN CASE WHEN v_channel.state = 'live' THEN 'ok' ELSE 'unknown' END;
    END IF;

    -- Only the device itself hears that it was ended: the answer to that makes
    -- it leave.
    IF v_device.state = 'ended'
       AND p_certificate IN (v_device.certificate, v_device.pending_certificate)
    THEN
        RETURN 'ended';
    END IF;

    IF v_device.state = 'closed' THEN
        RETURN 'unknown';
    END IF;

    IF p_expired THEN
        RETURN 'expired';
    END IF;

    -- Only one that a renewal replaced in this generation. What was bound before
    -- a re-enrolment may be in other hands, and would get the tokens and commands
    -- of whoever enrolled after it.
    IF v_device.state = 'live' AND v_channel.state = 'live'
       AND v_identity.state = 'former'
       AND v_identity.bound_at >= v_device.enrolled_at
    THEN
        RETURN 'former';
    END IF;

    RETURN 'not_bound';
END
$$;

COMMENT ON FUNCTION @revision@.identity_check IS
'May this certificate (SHA-256 of its DER) speak for this channel? Callers test
the bound certificate first and come here when it does not fit. The caller has
set the tenant and verified the certificate; p_expired: its time has passed.
Outcomes:
 ok            bound, or the pending one of a renewal
 pending       a new generation waits for its TokenUpdate: nothing is offered
 unknown       no such channel, or it is closed
 not_bound     not the certificate of this device, and nobody else''s
 other_device  the certificate of another device of this tenant: a clone
 former        was bound to this very device since it enrolled, and replaced by a
               renewal: identity_roll_back() may restore it
 revoked       the certificate was revoked
 ended         an operator ended the enrolment, told to its own certificate only
 expired       past its time and not the bound one';

CREATE FUNCTION @revision@.enrollment_lock(p_tenant_id bigint, p_device_id text)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM mdm.enrollment e
      WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id
      ORDER BY e.user_id
        FOR UPDATE;

    PERFORM pg_advisory_xact_lock(-s.enrollment_id)
       FROM (SELECT e.enrollment_id
               FROM mdm.enrollment e
              WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id
              ORDER BY e.user_id) s;
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_lock IS
'Locks the rows of a device and its users, the device first, and then holds their
deliveries and reports until the end of the transaction (see sql/README.md, lock
order). Whoever opens or closes a generation calls it first.';

CREATE FUNCTION @revision@.renewal_open(p_tenant_id bigint, p_enrollment_id bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_bound_at  timestamptz;
BEGIN
    SELECT i.bound_at INTO v_bound_at
      FROM mdm.identity i
     WHERE i.tenant_id = p_tenant_id
       AND i.enrollment_id = p_enrollment_id
       AND i.state = 'bound';

    RETURN EXISTS (SELECT FROM mdm.queue q
                    WHERE q.tenant_id = p_tenant_id
                      AND q.enrollment_id = p_enrollment_id
                      AND q.renewal
                      AND q.pushed_at > v_bound_at)
        OR EXISTS (SELECT FROM mdm.result r
                    WHERE r.tenant_id = p_tenant_id
                      AND r.enrollment_id = p_enrollment_id
                      AND r.finished_at > v_bound_at
                      AND r.renewal
                      AND r.pushed_at > v_bound_at
                      AND r.state <> 'ERROR');
END
$$;

COMMENT ON FUNCTION @revision@.renewal_open IS
'Was a command marked as renewal delivered to this device since its
certificate was bound, and not refused by it? Only then is an Authenticate with a
new certificate a renewal.';

CREATE FUNCTION @revision@.identity_roll_back(
    p_tenant_id     bigint,
    p_device_id     text,
    p_user_id       text,
    p_certificate   bytea,
    p_command_uuid  text,
    p_request_type  text,
    p_payload       bytea)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_outcome       text;
    v_device        mdm.enrollment;
    v_command_id    bigint;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);
    PERFORM @revision@.enrollment_lock(p_tenant_id, p_device_id);

    v_outcome := @revision@.identity_check(p_tenant_id, p_device_id, p_user_id,
                                           p_certificate, false);
    IF v_outcome <> 'former' THEN
        RETURN v_outcome;
    END IF;

    SELECT * INTO v_device
      FROM mdm.enrollment e
     WHERE e.tenant_id = p_tenant_id AND e.device_id = p_device_id AND e.user_id = '';

    UPDATE mdm.identity i
       SET state = 'former', retired_at = now()
     WHERE i.tenant_id = p_tenant_id
       AND i.enrollment_id = v_device.enrollment_id
       AND i.state = 'bound';
    UPDATE mdm.identity i
       SET state = 'bound', bound_at = now(), retired_at = NULL
     WHERE i.tenant_id = p_tenant_id AND i.fingerprint = p_certificate;

    UPDATE mdm.enrollment e
       SET certificate = p_certificate, rolled_back_at = now()
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.state = 'live';

    IF p_command_uuid IS NOT NULL AND NOT EXISTS (
        SELECT FROM mdm.queue q
         WHERE q.tenant_id = p_tenant_id
           AND q.enrollment_id = v_device.enrollment_id
           AND q.dedupe_key = 'rolled back')
    THEN
        INSERT INTO mdm.command (tenant_id, command_uuid, request_type, payload, targets,
                                 created_at)
        VALUES (p_tenant_id, p_command_uuid, p_request_type, p_payload,
                ARRAY[v_device.enrollment_id], now())
        RETURNING command_id INTO v_command_id;

        INSERT INTO mdm.queue (tenant_id, enrollment_id, generation, command_id,
                               command_created_at, command_uuid, request_type, queued_at,
                               dedupe_key)
        VALUES (p_tenant_id, v_device.enrollment_id, v_device.generation, v_command_id,
                now(), p_command_uuid, p_request_type, clock_timestamp(),
                'rolled back')
        ON CONFLICT DO NOTHING;
    END IF;

    INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
    VALUES (p_tenant_id, 'identity_rolled_back', v_device.enrollment_id,
            jsonb_build_object('device_id', p_device_id, 'user_id', '',
                               'certificate', encode(p_certificate, 'hex')));
    RETURN 'ok';
END
$$;

COMMENT ON FUNCTION @revision@.identity_roll_back IS
'A device came back from a backup with a certificate that was bound to it before:
binds that one again on all its live channels and queues the given command, which
asks for its inventory, for the device channel (p_payload sealed; no command when
p_command_uuid is null). Checks anew under locks. Outcomes: ok, also when an
overlapping request has done it, or those of identity_check().';

CREATE FUNCTION @revision@.identity_refused(
    p_tenant_id    bigint,
    p_device_id    text,
    p_user_id      text,
    p_certificate  bytea,
    p_outcome      text)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    INSERT INTO mdm.idempotency AS i (tenant_id, key)
    VALUES (p_tenant_id, format('refused:%s:%s:%s', encode(p_certificate, 'hex'),
                                p_device_id, p_user_id))
    ON CONFLICT (tenant_id, key) DO UPDATE
       SET created_at = now()
     WHERE i.created_at < now() - interval '1 hour';

    IF FOUND THEN
        INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
        VALUES (p_tenant_id,
                CASE p_outcome WHEN 'other_device' THEN 'identity_clone'
                               ELSE 'identity_refused' END,
                (SELECT e.enrollment_id
                   FROM mdm.enrollment e
                  WHERE e.tenant_id = p_tenant_id
                    AND e.device_id = p_device_id
                    AND e.user_id = p_user_id),
                jsonb_build_object('device_id', p_device_id, 'user_id', p_user_id,
                                   'certificate', encode(p_certificate, 'hex'),
                                   'outcome', p_outcome));
    END IF;
END
$$;

COMMENT ON FUNCTION @revision@.identity_refused IS
'Records that a request was refused for its certificate: an event identity_clone
for other_device, identity_refused for the rest, at most one per hour for a
channel and certificate.';

CREATE FUNCTION @revision@.identity_revoke(
    p_tenant_id    bigint,
    p_actor        text,
    p_remote       text,
    p_fingerprint  bytea)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_device_id      text;
    v_enrollment_id  bigint;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    -- The device is locked before its identity, as everywhere.
    SELECT e.device_id, e.enrollment_id INTO v_device_id, v_enrollment_id
      FROM mdm.identity i
      JOIN mdm.enrollment e ON e.tenant_id = p_tenant_id
                           AND e.enrollment_id = i.enrollment_id
     WHERE i.tenant_id = p_tenant_id AND i.fingerprint = p_fingerprint;
    IF FOUND THEN
        PERFORM @revision@.enrollment_lock(p_tenant_id, v_device_id);
    END IF;

    UPDATE mdm.identity i
       SET state = 'revoked', retired_at = now()
     WHERE i.tenant_id = p_tenant_id
       AND i.fingerprint = p_fingerprint
       AND i.state <> 'revoked';
    IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM mdm.identity i
                                  WHERE i.tenant_id = p_tenant_id
                                    AND i.fingerprint = p_fingerprint)
                    THEN 'repeated' ELSE 'unknown' END;
    END IF;

    -- The hot path compares with the copies on enrollment. An empty value is
    -- the hash of nothing, so a live row fits no certificate any more.
    UPDATE mdm.enrollment e
       SET certificate = ''
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = v_device_id
       AND e.certificate = p_fingerprint;
    UPDATE mdm.enrollment e
       SET pending_certificate = NULL, pending_kind = NULL, pending_since = NULL,
           pending_attributes = NULL
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = v_device_id
       AND e.pending_certificate = p_fingerprint;

    INSERT INTO mdm.audit (tenant_id, actor, remote, action, enrollment_id, detail)
    VALUES (p_tenant_id, p_actor, p_remote, 'identity_revoke', v_enrollment_id,
            jsonb_build_object('certificate', encode(p_fingerprint, 'hex')));
    INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
    VALUES (p_tenant_id, 'identity_revoked', v_enrollment_id,
            jsonb_build_object('device_id', coalesce(v_device_id, ''), 'user_id', '',
                               'certificate', encode(p_fingerprint, 'hex')));
    RETURN 'ok';
END
$$;

COMMENT ON FUNCTION @revision@.identity_revoke IS
'An operator revokes a certificate: no request with it is accepted any more. The
enrolment stays live for a device that enrols again. Outcomes: ok, repeated,
unknown (this tenant never met the certificate).';
