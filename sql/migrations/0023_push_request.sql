-- Requests for push certificates whose keys were made here, and what the life of a
-- certificate is watched by.

CREATE TABLE mdm.push_request (
    tenant_id      bigint NOT NULL REFERENCES mdm.tenant,
    public_key     bytea NOT NULL CHECK (octet_length(public_key) = 32),
    private_key    bytea NOT NULL,
    request        text NOT NULL,
    subject        text NOT NULL,
    actor          text NOT NULL,
    apple_account  text,
    note           text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, public_key)
);

CREATE INDEX push_request_created ON mdm.push_request (created_at);

COMMENT ON TABLE mdm.push_request IS
'Requests whose certificate has not come yet, at most 16 of a tenant. Storing the
certificate uses one up; after 90 days it goes.';
COMMENT ON COLUMN mdm.push_request.public_key IS
'SHA-256 of the public key (SubjectPublicKeyInfo, DER), by which a certificate is known.';
COMMENT ON COLUMN mdm.push_request.private_key IS
'PKCS #8 in DER, sealed: kind push_request, row = public_key in hexadecimal.';
COMMENT ON COLUMN mdm.push_request.request IS 'PKCS #10 in PEM.';
COMMENT ON COLUMN mdm.push_request.apple_account IS
'With which account the certificate shall be made; it goes over to the certificate.';
COMMENT ON INDEX mdm.push_request_pkey IS
'push_certificate_key(), push_certificate_store(), push_request_delete(): the one of a
key; push_request_create(), push_request_list(): those of a tenant.';
COMMENT ON INDEX mdm.push_request_created IS
'sweep(): those that are too old, over all tenants.';

ALTER TABLE mdm.push_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE mdm.push_request FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON mdm.push_request
    USING (tenant_id = nullif(current_setting('mdm.tenant', true), '')::bigint);
CREATE POLICY due ON mdm.push_request FOR SELECT TO mdm_job
    USING (created_at < now() - interval '90 days');

ALTER TABLE mdm.push_certificate
    ADD COLUMN public_key  bytea;

COMMENT ON COLUMN mdm.push_certificate.public_key IS
'SHA-256 of its public key, by which a certificate that comes without a key is known to
have the one that is here already.';

COMMENT ON COLUMN mdm.push_certificate.warned_days IS
'The bound of the last event push_certificate_expiring, 0 after that of its end; null:
none yet.';
COMMENT ON INDEX mdm.push_certificate_expires IS
'metric_measure(), sweep(): those that expire soon, over all tenants.';
