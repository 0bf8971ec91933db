-- Who is managed: channels, their certificates, and what is known about them.

CREATE TABLE mdm.enrollment (
    tenant_id               bigint NOT NULL REFERENCES mdm.tenant,
    enrollment_id           bigint GENERATED ALWAYS AS IDENTITY,
    device_id               text COLLATE "C" NOT NULL CHECK (device_id <> ''),
    user_id                 text COLLATE "C" NOT NULL DEFAULT '',
    channel                 text NOT NULL CHECK (channel IN
                            ('device', 'user', 'shared_user',
                             'enrollment', 'enrollment_user')),
    ownership               text NOT NULL DEFAULT 'organization'
                            CHECK (ownership IN ('organization', 'shared', 'user')),
    supervised              boolean,
    state                   text NOT NULL
                            CHECK (state IN ('pending', 'live', 'closed', 'ended')),
    generation              integer NOT NULL DEFAULT 0,
    certificate             bytea,
    pending_certificate     bytea,
    pending_kind            text CHECK (pending_kind IN ('new', 'renewal')),
    pending_since           timestamptz,
    pending_attributes      jsonb,
    rolled_back_at          timestamptz,
    topic                   text,
    push_token              bytea,
    push_magic              text,
    token_at                timestamptz,
    awaiting_configuration  boolean NOT NULL DEFAULT false,
    not_on_console          boolean NOT NULL DEFAULT false,
    user_short_name         text,
    user_long_name          text,
    enrolled_at             timestamptz,
    closed_at               timestamptz,
    close_reason            text,
    created_at              timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, enrollment_id),
    CONSTRAINT enrollment_channel_fits_user
        CHECK ((user_id = '') = (channel IN ('device', 'enrollment'))),
    CONSTRAINT enrollment_pending_whole
        CHECK ((pending_certificate IS NULL) = (pending_kind IS NULL)
               AND (pending_certificate IS NULL) = (pending_since IS NULL)),
    CONSTRAINT enrollment_live_is_bound
        CHECK (state <> 'live' OR (certificate IS NOT NULL AND generation > 0))
) WITH (fillfactor = 85);

CREATE UNIQUE INDEX enrollment_channel ON mdm.enrollment (tenant_id, device_id, user_id);
CREATE INDEX enrollment_pending ON mdm.enrollment (pending_since)
    WHERE pending_since IS NOT NULL;

COMMENT ON TABLE mdm.enrollment IS
'One row per channel: a device (user_id empty) or one of its users.
state: pending, no generation was live yet; live; closed, it checked out or its
device re-enrolled; ended, an operator ended it. generation counts the times it
was enrolled. certificate is the SHA-256 of the bound certificate and, like
pending_certificate, is the same on the device and on its live users, so that a
request reads one row. A pending generation becomes live with its TokenUpdate.';
COMMENT ON COLUMN mdm.enrollment.supervised IS 'null: not known yet';
COMMENT ON COLUMN mdm.enrollment.pending_attributes IS
'What the pending Authenticate said of the device; device rows only.';
COMMENT ON COLUMN mdm.enrollment.rolled_back_at IS
'When a former certificate was accepted again; null after the next renewal.';
COMMENT ON INDEX mdm.enrollment_pkey IS 'Listing, pushes, and closing by internal id.';
COMMENT ON INDEX mdm.enrollment_channel IS
'poll(), deliver(), report() and all check-ins: the channel that a request names.
enrollments(): keyset order.';
COMMENT ON INDEX mdm.enrollment_pending IS
'sweep(): generations that never got their TokenUpdate, over all tenants.';

CREATE TABLE mdm.enrollment_seen (
    tenant_id      bigint NOT NULL,
    enrollment_id  bigint NOT NULL,
    seen_at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, enrollment_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05,
        autovacuum_vacuum_cost_delay = 0);

COMMENT ON TABLE mdm.enrollment_seen IS
'Last contact of each channel, written in batches by seen(), apart from
enrollment so that the write stays narrow and on its page.';
COMMENT ON INDEX mdm.enrollment_seen_pkey IS 'seen(), enrollments().';

CREATE TABLE mdm.identity (
    tenant_id      bigint NOT NULL,
    fingerprint    bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    enrollment_id  bigint,
    state          text NOT NULL
                   CHECK (state IN ('pending', 'bound', 'former', 'revoked')),
    not_after      timestamptz,
    subject        text,
    serial         text,
    issued_here    boolean NOT NULL DEFAULT false,
    created_at     timestamptz NOT NULL DEFAULT now(),
    bound_at       timestamptz,
    retired_at     timestamptz,
    PRIMARY KEY (tenant_id, fingerprint),
    CHECK (state IN ('pending', 'revoked') OR enrollment_id IS NOT NULL)
);

CREATE UNIQUE INDEX identity_fingerprint ON mdm.identity (fingerprint);
CREATE INDEX identity_enrollment ON mdm.identity (tenant_id, enrollment_id);
CREATE UNIQUE INDEX identity_bound ON mdm.identity (tenant_id, enrollment_id)
    WHERE state = 'bound';

COMMENT ON TABLE mdm.identity IS
'Every client certificate that a tenant has met, by the SHA-256 of its DER, and
the device it belongs to; enrollment_id is null while it waits for its first
Authenticate. pending, bound, former: was bound to that very device, revoked.';
COMMENT ON INDEX mdm.identity_pkey IS 'identity_check(), authenticate(): one certificate.';
COMMENT ON INDEX mdm.identity_fingerprint IS
'authenticate(): a certificate belongs to one tenant of the database, although
no tenant sees the rows of another; a shared CA never proves a tenant.';
COMMENT ON INDEX mdm.identity_enrollment IS 'The certificates of one device.';
COMMENT ON INDEX mdm.identity_bound IS 'A device has one bound certificate at most.';

CREATE TABLE mdm.attribute (
    tenant_id      bigint NOT NULL,
    enrollment_id  bigint NOT NULL,
    name           text COLLATE "C" NOT NULL,
    value_text     text COLLATE "C",
    value_number   numeric,
    value_boolean  boolean,
    value_time     timestamptz,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, enrollment_id, name)
) WITH (fillfactor = 85);

CREATE INDEX attribute_text ON mdm.attribute (tenant_id, name, value_text)
    WHERE value_text IS NOT NULL AND octet_length(value_text) <= 512;

COMMENT ON TABLE mdm.attribute IS
'What a channel said of itself, under Apple''s own names, in typed columns.';
COMMENT ON INDEX mdm.attribute_pkey IS
'report() and token_update() write by it; enrollments() reads the serial number,
the version and the model by it.';
COMMENT ON INDEX mdm.attribute_text IS
'Search for the channels whose text attribute has a value or a prefix.';

CREATE TABLE mdm.secret (
    tenant_id      bigint NOT NULL,
    enrollment_id  bigint NOT NULL,
    kind           text NOT NULL CHECK (kind <> ''),
    secret_id      bigint GENERATED ALWAYS AS IDENTITY,
    generation     integer NOT NULL,
    value          bytea,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, enrollment_id, kind, secret_id)
);
ALTER TABLE mdm.secret ALTER COLUMN value SET STORAGE EXTERNAL;

COMMENT ON TABLE mdm.secret IS
'Sealed values in escrow: unlock and bootstrap tokens. Rows are only added: the
newest of a kind and of the live generation counts, a null value says that the
device took it back, and older rows are the history.';
COMMENT ON INDEX mdm.secret_pkey IS
'bootstrap_token_get(): the newest value of a kind. rekey_batch(): all in order.';
