-- The certificates that pushes are sent with.

CREATE TABLE mdm.push_certificate (
    tenant_id    bigint NOT NULL REFERENCES mdm.tenant,
    topic        text COLLATE "C" NOT NULL CHECK (topic <> ''),
    version      integer NOT NULL DEFAULT 1,
    certificate  bytea NOT NULL,
    private_key  bytea NOT NULL,
    not_before   timestamptz NOT NULL,
    not_after    timestamptz NOT NULL,
    subject      text NOT NULL,
    issuer       text NOT NULL,
    serial       text NOT NULL,
    fingerprint  bytea NOT NULL,
    stored_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, topic)
);

ALTER TABLE mdm.push_certificate ENABLE ROW LEVEL SECURITY;
ALTER TABLE mdm.push_certificate FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON mdm.push_certificate
    USING (tenant_id = nullif(current_setting('mdm.tenant', true), '')::bigint);

CREATE POLICY measure ON mdm.push_certificate FOR SELECT TO mdm_job
    USING (current_setting('mdm.measure', true) = 'on');

CREATE INDEX push_certificate_expires ON mdm.push_certificate (not_after);

COMMENT ON TABLE mdm.push_certificate IS
'One row per push topic: the certificate that stands now. Storing another one for the
topic replaces it and raises version; the audit has the dates of the former ones.';
COMMENT ON COLUMN mdm.push_certificate.certificate IS 'DER, in clear.';
COMMENT ON COLUMN mdm.push_certificate.private_key IS
'PKCS #8 in DER, sealed: kind push_key, row = topic.';
COMMENT ON COLUMN mdm.push_certificate.fingerprint IS 'SHA-256 of the certificate.';
COMMENT ON COLUMN mdm.push_certificate.version IS
'Rises with each certificate of the topic, so that who holds one sees that it is old.';
COMMENT ON INDEX mdm.push_certificate_pkey IS
'push_certificate_store(), push_certificate_get() and enrollment_why(): by topic;
push_certificate_list(): in the order of topics.';
COMMENT ON INDEX mdm.push_certificate_expires IS
'metric_measure(): those that expire soon, over all tenants.';
