-- Profiles that a tenant keeps, and the certificate that it signs them with.

CREATE TABLE mdm.profile (
    tenant_id      bigint NOT NULL REFERENCES mdm.tenant,
    profile_id     bigint GENERATED ALWAYS AS IDENTITY,
    profile_uuid   text COLLATE "C" NOT NULL CHECK (profile_uuid <> ''),
    identifier     text COLLATE "C" NOT NULL CHECK (identifier <> ''),
    payload_uuid   text NOT NULL,
    display_name   text,
    payloads       integer NOT NULL CHECK (payloads >= 0),
    payload_types  text[] NOT NULL,
    manages        boolean NOT NULL,
    secret         boolean NOT NULL,
    signed         boolean NOT NULL,
    signer         text,
    wants          text[] CHECK (wants IS NULL OR NOT signed),
    content        bytea NOT NULL,
    digest         bytea NOT NULL,
    actor          text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, profile_uuid),
    CHECK (signed OR signer IS NULL)
);

CREATE UNIQUE INDEX profile_digest ON mdm.profile (tenant_id, digest);
CREATE UNIQUE INDEX profile_identifier ON mdm.profile (tenant_id, identifier, profile_id);

ALTER TABLE mdm.profile ENABLE ROW LEVEL SECURITY;
ALTER TABLE mdm.profile FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON mdm.profile
    USING (tenant_id = nullif(current_setting('mdm.tenant', true), '')::bigint);

COMMENT ON TABLE mdm.profile IS
'One row per profile that was stored. Its contents never change: another profile with
the same identifier is another row, and of those the last is the current one. Commands
have copies, so that a row may go at any time.';
COMMENT ON COLUMN mdm.profile.profile_id IS 'The order of storing; never shown.';
COMMENT ON COLUMN mdm.profile.profile_uuid IS 'What the API shows as the id.';
COMMENT ON COLUMN mdm.profile.identifier IS
'PayloadIdentifier: a device replaces the profile that has the same.';
COMMENT ON COLUMN mdm.profile.payload_types IS 'PayloadType of its payloads, each once.';
COMMENT ON COLUMN mdm.profile.manages IS 'It has a payload that enrols a device.';
COMMENT ON COLUMN mdm.profile.secret IS
'It holds values that only who may read secrets is shown.';
COMMENT ON COLUMN mdm.profile.signed IS
'It came signed and goes out byte for byte; signer: subject of that certificate.';
COMMENT ON COLUMN mdm.profile.wants IS
'Names of the per-device values in it; null: none.';
COMMENT ON COLUMN mdm.profile.content IS
'The property list, or the CMS message around it, sealed: kind profile, row =
profile_uuid.';
COMMENT ON COLUMN mdm.profile.digest IS
'Tells that the same was stored before, to who has the secret key.';
COMMENT ON INDEX mdm.profile_pkey IS 'profile_get() and profile_delete(): by id.';
COMMENT ON INDEX mdm.profile_digest IS 'profile_store(): the same once more.';
COMMENT ON INDEX mdm.profile_identifier IS
'profile_list(): in the order of identifiers; profile_list(), profile_get() and
profile_store(): is there a newer one?';

CREATE TABLE mdm.signing_certificate (
    tenant_id     bigint NOT NULL REFERENCES mdm.tenant,
    certificates  bytea NOT NULL,
    private_key   bytea NOT NULL,
    not_before    timestamptz NOT NULL,
    not_after     timestamptz NOT NULL,
    subject       text NOT NULL,
    issuer        text NOT NULL,
    serial        text NOT NULL,
    fingerprint   bytea NOT NULL,
    stored_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id)
);

CREATE INDEX signing_certificate_expires ON mdm.signing_certificate (not_after);

ALTER TABLE mdm.signing_certificate ENABLE ROW LEVEL SECURITY;
ALTER TABLE mdm.signing_certificate FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON mdm.signing_certificate
    USING (tenant_id = nullif(current_setting('mdm.tenant', true), '')::bigint);
CREATE POLICY measure ON mdm.signing_certificate FOR SELECT TO mdm_job
    USING (current_setting('mdm.measure', true) = 'on');

COMMENT ON TABLE mdm.signing_certificate IS
'What a tenant signs profiles with that did not come signed; at most one. The audit has
the dates of the former ones.';
COMMENT ON COLUMN mdm.signing_certificate.certificates IS
'DER, one behind another: first the one whose key it is, then what leads to its root.';
COMMENT ON COLUMN mdm.signing_certificate.private_key IS
'PKCS #8 in DER, sealed: kind signing_key, row = fingerprint in hexadecimal.';
COMMENT ON COLUMN mdm.signing_certificate.fingerprint IS 'SHA-256 of the first one.';
COMMENT ON INDEX mdm.signing_certificate_pkey IS
'signing_certificate_store(), _get() and _delete(), and profile_get(): the tenant''s.';
COMMENT ON INDEX mdm.signing_certificate_expires IS
'metric_measure(): those that expire soon, over all tenants.';
